//! One run: sends each command, holds the answer against the auditor's prediction, and stops with
//! the seed, the step and the last commands at the first disagreement.

use std::collections::{BTreeSet, VecDeque};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::ModelApi;
use super::auditor::{Account, Books, Remembered, Unit};
use super::bind::{bind, bind_rollovers};
use super::command::{Command, Subject};
use super::compare::{BALANCE_FIELDS, Findings, Seen, ask, compare_account, compare_balance};
use super::compare_full::{compare_all, compare_preview};
use super::compare_objects::{compare_objects, compare_subject, fields_of, owner_of};
use super::units::{Refused, stamp};
use super::workload::{Retry, Step, Workload};

/// How often everything is compared, and how many commands a failure shows.
const FULL_EVERY: usize = 50;
const SHOWN: usize = 20;

/// USD in cents, present from the first start (decision 28).
const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";
const DEFAULT_ORDER: [&str; 7] = [
    "PRIORITY",
    "CONTRACT_LEVEL_FIRST",
    "EXPIRES_FIRST",
    "PROMOTIONAL_FIRST",
    "NARROWEST_SCOPE_FIRST",
    "EFFECTIVE_FIRST",
    "CREATED_FIRST",
];

/// Runs `commands` random commands; panics on the first disagreement.
pub async fn run(api: &dyn ModelApi, seed: u64, commands: usize) {
    println!("model test: seed {seed}, {commands} commands");
    let mut session = Session::new(api, seed);
    session.prepare().await;
    while session.step < commands {
        session.step += 1;
        session.advance();
        let step = session.workload.next(&session.books, &session.memory);
        match step {
            Step::Fresh { command, key } => session.fresh(&command, key).await,
            Step::Again { place, how } => session.again(place, how).await,
        }
        if session.step.is_multiple_of(FULL_EVERY) || session.step == commands {
            let findings =
                compare_all(api, &mut session.books, &mut session.seen, &mut session.rng).await;
            session.expect_none(&findings);
        }
    }
    println!(
        "model test: seed {seed} agreed; {} commands had no specified answer and were not sent",
        session.unspecified
    );
}

struct Session<'a> {
    api: &'a dyn ModelApi,
    seed: u64,
    step: usize,
    rng: StdRng,
    workload: Workload,
    books: Books,
    seen: Seen,
    memory: Vec<Remembered>,
    log: VecDeque<String>,
    unspecified: usize,
}

impl<'a> Session<'a> {
    fn new(api: &'a dyn ModelApi, seed: u64) -> Self {
        Self {
            api,
            seed,
            step: 0,
            rng: StdRng::seed_from_u64(seed ^ 0x5eed),
            workload: Workload::new(seed),
            books: Books::new(api.now()),
            seen: Seen::default(),
            memory: Vec::new(),
            log: VecDeque::new(),
            unspecified: 0,
        }
    }

    fn note(&mut self, line: &str) {
        if self.log.len() == SHOWN {
            self.log.pop_front();
        }
        self.log
            .push_back(format!("{:>5} {} {line}", self.step, stamp(self.books.now)));
    }

    fn expect_none(&self, findings: &[String]) {
        if findings.is_empty() {
            return;
        }
        let log = self
            .log
            .iter()
            .map(|line| format!("  {line}"))
            .collect::<Vec<_>>()
            .join("\n");
        let findings = findings
            .iter()
            .take(40)
            .map(|line| format!("  - {line}"))
            .collect::<Vec<_>>()
            .join("\n");
        panic!(
            "the auditor disagrees: seed {}, step {}, now {}\nlast commands:\n{log}\ndisagreements:\n{findings}",
            self.seed,
            self.step,
            stamp(self.books.now)
        );
    }

