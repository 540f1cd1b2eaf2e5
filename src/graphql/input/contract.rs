//! Inputs about contracts.

use async_graphql::{ID, InputObject};
use domain::{ContractId, CustomerId};

use super::{Ask, instant};
use crate::graphql::scalar::DateTime;
use crate::ledger::command::input::{CreateContract, EndContract};

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
