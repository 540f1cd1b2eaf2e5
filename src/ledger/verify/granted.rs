//! Grants and credits against their segments, and grants against those they rolled over into
//! (rules 11 to 13).

use std::collections::HashMap;
use std::sync::Arc;

use domain::grant::{Category, Rollover, RolloverKind, percentage_cap};
use domain::scope::Scope;
use domain::segment::{Parent, Segment};
use domain::{CreditGrantId, CreditTypeId, DecimalText, Scale};
use entity::{credit, credit_grant};
use serde::de::DeserializeOwned;

use super::Finding;
use super::books::Books;

/// Checks all grants and credits of a customer.
pub(super) fn check(
    books: &Books,
    units: &HashMap<CreditTypeId, Scale>,
    findings: &mut Vec<Finding>,
) {
    for grant in books.grants.values() {
        let segment = books.segments.get(&grant.segment_id);
        let wrong = match segment.map(|kept| &kept.segment) {
            None => vec!["its segment is not there".to_owned()],
            Some(segment) if segment.parent != Parent::Grant(grant.id) => {
                vec!["its segment belongs to something else".to_owned()]
            }
            Some(segment) => {
                let scale = units.get(&grant.credit_type_id).copied();
                let mut wrong = grant_against(grant, segment, scale);
                if grant.rolled_over_to.is_none() && segment.rolled_over != 0 {
                    wrong.push("its segment rolled over, yet rolled_over_to is empty".to_owned());
                }
                wrong
            }
        };
        let rolled = rollover_pair(books, grant).into_iter().map(str::to_owned);
        let wrong = wrong.into_iter().chain(rolled);
        findings.extend(wrong.map(|what| Finding::of(grant, what)));
    }
    for credit in books.credits.values() {
        let mut segments = 0_u64;
        let own = books.segments.values().map(|kept| &kept.segment);
        for segment in own.filter(|segment| segment.parent == Parent::Credit(credit.id)) {
            segments = segments.saturating_add(1);
            let wrong = credit_against(credit, segment).into_iter();
            findings.extend(wrong.map(|what| Finding::of(credit, what)));
        }
        if segments == 0 {
            findings.push(Finding::of(credit, "it has no segment"));
        }
        if credit.voided_at.is_some() && credit.archived_at.is_none() {
            findings.push(Finding::of(credit, "it is voided and not archived"));
        }
        if !named_contracts(books, credit) {
            findings.push(Finding::of(credit, "names a contract that is not there"));
        }
    }
    for kept in books.segments.values() {
        let segment = &kept.segment;
        let wrong = match segment.parent {
            Parent::Grant(id) => match books.grants.get(&id) {
                None => "its grant is not there",
                Some(grant) if grant.segment_id != segment.id => "its grant has another segment",
                Some(_) => continue,
            },
            Parent::Credit(id) if !books.credits.contains_key(&id) => "its credit is not there",
            Parent::Credit(_) => continue,
        };
        findings.push(Finding::new("segment", segment.id, wrong));
    }
}

/// In which columns a grant and its segment differ.
fn grant_against(
    grant: &credit_grant::Model,
    segment: &Segment,
    scale: Option<Scale>,
) -> Vec<String> {
    let scope = list(&grant.product_ids).map(|products| Scope {
        products,
        ..Scope::default()
    });
    let rollover = match (rollover_of(grant, scale), scale) {
        (_, None) => true,
        (Ok(rollover), Some(_)) => rollover == segment.rollover,
        (Err(()), Some(_)) => false,
    };
    differing(&[
        (
            "credit_type_id",
            grant.credit_type_id == segment.credit_type_id,
        ),
        ("amount", grant.amount == segment.amount),
        (
            "effective_at",
            grant.effective_at == segment.window.starts_at,
        ),
        ("expires_at", grant.expires_at == segment.window.ends_at),
        ("priority", same(grant.priority, segment.priority)),
        ("category", grant.category == segment.category),
        ("product_ids", scope.as_ref() == Some(&*segment.scope)),
        ("rollover", rollover),
        (
            "rolled_over_from",
            grant.rolled_over_from.is_some() == segment.rolled_in,
        ),
        ("contract_level", !segment.contract_level),
        ("created_at", grant.created_at == segment.created_at),
        ("voided_at", grant.voided_at == segment.voided_at),
    ])
}

