//! A company whose customers all have the same: two grants, of which one has rolled over, a
//! contract, a credit of two segments, and drawdowns on all of them.

use chrono::Duration;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::TestApp;
use crate::api::api_helpers::{USD, batch, day, draw_input, ids, ok, query, text};

/// Customers that are made at the same time.
const AT_ONCE: usize = 16;

/// One customer, and what it has.
pub struct Customer {
    pub id: String,
    pub contract: String,
    /// The one that ends, what it rolls over into, the one in the own unit.
    pub grants: Vec<String>,
    pub credit: String,
    pub drawdowns: Vec<String>,
    pub entries: Vec<String>,
    pub events: Vec<String>,
}

/// All customers, and what they share.
pub struct Company {
    pub customers: Vec<Customer>,
    pub unit: String,
    pub product: String,
}

impl Company {
    /// Founds it; eleven days later it is looked at.
    pub async fn found(app: &TestApp, customers: usize) -> Self {
        let unit = ok(
            app,
            "createCreditType",
            json!({ "name": "tokens", "scale": 0 }),
        )
        .await;
        let product = ok(
            app,
            "createProduct",
            json!({ "name": "api", "tags": ["a"] }),
        )
        .await;
        let (unit, product) = (text(&unit["id"]), text(&product["id"]));
        let made = stream::iter(0..customers).map(|number| settle_in(app, number, &unit, &product));
        let made: Vec<(String, String)> = made.buffered(AT_ONCE).collect().await;
        app.advance(Duration::days(11));
        let looks = made
            .into_iter()
            .map(|(id, contract)| look_at(app, id, contract));
        let looks = stream::iter(looks).buffered(AT_ONCE);
        let customers = looks.map(Ok::<_, ()>).try_collect().await;
        Self {
            customers: customers.expect("all of them"),
            unit,
            product,
        }
    }

    /// Ids of the first so many customers.
    pub fn ids(&self, count: usize) -> Vec<&str> {
        self.first(count, |customer| std::slice::from_ref(&customer.id))
    }

    /// What the first so many customers have.
    pub fn first<'a>(
        &'a self,
        count: usize,
        of: impl Fn(&'a Customer) -> &'a [String],
    ) -> Vec<&'a str> {
        let customers = &self.customers[..count];
        customers.iter().flat_map(of).map(String::as_str).collect()
    }
}

/// Makes a customer with all it has. Answers its id and its contract's.
async fn settle_in(app: &TestApp, number: usize, unit: &str, product: &str) -> (String, String) {
    let input = json!({ "name": format!("c{number}"), "externalId": format!("x{number}") });
    let customer = text(&ok(app, "createCustomer", input).await["id"]);
    let input = json!({ "customerId": customer, "startingAt": day(0) });
    let contract = text(&ok(app, "createContract", input).await["id"]);
    let rollover =
        json!({ "kind": "MAX_AMOUNT", "value": "50", "priority": 1, "expiresAt": day(400) });
    let grants = json!([
        { "customerId": customer, "name": "ends", "grantAmount": { "amount": "100" },
          "expiresAt": day(10), "productIds": [product], "rollover": rollover },
        { "customerId": customer, "name": "tokens",
          "grantAmount": { "amount": "1000", "creditTypeId": unit } },
    ]);
    for made in batch(app, "createCreditGrantBatch", grants).await {
        assert_eq!(made["userErrors"], json!([]));
    }
    let segments = json!([
        { "amount": "20", "startingAt": day(0), "endingBefore": day(60) },
        { "amount": "20", "startingAt": day(30), "endingBefore": day(90) },
    ]);
    let credit = json!({ "customerId": customer, "contractId": contract, "productId": product,
        "priority": 1, "accessSchedule": { "segments": segments }, "applicableProductIds": [product],
        "applicableContractIds": [contract] });
    ok(app, "createCredit", credit).await;
    let usage = json!({ "productId": product, "contractId": contract });
    let held = json!({ "creditTypeId": unit, "hold": true, "holdExpiresAt": day(6) });
    let draws = json!([
        // More than the credit has: the grant pays the rest.
        draw_input(&customer, "15", usage.clone()),
        draw_input(&customer, "10", usage),
        draw_input(&customer, "3", json!({ "creditTypeId": unit })),
        draw_input(&customer, "2", held),
    ]);
    for made in batch(app, "drawDownBatch", draws).await {
        assert_eq!(made["userErrors"], json!([]));
    }
    (customer, contract)
}

/// Finds out what a customer has by now.
async fn look_at(app: &TestApp, id: String, contract: String) -> Customer {
    let document = "query ($id: ID!) { customer(id: $id) { creditGrants { nodes { id } } \
                    credits { nodes { id } } drawdowns { nodes { id } } \
                    ledgerEntries { nodes { id } } } \
                    events(filter: { customerIds: [$id] }, first: 100) { nodes { id } } }";
    let found = query(app, document, json!({ "id": id })).await;
    let of = |list: &str| -> Vec<String> { ids(&found["customer"][list]["nodes"]) };
    let customer = Customer {
        contract,
        grants: of("creditGrants"),
        credit: of("credits").remove(0),
        drawdowns: of("drawdowns"),
        entries: of("ledgerEntries"),
        events: ids(&found["events"]["nodes"]),
        id,
    };
    assert_eq!(customer.grants.len(), 3, "one has rolled over");
    assert_eq!(customer.drawdowns.len(), 4);
    customer
}

/// The variables of every query of the company's first so many customers.
pub fn variables(company: &Company, count: usize) -> Value {
    let one_of_each = |customer: &Customer| {
        let (entry, event) = (&customer.entries[0], &customer.events);
        let drawdown = &customer.drawdowns[0];
        let of_rows = [event[0].clone(), event[event.len() - 1].clone()];
        let [first, last] = of_rows;
        [
            customer.id.clone(),
            customer.contract.clone(),
            customer.grants[0].clone(),
            customer.credit.clone(),
            drawdown.clone(),
            entry.clone(),
            first,
            last,
            company.product.clone(),
            USD.to_owned(),
        ]
    };
    let nodes = company.customers[..count.min(10)]
        .iter()
        .flat_map(one_of_each);
    json!({
        "n": count,
        "customers": company.ids(count),
        "few": company.ids(count.min(4)),
        "grants": company.first(count.min(33), |customer| &customer.grants),
        "unit": company.unit,
        "nodes": nodes.collect::<Vec<_>>(),
        "then": day(5),
        "soon": day(40),
    })
}
