//! What a server takes for granted when it draws down without reading: found out of date whatever
//! another server has changed, and compared in the one burst that writes.

use domain::burn::BurnDownKey;
use domain::webhook::WebhookFormat;
use domain::{CreditGrantId, CreditTypeId, CustomerId, Instant};
use scrip::ledger::command::input::{
    ArchiveCustomer, CreateCreditGrant, CreateCreditType, CreateWebhookEndpoint, DrawDown,
    UpdateCreditType, UpdateCustomer,
};
use scrip::ledger::{Ledger, Refusal};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use super::{MANY, UNIT, app, second, two_servers};
use crate::support::deeds::{
    ask, assert_tally, at_once, customer, done, draw, funded, grant, hold, move_end, number, rows,
    told,
};
use crate::support::statements::Statements;
use crate::support::{TestApp, db};

/// Draws until the server has everything at hand.
async fn settled(server: &Ledger, owner: CustomerId) {
    for key in ["first", "second", "third"] {
        done(server, draw(owner, 1), Some(key)).await;
    }
}

/// `updateCustomer` of the name alone.
fn renamed(id: CustomerId) -> UpdateCustomer {
    UpdateCustomer {
        id,
        name: Some("renamed".to_owned()),
        external_id: None,
        custom_fields: None,
        extra: Default::default(),
    }
}

/// What was asked, beside telling other servers that something moved.
pub(super) fn asked(statements: &[String]) -> Vec<&String> {
    let reads = statements.iter();
    reads
        .filter(|sent| sent.starts_with("SELECT") && !sent.contains("pg_notify"))
        .collect()
}

/// An endpoint that is told everything of everyone.
fn endpoint() -> CreateWebhookEndpoint {
    CreateWebhookEndpoint {
        url: "https://example.com/told".to_owned(),
        description: None,
        format: WebhookFormat::Scrip,
        event_types: None,
        customer_ids: None,
        secret: "secret".to_owned(),
        is_inside: false,
    }
}

const NOTED: &str = "SELECT count(*) FROM webhook_delivery";

two_servers! {
    async fn what_has_everything_at_hand_reads_nothing(app: TestApp, servers: [Ledger; 2]) {
        let mine = &servers[0];
        done(mine, endpoint(), None).await;
        let (owner, _) = funded(mine, 100).await;
        settled(mine, owner).await;
        let before = number(mine, NOTED).await;
        let statements = Statements::of(&app);
        done(mine, draw(owner, 1), Some("k")).await;
        done(mine, hold(owner, 1), Some("h")).await;
        done(mine, grant(owner, 1), Some("g")).await;
        let sent = statements.take();
        drop(statements);
        assert_eq!(asked(&sent), Vec::<&String>::new(), "{sent:#?}");
        let written = sent.iter().filter(|sent| sent.starts_with("UPDATE account"));
        assert_eq!(written.count(), 3, "{sent:#?}");
        // A drawdown, a hold, a grant, and the entries of the first and the last.
        assert_eq!(number(mine, NOTED).await - before, 5);
    }
}

two_servers! {
    async fn many_who_have_everything_at_hand_share_a_transaction_that_reads_nothing(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let mine = &servers[0];
        let mut owners = Vec::new();
        for _ in 0..MANY {
            let (owner, _) = funded(mine, 100).await;
            settled(mine, owner).await;
            owners.push(owner);
        }
        let statements = Statements::of(&app);
        // All but the last have enough.
        let drawn = owners.iter().zip(1..).map(|(owner, n)| {
            let units = if n == MANY { 1_000 } else { 1 };
            ask(mine, draw(*owner, units), Some("many"))
        });
        let answers = at_once(drawn).await;
        let sent = statements.take();
        drop(statements);
        assert_tally(&answers, &[("Done", MANY - 1), ("InsufficientCredit", 1)]);
        let shared = |sent: &&String| sent.starts_with("UPDATE account") && sent.contains("unnest");
        assert!(sent.iter().any(|sent| shared(&sent)), "{sent:#?}");
        let asked = asked(&sent);
        let read = asked.iter().filter(|asked| asked.contains("FROM account WHERE"));
        assert_eq!(read.count(), 0, "{asked:#?}");
    }
}

