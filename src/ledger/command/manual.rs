//! Manual entries (rule 14).

use domain::{Code, Rejection};
use entity::uniqueness_key;

use super::super::work::{Needs, Work};
use super::grant::claim_key;
use super::input::AddManualLedgerEntry;
use super::{Done, Home, Locate, Order, Run, Shape, View, act, not_found};

/// What uniqueness keys call an entry by hand.
pub(super) const KIND: &str = "ledger_entry";

impl Run for AddManualLedgerEntry {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Segment(self.segment_id), "segmentId")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.accounts.extend(home.account());
        needs.segments.insert((home.customer_id, self.segment_id));
        let key = self.uniqueness_key.clone();
        needs.uniqueness_keys.extend(key.map(|key| (KIND, key)));
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        if self.amount.is_zero() {
            shape.fault(Code::OutOfRange, "amount", "must not be zero");
        }
        shape.amount("amount", self.amount, view.home_scale());
        if self.reason.trim().is_empty() {
            shape.fault(Code::Required, "reason", "must say why");
        }
        shape.maybe_reason("reason", Some(&self.reason));
        shape.maybe_key("uniquenessKey", self.uniqueness_key.as_deref());
        shape.not_future("effectiveAt", self.effective_at, view.now);
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let missing = || not_found("segmentId", "segment");
        let key = order.home.account().ok_or_else(missing)?;
        let now = work.now;
        let acting = act(work, order, Some(&self.reason));
        claim_key(work, KIND, self.uniqueness_key.as_deref())?;
        let book = work.book(key).ok_or_else(missing)?;
        let scale = book.credit_type.scale;
        let amount = self.amount.to_minor(scale).unwrap_or_default();
        let effective_at = self.effective_at.unwrap_or(now);
        let id = book.enter_by_hand(self.segment_id, amount, effective_at, &acting)?;
        if let Some(text) = &self.uniqueness_key {
            work.taken_keys.insert((KIND, text.clone()));
            work.claims.uniqueness_keys.push(uniqueness_key::Model {
                key: text.clone(),
                kind: KIND.to_owned(),
                customer_id: key.0,
                object_id: id.0,
            });
        }
        // The entry itself is the event (rule 17).
        Ok(Done {
            object_id: id.0,
            account: Some(key),
        })
    }
}
