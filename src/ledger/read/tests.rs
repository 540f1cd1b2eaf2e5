//! Reads against what they should answer, worked out the slow way, over a ledger that a good many
//! random commands have filled.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::clock::{Clock, IdSource};
use domain::grant::RolloverKind;
use domain::instant::DAY;
use domain::{
    ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DecimalText, DrawdownId,
    Instant, ProductId,
};
use entity::{event, ledger_entry};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::*;
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

struct World {
    ledger: Ledger,
    clock: Arc<Hands>,
    random: StdRng,
    caller: Caller,
    customers: Vec<CustomerId>,
    units: Vec<CreditTypeId>,
    product: ProductId,
    contract: ContractId,
    grants: Vec<CreditGrantId>,
    credits: Vec<CreditId>,
    drawdowns: Vec<DrawdownId>,
    keys: u64,
}

type Snapshot = (Instant, HashMap<CustomerId, Vec<BalanceRow>>);

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
            },
            customers: Vec::new(),
            units: vec![CreditTypeId::USD],
            product: ProductId(Uuid::nil()),
            contract: ContractId(Uuid::nil()),
            grants: Vec::new(),
            credits: Vec::new(),
            drawdowns: Vec::new(),
            keys: 0,
        };
        world.furnish().await;
        world
    }

    async fn furnish(&mut self) {
        let names = ["Müller & Söhne", "Acme 100%", "mueller_[x]", "Émile"];
        for (index, name) in names.into_iter().enumerate() {
            let customer = self.must(CreateCustomer {
                name: name.to_owned(),
                external_id: Some(format!("EXT-{index}")),
                custom_fields: None,
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
            name: "product".to_owned(),
            tags: Vec::new(),
        });
        self.product = ProductId(product.await.object_id);
        let contract = self.must(CreateContract {
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

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wait(&self, micros: i64) {
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

    async fn act(&mut self) {
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
            90..94 => {
                if let Some(id) = self.any(|world| &world.grants) {
                    self.may(VoidCreditGrant {
                        id,
                        reason: None,
                        release_uniqueness_key: false,
                        void_purchase_invoice: false,
                        remainder_only: true,
                    })
                    .await;
                }
            }
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

    async fn balances(&self, at: Option<Instant>, known: Option<Instant>) -> Snapshot {
        let read = self.ledger.read();
        let balances = read.balances(&self.customers, at, known).await;
        (self.now(), balances.expect("balances"))
    }
}

/// The databases at hand: a scratch SQLite file, and PostgreSQL where `READ_TEST_DATABASE_URL`
/// names an empty database.
async fn worlds(seed: u64) -> Vec<World> {
    let folder = tempfile::tempdir().expect("a folder").keep();
    let sqlite = format!("sqlite://{}?mode=rwc", folder.join("t.db").display());
    let mut worlds = vec![World::new(&sqlite, seed).await];
    if let Ok(url) = std::env::var("READ_TEST_DATABASE_URL") {
        worlds.push(World::new(&url, seed).await);
    }
    worlds
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_answer_what_a_look_at_all_rows_would() {
    let seed = std::env::var("READ_TEST_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    for mut world in worlds(seed).await {
        let mut snapshots: Vec<Snapshot> = Vec::new();
        for step in 0..400 {
            world.act().await;
            let hours = world.random.random_range(0..4);
            let target = world.now().plus_micros(1_000_000 + hours * DAY / 24);
            if step % 10 == 0 {
                let (_, expected) = world.balances(Some(target), None).await;
                world.wait(target.0 - world.now().0);
                let (_, found) = world.balances(None, None).await;
                assert_eq!(amounts(&found), amounts(&expected), "step {step}: to come");
            } else {
                world.wait(target.0 - world.now().0);
            }
            snapshots.push(world.balances(None, None).await);
            world.wait(1);
        }
        check_as_of(&world, &snapshots).await;
        check_entries(&world).await;
        check_grants_and_credits(&world).await;
        check_events(&world).await;
        check_the_rest(&world).await;
    }
}

type Amounts = Vec<(CustomerId, CreditTypeId, i64, i64, i64)>;

fn amounts(balances: &HashMap<CustomerId, Vec<BalanceRow>>) -> Amounts {
    let mut amounts: Amounts = balances
        .values()
        .flatten()
        .filter(|row| row.posted != 0 || row.scheduled != 0)
        .map(|row| {
            let of = (row.customer_id, row.credit_type_id);
            (of.0, of.1, row.posted, row.held, row.scheduled)
        })
        .collect();
    amounts.sort();
    amounts
}

async fn check_as_of(world: &World, snapshots: &[Snapshot]) {
    let entries = all_entries(world).await;
    for (at, then) in snapshots.iter().step_by(7) {
        let (_, found) = world.balances(Some(*at), Some(*at)).await;
        let known = |rows: &HashMap<CustomerId, Vec<BalanceRow>>| {
            let mut rows: Vec<_> = rows
                .values()
                .flatten()
                .filter(|row| row.sequence > 0)
                .map(|row| {
                    let of = (row.customer_id, row.credit_type_id);
                    (of, row.posted, row.held, row.sequence)
                })
                .collect();
            rows.sort();
            rows
        };
        assert_eq!(known(&found), known(then), "as of {at}, known then");
    }
    for (at, _) in snapshots.iter().step_by(11) {
        for (known, _) in snapshots.iter().step_by(37) {
            let (_, found) = world.balances(Some(*at), Some(*known)).await;
            for row in found.values().flatten() {
                let included = entries.iter().filter(|entry| {
                    entry.customer_id == row.customer_id
                        && entry.credit_type_id == row.credit_type_id
                        && entry.effective_at <= *at
                        && entry.recorded_at <= *known
                });
                let posted: i64 = included.clone().map(|entry| entry.amount).sum();
                let last = included.map(|entry| entry.sequence).max().unwrap_or(0);
                assert_eq!((row.posted, row.sequence), (posted, last), "{at} {known}");
            }
        }
    }
}

async fn all_entries(world: &World) -> Vec<ledger_entry::Model> {
    let all = ledger_entry::Entity::find();
    all.all(world.ledger.database()).await.expect("all entries")
}

/// Walks a list page by page in every direction; each time it must be the expected list.
async fn walk<T, F>(
    expected: &[String],
    what: &str,
    name: impl Fn(&T) -> String,
    ask: impl Fn(PageRequest) -> F,
) where
    F: Future<Output = Read<Page<T>>>,
{
    for (order, forward, size) in [
        (Order::OldestFirst, true, 7),
        (Order::OldestFirst, false, 11),
        (Order::NewestFirst, true, 13),
        (Order::NewestFirst, false, 9),
    ] {
        let mut seen: Vec<String> = Vec::new();
        let mut request = PageRequest {
            order,
            ..PageRequest::default()
        };
        loop {
            (request.first, request.last) = if forward {
                (Some(size), None)
            } else {
                (None, Some(size))
            };
            let page = ask(request.clone()).await.expect(what);
            let mut part: Vec<String> = page.nodes().map(&name).collect();
            let more = if forward {
                assert_eq!(page.has_previous_page, !seen.is_empty(), "{what}");
                request.after = page.rows.last().map(|(cursor, _)| cursor.clone());
                seen.append(&mut part);
                page.has_next_page
            } else {
                assert_eq!(page.has_next_page, !seen.is_empty(), "{what}");
                request.before = page.rows.first().map(|(cursor, _)| cursor.clone());
                part.append(&mut seen);
                seen = part;
                page.has_previous_page
            };
            if !more {
                break;
            }
        }
        if order == Order::NewestFirst {
            seen.reverse();
        }
        assert_eq!(seen, expected, "{what} {order:?} forward: {forward}");
    }
}

async fn check_entries(world: &World) {
    let read = world.ledger.read();
    let mut entries = all_entries(world).await;
    assert!(entries.len() > 200, "only {} entries", entries.len());
    let name = |entry: &ledger_entry::Model| entry.id.to_string();
    let late = entries.iter().filter(|entry| entry.late).count();
    assert!(late > 20, "only {late} late entries");

    entries.sort_by_key(|entry| entry.id.0);
    let all: Vec<String> = entries.iter().map(name).collect();
    let none = EntryFilter::default();
    walk(&all, "all entries", name, |page| {
        let none = none.clone();
        async move { read.entries(&none, &page).await }
    })
    .await;
    assert_eq!(
        read.count_entries(&none).await.expect("count"),
        all.len() as i64
    );

    let middle = entries[entries.len() / 2].recorded_at;
    let (from, to) = (middle.plus_micros(-9 * DAY), middle.plus_micros(6 * DAY));
    let customer = world.customers[0];
    let grant = world.grants[world.grants.len() / 2];
    let drawdown = entries.iter().rev().find_map(|entry| entry.drawdown_id);
    let range = TimeRange {
        gte: Some(from),
        lt: Some(to),
    };
    let filters = [
        none.clone(),
        EntryFilter {
            credit_type_ids: Some(vec![world.units[1]]),
            ..none.clone()
        },
        EntryFilter {
            kinds: Some(vec![
                domain::entry::EntryKind::Deduction,
                domain::entry::EntryKind::Grant,
            ]),
            ..none.clone()
        },
        EntryFilter {
            recorded_at: range,
            ..none.clone()
        },
        EntryFilter {
            effective_at: range,
            ..none.clone()
        },
        EntryFilter {
            effective_at: TimeRange {
                gte: None,
                lt: Some(from),
            },
            ..none.clone()
        },
        EntryFilter {
            invoice_id: Some("I-1".to_owned()),
            ..none.clone()
        },
        EntryFilter {
            credit_grant_id: Some(grant),
            ..none.clone()
        },
        EntryFilter {
            drawdown_id: drawdown,
            ..none.clone()
        },
        EntryFilter {
            customer_ids: Some(world.customers[..2].to_vec()),
            ..none.clone()
        },
        EntryFilter {
            customer_ids: Some(Vec::new()),
            ..none.clone()
        },
    ];
    for filter in filters {
        let admits = |entry: &&ledger_entry::Model| {
            let within = |range: TimeRange, at: Instant| {
                range.gte.is_none_or(|from| at >= from) && range.lt.is_none_or(|to| at < to)
            };
            filter
                .credit_type_ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&entry.credit_type_id))
                && filter
                    .kinds
                    .as_ref()
                    .is_none_or(|kinds| kinds.contains(&entry.kind))
                && within(filter.recorded_at, entry.recorded_at)
                && within(filter.effective_at, entry.effective_at)
                && filter
                    .invoice_id
                    .as_ref()
                    .is_none_or(|id| Some(id) == entry.invoice_id.as_ref())
                && filter
                    .credit_grant_id
                    .is_none_or(|id| Some(id) == entry.credit_grant_id)
                && filter
                    .drawdown_id
                    .is_none_or(|id| Some(id) == entry.drawdown_id)
                && filter
                    .customer_ids
                    .as_ref()
                    .is_none_or(|ids| ids.contains(&entry.customer_id))
        };
        let mut expected: Vec<_> = entries.iter().filter(admits).collect();
        if filter.customer_ids.is_some()
            || filter.drawdown_id.is_some()
            || filter.credit_grant_id.is_some()
        {
            expected.sort_by_key(|e| (e.recorded_at, e.customer_id, e.credit_type_id, e.sequence));
        }
        let names: Vec<String> = expected.iter().map(|entry| name(entry)).collect();
        let what = format!("{filter:?}");
        walk(&names, &what, name, |page| {
            let filter = filter.clone();
            async move { read.entries(&filter, &page).await }
        })
        .await;
        assert_eq!(
            read.count_entries(&filter).await.expect("count"),
            names.len() as i64,
            "{what}"
        );

        let counts = read
            .count_entries_of(&world.customers, &filter)
            .await
            .expect("counts");
        for customer in &world.customers {
            let mut expected: Vec<_> = entries
                .iter()
                .filter(admits)
                .filter(|e| e.customer_id == *customer)
                .collect();
            expected.sort_by_key(|e| (e.recorded_at, e.credit_type_id, e.sequence));
            let names: Vec<String> = expected.iter().map(|entry| name(entry)).collect();
            assert_eq!(counts[customer], names.len() as i64, "{what}");
            let what = format!("of a customer: {filter:?}");
            walk(&names, &what, name, |page| {
                let filter = filter.clone();
                async move {
                    Ok(read
                        .entries_of(&[*customer], &filter, &page)
                        .await?
                        .remove(customer)
                        .expect("a page"))
                }
            })
            .await;
        }
        let first = PageRequest {
            first: Some(3),
            ..PageRequest::default()
        };
        let pages = read
            .entries_of(&world.customers, &filter, &first)
            .await
            .expect("pages");
        for customer in &world.customers {
            let alone = read
                .entries_of(&[*customer], &filter, &first)
                .await
                .expect("a page");
            assert_eq!(pages[customer], alone[customer], "{what}");
        }
    }
    let grants: Vec<_> = entries
        .iter()
        .filter_map(|e| Some((e.customer_id, e.credit_grant_id?)))
        .collect();
    let grants = fetch::once_each(grants);
    let last = PageRequest {
        last: Some(2),
        ..PageRequest::default()
    };
    let pages = read
        .entries_of_grants(&grants, &none, &last)
        .await
        .expect("pages");
    let counts = read
        .count_entries_of_grants(&grants, &none)
        .await
        .expect("counts");
    for (customer, grant) in &grants {
        let mut of: Vec<_> = entries
            .iter()
            .filter(|e| e.credit_grant_id == Some(*grant))
            .collect();
        of.sort_by_key(|e| e.sequence);
        assert_eq!(counts[grant], of.len() as i64);
        let expected: Vec<_> = of.iter().rev().take(2).rev().map(|e| name(e)).collect();
        assert_eq!(pages[grant].nodes().map(name).collect::<Vec<_>>(), expected);
        assert!(pages[grant].has_previous_page == (of.len() > 2) && !pages[grant].has_next_page);
        let _ = customer;
    }
    let after = read
        .entries_after(customer, CreditTypeId::USD, 3, 5)
        .await
        .expect("entries");
    assert_eq!(
        after.iter().map(|e| e.sequence).collect::<Vec<_>>(),
        [4, 5, 6, 7, 8]
    );
}

async fn check_grants_and_credits(world: &World) {
    let read = world.ledger.read();
    let now = world.now();
    let all = PageRequest {
        first: Some(100),
        ..PageRequest::default()
    };
    let everything = read
        .grants_of(&world.customers, &GrantFilter::default(), &all)
        .await
        .expect("grants");
    let mut grants: Vec<GrantRow> = everything.values().flat_map(Page::nodes).cloned().collect();
    grants.sort_by_key(|row| row.grant.id.0);
    let name = |row: &GrantRow| row.grant.id.to_string();
    let mut seen = HashMap::new();
    for status in [
        GrantStatus::Scheduled,
        GrantStatus::Active,
        GrantStatus::Depleted,
        GrantStatus::Expired,
        GrantStatus::Voided,
    ] {
        let filter = GrantFilter {
            status: Some(vec![status]),
            ..GrantFilter::default()
        };
        let expected: Vec<String> = grants
            .iter()
            .filter(|row| status::grant_status(row, now) == status)
            .map(name)
            .collect();
        seen.insert(status, expected.len());
        walk(&expected, "grants", name, |page| {
            let filter = filter.clone();
            async move { read.grants(&filter, &page).await }
        })
        .await;
        assert_eq!(
            read.count_grants(&filter).await.expect("count"),
            expected.len() as i64
        );
        let counts = read
            .count_grants_of(&world.customers, &filter)
            .await
            .expect("counts");
        assert_eq!(counts.values().sum::<i64>(), expected.len() as i64);
    }
    eprintln!("grants by status: {seen:?}");
    let filter = GrantFilter {
        not_expiring_before: Some(now),
        effective_before: Some(now),
        category: Some(vec![domain::grant::Category::Promotional]),
        ..GrantFilter::default()
    };
    let expected: Vec<String> = grants
        .iter()
        .filter(|row| {
            row.segment.ends_at.is_none_or(|end| end >= now) && row.segment.starts_at < now
        })
        .map(name)
        .collect();
    walk(&expected, "grants", name, |page| {
        let filter = filter.clone();
        async move { read.grants(&filter, &page).await }
    })
    .await;
    let keyed = grants
        .iter()
        .find(|row| row.grant.uniqueness_key.is_some())
        .expect("one");
    let filter = GrantFilter {
        uniqueness_key: keyed.grant.uniqueness_key.clone(),
        ..GrantFilter::default()
    };
    let found = read.grants(&filter, &all).await.expect("grants");
    assert_eq!(found.nodes().collect::<Vec<_>>(), [keyed]);
    assert_eq!(
        read.grant(keyed.grant.id).await.expect("a grant").as_ref(),
        Some(keyed)
    );

    let everything = read
        .credits_of(&world.customers, &CreditFilter::default(), &all)
        .await
        .expect("credits");
    let mut credits: Vec<CreditRow> = everything.values().flat_map(Page::nodes).cloned().collect();
    credits.sort_by_key(|row| row.credit.id.0);
    let name = |row: &CreditRow| row.credit.id.to_string();
    let live = |row: &CreditRow, test: &dyn Fn(&entity::segment::Model) -> bool| {
        row.segments
            .iter()
            .any(|s| s.voided_at.is_none() && test(s))
    };
    type Test<'a> = Box<dyn Fn(&CreditRow) -> bool + 'a>;
    let mut cases: Vec<(CreditFilter, Test<'_>)> = vec![
        (CreditFilter::default(), Box::new(|_| true)),
        (
            CreditFilter {
                covering_date: Some(now),
                ..Default::default()
            },
            Box::new(|row| live(row, &|s| status::window(s).contains(now))),
        ),
        (
            CreditFilter {
                starting_at: Some(now),
                ..Default::default()
            },
            Box::new(|row| live(row, &|s| s.starts_at >= now)),
        ),
        (
            CreditFilter {
                effective_before: Some(now),
                ..Default::default()
            },
            Box::new(|row| live(row, &|s| s.starts_at < now)),
        ),
        (
            CreditFilter {
                include_archived: Some(false),
                ..Default::default()
            },
            Box::new(|row| row.credit.archived_at.is_none()),
        ),
        (
            CreditFilter {
                include_contract_credits: Some(false),
                ..Default::default()
            },
            Box::new(|row| row.credit.contract_id.is_none()),
        ),
        (
            CreditFilter {
                contract_ids: Some(vec![world.contract]),
                ..Default::default()
            },
            Box::new(|row| row.credit.contract_id.is_some()),
        ),
    ];
    for status in [
        CreditStatus::Scheduled,
        CreditStatus::Active,
        CreditStatus::Depleted,
        CreditStatus::Ended,
        CreditStatus::Voided,
    ] {
        cases.push((
            CreditFilter {
                status: Some(vec![status]),
                ..Default::default()
            },
            Box::new(move |row| status::credit_status(row, now) == status),
        ));
    }
    for (filter, test) in cases {
        let expected: Vec<String> = credits.iter().filter(|row| test(row)).map(name).collect();
        let what = format!("{filter:?}");
        eprintln!("{} {what}", expected.len());
        walk(&expected, &what, name, |page| {
            let filter = filter.clone();
            async move { read.credits(&filter, &page).await }
        })
        .await;
        assert_eq!(
            read.count_credits(&filter).await.expect("count"),
            expected.len() as i64
        );
    }
    let contract = [(world.customers[0], world.contract)];
    let of = read
        .credits_of_contracts(&contract, &CreditFilter::default(), &all)
        .await
        .expect("credits");
    let counts = read
        .count_credits_of_contracts(&contract, &CreditFilter::default())
        .await
        .expect("counts");
    assert_eq!(
        of[&world.contract].rows.len() as i64,
        counts[&world.contract]
    );
    assert_eq!(
        counts[&world.contract],
        credits
            .iter()
            .filter(|row| row.credit.contract_id.is_some())
            .count() as i64
    );
    let one = &credits[0];
    assert_eq!(
        read.credit(one.credit.id).await.expect("a credit").as_ref(),
        Some(one)
    );
}

async fn check_events(world: &World) {
    let read = world.ledger.read();
    let name = |row: &EventRow| format!("{} {}", row.id, row.kind);
    let mut expected: Vec<(Uuid, String, CustomerId, Uuid)> = Vec::new();
    for entry in all_entries(world).await {
        expected.push((
            domain::clock::event_id_of(entry.id.0),
            ENTRY_CREATED.to_owned(),
            entry.customer_id,
            entry.id.0,
        ));
    }
    let db = world.ledger.database();
    for row in entity::drawdown::Entity::find()
        .all(db)
        .await
        .expect("rows")
    {
        expected.push((
            domain::clock::event_id_of(row.id.0),
            DRAWDOWN_CREATED.to_owned(),
            row.customer_id,
            row.id.0,
        ));
    }
    for row in event::Entity::find().all(db).await.expect("rows") {
        expected.push((row.id.0, row.kind, row.customer_id, row.subject_id));
    }
    expected.sort();
    let subject = expected[expected.len() / 2].3;
    let none = EventFilter::default();
    let drawdown = world.drawdowns[3].0;
    let filters = [
        none.clone(),
        EventFilter {
            types: Some(vec![
                DRAWDOWN_CREATED.to_owned(),
                "drawdown.captured".to_owned(),
            ]),
            ..none.clone()
        },
        EventFilter {
            types: Some(vec![ENTRY_CREATED.to_owned()]),
            ..none.clone()
        },
        EventFilter {
            customer_ids: Some(world.customers[..2].to_vec()),
            ..none.clone()
        },
        EventFilter {
            customer_ids: Some(vec![world.customers[2]]),
            types: Some(vec![ENTRY_CREATED.to_owned()]),
            ..none.clone()
        },
        EventFilter {
            subject_ids: Some(vec![subject, drawdown]),
            ..none.clone()
        },
        EventFilter {
            subject_ids: Some(vec![drawdown]),
            customer_ids: Some(world.customers.clone()),
            ..none.clone()
        },
    ];
    for filter in filters {
        let names: Vec<String> = expected
            .iter()
            .filter(|(_, kind, customer, subject)| {
                filter
                    .types
                    .as_ref()
                    .is_none_or(|types| types.contains(kind))
                    && filter
                        .customer_ids
                        .as_ref()
                        .is_none_or(|ids| ids.contains(customer))
                    && filter
                        .subject_ids
                        .as_ref()
                        .is_none_or(|ids| ids.contains(subject))
            })
            .map(|(id, kind, ..)| format!("{id} {kind}"))
            .collect();
        let what = format!("{filter:?}");
        eprintln!("{} {what}", names.len());
        walk(&names, &what, name, |page| {
            let filter = filter.clone();
            async move { read.events(&filter, &page).await }
        })
        .await;
        assert_eq!(
            read.count_events(&filter).await.expect("count"),
            names.len() as i64,
            "{what}"
        );
    }
    let ids: Vec<Uuid> = expected.iter().map(|row| row.0).collect();
    let nodes = read.nodes(&ids).await.expect("nodes");
    assert_eq!(nodes.len(), ids.len());
    assert!(nodes.values().all(|node| matches!(node, NodeRow::Event(_))));
}

fn kind_of(node: Option<&NodeRow>) -> &'static str {
    match node {
        Some(NodeRow::Customer(_)) => "customer",
        Some(NodeRow::CreditType(_)) => "credit type",
        Some(NodeRow::Product(_)) => "product",
        Some(NodeRow::Contract(_)) => "contract",
        Some(NodeRow::Grant(_)) => "grant",
        Some(NodeRow::Credit(_)) => "credit",
        Some(NodeRow::Entry(_)) => "entry",
        Some(NodeRow::Drawdown(_)) => "drawdown",
        Some(NodeRow::Event(_)) => "event",
        None => "nothing",
    }
}

async fn check_the_rest(world: &World) {
    let read = world.ledger.read();
    let entry = all_entries(world).await[0].id.0;
    for (id, kind) in [
        (world.customers[0].0, "customer"),
        (world.units[1].0, "credit type"),
        (world.product.0, "product"),
        (world.contract.0, "contract"),
        (world.grants[0].0, "grant"),
        (world.credits[0].0, "credit"),
        (entry, "entry"),
        (world.drawdowns[0].0, "drawdown"),
        (domain::id::NOTHING, "nothing"),
        (Uuid::from_u128(12), "nothing"),
    ] {
        assert_eq!(kind_of(read.node(id).await.expect("a node").as_ref()), kind);
    }
    let page = PageRequest::default();
    for (search, found) in [
        ("MÜLLER", vec![0]),
        ("100%", vec![1]),
        ("_[X]", vec![2]),
        ("éMI", vec![3]),
        ("ext-", vec![0, 1, 2, 3]),
        ("ll", vec![0, 2]),
        ("a*e", vec![]),
        ("", vec![0, 1, 2, 3]),
    ] {
        let filter = CustomerFilter {
            search: Some(search.to_owned()),
            archived: Some(false),
            ..CustomerFilter::default()
        };
        let customers = read.customers(&filter, &page).await.expect("customers");
        let expected: Vec<_> = found
            .iter()
            .map(|index: &usize| world.customers[*index])
            .collect();
        assert_eq!(
            customers.nodes().map(|row| row.id).collect::<Vec<_>>(),
            expected,
            "{search}"
        );
        assert_eq!(
            read.count_customers(&filter).await.expect("count"),
            expected.len() as i64
        );
    }
    let filter = CustomerFilter {
        external_ids: Some(vec!["EXT-2".to_owned(), "none".to_owned()]),
        ..CustomerFilter::default()
    };
    let customers = read.customers(&filter, &page).await.expect("customers");
    assert_eq!(
        customers.nodes().map(|row| row.id).collect::<Vec<_>>(),
        [world.customers[2]]
    );
    let known = read
        .customer_by_external_id("EXT-1")
        .await
        .expect("a customer");
    assert_eq!(known.map(|row| row.id), Some(world.customers[1]));
    for statuses in [
        vec![domain::drawdown::DrawdownStatus::Held],
        vec![
            domain::drawdown::DrawdownStatus::Posted,
            domain::drawdown::DrawdownStatus::Lapsed,
        ],
    ] {
        let filter = DrawdownFilter {
            status: Some(statuses),
        };
        let counts = read
            .count_drawdowns_of(&world.customers, &filter)
            .await
            .expect("counts");
        let mut sum = 0;
        for customer in &world.customers {
            let request = PageRequest {
                first: Some(100),
                ..PageRequest::default()
            };
            let pages = read
                .drawdowns_of(&[*customer], &filter, &request)
                .await
                .expect("pages");
            assert_eq!(pages[customer].rows.len() as i64, counts[customer]);
            sum += counts[customer];
        }
        eprintln!("{sum} drawdowns {filter:?}");
    }
    assert_eq!(read.credit_types(false).await.expect("types").len(), 2);
    assert_eq!(
        read.products(false, &page)
            .await
            .expect("products")
            .rows
            .len(),
        1
    );
    assert_eq!(
        read.contracts_of(&world.customers, &page)
            .await
            .expect("contracts")[&world.customers[0]]
            .rows
            .len(),
        1
    );
    let accounts: Vec<_> = world
        .customers
        .iter()
        .flat_map(|c| world.units.iter().map(|u| (*c, *u)))
        .collect();
    let now = world.now();
    let current = read.expiring(&accounts, 10, now).await.expect("expiring");
    world.wait(2 * 60_000_000);
    let later = read.expiring(&accounts, 10, now).await.expect("expiring");
    show(&current, &later);
    assert!(read.expiring(&accounts, -1, now).await.is_err());
    assert!(read.expiring(&accounts, 36_501, now).await.is_err());
    read.expiring(&accounts, 36_500, now.plus_days(5))
        .await
        .expect("expiring");
}

fn show<T: Debug + PartialEq>(left: &T, right: &T) {
    assert_eq!(left, right);
}
