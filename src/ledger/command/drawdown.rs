//! Drawdowns: draw, capture, release, reverse (rules 7 to 10).

use std::collections::BTreeMap;

use domain::book::{NewDrawdown, RestoreExpired};
use domain::burn::Request;
use domain::drawdown::{Drawdown, DrawdownStatus};
use domain::instant::DAY;
use domain::scope;
use domain::segment::Parent;
use domain::{
    Amount, Code, CreditGrantId, CreditId, CustomerId, DecimalText, DrawdownId, Instant, Rejection,
};
use serde_json::{Value as Json, json};

use super::super::canonical;
use super::super::work::{AccountKey, Needs, NewEvent, Work};
use super::input::*;
use super::shape::group_values;
use super::{Done, Home, Locate, Order, Run, Shape, View, act, archived, describe, not_found};

/// How long a hold lasts where nothing is said: one hour, in µs.
const HOLD_DEFAULT: i64 = 3_600_000_000;

impl DrawDown {
    fn account(&self) -> AccountKey {
        (self.customer_id, self.credit_type_id)
    }
}

impl Run for DrawDown {
    fn locate(&self) -> (Locate, &'static str) {
        let credit_type_id = Some(self.credit_type_id);
        (
            Locate::Known(Home {
                customer_id: self.customer_id,
                credit_type_id,
            }),
            "customerId",
        )
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.customers.insert(self.customer_id);
        needs.accounts.insert(self.account());
        needs.products.extend(self.product_id);
        needs
            .contracts
            .extend(self.contract_id.map(|id| (self.customer_id, id)));
        if let Some(at) = self.effective_at {
            let since = needs.ended_after.entry(self.account()).or_insert(at);
            *since = at.min(*since);
        }
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        shape.positive("amount", self.amount, view.scale(self.credit_type_id));
        match self.hold_expires_at {
            Some(_) if !self.hold => {
                let message = "is for holds; set hold: true or leave it out";
                shape.fault(Code::Invalid, "holdExpiresAt", message);
            }
            Some(until) if until <= view.now => {
                let message = format!("must be in the future; it is {}", view.now);
                shape.fault(Code::OutOfRange, "holdExpiresAt", message);
            }
            None if self.hold && view.now == Instant::MAX => {
                let message = "the test clock stands at the end of time: no hold can end after it";
                shape.fault(Code::OutOfRange, "hold", message);
            }
            _ => {}
        }
        shape.group_values("pricingGroupValues", self.pricing_group_values.as_ref());
        shape.group_values(
            "presentationGroupValues",
            self.presentation_group_values.as_ref(),
        );
        shape.not_future("effectiveAt", self.effective_at, view.now);
        shape.maybe_text("invoiceId", self.invoice_id.as_deref());
        shape.maybe_reason("reason", self.reason.as_deref());
        shape.object("metadata", self.metadata.as_ref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let request = draw_request(self, work)?;
        let key = self.account();
        let now = work.now;
        let id = DrawdownId(work.ids.next(work.recorded));
        let record = self.record(id, &request, order, work.recorded);
        let idempotency_key = record.idempotency_key.clone();
        let acting = act(work, order, self.reason.as_deref());
        let until = now.plus_micros(HOLD_DEFAULT);
        let hold_until = self.hold.then(|| self.hold_expires_at.unwrap_or(until));
        let Some(book) = work.open_book(key) else {
            return Err(not_found("creditTypeId", "credit type"));
        };
        book.draw(
            NewDrawdown {
                request,
                partial: self.partial,
                hold_until,
                record,
            },
            &acting,
        )?;
        work.drawdowns_by_key
            .insert((key.0, idempotency_key), (key.1, id));
        Ok(Done {
            object_id: id.0,
            account: Some(key),
        })
    }
}

/// What a drawdown asks of the segments, once everything it names is found.
///
/// # Errors
/// `NOT_FOUND`, `ARCHIVED`, `TOO_LATE`.
pub(crate) fn draw_request(input: &DrawDown, work: &Work<'_>) -> Result<Request, Rejection> {
    let state = &work.state;
    let customer = state.customers.get(&input.customer_id);
    let customer = customer.ok_or_else(|| not_found("customerId", "customer"))?;
    let unit = state.credit_types.get(&input.credit_type_id);
    let unit = unit.ok_or_else(|| not_found("creditTypeId", "credit type"))?;
    let product = match input.product_id {
        None => None,
        Some(id) => {
            let found = state
                .products
                .get(&id)
                .ok_or_else(|| not_found("productId", "product"))?;
            Some((
                id,
                serde_json::from_str(&found.row.tags).unwrap_or_default(),
            ))
        }
    };
    if let Some(id) = input.contract_id {
        let found = state
            .contracts
            .get(&id)
            .filter(|c| c.row.customer_id == input.customer_id);
        found.ok_or_else(|| not_found("contractId", "contract"))?;
    }
    if customer.row.archived_at.is_some() {
        return Err(archived("customerId", "customer"));
    }
    let at = input.effective_at.unwrap_or(work.now);
    let earliest = work
        .now
        .plus_micros(work.lateness_max_days.saturating_mul(DAY).saturating_neg());
    if at < earliest {
        let message = format!(
            "must be {earliest} or later: usage can be late by {} days",
            work.lateness_max_days
        );
        return Err(Rejection::new(Code::TooLate, "effectiveAt", message));
    }
    let scale = u8::try_from(unit.row.scale).unwrap_or_default();
    Ok(Request {
        amount: input.amount.to_minor(scale).unwrap_or_default(),
        at,
        usage: scope::Usage {
            product,
            contract: input.contract_id,
            pricing: group_values(input.pricing_group_values.as_ref()),
            presentation: group_values(input.presentation_group_values.as_ref()),
        },
    })
}

impl DrawDown {
    fn record(&self, id: DrawdownId, request: &Request, order: &Order, at: Instant) -> Drawdown {
        Drawdown {
            id,
            customer_id: self.customer_id,
            credit_type_id: self.credit_type_id,
            status: DrawdownStatus::Posted,
            amount: request.amount,
            applied: 0,
            shortfall: 0,
            released: 0,
            reversed: 0,
            slices: Vec::new(),
            product_id: self.product_id,
            contract_id: self.contract_id,
            effective_at: request.at,
            hold_expires_at: None,
            settled_at: None,
            reason: self.reason.clone(),
            invoice_id: self.invoice_id.clone(),
            metadata: self
                .metadata
                .as_ref()
                .map_or_else(|| "{}".to_owned(), canonical::text),
            created_at: at,
            created_by: order.actor.to_string(),
            idempotency_key: order.key.clone().unwrap_or_default(),
            input: order.input.clone(),
        }
    }
}

impl Run for CaptureDrawdown {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Drawdown(self.id, self.customer_id), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        named(home, self.id, needs);
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        if let Some(amount) = self.amount {
            shape.positive("amount", amount, view.home_scale());
        }
        shape.maybe_reason("reason", self.reason.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let amount = minor(work, order, self.amount);
        let acting = act(work, order, self.reason.as_deref());
        change(work, order, self.id, "drawdown.captured", |book| {
            book.capture(self.id, amount, &acting).map(|()| Vec::new())
        })
    }
}

impl Run for ReleaseDrawdown {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Drawdown(self.id, self.customer_id), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        named(home, self.id, needs);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_reason("reason", self.reason.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let acting = act(work, order, self.reason.as_deref());
        change(work, order, self.id, "drawdown.released", |book| {
            book.release(self.id, &acting).map(|()| Vec::new())
        })
    }
}

impl Run for ReverseDrawdown {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Drawdown(self.id, self.customer_id), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        named(home, self.id, needs);
        needs.parents_of_slices |= self.extend;
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        if let Some(amount) = self.amount {
            shape.positive("amount", amount, view.home_scale());
        }
        shape.maybe_reason("reason", self.reason.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let amount = minor(work, order, self.amount);
        let if_expired = if self.extend {
            RestoreExpired::Extend30Days
        } else {
            RestoreExpired::Forfeit
        };
        let acting = act(work, order, self.reason.as_deref());
        change(work, order, self.id, "drawdown.reversed", |book| {
            book.reverse(self.id, amount, if_expired, &acting)
        })
    }
}

/// A drawdown, its account, and its customer, which is kept with the account's book.
fn named(home: Home, id: DrawdownId, needs: &mut Needs) {
    needs.customers.insert(home.customer_id);
    needs.accounts.extend(home.account());
    needs.drawdowns.insert((home.customer_id, id));
}

fn minor(work: &Work<'_>, order: &Order, amount: Option<DecimalText>) -> Option<Amount> {
    let unit = work.state.credit_types.get(&order.home.credit_type_id?)?;
    amount?.to_minor(u8::try_from(unit.row.scale).ok()?).ok()
}

/// Changes a drawdown and tells it as an event. A grant whose window became longer by it follows.
fn change(
    work: &mut Work<'_>,
    order: &Order,
    id: DrawdownId,
    kind: &str,
    how: impl FnOnce(&mut domain::book::Book) -> Result<Vec<domain::SegmentId>, Rejection>,
) -> Result<Done, Rejection> {
    let missing = || not_found("id", "drawdown");
    let key = order.home.account().ok_or_else(missing)?;
    let credits = credits_of(work, key, id);
    let book = work.book(key).ok_or_else(missing)?;
    let before = book
        .drawdowns
        .get(&id)
        .map(|row| told(row, book))
        .ok_or_else(missing)?;
    let extended = how(book)?;
    let after = book.drawdowns.get(&id).map(|row| told(row, book));
    let extended = extended.iter().filter_map(|id| book.segments.get(id));
    let extended: Vec<_> = extended
        .map(|segment| (segment.parent, segment.window.ends_at))
        .collect();
    for (parent, ends_at) in &extended {
        if let Some(grant) = parent.grant() {
            extend_grant(work, order, grant, *ends_at);
        }
    }
    for (credit, before) in credits {
        let of = Parent::Credit(credit);
        if extended.iter().any(|(parent, _)| *parent == of) {
            extend_credit(work, order, (key, credit), before);
        }
    }
    event(work, order, key.0, (kind, id.0), [Some(before), after]);
    Ok(Done {
        object_id: id.0,
        account: Some(key),
    })
}

/// The credits that a drawdown took from, as far as they were loaded, as they are told.
fn credits_of(work: &Work<'_>, key: AccountKey, id: DrawdownId) -> BTreeMap<CreditId, Json> {
    let Some(open) = work.state.books.get(&key) else {
        return BTreeMap::new();
    };
    let drawdown = open.book.drawdowns.get(&id);
    let slices = drawdown.into_iter().flat_map(|row| &row.slices);
    let credits = slices.filter_map(|slice| {
        let id = slice.parent.credit()?;
        let row = &work.state.credits.get(&id)?.row;
        Some((id, describe::credit(row, Some(&open.book))))
    });
    credits.collect()
}

fn extend_grant(work: &mut Work<'_>, order: &Order, id: CreditGrantId, ends_at: Option<Instant>) {
    let recorded = work.recorded;
    let Some(tracked) = work.state.grants.get_mut(&id) else {
        return;
    };
    let row = tracked.change();
    let owner = row.customer_id;
    let before = json!({ "expiresAt": row.expires_at });
    row.expires_at = ends_at;
    row.updated_at = recorded;
    let after = json!({ "expiresAt": ends_at });
    let told = [Some(before), Some(after)];
    event(work, order, owner, ("credit_grant.extended", id.0), told);
}

fn extend_credit(
    work: &mut Work<'_>,
    order: &Order,
    (key, id): (AccountKey, CreditId),
    before: Json,
) {
    let (recorded, state) = (work.recorded, &mut work.state);
    let (Some(tracked), Some(open)) = (state.credits.get_mut(&id), state.books.get(&key)) else {
        return;
    };
    let row = tracked.change();
    row.updated_at = recorded;
    let after = describe::credit(row, Some(&open.book));
    let told = [Some(before), Some(after)];
    event(work, order, key.0, ("credit.extended", id.0), told);
}

fn told(drawdown: &Drawdown, book: &domain::book::Book) -> Json {
    json!({
        "status": drawdown.status,
        "applied": book.shown(drawdown.applied),
        "released": book.shown(drawdown.released),
        "reversed": book.shown(drawdown.reversed),
    })
}

fn event(
    work: &mut Work<'_>,
    order: &Order,
    customer_id: CustomerId,
    (kind, subject_id): (&str, uuid::Uuid),
    [before, after]: [Option<Json>; 2],
) {
    let (now, recorded_at) = (work.now, work.recorded);
    work.event(NewEvent {
        customer_id,
        kind,
        subject_id,
        actor: &order.actor,
        recorded_at,
        effective_at: now,
        before,
        after,
    });
}
