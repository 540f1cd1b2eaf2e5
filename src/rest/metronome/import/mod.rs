//! `scrip import metronome`: customers, units, products, grants with their deductions, credits with
//! their ledgers and the contracts that these name, from whoever serves Metronome's calls.
//!
//! Each customer's story is told again in the order of time, on a clock that stands where the story
//! is: starts, ends and balances at any time are as they were there. What drafts hold there is not
//! taken over. Nothing else may write these customers meanwhile: import first, then serve them.

mod catalog;
mod segments;
mod source;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{Amount, Clock, CreditTypeId, CustomerId, DecimalText, IdSource, Instant, Scale};
use uuid::Uuid;

use self::source::{Contract, Credit, Customer, Grant, Source, Unit, negated};
use self::write::{StoryClock, Writer};
use crate::ledger::read::status::{credit_balance, credit_held};
use crate::ledger::read::{CreditFilter, GrantFilter, PageRequest, ReadError};
use crate::ledger::{Ledger, Options, Refusal, Settings};

/// Why an import was broken off. It can be started again and goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The other side.
    #[error("the other side: {0}")]
    Source(String),
    /// A command was refused here.
    #[error("{0} was refused: {1}")]
    Refused(&'static str, Refusal),
    /// Something names what the other side does not tell.
    #[error("a {0} is named that was not told: {1}")]
    Missing(&'static str, Uuid),
    /// A read failed here.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database failed here.
    #[error("the database: {0}")]
    Database(String),
}

impl ImportError {
    /// Whether it is of one customer, and another may fare better.
    fn is_of_one(&self) -> bool {
        matches!(
            self,
            Self::Missing(..) | Self::Refused(_, Refusal::Rejected(_))
        )
    }
}

/// What is imported, from where, into what.
pub struct Import {
    /// Where Metronome's calls are served, without `/v1`.
    pub base_url: String,
    /// The key there.
    pub token: String,
    /// Write nothing, tell the differences.
    pub dry_run: bool,
    /// The database here.
    pub database_url: String,
    /// What can be set of the ledger.
    pub settings: Settings,
    /// The present.
    pub now: Instant,
    /// Where ids come from.
    pub ids: Arc<dyn IdSource>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Customers there.
    pub customers: usize,
    /// Their grants and credits.
    pub granted: usize,
    /// Balances, one for a customer in a unit, that differ.
    pub differences: usize,
    /// Customers of whom not all could be brought over.
    pub broken_off: usize,
}

/// Imports, or says what would differ; `tell` is told a line for each customer and unit.
///
/// # Errors
/// See [`ImportError`].
pub async fn run(import: Import, mut tell: impl FnMut(String)) -> Result<Summary, ImportError> {
    let source = Source::new(&import.base_url, &import.token)?;
    let clock = Arc::new(StoryClock::new(import.now));
    let ledger = Ledger::open(Options {
        database_url: import.database_url,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ids: import.ids,
        settings: import.settings,
    })
    .await
    .map_err(|error| ImportError::Database(error.to_string()))?;
    let mut writer = Writer::new(ledger.clone(), clock, import.now);
    let done = all(&source, &mut writer, import.dry_run, &mut tell).await;
    ledger.close().await;
    done
}

async fn all(
    source: &Source,
    writer: &mut Writer,
    dry_run: bool,
    tell: &mut impl FnMut(String),
) -> Result<Summary, ImportError> {
    let products = source.products().await?;
    if !dry_run {
        for key in source.field_keys().await? {
            writer.field_key(&key).await?;
        }
        for unit in source.units().await? {
            writer.unit(&unit).await?;
        }
        for product in &products {
            writer.product(product).await?;
        }
    }
    let mut customers = source.customers(false).await?;
    customers.extend(source.customers(true).await?);
    let mut summary = Summary {
        customers: customers.len(),
        ..Summary::default()
    };
    for customer in &customers {
        let theirs = Theirs::read(source, customer.id, writer.now).await?;
        let count = theirs.grants.len().saturating_add(theirs.credits.len());
        summary.granted = summary.granted.saturating_add(count);
        let id = if dry_run {
            writer.known(customer).await?
        } else {
            let id = writer.customer(customer).await?;
            let told = writer.story(id, &theirs).await;
            writer.clock.set(writer.now);
            match told {
                // The others are not held up, and the next import goes on with it.
                Err(error) if error.is_of_one() => {
                    let (name, there) = (&customer.name, customer.id);
                    tell(format!("{name} ({there}): broken off: {error}"));
                    summary.broken_off = summary.broken_off.saturating_add(1);
                }
                told => {
                    told?;
                    if customer.archived {
                        writer.archive_customer(customer, id).await?;
                    }
                }
            }
            Some(id)
        };
        let found = compare(writer, customer, id, &theirs, tell).await?;
        summary.differences = summary.differences.saturating_add(found);
    }
    // Of a customer that was broken off a credit may still name it.
    if !dry_run && summary.broken_off == 0 {
        for product in products.iter().filter(|product| product.archived) {
            writer.archive_product(product).await?;
        }
    }
    Ok(summary)
}

/// What a customer has on the other side.
struct Theirs {
    /// Those that a credit names.
    contracts: Vec<Contract>,
    grants: Vec<Grant>,
    credits: Vec<Credit>,
}

impl Theirs {
    async fn read(source: &Source, customer: Uuid, now: Instant) -> Result<Self, ImportError> {
        let mut grants = source.grants(customer).await?;
        for grant in &mut grants {
            grant.reckon(now);
        }
        let credits = source.credits(customer).await?;
        let named = credits
            .iter()
            .flat_map(|credit| credit.contract.iter().chain(&credit.contracts));
        let named: BTreeSet<Uuid> = named.copied().collect();
        let mut contracts = Vec::new();
        for id in named {
            contracts.push(source.contract(customer, id).await?);
        }
        Ok(Self {
            contracts,
            grants,
            credits,
        })
    }
}

/// What the other side says is left in a unit, as a sum of decimals at the largest scale there is.
struct Left {
    name: String,
    sum: Amount,
}

/// Places at which sums of both sides are compared.
const PLACES: Scale = 9;

fn minor(amount: DecimalText) -> Amount {
    amount.to_minor(PLACES).unwrap_or(Amount::MAX)
}

/// Tells what is left on both sides, for each unit. Answers in how many of them it differs.
async fn compare(
    writer: &Writer,
    customer: &Customer,
    id: Option<CustomerId>,
    all: &Theirs,
    tell: &mut impl FnMut(String),
) -> Result<usize, ImportError> {
    let mut theirs: BTreeMap<String, Left> = BTreeMap::new();
    let mut add = |unit: &Unit, amount: DecimalText| {
        let name = if unit.id == CreditTypeId::USD.0 {
            "USD (cents)"
        } else {
            &unit.name
        };
        let known = theirs.entry(name.to_owned()).or_insert_with(|| Left {
            name: name.to_owned(),
            sum: 0,
        });
        known.sum = known.sum.saturating_add(minor(amount));
    };
    for grant in &all.grants {
        add(&grant.unit, grant.left);
    }
    for credit in &all.credits {
        add(&credit.unit, credit.balance);
        // Drafts are no loss: what they hold is still there.
        let drafts = credit
            .movements
            .iter()
            .filter(|movement| movement.at > writer.now);
        for draft in drafts {
            add(&credit.unit, negated(draft.amount));
        }
    }
    let ours = match id {
        Some(id) => left(&writer.ledger, id, writer.now).await?,
        None => BTreeMap::new(),
    };
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let mut differences = 0_usize;
    for name in names {
        let there = theirs.get(name).map_or(0, |unit| unit.sum);
        let here = ours.get(name).copied().unwrap_or_default();
        let shown = |amount: Amount| domain::amount::display(amount, PLACES);
        let difference = there.saturating_sub(here);
        if difference != 0 {
            differences = differences.saturating_add(1);
        }
        let unit = theirs.get(name).map_or(name, |unit| &unit.name);
        tell(format!(
            "{} ({}) in {unit}: there {}, here {}, difference {}",
            customer.name,
            customer.id,
            shown(there),
            shown(here),
            shown(difference),
        ));
    }
    if all.grants.is_empty() && all.credits.is_empty() && id.is_none() {
        tell(format!(
            "{} ({}): a customer without credit, not here yet",
            customer.name, customer.id
        ));
    }
    Ok(differences)
}

/// What is left of a customer's grants and credits, by the name of the unit.
async fn left(
    ledger: &Ledger,
    id: CustomerId,
    now: Instant,
) -> Result<BTreeMap<String, Amount>, ImportError> {
    let reader = ledger.read();
    let mut sums: BTreeMap<CreditTypeId, Amount> = BTreeMap::new();
    let mut add = |unit: CreditTypeId, amount: Amount| {
        let sum = sums.entry(unit).or_default();
        *sum = sum.saturating_add(amount);
    };
    let filter = GrantFilter {
        customer_ids: Some(vec![id]),
        ..GrantFilter::default()
    };
    let mut page = first_page();
    loop {
        let found = reader.grants(&filter, &page).await?;
        for row in found.nodes().filter(|row| row.grant.voided_at.is_none()) {
            let over = row.segment.ends_at.is_some_and(|end| end <= now);
            let rest = if over { 0 } else { row.segment.remaining };
            add(row.grant.credit_type_id, rest);
        }
        if !found.has_next_page {
            break;
        }
        page.after = found.rows.last().map(|(cursor, _)| cursor.clone());
    }
    let filter = CreditFilter {
        customer_ids: Some(vec![id]),
        include_contract_credits: Some(true),
        ..CreditFilter::default()
    };
    let mut page = first_page();
    loop {
        let found = reader.credits(&filter, &page).await?;
        for row in found.nodes() {
            let amount = credit_balance(row).saturating_add(credit_held(row));
            add(row.credit.credit_type_id, amount);
        }
        if !found.has_next_page {
            break;
        }
        page.after = found.rows.last().map(|(cursor, _)| cursor.clone());
    }
    let ids: Vec<CreditTypeId> = sums.keys().copied().collect();
    let units = reader.credit_types_by_id(&ids).await?;
    let named = sums.into_iter().filter_map(|(id, sum)| {
        let unit = units.get(&id)?;
        let text = domain::amount::display(sum, Scale::try_from(unit.scale).ok()?);
        Some((unit.name.clone(), minor(DecimalText::parse(&text).ok()?)))
    });
    Ok(named.collect())
}

fn first_page() -> PageRequest {
    PageRequest {
        first: Some(100),
        ..PageRequest::default()
    }
}
