//! Parameters by name and type, refused in Stripe's words.
//!
//! Which names there are is looked at before any of them is read, as Stripe does; then each is read
//! in the order in which the call asks for it.

use std::collections::BTreeMap;

use domain::Instant;

use super::error::{Answer, ApiError};
use super::form::{self, Map, Value};

/// Metadata: pairs at most, and characters of a name and of a value at most.
const METADATA_MAX: (usize, usize, usize) = (50, 40, 500);
/// Characters of an id and of other texts where nothing is said.
const TEXT_MAX: usize = 5000;
/// The last second that can be written: end of the year 9999.
const SECONDS_MAX: i64 = 253_402_300_799;

/// What a parameter says that can be unset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given<T> {
    /// Nothing: it stays as it is.
    Absent,
    /// The empty text: there shall be none.
    Unset,
    /// This.
    Set(T),
}

impl<T> Given<T> {
    /// The value, if there shall be one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Unset => None,
        }
    }
}

/// A change of metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// All of it goes.
    Clear,
    /// Names with a value are set, names with none go, others stay.
    Merge(BTreeMap<String, Option<String>>),
}

/// The parameters of a call.
#[derive(Clone, Debug, Default)]
pub struct Params {
    map: Map,
}

impl Params {
    /// These.
    #[must_use]
    pub fn new(map: Map) -> Self {
        Self { map }
    }

    /// One form whatever the order they came in.
    #[must_use]
    pub fn canonical(&self) -> String {
        form::canonical(&self.map)
    }

