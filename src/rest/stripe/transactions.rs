//! `/v1/billing/credit_balance_transactions`: the entries of grants.

use domain::LedgerEntryId;
use entity::ledger_entry;
use serde_json::Value as Json;

use super::call::Call;
use super::customers;
use super::error::{Answer, ApiError};
use super::expand::{self, Object};
use super::grants;
use super::ids::Kind;
use super::list::{self, Listing};
use super::objects::{self, Facts};
use crate::ledger::read::{EntryFilter, Place};

/// Stripe's own schema says `/v1/billing/credit_grants` here, which is a slip: clients that go on at
/// this address would get grants.
const URL: &str = "/v1/billing/credit_balance_transactions";

/// `GET /v1/billing/credit_balance_transactions/{id}`.
pub(super) async fn retrieve(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&["expand[]"])?;
    let expand = expand::read(call, Object::Transaction, false)?;
    let row = by_id(call, id).await?;
    let row = row.ok_or_else(|| ApiError::nothing_at(Kind::Transaction, id))?;
    let facts = facts(call, std::slice::from_ref(&row)).await?;
    let mut shown = [objects::transaction(&row, &facts)];
    expand::apply(call, Object::Transaction, &expand, &mut shown).await?;
    let [shown] = shown;
    Ok(shown)
}

/// `GET /v1/billing/credit_balance_transactions`.
pub(super) async fn all(call: &Call) -> Answer<Json> {
    let own = ["customer", "customer_account", "credit_grant"];
    call.params.only(&[&own[..], &list::PARAMS].concat())?;
    let expand = expand::read(call, Object::Transaction, true)?;
    let listing = Listing::read(&call.params)?;
    let customer = customers::filtered(call).await?;
    let grant = match call.params.maybe("credit_grant")? {
        Some(text) => Some(grants::named(call, text, "credit_grant").await?.grant.id),
        None => None,
    };
    let after = place(call, listing.after.as_deref(), "starting_after").await?;
    let before = place(call, listing.before.as_deref(), "ending_before").await?;
    let request = listing.request(after, before)?;
    let filter = EntryFilter {
        customer_ids: customer.map(|customer| vec![customer]),
        credit_grant_id: grant,
        grants_only: true,
        ..EntryFilter::default()
    };
    let page = call.ledger.read().entries(&filter, &request).await?;
    let more = listing.has_more(&page);
    let rows: Vec<_> = page.rows.into_iter().map(|(_, row)| row).collect();
    let facts = facts(call, &rows).await?;
    let shown = rows.iter().map(|row| objects::transaction(row, &facts));
    let mut data: Vec<Json> = shown.collect();
    expand::apply(call, Object::Transaction, &expand, &mut data).await?;
    Ok(list::envelope(URL, more, data))
}

async fn by_id(call: &Call, text: &str) -> Answer<Option<ledger_entry::Model>> {
    let Some(id) = Kind::Transaction.read(text) else {
        return Ok(None);
    };
    let row = call.ledger.read().entry(LedgerEntryId(id)).await?;
    Ok(row.filter(|row| row.credit_grant_id.is_some()))
}

async fn place(call: &Call, cursor: Option<&str>, param: &str) -> Answer<Option<Place>> {
    let Some(text) = cursor else { return Ok(None) };
    let row = by_id(call, text).await?;
    let row = row.ok_or_else(|| ApiError::no_such(Kind::Transaction, text, param))?;
    let account = (row.customer_id, row.credit_type_id);
    let place = Place::Entry(row.id.0, account, row.sequence, row.recorded_at);
    Ok(Some(place))
}

async fn facts(call: &Call, rows: &[ledger_entry::Model]) -> Answer<Facts> {
    let customers: Vec<_> = rows.iter().map(|row| row.customer_id).collect();
    let reader = call.ledger.read();
    let mut facts = Facts::load(reader, &customers, &[], call.livemode).await?;
    facts.load_invoices(reader, rows.iter()).await?;
    Ok(facts)
}
