//! What a server takes for granted when it draws down without reading: found out of date whatever
//! another server has changed, and compared in the one burst that writes.

use domain::burn::BurnDownKey;
use domain::webhook::WebhookFormat;
use domain::{CreditGrantId, CustomerId, Instant};
use scrip::ledger::command::input::{
    ArchiveCustomer, CreateCreditGrant, CreateCreditType, CreateWebhookEndpoint, UpdateCreditType,
};
use scrip::ledger::{Ledger, Refusal};
use sea_orm::{ConnectionTrait, DbBackend};

use super::{UNIT, app, second, two_servers};
use crate::support::deeds::{ask, customer, done, draw, funded, grant, hold, number, told};
use crate::support::statements::Statements;
use crate::support::{TestApp, db};

/// Draws until the server has everything at hand.
async fn settled(server: &Ledger, owner: CustomerId) {
    for key in ["first", "second", "third"] {
        done(server, draw(owner, 1), Some(key)).await;
    }
}

/// What was asked, beside telling other servers that something moved.
fn asked(statements: &[String]) -> Vec<&String> {
    let reads = statements.iter();
    reads
        .filter(|sent| sent.starts_with("SELECT") && !sent.contains("pg_notify"))
        .collect()
}

two_servers! {
    async fn what_has_everything_at_hand_reads_nothing(app: TestApp, servers: [Ledger; 2]) {
        let (owner, _) = funded(&servers[0], 100).await;
        settled(&servers[0], owner).await;
        let statements = Statements::of(&app);
        done(&servers[0], draw(owner, 1), Some("k")).await;
        done(&servers[0], hold(owner, 1), Some("h")).await;
        done(&servers[0], grant(owner, 1), Some("g")).await;
        let sent = statements.take();
        assert_eq!(asked(&sent), Vec::<&String>::new(), "{sent:#?}");
        assert!(sent.iter().any(|statement| statement.starts_with("UPDATE account")), "{sent:#?}");
        drop(statements);
    }
}

two_servers! {
    async fn a_refusal_of_which_all_is_at_hand_locks_nothing(app: TestApp, servers: [Ledger; 2]) {
        let (owner, _) = funded(&servers[0], 100).await;
        settled(&servers[0], owner).await;
        let statements = Statements::of(&app);
        let answer = ask(&servers[0], draw(owner, 1_000), Some("k")).await;
        assert_eq!(told(&answer), "InsufficientCredit", "{answer:?}");
        let sent = statements.take();
        assert_eq!(asked(&sent).len(), 2, "its key, and whether all is as it was: {sent:#?}");
        assert!(!sent.iter().any(|statement| statement.contains("FOR UPDATE")), "{sent:#?}");
        drop(statements);
    }
}

two_servers! {
    // As after the loss of a server whose last commits its successor never had.
    async fn books_of_a_history_that_was_lost_are_not_gone_on_with(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let [mine, other] = servers;
        let (owner, first) = funded(&mine, 100).await;
        settled(&mine, owner).await;
        // A hold leaves no entry: no number of an entry is there twice.
        done(&other, hold(owner, 90), Some("other")).await;
        // The count that it had: whoever compares that alone sees nothing.
        let outside = db::connect(app.database_url()).await;
        let back = "UPDATE account SET revision = revision - 1";
        outside.execute_unprepared(back).await.expect("written");
        let answer = ask(&mine, draw(owner, 8), Some("mine")).await;
        assert_eq!(told(&answer), "InsufficientCredit", "{answer:?}");
        done(&mine, draw(owner, 7), Some("rest")).await;
        let spent = format!("SELECT used FROM segment WHERE credit_grant_id = '{}'", first.0);
        assert_eq!(number(&mine, &spent).await, 10 * UNIT);
    }
}

