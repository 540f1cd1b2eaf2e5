//! Batches of which a lane has everything at hand are carried out without reading: in one burst, where
//! else one reads and one writes.
//!
//! What is at hand may be out of date: another server may have written the account, archived the
//! customer, put up a webhook endpoint. So the statement that writes the accounts also says what all
//! that was taken to be, by its digests, and fails where it is not: then nothing of the batch stands, and
//! it is carried out anew with everything read. Accounts that were only looked at, as for a refusal, are
//! compared by a statement of their own. Locks are taken in writing; one that is not had at once makes
//! the batch fail too, so that a locked account does not hold up the others of its lane.

use domain::book::Account;
use entity::account;
use sea_orm::sea_query::ArrayType;
use sea_orm::{DbBackend, DbErr, Statement, Value};
use uuid::Uuid;

use super::db::{Db, Wanted};
use super::outbox::Listener;
use super::sql;
use super::work::{Fate, Needs, OpenBook, Rows, Tracked, Work};

/// Whether a batch needs nothing but accounts, customers, units and drawdowns.
pub(super) fn needs_little(needs: &mut Needs) -> bool {
    let at_hand = (
        std::mem::take(&mut needs.accounts),
        std::mem::take(&mut needs.customers),
        std::mem::take(&mut needs.credit_types),
        std::mem::take(&mut needs.drawdowns),
    );
    let little = *needs == Needs::default();
    (
        needs.accounts,
        needs.customers,
        needs.credit_types,
        needs.drawdowns,
    ) = at_hand;
    little && !needs.accounts.is_empty()
}

/// Rows that have to be what they were: by id, and the digests of all of them in that order.
#[derive(Default)]
struct Known {
    ids: Vec<Uuid>,
    digests: Vec<u8>,
}

impl<'r> FromIterator<(Uuid, &'r [u8])> for Known {
    fn from_iter<I: IntoIterator<Item = (Uuid, &'r [u8])>>(rows: I) -> Self {
        let mut known = Self::default();
        for (id, digest) in rows {
            known.ids.push(id);
            known.digests.extend(digest);
        }
        known
    }
}

/// What has to hold for what was worked out without reading.
pub(super) struct Guard {
    /// The digests of the accounts that are written, in the order of their keys.
    pub(super) written: Vec<Value>,
    /// The accounts that were only looked at: whose, in which unit, digest.
    looked_at: [Vec<Value>; 3],
    customers: Known,
    units: Known,
    listeners: Known,
}

impl Guard {
    /// What a batch took for granted.
    ///
    /// # Errors
    /// `RecordNotUpdated` where it has changed some of that: to be carried out with everything read.
    pub(super) fn of(
        work: &Work<'_>,
        is_written: impl Fn(&OpenBook) -> bool,
    ) -> Result<Self, DbErr> {
        let (mut written, mut looked_at) = (Vec::new(), [const { Vec::new() }; 3]);
        for open in work.state.books.values() {
            let row = open.row.as_ref().ok_or(DbErr::RecordNotUpdated)?;
            if is_written(open) {
                written.push(digest(row));
                continue;
            }
            let [customers, units, digests] = &mut looked_at;
            customers.push(Value::from(row.customer_id.0));
            units.push(Value::from(row.credit_type_id.0));
            digests.push(digest(row));
        }
        let customers = taken_for_granted(&work.state.customers)?;
        let units = taken_for_granted(&work.state.credit_types)?;
        Ok(Self {
            written,
            looked_at,
            customers: customers
                .map(|row| (row.id.0, row.digest.as_slice()))
                .collect(),
            units: units.map(|row| (row.id.0, row.digest.as_slice())).collect(),
            listeners: work.listeners.iter().map(Listener::known).collect(),
        })
    }

    /// Compares what was only looked at, if anything was.
    ///
    /// # Errors
    /// What the database says: 22012 where something is not what it was taken to be.
    pub(super) async fn compare_others(&self, db: &impl Db) -> Result<(), DbErr> {
        if self.looked_at.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let kinds = [ArrayType::Uuid, ArrayType::Uuid, ArrayType::Bytes];
        let arrays = kinds.into_iter().zip(&self.looked_at);
        let mut values = arrays
            .map(|(kind, all)| Value::Array(kind, Some(Box::new(all.clone()))))
            .collect();
        let others = self.others(&mut values);
        let text = format!(
            "SELECT 1 / CASE WHEN (SELECT count(*) FROM unnest(CAST($1 AS uuid[]), CAST($2 AS uuid[]), \
             CAST($3 AS bytea[])) AS u(customer_id, credit_type_id, was) JOIN account ON \
             account.customer_id = u.customer_id AND account.credit_type_id = u.credit_type_id \
             WHERE account.digest = u.was) = cardinality($1) AND {others} THEN 1 ELSE 0 END"
        );
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, text, values);
        db.write(statement, Wanted::Any).await
    }

    /// A condition of the statement that writes the accounts: true, or an error (22012) where one of
    /// them is not `there`, or something else is not what it was taken to be. Appends the values that it
    /// names. It hangs on no row, so it is worked out once, and also where there is no row to write.
    pub(super) fn holds(&self, there: &str, values: &mut Vec<Value>) -> String {
        let others = self.others(values);
        format!("1 / CASE WHEN {there} AND {others} THEN 1 ELSE 0 END = 1")
    }

    /// What has to hold beside the accounts.
    fn others(&self, values: &mut Vec<Value>) -> String {
        let mut bind = |value: Value| {
            values.push(value);
            values.len()
        };
        let mut digests = |table: &str, known: &Known| {
            let ids = known.ids.iter().map(|id| Value::from(*id)).collect();
            let ids = bind(Value::Array(ArrayType::Uuid, Some(Box::new(ids))));
            let digests = bind(Value::from(known.digests.clone()));
            format!(
                "(SELECT string_agg({table}.digest, ''::bytea ORDER BY {table}.id) FROM {table} \
                 WHERE {table}.id = ANY(${ids}::uuid[])) = ${digests}::bytea"
            )
        };
        let customers = digests("customer", &self.customers);
        let units = digests("credit_type", &self.units);
        let listeners = bind(Value::from(self.listeners.digests.clone()));
        format!(
            "{customers} AND {units} AND (SELECT coalesce(string_agg(e.digest, ''::bytea ORDER BY e.id), \
             ''::bytea) FROM webhook_endpoint e WHERE e.enabled AND e.deleted_at IS NULL) = \
             ${listeners}::bytea"
        )
    }
}

/// The digest that the row of an account has.
fn digest(row: &Account) -> Value {
    sql::digest_of(&account::Model::from(row))
}

/// The rows of a table that were at hand; an error if the batch has changed one of them.
fn taken_for_granted<K, T>(rows: &Rows<K, T>) -> Result<impl Iterator<Item = &T>, DbErr> {
    let is_changed = |tracked: &Tracked<T>| tracked.fate == Fate::Changed;
    if rows.values().any(is_changed) {
        return Err(DbErr::RecordNotUpdated);
    }
    let same = rows.values().filter(|tracked| tracked.fate == Fate::Same);
    Ok(same.map(|tracked| &tracked.row))
}
