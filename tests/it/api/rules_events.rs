//! The audit trail: every change leaves an event (rule 17).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

const EVENT: &str = "id type subjectId subject { __typename id } customer { id } createdBy recordedAt effectiveAt before after";

async fn events(app: &TestApp, filter: Value) -> Vec<Value> {
    let document = format!(
        "query ($filter: EventFilter) {{ events(filter: $filter, first: 100) {{ nodes {{ {EVENT} }} }} }}"
    );
    list(&query(app, &document, json!({ "filter": filter })).await["events"]["nodes"])
}

async fn count(app: &TestApp) -> i64 {
    let data = query(app, "{ events(first: 1) { totalCount } }", json!({})).await;
    data["events"]["totalCount"].as_i64().unwrap()
}

both_databases! {
    async fn every_change_leaves_an_event_about_its_subject(app: TestApp) {
        let customer = make_customer(&app).await;
        let product = make_product(&app, &[]).await;
        let contract = make_contract(&app, &customer).await;
        let unit = make_type(&app, 0, json!({})).await;
        let grant = make_grant(&app, &customer, "10", json!({ "priority": 1 })).await;
        let to_void = make_grant(&app, &customer, "1", json!({})).await;
        let to_expire = make_grant(&app, &customer, "1", json!({})).await;
        let schedule = json!([segment("1", &day(0), &day(9))]);
        let credit = make_credit(&app, &customer, schedule.clone(), json!({})).await;
        let ended = make_credit(&app, &customer, schedule, json!({})).await;
        let posted = draw(&app, &customer, "1", json!({})).await;
        let held = hold(&app, &customer, "2", &day(1)).await;
        let released = hold(&app, &customer, "2", &day(1)).await;
        let segment = segment_of(&app, &customer, &grant["id"]).await;
        let commands = [
            ("updateCustomer", json!({ "id": customer, "name": "New" }), json!(customer)),
            ("updateProduct", json!({ "id": product, "name": "New" }), json!(product)),
            ("endContract", json!({ "id": contract, "endingBefore": day(5) }), json!(contract)),
            ("editCreditGrant", json!({ "id": grant["id"], "name": "New" }), grant["id"].clone()),
            ("voidCreditGrant", json!({ "id": to_void["id"] }), to_void["id"].clone()),
            ("expireCreditGrant", json!({ "id": to_expire["id"] }), to_expire["id"].clone()),
            ("editCredit", json!({ "id": credit["id"], "name": "New" }), credit["id"].clone()),
            ("endCredit", json!({ "id": ended["id"], "endingBefore": day(2) }), ended["id"].clone()),
            ("voidCredit", json!({ "id": credit["id"] }), credit["id"].clone()),
            ("captureDrawdown", json!({ "id": held["id"] }), held["id"].clone()),
            ("releaseDrawdown", json!({ "id": released["id"] }), released["id"].clone()),
            ("reverseDrawdown", json!({ "id": posted["id"] }), posted["id"].clone()),
            ("archiveCustomer", json!({ "id": customer }), json!(customer)),
        ];
        // Everything that was made has its first event, without `before`.
        for subject in [&json!(customer), &json!(product), &json!(contract), &json!(unit), &grant["id"], &credit["id"],
            &posted["id"], &held["id"]] {
            let found = events(&app, json!({ "subjectIds": [subject] })).await;
            assert_eq!(found.len(), 1, "{subject}: {found:?}");
            assert!(found[0]["before"].is_null(), "{found:?}");
            assert_eq!(found[0]["subject"]["id"], *subject);
        }
        let manual = json!({ "segmentId": segment, "amount": "1", "reason": "by hand" });
        let before = count(&app).await;
        ok(&app, "addManualLedgerEntry", manual).await;
        assert!(count(&app).await > before, "addManualLedgerEntry left no event");
        for (operation, input, subject) in commands {
            tick(&app);
            let before = events(&app, json!({ "subjectIds": [subject] })).await;
            ok(&app, operation, input).await;
            let after = events(&app, json!({ "subjectIds": [subject] })).await;
            assert_eq!(after.len(), before.len() + 1, "{operation}: {after:?}");
            assert_eq!(after[..before.len()], before, "{operation}");
            let event = after.last().unwrap();
            assert_eq!(event["recordedAt"], iso(app.now()), "{operation}: {event}");
            assert_ne!(event["createdBy"], "system", "{operation}: {event}");
        }
    }
}

