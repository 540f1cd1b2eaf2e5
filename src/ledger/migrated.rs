//! The tables, brought up to date or held to be.

use migration::Migrator;
use sea_orm::{DatabaseConnection, DbErr, EntityName, EntityTrait};
use sea_orm_migration::{Migration, MigratorTrait, SchemaManager, seaql_migrations};

use super::connect::{PAUSE, TRIES};

/// Brings the tables up to date. Servers that start at once may all try: where one is in the way
/// of another, the other looks again when the first is done.
///
/// # Errors
/// What the database says; that a newer version was here.
pub async fn up(db: &DatabaseConnection) -> Result<(), DbErr> {
    known(db).await?;
    for attempt in 1.. {
        let Err(error) = Migrator::up(db, None).await else {
            break;
        };
        let pending = Migrator::get_pending_migrations_read_only(db).await;
        if pending.is_ok_and(|pending| pending.is_empty()) {
            break;
        }
        if attempt == TRIES {
            return Err(error);
        }
        tracing::debug!(%error, attempt, "a migration is tried again");
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// All migrations, and whether each is applied. Reads only.
///
/// # Errors
/// What the database says; that a newer version was here.
pub async fn status(db: &DatabaseConnection) -> Result<Vec<Migration>, DbErr> {
    known(db).await?;
    Migrator::get_migration_with_status_read_only(db).await
}

/// Whether what this version needs is applied. What a newer one has added since is no hindrance: servers
/// of both run side by side while one is brought in after the other. Reads only.
///
/// # Errors
/// What the database says.
pub async fn is_up(db: &DatabaseConnection) -> Result<bool, DbErr> {
    let table = seaql_migrations::Entity.table_name();
    if !SchemaManager::new(db).has_table(table).await? {
        return Ok(false);
    }
    let applied = seaql_migrations::Entity::find().all(db).await?;
    let is_applied = |name: &str| applied.iter().any(|row| row.version == name);
    Ok(Migrator::migrations()
        .iter()
        .all(|needed| is_applied(needed.name())))
}

/// Holds that a newer version was not here: what it changed is not known.
async fn known(db: &DatabaseConnection) -> Result<(), DbErr> {
    let table = seaql_migrations::Entity.table_name();
    if !SchemaManager::new(db).has_table(table).await? {
        return Ok(());
    }
    let known = Migrator::migrations();
    let applied = seaql_migrations::Entity::find().all(db).await?.into_iter();
    let mut unknown = applied.filter(|row| known.iter().all(|known| known.name() != row.version));
    unknown.next().map_or(Ok(()), |row| {
        Err(DbErr::Migration(format!(
            "a newer version of scrip has been here ({}): use that one, or a backup from before",
            row.version
        )))
    })
}
