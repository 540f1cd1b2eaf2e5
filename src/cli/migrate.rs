//! `scrip migrate up|status`.

use std::process::ExitCode;

use clap::Subcommand;
use migration::Migrator;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use sea_orm_migration::{MigrationStatus, MigratorTrait};

use super::Failure;
use crate::config::Settings;

/// What to do.
#[derive(Clone, Copy, Subcommand)]
pub(super) enum Action {
    /// Applies what is pending; `serve` does so too, at its start
    Up,
    /// Lists all migrations; exits 1 if one is pending
    Status,
}

pub(super) async fn run(action: Action, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut options = ConnectOptions::new(settings.database_url.clone());
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options)
        .await
        .map_err(|error| format!("cannot open the database: {error}"))?;
    let done = act(action, &db).await;
    db.close().await?;
    done
}

async fn act(action: Action, db: &DatabaseConnection) -> Result<ExitCode, Failure> {
    if let Action::Up = action {
        Migrator::up(db, None).await?;
    }
    let migrations = Migrator::get_migration_with_status_read_only(db).await?;
    let mut all_applied = true;
    for migration in &migrations {
        let applied = migration.status() == MigrationStatus::Applied;
        all_applied &= applied;
        let status = if applied { "applied" } else { "pending" };
        println!("{status} {}", migration.name());
    }
    Ok(if all_applied {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
