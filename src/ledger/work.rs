//! The unit of work: what a batch of commands has loaded, and what they changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::book::{Account, Book};
use domain::clock::IdSource;
use domain::custom_field::FieldEntity;
use domain::{
    ApiKeyId, ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId, EventId,
    Instant, ProductId, SegmentId, SigningKeyId, TestClockId, WebhookEndpointId,
};
use entity::{
    api_key, contract, credit, credit_grant, credit_type, custom_field_key, custom_field_value,
    customer, customer_external_id, customer_ingest_alias, drawdown, event, idempotency,
    object_detail, object_home, product, product_external_id, signing_key, test_clock,
    uniqueness_key, webhook_endpoint,
};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::outbox::Listener;
use super::shelf::Shelved;
/// An account: a customer in a credit type.
pub type AccountKey = (CustomerId, CreditTypeId);

/// What commands need to have loaded. Everything of a customer is named with the customer.
#[derive(Debug, Default, PartialEq)]
pub struct Needs {
    /// Customers.
    pub customers: BTreeSet<CustomerId>,
    /// Test clocks.
    pub test_clocks: BTreeSet<TestClockId>,
    /// Webhook endpoints.
    pub endpoints: BTreeSet<WebhookEndpointId>,
    /// Every webhook endpoint.
    pub all_endpoints: bool,
    /// Customers whose test clock moves on, and to what time: all their accounts are needed.
    pub advances: BTreeMap<CustomerId, Instant>,
    /// Customers, products and contracts whose row is written over: locked, since no account is.
    pub rewritten: BTreeSet<Rewritten>,
    /// Accounts: locked, with their open segments.
    pub accounts: BTreeSet<AccountKey>,
    /// Customers of whom every account is needed.
    pub all_accounts: BTreeSet<CustomerId>,
    /// Units.
    pub credit_types: BTreeSet<CreditTypeId>,
    /// Products.
    pub products: BTreeSet<ProductId>,
    /// Contracts.
    pub contracts: BTreeSet<(CustomerId, ContractId)>,
    /// Grants, with their segments.
    pub grants: BTreeSet<(CustomerId, CreditGrantId)>,
    /// Credits, with all their segments.
    pub credits: BTreeSet<(CustomerId, CreditId)>,
    /// Contracts of which every credit is needed.
    pub credits_of_contracts: BTreeSet<(CustomerId, ContractId)>,
    /// Drawdowns, with the segments of their slices.
    pub drawdowns: BTreeSet<(CustomerId, DrawdownId)>,
    /// Segments.
    pub segments: BTreeSet<(CustomerId, SegmentId)>,
    /// Accounts of which segments that ended after an instant are needed: for late usage.
    pub ended_after: BTreeMap<AccountKey, Instant>,
    /// Idempotency keys: customer, operation, key.
    pub keys: BTreeSet<(CustomerId, &'static str, String)>,
    /// Idempotency keys of drawdowns.
    pub drawdown_keys: BTreeSet<(CustomerId, String)>,
    /// Uniqueness keys: kind, key.
    pub uniqueness_keys: BTreeSet<(&'static str, String)>,
    /// External ids of customers.
    pub external_ids: BTreeSet<String>,
    /// What products are called by other systems.
    pub product_external_ids: BTreeSet<String>,
    /// Ingest aliases of customers.
    pub ingest_aliases: BTreeSet<String>,
    /// Objects of which is needed what is kept beside them.
    pub details: BTreeSet<(CustomerId, Uuid)>,
    /// What has custom fields whose keys are needed.
    pub field_entities: BTreeSet<FieldEntity>,
    /// Values of custom fields that may have to be unique.
    pub field_values: BTreeSet<String>,
    /// Also the grants and credits whose segments the named drawdowns took from.
    pub parents_of_slices: bool,
    /// Credits of which usage dated at or after an instant is needed.
    pub usage_since: BTreeMap<(CustomerId, CreditId), Instant>,
    /// Of the credits of contracts that are ended: the earliest new end.
    pub usage_of_contract_since: Option<Instant>,
    /// Accounts of which every segment is needed, spent ones too: for a preview.
    pub all_segments: BTreeSet<AccountKey>,
    /// Keys of callers.
    pub api_keys: BTreeSet<ApiKeyId>,
    /// Also what tokens are signed with.
    pub signing_keys: bool,
}

/// A row that a command writes over without holding the lock of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rewritten {
    /// A customer.
    Customer(CustomerId),
    /// A contract.
    Contract(CustomerId, ContractId),
    /// A product.
    Product(ProductId),
    /// A unit.
    CreditType(CreditTypeId),
    /// A key of a caller.
    ApiKey(ApiKeyId),
    /// A test clock: also locked by who puts a customer on it.
    TestClock(TestClockId),
    /// A webhook endpoint.
    WebhookEndpoint(WebhookEndpointId),
}

/// Posted usage of a credit: what a drawdown took from one segment and was not given back.
#[derive(Clone, Debug)]
pub struct Usage {
    /// The credit.
    pub credit_id: CreditId,
    /// The segment.
    pub segment_id: SegmentId,
    /// When the usage happened.
    pub effective_at: Instant,
}

/// A row and what has become of it.
#[derive(Clone, Debug)]
pub struct Tracked<T> {
    /// The row.
    pub row: T,
    /// What is to be written.
    pub fate: Fate,
}

/// What is to be written of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Same,
    /// It is new.
    New,
    /// It was there and changed.
    Changed,
}

