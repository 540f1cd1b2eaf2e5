//! Small builders for the black-box tests of the API. A builder asserts that nothing was refused and answers the
//! object; `refuse` asserts the contrary, and that nothing was written.
pub use crate::api::api_looks::*;
use crate::support::TestApp;
use chrono::{DateTime, Duration, SecondsFormat, TimeZone, Utc};
use serde_json::{Value, json};

/// USD (cents), present from the first start (decision 28).
pub const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";

pub const BALANCE: &str = "posted held available scheduled sequence asOf";

const ERRORS: &str = "replayed userErrors { field message code }";

const CUSTOMER: &str = "id externalId name customFields createdAt archivedAt";
const TEST_CLOCK: &str = "id name frozenTime status createdAt createdBy deletedAt";
const CREDIT_TYPE: &str =
    "id name isCurrency scale currency currencyExponent burnDownOrder archivedAt";
const PRODUCT: &str = "id name tags archivedAt";
const CONTRACT: &str = "id customer { id } name startingAt endingBefore archivedAt";
const GRANT: &str = "id customer { id } name reason grantType category status \
    grantAmount { amount creditType { id } } paidAmount { amount creditType { id } } remaining held \
    priority effectiveAt expiresAt invoiceDate invoiceId products { id } \
    rollover { kind value priority expiresAt } rolledOverFrom { id } rolledOverTo { id } \
    customFields uniquenessKey createdAt createdBy updatedAt voidedAt";
const CREDIT: &str = "id customer { id } contract { id } product { id } name description status priority \
    accessSchedule { creditType { id } segments { id amount startingAt endingBefore remaining held status } } \
    balance held applicableContracts { id } applicableProducts { id } applicableProductTags \
    specifiers { product { id } productTags pricingGroupValues presentationGroupValues } rateType \
    customFields uniquenessKey netsuiteSalesOrderId salesforceOpportunityId createdAt createdBy \
    updatedAt archivedAt";
const DRAWDOWN: &str = "id customer { id } creditType { id } status amount applied shortfall released \
    reversed slices { segmentId amount reversed creditGrant { id } credit { id } } product { id } \
    contract { id } effectiveAt holdExpiresAt reason invoiceId metadata createdAt createdBy";
const ENTRY: &str = "id sequence customer { id } creditType { id } kind amount runningBalance \
    effectiveAt recordedAt createdBy reason creditGrant { id } credit { id } segmentId \
    drawdown { id } invoiceId hash";

// ---------------------------------------------------------------- time

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap()
}

pub fn iso(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub fn parse(instant: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(instant)
        .expect("an RFC 3339 instant")
        .to_utc()
}

/// The instant `n` days after the start of the clock, as the API writes it.
pub fn day(n: i64) -> String {
    iso(start() + Duration::days(n))
}

/// The instant `n` hours after the start of the clock.
pub fn hour(n: i64) -> String {
    iso(start() + Duration::hours(n))
}

/// One microsecond earlier.
pub fn just_before(instant: &str) -> String {
    iso(parse(instant) - Duration::microseconds(1))
}

pub fn move_to(app: &TestApp, instant: &str) {
    app.set_now(parse(instant));
}

/// So that two things are not made at the same instant.
pub fn tick(app: &TestApp) {
    app.advance(Duration::seconds(1));
}

// ---------------------------------------------------------------- calling

pub fn no_id() -> String {
    uuid::Uuid::from_u128(0x7000_0000_0000_8000_0000_0000_0000_0001).to_string()
}

/// A name or key that nothing else has.
pub fn fresh(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4().simple())
}

/// `base` with the fields of `extra` put over it.
pub fn with(mut base: Value, extra: Value) -> Value {
    for (field, value) in extra.as_object().expect("an object") {
        base[field] = value.clone();
    }
    base
}

/// The string in a JSON value.
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no string: {value}"))
        .to_owned()
}

pub fn list(value: &Value) -> Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
        .clone()
}

/// The ids of a list of objects, in their order.
pub fn ids(nodes: &Value) -> Vec<String> {
    list(nodes).iter().map(|node| text(&node["id"])).collect()
}

/// The `data` of an answer without any top-level error.
pub async fn query(app: &TestApp, document: &str, variables: Value) -> Value {
    let body = app.graphql(document, variables.clone()).await;
    assert!(body["errors"].is_null(), "{document}\n{variables}\n{body}");
    body["data"].clone()
}

/// The code of the first top-level error of a document that must fail.
pub async fn top_level_code(app: &TestApp, document: &str, variables: Value) -> String {
    let body = app.graphql(document, variables).await;
    text(&body["errors"][0]["extensions"]["code"])
}

