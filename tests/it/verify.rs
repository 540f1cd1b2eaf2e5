//! `scrip verify`: sound books are found sound, and every change by raw SQL is found and named.

mod books;
mod tamper;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::drawdown::DrawdownStatus;
use domain::entry::EntryKind;
use entity::{
    account, contract, credit, credit_grant, credit_type, custom_field_key, custom_field_value,
    customer, customer_external_id, customer_ingest_alias, drawdown, event, idempotency,
    ledger_entry, object_detail, object_home, product, segment, test_clock, uniqueness_key,
};
use scrip::ledger::verify::{Finding, verify};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, IdenStatic, Iterable, QueryFilter};

use self::books::Author;
use self::tamper::{Change, each_column, without_each_row};
use crate::support::{TestApp, both_databases};

/// What a finding says that rests on the row's own digest or hash alone.
const BY_DIGEST: [&str; 2] = ["was changed", "its hash is not"];

/// What a finding says of a row whose values make no sense at all.
const UNREADABLE: [&str; 2] = ["can not be read", "Type Error"];

/// Columns that the books themselves contradict, digests and hashes apart: a slip of the ledger in
/// one of them is found too, though it would come with the right digest.
const BY_THE_BOOKS: &[(&str, &str)] = &[
    ("customer", "external_id test_clock_id clock_now"),
    ("test_clock", "frozen_time status deleted_at"),
    (
        "account",
        "balance held last_sequence last_hash recorded_max effective_max lateness_max",
    ),
    (
        "account",
        "hold_span_max next_lapse_at next_boundary_at clock_now",
    ),
    (
        "segment",
        "credit_type_id credit_grant_id credit_id amount starts_at remaining held used",
    ),
    (
        "segment",
        "rolled_over written_off manual expirations started open priority scope rollover",
    ),
    ("segment", "contract_level category rolled_in created_at"),
    (
        "credit_grant",
        "credit_type_id segment_id category amount paid_credit_type_id priority",
    ),
    (
        "credit_grant",
        "effective_at expires_at product_ids rollover_kind rollover_value created_at",
    ),
    (
        "credit_grant",
        "rollover_priority rollover_expires_at rolled_over_from rolled_over_to",
    ),
    ("credit_grant", "uniqueness_key voided_at"),
    (
        "credit",
        "credit_type_id contract_id product_id priority applicable_contract_ids",
    ),
    (
        "credit",
        "applicable_product_ids applicable_product_tags specifiers uniqueness_key",
    ),
    ("credit", "created_at voided_at"),
    (
        "drawdown",
        "credit_type_id status amount applied shortfall released reversed slices",
    ),
    (
        "drawdown",
        "product_id contract_id effective_at hold_expires_at settled_at",
    ),
    (
        "ledger_entry",
        "credit_type_id sequence kind amount running_balance effective_at",
    ),
    (
        "ledger_entry",
        "recorded_at effective_max late segment_id credit_grant_id credit_id",
    ),
    ("ledger_entry", "drawdown_id"),
    ("event", "kind subject_id"),
    ("idempotency", "operation object_id"),
];

both_databases! {
    /// No sound row is named: books with every kind of object and entry.
    async fn sound_books_are_found_sound(app: TestApp) {
        Author::new(&app).write().await;
        let db = app.ledger().database();
        let entries = ledger_entry::Entity::find().all(db).await.expect("entries");
        let kinds: BTreeSet<&str> = entries.iter().map(|row| row.kind.as_str()).collect();
        let missing = EntryKind::ALL.iter().filter(|kind| !kinds.contains(kind.as_str()));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&EntryKind>::new());
        assert!(entries.iter().any(|row| row.late), "late usage");
        let drawdowns = drawdown::Entity::find().all(db).await.expect("drawdowns");
        let missing = DrawdownStatus::ALL
            .iter()
            .filter(|status| !drawdowns.iter().any(|row| row.status == **status));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&DrawdownStatus>::new());
        assert_eq!(app.verify().await, Vec::<String>::new());
    }
}

/// What verify found of the changes made.
struct Inspector<'a> {
    books: &'a DatabaseConnection,
    raw: DatabaseConnection,
    missed: Vec<String>,
    by_the_books: BTreeMap<&'static str, BTreeSet<&'static str>>,
    made: usize,
    refused: usize,
}

impl Inspector<'_> {
    async fn table<E: EntityTrait>(&mut self)
    where
        E::Model: Sync,
    {
        let (books, missed, by_the_books) = (self.books, &mut self.missed, &mut self.by_the_books);
        let tried = each_column::<E>(&self.raw, async |change: Change| {
            let findings = verify(books).await.expect("verify never fails on a row");
            let named = findings.iter().filter(|finding| names(finding, &change));
            let named: Vec<&Finding> = named.collect();
            if named.is_empty() {
                let Change {
                    table,
                    column,
                    told,
                    ..
                } = &change;
                missed.push(format!("{table}.{column} {told}: found {findings:?}"));
            }
            let says = |finding: &Finding, texts: &[&str]| {
                texts.iter().any(|text| finding.what.starts_with(text))
            };
            let readable = !findings.iter().any(|finding| says(finding, &UNREADABLE));
            if readable && findings.iter().any(|finding| !says(finding, &BY_DIGEST)) {
                by_the_books
                    .entry(change.table)
                    .or_default()
                    .insert(change.column);
            }
        })
        .await;
        self.made += tried.made;
        let table = E::default();
        let never: Vec<&str> = E::Column::iter()
            .map(|column| column.as_str())
            .filter(|column| !tried.changed.contains(column))
            .collect();
        assert!(
            never.is_empty(),
            "{}: never changed: {never:?}",
            table.table_name()
        );
        self.refused += tried.refused;
    }
}

