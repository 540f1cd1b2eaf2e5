//! The auditor: books of its own, kept from the rules alone, that predict what each command does.
//!
//! Everything is a plain vector; an object is known by its place in it, and learns the server's id
//! after the fact. A command is tried on a copy of the books, which replaces them once the server
//! has agreed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::command::{Command, ScopeOrder, Subject};
use super::units::{Refused, Time};

/// One customer in one credit type.
pub type Account = (usize, usize);
pub type Groups = BTreeMap<String, String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Grant,
    Deduction,
    Reversal,
    Expiration,
    ExpirationReversal,
    Rollover,
    Void,
    Manual,
    Amendment,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Grant => "GRANT",
            Self::Deduction => "DEDUCTION",
            Self::Reversal => "REVERSAL",
            Self::Expiration => "EXPIRATION",
            Self::ExpirationReversal => "EXPIRATION_REVERSAL",
            Self::Rollover => "ROLLOVER",
            Self::Void => "VOID",
            Self::Manual => "MANUAL",
            Self::Amendment => "AMENDMENT",
        }
    }
}

/// Who an entry says it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    System,
    Person,
    Either,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub kind: Kind,
    pub amount: i128,
    pub effective_at: Time,
    pub recorded_at: Time,
    pub by: By,
    pub segment: usize,
    pub drawdown: Option<usize>,
    /// Entries of one batch were decided together; the rules give them no order among themselves.
    pub batch: u64,
}

