//! Compares grants, credits and drawdowns with the auditor's, field by field.

use serde_json::{Value, json};

use super::ModelApi;
use super::auditor::{Books, Owner};
use super::command::{Subject, product_id};
use super::compare::{Findings, ask, same, same_time};
use super::readings;
use super::units::decimal;

pub const GRANT_FIELDS: &str =
    "id status name category priority remaining held effectiveAt expiresAt createdAt voidedAt
    grantAmount { amount } products { id } rolledOverFrom { id } rolledOverTo { id }";
pub const CREDIT_FIELDS: &str = "id status priority balance held createdAt contract { id } applicableProductTags applicableProducts { id }
    accessSchedule { segments { id amount startingAt endingBefore remaining held status } }";
pub const DRAWDOWN_FIELDS: &str = "id status amount applied shortfall released reversed effectiveAt holdExpiresAt createdAt slices { segmentId amount reversed }";

/// The fields to ask of the object in a payload.
pub fn fields_of(payload_field: &str) -> &'static str {
    match payload_field {
        "creditGrant" => GRANT_FIELDS,
        "credit" => CREDIT_FIELDS,
        "drawdown" => DRAWDOWN_FIELDS,
        _ => "id",
    }
}

pub fn compare_grant(findings: &mut Findings, books: &Books, place: usize, actual: &Value) {
    let grant = &books.grants[place];
    let segment = &books.segments[grant.segment];
    let scale = books.units[segment.account.1].scale;
    let what = format!("grant {place} ({}, segment {})", grant.id, grant.segment);
    let mut check = |field: &str, expected: &str, actual: &Value| {
        same(findings, &what, field, expected, actual);
    };
    check("id", &grant.id, &actual["id"]);
    check("status", books.grant_status(grant), &actual["status"]);
    check("name", &grant.name, &actual["name"]);
    check(
        "category",
        if grant.paid { "PAID" } else { "PROMOTIONAL" },
        &actual["category"],
    );
    check(
        "grantAmount",
        &decimal(segment.amount, scale),
        &actual["grantAmount"]["amount"],
    );
    check(
        "remaining",
        &decimal(readings::remaining_shown(segment), scale),
        &actual["remaining"],
    );
    check("held", &decimal(segment.held, scale), &actual["held"]);
    let linked = |place: Option<usize>| {
        place.map_or_else(|| "null".to_owned(), |one| books.grants[one].id.clone())
    };
    check(
        "rolledOverFrom",
        &linked(grant.rolled_from),
        &actual["rolledOverFrom"]["id"],
    );
    check(
        "rolledOverTo",
        &linked(grant.rolled_to),
        &actual["rolledOverTo"]["id"],
    );
    check(
        "voidedAt is null",
        &(!grant.voided).to_string(),
        &json!(actual["voidedAt"].is_null()),
    );
    let products: Vec<String> = grant
        .products
        .iter()
        .map(|&one| product_id(books, one))
        .collect();
    check(
        "products",
        &json!(products).to_string(),
        &id_list(&actual["products"]),
    );
    compare_priority(findings, &what, grant.priority, &actual["priority"]);
    same_time(
        findings,
        &what,
        "effectiveAt",
        Some(segment.start),
        &actual["effectiveAt"],
    );
    same_time(
        findings,
        &what,
        "expiresAt",
        segment.end,
        &actual["expiresAt"],
    );
    same_time(
        findings,
        &what,
        "createdAt",
        Some(grant.created_at),
        &actual["createdAt"],
    );
}

fn id_list(nodes: &Value) -> Value {
    let ids: Vec<&Value> = nodes
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["id"])
        .collect();
    json!(json!(ids).to_string())
}

fn compare_priority(findings: &mut Findings, what: &str, expected: f64, actual: &Value) {
    if actual
        .as_f64()
        .is_none_or(|value| value.total_cmp(&expected).is_ne())
    {
        findings.push(format!(
            "{what}: priority should be {expected}, the server says {actual}"
        ));
    }
}

