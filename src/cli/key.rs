//! `scrip key create|list|revoke|rotate-signing`.

use std::process::ExitCode;

use clap::Subcommand;
use domain::ApiKeyId;

use super::{Failure, close, note, open, say, shown};
use crate::auth::{Keys, house, role_of_key};
use crate::config::{Secret, Settings};
use crate::ledger::{Refusal, Role};

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
    /// Signs the tokens of customers with a new key; those signed before are good until they end
    RotateSigning {
        /// Refuse the tokens signed before from now on: where a signing key has leaked
        #[arg(long)]
        end_old_tokens: bool,
        /// As the server has it: then nothing signs but that
        #[arg(long, hide = true, env = "SCRIP_TOKEN_SECRET", hide_env_values = true)]
        token_secret: Option<Secret>,
    },
}

fn role(text: &str) -> Result<Role, &'static str> {
    role_of_key(text).ok_or("admin, operator or reader")
}

pub(super) async fn run(action: Action, settings: &Settings) -> Result<ExitCode, Failure> {
    let ledger = open(settings).await?;
    let done = act(action, &Keys::new(ledger.clone()), settings).await;
    close(ledger).await?;
    done.map(|()| ExitCode::SUCCESS)
}

async fn act(action: Action, keys: &Keys, settings: &Settings) -> Result<(), Failure> {
    let caller = house("cli");
    match action {
        Action::Create { name, role } => {
            let (made, key) = keys.create(&caller, &name, role, None).await?;
            let key = key.ok_or("the key was made before")?;
            let (id, role) = (made.object_id, role.as_str());
            note(format_args!(
                "made key {id} ({role}); it is shown this once"
            ));
            say(&key).map_err(|error| {
                format!("key {id} was made, but could not be shown ({error}): revoke it and make another")
            })?;
        }
        Action::List => {
            for row in keys.list().await? {
                let revoked = row.revoked_at.map_or("-".to_owned(), |at| at.to_string());
                say(format_args!(
                    "{}\t{}\t{}\t{revoked}\t{}",
                    row.id,
                    row.role,
                    row.created_at,
                    shown(&row.name)
                ))?;
            }
        }
        Action::Revoke { id } => {
            let key = ApiKeyId::read(&id);
            match keys.revoke(&caller, key, None).await {
                Ok(_) => note(format_args!("revoked key {key}")),
                Err(Refusal::Rejected(_)) => {
                    return Err(format!("there is no key {id}; see `scrip key list`").into());
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Action::RotateSigning { token_secret, .. }
            if [&token_secret, &settings.token_secret]
                .into_iter()
                .flatten()
                .any(|secret| secret.expose().is_some()) =>
        {
            return Err(
                "SCRIP_TOKEN_SECRET signs the tokens: put a new secret before the old one, \
                        which then goes once its tokens have ended"
                    .into(),
            );
        }
        Action::RotateSigning { end_old_tokens, .. } => {
            let made = keys.rotate(&caller, end_old_tokens).await?;
            let old = if end_old_tokens {
                "are good no more"
            } else {
                "are good until they end"
            };
            let id = made.object_id;
            note(format_args!(
                "signing key {id} signs from now on; tokens signed before {old}"
            ));
        }
    }
    Ok(())
}
