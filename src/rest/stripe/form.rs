//! The form encoding of Stripe's clients: `a[b][c]=v`, `list[0]=v`, `list[]=v`, brackets raw or
//! percent-encoded, in bodies and in queries.
//!
//! No crate was taken: the decoders there are fill typed values, and neither say which parameter is
//! unknown by its full name nor keep what came in apart from what is read.

use std::collections::BTreeMap;

use super::error::{Answer, ApiError};

/// Parameters of one request at most.
const COUNT_MAX: usize = 1000;
/// Levels of brackets at most.
const DEPTH_MAX: usize = 8;

/// A parameter: a text, or others by name. The items of a list are named 0, 1, 2, ….
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// Others by name.
    Map(Map),
}

/// Parameters by name.
pub type Map = BTreeMap<String, Value>;

/// Adds the parameters of a query or a body.
///
/// # Errors
/// Too many, nested too deep, brackets that do not match, or a name that is both a text and a map.
pub fn decode(into: &mut Map, encoded: &[u8]) -> Answer<()> {
    if !is_utf8(encoded) {
        return Err(ApiError::invalid(
            "Invalid parameters: they have to be UTF-8.",
        ));
    }
    for (count, (name, value)) in form_urlencoded::parse(encoded).enumerate() {
        if count >= COUNT_MAX {
            let message = format!("Received more than {COUNT_MAX} parameters.");
            return Err(ApiError::invalid(message));
        }
        let path = split(&name)?;
        put(into, &path, value.into_owned(), &name)?;
    }
    Ok(())
}

/// Whether all that is percent-encoded is UTF-8: what is not would be altered when it is decoded.
fn is_utf8(encoded: &[u8]) -> bool {
    let digit = |at: usize| {
        let digit = char::from(*encoded.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut at = 0;
    while let Some(byte) = encoded.get(at) {
        match (*byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// `a[b][0]` as its parts; an empty part asks for the next item of a list.
fn split(name: &str) -> Answer<Vec<&str>> {
    let malformed = || ApiError::invalid(format!("Invalid parameter name: {name}"));
    let (first, mut rest) = match name.find('[') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    if first.is_empty() {
        return Err(malformed());
    }
    let mut parts = vec![first];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(malformed)?;
        let (part, after) = inner.split_once(']').ok_or_else(malformed)?;
        if part.contains('[') || parts.len() >= DEPTH_MAX {
            return Err(malformed());
        }
        parts.push(part);
        rest = after;
    }
    Ok(parts)
}

fn put(map: &mut Map, path: &[&str], value: String, name: &str) -> Answer<()> {
    let Some((part, rest)) = path.split_first() else {
        return Ok(());
    };
    let key = if part.is_empty() {
        next_item(map, rest)
    } else {
        (*part).to_owned()
    };
    if rest.is_empty() {
        // Of several the last one counts, as everywhere.
        map.insert(key, Value::Text(value));
        return Ok(());
    }
    let inner = map.entry(key).or_insert_with(|| Value::Map(Map::new()));
    if matches!(inner, Value::Text(text) if text.is_empty()) {
        *inner = Value::Map(Map::new());
    }
    match inner {
        Value::Map(inner) => put(inner, rest, value, name),
        Value::Text(_) => Err(ApiError::invalid("Invalid object").of(name)),
    }
}

/// The item of a list that `[]` means: a new one, unless what follows is still missing in the last.
fn next_item(map: &Map, rest: &[&str]) -> String {
    let last = map.len().checked_sub(1).map(|last| last.to_string());
    let goes_on = last.as_ref().and_then(|last| map.get(last)).is_some_and(
        |value| matches!((value, rest.first()), (Value::Map(item), Some(next)) if !item.contains_key(*next)),
    );
    match last {
        Some(last) if goes_on => last,
        _ => map.len().to_string(),
    }
}

/// The parameters in one form whatever their order: what a repeated request is compared by.
#[must_use]
pub fn canonical(map: &Map) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (path, value) in leaves(map) {
        text.append_pair(&path, &value);
    }
    text.finish()
}

/// Every text with its full name.
#[must_use]
pub fn leaves(map: &Map) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, value) in map {
        walk(name, value, &mut found);
    }
    found
}

fn walk(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Text(text) => found.push((path.to_owned(), text.clone())),
        Value::Map(inner) => {
            for (name, value) in inner {
                walk(&format!("{path}[{name}]"), value, found);
            }
        }
    }
}

