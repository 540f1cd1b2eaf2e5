//! Rows as events tell them: the API's names, decimals and instants as text.

use domain::amount::display;
use domain::book::Book;
use domain::segment::Segment;
use domain::{Amount, Instant, Scale};
use entity::{
    contract, credit, credit_grant, credit_type, customer, object_detail, product, test_clock,
    webhook_endpoint,
};
use serde_json::{Value as Json, json};

use super::super::work::Tracked;

fn free(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_default()
}

fn at(instant: Option<Instant>) -> Option<String> {
    instant.map(|instant| instant.to_string())
}

/// What is kept beside an object.
pub(super) type Detail<'a> = Option<&'a Tracked<object_detail::Model>>;

fn details(detail: Detail<'_>) -> Option<(&'static str, Json)> {
    Some(("details", free(&detail?.row.details)))
}

fn fields(detail: Detail<'_>) -> Option<(&'static str, Json)> {
    Some(("customFields", free(&detail?.row.custom_fields)))
}

fn with(mut told: Json, more: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    if let Json::Object(told) = &mut told {
        told.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
    }
    told
}

/// A customer.
pub(super) fn customer(row: &customer::Model, detail: Detail<'_>) -> Json {
    let told = json!({
        "name": row.name,
        "externalId": row.external_id,
        "customFields": free(&row.custom_fields),
        "archivedAt": at(row.archived_at),
        "testClockId": row.test_clock_id,
    });
    let aliases = detail.map(|detail| ("ingestAliases", free(&detail.row.ingest_aliases)));
    with(told, aliases.into_iter().chain(details(detail)))
}

/// A test clock.
pub(super) fn test_clock(row: &test_clock::Model) -> Json {
    json!({
        "name": row.name,
        "frozenTime": at(Some(row.frozen_time)),
        "status": row.status,
        "deletedAt": at(row.deleted_at),
    })
}

/// A webhook endpoint, without its secret.
pub(super) fn webhook_endpoint(row: &webhook_endpoint::Model) -> Json {
    let list = |text: &Option<String>| text.as_deref().map(free);
    json!({
        "url": row.url,
        "description": row.description,
        "format": row.format,
        "eventTypes": list(&row.event_types),
        "customerIds": list(&row.customer_ids),
        "enabled": row.enabled,
        "deletedAt": at(row.deleted_at),
    })
}

/// A unit.
pub(super) fn credit_type(row: &credit_type::Model) -> Json {
    json!({
        "name": row.name,
        "isCurrency": row.is_currency,
        "scale": row.scale,
        "currency": row.currency,
        "currencyExponent": row.currency_exponent,
        "burnDownOrder": row.burn_down_order.split(',').collect::<Vec<_>>(),
        "archivedAt": at(row.archived_at),
    })
}

/// A product.
pub(super) fn product(row: &product::Model, detail: Detail<'_>) -> Json {
    let told =
        json!({ "name": row.name, "tags": free(&row.tags), "archivedAt": at(row.archived_at) });
    with(told, fields(detail).into_iter().chain(details(detail)))
}

/// A contract.
pub(super) fn contract(row: &contract::Model, detail: Detail<'_>) -> Json {
    let told = json!({
        "name": row.name,
        "startingAt": at(Some(row.starting_at)),
        "endingBefore": at(row.ending_before),
        "archivedAt": at(row.archived_at),
    });
    let key = detail.and_then(|detail| detail.row.uniqueness_key.as_deref());
    let key = key.map(|key| ("uniquenessKey", json!(key)));
    let more = fields(detail).into_iter().chain(details(detail));
    with(told, more.chain(key))
}

/// A grant, with what is left of it.
pub(super) fn grant(row: &credit_grant::Model, book: Option<&Book>, paid_scale: Scale) -> Json {
    let scale = book.map_or(0, |book| book.credit_type.scale);
    let segment = book.and_then(|book| book.segments.get(&row.segment_id));
    let shown = |amount: Amount| display(amount, scale);
    json!({
        "name": row.name,
        "reason": row.reason,
        "grantType": row.grant_type,
        "category": row.category,
        "grantAmount": shown(row.amount),
        "creditTypeId": row.credit_type_id,
        "paidAmount": row.paid_amount.map(|amount| display(amount, paid_scale)),
        "remaining": segment.map(|segment| shown(segment.remaining)),
        "priority": row.priority,
        "effectiveAt": at(Some(row.effective_at)),
        "expiresAt": at(row.expires_at),
        "invoiceId": row.invoice_id,
        "productIds": free(&row.product_ids),
        "rolledOverFrom": row.rolled_over_from,
        "rolledOverTo": row.rolled_over_to,
        "customFields": free(&row.custom_fields),
        "uniquenessKey": row.uniqueness_key,
        "voidedAt": at(row.voided_at),
    })
}

/// A credit, with its segments.
pub(super) fn credit(row: &credit::Model, book: Option<&Book>) -> Json {
    let scale = book.map_or(0, |book| book.credit_type.scale);
    let segments: Vec<Json> = book
        .into_iter()
        .flat_map(|book| book.segments.values())
        .filter(|segment| segment.parent.credit() == Some(row.id))
        .map(|one| segment(one, scale))
        .collect();
    json!({
        "name": row.name,
        "description": row.description,
        "contractId": row.contract_id,
        "productId": row.product_id,
        "priority": row.priority,
        "creditTypeId": row.credit_type_id,
        "segments": segments,
        "applicableContractIds": free(&row.applicable_contract_ids),
        "applicableProductIds": free(&row.applicable_product_ids),
        "applicableProductTags": free(&row.applicable_product_tags),
        "specifiers": free(&row.specifiers),
        "rateType": row.rate_type,
        "customFields": free(&row.custom_fields),
        "uniquenessKey": row.uniqueness_key,
        "archivedAt": at(row.archived_at),
        "voidedAt": at(row.voided_at),
    })
}

fn segment(segment: &Segment, scale: Scale) -> Json {
    json!({
        "id": segment.id,
        "amount": display(segment.amount, scale),
        "startingAt": at(Some(segment.window.starts_at)),
        "endingBefore": at(segment.window.ends_at),
        "remaining": display(segment.remaining, scale),
        "voidedAt": at(segment.voided_at),
    })
}
