//! Credit grants: create (rules 11 and 13).

use std::sync::Arc;

use domain::custom_field::FieldEntity;
use domain::grant::{Category, Rollover, RolloverKind, percentage_cap};
use domain::scope::Scope;
use domain::segment::{Parent, Segment};
use domain::{Amount, Code, CreditGrantId, Instant, Rejection, SegmentId, Window};
use entity::{credit_grant, object_home, uniqueness_key};
use serde_json::{Value as Json, json};

use super::super::canonical;
use super::super::work::{Needs, NewEvent, Tracked, Work};
use super::input::*;
use super::shape::kept_priority;
use super::{
    Done, Home, Locate, Order, Run, Shape, View, act, archived, custom_field, describe, not_found,
};

/// What uniqueness keys and homes call a grant.
pub(super) const KIND: &str = "credit_grant";

impl CreateCreditGrant {
    /// What it is where nothing is said: PAID when something was paid, else PROMOTIONAL.
    #[must_use]
    pub fn usual_category(&self) -> Category {
        let paid = self.paid_amount.as_ref();
        if paid.is_some_and(|paid| !paid.amount.is_zero()) {
            Category::Paid
        } else {
            Category::Promotional
        }
    }

    fn window(&self, now: Instant) -> Window {
        Window {
            starts_at: self.effective_at.unwrap_or(now),
            ends_at: self.expires_at,
        }
    }

    fn shape_rollover(&self, rollover: &RolloverInput, shape: &mut Shape, view: &View<'_>) {
        shape.priority("rollover.priority", rollover.priority);
        match rollover.kind {
            RolloverKind::MaxAmount => {
                let scale = view.scale(self.grant_amount.credit_type_id);
                shape.positive("rollover.value", rollover.value, scale);
            }
            RolloverKind::MaxPercentage if !rollover.value.is_share() => {
                let message = "must be a share from 0 to 1, such as 0.5 for a half";
                shape.fault(Code::OutOfRange, "rollover.value", message);
            }
            RolloverKind::MaxPercentage => {}
        }
        match self.expires_at {
            None => {
                let message = "must be given with rollover: only what ends can roll over";
                shape.fault(Code::Required, "expiresAt", message);
            }
            Some(end) => shape.window("rollover.expiresAt", end, Some(rollover.expires_at)),
        }
    }

    fn exists(&self, work: &Work<'_>) -> Result<(), Rejection> {
        let state = &work.state;
        let customer = state.customers.get(&self.customer_id);
        let customer = customer.ok_or_else(|| not_found("customerId", "customer"))?;
        let unit = state.credit_types.get(&self.grant_amount.credit_type_id);
        let unit = unit.ok_or_else(|| not_found("grantAmount.creditTypeId", "credit type"))?;
        let mut late = None;
        if let Some(paid) = &self.paid_amount {
            let path = "paidAmount.creditTypeId";
            let unit = state.credit_types.get(&paid.credit_type_id);
            if !unit
                .ok_or_else(|| not_found(path, "credit type"))?
                .row
                .is_currency
            {
                let message = "must be a currency: a price is not paid in credit";
                late = Some(Rejection::new(Code::Invalid, path, message));
            }
        }
        for (index, id) in self.product_ids.iter().enumerate() {
            let path = format!("productIds.{index}");
            let product = state
                .products
                .get(id)
                .ok_or_else(|| not_found(&path, "product"))?;
            if product.row.archived_at.is_some() {
                late = late.or(Some(archived(&path, "product")));
            }
        }
        if customer.row.archived_at.is_some() {
            return Err(archived("customerId", "customer"));
        }
        if unit.row.archived_at.is_some() {
            return Err(archived("grantAmount.creditTypeId", "credit type"));
        }
        late.map_or(Ok(()), Err)
    }

    fn rollover(&self, amount: Amount, scale: domain::Scale) -> Option<Rollover> {
        let input = self.rollover.as_ref()?;
        let cap = match input.kind {
            RolloverKind::MaxAmount => input.value.to_minor(scale).unwrap_or_default(),
            RolloverKind::MaxPercentage => percentage_cap(amount, input.value),
        };
        let priority = kept_priority(input.priority);
        Some(Rollover {
            cap,
            priority,
            expires_at: input.expires_at,
        })
    }
}

