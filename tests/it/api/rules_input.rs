//! What may be put in: text, JSON, instants, ids and units (decisions 24 to 28).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

fn customer_input(name: &str) -> Value {
    json!({ "name": name })
}

both_databases! {
    // Decision 25: characters, not bytes.
    async fn a_name_has_1_to_255_characters(app: TestApp) {
        for name in ["n".repeat(255), "é".repeat(255), "💶".repeat(255), "a".to_owned(), "a b".to_owned()] {
            assert_eq!(ok(&app, "createCustomer", customer_input(&name)).await["name"], json!(name));
        }
        for name in ["n".repeat(256), "💶".repeat(256)] {
            refuse(&app, "createCustomer", customer_input(&name), "name", "TOO_LONG").await;
        }
        refuse_at(&app, "createCustomer", customer_input(""), "name").await;
    }
}

both_databases! {
    // Decision 25: an error, not cut; NUL refused everywhere.
    async fn blanks_around_a_name_and_nul_anywhere_are_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        for name in [" Ann", "Ann ", "\tAnn", "Ann\n", " ", "A\u{0}n"] {
            refuse_at(&app, "createCustomer", customer_input(name), "name").await;
            refuse_at(&app, "updateCustomer", json!({ "id": customer, "name": name }), "name").await;
            refuse_at(&app, "createProduct", json!({ "name": name }), "name").await;
            refuse_at(&app, "createCreditType", json!({ "name": name }), "name").await;
            refuse_at(&app, "createCreditGrant", grant_input(&customer, "1", json!({ "name": name })), "name").await;
        }
        make_grant(&app, &customer, "1", json!({})).await;
        for field in ["reason", "invoiceId"] {
            let nul = json!({ field: "a\u{0}b" });
            refuse_at(&app, "createCreditGrant", grant_input(&customer, "1", nul.clone()), field).await;
            refuse_at(&app, "drawDown", draw_input(&customer, "1", nul), field).await;
        }
        for json in [json!({ "a": "\u{0}" }), json!({ "\u{0}": 1 }), json!({ "a": [{ "b": "x\u{0}" }] })] {
            let input = draw_input(&customer, "1", json!({ "metadata": json }));
            refuse_at(&app, "drawDown", input, "metadata").await;
        }
    }
}

both_databases! {
    // Decision 25.
    async fn reasons_and_descriptions_have_up_to_1000_characters(app: TestApp) {
        let customer = make_customer(&app).await;
        let (fits, long) = ("é".repeat(1000), "r".repeat(1001));
        let grant = make_grant(&app, &customer, "10", json!({ "reason": fits })).await;
        assert_eq!(grant["reason"], json!(fits));
        let schedule = json!([segment("1", &day(0), &day(9))]);
        let credit = make_credit(&app, &customer, schedule.clone(), json!({ "description": fits })).await;
        assert_eq!(credit["description"], json!(fits));
        let input = credit_input(&app, &customer, schedule, json!({ "description": long })).await;
        refuse(&app, "createCredit", input, "description", "TOO_LONG").await;
        let rows = [
            ("createCreditGrant", grant_input(&customer, "1", json!({ "reason": long }))),
            ("editCreditGrant", json!({ "id": grant["id"], "reason": long })),
            ("voidCreditGrant", json!({ "id": grant["id"], "reason": long })),
            ("expireCreditGrant", json!({ "id": grant["id"], "reason": long })),
            ("voidCredit", json!({ "id": credit["id"], "reason": long })),
            ("drawDown", draw_input(&customer, "1", json!({ "reason": long }))),
        ];
        for (operation, input) in rows {
            refuse(&app, operation, input, "reason", "TOO_LONG").await;
        }
    }
}

both_databases! {
    // Decision 25: 64 KiB.
    async fn json_has_up_to_64_kib(app: TestApp) {
        let customer = make_customer(&app).await;
        let fits = json!({ "a": "x".repeat(65_000) });
        let made = ok(&app, "updateCustomer", json!({ "id": customer, "customFields": fits })).await;
        assert_eq!(made["customFields"], fits);
        let long = json!({ "a": "x".repeat(65_536) });
        let input = json!({ "id": customer, "customFields": long });
        refuse(&app, "updateCustomer", input, "customFields", "TOO_LONG").await;
    }
}

