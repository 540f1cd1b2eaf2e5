//! Archiving on one server while another grants and spends: what comes after it is refused there too.

use domain::{ContractId, CreditTypeId, DecimalText, ProductId};
use scrip::ledger::command::input::{
    AccessScheduleInput, ArchiveContract, ArchiveCustomer, CreateContract, CreateCredit,
    CreateProduct, SegmentInput,
};

use sea_orm::DbBackend;

use super::{ROUNDS, app, number, second, two_servers};
use crate::support::TestApp;
use crate::support::deeds::{ask, at_once, customer, done, draw, funded, grant, told};

/// Those that are asked for at once beside the archiving.
const BESIDE: usize = 8;

two_servers! {
    // The first credit of a customer in a unit makes the account, whose lock nobody else can have had.
    async fn no_credit_outlives_its_contract(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        let product = CreateProduct {
            extra: Default::default(),
            name: "api".to_owned(),
            tags: Vec::new(),
        };
        let product_id = ProductId(done(ledger, product, None).await.object_id);
        for round in 0..3 * ROUNDS {
            let customer_id = customer(ledger, "party").await;
            let contract = CreateContract {
                extra: Default::default(),
                customer_id,
                name: None,
                starting_at: ledger.now(),
                ending_before: None,
            };
            let id = ContractId(done(ledger, contract, None).await.object_id);
            let credit = CreateCredit {
                details: None,
                customer_id,
                contract_id: Some(id),
                product_id,
                priority: 1.0,
                access_schedule: AccessScheduleInput {
                    credit_type_id: CreditTypeId::USD,
                    segments: vec![SegmentInput {
                        amount: DecimalText::whole(5),
                        starting_at: ledger.now(),
                        ending_before: None,
                    }],
                },
                name: None,
                description: None,
                applicable_contract_ids: Vec::new(),
                applicable_product_ids: Vec::new(),
                applicable_product_tags: Vec::new(),
                specifiers: Vec::new(),
                rate_type: "LIST_RATE".to_owned(),
                custom_fields: None,
                netsuite_sales_order_id: None,
                salesforce_opportunity_id: None,
                uniqueness_key: None,
            };
            // One of them makes the account: the other server must not have seen that there was none.
            let archive = ArchiveContract { id, void_invoices: false };
            let archive = ask(&servers[0], archive, None);
            let create = ask(&servers[1], credit, None);
            let asked = if round % 2 == 0 { [archive, create] } else { [create, archive] };
            let answers = at_once(asked).await;
            let answers: Vec<String> = answers.iter().map(told).collect();
            let known = answers.iter().all(|answer| ["Done", "Archived"].contains(&answer.as_str()));
            assert!(known, "round {round}: {answers:?}");
        }
        let left = "SELECT count(*) FROM segment WHERE voided_at IS NULL OR remaining <> 0";
        assert_eq!(number(ledger, left).await, 0);
        assert_eq!(number(ledger, "SELECT count(*) FROM credit WHERE voided_at IS NULL").await, 0);
        assert_eq!(number(ledger, "SELECT CAST(coalesce(sum(balance), 0) AS bigint) FROM account").await, 0);
    }
}

two_servers! {
    // Rule 18.
    async fn nothing_is_granted_or_drawn_once_it_was_answered_that_a_customer_is_archived(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let ledger = app.ledger();
        for round in 0..3 * ROUNDS {
            let (spender, _) = funded(&servers[1], 100).await;
            let id = if round % 2 == 0 { spender } else { customer(ledger, "new").await };
            let beside = (0..BESIDE).map(|_| {
                let other = servers[1].clone();
                tokio::spawn(async move {
                    loop {
                        let answer = if round % 2 == 0 {
                            ask(&other, draw(id, 1), None).await
                        } else {
                            ask(&other, grant(id, 1), None).await
                        };
                        if told(&answer) != "Done" {
                            return told(&answer);
                        }
                    }
                })
            });
            let beside: Vec<_> = beside.collect();
            done(&servers[0], ArchiveCustomer { id }, None).await;
            let entries = format!("SELECT count(*) FROM ledger_entry WHERE customer_id = '{}'", id.0);
            let at_the_answer = number(ledger, &entries).await;
            for task in beside {
                let last = task.await.expect("asked");
                assert_eq!(last, "Archived", "round {round}");
            }
            assert_eq!(number(ledger, &entries).await, at_the_answer, "round {round}");
        }
    }
}
