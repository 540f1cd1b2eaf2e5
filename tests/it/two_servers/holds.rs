//! Open holds that a server keeps: captured and released without reading, and found out of date
//! whatever another server has made of them.

use chrono::TimeDelta;
use domain::{CustomerId, DecimalText, DrawdownId};
use scrip::ledger::Ledger;
use scrip::ledger::command::input::{CaptureDrawdown, CreateCreditGrant, ReverseDrawdown};
use sea_orm::DbBackend;

use super::unread::asked;
use super::{MANY, app, second, two_servers};
use crate::support::TestApp;
use crate::support::deeds::{
    ask, assert_tally, at_once, balance, capture, count, done, draw, funded, grant, hold, number,
    posted, release, told,
};
use crate::support::statements::Statements;

/// A hold of so many units.
async fn held(server: &Ledger, owner: CustomerId, units: i64, key: &str) -> DrawdownId {
    DrawdownId(done(server, hold(owner, units), Some(key)).await.object_id)
}

/// An account of 100 units that a server has at hand.
async fn settled(server: &Ledger) -> CustomerId {
    let (owner, _) = funded(server, 100).await;
    for key in ["first", "second", "third"] {
        let id = held(server, owner, 1, key).await;
        done(server, release(id), None).await;
    }
    owner
}

/// `reverseDrawdown`, all of it.
fn reverse(id: DrawdownId) -> ReverseDrawdown {
    ReverseDrawdown {
        id,
        customer_id: None,
        amount: None,
        extend: false,
        reason: None,
    }
}

/// `captureDrawdown` of so much.
fn part(id: DrawdownId, units: i64) -> CaptureDrawdown {
    CaptureDrawdown {
        amount: Some(DecimalText::whole(units)),
        ..capture(id)
    }
}

two_servers! {
    async fn a_hold_at_hand_is_captured_or_released_without_reading(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let mine = &servers[0];
        let owner = settled(mine).await;
        let (kept, let_go) = (held(mine, owner, 10, "a").await, held(mine, owner, 20, "b").await);
        let statements = Statements::of(&app);
        done(mine, capture(kept), Some("capture")).await;
        done(mine, release(let_go), Some("release")).await;
        let sent = statements.take();
        drop(statements);
        assert_eq!(asked(&sent), Vec::<&String>::new(), "{sent:#?}");
        assert_eq!(balance(mine).await, (90 , 0));
    }
}

two_servers! {
    async fn many_captures_at_once_share_a_transaction_that_reads_nothing(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let mine = &servers[0];
        let mut holds = Vec::new();
        for _ in 0..MANY {
            let owner = settled(mine).await;
            holds.push(held(mine, owner, 10, "many").await);
        }
        let statements = Statements::of(&app);
        let answers = at_once(holds.iter().map(|id| ask(mine, capture(*id), Some("all")))).await;
        let sent = statements.take();
        drop(statements);
        assert_tally(&answers, &[("Done", MANY)]);
        let shared = |sent: &&String| sent.starts_with("UPDATE drawdown") && sent.contains("unnest");
        assert!(sent.iter().any(|sent| shared(&sent)), "{sent:#?}");
        assert_eq!(asked(&sent), Vec::<&String>::new(), "{sent:#?}");
        let taken = i64::try_from(MANY).expect("few") * 10;
        assert_eq!(posted(mine, "DEDUCTION").await, -taken);
    }
}

two_servers! {
    async fn what_is_reversed_is_read_and_nothing_else(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        let owner = settled(mine).await;
        let drawn = done(mine, draw(owner, 10), Some("draw")).await.object_id;
        let statements = Statements::of(&app);
        done(mine, reverse(DrawdownId(drawn)), Some("back")).await;
        let sent = statements.take();
        drop(statements);
        let asked = asked(&sent);
        assert_eq!(asked.len(), 1, "{sent:#?}");
        assert!(asked[0].contains("FROM drawdown WHERE"), "{sent:#?}");
        assert_eq!(balance(mine).await, (100, 0));
    }
}

