//! The auditor's credits: access schedules, their edits, and their ends.

use super::auditor::{Books, Credit, DrawStatus, Owner, Segment};
use super::command::{CreditEdit, CreditOrder, SegmentOrder, SegmentUpdate, Subject};
use super::readings;
use super::units::{Objections, Refused, Time, minor, not_found};

impl Books {
    pub fn create_credit(&mut self, order: &CreditOrder) -> Result<Subject, Refused> {
        let mut no = Objections::default();
        for one in &order.segments {
            self.check_segment(&mut no, one, order.unit);
        }
        let scope = &order.scope;
        let plain = scope.products.is_empty() && scope.tags.is_empty();
        no.shape(!plain && !scope.specifiers.is_empty(), "INVALID");
        let unknown = |all: &[usize]| all.iter().any(|&one| one >= self.products.len());
        let foreign = |one: usize| {
            self.contracts
                .get(one)
                .is_none_or(|contract| contract.customer != order.customer)
        };
        let specified: Vec<usize> = scope
            .specifiers
            .iter()
            .filter_map(|one| one.product)
            .collect();
        let customer = self.customers.get(order.customer);
        no.state(customer.is_none(), "NOT_FOUND");
        no.state(
            unknown(&[order.product]) || unknown(&scope.products) || unknown(&specified),
            "NOT_FOUND",
        );
        no.state(
            order.contract.is_some_and(foreign) || scope.contracts.iter().copied().any(foreign),
            "NOT_FOUND",
        );
        no.state(customer.is_some_and(|one| one.archived), "ARCHIVED");
        no.unspecified(order.segments.is_empty(), "a credit without segments");
        let over = |one: usize| {
            self.contracts
                .get(one)
                .is_some_and(|contract| contract.end.is_some())
        };
        no.unspecified(
            order.contract.is_some_and(over),
            "a credit for a contract that has an end",
        );
        no.loose(
            order
                .uniqueness_key
                .as_ref()
                .is_some_and(|key| self.credit_keys.contains(key)),
            "UNIQUENESS_KEY_TAKEN",
        );
        no.settle()?;
        let credit = self.credits.len();
        self.credits.push(Credit {
            id: String::new(),
            customer: order.customer,
            contract: order.contract,
            priority: order.priority,
            scope: order.scope.clone(),
            segments: Vec::new(),
            created_at: self.now,
            voided: false,
            ended: false,
        });
        for one in &order.segments {
            self.add_segment(credit, one, (order.customer, order.unit));
        }
        self.credit_keys.extend(order.uniqueness_key.clone());
        self.post_due((order.customer, order.unit));
        Ok(Subject::Credit(credit))
    }

    fn check_segment(&self, no: &mut Objections, order: &SegmentOrder, unit: usize) {
        no.amount(&order.amount, self.units[unit].scale);
        no.shape(
            order.end.is_some_and(|end| end <= order.start),
            "WINDOW_EMPTY",
        );
    }

    fn add_segment(&mut self, credit: usize, order: &SegmentOrder, account: (usize, usize)) {
        let amount = minor(&order.amount, self.units[account.1].scale).unwrap_or(0);
        self.credits[credit].segments.push(self.segments.len());
        self.segments.push(Segment::new(
            account,
            Owner::Credit(credit),
            amount,
            order.start,
            order.end,
            self.now,
        ));
    }

    pub fn edit_credit(&mut self, edit: &CreditEdit) -> Result<Subject, Refused> {
        let credit = self.credits.get(edit.credit).ok_or_else(not_found)?.clone();
        let account = self.segments[credit.segments[0]].account;
        let mut no = Objections::default();
        for one in &edit.add {
            self.check_segment(&mut no, one, account.1);
        }
        no.state(credit.voided, "ALREADY_VOIDED");
        no.state(
            edit.products
                .iter()
                .flatten()
                .any(|&one| one >= self.products.len()),
            "NOT_FOUND",
        );
        let rescopes = edit.products.is_some() || edit.tags.is_some();
        no.unspecified(
            rescopes && !credit.scope.specifiers.is_empty(),
            "ids or tags for a credit with specifiers",
        );
        no.unspecified(
            !edit.add.is_empty() && self.customers[credit.customer].archived,
            "new segments for an archived customer",
        );
        for one in &edit.update {
            self.check_update(&mut no, one, &credit, edit);
        }
        for &place in &edit.remove {
            self.check_removal(&mut no, place, &credit);
        }
        let left = credit
            .segments
            .iter()
            .filter(|&&place| !self.segments[place].gone && !edit.remove.contains(&place))
            .count();
        no.unspecified(left + edit.add.len() == 0, "an edit that leaves no segment");
        no.settle()?;
        let uncovered = self.uncovered_use(&credit);
        let stored = &mut self.credits[edit.credit];
        stored.priority = edit.priority.unwrap_or(stored.priority);
        stored.scope.products = edit
            .products
            .clone()
            .unwrap_or_else(|| stored.scope.products.clone());
        stored.scope.tags = edit
            .tags
            .clone()
            .unwrap_or_else(|| stored.scope.tags.clone());
        for &place in &edit.remove {
            self.discard(place);
        }
        for one in &edit.add {
            self.add_segment(edit.credit, one, account);
        }
        for one in &edit.update {
            self.update_segment(one);
        }
        self.post_due(account);
        let after = self.credits[edit.credit].clone();
        no.unspecified(
            uncovered > 0,
            "an edit of a credit with usage outside its windows",
        );
        no.loose(
            self.uncovered_use(&after) > uncovered,
            "SEGMENTS_OVERLAP_USE",
        );
        no.settle()?;
        Ok(Subject::Credit(edit.credit))
    }

