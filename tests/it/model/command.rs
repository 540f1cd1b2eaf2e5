//! The commands of the workload and how each is spelled as a mutation of the contract.
//!
//! A command names objects by their place in the auditor's books; ids appear only in the input.

use serde_json::{Map, Value, json};

use super::auditor::{Books, Groups};
use super::units::{NO_UUID, NO_UUID_ID, Time, UNKNOWN_ID, stamp};

#[derive(Clone, Debug)]
pub struct RolloverOrder {
    pub percentage: bool,
    pub value: String,
    pub priority: f64,
    pub expires_at: Time,
}

#[derive(Clone, Debug)]
pub struct GrantOrder {
    pub customer: usize,
    pub unit: usize,
    pub name: String,
    pub amount: String,
    pub paid: bool,
    pub priority: f64,
    pub effective_at: Option<Time>,
    pub expires_at: Option<Time>,
    pub products: Vec<usize>,
    pub rollover: Option<RolloverOrder>,
    pub uniqueness_key: Option<String>,
}

#[derive(Clone, Debug)]
pub struct SegmentOrder {
    pub amount: String,
    pub start: Time,
    pub end: Option<Time>,
}

#[derive(Clone, Debug, Default)]
pub struct SpecifierOrder {
    pub product: Option<usize>,
    pub tags: Vec<String>,
    pub pricing: Groups,
    pub presentation: Groups,
}

#[derive(Clone, Debug, Default)]
pub struct ScopeOrder {
    pub contracts: Vec<usize>,
    pub products: Vec<usize>,
    pub tags: Vec<String>,
    pub specifiers: Vec<SpecifierOrder>,
}

#[derive(Clone, Debug)]
pub struct CreditOrder {
    pub customer: usize,
    pub unit: usize,
    pub contract: Option<usize>,
    pub product: usize,
    pub priority: f64,
    pub segments: Vec<SegmentOrder>,
    pub scope: ScopeOrder,
    pub uniqueness_key: Option<String>,
}

#[derive(Clone, Debug)]
pub struct SegmentUpdate {
    pub segment: usize,
    pub amount: Option<String>,
    pub start: Option<Time>,
    pub end: Option<Time>,
}

#[derive(Clone, Debug, Default)]
pub struct CreditEdit {
    pub credit: usize,
    pub priority: Option<f64>,
    pub products: Option<Vec<usize>>,
    pub tags: Option<Vec<String>>,
    pub add: Vec<SegmentOrder>,
    pub update: Vec<SegmentUpdate>,
    pub remove: Vec<usize>,
}

#[derive(Clone, Debug)]
pub struct DrawOrder {
    pub customer: usize,
    pub unit: usize,
    pub amount: String,
    pub partial: bool,
    pub hold: bool,
    pub hold_expires_at: Option<Time>,
    pub product: Option<usize>,
    pub contract: Option<usize>,
    pub pricing: Groups,
    pub presentation: Groups,
    pub effective_at: Option<Time>,
}

#[derive(Clone, Debug)]
pub enum Command {
    CreateCustomer {
        name: String,
        external_id: String,
    },
    ArchiveCustomer {
        customer: usize,
    },
    CreateProduct {
        name: String,
        tags: Vec<String>,
    },
    UpdateProduct {
        product: usize,
        tags: Vec<String>,
    },
    CreateContract {
        customer: usize,
        start: Time,
        end: Option<Time>,
    },
    EndContract {
        contract: usize,
        end: Time,
    },
    CreateGrant(GrantOrder),
    EditGrant {
        grant: usize,
        name: Option<String>,
        expires_at: Option<Time>,
        never: bool,
    },
    ExpireGrant {
        grant: usize,
    },
    VoidGrant {
        grant: usize,
        remainder_only: bool,
        release_key: bool,
    },
    CreateCredit(CreditOrder),
    EditCredit(CreditEdit),
    EndCredit {
        credit: usize,
        end: Time,
    },
    VoidCredit {
        credit: usize,
        remainder_only: bool,
    },
    DrawDown(DrawOrder),
    Capture {
        drawdown: usize,
        amount: Option<String>,
    },
    Release {
        drawdown: usize,
    },
    Reverse {
        drawdown: usize,
        amount: Option<String>,
        extend: bool,
    },
    Manual {
        segment: usize,
        amount: String,
        effective_at: Option<Time>,
    },
}

/// What the payload of a mutation carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Customer(usize),
    Product(usize),
    Contract(usize),
    Grant(usize),
    Credit(usize),
    Drawdown(usize),
    Entry,
}

