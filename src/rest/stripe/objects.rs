//! Objects as Stripe writes them: every field of its published schema, null where there is nothing.

use std::collections::HashMap;

use domain::entry::EntryKind;
use domain::grant::Category;
use domain::{CustomerId, DrawdownId, Instant, ProductId};
use entity::{customer, ledger_entry};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::customers::ADDRESS;
use super::fields::Fields;
use super::ids::Kind;
use super::money::{self, Units};
use crate::ledger::read::{GrantRow, NodeRow, Read, Reader};

/// Letters of an invoice prefix.
const PREFIX_LENGTH: usize = 8;

/// What objects are rendered with: loaded once for a page.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// All units.
    pub units: Units,
    /// The customers of the page.
    pub customers: HashMap<CustomerId, customer::Model>,
    /// By what id Stripe's prices are called that our products stand for.
    pub prices: HashMap<ProductId, String>,
    /// Invoices of drawdowns that were given back: those entries do not repeat them.
    pub invoices: HashMap<DrawdownId, String>,
    /// The key that was used is one of live mode.
    pub livemode: bool,
}

impl Facts {
    /// Loads what objects of these customers need.
    ///
    /// # Errors
    /// What the read says.
    pub async fn load(
        reader: &Reader,
        customers: &[CustomerId],
        products: &[ProductId],
        livemode: bool,
    ) -> Read<Self> {
        let units = reader.credit_types(true).await?;
        Ok(Self {
            units: units.into_iter().map(|unit| (unit.id, unit)).collect(),
            customers: reader.customers_by_id(customers).await?,
            prices: reader.external_ids_of_products(products).await?,
            invoices: HashMap::new(),
            livemode,
        })
    }

    /// Loads what these entries need in addition.
    ///
    /// # Errors
    /// What the read says.
    pub async fn load_invoices<'e>(
        &mut self,
        reader: &Reader,
        entries: impl Iterator<Item = &'e ledger_entry::Model>,
    ) -> Read<()> {
        let back = entries.filter(|row| row.kind == EntryKind::Reversal);
        let back = back.filter_map(|row| row.drawdown_id.map(|id| id.0));
        let drawdowns = reader.nodes(&back.collect::<Vec<_>>()).await?;
        let invoices = drawdowns.into_values().filter_map(|row| match row {
            NodeRow::Drawdown(row) => Some((row.id, row.invoice_id?)),
            _ => None,
        });
        self.invoices.extend(invoices);
        Ok(())
    }

    /// The test clock of a customer.
    fn clock(&self, customer: CustomerId) -> Option<Uuid> {
        let clock = self.customers.get(&customer)?.test_clock_id?;
        Some(clock.0)
    }

    fn clock_id(&self, customer: CustomerId) -> Json {
        json!(self.clock(customer).map(|clock| Kind::Clock.write(clock)))
    }
}

/// Whole seconds since 1970.
#[must_use]
pub fn seconds(instant: Instant) -> i64 {
    instant.0.div_euclid(1_000_000)
}

/// A customer; a stub if it was deleted.
#[must_use]
pub fn customer(row: &customer::Model, facts: &Facts) -> Json {
    if row.archived_at.is_some() {
        return deleted(Kind::Customer, row.id.0);
    }
    let id = Kind::Customer.write(row.id.0);
    let fields = Fields::read(&row.custom_fields);
    let prefix: String = id.chars().rev().take(PREFIX_LENGTH).collect();
    let or = |name: &str, otherwise: Json| match fields.private(name) {
        Json::Null => otherwise,
        value => value,
    };
    let mut shown = json!({
        "id": id,
        "object": "customer",
        "address": complete(fields.private("address"), &ADDRESS),
        "balance": 0,
        "created": seconds(row.created_at),
        "currency": null,
        "customer_account": null,
        "default_source": null,
        "delinquent": false,
        "description": fields.private("description"),
        "discount": null,
        "email": fields.private("email"),
        "invoice_prefix": prefix.to_ascii_uppercase(),
        "invoice_settings": {
            "custom_fields": null,
            "default_payment_method": null,
            "footer": null,
            "rendering_options": null,
        },
        "livemode": facts.livemode,
        "metadata": fields.metadata(),
        "name": fields.name(&row.name),
        "next_invoice_sequence": 1,
        "phone": fields.private("phone"),
        "preferred_locales": or("preferred_locales", json!([])),
        "shipping": shipping(fields.private("shipping")),
        "tax_exempt": or("tax_exempt", json!("none")),
        "test_clock": row.test_clock_id.map(|clock| Kind::Clock.write(clock.0)),
    });
    for name in ["business_name", "individual_name"] {
        let value = fields.private(name);
        if let (Json::Object(shown), Json::String(_)) = (&mut shown, &value) {
            shown.insert(name.to_owned(), value);
        }
    }
    shown
}

/// An object with all of its fields: what is kept has none that is null.
fn complete(kept: Json, parts: &[&str]) -> Json {
    let Json::Object(mut kept) = kept else {
        return kept;
    };
    for part in parts {
        kept.entry(*part).or_insert(Json::Null);
    }
    Json::Object(kept)
}

fn shipping(kept: Json) -> Json {
    let parts = ["name", "phone", "address", "carrier", "tracking_number"];
    let mut kept = complete(kept, &parts);
    if let Some(address) = kept.get_mut("address") {
        *address = complete(address.take(), &ADDRESS);
    }
    kept
}

