//! Object types: one file per noun, each a row with its fields.

mod api_key;
mod balance;
mod contract;
mod credit;
mod credit_grant;
mod credit_type;
mod custom_field;
mod customer;
mod drawdown;
mod event;
mod ledger_entry;
pub mod names;
mod node;
mod preview;
mod product;
mod segment;
mod test_clock;
mod verification;
mod viewer;

pub use api_key::ApiKey;
pub use balance::Balance;
pub use contract::Contract;
pub use credit::{Credit, CreditStatus};
pub use credit_grant::CreditGrant;
pub use credit_type::{Amount, CreditType};
pub use custom_field::CustomFieldKey;
pub use customer::Customer;
pub use drawdown::Drawdown;
pub use event::Event;
pub use ledger_entry::LedgerEntry;
pub use node::Node;
pub use preview::DrawdownPreview;
pub use product::Product;
pub use test_clock::TestClock;
pub use verification::Verification;
pub use viewer::Viewer;
