//! Keys of callers, what tokens are signed with, and what checks of all books found. Not for the
//! eyes of customers.

use std::sync::LazyLock;

use domain::ApiKeyId;
use entity::{api_key, signing_key, verification};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::dialect::{Child, Sql, columns};
use super::page::{Key, KeyKind, Slice};
use super::{Page, PageRequest, Read, Reader};

static COLUMNS: LazyLock<String> = LazyLock::new(|| columns::<api_key::Entity>("a", ""));

fn child() -> Child {
    Child {
        table: "api_key",
        alias: "a",
        joins: "",
        columns: &COLUMNS,
    }
}

fn matching(sql: &mut Sql, include_revoked: bool) {
    if !include_revoked {
        sql.push(" AND a.revoked_at IS NULL");
    }
}

impl Reader {
    /// All keys.
    pub async fn api_keys(
        &self,
        include_revoked: bool,
        page: &PageRequest,
    ) -> Read<Page<api_key::Model>> {
        let list = ("keys", KeyKind::Id);
        let slice = Slice::of_all(page, list, &include_revoked)?;
        let matching = |sql: &mut Sql| matching(sql, include_revoked);
        let key = |row: &api_key::Model| Key::Id(row.id.0);
        self.root(&child(), "a.id", &slice, matching, key).await
    }

    /// How many keys there are.
    pub async fn count_api_keys(&self, include_revoked: bool) -> Read<i64> {
        self.total(&child(), |sql| matching(sql, include_revoked))
            .await
    }

    /// Keys by id; those that do not exist are absent.
    pub async fn api_keys_by_id(&self, ids: &[ApiKeyId]) -> Read<Vec<api_key::Model>> {
        self.rows_anywhere(&child(), ids.iter().map(|id| id.0))
            .await
    }

    /// The key of which this is the hash, revoked or not.
    pub async fn api_key_by_hash(&self, hash: &[u8]) -> Read<Option<api_key::Model>> {
        let found = api_key::Entity::find()
            .filter(api_key::Column::SecretHash.eq(hash.to_vec()))
            .order_by_asc(api_key::Column::Id);
        self.one(found).await
    }

    /// What tokens may be signed with now, the newest first.
    pub async fn signing_keys(&self) -> Read<Vec<signing_key::Model>> {
        let good = Condition::any()
            .add(signing_key::Column::EndsAt.is_null())
            .add(signing_key::Column::EndsAt.gt(self.now()));
        let found = signing_key::Entity::find()
            .filter(good)
            .order_by_desc(signing_key::Column::Id);
        self.all(found).await
    }

    /// The last check of all books, if one was made.
    pub async fn verification(&self) -> Read<Option<verification::Model>> {
        let newest = verification::Entity::find().order_by_desc(verification::Column::Id);
        self.one(newest.limit(1)).await
    }
}
