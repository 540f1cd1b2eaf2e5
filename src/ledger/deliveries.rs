//! Deliveries: claimed, settled, replayed, forgotten. Each is one statement on one row, so that any
//! number of servers can be at it: whoever moves `next_at` first has the attempt.

use domain::webhook::WebhookDeliveryStatus;
use domain::{CustomerId, EventId, Instant, WebhookEndpointId};
use entity::webhook_delivery::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, UpdateMany,
    Value,
};

use super::Ledger;
use super::sql::Sql;

/// Rows that are tidied in one go.
const PART: i64 = 1_000;
/// Rows, and so customers, that one statement names.
const NAMED: usize = 64;
/// What tells one delivery from all others, the customer first.
const KEY: [&str; 3] = ["customer_id", "endpoint_id", "event_id"];

/// What came of an attempt.
#[derive(Clone, Debug)]
pub enum Attempted {
    /// The endpoint took it: HTTP status.
    Delivered(i64),
    /// There is nothing to be told in the format of the endpoint.
    Skipped,
    /// It failed: HTTP status if there was an answer, why, and when it is made again; `None`: never.
    Failed(Option<i64>, String, Option<Instant>),
}

/// A delivery that is still as it was seen.
fn as_seen(row: &Model) -> UpdateMany<Entity> {
    key(row.customer_id, row.endpoint_id, row.event_id)
        .filter(Column::Status.eq(WebhookDeliveryStatus::Pending))
        .filter(Column::NextAt.eq(row.next_at))
        .filter(Column::Attempts.eq(row.attempts))
}

fn key(customer: CustomerId, endpoint: WebhookEndpointId, event: EventId) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::CustomerId.eq(customer))
        .filter(Column::EndpointId.eq(endpoint))
        .filter(Column::EventId.eq(event))
}

impl Ledger {
    /// Takes a delivery that was seen to be due, until an instant; none: another server was faster.
    ///
    /// # Errors
    /// What the database says.
    pub async fn claim_delivery(
        &self,
        seen: &Model,
        until: Instant,
    ) -> Result<Option<Model>, DbErr> {
        let mut claimed = seen.clone();
        claimed.attempts = seen.attempts.saturating_add(1);
        claimed.next_at = until;
        let moved = as_seen(seen)
            .col_expr(Column::Attempts, Expr::value(claimed.attempts))
            .col_expr(Column::NextAt, Expr::value(until))
            .exec(&*self.writing().await)
            .await?;
        Ok((moved.rows_affected == 1).then_some(claimed))
    }