two_servers! {
    // A customer has one lane. What is the house's may be changed by another, and is found out.
    async fn a_customer_that_the_server_changed_itself_does_not_take_it_by_surprise(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let mine = &servers[0];
        let (owner, _) = funded(mine, 100).await;
        settled(mine, owner).await;
        done(mine, renamed(owner), None).await;
        let statements = Statements::of(&app);
        done(mine, draw(owner, 1), Some("k")).await;
        let sent = statements.take();
        drop(statements);
        let tries = sent.iter().filter(|sent| sent.starts_with("UPDATE account"));
        assert_eq!(tries.count(), 1, "{sent:#?}");
    }
}

two_servers! {
    // A grant without a key could not be sent again if nobody knew what has become of it.
    async fn a_connection_that_broke_before_anything_was_sent_has_done_nothing(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let mine = &servers[0];
        let (owner, _) = funded(mine, 100).await;
        let outside = db::connect(app.database_url()).await;
        for round in 0..4 {
            done(mine, draw(owner, 1), Some(&format!("a{round}"))).await;
            done(mine, draw(owner, 1), Some(&format!("b{round}"))).await;
            rows(&outside, super::CUT).await;
            done(mine, grant(owner, 1), None).await;
        }
        // By the one connection that was never cut.
        let sum = rows(&outside, "SELECT CAST(sum(balance) AS BIGINT) FROM account").await;
        let sum: i64 = sum[0].try_get_by_index(0).expect("a sum");
        assert_eq!(sum, (100 + 4 - 8) * UNIT);
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

/// Where the books of an account stand, in the order in which they name each other.
const PARTS: [&str; 6] = [
    "account",
    "segment",
    "credit_grant",
    "drawdown",
    "ledger_entry",
    "event",
];

async fn write(outside: &DatabaseConnection, statement: &str) {
    outside
        .execute_unprepared(statement)
        .await
        .expect(statement);
}

/// Keeps all books beside, as they are.
async fn save(outside: &DatabaseConnection) {
    for table in PARTS {
        write(
            outside,
            &format!("CREATE TABLE saved_{table} AS TABLE {table}"),
        )
        .await;
    }
}

/// Tables of which nothing may be removed.
const GUARDED: [&str; 3] = ["account", "ledger_entry", "event"];

/// Takes all books away, as nobody may.
async fn remove(outside: &DatabaseConnection) {
    for table in GUARDED {
        write(
            outside,
            &format!("ALTER TABLE {table} DISABLE TRIGGER USER"),
        )
        .await;
    }
    for table in PARTS.iter().rev() {
        write(outside, &format!("DELETE FROM {table}")).await;
    }
    for table in GUARDED {
        write(outside, &format!("ALTER TABLE {table} ENABLE TRIGGER USER")).await;
    }
}

/// Puts back what was kept.
async fn put_back(outside: &DatabaseConnection) {
    for table in PARTS {
        write(outside, &format!("INSERT INTO {table} TABLE saved_{table}")).await;
        write(outside, &format!("DROP TABLE saved_{table}")).await;
    }
}

/// A command without reading into an account that is gone: nothing of it stands.
async fn into_nothing(app: &TestApp, command: impl Fn(CustomerId) -> DrawDown) {
    let mine = app.ledger();
    let (owner, _) = funded(mine, 100).await;
    settled(mine, owner).await;
    let outside = db::connect(app.database_url()).await;
    save(&outside).await;
    remove(&outside).await;
    let statements = Statements::of(app);
    let answer = ask(mine, command(owner), Some("k")).await;
    let sent = statements.take();
    drop(statements);
    let first = |what: &str| sent.iter().position(|sent| sent.contains(what));
    let (unread, read) = (first("UPDATE account"), first("FOR UPDATE"));
    assert!(unread.is_some() && unread < read, "{sent:#?}");
    assert_eq!(told(&answer), "InsufficientCredit", "{answer:?}");
    for table in ["drawdown", "ledger_entry"] {
        let written = number(mine, &format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(written, 0, "{table}");
    }
    put_back(&outside).await;
    done(mine, draw(owner, 97), Some("l")).await;
}

two_servers! {
    // An update that finds no row fails nowhere by itself: the accounts are counted.
    async fn an_account_that_is_gone_is_not_drawn_from(app: TestApp, _servers: [Ledger; 2]) {
        into_nothing(&app, |owner| draw(owner, 1)).await;
    }
}

two_servers! {
    // A hold has no entry.
    async fn of_an_account_that_is_gone_nothing_is_held(app: TestApp, _servers: [Ledger; 2]) {
        into_nothing(&app, |owner| hold(owner, 1)).await;
    }
}

two_servers! {
    async fn of_many_accounts_that_are_gone_none_is_drawn_from(
        app: TestApp,
        _servers: [Ledger; 2],
    ) {
        let mine = app.ledger();
        let mut owners = Vec::new();
        for _ in 0..MANY {
            let (owner, _) = funded(mine, 100).await;
            settled(mine, owner).await;
            owners.push(owner);
        }
        let outside = db::connect(app.database_url()).await;
        save(&outside).await;
        remove(&outside).await;
        let drawn = owners.iter().map(|owner| ask(mine, draw(*owner, 1), Some("many")));
        let answers = at_once(drawn).await;
        assert_tally(&answers, &[("InsufficientCredit", MANY)]);
        for table in ["drawdown", "ledger_entry"] {
            let written = number(mine, &format!("SELECT count(*) FROM {table}")).await;
            assert_eq!(written, 0, "{table}");
        }
        put_back(&outside).await;
        for owner in &owners {
            done(mine, draw(*owner, 1), Some("back")).await;
        }
        // One alone, among many that are there.
        write(&outside, "SET session_replication_role = replica").await;
        let one = format!("DELETE FROM account WHERE customer_id = '{}'", owners[7].0);
        write(&outside, &format!("CREATE TABLE gone AS TABLE account; {one}")).await;
        let drawn = owners.iter().map(|owner| ask(mine, draw(*owner, 1), Some("rest")));
        let answers = at_once(drawn).await;
        assert_tally(&answers, &[("Done", MANY - 1), ("InsufficientCredit", 1)]);
        let back = format!("INSERT INTO account SELECT * FROM gone WHERE customer_id = '{}'", owners[7].0);
        write(&outside, &back).await;
    }
}

two_servers! {
    // As after the loss of a server whose last commits its successor never had: an edit leaves no entry,
    // and another edit the very same row of the account.
    async fn a_new_connection_may_lead_to_another_history(app: TestApp, servers: [Ledger; 2]) {
        let [mine, other] = servers;
        let owner = customer(&mine, "owner").await;
        let ending = async |days: i64| {
            let expires_at = Some(mine.now().plus_days(days));
            let ends = CreateCreditGrant { expires_at, ..grant(owner, 100) };
            CreditGrantId(done(&mine, ends, None).await.object_id)
        };
        ending(5).await;
        let (second, third) = (ending(10).await, ending(20).await);
        settled(&mine, owner).await;
        // In both lanes.
        let mut others = Vec::new();
        for _ in 0..8 {
            others.push(funded(&mine, 10).await.0);
        }
        let outside = db::connect(app.database_url()).await;
        save(&outside).await;
        done(&mine, move_end(second, mine.now().plus_days(30)), None).await;
        remove(&outside).await;
        put_back(&outside).await;
        done(&other, move_end(second, mine.now().plus_days(9)), None).await;
        rows(&outside, super::CUT).await;
        // Who finds that it is cut loses what it had at hand in any case.
        for found in others {
            done(&mine, draw(found, 1), Some("after")).await;
        }
        done(&mine, draw(owner, 99), Some("after")).await;
        for (id, units) in [(second, 2), (third, 0)] {
            let used = format!("SELECT used FROM segment WHERE credit_grant_id = '{}'", id.0);
            let used: i64 = rows(&outside, &used).await[0].try_get_by_index(0).expect("units");
            assert_eq!(used, units * UNIT);
        }
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
        let unit = CreditTypeId(done(&mine, unit, None).await.object_id);
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
            unless_archived: false,
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
        done(&other, endpoint(), None).await;
        let before = number(&mine, NOTED).await;
        for (key, rows) in [("k", 2), ("l", 4)] {
            done(&mine, draw(owner, 1), Some(key)).await;
            let noted = number(&mine, NOTED).await;
            assert_eq!(noted - before, rows, "the drawdown and its entry");
        }
    }
}

two_servers! {
    async fn nothing_is_refused_for_want_of_what_the_other_server_granted(app: TestApp, servers: [Ledger; 2]) {
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