/// What is left of something that was deleted.
#[must_use]
pub fn deleted(kind: Kind, id: Uuid) -> Json {
    let object = match kind {
        Kind::Clock => "test_helpers.test_clock",
        _ => "customer",
    };
    json!({ "id": kind.write(id), "object": object, "deleted": true })
}

/// A credit grant.
#[must_use]
pub fn grant(row: &GrantRow, facts: &Facts) -> Json {
    let grant = &row.grant;
    let fields = Fields::read(&grant.custom_fields);
    json!({
        "id": Kind::Grant.write(grant.id.0),
        "object": "billing.credit_grant",
        "amount": money::balance(&facts.units, grant.credit_type_id, grant.amount),
        "applicability_config": { "scope": scope(row, &fields, facts) },
        "category": match grant.category {
            Category::Paid => "paid",
            Category::Promotional => "promotional",
        },
        "created": seconds(grant.created_at),
        "customer": Kind::Customer.write(grant.customer_id.0),
        "customer_account": null,
        "effective_at": seconds(grant.effective_at),
        "expires_at": grant.expires_at.map(seconds),
        "livemode": facts.livemode,
        "metadata": fields.metadata(),
        "name": fields.name(&grant.name),
        "priority": whole(grant.priority.floor()),
        "test_clock": facts.clock_id(grant.customer_id),
        "updated": seconds(grant.updated_at),
        "voided_at": grant.voided_at.map(seconds),
    })
}

/// A priority that is whole.
fn whole(priority: impl std::fmt::Display) -> i64 {
    priority.to_string().parse().unwrap_or(i64::MAX)
}

/// The products that a grant is for, as prices; all of them as any metered price.
fn scope(row: &GrantRow, fields: &Fields, facts: &Facts) -> Json {
    let products = products(row);
    if products.is_empty() {
        return json!({ "price_type": "metered" });
    }
    if let Json::Array(prices) = fields.private("prices")
        && prices.len() == products.len()
    {
        let prices = prices.into_iter().map(|id| json!({ "id": id }));
        return json!({ "prices": prices.collect::<Vec<_>>() });
    }
    let prices = products.iter().map(|product| {
        let known = facts.prices.get(product).cloned();
        json!({ "id": known.unwrap_or_else(|| product.to_string()) })
    });
    json!({ "prices": prices.collect::<Vec<_>>() })
}

/// The products that a grant is for; none: all.
#[must_use]
pub fn products(row: &GrantRow) -> Vec<ProductId> {
    serde_json::from_str(&row.grant.product_ids).unwrap_or_default()
}

/// A credit balance transaction: an entry of a grant.
#[must_use]
pub fn transaction(row: &ledger_entry::Model, facts: &Facts) -> Json {
    let amount = money::movement(
        &facts.units,
        row.credit_type_id,
        row.amount,
        row.running_balance,
    );
    let (name, of) = kind(row);
    let is_credit = row.amount > 0;
    let mut moved = Map::from_iter([
        ("amount".to_owned(), amount),
        ("type".to_owned(), name.into()),
    ]);
    let detail = if is_credit {
        "credits_application_invoice_voided"
    } else {
        "credits_applied"
    };
    let invoice = (of == detail).then(|| invoice(row, facts));
    moved.insert(detail.to_owned(), json!(invoice));
    let moved = Json::Object(moved);
    let (credit, debit) = if is_credit {
        (moved, Json::Null)
    } else {
        (Json::Null, moved)
    };
    json!({
        "id": Kind::Transaction.write(row.id.0),
        "object": "billing.credit_balance_transaction",
        "created": seconds(row.recorded_at),
        "credit": credit,
        "credit_grant": row.credit_grant_id.map(|grant| Kind::Grant.write(grant.0)),
        "debit": debit,
        "effective_at": seconds(row.effective_at),
        "livemode": facts.livemode,
        "test_clock": facts.clock_id(row.customer_id),
        "type": if is_credit { "credit" } else { "debit" },
    })
}

/// Stripe's type of what happened, and the detail that says more of it.
///
/// Stripe knows three ways to lose credit and two to gain it; ours have to be one of those.
fn kind(row: &ledger_entry::Model) -> (&'static str, &'static str) {
    match row.kind {
        EntryKind::Deduction => ("credits_applied", "credits_applied"),
        EntryKind::Reversal => (
            "credits_application_invoice_voided",
            "credits_application_invoice_voided",
        ),
        EntryKind::Expiration | EntryKind::Rollover => ("credits_expired", ""),
        EntryKind::Void => ("credits_voided", ""),
        EntryKind::Grant | EntryKind::ExpirationReversal => ("credits_granted", ""),
        EntryKind::Manual | EntryKind::Amendment if row.amount > 0 => ("credits_granted", ""),
        EntryKind::Manual | EntryKind::Amendment => ("credits_voided", ""),
    }
}

/// The invoice and the line that a drawdown stands for.
fn invoice(row: &ledger_entry::Model, facts: &Facts) -> Json {
    let drawdown = row.drawdown_id.map_or(row.id.0, |drawdown| drawdown.0);
    let of_drawdown = row.drawdown_id.and_then(|id| facts.invoices.get(&id));
    let invoice = row.invoice_id.as_ref().or(of_drawdown).cloned();
    json!({
        "invoice": invoice.unwrap_or_else(|| Kind::Invoice.write(drawdown)),
        "invoice_line_item": Kind::InvoiceLine.write(drawdown),
    })
}
