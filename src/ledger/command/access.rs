//! Who may ask: keys, tokens of customers, and what these are signed with.

use domain::{ApiKeyId, Code, Instant, Rejection, SigningKeyId};
use entity::{api_key, signing_key};
use serde_json::{Value as Json, json};

use super::super::caller::Role;
use super::super::work::{Needs, NewEvent, Rewritten, Tracked, Work};
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, archived, not_found};

/// Seconds that a customer token is good at most: a signing key that signs no more is kept as long.
pub const TOKEN_SECONDS_MAX: i64 = 86_400;

fn event(work: &mut Work<'_>, order: &Order, kind: &str, id: uuid::Uuid, json: [Option<Json>; 2]) {
    let now = work.now;
    let [before, after] = json;
    work.event(NewEvent {
        customer_id: order.home.customer_id,
        kind,
        subject_id: id,
        actor: &order.actor,
        recorded_at: now,
        effective_at: now,
        before,
        after,
    });
}

fn done(id: uuid::Uuid) -> Done {
    Done {
        object_id: id,
        account: None,
    }
}

impl Run for CreateApiKey {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, _: &mut Needs) {}

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.name("name", &self.name);
        if self.role == Role::Customer {
            let message = "must be ADMIN, OPERATOR or READER; a customer gets a token, see \
                           createCustomerToken";
            shape.fault(Code::Invalid, "role", message);
        }
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let id = ApiKeyId(work.ids.next(work.now));
        let row = api_key::Model {
            id,
            name: self.name.clone(),
            role: self.role.as_str().to_owned(),
            secret_hash: self.secret_hash.0.clone(),
            created_at: work.now,
            created_by: order.actor.to_string(),
            revoked_at: None,
        };
        let after = json!({ "name": row.name, "role": row.role });
        work.state.api_keys.insert(id, Tracked::new(row));
        if !self.at_start {
            event(work, order, "api_key.created", id.0, [None, Some(after)]);
        }
        Ok(done(id.0))
    }
}

impl Run for RevokeApiKey {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.api_keys.insert(self.id);
        needs.rewritten.insert(Rewritten::ApiKey(self.id));
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.now;
        let Some(tracked) = work.state.api_keys.get_mut(&self.id) else {
            return Err(not_found("id", "key"));
        };
        // Who wants it to be refused has what was wanted.
        if tracked.row.revoked_at.is_some() {
            return Ok(done(self.id.0));
        }
        tracked.change().revoked_at = Some(now);
        let told = |at: Option<Instant>| json!({ "revokedAt": at.map(|at| at.to_string()) });
        let json = [Some(told(None)), Some(told(Some(now)))];
        event(work, order, "api_key.revoked", self.id.0, json);
        Ok(done(self.id.0))
    }
}

/// Changes nothing: who may have a token is decided here, and that a repeated key gets the same.
impl Run for CreateCustomerToken {
    fn locate(&self) -> (Locate, &'static str) {
        let home = Home {
            customer_id: self.customer_id,
            credit_type_id: None,
        };
        (Locate::Known(home), "customerId")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.customers.insert(self.customer_id);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        if !(1..=TOKEN_SECONDS_MAX).contains(&self.expires_in) {
            let message = format!("must be 1 to {TOKEN_SECONDS_MAX} seconds");
            shape.fault(Code::OutOfRange, "expiresIn", message);
        }
    }

    fn run(&self, work: &mut Work<'_>, _: &Order) -> Result<Done, Rejection> {
        let Some(customer) = work.state.customers.get(&self.customer_id) else {
            return Err(not_found("customerId", "customer"));
        };
        if customer.row.archived_at.is_some() {
            return Err(archived("customerId", "customer"));
        }
        Ok(done(self.customer_id.0))
    }
}

impl Run for RotateSigningKey {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Known(Home::HOUSE), "")
    }

    fn needs(&self, _: Home, needs: &mut Needs) {
        needs.signing_keys = true;
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let now = work.now;
        // A token ends at a whole second, up to one later than was asked for.
        let life = if self.end_old {
            0
        } else {
            TOKEN_SECONDS_MAX + 1
        };
        let end = now.plus_micros(life.saturating_mul(1_000_000));
        for tracked in work.state.signing_keys.values_mut() {
            if tracked.row.ends_at.is_none_or(|at| at > end) {
                tracked.change().ends_at = Some(end);
            }
        }
        let id = SigningKeyId(work.ids.next(now));
        let row = signing_key::Model {
            id,
            secret: self.secret.0.clone(),
            created_at: now,
            created_by: order.actor.to_string(),
            ends_at: None,
        };
        work.state.signing_keys.insert(id, Tracked::new(row));
        let after = json!({ "endsOldTokens": self.end_old });
        event(
            work,
            order,
            "signing_key.created",
            id.0,
            [None, Some(after)],
        );
        Ok(done(id.0))
    }
}
