//! Brings customers, grants and movements over from Stripe, or from whatever serves its calls.
//!
//! Every object is made under an idempotency key that comes from its id over there: an import that
//! was broken off is begun again and goes on where it was, and one that is repeated finds what is
//! new. What was applied to invoices becomes an entry by hand on the very grant it was taken from,
//! dated as it was: a drawdown would choose by our order and not go back as far.

mod report;
mod source;

use std::collections::BTreeMap;

use domain::CustomerId;
use domain::grant::Category;
use serde_json::{Map, Value as Json};

pub use self::report::{Difference, Report};
use self::source::{Move, Source, id_of, monetary, money_of, uses_of};
use super::call::{Call, own_key};
use super::error::{Answer, ApiError};
use super::fields;
use super::money;
use super::objects::seconds;
use super::params::{Metadata, Params, instant};
use crate::ledger::command::input::{
    AddManualLedgerEntry, AmountInput, CreateCreditGrant, CreateCustomer, CustomerExtra,
    PatchCreditGrant, VoidCreditGrant,
};
use crate::ledger::read::{GrantFilter, GrantRow, GrantScope, PageRequest};
use crate::ledger::{Caller, Command, Ledger, Outcome, Role};

/// What is kept of a customer beside its name and metadata.
const KEPT: [&str; 9] = [
    "email",
    "description",
    "phone",
    "business_name",
    "individual_name",
    "address",
    "shipping",
    "preferred_locales",
    "tax_exempt",
];

/// From where, and how.
#[derive(Clone)]
pub struct Options {
    /// `https://api.stripe.com`, or another address that `/v1/…` can be put behind.
    pub base_url: String,
    /// A key that may read there.
    pub key: String,
    /// Makes nothing; only says what differs.
    pub dry_run: bool,
}

/// Why an import stopped. What was made until then stays, and is not made again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The other side can not be asked, or answered something that makes no sense.
    #[error("{0}")]
    Source(String),
    /// Ours refused something.
    #[error("{id}: {message}")]
    Refused {
        /// Of the object over there.
        id: String,
        /// Why.
        message: String,
    },
}

/// Brings everything over.
///
/// # Errors
/// See [`ImportError`].
pub async fn run(ledger: &Ledger, options: Options) -> Result<Report, ImportError> {
    let call = Call {
        ledger: ledger.clone(),
        caller: Caller {
            name: "import from Stripe".into(),
            role: Role::Admin,
            customer: None,
            until: None,
            key_id: None,
        },
        params: Params::default(),
        livemode: false,
        key: None,
    };
    let import = Import {
        call,
        source: Source {
            client: reqwest::Client::new(),
            base_url: options.base_url.trim_end_matches('/').to_owned(),
            key: options.key,
        },
        dry_run: options.dry_run,
    };
    let mut report = Report::default();
    let mut after: Option<String> = None;
    loop {
        let page = import
            .source
            .page("/v1/customers", after.as_deref())
            .await?;
        for customer in &page.data {
            import.customer(customer, &mut report).await?;
        }
        after = page.data.last().map(id_of).transpose()?;
        if !page.has_more || after.is_none() {
            return Ok(report);
        }
    }
}

struct Import {
    call: Call,
    source: Source,
    dry_run: bool,
}

