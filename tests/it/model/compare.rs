//! Compares what the server says of an account with the auditor's books: its balance and each new
//! ledger entry; and asks the server.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ModelApi;
use super::auditor::{Account, Books, By, Entry, Kind};
use super::auditor_balances::Expected;
use super::units::{Time, decimal, stamp};

/// Differences found, one line each; none means agreement.
pub type Findings = Vec<String>;

/// How many rows a page asks for.
pub const PAGE: usize = 25;

pub const BALANCE_FIELDS: &str =
    "posted held available scheduled expiring(withinDays: 30) sequence asOf";

const ENTRY_FIELDS: &str = "id sequence kind amount runningBalance effectiveAt recordedAt createdBy segmentId drawdown { id }";

/// What of each account's ledger has been compared already.
#[derive(Default)]
pub struct Seen {
    entries: BTreeMap<Account, (usize, i128)>,
}

impl Seen {
    pub fn entries(&self, account: Account) -> usize {
        self.entries.get(&account).map_or(0, |&(count, _)| count)
    }
}

/// Runs a document and gives its `data`; a top-level error is a finding in any case.
pub async fn ask(api: &dyn ModelApi, document: &str, variables: Value) -> Result<Value, Findings> {
    let mut answer = api.graphql(document, variables.clone()).await;
    match answer
        .get("errors")
        .and_then(Value::as_array)
        .filter(|errors| !errors.is_empty())
    {
        Some(errors) => {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Err(vec![format!(
                "top-level errors {}\n    of {document}\n    with {variables}",
                errors.join(", ")
            )])
        }
        None => Ok(answer["data"].take()),
    }
}

pub fn same(findings: &mut Findings, what: &str, field: &str, expected: &str, actual: &Value) {
    let actual = actual
        .as_str()
        .map_or_else(|| actual.to_string(), ToOwned::to_owned);
    if actual != expected {
        findings.push(format!(
            "{what}: {field} should be {expected}, the server says {actual}"
        ));
    }
}

pub fn same_time(
    findings: &mut Findings,
    what: &str,
    field: &str,
    expected: Option<Time>,
    actual: &Value,
) {
    let read = actual.as_str().and_then(|text| text.parse::<Time>().ok());
    let well_formed = actual.is_null() || actual.as_str().is_some_and(|text| text.ends_with('Z'));
    if read != expected || !well_formed {
        let expected = expected.map_or_else(|| "null".to_owned(), stamp);
        findings.push(format!(
            "{what}: {field} should be {expected}, the server says {actual}"
        ));
    }
}

pub fn compare_balance(
    findings: &mut Findings,
    what: &str,
    expected: &Expected,
    scale: u32,
    actual: &Value,
) {
    let mut check = |field: &str, value: i128| {
        same(
            findings,
            what,
            field,
            &decimal(value, scale),
            &actual[field],
        );
    };
    check("posted", expected.posted);
    check("held", expected.held);
    check("available", expected.posted - expected.held);
    if let Some(scheduled) = expected.scheduled {
        check("scheduled", scheduled);
    }
    if let Some(expiring) = expected.expiring {
        check("expiring", expiring);
    }
    if let Some((lowest, highest)) = expected.sequence {
        let text = actual["sequence"].as_str();
        let told = text.and_then(|text| text.parse::<usize>().ok());
        if !told.is_some_and(|told| (lowest..=highest).contains(&told)) {
            findings.push(format!(
                "{what}: sequence should be {lowest}..={highest}, the server says {told:?}"
            ));
        }
    }
    same_time(
        findings,
        what,
        "asOf",
        Some(expected.as_of),
        &actual["asOf"],
    );
}

pub fn account_name(books: &Books, account: Account) -> String {
    format!(
        "account of customer {} ({}) in unit {}",
        account.0, books.customers[account.0].id, account.1
    )
}

/// The balance and every entry that is new since the last look.
pub async fn compare_account(
    api: &dyn ModelApi,
    books: &Books,
    account: Account,
    seen: &mut Seen,
) -> Findings {
    let what = account_name(books, account);
    let (known, mut running) = seen.entries.get(&account).copied().unwrap_or_default();
    let mut findings = Vec::new();
    let actual = match new_entries(api, books, account, known, &mut findings).await {
        Ok(entries) => entries,
        Err(errors) => return errors,
    };
    let expected = &books.entries_of(account)[known..];
    let scale = books.units[account.1].scale;
    for (nth, entry) in actual.iter().enumerate() {
        let name = format!("{what}, entry {}", known + nth + 1);
        same(
            &mut findings,
            &name,
            "sequence",
            &(known + nth + 1).to_string(),
            &entry["sequence"],
        );
        running += entry["amount"]
            .as_str()
            .and_then(|text| super::units::minor(text, scale).ok())
            .unwrap_or(0);
        same(
            &mut findings,
            &name,
            "runningBalance",
            &decimal(running, scale),
            &entry["runningBalance"],
        );
    }
    let mut rest = actual.as_slice();
    for batch in expected.chunk_by(|one, next| one.batch == next.batch) {
        let (own, later) = rest.split_at(batch.len().min(rest.len()));
        rest = later;
        compare_batch(&mut findings, books, &what, batch, own);
    }
    findings.extend(
        rest.iter()
            .map(|entry| format!("{what}: an entry too many: {entry}")),
    );
    seen.entries
        .insert(account, (known + expected.len(), running));
    findings
}

