//! What makes a clock or a source of ids panic, as if it were a fault of the code that asks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{IdSource, Instant};
use uuid::Uuid;

/// Nothing is to break.
const WHOLE: i64 = i64::MAX;
/// Everything is.
const BROKEN: i64 = i64::MIN;

/// Panics when it is told to.
#[derive(Debug)]
pub struct Fuse(AtomicI64);

impl Default for Fuse {
    fn default() -> Self {
        Self(AtomicI64::new(WHOLE))
    }
}

impl Fuse {
    /// So many uses go well, the one after them panics, and those that follow go well again.
    pub fn break_after(&self, uses: i64) {
        self.0.store(uses, Ordering::SeqCst);
    }

    /// Every use panics until it is mended.
    pub fn break_for_good(&self) {
        self.0.store(BROKEN, Ordering::SeqCst);
    }

    /// No use panics. Answers whether one did since it was told to.
    pub fn mend(&self) -> bool {
        self.0.swap(WHOLE, Ordering::SeqCst) < 0
    }

    /// A use.
    pub fn pass(&self) {
        let used = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                (left != WHOLE && left != BROKEN).then(|| left.saturating_sub(1))
            });
        assert!(!matches!(used, Ok(0) | Err(BROKEN)), "on purpose");
    }
}

/// Ids of another source, behind a fuse.
#[derive(Debug)]
pub struct Fused<S: ?Sized> {
    pub fuse: Fuse,
    ids: Arc<S>,
}

impl<S: ?Sized> Fused<S> {
    /// Whole.
    pub fn new(ids: Arc<S>) -> Self {
        Self {
            fuse: Fuse::default(),
            ids,
        }
    }
}

impl<S: IdSource + ?Sized> IdSource for Fused<S> {
    fn next(&self, at: Instant) -> Uuid {
        self.fuse.pass();
        self.ids.next(at)
    }
}
