//! Contracts, products, credit types; and where to find what is looked up by id alone.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::{ContractId, CreditTypeId, CustomerId, ProductId};
use entity::{contract, credit_type, object_home, product, product_external_id, uniqueness_key};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::dialect::{Child, Sql, columns};
use super::fetch::{Parents, plain, typed};
use super::page::{Key, KeyKind, Slice};
use super::scope::owned;
use super::{HOME_CONTRACT, Page, PageRequest, Read, Reader};

static CONTRACT: LazyLock<String> = LazyLock::new(|| columns::<contract::Entity>("k", ""));
static PRODUCT: LazyLock<String> = LazyLock::new(|| columns::<product::Entity>("p", ""));
static CREDIT_TYPE: LazyLock<String> = LazyLock::new(|| columns::<credit_type::Entity>("t", ""));

fn contracts() -> Child {
    Child {
        table: "contract",
        alias: "k",
        joins: "",
        columns: &CONTRACT,
    }
}

fn products() -> Child {
    Child {
        table: "product",
        alias: "p",
        joins: "",
        columns: &PRODUCT,
    }
}

fn credit_types() -> Child {
    Child {
        table: "credit_type",
        alias: "t",
        joins: "",
        columns: &CREDIT_TYPE,
    }
}

/// A unit that a customer has an account in.
#[derive(FromQueryResult)]
struct Unit {
    customer_id: CustomerId,
    credit_type_id: CreditTypeId,
}

/// What a grant or a credit names.
#[derive(FromQueryResult)]
struct Naming {
    customer_id: CustomerId,
    product_id: Option<ProductId>,
    /// A JSON list of ids.
    listed: String,
    /// JSON with ids in it.
    specifiers: Option<String>,
}

owned!(
    Unit: |row| Owner::Customer(row.customer_id),
    Naming: |row| Owner::Customer(row.customer_id),
);

