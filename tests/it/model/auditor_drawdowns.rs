//! The auditor's drawdowns: taking, holding, capturing, releasing, reversing, and manual entries.

use chrono::Duration;

use super::auditor::{Account, Books, By, DrawStatus, Drawdown, Kind, Slice};
use super::auditor_scope::Usage;
use super::command::{DrawOrder, Subject};
use super::readings;
use super::units::{Objections, Refused, Time, minor, not_found};

/// How late usage may come, how long a hold lasts unless told, and how long a reversal can extend.
const LATE_DAYS: i64 = 35;
const HOLD_HOURS: i64 = 1;
const EXTEND_DAYS: i64 = 30;

impl Books {
    /// The plan of a drawdown, or what it is refused with: what a preview answers.
    pub fn plan_draw(&self, order: &DrawOrder) -> Result<(i128, Vec<(usize, i128)>), Refused> {
        let account = (order.customer, order.unit);
        let at = order.effective_at.unwrap_or(self.now);
        let mut no = Objections::default();
        let amount = no.amount(&order.amount, self.units[order.unit].scale);
        no.shape(at > self.now, "OUT_OF_RANGE");
        no.shape(
            order.hold_expires_at.is_some_and(|end| end <= self.now),
            "OUT_OF_RANGE",
        );
        no.loose(at < self.now - Duration::days(LATE_DAYS), "TOO_LATE");
        let customer = self.customers.get(order.customer);
        no.state(customer.is_none(), "NOT_FOUND");
        no.state(customer.is_some_and(|one| one.archived), "ARCHIVED");
        no.state(
            order.product.is_some_and(|one| one >= self.products.len()),
            "NOT_FOUND",
        );
        let foreign = |one: usize| {
            self.contracts
                .get(one)
                .is_none_or(|contract| contract.customer != order.customer)
        };
        no.state(order.contract.is_some_and(foreign), "NOT_FOUND");
        no.settle()?;
        let plan = self.plan(account, &Usage { at, order }, amount);
        let short = plan.iter().map(|&(_, part)| part).sum::<i128>() < amount;
        no.state(short && !order.partial, "INSUFFICIENT_CREDIT");
        no.settle()?;
        Ok((amount, plan))
    }

    pub fn draw_down(&mut self, order: &DrawOrder) -> Result<Subject, Refused> {
        let account: Account = (order.customer, order.unit);
        let (amount, plan) = self.plan_draw(order)?;
        let at = order.effective_at.unwrap_or(self.now);
        let place = self.drawdowns.len();
        let applied = plan.iter().map(|&(_, part)| part).sum();
        for &(segment, part) in &plan {
            let free = self.segments[segment].remaining - self.segments[segment].held;
            // What is not there any more is taken back from its expiration first.
            self.take_back(segment, part - free.min(part), Some(at));
            if order.hold {
                self.segments[segment].held += part;
            } else {
                self.deduct(segment, part, at, place);
            }
        }
        let hold_expires_at = order.hold.then(|| {
            order
                .hold_expires_at
                .unwrap_or(self.now + Duration::hours(HOLD_HOURS))
        });
        self.drawdowns.push(Drawdown {
            id: String::new(),
            account,
            status: if order.hold {
                DrawStatus::Held
            } else {
                DrawStatus::Posted
            },
            amount,
            applied,
            shortfall: amount - applied,
            released: 0,
            reversed: 0,
            slices: plan
                .into_iter()
                .map(|(segment, amount)| Slice {
                    segment,
                    amount,
                    reversed: 0,
                })
                .collect(),
            effective_at: at,
            hold_expires_at,
            was_held: if order.hold { applied } else { 0 },
            created_at: self.now,
            settled_at: None,
        });
        Ok(Subject::Drawdown(place))
    }

    fn deduct(&mut self, segment: usize, amount: i128, at: Time, drawdown: usize) {
        self.segments[segment].used += amount;
        self.enter_for(
            Kind::Deduction,
            segment,
            -amount,
            at,
            self.now,
            By::Person,
            Some(drawdown),
        );
    }

    pub fn capture(&mut self, place: usize, amount: Option<&str>) -> Result<Subject, Refused> {
        let one = self.drawdowns.get(place).ok_or_else(not_found)?.clone();
        let mut no = Objections::default();
        let asked = self
            .optional_amount(&mut no, amount, one.account)?
            .unwrap_or(one.applied);
        no.state(one.status != DrawStatus::Held, "WRONG_STATE");
        if one.status == DrawStatus::Held {
            no.state(asked > one.applied, "OUT_OF_RANGE");
            no.unspecified(
                amount.is_none() && one.applied == 0,
                "capture of a hold that holds nothing",
            );
        }
        no.settle()?;
        let mut left = asked;
        let mut kept = Vec::new();
        for slice in one.slices {
            let part = slice.amount.min(left);
            left -= part;
            self.segments[slice.segment].held -= part;
            if part > 0 {
                self.deduct(slice.segment, part, one.effective_at, place);
                kept.push(Slice {
                    amount: part,
                    ..slice
                });
            }
            if slice.amount > part {
                self.let_go(slice.segment, slice.amount - part, self.now, By::Either);
            }
        }
        let now = self.now;
        let drawdown = &mut self.drawdowns[place];
        drawdown.status = DrawStatus::Posted;
        drawdown.slices = kept;
        drawdown.released = drawdown.applied - asked;
        drawdown.applied = asked;
        drawdown.settled_at = Some(now);
        Ok(Subject::Drawdown(place))
    }

