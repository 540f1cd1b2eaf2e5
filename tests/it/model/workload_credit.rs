//! The workload's grants, credits and contracts: made, edited, ended.

use chrono::Duration;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::auditor::{Books, Segment};
use super::command::{
    Command, CreditEdit, CreditOrder, GrantOrder, RolloverOrder, ScopeOrder, SegmentOrder,
    SegmentUpdate, SpecifierOrder,
};
use super::units::{NO_UUID, Time, UNKNOWN, decimal, halfway};
use super::workload::Workload;

/// Uniqueness keys are drawn from so few that they are taken often.
const UNIQUENESS_KEYS: u32 = 60;

impl Workload {
    /// A priority from a few, so that ties are common.
    fn priority(&mut self) -> f64 {
        *[0.0, 10.0, 10.5, 50.0, 50.0]
            .choose(&mut self.rng)
            .unwrap_or(&50.0)
    }

    fn uniqueness_key(&mut self) -> Option<String> {
        self.rng
            .random_bool(0.15)
            .then(|| format!("unique-{}", self.rng.random_range(0..UNIQUENESS_KEYS)))
    }

    /// Now, before or later; often exactly where something else begins or ends.
    fn start(&mut self, books: &Books) -> Time {
        let now = books.now;
        match self.rng.random_range(0..20) {
            0..9 => now,
            9..12 => now - Duration::minutes(self.rng.random_range(1..30_000)),
            12..15 => self.near_boundary(books).unwrap_or(now),
            15..18 => now + Duration::minutes(self.rng.random_range(1..10_000)),
            _ => now + Duration::hours(self.rng.random_range(1..1_500)),
        }
    }

    fn end_after(&mut self, books: &Books, start: Time) -> Option<Time> {
        let end = match self.rng.random_range(0..20) {
            0..3 => return None,
            3..7 => self
                .near_boundary(books)
                .filter(|&at| at > start)
                .unwrap_or(start + Duration::hours(5)),
            7..9 => start + Duration::minutes(self.rng.random_range(1..5_000)),
            9..18 => start + Duration::hours(self.rng.random_range(20..800)),
            18 => start + Duration::hours(self.rng.random_range(800..2_500)),
            _ => start - Duration::hours(self.rng.random_range(0..2)),
        };
        Some(end)
    }

    fn some_products(&mut self, books: &Books, chance: f64) -> Vec<usize> {
        if !self.rng.random_bool(chance) {
            return Vec::new();
        }
        let count = self.rng.random_range(1..=3);
        (0..books.products.len())
            .collect::<Vec<_>>()
            .choose_multiple(&mut self.rng, count)
            .copied()
            .collect()
    }

    pub(super) fn grant(&mut self, books: &Books) -> GrantOrder {
        let unit = self.unit();
        let effective_at = self.rng.random_bool(0.6).then(|| self.start(books));
        let expires_at = self.end_after(books, effective_at.unwrap_or(books.now));
        let mut products = self.some_products(books, 0.35);
        if self.rng.random_bool(0.01) {
            products.push(*[UNKNOWN, NO_UUID].choose(&mut self.rng).unwrap_or(&UNKNOWN));
        }
        GrantOrder {
            customer: self.customer(books),
            unit,
            name: format!("grant {}", self.rng.random_range(0..1_000)),
            amount: self.amount(books, unit, 100),
            paid: self.rng.random_bool(0.5),
            priority: if self.rng.random_bool(0.01) {
                -1.0
            } else {
                self.priority()
            },
            effective_at,
            expires_at,
            products,
            rollover: self.rollover(books, unit, expires_at),
            uniqueness_key: self.uniqueness_key(),
        }
    }

    fn rollover(&mut self, books: &Books, unit: usize, end: Option<Time>) -> Option<RolloverOrder> {
        let chance = if end.is_some() { 0.4 } else { 0.02 };
        if !self.rng.random_bool(chance) {
            return None;
        }
        let percentage = self.rng.random_bool(0.5);
        let share = ["0.5", "1", "0.333", "0.07", "0.9"]
            .choose(&mut self.rng)
            .unwrap_or(&"1")
            .to_string();
        let cap = decimal(
            self.rng.random_range(1..=20) * 10_i128.pow(books.units[unit].scale),
            books.units[unit].scale,
        );
        let value = match self.rng.random_range(0..50) {
            0 if percentage => "1.5".to_owned(),
            _ if percentage => share,
            _ => cap,
        };
        let end = end.unwrap_or(books.now);
        let expires_at = end + Duration::minutes(self.rng.random_range(-100..20_000));
        Some(RolloverOrder {
            percentage,
            value,
            priority: self.priority(),
            expires_at,
        })
    }

