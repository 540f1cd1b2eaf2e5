//! Test clocks: their rows, and the customers that live by them. The rows of webhook endpoints.

use domain::test_clock::TestClockStatus;
use entity::{test_clock, webhook_endpoint};
use sea_orm::DbErr;

use super::Finding;
use super::books::Books;
use super::rows::Snapshot;

/// Checks the rows of all test clocks and webhook endpoints.
pub(super) async fn all(snapshot: &Snapshot, findings: &mut Vec<Finding>) -> Result<(), DbErr> {
    let sql = snapshot.sql("SELECT * FROM test_clock");
    let one = |findings: &mut Vec<Finding>, row: test_clock::Model| {
        let gone = matches!(
            row.status,
            TestClockStatus::Deleting | TestClockStatus::Deleted
        );
        if gone != row.deleted_at.is_some() {
            findings.push(Finding::of(&row, "deleted_at does not fit its status"));
        }
    };
    snapshot
        .each::<test_clock::Entity>(sql, findings, one)
        .await?;
    let sql = snapshot.sql("SELECT * FROM webhook_endpoint");
    snapshot
        .each::<webhook_endpoint::Entity>(sql, findings, |_, _| {})
        .await
}

/// Holds a customer against its test clock, in the same snapshot.
pub(super) async fn of_customer(
    snapshot: &Snapshot,
    books: &Books,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let Some(customer) = &books.customer else {
        return Ok(());
    };
    let mut wrong = |what: &str| findings.push(Finding::of(customer, what));
    if customer.test_clock_id.is_some() != customer.clock_now.is_some() {
        wrong("clock_now and test_clock_id are not both there or both absent");
    }
    let (Some(id), Some(shown)) = (customer.test_clock_id, customer.clock_now) else {
        return Ok(());
    };
    let mut sql = snapshot.sql("SELECT * FROM test_clock WHERE id = ");
    sql.bind(id.0);
    let mut clock = None;
    snapshot
        .each::<test_clock::Entity>(sql, &mut Vec::new(), |_, row| clock = Some(row))
        .await?;
    let Some(clock) = clock else {
        wrong("its test clock is not there");
        return Ok(());
    };
    let fits = if clock.status == TestClockStatus::Advancing {
        shown <= clock.frozen_time
    } else {
        shown == clock.frozen_time
    };
    if !fits {
        wrong("clock_now is not what its test clock shows");
    }
    if clock.status == TestClockStatus::Deleted && customer.archived_at.is_none() {
        wrong("its test clock was deleted, but it is not archived");
    }
    Ok(())
}
