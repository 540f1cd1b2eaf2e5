//! An account that someone else has locked: others do not wait for it, and its own commands do.

use std::time::Duration;

use domain::CustomerId;
use scrip::ledger::Ledger;
use scrip::ledger::command::input::UpdateCustomer;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use tokio::time::timeout;

use super::{app, second, two_servers};
use crate::support::deeds::{Answer, ask, assert_tally, balance, draw, funded, told};
use crate::support::{TestApp, db};
use sea_orm::DbBackend;

/// Longer than anything takes here that does not wait for a lock; shorter than the ledger waits
/// for one.
const SOON: Duration = Duration::from_secs(4);
/// Longer than six tries of a transaction that gives up on a lock in no time.
const AWHILE: Duration = Duration::from_secs(1);
/// Times that the locked accounts are asked for, each in another batch.
const TIMES: usize = 12;

/// Locks the account from outside, as a person with `psql` would.
async fn lock(app: &TestApp, customer: CustomerId) -> DatabaseTransaction {
    let outside = db::connect(app.database_url()).await;
    let outside = outside.begin().await.expect("a transaction");
    let sql = format!("SELECT * FROM account WHERE customer_id = '{customer}' FOR UPDATE");
    outside.execute_unprepared(&sql).await.expect("locked");
    outside
}

async fn accounts(ledger: &Ledger, count: usize) -> Vec<CustomerId> {
    let mut customers = Vec::new();
    for _ in 0..count {
        customers.push(funded(ledger, 100).await.0);
    }
    customers
}

/// Draws one unit from each of the accounts, which are free, and soon.
async fn draw_from_free(servers: &[Ledger; 2], free: &[CustomerId], time: usize) {
    for (n, customer) in free.iter().enumerate() {
        let drawn = ask(
            &servers[n % 2],
            draw(*customer, 1),
            Some(&format!("t{time}")),
        );
        let drawn = timeout(SOON, drawn)
            .await
            .expect("no wait for a lock of others");
        assert_eq!(told(&drawn), "Done");
    }
}

two_servers! {
    async fn a_locked_account_holds_up_itself_alone(app: TestApp, servers: [Ledger; 2]) {
        let locked = accounts(app.ledger(), 2).await;
        let free = accounts(app.ledger(), 4).await;
        let outside = [lock(&app, locked[0]).await, lock(&app, locked[1]).await];
        let mut waiting = Vec::new();
        for time in 0..TIMES {
            for (n, server) in servers.iter().enumerate() {
                let key = format!("t{time} s{n}");
                waiting.push(tokio::spawn(ask(
                    server,
                    draw(locked[time % 2], 1),
                    Some(&key),
                )));
            }
            draw_from_free(&servers, &free, time).await;
        }
        assert!(
            waiting.iter().all(|one| !one.is_finished()),
            "what is locked is waited for"
        );
        for one in outside {
            one.rollback().await.expect("unlocked");
        }
        let mut answers: Vec<Answer> = Vec::new();
        for one in waiting {
            let answer = timeout(SOON, one).await.expect("done once it is unlocked");
            answers.push(answer.expect("no panic"));
        }
        assert_tally(&answers, &[("Done", 2 * TIMES)]);
        let drawn = i64::try_from((2 + 4) * TIMES).expect("a count");
        assert_eq!(balance(app.ledger()).await, (600 - drawn, 0));
    }
}

two_servers! {
    async fn an_account_locked_for_long_does_not_keep_others_from_waiting(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let locked = accounts(app.ledger(), 2).await;
        let free = accounts(app.ledger(), 4).await;
        let long = lock(&app, locked[0]).await;
        let mut waiting = Vec::new();
        for time in 0..TIMES {
            let key = format!("t{time}");
            waiting.push(tokio::spawn(ask(
                &servers[0],
                draw(locked[0], 1),
                Some(&key),
            )));
            draw_from_free(&servers, &free, time).await;
        }
        let short = lock(&app, locked[1]).await;
        let soon = tokio::spawn(ask(&servers[0], draw(locked[1], 1), Some("soon")));
        draw_from_free(&servers, &free, TIMES).await;
        assert!(!soon.is_finished());
        short.rollback().await.expect("unlocked");
        let soon = timeout(SOON, soon)
            .await
            .expect("no wait for the lock of another account");
        assert_eq!(told(&soon.expect("no panic")), "Done");
        assert!(waiting.iter().all(|one| !one.is_finished()));
        long.rollback().await.expect("unlocked");
        for one in waiting {
            let answer = timeout(SOON, one).await.expect("done once it is unlocked");
            assert_eq!(told(&answer.expect("no panic")), "Done");
        }
    }
}

two_servers! {
    // Longer than who has read nothing waits, in all its tries.
    async fn a_row_that_someone_else_changes_is_waited_for(app: TestApp, servers: [Ledger; 2]) {
        let customer = accounts(app.ledger(), 1).await[0];
        let outside = db::connect(app.database_url()).await;
        let outside = outside.begin().await.expect("a transaction");
        let sql = format!("SELECT * FROM customer WHERE id = '{customer}' FOR UPDATE");
        outside.execute_unprepared(&sql).await.expect("locked");
        let update = UpdateCustomer {
            id: customer,
            name: Some("Other".to_owned()),
            extra: Default::default(),
            external_id: None,
            custom_fields: None,
        };
        let mut updated = Box::pin(ask(&servers[0], update, None));
        assert!(timeout(AWHILE, &mut updated).await.is_err(), "it is waited for");
        outside.rollback().await.expect("unlocked");
        let updated = timeout(SOON, updated).await.expect("done once it is unlocked");
        assert_eq!(told(&updated), "Done");
    }
}
