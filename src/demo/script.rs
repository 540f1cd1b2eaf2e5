//! What a step of the demo is, and when.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Months, Utc, Weekday};
use domain::instant::DAY;
use domain::{CreditTypeId, CustomerId, DecimalText, Instant, SegmentId};
use serde_json::json;
use uuid::Uuid;

use super::{ordinary, stories, usage};
use crate::generate::dice::Dice;
use crate::ledger::Command;
use crate::ledger::command::input::*;

/// The seed of everything that is left to chance.
const SEED: u64 = 2026;
/// Days before today on which it begins.
const START_DAYS: i64 = 125;
/// The step that is played first, and alone.
pub(super) const FIRST: &str = "unit/tokens";
/// The step that is played last, when all others were.
pub(super) const LAST: &str = "demo/whole";
/// Microseconds in a minute.
pub(super) const MINUTE: i64 = 60_000_000;
/// Microseconds in an hour.
pub(super) const HOUR: i64 = 60 * MINUTE;

/// Who reports usage.
pub(super) const METERING: &str = "metering-service";
/// Who books what was bought.
pub(super) const BILLING: &str = "billing-service";
/// Who helps customers.
pub(super) const SUPPORT: &str = "dana.whitfield";
/// Who keeps the books.
pub(super) const FINANCE: &str = "tomas.rey";

type Make = Box<dyn FnOnce(&Known) -> Option<Command> + Send>;

/// One command, when and by whom.
pub(super) struct Step {
    at: Instant,
    /// Its idempotency key, and how later steps name what it makes.
    pub key: String,
    pub actor: &'static str,
    /// A grant or credit whose segments it needs to know.
    pub segments_of: Option<String>,
    /// It may find too little credit, or nothing of what it names.
    pub may_fail: bool,
    pub make: Make,
}

/// What a step made.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub id: Uuid,
    pub customer_id: CustomerId,
}

/// What the steps so far have made, by their keys.
#[derive(Default)]
pub(super) struct Known {
    made: HashMap<String, Made>,
    segments: HashMap<String, Vec<SegmentId>>,
}

impl Known {
    pub fn note(&mut self, key: String, made: Made) {
        self.made.insert(key, made);
    }

    pub fn note_segments(&mut self, key: &str, ids: Vec<SegmentId>) {
        self.segments.insert(key.to_owned(), ids);
    }

    pub fn made(&self, key: &str) -> Option<Made> {
        self.made.get(key).copied()
    }

    /// What the step with this key made.
    pub fn id<T: From<Uuid>>(&self, key: &str) -> Option<T> {
        self.made(key).map(|made| T::from(made.id))
    }

    pub fn customer(&self, slug: &str) -> Option<CustomerId> {
        self.id(&format!("customer/{slug}"))
    }

    pub fn product<T: From<Uuid>>(&self, name: &str) -> Option<T> {
        self.id(&format!("product/{name}"))
    }

    /// The n-th segment, from 0, of what the step with this key made.
    pub fn segment(&self, key: &str, place: usize) -> Option<SegmentId> {
        self.segments.get(key)?.get(place).copied()
    }

    /// Tokens.
    pub fn tokens(&self, amount: i64) -> Option<AmountInput> {
        Some(AmountInput {
            amount: DecimalText::whole(amount),
            credit_type_id: self.id("unit/tokens")?,
        })
    }
}

/// US cents; fractions are allowed.
pub(super) fn cents(amount: &str) -> Option<AmountInput> {
    Some(AmountInput {
        amount: DecimalText::parse(amount).ok()?,
        credit_type_id: CreditTypeId::USD,
    })
}

/// Any instant of the demo.
#[derive(Clone, Copy)]
pub(super) struct Calendar {
    now: Instant,
}

impl Calendar {
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The first instant of all.
    pub fn start(&self) -> Instant {
        self.midnight(START_DAYS)
    }

    /// The begin of the day so many days ago; a negative number is in the future.
    pub fn midnight(&self, days_ago: i64) -> Instant {
        let today = self.now.0.div_euclid(DAY).saturating_mul(DAY);
        Instant(today).plus_days(days_ago.saturating_neg())
    }

    /// The begin of a month: 0 is this one.
    pub fn month(&self, months: i32) -> Instant {
        let first = self
            .date(self.now)
            .and_then(|time| time.date_naive().with_day(1));
        let count = Months::new(months.unsigned_abs());
        let moved = first.and_then(|first| {
            if months < 0 {
                first.checked_sub_months(count)
            } else {
                first.checked_add_months(count)
            }
        });
        let begin = moved.and_then(|date| date.and_hms_opt(0, 0, 0));
        begin.map_or(self.now, |begin| Instant::from(begin.and_utc()))
    }

    /// Year, month and day, with dashes.
    pub fn day_name(&self, at: Instant) -> String {
        self.date(at)
            .map_or_else(String::new, |time| time.date_naive().to_string())
    }

    pub fn is_weekend(&self, at: Instant) -> bool {
        let weekday = self.date(at).map(|time| time.weekday());
        matches!(weekday, Some(Weekday::Sat | Weekday::Sun))
    }

    fn date(&self, at: Instant) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(at.0)
    }
}

/// All steps, in no order yet.
pub(super) struct Script {
    pub calendar: Calendar,
    pub dice: Dice,
    steps: Vec<Step>,
}

