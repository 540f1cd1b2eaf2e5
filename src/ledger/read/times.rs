//! What time it is for whom: the real time, save for customers on a test clock.

use std::collections::HashMap;

use domain::{CustomerId, Instant};

use super::dialect::Sql;

/// What time it is for some customers.
#[derive(Clone, Debug)]
pub(super) struct Times {
    /// The real time.
    pub(super) real: Instant,
    /// Customers on a test clock that have an account, and what it shows them.
    pub(super) clocks: HashMap<CustomerId, Instant>,
    /// Whether something was due that has been posted now.
    pub(super) settled: bool,
}

impl Times {
    /// Without anyone on a test clock.
    pub(super) fn real(real: Instant) -> Self {
        Self {
            real,
            clocks: HashMap::new(),
            settled: false,
        }
    }

    /// What time it is for a customer.
    pub(super) fn of(&self, customer: CustomerId) -> Instant {
        self.clocks.get(&customer).copied().unwrap_or(self.real)
    }

    /// The present of these customers, for a statement.
    pub(super) fn now(&self) -> Now {
        if self.clocks.is_empty() {
            Now::At(self.real)
        } else {
            Now::OfEach(self.real)
        }
    }

    /// The customers by the time it is for them: mostly one group, that of the real time.
    pub(super) fn groups(&self, customers: &[CustomerId]) -> Vec<(Instant, Vec<CustomerId>)> {
        let mut groups: Vec<(Instant, Vec<CustomerId>)> = Vec::new();
        for customer in customers {
            let now = self.of(*customer);
            match groups.iter_mut().find(|(at, _)| *at == now) {
                Some((_, group)) => group.push(*customer),
                None => groups.push((now, vec![*customer])),
            }
        }
        groups
    }
}

/// The present in a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Now {
    /// One instant for all.
    At(Instant),
    /// Of each customer its own: the real one here, save where its account says otherwise.
    OfEach(Instant),
}

impl Sql {
    /// Appends the present of the row `alias`, a row of an account.
    pub(super) fn now(&mut self, now: Now, alias: &str) -> &mut Self {
        match now {
            Now::At(instant) => self.bind(instant),
            // Where there is no test clock at all the accounts are not even looked at.
            Now::OfEach(real) => {
                self.push(&format!(
                    "COALESCE(CASE WHEN EXISTS (SELECT 1 FROM test_clock) THEN \
                     (SELECT n.clock_now FROM account n \
                     WHERE n.customer_id = {alias}.customer_id \
                     AND n.credit_type_id = {alias}.credit_type_id) END, "
                ));
                self.bind(real).push(")")
            }
        }
    }
}
