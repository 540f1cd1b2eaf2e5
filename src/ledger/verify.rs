//! The check of all books: every row that is wrong is named.
//!
//! Each row bears a digest of its columns and each entry a hash over the one before it, so a change
//! by hand shows wherever it is made. Beyond that the books are held against themselves: entries
//! against segments and accounts, drawdowns against their entries, grants and credits against
//! their segments, and every key and home against what it stands for (rules 3, 4, 15).
//!
//! | file | what |
//! |---|---|
//! | `rows.rs` | snapshots, rows one by one, their names and digests |
//! | `books.rs` | what is kept in memory of a customer |
//! | `entries.rs` | the chain of entries, the account row, sums by segment |
//! | `spending.rs` | drawdowns, their slices, their entries |
//! | `granted.rs` | grants and credits against their segments |
//! | `beside.rs` | what is kept beside objects |
//! | `claims.rs` | keys, external ids and homes, both ways |
//! | `clocks.rs` | test clocks and the customers on them |
//! | `trail.rs` | events, answers given before |

mod beside;
mod books;
mod claims;
mod clocks;
mod entries;
mod granted;
mod rows;
mod spending;
mod trail;

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use domain::{CreditTypeId, CustomerId, ProductId, Scale};
use entity::{
    account, contract, credit, credit_grant, credit_type, custom_field_key, drawdown, event,
    idempotency, ledger_entry, object_detail, product, product_external_id, segment,
};
use sea_orm::{DatabaseConnection, DbErr, EntityName, EntityTrait, ModelTrait};
use sea_orm_migration::MigrationStatus;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::books::Books;
use self::rows::Snapshot;
use super::{connect, migrated};

/// Customers listed at a time.
const CUSTOMERS: u64 = 500;

/// A row that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its table.
    pub table: String,
    /// Its id; where it has none its primary key, the parts joined by `/`.
    pub row: String,
    /// What is wrong with it.
    pub what: String,
}

impl Finding {
    fn new(table: &str, row: impl fmt::Display, what: impl Into<String>) -> Self {
        Self {
            table: table.to_owned(),
            row: row.to_string(),
            what: what.into(),
        }
    }

    /// About a row that could be read.
    fn of<M: ModelTrait>(row: &M, what: impl Into<String>) -> Self {
        Self::new(M::Entity::default().table_name(), rows::name_of(row), what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.table, self.row, self.what)
    }
}

impl From<domain::book::Finding> for Finding {
    fn from(finding: domain::book::Finding) -> Self {
        Self::new(finding.table, finding.row, finding.what)
    }
}

/// Opens a database for a check, which changes nothing in it: none is made, none brought up to date.
///
/// # Errors
/// What the database says; that it is not there, or not up to date.
pub async fn open(database_url: &str) -> Result<DatabaseConnection, DbErr> {
    let db = connect::checker(database_url).await?;
    let all = migrated::status(&db).await?;
    let pending = all
        .iter()
        .find(|one| one.status() == MigrationStatus::Pending);
    pending.map_or(Ok(db), |pending| {
        Err(DbErr::Migration(format!(
            "{} is pending; `scrip migrate up` applies it",
            pending.name()
        )))
    })
}

/// Checks all books and names each row that is wrong. Reads only.
///
/// It goes customer by customer, each seen in one snapshot, so it may run while the server writes.
/// Memory is bounded by what one customer was granted, not by what was used of it: entries,
/// drawdowns and events pass one by one. On SQLite give it a connection of its own: the one that
/// writes would wait for each customer.
///
/// # Errors
/// What the database says. A row that can not be read is a finding, not an error.
pub async fn verify(db: &DatabaseConnection) -> Result<Vec<Finding>, DbErr> {
    let mut audit = Audit {
        db,
        findings: Vec::new(),
        units: HashMap::new(),
        products: BTreeSet::new(),
    };
    audit.references().await?;
    audit.house().await?;
    audit.customers().await?;
    claims::all(db, &mut audit.findings).await?;
    audit.strays().await?;
    Ok(audit.findings)
}

/// A check under way.
struct Audit<'d> {
    db: &'d DatabaseConnection,
    findings: Vec<Finding>,
    /// Scales of the units seen so far.
    units: HashMap<CreditTypeId, Scale>,
    /// Products seen so far.
    products: BTreeSet<ProductId>,
}

