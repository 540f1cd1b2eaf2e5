//! Burn-down: which segments pay, in which order, how much (rules 6, 7 and 9).

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::grant::{Category, UnknownName, text_enum};
use crate::scope::{Mismatch, Usage};
use crate::segment::{Parent, Segment};
use crate::{Amount, Instant, SegmentId};

text_enum! {
    /// One criterion of the order in which credit pays.
    BurnDownKey {
        /// Lower number first.
        Priority = "PRIORITY",
        /// Contract-level before customer-level.
        ContractLevelFirst = "CONTRACT_LEVEL_FIRST",
        /// Sooner end first, never last.
        ExpiresFirst = "EXPIRES_FIRST",
        /// Promotional before paid.
        PromotionalFirst = "PROMOTIONAL_FIRST",
        /// Fewer products first, all products last (decision 16).
        NarrowestScopeFirst = "NARROWEST_SCOPE_FIRST",
        /// Rolled over before not.
        RolloverFirst = "ROLLOVER_FIRST",
        /// Earlier start first.
        EffectiveFirst = "EFFECTIVE_FIRST",
        /// Earlier creation first.
        CreatedFirst = "CREATED_FIRST",
    }
}

/// The order where a credit type names none (rule 6).
pub const DEFAULT_ORDER: [BurnDownKey; 7] = [
    BurnDownKey::Priority,
    BurnDownKey::ContractLevelFirst,
    BurnDownKey::ExpiresFirst,
    BurnDownKey::PromotionalFirst,
    BurnDownKey::NarrowestScopeFirst,
    BurnDownKey::EffectiveFirst,
    BurnDownKey::CreatedFirst,
];

text_enum! {
    /// A list of keys with a name.
    BurnDownPreset {
        /// As Metronome burns down credits: rollovers, priority, free before paid, narrowest,
        /// soonest end, earliest start, contract level.
        MetronomeContracts = "METRONOME_CONTRACTS",
        /// As Metronome burns down credit grants: priority, soonest end, earliest start.
        MetronomeGrants = "METRONOME_GRANTS",
    }
}

impl BurnDownPreset {
    /// The keys it stands for.
    #[must_use]
    pub const fn keys(self) -> &'static [BurnDownKey] {
        match self {
            Self::MetronomeContracts => &[
                BurnDownKey::RolloverFirst,
                BurnDownKey::Priority,
                BurnDownKey::PromotionalFirst,
                BurnDownKey::NarrowestScopeFirst,
                BurnDownKey::ExpiresFirst,
                BurnDownKey::EffectiveFirst,
                BurnDownKey::ContractLevelFirst,
                BurnDownKey::CreatedFirst,
            ],
            Self::MetronomeGrants => &[
                BurnDownKey::Priority,
                BurnDownKey::ExpiresFirst,
                BurnDownKey::EffectiveFirst,
                BurnDownKey::CreatedFirst,
            ],
        }
    }
}

text_enum! {
    /// What a plan says of one segment.
    Outcome {
        /// It pays.
        Taken = "TAKEN",
        /// It could pay, but those before it sufficed.
        NotNeeded = "NOT_NEEDED",
        /// Nothing is left.
        Empty = "EMPTY",
        /// All that is left is held.
        FullyHeld = "FULLY_HELD",
        /// Its window begins later.
        NotStarted = "NOT_STARTED",
        /// Its window was over.
        Ended = "ENDED",
        /// It was voided or removed.
        Voided = "VOIDED",
        /// It is for other products.
        OtherProduct = "OTHER_PRODUCT",
        /// It is for other contracts.
        OtherContract = "OTHER_CONTRACT",
        /// It is for other group values.
        OtherGroup = "OTHER_GROUP",
    }
}

/// What is asked of the segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How much, in minor units, above zero.
    pub amount: Amount,
    /// When the usage happened: what was active then pays.
    pub at: Instant,
    /// What was used.
    pub usage: Usage,
}

/// What is planned for one segment, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The segment.
    pub segment_id: SegmentId,
    /// Its grant or credit.
    pub parent: Parent,
    /// Place in the order, from 1, for those that could pay.
    pub rank: Option<usize>,
    /// What it could give.
    pub available: Amount,
    /// What it gives.
    pub takes: Amount,
    /// Why.
    pub outcome: Outcome,
}

/// What a drawdown takes from where. The same for a preview and for the act (rule 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Covered.
    pub applied: Amount,
    /// Not covered.
    pub shortfall: Amount,
    /// Those that could pay in their order, then the others by id.
    pub candidates: Vec<Candidate>,
}

