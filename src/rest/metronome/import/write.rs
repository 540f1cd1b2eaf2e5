//! This side: what was read there becomes commands, each under a key made of the id it has there,
//! so that an import that was broken off goes on where it stopped.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{
    Clock, Code, ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, Instant, ProductId,
    SegmentId,
};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::segments::segment_of;
use super::source::{Contract, Credit, Customer, Grant, Movement, Segment};
use super::{ImportError, Theirs};
use crate::ledger::command::input::*;
use crate::ledger::{Caller, Command, Ledger, Refusal, Role};

/// A clock that stands where the story is: what happened is written at the time it happened.
#[derive(Debug)]
pub(super) struct StoryClock(AtomicI64);

impl StoryClock {
    pub(super) fn new(now: Instant) -> Self {
        Self(AtomicI64::new(now.0))
    }

    pub(super) fn set(&self, at: Instant) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}

/// Writes into a ledger.
pub(super) struct Writer {
    pub ledger: Ledger,
    pub clock: Arc<StoryClock>,
    pub now: Instant,
    pub caller: Caller,
    pub(super) units: HashMap<Uuid, CreditTypeId>,
    pub(super) products: HashMap<Uuid, ProductId>,
}

/// The name of all that an import writes.
const ACTOR: &str = "import from Metronome";

