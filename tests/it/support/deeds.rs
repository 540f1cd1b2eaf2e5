//! Commands to a ledger, briefly: whole units of USD (cents), asked at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{CreditGrantId, CreditTypeId, CustomerId, DecimalText, DrawdownId, Instant};
use futures_util::future::BoxFuture;
use scrip::ledger::command::input::{
    AmountInput, CaptureDrawdown, CreateCreditGrant, CreateCustomer, DrawDown, EditCreditGrant,
    ReleaseDrawdown, VoidCreditGrant,
};
use scrip::ledger::{Caller, Command, Ledger, Outcome, Refusal, Role};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};
use tokio::sync::Barrier;

/// Minor units of one whole unit of USD (cents), whose scale is 6.
pub const UNIT: i64 = 1_000_000;

/// What a ledger answers.
pub type Answer = Result<Outcome, Refusal>;

/// Who asks.
pub fn caller() -> Caller {
    Caller {
        name: Arc::from("race"),
        role: Role::Operator,
        customer: None,
        until: None,
        key_id: None,
    }
}

/// A command on its way, not bound to the one who asks.
pub fn ask(
    ledger: &Ledger,
    command: impl Into<Command>,
    key: Option<&str>,
) -> BoxFuture<'static, Answer> {
    let (ledger, command, key) = (ledger.clone(), command.into(), key.map(str::to_owned));
    Box::pin(async move { ledger.execute(&caller(), command, key).await })
}

/// A command that is expected to be carried out.
pub async fn done(ledger: &Ledger, command: impl Into<Command>, key: Option<&str>) -> Outcome {
    ask(ledger, command, key).await.expect("carried out")
}

/// Starts all at one instant, each a task of its own; answers in their order.
pub async fn at_once<F>(all: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let all: Vec<F> = all.into_iter().collect();
    let start = Arc::new(Barrier::new(all.len()));
    let begin = |one: F| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            one.await
        })
    };
    let running: Vec<_> = all.into_iter().map(begin).collect();
    let mut answers = Vec::with_capacity(running.len());
    for one in running {
        answers.push(one.await.expect("no panic"));
    }
    answers
}

/// How one answer is counted: `Done`, `Replayed`, or why it was refused.
pub fn told(answer: &Answer) -> String {
    match answer {
        Ok(outcome) if outcome.replayed => "Replayed".to_owned(),
        Ok(_) => "Done".to_owned(),
        Err(Refusal::Rejected(all)) => {
            let codes: Vec<String> = all.iter().map(|one| format!("{:?}", one.code)).collect();
            codes.join("+")
        }
        Err(other) => format!("{other:?}"),
    }
}

/// How many of each there are, by name.
pub fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(told(answer)).or_default() += 1;
    }
    counts
}

/// Holds that there are so many of each and nothing else.
#[track_caller]
pub fn assert_tally(answers: &[Answer], expected: &[(&str, usize)]) {
    let expected = expected.iter().map(|(name, n)| ((*name).to_owned(), *n));
    assert_eq!(tally(answers), expected.collect::<BTreeMap<_, _>>());
}

/// A new customer.
pub async fn customer(ledger: &Ledger, name: &str) -> CustomerId {
    let made = done(ledger, create_customer(name, None), None).await;
    CustomerId(made.object_id)
}

/// A new customer with one grant of so many units, and that grant.
pub async fn funded(ledger: &Ledger, units: i64) -> (CustomerId, CreditGrantId) {
    let customer = customer(ledger, "funded").await;
    let made = done(ledger, grant(customer, units), None).await;
    (customer, CreditGrantId(made.object_id))
}

/// `createCustomer`.
pub fn create_customer(name: &str, external_id: Option<&str>) -> CreateCustomer {
    CreateCustomer {
        extra: Default::default(),
        name: name.to_owned(),
        external_id: external_id.map(str::to_owned),
        custom_fields: None,
        test_clock_id: None,
    }
}

/// `createCreditGrant` of so many units, from now on, for ever.
pub fn grant(customer_id: CustomerId, units: i64) -> CreateCreditGrant {
    CreateCreditGrant {
        customer_id,
        name: "grant".to_owned(),
        grant_amount: AmountInput {
            amount: DecimalText::whole(units),
            credit_type_id: CreditTypeId::USD,
        },
        paid_amount: None,
        category: None,
        priority: 50.0,
        effective_at: None,
        expires_at: None,
        invoice_date: None,
        invoice_id: None,
        product_ids: Vec::new(),
        rollover: None,
        reason: None,
        grant_type: None,
        custom_fields: None,
        uniqueness_key: None,
    }
}

/// `drawDown` of so many units, all or nothing.
pub fn draw(customer_id: CustomerId, units: i64) -> DrawDown {
    DrawDown {
        customer_id,
        amount: DecimalText::whole(units),
        credit_type_id: CreditTypeId::USD,
        partial: false,
        hold: false,
        hold_expires_at: None,
        product_id: None,
        contract_id: None,
        pricing_group_values: None,
        presentation_group_values: None,
        effective_at: None,
        invoice_id: None,
        reason: None,
        metadata: None,
    }
}

/// `drawDown` that reserves, for an hour.
pub fn hold(customer_id: CustomerId, units: i64) -> DrawDown {
    DrawDown {
        hold: true,
        ..draw(customer_id, units)
    }
}

/// `captureDrawdown`, all of it.
pub fn capture(id: DrawdownId) -> CaptureDrawdown {
    CaptureDrawdown {
        id,
        customer_id: None,
        amount: None,
        reason: None,
    }
}

/// `releaseDrawdown`.
pub fn release(id: DrawdownId) -> ReleaseDrawdown {
    ReleaseDrawdown {
        id,
        customer_id: None,
        reason: None,
    }
}

/// `voidCreditGrant`, refused once a part was used.
pub fn void(id: CreditGrantId) -> VoidCreditGrant {
    VoidCreditGrant {
        id,
        reason: None,
        release_uniqueness_key: false,
        void_purchase_invoice: false,
        remainder_only: false,
        once_more: false,
        unless_over: false,
    }
}

/// `editCreditGrant` to another end.
pub fn move_end(id: CreditGrantId, expires_at: Instant) -> EditCreditGrant {
    EditCreditGrant {
        id,
        name: None,
        expires_at: Some(expires_at),
        never_expires: false,
        grant_type: None,
        reason: None,
        custom_fields: None,
    }
}

/// What the statement finds, by raw SQL.
pub async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_all_raw(statement).await.expect(sql)
}

/// The one number that the statement finds, by raw SQL.
pub async fn number(ledger: &Ledger, sql: &str) -> i64 {
    let found = rows(ledger.read().database(), sql).await;
    let found = found.first().expect("a row");
    found.try_get_by_index(0).expect("a number")
}

/// Rows of a table.
pub async fn count(ledger: &Ledger, table: &str) -> i64 {
    number(ledger, &format!("SELECT count(*) FROM {table}")).await
}

/// Sum of the entries of a kind, in units.
pub async fn posted(ledger: &Ledger, kind: &str) -> i64 {
    let sql = format!(
        "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM ledger_entry WHERE kind = '{kind}'"
    );
    number(ledger, &sql).await / UNIT
}

/// Balance and what is held of it, of all accounts together, in units.
pub async fn balance(ledger: &Ledger) -> (i64, i64) {
    let sum = |column| {
        let sql = format!("SELECT CAST(coalesce(sum({column}), 0) AS BIGINT) FROM account");
        async move { number(ledger, &sql).await / UNIT }
    };
    (sum("balance").await, sum("held").await)
}
