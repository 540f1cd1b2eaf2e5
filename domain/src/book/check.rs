//! What holds always (rule 4): one function for tests, `scrip verify` and the metric.

use super::Account;
use crate::Amount;
use crate::drawdown::{Drawdown, DrawdownStatus};
use crate::segment::Segment;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Kind of the row that is wrong: its table.
    pub table: &'static str,
    /// Its id.
    pub row: String,
    /// What is wrong.
    pub what: String,
}

/// Checks all segments and drawdowns of an account against its row.
#[must_use]
pub fn check(account: &Account, segments: &[Segment], drawdowns: &[Drawdown]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for segment in segments {
        if let Some(what) = fault_of(segment) {
            findings.push(Finding {
                table: "segment",
                row: segment.id.to_string(),
                what,
            });
        }
    }
    for drawdown in drawdowns {
        if let Some(what) = fault_of_drawdown(drawdown) {
            findings.push(Finding {
                table: "drawdown",
                row: drawdown.id.to_string(),
                what,
            });
        }
    }
    let started = segments.iter().filter(|segment| segment.started);
    let mut of_account = |what: &str, expected: Option<Amount>, found: Amount| {
        if expected != Some(found) {
            let expected = expected.map_or_else(|| "overflow".to_owned(), |sum| sum.to_string());
            findings.push(Finding {
                table: "account",
                row: format!("{}/{}", account.customer_id, account.credit_type_id),
                what: format!("{what} is {found}, should be {expected}"),
            });
        }
    };
    let sum = |mut amounts: Box<dyn Iterator<Item = Amount> + '_>| {
        amounts.try_fold(0, |sum: Amount, amount| sum.checked_add(amount))
    };
    of_account(
        "balance",
        sum(Box::new(started.map(|segment| segment.remaining))),
        account.balance,
    );
    of_account(
        "held",
        sum(Box::new(segments.iter().map(|segment| segment.held))),
        account.held,
    );
    let open = drawdowns
        .iter()
        .filter(|drawdown| drawdown.status == DrawdownStatus::Held);
    of_account(
        "held by holds",
        sum(Box::new(open.map(|d| d.applied))),
        account.held,
    );
    findings
}

fn fault_of(segment: &Segment) -> Option<String> {
    if segment.held < 0 || segment.held > segment.remaining {
        return Some(format!("held {} of {}", segment.held, segment.remaining));
    }
    if segment.amount <= 0 || segment.used < 0 || segment.rolled_over < 0 || segment.written_off < 0
    {
        return Some("an amount is below zero".to_owned());
    }
    let expected = segment.remaining_by_parts();
    if expected != Some(segment.remaining) {
        return Some(format!(
            "remaining is {}, its parts say {expected:?}",
            segment.remaining
        ));
    }
    let mut proper = segment.clone();
    proper.reopen_or_close();
    (proper.open != segment.open).then(|| format!("open is {}", segment.open))
}

fn fault_of_drawdown(drawdown: &Drawdown) -> Option<String> {
    let covered = drawdown
        .applied
        .checked_add(drawdown.shortfall)
        .and_then(|sum| sum.checked_add(drawdown.released));
    if covered != Some(drawdown.amount) {
        return Some("amount is not applied + shortfall + released".to_owned());
    }
    let slices = drawdown
        .slices
        .iter()
        .try_fold(0, |sum: Amount, s| sum.checked_add(s.amount));
    if slices != Some(drawdown.applied) {
        return Some("the slices do not sum to what was applied".to_owned());
    }
    let reversed = drawdown
        .slices
        .iter()
        .try_fold(0, |sum: Amount, s| sum.checked_add(s.reversed));
    if reversed != Some(drawdown.reversed) {
        return Some("the slices do not sum to what was reversed".to_owned());
    }
    let over = drawdown
        .slices
        .iter()
        .any(|s| s.reversed < 0 || s.reversed > s.amount);
    over.then(|| "more was reversed than taken".to_owned())
}
