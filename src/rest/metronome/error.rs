//! What goes wrong, as Metronome's clients see it: a status, a message, on version 2 a code.

use std::fmt::Display;

use actix_web::http::StatusCode;
use domain::{Code, Rejection};

use crate::ledger::Refusal;
use crate::ledger::read::ReadError;

/// What the message of a used uniqueness key is, word for word.
const KEY_USED: &str = "This uniqueness key has already been used.";

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// Of the answer.
    pub status: StatusCode,
    /// For people.
    pub message: String,
    /// What is not there, for the codes of version 2.
    pub missing: Option<Missing>,
    /// Seconds after which it may be tried again.
    pub retry_after: Option<u32>,
}

/// What is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The customer.
    Customer,
    /// The contract.
    Contract,
    /// Something else.
    Other,
}

impl Refused {
    /// With a status of its own.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            missing: None,
            retry_after: None,
        }
    }

    /// The request is not what it should be.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A value of the request is not what it should be.
    pub(super) fn at(path: &str, message: impl Display) -> Self {
        Self::bad(format!("{path}: {message}"))
    }

    /// There is nothing of the kind.
    pub(super) fn missing(what: Missing, message: impl Into<String>) -> Self {
        Self {
            missing: Some(what),
            ..Self::new(StatusCode::NOT_FOUND, message)
        }
    }

    /// There is no such customer.
    pub(super) fn no_customer() -> Self {
        Self::missing(Missing::Customer, "customer_id: there is no such customer")
    }

    /// Not the caller's fault: told to the log in full, to the caller only as a fact.
    pub(super) fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "a request of a Metronome client could not be answered");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }

    /// Whether trying again may help, where the status alone says otherwise.
    pub(super) fn should_retry(&self) -> Option<bool> {
        (self.status == StatusCode::CONFLICT).then_some(self.retry_after.is_some())
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::BadInput(message) if message.contains("cursor") => {
                Self::bad("next_page: is no cursor of this list with these filters")
            }
            ReadError::BadInput(message) => Self::bad(message),
            ReadError::Db(error) => Self::internal(error),
            ReadError::Settle(refusal) => refused(refusal, &[]),
        }
    }
}

/// Words of the ledger and what the wire calls them, by place from the start of a path.
pub(super) type Names = &'static [(&'static str, &'static str)];

/// What the wire calls what a rejection names.
const WIRE: Names = &[
    ("grantType", "credit_grant_type"),
    ("rollover.value", "rollover_settings.rollover_amount.value"),
    ("rollover", "rollover_settings"),
    ("accessSchedule.segments", "access_schedule.schedule_items"),
    ("accessSchedule.add", "access_schedule.add_schedule_items"),
    (
        "accessSchedule.update",
        "access_schedule.update_schedule_items",
    ),
    (
        "accessSchedule.remove",
        "access_schedule.remove_schedule_items",
    ),
];

/// A refusal of the ledger in the words of the wire.
pub(super) fn refused(refusal: Refusal, names: Names) -> Refused {
    let rejections = match refusal {
        Refusal::Rejected(rejections) => rejections,
        Refusal::Overloaded => {
            return Refused {
                retry_after: Some(1),
                ..Refused::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "the server is busy: try again",
                )
            };
        }
        Refusal::Internal(cause) => return Refused::internal(cause),
    };
    let told: Vec<String> = rejections.iter().map(|one| told(one, names)).collect();
    let first = rejections.first();
    let code = first.map(|rejection| rejection.code);
    let status = code.map_or(StatusCode::BAD_REQUEST, status);
    let missing = first
        .filter(|rejection| rejection.code == Code::NotFound)
        .map(
            |rejection| match rejection.field.first().map(String::as_str) {
                Some("customerId") => Missing::Customer,
                Some("contractId") => Missing::Contract,
                _ => Missing::Other,
            },
        );
    Refused {
        status,
        message: told.join("; "),
        missing,
        retry_after: (code == Some(Code::Conflict)).then_some(1),
    }
}