impl<T> Tracked<T> {
    /// A row as it was loaded.
    pub fn loaded(row: T) -> Self {
        Self {
            row,
            fate: Fate::Same,
        }
    }

    /// A row that was not there.
    pub fn new(row: T) -> Self {
        Self {
            row,
            fate: Fate::New,
        }
    }

    /// The row, to be changed.
    pub fn change(&mut self) -> &mut T {
        if self.fate == Fate::Same {
            self.fate = Fate::Changed;
        }
        &mut self.row
    }
}

/// Rows of one table by id.
pub type Rows<K, T> = BTreeMap<K, Tracked<T>>;

/// An account's book and what its row is.
#[derive(Clone, Debug)]
pub struct OpenBook {
    /// The book: boxed, since maps and shelves pass it on.
    pub book: Box<Book>,
    /// The row; `None` while there is none: it is made once the book changes.
    pub row: Option<Account>,
}

impl OpenBook {
    /// A book as it is in the database.
    #[must_use]
    pub fn loaded(book: Box<Book>) -> Self {
        let row = Some(book.account.clone());
        Self { book, row }
    }
}

/// A value of a custom field that is free again, and whose it was; without a value: all of that
/// field.
pub type ReleasedValue = (FieldEntity, String, Option<(String, Uuid)>);

/// Claims to be made in the tables that are unique over all customers.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// External ids.
    pub external_ids: Vec<customer_external_id::Model>,
    /// External ids that are free again.
    pub released_external_ids: Vec<String>,
    /// What products are called by other systems.
    pub product_external_ids: Vec<product_external_id::Model>,
    /// Ingest aliases.
    pub ingest_aliases: Vec<customer_ingest_alias::Model>,
    /// Ingest aliases that are free again.
    pub released_ingest_aliases: Vec<String>,
    /// Values of custom fields.
    pub field_values: Vec<custom_field_value::Model>,
    /// Values of custom fields that are free again, and whose they were; without a value: all of
    /// that field.
    pub released_field_values: Vec<ReleasedValue>,
    /// Uniqueness keys.
    pub uniqueness_keys: Vec<uniqueness_key::Model>,
    /// Uniqueness keys that are free again: kind, key.
    pub released_keys: Vec<(&'static str, String)>,
    /// Homes of grants, credits and contracts.
    pub homes: Vec<object_home::Model>,
}

impl Claims {
    /// Frees an external id, also one that was claimed in this very batch.
    pub fn release_external_id(&mut self, id: String) {
        let before = self.external_ids.len();
        self.external_ids.retain(|claim| claim.external_id != id);
        if self.external_ids.len() == before {
            self.released_external_ids.push(id);
        }
    }

    /// Frees an ingest alias, also one that was claimed in this very batch.
    pub fn release_ingest_alias(&mut self, alias: String) {
        let before = self.ingest_aliases.len();
        self.ingest_aliases.retain(|claim| claim.alias != alias);
        if self.ingest_aliases.len() == before {
            self.released_ingest_aliases.push(alias);
        }
    }

    /// Frees the value of a custom field that an object has claimed, be it in this very batch.
    pub fn release_field_value(
        &mut self,
        (entity, object_id): (FieldEntity, Uuid),
        key: &str,
        value: &str,
    ) {
        let before = self.field_values.len();
        self.field_values.retain(|claim| {
            let same = claim.entity == entity.as_str() && claim.key == key;
            !(same && claim.value == value && claim.object_id == object_id)
        });
        if self.field_values.len() == before {
            let claim = Some((value.to_owned(), object_id));
            self.released_field_values
                .push((entity, key.to_owned(), claim));
        }
    }

