//! Custom fields: which are known, which values have to be unique, and setting them by key.

use std::collections::BTreeMap;

use domain::custom_field::FieldEntity;
use domain::{Code, ContractId, CreditGrantId, CreditId, CustomerId, ProductId, Rejection};
use entity::{custom_field_key, custom_field_value};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::super::canonical;
use super::super::work::{Needs, NewEvent, Rewritten, Tracked, Work};
use super::detail::{self, Beside};
use super::house::{done, house_event};
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, contract, credit, grant, not_found};

/// Whose fields: of what, of which customer, of which object.
pub(super) type Owner = (FieldEntity, CustomerId, Uuid);

/// What a command needs that sets these fields.
pub(super) fn needs(needs: &mut Needs, entity: FieldEntity, fields: Option<&Json>) {
    let Some(Json::Object(fields)) = fields else {
        return;
    };
    needs.field_entities.insert(entity);
    let texts = fields.values().filter_map(Json::as_str);
    needs.field_values.extend(texts.map(str::to_owned));
}

/// Whether the values that have to be unique are free, or the object's own.
pub(super) fn free(
    work: &Work<'_>,
    (entity, _, id): Owner,
    fields: Option<&Json>,
) -> Result<(), Rejection> {
    for (key, value) in unique(work, entity, fields.and_then(Json::as_object)) {
        let owner = work
            .taken_field_values
            .get(&(entity, key.clone(), value.clone()));
        if owner.is_some_and(|owner| *owner != id) {
            let path = format!("customFields.{key}");
            let message = "another object has this value, and its values are unique";
            return Err(Rejection::new(Code::CustomFieldTaken, &path, message));
        }
    }
    Ok(())
}

/// Claims the values that have to be unique, which are free, and lets those go that were replaced.
pub(super) fn claim(work: &mut Work<'_>, owner: Owner, old: &str, new: Option<&Json>) {
    claim_asked(work, owner, (old, new), new);
}

/// The same where only some of the fields were `asked` for: whose the values of the others are was
/// not looked up, and they stay as they are.
pub(super) fn claim_asked(
    work: &mut Work<'_>,
    (entity, customer_id, object_id): Owner,
    (old, new): (&str, Option<&Json>),
    asked: Option<&Json>,
) {
    let old: Map<String, Json> = serde_json::from_str(old).unwrap_or_default();
    let old = unique(work, entity, Some(&old));
    let mut new = unique(work, entity, new.and_then(Json::as_object));
    for (key, value) in old {
        let place = (entity, key.clone(), value.clone());
        let owner = work.taken_field_values.get(&place);
        // A value that was not asked for may be its own: then the claim is, and no other's.
        let own = owner.is_none_or(|owner| *owner == object_id);
        if own && new.get(&key) != Some(&value) {
            work.taken_field_values.remove(&place);
            work.claims
                .release_field_value((entity, object_id), &key, &value);
        }
    }
    new.retain(|key, _| asked.is_some_and(|asked| asked.get(key).is_some()));
    for (key, value) in new {
        let place = (entity, key.clone(), value.clone());
        if work.taken_field_values.insert(place, object_id).is_none() {
            work.claims.field_values.push(custom_field_value::Model {
                value,
                entity: entity.as_str().to_owned(),
                key,
                customer_id,
                object_id,
            });
        }
    }
}

/// Takes back the claims of an object that was made by a command that is refused after all.
pub(super) fn forget(work: &mut Work<'_>, id: Uuid) {
    work.taken_field_values.retain(|_, owner| *owner != id);
    work.claims
        .field_values
        .retain(|claim| claim.object_id != id);
}

/// The texts among the fields whose key asks for unique values.
fn unique(
    work: &Work<'_>,
    entity: FieldEntity,
    fields: Option<&Map<String, Json>>,
) -> BTreeMap<String, String> {
    let keys = work.state.field_keys.values().map(|key| &key.row);
    let keys = keys
        .filter(|key| key.entity == entity && key.enforce_uniqueness && key.removed_at.is_none());
    let found = keys.filter_map(|key| {
        let value = fields?.get(&key.key)?.as_str()?;
        Some((key.key.clone(), value.to_owned()))
    });
    found.collect()
}

