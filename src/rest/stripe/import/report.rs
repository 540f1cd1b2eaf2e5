//! What an import came to.

use std::fmt;

/// What is there and what is here, of one customer in one currency, in its smallest unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The customer's id over there.
    pub customer: String,
    /// Lower case.
    pub currency: String,
    /// The ledger balance over there.
    pub there: i64,
    /// The balance of grants here.
    pub here: i64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            customer,
            currency,
            there,
            here,
        } = self;
        let difference = there.saturating_sub(*here);
        write!(
            f,
            "{customer} {currency}: {there} there, {here} here, difference {difference}"
        )
    }
}

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Customers seen.
    pub customers: u64,
    /// Grants seen.
    pub grants: u64,
    /// Movements seen, beside those that a grant's beginning and end tell.
    pub movements: u64,
    /// One line for each customer and currency.
    pub balances: Vec<Difference>,
    /// What could not be brought over, and why.
    pub left_out: Vec<String>,
}
