//! `/v1/customers`.

use domain::{CustomerId, Instant, TestClockId};
use entity::customer;
use serde_json::{Map, Value as Json, json};

use super::call::Call;
use super::clocks;
use super::error::{Answer, ApiError};
use super::expand::{self, Object};
use super::fields::{self, Fields};
use super::ids::Kind;
use super::list::{self, Listing};
use super::objects::{self, Facts};
use super::params::{Given, Params, instant};
use crate::ledger::command::input::{
    ArchiveCustomer, CreateCustomer, CustomerExtra, PatchCustomer,
};
use crate::ledger::read::{CustomerFilter, Place, TimeRange};

/// Texts of a customer that can be unset: name, characters at most.
const TEXTS: [(&str, usize); 5] = [
    ("email", 512),
    ("description", 5000),
    ("phone", 20),
    ("business_name", 150),
    ("individual_name", 150),
];
pub(super) const ADDRESS: [&str; 6] = ["city", "country", "line1", "line2", "postal_code", "state"];
const NAME_MAX: usize = 256;
const LOCALES_MAX: usize = 100;

const WRITTEN: [&str; 22] = [
    "name",
    "email",
    "description",
    "phone",
    "business_name",
    "individual_name",
    "metadata[*]",
    "address[city]",
    "address[country]",
    "address[line1]",
    "address[line2]",
    "address[postal_code]",
    "address[state]",
    "shipping[name]",
    "shipping[phone]",
    "shipping[address][city]",
    "shipping[address][country]",
    "shipping[address][line1]",
    "shipping[address][line2]",
    "shipping[address][postal_code]",
    "shipping[address][state]",
    "preferred_locales[]",
];

/// `POST /v1/customers`.
pub(super) async fn create(call: &Call) -> Answer<Json> {
    let known = [&WRITTEN[..], &["tax_exempt", "test_clock", "expand[]"]].concat();
    call.params.only(&known)?;
    let expand = expand::read(call, Object::Customer, false)?;
    let given = Written::read(&call.params)?;
    let fallback = given.text("email").or_else(|| given.text("description"));
    let (name, remembered) = fields::kept_name(
        given.name.clone().value().as_deref(),
        fallback.as_deref().unwrap_or("Customer"),
    );
    let mut private = given.private;
    private.retain(|_, value| !value.is_null());
    if !remembered.is_null() {
        private.insert("name".to_owned(), remembered);
    }
    let metadata = call.params.metadata()?;
    let clock = clock(call).await?;
    let command = CreateCustomer {
        name,
        external_id: None,
        custom_fields: Some(fields::new(metadata.as_ref(), private)),
        extra: CustomerExtra::default(),
        test_clock_id: clock,
    };
    let made = call.execute(command).await?;
    answer(call, CustomerId(made.object_id), &expand).await
}

/// `GET /v1/customers/{id}`.
pub(super) async fn retrieve(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&["expand[]"])?;
    let expand = expand::read(call, Object::Customer, false)?;
    let row = found(call, id).await?;
    answer(call, row.id, &expand).await
}

/// `POST /v1/customers/{id}`.
pub(super) async fn update(call: &Call, id: &str) -> Answer<Json> {
    let known = [&WRITTEN[..], &["tax_exempt", "expand[]"]].concat();
    call.params.only(&known)?;
    let expand = expand::read(call, Object::Customer, false)?;
    let given = Written::read(&call.params)?;
    let metadata = call.params.metadata()?;
    let row = found(call, id).await?;
    if row.archived_at.is_some() {
        return Err(ApiError::no_such(Kind::Customer, id, "id"));
    }
    let before = Fields::read(&row.custom_fields);
    let mut patch = before.patch(metadata.as_ref())?;
    let mut private = given.private;
    let name = match &given.name {
        Given::Absent => None,
        given => {
            let given = given.clone().value();
            let (name, remembered) = fields::kept_name(given.as_deref(), &row.name);
            private.insert("name".to_owned(), remembered);
            Some(name)
        }
    };
    if !private.is_empty() {
        patch.insert(fields::PRIVATE.to_owned(), Json::Object(private));
    }
    if name.is_some() || !patch.is_empty() {
        call.execute(PatchCustomer {
            id: row.id,
            name,
            custom_fields_patch: (!patch.is_empty()).then_some(Json::Object(patch)),
        })
        .await?;
    }
    answer(call, row.id, &expand).await
}