/// The rollover that the columns of a grant describe.
fn rollover_of(grant: &credit_grant::Model, scale: Option<Scale>) -> Result<Option<Rollover>, ()> {
    let columns = (
        grant.rollover_kind,
        &grant.rollover_value,
        grant.rollover_priority,
        grant.rollover_expires_at,
    );
    match columns {
        (None, None, None, None) => Ok(None),
        (Some(kind), Some(value), Some(priority), Some(expires_at)) => {
            let value = DecimalText::parse(value).map_err(drop)?;
            let cap = match kind {
                RolloverKind::MaxAmount => {
                    value.to_minor(scale.unwrap_or_default()).map_err(drop)?
                }
                RolloverKind::MaxPercentage => percentage_cap(grant.amount, value),
            };
            Ok(Some(Rollover {
                cap,
                priority,
                expires_at,
            }))
        }
        _ => Err(()),
    }
}

/// What is wrong between a grant and those it took over from or was taken over by.
fn rollover_pair(books: &Books, grant: &credit_grant::Model) -> Vec<&'static str> {
    let other = |id: Option<CreditGrantId>| id.map(|id| books.grants.get(&id));
    let mut wrong = Vec::new();
    match other(grant.rolled_over_to) {
        None => {}
        Some(Some(to)) if to.rolled_over_from == Some(grant.id) => {
            let segment = books.segments.get(&grant.segment_id);
            if segment.is_some_and(|kept| kept.segment.rolled_over != to.amount) {
                wrong.push("what rolled over is not the amount of rolled_over_to");
            }
            if to.credit_type_id != grant.credit_type_id {
                wrong.push("rolled_over_to is in another unit");
            }
        }
        Some(_) => wrong.push("rolled_over_to names no grant that took over from it"),
    }
    match other(grant.rolled_over_from) {
        Some(from) if from.is_none_or(|from| from.rolled_over_to != Some(grant.id)) => {
            wrong.push("rolled_over_from names no grant that rolled over into it");
        }
        _ => {}
    }
    wrong
}

/// In which columns a credit and one of its segments differ.
fn credit_against(credit: &credit::Model, segment: &Segment) -> Vec<String> {
    let mut wrong = differing(&[
        (
            "credit_type_id",
            credit.credit_type_id == segment.credit_type_id,
        ),
        ("priority", same(credit.priority, segment.priority)),
        (
            "contract_id",
            credit.contract_id.is_some() == segment.contract_level,
        ),
        ("scope", scope_of(credit).as_ref() == Some(&segment.scope)),
        ("category", segment.category == Category::Promotional),
        ("rollover", segment.rollover.is_none() && !segment.rolled_in),
        ("created_at", credit.created_at == segment.created_at),
    ]);
    if credit.voided_at.is_some() && segment.voided_at.is_none() {
        wrong.push(format!("it is voided, its segment {} not", segment.id));
    }
    wrong
}

/// The scope that the columns of a credit describe: at the level of a contract it is for that one.
fn scope_of(credit: &credit::Model) -> Option<Arc<Scope>> {
    let listed: Vec<_> = list(&credit.applicable_contract_ids)?;
    let contracts = match credit.contract_id {
        Some(own) if listed.is_empty() => vec![own],
        _ => listed,
    };
    Some(Arc::new(Scope {
        contracts,
        products: list(&credit.applicable_product_ids)?,
        tags: list(&credit.applicable_product_tags)?,
        specifiers: list(&credit.specifiers)?,
    }))
}

fn named_contracts(books: &Books, credit: &credit::Model) -> bool {
    let listed: Vec<_> = list(&credit.applicable_contract_ids).unwrap_or_default();
    let mut all = listed.into_iter().chain(credit.contract_id);
    all.all(|contract| books.contracts.contains_key(&contract))
}

fn list<T: DeserializeOwned>(text: &str) -> Option<Vec<T>> {
    serde_json::from_str(text).ok()
}

/// Bit by bit: priorities are copied, never computed.
fn same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits()
}

fn differing(columns: &[(&str, bool)]) -> Vec<String> {
    let differing = columns.iter().filter(|(_, agree)| !agree);
    differing
        .map(|(column, _)| format!("{column} is not what its segment says"))
        .collect()
}
