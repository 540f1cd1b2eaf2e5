//! What the rules need of a credit type.

use std::sync::Arc;

use crate::burn::BurnDownKey;
use crate::{CreditTypeId, Scale};

/// A pricing unit: scale and burn-down order are fixed at creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditType {
    /// Its id.
    pub id: CreditTypeId,
    /// Decimal places kept, 0..9.
    pub scale: Scale,
    /// The keys that order its segments; the segment's id closes the list.
    pub burn_down_order: Arc<[BurnDownKey]>,
    /// Archived types accept no new grant or credit.
    pub archived: bool,
}
