//! `/healthz`: the process lives. `/readyz`: the database answers and has all migrations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::time::timeout;

use crate::ledger::migrated;

/// How long the database is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What readiness asks.
#[derive(Clone)]
pub struct Health {
    db: DatabaseConnection,
    /// Migrations are never taken back, so they are looked for until they are there.
    migrated: Arc<AtomicBool>,
}

impl Health {
    /// Of this database.
    #[must_use]
    pub fn new(db: DatabaseConnection) -> Self {
        Self {
            db,
            migrated: Arc::default(),
        }
    }

    async fn is_ready(&self) -> Result<bool, DbErr> {
        if self.migrated.load(Ordering::Relaxed) {
            self.db.ping().await?;
            return Ok(true);
        }
        let is_up = migrated::is_up(&self.db).await?;
        self.migrated.store(is_up, Ordering::Relaxed);
        Ok(is_up)
    }
}

/// The process lives.
pub async fn alive() -> HttpResponse {
    text(StatusCode::OK, "ok\n")
}

/// The database answers and has all migrations.
pub async fn ready(health: web::Data<Health>) -> HttpResponse {
    let asked = timeout(PATIENCE, health.is_ready()).await;
    let asked = asked.unwrap_or_else(|_| Err(DbErr::Custom("no answer in time".to_owned())));
    match asked {
        Ok(true) => text(StatusCode::OK, "ready\n"),
        Ok(false) => text(StatusCode::SERVICE_UNAVAILABLE, "migrations are pending\n"),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer\n",
            )
        }
    }
}

fn text(status: StatusCode, body: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body)
}
