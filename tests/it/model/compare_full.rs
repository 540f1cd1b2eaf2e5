//! The full look at a customer: every object through its lists, status filters, balances at other
//! instants; and previews against what the auditor plans.

use std::collections::BTreeSet;

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::ModelApi;
use super::auditor::{Account, Books};
use super::auditor_scope::Usage;
use super::bind::bind_rollovers;
use super::command::{DrawOrder, Subject};
use super::compare::{
    BALANCE_FIELDS, Findings, PAGE, Seen, account_name, ask, compare_account, compare_balance, same,
};
use super::compare_objects::{
    CREDIT_FIELDS, DRAWDOWN_FIELDS, GRANT_FIELDS, compare_subject, id_of,
};
use super::units::{Refused, Time, decimal, stamp};

const GRANT_STATUSES: [&str; 5] = ["SCHEDULED", "ACTIVE", "DEPLETED", "EXPIRED", "VOIDED"];
const CREDIT_STATUSES: [&str; 5] = ["SCHEDULED", "ACTIVE", "DEPLETED", "ENDED", "VOIDED"];
const DRAWDOWN_STATUSES: [&str; 4] = ["HELD", "POSTED", "RELEASED", "LAPSED"];

/// Everything, for every customer.
pub async fn compare_all(
    api: &dyn ModelApi,
    books: &mut Books,
    seen: &mut Seen,
    rng: &mut StdRng,
) -> Findings {
    let mut findings = bind_rollovers(api, books).await;
    for customer in 0..books.customers.len() {
        for unit in 0..books.units.len() {
            findings.extend(compare_account(api, books, (customer, unit), seen).await);
            findings.extend(compare_as_of(api, books, (customer, unit), rng).await);
        }
        findings.extend(compare_lists(api, books, customer, rng).await);
        findings.extend(compare_balances(api, books, customer).await);
    }
    findings.extend(books.check_itself());
    findings.extend(
        api.verify()
            .await
            .into_iter()
            .map(|finding| format!("the server's own check: {finding}")),
    );
    findings
}

/// One list of a customer, page by page.
async fn read_list(
    api: &dyn ModelApi,
    customer: &str,
    list: &str,
    arguments: &str,
    fields: &str,
) -> Result<Vec<Value>, Findings> {
    let document = format!(
        "query($c: ID!, $after: String) {{ customer(id: $c) {{ list: {list}({arguments}first: {PAGE}, after: $after) {{
           nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} totalCount }} }} }}"
    );
    let mut nodes = Vec::new();
    let mut variables = json!({"c": customer});
    loop {
        let data = ask(api, &document, variables.clone()).await?;
        let page = &data["customer"]["list"];
        nodes.extend(page["nodes"].as_array().cloned().unwrap_or_default());
        let cursor = &page["pageInfo"]["endCursor"];
        if page["pageInfo"]["hasNextPage"] != json!(true) || cursor.is_null() {
            let total = page["totalCount"].as_u64();
            let counted = u64::try_from(nodes.len()).ok();
            return if total == counted {
                Ok(nodes)
            } else {
                Err(vec![format!(
                    "{list} of {customer}: totalCount {total:?}, but {counted:?} listed"
                )])
            };
        }
        variables["after"] = cursor.clone();
    }
}

async fn compare_lists(
    api: &dyn ModelApi,
    books: &Books,
    customer: usize,
    rng: &mut StdRng,
) -> Findings {
    let mut findings = Vec::new();
    let subjects: [(&str, &str, Vec<Subject>); 3] = [
        (
            "creditGrants",
            GRANT_FIELDS,
            (0..books.grants.len())
                .filter(|&one| books.grants[one].customer == customer)
                .map(Subject::Grant)
                .collect(),
        ),
        // What was ended by hand or voided is archived, and listed only when asked for.
        (
            "credits",
            CREDIT_FIELDS,
            (0..books.credits.len())
                .filter(|&one| books.credits[one].customer == customer)
                .map(Subject::Credit)
                .collect(),
        ),
        (
            "drawdowns",
            DRAWDOWN_FIELDS,
            (0..books.drawdowns.len())
                .filter(|&one| books.drawdowns[one].account.0 == customer)
                .map(Subject::Drawdown)
                .collect(),
        ),
    ];
    let id = &books.customers[customer].id;
    for (list, fields, expected) in subjects {
        let everything = if list == "credits" {
            "filter: {includeArchived: true}, "
        } else {
            ""
        };
        match read_list(api, id, list, everything, fields).await {
            Ok(nodes) => compare_list(
                &mut findings,
                books,
                &format!("{list} of customer {customer}"),
                &expected,
                &nodes,
            ),
            Err(errors) => findings.extend(errors),
        }
        let (argument, status) = match list {
            "creditGrants" => grant_filter(rng),
            "credits" => credit_filter(rng),
            _ => drawdown_filter(rng),
        };
        let chosen: Vec<Subject> = expected
            .into_iter()
            .filter(|&one| status_of(books, one) == status)
            .collect();
        match read_list(api, id, list, &argument, fields).await {
            Ok(nodes) => compare_list(
                &mut findings,
                books,
                &format!("{list} of customer {customer} in status {status}"),
                &chosen,
                &nodes,
            ),
            Err(errors) => findings.extend(errors),
        }
    }
    findings
}

