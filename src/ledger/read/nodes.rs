//! Anything by its id alone.

use std::collections::HashMap;

use domain::drawdown::DrawdownStatus;
use domain::id::NOTHING;
use domain::{ApiKeyId, ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, ProductId};
use entity::{drawdown, ledger_entry, object_home};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::fetch::once_each;
use super::{HOME_CONTRACT, HOME_CREDIT, HOME_GRANT, NodeRow, Read, Reader, drawdowns, entries};

/// What was found, and what is still looked for.
struct Search {
    found: HashMap<Uuid, NodeRow>,
    missing: Vec<Uuid>,
}

impl Search {
    fn add(&mut self, rows: impl IntoIterator<Item = (Uuid, NodeRow)>) {
        self.found.extend(rows);
        let found = &self.found;
        self.missing.retain(|id| !found.contains_key(id));
    }

    fn missing<I: From<Uuid>>(&self) -> Vec<I> {
        self.missing.iter().map(|id| I::from(*id)).collect()
    }
}

impl Reader {
    /// Anything by its id.
    pub async fn node(&self, id: Uuid) -> Read<Option<NodeRow>> {
        Ok(self.nodes(&[id]).await?.remove(&id))
    }

    /// Anything by ids, a constant number of statements for all; what does not exist is absent.
    pub async fn nodes(&self, ids: &[Uuid]) -> Read<HashMap<Uuid, NodeRow>> {
        let ids = ids.iter().copied();
        let mut search = Search {
            found: HashMap::new(),
            missing: once_each(ids.filter(|id| *id != NOTHING)),
        };
        if !search.missing.is_empty() {
            self.find_at_home(&mut search).await?;
        }
        if !search.missing.is_empty() {
            self.find_in_the_house(&mut search).await?;
        }
        if !search.missing.is_empty() {
            self.find_movements(&mut search).await?;
        }
        if !search.missing.is_empty() {
            let rows = self.events_by_id(&search.missing).await?;
            search.add(rows.into_iter().map(|row| (row.id.0, NodeRow::Event(row))));
        }
        Ok(search.found)
    }

    /// Grants, credits, contracts.
    async fn find_at_home(&self, search: &mut Search) -> Read<()> {
        let homes = object_home::Entity::find()
            .filter(object_home::Column::Id.is_in(search.missing.iter().copied()));
        let homes = self.all(homes).await?;
        fn of<I: From<Uuid>>(homes: &[object_home::Model], kind: &str) -> Vec<(CustomerId, I)> {
            let homes = homes.iter().filter(|home| home.kind == kind);
            homes
                .map(|home| (home.customer_id, I::from(home.id)))
                .collect()
        }
        let grants = of::<CreditGrantId>(&homes, HOME_GRANT);
        let credits = of::<CreditId>(&homes, HOME_CREDIT);
        let contracts = of::<ContractId>(&homes, HOME_CONTRACT);
        if !grants.is_empty() {
            let rows = self.grants_by_id(&grants).await?;
            search.add(
                rows.into_iter()
                    .map(|(id, row)| (id.0, NodeRow::Grant(row))),
            );
        }
        if !credits.is_empty() {
            let rows = self.credits_by_id(&credits).await?;
            search.add(
                rows.into_iter()
                    .map(|(id, row)| (id.0, NodeRow::Credit(row))),
            );
        }
        if !contracts.is_empty() {
            let rows = self.contracts_by_id(&contracts).await?;
            search.add(
                rows.into_iter()
                    .map(|(id, row)| (id.0, NodeRow::Contract(row))),
            );
        }
        Ok(())
    }

    /// Customers, credit types, products, keys.
    async fn find_in_the_house(&self, search: &mut Search) -> Read<()> {
        let rows = self
            .customers_by_id(&search.missing::<CustomerId>())
            .await?;
        search.add(
            rows.into_iter()
                .map(|(id, row)| (id.0, NodeRow::Customer(row))),
        );
        let mut rows = self
            .credit_types_by_id(&search.missing::<CreditTypeId>())
            .await?;
        if let Some(named) = self.units_named().await? {
            rows.retain(|id, _| named.contains(id));
        }
        search.add(
            rows.into_iter()
                .map(|(id, row)| (id.0, NodeRow::CreditType(row))),
        );
        let mut rows = self.products_by_id(&search.missing::<ProductId>()).await?;
        if let Some(named) = self.products_named().await? {
            rows.retain(|id, _| named.contains(id));
        }
        search.add(
            rows.into_iter()
                .map(|(id, row)| (id.0, NodeRow::Product(row))),
        );
        let rows = self.api_keys_by_id(&search.missing::<ApiKeyId>()).await?;
        search.add(rows.into_iter().map(|row| (row.id.0, NodeRow::ApiKey(row))));
        Ok(())
    }

    /// Drawdowns and ledger entries.
    async fn find_movements(&self, search: &mut Search) -> Read<()> {
        let ids = search.missing.clone();
        let child = drawdowns::child();
        let mut rows: Vec<drawdown::Model> =
            self.rows_anywhere(&child, ids.iter().copied()).await?;
        // A hold may have to lapse first.
        let held = rows.iter().filter(|row| row.status == DrawdownStatus::Held);
        let held = once_each(held.map(|row| row.customer_id));
        if self.settle(&held).await? {
            rows = self.rows_anywhere(&child, ids).await?;
        }
        search.add(
            rows.into_iter()
                .map(|row| (row.id.0, NodeRow::Drawdown(row))),
        );
        let rows: Vec<ledger_entry::Model> = self
            .rows_anywhere(&entries::child(), search.missing.iter().copied())
            .await?;
        search.add(rows.into_iter().map(|row| (row.id.0, NodeRow::Entry(row))));
        Ok(())
    }
}
