//! A ledger that random commands fill, under a clock that is moved by hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::clock::{Clock, IdSource};
use domain::grant::RolloverKind;
use domain::instant::DAY;
use domain::{
    ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DecimalText, DrawdownId,
    Instant, ProductId,
};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;

use super::super::BalanceRow;
use crate::ledger::caller::{Caller, Role};
use crate::ledger::command::Command;
use crate::ledger::command::input::*;
use crate::ledger::{Ledger, Options, Outcome, Settings};

const START: i64 = 1_800_000_000_000_000;

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}

struct Counter(AtomicU64);

impl IdSource for Counter {
    fn next(&self, at: Instant) -> Uuid {
        let millis = u128::try_from(at.0.div_euclid(1000)).unwrap_or_default();
        let number = self.0.fetch_add(2, Ordering::SeqCst);
        Uuid::from_u128((millis << 80) | (7 << 76) | (2 << 62) | u128::from(number))
    }
}

pub(super) struct World {
    pub(super) ledger: Ledger,
    clock: Arc<Hands>,
    pub(super) random: StdRng,
    caller: Caller,
    pub(super) customers: Vec<CustomerId>,
    pub(super) units: Vec<CreditTypeId>,
    pub(super) product: ProductId,
    pub(super) contract: ContractId,
    pub(super) grants: Vec<CreditGrantId>,
    pub(super) credits: Vec<CreditId>,
    pub(super) drawdowns: Vec<DrawdownId>,
    keys: u64,
    /// Gone with the world.
    folder: Option<tempfile::TempDir>,
}

pub(super) type Snapshot = (Instant, HashMap<CustomerId, Vec<BalanceRow>>);