fn grant_filter(rng: &mut StdRng) -> (String, &'static str) {
    let status = GRANT_STATUSES[rng.random_range(0..GRANT_STATUSES.len())];
    (format!("filter: {{status: [{status}]}}, "), status)
}

fn credit_filter(rng: &mut StdRng) -> (String, &'static str) {
    let status = CREDIT_STATUSES[rng.random_range(0..CREDIT_STATUSES.len())];
    (
        format!("filter: {{status: [{status}], includeArchived: true}}, "),
        status,
    )
}

fn drawdown_filter(rng: &mut StdRng) -> (String, &'static str) {
    let status = DRAWDOWN_STATUSES[rng.random_range(0..DRAWDOWN_STATUSES.len())];
    (format!("status: [{status}], "), status)
}

fn status_of(books: &Books, subject: Subject) -> &'static str {
    match subject {
        Subject::Grant(place) => books.grant_status(&books.grants[place]),
        Subject::Credit(place) => books.credit_status(&books.credits[place]),
        Subject::Drawdown(place) => Books::draw_status(books.drawdowns[place].status),
        _ => "",
    }
}

/// The same objects, each as it should be, by creation, ids breaking ties.
fn compare_list(
    findings: &mut Findings,
    books: &Books,
    what: &str,
    expected: &[Subject],
    nodes: &[Value],
) {
    for &subject in expected {
        match nodes
            .iter()
            .find(|node| node["id"].as_str() == id_of(books, subject).map(String::as_str))
        {
            Some(node) => compare_subject(findings, books, subject, node),
            None => findings.push(format!(
                "{what}: {subject:?} ({:?}) is missing",
                id_of(books, subject)
            )),
        }
    }
    let known: BTreeSet<&str> = expected
        .iter()
        .filter_map(|&subject| id_of(books, subject))
        .map(String::as_str)
        .collect();
    for node in nodes
        .iter()
        .filter(|node| node["id"].as_str().is_none_or(|id| !known.contains(id)))
    {
        findings.push(format!("{what}: should not list {node}"));
    }
    let order: Vec<(Option<Time>, Option<&str>)> = nodes
        .iter()
        .map(|node| {
            (
                node["createdAt"]
                    .as_str()
                    .and_then(|text| text.parse().ok()),
                node["id"].as_str(),
            )
        })
        .collect();
    if !order.is_sorted() {
        findings.push(format!("{what}: not by creation and id: {order:?}"));
    }
}

/// `balances` agrees with `balance`, and names every type that has ledger entries.
async fn compare_balances(api: &dyn ModelApi, books: &Books, customer: usize) -> Findings {
    let document = format!(
        "query($c: ID!) {{ customer(id: $c) {{ balances {{ creditType {{ id }} {BALANCE_FIELDS} }} }} }}"
    );
    let data = match ask(api, &document, json!({"c": books.customers[customer].id})).await {
        Ok(data) => data,
        Err(findings) => return findings,
    };
    let mut findings = Vec::new();
    let listed = data["customer"]["balances"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for (unit, own) in books.units.iter().enumerate() {
        let what = format!("balances of {}", account_name(books, (customer, unit)));
        match listed
            .iter()
            .find(|one| one["creditType"]["id"] == json!(own.id))
        {
            Some(actual) => compare_balance(
                &mut findings,
                &what,
                &books.balance((customer, unit), None, None),
                own.scale,
                actual,
            ),
            None if books.entries_of((customer, unit)).is_empty() => {}
            None => findings.push(format!("{what}: missing")),
        }
    }
    findings
}

/// The balance as of past instants, as known then, and as of the future.
async fn compare_as_of(
    api: &dyn ModelApi,
    books: &Books,
    account: Account,
    rng: &mut StdRng,
) -> Findings {
    let document = format!(
        "query($c: ID!, $t: ID!, $at: DateTime, $known: DateTime) {{ customer(id: $c) {{
           balance(creditTypeId: $t, at: $at, knownAt: $known) {{ {BALANCE_FIELDS} }} }} }}"
    );
    let mut findings = Vec::new();
    for _ in 0..3 {
        let at = some_instant(books, account, rng);
        let known_at =
            (at <= books.now && rng.random_bool(0.5)).then(|| some_instant(books, account, rng));
        let mut variables = json!({"c": books.customers[account.0].id, "t": books.units[account.1].id, "at": stamp(at)});
        if let Some(known_at) = known_at {
            variables["known"] = json!(stamp(known_at));
        }
        let what = format!(
            "{} at {} known {}",
            account_name(books, account),
            stamp(at),
            known_at.map_or_else(|| "now".to_owned(), stamp)
        );
        match ask(api, &document, variables).await {
            Ok(data) => {
                let expected = books.balance(account, Some(at), known_at);
                compare_balance(
                    &mut findings,
                    &what,
                    &expected,
                    books.units[account.1].scale,
                    &data["customer"]["balance"],
                );
            }
            Err(errors) => findings.extend(errors),
        }
    }
    findings
}

