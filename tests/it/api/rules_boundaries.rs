//! Starting and ending are functions of time (rule 5, decisions 1 to 4).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

both_databases! {
    // Rule 5: nobody does anything, and yet it starts.
    async fn a_scheduled_grant_starts_by_time_alone(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "effectiveAt": day(5) })).await;
        assert_eq!(grant["status"], "SCHEDULED");
        assert_eq!(balance(&app, &customer).await, "0/0/0/10");
        assert!(entries(&app, &customer).await.is_empty());
        move_to(&app, &just_before(&day(5)));
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await["status"], "SCHEDULED");
        assert_eq!(balance(&app, &customer).await, "0/0/0/10");
        move_to(&app, &day(5));
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await["status"], "ACTIVE");
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
        assert_eq!(recorded(&app, &customer).await, ["GRANT 10 @5 #5"]);
    }
}

both_databases! {
    // Rule 2: windows are half-open.
    async fn the_start_belongs_to_the_window_and_the_end_does_not(app: TestApp) {
        let customer = make_customer(&app).await;
        let window = json!({ "effectiveAt": day(5), "expiresAt": day(10) });
        let grant = make_grant(&app, &customer, "10", window).await;
        move_to(&app, &just_before(&day(5)));
        refuse(&app, "drawDown", draw_input(&customer, "1", json!({})), "amount", "INSUFFICIENT_CREDIT").await;
        move_to(&app, &day(5));
        draw(&app, &customer, "1", json!({})).await;
        move_to(&app, &just_before(&day(10)));
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await["status"], "ACTIVE");
        draw(&app, &customer, "2", json!({})).await;
        move_to(&app, &day(10));
        refuse(&app, "drawDown", draw_input(&customer, "1", json!({})), "amount", "INSUFFICIENT_CREDIT").await;
        let ended = look(&app, "creditGrant", &grant["id"]).await;
        assert_eq!((&ended["status"], &ended["remaining"]), (&json!("EXPIRED"), &json!("0")));
        let last = entries(&app, &customer).await.pop().unwrap();
        assert_eq!((&last["kind"], &last["amount"]), (&json!("EXPIRATION"), &json!("-7")));
        assert_eq!(last["effectiveAt"], day(10));
    }
}

both_databases! {
    // Rule 5, decision 1: off for a month, no answer differs; recordedAt is the boundary's own instant, createdBy `system`.
    async fn who_posts_a_boundary_and_when_makes_no_difference(app: TestApp) {
        let (watched, forgotten) = (make_customer(&app).await, make_customer(&app).await);
        for customer in [&watched, &forgotten] {
            make_grant(&app, customer, "10", json!({ "effectiveAt": day(1), "expiresAt": day(10) })).await;
            make_grant(&app, customer, "5", json!({ "effectiveAt": day(3), "expiresAt": day(12) })).await;
        }
        for n in 1..=30 {
            move_to(&app, &day(n));
            balance(&app, &watched).await;
        }
        let expected = ["GRANT 10 @1 #1", "GRANT 5 @3 #3", "EXPIRATION -10 @10 #10", "EXPIRATION -5 @12 #12"];
        assert_eq!(recorded(&app, &watched).await, expected);
        assert_eq!(recorded(&app, &forgotten).await, expected);
        for customer in [&watched, &forgotten] {
            let entries = entries(&app, customer).await;
            let column = |field: &str| entries.iter().map(|e| text(&e[field])).collect::<Vec<_>>();
            assert_eq!(column("sequence"), ["1", "2", "3", "4"]);
            assert_eq!(column("runningBalance"), ["10", "15", "5", "0"]);
            assert_eq!(column("createdBy"), ["system"; 4]);
        }
    }
}

both_databases! {
    // Rule 5: the due boundaries come before the write, also when nothing was read.
    async fn a_drawdown_posts_the_due_boundaries_first(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        make_grant(&app, &customer, "5", json!({ "effectiveAt": day(7) })).await;
        move_to(&app, &day(20));
        draw(&app, &customer, "4", json!({})).await;
        let expected = ["GRANT 10 @0 #0", "GRANT 5 @7 #7", "EXPIRATION -10 @10 #10", "DEDUCTION -4 @20 #20"];
        assert_eq!(recorded(&app, &customer).await, expected);
    }
}

