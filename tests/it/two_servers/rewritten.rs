//! Rows that are written over whole: nothing that another server changed in them is lost.

use domain::{ContractId, ProductId};
use scrip::ledger;
use scrip::ledger::command::input::{
    ArchiveCustomer, CreateContract, CreateProduct, EndContract, UpdateCustomer, UpdateProduct,
};
use sea_orm::DbBackend;
use serde_json::json;

use super::{MANY, ROUNDS, app, second, two_servers};
use crate::support::TestApp;
use crate::support::deeds::{ask, assert_tally, at_once, count, customer, done, number, told};

two_servers! {
    async fn nothing_that_two_change_of_one_customer_is_lost(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        for round in 0..ROUNDS {
            let id = customer(ledger, "old").await;
            let nothing = UpdateCustomer {
                extra: Default::default(),
                id,
                name: None,
                external_id: None,
                custom_fields: None,
            };
            let asked = [
                (
                    0,
                    UpdateCustomer {
                        extra: Default::default(),
                        name: Some("new".to_owned()),
                        ..nothing.clone()
                    }
                    .into(),
                ),
                (
                    1,
                    UpdateCustomer {
                        extra: Default::default(),
                        custom_fields: Some(json!({ "a": 1 })),
                        ..nothing.clone()
                    }
                    .into(),
                ),
                (
                    0,
                    UpdateCustomer {
                        extra: Default::default(),
                        external_id: Some(format!("x{round}")),
                        ..nothing.clone()
                    }
                    .into(),
                ),
                (1, ledger::Command::from(ArchiveCustomer { id })),
            ];
            let asked = asked.map(|(server, command)| ask(&servers[server], command, None));
            assert_tally(&at_once(asked).await, &[("Done", 4)]);
        }
        let sql = "SELECT count(*) FROM customer WHERE archived_at IS NULL OR name <> 'new' \
                   OR external_id IS NULL OR custom_fields = '{}'";
        assert_eq!(number(ledger, sql).await, 0);
        let claims = count(ledger, "customer_external_id").await;
        assert_eq!(usize::try_from(claims), Ok(ROUNDS));
    }
}

two_servers! {
    async fn an_external_id_given_up_on_one_server_is_free_on_both(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let id = customer(app.ledger(), "renamed").await;
        let asked = (0..MANY).map(|n| {
            let external_id = Some(format!("x{n}"));
            let rename = UpdateCustomer {
                extra: Default::default(),
                id,
                name: None,
                external_id,
                custom_fields: None,
            };
            ask(&servers[n % 2], rename, None)
        });
        assert_tally(&at_once(asked).await, &[("Done", MANY)]);
        assert_eq!(count(app.ledger(), "customer_external_id").await, 1);
    }
}

two_servers! {
    async fn nothing_that_two_change_of_one_product_is_lost(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        for _ in 0..ROUNDS {
            let product = CreateProduct {
                extra: Default::default(),
                name: "old".to_owned(),
                tags: Vec::new(),
            };
            let id = ProductId(done(ledger, product, None).await.object_id);
            let nothing = UpdateProduct {
                extra: Default::default(),
                id,
                name: None,
                tags: None,
                archived: None,
            };
            let asked = [
                UpdateProduct {
                    extra: Default::default(),
                    name: Some("new".to_owned()),
                    ..nothing.clone()
                },
                UpdateProduct {
                    extra: Default::default(),
                    tags: Some(vec!["tag".to_owned()]),
                    ..nothing.clone()
                },
                UpdateProduct {
                    extra: Default::default(),
                    archived: Some(true),
                    ..nothing.clone()
                },
            ];
            let asked = asked.into_iter().enumerate();
            let asked = asked.map(|(n, command)| ask(&servers[n % 2], command, None));
            assert_tally(&at_once(asked).await, &[("Done", 3)]);
        }
        let sql = "SELECT count(*) FROM product \
                   WHERE archived_at IS NULL OR name <> 'new' OR tags = '[]'";
        assert_eq!(number(ledger, sql).await, 0);
    }
}

two_servers! {
    async fn a_contract_only_ever_ends_earlier(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        let start = ledger.now();
        for round in 0..ROUNDS {
            let customer_id = customer(ledger, "party").await;
            let contract = CreateContract {
                extra: Default::default(),
                customer_id,
                name: None,
                starting_at: start,
                ending_before: None,
            };
            let id = ContractId(done(ledger, contract, None).await.object_id);
            let asked = (1..=8_usize).map(|n| {
                let days = i64::try_from(n).expect("days");
                let end = EndContract {
                    id,
                    ending_before: start.plus_days(days),
                };
                ask(&servers[n % 2], end, None)
            });
            let answers = at_once(asked).await;
            let answers: Vec<String> = answers.iter().map(told).collect();
            let known = answers
                .iter()
                .all(|answer| ["Done", "EndNotEarlier"].contains(&answer.as_str()));
            assert!(known && answers[0] == "Done", "round {round}: {answers:?}");
        }
        let earliest = start.plus_days(1).0;
        let sql = format!("SELECT count(*) FROM contract WHERE ending_before <> {earliest}");
        assert_eq!(number(ledger, &sql).await, 0);
    }
}
