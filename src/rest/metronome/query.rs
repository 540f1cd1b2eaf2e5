//! The query string: names once, lists joined by commas.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::error::Refused;

/// Rows of a page where nothing is said, and at most.
pub(super) const PAGE_MAX: i64 = 100;

/// The parameters of a query string.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

/// A name without the brackets that some clients put behind that of a list: `ids[]`, `ids[0]`.
fn bare(name: &str) -> &str {
    let inner = name
        .strip_suffix(']')
        .and_then(|name| name.rsplit_once('['));
    match inner {
        Some((list, place)) if place.bytes().all(|byte| byte.is_ascii_digit()) => list,
        _ => name,
    }
}

impl Query {
    /// Reads it; what comes twice is a list.
    pub(super) fn read(text: &str) -> Result<Self, Refused> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if value.contains('\0') {
                return Err(Refused::at(&name, "must not contain NUL"));
            }
            let known = all.entry(bare(&name).to_owned()).or_default();
            if !known.is_empty() {
                known.push(',');
            }
            known.push_str(&value);
        }
        Ok(Self(all))
    }

    /// A parameter that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let text = self.0.get(name)?;
        (!text.is_empty()).then_some(text)
    }

    /// The members of a list.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.text(name)?.split(',').collect())
    }

    /// Ids of a list.
    pub(super) fn ids<T: From<Uuid>>(
        &self,
        name: &str,
        most: usize,
    ) -> Result<Option<Vec<T>>, Refused> {
        let Some(list) = self.list(name) else {
            return Ok(None);
        };
        if list.len() > most {
            return Err(Refused::at(name, format!("at most {most} are allowed")));
        }
        let read = list.into_iter().map(|text| {
            let id = Uuid::try_parse(text);
            id.map(T::from)
                .map_err(|_| Refused::at(name, "must be UUIDs"))
        });
        read.collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// True or false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refused> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refused::at(name, "must be true or false")),
        }
    }

    /// `limit`: rows of a page.
    pub(super) fn limit(&self) -> Result<i64, Refused> {
        let Some(text) = self.text("limit") else {
            return Ok(PAGE_MAX);
        };
        let limit = text
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE_MAX).contains(limit));
        limit.ok_or_else(|| Refused::at("limit", format!("must be 1 to {PAGE_MAX}")))
    }

    /// `next_page`: where the page before ended.
    pub(super) fn next_page(&self) -> Option<String> {
        self.text("next_page").map(str::to_owned)
    }
}
