//! Inputs about contracts.

use async_graphql::{ID, InputObject};
use domain::{ContractId, CustomerId};

use super::{Ask, instant, json};
use crate::graphql::scalar::{DateTime, Json};
use crate::ledger::command::input::{
    ArchiveContract, ContractExtra, CreateContract, EndContract, ExtendContract,
};

/// Of `createContract`.
#[derive(Debug, InputObject)]
pub struct CreateContractInput {
    /// Whose.
    customer_id: ID,
    /// 1..255 characters.
    name: Option<String>,
    /// First instant of it.
    starting_at: DateTime,
    /// First instant after it.
    ending_before: Option<DateTime>,
    /// A JSON object.
    custom_fields: Option<Json>,
    /// A JSON object that is kept and that no rule reads.
    details: Option<Json>,
    /// 1..128 characters, kept for ever: a second use answers UNIQUENESS_KEY_TAKEN.
    uniqueness_key: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateContractInput {
    type Command = CreateContract;

    fn ask(self) -> (CreateContract, Option<String>) {
        let command = CreateContract {
            customer_id: CustomerId::read(&self.customer_id),
            name: self.name,
            starting_at: self.starting_at.0,
            ending_before: instant(self.ending_before),
            extra: ContractExtra {
                custom_fields: json(self.custom_fields),
                details: json(self.details),
                uniqueness_key: self.uniqueness_key,
                credits: Vec::new(),
            },
        };
        (command, self.idempotency_key)
    }
}

/// Of `endContract`.
#[derive(Debug, InputObject)]
pub struct EndContractInput {
    /// Which.
    id: ID,
    /// The new end, before the present one.
    ending_before: DateTime,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for EndContractInput {
    type Command = EndContract;

    fn ask(self) -> (EndContract, Option<String>) {
        let command = EndContract {
            id: ContractId::read(&self.id),
            ending_before: self.ending_before.0,
        };
        (command, self.idempotency_key)
    }
}

/// Of `archiveContract`.
#[derive(Debug, InputObject)]
pub struct ArchiveContractInput {
    /// Which.
    id: ID,
    /// Noted in the event, for the seller's billing.
    #[graphql(default_with = "Some(false)")]
    void_invoices: Option<bool>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for ArchiveContractInput {
    type Command = ArchiveContract;

    fn ask(self) -> (ArchiveContract, Option<String>) {
        let command = ArchiveContract {
            id: ContractId::read(&self.id),
            void_invoices: self.void_invoices.unwrap_or_default(),
        };
        (command, self.idempotency_key)
    }
}

/// Of `extendContract`.
#[derive(Debug, InputObject)]
pub struct ExtendContractInput {
    /// Which.
    id: ID,
    /// The new end, after the present one; default: never.
    ending_before: Option<DateTime>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for ExtendContractInput {
    type Command = ExtendContract;

    fn ask(self) -> (ExtendContract, Option<String>) {
        let command = ExtendContract {
            id: ContractId::read(&self.id),
            ending_before: instant(self.ending_before),
        };
        (command, self.idempotency_key)
    }
}
