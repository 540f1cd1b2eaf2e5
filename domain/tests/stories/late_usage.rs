//! Late usage (rule 9, decisions 4 and 7).

use super::tell;

#[test]
fn what_expired_since_comes_back_for_it() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d20 draw u 3 at d9
              EXPIRATION A -10 on d10
              EXPIRATION_REVERSAL A +3 on d10, known d20
              DEDUCTION A -3 on d9, known d20
        d20 show A
              A Expired until d10: 0 left, 0 held, 3 used, 7 expired
        d21 draw v 8 at d9
              refused INSUFFICIENT_CREDIT
        d21 draw w 8 at d9 partial
              EXPIRATION_REVERSAL A +7 on d10, known d21
              DEDUCTION A -7 on d9, known d21
        d21 show w
              w POSTED applied 7, short 1, released 0, reversed 0: A 7
        ",
    );
}

#[test]
fn only_what_was_active_then_pays() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d0  grant B 10 starts d10 ends d20
        d15 draw u 12 at d9
              refused INSUFFICIENT_CREDIT
        d15 draw v 12 at d10
              refused INSUFFICIENT_CREDIT
        d15 draw w 10 at d10
              EXPIRATION A -10 on d10
              GRANT B +10 on d10
              DEDUCTION B -10 on d10, known d15
        ",
    );
}

#[test]
fn what_later_drawdowns_took_stays_taken() {
    tell(
        "
        d0  grant A 10 ends d10 priority 1
              GRANT A +10 on d0
        d0  grant B 10 priority 2
              GRANT B +10 on d0
        d5  draw u 8
              DEDUCTION A -8 on d5
        d6  draw v 5 at d1
              DEDUCTION A -2 on d1, known d6
              DEDUCTION B -3 on d1, known d6
        ",
    );
}

#[test]
fn an_end_made_by_hand_leaves_what_lies_before_it() {
    // Decision 7.
    tell(
        "
        d0  grant A 10 ends d30
              GRANT A +10 on d0
        d10 end A now
              EXPIRATION A -10 on d10
        d12 draw u 1 at d10
              refused INSUFFICIENT_CREDIT
        d12 draw v 4 at d9
              EXPIRATION_REVERSAL A +4 on d10, known d12
              DEDUCTION A -4 on d9, known d12
        d40 look
        ",
    );
}

#[test]
fn what_rolled_over_or_was_voided_stays_out() {
    tell(
        "
        d0  grant A 10 ends d10 rolls 6>d40
              GRANT A +10 on d0
        d0  grant B 10 priority 60
              GRANT B +10 on d0
        d2  void B
              VOID B -10 on d2
        d12 draw u 5 at d1
              refused INSUFFICIENT_CREDIT
        d12 draw v 4 at d1
              ROLLOVER A -6 on d10
              EXPIRATION A -4 on d10
              GRANT A' +6 on d10
              EXPIRATION_REVERSAL A +4 on d10, known d12
              DEDUCTION A -4 on d1, known d12
        ",
    );
}

#[test]
fn a_window_that_a_reversal_made_longer_keeps_apart_what_expired_when() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d5  draw u 4
              DEDUCTION A -4 on d5
        d20 reverse u extend
              EXPIRATION A -6 on d10
              REVERSAL A +4 on d20
        d30 draw v 5
              refused INSUFFICIENT_CREDIT
        d30 draw w 5 at d8
              EXPIRATION_REVERSAL A +1 on d10, known d30
              DEDUCTION A -5 on d8, known d30
        d30 reverse w
              REVERSAL A +5 on d30
        d60 draw x 6 at d49
              refused INSUFFICIENT_CREDIT
        d60 draw y 6 at d9
              EXPIRATION A -5 on d50
              EXPIRATION_REVERSAL A +5 on d10, known d60
              EXPIRATION_REVERSAL A +1 on d50, known d60
              DEDUCTION A -6 on d9, known d60
        ",
    );
}

#[test]
fn several_expirations_come_back_oldest_first_each_at_its_own_date() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d8  draw h 4 hold d12
        d20 draw u 7 at d9
              EXPIRATION A -6 on d10
              EXPIRATION A -4 on d12
              EXPIRATION_REVERSAL A +6 on d10, known d20
              EXPIRATION_REVERSAL A +1 on d12, known d20
              DEDUCTION A -7 on d9, known d20
        ",
    );
}
