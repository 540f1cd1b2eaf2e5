//! The auditor's grants, and the customers, products and contracts around them.

use super::auditor::{Books, Contract, Customer, Grant, Owner, Product, Rollover, Segment};
use super::command::{GrantOrder, Subject};
use super::readings;
use super::units::{Objections, Refused, Time, minor, not_found, share_of};

impl Books {
    pub fn create_customer(&mut self) -> Subject {
        self.customers.push(Customer {
            id: String::new(),
            archived: false,
        });
        Subject::Customer(self.customers.len() - 1)
    }

    pub fn archive_customer(&mut self, place: usize) -> Result<Subject, Refused> {
        let customer = self.customers.get_mut(place).ok_or_else(not_found)?;
        let mut no = Objections::default();
        no.unspecified(customer.archived, "archiving twice");
        no.settle()?;
        customer.archived = true;
        Ok(Subject::Customer(place))
    }

    pub fn create_product(&mut self, tags: &[String]) -> Subject {
        self.products.push(Product {
            id: String::new(),
            tags: tags.to_vec(),
        });
        Subject::Product(self.products.len() - 1)
    }

    pub fn update_product(&mut self, place: usize, tags: &[String]) -> Result<Subject, Refused> {
        self.products.get_mut(place).ok_or_else(not_found)?.tags = tags.to_vec();
        Ok(Subject::Product(place))
    }

    pub fn create_contract(
        &mut self,
        customer: usize,
        start: Time,
        end: Option<Time>,
    ) -> Result<Subject, Refused> {
        let owner = self.customers.get(customer);
        let mut no = Objections::default();
        no.shape(end.is_some_and(|end| end <= start), "WINDOW_EMPTY");
        no.state(owner.is_none(), "NOT_FOUND");
        no.unspecified(
            owner.is_some_and(|one| one.archived),
            "a contract for an archived customer",
        );
        no.settle()?;
        self.contracts.push(Contract {
            id: String::new(),
            customer,
            start,
            end,
        });
        Ok(Subject::Contract(self.contracts.len() - 1))
    }

    pub fn create_grant(&mut self, order: &GrantOrder) -> Result<Subject, Refused> {
        let start = order.effective_at.unwrap_or(self.now);
        let scale = self.units[order.unit].scale;
        let mut no = Objections::default();
        let amount = no.amount(&order.amount, scale);
        no.shape(order.priority < 0.0, "OUT_OF_RANGE");
        no.shape(
            order.expires_at.is_some_and(|end| end <= start),
            "WINDOW_EMPTY",
        );
        if let Some(rollover) = &order.rollover {
            no.shape(order.expires_at.is_none(), "REQUIRED");
            no.shape(
                order
                    .expires_at
                    .is_some_and(|end| rollover.expires_at <= end),
                "WINDOW_EMPTY",
            );
            let above_one = rollover.percentage && share_of(1_000_000, &rollover.value) > 1_000_000;
            no.shape(above_one, "OUT_OF_RANGE");
        }
        let customer = self.customers.get(order.customer);
        no.state(customer.is_none(), "NOT_FOUND");
        no.state(
            order.products.iter().any(|&one| one >= self.products.len()),
            "NOT_FOUND",
        );
        no.state(customer.is_some_and(|one| one.archived), "ARCHIVED");
        no.loose(
            order
                .uniqueness_key
                .as_ref()
                .is_some_and(|key| self.grant_keys.contains(key)),
            "UNIQUENESS_KEY_TAKEN",
        );
        no.settle()?;
        let cap = |value: &str, percentage: bool| {
            if percentage {
                share_of(amount, value)
            } else {
                minor(value, scale).unwrap_or(0)
            }
        };
        let (grant, segment) = (self.grants.len(), self.segments.len());
        let account = (order.customer, order.unit);
        self.segments.push(Segment::new(
            account,
            Owner::Grant(grant),
            amount,
            start,
            order.expires_at,
            self.now,
        ));
        self.grants.push(Grant {
            id: String::new(),
            customer: order.customer,
            segment,
            name: order.name.clone(),
            paid: order.paid,
            priority: order.priority,
            products: order.products.clone(),
            rollover: order.rollover.as_ref().map(|one| Rollover {
                cap: cap(&one.value, one.percentage),
                priority: one.priority,
                expires_at: one.expires_at,
            }),
            rolled_from: None,
            rolled_to: None,
            created_at: self.now,
            voided: false,
            uniqueness_key: order.uniqueness_key.clone(),
        });
        self.grant_keys.extend(order.uniqueness_key.clone());
        self.post_due(account);
        Ok(Subject::Grant(grant))
    }

