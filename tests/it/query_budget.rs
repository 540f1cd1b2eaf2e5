//! The number of SQL statements depends on the shape of a query, never on the number of parents.

use serde_json::json;

use crate::api::api_helpers::query;
use crate::support::company::{Company, variables};
use crate::support::statements::Statements;
use crate::support::{TestApp, both_databases};

/// Everything of a page that costs nothing more.
const PAGE: &str =
    "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor }";

/// Shapes of queries: what it is, statements at most, the document without its page.
/// `$n` parents, or those of `$customers`, `$grants`, `$nodes`.
pub const SHAPES: &[(&str, usize, &str)] = &[
    (
        "customers, their grants, and their entries",
        10,
        "customers(first: $n) { totalCount PAGE nodes { id externalId name customFields createdAt \
         archivedAt creditGrants(first: 3) { totalCount PAGE nodes { id name reason grantType \
         category status grantAmount { amount creditType { name } } remaining held priority \
         effectiveAt expiresAt rollover { kind value priority expiresAt } customFields \
         uniquenessKey createdAt createdBy updatedAt voidedAt ledgerEntries(first: 3) { totalCount \
         PAGE nodes { id sequence kind amount runningBalance effectiveAt recordedAt createdBy \
         reason segmentId invoiceId hash } } } } } }",
    ),
    (
        "customers, their credits, segments and entries",
        10,
        "customers(first: $n) { nodes { credits(first: 2) { totalCount nodes { id status balance \
         held accessSchedule { creditType { name } segments { id amount startingAt endingBefore \
         remaining held status } } ledgerEntries(first: 3) { totalCount nodes { id amount } } } } } }",
    ),
    (
        "customers, their contracts, and the credits of these",
        8,
        "customers(first: $n) { nodes { contracts(first: 2) { totalCount nodes { id name \
         startingAt endingBefore credits(first: 2) { totalCount nodes { id name } } } } } }",
    ),
    (
        "balances now",
        2,
        "customers(first: $n) { nodes { balances { posted held available scheduled \
      sequence asOf creditType { name } } } }",
    ),
    (
        "what expires",
        5,
        "customers(first: $n) { nodes { balances { posted \
      expiring(withinDays: 90) } } }",
    ),
    (
        "balances then",
        4,
        "customers(first: $n) { nodes { balances(at: $then) { posted held \
      scheduled } } }",
    ),
    (
        "balances then, as was known then",
        4,
        "customers(first: $n) { nodes { balances(at: $then, \
      knownAt: $then) { posted held scheduled } } }",
    ),
    (
        "balances to come",
        9,
        "customers(first: $n) { nodes { balances(at: $soon) { posted held \
      scheduled } } }",
    ),
    (
        "balances in one unit",
        2,
        "customers(first: $n) { nodes { balance(creditTypeId: $unit) \
      { posted held } } }",
    ),
    (
        "customers, their drawdowns, slices, and what paid",
        12,
        "customers(first: $n) { nodes { drawdowns(first: 4) { totalCount nodes { id status amount \
         applied shortfall released reversed metadata slices { segmentId amount reversed \
         creditGrant { name } credit { name } } product { name } contract { name } } } } }",
    ),
    (
        "customers, their entries, and all these lead to",
        13,
        "customers(first: $n) { nodes { ledgerEntries(first: 20) { totalCount nodes { id amount \
         customer { name } creditType { name } creditGrant { name } credit { name } drawdown \
         { amount } } } } }",
    ),
    (
        "grants and all they lead to",
        7,
        "creditGrants(first: 99, filter: { ids: $grants }) { totalCount nodes { id customer \
         { name } products { name } rolledOverFrom { name } rolledOverTo { name } } }",
    ),
    (
        "credits and all they lead to",
        8,
        "credits(first: $n, filter: { customerIds: $customers }) { totalCount nodes { id customer \
         { name } contract { name } product { name } applicableContracts { name } \
         applicableProducts { name } specifiers { product { name } } } }",
    ),
    (
        "entries of some customers",
        5,
        "ledgerEntries(first: 100, filter: { customerIds: $customers }) { totalCount nodes { id \
         customer { name } } }",
    ),
    (
        "entries of all",
        3,
        "ledgerEntries(first: $n) { nodes { id customer { name } } }",
    ),
    (
        "events of some customers, and what they are about",
        24,
        "events(first: 100, filter: { customerIds: $few }) { totalCount nodes { id type createdBy \
         before after customer { name } subject { id } } }",
    ),
    (
        "events of all",
        5,
        "events(first: $n, order: NEWEST_FIRST) { nodes { id type customer { name } } }",
    ),
    ("anything by its id", 18, "nodes(ids: $nodes) { id }"),
    (
        "what the house has",
        3,
        "creditTypes { name } products(first: $n) { totalCount nodes { name } }",
    ),
];

