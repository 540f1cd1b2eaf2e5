//! Lists: newest first, with ids as cursors, both ways.

use serde_json::{Value as Json, json};

use super::error::{Answer, ApiError};
use super::params::Params;
use crate::ledger::read::{Order, Page, PageRequest, Place};

/// Objects of a page where nothing is said, and at most.
const SIZE: (i64, i64) = (10, 100);

/// The parameters of every list.
pub const PARAMS: [&str; 4] = ["limit", "starting_after", "ending_before", "expand[]"];

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub struct Listing {
    limit: i64,
    /// Objects older than this one.
    pub after: Option<String>,
    /// Objects newer than this one.
    pub before: Option<String>,
}

impl Listing {
    /// Reads the parameters. A limit out of range is taken as the nearest that is not.
    ///
    /// # Errors
    /// A limit that is no number, or a cursor that is no text.
    pub fn read(params: &Params) -> Answer<Self> {
        let (usual, most) = SIZE;
        let limit = params.integer("limit", i64::MIN, i64::MAX)?;
        Ok(Self {
            limit: limit.unwrap_or(usual).clamp(1, most),
            after: params.maybe("starting_after")?.map(str::to_owned),
            before: params.maybe("ending_before")?.map(str::to_owned),
        })
    }

    /// The page, once it is known where its cursors stand.
    ///
    /// # Errors
    /// Both cursors at once.
    pub fn request(&self, after: Option<Place>, before: Option<Place>) -> Answer<PageRequest> {
        let request = PageRequest {
            order: Order::NewestFirst,
            ..PageRequest::default()
        };
        match (after, before) {
            (Some(_), Some(_)) => Err(ApiError::invalid(
                "Received both starting_after and ending_before parameters. Please pass in only \
                 one.",
            )),
            (None, Some(before)) => Ok(PageRequest {
                last: Some(self.limit),
                before_place: Some(before),
                ..request
            }),
            (after, None) => Ok(PageRequest {
                first: Some(self.limit),
                after_place: after,
                ..request
            }),
        }
    }

    /// Whether there is more in the direction of travel.
    #[must_use]
    pub fn has_more<T>(&self, page: &Page<T>) -> bool {
        if self.before.is_some() {
            page.has_previous_page
        } else {
            page.has_next_page
        }
    }
}

/// The envelope. Some clients go on at its `url`.
#[must_use]
pub fn envelope(url: &str, has_more: bool, data: Vec<Json>) -> Json {
    json!({ "object": "list", "url": url, "has_more": has_more, "data": data })
}
