//! Requests: fields of a JSON body by name, each read as what it has to be. What no call knows is
//! left aside, as Metronome does; a wrong value is told with its path.

use std::collections::BTreeMap;

use domain::{DecimalText, Instant};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::error::Refused;
use super::number::exact;

type Result<T> = std::result::Result<T, Refused>;

/// The fields of a JSON object.
#[derive(Clone, Debug)]
pub(super) struct Fields<'b> {
    path: String,
    fields: BTreeMap<String, &'b RawValue>,
}

impl<'b> Fields<'b> {
    /// The body of a request; none is an empty object.
    pub(super) fn of_body(body: &'b [u8]) -> Result<Self> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self {
                path: String::new(),
                fields: BTreeMap::new(),
            });
        }
        let raw: &RawValue = serde_json::from_slice(body)
            .map_err(|error| Refused::bad(format!("the body is not JSON: {error}")))?;
        Self::of(String::new(), raw)
    }

    fn of(path: String, raw: &'b RawValue) -> Result<Self> {
        if !raw.get().starts_with('{') {
            let what = if path.is_empty() { "the body" } else { &path };
            return Err(Refused::bad(format!("{what} must be a JSON object")));
        }
        let fields = serde_json::from_str(raw.get());
        let fields = fields.map_err(|error| Refused::bad(format!("{path}: {error}")))?;
        Ok(Self { path, fields })
    }

    /// Where a field stands, for messages.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The refusal of a value.
    pub(super) fn wrong(&self, name: &str, message: &str) -> Refused {
        Refused::at(&self.path(name), message)
    }

    /// Whether the field is there, be it null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Whether the field is there and null, which clears what it stands for.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|raw| raw.get() == "null")
    }

    fn raw(&self, name: &str) -> Option<&'b RawValue> {
        let raw = self.fields.get(name).copied();
        raw.filter(|raw| raw.get() != "null")
    }

    fn read<T: DeserializeOwned>(&self, name: &str, what: &str) -> Result<Option<T>> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let read = serde_json::from_str(raw.get());
        read.map(Some)
            .map_err(|_| self.wrong(name, &format!("must be {what}")))
    }

    fn needed<T>(&self, name: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.wrong(name, "is required"))
    }

    /// A text that may be absent.
    pub(super) fn maybe_text(&self, name: &str) -> Result<Option<String>> {
        self.read(name, "a string")
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<String> {
        self.needed(name, self.maybe_text(name)?)
    }

    /// A text of a list that may be absent.
    pub(super) fn maybe_choice(
        &self,
        name: &str,
        of: &[&'static str],
    ) -> Result<Option<&'static str>> {
        let Some(text) = self.maybe_text(name)? else {
            return Ok(None);
        };
        let found = of.iter().find(|known| **known == text);
        found.copied().map(Some).ok_or_else(|| {
            let message = format!("must be one of {}", of.join(", "));
            self.wrong(name, &message)
        })
    }

    /// Texts, if the list is there.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        self.read(name, "a list of strings")
    }

    /// True or false, if it is there.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>> {
        self.read(name, "true or false")
    }

    /// An id that may be absent.
    pub(super) fn maybe_id<T: From<Uuid>>(&self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.maybe_text(name)? else {
            return Ok(None);
        };
        let id = Uuid::try_parse(&text).map_err(|_| self.wrong(name, "must be a UUID"))?;
        Ok(Some(id.into()))
    }

    /// An id.
    pub(super) fn id<T: From<Uuid>>(&self, name: &str) -> Result<T> {
        self.needed(name, self.maybe_id(name)?)
    }

    /// Ids, if the list is there.
    pub(super) fn ids<T: From<Uuid>>(&self, name: &str) -> Result<Option<Vec<T>>> {
        let Some(texts) = self.texts(name)? else {
            return Ok(None);
        };
        let read = texts.iter().enumerate().map(|(index, text)| {
            let id = Uuid::try_parse(text);
            id.map(T::from)
                .map_err(|_| self.wrong(&format!("{name}.{index}"), "must be a UUID"))
        });
        read.collect::<Result<Vec<_>>>().map(Some)
    }

    /// An instant that may be absent.
    pub(super) fn maybe_time(&self, name: &str) -> Result<Option<Instant>> {
        let Some(text) = self.maybe_text(name)? else {
            return Ok(None);
        };
        match Instant::parse(&to_the_microsecond(&text)) {
            Ok(instant) => Ok(Some(instant)),
            Err(error) => Err(self.wrong(name, &format!("{text:?} is {error}"))),
        }
    }

    /// An instant.
    pub(super) fn time(&self, name: &str) -> Result<Instant> {
        self.needed(name, self.maybe_time(name)?)
    }

    /// A number, exactly, that may be absent.
    pub(super) fn maybe_number(&self, name: &str) -> Result<Option<DecimalText>> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let text = raw.get();
        let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        if !is_number {
            return Err(self.wrong(name, "must be a number"));
        }
        let number = exact(text).map_err(|error| self.wrong(name, &error.to_string()))?;
        Ok(Some(number))
    }

    /// A number, exactly.
    pub(super) fn number(&self, name: &str) -> Result<DecimalText> {
        self.needed(name, self.maybe_number(name)?)
    }

    /// A priority that may be absent.
    pub(super) fn maybe_priority(&self, name: &str) -> Result<Option<f64>> {
        self.read(name, "a number")
    }

    /// A priority.
    pub(super) fn priority(&self, name: &str) -> Result<f64> {
        self.needed(name, self.maybe_priority(name)?)
    }

    /// `next_page`: where the page before ended; empty where there was none.
    pub(super) fn next_page(&self) -> Result<Option<String>> {
        Ok(self
            .maybe_text("next_page")?
            .filter(|next| !next.is_empty()))
    }

    /// A whole number within limits, if it is there.
    pub(super) fn size(&self, name: &str, most: i64) -> Result<Option<i64>> {
        let size = self.maybe_number(name)?.map(|size| size.to_minor(0));
        let size = size.transpose();
        let size = size.map_err(|_| self.wrong(name, "must be a whole number"))?;
        match size {
            Some(size) if !(1..=most).contains(&size) => {
                Err(self.wrong(name, &format!("must be 1 to {most}")))
            }
            size => Ok(size),
        }
    }

    /// An object that may be absent.
    pub(super) fn maybe_object(&self, name: &str) -> Result<Option<Self>> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        Self::of(self.path(name), raw).map(Some)
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Result<Self> {
        self.needed(name, self.maybe_object(name)?)
    }

    /// Objects, if the list is there.
    pub(super) fn maybe_objects(&self, name: &str) -> Result<Option<Vec<Self>>> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let items: std::result::Result<Vec<&'b RawValue>, _> = serde_json::from_str(raw.get());
        let items = items.map_err(|_| self.wrong(name, "must be a list of objects"))?;
        let read = items
            .into_iter()
            .enumerate()
            .map(|(index, raw)| Self::of(self.path(&format!("{name}.{index}")), raw));
        read.collect::<Result<Vec<_>>>().map(Some)
    }

    /// Objects.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>> {
        self.needed(name, self.maybe_objects(name)?)
    }

    /// Texts by name, if they are there.
    pub(super) fn map(&self, name: &str) -> Result<Option<Map<String, Json>>> {
        let read: Option<BTreeMap<String, String>> = self.read(name, "an object of strings")?;
        Ok(read.map(|read| {
            read.into_iter()
                .map(|(key, value)| (key, value.into()))
                .collect()
        }))
    }

    /// Any JSON, if it is there.
    pub(super) fn json(&self, name: &str) -> Result<Option<Json>> {
        self.read(name, "JSON that is not too deep")
    }

    /// Refuses what is not served here, rather than leave it aside.
    pub(super) fn unserved(&self, names: &[&str], why: &str) -> Result<()> {
        let given = names.iter().find(|name| {
            let raw = self.raw(name).map(RawValue::get);
            !matches!(raw, None | Some("[]" | "{}"))
        });
        given.map_or(Ok(()), |name| Err(self.wrong(name, why)))
    }
}

