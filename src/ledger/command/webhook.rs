//! Webhook endpoints.

use domain::webhook::Types;
use domain::{Code, CustomerId, Instant, Rejection, WebhookEndpointId};
use entity::webhook_endpoint;
use reqwest::Url;
use serde_json::json;

use super::super::work::{Needs, Rewritten, Tracked, Work};
use super::house::{done, house_event};
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, archived, describe, not_found};

/// Characters of a URL.
const URL_MAX: usize = 2_048;
/// Entries of a list of types or customers.
const LIST_MAX: usize = 1_000;
/// Endpoints at a time: each is read by every transaction that has something to tell.
const ENDPOINTS_MAX: usize = 32;
/// How long messages are signed with the old secret too, once it was rotated: a day, in µs.
const OVERLAP: i64 = 86_400_000_000;

fn shape_url(shape: &mut Shape, url: &str, is_inside: bool) {
    let parsed = Url::parse(url);
    let good = parsed.as_ref().is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    });
    if url.chars().count() > URL_MAX {
        let message = format!("must not have more than {URL_MAX} characters");
        shape.fault(Code::TooLong, "url", message);
    } else if !good || url.contains('\0') {
        let message = "must be an https:// or http:// URL without user, password and fragment";
        shape.fault(Code::Invalid, "url", message);
    } else if is_inside {
        let message = "must not have a private address; the setting webhook_private_addresses \
                       admits them";
        shape.fault(Code::Invalid, "url", message);
    }
}

fn shape_lists(shape: &mut Shape, types: Option<&Types>, customers: Option<&[CustomerId]>) {
    if let Some(types) = types {
        shape.distinct("eventTypes", &types.asked);
        for (index, asked) in types.asked.iter().enumerate().take(LIST_MAX) {
            if types.unknown.contains(asked) {
                let message = "there are no events of this type in the format of the endpoint";
                shape.fault(Code::Invalid, &format!("eventTypes.{index}"), message);
            }
        }
        if types.asked.len() > LIST_MAX {
            let message = format!("must not have more than {LIST_MAX} entries");
            shape.fault(Code::OutOfRange, "eventTypes", message);
        }
    }
    if let Some(customers) = customers {
        shape.distinct("customerIds", customers);
        if customers.len() > LIST_MAX {
            let message = format!("must not have more than {LIST_MAX} entries");
            shape.fault(Code::OutOfRange, "customerIds", message);
        }
    }
}

fn all_there(work: &Work<'_>, customers: Option<&[CustomerId]>) -> Result<(), Rejection> {
    let missing = customers
        .unwrap_or_default()
        .iter()
        .position(|id| !work.state.customers.contains_key(id));
    missing.map_or(Ok(()), |index| {
        Err(not_found(&format!("customerIds.{index}"), "customer"))
    })
}

fn put_types(row: &mut webhook_endpoint::Model, types: &Types) {
    row.event_types = (!types.all).then(|| json!(types.asked).to_string());
    row.kinds = types.kinds.as_ref().map(|kinds| json!(kinds).to_string());
}