fn names(finding: &Finding, change: &Change) -> bool {
    finding.table == change.table && change.names.contains(&finding.row)
}

both_databases! {
    /// For every column of every ledger table, a change by raw SQL is found and named.
    async fn a_change_by_raw_sql_is_found_and_named(app: TestApp) {
        Author::new(&app).write().await;
        let mut inspector = Inspector {
            books: app.ledger().read().database(),
            raw: tamper::open(&app).await,
            missed: Vec::new(),
            by_the_books: BTreeMap::new(),
            made: 0,
            refused: 0,
        };
        inspector.table::<customer::Entity>().await;
        inspector.table::<test_clock::Entity>().await;
        inspector.table::<customer_external_id::Entity>().await;
        inspector.table::<customer_ingest_alias::Entity>().await;
        inspector.table::<custom_field_key::Entity>().await;
        inspector.table::<custom_field_value::Entity>().await;
        inspector.table::<object_detail::Entity>().await;
        inspector.table::<uniqueness_key::Entity>().await;
        inspector.table::<object_home::Entity>().await;
        inspector.table::<credit_type::Entity>().await;
        inspector.table::<product::Entity>().await;
        inspector.table::<contract::Entity>().await;
        inspector.table::<account::Entity>().await;
        inspector.table::<segment::Entity>().await;
        inspector.table::<credit_grant::Entity>().await;
        inspector.table::<credit::Entity>().await;
        inspector.table::<drawdown::Entity>().await;
        inspector.table::<ledger_entry::Entity>().await;
        inspector.table::<event::Entity>().await;
        inspector.table::<idempotency::Entity>().await;
        assert!(inspector.missed.is_empty(), "{:#?}", inspector.missed);
        let mut unproven = Vec::new();
        for (table, columns) in BY_THE_BOOKS {
            let found = inspector.by_the_books.get(table).cloned().unwrap_or_default();
            let columns = columns.split(' ').filter(|column| !found.contains(column));
            unproven.extend(columns.map(|column| format!("{table}.{column}")));
        }
        assert!(unproven.is_empty(), "by digest only: {unproven:?}");
        // Keys that are taken already, and what the type of a column does not hold.
        assert!(inspector.refused * 10 < inspector.made, "{}", inspector.refused);
    }
}

both_databases! {
    /// A row that is removed by raw SQL is missed. Not so events, answers given before, and segments
    /// of credits that never started: nothing else rests on those.
    async fn a_row_removed_by_raw_sql_is_missed(app: TestApp) {
        Author::new(&app).write().await;
        let books = app.ledger().read().database();
        let raw = tamper::open(&app).await;
        let mut unnoticed = Vec::new();
        let mut look = async |row: String| {
            if verify(books).await.expect("findings").is_empty() {
                unnoticed.push(row);
            }
        };
        without_each_row::<customer::Entity>(&raw, &mut look).await;
        without_each_row::<test_clock::Entity>(&raw, &mut look).await;
        without_each_row::<customer_external_id::Entity>(&raw, &mut look).await;
        without_each_row::<customer_ingest_alias::Entity>(&raw, &mut look).await;
        without_each_row::<uniqueness_key::Entity>(&raw, &mut look).await;
        without_each_row::<object_home::Entity>(&raw, &mut look).await;
        without_each_row::<product::Entity>(&raw, &mut look).await;
        without_each_row::<contract::Entity>(&raw, &mut look).await;
        without_each_row::<account::Entity>(&raw, &mut look).await;
        without_each_row::<segment::Entity>(&raw, &mut look).await;
        without_each_row::<credit_grant::Entity>(&raw, &mut look).await;
        without_each_row::<credit::Entity>(&raw, &mut look).await;
        without_each_row::<drawdown::Entity>(&raw, &mut look).await;
        without_each_row::<ledger_entry::Entity>(&raw, &mut look).await;
        let never_started = segment::Entity::find()
            .filter(segment::Column::Started.eq(false))
            .filter(segment::Column::CreditId.is_not_null());
        let never_started = never_started.all(books).await.expect("segments").into_iter();
        let excused: BTreeSet<String> = never_started.map(|row| format!("segment {}", row.id)).collect();
        unnoticed.retain(|row| !excused.contains(row));
        assert_eq!(unnoticed, Vec::<String>::new());
    }
}

both_databases! {
    /// Verify may run while the server writes: what it sees of a customer is of one instant.
    async fn books_are_sound_at_every_moment_of_writing(app: TestApp) {
        let author = Author::new(&app);
        author.write().await;
        let books = app.ledger().read().database();
        let written = AtomicUsize::new(0);
        let looking = async {
            for _ in 0..5 {
                assert_eq!(verify(books).await.expect("findings"), Vec::new());
            }
        };
        let writing = async {
            let mut waves = 0;
            loop {
                author.spend_on(waves, 20).await;
                waves += 1;
                written.store(waves, Ordering::SeqCst);
            }
        };
        tokio::select! {
            () = looking => {}
            () = writing => {}
        }
        assert!(written.load(Ordering::SeqCst) > 0, "commands were carried out meanwhile");
    }
}