    fn check_update(
        &self,
        no: &mut Objections,
        update: &SegmentUpdate,
        credit: &Credit,
        edit: &CreditEdit,
    ) {
        let now = self.now;
        let Some(segment) = self
            .segments
            .get(update.segment)
            .filter(|_| credit.segments.contains(&update.segment))
        else {
            no.state(true, "NOT_FOUND");
            return;
        };
        no.unspecified(
            segment.gone && !credit.voided,
            "an update of a removed segment",
        );
        no.unspecified(
            edit.remove.contains(&update.segment),
            "one segment updated and removed",
        );
        if let Some(text) = &update.amount {
            let amount = no.amount(text, self.units[segment.account.1].scale);
            let fits = !segment.started || segment.ended || readings::amount_fits(segment, amount);
            for code in readings::AMOUNT_BELOW_USE {
                no.loose(!fits && !credit.voided, code);
            }
            // Giving the amount that it has changes nothing.
            no.state(segment.ended && amount != segment.amount, "WRONG_STATE");
            no.unspecified(
                segment.started && update.end.is_some(),
                "a started segment's amount and end at once",
            );
        }
        no.state(
            update
                .start
                .is_some_and(|start| segment.started && start != segment.start),
            "WRONG_STATE",
        );
        no.unspecified(
            update.start == Some(segment.start),
            "a start moved to where it is",
        );
        let start = update.start.unwrap_or(segment.start);
        let end = update.end.or(segment.end);
        no.loose(
            !credit.voided && end.is_some_and(|end| end <= start),
            "WINDOW_EMPTY",
        );
        if let Some(end) = update.end {
            no.unspecified(segment.end == Some(end), "an end moved to where it is");
            no.unspecified(
                segment.ended && end <= now,
                "an ended segment's end moved within the past",
            );
            let held_after = segment.started && end <= now && self.holds_from(update.segment, end);
            no.unspecified(held_after, "an end moved before a held usage");
        }
    }

    fn check_removal(&self, no: &mut Objections, place: usize, credit: &Credit) {
        let Some(segment) = self
            .segments
            .get(place)
            .filter(|_| credit.segments.contains(&place))
        else {
            no.state(true, "NOT_FOUND");
            return;
        };
        no.unspecified(segment.gone && !credit.voided, "a segment removed twice");
        no.state(segment.held > 0, "HELD");
        no.state(segment.used > 0, "PARTLY_USED");
    }

    fn update_segment(&mut self, update: &SegmentUpdate) {
        let place = update.segment;
        let scale = self.units[self.segments[place].account.1].scale;
        let started = self.segments[place].started;
        if let Some(amount) = update
            .amount
            .as_ref()
            .and_then(|text| minor(text, scale).ok())
        {
            let segment = &mut self.segments[place];
            let change = amount - segment.amount;
            segment.amount = amount;
            segment.rewritten = true;
            let at = readings::amendment_date(self.now, &self.segments[place]);
            if started && change != 0 {
                self.enter(
                    super::auditor::Kind::Amendment,
                    place,
                    change,
                    at,
                    self.now,
                    super::auditor::By::Person,
                );
            }
        }
        if let Some(start) = update.start.filter(|_| !started) {
            let segment = &mut self.segments[place];
            segment.start = start;
            segment.decided_at = self.now;
            segment.rewritten = true;
        }
        if let Some(end) = update.end {
            self.move_end(place, Some(end));
        }
    }

    /// How much posted use of a credit lies outside its windows.
    fn uncovered_use(&self, credit: &Credit) -> i128 {
        let live = credit
            .segments
            .iter()
            .map(|&place| &self.segments[place])
            .filter(|one| !one.gone);
        let windows: Vec<(Time, Option<Time>)> = live.map(|one| (one.start, one.end)).collect();
        let posted = self.drawdowns.iter().filter(|one| {
            one.status == DrawStatus::Posted && !readings::covers(&windows, one.effective_at)
        });
        posted
            .flat_map(|one| &one.slices)
            .filter(|slice| credit.segments.contains(&slice.segment))
            .map(|slice| slice.amount - slice.reversed)
            .sum()
    }

    fn holds_from(&self, segment: usize, from: Time) -> bool {
        let open = |status| status == DrawStatus::Held;
        self.drawdowns.iter().any(|one| {
            open(one.status)
                && one.effective_at >= from
                && one.slices.iter().any(|slice| slice.segment == segment)
        })
    }

