//! `scrip key create|list|revoke`.

use std::process::ExitCode;

use clap::Subcommand;
use domain::ApiKeyId;

use super::{Failure, close, open};
use crate::auth::{Keys, role_of_key};
use crate::config::Settings;
use crate::ledger::Role;

/// What to do.
#[derive(Subcommand)]
pub(super) enum Action {
    /// Makes a key and prints it, this once
    Create {
        /// What it is for; the actor in the books
        #[arg(long)]
        name: String,
        /// admin: everything; operator: all but keys and settings; reader: reads
        #[arg(long, value_parser = role)]
        role: Role,
    },
    /// Lists all keys: id, role, when made, when revoked, name
    List,
    /// Refuses a key from now on
    Revoke {
        /// Of the key, as `list` shows it
        id: String,
    },
}

fn role(text: &str) -> Result<Role, &'static str> {
    role_of_key(text).ok_or("admin, operator or reader")
}

pub(super) async fn run(action: Action, settings: &Settings) -> Result<ExitCode, Failure> {
    let ledger = open(settings).await?;
    let done = act(action, &Keys::new(ledger.clone())).await;
    close(ledger).await?;
    done.map(|()| ExitCode::SUCCESS)
}

async fn act(action: Action, keys: &Keys) -> Result<(), Failure> {
    match action {
        Action::Create { name, role } => {
            let (row, key) = keys.create(&name, role, "cli").await?;
            eprintln!("made key {} ({}); it is shown this once", row.id, row.role);
            println!("{key}");
        }
        Action::List => {
            for row in keys.list().await? {
                let revoked = row.revoked_at.map_or("-".to_owned(), |at| at.to_string());
                println!(
                    "{}\t{}\t{}\t{revoked}\t{}",
                    row.id, row.role, row.created_at, row.name
                );
            }
        }
        Action::Revoke { id } => {
            let row = keys.revoke(ApiKeyId::read(&id)).await?;
            let row = row.ok_or_else(|| format!("there is no key {id}; see `scrip key list`"))?;
            eprintln!("revoked key {} ({})", row.id, row.name);
        }
    }
    Ok(())
}