    /// A live one mostly, at times any or none.
    pub(super) fn some_grant(&mut self, books: &Books) -> usize {
        let any = self.rng.random_bool(0.25);
        let fits =
            |one: &usize| any || books.is_active(&books.segments[books.grants[*one].segment]);
        let fitting: Vec<usize> = (0..books.grants.len())
            .filter(|one| !books.grants[*one].id.is_empty())
            .filter(fits)
            .collect();
        match self.rng.random_range(0..50) {
            0 => *[UNKNOWN, NO_UUID].choose(&mut self.rng).unwrap_or(&UNKNOWN),
            _ => fitting.choose(&mut self.rng).copied().unwrap_or(UNKNOWN),
        }
    }

    pub(super) fn some_credit(&mut self, books: &Books) -> usize {
        let any = self.rng.random_bool(0.2);
        let fits = |one: &usize| {
            any || !matches!(
                books.credit_status(&books.credits[*one]),
                "ENDED" | "VOIDED"
            )
        };
        let fitting: Vec<usize> = (0..books.credits.len()).filter(fits).collect();
        if self.rng.random_bool(0.02) {
            UNKNOWN
        } else {
            fitting.choose(&mut self.rng).copied().unwrap_or(UNKNOWN)
        }
    }

    /// Later, earlier, into the past, before the start, never; and back to life.
    pub(super) fn grant_edit(&mut self, books: &Books) -> Command {
        let any = self.rng.random_bool(0.4);
        let grant = if any {
            (0..books.grants.len())
                .filter(|&one| !books.grants[one].id.is_empty())
                .collect::<Vec<_>>()
                .choose(&mut self.rng)
                .copied()
        } else {
            None
        };
        let grant = grant.unwrap_or_else(|| self.some_grant(books));
        let Some(segment) = books
            .grants
            .get(grant)
            .map(|one| &books.segments[one.segment])
        else {
            return Command::EditGrant {
                grant,
                name: Some("none".into()),
                expires_at: None,
                never: false,
            };
        };
        let choice = self.rng.random_range(0..20);
        let expires_at = if choice < 17 {
            Some(self.moved_end(books, segment))
        } else {
            None
        };
        let never = choice >= 18 || choice == 0;
        let name = (choice == 17 || self.rng.random_bool(0.1))
            .then(|| format!("renamed {}", self.rng.random_range(0..100)));
        Command::EditGrant {
            grant,
            name,
            expires_at,
            never,
        }
    }

    fn moved_end(&mut self, books: &Books, segment: &Segment) -> Time {
        let now = books.now;
        let end = segment.end.unwrap_or(now + Duration::days(20));
        match self.rng.random_range(0..20) {
            0..6 => now.max(end) + Duration::minutes(self.rng.random_range(1..20_000)),
            6..9 if end > now => halfway(now, end),
            9..11 if now > segment.start => halfway(segment.start, now),
            11 => now,
            12 => now - Duration::microseconds(1),
            13 => segment.start,
            14..17 => self
                .near_boundary(books)
                .unwrap_or(now + Duration::hours(3)),
            17 => now + Duration::microseconds(1),
            _ => now + Duration::hours(self.rng.random_range(1..700)),
        }
    }

    pub(super) fn credit(&mut self, books: &Books) -> CreditOrder {
        let (customer, unit) = (self.customer(books), self.unit());
        let count = self.rng.random_range(1..=3);
        let contract = if self.rng.random_bool(0.4) {
            self.contract_of(books, customer)
        } else {
            None
        };
        let product = if self.rng.random_bool(0.01) {
            UNKNOWN
        } else {
            self.rng.random_range(0..books.products.len())
        };
        CreditOrder {
            customer,
            unit,
            contract,
            product,
            priority: self.priority(),
            segments: (0..count).map(|_| self.segment(books, unit)).collect(),
            scope: self.scope(books, customer),
            uniqueness_key: self.uniqueness_key(),
        }
    }

    fn segment(&mut self, books: &Books, unit: usize) -> SegmentOrder {
        let start = self.start(books);
        SegmentOrder {
            amount: self.amount(books, unit, 80),
            start,
            end: self.end_after(books, start),
        }
    }

    fn scope(&mut self, books: &Books, customer: usize) -> ScopeOrder {
        let mut scope = ScopeOrder::default();
        if self.rng.random_bool(0.3) {
            scope.contracts.extend(self.contract_of(books, customer));
        }
        let kind = self.rng.random_range(0..100);
        if kind < 45 {
            return scope;
        }
        if (45..65).contains(&kind) || kind == 99 {
            scope.products = self.some_products(books, 1.0);
        }
        if (60..80).contains(&kind) {
            scope.tags = self.some_tags();
        }
        if kind >= 80 {
            scope.specifiers = (0..self.rng.random_range(1..=2))
                .filter_map(|_| self.specifier(books))
                .collect();
        }
        scope
    }

