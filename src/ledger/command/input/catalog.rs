//! Customers, units, products, contracts and custom fields.

use domain::burn::BurnDownKey;
use domain::custom_field::FieldEntity;
use domain::{ContractId, CreditTypeId, CustomerId, Instant, ProductId, TestClockId};
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{CreateCredit, is_false, is_nothing};

inputs! {
    /// What is kept beside a customer: what is absent stays.
    #[derive(Default)]
    CustomerExtra {
        /// Names under which its usage is reported, unique; take the place of the old ones.
        ingest_aliases: Option<Vec<String>>,
        /// A JSON object that no rule reads; by key, `null` takes one away.
        details: Option<Json>,
    }
    /// What is kept beside a product: what is absent stays.
    #[derive(Default)]
    ProductExtra {
        /// A JSON object; takes the place of the old one.
        custom_fields: Option<Json>,
        /// A JSON object that no rule reads; by key, `null` takes one away.
        details: Option<Json>,
        /// Since when the change is true, not in the future; None: now. For the history only.
        starting_at: Option<Instant>,
        /// What is archived already is refused.
        #[serde(skip)]
        unless_archived: bool,
    }
    /// What is kept beside a contract, and the credits it begins with.
    #[derive(Default)]
    ContractExtra {
        /// A JSON object.
        #[serde(skip_serializing_if = "is_nothing")]
        custom_fields: Option<Json>,
        /// A JSON object that no rule reads.
        details: Option<Json>,
        /// 1..128 characters, kept for ever.
        uniqueness_key: Option<String>,
        /// All made, or none. Their `customer_id` and `contract_id` are those of the contract.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        credits: Vec<CreateCredit>,
    }
    /// `createTestClock`.
    CreateTestClock {
        /// 1..255 characters.
        name: Option<String>,
        /// The time that it shows.
        frozen_time: Instant,
    }
    /// `advanceTestClock`.
    AdvanceTestClock {
        /// Which.
        id: TestClockId,
        /// The time that it is to show, after the one it shows.
        frozen_time: Instant,
        /// At most so many days further in one step; none: any.
        #[serde(skip)]
        days_max: Option<i64>,
    }
    /// `deleteTestClock`: its customers are archived.
    DeleteTestClock {
        /// Which.
        id: TestClockId,
    }
    /// Closes an advance or a deletion that is done with all customers.
    SettleTestClock {
        /// Which.
        id: TestClockId,
    }
    /// `createCustomer`.
    CreateCustomer {
        /// 1..255 characters.
        name: String,
        /// The seller's own id, unique.
        external_id: Option<String>,
        /// A JSON object.
        #[serde(skip_serializing_if = "is_nothing")]
        custom_fields: Option<Json>,
        /// What is kept beside it.
        #[serde(flatten)]
        extra: CustomerExtra,
        /// The test clock that it lives by, for good; none: real time.
        test_clock_id: Option<TestClockId>,
    }
    /// `updateCustomer`: what is absent stays.
    UpdateCustomer {
        /// Which.
        id: CustomerId,
        /// 1..255 characters.
        name: Option<String>,
        /// The seller's own id, unique.
        external_id: Option<String>,
        /// A JSON object; takes the place of the old one.
        custom_fields: Option<Json>,
        /// What is kept beside it.
        #[serde(flatten)]
        extra: CustomerExtra,
    }
    /// `archiveCustomer` (rule 18).
    ArchiveCustomer {
        /// Which.
        id: CustomerId,
    }
    /// `createCreditType`.
    CreateCreditType {
        /// 1..255 characters.
        name: String,
        /// A currency; then `currency` is required.
        is_currency: bool,
        /// ISO 4217, upper case.
        currency: Option<String>,
        /// One unit is 10^-n of the currency's main unit.
        currency_exponent: Option<i32>,
        /// Decimal places kept, 0..9.
        scale: i32,
        /// None: the default of rule 6.
        burn_down_order: Option<Vec<BurnDownKey>>,
    }
    /// `updateCreditType`: what is absent stays.
    UpdateCreditType {
        /// Which.
        id: CreditTypeId,
        /// 1..255 characters.
        name: Option<String>,
        /// In which its credit burns down from now on.
        burn_down_order: Option<Vec<BurnDownKey>>,
        /// Archive, or bring back.
        archived: Option<bool>,
        /// What is archived already is refused.
        #[serde(skip)]
        unless_archived: bool,
    }
    /// `createProduct`.
    CreateProduct {
        /// 1..255 characters.
        name: String,
        /// Each 1..255 characters, none twice.
        tags: Vec<String>,
        /// What is kept beside it.
        #[serde(flatten)]
        extra: ProductExtra,
    }
    /// `updateProduct`: what is absent stays.
    UpdateProduct {
        /// Which.
        id: ProductId,
        /// 1..255 characters.
        name: Option<String>,
        /// Take the place of the old ones.
        tags: Option<Vec<String>>,
        /// Archive, or bring back.
        archived: Option<bool>,
        /// What is kept beside it.
        #[serde(flatten)]
        extra: ProductExtra,
    }
    /// `createContract`.
    CreateContract {
        /// Whose.
        customer_id: CustomerId,
        /// 1..255 characters.
        name: Option<String>,
        /// First instant.
        starting_at: Instant,
        /// First instant after it.
        ending_before: Option<Instant>,
        /// What is kept beside it, and the credits it begins with.
        #[serde(flatten)]
        extra: ContractExtra,
    }
    /// `extendContract`: later only; its credits stay as they are.
    ExtendContract {
        /// Which.
        id: ContractId,
        /// The new end, after the present one; None: never.
        ending_before: Option<Instant>,
    }
    /// `archiveContract`: voids what is left of its credits.
    ArchiveContract {
        /// Which.
        id: ContractId,
        /// Noted in the event, for the seller's billing.
        #[serde(skip_serializing_if = "is_false")]
        void_invoices: bool,
    }
    /// `addCustomFieldKey`.
    AddCustomFieldKey {
        /// What has the field.
        entity: FieldEntity,
        /// 1..128 characters.
        key: String,
        /// No two objects may have the same value.
        #[serde(skip_serializing_if = "is_false")]
        enforce_uniqueness: bool,
    }
    /// `removeCustomFieldKey`.
    RemoveCustomFieldKey {
        /// What has the field.
        entity: FieldEntity,
        /// Its name.
        key: String,
    }
    /// `setCustomFields`: by key; what is not named stays.
    SetCustomFields {
        /// What has the fields.
        entity: FieldEntity,
        /// Which.
        entity_id: Uuid,
        /// A JSON object.
        custom_fields: Option<Json>,
        /// Keys to be taken away.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    }
    /// `endContract`: truncates the contract and its credits.
    EndContract {
        /// Which.
        id: ContractId,
        /// The new end, before the present one.
        ending_before: Instant,
    }
}
