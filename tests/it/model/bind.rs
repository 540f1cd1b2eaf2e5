//! Teaches the auditor the ids that the server gave to what commands and rollovers made.

use serde_json::{Value, json};

use super::ModelApi;
use super::auditor::Books;
use super::command::Subject;
use super::compare::{Findings, ask};
use super::units::{Time, decimal};

/// Learns the ids of what a command has just made.
pub async fn bind(
    api: &dyn ModelApi,
    books: &mut Books,
    subject: Subject,
    object: &Value,
) -> Findings {
    let Some(id) = object["id"].as_str() else {
        return vec![format!("the payload has no object: {object}")];
    };
    let slot = match subject {
        Subject::Customer(place) => &mut books.customers[place].id,
        Subject::Product(place) => &mut books.products[place].id,
        Subject::Contract(place) => &mut books.contracts[place].id,
        Subject::Grant(place) => &mut books.grants[place].id,
        Subject::Credit(place) => &mut books.credits[place].id,
        Subject::Drawdown(place) => &mut books.drawdowns[place].id,
        Subject::Entry => return Vec::new(),
    };
    if slot.is_empty() {
        id.clone_into(slot);
    } else if slot != id {
        return vec![format!("the payload should hold {slot}, it holds {id}")];
    }
    match subject {
        Subject::Grant(place) => bind_grant_segment(api, books, place).await,
        Subject::Credit(place) => bind_credit_segments(books, place, object),
        _ => Vec::new(),
    }
}

/// The contract shows a grant's segment only in its entries and, before it starts, in a preview.
async fn bind_grant_segment(api: &dyn ModelApi, books: &mut Books, place: usize) -> Findings {
    let grant = &books.grants[place];
    let at = grant.segment;
    if !books.segments[at].id.is_empty() {
        return Vec::new();
    }
    let input = json!({
        "customerId": books.customers[grant.customer].id, "creditTypeId": books.units[books.segments[at].account.1].id,
        "amount": "1", "onShortfall": "PARTIAL", "idempotencyKey": "model-looks-for-segments",
    });
    let document = "query($id: ID!, $input: DrawDownInput!) {
        creditGrant(id: $id) { ledgerEntries(first: 1) { nodes { segmentId } } }
        previewDrawdown(input: $input) { candidates { segmentId creditGrant { id } } } }";
    let data = match ask(api, document, json!({"id": grant.id, "input": input})).await {
        Ok(data) => data,
        Err(findings) => return findings,
    };
    let own = json!(grant.id);
    let candidates = data["previewDrawdown"]["candidates"].as_array();
    let previewed = candidates
        .into_iter()
        .flatten()
        .find(|one| one["creditGrant"]["id"] == own)
        .map(|one| &one["segmentId"]);
    let entered = &data["creditGrant"]["ledgerEntries"]["nodes"][0]["segmentId"];
    match entered
        .as_str()
        .or_else(|| previewed.and_then(Value::as_str))
    {
        Some(id) => {
            id.clone_into(&mut books.segments[at].id);
            Vec::new()
        }
        None => vec![format!(
            "grant {place} ({own}) has no entry, and no candidate in a preview: {data}"
        )],
    }
}

fn bind_credit_segments(books: &mut Books, place: usize, object: &Value) -> Findings {
    let listed = object["accessSchedule"]["segments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let own = books.credits[place].segments.clone();
    let known: Vec<String> = own
        .iter()
        .map(|&at| books.segments[at].id.clone())
        .filter(|id| !id.is_empty())
        .collect();
    let mut new: Vec<&Value> = listed
        .iter()
        .filter(|one| {
            one["id"]
                .as_str()
                .is_some_and(|id| !known.iter().any(|other| other == id))
        })
        .collect();
    for at in own {
        if !books.segments[at].id.is_empty() {
            continue;
        }
        let segment = &books.segments[at];
        let amount = decimal(segment.amount, books.units[segment.account.1].scale);
        let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Time>().ok());
        let fits = |one: &&Value| {
            one["amount"] == json!(amount)
                && time(&one["startingAt"]) == Some(segment.start)
                && time(&one["endingBefore"]) == segment.end
        };
        let Some(found) = new.iter().position(fits) else {
            return vec![format!(
                "credit {place}: no segment of {amount} from {} to {:?} in {object}",
                segment.start, segment.end
            )];
        };
        let id = new.remove(found)["id"].as_str().unwrap_or_default();
        id.clone_into(&mut books.segments[at].id);
    }
    new.into_iter()
        .map(|one| format!("credit {place}: a segment too many: {one}"))
        .collect()
}

/// Asks for the grants that rollovers made, so that the auditor knows them by id.
pub async fn bind_rollovers(api: &dyn ModelApi, books: &mut Books) -> Findings {
    let document = "query($id: ID!) { creditGrant(id: $id) { rolledOverTo { id createdBy rolledOverFrom { id } ledgerEntries(first: 1) { nodes { segmentId } } } } }";
    for place in books.unbound_rollovers() {
        let Some(from) = books.grants[place].rolled_from else {
            continue;
        };
        let source = books.grants[from].id.clone();
        let data = match ask(api, document, json!({"id": source})).await {
            Ok(data) => data,
            Err(findings) => return findings,
        };
        let grant = &data["creditGrant"]["rolledOverTo"];
        let (id, segment) = (
            grant["id"].as_str(),
            grant["ledgerEntries"]["nodes"][0]["segmentId"].as_str(),
        );
        let (Some(id), Some(segment)) = (id, segment) else {
            return vec![format!(
                "grant {from} ({source}) should have rolled over {}, the server says {data}",
                books.segments[books.grants[place].segment].amount
            )];
        };
        id.clone_into(&mut books.grants[place].id);
        let at = books.grants[place].segment;
        segment.clone_into(&mut books.segments[at].id);
        if grant["createdBy"] != "system" || grant["rolledOverFrom"]["id"] != json!(source) {
            return vec![format!(
                "rollover grant {id}: createdBy should be system, rolledOverFrom {source}, the server says {grant}"
            )];
        }
    }
    Vec::new()
}
