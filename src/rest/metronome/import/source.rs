//! The other side: whoever serves Metronome's calls, read page by page.

use std::time::Duration;

use domain::{DecimalText, Instant};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{ImportError, PLACES};
use crate::rest::metronome::error::Refused;
use crate::rest::metronome::fields::Fields;

/// Tries of one request.
const TRIES_MAX: u32 = 5;
/// Rows of a page of lists with a query string, and with a body.
const PAGE: u32 = 100;
const BODY_PAGE: u32 = 25;

/// Where everything is read from.
pub(super) struct Source {
    client: Client,
    base: String,
    token: String,
}

/// A customer there.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub id: Uuid,
    pub name: String,
    pub aliases: Vec<String>,
    pub custom_fields: Map<String, Json>,
    pub created_at: Instant,
    pub archived: bool,
}

/// A pricing unit there.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub id: Uuid,
    pub name: String,
    pub is_currency: bool,
}

/// A product there.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub id: Uuid,
    pub name: String,
    pub tags: Vec<String>,
    pub kind: String,
    pub archived: bool,
    pub custom_fields: Map<String, Json>,
}

/// A custom field that is known there.
#[derive(Clone, Debug)]
pub(super) struct FieldKey {
    pub entity: String,
    pub key: String,
    pub unique: bool,
}

/// Something that was taken from or put into a grant or credit.
#[derive(Clone, Debug)]
pub(super) struct Movement {
    pub at: Instant,
    /// Signed.
    pub amount: DecimalText,
    pub reason: String,
    pub invoice: Option<String>,
    /// Of which segment, if it says so.
    pub segment: Option<Uuid>,
}

/// A credit grant there.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub id: Uuid,
    pub name: String,
    pub priority: f64,
    pub effective_at: Instant,
    pub expires_at: Instant,
    pub amount: DecimalText,
    pub unit: Unit,
    pub paid: DecimalText,
    pub paid_unit: Unit,
    pub reason: Option<String>,
    pub grant_type: Option<String>,
    pub products: Vec<Uuid>,
    pub custom_fields: Map<String, Json>,
    pub uniqueness_key: Option<String>,
    pub movements: Vec<Movement>,
    /// What is left, drafts apart.
    pub left: DecimalText,
    /// What is gone of it, and is no deduction: what had rolled over, or expired, before its end was
    /// moved.
    pub untold: Option<Movement>,
}

impl Grant {
    /// Finds what is [untold](Self::untold). Of what is over nothing is left, which says no more.
    pub(super) fn reckon(&mut self, now: Instant) {
        self.untold = self.gone(now).filter(|_| now < self.expires_at);
    }

    fn gone(&self, now: Instant) -> Option<Movement> {
        let minor = |amount: DecimalText| amount.to_minor(PLACES).ok();
        let mut gone = minor(self.amount)?.checked_sub(minor(self.left)?)?;
        for movement in self.movements.iter().filter(|one| one.at <= now) {
            gone = gone.checked_add(minor(movement.amount)?)?;
        }
        let amount = domain::amount::display(gone, PLACES);
        (gone > 0).then_some(Movement {
            at: self.effective_at,
            amount: negated(DecimalText::parse(&amount).ok()?),
            reason: "Rolled over, or expired, before the grant was made longer".to_owned(),
            invoice: None,
            segment: None,
        })
    }
}

/// A segment of a credit there.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub id: Uuid,
    pub amount: DecimalText,
    pub starting_at: Instant,
    pub ending_before: Instant,
}

impl Segment {
    /// Its end, if it has one.
    pub(super) fn end(&self) -> Option<Instant> {
        (self.ending_before < Instant::MAX).then_some(self.ending_before)
    }
}

/// A contract there.
#[derive(Clone, Debug)]
pub(super) struct Contract {
    pub id: Uuid,
    pub name: Option<String>,
    pub starting_at: Instant,
    pub ending_before: Option<Instant>,
    pub custom_fields: Map<String, Json>,
    pub uniqueness_key: Option<String>,
}