fn told(rejection: &Rejection, names: Names) -> String {
    if rejection.code == Code::UniquenessKeyTaken {
        return KEY_USED.to_owned();
    }
    let path = wire_path(&rejection.field.join("."), names);
    let message = in_wire_words(&rejection.message, names);
    if path.is_empty() {
        message
    } else {
        format!("{path}: {message}")
    }
}

/// A message whose names of fields are those of the wire.
fn in_wire_words(message: &str, names: Names) -> String {
    let is_name = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.contains(|letter: char| letter.is_ascii_uppercase())
            && word
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "._".contains(letter))
    };
    let words = message.split_inclusive([' ', ',', ';', ':']);
    let words = words.map(|word| {
        let name = word.trim_end_matches([' ', ',', ';', ':']);
        let after = word.strip_prefix(name).unwrap_or_default();
        if is_name(name) {
            format!("{}{after}", wire_path(name, names))
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

fn wire_path(path: &str, names: Names) -> String {
    // A credit of a new contract is told as one of its own.
    if let Some((index, rest)) = path
        .strip_prefix("credits.")
        .and_then(|rest| rest.split_once('.'))
    {
        return format!("credits.{index}.{}", wire_path(rest, names));
    }
    if let Some(key) = path.strip_prefix("customFields.") {
        return format!("custom_fields.{key}");
    }
    let all = names.iter().chain(WIRE);
    for (ours, theirs) in all {
        if let Some(rest) = path.strip_prefix(ours)
            && (rest.is_empty() || rest.starts_with('.'))
        {
            return format!("{theirs}{}", snake(rest));
        }
    }
    snake(path)
}

fn snake(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_uppercase() {
            written.push('_');
        }
        written.push(letter.to_ascii_lowercase());
    }
    written
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::IdempotencyMismatch
        | Code::UniquenessKeyTaken
        | Code::ExternalIdTaken
        | Code::IngestAliasTaken
        | Code::Conflict => StatusCode::CONFLICT,
        Code::Overloaded => StatusCode::TOO_MANY_REQUESTS,
        Code::Required
        | Code::Invalid
        | Code::TooLong
        | Code::OutOfRange
        | Code::TooPrecise
        | Code::WindowEmpty
        | Code::Archived
        | Code::AlreadyVoided
        | Code::AlreadyEnded
        | Code::WrongState
        | Code::Held
        | Code::PartlyUsed
        | Code::EndNotEarlier
        | Code::SegmentsOverlapUse
        | Code::TooLate
        | Code::InsufficientCredit
        | Code::WouldGoNegative
        | Code::NotReversible
        | Code::CustomFieldTaken => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_as_the_wire_does() {
        let names: Names = &[("endingBefore", "access_ending_before")];
        assert_eq!(
            wire_path("grantAmount.creditTypeId", &[]),
            "grant_amount.credit_type_id"
        );
        assert_eq!(
            wire_path("accessSchedule.segments.0.endingBefore", names),
            "access_schedule.schedule_items.0.ending_before"
        );
        assert_eq!(wire_path("endingBefore", names), "access_ending_before");
        assert_eq!(
            wire_path("credits.1.accessSchedule.segments.0.amount", &[]),
            "credits.1.access_schedule.schedule_items.0.amount"
        );
    }

    #[test]
    fn a_message_names_fields_as_the_wire_does_and_leaves_the_rest_alone() {
        assert_eq!(
            in_wire_words(
                "give applicableProductIds, or grantAmount.amount; not `aB` or onA: PARTIAL",
                &[]
            ),
            "give applicable_product_ids, or grant_amount.amount; not `aB` or on_a: PARTIAL"
        );
    }

    #[test]
    fn a_used_key_is_a_conflict_that_is_not_tried_again() {
        let rejection = Rejection::new(Code::UniquenessKeyTaken, "uniquenessKey", "taken");
        let refused = refused(rejection.into(), &[]);
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert_eq!(refused.message, KEY_USED);
        assert_eq!(refused.should_retry(), Some(false));
    }
}