/// A map as Stripe's messages show one.
#[must_use]
pub fn shown(value: &Value) -> String {
    fn json(value: &Value) -> serde_json::Value {
        match value {
            Value::Text(text) => text.as_str().into(),
            Value::Map(map) => map
                .iter()
                .map(|(name, value)| (name.clone(), json(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
    json(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(encoded: &str) -> Vec<(String, String)> {
        let mut map = Map::new();
        decode(&mut map, encoded.as_bytes()).expect("proper parameters");
        leaves(&map)
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = expected.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn brackets_are_read_raw_and_percent_encoded() {
        let expected = pairs(&[("amount[monetary][value]", "10"), ("name", "A & b")]);
        assert_eq!(read("name=A+%26+b&amount[monetary][value]=10"), expected);
        assert_eq!(
            read("name=A%20%26%20b&amount%5Bmonetary%5D%5Bvalue%5D=10"),
            expected
        );
    }

    #[test]
    fn a_list_is_read_with_and_without_numbers() {
        let expected = pairs(&[("expand[0]", "a"), ("expand[1]", "b")]);
        assert_eq!(read("expand[0]=a&expand[1]=b"), expected);
        assert_eq!(read("expand[1]=b&expand[0]=a"), expected);
        assert_eq!(read("expand[]=a&expand[]=b"), expected);
        let expected = pairs(&[("prices[0][id]", "a"), ("prices[1][id]", "b")]);
        assert_eq!(read("prices[][id]=a&prices[][id]=b"), expected);
        assert_eq!(read("prices[0][id]=a&prices[1][id]=b"), expected);
    }

    #[test]
    fn fields_of_one_item_stay_together() {
        let expected = pairs(&[("l[0][a]", "1"), ("l[0][b]", "2"), ("l[1][a]", "3")]);
        assert_eq!(read("l[][a]=1&l[][b]=2&l[][a]=3"), expected);
    }

    #[test]
    fn an_empty_text_is_kept_and_gives_way_to_a_map() {
        assert_eq!(read("metadata="), pairs(&[("metadata", "")]));
        assert_eq!(
            read("metadata=&metadata[a]=1"),
            pairs(&[("metadata[a]", "1")])
        );
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let mut many = "a=1&".repeat(COUNT_MAX);
        many.push_str("b=1");
        let deep = format!("a{}=1", "[b]".repeat(DEPTH_MAX));
        for encoded in [
            "a[=1",
            "[a]=1",
            "a[b=1",
            "a[b]c=1",
            "a=1&a[b]=2",
            &deep,
            &many,
        ] {
            let mut map = Map::new();
            assert!(decode(&mut map, encoded.as_bytes()).is_err(), "{encoded}");
        }
    }

    #[test]
    fn what_is_no_utf8_is_refused_and_not_altered() {
        for encoded in ["name=%ff%fe", "%C3=1", "a=\u{fffd}%e2%82"] {
            let mut map = Map::new();
            assert!(decode(&mut map, encoded.as_bytes()).is_err(), "{encoded}");
        }
        assert_eq!(read("name=%C3%A9%"), pairs(&[("name", "é%")]));
        assert_eq!(read("name=%EF%BF%BD"), pairs(&[("name", "\u{fffd}")]));
    }

    #[test]
    fn the_canonical_form_does_not_depend_on_the_order() {
        let form = |encoded: &str| {
            let mut map = Map::new();
            decode(&mut map, encoded.as_bytes()).expect("proper parameters");
            canonical(&map)
        };
        assert_eq!(form("a=1&b[c]=2"), form("b%5Bc%5D=2&a=1"));
        assert_ne!(form("a=1"), form("a=2"));
    }
}
