//! Keys: who is calling (design section 4, "Access").
//!
//! A key is 256 random bits, shown once and kept as its SHA-256 alone. A look-up goes by that hash,
//! so its time tells nothing of any key. What was found is remembered for a second, so that a key
//! that was revoked, by whatever process, is refused a second later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{ApiKeyId, Rejection, text};
use entity::api_key;
use rand::RngCore;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, Set,
};
use sha2::{Digest, Sha256};

use crate::ledger::{Caller, Ledger, Role};

/// What every key starts with, so that one can be told from other secrets.
pub const PREFIX: &str = "scrip_";
/// How long a found key is believed without asking the database.
const REMEMBERED: Duration = Duration::from_secs(1);
/// How many found keys are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// The roles a key can have, as the database and the command line write them.
const ROLES: [(&str, Role); 3] = [
    ("ADMIN", Role::Admin),
    ("OPERATOR", Role::Operator),
    ("READER", Role::Reader),
];

/// Reads the role of a key, in capitals or not.
#[must_use]
pub fn role_of_key(text: &str) -> Option<Role> {
    let found = ROLES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, role)| *role)
}

fn name_of(role: Role) -> Option<&'static str> {
    let found = ROLES.iter().find(|(_, known)| *known == role);
    found.map(|(name, _)| *name)
}

/// Why no key was made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The name is empty, too long or padded; or the role is none of a key.
    #[error("{0}")]
    Rejected(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

impl From<Rejection> for KeyError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(format!(
            "{}: {}",
            rejection.field.join("."),
            rejection.message
        ))
    }
}

/// The keys of the installation. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub struct Keys {
    ledger: Ledger,
    found: Arc<Mutex<HashMap<Hash, Found>>>,
}

type Hash = [u8; 32];

struct Found {
    caller: Caller,
    id: ApiKeyId,
    at: Moment,
}

impl Keys {
    /// The keys that open this ledger.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            found: Arc::default(),
        }
    }

    /// Makes a key. Its text is answered here and never again.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub async fn create(
        &self,
        name: &str,
        role: Role,
        created_by: &str,
    ) -> Result<(api_key::Model, String), KeyError> {
        let key = random_key();
        let row = self.insert(&key, name, role, created_by).await?;
        Ok((row, key))
    }

    /// Takes a key that was given from outside as an admin key, unless it is known already; a key
    /// that was revoked stays so.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub async fn admit_admin(&self, key: &str) -> Result<(), KeyError> {
        let known = api_key::Entity::find()
            .filter(api_key::Column::SecretHash.eq(hash(key).to_vec()))
            .order_by_asc(api_key::Column::Id)
            .one(self.ledger.database())
            .await?;
        match known {
            None => {
                self.insert(key, "admin", Role::Admin, "start").await?;
            }
            Some(row) if row.revoked_at.is_some() => {
                tracing::warn!(key.id = %row.id, "the admin key given from outside is revoked");
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Makes the first admin key if there is none at all.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub async fn first(&self) -> Result<Option<String>, KeyError> {
        if api_key::Entity::find()
            .count(self.ledger.database())
            .await?
            > 0
        {
            return Ok(None);
        }
        let (_, key) = self.create("admin", Role::Admin, "start").await?;
        Ok(Some(key))
    }

    /// All keys, revoked ones too, in order of making.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<api_key::Model>, DbErr> {
        api_key::Entity::find()
            .order_by_asc(api_key::Column::Id)
            .all(self.ledger.read().database())
            .await
    }

    /// Refuses the key from now on; `None`: there is no such key. Revoking twice changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(&self, id: ApiKeyId) -> Result<Option<api_key::Model>, DbErr> {
        let Some(row) = api_key::Entity::find_by_id(id)
            .one(self.ledger.database())
            .await?
        else {
            return Ok(None);
        };
        self.remembered(|found| found.retain(|_, known| known.id != id));
        if row.revoked_at.is_some() {
            return Ok(Some(row));
        }
        let mut change = row.into_active_model();
        change.revoked_at = Set(Some(self.ledger.now()));
        change.update(self.ledger.database()).await.map(Some)
    }

    /// Who calls with this key; `None`: nobody known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn caller(&self, key: &str) -> Result<Option<Caller>, DbErr> {
        let hash = hash(key);
        if let Some(caller) = self.recall(&hash) {
            return Ok(Some(caller));
        }
        let row = api_key::Entity::find()
            .filter(api_key::Column::SecretHash.eq(hash.to_vec()))
            .filter(api_key::Column::RevokedAt.is_null())
            .order_by_asc(api_key::Column::Id)
            .one(self.ledger.read().database())
            .await?;
        let Some((row, role)) = row.and_then(|row| role_of_key(&row.role).map(|role| (row, role)))
        else {
            return Ok(None);
        };
        let caller = Caller {
            name: row.name.into(),
            role,
            customer: None,
        };
        self.remember(hash, row.id, caller.clone());
        Ok(Some(caller))
    }

    async fn insert(
        &self,
        key: &str,
        name: &str,
        role: Role,
        created_by: &str,
    ) -> Result<api_key::Model, KeyError> {
        text::name("name", name)?;
        let Some(role) = name_of(role) else {
            return Err(KeyError::Rejected(
                "role: ADMIN, OPERATOR or READER".to_owned(),
            ));
        };
        let now = self.ledger.now();
        let row = api_key::Model {
            id: ApiKeyId(self.ledger.ids().next(now)),
            name: name.to_owned(),
            role: role.to_owned(),
            secret_hash: hash(key).to_vec(),
            created_at: now,
            created_by: created_by.to_owned(),
            revoked_at: None,
        };
        api_key::Entity::insert(row.clone().into_active_model())
            .exec_without_returning(self.ledger.database())
            .await?;
        Ok(row)
    }

    fn recall(&self, hash: &Hash) -> Option<Caller> {
        self.remembered(|found| {
            let known = found.get(hash)?;
            (known.at.elapsed() < REMEMBERED).then(|| known.caller.clone())
        })
    }

    fn remember(&self, hash: Hash, id: ApiKeyId, caller: Caller) {
        let at = Moment::now();
        self.remembered(|found| {
            if found.len() >= REMEMBERED_MAX {
                found.clear();
            }
            found.insert(hash, Found { caller, id, at });
        });
    }

    fn remembered<T>(&self, look: impl FnOnce(&mut HashMap<Hash, Found>) -> T) -> T {
        look(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn hash(key: &str) -> Hash {
    Sha256::digest(key.as_bytes()).into()
}

#[expect(clippy::disallowed_methods, reason = "a key has to be random")]
fn random_key() -> String {
    let mut bits = [0_u8; 32];
    rand::rng().fill_bytes(&mut bits);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_prefix_and_256_bits() {
        let key = random_key();
        let bits = URL_SAFE_NO_PAD.decode(key.strip_prefix(PREFIX).expect("the prefix"));
        assert_eq!(bits.expect("base64").len(), 32);
        assert_ne!(key, random_key());
    }

    #[test]
    fn a_role_is_read_in_capitals_or_not_and_a_customer_is_no_role_of_a_key() {
        assert_eq!(role_of_key("operator"), Some(Role::Operator));
        assert_eq!(role_of_key("CUSTOMER"), None);
    }
}
