//! One call: who calls, with which parameters, and what it may use of the ledger.

use domain::{CreditTypeId, ProductId, text};
use sha2::{Digest, Sha256};

use super::error::{Answer, ApiError};
use super::money::{self, Units};
use super::objects::{Facts, products};
use super::params::Params;
use crate::ledger::command::input::{AddProductExternalId, CreateProduct, ProductExtra};
use crate::ledger::read::GrantRow;
use crate::ledger::{Caller, Command, Ledger, Outcome};

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The books.
    pub ledger: Ledger,
    /// Who calls.
    pub caller: Caller,
    /// With what.
    pub params: Params,
    /// The key is one of live mode.
    pub livemode: bool,
    /// The caller's idempotency key.
    pub key: Option<String>,
}

impl Call {
    /// Carries a command out, under the caller's key if there is one.
    ///
    /// # Errors
    /// The refusal in Stripe's words.
    pub async fn execute(&self, command: impl Into<Command> + Send) -> Answer<Outcome> {
        let key = self.key.as_deref().map(|key| own_key("call", key));
        Ok(self.ledger.execute(&self.caller, command, key).await?)
    }

    /// What these grants are rendered with.
    ///
    /// # Errors
    /// What the reads say.
    pub async fn facts_of(&self, grants: &[GrantRow]) -> Answer<Facts> {
        let customers: Vec<_> = grants.iter().map(|row| row.grant.customer_id).collect();
        let products: Vec<_> = grants.iter().flat_map(products).collect();
        let reader = self.ledger.read();
        Ok(Facts::load(reader, &customers, &products, self.livemode).await?)
    }

    /// The unit of a currency; made if there is none yet.
    ///
    /// # Errors
    /// The refusal in Stripe's words.
    pub async fn unit(&self, currency: &str) -> Answer<entity::credit_type::Model> {
        let units = self.units().await?;
        if let Some(unit) = money::unit_of(&units, currency) {
            return Ok(unit.clone());
        }
        // Whoever asks for the same currency at the same time gets the same unit, and another than those
        // that were archived since.
        let key = match money::archived_of(&units, currency) {
            0 => own_key("currency", currency),
            archived => own_key("currency", &format!("{currency} {archived}")),
        };
        let command = money::new_unit(currency);
        let made = self
            .ledger
            .execute(&self.caller, command, Some(key))
            .await?;
        let id = CreditTypeId(made.object_id);
        let mut units = self.units().await?;
        units.remove(&id).ok_or_else(ApiError::internal)
    }

    /// All units.
    ///
    /// # Errors
    /// What the read says.
    pub async fn units(&self) -> Answer<Units> {
        let units = self.ledger.read().credit_types(true).await?;
        Ok(units.into_iter().map(|unit| (unit.id, unit)).collect())
    }

    /// The products that stand for these prices, in their order; `make`: also for those of which
    /// nobody has heard yet.
    ///
    /// # Errors
    /// The refusal in Stripe's words.
    pub async fn products(&self, prices: &[String], make: bool) -> Answer<Vec<ProductId>> {
        let reader = self.ledger.read();
        let names: Vec<String> = prices.iter().map(|price| external_id(price)).collect();
        let known = reader.products_by_external_id(&names).await?;
        let ids = prices.iter().map(|price| ProductId::read(price));
        let ids: Vec<ProductId> = ids.filter(|id| id.0 != domain::id::NOTHING).collect();
        let by_id = reader.products_by_id(&ids).await?;
        let mut found = Vec::new();
        for (price, name) in prices.iter().zip(&names) {
            let id = ProductId::read(price);
            if let Some(id) = known.get(name) {
                found.push(*id);
            } else if by_id.contains_key(&id) {
                found.push(id);
            } else if make {
                found.push(self.new_product(price).await?);
            }
        }
        Ok(found)
    }

    /// A product for a price: there is no catalogue of prices here, any id is one.
    async fn new_product(&self, price: &str) -> Answer<ProductId> {
        let (name, _) = super::fields::kept_name(Some(price), "Price");
        // Whoever asks for the same price at the same time gets the same product.
        let key = || Some(own_key("price", price));
        let command = CreateProduct {
            name,
            tags: Vec::new(),
            extra: ProductExtra::default(),
        };
        let made = self.ledger.execute(&self.caller, command, key()).await?;
        let named = AddProductExternalId {
            id: ProductId(made.object_id),
            external_id: external_id(price),
        };
        let named = self.ledger.execute(&self.caller, named, key()).await?;
        Ok(ProductId(named.object_id))
    }
}

/// As what a product is known that stands for a price: the price, or where that is longer than such
/// an id may be, one made of it.
fn external_id(price: &str) -> String {
    if text::key("", price).is_ok() {
        price.to_owned()
    } else {
        own_key("price", price)
    }
}

/// A key of ours for a text of theirs, which may be longer than ours are.
#[must_use]
pub fn own_key(space: &str, text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("stripe {space} {digits}")
}
