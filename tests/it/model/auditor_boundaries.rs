//! The auditor's clock: posts what time alone does to an account, and the elementary entries.

use super::auditor::{Account, Books, By, DrawStatus, Entry, Expired, Grant, Kind, Owner, Segment};
use super::readings;
use super::units::Time;

/// At one instant holds lapse, then windows end, then windows start: the order of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Lapse(usize),
    End(usize),
    Start(usize),
}

impl Due {
    fn phase(self) -> u8 {
        match self {
            Self::Lapse(_) => 0,
            Self::End(_) => 1,
            Self::Start(_) => 2,
        }
    }
}

impl Books {
    /// Moves the auditor's clock and posts all that falls due on the way, in every account.
    pub fn advance(&mut self, now: Time) {
        self.now = now;
        let accounts: Vec<Account> = (0..self.customers.len())
            .flat_map(|customer| (0..self.units.len()).map(move |unit| (customer, unit)))
            .collect();
        for account in accounts {
            self.post_due(account);
        }
    }

    /// Posts the due boundaries of one account in order of time.
    pub fn post_due(&mut self, account: Account) {
        let mut last: Option<(Time, u8)> = None;
        while let Some((at, due)) = self.next_due(account, self.now) {
            if last != Some((at, due.phase())) && !self.in_command {
                self.batch += 1;
                last = Some((at, due.phase()));
            }
            match due {
                Due::Lapse(drawdown) => self.lapse(drawdown, at),
                Due::End(segment) => self.end_by_time(segment, at),
                Due::Start(segment) => self.start(segment),
            }
        }
        self.batch += u64::from(!self.in_command);
    }

    fn boundaries(&self, account: Account) -> impl Iterator<Item = (Time, Due)> {
        let lapses = self
            .drawdowns
            .iter()
            .enumerate()
            .filter_map(move |(place, one)| {
                let open = one.account == account && one.status == DrawStatus::Held;
                one.hold_expires_at
                    .filter(|_| open)
                    .map(|at| (at, Due::Lapse(place)))
            });
        let windows = self.segments_of(account).filter_map(|place| {
            let segment = &self.segments[place];
            if segment.gone || segment.ended {
                None
            } else if segment.started {
                segment.end.map(|end| (end, Due::End(place)))
            } else {
                Some((segment.start, Due::Start(place)))
            }
        });
        lapses.chain(windows)
    }

    fn next_due(&self, account: Account, until: Time) -> Option<(Time, Due)> {
        self.boundaries(account)
            .filter(|&(at, _)| at <= until)
            .min()
    }

    /// Instants ahead at which something happens by itself, for a workload that wants to hit them.
    pub fn boundaries_ahead(&self) -> Vec<Time> {
        let mut ahead: Vec<Time> = self
            .segments
            .iter()
            .filter(|one| !one.gone)
            .flat_map(|one| [Some(one.start), one.end])
            .chain(self.drawdowns.iter().map(|one| {
                one.hold_expires_at
                    .filter(|_| one.status == DrawStatus::Held)
            }))
            .flatten()
            .filter(|&at| at > self.now)
            .collect();
        ahead.sort();
        ahead.dedup();
        ahead
    }

    fn lapse(&mut self, drawdown: usize, at: Time) {
        let one = &mut self.drawdowns[drawdown];
        one.status = DrawStatus::Lapsed;
        one.settled_at = Some(at);
        one.released = one.applied;
        one.applied = 0;
        for slice in std::mem::take(&mut one.slices) {
            self.let_go(slice.segment, slice.amount, at, By::System);
        }
    }

    /// A held part becomes free; under a window that has ended it expires at that instant.
    pub fn let_go(&mut self, segment: usize, amount: i128, at: Time, by: By) {
        self.segments[segment].held -= amount;
        if self.segments[segment].ended {
            self.write_off(segment, amount, at, at, by);
        }
    }

    fn start(&mut self, place: usize) {
        let segment = &mut self.segments[place];
        segment.started = true;
        let (amount, at, recorded_at) = (
            segment.amount,
            segment.start,
            segment.start.max(segment.decided_at),
        );
        let owner = segment.owner;
        // A rollover grant is decided at its own start, by the boundary before it.
        let rolled = matches!(owner, Owner::Grant(grant) if self.grants[grant].rolled_from.is_some())
            && recorded_at == at;
        let by = readings::boundary_by(!rolled && self.segments[place].decided_at >= at);
        self.enter(Kind::Grant, place, amount, at, recorded_at, by);
    }

    fn end_by_time(&mut self, place: usize, at: Time) {
        let segment = &mut self.segments[place];
        segment.ended = true;
        let recorded_at = at.max(segment.decided_at);
        let by = readings::boundary_by(at <= segment.decided_at);
        let rest = segment.remaining - segment.held;
        let rolled = self.would_roll(place);
        if rolled > 0 {
            self.enter(Kind::Rollover, place, -rolled, at, recorded_at, by);
            self.roll(place, rolled, at, recorded_at);
        }
        self.write_off(place, rest - rolled, at, recorded_at, by);
    }