impl World {
    async fn new(url: &str, seed: u64) -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(START)));
        let ledger = Ledger::open(Options {
            database_url: url.to_owned(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(Counter(AtomicU64::new(2))),
            settings: Settings::default(),
        })
        .await
        .expect("opens");
        let mut world = Self {
            ledger,
            clock,
            random: StdRng::seed_from_u64(seed),
            caller: Caller {
                name: "tester".into(),
                role: Role::Admin,
                customer: None,
                until: None,
                key_id: None,
            },
            customers: Vec::new(),
            units: vec![CreditTypeId::USD],
            product: ProductId(Uuid::nil()),
            contract: ContractId(Uuid::nil()),
            grants: Vec::new(),
            credits: Vec::new(),
            drawdowns: Vec::new(),
            keys: 0,
            folder: None,
        };
        world.furnish().await;
        world
    }

    async fn furnish(&mut self) {
        let names = ["Müller & Söhne", "Acme 100%", "mueller_[x]", "Émile"];
        for (index, name) in names.into_iter().enumerate() {
            let customer = self.must(CreateCustomer {
                extra: Default::default(),
                name: name.to_owned(),
                external_id: Some(format!("EXT-{index}")),
                custom_fields: None,
                test_clock_id: None,
            });
            let customer = CustomerId(customer.await.object_id);
            self.customers.push(customer);
        }
        let unit = self.must(CreateCreditType {
            name: "tokens".to_owned(),
            is_currency: false,
            currency: None,
            currency_exponent: None,
            scale: 0,
            burn_down_order: None,
        });
        let unit = CreditTypeId(unit.await.object_id);
        self.units.push(unit);
        let product = self.must(CreateProduct {
            extra: Default::default(),
            name: "product".to_owned(),
            tags: Vec::new(),
        });
        self.product = ProductId(product.await.object_id);
        let contract = self.must(CreateContract {
            extra: Default::default(),
            customer_id: self.customers[0],
            name: None,
            starting_at: Instant(START),
            ending_before: None,
        });
        self.contract = ContractId(contract.await.object_id);
    }

    async fn must(&mut self, command: impl Into<Command> + Send) -> Outcome {
        self.wait(1_000);
        let ledger = self.ledger.clone();
        let outcome = ledger.execute(&self.caller, command, None).await;
        outcome.expect("is allowed")
    }

    /// Carries a command out, if the rules let it.
    async fn may(&mut self, command: impl Into<Command> + Send) -> Option<Uuid> {
        self.keys += 1;
        let key = Some(format!("k{}", self.keys));
        let outcome = self.ledger.execute(&self.caller, command, key).await;
        outcome.ok().map(|outcome| outcome.object_id)
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(super) fn wait(&self, micros: i64) {
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
    }

    fn any<T: Copy>(&mut self, of: impl Fn(&Self) -> &Vec<T>) -> Option<T> {
        let length = of(self).len();
        (length > 0).then(|| {
            let index = self.random.random_range(0..length);
            of(self)[index]
        })
    }

    /// Some days from now, to the hour.
    fn days(&mut self, from: i64, to: i64) -> Instant {
        let hours = self.random.random_range(from * 24..to * 24);
        self.now().plus_micros(hours * DAY / 24)
    }

    pub(super) async fn act(&mut self) {
        let customer_id = self.any(|world| &world.customers).expect("some");
        let unit = self.any(|world| &world.units).expect("some");
        let amount = DecimalText::whole(self.random.random_range(1..200));
        let plenty = DecimalText::whole(self.random.random_range(300..1500));
        match self.random.random_range(0..100) {
            0..12 => self.grant(customer_id, unit, plenty).await,
            12..18 => self.credit(customer_id, unit, plenty).await,
            18..70 => {
                let hold = self.random.random_bool(0.4);
                let late = self.random.random_bool(0.3);
                let effective_at = if late { Some(self.days(-20, 0)) } else { None };
                let until = self.days(1, 6);
                let drawdown = self.may(DrawDown {
                    customer_id,
                    amount,
                    credit_type_id: unit,
                    partial: true,
                    hold,
                    hold_expires_at: hold.then_some(until),
                    product_id: None,
                    contract_id: None,
                    pricing_group_values: None,
                    presentation_group_values: None,
                    effective_at,
                    invoice_id: late.then(|| "I-1".to_owned()),
                    reason: None,
                    metadata: None,
                });
                let drawdown = drawdown.await.map(DrawdownId);
                self.drawdowns.extend(drawdown);
            }
            70..90 => self.settle_a_drawdown().await,
            90..94 => self.void_a_grant().await,
            94..97 => {
                if let Some(id) = self.any(|world| &world.grants) {
                    let expires_at = Some(self.days(-3, 20));
                    self.may(EditCreditGrant {
                        id,
                        name: None,
                        expires_at,
                        never_expires: false,
                        grant_type: None,
                        reason: None,
                        custom_fields: None,
                    })
                    .await;
                }
            }
            _ => {
                if let Some(id) = self.any(|world| &world.credits) {
                    let ending_before = self.days(-3, 5);
                    self.may(EndCredit {
                        id,
                        ending_before,
                        reason: None,
                    })
                    .await;
                }
            }
        }
    }

    async fn void_a_grant(&mut self) {
        if let Some(id) = self.any(|world| &world.grants) {
            self.may(VoidCreditGrant {
                id,
                reason: None,
                release_uniqueness_key: false,
                void_purchase_invoice: false,
                remainder_only: true,
                once_more: false,
                unless_over: false,
            })
            .await;
        }
    }

    async fn grant(&mut self, customer_id: CustomerId, unit: CreditTypeId, amount: DecimalText) {
        let effective_at = Some(self.days(-5, 5));
        let expires_at = Some(self.days(6, 30));
        let rolls = self.random.random_bool(0.4);
        let number = self.grants.len();
        let later = self.days(31, 60);
        let grant = self.may(CreateCreditGrant {
            customer_id,
            name: format!("grant {number}"),
            grant_amount: AmountInput {
                amount,
                credit_type_id: unit,
            },
            paid_amount: None,
            category: None,
            priority: 50.0,
            effective_at,
            expires_at,
            invoice_date: None,
            invoice_id: None,
            product_ids: Vec::new(),
            rollover: rolls.then(|| RolloverInput {
                kind: RolloverKind::MaxPercentage,
                value: DecimalText::parse("0.3").expect("a decimal"),
                priority: 1.0,
                expires_at: later,
            }),
            reason: None,
            grant_type: None,
            custom_fields: None,
            uniqueness_key: Some(format!("u{number}")),
        });
        let grant = grant.await.map(CreditGrantId);
        self.grants.extend(grant);
    }

    async fn credit(&mut self, customer_id: CustomerId, unit: CreditTypeId, amount: DecimalText) {
        let at_contract = customer_id == self.customers[0] && self.random.random_bool(0.5);
        let segments = (0..self.random.random_range(1..4))
            .map(|_| SegmentInput {
                amount,
                starting_at: self.days(-5, 10),
                ending_before: Some(self.days(11, 30)),
            })
            .collect();
        let credit = self.may(CreateCredit {
            details: None,
            customer_id,
            contract_id: at_contract.then_some(self.contract),
            product_id: self.product,
            priority: 10.0,
            access_schedule: AccessScheduleInput {
                credit_type_id: unit,
                segments,
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
        });
        let credit = credit.await.map(CreditId);
        self.credits.extend(credit);
    }

    async fn settle_a_drawdown(&mut self) {
        let Some(id) = self.any(|world| &world.drawdowns) else {
            return;
        };
        let customer_id = None;
        match self.random.random_range(0..4) {
            0 => {
                self.may(ReleaseDrawdown {
                    id,
                    customer_id,
                    reason: None,
                })
                .await
            }
            1 => {
                self.may(CaptureDrawdown {
                    id,
                    customer_id,
                    amount: None,
                    reason: None,
                })
                .await
            }
            2 => {
                self.may(CaptureDrawdown {
                    id,
                    customer_id,
                    amount: Some(DecimalText::whole(1)),
                    reason: None,
                })
                .await
            }
            _ => {
                self.may(ReverseDrawdown {
                    id,
                    customer_id,
                    amount: Some(DecimalText::whole(1)),
                    extend: false,
                    reason: None,
                })
                .await
            }
        };
    }

    pub(super) async fn balances(&self, at: Option<Instant>, known: Option<Instant>) -> Snapshot {
        let read = self.ledger.read();
        let balances = read.balances(&self.customers, at, known).await;
        (self.now(), balances.expect("balances"))
    }
}

/// The databases at hand: a scratch SQLite file, and PostgreSQL where `READ_TEST_DATABASE_URL`
/// names an empty database.
pub(super) async fn worlds(seed: u64) -> Vec<World> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("t.db");
    let sqlite = format!("sqlite://{}?mode=rwc", file.display());
    let mut world = World::new(&sqlite, seed).await;
    world.folder = Some(folder);
    let mut worlds = vec![world];
    if let Ok(url) = std::env::var("READ_TEST_DATABASE_URL") {
        worlds.push(World::new(&url, seed).await);
    }
    worlds
}
