//! Races of what posts a boundary against what reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::{Clock, CreditTypeId, CustomerId, Instant};
use scrip::ledger::command::input::CreateCreditGrant;
use scrip::ledger::read::status::grant_status;
use scrip::ledger::read::{GrantFilter, GrantStatus, PageRequest, Reader, Settle};
use scrip::ledger::{Ledger, Refusal};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::support::deeds::{customer, done, grant};
use crate::support::{TestApp, both_databases};

/// Looks at the clock that a list takes at most.
const LOOKS: usize = 6;

/// A clock at one look at which someone else posts what is due.
struct MeddlingClock {
    now: Instant,
    ledger: Ledger,
    due: Vec<(CustomerId, CreditTypeId)>,
    looks: AtomicUsize,
    at: usize,
}

impl Clock for MeddlingClock {
    fn now(&self) -> Instant {
        if self.looks.fetch_add(1, Ordering::SeqCst) == self.at {
            let posted = || Handle::current().block_on(self.ledger.settle(&self.due));
            block_in_place(posted).expect("what is due is posted");
        }
        self.now
    }
}

struct Settler(Ledger);

#[async_trait]
impl Settle for Settler {
    async fn settle(&self, due: &[(CustomerId, CreditTypeId)]) -> Result<(), Refusal> {
        self.0.settle(due).await
    }
}

both_databases! {
    // Decision 1: whoever posted it, what is read is what is true.
    async fn a_list_across_customers_is_right_whenever_someone_else_posts_what_is_due(app: TestApp) {
        let ledger = app.ledger();
        for at in 0..LOOKS {
            let owner = customer(ledger, "A").await;
            let given = grant(owner, 10);
            let due = vec![(owner, given.grant_amount.credit_type_id)];
            let ends = Instant(app.now().timestamp_micros()).plus_days(1);
            done(ledger, CreateCreditGrant { expires_at: Some(ends), ..given }, None).await;
            app.advance(chrono::Duration::days(2));
            let clock = MeddlingClock {
                now: Instant(app.now().timestamp_micros()),
                ledger: ledger.clone(),
                due,
                looks: AtomicUsize::new(0),
                at,
            };
            let settler = Arc::new(Settler(ledger.clone()));
            let reader = Reader::new(ledger.database().clone(), Arc::new(clock), settler);
            let page = reader.grants(&GrantFilter::default(), &PageRequest::default()).await;
            let page = page.expect("a page");
            assert_eq!(page.nodes().count(), at + 1);
            for row in page.nodes() {
                let stands = (grant_status(row), row.segment.remaining);
                assert_eq!(stands, (GrantStatus::Expired, 0), "posted at look {at}");
            }
        }
    }
}
