//! Reversals (rule 10, decisions 17 and 19).

use super::tell;

#[test]
fn slices_are_given_back_last_first_and_never_more_than_is_left() {
    tell(
        "
        d0  grant A 4 priority 1
              GRANT A +4 on d0
        d0  grant B 4 priority 2
              GRANT B +4 on d0
        d1  draw u 7
              DEDUCTION A -4 on d1
              DEDUCTION B -3 on d1
        d2  reverse u 2
              REVERSAL B +2 on d2
        d3  reverse u 2
              REVERSAL B +1 on d3
              REVERSAL A +1 on d3
        d3  show u
              u POSTED applied 7, short 0, released 0, reversed 4: A 4 back 1 and B 3 back 3
        d4  reverse u 4
              refused NOT_REVERSIBLE
        d4  reverse u 0
              refused OUT_OF_RANGE
        d4  reverse u
              REVERSAL A +3 on d4
        d4  reverse u
              refused NOT_REVERSIBLE
        ",
    );
}

#[test]
fn only_what_was_posted_can_be_reversed() {
    tell(
        "
        d0  grant A 4
              GRANT A +4 on d0
        d1  draw h 3 hold d3
        d2  reverse h
              refused WRONG_STATE
        d4  reverse h
              refused WRONG_STATE
        d4  draw i 3 hold d9
        d4  capture i 2
              DEDUCTION A -2 on d4
        d5  reverse i 3
              refused NOT_REVERSIBLE
        d5  reverse i
              REVERSAL A +2 on d5
        d6  draw u 9 partial
              DEDUCTION A -4 on d6
        d6  draw v 1 partial
        d6  reverse v
              refused NOT_REVERSIBLE
        ",
    );
}

#[test]
fn what_has_ended_meanwhile_forfeits() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d5  draw u 4
              DEDUCTION A -4 on d5
        d15 reverse u 3
              EXPIRATION A -6 on d10
              REVERSAL A +3 on d15
              EXPIRATION A -3 on d15
        d15 show A
              A Expired until d10: 0 left, 0 held, 1 used, 9 expired
        ",
    );
}

#[test]
fn or_is_usable_for_thirty_more_days_which_what_had_expired_is_not() {
    // Decision 19.
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d5  draw u 4
              DEDUCTION A -4 on d5
        d15 reverse u 3 extend
              EXPIRATION A -6 on d10
              REVERSAL A +3 on d15
        d15 show A
              A Active until d45: 3 left, 0 held, 1 used, 6 expired
        d20 draw v 4
              refused INSUFFICIENT_CREDIT
        d20 draw w 1
              DEDUCTION A -1 on d20
        d50 look
              EXPIRATION A -2 on d45
        ",
    );
}

#[test]
fn a_depleted_segment_whose_end_left_no_trace_has_ended_all_the_same() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d5  draw u 10
              DEDUCTION A -10 on d5
        d15 reverse u 4
              REVERSAL A +4 on d15
              EXPIRATION A -4 on d15
        d16 reverse u 4 extend
              REVERSAL A +4 on d16
        d16 show A
              A Active until d46: 4 left, 0 held, 2 used, 4 expired
        ",
    );
}

#[test]
fn into_a_running_segment_neither_choice_matters() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d5  draw u 10
              DEDUCTION A -10 on d5
        d6  reverse u 4 extend
              REVERSAL A +4 on d6
        d6  show A
              A Active until d10: 4 left, 0 held, 6 used, 0 expired
        d10 reverse u 1
              EXPIRATION A -4 on d10
              REVERSAL A +1 on d10
              EXPIRATION A -1 on d10
        ",
    );
}

#[test]
fn what_was_voided_meanwhile_takes_it_and_writes_it_off() {
    // Decision 19.
    tell(
        "
        d0  grant A 10
              GRANT A +10 on d0
        d5  draw u 4
              DEDUCTION A -4 on d5
        d6  void A remainder
              VOID A -6 on d6
        d7  reverse u 3 extend
              REVERSAL A +3 on d7
              VOID A -3 on d7
        d7  show A
              A Voided until ever: 0 left, 0 held, 1 used, 0 expired
        ",
    );
}

#[test]
fn late_usage_that_is_reversed_expires_again() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d12 draw u 4 at d9
              EXPIRATION A -10 on d10
              EXPIRATION_REVERSAL A +4 on d10, known d12
              DEDUCTION A -4 on d9, known d12
        d13 reverse u
              REVERSAL A +4 on d13
              EXPIRATION A -4 on d13
        ",
    );
}