    pub fn edit_grant(
        &mut self,
        place: usize,
        name: Option<&str>,
        expires_at: Option<Time>,
        never: bool,
    ) -> Result<Subject, Refused> {
        let now = self.now;
        let grant = self.grants.get(place).ok_or_else(not_found)?;
        let (at, segment) = (grant.segment, &self.segments[grant.segment]);
        let mut no = Objections::default();
        no.shape(never && expires_at.is_some(), "INVALID");
        let moves = never || expires_at.is_some();
        no.unspecified(
            !moves && (grant.voided || segment.ended),
            "a new name for a grant that is over",
        );
        no.unspecified(
            expires_at.is_some() && expires_at == segment.end,
            "an expiry moved to where it is",
        );
        no.state(grant.voided, "ALREADY_VOIDED");
        let past = expires_at.is_some_and(|end| readings::ends_by_hand(end, now));
        if !grant.voided {
            let uses_beyond = expires_at.is_some_and(|end| past && self.used_from(at, end));
            no.loose(readings::refuses_end_before_use(uses_beyond), "PARTLY_USED");
            no.state(segment.ended && past, "ALREADY_ENDED");
            no.loose(
                expires_at.is_some_and(|end| end <= segment.start),
                "WINDOW_EMPTY",
            );
        }
        no.settle()?;
        if let Some(name) = name {
            name.clone_into(&mut self.grants[place].name);
        }
        if moves {
            self.move_end(at, expires_at);
        }
        Ok(Subject::Grant(place))
    }

    /// Moves the end of a live segment, of a grant or a credit; also back to life, also into the past.
    pub fn move_end(&mut self, place: usize, end: Option<Time>) {
        let now = self.now;
        let segment = &self.segments[place];
        if let Some(end) = end.filter(|&end| segment.started && readings::ends_by_hand(end, now)) {
            self.cut(place, end);
            return;
        }
        if readings::revives(segment) {
            let lost = segment.expired.iter().map(|one| one.amount).sum();
            self.take_back(place, lost, None);
        }
        let segment = &mut self.segments[place];
        segment.end = end;
        segment.ended = false;
        segment.decided_at = now;
        self.post_due(self.segments[place].account);
    }

    pub fn expire_grant(&mut self, place: usize) -> Result<Subject, Refused> {
        let grant = self.grants.get(place).ok_or_else(not_found)?;
        let (at, segment) = (grant.segment, &self.segments[grant.segment]);
        let mut no = Objections::default();
        no.state(grant.voided, "ALREADY_VOIDED");
        no.state(segment.ended, "ALREADY_ENDED");
        no.state(!readings::may_expire(segment), "WRONG_STATE");
        no.settle()?;
        self.cut(at, self.now);
        Ok(Subject::Grant(place))
    }

    pub fn void_grant(
        &mut self,
        place: usize,
        remainder_only: bool,
        release_key: bool,
    ) -> Result<Subject, Refused> {
        let grant = self.grants.get(place).ok_or_else(not_found)?;
        let (at, segment) = (grant.segment, &self.segments[grant.segment]);
        let mut no = Objections::default();
        no.state(grant.voided, "ALREADY_VOIDED");
        no.state(readings::refuses_void_when_over(segment), "ALREADY_ENDED");
        no.state(segment.held > 0, "HELD");
        no.state(segment.used > 0 && !remainder_only, "PARTLY_USED");
        no.settle()?;
        if let Some(key) = grant.uniqueness_key.clone().filter(|_| release_key) {
            self.grant_keys.remove(&key);
            self.grants[place].uniqueness_key = None;
        }
        self.grants[place].voided = true;
        self.discard(at);
        Ok(Subject::Grant(place))
    }
}
