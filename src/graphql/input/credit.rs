//! Inputs about credits.

use async_graphql::{ID, InputObject};
use domain::{ContractId, CreditId, CustomerId, ProductId, SegmentId};

use super::{Ask, id, ids, instant, json, unit};
use crate::graphql::scalar::{DateTime, Decimal, Json};
use crate::graphql::types::names::RateType;
use crate::ledger::command::input;
use crate::ledger::command::input::{CreateCredit, EditCredit, EndCredit, VoidCredit};

/// A segment to be made.
#[derive(Debug, InputObject)]
pub struct SegmentInput {
    /// How much.
    amount: Decimal,
    /// First instant of its window.
    starting_at: DateTime,
    /// First instant after it; default: it never ends.
    ending_before: Option<DateTime>,
}

impl From<SegmentInput> for input::SegmentInput {
    fn from(given: SegmentInput) -> Self {
        Self {
            amount: given.amount.0,
            starting_at: given.starting_at.0,
            ending_before: instant(given.ending_before),
        }
    }
}

/// A segment to be changed: what is absent stays.
#[derive(Debug, InputObject)]
pub struct SegmentUpdateInput {
    /// Which.
    id: ID,
    /// How much in all.
    amount: Option<Decimal>,
    /// First instant of its window.
    starting_at: Option<DateTime>,
    /// First instant after it.
    ending_before: Option<DateTime>,
}

impl From<SegmentUpdateInput> for input::SegmentUpdateInput {
    fn from(given: SegmentUpdateInput) -> Self {
        Self {
            id: SegmentId::read(&given.id),
            amount: given.amount.map(|amount| amount.0),
            starting_at: instant(given.starting_at),
            ending_before: instant(given.ending_before),
        }
    }
}

/// The segments of a new credit.
#[derive(Debug, InputObject)]
pub struct AccessScheduleInput {
    /// Default: USD (cents).
    credit_type_id: Option<ID>,
    /// One or more.
    segments: Vec<SegmentInput>,
}

impl From<AccessScheduleInput> for input::AccessScheduleInput {
    fn from(given: AccessScheduleInput) -> Self {
        Self {
            credit_type_id: unit(given.credit_type_id.as_ref()),
            segments: given.segments.into_iter().map(Into::into).collect(),
        }
    }
}

/// Changes of the segments of a credit.
#[derive(Debug, InputObject)]
pub struct AccessScheduleEditInput {
    /// New ones.
    add: Option<Vec<SegmentInput>>,
    /// Changed ones.
    update: Option<Vec<SegmentUpdateInput>>,
    /// Removed ones.
    remove: Option<Vec<ID>>,
}

impl From<AccessScheduleEditInput> for input::AccessScheduleEditInput {
    fn from(given: AccessScheduleEditInput) -> Self {
        let (add, update) = (
            given.add.unwrap_or_default(),
            given.update.unwrap_or_default(),
        );
        Self {
            add: add.into_iter().map(Into::into).collect(),
            update: update.into_iter().map(Into::into).collect(),
            remove: ids(given.remove, SegmentId::read).unwrap_or_default(),
        }
    }
}

/// Conditions that hold together.
#[derive(Debug, InputObject)]
pub struct SpecifierInput {
    /// Usage of this product.
    product_id: Option<ID>,
    /// Usage of a product with all of these tags.
    product_tags: Option<Vec<String>>,
    /// Usage with all of these values: a JSON object of strings.
    pricing_group_values: Option<Json>,
    /// Usage with all of these values: a JSON object of strings.
    presentation_group_values: Option<Json>,
}

impl From<SpecifierInput> for input::SpecifierInput {
    fn from(given: SpecifierInput) -> Self {
        Self {
            product_id: id(given.product_id, ProductId::read),
            product_tags: given.product_tags.unwrap_or_default(),
            pricing_group_values: json(given.pricing_group_values),
            presentation_group_values: json(given.presentation_group_values),
        }
    }
}

fn specifiers(given: Option<Vec<SpecifierInput>>) -> Option<Vec<input::SpecifierInput>> {
    given.map(|given| given.into_iter().map(Into::into).collect())
}