/// The document of a shape, asking only for the variables that it uses.
pub fn document(shape: &str) -> String {
    let kinds = [
        ("n", "Int!"),
        ("customers", "[ID!]!"),
        ("few", "[ID!]!"),
        ("grants", "[ID!]!"),
        ("unit", "ID!"),
        ("nodes", "[ID!]!"),
        ("then", "DateTime!"),
        ("soon", "DateTime!"),
    ];
    let used = kinds.iter().filter(|(name, _)| {
        let name = format!("${name}");
        shape.match_indices(&name).any(|(at, _)| {
            let next = shape[at + name.len()..].chars().next();
            !next.is_some_and(char::is_alphanumeric)
        })
    });
    let asked: Vec<String> = used
        .map(|(name, kind)| format!("${name}: {kind}"))
        .collect();
    format!(
        "query ({}) {{ {} }}",
        asked.join(", "),
        shape.replace("PAGE", PAGE)
    )
}

/// Which tables each statement reads from.
fn in_short(sent: &[String]) -> Vec<String> {
    let tables = sent.iter().map(|statement| {
        let (what, rest) = statement.split_once(" FROM ").unwrap_or((statement, ""));
        let what = what.chars().take(20);
        what.chain(" .. ".chars())
            .chain(rest.chars().take(60))
            .collect()
    });
    tables.collect()
}

/// How often each is asked. Two lists side by side lead to the same kind of row; whether their keys go
/// in one statement hangs on which list is answered first. Most of the time they do.
const TIMES: usize = 3;

both_databases! {
    async fn the_number_of_statements_does_not_depend_on_the_number_of_parents(app: TestApp) {
        let company = Company::found(&app, 100).await;
        let statements = Statements::of(&app);
        let mut wrong = Vec::new();
        for (name, most, shape) in SHAPES {
            let document = document(shape);
            // What the server remembers for good, it knows from now on.
            query(&app, &document, variables(&company, 100)).await;
            statements.take();
            let mut sent = Vec::new();
            for parents in [1, 10, 100] {
                let mut asked = Vec::new();
                for _ in 0..TIMES {
                    let found = query(&app, &document, variables(&company, parents)).await;
                    assert_ne!(found, json!({}), "{name}");
                    asked.push(statements.take());
                }
                sent.extend(asked.into_iter().min_by_key(Vec::len));
            }
            let counts: Vec<usize> = sent.iter().map(Vec::len).collect();
            // Which of its own statements a query shares is chance, so the numbers need not be the
            // same; but what grew with the parents would be far beyond this for a hundred of them.
            if counts.iter().any(|count| count > most) {
                let sent = sent.iter().map(|sent| in_short(sent)).collect::<Vec<_>>();
                wrong.push(format!("{name}: {counts:?}, at most {most}: {sent:#?}"));
            }
        }
        assert!(wrong.is_empty(), "statements for 1, 10 and 100 parents:\n{}", wrong.join("\n"));
    }
}

both_databases! {
    async fn what_the_ledger_sends_is_heard(app: TestApp) {
        let statements = Statements::of(&app);
        query(&app, "{ customers(first: 1) { totalCount nodes { id } } }", json!({})).await;
        let heard = statements.take();
        assert_eq!(heard.len(), 2, "{heard:?}");
        assert!(heard.iter().all(|statement| statement.contains("FROM customer")), "{heard:?}");
    }
}