impl Audit<'_> {
    /// Units and products: what belongs to no customer and everyone names.
    async fn references(&mut self) -> Result<(), DbErr> {
        let snapshot = Snapshot::begin(self.db).await?;
        let (units, products) = (&mut self.units, &mut self.products);
        let sql = snapshot.sql("SELECT * FROM credit_type");
        snapshot
            .each::<credit_type::Entity>(sql, &mut self.findings, |_, row| {
                units.insert(row.id, u8::try_from(row.scale).unwrap_or_default());
            })
            .await?;
        let sql = snapshot.sql("SELECT * FROM product");
        snapshot
            .each::<product::Entity>(sql, &mut self.findings, |_, row| {
                products.insert(row.id);
            })
            .await?;
        clocks::all(&snapshot, &mut self.findings).await?;
        let (mut named, sql) = (
            Vec::new(),
            snapshot.sql("SELECT * FROM product_external_id"),
        );
        snapshot
            .each::<product_external_id::Entity>(sql, &mut self.findings, |_, row| named.push(row))
            .await?;
        for row in named {
            if !self.products.contains(&row.product_id) {
                let what = "the product that it names is not there";
                self.findings.push(Finding::of(&row, what));
            }
        }
        let sql = snapshot.sql("SELECT * FROM custom_field_key");
        snapshot
            .each::<custom_field_key::Entity>(sql, &mut self.findings, |_, _| {})
            .await?;
        snapshot.end().await
    }

    /// Events and keys of what belongs to no customer.
    async fn house(&mut self) -> Result<(), DbErr> {
        let snapshot = Snapshot::begin(self.db).await?;
        trail::check(&snapshot, CustomerId::HOUSE, &mut self.findings).await?;
        beside::check(&snapshot, CustomerId::HOUSE, &mut self.findings).await?;
        snapshot.end().await
    }

    async fn customers(&mut self) -> Result<(), DbErr> {
        let mut after = None;
        loop {
            let snapshot = Snapshot::begin(self.db).await?;
            let (page, next) = snapshot
                .page::<entity::customer::Entity>(None, after, CUSTOMERS)
                .await?;
            snapshot.end().await?;
            for row in page {
                match row.try_get::<Uuid>("", "id") {
                    Ok(id) => self.customer(CustomerId(id)).await?,
                    Err(_) => drop(rows::read::<entity::customer::Entity>(
                        &row,
                        self.db.get_database_backend(),
                        &mut self.findings,
                    )),
                }
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Everything of one customer, in one snapshot.
    async fn customer(&mut self, id: CustomerId) -> Result<(), DbErr> {
        let snapshot = Snapshot::begin(self.db).await?;
        let mut books = Books::load(&snapshot, id, &mut self.findings).await?;
        entries::check(&snapshot, &mut books, &mut self.findings).await?;
        spending::check(&snapshot, &mut books, &mut self.findings).await?;
        self.look_up(&snapshot, &books).await?;
        books.check(&self.units, &mut self.findings);
        granted::check(&books, &self.units, &mut self.findings);
        clocks::of_customer(&snapshot, &books, &mut self.findings).await?;
        claims::of_customer(&snapshot, &books, &mut self.findings).await?;
        trail::check(&snapshot, id, &mut self.findings).await?;
        beside::check(&snapshot, id, &mut self.findings).await?;
        snapshot.end().await
    }

    /// Looks up units and products that were not there when the check began.
    async fn look_up(&mut self, snapshot: &Snapshot, books: &Books) -> Result<(), DbErr> {
        let named = books.names.iter();
        let unknown: BTreeSet<Uuid> = named
            .map(|named| named.id)
            .chain(books.accounts.keys().map(|id| id.0))
            .filter(|id| {
                !self.units.contains_key(&CreditTypeId(*id))
                    && !self.products.contains(&ProductId(*id))
            })
            .collect();
        if !unknown.is_empty() {
            let mut unread = Vec::new();
            let mut sql = snapshot.sql("SELECT * FROM credit_type WHERE ");
            sql.among("id", unknown.iter().copied());
            snapshot
                .each::<credit_type::Entity>(sql, &mut unread, |_, row| {
                    self.units
                        .insert(row.id, u8::try_from(row.scale).unwrap_or_default());
                })
                .await?;
            let mut sql = snapshot.sql("SELECT * FROM product WHERE ");
            sql.among("id", unknown);
            snapshot
                .each::<product::Entity>(sql, &mut unread, |_, row| {
                    self.products.insert(row.id);
                })
                .await?;
        }
        for named in &books.names {
            let known = match named.what {
                books::Named::Product => self.products.contains(&ProductId(named.id)),
                books::Named::Unit => self.units.contains_key(&CreditTypeId(named.id)),
            };
            if !known {
                let what = format!("names a {} that is not there: {}", named.what, named.id);
                self.findings
                    .push(Finding::new(named.table, &named.row, what));
            }
        }
        Ok(())
    }

    /// Rows of customers that are not there. Events and keys may be the house's.
    async fn strays(&mut self) -> Result<(), DbErr> {
        self.strays_in::<contract::Entity>(false).await?;
        self.strays_in::<account::Entity>(false).await?;
        self.strays_in::<segment::Entity>(false).await?;
        self.strays_in::<credit_grant::Entity>(false).await?;
        self.strays_in::<credit::Entity>(false).await?;
        self.strays_in::<drawdown::Entity>(false).await?;
        self.strays_in::<ledger_entry::Entity>(false).await?;
        self.strays_in::<object_detail::Entity>(true).await?;
        self.strays_in::<event::Entity>(true).await?;
        self.strays_in::<idempotency::Entity>(true).await
    }

    async fn strays_in<E: EntityTrait>(&mut self, house_too: bool) -> Result<(), DbErr> {
        let snapshot = Snapshot::begin(self.db).await?;
        let table = E::default();
        let mut sql = snapshot.sql(&format!(
            "SELECT t.* FROM {} t WHERE NOT EXISTS \
             (SELECT 1 FROM customer c WHERE c.id = t.customer_id)",
            table.table_name()
        ));
        if house_too {
            sql.text(" AND t.customer_id <> ").bind(CustomerId::HOUSE.0);
        }
        snapshot
            .each::<E>(sql, &mut self.findings, |findings, row| {
                findings.push(Finding::of(&row, "its customer is not there"));
            })
            .await?;
        snapshot.end().await
    }
}
