//! `expand[]`: an id becomes the object it names, four levels deep at most.

use std::collections::HashMap;

use domain::{CreditGrantId, CustomerId, TestClockId};
use serde_json::Value as Json;
use uuid::Uuid;

use super::call::Call;
use super::clocks;
use super::error::{Answer, ApiError};
use super::ids::Kind;
use super::objects::{self, Facts};
use crate::ledger::read::NodeRow;

/// Levels of a path at most.
const DEPTH_MAX: usize = 4;
/// Paths of a request at most.
const PATHS_MAX: usize = 100;

/// What is answered, and so what can be expanded in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// `billing.credit_grant`.
    Grant,
    /// `billing.credit_balance_transaction`.
    Transaction,
    /// `billing.credit_balance_summary`.
    Summary,
    /// `customer`.
    Customer,
    /// `test_helpers.test_clock`.
    Clock,
    /// `event`.
    Event,
}

/// What stands under a name.
enum Property {
    /// The id of another object.
    Id(Object),
    /// Something that is there already: nothing changes.
    Embedded,
}

/// The paths to expand, known to exist.
#[derive(Clone, Debug, Default)]
pub struct Paths(Vec<Vec<String>>);

impl Object {
    fn property(self, name: &str) -> Option<Property> {
        use Property::{Embedded, Id};
        Some(match (self, name) {
            (Self::Grant | Self::Summary, "customer") => Id(Self::Customer),
            (Self::Transaction, "credit_grant") => Id(Self::Grant),
            (Self::Grant | Self::Transaction | Self::Customer, "test_clock") => Id(Self::Clock),
            (Self::Grant, "amount" | "applicability_config")
            | (Self::Transaction, "credit" | "debit")
            | (Self::Summary, "balances")
            | (Self::Clock, "status_details")
            | (
                Self::Customer,
                "address"
                | "invoice_settings"
                | "shipping"
                | "cash_balance"
                | "default_source"
                | "discount"
                | "invoice_credit_balance"
                | "sources"
                | "subscriptions"
                | "tax"
                | "tax_ids",
            ) => Embedded,
            _ => return None,
        })
    }

    fn kind(self) -> Kind {
        match self {
            Self::Grant => Kind::Grant,
            Self::Transaction => Kind::Transaction,
            Self::Summary | Self::Customer => Kind::Customer,
            Self::Clock => Kind::Clock,
            Self::Event => Kind::Event,
        }
    }
}

/// Reads what a call wants expanded in an object, or in every object of a list.
///
/// # Errors
/// What can not be expanded.
pub fn read(call: &Call, object: Object, in_list: bool) -> Answer<Paths> {
    let asked = call.params.texts("expand", PATHS_MAX)?;
    let mut paths = Vec::new();
    for path in asked {
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > DEPTH_MAX {
            let message = format!(
                "You cannot expand more than {DEPTH_MAX} levels of a property. Property: {path}"
            );
            return Err(ApiError::invalid(message).coded("property_expansion_max_depth"));
        }
        let inside = match (in_list, parts.split_first()) {
            (true, Some((&"data", rest))) => Some(rest),
            (true, _) => None,
            (false, _) => Some(&*parts),
        };
        if !inside.is_some_and(|inside| is_known(object, inside)) {
            let mut message = format!("This property cannot be expanded ({path}).");
            if in_list && inside.is_none() {
                let hint = format!(" You may want to try expanding 'data.{path}' instead.");
                message.push_str(&hint);
            }
            return Err(ApiError::invalid(message));
        }
        let inside = inside.unwrap_or_default();
        paths.push(inside.iter().map(|part| (*part).to_owned()).collect());
    }
    Ok(Paths(paths))
}

fn is_known(mut object: Object, path: &[&str]) -> bool {
    for (index, part) in path.iter().enumerate() {
        match object.property(part) {
            Some(Property::Id(next)) => object = next,
            Some(Property::Embedded) => {
                let rest = path.get(index + 1..).unwrap_or_default();
                return match (object, *part) {
                    (Object::Transaction, "debit") => {
                        ["credits_applied", "invoice"].starts_with(rest)
                    }
                    (Object::Transaction, "credit") => {
                        ["credits_application_invoice_voided", "invoice"].starts_with(rest)
                    }
                    _ => rest.is_empty(),
                };
            }
            None => return false,
        }
    }
    true
}

/// Puts the objects in place of their ids.
///
/// # Errors
/// What the reads say.
pub async fn apply(call: &Call, object: Object, paths: &Paths, data: &mut [Json]) -> Answer<()> {
    for path in &paths.0 {
        let mut nodes: Vec<&mut Json> = data.iter_mut().collect();
        let mut object = object;
        for part in path {
            let Some(Property::Id(next)) = object.property(part) else {
                break;
            };
            let mut fields: Vec<&mut Json> = nodes
                .into_iter()
                .filter_map(|node| node.get_mut(part))
                .filter(|field| !field.is_null())
                .collect();
            let ids = fields
                .iter()
                .filter_map(|field| next.kind().read(field.as_str()?))
                .collect::<Vec<Uuid>>();
            let found = load(call, next, &ids).await?;
            for field in &mut fields {
                let id = field.as_str().and_then(|text| next.kind().read(text));
                if let Some(shown) = id.and_then(|id| found.get(&id)) {
                    **field = shown.clone();
                }
            }
            nodes = fields;
            object = next;
        }
    }
    Ok(())
}

async fn load(call: &Call, object: Object, ids: &[Uuid]) -> Answer<HashMap<Uuid, Json>> {
    let reader = call.ledger.read();
    let mut shown = HashMap::new();
    if ids.is_empty() {
        return Ok(shown);
    }
    match object {
        Object::Customer => {
            let ids: Vec<CustomerId> = ids.iter().copied().map(CustomerId).collect();
            let facts = Facts::load(reader, &ids, &[], call.livemode).await?;
            for row in facts.customers.values() {
                shown.insert(row.id.0, objects::customer(row, &facts));
            }
        }
        Object::Grant => {
            let rows = reader.nodes(ids).await?;
            let grants = rows.into_values().filter_map(|row| match row {
                NodeRow::Grant(row) => Some(row),
                _ => None,
            });
            let grants: Vec<_> = grants.collect();
            let facts = call.facts_of(&grants).await?;
            for row in &grants {
                let CreditGrantId(id) = row.grant.id;
                shown.insert(id, objects::grant(row, &facts));
            }
        }
        Object::Clock => {
            let ids: Vec<TestClockId> = ids.iter().copied().map(TestClockId).collect();
            for row in reader.test_clocks_by_id(&ids).await?.values() {
                shown.insert(row.id.0, clocks::object(row));
            }
        }
        Object::Transaction | Object::Summary | Object::Event => {}
    }
    Ok(shown)
}
