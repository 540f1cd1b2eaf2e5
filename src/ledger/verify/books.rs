//! What is kept in memory of a customer: all it was granted, and what its entries say of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use domain::book::{self, Account};
use domain::drawdown::Drawdown;
use domain::segment::Segment;
use domain::{
    Amount, ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, Instant, Scale,
    SegmentId,
};
use entity::{account, contract, credit, credit_grant, customer, segment};
use sea_orm::DbErr;
use uuid::Uuid;

use super::Finding;
use super::entries::Tally;
use super::rows::{Snapshot, name_of};

/// A segment, and what entries and holds say of it.
pub(super) struct Kept {
    pub segment: Segment,
    /// Sums of its entries.
    pub tally: Tally,
    /// What open holds reserve of it.
    pub held: i128,
}

/// What a row names that belongs to no customer.
#[derive(Clone, Copy)]
pub(super) enum Named {
    Product,
    Unit,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Product => "product",
            Self::Unit => "credit type",
        })
    }
}

/// A row that names something that belongs to no customer.
pub(super) struct Name {
    pub table: &'static str,
    pub row: String,
    pub what: Named,
    pub id: Uuid,
}

/// One customer.
pub(super) struct Books {
    pub id: CustomerId,
    pub customer: Option<customer::Model>,
    pub contracts: BTreeMap<ContractId, contract::Model>,
    pub accounts: BTreeMap<CreditTypeId, Account>,
    pub segments: BTreeMap<SegmentId, Kept>,
    pub grants: BTreeMap<CreditGrantId, credit_grant::Model>,
    pub credits: BTreeMap<CreditId, credit::Model>,
    /// Open holds, all accounts together.
    pub holds: Vec<Drawdown>,
    /// Longest time in µs that a hold was given, by account.
    pub hold_spans: BTreeMap<CreditTypeId, i64>,
    /// Products and units that rows name: each once, by the first row that does.
    pub names: Vec<Name>,
    named: BTreeSet<Uuid>,
}