/// Plans a drawdown over the segments of an account whose due boundaries are posted.
#[must_use]
pub fn plan<'s>(
    segments: impl IntoIterator<Item = &'s Segment>,
    order: &[BurnDownKey],
    request: &Request,
    now: Instant,
) -> Plan {
    let mut payers: Vec<(&Segment, Amount)> = Vec::new();
    let mut others: Vec<Candidate> = Vec::new();
    for segment in segments {
        let available = available(segment, request.at, now);
        match hindrance(segment, available, request) {
            None => payers.push((segment, available)),
            Some(outcome) => others.push(Candidate {
                segment_id: segment.id,
                parent: segment.parent,
                rank: None,
                available,
                takes: 0,
                outcome,
            }),
        }
    }
    payers.sort_by(|(left, _), (right, _)| compare(order, left, right));
    others.sort_by_key(|candidate| candidate.segment_id);

    let mut missing = request.amount;
    let mut candidates = Vec::with_capacity(payers.len().saturating_add(others.len()));
    for (index, (segment, available)) in payers.into_iter().enumerate() {
        let takes = available.min(missing);
        missing = missing.saturating_sub(takes);
        candidates.push(Candidate {
            segment_id: segment.id,
            parent: segment.parent,
            rank: Some(index.saturating_add(1)),
            available,
            takes,
            outcome: if takes > 0 {
                Outcome::Taken
            } else {
                Outcome::NotNeeded
            },
        });
    }
    candidates.append(&mut others);
    Plan {
        applied: request.amount.saturating_sub(missing),
        shortfall: missing,
        candidates,
    }
}

/// The order of two segments: total, since the id closes every list (rule 6).
#[must_use]
pub fn compare(order: &[BurnDownKey], left: &Segment, right: &Segment) -> Ordering {
    order
        .iter()
        .map(|key| compare_by(*key, left, right))
        .find(|ordering| ordering.is_ne())
        .unwrap_or_else(|| left.id.cmp(&right.id))
}

/// What it could give now to usage that falls into its window: the unheld rest, and what expired
/// after the usage and can be taken back (rule 9).
fn available(segment: &Segment, at: Instant, now: Instant) -> Amount {
    if segment.voided_at.is_some() {
        0
    } else if segment.ended_by(now) {
        segment.expired_after(at)
    } else {
        segment.unheld().saturating_add(segment.expired_after(at))
    }
}

fn hindrance(segment: &Segment, available: Amount, request: &Request) -> Option<Outcome> {
    if segment.voided_at.is_some() {
        return Some(Outcome::Voided);
    }
    if request.at < segment.window.starts_at {
        return Some(Outcome::NotStarted);
    }
    if segment.window.ended_by(request.at) {
        return Some(Outcome::Ended);
    }
    match segment.scope.admits(&request.usage) {
        Err(Mismatch::Contract) => Some(Outcome::OtherContract),
        Err(Mismatch::Product) => Some(Outcome::OtherProduct),
        Err(Mismatch::Group) => Some(Outcome::OtherGroup),
        Ok(()) if available > 0 => None,
        Ok(()) if segment.held > 0 => Some(Outcome::FullyHeld),
        Ok(()) => Some(Outcome::Empty),
    }
}

fn compare_by(key: BurnDownKey, left: &Segment, right: &Segment) -> Ordering {
    match key {
        // Not `total_cmp` alone: -0 is no lower than 0, and not every database keeps its sign.
        BurnDownKey::Priority => left
            .priority
            .partial_cmp(&right.priority)
            .unwrap_or_else(|| left.priority.total_cmp(&right.priority)),
        BurnDownKey::ContractLevelFirst => right.contract_level.cmp(&left.contract_level),
        BurnDownKey::ExpiresFirst => {
            let end = |segment: &Segment| segment.window.ends_at.map_or(Instant::MAX, |end| end);
            let never = |segment: &Segment| segment.window.ends_at.is_none();
            never(left)
                .cmp(&never(right))
                .then_with(|| end(left).cmp(&end(right)))
        }
        BurnDownKey::PromotionalFirst => {
            let paid = |segment: &Segment| segment.category == Category::Paid;
            paid(left).cmp(&paid(right))
        }
        BurnDownKey::NarrowestScopeFirst => left.scope.breadth().cmp(&right.scope.breadth()),
        BurnDownKey::RolloverFirst => right.rolled_in.cmp(&left.rolled_in),
        BurnDownKey::EffectiveFirst => left.window.starts_at.cmp(&right.window.starts_at),
        BurnDownKey::CreatedFirst => left.created_at.cmp(&right.created_at),
    }
}