/// An instant at which something is, or just beside it, or anywhere; at times in the future.
fn some_instant(books: &Books, account: Account, rng: &mut StdRng) -> Time {
    let micros = chrono::Duration::microseconds(rng.random_range(-1..=1));
    let entries = books.entries_of(account);
    let ahead = books.boundaries_ahead();
    match rng.random_range(0..10) {
        0..=3 if !entries.is_empty() => {
            entries[rng.random_range(0..entries.len())].effective_at + micros
        }
        4..=6 if !entries.is_empty() => {
            entries[rng.random_range(0..entries.len())].recorded_at + micros
        }
        7 if !ahead.is_empty() => ahead[rng.random_range(0..ahead.len())] + micros,
        8 => books.now + chrono::Duration::hours(rng.random_range(1..2_000)),
        _ => books.now - chrono::Duration::minutes(rng.random_range(0..60_000)),
    }
}

/// A preview must tell what the drawdown that follows will do, segment by segment.
pub async fn compare_preview(
    api: &dyn ModelApi,
    books: &Books,
    order: &DrawOrder,
    input: &Value,
) -> Findings {
    let document =
        "query($input: DrawDownInput!) { previewDrawdown(input: $input) { applied shortfall
        candidates { segmentId rank available takes outcome } userErrors { code } } }";
    let data = match ask(api, document, json!({"input": input})).await {
        Ok(data) => data,
        Err(findings) => return findings,
    };
    let preview = &data["previewDrawdown"];
    let codes: BTreeSet<&str> = preview["userErrors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["code"].as_str())
        .collect();
    let mut findings = Vec::new();
    match books.plan_draw(order) {
        Ok((amount, plan)) => {
            if !codes.is_empty() {
                findings.push(format!(
                    "preview: refused with {codes:?}, but it can be served"
                ));
            }
            let scale = books.units[order.unit].scale;
            let applied: i128 = plan.iter().map(|&(_, part)| part).sum();
            same(
                &mut findings,
                "preview",
                "applied",
                &decimal(applied, scale),
                &preview["applied"],
            );
            same(
                &mut findings,
                "preview",
                "shortfall",
                &decimal(amount - applied, scale),
                &preview["shortfall"],
            );
            compare_candidates(&mut findings, books, order, &plan, &preview["candidates"]);
        }
        Err(Refused::With {
            codes: expected, ..
        }) => {
            if codes.is_empty() || !codes.iter().all(|code| expected.contains(code)) {
                findings.push(format!(
                    "preview: should be refused with {expected:?}, the server says {codes:?}"
                ));
            }
        }
        Err(Refused::Unspecified(_)) => {}
    }
    findings
}

fn compare_candidates(
    findings: &mut Findings,
    books: &Books,
    order: &DrawOrder,
    plan: &[(usize, i128)],
    candidates: &Value,
) {
    let usage = Usage {
        at: order.effective_at.unwrap_or(books.now),
        order,
    };
    let account = (order.customer, order.unit);
    let scale = books.units[order.unit].scale;
    let payers = books.payers(account, &usage);
    let listed = candidates.as_array().cloned().unwrap_or_default();
    for place in books.segments_of(account) {
        let what = format!("preview, segment {place} ({})", books.segments[place].id);
        let Some(actual) = listed
            .iter()
            .find(|one| one["segmentId"] == json!(books.segments[place].id))
        else {
            findings.push(format!("{what}: not among the candidates"));
            continue;
        };
        let takes = plan
            .iter()
            .find(|&&(segment, _)| segment == place)
            .map_or(0, |&(_, part)| part);
        same(
            findings,
            &what,
            "takes",
            &decimal(takes, scale),
            &actual["takes"],
        );
        if let Some(rank) = payers.iter().position(|&one| one == place) {
            same(
                findings,
                &what,
                "rank",
                &(rank + 1).to_string(),
                &actual["rank"],
            );
            same(
                findings,
                &what,
                "available",
                &decimal(books.available(place, usage.at), scale),
                &actual["available"],
            );
            same(
                findings,
                &what,
                "outcome",
                if takes > 0 { "TAKEN" } else { "NOT_NEEDED" },
                &actual["outcome"],
            );
        } else {
            let reasons = books.hindrances(place, &usage);
            let outcome = actual["outcome"].as_str().unwrap_or("null");
            // Where several reasons hold, the rules do not say which one is told.
            if !reasons.contains(outcome) {
                findings.push(format!(
                    "{what}: outcome should be one of {reasons:?}, the server says {outcome}"
                ));
            }
        }
    }
}
