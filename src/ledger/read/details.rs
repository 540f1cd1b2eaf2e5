//! What is kept beside objects, and the custom fields that were made known.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::CustomerId;
use domain::custom_field::FieldEntity;
use entity::{custom_field_key, customer_ingest_alias, idempotency, object_detail};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::dialect::{Child, columns};
use super::scope::owned;
use super::{Read, Reader};

owned!(
    object_detail::Model: |row| Owner::Customer(row.customer_id),
    customer_ingest_alias::Model: |row| Owner::Customer(row.customer_id),
    custom_field_key::Model: |_| Owner::Shared,
);

static DETAIL: LazyLock<String> = LazyLock::new(|| columns::<object_detail::Entity>("o", ""));
static KEY: LazyLock<String> = LazyLock::new(|| columns::<custom_field_key::Entity>("f", ""));
static ALIAS: LazyLock<String> =
    LazyLock::new(|| columns::<customer_ingest_alias::Entity>("i", ""));

impl Reader {
    /// What is kept beside these objects, each with its customer (the house for products); where
    /// nothing is, they are absent.
    pub async fn details(
        &self,
        ids: &[(CustomerId, Uuid)],
    ) -> Read<HashMap<Uuid, object_detail::Model>> {
        let child = Child {
            table: "object_detail",
            alias: "o",
            joins: "",
            columns: &DETAIL,
        };
        let rows: Vec<object_detail::Model> = self.rows_by_id(&child, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The custom fields that were made known, of these kinds of objects or all, by kind and name.
    pub async fn custom_field_keys(
        &self,
        entities: Option<&[FieldEntity]>,
    ) -> Read<Vec<custom_field_key::Model>> {
        let mut sql = self.sql();
        sql.push("SELECT ").push(&KEY);
        sql.push(" FROM custom_field_key f WHERE f.removed_at IS NULL");
        let names = entities.map(|all| all.iter().map(|one| one.as_str().to_owned()));
        sql.and_text("f.entity", names);
        sql.push(" ORDER BY f.entity, f.key, f.id");
        self.fetch(sql).await
    }

    /// A custom field by its id, one that was taken back too.
    pub async fn custom_field_key(&self, id: Uuid) -> Read<Option<custom_field_key::Model>> {
        self.one(custom_field_key::Entity::find_by_id(id)).await
    }

    /// What a command made or changed that was carried out under this key: of a customer, or of the
    /// house.
    pub async fn answered(
        &self,
        customer: CustomerId,
        operation: &str,
        key: &str,
    ) -> Read<Option<Uuid>> {
        if !self.scope.admits_customer(customer) {
            return Ok(None);
        }
        let place = (customer, operation.to_owned(), key.to_owned());
        let row = self.one(idempotency::Entity::find_by_id(place)).await?;
        Ok(row.map(|row| row.object_id))
    }

    /// The customers whose usage is reported under these names.
    pub(super) async fn customers_with_aliases(&self, aliases: &[String]) -> Read<Vec<CustomerId>> {
        let mut sql = self.sql();
        sql.push("SELECT ").push(&ALIAS);
        sql.push(" FROM customer_ingest_alias i WHERE 1 = 1")
            .and_text("i.alias", Some(aliases.iter().cloned()));
        let rows: Vec<customer_ingest_alias::Model> = self.fetch(sql).await?;
        Ok(rows.into_iter().map(|row| row.customer_id).collect())
    }
}
