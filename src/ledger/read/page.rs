//! Pages of lists: what is asked, what is answered, and the cursors between (decision 30).

use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{CreditTypeId, CustomerId, Instant};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Read, ReadError};

/// Rows of a page where nothing is said.
pub const DEFAULT_SIZE: i64 = 20;
/// Rows of a page at most.
pub const MAX_SIZE: i64 = 100;

/// By creation, or the other way round; ledger entries by sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Oldest first.
    #[default]
    OldestFirst,
    /// Newest first.
    NewestFirst,
}

/// Which part of a list is asked for, as Relay says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// That many from the start.
    pub first: Option<i64>,
    /// Only what comes after this cursor.
    pub after: Option<String>,
    /// That many from the end.
    pub last: Option<i64>,
    /// Only what comes before this cursor.
    pub before: Option<String>,
    /// In which order.
    pub order: Order,
    /// As `after`, for callers whose cursors are the rows themselves.
    pub after_place: Option<Place>,
    /// As `before`, for callers whose cursors are the rows themselves.
    pub before_place: Option<Place>,
}

/// The place of a row that is known, whatever the filter of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a list that is sorted by id.
    Id(Uuid),
    /// Of a ledger entry, in any list of entries: id, account, number in it, when it was recorded.
    Entry(Uuid, (CustomerId, CreditTypeId), i64, Instant),
}

impl Place {
    fn key(self, kind: KeyKind) -> Option<Key> {
        match (self, kind) {
            (Self::Id(id) | Self::Entry(id, ..), KeyKind::Id) => Some(Key::Id(id)),
            (Self::Id(_), _) => None,
            (Self::Entry(_, _, number, _), KeyKind::Sequence) => Some(Key::Sequence(number)),
            (Self::Entry(_, (customer, unit), number, at), KeyKind::Moment) => {
                Some(Key::Moment(at, customer, unit, number))
            }
        }
    }
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// Cursor and row, in the order asked for.
    pub rows: Vec<(String, T)>,
    /// Whether the list goes on behind it.
    pub has_next_page: bool,
    /// Whether the list has something before it.
    pub has_previous_page: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            has_next_page: false,
            has_previous_page: false,
        }
    }
}

impl<T> Page<T> {
    /// The rows without their cursors.
    pub fn nodes(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// The same page of other rows.
    pub(super) fn map<U>(self, mut change: impl FnMut(T) -> U) -> Page<U> {
        let rows = self.rows.into_iter();
        Page {
            rows: rows.map(|(cursor, row)| (cursor, change(row))).collect(),
            has_next_page: self.has_next_page,
            has_previous_page: self.has_previous_page,
        }
    }
}

/// The place of a row in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// By id.
    Id(Uuid),
    /// By number in the account.
    Sequence(i64),
    /// By time, then account, then number in it.
    Moment(Instant, CustomerId, CreditTypeId, i64),
}

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Id,
    Sequence,
    Moment,
}

/// Whose a list is that hangs on nothing.
const NOBODY: Uuid = Uuid::nil();

/// The part of a list that a [`PageRequest`] means, in terms of keys.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    name: String,
    size: usize,
    /// From the start of the list, not from its end.
    forward: bool,
    /// Rows are read by ascending key.
    pub(super) ascending: bool,
    /// Only keys above.
    pub(super) above: Option<Key>,
    /// Only keys below.
    pub(super) below: Option<Key>,
    after: bool,
    before: bool,
}

impl Slice {
    /// Reads the page of a list that hangs on nothing: all that a filter admits.
    ///
    /// # Errors
    /// As [`Slice::read`].
    pub(super) fn of_all(
        page: &PageRequest,
        list: (&str, KeyKind),
        filter: &impl Debug,
    ) -> Read<Self> {
        Self::read(page, list, filter, &[NOBODY])
    }

