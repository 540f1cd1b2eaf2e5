//! What holds whatever is done to a book, in whatever order (rules 3, 4, 5, 13).
//!
//! Time goes in hours, windows and holds are short, so that boundaries often fall together.

use std::sync::Arc;

use domain::book::{Act, RestoreExpired};
use domain::burn::{BurnDownKey, DEFAULT_ORDER};
use domain::entry::EntryKind;
use domain::grant::Rollover;
use domain::instant::DAY;
use domain::segment::Segment;
use domain::{Amount, DrawdownId, Instant, SegmentId};
use proptest::prelude::*;

use crate::deeds::{Deed, Keeper, Loads};
use crate::support::{Ids, act, day, empty_book, segment, uuid};

const HOUR: i64 = DAY / 24;

/// A deed before it is known what there is to do it to: `which` is taken modulo what there is.
#[derive(Clone, Debug)]
enum Wish {
    Wait(i64),
    Add {
        amount: Amount,
        starts: i64,
        lasts: Option<i64>,
        priority: u8,
        rollover: Option<(Amount, i64)>,
    },
    Draw {
        amount: Amount,
        late: i64,
        partial: bool,
        hold: Option<i64>,
    },
    Capture(usize, Option<Amount>),
    Release(usize),
    Reverse(usize, Option<Amount>, bool),
    MoveStart(usize, i64),
    MoveEnd(usize, Option<i64>),
    EndNow(usize),
    Void(usize, bool),
    Amend(usize, Amount),
    Manual(usize, Amount, i64),
}

fn a_wish() -> impl Strategy<Value = Wish> {
    let add = (
        1_i64..20,
        -4_i64..8,
        prop::option::weighted(0.8, 1_i64..12),
        0_u8..3,
        prop::option::of((0_i64..12, 1_i64..20)),
    );
    let draw = (
        0_i64..20,
        prop_oneof![Just(0), 0_i64..12],
        any::<bool>(),
        prop::option::of(1_i64..8),
    );
    prop_oneof![
        4 => (1_i64..6).prop_map(Wish::Wait),
        1 => (0_i64..800).prop_map(Wish::Wait),
        5 => add.prop_map(|(amount, starts, lasts, priority, rollover)| Wish::Add {
            amount, starts, lasts, priority, rollover,
        }),
        8 => draw.prop_map(|(amount, late, partial, hold)| Wish::Draw {
            amount, late, partial, hold,
        }),
        3 => (any::<usize>(), prop::option::of(-1_i64..12)).prop_map(|(it, n)| Wish::Capture(it, n)),
        2 => any::<usize>().prop_map(Wish::Release),
        3 => (any::<usize>(), prop::option::of(-1_i64..12), any::<bool>())
            .prop_map(|(it, n, extend)| Wish::Reverse(it, n, extend)),
        1 => (any::<usize>(), -3_i64..6).prop_map(|(it, n)| Wish::MoveStart(it, n)),
        3 => (any::<usize>(), prop::option::weighted(0.9, -6_i64..12))
            .prop_map(|(it, n)| Wish::MoveEnd(it, n)),
        1 => any::<usize>().prop_map(Wish::EndNow),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(it, rest)| Wish::Void(it, rest)),
        2 => (any::<usize>(), 0_i64..25).prop_map(|(it, n)| Wish::Amend(it, n)),
        2 => (any::<usize>(), -8_i64..8, 0_i64..5).prop_map(|(it, n, late)| Wish::Manual(it, n, late)),
    ]
}

