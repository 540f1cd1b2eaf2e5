//! A fresh database for each test: migrated once, then copied.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use migration::Migrator;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend};
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::postgres::{self, Server};

/// A database of its own, migrated and empty.
pub struct TestDatabase {
    backend: DbBackend,
    url: String,
    place: Place,
}

enum Place {
    /// Removed when it is dropped.
    Folder(TempDir),
    Postgres {
        server: &'static Server,
        name: String,
    },
}

/// What no one made yet.
static MADE: AtomicU64 = AtomicU64::new(0);

impl TestDatabase {
    /// A fresh database. `None`: there is no PostgreSQL here, and the test is loudly skipped.
    pub async fn fresh(backend: DbBackend, test: &str) -> Option<Self> {
        match backend {
            DbBackend::Postgres => match postgres::server().await {
                Ok(server) => Some(Self::on_postgres(server).await),
                Err(reason) => {
                    postgres::skip(test, reason);
                    None
                }
            },
            _ => Some(Self::on_sqlite().await),
        }
    }

    /// A fresh database that keeps what it said it had committed, even through an outage of the
    /// machine. It is not migrated.
    pub async fn lasting(backend: DbBackend, test: &str) -> Option<Self> {
        if backend != DbBackend::Postgres {
            let folder = tempfile::tempdir().expect("a folder");
            return Some(Self {
                backend,
                url: sqlite_url(&folder.path().join("scrip.db")),
                place: Place::Folder(folder),
            });
        }
        let server = match postgres::lasting_server().await {
            Ok(server) => server,
            Err(reason) => {
                postgres::skip(test, reason);
                return None;
            }
        };
        let name = new_name();
        server.execute(&format!("CREATE DATABASE {name}")).await;
        Some(Self {
            backend,
            url: server.url(&name),
            place: Place::Postgres { server, name },
        })
    }

    async fn on_sqlite() -> Self {
        static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(sqlite_template).await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("scrip.db");
        std::fs::write(&file, template).expect("a copy of the template");
        Self {
            backend: DbBackend::Sqlite,
            url: sqlite_url(&file),
            place: Place::Folder(folder),
        }
    }

    async fn on_postgres(server: &'static Server) -> Self {
        static TEMPLATE: OnceCell<()> = OnceCell::const_new();
        let name = new_name();
        if server.is_throw_away() {
            TEMPLATE.get_or_init(|| postgres_template(server)).await;
            server
                .execute(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE_NAME}"))
                .await;
        } else {
            // A server of someone else's: leave nothing on it that a test does not remove.
            server.execute(&format!("CREATE DATABASE {name}")).await;
            migrate(&server.url(&name)).await;
        }
        Self {
            backend: DbBackend::Postgres,
            url: server.url(&name),
            place: Place::Postgres { server, name },
        }
    }

    /// Where it is, as `DATABASE_URL` says it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Of which kind.
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Removes it, whoever is still connected.
    pub async fn remove(&self) {
        if let Place::Postgres { server, name } = &self.place {
            server
                .execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                .await;
        }
    }
}

fn new_name() -> String {
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    format!("scrip_test_{}_{made}", std::process::id())
}

const TEMPLATE_NAME: &str = "scrip_template";

fn sqlite_url(file: &std::path::Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

async fn sqlite_template() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let file: PathBuf = folder.path().join("template.db");
    migrate(&sqlite_url(&file)).await;
    std::fs::read(file).expect("the template")
}

async fn postgres_template(server: &Server) {
    server
        .execute(&format!("CREATE DATABASE {TEMPLATE_NAME}"))
        .await;
    migrate(&server.url(TEMPLATE_NAME)).await;
}

async fn migrate(url: &str) {
    let db = connect(url).await;
    Migrator::up(&db, None).await.expect("the migrations");
    db.close().await.expect("closed");
}

/// One plain connection, for what goes round the ledger.
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("a connection")
}

/// Runs one statement on a connection of its own.
pub async fn execute(url: &str, sql: &str) {
    let db = connect(url).await;
    db.execute_unprepared(sql).await.expect(sql);
    db.close().await.expect("closed");
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::Folder(folder) = &self.place {
            // A server that was killed may have left a journal behind: remove all there is.
            drop(std::fs::remove_dir_all(folder.path()));
        }
    }
}
