//! Inputs: they only convert; what is right is decided behind them. `null` says the same as
//! leaving a field out: it never clears anything.

mod access;
mod catalog;
mod contract;
mod credit;
mod credit_grant;
mod custom_field;
mod customer;
mod drawdown;
mod filter;
mod plain;
mod test_clock;
mod webhook;

use async_graphql::{ID, InputType};
use domain::CreditTypeId;

use super::scalar::{DateTime, Json};
use crate::ledger::Command;

pub use access::{CreateApiKeyInput, CreateCustomerTokenInput, RevokeApiKeyInput};
pub use catalog::{
    AddProductExternalIdInput, CreateCreditTypeInput, CreateProductInput, UpdateCreditTypeInput,
    UpdateProductInput,
};
pub use contract::{
    ArchiveContractInput, CreateContractInput, EndContractInput, ExtendContractInput,
};
pub use credit::{CreateCreditInput, EditCreditInput, EndCreditInput, VoidCreditInput};
pub use credit_grant::{
    CreateCreditGrantInput, EditCreditGrantInput, ExpireCreditGrantInput, VoidCreditGrantInput,
};
pub use custom_field::{AddCustomFieldKeyInput, RemoveCustomFieldKeyInput, SetCustomFieldsInput};
pub use customer::{ArchiveCustomerInput, CreateCustomerInput, UpdateCustomerInput};
pub use drawdown::{
    AddManualLedgerEntryInput, CaptureDrawdownInput, DrawDownInput, ReleaseDrawdownInput,
    ReverseDrawdownInput,
};
pub use filter::{
    CreditFilter, CreditGrantFilter, CustomerFilter, EventFilter, LedgerEntryFilter, or_all, uuid,
};
pub use plain::WithoutNul;
pub use test_clock::{AdvanceTestClockInput, CreateTestClockInput, DeleteTestClockInput};
pub use webhook::{
    CreateWebhookEndpointInput, DeleteWebhookEndpointInput, ReplayWebhookDeliveryInput,
    RotateWebhookSecretInput, UpdateWebhookEndpointInput,
};

/// An input of a mutation: a command, and the key under which it may be repeated.
pub trait Ask: InputType {
    /// What the ledger is asked.
    type Command: Into<Command> + Send;

    /// Converts.
    fn ask(self) -> (Self::Command, Option<String>);
}

/// The unit that is meant: USD (cents) where none is named.
fn unit(id: Option<&ID>) -> CreditTypeId {
    id.map_or(CreditTypeId::USD, |id| CreditTypeId::read(id))
}

/// Ids of a list, in its order.
fn ids<T>(ids: Option<Vec<ID>>, read: fn(&str) -> T) -> Option<Vec<T>> {
    ids.map(|ids| ids.iter().map(|id| read(id)).collect())
}

/// An id, if there is one.
fn id<T>(id: Option<ID>, read: fn(&str) -> T) -> Option<T> {
    id.map(|id| read(&id))
}

fn instant(time: Option<DateTime>) -> Option<domain::Instant> {
    time.map(|time| time.0)
}

fn json(value: Option<Json>) -> Option<serde_json::Value> {
    value.map(Into::into)
}