/// What a wish comes to in these books; nothing, where there is nothing to do it to.
fn deed(wish: &Wish, books: &Keeper, number: usize, now: Instant) -> Option<Deed> {
    let in_hours = |hours: i64| now.plus_micros(hours * HOUR);
    let a_segment = |which: usize| {
        let count = books.segments.len().max(1);
        books.segments.values().nth(which % count)
    };
    let a_drawdown = |which: usize| {
        let count = books.drawdowns.len().max(1);
        books.drawdowns.keys().nth(which % count).copied()
    };
    Some(match wish {
        Wish::Wait(_) => return None,
        Wish::Add {
            amount,
            starts,
            lasts,
            priority,
            rollover,
        } => {
            let mut new = fresh(number, *amount, in_hours(*starts), now);
            new.window.ends_at = lasts.map(|hours| in_hours(starts + hours));
            new.priority = f64::from(*priority);
            new.rollover = rollover.map(|(cap, more)| Rollover {
                cap,
                priority: 1.0,
                expires_at: in_hours(starts + more),
            });
            Deed::Add(Box::new(new))
        }
        Wish::Draw {
            amount,
            late,
            partial,
            hold,
        } => Deed::Draw {
            number,
            amount: *amount,
            at: in_hours(-late),
            partial: *partial,
            hold_until: hold.map(in_hours),
        },
        Wish::Capture(which, amount) => Deed::Capture(a_drawdown(*which)?, *amount),
        Wish::Release(which) => Deed::Release(a_drawdown(*which)?),
        Wish::Reverse(which, amount, extend) => {
            let choices = [RestoreExpired::Forfeit, RestoreExpired::Extend30Days];
            let if_expired = choices[usize::from(*extend)];
            Deed::Reverse(a_drawdown(*which)?, *amount, if_expired)
        }
        Wish::MoveStart(which, hours) => {
            let it = a_segment(*which)?;
            let start = in_hours(*hours);
            // That the window keeps something is the caller's to see to.
            let fits = it.window.ends_at.is_none_or(|end| start < end);
            fits.then_some(Deed::MoveStart(it.id, start))?
        }
        Wish::MoveEnd(which, hours) => Deed::MoveEnd(a_segment(*which)?.id, hours.map(in_hours)),
        Wish::EndNow(which) => {
            let it = a_segment(*which)?;
            let runs = it.voided_at.is_none() && it.window.contains(now) && !it.ended;
            runs.then_some(Deed::EndNow(it.id))?
        }
        Wish::Void(which, rest) => Deed::Void(a_segment(*which)?.id, *rest),
        Wish::Amend(which, amount) => Deed::Amend(a_segment(*which)?.id, *amount),
        Wish::Manual(which, amount, late) => {
            Deed::Manual(a_segment(*which)?.id, *amount, in_hours(-late))
        }
    })
}

fn fresh(number: usize, amount: Amount, starts_at: Instant, now: Instant) -> Segment {
    let mut new = segment(number, amount);
    new.window.starts_at = starts_at;
    new.started = false;
    new.created_at = now;
    new.decided_at = now;
    new
}

/// Looks at every hour from one instant to another (every day, once it gets long), and twice.
fn look_often(books: &mut Keeper, from: Instant, to: Instant) {
    let mut at = from;
    while at < to {
        let long = at > from.plus_days(3);
        at = at.plus_micros(if long { DAY } else { HOUR }).min(to);
        books.look(at);
        books.look(at);
    }
}

proptest! {
    #[test]
    fn books_stay_right_and_do_not_depend_on_when_boundaries_are_posted(
        wishes in prop::collection::vec(a_wish(), 1..40),
    ) {
        let mut lazy = Keeper::new(Loads::Whole);
        let mut eager = Keeper::new(Loads::Whole);
        let mut needed = Keeper::new(Loads::Needed);
        let mut now = day(10);
        for (number, wish) in wishes.iter().enumerate() {
            if let Wish::Wait(hours) = wish {
                let then = now.plus_micros(hours * HOUR);
                look_often(&mut eager, now, then);
                now = then;
            }
            let Some(deed) = deed(wish, &lazy, number + 1, now) else {
                continue;
            };
            let answer = lazy.perform(&deed, now);
            prop_assert_eq!(&answer, &eager.perform(&deed, now), "{:?}", &deed);
            prop_assert_eq!(&answer, &needed.perform(&deed, now), "{:?}", &deed);
            let none: Vec<String> = Vec::new();
            prop_assert_eq!(lazy.audit(), none.clone(), "{:?}", &deed);
            prop_assert_eq!(needed.audit(), none, "{:?}", &deed);
        }
        let horizon = now.plus_days(60);
        look_often(&mut eager, now, horizon);
        for books in [&mut lazy, &mut needed] {
            books.look(horizon);
            prop_assert_eq!(books.audit(), Vec::<String>::new());
        }
        prop_assert_eq!(lazy.rows(horizon), eager.rows(horizon));
        prop_assert_eq!(lazy.rows(horizon), needed.rows(horizon));
        let left = lazy.segments.values().filter(|it| it.window.ended_by(horizon));
        prop_assert_eq!(left.map(|it| it.remaining).sum::<Amount>(), 0, "outlived its window");
    }

    #[test]
    fn of_the_rest_the_cap_rolls_over_and_what_exceeds_it_expires(
        amount in 1_i64..100, used in 0_i64..100, held in 0_i64..100, cap in 0_i64..100,
        later in -2_i64..3,
    ) {
        let mut books = Keeper::new(Loads::Whole);
        let mut grant = fresh(1, amount, day(0), day(0));
        grant.window.ends_at = Some(day(10));
        grant.rollover = Some(Rollover { cap, priority: 1.0, expires_at: day(10 + later) });
        books.perform(&Deed::Add(Box::new(grant)), day(0)).expect("room");
        let draw = |number, amount, hold_until| Deed::Draw {
            number, amount, at: day(1), partial: true, hold_until,
        };
        let _ = books.perform(&draw(2, used, None), day(1));
        let _ = books.perform(&draw(3, held, Some(day(40))), day(1));
        let rest = books.segments.values().map(Segment::unheld).sum::<Amount>();
        books.look(day(10));
        let moved = |kind: EntryKind| -> Amount {
            let own = books.entries.iter().filter(|it| it.segment_id == SegmentId(uuid(1)));
            own.filter(|it| it.kind == kind).map(|it| -it.amount).sum()
        };
        let (rolled, expired) = (moved(EntryKind::Rollover), moved(EntryKind::Expiration));
        prop_assert_eq!(rolled + expired, rest);
        prop_assert_eq!(rolled, if later > 0 { rest.min(cap) } else { 0 });
        let taken_over: Vec<Amount> = books.rolled_over.iter().map(|it| it.amount).collect();
        prop_assert_eq!(taken_over, if rolled > 0 { vec![rolled] } else { vec![] });
        prop_assert_eq!(books.audit(), Vec::<String>::new());
    }

    #[test]
    fn ending_and_voiding_come_to_the_same_in_either_order(amount in 1_i64..100) {
        let end = Deed::EndNow(SegmentId(uuid(1)));
        let void = Deed::Void(SegmentId(uuid(1)), false);
        let balance = |first: &Deed, second: Option<&Deed>| {
            let mut books = Keeper::new(Loads::Needed);
            let grant = Deed::Add(Box::new(fresh(1, amount, day(0), day(0))));
            for deed in [Some(&grant), Some(first), second].into_iter().flatten() {
                books.perform(deed, day(1)).expect("allowed");
            }
            assert_eq!(books.audit(), Vec::<String>::new());
            books.account.balance
        };
        prop_assert_eq!(balance(&end, Some(&void)), balance(&void, None));
    }
}

