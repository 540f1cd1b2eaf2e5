//! Keys and tokens: who is calling (design section 4, "Access").
//!
//! A key is 256 random bits, shown once and kept as its SHA-256 alone. A look-up goes by that hash,
//! so its time tells nothing of any key. What was found is remembered for a second, so that a key
//! that was revoked, by whatever process, is refused a second later. A token of a customer is
//! signed (`token.rs`) and kept nowhere. Keys are made, revoked and rotated by commands, as
//! everything is; what each role may see and do is not decided here (`ledger::read::scope`,
//! `graphql::access`).

mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::{ApiKeyId, CustomerId, Instant};
use entity::api_key;
use rand::RngCore;
use sea_orm::DbErr;
use sha2::{Digest, Sha256};

use self::token::SigningKey;
use crate::ledger::command::input::{
    CreateApiKey, CreateCustomerToken, Hidden, RevokeApiKey, RotateSigningKey,
};
use crate::ledger::read::page::MAX_SIZE;
use crate::ledger::read::{PageRequest, ReadError};
use crate::ledger::{Caller, Ledger, Outcome, Refusal, Role};

pub use self::token::{SECRET_MIN, SecretError};

/// What every key starts with, so that one can be told from other secrets.
pub const PREFIX: &str = "scrip_";
/// How long a found key is believed without asking the database.
const REMEMBERED: Duration = Duration::from_secs(1);
/// How soon signing keys are looked for again for a token that names an unknown one.
const LOOKED: Duration = Duration::from_millis(100);
/// How many found keys are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Reads the role of a key, in capitals or not.
#[must_use]
pub fn role_of_key(text: &str) -> Option<Role> {
    let mut known = Role::ALL.into_iter().filter(|role| *role != Role::Customer);
    known.find(|role| role.as_str().eq_ignore_ascii_case(text))
}

/// A token of a customer, ready to be given away.
#[derive(Clone)]
pub struct CustomerToken {
    /// The token itself.
    pub text: String,
    /// Who sees its own books with it.
    pub customer_id: CustomerId,
    /// From then on it is good no more.
    pub until: Instant,
    /// Whether it is the answer to an earlier call.
    pub replayed: bool,
}

/// The keys of the installation. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub struct Keys {
    ledger: Ledger,
    /// Signing keys that were given from outside.
    given: Arc<[SigningKey]>,
    found: Arc<Mutex<HashMap<Hash, Found>>>,
    signing: Arc<Mutex<Option<(Moment, Signers)>>>,
}

