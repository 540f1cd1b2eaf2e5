//! Inputs about custom fields.

use async_graphql::{ID, InputObject};

use super::{Ask, json, uuid};
use crate::graphql::scalar::Json;
use crate::graphql::types::names::CustomFieldEntity;
use crate::ledger::command::input::{AddCustomFieldKey, RemoveCustomFieldKey, SetCustomFields};

/// Of `addCustomFieldKey`.
#[derive(Debug, InputObject)]
pub struct AddCustomFieldKeyInput {
    /// What has the field.
    entity: CustomFieldEntity,
    /// 1..128 characters.
    key: String,
    /// From now on no two objects may be given the same value.
    #[graphql(default_with = "Some(false)")]
    enforce_uniqueness: Option<bool>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for AddCustomFieldKeyInput {
    type Command = AddCustomFieldKey;

    fn ask(self) -> (AddCustomFieldKey, Option<String>) {
        let command = AddCustomFieldKey {
            entity: self.entity.into(),
            key: self.key,
            enforce_uniqueness: self.enforce_uniqueness.unwrap_or_default(),
        };
        (command, self.idempotency_key)
    }
}

/// Of `removeCustomFieldKey`.
#[derive(Debug, InputObject)]
pub struct RemoveCustomFieldKeyInput {
    /// What has the field.
    entity: CustomFieldEntity,
    /// Its name.
    key: String,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for RemoveCustomFieldKeyInput {
    type Command = RemoveCustomFieldKey;

    fn ask(self) -> (RemoveCustomFieldKey, Option<String>) {
        let command = RemoveCustomFieldKey {
            entity: self.entity.into(),
            key: self.key,
        };
        (command, self.idempotency_key)
    }
}

/// Of `setCustomFields`: by key; what is not named stays.
#[derive(Debug, InputObject)]
pub struct SetCustomFieldsInput {
    /// What has the fields.
    entity: CustomFieldEntity,
    /// Which.
    entity_id: ID,
    /// A JSON object.
    custom_fields: Option<Json>,
    /// Keys to be taken away.
    remove: Option<Vec<String>>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for SetCustomFieldsInput {
    type Command = SetCustomFields;

    fn ask(self) -> (SetCustomFields, Option<String>) {
        let command = SetCustomFields {
            entity: self.entity.into(),
            entity_id: uuid(&self.entity_id),
            custom_fields: json(self.custom_fields),
            remove: self.remove.unwrap_or_default(),
        };
        (command, self.idempotency_key)
    }
}