#[test]
fn an_account_at_the_limit_of_64_bits_gives_but_does_not_take() {
    let mut books = Keeper::new(Loads::Whole);
    let full = Deed::Add(Box::new(fresh(1, Amount::MAX, day(0), day(0))));
    books.perform(&full, day(0)).expect("it fits");
    let one_more = Deed::Add(Box::new(fresh(2, 1, day(5), day(0))));
    let refusal = books.perform(&one_more, day(0)).expect_err("no room");
    assert_eq!(refusal.code, domain::Code::OutOfRange);
    let manual = Deed::Manual(SegmentId(uuid(1)), 1, day(0));
    let refusal = books.perform(&manual, day(0)).expect_err("no room");
    assert_eq!(refusal.field, ["amount"]);
    let draw = Deed::Draw {
        number: 3,
        amount: Amount::MAX,
        at: day(0),
        partial: false,
        hold_until: None,
    };
    books.perform(&draw, day(0)).expect("all of it is there");
    let refusal = books.perform(&manual, day(0)).expect_err("no room");
    assert_eq!(refusal.field, ["amount"], "parts of a segment have to fit");
    let back = Deed::Reverse(DrawdownId(uuid(3)), None, RestoreExpired::Forfeit);
    books.perform(&back, day(0)).expect("it fits again");
    assert_eq!(books.audit(), Vec::<String>::new());
}

#[test]
fn under_a_test_clock_boundaries_are_recorded_in_real_time() {
    // Decision 33: it is really day 1, and the customer's clock says day 20.
    let ids = Ids::default();
    let act = Act {
        recorded: day(1),
        ..act(day(20), &ids)
    };
    let mut book = empty_book();
    let mut grant = fresh(1, 10, day(5), day(1));
    grant.window.ends_at = Some(day(15));
    book.add_segment(grant, &act).expect("room");
    book.add_segment(fresh(2, 10, day(18), day(1)), &act)
        .expect("room");
    book.void_segment(SegmentId(uuid(2)), false, &act)
        .expect("allowed");
    let dated: Vec<_> = book
        .changes
        .entries
        .iter()
        .map(|it| (it.kind, it.effective_at, it.recorded_at))
        .collect();
    assert_eq!(
        dated,
        [
            (EntryKind::Grant, day(5), day(1)),
            (EntryKind::Expiration, day(15), day(1)),
            (EntryKind::Grant, day(18), day(1)),
            (EntryKind::Void, day(20), day(1)),
        ]
    );
}

#[test]
fn every_key_is_in_one_order_or_another() {
    let default: Arc<[BurnDownKey]> = Arc::from(DEFAULT_ORDER);
    let missing: Vec<_> = BurnDownKey::ALL
        .iter()
        .filter(|key| !default.contains(key))
        .collect();
    assert_eq!(missing, [&BurnDownKey::RolloverFirst]);
}
