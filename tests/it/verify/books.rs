//! Books with something of everything in them.

mod credits;
mod grants;

use std::sync::OnceLock;

use domain::burn::BurnDownKey;
use domain::custom_field::FieldEntity;
use domain::{
    ContractId, CreditId, CreditTypeId, CustomerId, DecimalText, DrawdownId, Instant, ProductId,
    TestClockId,
};
use entity::segment;
use scrip::ledger::command::input::*;
use scrip::ledger::{Caller, Command, Outcome, Role};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::support::TestApp;

const DAY: i64 = 86_400_000_000;

fn amount(text: &str) -> DecimalText {
    DecimalText::parse(text).expect("a decimal")
}

fn usd(text: &str) -> AmountInput {
    AmountInput {
        amount: amount(text),
        credit_type_id: CreditTypeId::USD,
    }
}

/// An app whose books are being filled.
pub struct Author<'a> {
    app: &'a TestApp,
    start: Instant,
    cast: OnceLock<Cast>,
}

/// What the parts of the story share.
#[derive(Clone, Copy, Debug)]
struct Cast {
    acme: CustomerId,
    tokens: CreditTypeId,
    api: ProductId,
    contract: ContractId,
    ended: ContractId,
}

impl<'a> Author<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        let start = app.ledger().now();
        Self {
            app,
            start,
            cast: OnceLock::new(),
        }
    }

    /// Writes books with every kind of object and entry, and posts what is due.
    pub async fn write(&self) {
        let cast = self.house().await;
        self.cast.set(cast).expect("written once");
        self.grants(cast).await;
        self.credits(cast).await;
        self.spend(cast).await;
        self.later(cast).await;
        let accounts = [CreditTypeId::USD, cast.tokens].map(|unit| (cast.acme, unit));
        self.app.ledger().settle(&accounts).await.expect("settled");
    }

    fn day(&self, days: i64) -> Instant {
        self.start.plus_micros(days * DAY)
    }

    fn go_to(&self, days: i64) {
        let now = chrono::DateTime::from_timestamp_micros(self.day(days).0);
        self.app.set_now(now.expect("an instant"));
    }

    async fn order(&self, command: impl Into<Command> + Send, key: Option<&str>) -> Outcome {
        let caller = Caller {
            name: "tester".into(),
            role: Role::Admin,
            customer: None,
            until: None,
            key_id: None,
        };
        let command = command.into();
        let told = format!("{command:?}");
        let key = key.map(str::to_owned);
        let done = self.app.ledger().execute(&caller, command, key).await;
        done.unwrap_or_else(|refusal| panic!("{told}: {refusal:?}"))
    }

    async fn segments_of(&self, id: CreditId) -> Vec<segment::Model> {
        segment::Entity::find()
            .filter(segment::Column::CreditId.eq(id.0))
            .order_by_asc(segment::Column::StartsAt)
            .all(self.app.ledger().database())
            .await
            .expect("segments")
    }

    async fn customer(&self, name: &str, external_id: Option<&str>, key: &str) -> CustomerId {
        let command = CreateCustomer {
            extra: CustomerExtra {
                ingest_aliases: Some(vec![format!("{name}@example.com")]),
                details: Some(json!({ "billing": name })),
            },
            name: name.to_owned(),
            external_id: external_id.map(str::to_owned),
            custom_fields: Some(json!({ "tier": name })),
            test_clock_id: None,
        };
        CustomerId(self.order(command, Some(key)).await.object_id)
    }

    async fn house(&self) -> Cast {
        let known = AddCustomFieldKey {
            entity: FieldEntity::Customer,
            key: "tier".to_owned(),
            enforce_uniqueness: true,
        };
        self.order(known, Some("f1")).await;
        let acme = self.customer("Acme", Some("acme"), "c1").await;
        let globex = self.customer("Globex", Some("globex"), "c2").await;
        self.customer("Initech", None, "c3").await;
        self.timed().await;
        let update = UpdateCustomer {
            extra: Default::default(),
            id: globex,
            name: None,
            external_id: Some("globex-2".to_owned()),
            custom_fields: None,
        };
        self.order(update, Some("u1")).await;
        self.order(ArchiveCustomer { id: globex }, Some("a1")).await;
        let unit = CreateCreditType {
            name: "tokens".to_owned(),
            is_currency: false,
            currency: None,
            currency_exponent: None,
            scale: 2,
            burn_down_order: Some(vec![BurnDownKey::ExpiresFirst, BurnDownKey::Priority]),
        };
        let tokens = CreditTypeId(self.order(unit, Some("t1")).await.object_id);
        let product = |name: &str| CreateProduct {
            extra: Default::default(),
            name: name.to_owned(),
            tags: vec!["metered".to_owned(), name.to_owned()],
        };
        let api = ProductId(self.order(product("api"), Some("p1")).await.object_id);
        let old = ProductId(self.order(product("old"), Some("p2")).await.object_id);
        let update = UpdateProduct {
            extra: Default::default(),
            id: old,
            name: None,
            tags: None,
            archived: Some(true),
        };
        self.order(update, Some("p3")).await;
        let contract = |name: &str, end: i64| CreateContract {
            extra: ContractExtra {
                uniqueness_key: Some(format!("contract {name}")),
                ..ContractExtra::default()
            },
            customer_id: acme,
            name: Some(name.to_owned()),
            starting_at: self.day(0),
            ending_before: Some(self.day(end)),
        };
        let first = self.order(contract("first", 700), Some("k1")).await;
        let second = self.order(contract("second", 400), Some("k2")).await;
        Cast {
            acme,
            tokens,
            api,
            contract: ContractId(first.object_id),
            ended: ContractId(second.object_id),
        }
    }

    /// A customer ahead of its time, on a test clock; and a clock that was deleted.
    async fn timed(&self) {
        let clock = |name: &str| CreateTestClock {
            name: Some(name.to_owned()),
            frozen_time: self.day(100),
        };
        let id = TestClockId(self.order(clock("one"), Some("tc1")).await.object_id);
        let customer = CreateCustomer {
            name: "Timed".to_owned(),
            external_id: None,
            custom_fields: None,
            test_clock_id: Some(id),
            extra: CustomerExtra::default(),
        };
        self.order(customer, Some("tc2")).await;
        let advance = AdvanceTestClock {
            id,
            frozen_time: self.day(900),
            days_max: None,
        };
        self.order(advance, Some("tc3")).await;
        let id = TestClockId(self.order(clock("other"), Some("tc4")).await.object_id);
        self.order(DeleteTestClock { id }, Some("tc5")).await;
    }

    fn draw(&self, cast: Cast, value: &str) -> DrawDown {
        DrawDown {
            customer_id: cast.acme,
            amount: amount(value),
            credit_type_id: CreditTypeId::USD,
            partial: false,
            hold: false,
            hold_expires_at: None,
            product_id: Some(cast.api),
            contract_id: None,
            pricing_group_values: None,
            presentation_group_values: None,
            effective_at: None,
            invoice_id: None,
            reason: None,
            metadata: None,
        }
    }

    async fn make_draw(&self, draw: DrawDown, key: &str) -> DrawdownId {
        DrawdownId(self.order(draw, Some(key)).await.object_id)
    }

    async fn hold(&self, cast: Cast, value: &str, until: i64, key: &str) -> DrawdownId {
        let hold = DrawDown {
            hold: true,
            hold_expires_at: Some(self.day(until)),
            ..self.draw(cast, value)
        };
        self.make_draw(hold, key).await
    }

    async fn spend(&self, cast: Cast) {
        let posted = DrawDown {
            contract_id: Some(cast.contract),
            pricing_group_values: Some(json!({ "region": "eu" })),
            invoice_id: Some("bill-1".to_owned()),
            reason: Some("usage".to_owned()),
            metadata: Some(json!({ "job": "x" })),
            ..self.draw(cast, "70")
        };
        let posted = self.make_draw(posted, "w1").await;
        let reverse = |id, value: &str, extend| ReverseDrawdown {
            id,
            customer_id: None,
            amount: Some(amount(value)),
            extend,
            reason: Some("a complaint".to_owned()),
        };
        self.order(reverse(posted, "12.5", false), Some("w2")).await;
        let partial = DrawDown {
            credit_type_id: cast.tokens,
            partial: true,
            ..self.draw(cast, "50")
        };
        self.make_draw(partial, "w3").await;
        let captured = self.hold(cast, "30", 5, "w4").await;
        let capture = CaptureDrawdown {
            id: captured,
            customer_id: Some(cast.acme),
            amount: Some(amount("10.75")),
            reason: Some("done".to_owned()),
        };
        self.order(capture, Some("w5")).await;
        let released = self.hold(cast, "4", 5, "w6").await;
        let release = ReleaseDrawdown {
            id: released,
            customer_id: None,
            reason: None,
        };
        self.order(release, Some("w7")).await;
        self.hold(cast, "6", 8, "lapses").await;
        self.hold(cast, "3", 45, "stays").await;
        let lasting = segment::Entity::find()
            .filter(segment::Column::CustomerId.eq(cast.acme.0))
            .filter(segment::Column::Started.eq(true))
            .filter(segment::Column::EndsAt.is_null())
            .filter(segment::Column::VoidedAt.is_null())
            .filter(segment::Column::CreditGrantId.is_not_null())
            .one(self.app.ledger().database())
            .await
            .expect("a segment")
            .expect("a segment");
        for (value, key) in [("5", "m1"), ("-2.5", "m2")] {
            let entry = AddManualLedgerEntry {
                uniqueness_key: None,
                segment_id: lasting.id,
                amount: amount(value),
                reason: "by hand".to_owned(),
                effective_at: (key == "m2").then(|| self.day(2)),
            };
            self.order(entry, Some(key)).await;
        }
    }

    /// What time brings: lapses, ends, rollovers; then late usage and a reversal into what is over.
    async fn later(&self, cast: Cast) {
        self.go_to(25);
        let early = self.make_draw(self.draw(cast, "9"), "w8").await;
        self.go_to(42);
        let late = DrawDown {
            effective_at: Some(self.day(15)),
            pricing_group_values: Some(json!({ "region": "eu" })),
            ..self.draw(cast, "60")
        };
        self.make_draw(late, "late").await;
        let reverse = ReverseDrawdown {
            id: early,
            customer_id: None,
            amount: None,
            extend: true,
            reason: None,
        };
        self.order(reverse, None).await;
        let used = self.grant(cast, "used", "1000", None);
        let used = CreateCreditGrant {
            priority: 0.0,
            ..used
        };
        let used = self.make_grant(used, None).await;
        let posted = self.make_draw(self.draw(cast, "900"), "w9").await;
        let void = VoidCreditGrant {
            id: used,
            reason: None,
            release_uniqueness_key: false,
            void_purchase_invoice: true,
            remainder_only: true,
            once_more: false,
            unless_over: false,
        };
        self.order(void, None).await;
        let reverse = ReverseDrawdown {
            id: posted,
            customer_id: None,
            amount: Some(amount("100")),
            extend: false,
            reason: None,
        };
        self.order(reverse, None).await;
    }

    /// Spends a little many times over, at once, on all that is there.
    pub async fn spend_on(&self, wave: usize, times: usize) {
        let cast = self.cast.get().copied().expect("written books");
        let all = (0..times).map(async |index| {
            let key = format!("more-{wave}-{index}");
            let draw = match index % 3 {
                0 => self.hold(cast, "0.02", 45, &key).await,
                _ => self.make_draw(self.draw(cast, "0.01"), &key).await,
            };
            if index % 3 == 1 {
                let reverse = ReverseDrawdown {
                    id: draw,
                    customer_id: None,
                    amount: None,
                    extend: false,
                    reason: None,
                };
                self.order(reverse, None).await;
            }
        });
        futures_util::future::join_all(all).await;
    }
}