two_servers! {
    async fn whom_the_other_server_archived_draws_no_more(app: TestApp, servers: [Ledger; 2]) {
        let [mine, other] = servers;
        let (owner, _) = funded(&mine, 100).await;
        settled(&mine, owner).await;
        done(&other, ArchiveCustomer { id: owner }, None).await;
        let answer = ask(&mine, draw(owner, 1), Some("late")).await;
        assert_eq!(told(&answer), "Archived", "{answer:?}");
        assert_eq!(number(&mine, "SELECT count(*) FROM drawdown").await, 3);
    }
}

two_servers! {
    async fn the_order_of_a_unit_that_the_other_server_changed_is_followed(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let [mine, other] = servers;
        let owner = customer(&mine, "owner").await;
        let unit = CreateCreditType {
            name: "tokens".to_owned(),
            is_currency: false,
            currency: None,
            currency_exponent: None,
            scale: 0,
            burn_down_order: None,
        };
        let unit = domain::CreditTypeId(done(&mine, unit, None).await.object_id);
        let in_unit = |priority: f64, expires_at: Option<Instant>| {
            let mut made = CreateCreditGrant { priority, expires_at, ..grant(owner, 100) };
            made.grant_amount.credit_type_id = unit;
            made
        };
        let urgent = done(&mine, in_unit(1.0, Some(mine.now().plus_days(20))), None).await;
        let ending = done(&mine, in_unit(2.0, Some(mine.now().plus_days(10))), None).await;
        let of = |units: i64| {
            let mut drawn = draw(owner, units);
            drawn.credit_type_id = unit;
            drawn
        };
        for key in ["1", "2", "3"] {
            done(&mine, of(1), Some(key)).await;
        }
        let order = UpdateCreditType {
            id: unit,
            name: None,
            burn_down_order: Some(vec![BurnDownKey::ExpiresFirst, BurnDownKey::Priority]),
            archived: None,
        };
        done(&other, order, None).await;
        // Another customer of the same lane or none may have read the new order meanwhile.
        done(&mine, of(5), Some("4")).await;
        let used = |id: uuid::Uuid| {
            let sql = format!("SELECT used FROM segment WHERE credit_grant_id = '{}'", CreditGrantId(id).0);
            let mine = mine.clone();
            async move { number(&mine, &sql).await }
        };
        assert_eq!((used(urgent.object_id).await, used(ending.object_id).await), (3, 5));
    }
}

two_servers! {
    async fn an_endpoint_that_the_other_server_put_up_is_told(app: TestApp, servers: [Ledger; 2]) {
        let [mine, other] = servers;
        let (owner, _) = funded(&mine, 100).await;
        settled(&mine, owner).await;
        let endpoint = CreateWebhookEndpoint {
            url: "https://example.com/told".to_owned(),
            description: None,
            format: WebhookFormat::Scrip,
            event_types: None,
            customer_ids: None,
            secret: "secret".to_owned(),
            is_inside: false,
        };
        done(&other, endpoint, None).await;
        let before = number(&mine, "SELECT count(*) FROM webhook_delivery").await;
        for (key, rows) in [("k", 2), ("l", 4)] {
            done(&mine, draw(owner, 1), Some(key)).await;
            let noted = number(&mine, "SELECT count(*) FROM webhook_delivery").await;
            assert_eq!(noted - before, rows, "the drawdown and its entry");
        }
    }
}

two_servers! {
    async fn a_refusal_is_never_of_books_that_were_not_read(app: TestApp, servers: [Ledger; 2]) {
        let [mine, other] = servers;
        let (owner, _) = funded(&mine, 10).await;
        settled(&mine, owner).await;
        done(&mine, draw(owner, 7), Some("all")).await;
        for round in 0..4 {
            done(&other, grant(owner, 5), None).await;
            done(&mine, draw(owner, 5), Some(&format!("k{round}"))).await;
            let answer = ask(&mine, draw(owner, 1), Some(&format!("r{round}"))).await;
            assert!(matches!(answer, Err(Refusal::Rejected(_))), "{answer:?}");
        }
    }
}