/// A text as it is kept: an empty one is none.
fn kept(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The customers that an endpoint is told of, as they are kept; an empty list names all.
fn only(customers: &[CustomerId]) -> Option<String> {
    (!customers.is_empty()).then(|| json!(customers).to_string())
}

fn need(id: WebhookEndpointId, needs: &mut Needs) {
    needs.endpoints.insert(id);
    needs.rewritten.insert(Rewritten::WebhookEndpoint(id));
}

/// Changes an endpoint that is not deleted, unless refused, and tells it.
fn change(
    work: &mut Work<'_>,
    order: &Order,
    id: WebhookEndpointId,
    kind: &str,
    how: impl FnOnce(&mut webhook_endpoint::Model, Instant),
) -> Result<Done, Rejection> {
    let recorded = work.recorded;
    let tracked = work.state.endpoints.get_mut(&id);
    let tracked = tracked.ok_or_else(|| not_found("id", "webhook endpoint"))?;
    if tracked.row.deleted_at.is_some() {
        return Err(archived("id", "webhook endpoint"));
    }
    let before = describe::webhook_endpoint(&tracked.row);
    let row = tracked.change();
    how(row, recorded);
    row.updated_at = recorded;
    let after = describe::webhook_endpoint(row);
    house_event(work, order, kind, id.0, [Some(before), Some(after)]);
    Ok(done(id.0))
}

impl Run for CreateWebhookEndpoint {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.all_endpoints = true;
        needs.customers.extend(self.customer_ids.iter().flatten());
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape_url(shape, &self.url, self.is_inside);
        shape.maybe_reason("description", self.description.as_deref());
        shape_lists(
            shape,
            self.event_types.as_ref(),
            self.customer_ids.as_deref(),
        );
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        all_there(work, self.customer_ids.as_deref())?;
        let live = work.state.endpoints.values();
        if live.filter(|each| each.row.deleted_at.is_none()).count() >= ENDPOINTS_MAX {
            let message = format!("there are {ENDPOINTS_MAX} endpoints, which is the most");
            return Err(Rejection::new(Code::WrongState, "", message));
        }
        let id = WebhookEndpointId(work.ids.next(work.recorded));
        let mut row = webhook_endpoint::Model {
            id,
            url: self.url.clone(),
            description: self.description.as_deref().and_then(kept),
            format: self.format,
            event_types: None,
            kinds: None,
            customer_ids: self.customer_ids.as_deref().and_then(only),
            enabled: true,
            secret: self.secret.clone(),
            old_secret: None,
            old_secret_until: None,
            created_at: work.recorded,
            created_by: order.actor.to_string(),
            updated_at: work.recorded,
            deleted_at: None,
            digest: Vec::new(),
        };
        if let Some(types) = &self.event_types {
            put_types(&mut row, types);
        }
        let after = describe::webhook_endpoint(&row);
        work.state.endpoints.insert(id, Tracked::new(row));
        let kind = "webhook_endpoint.created";
        house_event(work, order, kind, id.0, [None, Some(after)]);
        Ok(done(id.0))
    }
}

impl Run for UpdateWebhookEndpoint {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "id")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        need(self.id, needs);
        needs.customers.extend(self.customer_ids.iter().flatten());
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        if let Some(url) = &self.url {
            shape_url(shape, url, self.is_inside);
        }
        shape.maybe_reason("description", self.description.as_deref());
        shape_lists(
            shape,
            self.event_types.as_ref(),
            self.customer_ids.as_deref(),
        );
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        all_there(work, self.customer_ids.as_deref())?;
        change(
            work,
            order,
            self.id,
            "webhook_endpoint.updated",
            |row, _| {
                if let Some(url) = &self.url {
                    row.url.clone_from(url);
                }
                if let Some(description) = &self.description {
                    row.description = kept(description);
                }
                if let Some(types) = &self.event_types {
                    put_types(row, types);
                }
                if let Some(ids) = &self.customer_ids {
                    row.customer_ids = only(ids);
                }
                row.enabled = self.enabled.unwrap_or(row.enabled);
            },
        )
    }
}

impl Run for DeleteWebhookEndpoint {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "id")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        need(self.id, needs);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        change(
            work,
            order,
            self.id,
            "webhook_endpoint.deleted",
            |row, now| {
                row.deleted_at = Some(now);
                row.enabled = false;
            },
        )
    }
}

impl Run for RotateWebhookSecret {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "id")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        need(self.id, needs);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let kind = "webhook_endpoint.secret_rotated";
        change(work, order, self.id, kind, |row, now| {
            let old = std::mem::replace(&mut row.secret, self.secret.clone());
            row.old_secret = Some(old);
            row.old_secret_until = Some(now.plus_micros(OVERLAP));
        })
    }
}
