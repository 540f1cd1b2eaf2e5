//! Custom fields: their keys and values.

use domain::custom_field::FieldEntity;
use serde::Serialize;
use serde_json::Value as Json;

use super::error::{Names, Refused};
use super::fields::Fields;
use super::http::Call;
use super::reply::{KnownFields, Reply};
use crate::ledger::command::input::{AddCustomFieldKey, RemoveCustomFieldKey, SetCustomFields};

type Answered = Result<Reply, Refused>;

const NAMES: Names = &[];

/// What can have custom fields here, and what the wire calls it.
const ENTITIES: [(&str, FieldEntity); 5] = [
    ("customer", FieldEntity::Customer),
    ("credit_grant", FieldEntity::CreditGrant),
    ("contract_credit", FieldEntity::Credit),
    ("contract", FieldEntity::Contract),
    ("contract_product", FieldEntity::Product),
];

fn entity(body: &Fields<'_>) -> Result<FieldEntity, Refused> {
    let names = ENTITIES.map(|(name, _)| name);
    let found = body.maybe_choice("entity", &names)?;
    let found = found.and_then(|name| ENTITIES.into_iter().find(|(known, _)| *known == name));
    found
        .map(|(_, entity)| entity)
        .ok_or_else(|| body.wrong("entity", "is required"))
}

#[derive(Serialize)]
struct Key {
    entity: &'static str,
    key: String,
    enforce_uniqueness: bool,
}

/// `POST /v1/customFields/addKey`
pub(super) async fn add_key(call: &Call<'_>) -> Answered {
    let unique = call.body.flag("enforce_uniqueness")?;
    let command = AddCustomFieldKey {
        entity: entity(&call.body)?,
        key: call.body.text("key")?,
        enforce_uniqueness: unique
            .ok_or_else(|| call.body.wrong("enforce_uniqueness", "is required"))?,
    };
    call.execute(command, NAMES).await?;
    Ok(Reply::Empty)
}

/// `POST /v1/customFields/removeKey`
pub(super) async fn remove_key(call: &Call<'_>) -> Answered {
    let command = RemoveCustomFieldKey {
        entity: entity(&call.body)?,
        key: call.body.text("key")?,
    };
    call.execute(command, NAMES).await?;
    Ok(Reply::Empty)
}

/// `POST /v1/customFields/listKeys`
pub(super) async fn list_keys(call: &Call<'_>) -> Answered {
    if call.query.next_page().is_some() {
        return Err(Refused::at(
            "next_page",
            "is no cursor of this list: it has one page",
        ));
    }
    let wanted = call.body.texts("entities")?;
    let wanted = |name: &str| {
        let mut wanted = wanted.iter().flatten().peekable();
        wanted.peek().is_none() || wanted.any(|one| one == name)
    };
    let keys = call.ledger.read().custom_field_keys(None).await?;
    let shown = keys.into_iter().filter_map(|row| {
        let (name, _) = ENTITIES.iter().find(|(_, entity)| *entity == row.entity)?;
        wanted(name).then_some(Key {
            entity: name,
            key: row.key,
            enforce_uniqueness: row.enforce_uniqueness,
        })
    });
    Reply::list(shown.collect(), None)
}

/// `POST /v1/customFields/setValues`
pub(super) async fn set_values(call: &Call<'_>) -> Answered {
    let entity = entity(&call.body)?;
    let fields = call.body.map("custom_fields")?;
    let fields = fields.ok_or_else(|| call.body.wrong("custom_fields", "is required"))?;
    let command = SetCustomFields {
        entity,
        entity_id: call.body.id("entity_id")?,
        custom_fields: Some(Json::Object(fields.clone())),
        remove: Vec::new(),
    };
    let known = KnownFields::of(call, entity).await?;
    known.check("custom_fields", Some(&fields))?;
    call.execute(command, NAMES).await?;
    Ok(Reply::Empty)
}

/// `POST /v1/customFields/deleteValues`
pub(super) async fn delete_values(call: &Call<'_>) -> Answered {
    let keys = call.body.texts("keys")?;
    let command = SetCustomFields {
        entity: entity(&call.body)?,
        entity_id: call.body.id("entity_id")?,
        custom_fields: None,
        remove: keys.ok_or_else(|| call.body.wrong("keys", "is required"))?,
    };
    call.execute(command, NAMES).await?;
    Ok(Reply::Empty)
}