    /// Frees all values of a custom field.
    pub fn release_field(&mut self, entity: FieldEntity, key: &str) {
        self.field_values
            .retain(|claim| claim.entity != entity.as_str() || claim.key != key);
        self.released_field_values
            .push((entity, key.to_owned(), None));
    }
}

/// What was loaded and what became of it.
#[derive(Debug, Default)]
pub struct State {
    /// Customers.
    pub customers: Rows<CustomerId, customer::Model>,
    /// Products.
    pub products: Rows<ProductId, product::Model>,
    /// Test clocks.
    pub test_clocks: Rows<TestClockId, test_clock::Model>,
    /// Webhook endpoints.
    pub endpoints: Rows<WebhookEndpointId, webhook_endpoint::Model>,
    /// Units.
    pub credit_types: Rows<CreditTypeId, credit_type::Model>,
    /// Contracts.
    pub contracts: Rows<ContractId, contract::Model>,
    /// Grants.
    pub grants: Rows<CreditGrantId, credit_grant::Model>,
    /// Credits.
    pub credits: Rows<CreditId, credit::Model>,
    /// What is kept beside objects.
    pub details: Rows<Uuid, object_detail::Model>,
    /// Custom fields that were made known, those taken back too.
    pub field_keys: Rows<Uuid, custom_field_key::Model>,
    /// Keys of callers.
    pub api_keys: Rows<ApiKeyId, api_key::Model>,
    /// What tokens are signed with.
    pub signing_keys: Rows<SigningKeyId, signing_key::Model>,
    /// Books of accounts.
    pub books: BTreeMap<AccountKey, OpenBook>,
}

