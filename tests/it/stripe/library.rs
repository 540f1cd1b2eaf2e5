//! A client library as it is, with nothing but the address changed: async-stripe, which refuses
//! every answer that misses a required field or has one of the wrong type.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use serde_json::json;
use stripe::{
    ApiErrorsType, Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError,
    StripeRequest,
};
use stripe_billing::billing_credit_balance_summary::{
    RetrieveForMyAccountBillingCreditBalanceSummary as Summary,
    RetrieveForMyAccountBillingCreditBalanceSummaryFilter as Filter,
    RetrieveForMyAccountBillingCreditBalanceSummaryFilterApplicabilityScope as FilterScope,
    RetrieveForMyAccountBillingCreditBalanceSummaryFilterApplicabilityScopePriceType as FilterPriceType,
    RetrieveForMyAccountBillingCreditBalanceSummaryFilterType as FilterType,
};
use stripe_billing::billing_credit_balance_transaction::{
    ListBillingCreditBalanceTransaction, RetrieveBillingCreditBalanceTransaction,
};
use stripe_billing::billing_credit_grant::{
    CreateBillingCreditGrant, CreateBillingCreditGrantAmount as Amount,
    CreateBillingCreditGrantAmountMonetary as Monetary,
    CreateBillingCreditGrantAmountType as AmountType,
    CreateBillingCreditGrantApplicabilityConfig as Config,
    CreateBillingCreditGrantApplicabilityConfigScope as Scope,
    CreateBillingCreditGrantApplicabilityConfigScopePriceType as PriceType,
    CreateBillingCreditGrantApplicabilityConfigScopePrices as Price, ExpireBillingCreditGrant,
    ListBillingCreditGrant, RetrieveBillingCreditGrant, UpdateBillingCreditGrant,
    VoidGrantBillingCreditGrant,
};
use stripe_core::customer::{
    CreateCustomer, DeleteCustomer, ListCustomer, RetrieveCustomer, UpdateCustomer,
};
use stripe_types::Currency;

use super::balances::our_id;
use super::grants::draw;
use crate::support::{TestApp, both_databases};

fn client(app: &TestApp) -> Client {
    let builder = ClientBuilder::new(app.admin()).url(format!("{}/stripe/", app.url()));
    builder.build().expect("a client")
}

fn amount(cents: i64) -> Amount {
    let mut amount = Amount::new(AmountType::Monetary);
    amount.monetary = Some(Monetary::new(Currency::USD, cents));
    amount
}

fn metered() -> Config {
    let mut scope = Scope::new();
    scope.price_type = Some(PriceType::Metered);
    Config::new(scope)
}

fn priced(ids: &[&str]) -> Config {
    let mut scope = Scope::new();
    scope.prices = Some(ids.iter().map(|id| Price::new(*id)).collect());
    Config::new(scope)
}

/// Status, type, code and param of a refusal.
fn refused<T: std::fmt::Debug>(
    answer: Result<T, StripeError>,
) -> (u16, ApiErrorsType, String, String) {
    match answer {
        Err(StripeError::Stripe(error, status)) => (
            status,
            error.type_,
            error.code.map(|code| code.to_string()).unwrap_or_default(),
            error.param.unwrap_or_default(),
        ),
        other => panic!("not refused by the server: {other:?}"),
    }
}