    pub fn release(&mut self, place: usize) -> Result<Subject, Refused> {
        let status = self.drawdowns.get(place).ok_or_else(not_found)?.status;
        let mut no = Objections::default();
        no.state(status != DrawStatus::Held, "WRONG_STATE");
        no.settle()?;
        let now = self.now;
        let drawdown = &mut self.drawdowns[place];
        drawdown.status = DrawStatus::Released;
        drawdown.released = drawdown.applied;
        drawdown.applied = 0;
        drawdown.settled_at = Some(now);
        for slice in std::mem::take(&mut drawdown.slices) {
            self.let_go(slice.segment, slice.amount, now, By::Either);
        }
        Ok(Subject::Drawdown(place))
    }

    pub fn reverse(
        &mut self,
        place: usize,
        amount: Option<&str>,
        extend: bool,
    ) -> Result<Subject, Refused> {
        let one = self.drawdowns.get(place).ok_or_else(not_found)?.clone();
        let mut no = Objections::default();
        let open = one.applied - one.reversed;
        let asked = self
            .optional_amount(&mut no, amount, one.account)?
            .unwrap_or(open);
        // WRONG_STATE and NOT_REVERSIBLE both describe what was never posted or was let go.
        let posted = one.status == DrawStatus::Posted;
        no.loose(!posted, "WRONG_STATE");
        no.loose(!posted, "NOT_REVERSIBLE");
        no.state(posted && (open == 0 || asked > open), "NOT_REVERSIBLE");
        no.settle()?;
        let mut left = asked;
        for (nth, slice) in one.slices.iter().enumerate().rev() {
            let part = (slice.amount - slice.reversed).min(left);
            if part > 0 {
                left -= part;
                self.drawdowns[place].slices[nth].reversed += part;
                self.give_back(slice.segment, part, place, extend);
            }
        }
        self.drawdowns[place].reversed += asked;
        Ok(Subject::Drawdown(place))
    }

    fn give_back(&mut self, place: usize, amount: i128, drawdown: usize, extend: bool) {
        let now = self.now;
        let at = readings::reversal_date(now, self.drawdowns[drawdown].effective_at);
        self.segments[place].used -= amount;
        self.enter_for(
            Kind::Reversal,
            place,
            amount,
            at,
            now,
            By::Person,
            Some(drawdown),
        );
        let segment = &mut self.segments[place];
        if segment.gone {
            self.enter(Kind::Void, place, -amount, now, now, By::Either);
        } else if segment.ended && extend {
            segment.end = Some(now + Duration::days(EXTEND_DAYS));
            segment.ended = false;
            segment.decided_at = now;
        } else if segment.ended {
            self.write_off(place, amount, now, now, By::Either);
        }
    }

    /// An amount whose scale only the books can tell: decision 23 does not place its precision.
    fn optional_amount(
        &self,
        no: &mut Objections,
        amount: Option<&str>,
        account: Account,
    ) -> Result<Option<i128>, Refused> {
        let Some(text) = amount else { return Ok(None) };
        match minor(text, self.units[account.1].scale) {
            Ok(value) => {
                no.shape(value <= 0, "OUT_OF_RANGE");
                if value <= 0 {
                    no.settle().map(|()| None)
                } else {
                    Ok(Some(value))
                }
            }
            Err(code) => {
                no.loose(true, code);
                Ok(None)
            }
        }
    }

    pub fn manual(
        &mut self,
        place: usize,
        amount: &str,
        effective_at: Option<Time>,
    ) -> Result<Subject, Refused> {
        let segment = self.segments.get(place).ok_or_else(not_found)?;
        let at = effective_at.unwrap_or(self.now);
        let mut no = Objections::default();
        let value = minor(amount, self.units[segment.account.1].scale);
        no.shape(value == Ok(0), "OUT_OF_RANGE");
        no.shape(at > self.now, "OUT_OF_RANGE");
        // The scale and the start are known only once the segment is found.
        no.loose(value.is_err(), "TOO_PRECISE");
        let closed = segment.gone || !segment.started || segment.ended;
        no.loose(!closed && at < segment.start, "OUT_OF_RANGE");
        no.unspecified(
            at < self.now - Duration::days(LATE_DAYS),
            "whether manual entries can be too late",
        );
        no.state(closed, "WRONG_STATE");
        let value = value.unwrap_or(0);
        if !closed && segment.remaining - segment.held + value < 0 {
            // "Below zero" is WOULD_GO_NEGATIVE; "into what is held" could be that or HELD.
            no.loose(true, "WOULD_GO_NEGATIVE");
            no.loose(segment.held > 0, "HELD");
        }
        no.settle()?;
        self.enter(Kind::Manual, place, value, at, self.now, By::Person);
        Ok(Subject::Entry)
    }
}
