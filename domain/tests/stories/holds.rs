//! Holds, also over the end of a window (rule 8, decisions 2, 3, 17 and 18).

use super::tell;

#[test]
fn held_credit_is_not_there_for_others_until_it_is_let_go() {
    tell(
        "
        d0  grant A 10
              GRANT A +10 on d0
        d1  draw h 7 hold d5
        d2  draw u 4
              refused INSUFFICIENT_CREDIT
        d2  draw v 3
              DEDUCTION A -3 on d2
        d3  release h
        d3  show h
              h RELEASED applied 0, short 0, released 7, reversed 0
        d3  capture h
              refused WRONG_STATE
        d3  draw w 7
              DEDUCTION A -7 on d3
        ",
    );
}

#[test]
fn a_capture_keeps_the_first_slices_and_is_dated_when_the_hold_was() {
    // Decision 17.
    tell(
        "
        d0  grant A 4 priority 1
              GRANT A +4 on d0
        d0  grant B 10 priority 2
              GRANT B +10 on d0
        d1  draw h 9 hold d9
        d1  show h
              h HELD applied 9, short 0, released 0, reversed 0: A 4 and B 5
        d3  capture h 10
              refused OUT_OF_RANGE
        d3  capture h 0
              refused OUT_OF_RANGE
        d3  capture h 6
              DEDUCTION A -4 on d1, known d3
              DEDUCTION B -2 on d1, known d3
        d3  show h
              h POSTED applied 6, short 0, released 3, reversed 0: A 4 and B 2
        d3  show B
              B Active until ever: 8 left, 0 held, 2 used, 0 expired
        d3  capture h 1
              refused WRONG_STATE
        ",
    );
}

#[test]
fn at_the_end_only_the_unheld_rest_expires_and_a_release_expires_the_other_at_once() {
    // Decision 3.
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d8  draw h 4 hold d20
        d12 show A
              EXPIRATION A -6 on d10
              A Expired until d10: 4 left, 4 held, 0 used, 6 expired
        d15 release h
              EXPIRATION A -4 on d15
        d15 show A
              A Expired until d10: 0 left, 0 held, 0 used, 10 expired
        ",
    );
}

#[test]
fn a_capture_after_the_end_posts_at_the_holds_date_and_expires_the_rest() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d8  draw h 4 hold d20
        d15 capture h 3
              EXPIRATION A -6 on d10
              DEDUCTION A -3 on d8, known d15
              EXPIRATION A -1 on d15
        d15 show h
              h POSTED applied 3, short 0, released 1, reversed 0: A 3
        ",
    );
}

#[test]
fn a_hold_lapses_by_itself() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d8  draw h 4 hold d9
        d8  draw i 3 hold d12
        d20 capture i
              refused WRONG_STATE
        d20 show h
              EXPIRATION A -7 on d10
              EXPIRATION A -3 on d12
              h LAPSED applied 0, short 0, released 4, reversed 0
        ",
    );
}

#[test]
fn a_hold_that_lapses_when_the_window_ends_lapses_first() {
    // Decision 2: so nothing was held at the end, and all of it rolls over (decision 5).
    tell(
        "
        d0  grant A 10 ends d10 rolls 9>d40
              GRANT A +10 on d0
        d8  draw h 4 hold d10
        d11 look
              ROLLOVER A -9 on d10
              EXPIRATION A -1 on d10
              GRANT A' +9 on d10
        ",
    );
}

#[test]
fn windows_end_before_others_start() {
    // Decision 2; B has the lower id, and its window is the one that starts.
    tell(
        "
        d0  grant C 10 ends d10
              GRANT C +10 on d0
        d0  grant B 5 starts d10
        d10 look
              EXPIRATION C -10 on d10
              GRANT B +5 on d10
        ",
    );
}

#[test]
fn a_late_hold_takes_the_expiration_back_and_gives_it_up_again() {
    // Decision 18.
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d12 draw h 4 at d9 hold d20
              EXPIRATION A -10 on d10
              EXPIRATION_REVERSAL A +4 on d10, known d12
        d13 show A
              A Expired until d10: 4 left, 4 held, 0 used, 6 expired
        d14 release h
              EXPIRATION A -4 on d14
        d15 draw i 4 at d9 hold d20
              EXPIRATION_REVERSAL A +4 on d10, known d15
        d16 capture i 3
              DEDUCTION A -3 on d9, known d16
              EXPIRATION A -1 on d16
        ",
    );
}

#[test]
fn a_hold_may_take_what_there_is() {
    tell(
        "
        d0  grant A 3
              GRANT A +3 on d0
        d1  draw h 5 partial hold d3
        d1  draw i 5 partial hold d3
        d2  show h
              h HELD applied 3, short 2, released 0, reversed 0: A 3
        d2  show i
              i HELD applied 0, short 5, released 0, reversed 0
        d4  show h
              h LAPSED applied 0, short 2, released 3, reversed 0
        d4  draw u 3
              DEDUCTION A -3 on d4
        ",
    );
}
