//! Webhook endpoints, and what they are to be told or were.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::{CustomerId, EventId, Instant, WebhookEndpointId};
use entity::{webhook_delivery, webhook_endpoint};
use uuid::Uuid;

use super::dialect::{Child, Sql, columns};
use super::page::{Key, KeyKind, Slice};
use super::{DeliveryFilter, EventRow, Page, PageRequest, Read, Reader};

static ENDPOINT: LazyLock<String> = LazyLock::new(|| columns::<webhook_endpoint::Entity>("w", ""));
static DELIVERY: LazyLock<String> = LazyLock::new(|| columns::<webhook_delivery::Entity>("d", ""));

fn endpoints() -> Child {
    Child {
        table: "webhook_endpoint",
        alias: "w",
        joins: "",
        columns: &ENDPOINT,
    }
}

fn deliveries() -> Child {
    Child {
        table: "webhook_delivery",
        alias: "d",
        joins: "",
        columns: &DELIVERY,
    }
}

impl Reader {
    /// All endpoints that are not deleted.
    pub async fn webhook_endpoints(
        &self,
        page: &PageRequest,
    ) -> Read<Page<webhook_endpoint::Model>> {
        let list = ("webhook endpoints", KeyKind::Id);
        let slice = Slice::of_all(page, list, &())?;
        let key = |row: &webhook_endpoint::Model| Key::Id(row.id.0);
        self.root(&endpoints(), "w.id", &slice, live, key).await
    }

    /// How many endpoints there are.
    pub async fn count_webhook_endpoints(&self) -> Read<i64> {
        self.total(&endpoints(), live).await
    }

    /// The endpoints that are told of events.
    pub async fn listening_endpoints(&self) -> Read<Vec<webhook_endpoint::Model>> {
        let mut sql = self.sql();
        sql.push(&endpoints().select());
        sql.push(" WHERE w.enabled AND w.deleted_at IS NULL ORDER BY w.id");
        self.fetch(sql).await
    }

    /// Endpoints by id, deleted ones too; those that do not exist are absent.
    pub async fn webhook_endpoints_by_id(
        &self,
        ids: &[WebhookEndpointId],
    ) -> Read<HashMap<WebhookEndpointId, webhook_endpoint::Model>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids = ids.iter().map(|id| id.0);
        let rows: Vec<webhook_endpoint::Model> = self.rows_anywhere(&endpoints(), ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// What an endpoint is to be told, or was, by event.
    pub async fn webhook_deliveries(
        &self,
        filter: &DeliveryFilter,
        page: &PageRequest,
    ) -> Read<Page<webhook_delivery::Model>> {
        let list = ("webhook deliveries", KeyKind::Id);
        let slice = Slice::of_all(page, list, filter)?;
        let key = |row: &webhook_delivery::Model| Key::Id(row.event_id.0);
        let matching = |sql: &mut Sql| matching(sql, filter);
        self.root(&deliveries(), "d.event_id", &slice, matching, key)
            .await
    }

    /// How many those are.
    pub async fn count_webhook_deliveries(&self, filter: &DeliveryFilter) -> Read<i64> {
        self.total(&deliveries(), |sql| matching(sql, filter)).await
    }

    /// Deliveries to an endpoint that are due: of each customer the first that is pending, since
    /// the others wait behind it.
    pub async fn due_deliveries(
        &self,
        endpoint: WebhookEndpointId,
        now: Instant,
        limit: i64,
    ) -> Read<Vec<webhook_delivery::Model>> {
        let mut sql = self.sql();
        sql.push(&deliveries().select());
        sql.push(" WHERE d.status = 'PENDING' AND d.endpoint_id = ")
            .bind(endpoint);
        sql.push(" AND d.next_at <= ").bind(now);
        sql.push(
            " AND NOT EXISTS (SELECT 1 FROM webhook_delivery b WHERE b.customer_id = d.customer_id \
             AND b.endpoint_id = d.endpoint_id AND b.event_id < d.event_id \
             AND b.status = 'PENDING') ORDER BY d.next_at, d.event_id LIMIT ",
        );
        sql.bind(limit);
        self.fetch(sql).await
    }

    /// The first deliveries of a customer to an endpoint that are pending, due or not.
    pub async fn line_of_deliveries(
        &self,
        customer: CustomerId,
        endpoint: WebhookEndpointId,
        limit: i64,
    ) -> Read<Vec<webhook_delivery::Model>> {
        let mut sql = self.sql();
        sql.push(&deliveries().select());
        sql.push(" WHERE d.status = 'PENDING' AND d.customer_id = ")
            .bind(customer);
        sql.push(" AND d.endpoint_id = ").bind(endpoint);
        sql.push(" ORDER BY d.event_id LIMIT ").bind(limit);
        self.fetch(sql).await
    }

    /// Events by id; those that do not exist are absent.
    pub async fn events_of(&self, ids: &[EventId]) -> Read<HashMap<EventId, EventRow>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = self.events_by_id(&ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

fn live(sql: &mut Sql) {
    sql.push(" AND w.deleted_at IS NULL");
}

fn matching(sql: &mut Sql, filter: &DeliveryFilter) {
    sql.and("d.endpoint_id =", Some(filter.endpoint_id))
        .and_among("d.customer_id", filter.customer_ids.as_ref());
    let statuses = filter.status.as_ref();
    sql.and_text(
        "d.status",
        statuses.map(|list| list.iter().map(|status| status.as_str().to_owned())),
    );
}