/// `DELETE /v1/customers/{id}`: the customer is archived, its books stay.
pub(super) async fn delete(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&[])?;
    let row = found(call, id).await?;
    if row.archived_at.is_some() {
        return Err(ApiError::nothing_at(Kind::Customer, id));
    }
    call.execute(ArchiveCustomer { id: row.id }).await?;
    Ok(objects::deleted(Kind::Customer, row.id.0))
}

/// `GET /v1/customers`.
pub(super) async fn all(call: &Call) -> Answer<Json> {
    let own = [
        "email",
        "test_clock",
        "created",
        "created[gt]",
        "created[gte]",
        "created[lt]",
        "created[lte]",
    ];
    call.params.only(&[&own[..], &list::PARAMS].concat())?;
    let expand = expand::read(call, Object::Customer, true)?;
    let clock = clock(call).await?;
    let filter = CustomerFilter {
        // Customers on a clock are left out unless that clock is named.
        on_test_clock: clock.is_none().then_some(false),
        test_clock_ids: clock.map(|clock| vec![clock]),
        archived: Some(false),
        email: call.params.maybe("email")?.map(str::to_owned),
        created_at: created(&call.params)?,
        ..CustomerFilter::default()
    };
    let listing = Listing::read(&call.params)?;
    let after = place(call, listing.after.as_deref(), "starting_after").await?;
    let before = place(call, listing.before.as_deref(), "ending_before").await?;
    let request = listing.request(after, before)?;
    let page = call.ledger.read().customers(&filter, &request).await?;
    let facts = Facts::load(call.ledger.read(), &[], &[], call.livemode).await?;
    let shown = page.nodes().map(|row| objects::customer(row, &facts));
    let mut data: Vec<Json> = shown.collect();
    expand::apply(call, Object::Customer, &expand, &mut data).await?;
    let more = listing.has_more(&page);
    Ok(list::envelope("/v1/customers", more, data))
}

/// The range of time that `created` asks for: whole seconds, ours are finer.
pub(super) fn created(params: &Params) -> Answer<TimeRange> {
    if let Ok(Given::Set(_)) = params.text("created", 20) {
        let second = params.moment("created")?.unwrap_or_default();
        return Ok(TimeRange {
            gte: Some(instant(second)),
            lt: Some(instant(second.saturating_add(1))),
        });
    }
    let bound = |name: &str, more: i64| -> Answer<Option<Instant>> {
        let second = params.moment(name)?;
        Ok(second.map(|second| instant(second.saturating_add(more))))
    };
    let (gte, gt) = (bound("created[gte]", 0)?, bound("created[gt]", 1)?);
    let (lt, lte) = (bound("created[lt]", 0)?, bound("created[lte]", 1)?);
    Ok(TimeRange {
        gte: gte.max(gt),
        lt: [lt, lte].into_iter().flatten().min(),
    })
}

/// What time it is for a customer: its test clock's, if it has one.
pub(super) async fn now(call: &Call, id: CustomerId) -> Answer<Instant> {
    let row = call.ledger.read().customer(id).await?;
    let clock = row.and_then(|row| row.clock_now);
    Ok(clock.unwrap_or(call.ledger.now()))
}

/// The test clock that is named.
async fn clock(call: &Call) -> Answer<Option<TestClockId>> {
    let Some(text) = call.params.maybe("test_clock")? else {
        return Ok(None);
    };
    let clock = clocks::named(call, text, "test_clock").await?;
    Ok(Some(clock.id))
}

/// The customer that a parameter names, deleted ones not.
pub(super) async fn named(call: &Call, text: &str, param: &str) -> Answer<customer::Model> {
    let row = by_id(call, text).await?;
    row.filter(|row| row.archived_at.is_none())
        .ok_or_else(|| ApiError::no_such(Kind::Customer, text, param))
}

/// The customer that a filter names, deleted ones too: their books stay.
pub(super) async fn filtered(call: &Call) -> Answer<Option<CustomerId>> {
    if call.params.has("customer_account")? {
        let account = call.params.required("customer_account")?;
        if call.params.has("customer")? {
            return Err(both_customers());
        }
        return Err(ApiError::invalid(format!("No such account: '{account}'"))
            .coded("resource_missing")
            .of("customer_account"));
    }
    let Some(text) = call.params.maybe("customer")? else {
        return Ok(None);
    };
    let row = by_id(call, text).await?;
    let row = row.ok_or_else(|| ApiError::no_such(Kind::Customer, text, "customer"))?;
    Ok(Some(row.id))
}

/// Stripe takes one of the two.
fn both_customers() -> ApiError {
    let message = "You may only specify one of these parameters: customer, customer_account.";
    ApiError::invalid(message).of("customer")
}

