//! What stands at Stripe, read by its calls.

use std::time::Duration;

use serde_json::Value as Json;

use super::ImportError;

/// Tries of one request.
const TRIES: u32 = 5;
/// Objects of a page.
const PAGE: usize = 100;

/// A movement of credit over there.
pub(super) struct Move {
    pub(super) id: String,
    pub(super) grant: String,
    pub(super) currency: String,
    /// Signed, in the currency's smallest unit.
    pub(super) value: i64,
    /// When it is true, in seconds.
    pub(super) at: i64,
    /// By invoices, rather than by the grant's beginning or end.
    pub(super) is_use: bool,
    pub(super) reason: String,
}

impl Move {
    /// Reads one; `None`: it is no movement of money.
    pub(super) fn read(row: &Json) -> Option<Self> {
        let text = |value: &Json, name: &str| value.get(name)?.as_str().map(str::to_owned);
        let side = text(row, "type")?;
        let moved = row.get(&*side)?;
        let kind = text(moved, "type")?;
        let (currency, value) = money_of(moved.get("amount")?)?;
        let detail = moved.get(&*kind);
        let of = |name: &str| {
            detail
                .and_then(|detail| text(detail, name))
                .unwrap_or_default()
        };
        Some(Self {
            id: text(row, "id")?,
            grant: text(row, "credit_grant")?,
            currency,
            value: if side == "debit" { -value } else { value },
            at: row.get("effective_at")?.as_i64()?,
            is_use: kind == "credits_applied" || kind == "credits_application_invoice_voided",
            reason: format!("{kind} {} {}", of("invoice"), of("invoice_line_item")),
        })
    }
}

/// Whom is asked.
pub(super) struct Source {
    pub(super) client: reqwest::Client,
    pub(super) base_url: String,
    pub(super) key: String,
}

/// A page of a list.
pub(super) struct Page {
    pub(super) data: Vec<Json>,
    pub(super) has_more: bool,
}

impl Source {
    /// All of a list, oldest first.
    pub(super) async fn all(&self, path: &str) -> Result<Vec<Json>, ImportError> {
        let mut all: Vec<Json> = Vec::new();
        loop {
            let after = all.last().map(id_of).transpose()?;
            let mut page = self.page(path, after.as_deref()).await?;
            let is_last = !page.has_more || page.data.is_empty();
            all.append(&mut page.data);
            if is_last {
                all.reverse();
                return Ok(all);
            }
        }
    }

    /// A page of a list, newest first.
    pub(super) async fn page(&self, path: &str, after: Option<&str>) -> Result<Page, ImportError> {
        let join = if path.contains('?') { '&' } else { '?' };
        let after = after.map_or_else(String::new, |id| format!("&starting_after={id}"));
        let url = format!("{}{path}{join}limit={PAGE}{after}", self.base_url);
        let mut body = self.get(&url).await?;
        let has_more = body.get("has_more").and_then(Json::as_bool);
        match (has_more, body.get_mut("data").map(Json::take)) {
            (Some(has_more), Some(Json::Array(data))) => Ok(Page { data, has_more }),
            _ => Err(ImportError::Source(format!("{url}: no list was answered"))),
        }
    }

    /// What is answered; asked again where that may help.
    async fn get(&self, url: &str) -> Result<Json, ImportError> {
        let mut pause = Duration::from_millis(200);
        for attempt in 1..=TRIES {
            let asked = self.client.get(url).bearer_auth(&self.key).send().await;
            let failed = match asked {
                Ok(answer) => {
                    let status = answer.status();
                    let may_pass = status.as_u16() == 429 || status.is_server_error();
                    match answer.json::<Json>().await {
                        Ok(body) if status.is_success() => return Ok(body),
                        Ok(body) if !may_pass => {
                            let said = body.pointer("/error/message").and_then(Json::as_str);
                            let said = said.unwrap_or_default();
                            return Err(ImportError::Source(format!("{url}: {status} {said}")));
                        }
                        Ok(_) => format!("{url}: {status}"),
                        Err(error) => format!("{url}: {status} {error}"),
                    }
                }
                Err(error) => error.to_string(),
            };
            if attempt == TRIES {
                return Err(ImportError::Source(failed));
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        Err(ImportError::Source(format!("{url}: no answer")))
    }
}

/// The id of an object.
pub(super) fn id_of(object: &Json) -> Result<String, ImportError> {
    let id = object.get("id").and_then(Json::as_str);
    id.map(str::to_owned)
        .ok_or_else(|| ImportError::Source("an object without an id was answered".to_owned()))
}

/// Currency and value of an amount of money.
pub(super) fn money_of(amount: &Json) -> Option<(String, i64)> {
    let money = amount.get("monetary")?;
    let currency = money.get("currency")?.as_str()?.to_owned();
    Some((currency, money.get("value")?.as_i64()?))
}

/// The amount of a grant: there it is always one of money.
pub(super) fn monetary(id: &str, grant: &Json) -> Result<(String, i64), ImportError> {
    let amount = grant.get("amount").and_then(money_of);
    amount.ok_or_else(|| ImportError::Refused {
        id: id.to_owned(),
        message: "its unit is no currency".to_owned(),
    })
}

/// What was used of a grant. Less than the smallest unit of the currency is told as nothing.
pub(super) fn uses_of<'m>(id: &str, moves: &'m [Move]) -> Vec<&'m Move> {
    let told = moves.iter().filter(|each| each.value != 0);
    told.filter(|each| each.grant == id && each.is_use)
        .collect()
}