    /// Notes what came of the attempt that was claimed. Nothing, where it took so long that another
    /// server has claimed the next. What waits behind one that failed is not looked at before it is
    /// due again, so that a long line costs the looks of others nothing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn settle_delivery(
        &self,
        claimed: &Model,
        attempted: Attempted,
    ) -> Result<(), DbErr> {
        use WebhookDeliveryStatus::{Dead, Delivered, Pending, Skipped};
        let (status, answer, failure, again) = match attempted {
            Attempted::Delivered(answer) => (Delivered, Some(answer), None, None),
            Attempted::Skipped => (Skipped, None, None, None),
            Attempted::Failed(answer, why, None) => (Dead, answer, Some(why), None),
            Attempted::Failed(answer, why, again) => (Pending, answer, Some(why), again),
        };
        let settled_at = again.is_none().then(|| self.now());
        let change = as_seen(claimed)
            .col_expr(Column::Status, Expr::value(status))
            .col_expr(Column::Answer, Expr::value(answer))
            .col_expr(Column::Failure, Expr::value(failure))
            .col_expr(Column::SettledAt, Expr::value(settled_at));
        let Some(again) = again else {
            return change.exec(&*self.writing().await).await.map(|_| ());
        };
        let change = change.col_expr(Column::NextAt, Expr::value(again));
        change.exec(&*self.writing().await).await?;
        Entity::update_many()
            .col_expr(Column::NextAt, Expr::value(again))
            .filter(Column::CustomerId.eq(claimed.customer_id))
            .filter(Column::EndpointId.eq(claimed.endpoint_id))
            .filter(Column::Status.eq(Pending))
            .filter(Column::Attempts.eq(0))
            .filter(Column::NextAt.lt(again))
            .exec(&*self.writing().await)
            .await
            .map(|_| ())
    }

    /// Has a delivery made once more, from the first attempt on; false: there is none, or it is
    /// still pending.
    ///
    /// # Errors
    /// What the database says.
    pub async fn replay_delivery(
        &self,
        customer: CustomerId,
        endpoint: WebhookEndpointId,
        event: EventId,
    ) -> Result<bool, DbErr> {
        let again = key(customer, endpoint, event)
            .col_expr(Column::Status, Expr::value(WebhookDeliveryStatus::Pending))
            .col_expr(Column::Attempts, Expr::value(0_i64))
            .col_expr(Column::NextAt, Expr::value(self.now()))
            .col_expr(Column::SettledAt, Expr::value(Option::<Instant>::None))
            .filter(Column::Status.ne(WebhookDeliveryStatus::Pending))
            .exec(&*self.writing().await)
            .await?;
        let is_again = again.rows_affected == 1;
        if is_again {
            tracing::info!(endpoint.id = %endpoint, event.id = %event, "a webhook is sent once more");
        }
        Ok(is_again)
    }

    /// Removes deliveries that were made, or skipped, before an instant, and those to endpoints that
    /// were deleted before; gives up what has been pending since then. What was given up stays.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tidy_deliveries(&self, before: Instant) -> Result<(), DbErr> {
        let made = |sql: &mut Sql| {
            sql.text("settled_at < ").bind(before);
            sql.text(" AND status IN ('DELIVERED', 'SKIPPED')");
        };
        let ended = |sql: &mut Sql| {
            sql.text("endpoint_id IN (SELECT id FROM webhook_endpoint WHERE deleted_at < ")
                .bind(before);
            sql.text(")");
        };
        let old = |sql: &mut Sql| {
            sql.text("status = 'PENDING' AND created_at < ")
                .bind(before);
        };
        self.in_parts("DELETE FROM webhook_delivery", made).await?;
        self.in_parts("DELETE FROM webhook_delivery", ended).await?;
        let given_up = format!(
            "UPDATE webhook_delivery SET status = 'DEAD', settled_at = {}, failure = \
             'not delivered in the days for which deliveries are kept'",
            self.now().0
        );
        self.in_parts(&given_up, old).await
    }

    /// Changes the rows that match, so many at a time that others are not held up: they are looked
    /// for among all customers, then changed by statements that name the customers, where they still
    /// match.
    async fn in_parts(&self, change: &str, matching: impl Fn(&mut Sql)) -> Result<(), DbErr> {
        let db = self.database();
        let backend = db.get_database_backend();
        loop {
            let key = KEY.join(", ");
            let mut sql = Sql::new(
                backend,
                &format!("SELECT {key} FROM webhook_delivery WHERE "),
            );
            matching(&mut sql);
            sql.text(" LIMIT ").bind(PART);
            let mut found = Old::find_by_statement(sql.statement()).all(db).await?;
            found.sort_unstable_by_key(|old| (old.customer_id, old.endpoint_id, old.event_id));
            let is_last = found.len() < usize::try_from(PART).unwrap_or_default();
            for old in found.chunks(NAMED) {
                let mut sql = Sql::new(backend, &format!("{change} WHERE "));
                sql.among_rows("webhook_delivery", &KEY, old.iter().map(Old::key).collect());
                sql.text(" AND ");
                matching(&mut sql);
                self.writing().await.execute_raw(sql.statement()).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// A delivery that is to be removed or given up.
#[derive(FromQueryResult)]
struct Old {
    customer_id: CustomerId,
    endpoint_id: WebhookEndpointId,
    event_id: EventId,
}

impl Old {
    fn key(&self) -> Vec<Value> {
        vec![
            self.customer_id.0.into(),
            self.endpoint_id.0.into(),
            self.event_id.0.into(),
        ]
    }
}