/// The field of a mutation's payload that holds its object.
pub fn object_of(operation: &str) -> &'static str {
    match operation {
        "createCustomer" | "updateCustomer" | "archiveCustomer" => "customer",
        "createTestClock" | "advanceTestClock" | "deleteTestClock" => "testClock",
        "createWebhookEndpoint"
        | "updateWebhookEndpoint"
        | "deleteWebhookEndpoint"
        | "rotateWebhookSecret" => "webhookEndpoint",
        "createCreditType" | "updateCreditType" => "creditType",
        "addCustomFieldKey" | "removeCustomFieldKey" => "customFieldKey",
        "setCustomFields" => "node",
        "createProduct" | "updateProduct" | "addProductExternalId" => "product",
        "createContract" | "endContract" | "extendContract" | "archiveContract" => "contract",
        "createCreditGrant"
        | "editCreditGrant"
        | "expireCreditGrant"
        | "voidCreditGrant"
        | "createCreditGrantBatch" => "creditGrant",
        "createCredit" | "editCredit" | "endCredit" | "voidCredit" => "credit",
        "drawDown" | "captureDrawdown" | "releaseDrawdown" | "reverseDrawdown"
        | "drawDownBatch" => "drawdown",
        "addManualLedgerEntry" => "ledgerEntry",
        other => panic!("unknown mutation {other}"),
    }
}

pub fn selection_of(object: &str) -> &'static str {
    match object {
        "customer" => CUSTOMER,
        "testClock" => TEST_CLOCK,
        "webhookEndpoint" => "id url description format eventTypes customerIds enabled deletedAt",
        "creditType" => CREDIT_TYPE,
        "product" => PRODUCT,
        "contract" => CONTRACT,
        "creditGrant" => GRANT,
        "credit" => CREDIT,
        "drawdown" => DRAWDOWN,
        "ledgerEntry" => ENTRY,
        "customFieldKey" => "id entity key enforceUniqueness removedAt",
        "node" => "id ... on Customer { customFields }",
        other => panic!("unknown object {other}"),
    }
}

/// The document of a mutation, its answer under the alias `it`; a batch takes the variable `inputs`.
pub fn document(operation: &str) -> String {
    let object = object_of(operation);
    let selection = selection_of(object);
    let balance = match object {
        "creditGrant" | "credit" | "drawdown" | "ledgerEntry" => {
            format!("balance {{ {BALANCE} }}")
        }
        _ => String::new(),
    };
    let fields = format!("{object} {{ {selection} }} {balance} {ERRORS}");
    if let Some(single) = operation.strip_suffix("Batch") {
        let input = input_type(single);
        return format!(
            "mutation ($inputs: [{input}!]!) {{ it: {operation}(inputs: $inputs) {{ results {{ {fields} }} }} }}"
        );
    }
    let input = input_type(operation);
    format!("mutation ($input: {input}!) {{ it: {operation}(input: $input) {{ {fields} }} }}")
}

fn input_type(operation: &str) -> String {
    format!("{}{}Input", operation[..1].to_uppercase(), &operation[1..])
}

/// The payload of a mutation (of a batch: its only result).
pub async fn payload(app: &TestApp, operation: &str, input: Value) -> Value {
    if operation.ends_with("Batch") {
        let results = batch(app, operation, json!([input])).await;
        assert_eq!(results.len(), 1, "one result for one input");
        return results[0].clone();
    }
    query(app, &document(operation), json!({ "input": input })).await["it"].clone()
}

/// The results of a batch.
pub async fn batch(app: &TestApp, operation: &str, inputs: Value) -> Vec<Value> {
    list(&query(app, &document(operation), json!({ "inputs": inputs })).await["it"]["results"])
}

/// The payload of a mutation that must be accepted.
pub async fn accept(app: &TestApp, operation: &str, input: Value) -> Value {
    let payload = payload(app, operation, input.clone()).await;
    assert_eq!(payload["userErrors"], json!([]), "{operation} {input}");
    assert!(
        payload[object_of(operation)].is_object(),
        "{operation} {input}: {payload}"
    );
    payload
}

/// The object of a mutation that must be accepted.
pub async fn ok(app: &TestApp, operation: &str, input: Value) -> Value {
    accept(app, operation, input).await[object_of(operation)].clone()
}

pub fn path_of(error: &Value) -> String {
    let path = error["field"].as_array().cloned().unwrap_or_default();
    path.iter().map(text).collect::<Vec<_>>().join(".")
}

/// The errors of a mutation that must be refused: object null, messages not empty, nothing written.
pub async fn refused(app: &TestApp, operation: &str, input: Value) -> Vec<Value> {
    let before = everything(app).await;
    let payload = payload(app, operation, input.clone()).await;
    let errors = list(&payload["userErrors"]);
    assert!(
        !errors.is_empty(),
        "{operation} {input} was not refused: {payload}"
    );
    assert!(
        payload[object_of(operation)].is_null(),
        "{operation} {input}: {payload}"
    );
    assert_eq!(
        payload["replayed"],
        json!(false),
        "{operation} {input}: {payload}"
    );
    for error in &errors {
        assert!(
            !text(&error["message"]).trim().is_empty(),
            "{operation} {input}: {error}"
        );
    }
    assert_eq!(
        before,
        everything(app).await,
        "{operation} {input} was refused but wrote"
    );
    errors
}

