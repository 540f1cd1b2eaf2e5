//! This side, what belongs to no customer: custom fields, units and products.

use domain::custom_field::FieldEntity;
use domain::{CreditTypeId, CustomerId, ProductId};
use serde_json::json;

use super::ImportError;
use super::source::{FieldKey, Product, Unit};
use super::write::{Writer, fields};
use crate::ledger::command::input::*;

/// Decimal places of a unit that is made here: Metronome does not say any.
const SCALE: i32 = 6;

impl Writer {
    pub(super) async fn field_key(&self, key: &FieldKey) -> Result<(), ImportError> {
        let entity = match &*key.entity {
            "customer" => FieldEntity::Customer,
            "credit_grant" => FieldEntity::CreditGrant,
            "contract_credit" => FieldEntity::Credit,
            "contract" => FieldEntity::Contract,
            "contract_product" => FieldEntity::Product,
            // Nothing of the kind is kept here.
            _ => return Ok(()),
        };
        let known = self
            .ledger
            .read()
            .custom_field_keys(Some(&[entity]))
            .await?;
        if known.iter().any(|row| row.key == key.key) {
            return Ok(());
        }
        let command = AddCustomFieldKey {
            entity,
            key: key.key.clone(),
            enforce_uniqueness: key.unique,
        };
        let name = format!("field {} {}", key.entity, key.key);
        self.command(self.now, CustomerId::HOUSE, command, &name)
            .await?;
        Ok(())
    }

    /// The unit here that stands for one there: it is made where it is not known yet.
    pub(super) async fn unit(&mut self, unit: &Unit) -> Result<CreditTypeId, ImportError> {
        if let Some(known) = self.units.get(&unit.id) {
            return Ok(*known);
        }
        let code: String = unit.name.chars().take(3).collect();
        let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let currency = (unit.is_currency && is_code).then_some(code);
        let preset = domain::burn::BurnDownPreset::MetronomeContracts;
        let command = CreateCreditType {
            name: unit.name.clone(),
            is_currency: currency.is_some(),
            currency_exponent: currency.as_ref().map(|_| 0),
            currency,
            scale: SCALE,
            burn_down_order: Some(preset.keys().to_vec()),
        };
        let key = format!("unit {}", unit.id);
        let id = self
            .command(self.now, CustomerId::HOUSE, command, &key)
            .await?;
        self.units.insert(unit.id, CreditTypeId(id));
        Ok(CreditTypeId(id))
    }

    pub(super) async fn product(&mut self, product: &Product) -> Result<(), ImportError> {
        let command = CreateProduct {
            name: product.name.clone(),
            tags: product.tags.clone(),
            extra: ProductExtra {
                custom_fields: fields(&product.custom_fields),
                details: Some(json!({ "type": product.kind })),
                ..ProductExtra::default()
            },
        };
        let key = format!("product {}", product.id);
        let id = self
            .command(self.now, CustomerId::HOUSE, command, &key)
            .await?;
        self.products.insert(product.id, ProductId(id));
        Ok(())
    }

    /// Archives what is archived there, once nothing has to name it any more.
    pub(super) async fn archive_product(&self, product: &Product) -> Result<(), ImportError> {
        let Some(id) = self.products.get(&product.id) else {
            return Ok(());
        };
        let command = UpdateProduct {
            id: *id,
            name: None,
            tags: None,
            archived: Some(true),
            extra: ProductExtra::default(),
        };
        let key = format!("archive product {}", product.id);
        self.command(self.now, CustomerId::HOUSE, command, &key)
            .await?;
        Ok(())
    }
}
