//! Texts by which something is looked up.

use async_graphql::{CustomValidator, InputValueError};

/// Holds that there is no NUL in it (decision 25): none is in the books, and PostgreSQL can not be
/// asked for one.
pub struct WithoutNul;

impl CustomValidator<String> for WithoutNul {
    fn check(&self, text: &String) -> Result<(), InputValueError<String>> {
        if text.contains('\0') {
            return Err("must not contain NUL".into());
        }
        Ok(())
    }
}