/// A credit there, of a customer or of one of its contracts.
#[derive(Clone, Debug)]
pub(super) struct Credit {
    pub id: Uuid,
    /// Of which contract.
    pub contract: Option<Uuid>,
    /// The contracts it may pay for; empty: all.
    pub contracts: Vec<Uuid>,
    pub product: Uuid,
    pub name: Option<String>,
    pub description: Option<String>,
    pub priority: f64,
    pub unit: Unit,
    pub segments: Vec<Segment>,
    pub products: Vec<Uuid>,
    pub tags: Vec<String>,
    pub specifiers: Vec<crate::ledger::command::input::SpecifierInput>,
    pub rate_type: Option<&'static str>,
    pub custom_fields: Map<String, Json>,
    pub uniqueness_key: Option<String>,
    pub netsuite: Option<String>,
    pub salesforce: Option<String>,
    pub movements: Vec<Movement>,
    /// What can be spent now, drafts taken off.
    pub balance: DecimalText,
}

type Read<T> = Result<T, Refused>;

impl Source {
    pub(super) fn new(base: &str, token: &str) -> Result<Self, ImportError> {
        let client = Client::builder().timeout(Duration::from_secs(60)).build();
        Ok(Self {
            client: client.map_err(|error| ImportError::Source(error.to_string()))?,
            base: base.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        })
    }

    pub(super) async fn customers(&self, archived: bool) -> Result<Vec<Customer>, ImportError> {
        let path = format!("/v1/customers?limit={PAGE}&only_archived={archived}");
        self.by_query(Method::GET, &path, &json!({}), |row| {
            Ok(Customer {
                id: row.id("id")?,
                name: row.text("name")?,
                aliases: row.texts("ingest_aliases")?.unwrap_or_default(),
                custom_fields: row.map("custom_fields")?.unwrap_or_default(),
                created_at: row.time("created_at")?,
                archived,
            })
        })
        .await
    }

    pub(super) async fn units(&self) -> Result<Vec<Unit>, ImportError> {
        let path = format!("/v1/credit-types/list?limit={PAGE}");
        self.by_query(Method::GET, &path, &json!({}), unit).await
    }

    pub(super) async fn products(&self) -> Result<Vec<Product>, ImportError> {
        let path = format!("/v1/contract-pricing/products/list?limit={PAGE}");
        let all = json!({ "archive_filter": "ALL" });
        self.by_query(Method::POST, &path, &all, |row| {
            let current = row.object("current")?;
            Ok(Product {
                id: row.id("id")?,
                name: current.text("name")?,
                tags: current.texts("tags")?.unwrap_or_default(),
                kind: row.text("type")?,
                archived: row.maybe_text("archived_at")?.is_some(),
                custom_fields: row.map("custom_fields")?.unwrap_or_default(),
            })
        })
        .await
    }

    pub(super) async fn field_keys(&self) -> Result<Vec<FieldKey>, ImportError> {
        let path = "/v1/customFields/listKeys?";
        self.by_query(Method::POST, path, &json!({}), |row| {
            Ok(FieldKey {
                entity: row.text("entity")?,
                key: row.text("key")?,
                unique: row.flag("enforce_uniqueness")?.unwrap_or_default(),
            })
        })
        .await
    }

    pub(super) async fn grants(&self, customer: Uuid) -> Result<Vec<Grant>, ImportError> {
        let path = format!("/v1/credits/listGrants?limit={PAGE}");
        let of = json!({ "customer_ids": [customer] });
        self.by_query(Method::POST, &path, &of, grant).await
    }

    pub(super) async fn credits(&self, customer: Uuid) -> Result<Vec<Credit>, ImportError> {
        let path = "/v1/contracts/customerCredits/list";
        let mut body = json!({
            "customer_id": customer, "include_ledgers": true, "include_balance": true,
            "include_contract_credits": true, "limit": BODY_PAGE,
        });
        let mut all = Vec::new();
        loop {
            let (rows, next) = self.page(Method::POST, path, &body, credit).await?;
            all.extend(rows);
            let Some(next) = next else { return Ok(all) };
            body["next_page"] = next.into();
        }
    }

