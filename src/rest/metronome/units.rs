//! Pricing units: credit types.

use domain::burn::BurnDownPreset;
use domain::{CreditTypeId, Scale};
use entity::credit_type;
use serde::Serialize;
use std::collections::HashMap;

use super::error::Refused;
use super::http::Call;
use super::reply::{Reply, Unit, next_of};
use crate::ledger::command::input::{CreateCreditType, UpdateCreditType};
use crate::ledger::read::PageRequest;

type Answered = Result<Reply, Refused>;

/// Decimal places of a unit that is made here: as many as USD (cents) has.
const SCALE: i32 = 6;

#[derive(Serialize)]
struct PricingUnit {
    id: CreditTypeId,
    name: String,
    is_currency: bool,
}

/// `GET /v1/credit-types/list`
pub(super) async fn list(call: &Call<'_>) -> Answered {
    let page = PageRequest {
        first: Some(call.query.limit()?),
        after: call.query.next_page(),
        ..PageRequest::default()
    };
    let page = call.ledger.read().credit_types_page(false, &page).await?;
    let units = page.nodes().map(|row| PricingUnit {
        id: row.id,
        name: row.name.clone(),
        is_currency: row.is_currency,
    });
    Reply::list(units.collect(), next_of(&page))
}

/// `POST /v1/credit-types/create`
pub(super) async fn create(call: &Call<'_>) -> Answered {
    let command = CreateCreditType {
        name: call.body.text("name")?,
        is_currency: false,
        currency: None,
        currency_exponent: None,
        scale: SCALE,
        burn_down_order: Some(BurnDownPreset::MetronomeContracts.keys().to_vec()),
    };
    Reply::id(call.execute(command, &[]).await?.object_id)
}

/// `POST /v1/credit-types/archive`
pub(super) async fn archive(call: &Call<'_>) -> Answered {
    let command = UpdateCreditType {
        id: call.body.id("id")?,
        name: None,
        burn_down_order: None,
        archived: Some(true),
        unless_archived: true,
    };
    Reply::id(call.execute(command, &[]).await?.object_id)
}

/// The units that an answer names.
pub(super) struct Units(HashMap<CreditTypeId, credit_type::Model>);

impl Units {
    /// Reads them.
    pub(super) async fn of(
        call: &Call<'_>,
        ids: impl IntoIterator<Item = CreditTypeId>,
    ) -> Result<Self, Refused> {
        let ids: Vec<CreditTypeId> = ids.into_iter().collect();
        Ok(Self(call.ledger.read().credit_types_by_id(&ids).await?))
    }

    /// Whether there is such a unit.
    pub(super) fn has(&self, id: CreditTypeId) -> bool {
        self.0.contains_key(&id)
    }

    /// How an object names one.
    pub(super) fn named(&self, id: CreditTypeId) -> Unit {
        let name = self.0.get(&id).map(|row| row.name.clone());
        Unit {
            id,
            name: name.unwrap_or_default(),
        }
    }

    /// Its decimal places.
    pub(super) fn scale(&self, id: CreditTypeId) -> Scale {
        let scale = self.0.get(&id).map(|row| Scale::try_from(row.scale));
        scale.and_then(Result::ok).unwrap_or_default()
    }
}