/// Reads backwards from the newest entry to the first one that is known; gives them oldest first.
async fn new_entries(
    api: &dyn ModelApi,
    books: &Books,
    account: Account,
    known: usize,
    findings: &mut Findings,
) -> Result<Vec<Value>, Findings> {
    let document = format!(
        "query($c: ID!, $t: ID!, $n: Int!, $after: String) {{ customer(id: $c) {{
           balance(creditTypeId: $t) {{ {BALANCE_FIELDS} }}
           ledgerEntries(filter: {{creditTypeIds: [$t]}}, order: NEWEST_FIRST, first: $n, after: $after) {{
             nodes {{ {ENTRY_FIELDS} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let expected = books.entries_of(account).len() - known;
    let mut entries: Vec<Value> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut variables = json!({"c": books.customers[account.0].id, "t": books.units[account.1].id, "n": (expected + 2).min(PAGE)});
        if let Some(cursor) = &after {
            variables["after"] = json!(cursor);
        }
        let data = ask(api, &document, variables).await?;
        let customer = &data["customer"];
        if after.is_none() {
            let balance = books.balance(account, None, None);
            compare_balance(
                findings,
                &account_name(books, account),
                &balance,
                books.units[account.1].scale,
                &customer["balance"],
            );
        }
        let page = customer["ledgerEntries"]["nodes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let sequence = |entry: &Value| {
            entry["sequence"]
                .as_str()
                .and_then(|text| text.parse::<usize>().ok())
                .unwrap_or(usize::MAX)
        };
        let done = page.iter().any(|entry| sequence(entry) <= known);
        entries.extend(page.into_iter().filter(|entry| sequence(entry) > known));
        let info = &customer["ledgerEntries"]["pageInfo"];
        after = info["endCursor"].as_str().map(ToOwned::to_owned);
        if done || info["hasNextPage"] != json!(true) || after.is_none() {
            entries.reverse();
            return Ok(entries);
        }
    }
}

/// Entries that were decided together may come in any order among themselves.
fn compare_batch(
    findings: &mut Findings,
    books: &Books,
    what: &str,
    expected: &[Entry],
    actual: &[Value],
) {
    let mut unmatched: Vec<&Value> = actual.iter().collect();
    let mut missing = Vec::new();
    for entry in expected {
        match unmatched
            .iter()
            .position(|candidate| matches(books, entry, candidate))
        {
            Some(place) => {
                unmatched.remove(place);
            }
            None => missing.push(entry),
        }
    }
    findings.extend(
        missing
            .into_iter()
            .map(|entry| format!("{what}: expected {}", describe(books, entry))),
    );
    findings.extend(
        unmatched
            .into_iter()
            .map(|entry| format!("{what}: instead  {}", brief(entry))),
    );
}

fn matches(books: &Books, expected: &Entry, actual: &Value) -> bool {
    let segment = &books.segments[expected.segment];
    let scale = books.units[segment.account.1].scale;
    let time = |field: &str| {
        actual[field]
            .as_str()
            .and_then(|text| text.parse::<Time>().ok())
    };
    let by_system = actual["createdBy"] == "system";
    let by = match expected.by {
        By::System => by_system,
        By::Person => !by_system,
        By::Either => true,
    };
    let drawdown = match (expected.kind, expected.drawdown) {
        (Kind::Deduction | Kind::Reversal, Some(place)) => {
            actual["drawdown"]["id"] == json!(books.drawdowns[place].id)
        }
        _ => true,
    };
    actual["kind"] == expected.kind.name()
        && actual["amount"] == json!(decimal(expected.amount, scale))
        && time("effectiveAt") == Some(expected.effective_at)
        && time("recordedAt") == Some(expected.recorded_at)
        && actual["segmentId"] == json!(segment.id)
        && by
        && drawdown
}

fn describe(books: &Books, entry: &Entry) -> String {
    let segment = &books.segments[entry.segment];
    let amount = decimal(entry.amount, books.units[segment.account.1].scale);
    let drawdown = entry.drawdown.map_or(String::new(), |place| {
        format!(" for drawdown {place} ({})", books.drawdowns[place].id)
    });
    format!(
        "{} {amount} effective {} recorded {} by {:?} on segment {} ({}) of {:?}{drawdown}",
        entry.kind.name(),
        stamp(entry.effective_at),
        stamp(entry.recorded_at),
        entry.by,
        entry.segment,
        segment.id,
        segment.owner
    )
}

fn brief(entry: &Value) -> String {
    let text = |field: &str| entry[field].as_str().unwrap_or("?").to_owned();
    format!(
        "{} {} effective {} recorded {} by {} on segment {} (sequence {})",
        text("kind"),
        text("amount"),
        text("effectiveAt"),
        text("recordedAt"),
        text("createdBy"),
        text("segmentId"),
        text("sequence")
    )
}
