//! Changes of single custom fields, and what products are called by other systems.

use domain::custom_field::FieldEntity;
use domain::{Code, CustomerId, Rejection, text};
use entity::product_external_id;
use serde_json::{Value as Json, json};

use super::super::canonical;
use super::super::work::{Needs, NewEvent, Rewritten, Work};
use super::grant::{KIND, event};
use super::grant_edit::change;
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, custom_field, describe, not_found};

/// The custom fields of a row with a change put in.
fn patched(column: &str, patch: Option<&Json>) -> Result<String, Rejection> {
    let Some(patch) = patch else {
        return Ok(column.to_owned());
    };
    let mut fields = serde_json::from_str(column).unwrap_or_else(|_| json!({}));
    canonical::merge(&mut fields, patch);
    let text = canonical::text(&fields);
    if text.len() > text::JSON_MAX_BYTES {
        let message = "must not come to more than 64 KiB with those that are there";
        return Err(Rejection::new(Code::TooLong, "customFieldsPatch", message));
    }
    Ok(text)
}

impl Run for PatchCustomer {
    fn locate(&self) -> (Locate, &'static str) {
        let home = Home {
            customer_id: self.id,
            credit_type_id: None,
        };
        (Locate::Known(home), "id")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.customers.insert(self.id);
        needs.rewritten.insert(Rewritten::Customer(self.id));
        needs.details.insert((self.id, self.id.0));
        let patch = self.custom_fields_patch.as_ref();
        custom_field::needs(needs, FieldEntity::Customer, patch);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        shape.object("customFieldsPatch", self.custom_fields_patch.as_ref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.recorded;
        let detail = work.state.details.get(&self.id.0).cloned();
        let Some(tracked) = work.state.customers.get(&self.id) else {
            return Err(not_found("id", "customer"));
        };
        let before = describe::customer(&tracked.row, detail.as_ref());
        let old = tracked.row.custom_fields.clone();
        let fields = patched(&old, self.custom_fields_patch.as_ref())?;
        let owner = (FieldEntity::Customer, self.id, self.id.0);
        let new = serde_json::from_str::<Json>(&fields).ok();
        let asked = self.custom_fields_patch.as_ref();
        custom_field::free(work, owner, asked)?;
        custom_field::claim_asked(work, owner, (&old, new.as_ref()), asked);
        let Some(tracked) = work.state.customers.get_mut(&self.id) else {
            return Err(not_found("id", "customer"));
        };
        let row = tracked.change();
        row.custom_fields = fields;
        if let Some(name) = &self.name {
            row.name.clone_from(name);
        }
        row.updated_at = now;
        let after = describe::customer(row, detail.as_ref());
        work.event(NewEvent {
            customer_id: self.id,
            kind: "customer.updated",
            subject_id: self.id.0,
            actor: &order.actor,
            recorded_at: now,
            effective_at: now,
            before: Some(before),
            after: Some(after),
        });
        Ok(Done {
            object_id: self.id.0,
            account: None,
        })
    }
}

impl Run for PatchCreditGrant {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.accounts.extend(home.account());
        needs.grants.insert((home.customer_id, self.id));
        let patch = self.custom_fields_patch.as_ref();
        custom_field::needs(needs, FieldEntity::CreditGrant, patch);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        if self.never_expires && self.expires_at.is_some() {
            let message = "can not be given together with expiresAt";
            shape.fault(Code::Invalid, "neverExpires", message);
        }
        shape.object("customFieldsPatch", self.custom_fields_patch.as_ref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let missing = || not_found("id", "credit grant");
        let tracked = work.state.grants.get(&self.id).ok_or_else(missing)?;
        let old = tracked.row.custom_fields.clone();
        let fields = patched(&old, self.custom_fields_patch.as_ref())?;
        let owner = (FieldEntity::CreditGrant, tracked.row.customer_id, self.id.0);
        let new = serde_json::from_str::<Json>(&fields).ok();
        let asked = self.custom_fields_patch.as_ref();
        custom_field::free(work, owner, asked)?;
        let done = if self.never_expires || self.expires_at.is_some() {
            let kind = "credit_grant.edited";
            change(work, order, self.id, kind, None, |change| {
                if self.unless_over {
                    change.refuse_ended()?;
                }
                let segment = change.row.segment_id;
                let moved = change.book.move_end(segment, self.expires_at, change.act);
                moved.map_err(|fault| fault.under("expiresAt"))?;
                change.row.expires_at = self.expires_at;
                change.row.custom_fields = fields;
                Ok(json!({}))
            })?
        } else {
            self.note(work, order, fields)?
        };
        custom_field::claim_asked(work, owner, (&old, new.as_ref()), asked);
        Ok(done)
    }
}

impl PatchCreditGrant {
    /// Custom fields are notes of the seller's: they may be kept of a voided grant, too.
    fn note(&self, work: &mut Work<'_>, order: &Order, fields: String) -> Result<Done, Rejection> {
        let missing = || not_found("id", "credit grant");
        let key = order.home.account().ok_or_else(missing)?;
        let (now, state) = (work.recorded, &mut work.state);
        let book = state.books.get(&key).map(|open| &*open.book);
        let tracked = state.grants.get_mut(&self.id).ok_or_else(missing)?;
        let before = describe::grant(&tracked.row, book, 0);
        let row = tracked.change();
        row.custom_fields = fields;
        row.updated_at = now;
        let after = describe::grant(row, book, 0);
        let kind = "credit_grant.edited";
        event(work, order, kind, self.id, [Some(before), Some(after)]);
        Ok(Done {
            object_id: self.id.0,
            account: Some(key),
        })
    }
}

impl Run for AddProductExternalId {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.products.insert(self.id);
        needs.details.insert((CustomerId::HOUSE, self.id.0));
        needs.product_external_ids.insert(self.external_id.clone());
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_key("externalId", Some(&self.external_id));
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.recorded;
        let Some(tracked) = work.state.products.get(&self.id) else {
            return Err(not_found("id", "product"));
        };
        let done = Done {
            object_id: self.id.0,
            account: None,
        };
        let before = describe::product(&tracked.row, work.state.details.get(&self.id.0));
        match work.taken_product_ids.get(&self.external_id) {
            Some(owner) if *owner == self.id => return Ok(done),
            Some(_) => {
                let message = "another product has this external id";
                return Err(Rejection::new(Code::ExternalIdTaken, "externalId", message));
            }
            None => {}
        }
        work.taken_product_ids
            .insert(self.external_id.clone(), self.id);
        work.claims
            .product_external_ids
            .push(product_external_id::Model {
                external_id: self.external_id.clone(),
                product_id: self.id,
                created_at: now,
                digest: Vec::new(),
            });
        let mut after = before.clone();
        if let Some(after) = after.as_object_mut() {
            after.insert("externalId".to_owned(), json!(self.external_id));
        }
        work.event(NewEvent {
            customer_id: order.home.customer_id,
            kind: "product.updated",
            subject_id: self.id.0,
            actor: &order.actor,
            recorded_at: now,
            effective_at: now,
            before: Some(before),
            after: Some(after),
        });
        Ok(done)
    }
}
