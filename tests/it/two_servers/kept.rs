//! What a server keeps of an account between its transactions: found out of date as soon as another
//! server has written anything of it.

use domain::{CreditGrantId, CustomerId, DrawdownId};
use scrip::ledger::Ledger;
use scrip::ledger::command::input::CreateCreditGrant;
use sea_orm::DbBackend;

use super::{ROUNDS, app, second, two_servers};
use crate::support::TestApp;
use crate::support::deeds::{ask, customer, done, draw, grant, move_end, number, void};

/// A grant that ends after so many days.
async fn ending(ledger: &Ledger, owner: CustomerId, days: i64) -> CreditGrantId {
    let ends = CreateCreditGrant {
        expires_at: Some(ledger.now().plus_days(days)),
        ..grant(owner, 100)
    };
    CreditGrantId(done(ledger, ends, None).await.object_id)
}

/// Used of a grant, in units.
async fn used(ledger: &Ledger, id: CreditGrantId) -> i64 {
    let sql = "SELECT used FROM segment WHERE credit_grant_id = ";
    let units = number(ledger, &format!("{sql}'{}'", id.0)).await;
    units / super::UNIT
}

two_servers! {
    // The edit leaves no entry: nothing of the balance tells of it.
    async fn the_order_follows_what_the_other_server_edited(app: TestApp, servers: [Ledger; 2]) {
        let [mine, other] = servers;
        let owner = customer(&mine, "owner").await;
        let (first, second) = (ending(&mine, owner, 10).await, ending(&mine, owner, 20).await);
        done(&mine, draw(owner, 1), Some("1")).await;
        done(&other, move_end(first, mine.now().plus_days(30)), None).await;
        done(&mine, draw(owner, 2), Some("2")).await;
        assert_eq!((used(&mine, first).await, used(&mine, second).await), (1, 2));
    }
}

two_servers! {
    async fn what_the_other_server_granted_can_be_spent_and_what_it_voided_can_not(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let [mine, other] = servers;
        let owner = customer(&mine, "owner").await;
        ending(&mine, owner, 10).await;
        done(&mine, draw(owner, 100), Some("100")).await;
        let more = ending(&other, owner, 10).await;
        done(&mine, draw(owner, 60), Some("60")).await;
        assert_eq!(used(&mine, more).await, 60);
        let last = ending(&mine, owner, 10).await;
        done(&other, void(last), None).await;
        assert!(ask(&mine, draw(owner, 41), Some("41")).await.is_err());
        done(&mine, draw(owner, 40), Some("40")).await;
    }
}

two_servers! {
    // A refusal is told only once the key was looked up.
    async fn a_repeat_is_answered_by_the_server_that_did_not_see_the_first(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let [mine, other] = servers;
        for round in 0..ROUNDS {
            let owner = customer(&mine, "owner").await;
            ending(&mine, owner, 10).await;
            let key = format!("k{round}");
            // All of it: refused if it were new. A part: there would be enough for another.
            let units = if round % 2 == 0 { 100 } else { 10 };
            let made = done(&other, draw(owner, units), Some(&key)).await;
            let again = done(&mine, draw(owner, units), Some(&key)).await;
            assert!(again.replayed);
            assert_eq!(DrawdownId(again.object_id), DrawdownId(made.object_id));
        }
    }
}
