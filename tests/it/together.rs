//! Queries that come at the same time share statements (`read/together.rs`): each is answered as if
//! it had come alone.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};

const CUSTOMERS: usize = 12;
const ROUNDS: usize = 8;

/// What support looks at: all of it is asked for together.
fn page() -> String {
    format!(
        "query($id: ID!) {{ customer(id: $id) {{ id name balances {{ {BALANCE} }} \
         creditGrants(first: 10) {{ nodes {{ id status remaining }} }} \
         credits(first: 10) {{ nodes {{ id balance }} }} contracts(first: 2) {{ nodes {{ id }} }} \
         drawdowns(first: 5) {{ nodes {{ id amount }} }} \
         ledgerEntries(first: 20, order: NEWEST_FIRST) {{ nodes {{ id kind amount runningBalance }} }} \
         }} }}"
    )
}

/// Customers that differ in all that a page shows; half of them lose a grant on day 5.
async fn found(app: &TestApp) -> Vec<String> {
    let mut customers = Vec::new();
    for number in 1..=CUSTOMERS {
        let customer = make_customer(app).await;
        let amount = (number * 10).to_string();
        let expiring = json!({ "expiresAt": if number % 2 == 0 { day(5) } else { day(50) } });
        make_grant(app, &customer, &amount, expiring).await;
        make_grant(app, &customer, "1000", json!({})).await;
        for _ in 0..number % 4 {
            draw(app, &customer, "1", json!({})).await;
        }
        customers.push(customer);
    }
    customers
}

async fn alone(app: &TestApp, customers: &[String]) -> Vec<Value> {
    let mut pages = Vec::new();
    for id in customers {
        pages.push(query(app, &page(), json!({ "id": id })).await);
    }
    pages
}

async fn at_once(app: &TestApp, customers: &[String]) -> Vec<Vec<Value>> {
    let page = &page();
    let asked = (0..ROUNDS * customers.len()).map(|n| {
        let id = &customers[n % customers.len()];
        async move { query(app, page, json!({ "id": id })).await }
    });
    let pages = join_all(asked).await;
    pages
        .chunks(customers.len())
        .map(<[Value]>::to_vec)
        .collect()
}

both_databases! {
    async fn queries_at_the_same_time_are_each_answered_as_if_alone(app: TestApp) {
        let customers = found(&app).await;
        let expected = alone(&app, &customers).await;
        for pages in at_once(&app, &customers).await {
            assert_eq!(pages, expected);
        }
    }
}

both_databases! {
    async fn what_is_due_for_some_is_posted_before_any_of_them_is_shown(app: TestApp) {
        let customers = found(&app).await;
        move_to(&app, &day(6));
        let shown = at_once(&app, &customers).await;
        let expected = alone(&app, &customers).await;
        for (number, page) in (1..).zip(&expected) {
            let newest = &page["customer"]["ledgerEntries"]["nodes"][0]["kind"];
            assert_eq!(newest == "EXPIRATION", number % 2 == 0, "{page}");
        }
        for pages in shown {
            assert_eq!(pages, expected);
        }
    }
}

both_databases! {
    async fn with_the_token_of_a_customer_one_sees_that_one_only_whoever_asks_beside(app: TestApp) {
        let customers = found(&app).await;
        let mut tokens = Vec::new();
        for id in &customers {
            let input = json!({ "customerId": id, "expiresIn": 600 });
            let document = "mutation($input: CreateCustomerTokenInput!) { \
                            createCustomerToken(input: $input) { token userErrors { code } } }";
            let answer = query(&app, document, json!({ "input": input })).await;
            tokens.push(text(&answer["createCustomerToken"]["token"]));
        }
        let expected = alone(&app, &customers).await;
        let (page, app) = (&page(), &app);
        // Everyone asks for everyone.
        let asked = (0..CUSTOMERS * CUSTOMERS).map(|n| {
            let (who, whom) = (n / CUSTOMERS, n % CUSTOMERS);
            let (token, id) = (&tokens[who], &customers[whom]);
            async move {
                let answer = app.graphql_as(Some(token), page, json!({ "id": id })).await;
                (who == whom, whom, answer)
            }
        });
        for (own, whom, (_, answer)) in join_all(asked).await {
            let shown = &answer["data"];
            if own {
                assert_eq!(*shown, expected[whom]);
            } else {
                assert_eq!(*shown, json!({ "customer": null }));
            }
        }
    }
}