both_databases! {
    // Section 4 of the contract: RFC 3339 with offset in, UTC with `Z` and microseconds out. Decision 26: not finer.
    async fn instants_come_in_with_an_offset_and_go_out_in_utc_with_microseconds(app: TestApp) {
        let customer = make_customer(&app).await;
        let rows = [
            ("2026-02-01T00:00:00Z", "2026-02-01T00:00:00.000000Z"),
            ("2026-02-01T01:00:00+01:00", "2026-02-01T00:00:00.000000Z"),
            ("2026-01-31T18:30:00.5-05:30", "2026-02-01T00:00:00.500000Z"),
            ("2026-02-01T00:00:00.123456Z", "2026-02-01T00:00:00.123456Z"),
        ];
        for (instant, out) in rows {
            let grant = make_grant(&app, &customer, "1", json!({ "expiresAt": instant })).await;
            assert_eq!(grant["expiresAt"], out, "{instant}");
            assert_eq!(look(&app, "creditGrant", &grant["id"]).await["expiresAt"], out, "{instant}");
        }
        let before = everything(&app).await;
        for instant in ["2026-02-01T00:00:00.1234567Z", "2026-02-01T00:00:00", "2026-02-01", "1769904000", "2026-02-30T00:00:00Z",
            "2026-02-01T24:00:01Z", "tomorrow", ""] {
            let input = grant_input(&customer, "1", json!({ "expiresAt": instant }));
            let body = app.graphql(&document("createCreditGrant"), json!({ "input": input })).await;
            let refused = body["errors"].is_array() || body["data"]["it"]["userErrors"][0].is_object();
            assert!(refused && body["data"]["it"]["creditGrant"].is_null(), "{instant}: {body}");
        }
        assert_eq!(before, everything(&app).await);
    }
}

both_databases! {
    // Decision 28.
    async fn usd_in_cents_is_there_from_the_first_start(app: TestApp) {
        let document = "{ creditTypes { id isCurrency scale currency currencyExponent archivedAt } }";
        let data = query(&app, document, json!({})).await;
        let usd = json!({ "id": USD, "isCurrency": true, "scale": 6, "currency": "USD", "currencyExponent": 2,
            "archivedAt": null });
        assert_eq!(data["creditTypes"], json!([usd]));
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "0.000001", json!({})).await;
        assert_eq!(grant["grantAmount"]["creditType"]["id"], USD, "the default");
    }
}

both_databases! {
    // Contract: 0..9.
    async fn a_scale_lies_between_0_and_9(app: TestApp) {
        for scale in [-1, 10] {
            let input = json!({ "name": "Unit", "scale": scale });
            refuse(&app, "createCreditType", input, "scale", "OUT_OF_RANGE").await;
        }
        for scale in [0, 9] {
            assert_eq!(ok(&app, "createCreditType", json!({ "name": fresh("u"), "scale": scale })).await["scale"], scale);
        }
    }
}

both_databases! {
    // Contract: 0 or more, lower is used first.
    async fn a_priority_is_never_negative(app: TestApp) {
        let customer = make_customer(&app).await;
        let input = grant_input(&customer, "1", json!({ "priority": -0.5 }));
        refuse_at(&app, "createCreditGrant", input, "priority").await;
        assert_eq!(make_grant(&app, &customer, "1", json!({ "priority": 0 })).await["priority"].as_f64(), Some(0.0));
    }
}

both_databases! {
    // Contract: the caller's own id, unique.
    async fn an_external_id_belongs_to_one_customer(app: TestApp) {
        let one = ok(&app, "createCustomer", json!({ "name": "One", "externalId": "x" })).await;
        let two = ok(&app, "createCustomer", json!({ "name": "Two", "externalId": "y" })).await;
        let third = json!({ "name": "Three", "externalId": "x" });
        refuse(&app, "createCustomer", third, "externalId", "EXTERNAL_ID_TAKEN").await;
        let moved = json!({ "id": two["id"], "externalId": "x" });
        refuse(&app, "updateCustomer", moved, "externalId", "EXTERNAL_ID_TAKEN").await;
        ok(&app, "updateCustomer", json!({ "id": one["id"], "externalId": "x", "name": "Same" })).await;
        ok(&app, "updateCustomer", json!({ "id": one["id"], "externalId": "z" })).await;
        ok(&app, "updateCustomer", json!({ "id": two["id"], "externalId": "x" })).await;
    }
}

both_databases! {
    // An update changes what it names and nothing else.
    async fn what_an_update_does_not_name_stays(app: TestApp) {
        let input = json!({ "name": "Ann", "externalId": "x", "customFields": { "a": 1 } });
        let made = ok(&app, "createCustomer", input).await;
        let updated = ok(&app, "updateCustomer", json!({ "id": made["id"], "name": "Bea" })).await;
        assert_eq!(updated, with(made, json!({ "name": "Bea" })));
        let product = ok(&app, "createProduct", json!({ "name": "P", "tags": ["a"] })).await;
        let updated = ok(&app, "updateProduct", json!({ "id": product["id"], "tags": ["b", "c"] })).await;
        assert_eq!(updated, with(product, json!({ "tags": ["b", "c"] })));
    }
}
