//! Test clocks: their own rows here; their customers are brought along by [`super::super::clocks`],
//! each in a transaction of its own.

use domain::test_clock::{TestClockStatus, deleted, may_advance};
use domain::{Code, CustomerId, Instant, Rejection, TestClockId};
use entity::test_clock;

use super::super::work::{Needs, Rewritten, Tracked, Work};
use super::house::{done, house_event};
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, describe, not_found};

/// The time at which a clock puts a new customer.
///
/// # Errors
/// `NOT_FOUND`; `ARCHIVED` once deleted.
pub(super) fn shows(work: &Work<'_>, id: TestClockId) -> Result<Instant, Rejection> {
    let clock = work.state.test_clocks.get(&id);
    let clock = &clock
        .ok_or_else(|| not_found("testClockId", "test clock"))?
        .row;
    match clock.status {
        TestClockStatus::Ready | TestClockStatus::Advancing => Ok(clock.frozen_time),
        TestClockStatus::Deleting | TestClockStatus::Deleted => Err(deleted("testClockId")),
    }
}

/// Notes the time to which a customer's accounts have been brought; never back.
pub(crate) fn move_clock(work: &mut Work<'_>, customer: CustomerId, to: Instant) {
    let Some(tracked) = work.state.customers.get_mut(&customer) else {
        return;
    };
    if tracked.row.clock_now.is_some_and(|shows| shows < to) {
        tracked.change().clock_now = Some(to);
    }
}

fn need(id: TestClockId, needs: &mut Needs) {
    needs.test_clocks.insert(id);
    needs.rewritten.insert(Rewritten::TestClock(id));
}

/// Changes a clock, unless refused, and tells it.
fn change(
    work: &mut Work<'_>,
    order: &Order,
    id: TestClockId,
    kind: &str,
    how: impl FnOnce(&mut test_clock::Model, Instant) -> Result<(), Rejection>,
) -> Result<Done, Rejection> {
    let recorded = work.recorded;
    let tracked = work.state.test_clocks.get_mut(&id);
    let tracked = tracked.ok_or_else(|| not_found("id", "test clock"))?;
    let mut row = tracked.row.clone();
    how(&mut row, recorded)?;
    row.updated_at = recorded;
    let before = describe::test_clock(&tracked.row);
    let after = describe::test_clock(&row);
    *tracked.change() = row;
    house_event(work, order, kind, id.0, [Some(before), Some(after)]);
    Ok(done(id.0))
}

impl Run for CreateTestClock {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, _: &mut Needs) {}

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let id = TestClockId(work.ids.next(work.recorded));
        let row = test_clock::Model {
            id,
            name: self.name.clone(),
            frozen_time: self.frozen_time,
            status: TestClockStatus::Ready,
            created_at: work.recorded,
            created_by: order.actor.to_string(),
            updated_at: work.recorded,
            deleted_at: None,
            digest: Vec::new(),
        };
        let after = describe::test_clock(&row);
        work.state.test_clocks.insert(id, Tracked::new(row));
        house_event(work, order, "test_clock.created", id.0, [None, Some(after)]);
        Ok(done(id.0))
    }
}

impl Run for AdvanceTestClock {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "id")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        need(self.id, needs);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        change(work, order, self.id, "test_clock.advancing", |row, _| {
            may_advance(row.status, row.frozen_time, self.frozen_time, self.days_max)?;
            row.frozen_time = self.frozen_time;
            row.status = TestClockStatus::Advancing;
            Ok(())
        })
    }
}

impl Run for DeleteTestClock {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "id")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        need(self.id, needs);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        change(work, order, self.id, "test_clock.deleted", |row, now| {
            match row.status {
                TestClockStatus::Ready => {}
                TestClockStatus::Advancing => {
                    let message = "is being advanced; try again once its status is READY";
                    return Err(Rejection::new(Code::WrongState, "id", message));
                }
                TestClockStatus::Deleting | TestClockStatus::Deleted => return Err(deleted("id")),
            }
            row.status = TestClockStatus::Deleting;
            row.deleted_at = Some(now);
            Ok(())
        })
    }
}

impl Run for SettleTestClock {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "id")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        need(self.id, needs);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let status = work.state.test_clocks.get(&self.id);
        let (kind, next) = match status.map(|tracked| tracked.row.status) {
            Some(TestClockStatus::Advancing) => ("test_clock.ready", TestClockStatus::Ready),
            Some(TestClockStatus::Deleting) => ("test_clock.emptied", TestClockStatus::Deleted),
            // Another server was faster.
            Some(TestClockStatus::Ready | TestClockStatus::Deleted) => return Ok(done(self.id.0)),
            None => return Err(not_found("id", "test clock")),
        };
        change(work, order, self.id, kind, |row, _| {
            row.status = next;
            Ok(())
        })
    }
}
