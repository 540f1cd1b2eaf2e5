//! Answers given to the REST calls of others, by idempotency key: a repeat hears the very same.
//!
//! No part of the books: those keep keys of their own (rule 15), by which nothing is done twice. A
//! row says that a request is being answered, or what it was answered.

use domain::Instant;
use entity::rest_answer;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use super::Ledger;
use super::sql::{self, Sql};

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: it is the caller's now.
    Mine,
    /// The same request is being answered.
    UnderWay,
    /// It was used for another request.
    Other,
    /// What the same request was answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
}

impl Ledger {
    /// Claims a key for a request, which is told by its fingerprint. A claim from before
    /// `stale_before` that was never answered is taken over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_answer(
        &self,
        key: &str,
        request: &str,
        stale_before: Instant,
    ) -> Result<Claim, DbErr> {
        let writing = self.writing().await;
        let db = &*writing;
        let now = self.now();
        let row = rest_answer::Model {
            key: key.to_owned(),
            request: request.to_owned(),
            claimed_at: now,
            status: None,
            body: None,
        };
        match sql::claim(db, &[row]).await {
            Err(DbErr::RecordNotInserted) => {}
            claimed => return claimed.map(|()| Claim::Mine),
        }
        let known = rest_answer::Entity::find_by_id(key).one(db).await?;
        let Some(known) = known else {
            return Ok(Claim::UnderWay);
        };
        if let (Some(status), Some(body)) = (known.status, known.body) {
            if known.request != request {
                return Ok(Claim::Other);
            }
            let status = u16::try_from(status).unwrap_or(200);
            return Ok(Claim::Answered { status, body });
        }
        if known.claimed_at >= stale_before {
            return Ok(Claim::UnderWay);
        }
        if known.request != request {
            return Ok(Claim::Other);
        }
        let mut taken = Sql::new(
            db.get_database_backend(),
            "UPDATE rest_answer SET claimed_at = ",
        );
        taken.bind(now).text(" WHERE key = ").bind(key.to_owned());
        taken.text(" AND status IS NULL AND claimed_at = ");
        taken.bind(known.claimed_at);
        let done = db.execute_raw(taken.statement()).await?;
        Ok(if done.rows_affected() == 1 {
            Claim::Mine
        } else {
            Claim::UnderWay
        })
    }

    /// Keeps the answer to a request for ever.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_answer(&self, key: &str, status: u16, body: &str) -> Result<(), DbErr> {
        let writing = self.writing().await;
        let db = &*writing;
        let mut kept = Sql::new(
            db.get_database_backend(),
            "UPDATE rest_answer SET status = ",
        );
        kept.bind(i32::from(status)).text(", body = ");
        kept.bind(body.to_owned()).text(" WHERE key = ");
        kept.bind(key.to_owned()).text(" AND status IS NULL");
        db.execute_raw(kept.statement()).await.map(|_| ())
    }

    /// Lets go of a key that nothing was decided under.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_answer(&self, key: &str) -> Result<(), DbErr> {
        let writing = self.writing().await;
        let db = &*writing;
        let mut gone = Sql::new(
            db.get_database_backend(),
            "DELETE FROM rest_answer WHERE key = ",
        );
        gone.bind(key.to_owned()).text(" AND status IS NULL");
        db.execute_raw(gone.statement()).await.map(|_| ())
    }
}
