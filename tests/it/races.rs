//! Races on one server: many at once, on both databases, and exactly one may win.

mod boundaries;
mod queue;
mod trail;
mod windows;

use std::collections::BTreeSet;

use domain::{CreditGrantId, CustomerId};
use scrip::ledger::command::input::{CreateCreditGrant, UpdateCustomer, VoidCreditGrant};
use serde_json::json;

use crate::support::deeds::{
    Answer, UNIT, ask, assert_tally, at_once, balance, count, create_customer, customer, done,
    draw, funded, grant, number, posted, rows, told, void,
};
use crate::support::{TestApp, both_databases};

/// How many race.
const MANY: usize = 64;

/// The object that all who were told of one were told of.
#[track_caller]
fn same_object(answers: &[Answer]) {
    let told = answers.iter().flatten();
    let objects: BTreeSet<_> = told.map(|outcome| outcome.object_id).collect();
    assert_eq!(objects.len(), 1, "all answers tell of one object");
}

/// The balance that all were told, in units.
#[track_caller]
fn same_balance(answers: &[Answer], units: i64) {
    for outcome in answers.iter().flatten() {
        let balance = outcome.balance.as_ref().expect("a balance");
        assert_eq!(balance.posted, units * UNIT);
    }
}

both_databases! {
    async fn the_last_unit_goes_to_exactly_one_of_64_drawdowns(app: TestApp) {
        let ledger = app.ledger();
        let (customer, _) = funded(ledger, 1).await;
        let draws = (0..MANY).map(|n| ask(ledger, draw(customer, 1), Some(&format!("d{n}"))));
        let answers = at_once(draws).await;
        assert_tally(&answers, &[("Done", 1), ("InsufficientCredit", MANY - 1)]);
        assert_eq!(count(ledger, "drawdown").await, 1);
        assert_eq!(posted(ledger, "DEDUCTION").await, -1);
        assert_eq!(balance(ledger).await, (0, 0));
    }
}

both_databases! {
    async fn the_last_unit_goes_to_exactly_one_of_64_requests(app: TestApp) {
        const DRAW: &str = "mutation($input: DrawDownInput!) { drawDown(input: $input) {
            drawdown { id } replayed userErrors { code } } }";
        let (customer, _) = funded(app.ledger(), 1).await;
        let requests = (0..MANY).map(|n| {
            let app = app.clone();
            let input = json!({
                "customerId": customer.to_string(),
                "amount": "1",
                "idempotencyKey": format!("d{n}"),
            });
            async move { app.graphql(DRAW, json!({ "input": input })).await }
        });
        let answers = at_once(requests).await;
        let answers: Vec<_> = answers
            .iter()
            .map(|body| &body["data"]["drawDown"])
            .collect();
        let won = answers
            .iter()
            .filter(|answer| answer["drawdown"]["id"].is_string());
        assert_eq!(won.count(), 1, "{answers:?}");
        let short = json!([{ "code": "INSUFFICIENT_CREDIT" }]);
        let refused = answers
            .iter()
            .filter(|answer| answer["userErrors"] == short);
        assert_eq!(refused.count(), MANY - 1, "{answers:?}");
        assert_eq!(balance(app.ledger()).await, (0, 0));
    }
}

both_databases! {
    async fn one_idempotency_key_makes_one_drawdown_and_equal_answers(app: TestApp) {
        let ledger = app.ledger();
        let (customer, _) = funded(ledger, 100).await;
        let answers =
            at_once((0..MANY).map(|_| ask(ledger, draw(customer, 1), Some("once")))).await;
        assert_tally(&answers, &[("Done", 1), ("Replayed", MANY - 1)]);
        same_object(&answers);
        same_balance(&answers, 99);
        let drawdowns = answers.iter().flatten().map(|outcome| &outcome.drawdown);
        let first = answers[0].as_ref().expect("an answer").drawdown.clone();
        assert!(first.is_some() && drawdowns.clone().all(|one| *one == first));
        assert_eq!(count(ledger, "drawdown").await, 1);
        assert_eq!(posted(ledger, "DEDUCTION").await, -1);
    }
}

both_databases! {
    async fn one_idempotency_key_takes_one_input(app: TestApp) {
        let ledger = app.ledger();
        let (customer, _) = funded(ledger, 100).await;
        let units = |n: usize| if n.is_multiple_of(2) { 1 } else { 2 };
        let draws = (0..MANY).map(|n| ask(ledger, draw(customer, units(n)), Some("once")));
        let answers = at_once(draws).await;
        let half = MANY / 2;
        assert_tally(
            &answers,
            &[
                ("Done", 1),
                ("IdempotencyMismatch", half),
                ("Replayed", half - 1),
            ],
        );
        same_object(&answers);
        assert_eq!(count(ledger, "drawdown").await, 1);
    }
}

both_databases! {
    async fn one_idempotency_key_makes_one_grant_and_equal_answers(app: TestApp) {
        let ledger = app.ledger();
        let customer = customer(ledger, "granted").await;
        let answers =
            at_once((0..MANY).map(|_| ask(ledger, grant(customer, 5), Some("once")))).await;
        assert_tally(&answers, &[("Done", 1), ("Replayed", MANY - 1)]);
        same_object(&answers);
        same_balance(&answers, 5);
        assert_eq!(count(ledger, "credit_grant").await, 1);
        assert_eq!(posted(ledger, "GRANT").await, 5);
    }
}

both_databases! {
    async fn one_idempotency_key_makes_one_customer(app: TestApp) {
        let ledger = app.ledger();
        let asked = (0..MANY).map(|_| ask(ledger, create_customer("c", Some("x")), Some("once")));
        let answers = at_once(asked).await;
        assert_tally(&answers, &[("Done", 1), ("Replayed", MANY - 1)]);
        same_object(&answers);
        assert_eq!(count(ledger, "customer").await, 1);
    }
}

