//! Grants, credits, customers, drawdowns, and anything by its id.

use std::collections::HashMap;

use entity::{credit_grant, customer, drawdown, segment};
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::super::*;
use super::world::World;
use super::{all_entries, walk};

pub(super) async fn check(world: &World) {
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
    let db = world.ledger.database();
    let segments = segment::Entity::find().all(db).await.expect("segments");
    for plain in credit_grant::Entity::find().all(db).await.expect("grants") {
        let row = grants.iter().find(|row| row.grant.id == plain.id);
        let row = row.expect("every grant");
        assert_eq!(row.grant, plain);
        assert!(segments.contains(&row.segment));
    }
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
            .filter(|row| status::grant_status(row) == status)
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
    let of_credits = credits.iter().flat_map(|row| &row.segments);
    assert!(of_credits.clone().all(|segment| segments.contains(segment)));
    let in_all = segments.iter().filter(|each| each.credit_id.is_some());
    assert_eq!(of_credits.count(), in_all.count());
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
            Box::new(move |row| status::credit_status(row) == status),
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

fn kind_of(node: Option<&NodeRow>) -> &'static str {
    match node {
        Some(NodeRow::Customer(_)) => "customer",
        Some(NodeRow::CreditType(_)) => "credit type",
        Some(NodeRow::Product(_)) => "product",
        Some(NodeRow::TestClock(_)) => "test clock",
        Some(NodeRow::Contract(_)) => "contract",
        Some(NodeRow::Grant(_)) => "grant",
        Some(NodeRow::Credit(_)) => "credit",
        Some(NodeRow::Entry(_)) => "entry",
        Some(NodeRow::Drawdown(_)) => "drawdown",
        Some(NodeRow::Event(_)) => "event",
        Some(NodeRow::ApiKey(_)) => "key",
        None => "nothing",
    }
}

/// Column by column what stands in the tables.
pub(super) async fn check_columns(world: &World) {
    let (read, db) = (world.ledger.read(), world.ledger.database());
    let customers = read.customers_by_id(&world.customers).await;
    let customers = customers.expect("customers");
    for plain in customer::Entity::find().all(db).await.expect("customers") {
        assert_eq!(customers[&plain.id], plain);
    }
    let drawdowns = drawdown::Entity::find().all(db).await.expect("drawdowns");
    let request = PageRequest {
        first: Some(100),
        ..PageRequest::default()
    };
    let pages = read
        .drawdowns_of(&world.customers, &DrawdownFilter::default(), &request)
        .await
        .expect("pages");
    let mut rows = pages.values().flat_map(Page::nodes);
    assert!(rows.all(|row| drawdowns.contains(row)));
}

pub(super) async fn check_the_rest(world: &World) {
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
    assert_eq!(current, later);
    assert!(read.expiring(&accounts, -1, now).await.is_err());
    assert!(read.expiring(&accounts, 36_501, now).await.is_err());
    read.expiring(&accounts, 36_500, now.plus_days(5))
        .await
        .expect("expiring");
}