/// The mutation is refused with this code at this path (`a.b`); a batch may prefix the path.
pub async fn refuse(app: &TestApp, operation: &str, input: Value, path: &str, code: &str) {
    let errors = refused(app, operation, input.clone()).await;
    let suffix = format!(".{path}");
    let fits =
        |found: &str| found == path || (operation.ends_with("Batch") && found.ends_with(&suffix));
    assert!(
        errors
            .iter()
            .any(|error| fits(&path_of(error)) && error["code"] == code),
        "{operation} {input}: expected {code} at {path}, got {errors:?}"
    );
}

/// The mutation is refused with this code, wherever it points.
pub async fn refuse_code(app: &TestApp, operation: &str, input: Value, code: &str) {
    let errors = refused(app, operation, input.clone()).await;
    assert!(
        errors.iter().any(|error| error["code"] == code),
        "{operation} {input}: expected {code}, got {errors:?}"
    );
}

/// The mutation is refused at this path, whatever the code.
pub async fn refuse_at(app: &TestApp, operation: &str, input: Value, path: &str) {
    let errors = refused(app, operation, input.clone()).await;
    assert!(
        errors.iter().any(|error| path_of(error) == path),
        "{operation} {input}: expected an error at {path}, got {errors:?}"
    );
}

/// A picture of all that a command could have written (of at most 50 things of a kind), due boundaries included.
pub async fn everything(app: &TestApp) -> Value {
    let customers = "{ customers(first: 50) { totalCount nodes { id name externalId archivedAt \
        customFields balances { posted held scheduled sequence } } } }";
    let owned = "{ customers(first: 50) { nodes { drawdowns(first: 1) { totalCount } \
        contracts(first: 3) { nodes { id name endingBefore archivedAt } } } } }";
    let grants = "{ creditGrants(first: 50) { totalCount nodes { id status remaining held name \
        expiresAt reason uniquenessKey updatedAt } } }";
    let credits = "{ credits(first: 50, filter: { includeArchived: true }) { totalCount nodes { id \
        status name updatedAt accessSchedule { segments { id amount startingAt endingBefore \
        remaining held status } } } } }";
    let rest = "{ ledgerEntries(first: 1) { totalCount } events(first: 1) { totalCount } \
        products(includeArchived: true, first: 50) { nodes { id name tags archivedAt } } \
        creditTypes(includeArchived: true) { id name burnDownOrder } \
        testClocks(first: 50) { nodes { id name frozenTime status deletedAt } } }";
    let mut all = Vec::new();
    for document in [customers, owned, grants, credits, rest] {
        all.push(query(app, document, json!({})).await);
    }
    Value::Array(all)
}

// ---------------------------------------------------------------- builders

pub async fn make_customer(app: &TestApp) -> String {
    text(&ok(app, "createCustomer", json!({ "name": fresh("customer") })).await["id"])
}

pub async fn make_product(app: &TestApp, tags: &[&str]) -> String {
    text(
        &ok(
            app,
            "createProduct",
            json!({ "name": fresh("product"), "tags": tags }),
        )
        .await["id"],
    )
}

pub async fn make_contract(app: &TestApp, customer: &str) -> String {
    let input = json!({ "customerId": customer, "name": fresh("contract"), "startingAt": day(0) });
    text(&ok(app, "createContract", input).await["id"])
}

/// A unit of the seller's own.
pub async fn make_type(app: &TestApp, scale: u32, extra: Value) -> String {
    let input = with(json!({ "name": fresh("unit"), "scale": scale }), extra);
    text(&ok(app, "createCreditType", input).await["id"])
}

pub fn grant_input(customer: &str, amount: &str, extra: Value) -> Value {
    let base =
        json!({ "customerId": customer, "name": "Grant", "grantAmount": { "amount": amount } });
    with(base, extra)
}

/// A grant in USD from now on, unless `extra` says otherwise.
pub async fn make_grant(app: &TestApp, customer: &str, amount: &str, extra: Value) -> Value {
    ok(
        app,
        "createCreditGrant",
        grant_input(customer, amount, extra),
    )
    .await
}

pub fn segment(amount: &str, starting_at: &str, ending_before: &str) -> Value {
    json!({ "amount": amount, "startingAt": starting_at, "endingBefore": ending_before })
}

pub async fn credit_input(app: &TestApp, customer: &str, segments: Value, extra: Value) -> Value {
    let product = make_product(app, &[]).await;
    let base = json!({ "customerId": customer, "productId": product, "priority": 50, "name": "Credit",
        "accessSchedule": { "segments": segments } });
    with(base, extra)
}

pub async fn make_credit(app: &TestApp, customer: &str, segments: Value, extra: Value) -> Value {
    let input = credit_input(app, customer, segments, extra).await;
    ok(app, "createCredit", input).await
}

pub fn draw_input(customer: &str, amount: &str, extra: Value) -> Value {
    let base = json!({ "customerId": customer, "amount": amount, "idempotencyKey": fresh("draw") });
    with(base, extra)
}

pub async fn draw(app: &TestApp, customer: &str, amount: &str, extra: Value) -> Value {
    ok(app, "drawDown", draw_input(customer, amount, extra)).await
}

pub async fn hold(app: &TestApp, customer: &str, amount: &str, until: &str) -> Value {
    draw(
        app,
        customer,
        amount,
        json!({ "hold": true, "holdExpiresAt": until }),
    )
    .await
}