impl Import {
    async fn customer(&self, customer: &Json, report: &mut Report) -> Result<(), ImportError> {
        let id = id_of(customer)?;
        let of_it = |path: &str| format!("/v1/billing/{path}?customer={id}");
        let grants = self.source.all(&of_it("credit_grants")).await?;
        let rows = of_it("credit_balance_transactions");
        let rows = self.source.all(&rows).await?;
        let moves: Vec<Move> = rows.iter().filter_map(Move::read).collect();
        report.customers = report.customers.saturating_add(1);
        report.grants = report.grants.saturating_add(count(&grants));
        let by_hand = moves.iter().filter(|each| each.is_use);
        report.movements = report.movements.saturating_add(count_of(by_hand));
        if !self.dry_run {
            let ours = self.make_customer(&id, customer).await?;
            for grant in &grants {
                match self.make_grant(ours, grant, &moves).await {
                    // The others are not held up by it.
                    Err(error @ ImportError::Refused { .. }) => {
                        report.left_out.push(error.to_string());
                    }
                    done => done?,
                }
            }
        }
        let here = self.here(&id).await?;
        let mut there: BTreeMap<String, i64> = BTreeMap::new();
        for each in &moves {
            let sum = there.entry(each.currency.clone()).or_default();
            *sum = sum.saturating_add(each.value);
        }
        let mut currencies: Vec<&String> = there.keys().chain(here.keys()).collect();
        currencies.sort();
        currencies.dedup();
        for currency in currencies {
            report.balances.push(Difference {
                customer: id.clone(),
                currency: currency.clone(),
                there: there.get(currency).copied().unwrap_or_default(),
                here: here.get(currency).copied().unwrap_or_default(),
            });
        }
        Ok(())
    }

    /// What is left here of the grants of a customer over there, by currency.
    async fn here(&self, id: &str) -> Result<BTreeMap<String, i64>, ImportError> {
        let reader = self.call.ledger.read();
        let refused = |error: ApiError| refusal(id, error);
        let known = reader.customer_by_external_id(id).await;
        let Some(customer) = known.map_err(|error| refused(error.into()))? else {
            return Ok(BTreeMap::new());
        };
        let sums = reader.sums_of_grants(customer.id, &GrantScope::All).await;
        let sums = sums.map_err(|error| refused(error.into()))?;
        let units = self.call.units().await.map_err(refused)?;
        let mut here: BTreeMap<String, i64> = BTreeMap::new();
        for sum in sums {
            let shown = money::balance(&units, sum.credit_type_id, sum.remaining);
            if let Some((currency, value)) = money_of(&shown) {
                let sum = here.entry(currency).or_default();
                *sum = sum.saturating_add(value);
            }
        }
        Ok(here)
    }

    async fn make_customer(&self, id: &str, there: &Json) -> Result<CustomerId, ImportError> {
        let mut private = Map::new();
        for name in KEPT {
            if let Some(value) = there.get(name).filter(|value| !value.is_null()) {
                private.insert(name.to_owned(), value.clone());
            }
        }
        let email = there.get("email").and_then(Json::as_str);
        let given = there.get("name").and_then(Json::as_str);
        let (name, remembered) = fields::kept_name(given, email.unwrap_or("Customer"));
        if !remembered.is_null() {
            private.insert("name".to_owned(), remembered);
        }
        let known = self.call.ledger.read().customer_by_external_id(id).await;
        if let Some(row) = known.map_err(|error| refusal(id, error.into()))? {
            return Ok(row.id);
        }
        let command = CreateCustomer {
            name,
            external_id: Some(id.to_owned()),
            custom_fields: Some(fields::new(metadata_of(there).as_ref(), private)),
            extra: CustomerExtra::default(),
            test_clock_id: None,
        };
        let made = self.execute("customer", id, command).await;
        let made = made.map_err(|error| refusal(id, error))?;
        Ok(CustomerId(made.object_id))
    }