fn known(work: &Work<'_>, entity: FieldEntity, key: &str) -> Option<Uuid> {
    let mut keys = work.state.field_keys.values().map(|row| &row.row);
    keys.find(|row| row.entity == entity && row.key == key && row.removed_at.is_none())
        .map(|row| row.id)
}

fn described(row: &custom_field_key::Model) -> Json {
    json!({
        "entity": row.entity,
        "key": row.key,
        "enforceUniqueness": row.enforce_uniqueness,
        "removedAt": row.removed_at.map(|at| at.to_string()),
    })
}

impl Run for AddCustomFieldKey {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.field_entities.insert(self.entity);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_key("key", Some(&self.key));
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        if known(work, self.entity, &self.key).is_some() {
            let message = "there is such a key already; remove it first to change it";
            return Err(Rejection::new(Code::WrongState, "key", message));
        }
        let row = custom_field_key::Model {
            id: work.ids.next(work.now),
            entity: self.entity,
            key: self.key.clone(),
            enforce_uniqueness: self.enforce_uniqueness,
            created_at: work.now,
            created_by: order.actor.to_string(),
            removed_at: None,
            digest: Vec::new(),
        };
        let (id, after) = (row.id, described(&row));
        work.state.field_keys.insert(id, Tracked::new(row));
        house_event(
            work,
            order,
            "custom_field_key.created",
            id,
            [None, Some(after)],
        );
        Ok(done(id))
    }
}

impl Run for RemoveCustomFieldKey {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.field_entities.insert(self.entity);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_key("key", Some(&self.key));
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let missing = || not_found("key", "custom field");
        let id = known(work, self.entity, &self.key).ok_or_else(missing)?;
        let now = work.now;
        let tracked = work.state.field_keys.get_mut(&id).ok_or_else(missing)?;
        let before = described(&tracked.row);
        let row = tracked.change();
        row.removed_at = Some(now);
        let (after, unique) = (described(row), row.enforce_uniqueness);
        if unique {
            work.taken_field_values
                .retain(|(entity, key, _), _| *entity != self.entity || *key != self.key);
            work.claims.release_field(self.entity, &self.key);
        }
        let kind = "custom_field_key.removed";
        house_event(work, order, kind, id, [Some(before), Some(after)]);
        Ok(done(id))
    }
}

impl SetCustomFields {
    /// The fields as they will be.
    fn merged(&self, old: &str) -> Json {
        let mut fields: Map<String, Json> = serde_json::from_str(old).unwrap_or_default();
        for key in &self.remove {
            fields.remove(key);
        }
        if let Some(Json::Object(new)) = &self.custom_fields {
            fields.extend(new.clone());
        }
        Json::Object(fields)
    }

    /// The fields as they are; `None`: there is no such object.
    fn stored(&self, work: &Work<'_>) -> Option<String> {
        let (state, id) = (&work.state, self.entity_id);
        let beside = || {
            let detail = state.details.get(&id);
            detail.map_or_else(
                || "{}".to_owned(),
                |detail| detail.row.custom_fields.clone(),
            )
        };
        match self.entity {
            FieldEntity::Customer => {
                let found = state.customers.get(&CustomerId(id))?;
                Some(found.row.custom_fields.clone())
            }
            FieldEntity::CreditGrant => {
                let found = state.grants.get(&CreditGrantId(id))?;
                Some(found.row.custom_fields.clone())
            }
            FieldEntity::Credit => {
                let found = state.credits.get(&CreditId(id))?;
                Some(found.row.custom_fields.clone())
            }
            FieldEntity::Contract => state.contracts.get(&ContractId(id)).map(|_| beside()),
            FieldEntity::Product => state.products.get(&ProductId(id)).map(|_| beside()),
        }
    }

