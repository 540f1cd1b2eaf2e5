//! Ledger entries: every list of them, walked in every direction.

use domain::instant::DAY;
use domain::{CreditTypeId, Instant};
use entity::ledger_entry;

use super::super::*;
use super::world::World;
use super::{all_entries, walk};

pub(super) async fn check(world: &World) {
    let read = world.ledger.read();
    let mut entries = all_entries(world).await;
    assert!(entries.len() > 200, "only {} entries", entries.len());
    let name = |entry: &ledger_entry::Model| entry.id.to_string();
    let late = entries.iter().filter(|entry| entry.late).count();
    assert!(late > 20, "only {late} late entries");

    entries.sort_by_key(|entry| entry.id.0);
    let all: Vec<String> = entries.iter().map(name).collect();
    let hundred = PageRequest {
        first: Some(100),
        ..PageRequest::default()
    };
    let page = read.entries(&EntryFilter::default(), &hundred).await;
    let page = page.expect("entries");
    assert!(page.nodes().eq(entries.iter().take(100)));
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
