//! Forms that outlive the program: decimals as text, entries as hashes (rules 1 and 3).

use std::sync::Arc;

use domain::amount::display;
use domain::canonical::Canonical;
use domain::entry::{Entry, EntryKind};
use domain::segment::Parent;
use domain::{
    Amount, CreditGrantId, CreditId, CreditTypeId, DecimalText, DrawdownId, LedgerEntryId,
    SegmentId,
};
use proptest::prelude::*;

use crate::support::{customer, day, uuid};

proptest! {
    #[test]
    fn an_amount_survives_being_written_and_read(amount in any::<Amount>(), scale in 0_u8..=9) {
        let text = display(amount, scale);
        let read = DecimalText::parse(&text).expect("what is written can be read");
        prop_assert_eq!(read.to_minor(scale), Ok(amount));
        prop_assert_eq!(read.to_string(), text.clone());
        prop_assert!(!text.contains('.') || !text.ends_with('0'), "a trailing zero: {}", text);
    }

    #[test]
    fn a_share_is_rounded_down_and_never_by_a_whole_unit(
        amount in 0..=Amount::MAX, digits in "[0-9]{1,36}",
    ) {
        let share = DecimalText::parse(&format!("0.{digits}")).expect("well-formed");
        // In groups of nine digits, from the last: the share times the amount, exactly.
        let padded = format!("{digits:0<36}");
        let mut carried = 0_u128;
        for start in [27, 18, 9, 0] {
            let group: u128 = padded[start..start + 9].parse().expect("digits");
            // Only the whole part of what lies further right can reach this far.
            carried = (u128::from(amount.unsigned_abs()) * group + carried) / 1_000_000_000;
        }
        prop_assert_eq!(u128::from(share.share_of(amount).unsigned_abs()), carried);
    }

    #[test]
    fn no_two_lists_of_fields_have_the_same_form(
        left in prop::collection::vec(prop::option::of("[ab]{0,2}"), 0..4),
        right in prop::collection::vec(prop::option::of("[ab]{0,2}"), 0..4),
    ) {
        let hash = |fields: &[Option<String>]| {
            let mut form = Canonical::new();
            for field in fields {
                form.maybe(field.as_deref().map(str::as_bytes));
            }
            form.hash()
        };
        prop_assert_eq!(hash(&left) == hash(&right), left == right);
    }
}

#[test]
fn every_field_of_an_entry_counts_for_its_hash() {
    let entry = Entry {
        id: LedgerEntryId(uuid(1)),
        customer_id: customer(),
        credit_type_id: CreditTypeId::USD,
        sequence: 1,
        kind: EntryKind::Manual,
        amount: 5,
        running_balance: 5,
        effective_at: day(1),
        recorded_at: day(2),
        effective_max: day(3),
        created_by: Arc::from("a"),
        reason: None,
        segment_id: SegmentId(uuid(2)),
        parent: Parent::Grant(CreditGrantId(uuid(3))),
        drawdown_id: None,
        invoice_id: None,
        hash: [0; 32],
    };
    let changes: [fn(&mut Entry); 16] = [
        |it| it.id = LedgerEntryId(uuid(9)),
        |it| it.customer_id.0 = uuid(9),
        |it| it.credit_type_id.0 = uuid(9),
        |it| it.sequence = 9,
        |it| it.kind = EntryKind::Amendment,
        |it| it.amount = -5,
        |it| it.running_balance = 9,
        |it| it.effective_at = day(9),
        |it| it.recorded_at = day(9),
        |it| it.effective_max = day(9),
        |it| it.created_by = Arc::from("b"),
        |it| it.reason = Some(Arc::from("")),
        |it| it.segment_id.0 = uuid(9),
        |it| it.parent = Parent::Credit(CreditId(uuid(3))),
        |it| it.drawdown_id = Some(DrawdownId(uuid(9))),
        |it| it.invoice_id = Some(Arc::from("")),
    ];
    let mut seen = vec![entry.hash_after(&[0; 32]), entry.hash_after(&[1; 32])];
    for change in changes {
        let mut other = entry.clone();
        change(&mut other);
        seen.push(other.hash_after(&[0; 32]));
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}
