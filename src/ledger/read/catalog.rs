//! Contracts, products, credit types; and where to find what is looked up by id alone.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::{ContractId, CreditTypeId, CustomerId, ProductId};
use entity::{contract, credit_type, object_home, product, uniqueness_key};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::dialect::{Child, Sql, columns};
use super::fetch::{Parents, plain, typed};
use super::page::{Key, KeyKind, Slice};
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
            .children(&parents, &contracts(), "k.id", &slice, |_| {}, place)
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
        let list = ("products", KeyKind::Id);
        let slice = Slice::read(page, list, &include_archived, &[Uuid::nil()])?;
        let matching = |sql: &mut Sql| unarchived(sql, "p", include_archived);
        let key = |row: &product::Model| Key::Id(row.id.0);
        self.root(&products(), "p.id", &slice, matching, key).await
    }

    /// How many products there are.
    pub async fn count_products(&self, include_archived: bool) -> Read<i64> {
        let matching = |sql: &mut Sql| unarchived(sql, "p", include_archived);
        self.total(&products(), matching).await
    }

    /// Products by id; those that do not exist are absent.
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

    /// All credit types, oldest first.
    pub async fn credit_types(&self, include_archived: bool) -> Read<Vec<credit_type::Model>> {
        let mut sql = self.sql();
        sql.push(&credit_types().select()).push(" WHERE 1 = 1");
        unarchived(&mut sql, "t", include_archived);
        sql.push(" ORDER BY t.created_at, t.id");
        self.fetch(sql).await
    }

    /// Credit types by id; those that do not exist are absent.
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

    /// Where a grant, credit or contract lives.
    pub(super) async fn home(&self, id: Uuid, kind: &str) -> Read<Option<object_home::Model>> {
        let home = object_home::Entity::find_by_id(id).one(&self.db).await?;
        Ok(home.filter(|home| home.kind == kind))
    }

    /// The grant or credit that has a uniqueness key.
    pub(super) async fn object_with_key(&self, key: &str, kind: &str) -> Read<Option<Uuid>> {
        if key.contains('\0') {
            return Ok(None);
        }
        let row = uniqueness_key::Entity::find_by_id((key.to_owned(), kind.to_owned()));
        Ok(row.one(&self.db).await?.map(|row| row.object_id))
    }
}

fn unarchived(sql: &mut Sql, alias: &str, include_archived: bool) {
    if !include_archived {
        sql.push(&format!(" AND {alias}.archived_at IS NULL"));
    }
}
