//! `Segment` and `AccessSchedule`.

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::{Instant, Scale};
use entity::segment;

use super::CreditType;
use super::names::SegmentStatus;
use crate::graphql::context::scale;
use crate::graphql::error::Failure;
use crate::graphql::scalar::{DateTime, Decimal};
use crate::ledger::read::{CreditRow, status};

/// What there is to draw from, and when.
#[derive(SimpleObject)]
pub struct AccessSchedule {
    /// In which unit.
    credit_type: CreditType,
    /// By start.
    segments: Vec<Segment>,
}

impl AccessSchedule {
    /// The schedule of a credit.
    pub async fn of(ctx: &Context<'_>, credit: &CreditRow) -> Result<Self, Failure> {
        let scale = scale(ctx, credit.credit.credit_type_id).await?;
        let segments = credit.segments.iter().cloned();
        Ok(Self {
            credit_type: CreditType::of(ctx, credit.credit.credit_type_id).await?,
            segments: segments
                .map(|row| Segment {
                    row,
                    scale,
                    now: credit.now,
                })
                .collect(),
        })
    }
}

/// The thing that is drawn from. A CreditGrant has exactly one; a Credit has one or more.
pub struct Segment {
    row: segment::Model,
    scale: Scale,
    /// The time of its customer.
    now: Instant,
}

/// The thing that is drawn from. A CreditGrant has exactly one; a Credit has one or more.
#[Object]
impl Segment {
    /// UUID.
    async fn id(&self) -> ID {
        ID::from(self.row.id)
    }

    /// Granted, after amendments.
    async fn amount(&self) -> Decimal {
        Decimal::minor(self.row.amount, self.scale)
    }

    /// First instant of its window.
    async fn starting_at(&self) -> DateTime {
        self.row.starts_at.into()
    }

    /// First instant after it; null: it never ends.
    async fn ending_before(&self) -> Option<DateTime> {
        self.row.ends_at.map(DateTime)
    }

    /// What is left, held credit included; before the start: all of it.
    async fn remaining(&self) -> Decimal {
        Decimal::minor(self.row.remaining, self.scale)
    }

    /// Reserved of that by open holds.
    async fn held(&self) -> Decimal {
        Decimal::minor(self.row.held, self.scale)
    }

    /// Where it stands now.
    async fn status(&self) -> SegmentStatus {
        status::segment_status(&self.row, self.now).into()
    }
}
