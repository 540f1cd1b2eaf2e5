//! What a transaction on the books speaks through: SeaORM, on either database; a pipe, on PostgreSQL
//! (`pipe.rs`), where what is written may wait for the end of the transaction; or SQLite itself, in
//! the thread of the lane (`embedded.rs`).

use entity::{
    account, api_key, contract, credit, credit_grant, credit_type, custom_field_key,
    custom_field_value, customer, customer_external_id, customer_ingest_alias, drawdown,
    idempotency, object_detail, product, product_external_id, segment, signing_key, test_clock,
    uniqueness_key, webhook_endpoint,
};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryResult, Statement,
    TryIntoModel, Value,
};

use super::cells::Cells;
use super::read::{SegmentRow, segment as segment_in_order};

/// A table whose rows can be read through either.
pub(crate) trait Table:
    EntityTrait<ActiveModel: TryIntoModel<<Self as EntityTrait>::Model>>
{
    /// A row as SeaORM answers it.
    ///
    /// # Errors
    /// When a column is not what it should be.
    fn row(row: &QueryResult) -> Result<Self::Model, DbErr> {
        Self::Model::from_query_result(row, "")
    }

    /// A row as a pipe, or SQLite itself, answers it.
    ///
    /// # Errors
    /// When a column is not what it should be.
    fn cells(cells: &mut Cells<'_>) -> Result<Self::Model, DbErr> {
        cells.model::<Self>()
    }
}

macro_rules! tables {
    ($($table:ident),* $(,)?) => {$(
        impl Table for $table::Entity {}
    )*};
}

tables!(
    account,
    api_key,
    contract,
    credit,
    credit_grant,
    credit_type,
    custom_field_key,
    custom_field_value,
    customer,
    customer_external_id,
    customer_ingest_alias,
    drawdown,
    idempotency,
    object_detail,
    product,
    product_external_id,
    signing_key,
    test_clock,
    uniqueness_key,
    webhook_endpoint,
);

impl Table for segment::Entity {
    /// By place of column: looking up the names of 28 columns of five open segments costs more than
    /// planning the drawdown that reads them.
    fn row(row: &QueryResult) -> Result<segment::Model, DbErr> {
        SegmentRow::from_query_result(row, "").map(|row| row.0)
    }

    fn cells(cells: &mut Cells<'_>) -> Result<segment::Model, DbErr> {
        segment_in_order(cells)
    }
}

/// How many rows a statement has to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// However many there are.
    Any,
    /// So many that were not there: fewer where another server was faster.
    New(u64),
    /// So many that were there.
    There(u64),
    /// So many that were there, under the lock of their account or compared with what was kept: nobody
    /// removes one.
    Locked(u64),
}

impl Wanted {
    /// Whether it has to be looked at before the transaction is committed.
    pub(super) fn may_fail(self) -> bool {
        matches!(self, Self::New(_) | Self::There(_))
    }

    /// # Errors
    /// `RecordNotInserted`, `RecordNotUpdated`: to be tried anew.
    pub(super) fn check(self, written: u64) -> Result<(), DbErr> {
        match self {
            Self::New(rows) if rows != written => Err(DbErr::RecordNotInserted),
            Self::There(rows) | Self::Locked(rows) if rows != written => {
                Err(DbErr::RecordNotUpdated)
            }
            _ => Ok(()),
        }
    }
}

/// A transaction, or a connection.
pub(crate) trait Db: Sync {
    /// Which database it is.
    fn backend(&self) -> DbBackend;

    /// Whether lists of values may hold NULL.
    fn binds_nulls(&self) -> bool {
        false
    }

    /// The rows that a statement answers: all columns of a table, in their order.
    fn rows<T: Table>(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<T::Model>, DbErr>> + Send;

    /// Whether [`Db::copy`] can be used.
    fn copies(&self) -> bool {
        false
    }

    /// Adds rows to a table, now or later, as `write` does: the text is a `COPY .. FROM STDIN (FORMAT
    /// binary)` of as many columns as each row has.
    fn copy(
        &self,
        _text: String,
        _rows: Vec<Vec<Value>>,
    ) -> impl Future<Output = Result<(), DbErr>> + Send {
        let what = "rows can not be copied by this way";
        std::future::ready(Err(DbErr::Custom(what.to_owned())))
    }

    /// Writes, or locks, now or later, but before anything that is asked for afterwards.
    fn write(
        &self,
        statement: Statement,
        wanted: Wanted,
    ) -> impl Future<Output = Result<(), DbErr>> + Send;
}

impl<C: ConnectionTrait + Sync> Db for C {
    fn backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn rows<T: Table>(&self, statement: Statement) -> Result<Vec<T::Model>, DbErr> {
        let rows = self.query_all_raw(statement).await?;
        rows.iter().map(T::row).collect()
    }

    async fn write(&self, statement: Statement, wanted: Wanted) -> Result<(), DbErr> {
        let written = self.execute_raw(statement).await?.rows_affected();
        wanted.check(written)
    }
}
