//! The parameters of a request: `query`, `documentId`, `operationName`, `variables`, `extensions`. The
//! last must be well-formed; of what it says only `persistedQuery` is known.

use std::fmt::Display;

use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::code::{Code, Refused};

/// The parameters of a request, well-formed.
#[derive(Debug)]
pub struct Parameters {
    /// The document, or which.
    pub document: Asked,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// Values of its variables.
    pub variables: Map<String, Value>,
}

/// Which document is asked for. At least one of the two is there.
#[derive(Debug, Default)]
pub struct Asked {
    /// Its text.
    pub text: Option<String>,
    /// Its id: the SHA-256 of its text, in lower case hex.
    pub id: Option<String>,
}

/// What a body asks.
#[derive(Debug)]
pub enum Asks {
    /// One thing.
    One(Box<Parameters>),
    /// Some things, each on its own.
    Many(Vec<Parameters>),
}

#[derive(Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
struct Body {
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    document_id: Option<String>,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default)]
    extensions: Option<Map<String, Value>>,
}

/// The extension of Apollo's clients.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a JSON object")]
struct PersistedQuery {
    version: u32,
    sha256_hash: String,
}

impl Body {
    fn checked(self) -> Result<Parameters, Refused> {
        let extensions = self.extensions.unwrap_or_default();
        let persisted = extensions.get("persistedQuery").map(persisted);
        let ids = [
            self.document_id.map(|id| id_of(&id)),
            persisted.transpose()?,
        ];
        let mut ids: Vec<String> = ids.into_iter().flatten().collect();
        ids.dedup();
        if ids.len() > 1 {
            return Err(Refused::parameter(
                "`documentId` and `extensions.persistedQuery.sha256Hash` name different documents",
            ));
        }
        let document = Asked {
            text: self.query,
            id: ids.pop(),
        };
        if document.text.is_none() && document.id.is_none() {
            return Err(Refused::parameter("the parameter `query` is missing"));
        }
        Ok(Parameters {
            document,
            operation_name: self.operation_name,
            variables: self.variables.unwrap_or_default(),
        })
    }
}

/// The id of a document: hex, perhaps with `sha256:` before it. Whatever else it is, it is unknown.
fn id_of(text: &str) -> String {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    hex.to_ascii_lowercase()
}

fn persisted(value: &Value) -> Result<String, Refused> {
    let malformed = |error: &dyn Display| {
        Refused::parameter(format!("`extensions.persistedQuery` is malformed: {error}"))
    };
    if !value.is_object() {
        return Err(malformed(&"it must be a JSON object"));
    }
    let read = PersistedQuery::deserialize(value).map_err(|error| malformed(&error))?;
    if read.version != 1 {
        return Err(Refused::parameter(
            "`extensions.persistedQuery.version` must be 1",
        ));
    }
    Ok(id_of(&read.sha256_hash))
}

/// Reads the body of a POST: an object, or an array of at most so many.
///
/// # Errors
/// 400 for what is no JSON object of these parameters; 400 for an array that is empty, too long, or
/// not taken at all.
pub fn of_body(body: &[u8], batch_max: usize) -> Result<Asks, Refused> {
    let malformed = |error: serde_json::Error| {
        Refused::parameter(format!("the body is no GraphQL request: {error}"))
    };
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        let body: Body = serde_json::from_slice(body).map_err(malformed)?;
        return Ok(Asks::One(Box::new(body.checked()?)));
    }
    if batch_max == 0 {
        return Err(Refused::parameter(
            "batches are not taken: send one JSON object with one document",
        ));
    }
    let bodies: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
    if bodies.is_empty() || bodies.len() > batch_max {
        return Err(Refused::parameter(format!(
            "a batch has 1 to {batch_max} requests, not {}",
            bodies.len()
        )));
    }
    let all = bodies.into_iter().map(|body| {
        // An array would be taken for the fields in their order.
        if !body.get().starts_with('{') {
            return Err(Refused::parameter(
                "each request of a batch must be a JSON object",
            ));
        }
        let body: Body = serde_json::from_str(body.get()).map_err(malformed)?;
        body.checked()
    });
    Ok(Asks::Many(all.collect::<Result<_, _>>()?))
}

/// Reads the payload of a message.
///
/// # Errors
/// 400 for what is no JSON object of these parameters.
pub fn of_json(payload: Value) -> Result<Parameters, Refused> {
    serde_json::from_value::<Body>(payload)
        .map_err(|error| Refused::parameter(format!("the payload is no GraphQL request: {error}")))?
        .checked()
}

