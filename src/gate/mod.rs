//! What holds all ways in to the same limits together: how often one may ask with a key, and how many
//! requests are under way, how a body may be packed. GraphQL and the REST calls of others share it, and word its refusals each
//! in its own way.

mod packing;
mod places;
mod rates;
mod values;

use std::sync::Arc;

pub use self::packing::{NoBody, body};
pub use self::places::{Place, Places};
use self::rates::Rates;
pub use self::rates::TooOften;
pub use self::values::ValuesMax;
use crate::config::Limits;
use crate::ledger::Caller;

/// The gate of a server. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Gate {
    requests: Places,
    rates: Arc<Rates>,
}

impl Gate {
    /// A gate that holds all to these limits.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            requests: Places::new(limits.requests_max),
            rates: Arc::new(Rates::new(limits)),
        }
    }

    /// A place among the requests under way, given back when it is dropped; `None`: there are too
    /// many.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.requests.take()
    }

    /// Counts a request of a caller; `bearer` is the key or token that it came with.
    ///
    /// # Errors
    /// When the caller asks too often.
    pub fn take(&self, caller: &Caller, bearer: &str) -> Result<(), TooOften> {
        self.rates.take(caller, bearer)
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