    async fn make_grant(
        &self,
        customer: CustomerId,
        there: &Json,
        moves: &[Move],
    ) -> Result<(), ImportError> {
        let id = id_of(there)?;
        let unread = || ImportError::Source(format!("{id}: not a credit grant as Stripe has them"));
        let at = |name: &str| there.get(name).and_then(Json::as_i64);
        let (currency, value) = monetary(&id, there)?;
        let starts = at("effective_at").or(at("created")).ok_or_else(unread)?;
        // One that was ended at once has a window all the same.
        let ends = at("expires_at").map(|ends| ends.max(starts.saturating_add(1)));
        let unit = self.unit(&id, &currency).await?;
        let used = uses_of(&id, moves);
        let now = seconds(self.call.ledger.now());
        let key = own_key("import", &id);
        let amount = money::amount_in(&unit, value).map_err(|error| refusal(&id, error))?;
        let amount = AmountInput {
            amount,
            credit_type_id: unit.id,
        };
        // What was used is entered while the grant runs: one that is over ends afterwards.
        let runs = used.is_empty() || ends.is_none_or(|ends| ends > now);
        let ends_first = ends.filter(|_| runs);
        let row = match self.known(&id, &key).await? {
            Some(row) => row,
            None => {
                let window = (starts, ends_first);
                let command = self.grant(&id, there, customer, window, amount).await?;
                let command = CreateCreditGrant {
                    uniqueness_key: Some(key.clone()),
                    ..command
                };
                let made = self.execute("grant", &id, command).await;
                made.map_err(|error| refusal(&id, error))?;
                self.known(&id, &key).await?.ok_or_else(unread)?
            }
        };
        let mut moved = Ok(());
        for each in used {
            moved = self.make_move(&row, &unit, each, (starts, now)).await;
            if moved.is_err() {
                break;
            }
        }
        // Whatever became of that: it must not stay open for it.
        self.end_as_there(there, (&id, &key), ends).await?;
        moved
    }

    /// Ends or voids a grant here as it is there.
    async fn end_as_there(
        &self,
        there: &Json,
        (id, key): (&str, &str),
        ends: Option<i64>,
    ) -> Result<(), ImportError> {
        let unread = || ImportError::Source(format!("{id}: not a credit grant as Stripe has them"));
        let row = self.known(id, key).await?.ok_or_else(unread)?;
        let ends = ends.map(instant);
        if row.grant.voided_at.is_none() && row.grant.expires_at != ends {
            let end = PatchCreditGrant {
                id: row.grant.id,
                expires_at: ends,
                never_expires: ends.is_none(),
                custom_fields_patch: None,
                unless_over: false,
            };
            // One that is over here can not end at another time: the difference is told.
            self.patch(id, end).await?;
        }
        if there.get("voided_at").and_then(Json::as_i64).is_some() && row.grant.voided_at.is_none()
        {
            let void = VoidCreditGrant {
                id: row.grant.id,
                reason: None,
                release_uniqueness_key: false,
                void_purchase_invoice: false,
                remainder_only: true,
                once_more: false,
                unless_over: false,
            };
            let voided = self.execute("void", id, void).await;
            voided.map_err(|error| refusal(id, error))?;
        }
        Ok(())
    }

    /// The grant here that was made of one over there.
    async fn known(&self, id: &str, key: &str) -> Result<Option<GrantRow>, ImportError> {
        let filter = GrantFilter {
            uniqueness_key: Some(key.to_owned()),
            ..GrantFilter::default()
        };
        let reader = self.call.ledger.read();
        let page = reader.grants(&filter, &PageRequest::default()).await;
        let page = page.map_err(|error| refusal(id, error.into()))?;
        Ok(page.rows.into_iter().next().map(|(_, row)| row))
    }

    /// Moves the end of a grant, where its state allows it.
    async fn patch(&self, id: &str, patch: PatchCreditGrant) -> Result<(), ImportError> {
        let done = self.call.ledger.execute(&self.call.caller, patch, None);
        match done.await.map_err(ApiError::from) {
            Err(error) if !error.is_decided => Err(refusal(id, error)),
            _ => Ok(()),
        }
    }

