//! Grants after creation: edit, expire, void (rule 11, decisions 5 to 8).

use super::tell;

#[test]
fn an_end_moved_later_revives_what_had_expired() {
    // Decision 4: the reversal is dated at the end that it takes back.
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d5  draw u 4
              DEDUCTION A -4 on d5
        d15 end A d20
              EXPIRATION A -6 on d10
              EXPIRATION_REVERSAL A +6 on d10, known d15
        d16 draw v 6
              DEDUCTION A -6 on d16
        d25 show A
              A Expired until d20: 0 left, 0 held, 10 used, 0 expired
        ",
    );
}

#[test]
fn an_end_taken_away_revives_it_for_good() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d15 end A never
              EXPIRATION A -10 on d10
              EXPIRATION_REVERSAL A +10 on d10, known d15
        d99 show A
              A Active until ever: 10 left, 0 held, 0 used, 0 expired
        ",
    );
}

#[test]
fn an_end_moved_before_it_came_leaves_no_entry() {
    tell(
        "
        d0  grant A 10 ends d10
              GRANT A +10 on d0
        d5  end A d20
        d15 end A d18
        d19 look
              EXPIRATION A -10 on d18
        ",
    );
}

#[test]
fn an_end_moved_into_the_past_writes_the_rest_off_there() {
    tell(
        "
        d0  grant A 10 ends d30
              GRANT A +10 on d0
        d5  draw u 4
              DEDUCTION A -4 on d5
        d15 end A d8
              EXPIRATION A -6 on d8, known d15
        d16 end A d9
              refused ALREADY_ENDED
        d16 end A d8
        d16 end A d0
              refused ALREADY_ENDED
        d16 end A d40
              EXPIRATION_REVERSAL A +6 on d8, known d16
        d17 end A d0
              refused WINDOW_EMPTY
        ",
    );
}

#[test]
fn an_end_moved_into_the_past_leaves_what_is_held() {
    tell(
        "
        d0  grant A 10 ends d30
              GRANT A +10 on d0
        d5  draw h 4 hold d25
        d15 end A d8
              EXPIRATION A -6 on d8, known d15
        d16 show A
              A Expired until d8: 4 left, 4 held, 0 used, 6 expired
        d16 end A d40
              EXPIRATION_REVERSAL A +6 on d8, known d16
        d26 show A
              A Active until d40: 10 left, 0 held, 0 used, 0 expired
        ",
    );
}

#[test]
fn a_boundary_is_known_when_its_window_was_last_decided() {
    // Decision 1.
    tell(
        "
        d20 grant A 10 starts d0 ends d10
              GRANT A +10 on d0, known d20
              EXPIRATION A -10 on d10, known d20
        d20 grant B 10 starts d18 ends d30
              GRANT B +10 on d18, known d20
        d40 look
              EXPIRATION B -10 on d30
        ",
    );
}

#[test]
fn expiring_ends_it_now_even_in_the_instant_in_which_it_began() {
    tell(
        "
        d0  grant A 10 ends d30
              GRANT A +10 on d0
        d0  grant B 10
              GRANT B +10 on d0
        d0  end B now
              EXPIRATION B -10 on d0
        d5  end A now
              EXPIRATION A -10 on d5
        d6  show A
              A Expired until d5: 0 left, 0 held, 0 used, 10 expired
        d6  show B
              B Expired until d0: 0 left, 0 held, 0 used, 10 expired
        ",
    );
}

#[test]
fn a_void_is_refused_while_held_and_once_used_unless_the_remainder_is_meant() {
    // Decision 8: used is net, manual entries are no use; decision 23: HELD before PARTLY_USED.
    tell(
        "
        d0  grant A 10
              GRANT A +10 on d0
        d1  manual A -1
              MANUAL A -1 on d1
        d1  draw u 4
              DEDUCTION A -4 on d1
        d1  draw h 2 hold d3
        d2  void A
              refused HELD
        d2  void A remainder
              refused HELD
        d3  void A
              refused PARTLY_USED
        d3  reverse u
              REVERSAL A +4 on d3
        d3  void A
              VOID A -9 on d3
        d4  void A
              refused ALREADY_VOIDED
        d4  end A d9
              refused ALREADY_VOIDED
        ",
    );
}

#[test]
fn a_void_before_the_start_or_after_the_end_moves_nothing() {
    tell(
        "
        d0  grant A 10 starts d5
        d1  void A
        d9  show A
              A Voided until ever: 0 left, 0 held, 0 used, 0 expired
        d9  grant B 10 ends d12
              GRANT B +10 on d9
        d15 void B
              EXPIRATION B -10 on d12
        d15 show B
              B Voided until d12: 0 left, 0 held, 0 used, 10 expired
        d16 draw u 1 at d10
              refused INSUFFICIENT_CREDIT
        ",
    );
}

#[test]
fn a_manual_entry_wants_a_running_segment_and_leaves_what_is_held() {
    // Rule 14, decision 20.
    tell(
        "
        d0  grant A 10 starts d2 ends d10
        d1  manual A 5
              refused WRONG_STATE
        d5  manual A 5 on d3
              GRANT A +10 on d2
              MANUAL A +5 on d3, known d5
        d5  draw h 6 hold d20
        d5  manual A -10
              refused WOULD_GO_NEGATIVE
        d5  manual A -9
              MANUAL A -9 on d5
        d5  manual A 0
              refused OUT_OF_RANGE
        d5  manual A 1 on d1
              refused OUT_OF_RANGE
        d5  manual A 1 on d6
              refused OUT_OF_RANGE
        d10 manual A 1
              refused WRONG_STATE
        d10 void A
              refused HELD
        ",
    );
}
