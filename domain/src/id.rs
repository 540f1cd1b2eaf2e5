//! Typed ids, so that a grant's id can not be passed where a credit's is meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of nothing: what a text that is no UUID is read as (decision 27). No object ever has it.
pub const NOTHING: Uuid = Uuid::max();

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads an id; a text that is no UUID is the id of nothing (decision 27).
            #[must_use]
            pub fn read(text: &str) -> Self {
                Self(Uuid::try_parse(text).unwrap_or(NOTHING))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        #[cfg(feature = "sea-orm")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )*};
}

id! {
    /// An API key.
    ApiKeyId,
    /// A contract of a customer.
    ContractId,
    /// A credit grant: one segment with a price paid and a category.
    CreditGrantId,
    /// A credit: an access schedule of segments.
    CreditId,
    /// A credit type: a currency, or the seller's own unit.
    CreditTypeId,
    /// Who owns credit.
    CustomerId,
    /// A request for credit and the slices that served it.
    DrawdownId,
    /// A row of the audit trail.
    EventId,
    /// One movement of an account.
    LedgerEntryId,
    /// What usage is booked under.
    ProductId,
    /// An amount with a window; the only thing that is ever drawn from.
    SegmentId,
    /// A key that customer tokens are signed with.
    SigningKeyId,
    /// A test clock: a time of its own for some customers.
    TestClockId,
    /// Where events are sent to.
    WebhookEndpointId,
}

impl CustomerId {
    /// The house itself: owner of what belongs to no customer (`sql-on-citus` rule 8).
    pub const HOUSE: Self = Self(Uuid::nil());
}

impl CreditTypeId {
    /// USD (cents), present from the first start (decision 28).
    pub const USD: Self = Self(Uuid::from_u128(0x2714_e483_4ff1_48e4_9e25_ac73_2e8f_24f2));
}