both_databases! {
    // Contract: noun.verb, with its three examples.
    async fn the_type_of_an_event_is_a_noun_and_a_verb(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        let held = hold(&app, &customer, "2", &day(1)).await;
        ok(&app, "captureDrawdown", json!({ "id": held["id"] })).await;
        ok(&app, "voidCreditGrant", json!({ "id": grant["id"], "remainderOnly": true })).await;
        let all = events(&app, json!({})).await;
        for event in &all {
            let kind = text(&event["type"]);
            let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let parts: Vec<_> = kind.split('.').collect();
            assert!(parts.len() == 2 && parts.iter().all(|part| word(part)), "{kind}");
        }
        let types: Vec<_> = all.iter().map(|event| text(&event["type"])).collect();
        for expected in ["credit_grant.created", "credit_grant.voided", "drawdown.captured"] {
            assert_eq!(types.iter().filter(|kind| *kind == expected).count(), 1, "{types:?}");
        }
    }
}

both_databases! {
    // Contract: from what to what, the changed fields only, null for a creation.
    async fn an_event_says_from_what_to_what(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "name": "Old", "reason": "same" })).await;
        let document = "{ viewer { name } }";
        let me = query(&app, document, json!({})).await["viewer"]["name"].clone();
        tick(&app);
        ok(&app, "editCreditGrant", json!({ "id": grant["id"], "name": "New", "reason": "same" })).await;
        let events = events(&app, json!({ "subjectIds": [grant["id"]] })).await;
        let (created, edited) = (&events[0], &events[1]);
        assert_eq!(created["type"], "credit_grant.created");
        assert!(created["before"].is_null());
        assert_eq!(created["after"]["name"], "Old");
        assert_eq!(edited["before"]["name"], "Old");
        assert_eq!(edited["after"]["name"], "New");
        assert!(edited["before"].get("reason").is_none() && edited["after"].get("reason").is_none(), "{edited}");
        for event in [created, edited] {
            assert_eq!(event["subject"], json!({ "__typename": "CreditGrant", "id": grant["id"] }));
            assert_eq!(event["customer"]["id"], json!(customer));
            assert_eq!(event["createdBy"], me);
        }
    }
}

both_databases! {
    // Rule 17: in the same transaction; a replay or a refusal changes nothing.
    async fn a_refusal_and_a_replay_leave_no_event(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        let edit = json!({ "id": grant["id"], "name": "New", "idempotencyKey": "k" });
        ok(&app, "editCreditGrant", edit.clone()).await;
        let draw = draw_input(&customer, "1", json!({}));
        ok(&app, "drawDown", draw.clone()).await;
        let before = count(&app).await;
        ok(&app, "editCreditGrant", edit).await;
        ok(&app, "drawDown", draw).await;
        refused(&app, "drawDown", draw_input(&customer, "100", json!({}))).await;
        refused(&app, "editCreditGrant", json!({ "id": grant["id"], "name": "" })).await;
        assert_eq!(count(&app).await, before);
    }
}

both_databases! {
    async fn events_are_filtered_by_each_field(app: TestApp) {
        let (one, two) = (make_customer(&app).await, make_customer(&app).await);
        move_to(&app, &day(1));
        let first = make_grant(&app, &one, "1", json!({})).await;
        move_to(&app, &day(2));
        let second = make_grant(&app, &two, "1", json!({})).await;
        let created = json!({ "types": ["credit_grant.created"] });
        let subjects = async |filter: Value| {
            let events = events(&app, with(created.clone(), filter)).await;
            events.iter().map(|event| text(&event["subjectId"])).collect::<Vec<_>>()
        };
        let (first, second) = (text(&first["id"]), text(&second["id"]));
        let both = [first.clone(), second.clone()];
        let me = query(&app, "{ viewer { name } }", json!({})).await["viewer"]["name"].clone();
        assert_eq!(subjects(json!({})).await, both);
        assert_eq!(subjects(json!({ "customerIds": [one] })).await, both[..1]);
        assert_eq!(subjects(json!({ "customerIds": [one, two] })).await, both);
        assert_eq!(subjects(json!({ "subjectIds": [second] })).await, both[1..]);
        assert_eq!(subjects(json!({ "createdBy": me })).await, both);
        assert!(subjects(json!({ "createdBy": "nobody" })).await.is_empty());
        assert_eq!(subjects(json!({ "recordedAt": { "gte": day(2) } })).await, both[1..]);
        assert_eq!(subjects(json!({ "recordedAt": { "lt": day(2) } })).await, both[..1]);
        assert_eq!(subjects(json!({ "recordedAt": { "gte": day(1), "lt": day(3) } })).await, both);
    }
}
