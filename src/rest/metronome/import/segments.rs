//! Segments of credits: which of ours stand for which of theirs, and those that were added there.

use domain::{CreditId, CustomerId, Instant};
use entity::segment;

use super::ImportError;
use super::source::{Credit, Segment};
use super::write::{Made, Writer};
use crate::ledger::command::input::*;

impl Writer {
    /// Finds the segments that stand for those there, by their windows, of several alike in the order
    /// in which they were made. Answers those that are not here yet.
    pub(super) async fn same_segments<'c>(
        &self,
        key: (CustomerId, CreditId),
        credit: &'c Credit,
        made: &mut Made,
    ) -> Result<Vec<&'c Segment>, ImportError> {
        let rows = self.ledger.read().credits_by_id(&[key]).await?;
        let mut own = rows
            .get(&key.1)
            .map(|row| row.segments.clone())
            .unwrap_or_default();
        own.sort_by_key(|segment| segment.id);
        let mut left: Vec<&Segment> = credit.segments.iter().collect();
        // What was ended there since has the same start.
        for by_end in [true, false] {
            left.retain(|theirs| {
                let is_same = |ours: &segment::Model| {
                    let same_end = ours.ends_at == theirs.end();
                    ours.starts_at == theirs.starting_at && (same_end || !by_end)
                };
                let place = own.iter().position(is_same);
                if let Some(place) = place {
                    made.segments.insert(theirs.id, own.remove(place).id);
                }
                place.is_none()
            });
        }
        Ok(left)
    }

    /// Adds a segment that was added there since the credit was brought over.
    pub(super) async fn add_segment(
        &self,
        (customer, id): (CustomerId, CreditId),
        segment: &Segment,
        at: Instant,
    ) -> Result<(), ImportError> {
        let command = EditCredit {
            id,
            name: None,
            description: None,
            product_id: None,
            priority: None,
            rate_type: None,
            access_schedule: Some(AccessScheduleEditInput {
                add: vec![segment_of(segment)],
                update: Vec::new(),
                remove: Vec::new(),
            }),
            applicable_contract_ids: None,
            applicable_product_ids: None,
            applicable_product_tags: None,
            specifiers: None,
            custom_fields: None,
            details: None,
        };
        let key = format!("segment {}", segment.id);
        self.command(at, customer, command, &key).await?;
        Ok(())
    }
}

pub(super) fn segment_of(segment: &Segment) -> SegmentInput {
    SegmentInput {
        amount: segment.amount,
        starting_at: segment.starting_at,
        ending_before: segment.end(),
    }
}
