//! Credit grants: edit, expire, void (rule 11).

use domain::book::Book;
use domain::custom_field::FieldEntity;
use domain::segment::Segment;
use domain::{Code, CreditGrantId, Rejection};
use entity::credit_grant;
use serde_json::{Value as Json, json};

use super::super::canonical;
use super::super::work::{Needs, Work};
use super::grant::{KIND, event};
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, act, custom_field, describe, not_found};

impl Run for EditCreditGrant {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.accounts.extend(home.account());
        needs.grants.insert((home.customer_id, self.id));
        let fields = self.custom_fields.as_ref();
        custom_field::needs(needs, FieldEntity::CreditGrant, fields);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_name("name", self.name.as_deref());
        if self.never_expires && self.expires_at.is_some() {
            let message = "can not be given together with expiresAt";
            shape.fault(Code::Invalid, "neverExpires", message);
        }
        shape.maybe_text("grantType", self.grant_type.as_deref());
        shape.maybe_reason("reason", self.reason.as_deref());
        shape.object("customFields", self.custom_fields.as_ref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let field = (FieldEntity::CreditGrant, order.home.customer_id, self.id.0);
        custom_field::free(work, field, self.custom_fields.as_ref())?;
        let old = work.state.grants.get(&self.id);
        let old = old.map_or_else(String::new, |old| old.row.custom_fields.clone());
        let done = change(
            work,
            order,
            self.id,
            "credit_grant.edited",
            self.reason.as_deref(),
            |change| {
                if self.never_expires || self.expires_at.is_some() {
                    let moved =
                        change
                            .book
                            .move_end(change.row.segment_id, self.expires_at, change.act);
                    moved.map_err(|fault| fault.under("expiresAt"))?;
                    change.row.expires_at = self.expires_at;
                }
                if let Some(name) = &self.name {
                    change.row.name.clone_from(name);
                }
                if self.grant_type.is_some() {
                    change.row.grant_type.clone_from(&self.grant_type);
                }
                if self.reason.is_some() {
                    change.row.reason.clone_from(&self.reason);
                }
                if let Some(fields) = &self.custom_fields {
                    change.row.custom_fields = canonical::text(fields);
                }
                Ok(json!({}))
            },
        )?;
        if self.custom_fields.is_some() {
            custom_field::claim(work, field, &old, self.custom_fields.as_ref());
        }
        Ok(done)
    }
}

impl Run for ExpireCreditGrant {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.accounts.extend(home.account());
        needs.grants.insert((home.customer_id, self.id));
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_reason("reason", self.reason.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        change(
            work,
            order,
            self.id,
            "credit_grant.expired",
            self.reason.as_deref(),
            |change| {
                change.refuse_ended()?;
                let (id, now) = (change.row.segment_id, change.act.now);
                if now < change.segment()?.window.starts_at {
                    let message = "has not started; void it instead";
                    return Err(Rejection::new(Code::WrongState, "id", message));
                }
                change.book.end_now(id, change.act)?;
                change.row.expires_at = Some(now);
                Ok(json!({}))
            },
        )
    }
}

impl Run for VoidCreditGrant {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.accounts.extend(home.account());
        needs.grants.insert((home.customer_id, self.id));
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_reason("reason", self.reason.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let found = work.state.grants.get(&self.id);
        if self.once_more && found.is_some_and(|found| found.row.voided_at.is_some()) {
            return Ok(self.release_later(work, order));
        }
        let mut released = None;
        let done = change(
            work,
            order,
            self.id,
            "credit_grant.voided",
            self.reason.as_deref(),
            |change| {
                if self.unless_over {
                    change.refuse_ended()?;
                }
                let voided = change.book.void_segment(
                    change.row.segment_id,
                    self.remainder_only,
                    change.act,
                );
                voided.map_err(|fault| fault.under("id"))?;
                change.row.voided_at = Some(change.act.now);
                if self.release_uniqueness_key {
                    released = change.row.uniqueness_key.take();
                }
                Ok(json!({ "voidPurchaseInvoice": self.void_purchase_invoice }))
            },
        )?;
        if let Some(key) = released {
            release(work, key);
        }
        Ok(done)
    }
}