    /// Reads a request for a list: its name, its filter, by what it is sorted, whose it is. A
    /// cursor belongs to one list of one parent.
    pub(super) fn read(
        page: &PageRequest,
        (list, kind): (&str, KeyKind),
        filter: &impl Debug,
        parents: &[Uuid],
    ) -> Read<Self> {
        let (size, forward) = match (page.first, page.last) {
            (Some(_), Some(_)) => return Err(bad("`first` and `last` can not be used together")),
            (None, Some(last)) => (last, false),
            (first, None) => (first.unwrap_or(DEFAULT_SIZE), true),
        };
        let size = usize::try_from(size)
            .ok()
            .filter(|_| (1..=MAX_SIZE).contains(&size))
            .ok_or_else(|| bad(&format!("a page has 1 to {MAX_SIZE} rows, not {size}")))?;
        let name = format!("{list} {kind:?} {:?} {filter:?}", page.order);
        let read = |argument: &str, cursor: &Option<String>| match (cursor, parents) {
            (None, _) => Ok(None),
            (Some(cursor), [parent]) => decode(cursor, &tag(&name, *parent), kind)
                .map(Some)
                .ok_or_else(|| {
                    bad(&format!(
                        "`{argument}` is no cursor of this list in this order and with this filter"
                    ))
                }),
            (Some(_), _) => Err(bad(&format!(
                "`{argument}` is a cursor of one list, but several lists are asked for"
            ))),
        };
        let at = |place: &Option<Place>| {
            let key = place.map(|place| place.key(kind));
            key.map(|key| key.ok_or_else(|| bad("a row of another list is no cursor of this one")))
                .transpose()
        };
        let after = read("after", &page.after)?.or(at(&page.after_place)?);
        let before = read("before", &page.before)?.or(at(&page.before_place)?);
        let oldest_first = page.order == Order::OldestFirst;
        let (above, below) = if oldest_first {
            (after, before)
        } else {
            (before, after)
        };
        Ok(Self {
            size,
            forward,
            ascending: oldest_first == forward,
            above,
            below,
            after: after.is_some(),
            before: before.is_some(),
            name,
        })
    }

    /// How many rows to read: one more than shown, to know whether there are more.
    pub(super) fn limit(&self) -> i64 {
        i64::try_from(self.size)
            .unwrap_or(MAX_SIZE)
            .saturating_add(1)
    }

    /// `ASC` or `DESC`.
    pub(super) fn direction(&self) -> &'static str {
        if self.ascending { "ASC" } else { "DESC" }
    }

    /// Whether the key lies between the cursors.
    #[cfg(test)]
    pub(super) fn admits(&self, key: Key) -> bool {
        self.above.is_none_or(|above| key > above) && self.below.is_none_or(|below| key < below)
    }

    /// Makes a page of what was read of [all](Self::of_all), in any order.
    pub(super) fn page_of_all<T>(&self, rows: Vec<T>, key: impl Fn(&T) -> Key) -> Page<T> {
        self.page(NOBODY, rows, key)
    }

    /// Makes a page of what was read for one parent, in any order.
    pub(super) fn page<T>(
        &self,
        parent: Uuid,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> Key,
    ) -> Page<T> {
        rows.sort_by(|left, right| {
            let order = key(left).cmp(&key(right));
            if self.ascending {
                order
            } else {
                order.reverse()
            }
        });
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        if !self.forward {
            rows.reverse();
        }
        let tag = tag(&self.name, parent);
        let rows = rows
            .into_iter()
            .map(|row| (encode(&tag, key(&row)), row))
            .collect();
        let (has_next_page, has_previous_page) = if self.forward {
            (more || self.before, self.after)
        } else {
            (self.before, more || self.after)
        };
        Page {
            rows,
            has_next_page,
            has_previous_page,
        }
    }
}

/// What the caller can mend.
pub(super) fn bad(message: &str) -> ReadError {
    ReadError::BadInput(message.to_owned())
}

type Tag = [u8; 8];

/// Tells the lists apart: name, order and filter, and whose it is.
fn tag(name: &str, parent: Uuid) -> Tag {
    let digest = Sha256::new()
        .chain_update(parent.as_bytes())
        .chain_update(name.as_bytes())
        .finalize();
    let mut tag = Tag::default();
    for (to, from) in tag.iter_mut().zip(digest) {
        *to = from;
    }
    tag
}

