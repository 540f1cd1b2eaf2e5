//! Answers as JSON text.
//!
//! What lists of rows come to is text already (`graphql::rows`) and stands in an answer as
//! [`Value::Binary`]; it is copied as it is. All transports write their answers here.

use async_graphql::{Response, ServerError, Value};
use serde::Serialize;

use super::code::{Refused, classify_fault};

/// Writes a value.
pub(in crate::graphql) fn value(to: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Binary(json) => to.extend_from_slice(json),
        Value::List(items) => {
            to.push(b'[');
            for (index, item) in items.iter().enumerate() {
                to.extend((index > 0).then_some(b','));
                self::value(to, item);
            }
            to.push(b']');
        }
        Value::Object(fields) => {
            to.push(b'{');
            for (index, (name, field)) in fields.iter().enumerate() {
                to.extend((index > 0).then_some(b','));
                text(to, name);
                to.push(b':');
                self::value(to, field);
            }
            to.push(b'}');
        }
        Value::String(string) => text(to, string),
        Value::Null | Value::Number(_) | Value::Boolean(_) | Value::Enum(_) => plain(to, value),
    }
}

/// Writes a text.
pub(in crate::graphql) fn text(to: &mut Vec<u8>, text: &str) {
    plain(to, text);
}

/// Bytes that a value takes at least.
pub(in crate::graphql) fn room(value: &Value) -> usize {
    match value {
        Value::Binary(json) => json.len(),
        Value::List(items) => items.iter().map(room).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, v)| name.len() + 4 + room(v))
            .sum(),
        Value::String(string) => string.len() + 2,
        _ => 8,
    }
}

fn plain(to: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Neither these values nor writing to a Vec fail.
    let _ = serde_json::to_writer(to, value);
}

/// What an operation answered.
///
/// # Errors
/// Of an error whose extensions can not be written.
pub fn answer(response: Response) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(room(&response.data) + 32);
    write(&mut body, response)?;
    Ok(body)
}

/// Why an operation never ran: `data` is left out.
///
/// # Errors
/// Of an error whose extensions can not be written.
pub fn refused(errors: &[ServerError]) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::new();
    write_refused(&mut body, errors)?;
    Ok(body)
}

/// The answers to a batch, in the order asked; what never ran has no `data`.
///
/// # Errors
/// Of an error whose extensions can not be written.
pub fn answers(all: Vec<Result<Response, Refused>>) -> serde_json::Result<Vec<u8>> {
    let mut body = vec![b'['];
    for (index, answer) in all.into_iter().enumerate() {
        body.extend((index > 0).then_some(b','));
        match answer {
            Ok(response) => write(&mut body, response)?,
            Err(refused) => write_refused(&mut body, &refused.errors)?,
        }
    }
    body.push(b']');
    Ok(body)
}

fn write(to: &mut Vec<u8>, response: Response) -> serde_json::Result<()> {
    to.push(b'{');
    if !response.errors.is_empty() {
        let errors: Vec<_> = response.errors.into_iter().map(classify_fault).collect();
        to.extend_from_slice(b"\"errors\":");
        serde_json::to_writer(&mut *to, &errors)?;
        to.push(b',');
    }
    to.extend_from_slice(b"\"data\":");
    value(to, &response.data);
    to.push(b'}');
    Ok(())
}

fn write_refused(to: &mut Vec<u8>, errors: &[ServerError]) -> serde_json::Result<()> {
    to.extend_from_slice(b"{\"errors\":");
    serde_json::to_writer(&mut *to, errors)?;
    to.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use async_graphql::{Name, value};

    use super::*;

    #[test]
    fn a_value_is_written_as_serde_writes_it() {
        let plain = value!({
            "text": "quote \" backslash \\ line\n\u{1}é", "none": null, "yes": true,
            "numbers": [0, -1, 1.5], "empty": {}, "nothing": [],
            "name": (Value::Enum(Name::new("PAID"))),
        });
        let mut written = Vec::new();
        value(&mut written, &plain);
        assert_eq!(written, serde_json::to_vec(&plain).expect("JSON"));
        assert!(room(&plain) <= written.len() + 32);
    }

    #[test]
    fn text_that_is_finished_stands_where_it_is() {
        let rows = Value::Binary(r#"[{"id":"1"},{"id":"2"}]"#.into());
        let data = value!({ "a": { "nodes": (rows), "more": false } });
        let written = answer(Response::new(data)).expect("JSON");
        let expected = r#"{"data":{"a":{"nodes":[{"id":"1"},{"id":"2"}],"more":false}}}"#;
        assert_eq!(String::from_utf8(written).as_deref(), Ok(expected));
    }

    #[test]
    fn a_batch_keeps_its_order_and_what_never_ran_has_no_data() {
        let refusal = Refused::parameter("no".to_owned());
        let said = serde_json::to_string(&refusal.errors).expect("JSON");
        let ran = || Ok(Response::new(Value::Null));
        let written = answers(vec![ran(), Err(refusal), ran()]).expect("JSON");
        let expected = format!(r#"[{{"data":null}},{{"errors":{said}}},{{"data":null}}]"#);
        assert_eq!(String::from_utf8(written), Ok(expected));
    }
}