    fn specifier(&mut self, books: &Books) -> Option<SpecifierOrder> {
        let product = self
            .rng
            .random_bool(0.4)
            .then(|| self.rng.random_range(0..books.products.len()));
        let specifier = SpecifierOrder {
            product,
            tags: self.some_tags(),
            pricing: self.some_groups(0.5),
            presentation: self.some_groups(0.2),
        };
        let empty = specifier.product.is_none()
            && specifier.tags.is_empty()
            && specifier.pricing.is_empty()
            && specifier.presentation.is_empty();
        (!empty).then_some(specifier)
    }

    pub(super) fn credit_edit(&mut self, books: &Books) -> Command {
        let mut edit = CreditEdit {
            credit: self.some_credit(books),
            ..CreditEdit::default()
        };
        let Some(credit) = books.credits.get(edit.credit) else {
            edit.priority = Some(1.0);
            return Command::EditCredit(edit);
        };
        let live: Vec<usize> = credit
            .segments
            .iter()
            .copied()
            .filter(|&one| !books.segments[one].gone)
            .collect();
        let unit = books.segments[credit.segments[0]].account.1;
        match self.rng.random_range(0..20) {
            0..4 => edit.add.push(self.segment(books, unit)),
            4..7 => edit.remove.extend(live.choose(&mut self.rng)),
            7 => edit.priority = Some(self.priority()),
            8 => edit.products = Some(self.some_products(books, 0.7)),
            9 => edit.tags = Some(self.some_tags()),
            10 => {
                // Of another credit, so not found.
                let place = self.rng.random_range(0..books.segments.len());
                edit.update.push(SegmentUpdate {
                    segment: place,
                    amount: Some("5".into()),
                    start: None,
                    end: None,
                });
            }
            _ => {
                if let Some(&segment) = live.choose(&mut self.rng) {
                    edit.update.push(self.segment_update(books, segment));
                }
                if self.rng.random_bool(0.2) {
                    edit.add.push(self.segment(books, unit));
                }
            }
        }
        if edit.add.is_empty()
            && edit.update.is_empty()
            && edit.remove.is_empty()
            && edit.products.is_none()
            && edit.tags.is_none()
        {
            edit.priority = Some(self.priority());
        }
        Command::EditCredit(edit)
    }

    fn segment_update(&mut self, books: &Books, place: usize) -> SegmentUpdate {
        let segment = &books.segments[place];
        let unit = segment.account.1;
        let mut update = SegmentUpdate {
            segment: place,
            amount: None,
            start: None,
            end: None,
        };
        match self.rng.random_range(0..10) {
            0..3 => update.amount = Some(self.amount(books, unit, 30)),
            // Just what is needed, or a little less.
            3..5 => {
                let least = segment.used + segment.held - i128::from(self.rng.random_bool(0.3));
                update.amount = Some(decimal(least.max(1), books.units[unit].scale));
            }
            5 => update.start = Some(self.start(books)),
            6 if !segment.started => {
                update.start = Some(self.start(books));
                update.amount = Some(self.amount(books, unit, 30));
            }
            _ => update.end = Some(self.moved_end(books, segment)),
        }
        update
    }

    pub(super) fn credit_end(&mut self, books: &Books) -> Command {
        let credit = self.some_credit(books);
        let own = books
            .credits
            .get(credit)
            .map_or(&[][..], |one| &one.segments);
        let Some(segment) = own.choose(&mut self.rng).map(|&one| &books.segments[one]) else {
            return Command::EndCredit {
                credit,
                end: books.now,
            };
        };
        Command::EndCredit {
            credit,
            end: self.ending(books, segment),
        }
    }

    fn ending(&mut self, books: &Books, segment: &Segment) -> Time {
        let now = books.now;
        match self.rng.random_range(0..10) {
            0..3 => now,
            3 => segment.start,
            4 => segment.end.unwrap_or(now),
            5 => now - Duration::minutes(self.rng.random_range(1..2_000)),
            6 => segment.start - Duration::microseconds(1),
            _ => now + Duration::minutes(self.rng.random_range(1..20_000)),
        }
    }

    pub(super) fn contract(&mut self, books: &Books) -> Command {
        let start = books.now - Duration::hours(self.rng.random_range(0..100));
        let end = self
            .rng
            .random_bool(0.3)
            .then(|| start + Duration::hours(self.rng.random_range(0..3_000)));
        Command::CreateContract {
            customer: self.customer(books),
            start,
            end,
        }
    }

    pub(super) fn contract_end(&mut self, books: &Books) -> Command {
        let contract = self.rng.random_range(0..books.contracts.len());
        let end = match self.rng.random_range(0..5) {
            0 => books.now,
            1 => books.contracts[contract].start,
            2 => books.now - Duration::hours(self.rng.random_range(0..50)),
            _ => books.now + Duration::hours(self.rng.random_range(1..800)),
        };
        Command::EndContract { contract, end }
    }
}
