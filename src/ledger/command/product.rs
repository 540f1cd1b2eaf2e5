//! Products.

use domain::custom_field::FieldEntity;
use domain::{CustomerId, Instant, ProductId, Rejection};
use entity::product;
use serde_json::{Value as Json, json};

use super::super::canonical;
use super::super::work::{Needs, Rewritten, Tracked, Work};
use super::detail::{self, Beside};
use super::house::{done, house_event};
use super::input::*;
use super::{
    Done, Home, Locate, Order, Run, Shape, View, archived, custom_field, describe, not_found,
};

/// Changes that the history of one product keeps; then the oldest but the first go.
const HISTORY_MAX: usize = 1_000;

impl ProductExtra {
    fn needs(&self, needs: &mut Needs) {
        custom_field::needs(needs, FieldEntity::Product, self.custom_fields.as_ref());
    }

    fn shape(&self, shape: &mut Shape, now: Instant) {
        shape.object("customFields", self.custom_fields.as_ref());
        shape.object("details", self.details.as_ref());
        shape.not_future("startingAt", self.starting_at, now);
    }

    /// Writes it down, with a line of the history.
    fn keep(&self, work: &mut Work<'_>, order: &Order, id: ProductId, changed: Json) {
        let now = work.now;
        let beside = Beside {
            kind: "product",
            customer_id: CustomerId::HOUSE,
            id: id.0,
        };
        let line = json!({
            "startingAt": self.starting_at.unwrap_or(now),
            "createdAt": now,
            "createdBy": &*order.actor,
            "changed": changed,
        });
        detail::keep(work, beside, |row| {
            if let Some(fields) = &self.custom_fields {
                row.custom_fields = canonical::text(fields);
            }
            detail::merge(&mut row.details, self.details.as_ref());
            let mut history: Vec<Json> = serde_json::from_str(&row.history).unwrap_or_default();
            history.push(line);
            if history.len() > HISTORY_MAX {
                history.remove(1);
            }
            row.history = Json::from(history).to_string();
        });
    }
}

impl Run for CreateProduct {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        self.extra.needs(needs);
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        shape.name("name", &self.name);
        shape.tags("tags", &self.tags);
        self.extra.shape(shape, view.now);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let id = ProductId(work.ids.next(work.now));
        let field = (FieldEntity::Product, CustomerId::HOUSE, id.0);
        custom_field::free(work, field, self.extra.custom_fields.as_ref())?;
        custom_field::claim(work, field, "{}", self.extra.custom_fields.as_ref());
        let row = product::Model {
            id,
            name: self.name.clone(),
            tags: json!(self.tags).to_string(),
            created_at: work.now,
            created_by: order.actor.to_string(),
            updated_at: work.now,
            archived_at: None,
            digest: Vec::new(),
        };
        let mut changed = json!({ "name": self.name, "tags": self.tags });
        if let Some(details) = &self.extra.details {
            changed["details"] = details.clone();
        }
        self.extra.keep(work, order, id, changed);
        let after = describe::product(&row, work.state.details.get(&id.0));
        work.state.products.insert(id, Tracked::new(row));
        house_event(work, order, "product.created", id.0, [None, Some(after)]);
        Ok(done(id.0))
    }
}

impl UpdateProduct {
    /// What the history tells.
    fn changed(&self) -> Json {
        let mut changed = json!({});
        if let Some(name) = &self.name {
            changed["name"] = json!(name);
        }
        if let Some(tags) = &self.tags {
            changed["tags"] = json!(tags);
        }
        if let Some(details) = &self.extra.details {
            changed["details"] = details.clone();
        }
        changed
    }
}

impl Run for UpdateProduct {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.products.insert(self.id);
        needs.rewritten.insert(Rewritten::Product(self.id));
        needs.details.insert((CustomerId::HOUSE, self.id.0));
        self.extra.needs(needs);
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        if let Some(tags) = &self.tags {
            shape.tags("tags", tags);
        }
        self.extra.shape(shape, view.now);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let found = work.state.products.get(&self.id);
        let found = found.ok_or_else(|| not_found("id", "product"))?;
        if self.extra.unless_archived && found.row.archived_at.is_some() {
            return Err(archived("id", "product"));
        }
        let old = work.state.details.get(&self.id.0);
        let before = describe::product(&found.row, old);
        let old_fields = old.map_or_else(|| "{}".to_owned(), |old| old.row.custom_fields.clone());
        let field = (FieldEntity::Product, CustomerId::HOUSE, self.id.0);
        if let Some(fields) = &self.extra.custom_fields {
            custom_field::free(work, field, Some(fields))?;
            custom_field::claim(work, field, &old_fields, Some(fields));
        }
        let now = work.now;
        let changed = self.changed();
        if changed != json!({}) || self.extra.custom_fields.is_some() {
            self.extra.keep(work, order, self.id, changed);
        }
        let detail = work.state.details.get(&self.id.0).cloned();
        let Some(tracked) = work.state.products.get_mut(&self.id) else {
            return Err(not_found("id", "product"));
        };
        let row = tracked.change();
        if let Some(name) = &self.name {
            row.name.clone_from(name);
        }
        if let Some(tags) = &self.tags {
            row.tags = json!(tags).to_string();
        }
        match self.archived {
            Some(true) => row.archived_at = row.archived_at.or(Some(now)),
            Some(false) => row.archived_at = None,
            None => {}
        }
        row.updated_at = now;
        let after = describe::product(row, detail.as_ref());
        let (kind, id) = ("product.updated", self.id.0);
        house_event(work, order, kind, id, [Some(before), Some(after)]);
        Ok(done(self.id.0))
    }
}