/// What a batch works on.
pub struct Work<'a> {
    /// Where ids come from.
    pub ids: &'a dyn IdSource,
    /// The time of the customer whose command is at hand: real time, save under a test clock.
    pub now: Instant,
    /// The present instant in real time, taken once the accounts were locked or found as they were
    /// kept: when things are recorded, and what ids are made for.
    pub recorded: Instant,
    /// The webhook endpoints that are to be told.
    pub(super) listeners: Arc<[Listener]>,
    /// Longest time in days by which usage may be late.
    pub lateness_max_days: i64,
    /// Rows and books.
    pub state: State,
    /// Answers given before, and those of this batch.
    pub answered: HashMap<(CustomerId, &'static str, String), idempotency::Model>,
    /// Of those the ones that are new.
    pub new_answers: Vec<idempotency::Model>,
    /// Drawdowns by idempotency key, from before and of this batch.
    pub drawdowns_by_key: HashMap<(CustomerId, String), (CreditTypeId, DrawdownId)>,
    /// Drawdowns found by their key whose book is not open.
    pub found_drawdowns: HashMap<DrawdownId, drawdown::Model>,
    /// Uniqueness keys that are taken: kind, key.
    pub taken_keys: BTreeSet<(&'static str, String)>,
    /// External ids that are taken.
    pub taken_external_ids: HashMap<String, CustomerId>,
    /// What products are called by other systems, of those that were asked for.
    pub taken_product_ids: HashMap<String, ProductId>,
    /// Ingest aliases that are taken.
    pub taken_ingest_aliases: HashMap<String, CustomerId>,
    /// Values of custom fields that are taken: of what, key, value.
    pub taken_field_values: HashMap<(FieldEntity, String, String), Uuid>,
    /// Posted usage that was asked for.
    pub usage: Vec<Usage>,
    /// Claims to be made.
    pub claims: Claims,
    /// Events to be written.
    pub events: Vec<event::Model>,
    /// Books that were kept, for accounts whose row is still the same.
    pub shelved: Shelved,
    /// Nothing was read: what was taken for granted is compared when the accounts are written.
    pub(super) unread: bool,
}

impl<'a> Work<'a> {
    /// Nothing loaded yet.
    #[must_use]
    pub fn new(ids: &'a dyn IdSource, now: Instant, lateness_max_days: i64) -> Self {
        Self {
            ids,
            now,
            recorded: now,
            listeners: Arc::default(),
            lateness_max_days,
            state: State::default(),
            answered: HashMap::new(),
            new_answers: Vec::new(),
            drawdowns_by_key: HashMap::new(),
            found_drawdowns: HashMap::new(),
            taken_keys: BTreeSet::new(),
            taken_external_ids: HashMap::new(),
            taken_product_ids: HashMap::new(),
            taken_ingest_aliases: HashMap::new(),
            taken_field_values: HashMap::new(),
            usage: Vec::new(),
            claims: Claims::default(),
            events: Vec::new(),
            shelved: Shelved::default(),
            unread: false,
        }
    }

    /// The book of an account; `None` where there is no such account and none was asked for.
    pub fn book(&mut self, key: AccountKey) -> Option<&mut Book> {
        self.state.books.get_mut(&key).map(|open| &mut *open.book)
    }

    /// Sets the present of everyone, where batches are made up.
    pub fn set_now(&mut self, now: Instant) {
        (self.now, self.recorded) = (now, now);
    }

    /// The time of a customer: what its windows, holds and usage follow.
    #[must_use]
    pub fn time_of(&self, customer: CustomerId) -> Instant {
        let mut books = self
            .state
            .books
            .range((customer, CreditTypeId(Uuid::nil()))..);
        let account = books.next().filter(|(key, _)| key.0 == customer);
        let clock_now = match account {
            Some((_, open)) => open.book.account.clock_now,
            None => self.clock_of(customer),
        };
        clock_now.unwrap_or(self.recorded)
    }

    /// The accounts of a customer whose books are open.
    #[must_use]
    pub fn accounts_of(&self, customer: CustomerId) -> Vec<AccountKey> {
        let from = (customer, CreditTypeId(Uuid::nil()));
        let keys = self.state.books.range(from..).map(|(key, _)| *key);
        keys.take_while(|key| key.0 == customer).collect()
    }

    fn clock_of(&self, customer: CustomerId) -> Option<Instant> {
        self.state.customers.get(&customer)?.row.clock_now
    }

    /// Copies of some books, to fall back on if a command of several acts is refused halfway.
    #[must_use]
    pub fn copy_books(&self, keys: &[AccountKey]) -> Vec<(AccountKey, OpenBook)> {
        let found = keys
            .iter()
            .filter_map(|key| Some((*key, self.state.books.get(key)?.clone())));
        found.collect()
    }

    /// Puts the copies back.
    pub fn put_back(&mut self, copies: Vec<(AccountKey, OpenBook)>) {
        self.state.books.extend(copies);
    }

    /// Opens an empty book for an account that has no row yet.
    pub fn open_book(&mut self, key: AccountKey) -> Option<&mut Book> {
        let credit_type = self.state.credit_types.get(&key.1)?.row.facts();
        let clock_now = self.clock_of(key.0);
        let open = self.state.books.entry(key).or_insert_with(|| OpenBook {
            book: Box::new(Book::new(
                credit_type,
                Account {
                    clock_now,
                    ..Account::new(key.0, key.1)
                },
            )),
            row: None,
        });
        Some(&mut open.book)
    }

    /// Notes an event. What `before` and `after` have in common is left out.
    pub fn event(&mut self, event: NewEvent<'_>) {
        let (before, after) = changed(event.before, event.after);
        self.events.push(event::Model {
            id: EventId(self.ids.next(event.recorded_at)),
            customer_id: event.customer_id,
            kind: event.kind.to_owned(),
            subject_id: event.subject_id,
            created_by: event.actor.to_owned(),
            recorded_at: event.recorded_at,
            effective_at: event.effective_at,
            before,
            after,
            digest: Vec::new(),
        });
    }
}

/// An event to be noted.
pub struct NewEvent<'a> {
    /// Whose, or the house's.
    pub customer_id: CustomerId,
    /// noun.verb.
    pub kind: &'a str,
    /// What changed.
    pub subject_id: Uuid,
    /// Who changed it.
    pub actor: &'a str,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// When it is true.
    pub effective_at: Instant,
    /// Before; `None` for a creation.
    pub before: Option<Json>,
    /// After.
    pub after: Option<Json>,
}

fn changed(before: Option<Json>, after: Option<Json>) -> (Option<String>, Option<String>) {
    let (Some(Json::Object(before)), Some(Json::Object(after))) = (&before, &after) else {
        return (
            before.map(|json| json.to_string()),
            after.map(|json| json.to_string()),
        );
    };
    let only = |these: &Map<String, Json>, those: &Map<String, Json>| {
        let changed = these
            .iter()
            .filter(|(key, value)| those.get(*key) != Some(value));
        let changed: Map<String, Json> = changed
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Json::Object(changed).to_string()
    };
    (Some(only(before, after)), Some(only(after, before)))
}