two_servers! {
    // The grant is spent, so it is not at hand.
    async fn what_a_spent_grant_paid_is_given_back_to_it(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        let owner = settled(mine).await;
        let drawn = DrawdownId(done(mine, draw(owner, 100), Some("all")).await.object_id);
        done(mine, grant(owner, 5), Some("more")).await;
        done(mine, draw(owner, 1), Some("one")).await;
        done(mine, reverse(drawn), Some("back")).await;
        assert_eq!(balance(mine).await, (104, 0));
    }
}

two_servers! {
    async fn what_the_other_server_reversed_is_not_reversed_again(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let [mine, other] = servers;
        let owner = settled(&mine).await;
        let drawn = DrawdownId(done(&mine, draw(owner, 10), Some("draw")).await.object_id);
        done(&other, reverse(drawn), None).await;
        let again = ask(&mine, reverse(drawn), None).await;
        assert_eq!(told(&again), "NotReversible", "{again:?}");
        assert_eq!(balance(&mine).await, (100, 0));
    }
}

two_servers! {
    async fn what_the_other_server_made_of_a_hold_stands(app: TestApp, servers: [Ledger; 2]) {
        let [mine, other] = servers;
        let owner = settled(&mine).await;
        let id = held(&mine, owner, 10, "captured").await;
        done(&other, part(id, 4), None).await;
        for again in [ask(&mine, capture(id), None).await, ask(&mine, release(id), None).await] {
            assert_eq!(told(&again), "WrongState", "{again:?}");
        }
        let id = held(&mine, owner, 10, "released").await;
        done(&other, release(id), None).await;
        let late = ask(&mine, capture(id), None).await;
        assert_eq!(told(&late), "WrongState", "{late:?}");
        assert_eq!(balance(&mine).await, (96 , 0));
    }
}

two_servers! {
    // Under a lock of its own each, and none knows of the other.
    async fn of_many_who_capture_and_release_one_hold_on_both_one_does(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let owner = settled(&servers[0]).await;
        for round in 0..super::ROUNDS {
            let id = held(&servers[0], owner, 1, &format!("r{round}")).await;
            let before = posted(&servers[0], "DEDUCTION").await;
            let rivals = (0..4).map(|n: usize| {
                let server = servers[n % 2].clone();
                async move {
                    if n < 2 {
                        ask(&server, capture(id), None).await
                    } else {
                        ask(&server, release(id), None).await
                    }
                }
            });
            let answers = at_once(rivals).await;
            assert_tally(&answers, &[("Done", 1), ("WrongState", 3)]);
            let status = format!(
                "SELECT count(*) FROM drawdown WHERE id = '{}' AND status = 'POSTED'", id.0
            );
            let taken = before - posted(&servers[0], "DEDUCTION").await;
            assert_eq!(number(&servers[0], &status).await, taken, "round {round}");
        }
    }
}

two_servers! {
    async fn a_hold_at_hand_lapses_all_the_same(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        let owner = settled(mine).await;
        let lapsing = held(mine, owner, 10, "lapsing").await;
        app.advance(TimeDelta::seconds(1_800));
        let other = held(mine, owner, 20, "other").await;
        app.advance(TimeDelta::seconds(1_801));
        let late = ask(mine, capture(lapsing), None).await;
        assert_eq!(told(&late), "WrongState", "{late:?}");
        done(mine, capture(other), None).await;
        assert_eq!(balance(mine).await, (80 , 0));
    }
}

two_servers! {
    async fn a_repeated_capture_is_answered_as_it_was(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        let owner = settled(mine).await;
        let id = held(mine, owner, 10, "hold").await;
        let first = done(mine, part(id, 3), Some("k")).await;
        let again = done(mine, part(id, 3), Some("k")).await;
        assert_eq!((first.replayed, again.replayed), (false, true));
        assert_eq!(first.drawdown, again.drawdown);
        let other = ask(mine, part(id, 4), Some("k")).await;
        assert_eq!(told(&other), "IdempotencyMismatch", "{other:?}");
    }
}

two_servers! {
    // More than are kept: the older ones are read.
    async fn of_very_many_holds_each_can_be_captured(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        let (owner, _) = funded(mine, 1_000).await;
        let made = at_once((0..300).map(|n| {
            let mine = mine.clone();
            async move { held(&mine, owner, 1, &format!("h{n}")).await }
        }));
        let made = made.await;
        for id in made.iter().step_by(7) {
            done(mine, capture(*id), None).await;
        }
        let rest = at_once(made.iter().map(|id| ask(mine, capture(*id), None))).await;
        assert_tally(&rest, &[("Done", 257), ("WrongState", 43)]);
        assert_eq!(count(mine, "drawdown").await, 300);
        done(mine, draw(owner, 700), Some("all")).await;
        assert_eq!(balance(mine).await, (0, 0));
    }
}