impl Run for CreateCreditGrant {
    fn locate(&self) -> (Locate, &'static str) {
        let credit_type_id = Some(self.grant_amount.credit_type_id);
        (
            Locate::Known(Home {
                customer_id: self.customer_id,
                credit_type_id,
            }),
            "customerId",
        )
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.customers.insert(self.customer_id);
        needs.accounts.extend(home.account());
        needs
            .credit_types
            .extend(self.paid_amount.as_ref().map(|paid| paid.credit_type_id));
        needs.products.extend(&self.product_ids);
        custom_field::needs(needs, FieldEntity::CreditGrant, self.custom_fields.as_ref());
        needs
            .uniqueness_keys
            .extend(self.uniqueness_key.clone().map(|key| (KIND, key)));
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        shape.name("name", &self.name);
        let scale = view.scale(self.grant_amount.credit_type_id);
        shape.positive("grantAmount.amount", self.grant_amount.amount, scale);
        if let Some(paid) = &self.paid_amount {
            if paid.amount.is_negative() {
                shape.fault(Code::OutOfRange, "paidAmount.amount", "must be 0 or more");
            } else {
                shape.amount(
                    "paidAmount.amount",
                    paid.amount,
                    view.scale(paid.credit_type_id),
                );
            }
        }
        shape.priority("priority", self.priority);
        let window = self.window(view.now);
        shape.window("expiresAt", window.starts_at, window.ends_at);
        shape.maybe_text("invoiceId", self.invoice_id.as_deref());
        shape.distinct("productIds", &self.product_ids);
        if let Some(rollover) = &self.rollover {
            self.shape_rollover(rollover, shape, view);
        }
        shape.maybe_reason("reason", self.reason.as_deref());
        shape.maybe_text("grantType", self.grant_type.as_deref());
        shape.object("customFields", self.custom_fields.as_ref());
        shape.maybe_key("uniquenessKey", self.uniqueness_key.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        self.exists(work)?;
        let key = (self.customer_id, self.grant_amount.credit_type_id);
        claim_key(work, KIND, self.uniqueness_key.as_deref())?;
        let (now, recorded) = (work.now, work.recorded);
        let (id, segment_id) = (
            CreditGrantId(work.ids.next(recorded)),
            SegmentId(work.ids.next(recorded)),
        );
        let field = (FieldEntity::CreditGrant, key.0, id.0);
        custom_field::free(work, field, self.custom_fields.as_ref())?;
        let acting = act(work, order, self.reason.as_deref());
        let Some(book) = work.open_book(key) else {
            return Err(not_found("grantAmount.creditTypeId", "credit type"));
        };
        let scale = book.credit_type.scale;
        let amount = self.grant_amount.amount.to_minor(scale).unwrap_or_default();
        let category = self.category.unwrap_or_else(|| self.usual_category());
        let segment = self.segment((id, segment_id), amount, category, scale, (now, recorded));
        book.add_segment(segment, &acting)
            .map_err(|fault| fault.under("grantAmount"))?;
        custom_field::claim(work, field, "{}", self.custom_fields.as_ref());
        let paid_scale = self.paid_scale(work);
        let row = self.row(
            id,
            segment_id,
            amount,
            category,
            paid_scale,
            (now, recorded),
            &order.actor,
        );
        let after = describe::grant(&row, work.book(key).map(|book| &*book), paid_scale);
        if let Some(text) = &self.uniqueness_key {
            work.taken_keys.insert((KIND, text.clone()));
            work.claims.uniqueness_keys.push(uniqueness_key::Model {
                key: text.clone(),
                kind: KIND.to_owned(),
                customer_id: key.0,
                object_id: id.0,
            });
        }
        work.claims.homes.push(object_home::Model {
            id: id.0,
            kind: KIND.to_owned(),
            customer_id: key.0,
            credit_type_id: Some(key.1),
        });
        work.state.grants.insert(id, Tracked::new(row));
        event(work, order, "credit_grant.created", id, [None, Some(after)]);
        Ok(Done {
            object_id: id.0,
            account: Some(key),
        })
    }
}

impl CreateCreditGrant {
    /// The one segment of the grant.
    fn segment(
        &self,
        (grant, segment): (CreditGrantId, SegmentId),
        amount: Amount,
        category: Category,
        scale: domain::Scale,
        (now, recorded): (Instant, Instant),
    ) -> Segment {
        Segment {
            id: segment,
            customer_id: self.customer_id,
            credit_type_id: self.grant_amount.credit_type_id,
            parent: Parent::Grant(grant),
            amount,
            window: self.window(now),
            remaining: amount,
            held: 0,
            used: 0,
            rolled_over: 0,
            written_off: 0,
            manual: 0,
            expirations: Vec::new(),
            started: false,
            ended: false,
            open: true,
            voided_at: None,
            decided_at: recorded,
            priority: kept_priority(self.priority),
            contract_level: false,
            category,
            rolled_in: false,
            scope: Arc::new(Scope {
                products: self.product_ids.clone(),
                ..Scope::default()
            }),
            rollover: self.rollover(amount, scale),
            created_at: recorded,
        }
    }

