//! Contracts: create, with the credits it begins with; extend.

use domain::custom_field::FieldEntity;
use domain::{Code, ContractId, Rejection};
use entity::{contract, object_home, uniqueness_key};

use super::super::canonical;
use super::super::work::{AccountKey, Needs, Rewritten, Tracked, Work};
use super::contract::{KIND, event};
use super::detail::{self, Beside};
use super::grant::claim_key;
use super::input::*;
use super::{
    Done, Home, Locate, Order, Run, Shape, View, archived, custom_field, describe, not_found,
};

/// Credits that a contract begins with, at most.
const CREDITS_MAX: usize = 100;

impl Run for CreateContract {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(self.home()), "customerId")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.customers.insert(self.customer_id);
        let fields = self.extra.custom_fields.as_ref();
        custom_field::needs(needs, FieldEntity::Contract, fields);
        let key = self.extra.uniqueness_key.clone();
        needs.uniqueness_keys.extend(key.map(|key| (KIND, key)));
        for credit in &self.extra.credits {
            let home = Home {
                credit_type_id: Some(credit.access_schedule.credit_type_id),
                ..home
            };
            credit.needs(home, needs);
        }
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        shape.window("endingBefore", self.starting_at, self.ending_before);
        shape.object("customFields", self.extra.custom_fields.as_ref());
        shape.object("details", self.extra.details.as_ref());
        shape.maybe_key("uniquenessKey", self.extra.uniqueness_key.as_deref());
        if self.extra.credits.len() > CREDITS_MAX {
            let message = format!("has more than {CREDITS_MAX} credits");
            shape.fault(Code::OutOfRange, "credits", message);
            return;
        }
        for (index, credit) in self.extra.credits.iter().enumerate() {
            let mut of_credit = Shape::default();
            credit.shape(&mut of_credit, view);
            shape.under(&format!("credits.{index}"), of_credit);
        }
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let customer = work.state.customers.get(&self.customer_id);
        let customer = customer.ok_or_else(|| not_found("customerId", "customer"))?;
        if customer.row.archived_at.is_some() {
            return Err(archived("customerId", "customer"));
        }
        claim_key(work, KIND, self.extra.uniqueness_key.as_deref())?;
        let id = ContractId(work.ids.next(work.now));
        let field = (FieldEntity::Contract, self.customer_id, id.0);
        custom_field::free(work, field, self.extra.custom_fields.as_ref())?;
        let row = self.row(work, order, id);
        work.state.contracts.insert(id, Tracked::new(row));
        if let Err(fault) = self.begin_with_credits(work, order, id) {
            work.state.contracts.remove(&id);
            return Err(fault);
        }
        self.keep(work, id);
        work.claims.homes.push(object_home::Model {
            id: id.0,
            kind: KIND.to_owned(),
            customer_id: self.customer_id,
            credit_type_id: None,
        });
        let row = work.state.contracts.get(&id).map(|tracked| &tracked.row);
        let after = row.map(|row| describe::contract(row, work.state.details.get(&id.0)));
        event(work, order, ("contract.created", id.0), [None, after]);
        Ok(Done {
            object_id: id.0,
            account: None,
        })
    }
}

impl CreateContract {
    fn home(&self) -> Home {
        Home {
            customer_id: self.customer_id,
            credit_type_id: None,
        }
    }

    fn row(&self, work: &Work<'_>, order: &Order, id: ContractId) -> contract::Model {
        contract::Model {
            id,
            customer_id: self.customer_id,
            name: self.name.clone(),
            starting_at: self.starting_at,
            ending_before: self.ending_before,
            created_at: work.now,
            created_by: order.actor.to_string(),
            updated_at: work.now,
            archived_at: None,
            digest: Vec::new(),
        }
    }

    /// Makes the credits; one that is refused takes the others back with it.
    fn begin_with_credits(
        &self,
        work: &mut Work<'_>,
        order: &Order,
        id: ContractId,
    ) -> Result<(), Rejection> {
        let units = self.extra.credits.iter();
        let units = units.map(|credit| credit.access_schedule.credit_type_id);
        let keys: Vec<AccountKey> = units.map(|unit| (self.customer_id, unit)).collect();
        let opened: Vec<AccountKey> = keys
            .iter()
            .filter(|key| !work.state.books.contains_key(key))
            .copied()
            .collect();
        let copies = work.copy_books(&keys);
        let (homes, events) = (work.claims.homes.len(), work.events.len());
        let mut made = Vec::new();
        for (index, credit) in self.extra.credits.iter().enumerate() {
            let mut credit = credit.clone();
            (credit.customer_id, credit.contract_id) = (self.customer_id, Some(id));
            match credit.run(work, order) {
                Ok(done) => made.push(done.object_id),
                Err(fault) => {
                    work.put_back(copies);
                    for key in opened {
                        work.state.books.remove(&key);
                    }
                    for id in made {
                        work.state.credits.remove(&domain::CreditId(id));
                        work.state.details.remove(&id);
                        custom_field::forget(work, id);
                    }
                    work.claims.homes.truncate(homes);
                    work.events.truncate(events);
                    return Err(fault.under(&format!("credits.{index}")));
                }
            }
        }
        Ok(())
    }

    fn keep(&self, work: &mut Work<'_>, id: ContractId) {
        let extra = &self.extra;
        if let Some(key) = &extra.uniqueness_key {
            work.taken_keys.insert((KIND, key.clone()));
            work.claims.uniqueness_keys.push(uniqueness_key::Model {
                key: key.clone(),
                kind: KIND.to_owned(),
                customer_id: self.customer_id,
                object_id: id.0,
            });
        }
        let field = (FieldEntity::Contract, self.customer_id, id.0);
        custom_field::claim(work, field, "{}", extra.custom_fields.as_ref());
        if extra.custom_fields.is_none()
            && extra.details.is_none()
            && extra.uniqueness_key.is_none()
        {
            return;
        }
        let beside = Beside {
            kind: "contract",
            customer_id: self.customer_id,
            id: id.0,
        };
        detail::keep(work, beside, |row| {
            if let Some(fields) = &extra.custom_fields {
                row.custom_fields = canonical::text(fields);
            }
            detail::merge(&mut row.details, extra.details.as_ref());
            row.uniqueness_key.clone_from(&extra.uniqueness_key);
        });
    }
}

impl Run for ExtendContract {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.contracts.insert((home.customer_id, self.id));
        let row = Rewritten::Contract(home.customer_id, self.id);
        needs.rewritten.insert(row);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.now;
        let tracked = work.state.contracts.get_mut(&self.id);
        let tracked = tracked.ok_or_else(|| not_found("id", "contract"))?;
        if tracked.row.archived_at.is_some() {
            return Err(archived("id", "contract"));
        }
        let later = match (self.ending_before, tracked.row.ending_before) {
            (Some(new), Some(present)) => new > present,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if !later {
            let message = "must be after the present end; to end it earlier, end it";
            return Err(Rejection::new(Code::OutOfRange, "endingBefore", message));
        }
        let before = describe::contract(&tracked.row, None);
        let row = tracked.change();
        row.ending_before = self.ending_before;
        row.updated_at = now;
        let told = [Some(before), Some(describe::contract(row, None))];
        event(work, order, ("contract.extended", self.id.0), told);
        Ok(Done {
            object_id: self.id.0,
            account: None,
        })
    }
}