impl VoidCreditGrant {
    /// Releases the uniqueness key of a grant that was voided before, if it is asked for and there
    /// still is one.
    fn release_later(&self, work: &mut Work<'_>, order: &Order) -> Done {
        let key = order.home.account();
        let (state, recorded) = (&mut work.state, work.recorded);
        let book = key.and_then(|key| state.books.get(&key));
        let book = book.map(|open| &*open.book);
        let tracked = state.grants.get_mut(&self.id);
        let tracked = tracked
            .filter(|tracked| self.release_uniqueness_key && tracked.row.uniqueness_key.is_some());
        if let Some(tracked) = tracked {
            let before = describe::grant(&tracked.row, book, 0);
            let row = tracked.change();
            let released = row.uniqueness_key.take();
            row.updated_at = recorded;
            let after = describe::grant(row, book, 0);
            let json = [Some(before), Some(after)];
            event(work, order, "credit_grant.edited", self.id, json);
            if let Some(key) = released {
                release(work, key);
            }
        }
        Done {
            object_id: self.id.0,
            account: key,
        }
    }
}

fn release(work: &mut Work<'_>, key: String) {
    work.taken_keys.remove(&(KIND, key.clone()));
    work.claims.released_keys.push((KIND, key));
}

/// A grant that is being changed.
pub(super) struct Change<'c> {
    pub(super) book: &'c mut Book,
    pub(super) row: &'c mut credit_grant::Model,
    pub(super) act: &'c domain::book::Act<'c>,
}

impl Change<'_> {
    fn segment(&self) -> Result<&Segment, Rejection> {
        let segment = self.book.segments.get(&self.row.segment_id);
        segment.ok_or_else(|| not_found("id", "credit grant"))
    }

    /// Of a grant whose window is over.
    ///
    /// # Errors
    /// `ALREADY_ENDED`.
    pub(super) fn refuse_ended(&self) -> Result<(), Rejection> {
        if self.segment()?.ended_by(self.act.now) {
            let message = "has ended already";
            return Err(Rejection::new(Code::AlreadyEnded, "id", message));
        }
        Ok(())
    }
}

/// Changes a grant that is not voided, notes when and by whom. What the closure answers is added
/// to what the event tells.
pub(super) fn change(
    work: &mut Work<'_>,
    order: &Order,
    id: CreditGrantId,
    kind: &str,
    reason: Option<&str>,
    how: impl FnOnce(Change<'_>) -> Result<Json, Rejection>,
) -> Result<Done, Rejection> {
    let acting = act(work, order, reason);
    let recorded = work.recorded;
    let missing = || not_found("id", "credit grant");
    let key = order.home.account().ok_or_else(missing)?;
    let book = work
        .state
        .books
        .get_mut(&key)
        .map(|open| &mut *open.book)
        .ok_or_else(missing)?;
    let tracked = work.state.grants.get_mut(&id).ok_or_else(missing)?;
    if tracked.row.voided_at.is_some() {
        let message = "has been voided before";
        return Err(Rejection::new(Code::AlreadyVoided, "id", message));
    }
    let before = describe::grant(&tracked.row, Some(book), 0);
    let mut row = tracked.row.clone();
    let more = how(Change {
        book,
        row: &mut row,
        act: &acting,
    })?;
    row.updated_at = recorded;
    let mut after = describe::grant(&row, Some(book), 0);
    if let (Some(after), Json::Object(more)) = (after.as_object_mut(), more) {
        after.extend(more);
    }
    *tracked.change() = row;
    event(work, order, kind, id, [Some(before), Some(after)]);
    Ok(Done {
        object_id: id.0,
        account: Some(key),
    })
}