type Hash = [u8; 32];
type Signers = Arc<[SigningKey]>;

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
            given: Arc::default(),
            found: Arc::default(),
            signing: Arc::default(),
        }
    }

    /// The same, with secrets from outside for the tokens of customers: the first signs, all are
    /// good; parted by commas.
    ///
    /// # Errors
    /// When one is too short to be a secret.
    pub fn signing_with(mut self, secrets: &str) -> Result<Self, SecretError> {
        let secrets = secrets.split(',').map(str::trim);
        let secrets = secrets.filter(|secret| !secret.is_empty());
        self.given = secrets
            .map(SigningKey::given)
            .collect::<Result<_, SecretError>>()?;
        Ok(self)
    }

    /// Makes a key. Its text is answered here and never again: a repeated idempotency key answers
    /// with the same key, but without its text.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn create(
        &self,
        caller: &Caller,
        name: &str,
        role: Role,
        idempotency_key: Option<String>,
    ) -> Result<(Outcome, Option<String>), Refusal> {
        let key = random_key();
        let made = self.insert(caller, &key, name, role, idempotency_key, false);
        let outcome = made.await?;
        let key = (!outcome.replayed).then_some(key);
        Ok((outcome, key))
    }

    /// Takes a key that was given from outside as an admin key, unless it is known already; a key
    /// that was revoked stays so.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn admit_admin(&self, key: &str) -> Result<(), Refusal> {
        let known = self.ledger.read().api_key_by_hash(&hash(key)).await;
        match known.map_err(db)? {
            None => {
                let caller = house("start");
                let made = self.insert(&caller, key, "admin", Role::Admin, None, true);
                made.await?;
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
    /// See [`Refusal`].
    pub async fn first(&self) -> Result<Option<String>, Refusal> {
        let count = self.ledger.read().count_api_keys(true).await;
        if count.map_err(db)? > 0 {
            return Ok(None);
        }
        let key = random_key();
        let caller = house("start");
        let made = self.insert(&caller, &key, "admin", Role::Admin, None, true);
        made.await?;
        Ok(Some(key))
    }

    /// All keys, revoked ones too, in order of making.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<api_key::Model>, DbErr> {
        let mut listed = Vec::new();
        let mut page = PageRequest {
            first: Some(MAX_SIZE),
            ..PageRequest::default()
        };
        loop {
            let keys = self.ledger.read().api_keys(true, &page).await;
            let keys = keys.map_err(plain)?;
            page.after = keys.rows.last().map(|(cursor, _)| cursor.clone());
            listed.extend(keys.rows.into_iter().map(|(_, row)| row));
            if !keys.has_next_page {
                return Ok(listed);
            }
        }
    }

    /// Refuses the key from now on. Revoking twice changes nothing.
    ///
    /// # Errors
    /// NOT_FOUND if there is no such key; see [`Refusal`].
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: ApiKeyId,
        idempotency_key: Option<String>,
    ) -> Result<Outcome, Refusal> {
        let command = RevokeApiKey { id };
        let done = self.ledger.execute(caller, command, idempotency_key);
        let outcome = done.await?;
        self.remembered(|found| found.retain(|_, known| known.id != id));
        Ok(outcome)
    }

    /// Makes a token with which a customer sees its own books, for so many seconds. A repeated
    /// idempotency key answers with a token that ends when the first one does.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn customer_token(
        &self,
        caller: &Caller,
        customer_id: CustomerId,
        expires_in: i64,
        idempotency_key: Option<String>,
    ) -> Result<CustomerToken, Refusal> {
        let command = CreateCustomerToken {
            customer_id,
            expires_in,
        };
        let done = self.ledger.execute(caller, command, idempotency_key);
        let outcome = done.await?;
        let until = token::end(outcome.first_at, expires_in);
        let text = self
            .signer()
            .await?
            .sign(customer_id, outcome.first_at, until);
        Ok(CustomerToken {
            text: text.map_err(|error| Refusal::Internal(error.to_string()))?,
            customer_id,
            until,
            replayed: outcome.replayed,
        })
    }

    /// Makes a new key that signs tokens from now on. The old ones are good for the tokens that
    /// they signed, until the last of these ends; or no more, with `end_old`.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn rotate(&self, caller: &Caller, end_old: bool) -> Result<Outcome, Refusal> {
        let secret = Hidden(random_bits().to_vec());
        let command = RotateSigningKey { secret, end_old };
        let outcome = self.ledger.execute(caller, command, None).await?;
        *self.signing.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(outcome)
    }

    /// Who calls with this key or token; `None`: nobody known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn caller(&self, key: &str) -> Result<Option<Caller>, DbErr> {
        if token::looks_like_one(key) {
            return self.bearer_of_token(key).await;
        }
        let hash = hash(key);
        if let Some(caller) = self.recall(&hash) {
            return Ok(Some(caller));
        }
        let row = self.ledger.read().api_key_by_hash(&hash).await;
        let row = row.map_err(plain)?.filter(|row| row.revoked_at.is_none());
        let Some((row, role)) = row.and_then(|row| role_of_key(&row.role).map(|role| (row, role)))
        else {
            return Ok(None);
        };
        let caller = Caller {
            name: row.name.into(),
            role,
            customer: None,
            until: None,
            key_id: Some(row.id),
        };
        self.remember(hash, row.id, caller.clone());
        Ok(Some(caller))
    }

    /// When a caller is one no longer, by the clock of the process; `None`: not by time alone.
    #[must_use]
    pub fn end_of(&self, caller: &Caller) -> Option<tokio::time::Instant> {
        let left = caller.until?.0.saturating_sub(self.ledger.now().0);
        let left = Duration::from_micros(u64::try_from(left).unwrap_or_default());
        Some(tokio::time::Instant::now() + left)
    }

    async fn bearer_of_token(&self, token: &str) -> Result<Option<Caller>, DbErr> {
        let Some(id) = token::signed_by(token) else {
            return Ok(None);
        };
        let keys = self.signing_keys(Some(&id)).await?;
        let Some(key) = keys.iter().find(|key| key.id == id) else {
            return Ok(None);
        };
        let bearer = key.verify(token, self.ledger.now());
        Ok(bearer.map(|(customer, until)| Caller {
            name: format!("customer {customer}").into(),
            role: Role::Customer,
            customer: Some(customer),
            until: Some(until),
            key_id: None,
        }))
    }

    /// What signs: what was given from outside, else the newest key in the database; the first one
    /// is made when it is needed.
    async fn signer(&self) -> Result<SigningKey, Refusal> {
        let keys = self.signing_keys(None).await?;
        if let Some(key) = keys.first() {
            return Ok(key.clone());
        }
        self.rotate(&house(domain::entry::SYSTEM), false).await?;
        let keys = self.signing_keys(None).await?;
        let made = keys.first().cloned();
        made.ok_or_else(|| Refusal::Internal("there is no signing key".to_owned()))
    }

    /// All signing keys, those from outside first, then the newest first.
    async fn signing_keys(&self, wanted: Option<&str>) -> Result<Signers, DbErr> {
        let known = self
            .signing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((at, keys)) = known {
            let has_it = wanted.is_none_or(|id| keys.iter().any(|key| key.id == id));
            let believed = if has_it { REMEMBERED } else { LOOKED };
            if at.elapsed() < believed {
                return Ok(keys);
            }
        }
        let at = Moment::now();
        let stored = self.ledger.read().signing_keys().await.map_err(plain)?;
        let stored = stored.into_iter().map(SigningKey::from);
        let keys: Signers = self.given.iter().cloned().chain(stored).collect();
        let known = Some((at, Arc::clone(&keys)));
        *self.signing.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(keys)
    }

    async fn insert(
        &self,
        caller: &Caller,
        key: &str,
        name: &str,
        role: Role,
        idempotency_key: Option<String>,
        at_start: bool,
    ) -> Result<Outcome, Refusal> {
        let command = CreateApiKey {
            name: name.to_owned(),
            role,
            secret_hash: Hidden(hash(key).to_vec()),
            at_start,
        };
        self.ledger.execute(caller, command, idempotency_key).await
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

/// The house itself as a caller: the command line, the start.
#[must_use]
pub fn house(name: &str) -> Caller {
    Caller {
        name: name.into(),
        role: Role::Admin,
        customer: None,
        until: None,
        key_id: None,
    }
}

fn plain(error: ReadError) -> DbErr {
    match error {
        ReadError::Db(error) => error,
        other => DbErr::Custom(other.to_string()),
    }
}

fn db(error: ReadError) -> Refusal {
    Refusal::Internal(error.to_string())
}

fn hash(key: &str) -> Hash {
    Sha256::digest(key.as_bytes()).into()
}

#[expect(clippy::disallowed_methods, reason = "a key has to be random")]
fn random_bits() -> [u8; 32] {
    let mut bits = [0_u8; 32];
    rand::rng().fill_bytes(&mut bits);
    bits
}

/// What messages of a webhook endpoint are signed with: 256 bits, in the form of the Standard
/// Webhooks specification.
#[must_use]
pub fn random_webhook_secret() -> String {
    format!("whsec_{}", STANDARD.encode(random_bits()))
}

fn random_key() -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random_bits()))
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