    pub(super) async fn contract(&self, customer: Uuid, id: Uuid) -> Result<Contract, ImportError> {
        let path = "/v2/contracts/get";
        let of = json!({ "customer_id": customer, "contract_id": id });
        let bytes = self.call(Method::POST, path, &of).await?;
        let read = || {
            let answer = Fields::of_body(&bytes)?;
            let row = answer.object("data")?;
            Ok(Contract {
                id: row.id("id")?,
                name: row.maybe_text("name")?,
                starting_at: row.time("starting_at")?,
                ending_before: row.maybe_time("ending_before")?,
                custom_fields: row.map("custom_fields")?.unwrap_or_default(),
                uniqueness_key: row.maybe_text("uniqueness_key")?,
            })
        };
        read().map_err(|refused: Refused| told(path, &refused))
    }

    /// All pages of a list whose cursor stands in the query string; the path ends in one.
    async fn by_query<T>(
        &self,
        method: Method,
        path: &str,
        body: &Json,
        read: impl Fn(&Fields<'_>) -> Read<T>,
    ) -> Result<Vec<T>, ImportError> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("{path}{cursor}");
            let (rows, next) = self.page(method.clone(), &path, body, &read).await?;
            all.extend(rows);
            let Some(next) = next else { return Ok(all) };
            let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            cursor = format!("&next_page={next}");
        }
    }

    async fn page<T>(
        &self,
        method: Method,
        path: &str,
        body: &Json,
        read: impl Fn(&Fields<'_>) -> Read<T>,
    ) -> Result<(Vec<T>, Option<String>), ImportError> {
        let bytes = self.call(method, path, body).await?;
        let read = || {
            let answer = Fields::of_body(&bytes)?;
            let rows = answer.objects("data")?;
            let rows = rows.iter().map(read).collect::<Read<Vec<T>>>()?;
            Ok((rows, answer.next_page()?))
        };
        read().map_err(|refused: Refused| told(path, &refused))
    }

    /// One call, tried again where that may help.
    async fn call(&self, method: Method, path: &str, body: &Json) -> Result<Vec<u8>, ImportError> {
        let url = format!("{}{path}", self.base);
        for attempt in 1..=TRIES_MAX {
            let mut request = self
                .client
                .request(method.clone(), &url)
                .bearer_auth(&self.token);
            if method == Method::POST {
                request = request.json(body);
            }
            let told = match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    let bytes = answer.bytes().await;
                    let bytes = bytes.map_err(|error| ImportError::Source(error.to_string()))?;
                    return Ok(bytes.to_vec());
                }
                Ok(answer) => {
                    let status = answer.status();
                    let text = answer.text().await.unwrap_or_default();
                    let told = format!("{path}: {status}: {text}");
                    if !(status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()) {
                        return Err(ImportError::Source(told));
                    }
                    told
                }
                Err(error) => format!("{path}: {error}"),
            };
            if attempt == TRIES_MAX {
                return Err(ImportError::Source(told));
            }
            tokio::time::sleep(Duration::from_millis(250 << attempt)).await;
        }
        Err(ImportError::Source(format!("{path}: no answer")))
    }
}

/// An answer that is not what Metronome documents.
fn told(path: &str, refused: &Refused) -> ImportError {
    ImportError::Source(format!("{path}: {}", refused.message))
}

fn unit(row: &Fields<'_>) -> Read<Unit> {
    Ok(Unit {
        id: row.id("id")?,
        name: row.text("name")?,
        is_currency: row.flag("is_currency")?.unwrap_or_default(),
    })
}

fn grant(row: &Fields<'_>) -> Read<Grant> {
    let (amount, paid) = (row.object("grant_amount")?, row.object("paid_amount")?);
    let deductions = row.maybe_objects("deductions")?.unwrap_or_default();
    let movements = deductions.iter().map(|line| {
        Ok(Movement {
            at: line.time("effective_at")?,
            // There, what was taken is positive.
            amount: negated(line.number("amount")?),
            reason: line.text("reason")?,
            invoice: line.maybe_text("invoice_id")?,
            segment: None,
        })
    });
    let products = row.maybe_objects("products")?.unwrap_or_default();
    Ok(Grant {
        id: row.id("id")?,
        name: row.text("name")?,
        priority: row.priority("priority")?,
        effective_at: row.time("effective_at")?,
        expires_at: row.time("expires_at")?,
        amount: amount.number("amount")?,
        unit: unit(&amount.object("credit_type")?)?,
        paid: paid.number("amount")?,
        paid_unit: unit(&paid.object("credit_type")?)?,
        reason: row.maybe_text("reason")?,
        grant_type: row.maybe_text("credit_grant_type")?,
        products: products
            .iter()
            .map(|one| one.id("id"))
            .collect::<Read<_>>()?,
        custom_fields: row.map("custom_fields")?.unwrap_or_default(),
        uniqueness_key: row.maybe_text("uniqueness_key")?,
        movements: movements.collect::<Read<_>>()?,
        left: row.object("balance")?.number("excluding_pending")?,
        untold: None,
    })
}

