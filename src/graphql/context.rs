//! What every resolver may ask of its context.

use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use domain::{CreditTypeId, Scale};
use entity::credit_type;

use super::access::{self, Root};
use super::error::Failure;
use super::loaders::{Batch, CreditTypeKey, CreditTypes};
use crate::auth::Keys;
use crate::config::Limits;
use crate::ledger::read::{Reader, Scope};
use crate::ledger::{Caller, Ledger};

/// What a nullable field answers: failing, it is null by itself, and its neighbours live
/// (anchors 3.9).
pub type Found<T> = Option<Result<T, Failure>>;

/// The caller.
pub fn caller<'c>(ctx: &'c Context<'_>) -> Result<&'c Caller, Failure> {
    ctx.data_opt()
        .ok_or_else(|| Failure::internal("no caller in the request"))
}

fn ledger<'c>(ctx: &'c Context<'_>) -> Result<&'c Ledger, Failure> {
    ctx.data_opt()
        .ok_or_else(|| Failure::internal("no ledger in the schema"))
}

/// What a request may cost.
pub fn limits<'c>(ctx: &'c Context<'_>) -> Result<&'c Limits, Failure> {
    ctx.data_opt()
        .ok_or_else(|| Failure::internal("no limits in the schema"))
}

/// The caller, if its role may ask for this root field.
pub fn permitted<'c>(ctx: &'c Context<'_>, root: Root) -> Result<&'c Caller, Failure> {
    let caller = caller(ctx)?;
    let roles = access::roles(root, ctx.field().name());
    if roles.contains(&caller.role) {
        return Ok(caller);
    }
    let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    Err(Failure::forbidden(format!(
        "this needs a key with role {}",
        names.join(" or ")
    )))
}

/// The ledger, for a mutation that the caller may ask for.
pub fn writer<'c>(ctx: &'c Context<'_>) -> Result<(&'c Ledger, &'c Caller), Failure> {
    let caller = permitted(ctx, Root::Mutation)?;
    Ok((ledger(ctx)?, caller))
}

/// The keys, for a mutation that the caller may ask for.
pub fn keys<'c>(ctx: &'c Context<'_>) -> Result<(&'c Keys, &'c Caller), Failure> {
    let caller = permitted(ctx, Root::Mutation)?;
    let keys = ctx.data_opt();
    let keys = keys.ok_or_else(|| Failure::internal("no keys in the schema"))?;
    Ok((keys, caller))
}

/// The ledger itself, for what is asked with the caller's scope.
pub fn within_scope<'c>(ctx: &'c Context<'_>) -> Result<(&'c Ledger, Scope), Failure> {
    Ok((ledger(ctx)?, Scope::from(caller(ctx)?)))
}

/// Every read, of what the caller may see.
pub fn reader<'c>(ctx: &'c Context<'_>) -> Result<&'c Reader, Failure> {
    ctx.data_opt()
        .ok_or_else(|| Failure::internal("no reader in the request"))
}

/// The time of the ledger: what statuses are functions of.
pub fn now(ctx: &Context<'_>) -> Result<domain::Instant, Failure> {
    Ok(ledger(ctx)?.now())
}

/// Asks for one thing, together with whatever else of its kind this request asks for.
pub async fn load<K>(
    ctx: &Context<'_>,
    key: K,
) -> Result<Option<<Batch as Loader<K>>::Value>, Failure>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Batch: Loader<K, Error = Failure>,
{
    loaders(ctx)?.load_one(key).await
}

/// Asks for some things; those that do not exist are left out, the others stay in their order.
pub async fn load_all<K>(
    ctx: &Context<'_>,
    keys: Vec<K>,
) -> Result<Vec<<Batch as Loader<K>>::Value>, Failure>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Batch: Loader<K, Error = Failure>,
{
    Ok(load_each(ctx, keys).await?.into_iter().flatten().collect())
}

/// Asks for some things, each of which may be missing.
pub async fn load_each<K>(
    ctx: &Context<'_>,
    keys: Vec<K>,
) -> Result<Vec<Option<<Batch as Loader<K>>::Value>>, Failure>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Batch: Loader<K, Error = Failure>,
{
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found = loaders(ctx)?.load_many(keys.iter().cloned()).await?;
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

fn loaders<'c>(ctx: &'c Context<'_>) -> Result<&'c DataLoader<Batch>, Failure> {
    ctx.data_opt()
        .ok_or_else(|| Failure::internal("no loaders in the request"))
}

/// A credit type: read once in the life of the server, since it never changes.
pub async fn credit_type(
    ctx: &Context<'_>,
    id: CreditTypeId,
) -> Result<Arc<credit_type::Model>, Failure> {
    find_credit_type(ctx, id)
        .await?
        .ok_or_else(|| Failure::internal(format!("credit type {id} is gone")))
}

/// A credit type, if there is one with this id.
pub async fn find_credit_type(
    ctx: &Context<'_>,
    id: CreditTypeId,
) -> Result<Option<Arc<credit_type::Model>>, Failure> {
    let known = ctx
        .data_opt::<CreditTypes>()
        .ok_or_else(|| Failure::internal("no credit types in the schema"))?;
    if let Some(row) = known.get(id) {
        return Ok(Some(row));
    }
    let Some(row) = load(ctx, CreditTypeKey(id)).await? else {
        return Ok(None);
    };
    known.keep(&row);
    Ok(Some(row))
}

/// The decimal places of a credit type.
pub async fn scale(ctx: &Context<'_>, id: CreditTypeId) -> Result<Scale, Failure> {
    let row = credit_type(ctx, id).await?;
    Scale::try_from(row.scale).map_err(Failure::internal)
}