/// A credit type.
#[derive(Clone, Debug)]
pub struct Unit {
    pub id: String,
    pub scale: u32,
    pub burn_down: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub struct Customer {
    pub id: String,
    pub archived: bool,
}

#[derive(Clone, Debug)]
pub struct Product {
    pub id: String,
    pub tags: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Contract {
    pub id: String,
    pub customer: usize,
    pub start: Time,
    pub end: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Grant(usize),
    Credit(usize),
}

/// What expired of a segment and has not been taken back.
#[derive(Clone, Debug)]
pub struct Expired {
    pub at: Time,
    pub amount: i128,
}

#[derive(Clone, Debug)]
pub struct Segment {
    pub id: String,
    pub account: Account,
    pub owner: Owner,
    pub amount: i128,
    pub start: Time,
    pub end: Option<Time>,
    /// Sum of its entries: nothing before it has started.
    pub remaining: i128,
    pub held: i128,
    /// Deductions less reversals.
    pub used: i128,
    pub started: bool,
    pub ended: bool,
    /// Voided or removed.
    pub gone: bool,
    pub created_at: Time,
    /// When its window was last decided.
    pub decided_at: Time,
    /// Its amount or start was changed, or it is gone: its past can no longer be told from the present.
    pub rewritten: bool,
    pub expired: Vec<Expired>,
}

#[derive(Clone, Debug)]
pub struct Rollover {
    pub cap: i128,
    pub priority: f64,
    pub expires_at: Time,
}

#[derive(Clone, Debug)]
pub struct Grant {
    pub id: String,
    pub customer: usize,
    pub segment: usize,
    pub name: String,
    pub paid: bool,
    pub priority: f64,
    pub products: Vec<usize>,
    pub rollover: Option<Rollover>,
    pub rolled_from: Option<usize>,
    pub rolled_to: Option<usize>,
    pub created_at: Time,
    pub voided: bool,
    pub uniqueness_key: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Credit {
    pub id: String,
    pub customer: usize,
    pub contract: Option<usize>,
    pub priority: f64,
    pub scope: ScopeOrder,
    pub segments: Vec<usize>,
    pub created_at: Time,
    pub voided: bool,
    /// Ended by hand.
    pub ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawStatus {
    Held,
    Posted,
    Released,
    Lapsed,
}

#[derive(Clone, Debug)]
pub struct Slice {
    pub segment: usize,
    pub amount: i128,
    pub reversed: i128,
}

#[derive(Clone, Debug)]
pub struct Drawdown {
    pub id: String,
    pub account: Account,
    pub status: DrawStatus,
    pub amount: i128,
    pub applied: i128,
    pub shortfall: i128,
    pub released: i128,
    pub reversed: i128,
    pub slices: Vec<Slice>,
    pub effective_at: Time,
    pub hold_expires_at: Option<Time>,
    /// What it reserved as a hold.
    pub was_held: i128,
    pub created_at: Time,
    pub settled_at: Option<Time>,
}

/// A mutation that went through under an idempotency key.
#[derive(Clone, Debug)]
pub struct Remembered {
    pub operation: (&'static str, &'static str),
    pub input: Value,
    pub subject: Subject,
    pub accounts: Vec<Account>,
}

#[derive(Clone, Debug)]
pub struct Books {
    pub now: Time,
    pub units: Vec<Unit>,
    pub products: Vec<Product>,
    pub contracts: Vec<Contract>,
    pub customers: Vec<Customer>,
    pub grants: Vec<Grant>,
    pub credits: Vec<Credit>,
    pub segments: Vec<Segment>,
    pub drawdowns: Vec<Drawdown>,
    pub entries: BTreeMap<Account, Vec<Entry>>,
    pub grant_keys: BTreeSet<String>,
    pub credit_keys: BTreeSet<String>,
    pub batch: u64,
    /// A command is being carried out: all it posts, due boundaries included, is one batch.
    pub in_command: bool,
}

impl Books {
    pub fn new(now: Time) -> Self {
        Self {
            now,
            units: Vec::new(),
            products: Vec::new(),
            contracts: Vec::new(),
            customers: Vec::new(),
            grants: Vec::new(),
            credits: Vec::new(),
            segments: Vec::new(),
            drawdowns: Vec::new(),
            entries: BTreeMap::new(),
            grant_keys: BTreeSet::new(),
            credit_keys: BTreeSet::new(),
            batch: 0,
            in_command: false,
        }
    }

    /// The books after the command, or why there are none. These books stay as they are.
    pub fn after(&self, command: &Command) -> Result<(Self, Subject), Refused> {
        let mut next = self.clone();
        next.batch += 1;
        next.in_command = true;
        let subject = next.carry_out(command)?;
        next.in_command = false;
        next.batch += 1;
        Ok((next, subject))
    }

    fn carry_out(&mut self, command: &Command) -> Result<Subject, Refused> {
        match command {
            Command::CreateCustomer { .. } => Ok(self.create_customer()),
            Command::ArchiveCustomer { customer } => self.archive_customer(*customer),
            Command::CreateProduct { tags, .. } => Ok(self.create_product(tags)),
            Command::UpdateProduct { product, tags } => self.update_product(*product, tags),
            Command::CreateContract {
                customer,
                start,
                end,
            } => self.create_contract(*customer, *start, *end),
            Command::EndContract { contract, end } => self.end_contract(*contract, *end),
            Command::CreateGrant(order) => self.create_grant(order),
            Command::EditGrant {
                grant,
                name,
                expires_at,
                never,
            } => self.edit_grant(*grant, name.as_deref(), *expires_at, *never),
            Command::ExpireGrant { grant } => self.expire_grant(*grant),
            Command::VoidGrant {
                grant,
                remainder_only,
                release_key,
            } => self.void_grant(*grant, *remainder_only, *release_key),
            Command::CreateCredit(order) => self.create_credit(order),
            Command::EditCredit(edit) => self.edit_credit(edit),
            Command::EndCredit { credit, end } => self.end_credit(*credit, *end),
            Command::VoidCredit {
                credit,
                remainder_only,
            } => self.void_credit(*credit, *remainder_only),
            Command::DrawDown(order) => self.draw_down(order),
            Command::Capture { drawdown, amount } => self.capture(*drawdown, amount.as_deref()),
            Command::Release { drawdown } => self.release(*drawdown),
            Command::Reverse {
                drawdown,
                amount,
                extend,
            } => self.reverse(*drawdown, amount.as_deref(), *extend),
            Command::Manual {
                segment,
                amount,
                effective_at,
            } => self.manual(*segment, amount, *effective_at),
        }
    }

    /// The accounts a command may write to: where to look whether it wrote what it should, or nothing.
    pub fn accounts_of(&self, command: &Command) -> Vec<Account> {
        let of_segment = |segment: usize| self.segments.get(segment).map(|one| one.account);
        let of_grant = |grant: usize| {
            self.grants
                .get(grant)
                .and_then(|one| of_segment(one.segment))
        };
        let of_credit = |credit: usize| {
            self.credits
                .get(credit)
                .and_then(|one| of_segment(one.segments[0]))
        };
        let account = match command {
            Command::CreateGrant(order) => self.known((order.customer, order.unit)),
            Command::CreateCredit(order) => self.known((order.customer, order.unit)),
            Command::DrawDown(order) => self.known((order.customer, order.unit)),
            Command::EditGrant { grant, .. }
            | Command::ExpireGrant { grant }
            | Command::VoidGrant { grant, .. } => of_grant(*grant),
            Command::EditCredit(edit) => of_credit(edit.credit),
            Command::EndCredit { credit, .. } | Command::VoidCredit { credit, .. } => {
                of_credit(*credit)
            }
            Command::Capture { drawdown, .. }
            | Command::Release { drawdown }
            | Command::Reverse { drawdown, .. } => {
                self.drawdowns.get(*drawdown).map(|one| one.account)
            }
            Command::Manual { segment, .. } => of_segment(*segment),
            Command::EndContract { contract, .. } => {
                return self.contracts.get(*contract).map_or_else(Vec::new, |one| {
                    (0..self.units.len())
                        .map(|unit| (one.customer, unit))
                        .collect()
                });
            }
            _ => None,
        };
        account.into_iter().collect()
    }

    fn known(&self, account: Account) -> Option<Account> {
        (account.0 < self.customers.len() && account.1 < self.units.len()).then_some(account)
    }

    pub fn entries_of(&self, account: Account) -> &[Entry] {
        self.entries.get(&account).map_or(&[], Vec::as_slice)
    }

    pub fn segments_of(&self, account: Account) -> impl Iterator<Item = usize> {
        (0..self.segments.len()).filter(move |&place| self.segments[place].account == account)
    }

    /// Grants that a rollover made and whose id the server has not been asked for.
    pub fn unbound_rollovers(&self) -> Vec<usize> {
        (0..self.grants.len())
            .filter(|&place| {
                self.grants[place].id.is_empty() && self.grants[place].rolled_from.is_some()
            })
            .collect()
    }
}
