//! A credit and its ledger, as lists and balances tell them.

use std::collections::{BTreeMap, HashMap};

use domain::custom_field::FieldEntity;
use domain::drawdown::Slice;
use domain::entry::EntryKind;
use domain::scope::Specifier;
use domain::{
    Amount, ContractId, CreditId, CreditTypeId, CustomerId, Instant, ProductId, Scale, SegmentId,
};
use entity::{drawdown, ledger_entry, object_detail};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::error::Refused;
use super::grant_ledgers::invoice_of;
use super::http::Call;
use super::number::Exact;
use super::reply::{KnownFields, Time, Unit};
use super::units::Units;
use crate::ledger::read::CreditRow;
use crate::ledger::read::status::credit_balance;

/// What an answer is to contain.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Include {
    /// What can be spent.
    pub balance: bool,
    /// Every movement.
    pub ledger: bool,
    /// As the second version tells it: with the end of its life, without what it is keyed by.
    pub second_version: bool,
    /// What could be spent then.
    pub as_of: Option<Instant>,
}

#[derive(Serialize)]
struct Named<I> {
    id: I,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize)]
struct Schedule {
    credit_type: Unit,
    schedule_items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    id: SegmentId,
    amount: Exact,
    starting_at: Time,
    ending_before: Time,
}

#[derive(Serialize)]
struct Target {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<ProductId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    product_tags: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pricing_group_values: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    presentation_group_values: BTreeMap<String, String>,
}

/// One movement.
#[derive(Serialize)]
struct Line {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Time,
    amount: Exact,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment_id: Option<SegmentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A credit.
#[derive(Serialize)]
pub(super) struct Credit {
    id: CreditId,
    #[serde(rename = "type")]
    kind: &'static str,
    product: Named<ProductId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<Named<ContractId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    priority: f64,
    access_schedule: Schedule,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    applicable_contract_ids: Vec<ContractId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    applicable_product_ids: Vec<ProductId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    applicable_product_tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    specifiers: Vec<Target>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<Vec<Line>>,
    custom_fields: Map<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hierarchy_configuration: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    netsuite_sales_order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salesforce_opportunity_id: Option<String>,
    created_by: String,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Time>,
}

/// What the credits of an answer have in common.
pub(super) struct World {
    include: Include,
    units: Units,
    products: HashMap<ProductId, String>,
    details: HashMap<Uuid, object_detail::Model>,
    entries: HashMap<CreditId, Vec<ledger_entry::Model>>,
    holds: Vec<drawdown::Model>,
    known: KnownFields,
    now: Instant,
}

fn list<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    serde_json::from_str(text).unwrap_or_default()
}

impl World {
    /// Reads it, for credits of one customer.
    pub(super) async fn of(
        call: &Call<'_>,
        customer: CustomerId,
        rows: &[&CreditRow],
        include: Include,
    ) -> Result<Self, Refused> {
        let reader = call.ledger.read();
        let credits = rows.iter().map(|row| &row.credit);
        let products: Vec<ProductId> = credits.clone().map(|row| row.product_id).collect();
        let products = reader.products_by_id(&products).await?.into_iter();
        let beside: Vec<(CustomerId, Uuid)> =
            credits.clone().map(|row| (customer, row.id.0)).collect();
        let mut entries: HashMap<CreditId, Vec<ledger_entry::Model>> = HashMap::new();
        let mut holds = Vec::new();
        if include.ledger || include.as_of.is_some() {
            let ids: Vec<CreditId> = credits.clone().map(|row| row.id).collect();
            for entry in reader.movements_of_credits(customer, &ids).await? {
                if let Some(credit) = entry.credit_id {
                    entries.entry(credit).or_default().push(entry);
                }
            }
            holds = reader.open_holds(&[customer]).await?;
        }
        Ok(Self {
            include,
            units: Units::of(call, credits.map(|row| row.credit_type_id)).await?,
            products: products.map(|(id, row)| (id, row.name)).collect(),
            details: reader.details(&beside).await?,
            entries,
            holds,
            known: KnownFields::of(call, FieldEntity::Credit).await?,
            now: call.ledger.now(),
        })
    }

