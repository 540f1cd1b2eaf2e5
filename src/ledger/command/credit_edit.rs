//! Credits: edit (rule 12, decisions 10 to 13).

use std::sync::Arc;

use domain::book::{Act, Book};
use domain::custom_field::FieldEntity;
use domain::{Code, ContractId, ProductId, Rejection, SegmentId, Window};
use entity::credit;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::canonical;
use super::super::work::{Needs, Usage, Work};
use super::credit::{KIND, ScopeLists, SegmentOf, keep};
use super::credit_end::{change, find, last_end, usage_stays_inside};
use super::input::*;
use super::shape::kept_priority;
use super::{Done, Home, Locate, Order, Run, Shape, View, act, custom_field, not_found};

/// The scope lists of a credit after an edit.
struct Lists {
    contract_ids: Vec<ContractId>,
    product_ids: Vec<ProductId>,
    tags: Vec<String>,
}

fn stored<T: DeserializeOwned>(text: &str) -> Vec<T> {
    serde_json::from_str(text).unwrap_or_default()
}

impl EditCredit {
    fn given(&self) -> ScopeLists<'_> {
        ScopeLists {
            contract_ids: self.applicable_contract_ids.as_deref().unwrap_or_default(),
            product_ids: self.applicable_product_ids.as_deref().unwrap_or_default(),
            tags: self.applicable_product_tags.as_deref().unwrap_or_default(),
            specifiers: self.specifiers.as_deref().unwrap_or_default(),
        }
    }

    fn changes_scope(&self) -> bool {
        self.applicable_contract_ids.is_some()
            || self.applicable_product_ids.is_some()
            || self.applicable_product_tags.is_some()
            || self.specifiers.is_some()
    }

    /// Applies everything but the schedule to the row and to its segments.
    fn change_terms(&self, book: &mut Book, row: &mut credit::Model) -> Result<(), Rejection> {
        let lists = Lists {
            contract_ids: self
                .applicable_contract_ids
                .clone()
                .unwrap_or_else(|| stored(&row.applicable_contract_ids)),
            product_ids: self
                .applicable_product_ids
                .clone()
                .unwrap_or_else(|| stored(&row.applicable_product_ids)),
            tags: self
                .applicable_product_tags
                .clone()
                .unwrap_or_else(|| stored(&row.applicable_product_tags)),
        };
        let mut scope = self.given().scope(row.contract_id);
        if self.specifiers.is_none() {
            scope.specifiers = stored(&row.specifiers);
        }
        scope.contracts = match row.contract_id {
            Some(own) if lists.contract_ids.is_empty() => vec![own],
            _ => lists.contract_ids.clone(),
        };
        scope.products.clone_from(&lists.product_ids);
        scope.tags.clone_from(&lists.tags);
        let by_product = !scope.products.is_empty() || !scope.tags.is_empty();
        if !scope.specifiers.is_empty() && by_product {
            let path = if self.specifiers.is_some() {
                "specifiers"
            } else if self.applicable_product_ids.is_some() {
                "applicableProductIds"
            } else {
                "applicableProductTags"
            };
            let message = "specifiers can not stand together with applicableProductIds or \
                           applicableProductTags; empty the one to set the other";
            return Err(Rejection::new(Code::Invalid, path, message));
        }
        row.applicable_contract_ids = json!(lists.contract_ids).to_string();
        row.applicable_product_ids = json!(lists.product_ids).to_string();
        row.applicable_product_tags = json!(lists.tags).to_string();
        row.specifiers = json!(scope.specifiers).to_string();
        if let Some(name) = &self.name {
            row.name = Some(name.clone());
        }
        if let Some(description) = &self.description {
            row.description = Some(description.clone());
        }
        row.product_id = self.product_id.unwrap_or(row.product_id);
        row.priority = self.priority.map_or(row.priority, kept_priority);
        if let Some(rate_type) = &self.rate_type {
            row.rate_type.clone_from(rate_type);
        }
        if let Some(fields) = &self.custom_fields {
            row.custom_fields = canonical::text(fields);
        }
        if self.changes_scope() || self.priority.is_some() {
            book.set_terms(row.id, row.priority, &Arc::new(scope));
        }
        Ok(())
    }

    fn change_schedule(
        &self,
        book: &mut Book,
        row: &credit::Model,
        edit: &AccessScheduleEditInput,
        usage: &[Usage],
        act: &Act<'_>,
    ) -> Result<(), Rejection> {
        let own = |book: &Book, id: SegmentId, path: &str| {
            let found = book
                .segments
                .get(&id)
                .filter(|s| s.parent.credit() == Some(row.id));
            found
                .map(|_| ())
                .ok_or_else(|| not_found(path, "segment of this credit"))
        };
        for (index, update) in edit.update.iter().enumerate() {
            own(
                book,
                update.id,
                &format!("accessSchedule.update.{index}.id"),
            )?;
        }
        for (index, id) in edit.remove.iter().enumerate() {
            own(book, *id, &format!("accessSchedule.remove.{index}"))?;
        }
        let faults = edit.remove.iter().enumerate().filter_map(|(index, id)| {
            let fault = book.may_void(*id, false).err()?;
            Some(fault.under(&format!("accessSchedule.remove.{index}")))
        });
        if let Some(fault) = faults.min_by_key(|fault| fault.code) {
            return Err(fault);
        }
        for id in &edit.remove {
            book.void_segment(*id, false, act)?;
        }
        for (index, update) in edit.update.iter().enumerate() {
            let fault = update_segment(book, update, act);
            fault.map_err(|fault| fault.under(&format!("accessSchedule.update.{index}")))?;
        }
        let scope = book
            .segments
            .values()
            .find(|segment| segment.parent.credit() == Some(row.id))
            .map(|segment| Arc::clone(&segment.scope))
            .unwrap_or_default();
        let made = SegmentOf {
            row,
            scope,
            decided_at: act.recorded,
        };
        for (index, input) in edit.add.iter().enumerate() {
            let amount = input
                .amount
                .to_minor(book.credit_type.scale)
                .unwrap_or_default();
            let id = SegmentId(act.ids.next(act.recorded));
            let added = book.add_segment(made.make(id, amount, input), act);
            added.map_err(|f| f.under(&format!("accessSchedule.add.{index}")))?;
        }
        usage_stays_inside(book, row.id, usage, |segment| {
            let index = edit.update.iter().position(|update| update.id == segment);
            index.map_or_else(
                || "accessSchedule".to_owned(),
                |index| format!("accessSchedule.update.{index}.endingBefore"),
            )
        })
    }
}

