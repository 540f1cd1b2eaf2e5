//! Customers, units and products.

use domain::burn::{BurnDownKey, DEFAULT_ORDER};
use domain::{Code, CreditTypeId, CustomerId, ProductId, Rejection};
use entity::{credit_type, customer, customer_external_id, product};
use serde_json::{Value as Json, json};

use super::super::canonical;
use super::super::work::{Needs, NewEvent, Rewritten, Tracked, Work};
use super::input::*;
use super::{
    Done, Home, Locate, Order, Run, Shape, View, archived, describe, not_found, test_clock,
};

/// The largest scale and exponent of a unit.
const SCALE_MAX: i32 = 9;

pub(super) fn house_event(
    work: &mut Work<'_>,
    order: &Order,
    kind: &str,
    id: uuid::Uuid,
    json: [Option<Json>; 2],
) {
    let (now, recorded_at) = (work.now, work.recorded);
    let [before, after] = json;
    work.event(NewEvent {
        customer_id: order.home.customer_id,
        kind,
        subject_id: id,
        actor: &order.actor,
        recorded_at,
        effective_at: now,
        before,
        after,
    });
}

fn free(value: Option<&Json>) -> String {
    value.map_or_else(|| "{}".to_owned(), canonical::text)
}

pub(super) fn done(id: uuid::Uuid) -> Done {
    Done {
        object_id: id,
        account: None,
    }
}

fn claim_external_id(work: &mut Work<'_>, id: CustomerId, text: &str) -> Result<(), Rejection> {
    if work
        .taken_external_ids
        .get(text)
        .is_some_and(|owner| *owner != id)
    {
        let message = "another customer has this external id";
        return Err(Rejection::new(Code::ExternalIdTaken, "externalId", message));
    }
    if work
        .taken_external_ids
        .insert(text.to_owned(), id)
        .is_none()
    {
        work.claims.external_ids.push(customer_external_id::Model {
            external_id: text.to_owned(),
            customer_id: id,
        });
    }
    Ok(())
}

impl Run for CreateCustomer {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.external_ids.extend(self.external_id.clone());
        needs.test_clocks.extend(self.test_clock_id);
        // Locked, so that the clock is not advanced past a customer that is not there yet.
        let clock = self.test_clock_id.map(Rewritten::TestClock);
        needs.rewritten.extend(clock);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.name("name", &self.name);
        shape.maybe_key("externalId", self.external_id.as_deref());
        shape.object("customFields", self.custom_fields.as_ref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let clock_now = match self.test_clock_id {
            Some(id) => Some(test_clock::shows(work, id)?),
            None => None,
        };
        let id = CustomerId(work.ids.next(work.recorded));
        if let Some(text) = &self.external_id {
            claim_external_id(work, id, text)?;
        }
        let row = customer::Model {
            id,
            external_id: self.external_id.clone(),
            name: self.name.clone(),
            custom_fields: free(self.custom_fields.as_ref()),
            created_at: work.recorded,
            created_by: order.actor.to_string(),
            updated_at: work.recorded,
            archived_at: None,
            digest: Vec::new(),
            test_clock_id: self.test_clock_id,
            clock_now,
        };
        work.now = clock_now.unwrap_or(work.now);
        let after = describe::customer(&row);
        work.state.customers.insert(id, Tracked::new(row));
        let order = Order {
            home: Home {
                customer_id: id,
                credit_type_id: None,
            },
            ..order.clone()
        };
        house_event(work, &order, "customer.created", id.0, [None, Some(after)]);
        Ok(done(id.0))
    }
}

impl Run for UpdateCustomer {
    fn locate(&self) -> (Locate, &'static str) {
        (
            Locate::Known(Home {
                customer_id: self.id,
                credit_type_id: None,
            }),
            "id",
        )
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.customers.insert(self.id);
        needs.rewritten.insert(Rewritten::Customer(self.id));
        needs.external_ids.extend(self.external_id.clone());
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        shape.maybe_key("externalId", self.external_id.as_deref());
        shape.object("customFields", self.custom_fields.as_ref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let found = work
            .state
            .customers
            .get(&self.id)
            .ok_or_else(|| not_found("id", "customer"))?;
        let before = describe::customer(&found.row);
        let old = found.row.external_id.clone();
        if let Some(text) = self
            .external_id
            .as_ref()
            .filter(|text| Some(*text) != old.as_ref())
        {
            claim_external_id(work, self.id, text)?;
            if let Some(old) = old {
                work.taken_external_ids.remove(&old);
                work.claims.release_external_id(old);
            }
        }
        let now = work.recorded;
        let Some(tracked) = work.state.customers.get_mut(&self.id) else {
            return Err(not_found("id", "customer"));
        };
        let row = tracked.change();
        if let Some(name) = &self.name {
            row.name.clone_from(name);
        }
        if self.external_id.is_some() {
            row.external_id.clone_from(&self.external_id);
        }
        if self.custom_fields.is_some() {
            row.custom_fields = free(self.custom_fields.as_ref());
        }
        row.updated_at = now;
        let after = describe::customer(row);
        house_event(
            work,
            order,
            "customer.updated",
            self.id.0,
            [Some(before), Some(after)],
        );
        Ok(done(self.id.0))
    }
}

impl Run for ArchiveCustomer {
    fn locate(&self) -> (Locate, &'static str) {
        (
            Locate::Known(Home {
                customer_id: self.id,
                credit_type_id: None,
            }),
            "id",
        )
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.customers.insert(self.id);
        needs.rewritten.insert(Rewritten::Customer(self.id));
    }

