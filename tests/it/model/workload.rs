//! The workload: draws random commands and instants from a seed. It aims at what the auditor's books
//! show (open holds, ends to come, unreversed drawdowns), and errs on purpose now and then.

use std::collections::BTreeSet;

use chrono::Duration;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;

use super::auditor::{Books, DrawStatus, Drawdown, Groups, Remembered};
use super::command::{Command, DrawOrder};
use super::units::{NO_UUID, Time, UNKNOWN, decimal, halfway};

/// How many customers accept commands at a time.
const CUSTOMERS: usize = 6;
pub const TAGS: [&str; 3] = ["api", "batch", "beta"];
pub const REGIONS: [&str; 2] = ["eu", "us"];

/// How a command that went through is sent again.
#[derive(Clone, Copy, Debug)]
pub enum Retry {
    Same,
    /// The same input in other words: defaults filled in, instants in another offset, integers as integers.
    Respelled,
    Changed,
}

pub enum Step {
    Fresh {
        command: Box<Command>,
        key: Option<String>,
    },
    Again {
        place: usize,
        how: Retry,
    },
}

pub struct Workload {
    pub(super) rng: StdRng,
    keys: u64,
    refused: Vec<(&'static str, String)>,
}

impl Workload {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            keys: 0,
            refused: Vec::new(),
        }
    }

    pub fn new_key(&mut self) -> String {
        self.keys += 1;
        format!("key-{}", self.keys)
    }

    /// A refused command stores nothing: its key is free for another one.
    pub fn refused(&mut self, operation: &'static str, key: String) {
        self.refused.push((operation, key));
    }

    pub fn opening(&mut self) -> Vec<Command> {
        let tags = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        let mut commands = vec![
            Command::CreateProduct {
                name: "search".into(),
                tags: tags(&["api"]),
            },
            Command::CreateProduct {
                name: "render".into(),
                tags: tags(&["api", "batch"]),
            },
            Command::CreateProduct {
                name: "train".into(),
                tags: tags(&["batch", "beta"]),
            },
            Command::CreateProduct {
                name: "seat".into(),
                tags: Vec::new(),
            },
        ];
        commands.extend((0..CUSTOMERS).map(|_| self.new_customer()));
        commands
    }

    pub fn opening_contracts(books: &Books) -> Vec<Command> {
        (0..CUSTOMERS + 3)
            .map(|nth| Command::CreateContract {
                customer: nth % CUSTOMERS,
                start: books.now - Duration::days(1),
                end: None,
            })
            .collect()
    }

    fn new_customer(&mut self) -> Command {
        let key = self.new_key();
        Command::CreateCustomer {
            name: format!("customer {key}"),
            external_id: format!("ext-{key}"),
        }
    }

    /// Often the same instant, often exactly a boundary or a microsecond beside it, at times far ahead.
    pub fn next_instant(&mut self, books: &Books) -> Time {
        let now = books.now;
        let rng = &mut self.rng;
        let ahead: Vec<Time> = books
            .boundaries_ahead()
            .into_iter()
            .filter(|&at| at <= now + Duration::days(45))
            .collect();
        let near = ahead.partition_point(|&at| at <= now + Duration::hours(30));
        let next = match rng.random_range(0..1_000) {
            450..570 => now + Duration::microseconds(rng.random_range(1..1_000)),
            570..750 => now + Duration::seconds(rng.random_range(1..900)),
            750..830 => now + Duration::minutes(rng.random_range(10..600)),
            830..840 => now + Duration::hours(rng.random_range(10..120)),
            840..842 => now + Duration::hours(rng.random_range(240..1_080)),
            842..998 if near > 0 => {
                let at = ahead[rng.random_range(0..near.min(3))];
                let beside = if rng.random_bool(0.6) {
                    0
                } else {
                    rng.random_range(-1..=1)
                };
                at + Duration::microseconds(beside)
            }
            0..450 | 842..998 => now,
            _ => ahead.choose(rng).copied().unwrap_or(now),
        };
        next.max(now)
    }

    pub fn next(&mut self, books: &Books, memory: &[Remembered]) -> Step {
        if self.rng.random_bool(0.05) && !memory.is_empty() {
            let how = *[Retry::Same, Retry::Respelled, Retry::Changed]
                .choose(&mut self.rng)
                .unwrap_or(&Retry::Same);
            return Step::Again {
                place: self.rng.random_range(0..memory.len()),
                how,
            };
        }
        let command = Box::new(self.command(books));
        let operation = command.operation().0;
        if let Command::DrawDown(order) = command.as_ref()
            && self.rng.random_bool(0.03)
            && let Some(key) = self.key_of_another(books, order.customer, memory)
        {
            return Step::Fresh {
                command,
                key: Some(key),
            };
        }
        let free = self
            .refused
            .iter()
            .position(|(own, key)| *own == operation && !is_used(memory, key))
            .filter(|_| self.rng.random_bool(0.1));
        let key = free.map(|place| self.refused.swap_remove(place).1);
        Step::Fresh { command, key }
    }

    /// Idempotency keys are unique per customer: one that another customer used is free for this one.
    fn key_of_another(
        &mut self,
        books: &Books,
        customer: usize,
        memory: &[Remembered],
    ) -> Option<String> {
        let own = json!(books.customers.get(customer)?.id);
        let key = |one: &Remembered| one.input["idempotencyKey"].as_str().map(ToOwned::to_owned);
        let draws: Vec<&Remembered> = memory
            .iter()
            .filter(|one| one.operation.0 == "drawDown")
            .collect();
        let used: BTreeSet<Option<String>> = draws
            .iter()
            .filter(|one| one.input["customerId"] == own)
            .map(|one| key(one))
            .collect();
        let others: Vec<String> = draws
            .iter()
            .map(|one| key(one))
            .filter(|key| !used.contains(key))
            .flatten()
            .collect();
        others.choose(&mut self.rng).cloned()
    }

    fn command(&mut self, books: &Books) -> Command {
        let active = books.customers.iter().filter(|one| !one.archived).count();
        if active < CUSTOMERS {
            return self.new_customer();
        }
        match self.rng.random_range(0..1_000) {
            0..340 => Command::DrawDown(self.draw(books)),
            340..460 => Command::CreateGrant(self.grant(books)),
            460..530 => Command::CreateCredit(self.credit(books)),
            530..600 => self.grant_edit(books),
            600..620 => Command::ExpireGrant {
                grant: self.some_grant(books),
            },
            620..650 => Command::VoidGrant {
                grant: self.some_grant(books),
                remainder_only: self.rng.random_bool(0.5),
                release_key: self.rng.random_bool(0.4),
            },
            650..720 => self.credit_edit(books),
            720..745 => self.credit_end(books),
            745..765 => Command::VoidCredit {
                credit: self.some_credit(books),
                remainder_only: self.rng.random_bool(0.5),
            },
            765..830 => self.capture(books),
            830..865 => self.release(books),
            865..935 => self.reverse(books),
            935..970 => self.manual(books),
            970..985 => Command::UpdateProduct {
                product: self.rng.random_range(0..books.products.len()),
                tags: self.some_tags(),
            },
            985..991 => self.contract(books),
            991..998 => self.contract_end(books),
            _ => Command::ArchiveCustomer {
                customer: self.customer(books),
            },
        }
    }

    /// Mostly one that accepts commands; at times an archived or unknown one.
    pub(super) fn customer(&mut self, books: &Books) -> usize {
        let active: Vec<usize> = (0..books.customers.len())
            .filter(|&one| !books.customers[one].archived)
            .collect();
        match self.rng.random_range(0..100) {
            0 => *[UNKNOWN, NO_UUID].choose(&mut self.rng).unwrap_or(&UNKNOWN),
            1..4 => self.rng.random_range(0..books.customers.len()),
            // Two customers get most of it, so that their books become intricate.
            4..50 => active[self.rng.random_range(0..2)],
            _ => active.choose(&mut self.rng).copied().unwrap_or(0),
        }
    }

    /// USD most of the time.
    pub(super) fn unit(&mut self) -> usize {
        *[0, 0, 0, 1, 2].choose(&mut self.rng).unwrap_or(&0)
    }

    /// An amount of up to `whole`; at times one that no command accepts.
    pub(super) fn amount(&mut self, books: &Books, unit: usize, whole: i128) -> String {
        let scale = books.units[unit].scale;
        if self.rng.random_bool(0.015) {
            let too_precise = format!("1.{}1", "0".repeat(scale as usize));
            return [String::from("0"), String::from("-3"), too_precise]
                .choose(&mut self.rng)
                .cloned()
                .unwrap_or_default();
        }
        let one = 10_i128.pow(scale);
        let value = if self.rng.random_bool(0.5) {
            self.rng.random_range(1..=whole) * one
        } else {
            self.rng.random_range(1..=whole * one)
        };
        decimal(value, scale)
    }

    pub(super) fn some_tags(&mut self) -> Vec<String> {
        TAGS.iter()
            .filter(|_| self.rng.random_bool(0.4))
            .map(ToString::to_string)
            .collect()
    }

    pub(super) fn some_groups(&mut self, chance: f64) -> Groups {
        let region = REGIONS[self.rng.random_range(0..REGIONS.len())];
        if self.rng.random_bool(chance) {
            Groups::from([("region".to_owned(), region.to_owned())])
        } else {
            Groups::new()
        }
    }

    pub(super) fn contract_of(&mut self, books: &Books, customer: usize) -> Option<usize> {
        let foreign = self.rng.random_bool(0.02);
        let own: Vec<usize> = (0..books.contracts.len())
            .filter(|&one| foreign || books.contracts[one].customer == customer)
            .collect();
        own.choose(&mut self.rng).copied()
    }

    fn draw(&mut self, books: &Books) -> DrawOrder {
        let (customer, unit) = (self.customer(books), self.unit());
        let hold = self.rng.random_bool(0.4);
        let product = self
            .rng
            .random_bool(0.7)
            .then(|| self.rng.random_range(0..books.products.len()));
        let contract = if self.rng.random_bool(0.5) {
            self.contract_of(books, customer)
        } else {
            None
        };
        DrawOrder {
            customer,
            unit,
            amount: self.amount(books, unit, 15),
            partial: self.rng.random_bool(0.5),
            hold,
            hold_expires_at: if hold { self.hold_end(books) } else { None },
            product: if self.rng.random_bool(0.01) {
                Some(UNKNOWN)
            } else {
                product
            },
            contract,
            pricing: self.some_groups(0.5),
            presentation: self.some_groups(0.2),
            effective_at: self.usage_time(books, (customer, unit)),
        }
    }

    fn hold_end(&mut self, books: &Books) -> Option<Time> {
        match self.rng.random_range(0..10) {
            0..3 => None,
            3..5 => self.near_boundary(books),
            5..7 => Some(books.now + Duration::minutes(self.rng.random_range(1..2_000))),
            7..9 => Some(books.now + Duration::hours(self.rng.random_range(10..1_000))),
            _ => Some(books.now + Duration::microseconds(self.rng.random_range(-1..=1))),
        }
    }

    /// Exactly an instant at which something happens.
    pub(super) fn near_boundary(&mut self, books: &Books) -> Option<Time> {
        let ahead = books.boundaries_ahead();
        ahead[..ahead.len().min(8)].choose(&mut self.rng).copied()
    }

    fn usage_time(&mut self, books: &Books, account: (usize, usize)) -> Option<Time> {
        let now = books.now;
        let rng = &mut self.rng;
        match rng.random_range(0..100) {
            0..55 => None,
            55..68 => Some(now - Duration::seconds(rng.random_range(1..90_000))),
            68..80 => Some(now - Duration::minutes(rng.random_range(1..50_000))),
            80..94 => {
                let windows: Vec<Time> = books
                    .segments_of(account)
                    .flat_map(|one| [Some(books.segments[one].start), books.segments[one].end])
                    .flatten()
                    .collect();
                let late: Vec<Time> = windows
                    .into_iter()
                    .filter(|&at| at < now && at > now - Duration::days(35))
                    .collect();
                late.choose(rng)
                    .map(|&at| at - Duration::microseconds(rng.random_range(0..=1)))
            }
            94 => Some(now - Duration::days(35)),
            95 => Some(now - Duration::days(35) - Duration::microseconds(1)),
            96 => Some(now - Duration::days(40)),
            97 => Some(now + Duration::microseconds(1)),
            _ => Some(now),
        }
    }

    /// One of that status with something in it mostly; at times any.
    fn some_drawdown(&mut self, books: &Books, wanted: DrawStatus) -> usize {
        let any = self.rng.random_bool(0.06);
        let fits = |one: &Drawdown| one.status == wanted && one.applied > one.reversed;
        let fitting: Vec<usize> = (0..books.drawdowns.len())
            .filter(|&one| any || fits(&books.drawdowns[one]))
            .collect();
        fitting.choose(&mut self.rng).copied().unwrap_or(UNKNOWN)
    }

    fn release(&mut self, books: &Books) -> Command {
        match self.some_drawdown(books, DrawStatus::Held) {
            UNKNOWN if self.rng.random_bool(0.9) => self.a_hold(books),
            drawdown => Command::Release { drawdown },
        }
    }

    /// Where no hold is open, one is made.
    fn a_hold(&mut self, books: &Books) -> Command {
        Command::DrawDown(DrawOrder {
            hold: true,
            ..self.draw(books)
        })
    }

    fn capture(&mut self, books: &Books) -> Command {
        let drawdown = self.some_drawdown(books, DrawStatus::Held);
        if drawdown == UNKNOWN && self.rng.random_bool(0.9) {
            return self.a_hold(books);
        }
        let amount = books
            .drawdowns
            .get(drawdown)
            .and_then(|one| self.part_of(books, one.account.1, one.applied));
        Command::Capture { drawdown, amount }
    }

    fn reverse(&mut self, books: &Books) -> Command {
        let drawdown = self.some_drawdown(books, DrawStatus::Posted);
        let amount = books
            .drawdowns
            .get(drawdown)
            .and_then(|one| self.part_of(books, one.account.1, one.applied - one.reversed));
        Command::Reverse {
            drawdown,
            amount,
            extend: self.rng.random_bool(0.3),
        }
    }

    /// All of it (said or unsaid), a part, or a little more than there is.
    fn part_of(&mut self, books: &Books, unit: usize, whole: i128) -> Option<String> {
        let value = match self.rng.random_range(0..10) {
            0..4 => return None,
            4..8 if whole > 1 => self.rng.random_range(1..whole),
            8 => whole + 1,
            _ if whole == 0 => 1,
            _ => whole,
        };
        Some(decimal(value, books.units[unit].scale))
    }

    fn manual(&mut self, books: &Books) -> Command {
        let any = self.rng.random_bool(0.1);
        let fitting: Vec<usize> = (0..books.segments.len())
            .filter(|&one| any || books.is_active(&books.segments[one]))
            .collect();
        let Some(&segment) = fitting.choose(&mut self.rng) else {
            return Command::Manual {
                segment: UNKNOWN,
                amount: "1".into(),
                effective_at: None,
            };
        };
        let own = &books.segments[segment];
        let unit = own.account.1;
        let amount = match self.rng.random_range(0..10) {
            0..4 => self.amount(books, unit, 10),
            4 => decimal(-own.remaining, books.units[unit].scale),
            5 => decimal(-(own.remaining - own.held) - 1, books.units[unit].scale),
            _ => format!("-{}", self.amount(books, unit, 4).trim_start_matches('-')),
        };
        let (start, now) = (own.start, books.now);
        let effective_at = match self.rng.random_range(0..10) {
            0..6 => None,
            6 => Some(start),
            7 => Some(start - Duration::microseconds(1)),
            8 => Some(now + Duration::microseconds(1)),
            _ => Some(halfway(start, now)),
        };
        Command::Manual {
            segment,
            amount,
            effective_at,
        }
    }
}

/// Whether a command that went through bears this key.
fn is_used(memory: &[Remembered], key: &str) -> bool {
    let keys = memory.iter().map(|one| &one.input["idempotencyKey"]);
    keys.into_iter().any(|used| used == key)
}
