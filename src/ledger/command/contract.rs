//! Contracts: end, archive.

use domain::{Code, ContractId, CreditId, Rejection};
use serde_json::Value as Json;

use super::super::work::{AccountKey, Needs, NewEvent, Rewritten, Work};
use super::credit_end::{cut_off, void_all};
use super::input::*;
use super::{Done, Home, Locate, Order, Run, act, archived, describe, not_found};

/// What homes call a contract.
pub(super) const KIND: &str = "contract";

impl Run for EndContract {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.contracts.insert((home.customer_id, self.id));
        let row = Rewritten::Contract(home.customer_id, self.id);
        needs.rewritten.insert(row);
        needs.all_accounts.insert(home.customer_id);
        needs
            .credits_of_contracts
            .insert((home.customer_id, self.id));
        needs.usage_of_contract_since = Some(
            needs
                .usage_of_contract_since
                .map_or(self.ending_before, |at| at.min(self.ending_before)),
        );
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let found = work.state.contracts.get(&self.id);
        let row = &found.ok_or_else(|| not_found("id", "contract"))?.row;
        if self.ending_before <= row.starting_at {
            let message = format!("must be after the start, {}", row.starting_at);
            return Err(Rejection::new(Code::WindowEmpty, "endingBefore", message));
        }
        if let Some(end) = row.ending_before.filter(|end| self.ending_before >= *end) {
            let message = format!("must be before the present end, {end}");
            return Err(Rejection::new(Code::EndNotEarlier, "endingBefore", message));
        }
        let before = describe::contract(row, None);
        let credits = credits_of(work, self.id);
        let keys: Vec<AccountKey> = credits.iter().map(|(_, key)| *key).collect();
        let copies = work.copy_books(&keys);
        for (id, key) in &credits {
            if let Err(fault) = self.cut(work, order, *id, *key) {
                work.put_back(copies);
                return Err(fault);
            }
        }
        let recorded = work.recorded;
        for (id, key) in credits {
            let book = work.state.books.get(&key).map(|open| &*open.book);
            let Some(tracked) = work.state.credits.get_mut(&id) else {
                continue;
            };
            let before = describe::credit(&tracked.row, None);
            let row = tracked.change();
            row.updated_at = recorded;
            let after = describe::credit(row, book);
            event(
                work,
                order,
                ("credit.edited", id.0),
                [Some(before), Some(after)],
            );
        }
        let Some(tracked) = work.state.contracts.get_mut(&self.id) else {
            return Err(not_found("id", "contract"));
        };
        let row = tracked.change();
        row.ending_before = Some(self.ending_before);
        row.updated_at = recorded;
        let after = describe::contract(row, None);
        event(
            work,
            order,
            ("contract.ended", self.id.0),
            [Some(before), Some(after)],
        );
        Ok(Done {
            object_id: self.id.0,
            account: None,
        })
    }
}

impl EndContract {
    fn cut(
        &self,
        work: &mut Work<'_>,
        order: &Order,
        id: CreditId,
        key: AccountKey,
    ) -> Result<(), Rejection> {
        let acting = act(work, order, None);
        let usage: Vec<_> = work
            .usage
            .iter()
            .filter(|u| u.credit_id == id)
            .cloned()
            .collect();
        let Some(book) = work.book(key) else {
            return Ok(());
        };
        cut_off(book, id, self.ending_before, &usage, &acting)
    }
}

/// The credits of a contract that are not voided, and their accounts.
fn credits_of(work: &Work<'_>, id: ContractId) -> Vec<(CreditId, AccountKey)> {
    let credits = work.state.credits.values().map(|credit| &credit.row);
    let of_contract = credits.filter(|row| row.contract_id == Some(id) && row.voided_at.is_none());
    of_contract
        .map(|row| (row.id, (row.customer_id, row.credit_type_id)))
        .collect()
}

impl Run for ArchiveContract {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.contracts.insert((home.customer_id, self.id));
        let row = Rewritten::Contract(home.customer_id, self.id);
        needs.rewritten.insert(row);
        needs.all_accounts.insert(home.customer_id);
        needs
            .credits_of_contracts
            .insert((home.customer_id, self.id));
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let found = work.state.contracts.get(&self.id);
        let row = &found.ok_or_else(|| not_found("id", "contract"))?.row;
        if row.archived_at.is_some() {
            return Err(archived("id", "contract"));
        }
        let before = describe::contract(row, None);
        let credits = credits_of(work, self.id);
        let keys: Vec<AccountKey> = credits.iter().map(|(_, key)| *key).collect();
        let copies = work.copy_books(&keys);
        for (id, key) in &credits {
            let acting = act(work, order, None);
            let Some(book) = work.book(*key) else {
                continue;
            };
            if let Err(fault) = void_all(book, *id, true, &acting) {
                work.put_back(copies);
                return Err(fault);
            }
        }
        let now = work.now;
        for (id, key) in credits {
            let book = work.state.books.get(&key).map(|open| &*open.book);
            let Some(tracked) = work.state.credits.get_mut(&id) else {
                continue;
            };
            let before = describe::credit(&tracked.row, None);
            let row = tracked.change();
            row.updated_at = now;
            row.voided_at = Some(now);
            row.archived_at = row.archived_at.or(Some(now));
            let after = describe::credit(row, book);
            let told = [Some(before), Some(after)];
            event(work, order, ("credit.voided", id.0), told);
        }
        let Some(tracked) = work.state.contracts.get_mut(&self.id) else {
            return Err(not_found("id", "contract"));
        };
        let row = tracked.change();
        row.archived_at = Some(now);
        row.updated_at = now;
        let mut after = describe::contract(row, None);
        if let Json::Object(after) = &mut after {
            after.insert("voidInvoices".to_owned(), self.void_invoices.into());
        }
        let told = [Some(before), Some(after)];
        event(work, order, ("contract.archived", self.id.0), told);
        Ok(Done {
            object_id: self.id.0,
            account: None,
        })
    }
}

/// Tells what happened to a contract, or to a credit with it.
pub(super) fn event(
    work: &mut Work<'_>,
    order: &Order,
    (kind, subject_id): (&str, uuid::Uuid),
    [before, after]: [Option<Json>; 2],
) {
    let (now, recorded_at) = (work.now, work.recorded);
    work.event(NewEvent {
        customer_id: order.home.customer_id,
        kind,
        subject_id,
        actor: &order.actor,
        recorded_at,
        effective_at: now,
        before,
        after,
    });
}
