//! How a body may come packed, and why one can not be read.

use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};

/// What a body may be packed by; what else it says, the library would take for unpacked.
const KNOWN: [&str; 3] = ["gzip", "deflate", "identity"];

/// Holds that a body comes packed in a way in which it can be unpacked.
///
/// # Errors
/// For people: which ways there are.
pub fn unpacks(headers: &HeaderMap) -> Result<(), &'static str> {
    let is_known = |value: &str| KNOWN.iter().any(|known| value.eq_ignore_ascii_case(known));
    let mut given = headers.get_all(CONTENT_ENCODING);
    let first = given.next().map(|value| value.to_str().unwrap_or_default());
    if first.is_none_or(|first| is_known(first.trim())) && given.next().is_none() {
        Ok(())
    } else {
        Err("content-encoding must be gzip, deflate or identity, and one of them")
    }
}

/// Why a body can not be read, for people.
#[must_use]
pub fn unreadable(error: &PayloadError) -> &'static str {
    match error {
        PayloadError::Incomplete(_) => "it is not complete",
        PayloadError::Io(_) | PayloadError::EncodingCorrupted => {
            "it is not packed as content-encoding says"
        }
        _ => "it did not come as HTTP says",
    }
}