    /// A credit as the wire has it.
    pub(super) fn shown(&self, row: &CreditRow) -> Credit {
        let credit = &row.credit;
        let scale = self.units.scale(credit.credit_type_id);
        let (archived, second) = (credit.voided_at.is_some(), self.include.second_version);
        let kept = self
            .details
            .get(&credit.id.0)
            .map(|detail| &*detail.details);
        let kept = kept.and_then(|kept| serde_json::from_str(kept).ok());
        let kept: Map<String, Json> = kept.unwrap_or_default();
        let ledger = self.include.ledger && !archived;
        Credit {
            id: credit.id,
            kind: "CREDIT",
            product: Named {
                id: credit.product_id,
                name: Some(
                    self.products
                        .get(&credit.product_id)
                        .cloned()
                        .unwrap_or_default(),
                ),
            },
            contract: credit.contract_id.map(|id| Named { id, name: None }),
            name: credit.name.clone(),
            description: credit.description.clone(),
            priority: credit.priority,
            access_schedule: self.schedule(row, scale),
            applicable_contract_ids: list(&credit.applicable_contract_ids),
            applicable_product_ids: list(&credit.applicable_product_ids),
            applicable_product_tags: list(&credit.applicable_product_tags),
            specifiers: list(&credit.specifiers).into_iter().map(target).collect(),
            rate_type: (!second).then(|| credit.rate_type.clone()),
            balance: self
                .include
                .balance
                .then(|| Exact::minor(self.balance(row), scale)),
            ledger: ledger.then(|| self.ledger(row, scale)),
            custom_fields: self.known.shown(&credit.custom_fields),
            uniqueness_key: credit.uniqueness_key.clone().filter(|_| !second),
            hierarchy_configuration: kept.get("hierarchy_configuration").cloned(),
            netsuite_sales_order_id: credit.netsuite_sales_order_id.clone(),
            salesforce_opportunity_id: credit.salesforce_opportunity_id.clone(),
            created_by: credit.created_by.clone(),
            created_at: Time(credit.created_at),
            archived_at: credit.voided_at.map(Time).filter(|_| second),
        }
    }

    fn schedule(&self, row: &CreditRow, scale: Scale) -> Schedule {
        // What was removed from the schedule is no part of it; of an archived credit all is told.
        let archived = row.credit.voided_at.is_some();
        let items = row.segments.iter();
        let items = items.filter(|segment| archived || segment.voided_at.is_none());
        let items = items.map(|segment| Item {
            id: segment.id,
            amount: Exact::minor(segment.amount, scale),
            starting_at: Time(segment.starts_at),
            ending_before: Time(segment.ends_at.unwrap_or(Instant::MAX)),
        });
        Schedule {
            credit_type: self.units.named(row.credit.credit_type_id),
            schedule_items: items.collect(),
        }
    }

    /// What can be spent, or could be then.
    fn balance(&self, row: &CreditRow) -> Amount {
        let Some(at) = self.include.as_of else {
            return credit_balance(row, self.now);
        };
        let open: Vec<SegmentId> = row
            .segments
            .iter()
            .filter(|one| crate::ledger::read::status::window(one).contains(at))
            .map(|one| one.id)
            .collect();
        let entries = self.entries.get(&row.credit.id).into_iter().flatten();
        let counts = |entry: &&ledger_entry::Model| {
            entry.effective_at <= at && open.contains(&entry.segment_id)
        };
        let sum = entries.filter(counts);
        sum.fold(0, |sum: Amount, entry| sum.saturating_add(entry.amount))
    }

    fn ledger(&self, row: &CreditRow, scale: Scale) -> Vec<Line> {
        let removed: Vec<SegmentId> = row
            .segments
            .iter()
            .filter(|segment| segment.voided_at.is_some())
            .map(|segment| segment.id)
            .collect();
        let entries = self.entries.get(&row.credit.id).into_iter().flatten();
        let mut told = Told::default();
        for entry in entries.filter(|entry| !removed.contains(&entry.segment_id)) {
            told.add(entry);
        }
        for hold in &self.holds {
            told.hold(hold, row.credit.id);
        }
        told.lines(scale)
    }
}

fn target(specifier: Specifier) -> Target {
    Target {
        product_id: specifier.product,
        product_tags: specifier.tags,
        pricing_group_values: specifier.pricing,
        presentation_group_values: specifier.presentation,
    }
}

/// What is told as one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Same {
    /// The amount of a segment as it is after all edits.
    Start(SegmentId),
    /// What a segment lost at one of its ends, after what was taken back.
    Expiration(SegmentId, Instant),
    /// What one invoice took from a segment.
    Invoice(SegmentId, String),
    /// Anything else stands alone: by its place.
    Alone(usize),
}

