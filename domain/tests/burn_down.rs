//! Burn-down (rules 6, 7 and 9; decisions 14 to 16): examples in rows, then what always holds.
//!
//! A row: lots, then the draw, then what it takes in which order, or why a lot does not pay.
//! Lots run from d0 on, hold 10, never end, have priority 50; it is d10; `A` has the lowest id.

mod row;

use domain::burn::{BurnDownKey, DEFAULT_ORDER, Outcome, Request, compare, plan};
use domain::drawdown::Slice;
use domain::grant::Category;
use domain::scope::{Scope, Usage};
use domain::segment::{Expiration, Segment};
use domain::{Amount, ProductId};
use proptest::prelude::*;
use std::sync::Arc;

use crate::support::{day, segment, uuid};
use row::hold_rows;

#[test]
fn each_key_orders_before_the_next() {
    hold_rows(&[
        "A remaining 10 priority 1 ends d30 | B | draw 12 -> A 10, B 2",
        "A priority 2 | B priority 1 | draw 12 -> B 10, A 2",
        "A priority 0.5 | B priority 0.25 | draw 1 -> B 1, A NOT_NEEDED",
        "A priority 1 | B priority 2 contract-level ends d11 | draw 11 -> A 10, B 1",
        "A ends d11 | B contract-level | draw 11 -> B 10, A 1",
        "A | B ends d40 | C ends d30 | draw 21 -> C 10, B 10, A 1",
        "A ends d30 paid | B ends d30 | draw 11 -> B 10, A 1",
        "A paid ends d30 | B ends d31 | draw 11 -> A 10, B 1",
        "A products p1+p2 | B products p1 | draw 11 product p1 -> B 10, A 1",
        "A | B products p1+p2 | draw 11 product p1 -> B 10, A 1",
        "A starts d2 | B starts d1 | draw 11 -> B 10, A 1",
        "A starts d2 created d1 | B starts d1 created d2 | draw 11 -> B 10, A 1",
        "A created d2 | B created d1 | draw 11 -> B 10, A 1",
    ]);
}

#[test]
fn the_id_breaks_what_is_left_of_a_tie() {
    hold_rows(&[
        "B | A | draw 11 -> A 10, B 1",
        "C | B | A | draw 30 -> A 10, B 10, C 10",
        "B priority -0 | A priority 0 | draw 11 -> A 10, B 1",
        "A priority 0 | B priority -0 | draw 11 -> A 10, B 1",
        "B rolled-in | A | draw 11 -> A 10, B 1",
    ]);
}

#[test]
fn a_credit_type_may_order_otherwise() {
    hold_rows(&[
        "A priority 1 | B priority 9 ends d11 | order EXPIRES_FIRST PRIORITY | draw 11 -> B 10, A 1",
        "A | B rolled-in | order ROLLOVER_FIRST | draw 11 -> B 10, A 1",
        "A priority 1 | B rolled-in priority 2 | order ROLLOVER_FIRST PRIORITY | draw 11 -> B 10, A 1",
        "A starts d1 created d1 | B created d2 | order CREATED_FIRST | draw 11 -> A 10, B 1",
        "B priority 1 | A priority 2 | order PROMOTIONAL_FIRST | draw 11 -> A 10, B 1",
        "A products p1+p2 priority 1 | B products p1 | order NARROWEST_SCOPE_FIRST | draw 11 product p1 -> B 10, A 1",
    ]);
}

#[test]
fn without_a_product_only_what_is_open_to_all_pays_and_so_for_contracts() {
    // Decision 14.
    hold_rows(&[
        "A products p1 | B | draw 11 -> B 10, A OTHER_PRODUCT, short 1",
        "A tags gpu | B | draw 11 -> B 10, A OTHER_PRODUCT, short 1",
        "A specifier product:p1 | B | draw 1 -> B 1, A OTHER_PRODUCT",
        "A contracts c1 | B | draw 1 -> B 1, A OTHER_CONTRACT",
        "A contracts c1+c2 | draw 1 contract c2 -> A 1",
        "A contracts c1 | draw 1 contract c2 -> A OTHER_CONTRACT, short 1",
        "A contracts c1 products p1 | draw 1 product p2 -> A OTHER_CONTRACT, short 1",
        "A | draw 1 product p9 contract c9 pricing region=eu -> A 1",
    ]);
}