impl Script {
    /// The whole demo, ending now.
    pub fn whole(now: Instant) -> Self {
        let mut script = Self {
            calendar: Calendar { now },
            dice: Dice::new(SEED, "demo"),
            steps: Vec::new(),
        };
        ordinary::write(&mut script);
        stories::write(&mut script);
        usage::write(&mut script);
        stories::end(&mut script);
        script
    }

    /// The steps in order of time, those of one instant together; the first and the last apart.
    pub fn scenes(mut self) -> Vec<(Instant, Vec<Step>)> {
        self.steps.sort_by_key(|step| step.at);
        let apart = |step: &Step| matches!(&*step.key, FIRST | LAST);
        let mut scenes: Vec<(Instant, Vec<Step>)> = Vec::new();
        for step in self.steps {
            match scenes.last_mut() {
                Some((at, scene))
                    if *at == step.at && !apart(&step) && !scene.iter().any(apart) =>
                {
                    scene.push(step);
                }
                _ => scenes.push((step.at, vec![step])),
            }
        }
        scenes
    }

    /// About this time of a past day.
    pub fn day(&mut self, days_ago: i64, hour: i64, minute: i64) -> Instant {
        let minutes = hour.saturating_mul(60).saturating_add(minute);
        let seconds = self.dice.below(MINUTE);
        let at = self.calendar.midnight(days_ago.max(1));
        at.plus_micros(minutes.saturating_mul(MINUTE).saturating_add(seconds))
    }

    /// About so many minutes ago.
    pub fn minutes_ago(&mut self, minutes: i64) -> Instant {
        let seconds = self.dice.below(MINUTE);
        let before = minutes.saturating_mul(MINUTE).saturating_add(seconds);
        self.calendar.now.plus_micros(before.saturating_neg())
    }

    /// A step.
    pub fn step<C: Into<Command>>(
        &mut self,
        at: Instant,
        actor: &'static str,
        key: impl Into<String>,
        make: impl FnOnce(&Known) -> Option<C> + Send + 'static,
    ) -> &mut Step {
        let step = Step {
            at: at.min(self.calendar.now),
            key: key.into(),
            actor,
            segments_of: None,
            may_fail: false,
            make: Box::new(move |known| make(known).map(Into::into)),
        };
        let index = self.steps.len();
        self.steps.push(step);
        &mut self.steps[index]
    }
}

/// A grant with nothing but a name and an amount.
pub(super) fn grant(
    known: &Known,
    slug: &str,
    name: &str,
    amount: AmountInput,
) -> Option<CreateCreditGrant> {
    Some(CreateCreditGrant {
        customer_id: known.customer(slug)?,
        name: name.to_owned(),
        grant_amount: amount,
        paid_amount: None,
        category: None,
        priority: 50.0,
        effective_at: None,
        expires_at: None,
        invoice_date: None,
        invoice_id: None,
        product_ids: Vec::new(),
        rollover: None,
        reason: None,
        grant_type: None,
        custom_fields: None,
        uniqueness_key: None,
    })
}

/// A credit at customer level for all products; its amounts are in the unit given.
pub(super) fn credit(
    known: &Known,
    slug: &str,
    name: &str,
    unit: CreditTypeId,
    segments: Vec<SegmentInput>,
) -> Option<CreateCredit> {
    Some(CreateCredit {
        details: None,
        customer_id: known.customer(slug)?,
        contract_id: None,
        product_id: known.product("chat")?,
        priority: 20.0,
        access_schedule: AccessScheduleInput {
            credit_type_id: unit,
            segments,
        },
        name: Some(name.to_owned()),
        description: None,
        applicable_contract_ids: Vec::new(),
        applicable_product_ids: Vec::new(),
        applicable_product_tags: Vec::new(),
        specifiers: Vec::new(),
        rate_type: "LIST_RATE".to_owned(),
        custom_fields: None,
        netsuite_sales_order_id: None,
        salesforce_opportunity_id: None,
        uniqueness_key: None,
    })
}

/// An edit of a credit that changes its schedule only.
pub(super) fn reschedule(
    known: &Known,
    key: &str,
    access_schedule: AccessScheduleEditInput,
) -> Option<EditCredit> {
    Some(EditCredit {
        details: None,
        id: known.id(key)?,
        name: None,
        description: None,
        product_id: None,
        priority: None,
        rate_type: None,
        access_schedule: Some(access_schedule),
        applicable_contract_ids: None,
        applicable_product_ids: None,
        applicable_product_tags: None,
        specifiers: None,
        custom_fields: None,
    })
}

/// One segment.
pub(super) fn segment(amount: i64, from: Instant, until: Option<Instant>) -> SegmentInput {
    SegmentInput {
        amount: DecimalText::whole(amount),
        starting_at: from,
        ending_before: until,
    }
}

/// A drawdown of a product, refused when short.
pub(super) fn draw(
    known: &Known,
    slug: &str,
    product: &str,
    amount: AmountInput,
) -> Option<DrawDown> {
    Some(DrawDown {
        customer_id: known.customer(slug)?,
        amount: amount.amount,
        credit_type_id: amount.credit_type_id,
        partial: false,
        hold: false,
        hold_expires_at: None,
        product_id: Some(known.product(product)?),
        contract_id: None,
        pricing_group_values: None,
        presentation_group_values: None,
        effective_at: None,
        invoice_id: None,
        reason: None,
        metadata: Some(json!({ "source": "halyard-gateway" })),
    })
}