    pub fn used_from(&self, segment: usize, from: Time) -> bool {
        self.drawdowns
            .iter()
            .filter(|one| one.effective_at >= from)
            .flat_map(|one| &one.slices)
            .any(|slice| slice.segment == segment && slice.amount > slice.reversed)
    }

    /// The latest end of what has not been removed; `None`: there is none, or it never ends.
    fn last_end(&self, credit: &Credit) -> Option<Time> {
        let live: Vec<Option<Time>> = credit
            .segments
            .iter()
            .map(|&place| &self.segments[place])
            .filter(|one| !one.gone)
            .map(|one| one.end)
            .collect();
        if live.contains(&None) {
            None
        } else {
            live.into_iter().flatten().max()
        }
    }

    fn is_bare(&self, credit: &Credit) -> bool {
        credit
            .segments
            .iter()
            .all(|&place| self.segments[place].gone)
    }

    pub fn end_credit(&mut self, place: usize, end: Time) -> Result<Subject, Refused> {
        let credit = self.credits.get(place).ok_or_else(not_found)?.clone();
        let mut no = Objections::default();
        no.state(credit.voided, "ALREADY_VOIDED");
        if !credit.voided {
            let bare = self.is_bare(&credit);
            let over = self.last_end(&credit).is_some_and(|last| last <= self.now);
            let not_earlier = bare || self.last_end(&credit).is_some_and(|last| end >= last);
            no.unspecified(over && !not_earlier, "an end moved within the past");
            // Of a credit that is over both codes are true.
            no.loose(not_earlier, "END_NOT_EARLIER");
            no.loose(bare || over, "ALREADY_ENDED");
            self.check_end(&mut no, &credit, end);
        }
        no.settle()?;
        self.truncate(place, end);
        Ok(Subject::Credit(place))
    }

    fn check_end(&self, no: &mut Objections, credit: &Credit, end: Time) {
        for &place in &credit.segments {
            let segment = &self.segments[place];
            if segment.gone {
                continue;
            }
            if segment.start >= end {
                no.state(segment.held > 0, "HELD");
                no.state(segment.used > 0, "PARTLY_USED");
            } else if segment.end.is_none_or(|own| end < own) {
                no.unspecified(segment.ended, "an ended segment cut further");
                no.unspecified(
                    end <= self.now && self.used_from(place, end),
                    "an end by hand before a usage",
                );
            }
        }
    }

    fn truncate(&mut self, place: usize, end: Time) {
        self.credits[place].ended = true;
        for at in self.credits[place].segments.clone() {
            let segment = &self.segments[at];
            if segment.gone {
                continue;
            }
            if segment.start >= end {
                self.discard(at);
            } else if segment.end.is_none_or(|own| end < own) {
                self.move_end(at, Some(end));
            }
        }
    }

    pub fn void_credit(&mut self, place: usize, remainder_only: bool) -> Result<Subject, Refused> {
        let credit = self.credits.get(place).ok_or_else(not_found)?.clone();
        let live: Vec<usize> = credit
            .segments
            .iter()
            .copied()
            .filter(|&at| !self.segments[at].gone)
            .collect();
        let mut no = Objections::default();
        no.state(credit.voided, "ALREADY_VOIDED");
        no.state(live.iter().any(|&at| self.segments[at].held > 0), "HELD");
        no.state(
            !remainder_only && live.iter().any(|&at| self.segments[at].used > 0),
            "PARTLY_USED",
        );
        no.settle()?;
        self.credits[place].voided = true;
        for at in live {
            self.discard(at);
        }
        Ok(Subject::Credit(place))
    }

    pub fn end_contract(&mut self, place: usize, end: Time) -> Result<Subject, Refused> {
        let contract = self.contracts.get(place).ok_or_else(not_found)?.clone();
        let mut no = Objections::default();
        no.unspecified(
            contract.end.is_some_and(|own| own <= self.now),
            "ending a contract that is over",
        );
        no.loose(end <= contract.start, "WINDOW_EMPTY");
        no.loose(
            contract.end.is_some_and(|own| end >= own),
            "END_NOT_EARLIER",
        );
        let concerned: Vec<usize> = (0..self.credits.len())
            .filter(|&one| {
                let credit = &self.credits[one];
                let ends_later =
                    !self.is_bare(credit) && self.last_end(credit).is_none_or(|last| end < last);
                credit.contract == Some(place) && !credit.voided && ends_later
            })
            .collect();
        for &one in &concerned {
            let over = self
                .last_end(&self.credits[one])
                .is_some_and(|last| last <= self.now);
            no.unspecified(
                over,
                "a contract ended before the end of a credit that is over",
            );
            self.check_end(&mut no, &self.credits[one], end);
        }
        no.settle()?;
        for one in concerned {
            self.truncate(one, end);
        }
        self.contracts[place].end = Some(end);
        Ok(Subject::Contract(place))
    }
}