    fn paid_scale(&self, work: &Work<'_>) -> domain::Scale {
        let unit = self.paid_amount.as_ref().map(|paid| paid.credit_type_id);
        let unit = unit.and_then(|id| work.state.credit_types.get(&id));
        unit.and_then(|unit| u8::try_from(unit.row.scale).ok())
            .unwrap_or_default()
    }

    #[expect(clippy::too_many_arguments, reason = "one row, each column said once")]
    fn row(
        &self,
        id: CreditGrantId,
        segment_id: SegmentId,
        amount: Amount,
        category: Category,
        paid_scale: domain::Scale,
        (now, recorded): (Instant, Instant),
        actor: &str,
    ) -> credit_grant::Model {
        let paid = self.paid_amount.as_ref();
        let rollover = self.rollover.as_ref();
        credit_grant::Model {
            id,
            customer_id: self.customer_id,
            credit_type_id: self.grant_amount.credit_type_id,
            segment_id,
            name: self.name.clone(),
            reason: self.reason.clone(),
            grant_type: self.grant_type.clone(),
            category,
            amount,
            paid_amount: paid.map(|paid| paid.amount.to_minor(paid_scale).unwrap_or_default()),
            paid_credit_type_id: paid.map(|paid| paid.credit_type_id),
            priority: kept_priority(self.priority),
            effective_at: self.window(now).starts_at,
            expires_at: self.expires_at,
            invoice_date: self.invoice_date,
            invoice_id: self.invoice_id.clone(),
            product_ids: json!(self.product_ids).to_string(),
            rollover_kind: rollover.map(|rollover| rollover.kind),
            rollover_value: rollover.map(|rollover| rollover.value.to_string()),
            rollover_priority: rollover.map(|rollover| kept_priority(rollover.priority)),
            rollover_expires_at: rollover.map(|rollover| rollover.expires_at),
            rolled_over_from: None,
            rolled_over_to: None,
            custom_fields: self
                .custom_fields
                .as_ref()
                .map_or_else(|| "{}".to_owned(), canonical::text),
            uniqueness_key: self.uniqueness_key.clone(),
            created_at: recorded,
            created_by: actor.to_owned(),
            updated_at: recorded,
            voided_at: None,
            digest: Vec::new(),
        }
    }
}

/// Refuses a uniqueness key that is taken (rule 15).
pub(super) fn claim_key(
    work: &Work<'_>,
    kind: &'static str,
    key: Option<&str>,
) -> Result<(), Rejection> {
    let Some(key) = key else { return Ok(()) };
    if work.taken_keys.contains(&(kind, key.to_owned())) {
        let message = "has been used before; every grant or credit needs a key of its own";
        return Err(Rejection::new(
            Code::UniquenessKeyTaken,
            "uniquenessKey",
            message,
        ));
    }
    Ok(())
}

/// Tells what happened to a grant.
pub(super) fn event(
    work: &mut Work<'_>,
    order: &Order,
    kind: &str,
    id: CreditGrantId,
    json: [Option<Json>; 2],
) {
    let (now, recorded_at) = (work.now, work.recorded);
    let [before, after] = json;
    work.event(NewEvent {
        customer_id: order.home.customer_id,
        kind,
        subject_id: id.0,
        actor: &order.actor,
        recorded_at,
        effective_at: now,
        before,
        after,
    });
}