async fn by_id(call: &Call, text: &str) -> Answer<Option<customer::Model>> {
    match Kind::Customer.read(text) {
        Some(id) => Ok(call.ledger.read().customer(CustomerId(id)).await?),
        None => Ok(None),
    }
}

/// The customer that a path names, deleted ones too.
async fn found(call: &Call, text: &str) -> Answer<customer::Model> {
    let row = by_id(call, text).await?;
    row.ok_or_else(|| ApiError::nothing_at(Kind::Customer, text))
}

async fn place(call: &Call, cursor: Option<&str>, param: &str) -> Answer<Option<Place>> {
    let Some(text) = cursor else { return Ok(None) };
    let row = by_id(call, text).await?;
    let row = row.ok_or_else(|| ApiError::no_such(Kind::Customer, text, param))?;
    Ok(Some(Place::Id(row.id.0)))
}

async fn answer(call: &Call, id: CustomerId, expand: &expand::Paths) -> Answer<Json> {
    let facts = Facts::load(call.ledger.read(), &[id], &[], call.livemode).await?;
    let row = facts.customers.get(&id).ok_or_else(ApiError::internal)?;
    let mut shown = [objects::customer(row, &facts)];
    expand::apply(call, Object::Customer, expand, &mut shown).await?;
    let [shown] = shown;
    Ok(shown)
}

/// What is to be written of a customer, without metadata.
struct Written {
    name: Given<String>,
    /// By name; null for what shall go.
    private: Map<String, Json>,
}

impl Written {
    fn read(params: &Params) -> Answer<Self> {
        let name = params.text("name", NAME_MAX)?;
        let mut private = Map::new();
        for (name, max) in TEXTS {
            match params.text(name, max)? {
                Given::Absent => {}
                Given::Unset => {
                    private.insert(name.to_owned(), Json::Null);
                }
                Given::Set(text) => {
                    if name == "email" && !is_plausible(&text) {
                        let message = format!("Invalid email address: {text}");
                        return Err(ApiError::invalid(message)
                            .coded("email_invalid")
                            .of("email"));
                    }
                    private.insert(name.to_owned(), text.into());
                }
            }
        }
        for (name, read) in [
            ("address", address as fn(&Params, &str) -> Answer<Json>),
            ("shipping", shipping),
        ] {
            // An empty text in the place of an object unsets it.
            if let Ok(Given::Unset) = params.text(name, 0) {
                private.insert(name.to_owned(), Json::Null);
            } else if params.has(name)? {
                private.insert(name.to_owned(), read(params, name)?);
            }
        }
        if params.has("preferred_locales")? {
            let locales = params.texts("preferred_locales", LOCALES_MAX)?;
            private.insert("preferred_locales".to_owned(), json!(locales));
        }
        if let Ok(Given::Unset) = params.text("tax_exempt", 0) {
            private.insert("tax_exempt".to_owned(), "none".into());
        } else if let Some(exempt) = params.one_of("tax_exempt", &["none", "exempt", "reverse"])? {
            private.insert("tax_exempt".to_owned(), exempt.into());
        }
        Ok(Self { name, private })
    }

    fn text(&self, name: &str) -> Option<String> {
        self.private.get(name)?.as_str().map(str::to_owned)
    }
}

/// The whole address; what is not given is null.
fn address(params: &Params, path: &str) -> Answer<Json> {
    let mut address = Map::new();
    for part in ADDRESS {
        let text = params.text(&format!("{path}[{part}]"), 5000)?.value();
        let text = text.map(|text| {
            if part == "country" {
                text.to_uppercase()
            } else {
                text
            }
        });
        address.insert(part.to_owned(), json!(text));
    }
    Ok(Json::Object(address))
}

fn shipping(params: &Params, path: &str) -> Answer<Json> {
    let name = params.required("shipping[name]")?;
    let inner = format!("{path}[address]");
    if !params.has(&inner)? {
        return Err(ApiError::missing(&inner));
    }
    Ok(json!({
        "name": name,
        "phone": params.text("shipping[phone]", 5000)?.value(),
        "address": address(params, &inner)?,
        "carrier": null,
        "tracking_number": null,
    }))
}

/// Looks like an address, no more: something, an @, a host.
fn is_plausible(email: &str) -> bool {
    let Some((local, host)) = email.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| !part.is_empty() && !part.contains([' ', '\t', '\n', '@']);
    plain(local) && plain(host) && !host.starts_with('.') && !host.ends_with('.')
}
