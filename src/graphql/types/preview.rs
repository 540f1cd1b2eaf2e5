//! `DrawdownPreview`.

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::burn::Candidate;
use domain::{CustomerId, Scale};

use super::names::CandidateOutcome;
use super::{Credit, CreditGrant};
use crate::graphql::context::Found;
use crate::graphql::error::{Failure, UserError, user_errors};
use crate::graphql::scalar::Decimal;
use crate::ledger::{Preview, Refusal};

/// What a drawdown would do, and why.
#[derive(SimpleObject)]
pub struct DrawdownPreview {
    /// Covered.
    applied: Decimal,
    /// Not covered.
    shortfall: Decimal,
    /// Every segment: those that could pay in their order, then the others.
    candidates: Vec<DrawdownCandidate>,
    /// Why it would be refused.
    user_errors: Vec<UserError>,
}

impl DrawdownPreview {
    /// What the ledger answered.
    pub fn new(answer: Result<Preview, Refusal>) -> Result<Self, Failure> {
        let preview = match answer {
            Ok(preview) => preview,
            Err(refusal) => return user_errors(refusal).map(Self::refused),
        };
        let (customer, scale) = (preview.customer_id, preview.scale);
        let candidates = preview.candidates.into_iter();
        let candidates = candidates.map(|candidate| DrawdownCandidate {
            candidate,
            customer,
            scale,
        });
        let user_errors = preview.rejections.into_iter().map(UserError::from);
        Ok(Self {
            applied: Decimal::minor(preview.applied, scale),
            shortfall: Decimal::minor(preview.shortfall, scale),
            candidates: candidates.collect(),
            user_errors: user_errors.collect(),
        })
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            applied: Decimal::minor(0, 0),
            shortfall: Decimal::minor(0, 0),
            candidates: Vec::new(),
            user_errors,
        }
    }
}

/// One segment of a plan.
pub struct DrawdownCandidate {
    candidate: Candidate,
    customer: CustomerId,
    scale: Scale,
}

/// One segment of a plan.
#[Object]
impl DrawdownCandidate {
    /// The segment.
    async fn segment_id(&self) -> ID {
        ID::from(self.candidate.segment_id)
    }

    /// Its grant, if it is of one.
    async fn credit_grant(&self, ctx: &Context<'_>) -> Found<CreditGrant> {
        CreditGrant::maybe(ctx, self.customer, self.candidate.parent.grant()).await
    }

    /// Its credit, if it is of one.
    async fn credit(&self, ctx: &Context<'_>) -> Found<Credit> {
        Credit::maybe(ctx, self.customer, self.candidate.parent.credit()).await
    }

    /// Place in the burn-down order, from 1, for those that could pay.
    async fn rank(&self) -> Option<i32> {
        i32::try_from(self.candidate.rank?).ok()
    }

    /// What it could give.
    async fn available(&self) -> Decimal {
        Decimal::minor(self.candidate.available, self.scale)
    }

    /// What it would give.
    async fn takes(&self) -> Decimal {
        Decimal::minor(self.candidate.takes, self.scale)
    }

    /// Why.
    async fn outcome(&self) -> CandidateOutcome {
        self.candidate.outcome.into()
    }
}