/// Reads the query of a GET.
///
/// # Errors
/// 400 for what is malformed, unknown or given twice.
pub fn of_url(query: &str) -> Result<Parameters, Refused> {
    let mut body = Body::default();
    let mut seen = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if seen.contains(&name) {
            return Err(Refused::parameter(format!(
                "the parameter `{name}` is given twice"
            )));
        }
        match &*name {
            "query" => body.query = Some(value.into_owned()),
            "documentId" => body.document_id = Some(value.into_owned()),
            "operationName" => {
                body.operation_name = (!value.is_empty()).then(|| value.into_owned());
            }
            "variables" => body.variables = map(&name, &value)?,
            "extensions" => body.extensions = map(&name, &value)?,
            _ => {
                return Err(Refused::parameter(format!(
                    "unknown parameter `{name}`, expected `query`, `documentId`, `operationName`, \
                     `variables` or `extensions`"
                )));
            }
        }
        seen.push(name);
    }
    body.checked()
}

fn map(name: &str, text: &str) -> Result<Option<Map<String, Value>>, Refused> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text)
        .map_err(|error| Refused::parameter(format!("`{name}` is no JSON object: {error}")))
}

/// A body of too many bytes.
#[must_use]
pub fn too_large(limit: usize) -> Refused {
    Refused::request(
        StatusCode::PAYLOAD_TOO_LARGE,
        Code::TooLarge,
        format!("the body has more than {limit} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &[u8]) -> Result<Parameters, Refused> {
        match of_body(body, 0)? {
            Asks::One(parameters) => Ok(*parameters),
            Asks::Many(_) => panic!("a batch"),
        }
    }

    fn code(refused: Refused) -> String {
        let extensions = refused.errors[0].extensions.clone().expect("extensions");
        extensions.get("code").expect("a code").to_string()
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let body = br#"{"query":"{a}","variables":null,"operationName":null,"extensions":null}"#;
        let read = one(body).expect("well-formed");
        assert!(read.operation_name.is_none() && read.variables.is_empty());
    }

    #[test]
    fn what_is_malformed_is_bad_input() {
        let bodies = [
            "",
            "{",
            "1",
            "\"x\"",
            "null",
            "[]",
            "[{\"query\":\"{a}\"}]",
            "{}",
            r#"{"query":null}"#,
            r#"{"query":1}"#,
            r#"{"query":["a"]}"#,
            r#"{"query":"{a}","variables":"x"}"#,
            r#"{"query":"{a}","variables":[1]}"#,
            r#"{"query":"{a}","operationName":1}"#,
            r#"{"query":"{a}","extensions":0}"#,
            r#"{"query":"{a}","query":"{b}"}"#,
            r#"{"query":"{a}","qeury":"{b}"}"#,
            r#"{"query":"{a}"} x"#,
        ];
        for body in bodies {
            let refused = one(body.as_bytes()).expect_err(body);
            assert_eq!(refused.status, Some(StatusCode::BAD_REQUEST), "{body}");
            assert_eq!(code(refused), "\"BAD_USER_INPUT\"", "{body}");
        }
        assert!(one(b"\xff\xfe").is_err());
    }

    #[test]
    fn a_url_is_held_to_the_same() {
        assert!(of_url("query=%7Ba%7D&variables=%7B%22x%22%3A1%7D").is_ok());
        for url in [
            "",
            "query=a&query=b",
            "query=a&variables=%5B1%5D",
            "query=a&qeury=b",
        ] {
            assert!(of_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_document_is_named_by_its_id_in_both_ways() {
        let id = "AB".repeat(32);
        let apollo =
            format!(r#"{{"extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{id}"}}}}}}"#);
        let plain = format!(r#"{{"documentId":"{id}"}}"#);
        let prefixed = format!(r#"{{"documentId":"sha256:{id}"}}"#);
        for body in [apollo, plain, prefixed] {
            let read = one(body.as_bytes()).expect("well-formed");
            assert_eq!(read.document.id, Some("ab".repeat(32)), "{body}");
            assert_eq!(read.document.text, None);
        }
    }

    #[test]
    fn an_id_that_is_none_is_bad_input() {
        for body in [
            r#"{"documentId":1}"#,
            r#"{"extensions":{"persistedQuery":{"version":2,"sha256Hash":"00"}}}"#,
            r#"{"extensions":{"persistedQuery":{"version":1}}}"#,
            r#"{"extensions":{"persistedQuery":1}}"#,
            r#"{"documentId":"00","extensions":{"persistedQuery":{"version":1,"sha256Hash":"01"}}}"#,
        ] {
            let refused = one(body.as_bytes()).expect_err(body);
            assert_eq!(code(refused), "\"BAD_USER_INPUT\"", "{body}");
        }
    }

    #[test]
    fn a_batch_is_taken_where_it_is_switched_on_up_to_its_length() {
        let two = br#"[{"query":"{a}"},{"query":"{b}"}]"#;
        assert!(of_body(two, 0).is_err() && of_body(two, 1).is_err() && of_body(b"[]", 2).is_err());
        let Ok(Asks::Many(all)) = of_body(two, 2) else {
            panic!("no batch");
        };
        assert_eq!(all.len(), 2);
    }
}