struct Sum {
    kind: &'static str,
    at: Instant,
    amount: Amount,
    segment: Option<SegmentId>,
    invoice: Option<Uuid>,
    reason: Option<String>,
}

/// The movements of one credit, those put together that the wire tells as one.
#[derive(Default)]
struct Told {
    sums: Vec<Sum>,
    places: BTreeMap<Same, usize>,
}

impl Told {
    fn add(&mut self, entry: &ledger_entry::Model) {
        let segment = entry.segment_id;
        let alone = Same::Alone(self.sums.len());
        let (kind, same) = match entry.kind {
            EntryKind::Grant | EntryKind::Amendment => {
                ("CREDIT_SEGMENT_START", Same::Start(segment))
            }
            EntryKind::Deduction => {
                let invoice = entry.invoice_id.clone();
                let same = invoice.map_or(alone, |invoice| Same::Invoice(segment, invoice));
                ("CREDIT_AUTOMATED_INVOICE_DEDUCTION", same)
            }
            EntryKind::Reversal => ("CREDIT_CREDITED", alone),
            EntryKind::Expiration | EntryKind::ExpirationReversal => {
                let same = Same::Expiration(segment, entry.effective_at);
                ("CREDIT_EXPIRATION", same)
            }
            EntryKind::Void | EntryKind::Rollover => ("CREDIT_CANCELED", alone),
            EntryKind::Manual => ("CREDIT_MANUAL", alone),
        };
        let by_hand = entry.kind == EntryKind::Manual;
        let invoice = invoice_of(
            entry.invoice_id.as_deref(),
            entry.drawdown_id.map(|id| id.0),
        );
        let invoiced = matches!(
            entry.kind,
            EntryKind::Deduction | EntryKind::Reversal | EntryKind::Void | EntryKind::Rollover
        );
        self.put(
            same,
            Sum {
                kind,
                at: entry.effective_at,
                amount: entry.amount,
                segment: (!by_hand).then_some(segment),
                invoice: invoiced.then(|| invoice.unwrap_or_default()),
                reason: by_hand.then(|| entry.reason.clone().unwrap_or_default()),
            },
        );
    }

    /// What a hold reserves is told as taken, at the time by which it will be decided.
    fn hold(&mut self, hold: &drawdown::Model, credit: CreditId) {
        for slice in list::<Slice>(&hold.slices) {
            if slice.parent.credit() != Some(credit) {
                continue;
            }
            let same = Same::Alone(self.sums.len());
            self.put(
                same,
                Sum {
                    kind: "CREDIT_AUTOMATED_INVOICE_DEDUCTION",
                    at: hold.hold_expires_at.unwrap_or(hold.effective_at),
                    amount: slice.amount.saturating_neg(),
                    segment: Some(slice.segment_id),
                    invoice: invoice_of(hold.invoice_id.as_deref(), Some(hold.id.0)),
                    reason: None,
                },
            );
        }
    }

    fn put(&mut self, same: Same, sum: Sum) {
        let place = self.places.entry(same).or_insert(self.sums.len());
        match self.sums.get_mut(*place) {
            Some(known) => {
                known.amount = known.amount.saturating_add(sum.amount);
                if known.kind != "CREDIT_SEGMENT_START" {
                    known.at = known.at.max(sum.at);
                }
            }
            None => self.sums.push(sum),
        }
    }

    fn lines(mut self, scale: Scale) -> Vec<Line> {
        self.sums.retain(|sum| sum.amount != 0);
        self.sums.sort_by_key(|sum| sum.at);
        let lines = self.sums.into_iter().map(|sum| Line {
            kind: sum.kind,
            timestamp: Time(sum.at),
            amount: Exact::minor(sum.amount, scale),
            segment_id: sum.segment,
            invoice_id: sum.invoice,
            reason: sum.reason,
        });
        lines.collect()
    }
}

/// Sums of credits in one unit.
pub(super) fn sum_in(
    rows: &[&CreditRow],
    unit: CreditTypeId,
    of: impl Fn(&CreditRow) -> Amount,
) -> Amount {
    let rows = rows.iter().filter(|row| row.credit.credit_type_id == unit);
    rows.fold(0, |sum: Amount, row| sum.saturating_add(of(row)))
}
