//! What a caller may see. This is the one place that says so, and the one door through which rows
//! leave the database (`fetch`, `one`, `together`) asks it of every row.
//!
//! Two walls. Filters and lists of ids are narrowed before anything is asked, so that what is not
//! one's own is found in the same words and by the same statements as what does not exist. And a
//! row that came back all the same says whose it is (`Row`; without that it can not be read at
//! all) and goes no further.

use domain::CustomerId;
use domain::id::NOTHING;
use entity::{
    account, api_key, contract, credit, credit_type, customer, customer_external_id, drawdown,
    idempotency, ledger_entry, object_home, product, product_external_id, segment, signing_key,
    test_clock, uniqueness_key, verification, webhook_delivery, webhook_endpoint,
};
use sea_orm::FromQueryResult;

use super::dialect::{Child, Sql};
use super::rows::{GrantRow, GrantSum};
use super::{CreditFilter, CustomerFilter, EntryFilter, EventFilter, GrantFilter};
use crate::ledger::caller::{Caller, Role};
use crate::ledger::embedded::ReadRow;

/// What a caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything, keys too.
    Everything,
    /// Everything but keys.
    Books,
    /// The books of one customer. Of the catalogue: units and products that they name.
    Customer(CustomerId),
}

impl From<&Caller> for Scope {
    fn from(caller: &Caller) -> Self {
        match caller.role {
            Role::Admin => Self::Everything,
            Role::Operator | Role::Reader => Self::Books,
            // Whoever is a customer, but none in particular, sees nothing.
            Role::Customer => Self::Customer(caller.customer.unwrap_or(CustomerId(NOTHING))),
        }
    }
}

/// Whose a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A customer's; or, with its id, the house's.
    Customer(CustomerId),
    /// Part of the catalogue, which every customer's books may name; or of a sum over rows that
    /// were asked for by customer.
    Shared,
    /// A key.
    Keys,
}

impl Scope {
    /// The only customer that is seen.
    #[must_use]
    pub fn customer(self) -> Option<CustomerId> {
        match self {
            Self::Everything | Self::Books => None,
            Self::Customer(customer) => Some(customer),
        }
    }

    /// Whether rows of this owner are seen.
    #[must_use]
    pub fn admits(self, owner: Owner) -> bool {
        match (self, owner) {
            (Self::Everything, _)
            | (Self::Books, Owner::Customer(_) | Owner::Shared)
            | (Self::Customer(_), Owner::Shared) => true,
            (Self::Books | Self::Customer(_), Owner::Keys) => false,
            (Self::Customer(own), Owner::Customer(owner)) => own == owner,
        }
    }

    /// Whether a customer is seen.
    #[must_use]
    pub fn admits_customer(self, customer: CustomerId) -> bool {
        self.admits(Owner::Customer(customer))
    }

    /// The customer, or nobody in the place of one that is not seen.
    #[must_use]
    pub fn customer_or_nobody(self, customer: CustomerId) -> CustomerId {
        if self.admits_customer(customer) {
            customer
        } else {
            CustomerId(NOTHING)
        }
    }

    /// Those of the customers that are seen.
    pub(super) fn only(self, customers: &[CustomerId]) -> Vec<CustomerId> {
        let seen = customers.iter().copied();
        seen.filter(|id| self.admits_customer(*id)).collect()
    }

    /// Those of the things that belong to customers that are seen.
    pub(super) fn only_of<T: Copy>(self, things: &[(CustomerId, T)]) -> Vec<(CustomerId, T)> {
        let seen = things.iter().copied();
        seen.filter(|(owner, _)| self.admits_customer(*owner))
            .collect()
    }

    /// Appends that the rows of a table are its own, where it has rows of customers.
    pub(super) fn narrow_sql(self, sql: &mut Sql, child: &Child) {
        let column = match child.table {
            "customer" => "id",
            "credit_type" | "product" | "api_key" | "webhook_endpoint" => return,
            "test_clock" => {
                if self.customer().is_some() {
                    sql.push(" AND 1 = 0");
                }
                return;
            }
            _ => "customer_id",
        };
        if let Some(own) = self.customer() {
            sql.push(&format!(" AND {}.{column} = ", child.alias))
                .bind(own);
        }
    }

    /// Leaves only the own customer in a list, which without a scope may name all.
    fn narrow(self, customers: &mut Option<Vec<CustomerId>>) {
        let Some(own) = self.customer() else { return };
        let named = customers.as_ref().is_none_or(|list| list.contains(&own));
        *customers = Some(if named { vec![own] } else { Vec::new() });
    }
}

/// A filter that can be narrowed to what is seen.
pub(super) trait Narrow: Clone {
    /// The customers that it names.
    fn customers(&mut self) -> &mut Option<Vec<CustomerId>>;

    /// The filter, narrowed.
    fn within(&self, scope: Scope) -> Self {
        let mut filter = self.clone();
        scope.narrow(filter.customers());
        filter
    }
}

