//! Inputs about test clocks.

use async_graphql::{ID, InputObject};
use domain::TestClockId;

use super::Ask;
use crate::graphql::scalar::DateTime;
use crate::ledger::command::input::{AdvanceTestClock, CreateTestClock, DeleteTestClock};

/// Of `createTestClock`.
#[derive(Debug, InputObject)]
pub struct CreateTestClockInput {
    /// 1..255 characters.
    name: Option<String>,
    /// The time it shows.
    frozen_time: DateTime,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateTestClockInput {
    type Command = CreateTestClock;

    fn ask(self) -> (CreateTestClock, Option<String>) {
        let command = CreateTestClock {
            name: self.name,
            frozen_time: self.frozen_time.0,
        };
        (command, self.idempotency_key)
    }
}

/// Of `advanceTestClock`.
#[derive(Debug, InputObject)]
pub struct AdvanceTestClockInput {
    /// Which.
    id: ID,
    /// The time it is to show: after the one it shows.
    frozen_time: DateTime,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for AdvanceTestClockInput {
    type Command = AdvanceTestClock;

    fn ask(self) -> (AdvanceTestClock, Option<String>) {
        let command = AdvanceTestClock {
            id: TestClockId::read(&self.id),
            frozen_time: self.frozen_time.0,
            days_max: None,
        };
        (command, self.idempotency_key)
    }
}

/// Of `deleteTestClock`.
#[derive(Debug, InputObject)]
pub struct DeleteTestClockInput {
    /// Which.
    id: ID,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for DeleteTestClockInput {
    type Command = DeleteTestClock;

    fn ask(self) -> (DeleteTestClock, Option<String>) {
        let id = TestClockId::read(&self.id);
        (DeleteTestClock { id }, self.idempotency_key)
    }
}
