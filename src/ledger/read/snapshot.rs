//! Several statements of the same state of the database.

use std::sync::Arc;

use super::{Read, Reader};
use crate::ledger::connect::again;
use crate::ledger::snapshot::snapshot;

impl Reader {
    /// The same reads, all of the same state of the database: what is put together from several statements
    /// would else have what was committed between them, and not what was committed with it.
    pub(super) async fn at_once(&self) -> Read<Self> {
        let begun = again!(snapshot(&self.db))?;
        Ok(Self {
            snapshot: Some(Arc::new(begun)),
            together: None,
            ..self.clone()
        })
    }
}
