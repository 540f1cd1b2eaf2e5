//! Custom fields: the seller's own names and values on objects of the books.

use serde::{Deserialize, Serialize};

use crate::grant::{UnknownName, text_enum};

text_enum! {
    /// What can have custom fields.
    FieldEntity {
        /// Customers.
        Customer = "CUSTOMER",
        /// Credit grants.
        CreditGrant = "CREDIT_GRANT",
        /// Credits.
        Credit = "CREDIT",
        /// Contracts.
        Contract = "CONTRACT",
        /// Products.
        Product = "PRODUCT",
    }
}
