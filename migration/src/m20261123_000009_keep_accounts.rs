//! Accounts stay: PostgreSQL refuses to remove one, as it does entries. So entries and drawdowns need
//! no foreign key that looks for theirs again for each row, an eighth of what a batch of drawdowns
//! took of PostgreSQL: who writes them has locked the account, or counts it in the same statement
//! that writes it.
//!
//! SQLite keeps the keys: there they cost next to nothing, and can not be dropped by themselves.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

/// The migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// All locks first, in the order in which writers take them, and none waited for long: behind who waits
/// for one all others would wait, as long as someone makes a copy of the tables. Who did not get them
/// tries again. The triggers only raise.
const STATEMENTS: [&str; 7] = [
    "SET LOCAL lock_timeout = '1s'",
    "LOCK TABLE account, drawdown, ledger_entry IN ACCESS EXCLUSIVE MODE",
    "CREATE FUNCTION account_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     RAISE EXCEPTION 'account is kept: entries and drawdowns stand in it' \
     USING ERRCODE = 'SL001'; END $$",
    "CREATE TRIGGER account_keep_rows BEFORE DELETE ON account \
     FOR EACH ROW EXECUTE FUNCTION account_is_kept()",
    "CREATE TRIGGER account_keep_all BEFORE TRUNCATE ON account \
     FOR EACH STATEMENT EXECUTE FUNCTION account_is_kept()",
    "ALTER TABLE drawdown DROP CONSTRAINT drawdown_account_fk",
    "ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_account_fk",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Whole or not at all.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        if backend != DbBackend::Postgres {
            return Ok(());
        }
        for sql in STATEMENTS {
            let statement = Statement::from_string(backend, sql);
            manager.get_connection().execute_raw(statement).await?;
        }
        Ok(())
    }
}