/// A time without the digits of its fraction that are finer than a microsecond: clients in Go send
/// nanoseconds.
fn to_the_microsecond(text: &str) -> String {
    /// Digits that are kept.
    const KEPT: usize = 6;
    let Some((whole, rest)) = text.split_once('.') else {
        return text.to_owned();
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, zone) = rest.split_at(digits);
    let kept = fraction.get(..KEPT).unwrap_or(fraction);
    format!("{whole}.{kept}{zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_cut_to_the_microsecond_and_else_left_alone() {
        for (text, cut) in [
            (
                "2022-04-01T00:00:00.123456789+02:00",
                "2022-04-01T00:00:00.123456+02:00",
            ),
            (
                "2022-04-01T00:00:00.9999999Z",
                "2022-04-01T00:00:00.999999Z",
            ),
            ("2022-04-01T00:00:00.5Z", "2022-04-01T00:00:00.5Z"),
            ("2022-04-01T00:00:00Z", "2022-04-01T00:00:00Z"),
            ("2022-04-01T00:00:00.Z", "2022-04-01T00:00:00.Z"),
            ("soon.é", "soon.é"),
        ] {
            assert_eq!(to_the_microsecond(text), cut);
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_its_path() {
        let body = br#"{"a": {"b": [{"c": "x"}]}, "n": "5", "u": 1}"#;
        let fields = Fields::of_body(body).expect("an object");
        let inner = fields
            .object("a")
            .and_then(|a| a.objects("b"))
            .expect("objects");
        let message = |refused: Refused| refused.message;
        let id: Result<Uuid> = inner.first().expect("one").id("c");
        assert_eq!(message(id.expect_err("no UUID")), "a.b.0.c: must be a UUID");
        let number = fields.number("n").expect_err("a string");
        assert_eq!(message(number), "n: must be a number");
        assert_eq!(
            message(fields.text("z").expect_err("absent")),
            "z: is required"
        );
    }

    #[test]
    fn an_empty_body_is_an_empty_object_and_a_list_is_none() {
        assert!(Fields::of_body(b"").is_ok());
        assert!(Fields::of_body(b"[]").is_err());
        assert!(Fields::of_body(b"{").is_err());
    }
}