macro_rules! narrow {
    ($($filter:ty: $field:ident),* $(,)?) => {$(impl Narrow for $filter {
        fn customers(&mut self) -> &mut Option<Vec<CustomerId>> {
            &mut self.$field
        }
    })*};
}

narrow!(
    CustomerFilter: ids,
    GrantFilter: customer_ids,
    CreditFilter: customer_ids,
    EntryFilter: customer_ids,
    EventFilter: customer_ids,
);

/// A row that says whose it is.
pub(super) trait Row: FromQueryResult {
    /// How it is read where SQLite is asked in the thread at hand; `None`: it is not.
    const AT_HAND: Option<ReadRow<Self>> = None;

    /// Whose.
    fn owner(&self) -> Owner;
}

/// Says of rows whose they are.
macro_rules! owned {
    (in order: $($row:ty: $owner:expr),* $(,)?) => {$(
        owned!(@ $row: $owner; const AT_HAND: Option<$crate::ledger::embedded::ReadRow<Self>> =
            Some(|row| $crate::ledger::read::decode::Ordered::read(row)););
    )*};
    ($($row:ty: $owner:expr),* $(,)?) => {$(owned!(@ $row: $owner;);)*};
    (@ $row:ty: $owner:expr; $($at_hand:item)?) => {impl $crate::ledger::read::scope::Row for $row {
        $($at_hand)?

        fn owner(&self) -> $crate::ledger::read::scope::Owner {
            use $crate::ledger::read::scope::Owner;
            let owner: fn(&Self) -> Owner = $owner;
            owner(self)
        }
    }};
}

pub(super) use owned;

owned!(in order:
    customer::Model: |row| Owner::Customer(row.id),
    drawdown::Model: |row| Owner::Customer(row.customer_id),
    GrantRow: |row| Owner::Customer(row.grant.customer_id),
);

owned!(
    account::Model: |row| Owner::Customer(row.customer_id),
    contract::Model: |row| Owner::Customer(row.customer_id),
    credit::Model: |row| Owner::Customer(row.customer_id),
    customer_external_id::Model: |row| Owner::Customer(row.customer_id),
    idempotency::Model: |row| Owner::Customer(row.customer_id),
    product_external_id::Model: |_| Owner::Shared,
    ledger_entry::Model: |row| Owner::Customer(row.customer_id),
    object_home::Model: |row| Owner::Customer(row.customer_id),
    segment::Model: |row| Owner::Customer(row.customer_id),
    webhook_delivery::Model: |_| Owner::Keys,
    webhook_endpoint::Model: |_| Owner::Keys,
    uniqueness_key::Model: |row| Owner::Customer(row.customer_id),
    GrantSum: |_| Owner::Shared,
    credit_type::Model: |_| Owner::Shared,
    product::Model: |_| Owner::Shared,
    api_key::Model: |_| Owner::Keys,
    signing_key::Model: |_| Owner::Keys,
    // For the seller's eyes: a customer sees the time, not what it is kept by.
    test_clock::Model: |_| Owner::Customer(CustomerId::HOUSE),
    verification::Model: |_| Owner::Customer(CustomerId::HOUSE),
);

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn customer(number: u128) -> CustomerId {
        CustomerId(Uuid::from_u128(number))
    }

    fn caller(role: Role, customer: Option<CustomerId>) -> Caller {
        Caller {
            name: "someone".into(),
            role,
            customer,
            until: None,
            key_id: None,
        }
    }

    #[test]
    fn each_role_has_its_scope() {
        let scope = |role| Scope::from(&caller(role, None));
        assert_eq!(scope(Role::Admin), Scope::Everything);
        assert_eq!(scope(Role::Operator), Scope::Books);
        assert_eq!(scope(Role::Reader), Scope::Books);
        let own = Scope::from(&caller(Role::Customer, Some(customer(2))));
        assert!(own.admits_customer(customer(2)) && own.admits(Owner::Shared));
        assert!(!own.admits_customer(customer(4)) && !own.admits_customer(CustomerId::HOUSE));
        assert!(!own.admits(Owner::Keys) && !Scope::Books.admits(Owner::Keys));
    }

    #[test]
    fn a_customer_that_is_none_in_particular_sees_nobody() {
        let nobody = Scope::from(&caller(Role::Customer, None));
        assert!(!nobody.admits_customer(customer(2)));
        assert!(!nobody.admits_customer(CustomerId::HOUSE));
    }

    #[test]
    fn a_filter_is_narrowed_to_the_own_customer_or_to_nobody() {
        let own = Scope::Customer(customer(2));
        let ids = |ids: Option<Vec<CustomerId>>| {
            let filter = CustomerFilter {
                ids,
                ..CustomerFilter::default()
            };
            filter.within(own).ids
        };
        assert_eq!(ids(None), Some(vec![customer(2)]));
        assert_eq!(
            ids(Some(vec![customer(4), customer(2)])),
            Some(vec![customer(2)])
        );
        assert_eq!(ids(Some(vec![customer(4)])), Some(vec![]));
        assert_eq!(ids(Some(vec![])), Some(vec![]));
        let all = CustomerFilter::default();
        assert_eq!(all.within(Scope::Books), all);
    }
}
