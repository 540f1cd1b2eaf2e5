//! Customers.

use std::collections::BTreeSet;

use domain::custom_field::FieldEntity;
use domain::{Code, CustomerId, Rejection};
use entity::{customer, customer_external_id, customer_ingest_alias};
use serde_json::{Value as Json, json};

use super::super::canonical;
use super::super::work::{Needs, NewEvent, Rewritten, Tracked, Work};
use super::detail::{self, Beside};
use super::input::*;
use super::{
    Done, Home, Locate, Order, Run, Shape, View, archived, custom_field, describe, not_found,
    test_clock,
};

/// Names under which the usage of one customer is reported, at most.
const INGEST_ALIASES_MAX: usize = 2_000;

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

impl CustomerExtra {
    fn needs(&self, needs: &mut Needs) {
        let aliases = self.ingest_aliases.iter().flatten();
        needs.ingest_aliases.extend(aliases.cloned());
    }

    fn shape(&self, shape: &mut Shape) {
        shape.object("details", self.details.as_ref());
        let aliases = self.ingest_aliases.as_deref().unwrap_or_default();
        if aliases.len() > INGEST_ALIASES_MAX {
            let message = format!("has more than {INGEST_ALIASES_MAX} aliases");
            shape.fault(Code::OutOfRange, "ingestAliases", message);
            return;
        }
        for (index, alias) in aliases.iter().enumerate() {
            shape.maybe_key(&format!("ingestAliases.{index}"), Some(alias));
        }
        let mut seen = BTreeSet::new();
        if let Some(index) = aliases.iter().position(|alias| !seen.insert(alias)) {
            let path = format!("ingestAliases.{index}");
            shape.fault(Code::Invalid, &path, "is there twice");
        }
    }

    /// Whether every alias is free, or its own.
    fn free(&self, work: &Work<'_>, id: CustomerId) -> Result<(), Rejection> {
        for (index, alias) in self.ingest_aliases.iter().flatten().enumerate() {
            let owner = work.taken_ingest_aliases.get(alias);
            if owner.is_some_and(|owner| *owner != id) {
                let message = "another customer has this ingest alias";
                let path = format!("ingestAliases.{index}");
                return Err(Rejection::new(Code::IngestAliasTaken, &path, message));
            }
        }
        Ok(())
    }

    /// Writes it down and claims the aliases, which are free.
    fn keep(&self, work: &mut Work<'_>, id: CustomerId) {
        if self.ingest_aliases.is_none() && self.details.is_none() {
            return;
        }
        let old = work.state.details.get(&id.0);
        let old: Vec<String> = old.map_or_else(Vec::new, |old| {
            serde_json::from_str(&old.row.ingest_aliases).unwrap_or_default()
        });
        if let Some(new) = &self.ingest_aliases {
            for alias in old.iter().filter(|alias| !new.contains(alias)) {
                work.taken_ingest_aliases.remove(alias);
                work.claims.release_ingest_alias(alias.clone());
            }
            for alias in new.iter().filter(|alias| !old.contains(alias)) {
                work.taken_ingest_aliases.insert(alias.clone(), id);
                work.claims
                    .ingest_aliases
                    .push(customer_ingest_alias::Model {
                        alias: alias.clone(),
                        customer_id: id,
                    });
            }
        }
        let beside = Beside {
            kind: "customer",
            customer_id: id,
            id: id.0,
        };
        detail::keep(work, beside, |row| {
            if let Some(aliases) = &self.ingest_aliases {
                row.ingest_aliases = json!(aliases).to_string();
            }
            detail::merge(&mut row.details, self.details.as_ref());
        });
    }
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
        self.extra.needs(needs);
        custom_field::needs(needs, FieldEntity::Customer, self.custom_fields.as_ref());
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.name("name", &self.name);
        shape.maybe_key("externalId", self.external_id.as_deref());
        shape.object("customFields", self.custom_fields.as_ref());
        self.extra.shape(shape);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let clock_now = match self.test_clock_id {
            Some(id) => Some(test_clock::shows(work, id)?),
            None => None,
        };
        let id = CustomerId(work.ids.next(work.recorded));
        self.extra.free(work, id)?;
        let field = (FieldEntity::Customer, id, id.0);
        custom_field::free(work, field, self.custom_fields.as_ref())?;
        if let Some(text) = &self.external_id {
            claim_external_id(work, id, text)?;
        }
        custom_field::claim(work, field, "{}", self.custom_fields.as_ref());
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
        self.extra.keep(work, id);
        let after = describe::customer(&row, work.state.details.get(&id.0));
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
        needs.details.insert((self.id, self.id.0));
        self.extra.needs(needs);
        custom_field::needs(needs, FieldEntity::Customer, self.custom_fields.as_ref());
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        shape.maybe_key("externalId", self.external_id.as_deref());
        shape.object("customFields", self.custom_fields.as_ref());
        self.extra.shape(shape);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let found = work
            .state
            .customers
            .get(&self.id)
            .ok_or_else(|| not_found("id", "customer"))?;
        let before = describe::customer(&found.row, work.state.details.get(&self.id.0));
        let old = found.row.external_id.clone();
        let old_fields = found.row.custom_fields.clone();
        self.extra.free(work, self.id)?;
        let field = (FieldEntity::Customer, self.id, self.id.0);
        custom_field::free(work, field, self.custom_fields.as_ref())?;
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
        if self.custom_fields.is_some() {
            custom_field::claim(work, field, &old_fields, self.custom_fields.as_ref());
        }
        self.extra.keep(work, self.id);
        let now = work.recorded;
        let detail = work.state.details.get(&self.id.0).cloned();
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
        let after = describe::customer(row, detail.as_ref());
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
        // What is being spent or granted comes first, or not at all (rule 18).
        needs.all_accounts.insert(self.id);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.recorded;
        let Some(tracked) = work.state.customers.get_mut(&self.id) else {
            return Err(not_found("id", "customer"));
        };
        if tracked.row.archived_at.is_some() {
            return Err(archived("id", "customer"));
        }
        let before = describe::customer(&tracked.row, None);
        let row = tracked.change();
        row.archived_at = Some(now);
        row.updated_at = now;
        let after = describe::customer(row, None);
        for account in work.accounts_of(self.id) {
            let open = work.state.books.get_mut(&account);
            // None is made where there was none.
            if let Some(open) = open.filter(|open| open.row.is_some()) {
                open.book.mark_account();
            }
        }
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