    /// The command that makes a grant as it is over there.
    async fn grant(
        &self,
        id: &str,
        there: &Json,
        customer_id: CustomerId,
        (starts, ends): (i64, Option<i64>),
        grant_amount: AmountInput,
    ) -> Result<CreateCreditGrant, ImportError> {
        let listed = there.pointer("/applicability_config/scope/prices");
        let listed = listed.and_then(Json::as_array).into_iter().flatten();
        let prices: Vec<String> = listed
            .filter_map(|price| Some(price.get("id")?.as_str()?.to_owned()))
            .collect();
        let products = self.call.products(&prices, true).await;
        let product_ids = products.map_err(|error| refusal(id, error))?;
        let given = there.get("name").and_then(Json::as_str);
        let (name, remembered) = fields::kept_name(given, "Credit grant");
        let mut private = Map::from_iter([("source".to_owned(), id.into())]);
        if !remembered.is_null() {
            private.insert("name".to_owned(), remembered);
        }
        if !prices.is_empty() {
            private.insert("prices".to_owned(), prices.into());
        }
        let priority = there.get("priority").and_then(Json::as_i64);
        let priority = priority.and_then(|priority| i32::try_from(priority).ok());
        let is_gift = there.get("category").and_then(Json::as_str) == Some("promotional");
        Ok(CreateCreditGrant {
            customer_id,
            name,
            grant_amount,
            paid_amount: None,
            category: Some(if is_gift {
                Category::Promotional
            } else {
                Category::Paid
            }),
            priority: priority.unwrap_or(50).into(),
            effective_at: Some(instant(starts)),
            expires_at: ends.map(instant),
            invoice_date: None,
            invoice_id: None,
            product_ids,
            rollover: None,
            reason: None,
            grant_type: None,
            custom_fields: Some(fields::new(metadata_of(there).as_ref(), private)),
            uniqueness_key: None,
        })
    }

    /// Enters a movement. A grant that has come to its end here meanwhile is opened for it.
    async fn make_move(
        &self,
        row: &GrantRow,
        unit: &entity::credit_type::Model,
        each: &Move,
        (from, to): (i64, i64),
    ) -> Result<(), ImportError> {
        let amount = money::amount_in(unit, each.value);
        let command = AddManualLedgerEntry {
            segment_id: row.segment.id,
            amount: amount.map_err(|error| refusal(&each.id, error))?,
            reason: each.reason.clone(),
            effective_at: Some(instant(each.at.clamp(from, to.max(from)))),
            uniqueness_key: None,
        };
        let mut entered = self.execute("movement", &each.id, command.clone()).await;
        if entered.as_ref().is_err_and(|error| error.is_decided) {
            let open = PatchCreditGrant {
                id: row.grant.id,
                expires_at: None,
                never_expires: true,
                custom_fields_patch: None,
                unless_over: false,
            };
            self.patch(&each.id, open).await?;
            entered = self.execute("movement", &each.id, command).await;
        }
        entered.map_err(|error| refusal(&each.id, error))?;
        Ok(())
    }

    async fn unit(
        &self,
        id: &str,
        currency: &str,
    ) -> Result<entity::credit_type::Model, ImportError> {
        let currency = money::currency(currency, "currency");
        let currency = currency.map_err(|error| refusal(id, error))?;
        self.call
            .unit(&currency)
            .await
            .map_err(|error| refusal(id, error))
    }

    async fn execute(
        &self,
        what: &str,
        id: &str,
        command: impl Into<Command> + Send,
    ) -> Answer<Outcome> {
        let key = Some(own_key("import", &format!("{what} {id}")));
        Ok(self
            .call
            .ledger
            .execute(&self.call.caller, command, key)
            .await?)
    }
}

fn refusal(id: &str, error: ApiError) -> ImportError {
    let message = error.message;
    // Of this one nothing is wrong: it may go another time.
    if error.status.is_server_error() || error.retry_after.is_some() {
        return ImportError::Source(format!("{id}: {message}"));
    }
    ImportError::Refused {
        id: id.to_owned(),
        message,
    }
}

fn metadata_of(object: &Json) -> Option<Metadata> {
    let pairs = object.get("metadata")?.as_object()?.iter();
    let pairs =
        pairs.filter_map(|(name, value)| Some((name.clone(), Some(value.as_str()?.to_owned()))));
    Some(Metadata::Merge(pairs.collect()))
}

fn count<T>(all: &[T]) -> u64 {
    u64::try_from(all.len()).unwrap_or(u64::MAX)
}

fn count_of<T>(all: impl Iterator<Item = T>) -> u64 {
    u64::try_from(all.count()).unwrap_or(u64::MAX)
}