    /// Credit types, products, customers and contracts to begin with.
    async fn prepare(&mut self) {
        self.books.units.push(Unit {
            id: USD.to_owned(),
            scale: 6,
            burn_down: DEFAULT_ORDER.to_vec(),
        });
        let own: [(&str, u32, &[&'static str]); 2] = [
            (
                "calls",
                0,
                &[
                    "NARROWEST_SCOPE_FIRST",
                    "ROLLOVER_FIRST",
                    "EXPIRES_FIRST",
                    "PRIORITY",
                ],
            ),
            (
                "hours",
                2,
                &[
                    "PROMOTIONAL_FIRST",
                    "EFFECTIVE_FIRST",
                    "CONTRACT_LEVEL_FIRST",
                    "CREATED_FIRST",
                ],
            ),
        ];
        for (name, scale, order) in own {
            let document = "mutation($input: CreateCreditTypeInput!) { made: createCreditType(input: $input) { creditType { id scale burnDownOrder } userErrors { code message } } }";
            let input = json!({"name": name, "scale": scale, "burnDownOrder": order, "idempotencyKey": format!("unit-{name}")});
            let data = ask(self.api, document, json!({"input": input}))
                .await
                .unwrap_or_else(|errors| {
                    self.expect_none(&errors);
                    Value::Null
                });
            let made = &data["made"]["creditType"];
            let Some(id) = made["id"]
                .as_str()
                .filter(|_| made["scale"] == json!(scale) && made["burnDownOrder"] == json!(order))
            else {
                self.expect_none(&[format!("createCreditType of {name}: {data}")]);
                return;
            };
            self.books.units.push(Unit {
                id: id.to_owned(),
                scale,
                burn_down: order.to_vec(),
            });
        }
        for command in self.workload.opening() {
            self.fresh(&command, None).await;
        }
        for command in Workload::opening_contracts(&self.books) {
            self.fresh(&command, None).await;
        }
    }

    fn advance(&mut self) {
        let now = self.workload.next_instant(&self.books);
        self.api.set_now(now);
        self.books.advance(now);
    }

    /// A command that was never sent before, under a new key or one that a refused command had.
    async fn fresh(&mut self, command: &Command, key: Option<String>) {
        let touched = self.books.accounts_of(command);
        // Ids break ties, so the ids of rollover grants have to be known before a plan is made.
        let concerned = |place: &usize| {
            touched.contains(&self.books.segments[self.books.grants[*place].segment].account)
        };
        if self.books.unbound_rollovers().iter().any(concerned) {
            let findings = bind_rollovers(self.api, &mut self.books).await;
            self.expect_none(&findings);
        }
        let prediction = self.books.after(command);
        if let Err(Refused::Unspecified(_)) = prediction {
            self.unspecified += 1;
            return;
        }
        let key = key.unwrap_or_else(|| self.workload.new_key());
        let operation = command.operation();
        let input = command.input(&self.books, &key);
        self.note(&format!("{} {input}", operation.0));
        if let Command::DrawDown(order) = command
            && self.rng.random_bool(0.2)
        {
            let findings = compare_preview(self.api, &self.books, order, &input).await;
            self.expect_none(&findings);
        }
        let payload = self.send(operation, &input).await;
        let codes = codes_of(&payload);
        match prediction {
            Ok((next, subject)) => {
                if !codes.is_empty() || payload["replayed"] != json!(false) {
                    self.expect_none(&[format!("should succeed, the server answers {payload}")]);
                }
                self.books = next;
                self.memory.push(Remembered {
                    operation,
                    input,
                    subject,
                    accounts: touched.clone(),
                });
                let findings =
                    bind(self.api, &mut self.books, subject, &payload[operation.1]).await;
                self.expect_none(&findings);
                self.check(operation, &payload, Some(subject), &touched)
                    .await;
            }
            Err(refused) => {
                // A key that another customer has used with success is not free everywhere.
                let taken = |one: &Remembered| one.input["idempotencyKey"] == json!(key);
                if !self.memory.iter().any(taken) {
                    self.workload.refused(operation.0, key);
                }
                self.expect_refusal(&refused, &codes, operation, &payload);
                self.check(operation, &payload, None, &touched).await;
            }
        }
    }

    fn expect_refusal(
        &self,
        refused: &Refused,
        codes: &BTreeSet<String>,
        operation: (&str, &str),
        payload: &Value,
    ) {
        let Refused::With {
            codes: expected,
            every,
        } = refused
        else {
            return;
        };
        let within = !codes.is_empty() && codes.iter().all(|code| expected.contains(code.as_str()));
        let complete = !every || codes.len() == expected.len();
        if !within || !complete || !payload[operation.1].is_null() {
            let which = if *every { "all of" } else { "one of" };
            self.expect_none(&[format!(
                "should be refused with {which} {expected:?}, the server answers {payload}"
            )]);
        }
    }

    /// A command that went through before, with the same input, or with another one.
    async fn again(&mut self, place: usize, how: Retry) {
        let remembered = self.memory[place].clone();
        let input = match how {
            Retry::Same => remembered.input.clone(),
            Retry::Respelled => self.workload.respelled(&remembered),
            Retry::Changed => match self.workload.changed(&remembered) {
                Some(input) => input,
                None => return,
            },
        };
        self.note(&format!(
            "again, {how:?}: {} {input}",
            remembered.operation.0
        ));
        let payload = self.send(remembered.operation, &input).await;
        let codes = codes_of(&payload);
        if matches!(how, Retry::Changed) {
            let refused = Refused::With {
                codes: BTreeSet::from(["IDEMPOTENCY_MISMATCH"]),
                every: true,
            };
            self.expect_refusal(&refused, &codes, remembered.operation, &payload);
            self.check(remembered.operation, &payload, None, &remembered.accounts)
                .await;
            return;
        }
        if !codes.is_empty() || payload["replayed"] != json!(true) {
            self.expect_none(&[format!("should be replayed, the server answers {payload}")]);
        }
        if remembered.subject != Subject::Entry {
            let findings = bind(
                self.api,
                &mut self.books,
                remembered.subject,
                &payload[remembered.operation.1],
            )
            .await;
            self.expect_none(&findings);
        }
        self.check(
            remembered.operation,
            &payload,
            Some(remembered.subject),
            &remembered.accounts,
        )
        .await;
    }

    async fn send(&mut self, operation: (&str, &str), input: &Value) -> Value {
        match ask(self.api, &document_of(operation), json!({"input": input})).await {
            Ok(mut data) => data["done"].take(),
            Err(errors) => {
                self.expect_none(&errors);
                Value::Null
            }
        }
    }

    /// The payload's object and balance, the touched accounts, and all that has new entries in them.
    async fn check(
        &mut self,
        operation: (&str, &str),
        payload: &Value,
        subject: Option<Subject>,
        touched: &[Account],
    ) {
        let mut findings: Findings = bind_rollovers(self.api, &mut self.books).await;
        if let Some(subject) = subject {
            compare_subject(&mut findings, &self.books, subject, &payload[operation.1]);
            if let (Some(&account), true) = (touched.first(), payload.get("balance").is_some()) {
                let expected = self.books.balance(account, None, None);
                compare_balance(
                    &mut findings,
                    "balance in the payload",
                    &expected,
                    self.books.units[account.1].scale,
                    &payload["balance"],
                );
            }
        }
        let mut moved: Vec<Subject> = Vec::new();
        for &account in touched {
            let known = self.seen.entries(account);
            moved.extend(
                self.books.entries_of(account)[known..]
                    .iter()
                    .map(|entry| owner_of(&self.books, entry.segment)),
            );
        }
        if let Some(Subject::Drawdown(place)) = subject {
            moved.extend(
                self.books.drawdowns[place]
                    .slices
                    .iter()
                    .map(|slice| owner_of(&self.books, slice.segment)),
            );
        }
        let mut once: Vec<Subject> = Vec::new();
        for one in moved {
            if !once.contains(&one) {
                once.push(one);
            }
        }
        for &account in touched {
            findings.extend(compare_account(self.api, &self.books, account, &mut self.seen).await);
        }
        findings.extend(compare_objects(self.api, &self.books, &once).await);
        self.expect_none(&findings);
    }
}

/// The mutation, asking for its whole payload.
pub(super) fn document_of((mutation, field): (&str, &str)) -> String {
    let has_balance = matches!(field, "creditGrant" | "credit" | "drawdown" | "ledgerEntry");
    let balance = if has_balance {
        format!("balance {{ {BALANCE_FIELDS} }}")
    } else {
        String::new()
    };
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    format!(
        "mutation($input: {kind}!) {{ done: {mutation}(input: $input) {{ {field} {{ {} }} {balance} replayed userErrors {{ field message code }} }} }}",
        fields_of(field)
    )
}

fn codes_of(payload: &Value) -> BTreeSet<String> {
    payload["userErrors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| error["code"].as_str().map(ToOwned::to_owned))
        .collect()
}