fn unique(customer_id: CustomerId) -> CreateCreditGrant {
    CreateCreditGrant {
        uniqueness_key: Some("invoice 7".to_owned()),
        ..grant(customer_id, 5)
    }
}

both_databases! {
    async fn one_uniqueness_key_makes_one_grant(app: TestApp) {
        let ledger = app.ledger();
        let customer = customer(ledger, "granted").await;
        let answers = at_once((0..MANY).map(|_| ask(ledger, unique(customer), None))).await;
        assert_tally(&answers, &[("Done", 1), ("UniquenessKeyTaken", MANY - 1)]);
        assert_eq!(count(ledger, "credit_grant").await, 1);
        assert_eq!(posted(ledger, "GRANT").await, 5);
    }
}

both_databases! {
    async fn one_uniqueness_key_makes_one_grant_over_all_customers(app: TestApp) {
        let ledger = app.ledger();
        let mut customers = Vec::new();
        for n in 0..16 {
            customers.push(customer(ledger, &format!("c{n}")).await);
        }
        let asked = (0..MANY).map(|n| ask(ledger, unique(customers[n % 16]), None));
        let answers = at_once(asked).await;
        assert_tally(&answers, &[("Done", 1), ("UniquenessKeyTaken", MANY - 1)]);
        assert_eq!(count(ledger, "credit_grant").await, 1);
        assert_eq!(count(ledger, "uniqueness_key").await, 1);
        assert_eq!(posted(ledger, "GRANT").await, 5);
    }
}

both_databases! {
    async fn a_released_uniqueness_key_is_taken_by_exactly_one(app: TestApp) {
        let ledger = app.ledger();
        let owner = customer(ledger, "owner").await;
        let heir = customer(ledger, "heir").await;
        let old = CreditGrantId(done(ledger, unique(owner), None).await.object_id);
        let releasing = VoidCreditGrant {
            release_uniqueness_key: true,
            ..void(old)
        };
        let heirs = (1..MANY).map(|n| {
            let customer = if n.is_multiple_of(2) { owner } else { heir };
            ask(ledger, unique(customer), None)
        });
        let asked = std::iter::once(ask(ledger, releasing, None)).chain(heirs);
        let answers = at_once(asked).await;
        assert_eq!(told(&answers[0]), "Done");
        let heirs: Vec<String> = answers[1..].iter().map(told).collect();
        let won = heirs.iter().filter(|answer| *answer == "Done").count();
        let lost = heirs
            .iter()
            .filter(|answer| *answer == "UniquenessKeyTaken")
            .count();
        assert!(won <= 1 && won + lost == heirs.len(), "{heirs:?}");
        let owners = count(ledger, "uniqueness_key").await;
        assert_eq!(
            usize::try_from(owners),
            Ok(won),
            "the key is whose grant was made"
        );
        let after = ask(ledger, unique(heir), None).await;
        let expected = if won == 1 {
            "UniquenessKeyTaken"
        } else {
            "Done"
        };
        assert_eq!(told(&after), expected);
    }
}

both_databases! {
    async fn one_external_id_makes_one_customer(app: TestApp) {
        let ledger = app.ledger();
        let asked =
            (0..MANY).map(|n| ask(ledger, create_customer(&format!("c{n}"), Some("x")), None));
        let answers = at_once(asked).await;
        assert_tally(&answers, &[("Done", 1), ("ExternalIdTaken", MANY - 1)]);
        assert_eq!(count(ledger, "customer").await, 1);
        assert_eq!(count(ledger, "customer_external_id").await, 1);
    }
}

both_databases! {
    async fn a_customer_keeps_exactly_the_external_id_it_was_given_last(app: TestApp) {
        let ledger = app.ledger();
        let id = customer(ledger, "renamed").await;
        let rename = |external: String| UpdateCustomer {
            extra: Default::default(),
            id,
            name: None,
            external_id: Some(external),
            custom_fields: None,
        };
        let asked = (0..MANY).map(|n| ask(ledger, rename(format!("x{n}")), None));
        let answers = at_once(asked).await;
        assert_tally(&answers, &[("Done", MANY)]);
        let sql = "SELECT c.external_id, e.external_id FROM customer c \
                   JOIN customer_external_id e ON e.customer_id = c.id";
        let claims = rows(ledger.read().database(), sql).await;
        let claims = claims.iter().map(|row| {
            let text = |index| row.try_get_by_index::<String>(index).expect("a text");
            (text(0), text(1))
        });
        let claims: Vec<_> = claims.collect();
        assert!(
            claims.len() == 1 && claims[0].0 == claims[0].1,
            "what it was called before is free again: {claims:?}"
        );
    }
}

both_databases! {
    async fn commands_on_many_accounts_at_once_all_arrive(app: TestApp) {
        let ledger = app.ledger();
        let mut customers = Vec::new();
        for _ in 0..8 {
            customers.push(funded(ledger, 1_000).await.0);
        }
        let asked =
            (0..512).map(|n| ask(ledger, draw(customers[n % 8], 2), Some(&format!("d{n}"))));
        let answers = at_once(asked).await;
        assert_tally(&answers, &[("Done", 512)]);
        assert_eq!(balance(ledger).await, (8 * 1_000 - 512 * 2, 0));
        let sql = "SELECT count(*) FROM account WHERE last_sequence <> 65";
        assert_eq!(
            number(ledger, sql).await,
            0,
            "one grant and 64 deductions each, without gaps"
        );
    }
}