#[test]
fn ids_or_tags_admit_and_a_specifier_wants_all_it_names() {
    // Decision 15.
    hold_rows(&[
        "A products p1 tags gpu | draw 1 product p1 -> A 1",
        "A products p1 tags gpu | draw 1 product p2#gpu -> A 1",
        "A products p1 tags gpu | draw 1 product p2#cpu -> A OTHER_PRODUCT, short 1",
        "A tags gpu+cpu | draw 1 product p2#disk#cpu -> A 1",
        "A specifier tag:gpu,tag:eu | draw 1 product p1#gpu -> A OTHER_PRODUCT, short 1",
        "A specifier tag:gpu,tag:eu | draw 1 product p1#eu#gpu -> A 1",
        "A specifier product:p1,tag:gpu | draw 1 product p2#gpu -> A OTHER_PRODUCT, short 1",
        "A specifier product:p1,pricing:region=eu | draw 1 product p1 -> A OTHER_GROUP, short 1",
        "A specifier product:p1,pricing:region=eu | draw 1 product p1 pricing region=us -> A OTHER_GROUP, short 1",
        "A specifier product:p1,pricing:region=eu | draw 1 product p1 pricing region=eu -> A 1",
        "A specifier pricing:region=eu | draw 1 presentation region=eu -> A OTHER_GROUP, short 1",
        "A specifier pricing:region=eu,presentation:team=x | draw 1 pricing region=eu presentation team=x -> A 1",
        "A specifier product:p1 specifier pricing:region=eu | draw 1 product p2 pricing region=eu -> A 1",
        "A specifier product:p1,pricing:region=eu specifier product:p2 | draw 1 product p1 -> A OTHER_GROUP, short 1",
    ]);
}

#[test]
fn tags_and_specifiers_come_between_lists_of_ids_and_all() {
    // Decision 16; credits count as promotional, which the segment says.
    hold_rows(&[
        "A | B tags gpu | C products p1+p2+p3 | draw 21 product p1#gpu -> C 10, B 10, A 1",
        "A specifier product:p1 | B products p1+p2 | draw 11 product p1 -> B 10, A 1",
        "A products p1 tags gpu | B products p1+p2 | draw 11 product p1 -> B 10, A 1",
        "A specifier product:p1 | B tags gpu | draw 11 product p1#gpu -> A 10, B 1",
        "A contracts c1 | B | draw 11 contract c1 -> A 10, B 1",
    ]);
}

#[test]
fn of_every_lot_that_does_not_pay_it_is_said_why() {
    hold_rows(&[
        "A remaining 0 | draw 1 -> A EMPTY, short 1",
        "A held 10 | draw 1 -> A FULLY_HELD, short 1",
        "A held 8 | draw 3 -> A 2, short 1",
        "A starts d11 | draw 1 -> A NOT_STARTED, short 1",
        "A starts d10 | draw 1 -> A 1",
        "A ends d10 | draw 1 -> A ENDED, short 1",
        "A voided | draw 1 -> A VOIDED, short 1",
        "A voided ends d5 products p1 | draw 1 -> A VOIDED, short 1",
        "A products p1 remaining 0 | draw 1 -> A OTHER_PRODUCT, short 1",
        "A products p1 ends d5 | draw 1 -> A ENDED, short 1",
        "A | B | draw 10 -> A 10, B NOT_NEEDED",
        "draw 5 -> short 5",
    ]);
}

#[test]
fn late_usage_draws_on_what_was_active_then() {
    // Rule 9.
    hold_rows(&[
        "A remaining 0 expired 8@d5 ends d5 | draw 3 at d4 -> A 3",
        "A remaining 0 expired 8@d5 ends d5 | draw 9 at d4 -> A 8, short 1",
        "A remaining 0 expired 8@d5 ends d5 | draw 1 at d5 -> A ENDED, short 1",
        "A remaining 0 ends d5 | draw 1 at d4 -> A EMPTY, short 1",
        "A starts d6 | B starts d1 | draw 11 at d5 -> B 10, A NOT_STARTED, short 1",
        "A remaining 4 held 4 expired 2@d5 ends d5 | draw 3 at d4 -> A 2, short 1",
        "A remaining 4 held 4 ends d5 | draw 3 at d4 -> A FULLY_HELD, short 3",
        "A voided ends d5 | draw 1 at d4 -> A VOIDED, short 1",
        // Its end was moved from d3 to d8 by a reversal at d6: what expired on d3 was not active on d7.
        "A remaining 0 expired 6@d3 expired 4@d8 ends d8 | draw 9 at d7 -> A 4, short 5",
        "A remaining 0 expired 6@d3 expired 4@d8 ends d8 | draw 9 at d2 -> A 9",
        "A remaining 4 expired 6@d3 ends d20 | draw 9 at d2 -> A 9",
        "A remaining 4 expired 6@d3 ends d20 | draw 9 -> A 4, short 5",
    ]);
}