pub fn compare_credit(findings: &mut Findings, books: &Books, place: usize, actual: &Value) {
    let credit = &books.credits[place];
    let scale = books.units[books.segments[credit.segments[0]].account.1].scale;
    let what = format!("credit {place} ({})", credit.id);
    let contract = credit
        .contract
        .map_or_else(|| "null".to_owned(), |one| books.contracts[one].id.clone());
    same(findings, &what, "id", &credit.id, &actual["id"]);
    same(
        findings,
        &what,
        "contract",
        &contract,
        &actual["contract"]["id"],
    );
    same(
        findings,
        &what,
        "status",
        books.credit_status(credit),
        &actual["status"],
    );
    same(
        findings,
        &what,
        "balance",
        &decimal(books.credit_balance(credit), scale),
        &actual["balance"],
    );
    same(
        findings,
        &what,
        "held",
        &decimal(books.credit_held(credit), scale),
        &actual["held"],
    );
    let mut products: Vec<String> = credit
        .scope
        .products
        .iter()
        .map(|&one| product_id(books, one))
        .collect();
    let mut listed: Vec<String> = actual["applicableProducts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["id"].as_str().map(ToOwned::to_owned))
        .collect();
    products.sort();
    listed.sort();
    same(
        findings,
        &what,
        "applicableProducts",
        &json!(products).to_string(),
        &json!(json!(listed).to_string()),
    );
    compare_priority(findings, &what, credit.priority, &actual["priority"]);
    same_time(
        findings,
        &what,
        "createdAt",
        Some(credit.created_at),
        &actual["createdAt"],
    );
    let listed = actual["accessSchedule"]["segments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if listed.len() != credit.segments.len() {
        findings.push(format!(
            "{what}: should have {} segments, the server says {}",
            credit.segments.len(),
            listed.len()
        ));
    }
    for &at in &credit.segments {
        compare_segment(findings, books, &what, at, &listed);
    }
}

fn compare_segment(
    findings: &mut Findings,
    books: &Books,
    owner: &str,
    at: usize,
    listed: &[Value],
) {
    let segment = &books.segments[at];
    let scale = books.units[segment.account.1].scale;
    let what = format!("{owner}, segment {at} ({})", segment.id);
    let Some(actual) = listed.iter().find(|one| one["id"] == json!(segment.id)) else {
        findings.push(format!("{what}: missing"));
        return;
    };
    let remaining = decimal(readings::remaining_shown(segment), scale);
    same(
        findings,
        &what,
        "status",
        books.segment_status(segment),
        &actual["status"],
    );
    same(
        findings,
        &what,
        "amount",
        &decimal(segment.amount, scale),
        &actual["amount"],
    );
    same(
        findings,
        &what,
        "remaining",
        &remaining,
        &actual["remaining"],
    );
    same(
        findings,
        &what,
        "held",
        &decimal(segment.held, scale),
        &actual["held"],
    );
    same_time(
        findings,
        &what,
        "startingAt",
        Some(segment.start),
        &actual["startingAt"],
    );
    same_time(
        findings,
        &what,
        "endingBefore",
        segment.end,
        &actual["endingBefore"],
    );
}

pub fn compare_drawdown(findings: &mut Findings, books: &Books, place: usize, actual: &Value) {
    let one = &books.drawdowns[place];
    let scale = books.units[one.account.1].scale;
    let what = format!("drawdown {place} ({})", one.id);
    same(findings, &what, "id", &one.id, &actual["id"]);
    same(
        findings,
        &what,
        "status",
        Books::draw_status(one.status),
        &actual["status"],
    );
    for (field, value) in [
        ("amount", one.amount),
        ("applied", one.applied),
        ("shortfall", one.shortfall),
        ("released", one.released),
        ("reversed", one.reversed),
    ] {
        same(
            findings,
            &what,
            field,
            &decimal(value, scale),
            &actual[field],
        );
    }
    same_time(
        findings,
        &what,
        "effectiveAt",
        Some(one.effective_at),
        &actual["effectiveAt"],
    );
    same_time(
        findings,
        &what,
        "createdAt",
        Some(one.created_at),
        &actual["createdAt"],
    );
    same_time(
        findings,
        &what,
        "holdExpiresAt",
        one.hold_expires_at,
        &actual["holdExpiresAt"],
    );
    let expected: Vec<String> = one
        .slices
        .iter()
        .map(|slice| {
            format!(
                "{} {} ({} reversed)",
                books.segments[slice.segment].id,
                decimal(slice.amount, scale),
                decimal(slice.reversed, scale)
            )
        })
        .collect();
    let text = |slice: &Value, field: &str| slice[field].as_str().unwrap_or("?").to_owned();
    // A slice that a release emptied may stay listed with nothing in it.
    let slices = actual["slices"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|slice| slice["amount"] != "0");
    let listed: Vec<String> = slices
        .map(|slice| {
            format!(
                "{} {} ({} reversed)",
                text(slice, "segmentId"),
                text(slice, "amount"),
                text(slice, "reversed")
            )
        })
        .collect();
    same(
        findings,
        &what,
        "slices",
        &expected.join("; "),
        &json!(listed.join("; ")),
    );
}

pub fn compare_subject(findings: &mut Findings, books: &Books, subject: Subject, actual: &Value) {
    match subject {
        Subject::Grant(place) => compare_grant(findings, books, place, actual),
        Subject::Credit(place) => compare_credit(findings, books, place, actual),
        Subject::Drawdown(place) => compare_drawdown(findings, books, place, actual),
        Subject::Customer(_) | Subject::Product(_) | Subject::Contract(_) | Subject::Entry => {}
    }
}

/// Reads objects by id and compares each.
pub async fn compare_objects(api: &dyn ModelApi, books: &Books, subjects: &[Subject]) -> Findings {
    let document = format!(
        "query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on CreditGrant {{ {GRANT_FIELDS} }} ... on Credit {{ {} }} ... on Drawdown {{ {} }} }} }}",
        aliased(CREDIT_FIELDS, "credit"),
        aliased(DRAWDOWN_FIELDS, "draw")
    );
    let mut findings = Vec::new();
    for part in subjects.chunks(10) {
        let ids: Vec<&String> = part
            .iter()
            .filter_map(|&subject| id_of(books, subject))
            .collect();
        match ask(api, &document, json!({"ids": ids})).await {
            Ok(data) => {
                for (nth, &subject) in part.iter().enumerate() {
                    compare_subject(
                        &mut findings,
                        books,
                        subject,
                        &unaliased(&data["nodes"][nth]),
                    );
                }
            }
            Err(errors) => findings.extend(errors),
        }
    }
    findings
}

/// `status` is another enum in each type, and those may not meet in one selection: it gets a prefix.
fn aliased(fields: &str, prefix: &str) -> String {
    fields.replacen("id status", &format!("id {prefix}_status: status"), 1)
}

fn unaliased(object: &Value) -> Value {
    let fields = object.as_object().into_iter().flatten();
    let plain = |name: &str| {
        ["credit_", "draw_"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .unwrap_or(name)
            .to_owned()
    };
    Value::Object(
        fields
            .map(|(name, value)| (plain(name), value.clone()))
            .collect(),
    )
}

pub fn id_of(books: &Books, subject: Subject) -> Option<&String> {
    match subject {
        Subject::Grant(place) => Some(&books.grants[place].id),
        Subject::Credit(place) => Some(&books.credits[place].id),
        Subject::Drawdown(place) => Some(&books.drawdowns[place].id),
        Subject::Customer(place) => Some(&books.customers[place].id),
        Subject::Product(place) => Some(&books.products[place].id),
        Subject::Contract(place) => Some(&books.contracts[place].id),
        Subject::Entry => None,
    }
}

pub fn owner_of(books: &Books, segment: usize) -> Subject {
    match books.segments[segment].owner {
        Owner::Grant(place) => Subject::Grant(place),
        Owner::Credit(place) => Subject::Credit(place),
    }
}
