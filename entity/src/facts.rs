//! From rows to the facts that `domain` reasons about, and back.
//!
//! Both ways are written out field by field, so that a new column breaks the build here.

use std::sync::Arc;

use domain::Window;
use domain::book::Account;
use domain::burn::{BurnDownKey, DEFAULT_ORDER};
use domain::canonical::Hash;
use domain::credit_type::CreditType;
use domain::drawdown::Drawdown;
use domain::entry::Entry;
use domain::segment::{Parent, Segment};
use sea_orm::DbErr;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{account, credit_type, drawdown, ledger_entry, segment};

fn read<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text).map_err(|error| DbErr::Type(format!("{column}: {error}")))
}

fn write<T: Serialize>(value: &T) -> String {
    // These types have string keys and finite numbers only, so this can not fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn hash(column: &str, bytes: &[u8]) -> Result<Hash, DbErr> {
    bytes
        .try_into()
        .map_err(|_| DbErr::Type(format!("{column}: not 32 bytes")))
}

fn parent(
    grant: Option<domain::CreditGrantId>,
    credit: Option<domain::CreditId>,
) -> Result<Parent, DbErr> {
    match (grant, credit) {
        (Some(id), None) => Ok(Parent::Grant(id)),
        (None, Some(id)) => Ok(Parent::Credit(id)),
        _ => Err(DbErr::Type("neither of a grant nor of a credit".to_owned())),
    }
}

impl credit_type::Model {
    /// What the rules need of it.
    #[must_use]
    pub fn facts(&self) -> CreditType {
        let keys: Vec<BurnDownKey> = self
            .burn_down_order
            .split(',')
            .filter_map(|key| key.parse().ok())
            .collect();
        let order = if keys.is_empty() {
            DEFAULT_ORDER.to_vec()
        } else {
            keys
        };
        CreditType {
            id: self.id,
            scale: u8::try_from(self.scale).unwrap_or_default(),
            burn_down_order: Arc::from(order),
            archived: self.archived_at.is_some(),
        }
    }
}

impl TryFrom<account::Model> for Account {
    type Error = DbErr;

    fn try_from(row: account::Model) -> Result<Self, DbErr> {
        Ok(Self {
            customer_id: row.customer_id,
            credit_type_id: row.credit_type_id,
            balance: row.balance,
            held: row.held,
            last_sequence: row.last_sequence,
            last_hash: hash("last_hash", &row.last_hash)?,
            recorded_max: row.recorded_max,
            effective_max: row.effective_max,
            lateness_max: row.lateness_max,
            hold_span_max: row.hold_span_max,
            next_lapse_at: row.next_lapse_at,
            next_boundary_at: row.next_boundary_at,
            clock_now: row.clock_now,
            revision: row.revision.unwrap_or_default(),
        })
    }
}

impl From<&Account> for account::Model {
    fn from(facts: &Account) -> Self {
        Self {
            customer_id: facts.customer_id,
            credit_type_id: facts.credit_type_id,
            balance: facts.balance,
            held: facts.held,
            last_sequence: facts.last_sequence,
            last_hash: facts.last_hash.to_vec(),
            recorded_max: facts.recorded_max,
            effective_max: facts.effective_max,
            lateness_max: facts.lateness_max,
            hold_span_max: facts.hold_span_max,
            next_lapse_at: facts.next_lapse_at,
            next_boundary_at: facts.next_boundary_at,
            digest: Vec::new(),
            clock_now: facts.clock_now,
            revision: (facts.revision != 0).then_some(facts.revision),
        }
    }
}

impl TryFrom<segment::Model> for Segment {
    type Error = DbErr;

    fn try_from(row: segment::Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            customer_id: row.customer_id,
            credit_type_id: row.credit_type_id,
            parent: parent(row.credit_grant_id, row.credit_id)?,
            amount: row.amount,
            window: Window {
                starts_at: row.starts_at,
                ends_at: row.ends_at,
            },
            remaining: row.remaining,
            held: row.held,
            used: row.used,
            rolled_over: row.rolled_over,
            written_off: row.written_off,
            manual: row.manual,
            expirations: read("expirations", &row.expirations)?,
            started: row.started,
            ended: row.ended,
            open: row.open,
            voided_at: row.voided_at,
            decided_at: row.decided_at,
            priority: row.priority,
            contract_level: row.contract_level,
            category: row.category,
            rolled_in: row.rolled_in,
            scope: Arc::new(read("scope", &row.scope)?),
            rollover: row
                .rollover
                .as_deref()
                .map(|text| read("rollover", text))
                .transpose()?,
            created_at: row.created_at,
        })
    }
}