both_databases! {
    // Decision 2: the hold lapses before the window ends, so that one entry writes all of it off; then the next starts.
    async fn at_one_instant_holds_lapse_then_windows_end_then_windows_start(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        make_grant(&app, &customer, "5", json!({ "effectiveAt": day(10) })).await;
        let held = hold(&app, &customer, "4", &day(10)).await;
        move_to(&app, &day(11));
        let expected = ["GRANT 10 @0 #0", "EXPIRATION -10 @10 #10", "GRANT 5 @10 #10"];
        assert_eq!(recorded(&app, &customer).await, expected);
        let lapsed = look(&app, "drawdown", &held["id"]).await;
        assert_eq!((&lapsed["status"], &lapsed["released"]), (&json!("LAPSED"), &json!("4")));
    }
}

both_databases! {
    // Rule 8, decision 3: released after the end, it expires at the release.
    async fn what_a_hold_kept_past_the_end_expires_when_it_is_released(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        let held = hold(&app, &customer, "4", &day(15)).await;
        move_to(&app, &day(12));
        assert_eq!(balance(&app, &customer).await, "4/4/0/0");
        ok(&app, "releaseDrawdown", json!({ "id": held["id"] })).await;
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
        let expected = ["GRANT 10 @0 #0", "EXPIRATION -6 @10 #10", "EXPIRATION -4 @12 #12"];
        assert_eq!(recorded(&app, &customer).await, expected);
        assert_eq!(balance_at(&app, &customer, &day(11), None).await, "4/4/0/0");
        assert_eq!(balance_at(&app, &customer, &day(12), None).await, "0/0/0/0");
    }
}

both_databases! {
    // Decision 3: the same for a lapse, which happens by time alone.
    async fn what_a_hold_kept_past_the_end_expires_when_it_lapses(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        hold(&app, &customer, "4", &day(15)).await;
        move_to(&app, &day(30));
        let expected = ["GRANT 10 @0 #0", "EXPIRATION -6 @10 #10", "EXPIRATION -4 @15 #15"];
        assert_eq!(recorded(&app, &customer).await, expected);
        assert_eq!(balance_at(&app, &customer, &just_before(&day(15)), None).await, "4/4/0/0");
        assert_eq!(balance_at(&app, &customer, &day(15), None).await, "0/0/0/0");
    }
}

both_databases! {
    // Rule 8, decision 3: the capture posts at the hold's own time, the rest expires at the capture.
    async fn what_a_hold_kept_past_the_end_can_still_be_captured(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(1));
        let held = hold(&app, &customer, "4", &day(15)).await;
        move_to(&app, &day(12));
        let captured = ok(&app, "captureDrawdown", json!({ "id": held["id"], "amount": "3" })).await;
        assert_eq!((&captured["applied"], &captured["released"]), (&json!("3"), &json!("1")));
        let mut moved = dated(&app, &customer).await;
        moved[2..].sort_unstable();
        assert_eq!(moved, ["GRANT 10 @0", "EXPIRATION -6 @10", "DEDUCTION -3 @1", "EXPIRATION -1 @12"]);
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
    }
}

both_databases! {
    // Decision 4: on both sides of the end the balance is right after an expiration was taken back.
    async fn an_expiration_is_taken_back_at_its_own_instant(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(12));
        ok(&app, "editCreditGrant", json!({ "id": grant["id"], "expiresAt": day(20) })).await;
        let expected = ["GRANT 10 @0 #0", "EXPIRATION -10 @10 #10", "EXPIRATION_REVERSAL 10 @10 #12"];
        assert_eq!(recorded(&app, &customer).await, expected);
        for at in [just_before(&day(10)), day(10), day(11)] {
            assert_eq!(balance_at(&app, &customer, &at, None).await, "10/0/10/0", "{at}");
        }
        assert_eq!(balance_at(&app, &customer, &day(11), Some(&day(11))).await, "0/0/0/0");
    }
}

