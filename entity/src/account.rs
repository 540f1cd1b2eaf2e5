//! Table `account`: one customer in one credit type: a balance, a sequence of entries, a lock.

use domain::{CreditTypeId, CustomerId, Instant};
use sea_orm::entity::prelude::*;

/// One customer in one credit type: a balance, a sequence of entries, a lock.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// In which unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub credit_type_id: CreditTypeId,
    /// Sum of all entries, in minor units.
    pub balance: i64,
    /// Reserved by open holds, in minor units.
    pub held: i64,
    /// Number of the last entry.
    pub last_sequence: i64,
    /// Hash of the last entry; zeros before the first.
    pub last_hash: Vec<u8>,
    /// `recorded_at` of the last entry.
    pub recorded_max: Instant,
    /// Highest `effective_at` of all entries.
    pub effective_max: Instant,
    /// Longest time in µs by which an entry was recorded after it was true.
    pub lateness_max: i64,
    /// Longest time in µs that a hold was ever given.
    pub hold_span_max: i64,
    /// A hold may lapse then.
    pub next_lapse_at: Option<Instant>,
    /// Something is due then (rule 5).
    pub next_boundary_at: Option<Instant>,
    /// SHA-256 over all columns, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
    /// The time that its customer's test clock shows it, as the customer's row has it.
    pub clock_now: Option<Instant>,
    /// How often it, or anything in it, has been written; `None`: not since this is counted.
    pub revision: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
