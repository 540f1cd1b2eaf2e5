//! Limits of texts (decision 25).

use crate::{Code, Rejection};

/// Characters of a name.
pub const NAME_MAX: usize = 255;
/// Characters of a reason or a description.
pub const REASON_MAX: usize = 1_000;
/// Characters of a key: idempotency, uniqueness, external id.
pub const KEY_MAX: usize = 128;
/// Bytes of a JSON value.
pub const JSON_MAX_BYTES: usize = 64 * 1024;

/// A name: 1..255 characters, no blanks at its ends, no NUL.
///
/// # Errors
/// `REQUIRED` when empty, `TOO_LONG`, `INVALID`.
pub fn name(path: &str, text: &str) -> Result<(), Rejection> {
    if text.trim().is_empty() {
        return Err(Rejection::new(Code::Required, path, "must not be empty"));
    }
    if text.trim() != text {
        return Err(Rejection::new(
            Code::Invalid,
            path,
            "must not begin or end with a blank",
        ));
    }
    limited(path, text, NAME_MAX)
}

/// A key: 1..128 characters, no NUL.
///
/// # Errors
/// `REQUIRED` when empty, `TOO_LONG`, `INVALID`.
pub fn key(path: &str, text: &str) -> Result<(), Rejection> {
    if text.is_empty() {
        return Err(Rejection::new(
            Code::Required,
            path,
            "must have 1 to 128 characters",
        ));
    }
    limited(path, text, KEY_MAX)
}

/// A reason or description: at most 1,000 characters, no NUL.
///
/// # Errors
/// `TOO_LONG`, `INVALID`.
pub fn reason(path: &str, text: &str) -> Result<(), Rejection> {
    limited(path, text, REASON_MAX)
}

/// Any text: at most `max` characters, no NUL.
///
/// # Errors
/// `TOO_LONG`, `INVALID`.
pub fn limited(path: &str, text: &str, max: usize) -> Result<(), Rejection> {
    if text.contains('\0') {
        return Err(Rejection::new(Code::Invalid, path, "must not contain NUL"));
    }
    let length = text.chars().count();
    if length > max {
        let message = format!("has {length} characters, at most {max} are kept");
        return Err(Rejection::new(Code::TooLong, path, message));
    }
    Ok(())
}