    /// Refuses names that are none of these. `[]` stands for an item of a list, `[*]` for any name.
    ///
    /// # Errors
    /// `parameter_unknown`.
    pub fn only(&self, known: &[&str]) -> Answer<()> {
        let known: Vec<Vec<&str>> = known.iter().map(|name| parts(name)).collect();
        let unknown: Vec<String> = form::leaves(&self.map)
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| !is_known(&known, &parts(name)))
            .collect();
        match &*unknown {
            [] => Ok(()),
            [one] => Err(ApiError::unknown(one)),
            [first, ..] => {
                let all = unknown.join(", ");
                Err(
                    ApiError::invalid(format!("Received unknown parameters: {all}"))
                        .coded("parameter_unknown")
                        .of(first),
                )
            }
        }
    }

    /// What stands under a name, written with brackets.
    fn get(&self, name: &str) -> Answer<Option<&Value>> {
        let mut map = &self.map;
        let path = parts(name);
        let mut walked = String::new();
        for (index, part) in path.iter().enumerate() {
            walked = joined(&walked, part);
            let found = map.get(*part);
            if index + 1 == path.len() {
                return Ok(found);
            }
            match found {
                None => return Ok(None),
                Some(Value::Map(inner)) => map = inner,
                Some(Value::Text(_)) => {
                    return Err(ApiError::invalid("Invalid object").of(&walked));
                }
            }
        }
        Ok(None)
    }

    /// Whether there is anything under a name.
    ///
    /// # Errors
    /// Where it stands below a text.
    pub fn has(&self, name: &str) -> Answer<bool> {
        Ok(self.get(name)?.is_some())
    }

    /// A text as it came in.
    fn raw(&self, name: &str) -> Answer<Option<&str>> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(value) => {
                let message = format!("Invalid string: {}", form::shown(value));
                Err(ApiError::invalid(message).of(name))
            }
        }
    }

    /// A text that can be unset, of that many characters at most.
    ///
    /// # Errors
    /// No text, or too long.
    pub fn text(&self, name: &str, max: usize) -> Answer<Given<String>> {
        match self.raw(name)? {
            None => Ok(Given::Absent),
            Some("") => Ok(Given::Unset),
            Some(text) => {
                within(name, text, max)?;
                Ok(Given::Set(text.to_owned()))
            }
        }
    }

    /// A text that can not be unset.
    ///
    /// # Errors
    /// No text, empty, or too long.
    pub fn maybe(&self, name: &str) -> Answer<Option<&str>> {
        match self.raw(name)? {
            None => Ok(None),
            Some("") => Err(empty(name)),
            Some(text) => {
                within(name, text, TEXT_MAX)?;
                Ok(Some(text))
            }
        }
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// As [`Params::maybe`], or missing.
    pub fn required(&self, name: &str) -> Answer<&str> {
        self.maybe(name)?.ok_or_else(|| ApiError::missing(name))
    }

    /// One of these texts.
    ///
    /// # Errors
    /// Another text, or none.
    pub fn one_of(&self, name: &str, known: &[&'static str]) -> Answer<Option<&'static str>> {
        let Some(text) = self.maybe(name)? else {
            return Ok(None);
        };
        let found = known.iter().find(|known| **known == text);
        found.copied().map(Some).ok_or_else(|| {
            let list = match known {
                [one] => (*one).to_owned(),
                [one, other] => format!("{one} or {other}"),
                [many @ .., last] => format!("{}, or {last}", many.join(", ")),
                [] => String::new(),
            };
            ApiError::invalid(format!(
                "Invalid {}: must be one of {list}",
                last_part(name)
            ))
            .of(name)
        })
    }

    /// A whole number.
    ///
    /// # Errors
    /// No whole number, or outside of the range.
    pub fn integer(&self, name: &str, least: i64, most: i64) -> Answer<Option<i64>> {
        let Some(number) = self.number(name)? else {
            return Ok(None);
        };
        let refuse = |message: String| {
            ApiError::invalid(message)
                .coded("parameter_invalid_integer")
                .of(name)
        };
        if number < least {
            let message = format!("This value must be greater than or equal to {least}.");
            return Err(refuse(message));
        }
        if number > most {
            let message = format!("This value must be less than or equal to {most}.");
            return Err(refuse(message));
        }
        Ok(Some(number))
    }

    fn number(&self, name: &str) -> Answer<Option<i64>> {
        match self.raw(name)? {
            None => Ok(None),
            Some("") => Err(empty(name)),
            Some(text) => read_number(name, text).map(Some),
        }
    }

    /// An instant in whole seconds since 1970.
    ///
    /// # Errors
    /// No whole number, or past the year 9999.
    pub fn moment(&self, name: &str) -> Answer<Option<i64>> {
        let Some(seconds) = self.number(name)? else {
            return Ok(None);
        };
        if (0..=SECONDS_MAX).contains(&seconds) {
            return Ok(Some(seconds));
        }
        let message = "Invalid timestamp: must be an integer Unix timestamp in seconds.";
        Err(ApiError::invalid(message).of(name))
    }

    /// An instant that can be unset.
    ///
    /// # Errors
    /// As [`Params::moment`].
    pub fn maybe_moment(&self, name: &str) -> Answer<Given<i64>> {
        match self.raw(name)? {
            None => Ok(Given::Absent),
            Some("") => Ok(Given::Unset),
            Some(_) => Ok(self.moment(name)?.map_or(Given::Absent, Given::Set)),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// No list, no texts, or more than `max`.
    pub fn texts(&self, name: &str, max: usize) -> Answer<Vec<String>> {
        let items = self.items(name, max)?;
        items
            .into_iter()
            .map(|(name, value)| match value {
                Value::Text(text) => {
                    within(&name, text, TEXT_MAX)?;
                    Ok(text.clone())
                }
                Value::Map(_) => {
                    let message = format!("Invalid string: {}", form::shown(value));
                    Err(ApiError::invalid(message).of(&name))
                }
            })
            .collect()
    }

    /// One field of every item of a list, required.
    ///
    /// # Errors
    /// No list, no such field in one, or more than `max`.
    pub fn texts_in(&self, name: &str, field: &str, max: usize) -> Answer<Vec<String>> {
        let items = self.items(name, max)?;
        items
            .into_iter()
            .map(|(name, value)| {
                let Value::Map(item) = value else {
                    return Err(ApiError::invalid("Invalid object").of(&name));
                };
                let path = joined(&name, field);
                match item.get(field) {
                    None => Err(ApiError::missing(&path)),
                    Some(Value::Text(text)) if text.is_empty() => Err(empty(&path)),
                    Some(Value::Text(text)) => {
                        within(&path, text, TEXT_MAX)?;
                        Ok(text.clone())
                    }
                    Some(value) => {
                        let message = format!("Invalid string: {}", form::shown(value));
                        Err(ApiError::invalid(message).of(&path))
                    }
                }
            })
            .collect()
    }

    /// The items of a list in order, each with its full name.
    fn items(&self, name: &str, max: usize) -> Answer<Vec<(String, &Value)>> {
        let map = match self.get(name)? {
            None => return Ok(Vec::new()),
            Some(Value::Text(_)) => return Err(ApiError::invalid("Invalid array").of(name)),
            Some(Value::Map(map)) => map,
        };
        let mut items = Vec::with_capacity(map.len());
        for (index, value) in map {
            let Ok(number) = index.parse::<usize>() else {
                return Err(ApiError::invalid("Invalid array").of(name));
            };
            items.push((number, (joined(name, index), value)));
        }
        if items.len() > max {
            let message = format!("Array {name} exceeded maximum {max} allowed elements.");
            return Err(ApiError::invalid(message).of(name));
        }
        items.sort_by_key(|(number, _)| *number);
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }

    /// Metadata; `None`: nothing is said of it.
    ///
    /// # Errors
    /// Too many, too long, or no map of texts.
    pub fn metadata(&self) -> Answer<Option<Metadata>> {
        let map = match self.get("metadata")? {
            None => return Ok(None),
            Some(Value::Text(text)) if text.is_empty() => return Ok(Some(Metadata::Clear)),
            Some(Value::Text(_)) => return Err(ApiError::invalid("Invalid object").of("metadata")),
            Some(Value::Map(map)) => map,
        };
        let (pairs_max, name_max, value_max) = METADATA_MAX;
        let mut merge = BTreeMap::new();
        for (name, value) in map {
            let path = joined("metadata", name);
            let Value::Text(text) = value else {
                let message = format!("Invalid string: {}", form::shown(value));
                return Err(ApiError::invalid(message).of(&path));
            };
            let length = name.chars().count();
            if length > name_max {
                let message = format!(
                    "Metadata keys can have up to {name_max} characters, but you passed in a key \
                     that is {length} characters. Invalid key: {name}"
                );
                return Err(ApiError::invalid(message).of("metadata"));
            }
            let length = text.chars().count();
            if length > value_max {
                let message = format!(
                    "Metadata values can have up to {value_max} characters, but you passed in a \
                     value that is {length} characters. Invalid value: {text}"
                );
                return Err(ApiError::invalid(message).of(&path));
            }
            without_nul(&path, name)?;
            without_nul(&path, text)?;
            merge.insert(name.clone(), (!text.is_empty()).then(|| text.clone()));
        }
        let set = merge.values().filter(|value| value.is_some()).count();
        if set > pairs_max {
            return Err(too_many_pairs(set));
        }
        Ok(Some(Metadata::Merge(merge)))
    }
}

/// More metadata than there may be.
#[must_use]
pub fn too_many_pairs(count: usize) -> ApiError {
    let most = METADATA_MAX.0;
    let message = format!("Metadata can have up to {most} keys, but you've set {count}.");
    ApiError::invalid(message).of("metadata")
}

/// Metadata pairs at most.
pub const METADATA_PAIRS_MAX: usize = METADATA_MAX.0;

/// The instant at which a second begins.
#[must_use]
pub fn instant(seconds: i64) -> Instant {
    Instant(seconds.saturating_mul(1_000_000))
}

/// A number as it stands in a parameter.
///
/// # Errors
/// `parameter_invalid_integer`.
fn read_number(name: &str, text: &str) -> Answer<i64> {
    text.parse().map_err(|_| {
        ApiError::invalid(format!("Invalid integer: {text}"))
            .coded("parameter_invalid_integer")
            .of(name)
    })
}

fn empty(name: &str) -> ApiError {
    let message = format!(
        "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a \
         parameter; however '{name}' cannot be unset. You should remove '{name}' from your request \
         or supply a non-empty value."
    );
    ApiError::invalid(message)
        .coded("parameter_invalid_empty")
        .of(name)
}

fn within(name: &str, text: &str, max: usize) -> Answer<()> {
    without_nul(name, text)?;
    if text.chars().count() <= max {
        return Ok(());
    }
    let head: String = text.chars().take(4).collect();
    let mut tail: Vec<char> = text.chars().rev().take(4).collect();
    tail.reverse();
    let tail: String = tail.into_iter().collect();
    let message = format!("Invalid string: {head}...{tail}; must be at most {max} characters");
    Err(ApiError::invalid(message).of(name))
}

fn without_nul(name: &str, text: &str) -> Answer<()> {
    if text.contains('\0') {
        let message = "Invalid string: must not contain NUL";
        return Err(ApiError::invalid(message).of(name));
    }
    Ok(())
}

/// `a[b][c]` as a, b, c.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = name.split('[');
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.strip_suffix(']').unwrap_or(part));
    std::iter::once(first).chain(rest).collect()
}

fn joined(path: &str, part: &str) -> String {
    if path.is_empty() {
        part.to_owned()
    } else {
        format!("{path}[{part}]")
    }
}

fn last_part(name: &str) -> &str {
    parts(name).last().copied().unwrap_or(name)
}

/// Whether a name is a known one, or goes less deep: then its type is wrong, which is told when it is
/// read. So it is where it goes deeper than a known one, of whose own parts none are known.
fn is_known(known: &[Vec<&str>], given: &[&str]) -> bool {
    let has_parts = |name: &[&str]| {
        let mut others = known.iter();
        others.any(|other| other.len() > name.len() && other.starts_with(name))
    };
    known.iter().any(|name| {
        let deeper = given.len() > name.len();
        agrees(name, given) && !(deeper && has_parts(name))
    })
}

/// Whether two names agree as far as both go.
fn agrees(known: &[&str], given: &[&str]) -> bool {
    known.iter().zip(given).all(|(known, given)| match *known {
        "*" => true,
        "" => given.parse::<usize>().is_ok(),
        name => name == *given,
    })
}

#[cfg(test)]
mod tests;