both_databases! {
    async fn the_library_walks_through_the_life_of_grants(app: TestApp) {
        let client = client(&app);
        let ada = CreateCustomer::new().name("Ada").email("a@b.c").send(&client).await.expect("made");
        let id = ada.id.to_string();
        let now = app.now().timestamp();
        let wide = CreateBillingCreditGrant::new(amount(1000), metered())
            .customer(&*id).name("wide").priority(10_i64).expires_at(now + 1000)
            .metadata(HashMap::from([("order id".to_owned(), "42".to_owned())]))
            .send(&client).await.expect("made");
        assert_eq!(wide.amount.monetary.as_ref().map(|money| money.value), Some(1000));
        assert_eq!((wide.created, wide.expires_at), (now, Some(now + 1000)));
        let narrow = CreateBillingCreditGrant::new(amount(500), priced(&["price_1", "price_2"]))
            .customer(&*id).send(&client).await.expect("made");
        let prices = narrow.applicability_config.scope.prices.expect("prices");
        assert_eq!(prices.len(), 2);

        let again = RetrieveBillingCreditGrant::new(wide.id.clone())
            .expand(vec!["customer".to_owned()]).send(&client).await.expect("there");
        let owner = again.customer.as_object().expect("expanded");
        assert_eq!(owner.email.as_deref(), Some("a@b.c"));
        let moved = UpdateBillingCreditGrant::new(wide.id.clone()).expires_at(now + 2000)
            .send(&client).await.expect("moved");
        assert_eq!(moved.expires_at, Some(now + 2000));

        draw(&app, &our_id(&app, "Ada").await, "300", json!({ "invoiceId": "in_1" })).await;
        let mut all = FilterScope::new();
        all.price_type = Some(FilterPriceType::Metered);
        let mut filter = Filter::new(FilterType::ApplicabilityScope);
        filter.applicability_scope = Some(all);
        let summary = Summary::new(filter).customer(&*id).send(&client).await.expect("a summary");
        let left = summary.balances[0].available_balance.monetary.as_ref().map(|money| money.value);
        assert_eq!(left, Some(1200));
        let mut filter = Filter::new(FilterType::CreditGrant);
        filter.credit_grant = Some(wide.id.to_string());
        let summary = Summary::new(filter).customer(&*id).send(&client).await.expect("a summary");
        let left = summary.balances[0].ledger_balance.monetary.as_ref().map(|money| money.value);
        assert_eq!(left, Some(700));

        let void = VoidGrantBillingCreditGrant::new(wide.id.clone()).send(&client).await;
        let (status, kind, ..) = refused(void);
        assert_eq!((status, kind), (400, ApiErrorsType::InvalidRequestError));
        let ended = ExpireBillingCreditGrant::new(wide.id.clone()).send(&client).await.expect("ended");
        assert_eq!(ended.expires_at, Some(now));
        let voided = VoidGrantBillingCreditGrant::new(narrow.id.clone()).send(&client).await;
        assert_eq!(voided.expect("voided").voided_at, Some(now));

        let rows: Vec<_> = ListBillingCreditBalanceTransaction::new().customer(&*id).limit(2_i64)
            .paginate().stream(&client).try_collect().await.expect("rows");
        assert_eq!(rows.len(), 5);
        for row in rows {
            RetrieveBillingCreditBalanceTransaction::new(row.id).send(&client).await.expect("a row");
        }
        UpdateCustomer::new(ada.id.clone()).description("x").send(&client).await.expect("changed");
        DeleteCustomer::new(ada.id.clone()).send(&client).await.expect("deleted");
        RetrieveCustomer::new(ada.id.clone()).send(&client).await.expect("a stub");
    }
}

both_databases! {
    async fn the_library_pages_to_the_end_and_raises_every_refusal(app: TestApp) {
        let client = client(&app);
        let mut made = Vec::new();
        for number in 0..5 {
            let name = format!("C{number}");
            let customer = CreateCustomer::new().name(name).send(&client).await.expect("made");
            made.push(customer.id.to_string());
        }
        made.reverse();
        let listed: Vec<_> = ListCustomer::new().limit(2_i64).paginate().stream(&client)
            .try_collect().await.expect("customers");
        let ids: Vec<String> = listed.iter().map(|customer| customer.id.to_string()).collect();
        assert_eq!(ids, made);
        let before = ListCustomer::new().limit(2_i64).ending_before(&*made[4]).send(&client).await;
        let before: Vec<String> = before.expect("a page").data.iter().map(|c| c.id.to_string()).collect();
        assert_eq!(before, made[2..4]);

        let invalid = ApiErrorsType::InvalidRequestError;
        let missing = RetrieveBillingCreditGrant::new("credgr_x").send(&client).await;
        assert_eq!(refused(missing), (404, invalid.clone(), "resource_missing".into(), "id".into()));
        let unknown = CreateBillingCreditGrant::new(amount(1), metered()).customer("cus_x").send(&client).await;
        assert_eq!(refused(unknown), (400, invalid.clone(), "resource_missing".into(), "customer".into()));
        let nothing = CreateBillingCreditGrant::new(amount(0), metered()).customer(&*made[0]).send(&client).await;
        let code = "parameter_invalid_integer".into();
        assert_eq!(refused(nothing), (400, invalid.clone(), code, "amount[monetary][value]".into()));
        let nobody = ClientBuilder::new("sk_test_wrong").url(format!("{}/stripe/", app.url())).build();
        let wrong = ListBillingCreditGrant::new().send(&nobody.expect("a client")).await;
        assert_eq!(refused(wrong), (401, invalid.clone(), String::new(), String::new()));
        let reader = ClientBuilder::new(app.key("READER").await).url(format!("{}/stripe/", app.url())).build();
        let forbidden = CreateCustomer::new().send(&reader.expect("a client")).await;
        assert_eq!(refused(forbidden).0, 403);
    }
}

both_databases! {
    async fn the_library_repeats_a_request_under_its_key(app: TestApp) {
        let client = client(&app);
        let ada = CreateCustomer::new().name("Ada").send(&client).await.expect("made");
        let strategy = || RequestStrategy::Idempotent(IdempotencyKey::new("k1").expect("a key"));
        let ask = |cents: i64| {
            CreateBillingCreditGrant::new(amount(cents), metered())
                .customer(ada.id.to_string()).customize().request_strategy(strategy())
        };
        let first = ask(100).send(&client).await.expect("made");
        let again = ask(100).send(&client).await.expect("repeated");
        assert_eq!(first.id, again.id);
        let (status, kind, ..) = refused(ask(200).send(&client).await);
        assert_eq!((status, kind), (400, ApiErrorsType::IdempotencyError));
    }
}