impl Books {
    /// Reads all that was granted.
    pub async fn load(
        snapshot: &Snapshot,
        id: CustomerId,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, DbErr> {
        let mut books = Self {
            id,
            customer: None,
            contracts: BTreeMap::new(),
            accounts: BTreeMap::new(),
            segments: BTreeMap::new(),
            grants: BTreeMap::new(),
            credits: BTreeMap::new(),
            holds: Vec::new(),
            hold_spans: BTreeMap::new(),
            names: Vec::new(),
            named: BTreeSet::new(),
        };
        let of = |table: &str, column: &str| {
            let mut sql = snapshot.sql(&format!("SELECT * FROM {table} WHERE {column} = "));
            sql.bind(id.0);
            sql
        };
        let sql = of("customer", "id");
        let take = |_: &mut Vec<Finding>, row| books.customer = Some(row);
        snapshot
            .each::<customer::Entity>(sql, findings, take)
            .await?;
        let sql = of("contract", "customer_id");
        let take = |_: &mut Vec<Finding>, row: contract::Model| {
            books.contracts.insert(row.id, row);
        };
        snapshot
            .each::<contract::Entity>(sql, findings, take)
            .await?;
        let sql = of("account", "customer_id");
        let take = |findings: &mut Vec<Finding>, row: account::Model| {
            let name = name_of(&row);
            match Account::try_from(row) {
                Ok(account) => {
                    books.accounts.insert(account.credit_type_id, account);
                }
                Err(error) => findings.push(Finding::new("account", name, error.to_string())),
            }
        };
        snapshot
            .each::<account::Entity>(sql, findings, take)
            .await?;
        let sql = of("segment", "customer_id");
        let take = |findings: &mut Vec<Finding>, row| books.keep(row, findings);
        snapshot
            .each::<segment::Entity>(sql, findings, take)
            .await?;
        let sql = of("credit_grant", "customer_id");
        let take = |_: &mut Vec<Finding>, row: credit_grant::Model| {
            books.grants.insert(row.id, row);
        };
        snapshot
            .each::<credit_grant::Entity>(sql, findings, take)
            .await?;
        let sql = of("credit", "customer_id");
        let take = |_: &mut Vec<Finding>, row: credit::Model| {
            books.credits.insert(row.id, row);
        };
        snapshot.each::<credit::Entity>(sql, findings, take).await?;
        books.note_names();
        Ok(books)
    }

    fn keep(&mut self, row: segment::Model, findings: &mut Vec<Finding>) {
        let id = row.id;
        match Segment::try_from(row) {
            Ok(segment) => {
                let kept = Kept {
                    segment,
                    tally: Tally::default(),
                    held: 0,
                };
                self.segments.insert(id, kept);
            }
            Err(error) => findings.push(Finding::new("segment", id, error.to_string())),
        }
    }

    /// Notes that a row names a product or a unit.
    pub fn note_name(
        &mut self,
        table: &'static str,
        row: impl fmt::Display,
        what: Named,
        id: Option<Uuid>,
    ) {
        let Some(id) = id else { return };
        if self.named.insert(id) {
            let row = row.to_string();
            self.names.push(Name {
                table,
                row,
                what,
                id,
            });
        }
    }

    fn note_names(&mut self) {
        let grants: Vec<_> = self.grants.values().map(|row| (row.id, row)).collect();
        let mut noted: Vec<(&'static str, String, Named, Uuid)> = Vec::new();
        for (id, row) in grants {
            let paid = row.paid_credit_type_id.map(|unit| unit.0);
            noted.extend(paid.map(|unit| ("credit_grant", id.to_string(), Named::Unit, unit)));
            let products: Vec<Uuid> = serde_json::from_str(&row.product_ids).unwrap_or_default();
            let products = products.into_iter();
            noted.extend(
                products.map(|product| ("credit_grant", id.to_string(), Named::Product, product)),
            );
        }
        for row in self.credits.values() {
            let listed: Vec<Uuid> =
                serde_json::from_str(&row.applicable_product_ids).unwrap_or_default();
            let all = listed.into_iter().chain([row.product_id.0]);
            noted
                .extend(all.map(|product| ("credit", row.id.to_string(), Named::Product, product)));
        }
        for (table, row, what, id) in noted {
            self.note_name(table, row, what, Some(id));
        }
    }

    /// Holds each account against its segments, their entries and the open holds.
    pub fn check(&self, units: &HashMap<CreditTypeId, Scale>, findings: &mut Vec<Finding>) {
        for (id, account) in &self.accounts {
            let kept = self.segments.values();
            let segments: Vec<Segment> = kept
                .map(|kept| &kept.segment)
                .filter(|segment| segment.credit_type_id == *id)
                .cloned()
                .collect();
            let holds: Vec<Drawdown> = self
                .holds
                .iter()
                .filter(|hold| hold.credit_type_id == *id)
                .cloned()
                .collect();
            findings.extend(
                book::check(account, &segments, &holds)
                    .into_iter()
                    .map(Finding::from),
            );
            let name = format!("{}/{id}", self.id);
            let mut wrong = |what: &str| findings.push(Finding::new("account", &name, what));
            if !units.contains_key(id) {
                wrong("its credit type is not there");
            }
            let shows = self.customer.as_ref().and_then(|row| row.clock_now);
            if self.customer.is_some() && account.clock_now != shows {
                wrong("clock_now is not what its customer has");
            }
            let missed = |at: &Instant| shows.is_some_and(|shows| *at <= shows);
            if account.next_boundary_at.as_ref().is_some_and(missed) {
                wrong("something is due that its test clock has passed");
            }
            self.check_boundaries(account, &segments, &holds, &mut wrong);
        }
        for kept in self.segments.values() {
            let id = kept.segment.id;
            let mut wrong = |what: String| findings.push(Finding::new("segment", id, what));
            if !self.accounts.contains_key(&kept.segment.credit_type_id) {
                wrong("its account is not there".to_owned());
            }
            if kept.held != i128::from(kept.segment.held) {
                wrong(format!(
                    "held is {}, open holds reserve {}",
                    kept.segment.held, kept.held
                ));
            }
            for what in kept.tally.against(&kept.segment) {
                wrong(what);
            }
        }
    }

    fn check_boundaries(
        &self,
        account: &Account,
        segments: &[Segment],
        holds: &[Drawdown],
        wrong: &mut impl FnMut(&str),
    ) {
        let late = |noted: Option<Instant>, first: Option<Instant>| {
            first.is_some_and(|first| noted.is_none_or(|noted| noted > first))
        };
        let lapse = holds.iter().filter_map(|hold| hold.hold_expires_at).min();
        if late(account.next_lapse_at, lapse) {
            wrong("next_lapse_at is after the first lapse");
        }
        let open = segments.iter().filter(|segment| segment.open);
        let boundaries = open.flat_map(|segment| {
            let start = (!segment.started).then_some(segment.window.starts_at);
            let end = segment.window.ends_at.filter(|_| !segment.ended);
            [start, end].into_iter().flatten()
        });
        if late(account.next_boundary_at, boundaries.chain(lapse).min()) {
            wrong("next_boundary_at is after the first boundary");
        }
        let span = self.hold_spans.get(&account.credit_type_id);
        if span.is_some_and(|span| *span > account.hold_span_max) {
            wrong("hold_span_max is below the span of a hold");
        }
    }

    /// Why a slice or an entry can not be of a segment, if it can not.
    pub fn misfit(
        &self,
        id: SegmentId,
        unit: CreditTypeId,
        parent: domain::segment::Parent,
    ) -> Option<&'static str> {
        match self.segments.get(&id) {
            None => Some("is not there"),
            Some(kept) if kept.segment.credit_type_id != unit => Some("is of another account"),
            Some(kept) if kept.segment.parent != parent => Some("belongs to something else"),
            Some(_) => None,
        }
    }

    /// Notes what a hold reserves.
    pub fn note_held(&mut self, id: SegmentId, amount: Amount) {
        if let Some(kept) = self.segments.get_mut(&id) {
            kept.held = kept.held.saturating_add(i128::from(amount));
        }
    }
}
