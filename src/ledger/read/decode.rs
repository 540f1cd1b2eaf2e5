//! Rows of the lists that are read most, by place rather than by name of column: looking names up
//! costs an eighth of the time of a nested read.

use domain::Instant;
use entity::{credit_grant, customer, drawdown, ledger_entry, segment};
use sea_orm::sea_query::ValueType;
use sea_orm::{DbErr, QueryResult, TryGetable};

use super::GrantRow;
use super::scope::owned;

owned!(in order:
    EntryRow: |EntryRow(row)| Owner::Customer(row.customer_id),
    SegmentRow: |SegmentRow(row)| Owner::Customer(row.customer_id),
);

/// The columns of a row, one after the other.
pub(in crate::ledger) trait InOrder {
    /// The next one.
    ///
    /// # Errors
    /// When it is not what it should be.
    fn next<T: TryGetable + ValueType>(&mut self) -> Result<T, DbErr>;
}

/// A row that is read column by column.
pub(in crate::ledger) trait Ordered: Sized {
    /// Reads the columns that stand first.
    ///
    /// # Errors
    /// When one is not what it should be.
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr>;
}

/// Those of a row as SeaORM answers it.
pub(super) struct Columns<'r> {
    row: &'r QueryResult,
    next: usize,
}

impl<'r> Columns<'r> {
    /// From the first on.
    pub(super) fn of(row: &'r QueryResult) -> Self {
        Self { row, next: 0 }
    }
}

impl InOrder for Columns<'_> {
    fn next<T: TryGetable + ValueType>(&mut self) -> Result<T, DbErr> {
        let place = self.next;
        self.next = place.saturating_add(1);
        self.row.try_get_by_index(place)
    }
}

/// Has SeaORM's rows read in the same way.
macro_rules! in_order_alone {
    ($($row:ty),* $(,)?) => {$(impl ::sea_orm::FromQueryResult for $row {
        fn from_query_result(row: &::sea_orm::QueryResult, _: &str) -> Result<Self, ::sea_orm::DbErr> {
            use $crate::ledger::read::decode::{Columns, Ordered};
            <Self as Ordered>::read(&mut Columns::of(row))
        }
    })*};
}

pub(super) use in_order_alone;

/// Fills a model whose columns stand in the order of its fields, as `dialect::columns` selects
/// them.
macro_rules! in_order {
    ($columns:ident, $model:path { $($field:ident),* $(,)? }) => {{
        use $model as Model;
        Model { $($field: $columns.next()?),* }
    }};
}

in_order_alone!(EntryRow, SegmentRow, GrantRow);

/// A ledger entry.
#[derive(Clone)]
pub(super) struct EntryRow(pub(super) ledger_entry::Model);

impl Ordered for EntryRow {
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr> {
        Ok(Self(in_order!(
            columns,
            ledger_entry::Model {
                id,
                customer_id,
                credit_type_id,
                sequence,
                kind,
                amount,
                running_balance,
                effective_at,
                recorded_at,
                effective_max,
                late,
                created_by,
                reason,
                segment_id,
                credit_grant_id,
                credit_id,
                drawdown_id,
                invoice_id,
                hash,
            }
        )))
    }
}

/// A segment.
pub(in crate::ledger) struct SegmentRow(pub(in crate::ledger) segment::Model);

impl Ordered for SegmentRow {
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr> {
        segment(columns).map(Self)
    }
}

impl Ordered for customer::Model {
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr> {
        Ok(in_order!(
            columns,
            customer::Model {
                id,
                external_id,
                name,
                custom_fields,
                created_at,
                created_by,
                updated_at,
                archived_at,
                digest,
                test_clock_id,
                clock_now,
            }
        ))
    }
}

impl Ordered for drawdown::Model {
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr> {
        Ok(in_order!(
            columns,
            drawdown::Model {
                id,
                customer_id,
                credit_type_id,
                status,
                amount,
                applied,
                shortfall,
                released,
                reversed,
                slices,
                product_id,
                contract_id,
                effective_at,
                hold_expires_at,
                settled_at,
                reason,
                invoice_id,
                metadata,
                created_at,
                created_by,
                idempotency_key,
                input,
                digest,
            }
        ))
    }
}

impl Ordered for GrantRow {
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr> {
        Ok(Self {
            grant: in_order!(
                columns,
                credit_grant::Model {
                    id,
                    customer_id,
                    credit_type_id,
                    segment_id,
                    name,
                    reason,
                    grant_type,
                    category,
                    amount,
                    paid_amount,
                    paid_credit_type_id,
                    priority,
                    effective_at,
                    expires_at,
                    invoice_date,
                    invoice_id,
                    product_ids,
                    rollover_kind,
                    rollover_value,
                    rollover_priority,
                    rollover_expires_at,
                    rolled_over_from,
                    rolled_over_to,
                    custom_fields,
                    uniqueness_key,
                    created_at,
                    created_by,
                    updated_at,
                    voided_at,
                    digest,
                }
            ),
            segment: segment(columns)?,
            now: Instant::MIN,
        })
    }
}

/// A segment whose columns stand in the order of its fields.
///
/// # Errors
/// When a column is not what it should be.
pub(in crate::ledger) fn segment(columns: &mut impl InOrder) -> Result<segment::Model, DbErr> {
    Ok(in_order!(
        columns,
        segment::Model {
            id,
            customer_id,
            credit_type_id,
            credit_grant_id,
            credit_id,
            amount,
            starts_at,
            ends_at,
            remaining,
            held,
            used,
            rolled_over,
            written_off,
            manual,
            expirations,
            started,
            ended,
            open,
            voided_at,
            decided_at,
            priority,
            contract_level,
            category,
            rolled_in,
            scope,
            rollover,
            created_at,
            digest,
        }
    ))
}