prop_compose! {
    /// Any segment in any state, over few days, so that ties are frequent.
    fn any_segment(number: usize)(
        amounts in (0_i64..6, 0_i64..6, 0_i64..4),
        starts in 0_i64..4,
        ends in prop::option::of(4_i64..12),
        priority in 0_u8..3,
        flags in any::<[bool; 4]>(),
        voided in prop::bool::weighted(0.1),
        products in 0_usize..3,
        created in 0_i64..3,
    ) -> Segment {
        let [contract_level, paid, rolled_in, started] = flags;
        let (unheld, held, expired) = amounts;
        let mut it = segment(number, unheld + held + expired + 1);
        it.window.starts_at = day(starts);
        it.window.ends_at = ends.map(day);
        it.ended = it.window.ended_by(day(8));
        it.started = started || it.ended;
        it.held = if voided { 0 } else { held };
        it.remaining = it.held + if voided || it.ended { 0 } else { unheld };
        if let Some(at) = it.window.ends_at.filter(|_| it.ended && expired > 0 && !voided) {
            it.expirations = vec![Expiration { at, amount: expired }];
        }
        it.used = it.remaining_by_parts().expect("small") - it.remaining;
        it.voided_at = voided.then(|| day(7));
        it.priority = f64::from(priority);
        it.contract_level = contract_level;
        it.category = if paid { Category::Paid } else { Category::Promotional };
        it.rolled_in = rolled_in;
        it.created_at = day(created);
        it.scope = Arc::new(Scope {
            products: (0..products).map(|each| ProductId(uuid(each))).collect(),
            ..Scope::default()
        });
        it.reopen_or_close();
        it
    }
}

fn any_segments() -> impl Strategy<Value = Vec<Segment>> {
    (0_usize..9).prop_flat_map(|count| (1..=count).map(any_segment).collect::<Vec<_>>())
}

fn any_order() -> impl Strategy<Value = Vec<BurnDownKey>> {
    prop_oneof![
        Just(DEFAULT_ORDER.to_vec()),
        prop::sample::subsequence(BurnDownKey::ALL.to_vec(), 1..=8).prop_shuffle(),
    ]
}

fn any_request() -> impl Strategy<Value = Request> {
    (1_i64..30, 0_i64..9, prop::option::of(0_usize..3)).prop_map(|(amount, at, product)| Request {
        amount,
        at: day(at),
        usage: Usage {
            product: product.map(|each| (ProductId(uuid(each)), Vec::new())),
            ..Usage::default()
        },
    })
}

proptest! {
    #[test]
    fn slices_sum_to_the_amount_and_none_is_over_what_its_segment_has(
        segments in any_segments(), order in any_order(), request in any_request(),
    ) {
        let plan = plan(&segments, &order, &request, day(8));
        let taken: Amount = plan.candidates.iter().map(|candidate| candidate.takes).sum();
        prop_assert_eq!(taken, plan.applied);
        prop_assert_eq!(plan.applied + plan.shortfall, request.amount);
        prop_assert_eq!(plan.candidates.len(), segments.len());
        let mut short = false;
        for candidate in &plan.candidates {
            prop_assert!((0..=candidate.available).contains(&candidate.takes));
            prop_assert_eq!(candidate.takes > 0, candidate.outcome == Outcome::Taken);
            let could = candidate.takes > 0 || candidate.outcome == Outcome::NotNeeded;
            prop_assert_eq!(could, candidate.rank.is_some());
            prop_assert!(candidate.takes == 0 || !short, "one after it pays, though it has more");
            short |= candidate.takes < candidate.available;
        }
        if plan.shortfall > 0 {
            let emptied = |it: &&domain::burn::Candidate| it.takes == it.available;
            prop_assert!(plan.candidates.iter().filter(|it| it.rank.is_some()).all(|it| emptied(&it)));
        }
    }

    #[test]
    fn the_order_is_total_and_the_same_however_the_segments_come(
        (segments, shuffled) in any_segments().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        order in any_order(), request in any_request(),
    ) {
        prop_assert_eq!(
            plan(&segments, &order, &request, day(8)),
            plan(&shuffled, &order, &request, day(8))
        );
        for (a, b) in segments.iter().zip(&shuffled) {
            prop_assert_eq!(compare(&order, a, b), compare(&order, b, a).reverse());
            prop_assert_eq!(compare(&order, a, b).is_eq(), a.id == b.id);
            for c in &segments {
                if compare(&order, a, b).is_le() && compare(&order, b, c).is_le() {
                    prop_assert!(compare(&order, a, c).is_le());
                }
            }
        }
    }

    #[test]
    fn a_preview_tells_what_the_drawdown_does(
        segments in any_segments(), order in any_order(), request in any_request(), hold in any::<bool>(),
    ) {
        let foreseen = plan(&segments, &order, &request, day(8));
        let slices: Vec<Slice> = row::execute(&segments, &order, &request, day(8), hold);
        let foreseen: Vec<(_, Amount)> = foreseen
            .candidates
            .iter()
            .filter(|candidate| candidate.takes > 0)
            .map(|candidate| (candidate.segment_id, candidate.takes))
            .collect();
        let done: Vec<(_, Amount)> = slices.iter().map(|it| (it.segment_id, it.amount)).collect();
        prop_assert_eq!(foreseen, done);
    }
}