/// Of `createCredit`.
#[derive(Debug, InputObject)]
pub struct CreateCreditInput {
    /// Whose.
    customer_id: ID,
    /// At the level of this contract; default: at customer level.
    contract_id: Option<ID>,
    /// What it is booked under; not what it pays for.
    product_id: ID,
    /// 0 or more, lower is used first.
    priority: f64,
    /// What there is to draw from, and when.
    access_schedule: AccessScheduleInput,
    /// 1..255 characters.
    name: Option<String>,
    /// At most 1,000 characters.
    description: Option<String>,
    /// Default: all contracts of the customer.
    applicable_contract_ids: Option<Vec<ID>>,
    /// It pays for these products; default: all.
    applicable_product_ids: Option<Vec<ID>>,
    /// It pays for products with any of these tags; default: all.
    applicable_product_tags: Option<Vec<String>>,
    /// Not together with applicableProductIds or applicableProductTags.
    specifiers: Option<Vec<SpecifierInput>>,
    /// Kept for billing.
    #[graphql(default_with = "Some(RateType::ListRate)")]
    rate_type: Option<RateType>,
    /// A JSON object.
    custom_fields: Option<Json>,
    /// A JSON object that is kept and that no rule reads.
    details: Option<Json>,
    /// Kept for the caller.
    netsuite_sales_order_id: Option<String>,
    /// Kept for the caller.
    salesforce_opportunity_id: Option<String>,
    /// 1..128 characters, kept for ever: a second use answers UNIQUENESS_KEY_TAKEN and creates
    /// nothing.
    uniqueness_key: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateCreditInput {
    type Command = CreateCredit;

    fn ask(self) -> (CreateCredit, Option<String>) {
        let contracts = ids(self.applicable_contract_ids, ContractId::read);
        let products = ids(self.applicable_product_ids, ProductId::read);
        let command = CreateCredit {
            customer_id: CustomerId::read(&self.customer_id),
            contract_id: id(self.contract_id, ContractId::read),
            product_id: ProductId::read(&self.product_id),
            priority: self.priority,
            access_schedule: self.access_schedule.into(),
            name: self.name,
            description: self.description,
            applicable_contract_ids: contracts.unwrap_or_default(),
            applicable_product_ids: products.unwrap_or_default(),
            applicable_product_tags: self.applicable_product_tags.unwrap_or_default(),
            specifiers: specifiers(self.specifiers).unwrap_or_default(),
            rate_type: self.rate_type.unwrap_or(RateType::ListRate).to_string(),
            custom_fields: json(self.custom_fields),
            details: json(self.details),
            netsuite_sales_order_id: self.netsuite_sales_order_id,
            salesforce_opportunity_id: self.salesforce_opportunity_id,
            uniqueness_key: self.uniqueness_key,
        };
        (command, self.idempotency_key)
    }
}

/// Of `editCredit`: what is absent stays.
#[derive(Debug, InputObject)]
pub struct EditCreditInput {
    /// Which.
    id: ID,
    /// 1..255 characters.
    name: Option<String>,
    /// At most 1,000 characters.
    description: Option<String>,
    /// What it is booked under; not what it pays for.
    product_id: Option<ID>,
    /// 0 or more, lower is used first.
    priority: Option<f64>,
    /// Kept for billing.
    rate_type: Option<RateType>,
    /// Changes of its segments.
    access_schedule: Option<AccessScheduleEditInput>,
    /// Take the place of the old ones.
    applicable_contract_ids: Option<Vec<ID>>,
    /// Take the place of the old ones.
    applicable_product_ids: Option<Vec<ID>>,
    /// Take the place of the old ones.
    applicable_product_tags: Option<Vec<String>>,
    /// Take the place of the old ones.
    specifiers: Option<Vec<SpecifierInput>>,
    /// A JSON object; takes the place of the old one.
    custom_fields: Option<Json>,
    /// A JSON object that is kept and that no rule reads; by key, null takes one away.
    details: Option<Json>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for EditCreditInput {
    type Command = EditCredit;

    fn ask(self) -> (EditCredit, Option<String>) {
        let command = EditCredit {
            id: CreditId::read(&self.id),
            name: self.name,
            description: self.description,
            product_id: id(self.product_id, ProductId::read),
            priority: self.priority,
            rate_type: self.rate_type.map(|rate_type| rate_type.to_string()),
            access_schedule: self.access_schedule.map(Into::into),
            applicable_contract_ids: ids(self.applicable_contract_ids, ContractId::read),
            applicable_product_ids: ids(self.applicable_product_ids, ProductId::read),
            applicable_product_tags: self.applicable_product_tags,
            specifiers: specifiers(self.specifiers),
            custom_fields: json(self.custom_fields),
            details: json(self.details),
        };
        (command, self.idempotency_key)
    }
}

/// Of `endCredit`.
#[derive(Debug, InputObject)]
pub struct EndCreditInput {
    /// Which.
    id: ID,
    /// The new end, before the present one.
    ending_before: DateTime,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for EndCreditInput {
    type Command = EndCredit;

    fn ask(self) -> (EndCredit, Option<String>) {
        let command = EndCredit {
            id: CreditId::read(&self.id),
            ending_before: self.ending_before.0,
            reason: self.reason,
        };
        (command, self.idempotency_key)
    }
}

/// Of `voidCredit`.
#[derive(Debug, InputObject)]
pub struct VoidCreditInput {
    /// Which.
    id: ID,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// Void what is left although a part was used.
    #[graphql(default_with = "Some(false)")]
    remainder_only: Option<bool>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for VoidCreditInput {
    type Command = VoidCredit;

    fn ask(self) -> (VoidCredit, Option<String>) {
        let command = VoidCredit {
            id: CreditId::read(&self.id),
            reason: self.reason,
            remainder_only: self.remainder_only.unwrap_or_default(),
        };
        (command, self.idempotency_key)
    }
}