    /// What would move into a rollover grant if the window ended with what is free now.
    pub fn would_roll(&self, place: usize) -> i128 {
        let segment = &self.segments[place];
        let Owner::Grant(grant) = segment.owner else {
            return 0;
        };
        if !readings::rolls_when_archived(self.customers[segment.account.0].archived) {
            return 0;
        }
        let grant = &self.grants[grant];
        match (&grant.rollover, segment.end) {
            (Some(rollover), Some(end))
                if rollover.expires_at > end && readings::may_roll(grant) =>
            {
                rollover.cap.min(segment.remaining - segment.held)
            }
            _ => 0,
        }
    }

    fn roll(&mut self, place: usize, amount: i128, at: Time, recorded_at: Time) {
        let Owner::Grant(from) = self.segments[place].owner else {
            return;
        };
        let (to, segment) = (self.grants.len(), self.segments.len());
        let source = self.grants[from].clone();
        let Some(rollover) = &source.rollover else {
            return;
        };
        self.segments.push(Segment::new(
            self.segments[place].account,
            Owner::Grant(to),
            amount,
            at,
            Some(rollover.expires_at),
            recorded_at,
        ));
        self.grants.push(Grant {
            id: String::new(),
            segment,
            paid: false,
            priority: rollover.priority,
            rollover: None,
            rolled_from: Some(from),
            rolled_to: None,
            created_at: readings::rollover_created_at(recorded_at),
            voided: false,
            uniqueness_key: None,
            ..source.clone()
        });
        self.grants[from].rolled_to = Some(to);
    }

    /// EXPIRATION of that much, if it is anything.
    pub fn write_off(&mut self, segment: usize, amount: i128, at: Time, recorded_at: Time, by: By) {
        if amount > 0 {
            self.enter(Kind::Expiration, segment, -amount, at, recorded_at, by);
            self.segments[segment].expired.push(Expired { at, amount });
        }
    }

    /// Takes back `amount` of what expired after `usage_at`, each part at the date it had expired.
    pub fn take_back(&mut self, place: usize, amount: i128, usage_at: Option<Time>) {
        let mut expired = std::mem::take(&mut self.segments[place].expired);
        readings::take_back_order(&mut expired);
        let mut left = amount;
        let mut entries: Vec<(Time, i128)> = Vec::new();
        for one in expired
            .iter_mut()
            .filter(|one| usage_at.is_none_or(|usage| one.at > usage))
        {
            let part = one.amount.min(left);
            one.amount -= part;
            left -= part;
            match entries.last_mut() {
                Some((at, sum)) if *at == one.at => *sum += part,
                _ => entries.push((one.at, part)),
            }
        }
        expired.retain(|one| one.amount > 0);
        self.segments[place].expired = expired;
        for (at, part) in entries.into_iter().filter(|&(_, part)| part > 0) {
            self.enter(
                Kind::ExpirationReversal,
                place,
                part,
                at,
                self.now,
                By::Person,
            );
        }
    }

    /// Puts an entry into the books: the only way a segment's remaining amount changes.
    pub fn enter(
        &mut self,
        kind: Kind,
        segment: usize,
        amount: i128,
        effective_at: Time,
        recorded_at: Time,
        by: By,
    ) {
        self.enter_for(kind, segment, amount, effective_at, recorded_at, by, None);
    }

    #[expect(clippy::too_many_arguments, reason = "an entry has that many fields")]
    pub fn enter_for(
        &mut self,
        kind: Kind,
        segment: usize,
        amount: i128,
        effective_at: Time,
        recorded_at: Time,
        by: By,
        drawdown: Option<usize>,
    ) {
        let one = &mut self.segments[segment];
        one.remaining += amount;
        let entry = Entry {
            kind,
            amount,
            effective_at,
            recorded_at,
            by,
            segment,
            drawdown,
            batch: self.batch,
        };
        self.entries.entry(one.account).or_default().push(entry);
    }

    /// Ends a started segment by hand at `end`, which is not after now.
    pub fn cut(&mut self, place: usize, end: Time) {
        let now = self.now;
        let segment = &mut self.segments[place];
        segment.end = Some(end);
        segment.decided_at = now;
        segment.ended = true;
        let rest = segment.remaining - segment.held;
        self.write_off(place, rest, end, now, By::Either);
    }

    /// Voids or removes a segment: what is left of a started one is a VOID entry.
    pub fn discard(&mut self, place: usize) {
        let segment = &mut self.segments[place];
        segment.gone = true;
        segment.rewritten = true;
        let rest = segment.remaining;
        if segment.started && rest > 0 {
            self.enter(Kind::Void, place, -rest, self.now, self.now, By::Person);
        }
    }
}

impl Segment {
    pub fn new(
        account: Account,
        owner: Owner,
        amount: i128,
        start: Time,
        end: Option<Time>,
        created_at: Time,
    ) -> Self {
        Self {
            id: String::new(),
            account,
            owner,
            amount,
            start,
            end,
            remaining: 0,
            held: 0,
            used: 0,
            started: false,
            ended: false,
            gone: false,
            created_at,
            decided_at: created_at,
            rewritten: false,
            expired: Vec::new(),
        }
    }
}
