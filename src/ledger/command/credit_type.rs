//! Units.

use domain::burn::{BurnDownKey, DEFAULT_ORDER};
use domain::{Code, CreditTypeId, Rejection};
use entity::credit_type;

use super::super::work::{Needs, Rewritten, Tracked, Work};
use super::house::{done, house_event};
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, archived, describe, not_found};

/// The largest scale and exponent of a unit.
const SCALE_MAX: i32 = 9;

fn shape_order(shape: &mut Shape, keys: &[BurnDownKey]) {
    if keys.is_empty() {
        let message = "must name at least one key, or be left out for the default order";
        shape.fault(Code::Invalid, "burnDownOrder", message);
    }
    let earlier = |index: usize| keys.iter().take(index);
    let mut all = keys.iter().enumerate();
    if all.any(|(index, key)| earlier(index).any(|other| other == key)) {
        shape.fault(Code::Invalid, "burnDownOrder", "must not name a key twice");
    }
}

fn written(keys: &[BurnDownKey]) -> String {
    let names: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    names.join(",")
}

impl Run for CreateCreditType {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, _: &mut Needs) {}

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.name("name", &self.name);
        if !(0..=SCALE_MAX).contains(&self.scale) {
            shape.fault(Code::OutOfRange, "scale", "must be 0 to 9");
        }
        match (&self.currency, self.is_currency) {
            (None, true) => {
                let message = "must be the ISO 4217 code of the currency, such as EUR";
                shape.fault(Code::Required, "currency", message);
            }
            (Some(_), false) => {
                let message = "is for currencies; set isCurrency: true or leave it out";
                shape.fault(Code::Invalid, "currency", message);
            }
            (Some(code), true) => {
                if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                    let message = "must be three upper case letters, such as EUR";
                    shape.fault(Code::Invalid, "currency", message);
                }
            }
            (None, false) => {}
        }
        if self
            .currency_exponent
            .is_some_and(|exponent| !(0..=SCALE_MAX).contains(&exponent))
        {
            shape.fault(Code::OutOfRange, "currencyExponent", "must be 0 to 9");
        }
        if self.currency_exponent.is_some() && !self.is_currency {
            let message = "is for currencies; set isCurrency: true or leave it out";
            shape.fault(Code::Invalid, "currencyExponent", message);
        }
        if let Some(keys) = &self.burn_down_order {
            shape_order(shape, keys);
        }
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let id = CreditTypeId(work.ids.next(work.now));
        let keys = self
            .burn_down_order
            .clone()
            .unwrap_or_else(|| DEFAULT_ORDER.to_vec());
        let row = credit_type::Model {
            id,
            name: self.name.clone(),
            is_currency: self.is_currency,
            scale: self.scale,
            currency: self.currency.clone(),
            currency_exponent: self.currency_exponent,
            burn_down_order: written(&keys),
            created_at: work.now,
            created_by: order.actor.to_string(),
            archived_at: None,
            digest: Vec::new(),
        };
        let after = describe::credit_type(&row);
        work.state.credit_types.insert(id, Tracked::new(row));
        house_event(
            work,
            order,
            "credit_type.created",
            id.0,
            [None, Some(after)],
        );
        Ok(done(id.0))
    }
}

impl Run for UpdateCreditType {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.credit_types.insert(self.id);
        needs.rewritten.insert(Rewritten::CreditType(self.id));
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        if let Some(keys) = &self.burn_down_order {
            shape_order(shape, keys);
        }
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.now;
        let Some(tracked) = work.state.credit_types.get_mut(&self.id) else {
            return Err(not_found("id", "credit type"));
        };
        if self.id == CreditTypeId::USD && self.archived == Some(true) {
            let message = "USD (cents) is what amounts are in where no unit is named; it stays";
            return Err(Rejection::new(Code::WrongState, "archived", message));
        }
        if self.unless_archived && tracked.row.archived_at.is_some() {
            return Err(archived("id", "credit type"));
        }
        let before = describe::credit_type(&tracked.row);
        let row = tracked.change();
        if let Some(name) = &self.name {
            row.name.clone_from(name);
        }
        if let Some(keys) = &self.burn_down_order {
            row.burn_down_order = written(keys);
        }
        match self.archived {
            Some(true) => row.archived_at = row.archived_at.or(Some(now)),
            Some(false) => row.archived_at = None,
            None => {}
        }
        let after = describe::credit_type(row);
        let (kind, id) = ("credit_type.updated", self.id.0);
        house_event(work, order, kind, id, [Some(before), Some(after)]);
        Ok(done(self.id.0))
    }
}
