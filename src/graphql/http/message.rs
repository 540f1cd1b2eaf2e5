//! The messages of the protocol `graphql-transport-ws`, and the codes with which a socket is closed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The subprotocol, as the handshake names it.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromClient {
    /// Who it is.
    ConnectionInit {
        /// With which key.
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    /// Is anybody there?
    Ping {
        /// Said back.
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    /// It is there.
    Pong {
        /// Of no concern.
        #[serde(default, rename = "payload")]
        _payload: Option<Map<String, Value>>,
    },
    /// Starts an operation.
    Subscribe {
        /// Its name on this socket.
        id: String,
        /// The parameters of the request.
        payload: Map<String, Value>,
    },
    /// Wants no more of an operation.
    Complete {
        /// Its name on this socket.
        id: String,
    },
}

/// What is said to a client.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromServer<'a> {
    /// The key is good.
    ConnectionAck,
    /// It is there.
    Pong {
        /// As it was given.
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Value>>,
    },
    /// An answer.
    Next {
        /// Of which operation.
        id: &'a str,
        /// `data` and `errors`.
        payload: &'a RawValue,
    },
    /// The operation never ran; it has ended.
    Error {
        /// Which operation.
        id: &'a str,
        /// Why.
        payload: &'a RawValue,
    },
    /// The operation has ended.
    Complete {
        /// Which one.
        id: &'a str,
    },
}

/// Why a socket is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The server stops; another try finds the next one.
    GoingAway,
    /// A fault of ours.
    Fault,
    /// What was said is no message of the protocol.
    BadRequest(String),
    /// Something was asked before it was known who asks.
    Unauthorized,
    /// The key is none, or no longer.
    Forbidden,
    /// The other side does not speak the protocol.
    NotAcceptable,
    /// It was not said in time who asks.
    InitTimeout,
    /// The operation is under way already.
    SubscriberExists(String),
    /// It was said twice who asks.
    TooManyInits,
    /// More at once than one socket may ask for.
    TooMany(usize),
    /// A message of too many bytes.
    TooLarge(usize),
    /// The frames are not what RFC 6455 says that they are.
    NoFrames(String),
    /// What is said to be text is none.
    NoText,
}

impl Closing {
    /// As the protocol numbers it.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::NoFrames(_) => 1002,
            Self::NoText => 1007,
            Self::TooLarge(_) => 1009,
            Self::Fault => 4500,
            Self::BadRequest(_) => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::NotAcceptable => 4406,
            Self::InitTimeout => 4408,
            Self::SubscriberExists(_) => 4409,
            Self::TooManyInits | Self::TooMany(_) => 4429,
        }
    }

    /// For people.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::GoingAway => "The server stops".to_owned(),
            Self::Fault => "Internal server error".to_owned(),
            Self::BadRequest(what) => format!("Invalid message received: {what}"),
            Self::Unauthorized => "Unauthorized".to_owned(),
            Self::Forbidden => "Forbidden".to_owned(),
            Self::NotAcceptable => "Subprotocol not acceptable".to_owned(),
            Self::InitTimeout => "Connection initialisation timeout".to_owned(),
            Self::SubscriberExists(id) => format!("Subscriber for {id} already exists"),
            Self::TooManyInits => "Too many initialisation requests".to_owned(),
            Self::TooMany(max) => format!("Too many operations at once, at most {max}"),
            Self::TooLarge(max) => format!("A message of more than {max} bytes"),
            Self::NoFrames(what) => what.clone(),
            Self::NoText => "A text that is not UTF-8".to_owned(),
        }
    }
}

/// The key that a client gives when it says who it is: `authorization`, with `Bearer` or without, or
/// `token`, also within `headers`.
#[must_use]
pub fn key_of(payload: &Map<String, Value>) -> Option<&str> {
    for (name, value) in payload {
        let found = match (name.to_ascii_lowercase().as_str(), value) {
            ("authorization" | "token", Value::String(key)) => {
                let (scheme, rest) = key.trim().split_once(' ').unwrap_or(("", key));
                let bare = scheme.eq_ignore_ascii_case("bearer");
                Some(if bare { rest } else { key }.trim())
            }
            ("headers", Value::Object(headers)) => key_of(headers),
            _ => None,
        };
        if found.is_some_and(|key| !key.is_empty()) {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_found_however_a_client_gives_it() {
        let table = [
            (json!({ "authorization": "Bearer k" }), Some("k")),
            (json!({ "Authorization": "bearer  k " }), Some("k")),
            (json!({ "authorization": "k" }), Some("k")),
            (json!({ "token": "k" }), Some("k")),
            (
                json!({ "headers": { "Authorization": "Bearer k" } }),
                Some("k"),
            ),
            (json!({ "token": "" }), None),
            (json!({ "token": 1 }), None),
            (json!({ "key": "k" }), None),
            (json!({}), None),
        ];
        for (payload, expected) in table {
            let Value::Object(payload) = payload else {
                panic!("no object");
            };
            assert_eq!(key_of(&payload), expected, "{payload:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_not_read() {
        for text in [
            "",
            "1",
            "{}",
            r#"{"type":"start","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":1,"payload":{}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"connection_init","payload":7}"#,
        ] {
            assert!(serde_json::from_str::<FromClient>(text).is_err(), "{text}");
        }
        let text = r#"{"type":"pong","payload":{"a":1}}"#;
        assert!(serde_json::from_str::<FromClient>(text).is_ok());
    }
}