both_databases! {
    // Decision 1: recorded when the window was last decided, if that is later than the boundary.
    async fn a_boundary_decided_late_is_recorded_when_it_was_decided(app: TestApp) {
        let customer = make_customer(&app).await;
        move_to(&app, &day(10));
        make_grant(&app, &customer, "10", json!({ "effectiveAt": day(2), "expiresAt": day(20) })).await;
        move_to(&app, &day(30));
        assert_eq!(recorded(&app, &customer).await, ["GRANT 10 @2 #10", "EXPIRATION -10 @20 #20"]);
        assert_eq!(balance_at(&app, &customer, &day(5), None).await, "10/0/10/0");
    }
}

both_databases! {
    // Decision 1: in filters too, though nobody touched the account since.
    async fn a_filter_by_status_knows_what_time_it_is(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "effectiveAt": day(5), "expiresAt": day(10) })).await;
        let segments = json!([segment("3", &day(5), &day(10))]);
        let credit = make_credit(&app, &customer, segments, json!({})).await;
        let found = async |status: &str| {
            let credit_status = if status == "EXPIRED" { "ENDED" } else { status };
            let document = format!(
                "{{ creditGrants(filter: {{ status: [{status}] }}) {{ nodes {{ id }} totalCount }} \
                 credits(filter: {{ status: [{credit_status}] }}) {{ nodes {{ id }} totalCount }} }}"
            );
            query(&app, &document, json!({})).await
        };
        for (now, status) in [(day(4), "SCHEDULED"), (day(7), "ACTIVE"), (day(20), "EXPIRED")] {
            move_to(&app, &now);
            for asked in ["SCHEDULED", "ACTIVE", "DEPLETED", "EXPIRED", "VOIDED"] {
                let grants = if asked == status { json!([{ "id": grant["id"] }]) } else { json!([]) };
                let credits = if asked == status { json!([{ "id": credit["id"] }]) } else { json!([]) };
                let found = found(asked).await;
                assert_eq!(found["creditGrants"]["nodes"], grants, "{asked} at {now}");
                assert_eq!(found["credits"]["nodes"], credits, "{asked} at {now}");
                assert_eq!(found["creditGrants"]["totalCount"], list(&grants).len(), "{asked} at {now}");
            }
        }
    }
}

both_databases! {
    // Rule 5, decision 1: a list across customers answers as of now.
    async fn a_list_across_customers_shows_what_is_true_now(app: TestApp) {
        for _ in 0..3 {
            let customer = make_customer(&app).await;
            make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        }
        move_to(&app, &day(30));
        let document = "{ creditGrants { nodes { status remaining } } customers { nodes { balances { posted sequence } } } }";
        let data = query(&app, document, json!({})).await;
        for node in list(&data["creditGrants"]["nodes"]) {
            assert_eq!(node, json!({ "status": "EXPIRED", "remaining": "0" }));
        }
        for node in list(&data["customers"]["nodes"]) {
            assert_eq!(node["balances"], json!([{ "posted": "0", "sequence": "2" }]));
        }
    }
}

both_databases! {
    // Rule 3: numbered from 1 without gaps, each with the balance after it and the hash of a chain.
    async fn entries_are_numbered_without_gaps_and_chained(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        draw(&app, &customer, "4", json!({ "reason": "usage", "invoiceId": "in_1" })).await;
        draw(&app, &customer, "1.5", json!({})).await;
        move_to(&app, &day(10));
        let entries = entries(&app, &customer).await;
        let mut sum = 0.0;
        for (i, entry) in entries.iter().enumerate() {
            assert_eq!(entry["sequence"], json!((i + 1).to_string()));
            sum += text(&entry["amount"]).parse::<f64>().unwrap();
            assert_eq!(text(&entry["runningBalance"]).parse::<f64>().unwrap(), sum);
            let hash = text(&entry["hash"]);
            assert!(hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{hash}");
            let same = |other: &&Value| other["hash"] == entry["hash"];
            assert_eq!(entries.iter().filter(same).count(), 1, "every hash is its own");
        }
        assert_eq!(entries.len(), 4);
        assert_eq!((&entries[1]["reason"], &entries[1]["invoiceId"]), (&json!("usage"), &json!("in_1")));
        assert_ne!(entries[1]["createdBy"], "system");
    }
}
