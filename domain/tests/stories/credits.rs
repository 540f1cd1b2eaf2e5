//! Credits: editing their segments (rule 12, decisions 10 to 12).

use super::tell;

#[test]
fn the_amount_of_a_started_segment_changes_by_an_amendment() {
    tell(
        "
        d0  credit A 10 ends d30
              GRANT A +10 on d0
        d1  amend A 15
              AMENDMENT A +5 on d1
        d2  draw u 6
              DEDUCTION A -6 on d2
        d3  draw h 4 hold d9
        d4  amend A 9
              refused WOULD_GO_NEGATIVE
        d4  amend A 10
              AMENDMENT A -5 on d4
        d4  show A
              A Active until d30: 4 left, 4 held, 6 used, 0 expired
        d4  amend A 10
        d4  amend A 0
              refused OUT_OF_RANGE
        ",
    );
}

#[test]
fn a_depleted_segment_can_be_amended_and_pays_again() {
    tell(
        "
        d0  credit A 10 ends d30
              GRANT A +10 on d0
        d2  draw u 10
              DEDUCTION A -10 on d2
        d3  amend A 12
              AMENDMENT A +2 on d3
        d40 look
              EXPIRATION A -2 on d30
        ",
    );
}

#[test]
fn one_that_has_not_started_is_changed_without_an_entry() {
    tell(
        "
        d0  credit A 10 starts d5 ends d30
        d1  amend A 4
        d2  start A d7
        d6  show A
              A Scheduled until d30: 4 left, 0 held, 0 used, 0 expired
        d8  show A
              GRANT A +4 on d7
              A Active until d30: 4 left, 0 held, 0 used, 0 expired
        d8  start A d9
              refused WRONG_STATE
        d8  start A d7
        ",
    );
}

#[test]
fn a_start_moved_into_the_past_is_known_when_it_was_moved() {
    tell(
        "
        d4  credit A 10 starts d15 ends d30
        d8  start A d5
              GRANT A +10 on d5, known d8
        d8  look
        ",
    );
}

#[test]
fn the_amount_of_an_ended_one_is_fixed() {
    // Decision 11.
    tell(
        "
        d0  credit A 10 ends d5
              GRANT A +10 on d0
        d0  credit B 10 ends d5
              GRANT B +10 on d0
        d1  draw u 10
              DEDUCTION A -10 on d1
        d6  amend A 12
              refused WRONG_STATE
        d6  amend B 12
              refused WRONG_STATE
        d6  amend B 10
              EXPIRATION B -10 on d5
        ",
    );
}

#[test]
fn what_was_left_of_a_removed_one_is_a_void_entry() {
    // Decision 10.
    tell(
        "
        d0  credit A 10 ends d30
              GRANT A +10 on d0
        d0  credit B 10 starts d20 ends d30
        d1  draw u 3
              DEDUCTION A -3 on d1
        d2  void A
              refused PARTLY_USED
        d2  void B
        d3  reverse u
              REVERSAL A +3 on d3
        d3  void A
              VOID A -10 on d3
        d4  amend A 12
              refused ALREADY_VOIDED
        d40 show B
              B Voided until d30: 0 left, 0 held, 0 used, 0 expired
        ",
    );
}

#[test]
fn windows_of_one_credit_may_overlap_and_each_stands_alone() {
    // Decision 10.
    tell(
        "
        d0  credit A 10 ends d10
              GRANT A +10 on d0
        d0  credit B 10 starts d5 ends d15
        d7  draw u 12
              GRANT B +10 on d5
              DEDUCTION A -10 on d7
              DEDUCTION B -2 on d7
        d20 look
              EXPIRATION B -8 on d15
        ",
    );
}

#[test]
fn one_that_contains_the_new_end_is_cut() {
    tell(
        "
        d0  credit A 10 ends d10
              GRANT A +10 on d0
        d0  credit B 10 starts d10 ends d20
        d4  end A d6
        d4  void B
        d7  look
              EXPIRATION A -10 on d6
        ",
    );
}
