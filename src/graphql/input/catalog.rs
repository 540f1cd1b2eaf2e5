//! Inputs about credit types and products.

use async_graphql::{ID, InputObject};
use domain::{CreditTypeId, ProductId};

use super::{Ask, instant, json};
use crate::graphql::scalar::{DateTime, Json};
use crate::graphql::types::names::{BurnDownKey, BurnDownPreset};
use crate::ledger::command::input::{
    AddProductExternalId, CreateCreditType, CreateProduct, ProductExtra, UpdateCreditType,
    UpdateProduct,
};

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
    /// A list of keys by its name; where `burnDownOrder` is given too, that one counts.
    burn_down_preset: Option<BurnDownPreset>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateCreditTypeInput {
    type Command = CreateCreditType;

    fn ask(self) -> (CreateCreditType, Option<String>) {
        let order = order(self.burn_down_order, self.burn_down_preset);
        let command = CreateCreditType {
            name: self.name,
            is_currency: self.is_currency.unwrap_or_default(),
            currency: self.currency,
            currency_exponent: self.currency_exponent,
            scale: self.scale.unwrap_or(SCALE_DEFAULT),
            burn_down_order: order,
        };
        (command, self.idempotency_key)
    }
}

/// The keys that are given, or meant by a name.
fn order(
    keys: Option<Vec<BurnDownKey>>,
    preset: Option<BurnDownPreset>,
) -> Option<Vec<domain::burn::BurnDownKey>> {
    let keys = keys.map(|keys| keys.into_iter().map(Into::into).collect());
    keys.or_else(|| Some(domain::burn::BurnDownPreset::from(preset?).keys().to_vec()))
}

/// Of `updateCreditType`: what is absent stays.
#[derive(Debug, InputObject)]
pub struct UpdateCreditTypeInput {
    /// Which.
    id: ID,
    /// 1..255 characters.
    name: Option<String>,
    /// Order in which its credit burns down from now on.
    burn_down_order: Option<Vec<BurnDownKey>>,
    /// A list of keys by its name; where `burnDownOrder` is given too, that one counts.
    burn_down_preset: Option<BurnDownPreset>,
    /// Archive, or bring back.
    archived: Option<bool>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for UpdateCreditTypeInput {
    type Command = UpdateCreditType;

    fn ask(self) -> (UpdateCreditType, Option<String>) {
        let command = UpdateCreditType {
            id: CreditTypeId::read(&self.id),
            name: self.name,
            burn_down_order: order(self.burn_down_order, self.burn_down_preset),
            archived: self.archived,
            unless_archived: false,
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
    /// A JSON object.
    custom_fields: Option<Json>,
    /// A JSON object that is kept and that no rule reads.
    details: Option<Json>,
    /// Since when it is so, not in the future; for the history only. Default: now.
    starting_at: Option<DateTime>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateProductInput {
    type Command = CreateProduct;

    fn ask(self) -> (CreateProduct, Option<String>) {
        let command = CreateProduct {
            name: self.name,
            tags: self.tags.unwrap_or_default(),
            extra: ProductExtra {
                custom_fields: json(self.custom_fields),
                details: json(self.details),
                starting_at: instant(self.starting_at),
                unless_archived: false,
            },
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
    /// A JSON object; takes the place of the old one.
    custom_fields: Option<Json>,
    /// A JSON object that is kept and that no rule reads; by key, null takes one away.
    details: Option<Json>,
    /// Since when it is so, not in the future; for the history only. Default: now.
    starting_at: Option<DateTime>,
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
            extra: ProductExtra {
                custom_fields: json(self.custom_fields),
                details: json(self.details),
                starting_at: instant(self.starting_at),
                unless_archived: false,
            },
        };
        (command, self.idempotency_key)
    }
}

/// Of `addProductExternalId`.
#[derive(Debug, InputObject)]
pub struct AddProductExternalIdInput {
    /// Which.
    id: ID,
    /// What another system calls it, such as the id of a price there. 1..128 characters; a product
    /// can have several, each belongs to one product.
    external_id: String,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for AddProductExternalIdInput {
    type Command = AddProductExternalId;

    fn ask(self) -> (AddProductExternalId, Option<String>) {
        let command = AddProductExternalId {
            id: ProductId::read(&self.id),
            external_id: self.external_id,
        };
        (command, self.idempotency_key)
    }
}