fn credit(row: &Fields<'_>) -> Read<Credit> {
    let schedule = row.object("access_schedule")?;
    let usd = || Unit {
        id: domain::CreditTypeId::USD.0,
        name: String::new(),
        is_currency: true,
    };
    let items = schedule.objects("schedule_items")?;
    let segments = items.iter().map(|item| {
        Ok(Segment {
            id: item.id("id")?,
            amount: item.number("amount")?,
            starting_at: item.time("starting_at")?,
            ending_before: item.time("ending_before")?,
        })
    });
    let lines = row.maybe_objects("ledger")?.unwrap_or_default();
    let mut movements = Vec::new();
    for line in &lines {
        let kind = line.text("type")?;
        // Starts and ends come by themselves.
        if kind == "CREDIT_SEGMENT_START" || kind == "CREDIT_EXPIRATION" {
            continue;
        }
        movements.push(Movement {
            at: line.time("timestamp")?,
            amount: line.number("amount")?,
            reason: line
                .maybe_text("reason")?
                .unwrap_or_else(|| reason(&kind).to_owned()),
            invoice: line.maybe_text("invoice_id")?,
            segment: line.maybe_id("segment_id")?,
        });
    }
    Ok(Credit {
        id: row.id("id")?,
        contract: match row.maybe_object("contract")? {
            Some(contract) => Some(contract.id("id")?),
            None => None,
        },
        contracts: row.ids("applicable_contract_ids")?.unwrap_or_default(),
        product: row.object("product")?.id("id")?,
        name: row.maybe_text("name")?,
        description: row.maybe_text("description")?,
        priority: row
            .maybe_priority("priority")?
            .unwrap_or(super::super::schedule::PRIORITY),
        unit: schedule
            .maybe_object("credit_type")?
            .map_or_else(|| Ok(usd()), |one| unit(&one))?,
        segments: segments.collect::<Read<_>>()?,
        products: row.ids("applicable_product_ids")?.unwrap_or_default(),
        tags: row.texts("applicable_product_tags")?.unwrap_or_default(),
        specifiers: super::super::schedule::specifiers(row)?.unwrap_or_default(),
        rate_type: row.maybe_choice("rate_type", &["COMMIT_RATE", "LIST_RATE"])?,
        custom_fields: row.map("custom_fields")?.unwrap_or_default(),
        uniqueness_key: row.maybe_text("uniqueness_key")?,
        netsuite: row.maybe_text("netsuite_sales_order_id")?,
        salesforce: row.maybe_text("salesforce_opportunity_id")?,
        movements,
        balance: row.maybe_number("balance")?.unwrap_or(DecimalText::ZERO),
    })
}

fn reason(kind: &str) -> &'static str {
    match kind {
        "CREDIT_AUTOMATED_INVOICE_DEDUCTION" => "Automated invoice deduction",
        "CREDIT_CREDITED" => "Credited",
        "CREDIT_CANCELED" => "Canceled",
        "CREDIT_ROLLOVER" => "Rolled over",
        "CREDIT_SEAT_BASED_ADJUSTMENT" => "Seat based adjustment",
        _ => "Manual entry",
    }
}

/// The same amount with the other sign.
pub(super) fn negated(amount: DecimalText) -> DecimalText {
    let text = amount.to_string();
    let text = match text.strip_prefix('-') {
        Some(text) => text.to_owned(),
        None => format!("-{text}"),
    };
    DecimalText::parse(&text).unwrap_or(DecimalText::ZERO)
}
