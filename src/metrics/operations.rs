//! Operations by name and outcome.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus::{IntCounter, IntCounterVec};

use super::{OUTCOMES, one_of};

/// Names of operations that are told apart; what comes later counts as `other`.
pub(super) const NAMES_MAX: usize = 200;
/// Places for them, so many more that few share a place.
const PLACES: usize = 1_024;
/// Characters of the name of an operation.
const NAME_MAX: usize = 64;

/// Operations by name and outcome. Names are made up by clients: there is an end to that. A name
/// has its place by its hash or right behind, and keeps it.
pub(super) struct Operations {
    counters: IntCounterVec,
    hash: RandomState,
    places: Box<[OnceLock<Named>]>,
    taken: AtomicUsize,
    anonymous: Named,
    other: Named,
}

/// The counters of one name.
struct Named {
    name: Box<str>,
    outcomes: [OnceLock<IntCounter>; OUTCOMES.len()],
}

impl Named {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            outcomes: [const { OnceLock::new() }; OUTCOMES.len()],
        }
    }
}

impl Operations {
    pub(super) fn new(counters: IntCounterVec) -> Self {
        Self {
            counters,
            hash: RandomState::new(),
            places: (0..PLACES).map(|_| OnceLock::new()).collect(),
            taken: AtomicUsize::new(0),
            anonymous: Named::new("anonymous"),
            other: Named::new("other"),
        }
    }

    pub(super) fn count(&self, operation: Option<&str>, outcome: &str) {
        let named = self.named(operation);
        let Some(counter) = one_of(&OUTCOMES, &named.outcomes, outcome) else {
            return;
        };
        let new = || self.counters.with_label_values(&[&*named.name, outcome]);
        counter.get_or_init(new).inc();
    }

    fn named(&self, operation: Option<&str>) -> &Named {
        let Some(name) = operation else {
            return &self.anonymous;
        };
        if name.len() > NAME_MAX {
            return &self.other;
        }
        let hash = self.hash.hash_one(name);
        let first = usize::try_from(hash % PLACES as u64).unwrap_or_default();
        let (before, from) = self.places.split_at(first);
        for place in from.iter().chain(before) {
            let there = match place.get() {
                Some(there) => there,
                None if self.taken.load(Ordering::Relaxed) >= NAMES_MAX => break,
                None => place.get_or_init(|| {
                    self.taken.fetch_add(1, Ordering::Relaxed);
                    Named::new(name)
                }),
            };
            if *there.name == *name {
                return there;
            }
        }
        &self.other
    }
}