impl Command {
    /// The mutation, and the field of its payload that holds the object.
    pub fn operation(&self) -> (&'static str, &'static str) {
        match self {
            Self::CreateCustomer { .. } => ("createCustomer", "customer"),
            Self::ArchiveCustomer { .. } => ("archiveCustomer", "customer"),
            Self::CreateProduct { .. } => ("createProduct", "product"),
            Self::UpdateProduct { .. } => ("updateProduct", "product"),
            Self::CreateContract { .. } => ("createContract", "contract"),
            Self::EndContract { .. } => ("endContract", "contract"),
            Self::CreateGrant(_) => ("createCreditGrant", "creditGrant"),
            Self::EditGrant { .. } => ("editCreditGrant", "creditGrant"),
            Self::ExpireGrant { .. } => ("expireCreditGrant", "creditGrant"),
            Self::VoidGrant { .. } => ("voidCreditGrant", "creditGrant"),
            Self::CreateCredit(_) => ("createCredit", "credit"),
            Self::EditCredit(_) => ("editCredit", "credit"),
            Self::EndCredit { .. } => ("endCredit", "credit"),
            Self::VoidCredit { .. } => ("voidCredit", "credit"),
            Self::DrawDown(_) => ("drawDown", "drawdown"),
            Self::Capture { .. } => ("captureDrawdown", "drawdown"),
            Self::Release { .. } => ("releaseDrawdown", "drawdown"),
            Self::Reverse { .. } => ("reverseDrawdown", "drawdown"),
            Self::Manual { .. } => ("addManualLedgerEntry", "ledgerEntry"),
        }
    }

    /// The `input` of the mutation.
    pub fn input(&self, books: &Books, key: &str) -> Value {
        let mut input = match self {
            Self::CreateCustomer { name, external_id } => {
                json!({"name": name, "externalId": external_id})
            }
            Self::ArchiveCustomer { customer } => {
                json!({"id": id(&books.customers, *customer, |c| &c.id)})
            }
            Self::CreateProduct { name, tags } => json!({"name": name, "tags": tags}),
            Self::UpdateProduct { product, tags } => {
                json!({"id": product_id(books, *product), "tags": tags})
            }
            Self::CreateContract {
                customer,
                start,
                end,
            } => {
                json!({"customerId": id(&books.customers, *customer, |c| &c.id), "startingAt": stamp(*start), "endingBefore": end.map(stamp)})
            }
            Self::EndContract { contract, end } => {
                json!({"id": contract_id(books, *contract), "endingBefore": stamp(*end)})
            }
            Self::CreateGrant(order) => grant_input(books, order),
            Self::EditGrant {
                grant,
                name,
                expires_at,
                never,
            } => {
                json!({"id": grant_id(books, *grant), "name": name, "expiresAt": expires_at.map(stamp), "neverExpires": never.then_some(true)})
            }
            Self::ExpireGrant { grant } => json!({"id": grant_id(books, *grant)}),
            Self::VoidGrant {
                grant,
                remainder_only,
                release_key,
            } => {
                json!({"id": grant_id(books, *grant), "remainderOnly": remainder_only.then_some(true), "releaseUniquenessKey": release_key.then_some(true)})
            }
            Self::CreateCredit(order) => credit_input(books, order),
            Self::EditCredit(edit) => edit_input(books, edit),
            Self::EndCredit { credit, end } => {
                json!({"id": credit_id(books, *credit), "endingBefore": stamp(*end)})
            }
            Self::VoidCredit {
                credit,
                remainder_only,
            } => json!({"id": credit_id(books, *credit), "remainderOnly": remainder_only}),
            Self::DrawDown(order) => draw_input(books, order),
            Self::Capture { drawdown, amount } => {
                json!({"id": drawdown_id(books, *drawdown), "amount": amount})
            }
            Self::Release { drawdown } => json!({"id": drawdown_id(books, *drawdown)}),
            Self::Reverse {
                drawdown,
                amount,
                extend,
            } => {
                json!({"id": drawdown_id(books, *drawdown), "amount": amount, "ifExpired": extend.then_some("EXTEND_30_DAYS")})
            }
            Self::Manual {
                segment,
                amount,
                effective_at,
            } => {
                json!({"segmentId": segment_id(books, *segment), "amount": amount, "reason": "model", "effectiveAt": effective_at.map(stamp)})
            }
        };
        input["idempotencyKey"] = json!(key);
        without_nulls(input)
    }
}

fn id<T>(all: &[T], place: usize, of: impl Fn(&T) -> &String) -> String {
    let unknown = if place == NO_UUID {
        NO_UUID_ID
    } else {
        UNKNOWN_ID
    };
    all.get(place)
        .map_or_else(|| unknown.to_owned(), |one| of(one).clone())
}

fn ids<T>(all: &[T], places: &[usize], of: impl Fn(&T) -> &String) -> Vec<String> {
    places.iter().map(|&place| id(all, place, &of)).collect()
}

pub fn product_id(books: &Books, place: usize) -> String {
    id(&books.products, place, |one| &one.id)
}

fn contract_id(books: &Books, place: usize) -> String {
    id(&books.contracts, place, |one| &one.id)
}

fn grant_id(books: &Books, place: usize) -> String {
    id(&books.grants, place, |one| &one.id)
}

fn credit_id(books: &Books, place: usize) -> String {
    id(&books.credits, place, |one| &one.id)
}

fn drawdown_id(books: &Books, place: usize) -> String {
    id(&books.drawdowns, place, |one| &one.id)
}

