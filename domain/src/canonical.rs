//! The length-prefixed canonical form that hashes are taken over (rule 3).

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Collects fields, each with its length before it, so that no two lists of fields look alike.
#[derive(Default)]
pub struct Canonical(Vec<u8>);

impl Canonical {
    /// With room for a usual row.
    #[must_use]
    pub fn new() -> Self {
        Self(Vec::with_capacity(512))
    }

    /// Appends a present field.
    pub fn put(&mut self, bytes: &[u8]) -> &mut Self {
        // One more than the length, so that absent (0) and empty (1) differ.
        let length = u32::try_from(bytes.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends an absent field.
    pub fn absent(&mut self) -> &mut Self {
        self.0.extend_from_slice(&0_u32.to_be_bytes());
        self
    }

    /// Appends a field that may be absent.
    pub fn maybe(&mut self, bytes: Option<&[u8]>) -> &mut Self {
        match bytes {
            Some(bytes) => self.put(bytes),
            None => self.absent(),
        }
    }

    /// Appends a number.
    pub fn number(&mut self, number: i64) -> &mut Self {
        self.put(&number.to_be_bytes())
    }

    /// SHA-256 over all that was put.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Sha256::digest(&self.0).into()
    }
}
