//! Signatures of messages, so that a receiver knows who sent them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// How secrets begin.
const PREFIX: &str = "whsec_";

/// Header `webhook-signature` of the Standard Webhooks specification: one signature for each secret
/// that is good now, over id, time (seconds) and body. The key is what the secret encodes.
#[must_use]
pub fn standard(secrets: &[&str], id: &str, seconds: i64, body: &str) -> String {
    let content = format!("{id}.{seconds}.{body}");
    let signatures = secrets.iter().map(|secret| {
        let text = secret.strip_prefix(PREFIX).unwrap_or(secret);
        let key = STANDARD.decode(text).unwrap_or_default();
        format!("v1,{}", STANDARD.encode(mac(&key, &content)))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// Header `Stripe-Signature`: the key is the text of the secret itself.
#[must_use]
pub fn stripe(secrets: &[&str], seconds: i64, body: &str) -> String {
    let content = format!("{seconds}.{body}");
    let mut header = format!("t={seconds}");
    for secret in secrets {
        header.push_str(",v1=");
        for byte in mac(secret.as_bytes(), &content) {
            header.push_str(&format!("{byte:02x}"));
        }
    }
    header
}

fn mac(key: &[u8], content: &str) -> Vec<u8> {
    // HMAC takes keys of any length, so this can not fail.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mut mac| {
            mac.update(content.as_bytes());
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_webhooks_specification_is_signed_as_it_says() {
        let signature = standard(
            &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_message_is_signed_as_the_libraries_of_stripe_sign_it() {
        let body = r#"{"id":"evt_1","object":"event","type":"billing.credit_grant.created"}"#;
        assert_eq!(
            stripe(&["whsec_test_secret"], 1_726_620_803, body),
            "t=1726620803,v1=f555244ac56da29c5f23fa17e1ba2224effb445dfd0bbe1e26a5a0fd5548948d"
        );
    }

    #[test]
    fn each_good_secret_signs() {
        let both = standard(&["whsec_AAAA", "whsec_BBBB"], "id", 1, "{}");
        assert_eq!(both.split(' ').count(), 2);
        let both = stripe(&["whsec_a", "whsec_b"], 12, "{}");
        assert!(both.starts_with("t=12,v1="), "{both}");
        assert_eq!(both.matches("v1=").count(), 2);
    }
}
