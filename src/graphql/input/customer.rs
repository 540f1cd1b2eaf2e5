//! Inputs about customers.

use async_graphql::{ID, InputObject};
use domain::{CustomerId, TestClockId};

use super::{Ask, id, json};
use crate::graphql::scalar::Json;
use crate::ledger::command::input::{
    ArchiveCustomer, CreateCustomer, CustomerExtra, UpdateCustomer,
};

/// Of `createCustomer`.
#[derive(Debug, InputObject)]
pub struct CreateCustomerInput {
    /// 1..255 characters.
    name: String,
    /// The caller's own id for this customer, unique.
    external_id: Option<String>,
    /// A JSON object.
    custom_fields: Option<Json>,
    /// A test clock for it to live by, for good; without one it lives in real time.
    test_clock_id: Option<ID>,
    /// Names under which its usage is reported, each unique over all customers.
    ingest_aliases: Option<Vec<String>>,
    /// A JSON object that is kept and that no rule reads.
    details: Option<Json>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateCustomerInput {
    type Command = CreateCustomer;

    fn ask(self) -> (CreateCustomer, Option<String>) {
        let command = CreateCustomer {
            name: self.name,
            external_id: self.external_id,
            custom_fields: json(self.custom_fields),
            test_clock_id: id(self.test_clock_id, TestClockId::read),
            extra: CustomerExtra {
                ingest_aliases: self.ingest_aliases,
                details: json(self.details),
            },
        };
        (command, self.idempotency_key)
    }
}

/// Of `updateCustomer`: what is absent stays.
#[derive(Debug, InputObject)]
pub struct UpdateCustomerInput {
    /// Which.
    id: ID,
    /// 1..255 characters.
    name: Option<String>,
    /// The caller's own id for this customer, unique.
    external_id: Option<String>,
    /// A JSON object; takes the place of the old one.
    custom_fields: Option<Json>,
    /// Names under which its usage is reported; take the place of the old ones.
    ingest_aliases: Option<Vec<String>>,
    /// A JSON object that is kept and that no rule reads; by key, null takes one away.
    details: Option<Json>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for UpdateCustomerInput {
    type Command = UpdateCustomer;

    fn ask(self) -> (UpdateCustomer, Option<String>) {
        let command = UpdateCustomer {
            id: CustomerId::read(&self.id),
            name: self.name,
            external_id: self.external_id,
            custom_fields: json(self.custom_fields),
            extra: CustomerExtra {
                ingest_aliases: self.ingest_aliases,
                details: json(self.details),
            },
        };
        (command, self.idempotency_key)
    }
}

/// Of `archiveCustomer`.
#[derive(Debug, InputObject)]
pub struct ArchiveCustomerInput {
    /// Which.
    id: ID,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for ArchiveCustomerInput {
    type Command = ArchiveCustomer;

    fn ask(self) -> (ArchiveCustomer, Option<String>) {
        let id = CustomerId::read(&self.id);
        (ArchiveCustomer { id }, self.idempotency_key)
    }
}
