//! The migrated schema: it agrees with the entities, keeps what is written, can be migrated twice
//! and by two servers at once, and can be spread over machines by customer.

mod entities;
mod placement;

use std::sync::Arc;

use migration::Migrator;
use scrip::app::{RandomIds, SystemClock};
use scrip::ledger::{Ledger, Options, Settings};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_migration::MigratorTrait;
use serde_json::json;

use crate::support::{TestApp, both_databases, db, postgres};

/// Tables whose rows are never changed, removed or truncated (rule 3).
const APPEND_ONLY: [&str; 2] = ["ledger_entry", "event"];

/// Servers that start at the same time.
const SERVERS: usize = 4;

/// All rows of a statement, each as one text.
async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.expect(sql);
    let text = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0).expect(sql);
    rows.iter().map(text).collect()
}

/// Everything that there is in the schema, as the database tells it.
async fn schema(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT format('%s %s %s %s', c.relname, c.relkind, a.attname, a.atttypid) \
             FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
             WHERE c.relnamespace = 'public'::regnamespace \
             UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal \
             UNION ALL SELECT conname::text FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace ORDER BY 1"
        }
        _ => "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name",
    };
    texts(db, sql).await
}

/// An account with entries and events.
async fn something_written(app: &TestApp) {
    let made = app
        .graphql(
            "mutation { createCustomer(input: { name: \"a\" }) { customer { id } } }",
            json!({}),
        )
        .await;
    let id = &made["data"]["createCustomer"]["customer"]["id"];
    let grant = app
        .graphql(
            "mutation ($id: ID!) { createCreditGrant(input: \
             { customerId: $id, name: \"g\", grantAmount: { amount: \"5\" } }) \
             { creditGrant { id } userErrors { message } } }",
            json!({ "id": id }),
        )
        .await;
    let grant = &grant["data"]["createCreditGrant"];
    assert_eq!(grant["userErrors"], json!([]), "{made} {grant}");
}

both_databases! {
    async fn entries_and_events_are_never_updated_deleted_or_truncated(app: TestApp) {
        something_written(&app).await;
        let db = db::connect(app.database_url()).await;
        for table in APPEND_ONLY {
            let count = format!("SELECT CAST(count(*) AS text) FROM {table}");
            let before = texts(&db, &count).await;
            assert_ne!(before, ["0"], "nothing in {table}");
            let mut attempts = vec![
                format!("UPDATE {table} SET created_by = created_by"),
                format!("DELETE FROM {table}"),
            ];
            if app.backend() == DbBackend::Postgres {
                attempts.push(format!("TRUNCATE {table}"));
                attempts.push("TRUNCATE customer CASCADE".to_owned());
                attempts.push(format!("DELETE FROM ONLY {table}"));
            } else {
                // REPLACE deletes the row that is in the way, and fires no trigger of DELETE.
                attempts.push(format!("REPLACE INTO {table} SELECT * FROM {table}"));
                attempts.push(format!("UPDATE OR REPLACE {table} SET created_by = 'x'"));
            }
            for attempt in attempts {
                let refused = db.execute_unprepared(&attempt).await;
                let refused = refused.expect_err(&attempt).to_string();
                let why = if attempt.contains("CASCADE") {
                    "account is kept"
                } else {
                    "is append-only"
                };
                assert!(refused.contains(why), "{attempt}: {refused}");
                assert_eq!(texts(&db, &count).await, before, "{attempt}");
            }
        }
        db.close().await.expect("closed");
    }
}

both_databases! {
    // Entries and drawdowns stand in them, for ever.
    async fn accounts_are_never_removed(app: TestApp) {
        something_written(&app).await;
        let db = db::connect(app.database_url()).await;
        let count = "SELECT CAST(count(*) AS text) FROM account";
        let before = texts(&db, count).await;
        assert_ne!(before, ["0"]);
        let mut attempts = vec!["DELETE FROM account"];
        if app.backend() == DbBackend::Postgres {
            // As by who has removed all that names it.
            attempts.push("SET session_replication_role = replica; DELETE FROM segment; \
                 SET session_replication_role = origin; DELETE FROM account");
            attempts.push("TRUNCATE account CASCADE");
        }
        for attempt in attempts {
            db.execute_unprepared(attempt).await.expect_err(attempt);
            assert_eq!(texts(&db, count).await, before, "{attempt}");
        }
        db.close().await.expect("closed");
    }
}

both_databases! {
    async fn migrating_twice_is_a_no_op(app: TestApp) {
        let db = db::connect(app.database_url()).await;
        let before = schema(&db).await;
        let applied = texts(&db, "SELECT version FROM seaql_migrations ORDER BY 1").await;
        Migrator::up(&db, None).await.expect("nothing to do");
        assert_eq!(schema(&db).await, before);
        let again = texts(&db, "SELECT version FROM seaql_migrations ORDER BY 1").await;
        assert_eq!(again, applied);
        assert_eq!(applied.len(), Migrator::migrations().len());
        db.close().await.expect("closed");
    }
}

async fn open(url: &str) -> Result<Ledger, DbErr> {
    Ledger::open(Options {
        database_url: url.to_owned(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
        settings: Settings::default(),
    })
    .await
}

async fn open_many(url: &str) {
    let servers = (0..SERVERS).map(|_| {
        let url = url.to_owned();
        tokio::spawn(async move { open(&url).await })
    });
    for (number, opened) in futures_util::future::join_all(servers)
        .await
        .into_iter()
        .enumerate()
    {
        let ledger = opened.expect("no panic");
        let ledger = ledger.unwrap_or_else(|error| panic!("server {number}: {error}"));
        ledger.close().await;
    }
    let db = db::connect(url).await;
    let units = texts(&db, "SELECT name FROM credit_type").await;
    assert_eq!(units, ["USD (cents)"]);
    let applied = texts(&db, "SELECT version FROM seaql_migrations").await;
    assert_eq!(applied.len(), Migrator::migrations().len());
    db.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_migrate_at_once_all_succeed_on_postgres() {
    let server = match postgres::server().await {
        Ok(server) => server,
        Err(reason) => {
            return postgres::skip("servers_that_migrate_at_once_all_succeed", reason);
        }
    };
    for round in 0..3 {
        let name = format!("scrip_migrations_{}_{round}", std::process::id());
        server.execute(&format!("CREATE DATABASE {name}")).await;
        open_many(&server.url(&name)).await;
        server
            .execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_migrate_at_once_all_succeed_on_sqlite() {
    for _ in 0..3 {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("scrip.db");
        open_many(&format!("sqlite://{}?mode=rwc", file.display())).await;
    }
}

#[test]
fn a_migration_is_done_whole_or_not_at_all() {
    for migration in Migrator::migrations() {
        let name = migration.name();
        assert_eq!(migration.use_transaction(), Some(true), "{name}");
    }
}

#[test]
fn the_name_of_a_migration_is_its_date_and_what_it_does() {
    let mut last = String::new();
    for migration in Migrator::migrations() {
        let name = migration.name();
        let mut parts = name.trim_start_matches('m').splitn(3, '_');
        let digits = |part: Option<&str>, length: usize| {
            part.is_some_and(|part| {
                part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        assert!(name.starts_with('m'), "{name}");
        assert!(
            digits(parts.next(), 8) && digits(parts.next(), 6),
            "{name} is not mYYYYMMDD_NNNNNN_verb_noun"
        );
        assert!(
            parts.next().is_some_and(|rest| rest.contains('_')),
            "{name}"
        );
        assert!(*name > *last, "{name} does not come after {last}");
        last = name.to_owned();
    }
}
