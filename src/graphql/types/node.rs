//! `Node`: anything that has an id.

use std::sync::Arc;

use async_graphql::{ID, Interface};

use super::{
    ApiKey, Contract, Credit, CreditGrant, CreditType, Customer, Drawdown, Event, LedgerEntry,
    Product,
};
use crate::ledger::read::NodeRow;

/// Anything that has an id. Ids are unique over all types.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "UUID."))]
#[expect(
    clippy::large_enum_variant,
    reason = "made one at a time, looked at, dropped"
)]
pub enum Node {
    /// A customer.
    Customer(Customer),
    /// A credit type.
    CreditType(CreditType),
    /// A product.
    Product(Product),
    /// A contract.
    Contract(Contract),
    /// A credit grant.
    CreditGrant(CreditGrant),
    /// A credit.
    Credit(Credit),
    /// A ledger entry.
    LedgerEntry(LedgerEntry),
    /// A drawdown.
    Drawdown(Drawdown),
    /// An event.
    Event(Event),
    /// A key; only for role ADMIN.
    ApiKey(ApiKey),
}

impl From<NodeRow> for Node {
    fn from(row: NodeRow) -> Self {
        match row {
            NodeRow::Customer(row) => Self::Customer(row.into()),
            NodeRow::CreditType(row) => Self::CreditType(CreditType(Arc::new(row))),
            NodeRow::Product(row) => Self::Product(row.into()),
            NodeRow::Contract(row) => Self::Contract(row.into()),
            NodeRow::Grant(row) => Self::CreditGrant(row.into()),
            NodeRow::Credit(row) => Self::Credit(row.into()),
            NodeRow::Entry(row) => Self::LedgerEntry(row.into()),
            NodeRow::Drawdown(row) => Self::Drawdown(row.into()),
            NodeRow::Event(row) => Self::Event(row.into()),
            NodeRow::ApiKey(row) => Self::ApiKey(row.into()),
        }
    }
}