two_servers! {
    // A write of the other may fall between looking at the drawdown and writing.
    async fn of_many_who_reverse_one_drawdown_on_both_one_does(app: TestApp, servers: [Ledger; 2]) {
        let owner = settled(&servers[0]).await;
        for round in 0..super::ROUNDS {
            let key = format!("d{round}");
            let drawn = done(&servers[round % 2], draw(owner, 1), Some(&key)).await;
            let rivals = (0..6).map(|n: usize| {
                let server = servers[n % 2].clone();
                async move { ask(&server, reverse(DrawdownId(drawn.object_id)), None).await }
            });
            let answers = at_once(rivals).await;
            assert_tally(&answers, &[("Done", 1), ("NotReversible", 5)]);
            assert_eq!(balance(&servers[0]).await, (100, 0), "round {round}");
        }
    }
}

two_servers! {
    // Who was surprised once reads the next 64 batches, and keeps the customer with the account then.
    async fn what_the_other_server_wrote_is_read_for_a_while_and_then_no_more(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let [mine, other] = servers;
        let owner = settled(&mine).await;
        let mut drawn = Vec::new();
        for n in 0..70 {
            let made = done(&mine, draw(owner, 1), Some(&format!("d{n}"))).await;
            drawn.push(DrawdownId(made.object_id));
        }
        done(&other, draw(owner, 1), Some("theirs")).await;
        let last = drawn.pop().expect("the last");
        for id in drawn {
            done(&mine, reverse(id), None).await;
        }
        let statements = Statements::of(&app);
        done(&mine, reverse(last), Some("last")).await;
        let sent = statements.take();
        drop(statements);
        assert_eq!(asked(&sent).len(), 1, "{sent:#?}");
        assert_eq!(balance(&mine).await, (99, 0));
    }
}

two_servers! {
    async fn of_very_many_holds_each_lapses(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        let (owner, _) = funded(mine, 1_000).await;
        let made = at_once((0..300).map(|n| {
            let mine = mine.clone();
            async move { held(&mine, owner, 1, &format!("h{n}")).await }
        }));
        made.await;
        app.advance(TimeDelta::seconds(3_601));
        done(mine, draw(owner, 1_000), Some("all")).await;
        let lapsed = "SELECT count(*) FROM drawdown WHERE status = 'LAPSED'";
        assert_eq!(number(mine, lapsed).await, 300);
        let told = "SELECT count(*) FROM event WHERE kind = 'drawdown.lapsed'";
        assert_eq!(number(mine, told).await, 300);
    }
}

two_servers! {
    // Spent before its window was over: nobody posts its end, and it is not at hand.
    async fn what_a_grant_paid_that_is_over_is_forfeited(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        let owner = settled(mine).await;
        let ends = CreateCreditGrant {
            expires_at: Some(mine.now().plus_days(1)),
            priority: 1.0,
            ..grant(owner, 10)
        };
        done(mine, ends, None).await;
        let drawn = DrawdownId(done(mine, draw(owner, 10), Some("all")).await.object_id);
        app.advance(TimeDelta::days(2));
        done(mine, draw(owner, 1), Some("one")).await;
        done(mine, reverse(drawn), Some("back")).await;
        assert_eq!(balance(mine).await, (99, 0));
        let again = ask(mine, reverse(drawn), None).await;
        assert_eq!(told(&again), "NotReversible", "{again:?}");
    }
}

two_servers! {
    async fn a_hold_at_hand_is_of_its_customer_alone(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        let (owner, stranger) = (settled(mine).await, settled(mine).await);
        let id = held(mine, owner, 10, "hold").await;
        let named = |customer_id| CaptureDrawdown { customer_id: Some(customer_id), ..capture(id) };
        let refused = ask(mine, named(stranger), None).await;
        assert_eq!(told(&refused), "NotFound", "{refused:?}");
        done(mine, named(owner), None).await;
        assert_eq!(balance(mine).await, (190, 0));
    }
}
