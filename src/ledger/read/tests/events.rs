//! The audit trail.

use domain::CustomerId;
use entity::event;
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::super::*;
use super::world::World;
use super::{all_entries, walk};

pub(super) async fn check(world: &World) {
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
