//! Rollover (rule 13, decision 5).

use super::tell;

#[test]
fn what_is_left_rolls_over_up_to_the_cap() {
    tell(
        "
        d0  grant A 10 ends d10 rolls 5>d40
              GRANT A +10 on d0
        d3  draw u 2
              DEDUCTION A -2 on d3
        d20 look
              ROLLOVER A -5 on d10
              EXPIRATION A -3 on d10
              GRANT A' +5 on d10
        d20 show A'
              A' Active until d40: 5 left, 0 held, 0 used, 0 expired
        d50 look
              EXPIRATION A' -5 on d40
        ",
    );
}

#[test]
fn nobody_looked_until_the_second_grant_was_over_too() {
    tell(
        "
        d0  grant A 10 ends d10 rolls 20>d40
              GRANT A +10 on d0
        d50 draw u 1
              refused INSUFFICIENT_CREDIT
        d50 look
              ROLLOVER A -10 on d10
              GRANT A' +10 on d10
              EXPIRATION A' -10 on d40
        ",
    );
}

#[test]
fn ended_by_hand_it_forfeits() {
    tell(
        "
        d0  grant A 10 ends d30 rolls 5>d40
              GRANT A +10 on d0
        d0  grant B 10 ends d30 rolls 5>d40
              GRANT B +10 on d0
        d0  grant C 10 ends d30 rolls 5>d40
              GRANT C +10 on d0
        d5  end A now
              EXPIRATION A -10 on d5
        d5  end B d4
              EXPIRATION B -10 on d4, known d5
        d5  void C
              VOID C -10 on d5
        d50 look
        ",
    );
}

#[test]
fn an_end_moved_earlier_but_still_to_come_is_an_end_by_time() {
    tell(
        "
        d0  grant A 10 ends d30 rolls 5>d40
              GRANT A +10 on d0
        d5  end A d6
        d7  look
              ROLLOVER A -5 on d6
              EXPIRATION A -5 on d6
              GRANT A' +5 on d6
        ",
    );
}

#[test]
fn an_end_moved_past_the_end_of_the_rollover_leaves_it_no_window() {
    tell(
        "
        d0  grant A 10 ends d30 rolls 5>d40
              GRANT A +10 on d0
        d5  end A d40
        d41 look
              EXPIRATION A -10 on d40
        ",
    );
}

#[test]
fn a_part_that_was_held_at_the_end_never_rolls() {
    tell(
        "
        d0  grant A 10 ends d10 rolls 9>d40
              GRANT A +10 on d0
        d8  draw h 4 hold d15
        d20 look
              ROLLOVER A -6 on d10
              GRANT A' +6 on d10
              EXPIRATION A -4 on d15
        ",
    );
}

#[test]
fn it_rolls_once_and_what_rolled_does_not_come_back() {
    tell(
        "
        d0  grant A 10 ends d10 rolls 5>d40
              GRANT A +10 on d0
        d12 end A d20
              ROLLOVER A -5 on d10
              EXPIRATION A -5 on d10
              GRANT A' +5 on d10
              EXPIRATION_REVERSAL A +5 on d10, known d12
        d25 look
              EXPIRATION A -5 on d20
        ",
    );
}

#[test]
fn an_end_by_hand_that_was_taken_back_does_not_spoil_the_rollover() {
    tell(
        "
        d0  grant A 10 ends d10 rolls 5>d40
              GRANT A +10 on d0
        d2  end A now
              EXPIRATION A -10 on d2
        d3  end A d12
              EXPIRATION_REVERSAL A +10 on d2, known d3
        d25 look
              ROLLOVER A -5 on d12
              EXPIRATION A -5 on d12
              GRANT A' +5 on d12
        ",
    );
}

#[test]
fn what_took_over_pays_in_its_own_place() {
    // It bears the priority that the settings give it (7), and is promotional.
    tell(
        "
        d0  grant A 10 ends d10 rolls 5>d40 priority 60
              GRANT A +10 on d0
        d0  grant B 10 priority 8
              GRANT B +10 on d0
        d1  draw u 1
              DEDUCTION B -1 on d1
        d12 draw v 6
              ROLLOVER A -5 on d10
              EXPIRATION A -5 on d10
              GRANT A' +5 on d10
              DEDUCTION A' -5 on d12
              DEDUCTION B -1 on d12
        ",
    );
}