fn encode(tag: &Tag, key: Key) -> String {
    let mut bytes = tag.to_vec();
    match key {
        Key::Id(id) => bytes.extend(id.as_bytes()),
        Key::Sequence(sequence) => bytes.extend(sequence.to_be_bytes()),
        Key::Moment(at, customer, credit_type, sequence) => {
            bytes.extend(at.0.to_be_bytes());
            bytes.extend(customer.0.as_bytes());
            bytes.extend(credit_type.0.as_bytes());
            bytes.extend(sequence.to_be_bytes());
        }
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(cursor: &str, tag: &Tag, kind: KeyKind) -> Option<Key> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let mut rest = bytes.strip_prefix(tag)?;
    let key = match kind {
        KeyKind::Id => Key::Id(id(&mut rest)?),
        KeyKind::Sequence => Key::Sequence(number(&mut rest)?),
        KeyKind::Moment => Key::Moment(
            Instant(number(&mut rest)?),
            CustomerId(id(&mut rest)?),
            CreditTypeId(id(&mut rest)?),
            number(&mut rest)?,
        ),
    };
    rest.is_empty().then_some(key)
}

fn id(bytes: &mut &[u8]) -> Option<Uuid> {
    let (first, rest) = bytes.split_first_chunk::<16>()?;
    *bytes = rest;
    Some(Uuid::from_bytes(*first))
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    let (first, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(i64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Uuid = Uuid::from_u128(7);
    const LIST: (&str, KeyKind) = ("rows", KeyKind::Sequence);

    fn ask(page: &PageRequest) -> Read<Slice> {
        Slice::read(page, LIST, &"filter", &[OWNER])
    }

    /// What a database would answer of the numbers 1..=9.
    fn answer(page: &PageRequest) -> Page<i64> {
        let slice = ask(page).expect("a proper request");
        let mut rows: Vec<i64> = (1..=9)
            .filter(|n| slice.admits(Key::Sequence(*n)))
            .collect();
        if !slice.ascending {
            rows.reverse();
        }
        rows.truncate(usize::try_from(slice.limit()).expect("small"));
        slice.page(OWNER, rows, |n| Key::Sequence(*n))
    }

    fn numbers(page: &Page<i64>) -> Vec<i64> {
        page.nodes().copied().collect()
    }

    #[test]
    fn a_list_is_walked_in_both_directions_and_orders_without_gap_or_repeat() {
        for (order, forward) in [
            (Order::OldestFirst, true),
            (Order::OldestFirst, false),
            (Order::NewestFirst, true),
            (Order::NewestFirst, false),
        ] {
            let mut seen = Vec::new();
            let mut request = PageRequest {
                order,
                ..PageRequest::default()
            };
            loop {
                let size = Some(4);
                (request.first, request.last) = if forward { (size, None) } else { (None, size) };
                let page = answer(&request);
                let mut part = numbers(&page);
                let more = if forward {
                    request.after = page.rows.last().map(|(cursor, _)| cursor.clone());
                    seen.append(&mut part);
                    page.has_next_page
                } else {
                    request.before = page.rows.first().map(|(cursor, _)| cursor.clone());
                    part.append(&mut seen);
                    seen = part;
                    page.has_previous_page
                };
                if !more {
                    break;
                }
            }
            let mut all: Vec<i64> = (1..=9).collect();
            if order == Order::NewestFirst {
                all.reverse();
            }
            assert_eq!(seen, all, "{order:?}, forward: {forward}");
        }
    }

    #[test]
    fn a_page_in_the_middle_knows_of_both_sides() {
        let start = answer(&PageRequest {
            first: Some(3),
            ..PageRequest::default()
        });
        assert!(start.has_next_page && !start.has_previous_page);
        let after = start.rows.last().map(|(cursor, _)| cursor.clone());
        let middle = answer(&PageRequest {
            first: Some(3),
            after,
            ..PageRequest::default()
        });
        assert_eq!(numbers(&middle), [4, 5, 6]);
        assert!(middle.has_next_page && middle.has_previous_page);
    }

    #[test]
    fn what_makes_no_sense_is_refused_never_answered_wrongly() {
        let plain = PageRequest::default;
        for page in [
            PageRequest {
                first: Some(1),
                last: Some(1),
                ..plain()
            },
            PageRequest {
                first: Some(0),
                ..plain()
            },
            PageRequest {
                first: Some(-1),
                ..plain()
            },
            PageRequest {
                last: Some(101),
                ..plain()
            },
            PageRequest {
                after: Some("nonsense".to_owned()),
                ..plain()
            },
        ] {
            assert!(
                matches!(ask(&page), Err(ReadError::BadInput(_))),
                "{page:?}"
            );
        }
        let cursor = answer(&plain())
            .rows
            .first()
            .map(|(cursor, _)| cursor.clone());
        let page = PageRequest {
            after: cursor,
            ..plain()
        };
        assert!(ask(&page).is_ok());
        let turned = PageRequest {
            order: Order::NewestFirst,
            ..page.clone()
        };
        assert!(ask(&turned).is_err());
        assert!(Slice::read(&page, LIST, &"other filter", &[OWNER]).is_err());
        assert!(Slice::read(&page, LIST, &"filter", &[Uuid::from_u128(8)]).is_err());
        assert!(Slice::read(&page, ("others", KeyKind::Sequence), &"filter", &[OWNER]).is_err());
    }
}
