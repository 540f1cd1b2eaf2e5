//! Loads keys of callers, and what tokens are signed with.

use domain::{ApiKeyId, SigningKeyId};
use entity::{api_key, signing_key};
use sea_orm::DbErr;

use super::super::db::Db;
use super::super::work::{Needs, Rows, Tracked};
use super::select;

pub(super) async fn api_keys(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<ApiKeyId, api_key::Model>, DbErr> {
    let ids = &needs.api_keys;
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let rows = select::<api_key::Entity>(db, |sql| {
        sql.among("id", ids.iter().map(|id| id.0));
    });
    let rows = rows.await?.into_iter();
    Ok(rows.map(|row| (row.id, Tracked::loaded(row))).collect())
}

pub(super) async fn signing_keys(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<SigningKeyId, signing_key::Model>, DbErr> {
    if !needs.signing_keys {
        return Ok(Rows::new());
    }
    let rows = select::<signing_key::Entity>(db, |sql| {
        sql.text("1 = 1");
    });
    let rows = rows.await?.into_iter();
    Ok(rows.map(|row| (row.id, Tracked::loaded(row))).collect())
}