    /// Writes them, and answers what the event is called.
    fn store(&self, work: &mut Work<'_>, customer_id: CustomerId, new: String) -> &'static str {
        let (now, id) = (work.now, self.entity_id);
        match self.entity {
            FieldEntity::Customer => {
                if let Some(tracked) = work.state.customers.get_mut(&CustomerId(id)) {
                    let row = tracked.change();
                    (row.custom_fields, row.updated_at) = (new, now);
                }
                return "customer.updated";
            }
            FieldEntity::CreditGrant => {
                if let Some(tracked) = work.state.grants.get_mut(&CreditGrantId(id)) {
                    let row = tracked.change();
                    (row.custom_fields, row.updated_at) = (new, now);
                }
                return "credit_grant.edited";
            }
            FieldEntity::Credit => {
                if let Some(tracked) = work.state.credits.get_mut(&CreditId(id)) {
                    let row = tracked.change();
                    (row.custom_fields, row.updated_at) = (new, now);
                }
                return "credit.edited";
            }
            FieldEntity::Contract | FieldEntity::Product => {}
        }
        let (kind, event) = match self.entity {
            FieldEntity::Contract => ("contract", "contract.edited"),
            _ => ("product", "product.updated"),
        };
        let beside = Beside {
            kind,
            customer_id,
            id,
        };
        detail::keep(work, beside, |row| row.custom_fields = new);
        event
    }
}

impl Run for SetCustomFields {
    fn locate(&self) -> (Locate, &'static str) {
        let id = self.entity_id;
        let locate = match self.entity {
            FieldEntity::Customer => Locate::Known(Home {
                customer_id: CustomerId(id),
                credit_type_id: None,
            }),
            FieldEntity::CreditGrant => Locate::Object(grant::KIND, id),
            FieldEntity::Credit => Locate::Object(credit::KIND, id),
            FieldEntity::Contract => Locate::Object(contract::KIND, id),
            FieldEntity::Product => Locate::Known(Home::HOUSE),
        };
        (locate, "entityId")
    }

    fn needs(&self, home: Home, all: &mut Needs) {
        let (id, customer) = (self.entity_id, home.customer_id);
        needs(all, self.entity, self.custom_fields.as_ref());
        all.field_entities.insert(self.entity);
        match self.entity {
            FieldEntity::Customer => {
                all.customers.insert(CustomerId(id));
                all.rewritten.insert(Rewritten::Customer(CustomerId(id)));
            }
            FieldEntity::CreditGrant => {
                all.accounts.extend(home.account());
                all.grants.insert((customer, CreditGrantId(id)));
            }
            FieldEntity::Credit => {
                all.accounts.extend(home.account());
                all.credits.insert((customer, CreditId(id)));
            }
            FieldEntity::Contract => {
                all.contracts.insert((customer, ContractId(id)));
                let row = Rewritten::Contract(customer, ContractId(id));
                all.rewritten.insert(row);
                all.details.insert((customer, id));
            }
            FieldEntity::Product => {
                all.products.insert(ProductId(id));
                all.rewritten.insert(Rewritten::Product(ProductId(id)));
                all.details.insert((CustomerId::HOUSE, id));
            }
        }
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.object("customFields", self.custom_fields.as_ref());
        shape.distinct("remove", &self.remove);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let old = self.stored(work);
        let old = old.ok_or_else(|| not_found("entityId", "such object"))?;
        let customer_id = order.home.customer_id;
        let owner = (self.entity, customer_id, self.entity_id);
        let new = self.merged(&old);
        if new.to_string().len() > domain::text::JSON_MAX_BYTES {
            let message = "all fields together must not be above 64 KiB";
            return Err(Rejection::new(Code::TooLong, "customFields", message));
        }
        let asked = self.custom_fields.as_ref();
        free(work, owner, asked)?;
        claim_asked(work, owner, (&old, Some(&new)), asked);
        let before: Json = serde_json::from_str(&old).unwrap_or_default();
        let event = self.store(work, customer_id, canonical::text(&new));
        let now = work.now;
        work.event(NewEvent {
            customer_id,
            kind: event,
            subject_id: self.entity_id,
            actor: &order.actor,
            recorded_at: now,
            effective_at: now,
            before: Some(json!({ "customFields": before })),
            after: Some(json!({ "customFields": new })),
        });
        Ok(Done {
            object_id: self.entity_id,
            account: order.home.account(),
        })
    }
}
