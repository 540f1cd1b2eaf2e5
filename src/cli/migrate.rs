//! `scrip migrate up|status`.

use std::process::ExitCode;

use clap::Subcommand;
use sea_orm::DatabaseConnection;
use sea_orm_migration::MigrationStatus;

use super::{Failure, cannot_open, say};
use crate::config::Settings;
use crate::ledger::{self, migrated};

/// What to do.
#[derive(Clone, Copy, Subcommand)]
pub(super) enum Action {
    /// Applies what is pending; `serve` does so too, at its start
    Up,
    /// Lists all migrations; exits 1 if one is pending
    Status,
}

pub(super) async fn run(action: Action, settings: &Settings) -> Result<ExitCode, Failure> {
    let url = &settings.database_url;
    let db = ledger::connect_to(url).await;
    let db = db.map_err(|error| cannot_open(url, error))?;
    let done = act(action, &db).await;
    db.close().await?;
    done
}

async fn act(action: Action, db: &DatabaseConnection) -> Result<ExitCode, Failure> {
    if let Action::Up = action {
        migrated::up(db).await?;
    }
    let migrations = migrated::status(db).await?;
    let mut all_applied = true;
    for migration in &migrations {
        let applied = migration.status() == MigrationStatus::Applied;
        all_applied &= applied;
        let status = if applied { "applied" } else { "pending" };
        say(format_args!("{status} {}", migration.name()))?;
    }
    Ok(if all_applied {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
