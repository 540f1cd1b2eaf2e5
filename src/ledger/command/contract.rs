//! Contracts: create, end.

use domain::{Code, ContractId, CreditId, Rejection};
use entity::{contract, object_home};
use serde_json::Value as Json;

use super::super::work::{AccountKey, Needs, NewEvent, Rewritten, Tracked, Work};
use super::credit_end::cut_off;
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, act, archived, describe, not_found};

/// What homes call a contract.
pub(super) const KIND: &str = "contract";

impl Run for CreateContract {
    fn locate(&self) -> (Locate, &'static str) {
        let home = Home {
            customer_id: self.customer_id,
            credit_type_id: None,
        };
        (Locate::Known(home), "customerId")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.customers.insert(self.customer_id);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        shape.window("endingBefore", self.starting_at, self.ending_before);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let customer = work.state.customers.get(&self.customer_id);
        let customer = customer.ok_or_else(|| not_found("customerId", "customer"))?;
        if customer.row.archived_at.is_some() {
            return Err(archived("customerId", "customer"));
        }
        let id = ContractId(work.ids.next(work.recorded));
        let row = contract::Model {
            id,
            customer_id: self.customer_id,
            name: self.name.clone(),
            starting_at: self.starting_at,
            ending_before: self.ending_before,
            created_at: work.recorded,
            created_by: order.actor.to_string(),
            updated_at: work.recorded,
            archived_at: None,
            digest: Vec::new(),
        };
        let after = describe::contract(&row);
        work.state.contracts.insert(id, Tracked::new(row));
        work.claims.homes.push(object_home::Model {
            id: id.0,
            kind: KIND.to_owned(),
            customer_id: self.customer_id,
            credit_type_id: None,
        });
        event(work, order, ("contract.created", id.0), [None, Some(after)]);
        Ok(Done {
            object_id: id.0,
            account: None,
        })
    }
}

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

    fn shape(&self, _: &mut Shape, _: &View<'_>) {}

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
        let before = describe::contract(row);
        let of_contract = work.state.credits.values().map(|credit| &credit.row);
        let of_contract =
            of_contract.filter(|row| row.contract_id == Some(self.id) && row.voided_at.is_none());
        let credits: Vec<(CreditId, AccountKey)> = of_contract
            .map(|row| (row.id, (row.customer_id, row.credit_type_id)))
            .collect();
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
            let book = work.state.books.get(&key).map(|open| &open.book);
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
        let after = describe::contract(row);
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

fn event(
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
