//! The parameters of a request: `query`, `operationName`, `variables`, `extensions`. The last must be
//! well-formed; of what it says only `persistedQuery` is known.

use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::code::{Code, Refused};

/// The parameters of a request, well-formed.
#[derive(Debug)]
pub struct Parameters {
    /// The document.
    pub query: String,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// Values of its variables.
    pub variables: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default)]
    extensions: Option<Map<String, Value>>,
}

impl Body {
    fn checked(self) -> Result<Parameters, Refused> {
        let Some(query) = self.query else {
            let extensions = self.extensions.unwrap_or_default();
            if extensions.contains_key("persistedQuery") {
                return Err(Refused::document(
                    Code::PersistedQueryNotFound,
                    "PersistedQueryNotFound",
                ));
            }
            return Err(Refused::parameter("the parameter `query` is missing"));
        };
        Ok(Parameters {
            query,
            operation_name: self.operation_name,
            variables: self.variables.unwrap_or_default(),
        })
    }
}

/// Reads the body of a POST.
///
/// # Errors
/// 400 for what is no JSON object of these parameters; 400 for an array: one request at a time.
pub fn of_body(body: &[u8]) -> Result<Parameters, Refused> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(Refused::parameter(
            "batches are not taken: send one JSON object with one document",
        ));
    }
    serde_json::from_slice::<Body>(body)
        .map_err(|error| Refused::parameter(format!("the body is no GraphQL request: {error}")))?
        .checked()
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
            "operationName" => {
                body.operation_name = (!value.is_empty()).then(|| value.into_owned());
            }
            "variables" => body.variables = map(&name, &value)?,
            "extensions" => body.extensions = map(&name, &value)?,
            _ => {
                return Err(Refused::parameter(format!(
                    "unknown parameter `{name}`, expected `query`, `operationName`, `variables` \
                     or `extensions`"
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

    fn code(refused: Refused) -> String {
        let extensions = refused.errors[0].extensions.clone().expect("extensions");
        extensions.get("code").expect("a code").to_string()
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let body = br#"{"query":"{a}","variables":null,"operationName":null,"extensions":null}"#;
        let read = of_body(body).expect("well-formed");
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
            let refused = of_body(body.as_bytes()).expect_err(body);
            assert_eq!(refused.status, Some(StatusCode::BAD_REQUEST), "{body}");
            assert_eq!(code(refused), "\"BAD_USER_INPUT\"", "{body}");
        }
        assert!(of_body(b"\xff\xfe").is_err());
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
    fn a_hash_without_a_document_is_told_to_be_unknown() {
        let body = br#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}"#;
        assert_eq!(
            code(of_body(body).expect_err("unknown")),
            "\"PERSISTED_QUERY_NOT_FOUND\""
        );
    }
}