fn segment_id(books: &Books, place: usize) -> String {
    id(&books.segments, place, |one| &one.id)
}

fn grant_input(books: &Books, order: &GrantOrder) -> Value {
    json!({
        "customerId": id(&books.customers, order.customer, |c| &c.id),
        "name": order.name,
        "grantAmount": {"amount": order.amount, "creditTypeId": id(&books.units, order.unit, |u| &u.id)},
        "category": order.paid.then_some("PAID"),
        "priority": order.priority,
        "effectiveAt": order.effective_at.map(stamp),
        "expiresAt": order.expires_at.map(stamp),
        "productIds": (!order.products.is_empty()).then(|| ids(&books.products, &order.products, |p| &p.id)),
        "rollover": order.rollover.as_ref().map(|rollover| json!({
            "kind": if rollover.percentage { "MAX_PERCENTAGE" } else { "MAX_AMOUNT" },
            "value": rollover.value, "priority": rollover.priority, "expiresAt": stamp(rollover.expires_at),
        })),
        "uniquenessKey": order.uniqueness_key,
    })
}

fn segment_input(order: &SegmentOrder) -> Value {
    json!({"amount": order.amount, "startingAt": stamp(order.start), "endingBefore": order.end.map(stamp)})
}

fn credit_input(books: &Books, order: &CreditOrder) -> Value {
    let specifiers: Vec<Value> = order
        .scope
        .specifiers
        .iter()
        .map(|one| specifier_input(books, one))
        .collect();
    let scope = &order.scope;
    json!({
        "customerId": id(&books.customers, order.customer, |c| &c.id),
        "contractId": order.contract.map(|contract| contract_id(books, contract)),
        "productId": product_id(books, order.product),
        "priority": order.priority,
        "name": "credit",
        "accessSchedule": {
            "creditTypeId": id(&books.units, order.unit, |u| &u.id),
            "segments": order.segments.iter().map(segment_input).collect::<Vec<_>>(),
        },
        "applicableContractIds": (!scope.contracts.is_empty()).then(|| ids(&books.contracts, &scope.contracts, |c| &c.id)),
        "applicableProductIds": (!scope.products.is_empty()).then(|| ids(&books.products, &scope.products, |p| &p.id)),
        "applicableProductTags": (!scope.tags.is_empty()).then_some(&scope.tags),
        "specifiers": (!specifiers.is_empty()).then_some(specifiers),
        "uniquenessKey": order.uniqueness_key,
    })
}

fn specifier_input(books: &Books, order: &SpecifierOrder) -> Value {
    json!({
        "productId": order.product.map(|product| product_id(books, product)),
        "productTags": (!order.tags.is_empty()).then_some(&order.tags),
        "pricingGroupValues": (!order.pricing.is_empty()).then_some(&order.pricing),
        "presentationGroupValues": (!order.presentation.is_empty()).then_some(&order.presentation),
    })
}

fn edit_input(books: &Books, edit: &CreditEdit) -> Value {
    let update: Vec<Value> = edit
        .update
        .iter()
        .map(|one| {
            json!({"id": segment_id(books, one.segment), "amount": one.amount, "startingAt": one.start.map(stamp), "endingBefore": one.end.map(stamp)})
        })
        .collect();
    let add: Vec<Value> = edit.add.iter().map(segment_input).collect();
    let schedule = json!({
        "add": (!add.is_empty()).then_some(add),
        "update": (!update.is_empty()).then_some(update),
        "remove": (!edit.remove.is_empty()).then(|| ids(&books.segments, &edit.remove, |s| &s.id)),
    });
    let has_schedule = schedule
        .as_object()
        .is_some_and(|parts| parts.values().any(|part| !part.is_null()));
    json!({
        "id": credit_id(books, edit.credit),
        "priority": edit.priority,
        "applicableProductIds": edit.products.as_ref().map(|products| ids(&books.products, products, |p| &p.id)),
        "applicableProductTags": edit.tags,
        "accessSchedule": has_schedule.then_some(schedule),
    })
}

fn draw_input(books: &Books, order: &DrawOrder) -> Value {
    json!({
        "customerId": id(&books.customers, order.customer, |c| &c.id),
        "creditTypeId": id(&books.units, order.unit, |u| &u.id),
        "amount": order.amount,
        "onShortfall": order.partial.then_some("PARTIAL"),
        "hold": order.hold.then_some(true),
        "holdExpiresAt": order.hold_expires_at.map(stamp),
        "productId": order.product.map(|product| product_id(books, product)),
        "contractId": order.contract.map(|contract| contract_id(books, contract)),
        "pricingGroupValues": (!order.pricing.is_empty()).then_some(&order.pricing),
        "presentationGroupValues": (!order.presentation.is_empty()).then_some(&order.presentation),
        "effectiveAt": order.effective_at.map(stamp),
    })
}

/// An omitted field, never an explicit null: the contract tells the two apart in places.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, field)| !field.is_null())
                .map(|(name, field)| (name, without_nulls(field)))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
