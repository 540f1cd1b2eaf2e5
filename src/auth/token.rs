//! Tokens of customers: JSON web tokens (RFC 7519), signed by HMAC with SHA-256 (`HS256`) and
//! nothing else. What a token says of its algorithm is compared, never followed.

use std::sync::Once;

use domain::{CustomerId, Instant};
use entity::signing_key;
use hmac::{Hmac, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result as Signed};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, Header, Validation, decode,
    decode_header, encode,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Who made the token: ours are for nobody else, and those of others are not for us.
const ISSUER: &str = "scrip";
/// Characters of a secret from outside at least.
pub const SECRET_MIN: usize = 32;
/// Bytes of a token at most: ours have some 300.
const TOKEN_MAX: usize = 1_024;
const SECOND: i64 = 1_000_000;

/// A secret from outside that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "a secret for tokens has at least {SECRET_MIN} characters; `openssl rand -hex 32` makes one"
)]
pub struct SecretError;

/// What signs tokens.
#[derive(Clone)]
pub(super) struct SigningKey {
    /// What a token calls it.
    pub(super) id: String,
    secret: Vec<u8>,
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    /// The customer.
    sub: CustomerId,
    /// Seconds since 1970 at which it was made.
    iat: i64,
    /// Seconds since 1970 at which it ends.
    exp: i64,
}

impl From<signing_key::Model> for SigningKey {
    fn from(row: signing_key::Model) -> Self {
        Self {
            id: row.id.to_string(),
            secret: row.secret,
        }
    }
}

impl SigningKey {
    /// A secret that was given from outside. Tokens call it by a digest that does not tell it.
    pub(super) fn given(secret: &str) -> Result<Self, SecretError> {
        if secret.chars().count() < SECRET_MIN {
            return Err(SecretError);
        }
        let digest = Sha256::new()
            .chain_update("name of a scrip token secret: ")
            .chain_update(secret)
            .finalize();
        let id = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
        Ok(Self {
            id: id.collect(),
            secret: secret.as_bytes().to_vec(),
        })
    }

    /// A token for a customer.
    pub(super) fn sign(&self, sub: CustomerId, from: Instant, until: Instant) -> Signed<String> {
        install();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub,
            iat: from.0.div_euclid(SECOND),
            exp: until.0.div_euclid(SECOND),
        };
        let header = Header {
            kid: Some(self.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        encode(&header, &claims, &EncodingKey::from_secret(&self.secret))
    }

    /// The customer that a token is for and when it ends, if it is good now.
    pub(super) fn verify(&self, token: &str, now: Instant) -> Option<(CustomerId, Instant)> {
        install();
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["iss", "sub", "exp"]);
        // By the clock of the ledger, below, and to the second.
        rules.validate_exp = false;
        rules.validate_aud = false;
        let key = DecodingKey::from_secret(&self.secret);
        let claims = decode::<Claims>(token, &key, &rules).ok()?.claims;
        let until = Instant(claims.exp.checked_mul(SECOND)?);
        (now < until).then_some((claims.sub, until))
    }
}

/// When a token ends that is good for so many seconds: at a whole second, not before they are over.
pub(super) fn end(from: Instant, seconds: i64) -> Instant {
    let whole = from.0.saturating_add(SECOND - 1).div_euclid(SECOND);
    Instant(whole.saturating_add(seconds).saturating_mul(SECOND))
}

/// Whether it is a token rather than a key: three parts with points between.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.len() <= TOKEN_MAX && text.split('.').count() == 3 && !text.starts_with(super::PREFIX)
}

/// What a token says that it is signed with; nothing, if it is no token of the one algorithm.
pub(super) fn signed_by(token: &str) -> Option<String> {
    let header = decode_header(token).ok()?;
    header.kid.filter(|_| header.alg == Algorithm::HS256)
}