fn update_segment(
    book: &mut Book,
    update: &SegmentUpdateInput,
    act: &Act<'_>,
) -> Result<(), Rejection> {
    let Some(segment) = book.segments.get(&update.id).cloned() else {
        return Err(not_found("id", "segment of this credit"));
    };
    if segment.voided_at.is_some() {
        return Err(Rejection::new(
            Code::AlreadyVoided,
            "id",
            "has been removed before",
        ));
    }
    let starts_at = update.starting_at.unwrap_or(segment.window.starts_at);
    let ends_at = update.ending_before.or(segment.window.ends_at);
    let window = Window { starts_at, ends_at };
    if segment.started && starts_at != segment.window.starts_at {
        let message = "has started; its start is fixed";
        return Err(Rejection::new(Code::WrongState, "startingAt", message));
    }
    if let Some(amount) = update.amount {
        let amount = amount.to_minor(book.credit_type.scale).unwrap_or_default();
        let amended = book.amend(update.id, amount, act);
        amended.map_err(|fault| Rejection {
            field: vec!["amount".to_owned()],
            ..fault
        })?;
    }
    if window == segment.window {
        return Ok(());
    }
    if window.is_empty() {
        let path = if update.ending_before.is_some() {
            "endingBefore"
        } else {
            "startingAt"
        };
        let message = format!("the window would end before it begins, at {starts_at}");
        return Err(Rejection::new(Code::WindowEmpty, path, message));
    }
    if segment.started {
        book.move_end(update.id, ends_at, act)
            .map_err(|fault| fault.under("endingBefore"))
    } else {
        book.reschedule(update.id, window, act)
            .map_err(|fault| fault.under("startingAt"))
    }
}