/// Something that happened to a customer, at its time.
enum Step<'s> {
    Contract(&'s Contract),
    Grant(&'s Grant),
    Credit(&'s Credit),
    OfGrant(&'s Grant, &'s Movement),
    Untold(&'s Grant, &'s Movement),
    OfCredit(&'s Credit, &'s Movement),
}

/// What became of the segments of a customer, and how often the same was entered.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// By the id of the grant or the segment there.
    pub(super) segments: HashMap<Uuid, SegmentId>,
    contracts: HashMap<Uuid, ContractId>,
    seen: HashMap<String, usize>,
}

impl Writer {
    pub(super) fn new(ledger: Ledger, clock: Arc<StoryClock>, now: Instant) -> Self {
        let caller = Caller {
            name: Arc::from(ACTOR),
            role: Role::Admin,
            customer: None,
            until: None,
            key_id: None,
        };
        Self {
            ledger,
            clock,
            now,
            caller,
            units: HashMap::from([(CreditTypeId::USD.0, CreditTypeId::USD)]),
            products: HashMap::new(),
        }
    }

    /// Carries a command out at a time, or finds what it made when it was carried out before.
    pub(super) async fn command(
        &self,
        at: Instant,
        of: CustomerId,
        command: impl Into<Command>,
        key: &str,
    ) -> Result<Uuid, ImportError> {
        let command = command.into();
        let operation = command.operation();
        let key = key_of(key);
        self.clock.set(at.min(self.now));
        let done = self
            .ledger
            .execute(&self.caller, command, Some(key.clone()))
            .await;
        match done {
            Ok(outcome) => Ok(outcome.object_id),
            Err(Refusal::Rejected(faults))
                if faults
                    .iter()
                    .any(|fault| fault.code == Code::IdempotencyMismatch) =>
            {
                // It has changed there since: what was written first stays.
                let before = self.ledger.read().answered(of, operation, &key).await?;
                before.ok_or_else(|| ImportError::Refused(operation, Refusal::Rejected(faults)))
            }
            Err(refusal) => Err(ImportError::Refused(operation, refusal)),
        }
    }

    /// The customer that was imported before, if it was.
    pub(super) async fn known(
        &self,
        customer: &Customer,
    ) -> Result<Option<CustomerId>, ImportError> {
        let key = key_of(&format!("customer {}", customer.id));
        let found = self
            .ledger
            .read()
            .answered(CustomerId::HOUSE, "createCustomer", &key);
        Ok(found.await?.map(CustomerId))
    }

    pub(super) async fn archive_customer(
        &self,
        customer: &Customer,
        id: CustomerId,
    ) -> Result<(), ImportError> {
        let key = format!("archive customer {}", customer.id);
        self.command(self.now, id, ArchiveCustomer { id }, &key)
            .await?;
        Ok(())
    }

    pub(super) async fn customer(&self, customer: &Customer) -> Result<CustomerId, ImportError> {
        let aliases = customer.aliases.clone();
        let command = CreateCustomer {
            name: customer.name.clone(),
            external_id: Some(customer.id.to_string()),
            custom_fields: fields(&customer.custom_fields),
            test_clock_id: None,
            extra: CustomerExtra {
                ingest_aliases: (!aliases.is_empty()).then_some(aliases),
                details: None,
            },
        };
        let key = format!("customer {}", customer.id);
        let id = self
            .command(customer.created_at, CustomerId::HOUSE, command, &key)
            .await?;
        Ok(CustomerId(id))
    }

    /// Writes all that a customer was granted and all that became of it, in the order of time.
    pub(super) async fn story(
        &mut self,
        customer: CustomerId,
        theirs: &Theirs,
    ) -> Result<(), ImportError> {
        let Theirs {
            contracts,
            grants,
            credits,
        } = theirs;
        let mut steps: Vec<(Instant, u8, Step<'_>)> = Vec::new();
        // Before the first credit that names it, whenever that began.
        steps.extend(
            contracts
                .iter()
                .map(|one| (Instant::MIN, 0, Step::Contract(one))),
        );
        for grant in grants {
            steps.push((grant.effective_at.min(self.now), 0, Step::Grant(grant)));
            for movement in posted(&grant.movements, self.now) {
                let at = inside(movement.at, grant.effective_at, Some(grant.expires_at));
                steps.push((at, 1, Step::OfGrant(grant, movement)));
            }
            if let Some(movement) = &grant.untold {
                steps.push((movement.at, 1, Step::Untold(grant, movement)));
            }
        }
        for credit in credits {
            let first = credit.segments.iter().map(|one| one.starting_at).min();
            let begun = first.unwrap_or(self.now).min(self.now);
            steps.push((begun, 0, Step::Credit(credit)));
            for movement in posted(&credit.movements, self.now) {
                let own = covering(credit, movement);
                let at = own.map_or(movement.at, |own| {
                    inside(movement.at, own.starting_at, Some(own.ending_before))
                });
                steps.push((at, 1, Step::OfCredit(credit, movement)));
            }
        }
        steps.sort_by_key(|(at, rank, _)| (*at, *rank));
        let mut made = Made::default();
        for (at, _, step) in steps {
            match step {
                Step::Contract(contract) => self.contract(customer, contract, &mut made).await?,
                Step::Grant(grant) => self.grant(customer, grant, &mut made).await?,
                Step::Credit(credit) => self.credit(customer, credit, at, &mut made).await?,
                Step::OfGrant(grant, movement) => {
                    let segment = made.segments.get(&grant.id).copied();
                    self.movement(customer, grant.id, segment, movement, at, &mut made)
                        .await?;
                }
                Step::Untold(grant, movement) => {
                    let segment = made.segments.get(&grant.id).copied();
                    // Once, whatever it comes to later: it would be taken twice.
                    let key = format!("untold {}", grant.id);
                    let of = (customer, grant.id, segment);
                    self.enter(of, movement, at, &key).await?;
                }
                Step::OfCredit(credit, movement) => {
                    let own = covering(credit, movement);
                    let segment = own.and_then(|own| made.segments.get(&own.id)).copied();
                    self.movement(customer, credit.id, segment, movement, at, &mut made)
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn grant(
        &mut self,
        customer_id: CustomerId,
        grant: &Grant,
        made: &mut Made,
    ) -> Result<(), ImportError> {
        let credit_type_id = self.unit(&grant.unit).await?;
        let paid_type_id = self.unit(&grant.paid_unit).await?;
        let command = CreateCreditGrant {
            customer_id,
            name: grant.name.clone(),
            grant_amount: AmountInput {
                amount: grant.amount,
                credit_type_id,
            },
            paid_amount: (!grant.paid.is_zero()).then_some(AmountInput {
                amount: grant.paid,
                credit_type_id: paid_type_id,
            }),
            category: None,
            priority: grant.priority,
            effective_at: Some(grant.effective_at),
            expires_at: (grant.expires_at < Instant::MAX).then_some(grant.expires_at),
            invoice_date: None,
            invoice_id: None,
            product_ids: self.products_of(&grant.products),
            rollover: None,
            reason: grant.reason.clone(),
            grant_type: grant.grant_type.clone(),
            custom_fields: fields(&grant.custom_fields),
            uniqueness_key: grant.uniqueness_key.clone(),
        };
        let key = format!("grant {}", grant.id);
        let id = self
            .command(grant.effective_at, customer_id, command, &key)
            .await?;
        let id = CreditGrantId(id);
        let rows = self
            .ledger
            .read()
            .grants_by_id(&[(customer_id, id)])
            .await?;
        if let Some(row) = rows.get(&id) {
            made.segments.insert(grant.id, row.segment.id);
        }
        Ok(())
    }

    async fn contract(
        &self,
        customer_id: CustomerId,
        contract: &Contract,
        made: &mut Made,
    ) -> Result<(), ImportError> {
        let command = CreateContract {
            customer_id,
            name: contract.name.clone(),
            starting_at: contract.starting_at,
            ending_before: contract.ending_before,
            extra: ContractExtra {
                custom_fields: fields(&contract.custom_fields),
                details: None,
                uniqueness_key: contract.uniqueness_key.clone(),
                credits: Vec::new(),
            },
        };
        let key = format!("contract {}", contract.id);
        let at = contract.starting_at;
        let id = self.command(at, customer_id, command, &key).await?;
        made.contracts.insert(contract.id, ContractId(id));
        Ok(())
    }

    async fn credit(
        &mut self,
        customer_id: CustomerId,
        credit: &Credit,
        at: Instant,
        made: &mut Made,
    ) -> Result<(), ImportError> {
        let credit_type_id = self.unit(&credit.unit).await?;
        let product = self.products.get(&credit.product).copied();
        let product_id = product.ok_or(ImportError::Missing("product", credit.product))?;
        let segments = credit.segments.iter().map(segment_of);
        let contracts = credit.contracts.iter().map(|id| made.known_contract(*id));
        let specifiers = credit.specifiers.iter().cloned().map(|mut one| {
            one.product_id = one
                .product_id
                .and_then(|id| self.products.get(&id.0).copied());
            one
        });
        let command = CreateCredit {
            customer_id,
            contract_id: made.contract(credit.contract)?,
            product_id,
            priority: credit.priority,
            access_schedule: AccessScheduleInput {
                credit_type_id,
                segments: segments.collect(),
            },
            name: credit.name.clone(),
            description: credit.description.clone(),
            applicable_contract_ids: contracts.collect::<Result<_, _>>()?,
            applicable_product_ids: self.products_of(&credit.products),
            applicable_product_tags: credit.tags.clone(),
            specifiers: specifiers.collect(),
            rate_type: credit.rate_type.unwrap_or("LIST_RATE").to_owned(),
            custom_fields: fields(&credit.custom_fields),
            netsuite_sales_order_id: credit.netsuite.clone(),
            salesforce_opportunity_id: credit.salesforce.clone(),
            uniqueness_key: credit.uniqueness_key.clone(),
            details: None,
        };
        let id = self
            .command(at, customer_id, command, &format!("credit {}", credit.id))
            .await?;
        let key = (customer_id, CreditId(id));
        let missing = self.same_segments(key, credit, made).await?;
        for segment in &missing {
            self.add_segment(key, segment, at).await?;
        }
        if !missing.is_empty() {
            self.same_segments(key, credit, made).await?;
        }
        Ok(())
    }

    /// What was taken or given stands as an entry by hand: a drawdown would choose by itself where
    /// it takes from.
    async fn movement(
        &self,
        customer: CustomerId,
        of: Uuid,
        segment: Option<SegmentId>,
        movement: &Movement,
        at: Instant,
        made: &mut Made,
    ) -> Result<(), ImportError> {
        let invoice = movement.invoice.as_deref().unwrap_or_default();
        let name = format!("{of} {} {} {invoice}", movement.at, movement.amount);
        let nth = made.seen.entry(name.clone()).or_insert(0);
        *nth = nth.saturating_add(1);
        let key = format!("movement {name} {nth}");
        self.enter((customer, of, segment), movement, at, &key)
            .await
    }

    async fn enter(
        &self,
        (customer, of, segment): (CustomerId, Uuid, Option<SegmentId>),
        movement: &Movement,
        at: Instant,
        key: &str,
    ) -> Result<(), ImportError> {
        let segment_id = segment.ok_or(ImportError::Missing("segment", of))?;
        let command = AddManualLedgerEntry {
            segment_id,
            amount: movement.amount,
            reason: movement.reason.clone(),
            effective_at: Some(at),
            uniqueness_key: None,
        };
        self.command(at, customer, command, key).await?;
        Ok(())
    }

    fn products_of(&self, ids: &[Uuid]) -> Vec<ProductId> {
        let known = ids.iter().filter_map(|id| self.products.get(id));
        known.copied().collect()
    }
}

impl Made {
    fn contract(&self, id: Option<Uuid>) -> Result<Option<ContractId>, ImportError> {
        id.map(|id| self.known_contract(id)).transpose()
    }

    fn known_contract(&self, id: Uuid) -> Result<ContractId, ImportError> {
        let known = self.contracts.get(&id).copied();
        known.ok_or(ImportError::Missing("contract", id))
    }
}

/// What has happened by now: what is still to come is a draft there.
fn posted(movements: &[Movement], now: Instant) -> impl Iterator<Item = &Movement> {
    movements.iter().filter(move |movement| movement.at <= now)
}

/// The segment that a movement is of: the one it names, else the first that it falls into.
fn covering<'c>(credit: &'c Credit, movement: &Movement) -> Option<&'c Segment> {
    let named = movement.segment;
    let mut segments = credit.segments.iter();
    match named {
        Some(id) => segments.find(|segment| segment.id == id),
        None => {
            segments.find(|one| one.starting_at <= movement.at && movement.at < one.ending_before)
        }
    }
}

/// The time itself, or the nearest at which the window is open.
fn inside(at: Instant, from: Instant, to: Option<Instant>) -> Instant {
    let last = to.map_or(Instant::MAX, |to| to.plus_micros(-1));
    at.max(from).min(last)
}

pub(super) fn fields(fields: &Map<String, Json>) -> Option<Json> {
    (!fields.is_empty()).then(|| Json::Object(fields.clone()))
}

/// A key of fixed length for what something is called there.
fn key_of(name: &str) -> String {
    let digest = Sha256::digest(format!("metronome {name}"));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("import:{hex}")
}
