//! The auditor's burn-down: what may pay for a usage, in which order, and how much of it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::auditor::{Account, Books, Groups, Owner, Segment};
use super::command::{DrawOrder, SpecifierOrder};
use super::readings;
use super::units::Time;

/// What a drawdown asks to be paid.
pub struct Usage<'a> {
    pub at: Time,
    pub order: &'a DrawOrder,
}

impl Books {
    /// How much of a segment a usage at that instant could have.
    pub fn available(&self, place: usize, at: Time) -> i128 {
        let segment = &self.segments[place];
        segment.remaining - segment.held + readings::reachable(segment, at)
    }

    /// All that keeps a segment from paying, as `CandidateOutcome`s; empty if it can pay.
    pub fn hindrances(&self, place: usize, usage: &Usage) -> BTreeSet<&'static str> {
        let segment = &self.segments[place];
        let mut all = self.scope_hindrances(segment, usage);
        if segment.gone {
            all.insert("VOIDED");
        }
        if usage.at < segment.start || !segment.started {
            all.insert("NOT_STARTED");
        }
        if segment.end.is_some_and(|end| end <= usage.at) {
            all.insert("ENDED");
        }
        if self.available(place, usage.at) <= 0 {
            all.insert(if segment.held > 0 {
                "FULLY_HELD"
            } else {
                "EMPTY"
            });
            // Late usage of a window that is over and left nothing: its end says as much as its emptiness.
            if segment.ended {
                all.extend(["ENDED", "EMPTY"]);
            }
        }
        all
    }

    fn scope_hindrances(&self, segment: &Segment, usage: &Usage) -> BTreeSet<&'static str> {
        let product = usage.order.product;
        let listed = |products: &[usize]| product.is_some_and(|one| products.contains(&one));
        match segment.owner {
            Owner::Grant(grant) => {
                let products = &self.grants[grant].products;
                if products.is_empty() || listed(products) {
                    BTreeSet::new()
                } else {
                    BTreeSet::from(["OTHER_PRODUCT"])
                }
            }
            Owner::Credit(credit) => {
                let credit = &self.credits[credit];
                let contracts = readings::applicable_contracts(credit);
                let mut all = BTreeSet::new();
                if !contracts.is_empty()
                    && !usage
                        .order
                        .contract
                        .is_some_and(|one| contracts.contains(&one))
                {
                    all.insert("OTHER_CONTRACT");
                }
                let scope = &credit.scope;
                let tagged = scope.tags.iter().any(|tag| self.has_tag(product, tag));
                let open = scope.products.is_empty() && scope.tags.is_empty();
                if !open && !listed(&scope.products) && !tagged {
                    all.insert("OTHER_PRODUCT");
                }
                if !scope.specifiers.is_empty()
                    && !scope
                        .specifiers
                        .iter()
                        .any(|one| self.specifier_admits(one, usage))
                {
                    all.extend(["OTHER_PRODUCT", "OTHER_GROUP"]);
                }
                all
            }
        }
    }

    fn has_tag(&self, product: Option<usize>, tag: &str) -> bool {
        product.is_some_and(|one| self.products[one].tags.iter().any(|own| own == tag))
    }

    fn specifier_admits(&self, specifier: &SpecifierOrder, usage: &Usage) -> bool {
        let within = |asked: &Groups, given: &Groups| {
            asked
                .iter()
                .all(|(key, value)| given.get(key) == Some(value))
        };
        let products = !readings::specifier_asks_for_product(specifier.product, &specifier.tags)
            || (specifier
                .product
                .is_none_or(|one| usage.order.product == Some(one))
                && specifier
                    .tags
                    .iter()
                    .all(|tag| self.has_tag(usage.order.product, tag)));
        products
            && within(&specifier.pricing, &usage.order.pricing)
            && within(&specifier.presentation, &usage.order.presentation)
    }

    /// The segments that can pay, first payer first.
    pub fn payers(&self, account: Account, usage: &Usage) -> Vec<usize> {
        let mut payers: Vec<usize> = self
            .segments_of(account)
            .filter(|&place| self.hindrances(place, usage).is_empty())
            .collect();
        let keys = &self.units[account.1].burn_down;
        payers.sort_by(|&one, &other| {
            let (one, other) = (&self.segments[one], &self.segments[other]);
            let decided = keys
                .iter()
                .map(|key| self.by_key(key, one, other))
                .find(|order| order.is_ne());
            decided.unwrap_or_else(|| one.id.cmp(&other.id))
        });
        payers
    }

    /// Who pays how much of `amount`.
    pub fn plan(&self, account: Account, usage: &Usage, amount: i128) -> Vec<(usize, i128)> {
        let mut left = amount;
        let mut plan = Vec::new();
        for place in self.payers(account, usage) {
            let part = self.available(place, usage.at).min(left);
            if part > 0 {
                plan.push((place, part));
                left -= part;
            }
        }
        plan
    }

    fn by_key(&self, key: &str, one: &Segment, other: &Segment) -> Ordering {
        let first = |holds: fn(&Self, &Segment) -> bool| holds(self, other).cmp(&holds(self, one));
        match key {
            "PRIORITY" => self.priority(one).total_cmp(&self.priority(other)),
            "CONTRACT_LEVEL_FIRST" => first(
                |books, segment| matches!(segment.owner, Owner::Credit(credit) if books.credits[credit].contract.is_some()),
            ),
            "EXPIRES_FIRST" => match (one.end, other.end) {
                (Some(one), Some(other)) => one.cmp(&other),
                // "Never" comes last.
                (one, other) => other.is_some().cmp(&one.is_some()),
            },
            "PROMOTIONAL_FIRST" => first(
                |books, segment| !matches!(segment.owner, Owner::Grant(grant) if books.grants[grant].paid),
            ),
            "NARROWEST_SCOPE_FIRST" => self.narrowness(one).cmp(&self.narrowness(other)),
            "ROLLOVER_FIRST" => first(
                |books, segment| matches!(segment.owner, Owner::Grant(grant) if books.grants[grant].rolled_from.is_some()),
            ),
            "EFFECTIVE_FIRST" => one.start.cmp(&other.start),
            "CREATED_FIRST" => {
                readings::created_at(self, one).cmp(&readings::created_at(self, other))
            }
            unknown => unreachable!("the workload makes no credit type with {unknown}"),
        }
    }

    fn priority(&self, segment: &Segment) -> f64 {
        match segment.owner {
            Owner::Grant(grant) => self.grants[grant].priority,
            Owner::Credit(credit) => self.credits[credit].priority,
        }
    }

    fn narrowness(&self, segment: &Segment) -> usize {
        match segment.owner {
            Owner::Grant(grant) => readings::narrowness(self.grants[grant].products.len(), 0, 0),
            Owner::Credit(credit) => {
                let scope = &self.credits[credit].scope;
                readings::narrowness(
                    scope.products.len(),
                    scope.tags.len(),
                    scope.specifiers.len(),
                )
            }
        }
    }
}