impl Run for EditCredit {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.accounts.extend(home.account());
        needs.credits.insert((home.customer_id, self.id));
        needs.products.extend(self.product_id);
        custom_field::needs(needs, FieldEntity::Credit, self.custom_fields.as_ref());
        if self.details.is_some() {
            needs.details.insert((home.customer_id, self.id.0));
        }
        self.given().needs(home, needs);
        let ends = self.access_schedule.iter().flat_map(|edit| &edit.update);
        if let Some(earliest) = ends.filter_map(|update| update.ending_before).min() {
            let since = needs
                .usage_since
                .entry((home.customer_id, self.id))
                .or_insert(earliest);
            *since = earliest.min(*since);
        }
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        shape.maybe_reason("description", self.description.as_deref());
        if let Some(priority) = self.priority {
            shape.priority("priority", priority);
        }
        self.given().shape(shape);
        shape.object("customFields", self.custom_fields.as_ref());
        shape.object("details", self.details.as_ref());
        let Some(edit) = &self.access_schedule else {
            return;
        };
        let scale = view.home_scale();
        for (index, segment) in edit.add.iter().enumerate() {
            let path = format!("accessSchedule.add.{index}");
            shape.positive(&format!("{path}.amount"), segment.amount, scale);
            let end = format!("{path}.endingBefore");
            shape.window(&end, segment.starting_at, segment.ending_before);
        }
        for (index, update) in edit.update.iter().enumerate() {
            let path = format!("accessSchedule.update.{index}");
            if let Some(amount) = update.amount {
                shape.positive(&format!("{path}.amount"), amount, scale);
            }
            if let (Some(start), end @ Some(_)) = (update.starting_at, update.ending_before) {
                shape.window(&format!("{path}.endingBefore"), start, end);
            }
        }
        let updated: Vec<SegmentId> = edit.update.iter().map(|update| update.id).collect();
        shape.distinct("accessSchedule.update", &updated);
        shape.distinct("accessSchedule.remove", &edit.remove);
        for (index, id) in edit.remove.iter().enumerate() {
            if updated.contains(id) {
                let path = format!("accessSchedule.remove.{index}");
                shape.fault(Code::Invalid, &path, "is to be updated as well");
            }
        }
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let missing = || not_found("id", "credit");
        work.state.credits.get(&self.id).ok_or_else(missing)?;
        if let Some(id) = self.product_id {
            work.state
                .products
                .get(&id)
                .ok_or_else(|| not_found("productId", "product"))?;
        }
        self.given().exist(work, order.home)?;
        let found = find(work, order, self.id)?;
        let now = work.now;
        let acting = act(work, order, None);
        let field = (FieldEntity::Credit, order.home.customer_id, self.id.0);
        custom_field::free(work, field, self.custom_fields.as_ref())?;
        let old_fields = found.row.custom_fields.clone();
        let done = change(work, order, found, "credit.edited", |book, row, usage| {
            self.change_terms(book, row)?;
            if let Some(edit) = &self.access_schedule {
                self.change_schedule(book, row, edit, usage, &acting)?;
                let runs_on = last_end(book, self.id);
                if runs_on.is_some_and(|end| end.is_none_or(|end| end > now)) {
                    row.archived_at = None;
                }
            }
            Ok(())
        })?;
        if self.custom_fields.is_some() {
            custom_field::claim(work, field, &old_fields, self.custom_fields.as_ref());
        }
        if self.details.is_some() {
            let whose = (order.home.customer_id, self.id);
            keep(work, whose, self.details.as_ref());
        }
        Ok(done)
    }
}
