//! Idempotency keys: what was answered before is answered again, byte for byte.
//!
//! Two things work together. The books themselves keep every key for ever, in the transaction of the
//! change: nothing is done twice, whatever happens to this process. And beside them stands what was
//! answered, so that a repeat hears the very same, whatever became of the object since.

use actix_web::http::StatusCode;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::call::Call;
use super::error::{Answer, ApiError};
use super::http::Reply;
use crate::ledger::Claim;

/// After so many microseconds whoever began to answer is taken to have died.
const DEAD_AFTER: i64 = 120_000_000;

/// What is known of a key.
pub(super) enum Kept {
    /// The answer that was given before.
    Before(Reply),
    /// Nothing: it is ours to answer.
    Mine(Begun),
}

/// A key whose request is being answered.
pub(super) struct Begun {
    key: String,
}

/// Looks at the key of a request and claims it.
///
/// # Errors
/// It was used for another request, or that request is still under way.
pub(super) async fn begin(call: &Call, key: &str, path: &str) -> Answer<Kept> {
    let request = fingerprint(call, path);
    let stale = call.ledger.now().plus_micros(-DEAD_AFTER);
    let claim = call.ledger.claim_answer(key, &request, stale).await;
    let claim = claim.map_err(|error| {
        tracing::error!(%error, "an idempotency key could not be looked up");
        ApiError::internal()
    })?;
    match claim {
        Claim::Mine => Ok(Kept::Mine(Begun {
            key: key.to_owned(),
        })),
        Claim::UnderWay => Err(ApiError::invalid(format!(
            "There is currently another in-progress request using this Idempotent Key (that \
             probably means you submitted twice, and the other request is still going through): \
             {key}. Please try again later."
        ))
        .coded("idempotency_key_in_use")
        .with_status(StatusCode::CONFLICT)),
        Claim::Other => Err(ApiError {
            kind: "idempotency_error",
            ..ApiError::invalid(format!(
                "Keys for idempotent requests can only be used with the same parameters they were \
                 first used with. Try using a key other than '{key}' if you meant to execute a \
                 different request."
            ))
        }),
        Claim::Answered { status, body } => Ok(Kept::Before(Reply {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
            body,
            is_replayed: true,
            retry_after: None,
        })),
    }
}

impl Begun {
    /// Keeps the answer; or lets go of the key where nothing was decided, so that the request can be
    /// mended and tried again.
    pub(super) async fn end(self, call: &Call, answer: &Answer<Json>, reply: &Reply) {
        let is_decided = match answer {
            Ok(_) => true,
            Err(error) => error.is_decided,
        };
        let kept = if is_decided {
            let status = reply.status.as_u16();
            call.ledger
                .keep_answer(&self.key, status, &reply.body)
                .await
        } else {
            call.ledger.release_answer(&self.key).await
        };
        // The change itself stands, and its key with it: a repeat is answered from the books.
        if let Err(error) = kept {
            tracing::warn!(%error, "an answer could not be kept");
        }
    }
}

/// What a request asks for, whatever the order of its parameters.
fn fingerprint(call: &Call, path: &str) -> String {
    let text = format!("POST {path}\n{}", call.params.canonical());
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