impl From<&Segment> for segment::Model {
    fn from(facts: &Segment) -> Self {
        Self {
            id: facts.id,
            customer_id: facts.customer_id,
            credit_type_id: facts.credit_type_id,
            credit_grant_id: facts.parent.grant(),
            credit_id: facts.parent.credit(),
            amount: facts.amount,
            starts_at: facts.window.starts_at,
            ends_at: facts.window.ends_at,
            remaining: facts.remaining,
            held: facts.held,
            used: facts.used,
            rolled_over: facts.rolled_over,
            written_off: facts.written_off,
            manual: facts.manual,
            expirations: write(&facts.expirations),
            started: facts.started,
            ended: facts.ended,
            open: facts.open,
            voided_at: facts.voided_at,
            decided_at: facts.decided_at,
            priority: facts.priority,
            contract_level: facts.contract_level,
            category: facts.category,
            rolled_in: facts.rolled_in,
            scope: write(&*facts.scope),
            rollover: facts.rollover.as_ref().map(write),
            created_at: facts.created_at,
            digest: Vec::new(),
        }
    }
}

impl TryFrom<drawdown::Model> for Drawdown {
    type Error = DbErr;

    fn try_from(row: drawdown::Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            customer_id: row.customer_id,
            credit_type_id: row.credit_type_id,
            status: row.status,
            amount: row.amount,
            applied: row.applied,
            shortfall: row.shortfall,
            released: row.released,
            reversed: row.reversed,
            slices: read("slices", &row.slices)?,
            product_id: row.product_id,
            contract_id: row.contract_id,
            effective_at: row.effective_at,
            hold_expires_at: row.hold_expires_at,
            settled_at: row.settled_at,
            reason: row.reason,
            invoice_id: row.invoice_id,
            metadata: row.metadata,
            created_at: row.created_at,
            created_by: row.created_by,
            idempotency_key: row.idempotency_key,
            input: row.input,
        })
    }
}

impl From<&Drawdown> for drawdown::Model {
    fn from(facts: &Drawdown) -> Self {
        Self {
            id: facts.id,
            customer_id: facts.customer_id,
            credit_type_id: facts.credit_type_id,
            status: facts.status,
            amount: facts.amount,
            applied: facts.applied,
            shortfall: facts.shortfall,
            released: facts.released,
            reversed: facts.reversed,
            slices: write(&facts.slices),
            product_id: facts.product_id,
            contract_id: facts.contract_id,
            effective_at: facts.effective_at,
            hold_expires_at: facts.hold_expires_at,
            settled_at: facts.settled_at,
            reason: facts.reason.clone(),
            invoice_id: facts.invoice_id.clone(),
            metadata: facts.metadata.clone(),
            created_at: facts.created_at,
            created_by: facts.created_by.clone(),
            idempotency_key: facts.idempotency_key.clone(),
            input: facts.input.clone(),
            digest: Vec::new(),
        }
    }
}

impl TryFrom<&ledger_entry::Model> for Entry {
    type Error = DbErr;

    fn try_from(row: &ledger_entry::Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            customer_id: row.customer_id,
            credit_type_id: row.credit_type_id,
            sequence: row.sequence,
            kind: row.kind,
            amount: row.amount,
            running_balance: row.running_balance,
            effective_at: row.effective_at,
            recorded_at: row.recorded_at,
            effective_max: row.effective_max,
            created_by: Arc::from(row.created_by.as_str()),
            reason: row.reason.as_deref().map(Arc::from),
            segment_id: row.segment_id,
            parent: parent(row.credit_grant_id, row.credit_id)?,
            drawdown_id: row.drawdown_id,
            invoice_id: row.invoice_id.as_deref().map(Arc::from),
            hash: hash("hash", &row.hash)?,
        })
    }
}

impl From<&Entry> for ledger_entry::Model {
    fn from(facts: &Entry) -> Self {
        Self {
            id: facts.id,
            customer_id: facts.customer_id,
            credit_type_id: facts.credit_type_id,
            sequence: facts.sequence,
            kind: facts.kind,
            amount: facts.amount,
            running_balance: facts.running_balance,
            effective_at: facts.effective_at,
            recorded_at: facts.recorded_at,
            effective_max: facts.effective_max,
            late: facts.is_late(),
            created_by: facts.created_by.to_string(),
            reason: facts.reason.as_deref().map(String::from),
            segment_id: facts.segment_id,
            credit_grant_id: facts.parent.grant(),
            credit_id: facts.parent.credit(),
            drawdown_id: facts.drawdown_id,
            invoice_id: facts.invoice_id.as_deref().map(String::from),
            hash: facts.hash.to_vec(),
        }
    }
}