    fn shape(&self, _: &mut Shape, _: &View<'_>) {}

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.recorded;
        let Some(tracked) = work.state.customers.get_mut(&self.id) else {
            return Err(not_found("id", "customer"));
        };
        if tracked.row.archived_at.is_some() {
            return Err(archived("id", "customer"));
        }
        let before = describe::customer(&tracked.row);
        let row = tracked.change();
        row.archived_at = Some(now);
        row.updated_at = now;
        let after = describe::customer(row);
        house_event(
            work,
            order,
            "customer.archived",
            self.id.0,
            [Some(before), Some(after)],
        );
        Ok(done(self.id.0))
    }
}

impl Run for CreateCreditType {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, _: &mut Needs) {}

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.name("name", &self.name);
        if !(0..=SCALE_MAX).contains(&self.scale) {
            shape.fault(Code::OutOfRange, "scale", "must be 0 to 9");
        }
        match (&self.currency, self.is_currency) {
            (None, true) => {
                let message = "must be the ISO 4217 code of the currency, such as EUR";
                shape.fault(Code::Required, "currency", message);
            }
            (Some(_), false) => {
                let message = "is for currencies; set isCurrency: true or leave it out";
                shape.fault(Code::Invalid, "currency", message);
            }
            (Some(code), true) => {
                if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                    let message = "must be three upper case letters, such as EUR";
                    shape.fault(Code::Invalid, "currency", message);
                }
            }
            (None, false) => {}
        }
        if self
            .currency_exponent
            .is_some_and(|exponent| !(0..=SCALE_MAX).contains(&exponent))
        {
            shape.fault(Code::OutOfRange, "currencyExponent", "must be 0 to 9");
        }
        if self.currency_exponent.is_some() && !self.is_currency {
            let message = "is for currencies; set isCurrency: true or leave it out";
            shape.fault(Code::Invalid, "currencyExponent", message);
        }
        if let Some(keys) = &self.burn_down_order {
            if keys.is_empty() {
                let message = "must name at least one key, or be left out for the default order";
                shape.fault(Code::Invalid, "burnDownOrder", message);
            }
            let earlier = |index: usize| keys.iter().take(index);
            let mut all = keys.iter().enumerate();
            if all.any(|(index, key)| earlier(index).any(|other| other == key)) {
                shape.fault(Code::Invalid, "burnDownOrder", "must not name a key twice");
            }
        }
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let id = CreditTypeId(work.ids.next(work.recorded));
        let keys = self
            .burn_down_order
            .clone()
            .unwrap_or_else(|| DEFAULT_ORDER.to_vec());
        let names: Vec<&str> = keys.into_iter().map(BurnDownKey::as_str).collect();
        let row = credit_type::Model {
            id,
            name: self.name.clone(),
            is_currency: self.is_currency,
            scale: self.scale,
            currency: self.currency.clone(),
            currency_exponent: self.currency_exponent,
            burn_down_order: names.join(","),
            created_at: work.recorded,
            created_by: order.actor.to_string(),
            archived_at: None,
            digest: Vec::new(),
        };
        let after = describe::credit_type(&row);
        work.state.credit_types.insert(id, Tracked::new(row));
        house_event(
            work,
            order,
            "credit_type.created",
            id.0,
            [None, Some(after)],
        );
        Ok(done(id.0))
    }
}

impl Run for CreateProduct {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, _: &mut Needs) {}

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.name("name", &self.name);
        shape.tags("tags", &self.tags);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let id = ProductId(work.ids.next(work.recorded));
        let row = product::Model {
            id,
            name: self.name.clone(),
            tags: json!(self.tags).to_string(),
            created_at: work.recorded,
            created_by: order.actor.to_string(),
            updated_at: work.recorded,
            archived_at: None,
            digest: Vec::new(),
        };
        let after = describe::product(&row);
        work.state.products.insert(id, Tracked::new(row));
        house_event(work, order, "product.created", id.0, [None, Some(after)]);
        Ok(done(id.0))
    }
}

impl Run for UpdateProduct {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.products.insert(self.id);
        needs.rewritten.insert(Rewritten::Product(self.id));
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        if let Some(tags) = &self.tags {
            shape.tags("tags", tags);
        }
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.recorded;
        let Some(tracked) = work.state.products.get_mut(&self.id) else {
            return Err(not_found("id", "product"));
        };
        let before = describe::product(&tracked.row);
        let row = tracked.change();
        if let Some(name) = &self.name {
            row.name.clone_from(name);
        }
        if let Some(tags) = &self.tags {
            row.tags = json!(tags).to_string();
        }
        match self.archived {
            Some(true) => row.archived_at = row.archived_at.or(Some(now)),
            Some(false) => row.archived_at = None,
            None => {}
        }
        row.updated_at = now;
        let after = describe::product(row);
        house_event(
            work,
            order,
            "product.updated",
            self.id.0,
            [Some(before), Some(after)],
        );
        Ok(done(self.id.0))
    }
}
