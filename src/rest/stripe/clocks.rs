//! `/v1/test_helpers/test_clocks`.

use domain::TestClockId;
use domain::test_clock::TestClockStatus;
use entity::test_clock;
use serde_json::{Value as Json, json};

use super::call::Call;
use super::error::{Answer, ApiError};
use super::expand::{self, Object};
use super::fields;
use super::ids::Kind;
use super::list::{self, Listing};
use super::objects::{self, seconds};
use super::params::instant;
use crate::ledger::command::input::{AdvanceTestClock, CreateTestClock, DeleteTestClock};
use crate::ledger::read::Place;

const URL: &str = "/v1/test_helpers/test_clocks";
const NAME_MAX: usize = 300;
/// A clock is advanced by two years at most in one step.
const DAYS_MAX: i64 = 2 * 366;
/// Stripe deletes a clock after so many seconds; ours stay.
const DELETED_AFTER: i64 = 30 * 86_400;

/// `POST /v1/test_helpers/test_clocks`.
pub(super) async fn create(call: &Call) -> Answer<Json> {
    let params = &call.params;
    params.only(&["frozen_time", "name", "expand[]"])?;
    expand::read(call, Object::Clock, false)?;
    let time = params.moment("frozen_time")?;
    let time = time.ok_or_else(|| ApiError::missing("frozen_time"))?;
    let name = params.text("name", NAME_MAX)?.value();
    let name = name.map(|name| fields::kept_name(Some(&name), "Test clock").0);
    let made = call.execute(CreateTestClock {
        name,
        frozen_time: instant(time),
    });
    answer(call, TestClockId(made.await?.object_id)).await
}

/// `GET /v1/test_helpers/test_clocks/{id}`.
pub(super) async fn retrieve(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&["expand[]"])?;
    expand::read(call, Object::Clock, false)?;
    Ok(object(&found(call, id).await?))
}

/// `POST /v1/test_helpers/test_clocks/{id}/advance`.
pub(super) async fn advance(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&["frozen_time", "expand[]"])?;
    expand::read(call, Object::Clock, false)?;
    let time = call.params.moment("frozen_time")?;
    let time = time.ok_or_else(|| ApiError::missing("frozen_time"))?;
    let row = found(call, id).await?;
    if instant(time) <= row.frozen_time {
        let message = "The frozen_time must be after the test clock's current frozen_time.";
        return Err(ApiError::invalid(message).of("frozen_time"));
    }
    call.execute(AdvanceTestClock {
        id: row.id,
        frozen_time: instant(time),
        days_max: Some(DAYS_MAX),
    })
    .await?;
    answer(call, row.id).await
}

/// `DELETE /v1/test_helpers/test_clocks/{id}`: its customers go with it.
pub(super) async fn delete(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&[])?;
    let row = found(call, id).await?;
    call.execute(DeleteTestClock { id: row.id }).await?;
    Ok(objects::deleted(Kind::Clock, row.id.0))
}

/// `GET /v1/test_helpers/test_clocks`.
pub(super) async fn all(call: &Call) -> Answer<Json> {
    call.params.only(&list::PARAMS)?;
    expand::read(call, Object::Clock, true)?;
    let listing = Listing::read(&call.params)?;
    let after = place(call, listing.after.as_deref(), "starting_after").await?;
    let before = place(call, listing.before.as_deref(), "ending_before").await?;
    let request = listing.request(after, before)?;
    let page = call.ledger.read().test_clocks(false, &request).await?;
    let more = listing.has_more(&page);
    Ok(list::envelope(
        URL,
        more,
        page.nodes().map(object).collect(),
    ))
}

/// A test clock as Stripe writes it.
#[must_use]
pub(super) fn object(row: &test_clock::Model) -> Json {
    let created = seconds(row.created_at);
    let (status, details) = match row.status {
        TestClockStatus::Advancing => {
            let target = json!({ "target_frozen_time": seconds(row.frozen_time) });
            ("advancing", json!({ "advancing": target }))
        }
        TestClockStatus::Ready | TestClockStatus::Deleting | TestClockStatus::Deleted => {
            ("ready", json!({}))
        }
    };
    json!({
        "id": Kind::Clock.write(row.id.0),
        "object": "test_helpers.test_clock",
        "created": created,
        "deletes_after": created.saturating_add(DELETED_AFTER),
        "frozen_time": seconds(row.frozen_time),
        "livemode": false,
        "name": row.name,
        "status": status,
        "status_details": details,
    })
}

/// The clock that a parameter names, deleted ones not.
pub(super) async fn named(call: &Call, text: &str, param: &str) -> Answer<test_clock::Model> {
    let row = by_id(call, text).await?;
    row.filter(|row| row.deleted_at.is_none())
        .ok_or_else(|| ApiError::no_such(Kind::Clock, text, param))
}

async fn found(call: &Call, text: &str) -> Answer<test_clock::Model> {
    let row = by_id(call, text).await?;
    row.filter(|row| row.deleted_at.is_none())
        .ok_or_else(|| ApiError::nothing_at(Kind::Clock, text))
}

async fn by_id(call: &Call, text: &str) -> Answer<Option<test_clock::Model>> {
    match Kind::Clock.read(text) {
        Some(id) => Ok(call.ledger.read().test_clock(TestClockId(id)).await?),
        None => Ok(None),
    }
}

async fn place(call: &Call, cursor: Option<&str>, param: &str) -> Answer<Option<Place>> {
    let Some(text) = cursor else { return Ok(None) };
    let row = by_id(call, text).await?;
    let row = row.ok_or_else(|| ApiError::no_such(Kind::Clock, text, param))?;
    Ok(Some(Place::Id(row.id.0)))
}

async fn answer(call: &Call, id: TestClockId) -> Answer<Json> {
    let row = call.ledger.read().test_clock(id).await?;
    Ok(object(&row.ok_or_else(ApiError::internal)?))
}