impl Reader {
    /// Contracts of each of these customers.
    pub async fn contracts_of(
        &self,
        customers: &[CustomerId],
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<contract::Model>>> {
        let parents = Parents::Customers(customers);
        let list = ("contracts of a customer", KeyKind::Id);
        let slice = Slice::read(page, list, &(), &parents.ids())?;
        let place = |row: &contract::Model| (row.customer_id.0, Key::Id(row.id.0));
        let pages = self
            .children(&parents, &contracts(), "k.id", &slice, |_, _| {}, place)
            .await?;
        Ok(typed(pages))
    }

    /// How many contracts each of these customers has.
    pub async fn count_contracts_of(
        &self,
        customers: &[CustomerId],
    ) -> Read<HashMap<CustomerId, i64>> {
        let parents = Parents::Customers(customers);
        let numbers = self.numbers(&parents, &contracts(), |_| {}).await?;
        Ok(typed(numbers))
    }

    /// Contracts by customer and id; those that do not exist are absent.
    pub async fn contracts_by_id(
        &self,
        ids: &[(CustomerId, ContractId)],
    ) -> Read<HashMap<ContractId, contract::Model>> {
        let rows: Vec<contract::Model> = self.rows_by_id(&contracts(), &plain(ids)).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One contract, by its id alone.
    pub async fn contract(&self, id: ContractId) -> Read<Option<contract::Model>> {
        let Some(home) = self.home(id.0, HOME_CONTRACT).await? else {
            return Ok(None);
        };
        let mut rows = self.contracts_by_id(&[(home.customer_id, id)]).await?;
        Ok(rows.remove(&id))
    }

    /// All products.
    pub async fn products(
        &self,
        include_archived: bool,
        page: &PageRequest,
    ) -> Read<Page<product::Model>> {
        let named = self.products_named().await?;
        let list = ("products", KeyKind::Id);
        let slice = Slice::of_all(page, list, &include_archived)?;
        let matching = |sql: &mut Sql| {
            unarchived(sql, "p", include_archived);
            sql.and_among("p.id", named.as_ref());
        };
        let key = |row: &product::Model| Key::Id(row.id.0);
        self.root(&products(), "p.id", &slice, matching, key).await
    }

    /// Archived products, those that are not, or all.
    pub async fn products_archived(
        &self,
        archived: Option<bool>,
        page: &PageRequest,
    ) -> Read<Page<product::Model>> {
        let list = ("products by archive", KeyKind::Id);
        let slice = Slice::of_all(page, list, &archived)?;
        let matching = |sql: &mut Sql| match archived {
            Some(true) => drop(sql.push(" AND p.archived_at IS NOT NULL")),
            Some(false) => unarchived(sql, "p", false),
            None => {}
        };
        let key = |row: &product::Model| Key::Id(row.id.0);
        self.root(&products(), "p.id", &slice, matching, key).await
    }

    /// How many products there are.
    pub async fn count_products(&self, include_archived: bool) -> Read<i64> {
        let named = self.products_named().await?;
        let matching = |sql: &mut Sql| {
            unarchived(sql, "p", include_archived);
            sql.and_among("p.id", named.as_ref());
        };
        self.total(&products(), matching).await
    }

    /// Products by id, whoever asks: who sees a row sees what it names. Those that do not exist are absent.
    pub async fn products_by_id(
        &self,
        ids: &[ProductId],
    ) -> Read<HashMap<ProductId, product::Model>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut sql = self.sql();
        sql.push(&products().select()).push(" WHERE ");
        sql.among("p.id", ids.iter().map(|id| id.0));
        let rows: Vec<product::Model> = self.fetch(sql).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// Products by what other systems call them; unknown ones are absent.
    pub async fn products_by_external_id(
        &self,
        ids: &[String],
    ) -> Read<HashMap<String, ProductId>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let known = product_external_id::Entity::find()
            .filter(product_external_id::Column::ExternalId.is_in(ids));
        let known = self.all(known).await?;
        let known = known.into_iter();
        Ok(known.map(|row| (row.external_id, row.product_id)).collect())
    }

    /// What other systems call these products; of several the first by alphabet.
    pub async fn external_ids_of_products(
        &self,
        products: &[ProductId],
    ) -> Read<HashMap<ProductId, String>> {
        let named = self.names_of_products(products).await?.into_iter();
        let first = named.filter_map(|(id, names)| Some((id, names.into_iter().next()?)));
        Ok(first.collect())
    }

    /// All that other systems call these products, by alphabet.
    pub async fn names_of_products(
        &self,
        products: &[ProductId],
    ) -> Read<HashMap<ProductId, Vec<String>>> {
        let mut named: HashMap<ProductId, Vec<String>> = HashMap::new();
        if products.is_empty() {
            return Ok(named);
        }
        let known = product_external_id::Entity::find()
            .filter(product_external_id::Column::ProductId.is_in(products.iter().copied()))
            .order_by_asc(product_external_id::Column::ExternalId);
        for row in self.all(known).await? {
            named
                .entry(row.product_id)
                .or_default()
                .push(row.external_id);
        }
        Ok(named)
    }

    /// All credit types, oldest first.
    pub async fn credit_types(&self, include_archived: bool) -> Read<Vec<credit_type::Model>> {
        let named = self.units_named().await?;
        let mut sql = self.sql();
        sql.push(&credit_types().select()).push(" WHERE 1 = 1");
        sql.and_among("t.id", named.as_ref());
        unarchived(&mut sql, "t", include_archived);
        sql.push(" ORDER BY t.created_at, t.id");
        self.fetch(sql).await
    }

    /// A page of the credit types.
    pub async fn credit_types_page(
        &self,
        include_archived: bool,
        page: &PageRequest,
    ) -> Read<Page<credit_type::Model>> {
        let list = ("credit types", KeyKind::Id);
        let slice = Slice::of_all(page, list, &include_archived)?;
        let matching = |sql: &mut Sql| unarchived(sql, "t", include_archived);
        let key = |row: &credit_type::Model| Key::Id(row.id.0);
        self.root(&credit_types(), "t.id", &slice, matching, key)
            .await
    }

    /// Credit types by id, whoever asks: who sees a row sees its unit. Those that do not exist are absent.
    pub async fn credit_types_by_id(
        &self,
        ids: &[CreditTypeId],
    ) -> Read<HashMap<CreditTypeId, credit_type::Model>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut sql = self.sql();
        sql.push(&credit_types().select()).push(" WHERE ");
        sql.among("t.id", ids.iter().map(|id| id.0));
        let rows: Vec<credit_type::Model> = self.fetch(sql).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The units that a customer's own books are in, and the one that is meant where none is named.
    /// `None`: all may be listed.
    pub(super) async fn units_named(&self) -> Read<Option<Vec<CreditTypeId>>> {
        let Some(own) = self.scope.customer() else {
            return Ok(None);
        };
        let mut sql = self.sql();
        sql.push("SELECT a.customer_id, a.credit_type_id FROM account a WHERE a.customer_id = ")
            .bind(own);
        let units: Vec<Unit> = self.fetch(sql).await?;
        let units = units.iter().map(|unit| unit.credit_type_id);
        Ok(Some(units.chain([CreditTypeId::USD]).collect()))
    }

    /// The products that a customer's own grants and credits name. `None`: all may be listed.
    pub(super) async fn products_named(&self) -> Read<Option<Vec<ProductId>>> {
        let Some(own) = self.scope.customer() else {
            return Ok(None);
        };
        let mut sql = self.sql();
        sql.push("SELECT g.customer_id, NULL AS product_id, g.product_ids AS listed, ")
            .push("NULL AS specifiers FROM credit_grant g WHERE g.customer_id = ")
            .bind(own);
        sql.push(" AND g.product_ids <> '[]'");
        let mut named: Vec<Naming> = self.fetch(sql).await?;
        let mut sql = self.sql();
        sql.push("SELECT c.customer_id, c.product_id, c.applicable_product_ids AS listed, ")
            .push("c.specifiers FROM credit c WHERE c.customer_id = ")
            .bind(own);
        named.extend(self.fetch::<Naming>(sql).await?);
        let mut ids: Vec<ProductId> = named.iter().filter_map(|row| row.product_id).collect();
        let texts = named.iter().map(|row| Some(&*row.listed));
        let texts = texts.chain(named.iter().map(|row| row.specifiers.as_deref()));
        for text in texts.flatten() {
            let json = serde_json::from_str(text).unwrap_or_default();
            ids_in(&json, &mut ids);
        }
        Ok(Some(ids))
    }

    /// Where a grant, credit or contract lives.
    pub(super) async fn home(&self, id: Uuid, kind: &str) -> Read<Option<object_home::Model>> {
        let home = self.one(object_home::Entity::find_by_id(id)).await?;
        Ok(home.filter(|home| home.kind == kind))
    }

    /// The grant or credit that has a uniqueness key.
    pub(super) async fn object_with_key(&self, key: &str, kind: &str) -> Read<Option<Uuid>> {
        if key.contains('\0') {
            return Ok(None);
        }
        let row = uniqueness_key::Entity::find_by_id((key.to_owned(), kind.to_owned()));
        Ok(self.one(row).await?.map(|row| row.object_id))
    }
}

/// All ids anywhere in a JSON value.
fn ids_in(json: &serde_json::Value, ids: &mut Vec<ProductId>) {
    match json {
        serde_json::Value::String(text) => ids.extend(Uuid::try_parse(text).ok().map(ProductId)),
        serde_json::Value::Array(items) => items.iter().for_each(|item| ids_in(item, ids)),
        serde_json::Value::Object(fields) => fields.values().for_each(|item| ids_in(item, ids)),
        _ => {}
    }
}

fn unarchived(sql: &mut Sql, alias: &str, include_archived: bool) {
    if !include_archived {
        sql.push(&format!(" AND {alias}.archived_at IS NULL"));
    }
}