/// The one algorithm, for the crate that knows the form: its own providers bring a good many more.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        hs256(*algorithm, key.family())?;
        Ok(Box::new(Hs256::new(key.as_bytes())?))
    },
    verifier_factory: |algorithm, key| {
        hs256(*algorithm, key.family())?;
        Ok(Box::new(Hs256::new(key.try_get_as_bytes()?)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

fn install() {
    static INSTALLED: Once = Once::new();
    // Whatever was installed before is as good: it has to know the one algorithm.
    INSTALLED.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

fn hs256(algorithm: Algorithm, family: AlgorithmFamily) -> Signed<()> {
    if algorithm == Algorithm::HS256 && family == AlgorithmFamily::Hmac {
        Ok(())
    } else {
        Err(Error::from(ErrorKind::InvalidAlgorithm))
    }
}

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(secret: &[u8]) -> Signed<Self> {
        let keyed = Hmac::new_from_slice(secret);
        let keyed = keyed.map_err(|_| Error::from(ErrorKind::InvalidKeyFormat))?;
        Ok(Self(keyed))
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mac = self.0.clone().chain_update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    /// In the same time, wherever it differs.
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mac = self.0.clone().chain_update(message);
        let verified = mac.verify_slice(signature);
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value as Json, json};
    use uuid::Uuid;

    use super::*;

    const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(2));
    const NOW: Instant = Instant(1_767_225_600_000_001);

    fn key() -> SigningKey {
        SigningKey::given("a secret of thirty-two characters").expect("long enough")
    }

    fn token() -> String {
        let signed = key().sign(CUSTOMER, NOW, end(NOW, 60));
        signed.expect("signed")
    }

    /// The token with other claims or another header, under the old signature.
    fn with(part: usize, change: impl Fn(&mut Json)) -> String {
        let token = token();
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let bytes = URL_SAFE_NO_PAD.decode(&parts[part]).expect("base64");
        let mut json: Json = serde_json::from_slice(&bytes).expect("JSON");
        change(&mut json);
        parts[part] = URL_SAFE_NO_PAD.encode(json.to_string());
        parts.join(".")
    }

    #[test]
    fn a_token_is_good_until_its_end() {
        let until = end(NOW, 60);
        assert!(until.0 - NOW.0 >= 60 * SECOND && until.0 - NOW.0 < 61 * SECOND);
        let token = token();
        assert!(looks_like_one(&token) && signed_by(&token) == Some(key().id));
        assert_eq!(key().verify(&token, NOW), Some((CUSTOMER, until)));
        let last = Instant(until.0 - 1);
        assert!(key().verify(&token, last).is_some());
        assert_eq!(key().verify(&token, until), None);
    }

    #[test]
    fn the_public_form_is_what_any_other_library_reads() {
        let token = token();
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let mac = Hmac::<Sha256>::new_from_slice(b"a secret of thirty-two characters");
        let mac = mac.expect("a key").chain_update(signed).finalize();
        assert_eq!(signature, URL_SAFE_NO_PAD.encode(mac.into_bytes()));
    }

    #[test]
    fn a_token_that_was_tampered_with_is_not_good() {
        let other = json!(CustomerId(Uuid::from_u128(4)));
        let forged = [
            with(1, |claims| claims["sub"] = other.clone()),
            with(1, |claims| claims["exp"] = json!(9_999_999_999_i64)),
            with(1, |claims| claims["iss"] = json!("other")),
            with(0, |header| header["alg"] = json!("HS512")),
            with(0, |header| header["kid"] = json!("other")),
            format!("{}x", token()),
            token().rsplit_once('.').expect("parts").0.to_owned() + ".",
        ];
        for token in forged {
            assert_eq!(key().verify(&token, NOW), None, "{token}");
        }
    }

    #[test]
    fn no_other_algorithm_is_taken_none_least_of_all() {
        for algorithm in ["none", "None", "HS384", "RS256", "EdDSA", ""] {
            let token = with(0, |header| header["alg"] = json!(algorithm));
            assert_eq!(signed_by(&token), None, "{algorithm}");
            assert_eq!(key().verify(&token, NOW), None, "{algorithm}");
        }
    }

    #[test]
    fn a_token_of_another_key_is_not_good() {
        let other = SigningKey::given("another secret of enough characters").expect("long enough");
        assert_ne!(other.id, key().id);
        assert_eq!(other.verify(&token(), NOW), None);
        assert!(SigningKey::given("short").is_err());
    }

    #[test]
    fn a_key_is_no_token() {
        assert!(!looks_like_one("scrip_abc") && !looks_like_one("a.b") && !looks_like_one(""));
        assert!(!looks_like_one(&format!("{}.b.c", "a".repeat(TOKEN_MAX))));
        for text in ["..", "a.b.c", "e30.e30.e30"] {
            assert_eq!(signed_by(text), None, "{text}");
        }
    }
}
