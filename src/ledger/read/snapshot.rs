//! Several statements of the same state of the database.

use std::sync::Arc;

use sea_orm::{AccessMode, DbBackend, IsolationLevel, TransactionTrait};

use super::{Read, Reader};
use crate::ledger::connect::again;

impl Reader {
    /// The same reads, all of the same state of the database: what is put together from several statements
    /// would else have what was committed between them, and not what was committed with it.
    pub(super) async fn at_once(&self) -> Read<Self> {
        // SQLite's transactions see one state anyhow, and know no other way.
        let level = (self.db.get_database_backend() == DbBackend::Postgres)
            .then_some((IsolationLevel::RepeatableRead, AccessMode::ReadOnly));
        let (level, mode) = level.unzip();
        let begun = again!(self.db.begin_with_config(level, mode))?;
        Ok(Self {
            snapshot: Some(Arc::new(begun)),
            together: None,
            ..self.clone()
        })
    }
}
