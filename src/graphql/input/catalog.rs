//! Inputs about credit types and products.

use async_graphql::{ID, InputObject};
use domain::ProductId;

use super::Ask;
use crate::graphql::types::names::BurnDownKey;
use crate::ledger::command::input::{CreateCreditType, CreateProduct, UpdateProduct};

/// Decimal places of a credit type where none are named.
const SCALE_DEFAULT: i32 = 6;

/// Of `createCreditType`.
#[derive(Debug, InputObject)]
pub struct CreateCreditTypeInput {
    /// 1..255 characters.
    name: String,
    /// A currency; then `currency` is required.
    #[graphql(default_with = "Some(false)")]
    is_currency: Option<bool>,
    /// ISO 4217, upper case.
    currency: Option<String>,
    /// One unit is 10^-n of the currency's main unit.
    currency_exponent: Option<i32>,
    /// Decimal places kept, 0..9.
    #[graphql(default_with = "Some(SCALE_DEFAULT)")]
    scale: Option<i32>,
    /// Default: PRIORITY, CONTRACT_LEVEL_FIRST, EXPIRES_FIRST, PROMOTIONAL_FIRST,
    /// NARROWEST_SCOPE_FIRST, EFFECTIVE_FIRST, CREATED_FIRST.
    burn_down_order: Option<Vec<BurnDownKey>>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateCreditTypeInput {
    type Command = CreateCreditType;

    fn ask(self) -> (CreateCreditType, Option<String>) {
        let order = self.burn_down_order;
        let command = CreateCreditType {
            name: self.name,
            is_currency: self.is_currency.unwrap_or_default(),
            currency: self.currency,
            currency_exponent: self.currency_exponent,
            scale: self.scale.unwrap_or(SCALE_DEFAULT),
            burn_down_order: order.map(|keys| keys.into_iter().map(Into::into).collect()),
        };
        (command, self.idempotency_key)
    }
}

/// Of `createProduct`.
#[derive(Debug, InputObject)]
pub struct CreateProductInput {
    /// 1..255 characters.
    name: String,
    /// What credits can name instead of it.
    tags: Option<Vec<String>>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateProductInput {
    type Command = CreateProduct;

    fn ask(self) -> (CreateProduct, Option<String>) {
        let command = CreateProduct {
            name: self.name,
            tags: self.tags.unwrap_or_default(),
        };
        (command, self.idempotency_key)
    }
}

/// Of `updateProduct`: what is absent stays.
#[derive(Debug, InputObject)]
pub struct UpdateProductInput {
    /// Which.
    id: ID,
    /// 1..255 characters.
    name: Option<String>,
    /// Take the place of the old ones.
    tags: Option<Vec<String>>,
    /// Archive, or bring back.
    archived: Option<bool>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for UpdateProductInput {
    type Command = UpdateProduct;

    fn ask(self) -> (UpdateProduct, Option<String>) {
        let command = UpdateProduct {
            id: ProductId::read(&self.id),
            name: self.name,
            tags: self.tags,
            archived: self.archived,
        };
        (command, self.idempotency_key)
    }
}
