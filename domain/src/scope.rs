//! What usage a segment may pay for (rule 6, decisions 14 and 15).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ContractId, ProductId};

/// Group values of usage or of a specifier: key → value.
pub type GroupValues = BTreeMap<String, String>;

/// What a segment pays for. Everything empty: anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Only usage of these contracts; empty: of any, and of none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<ContractId>,
    /// These products, or products with one of `tags`; both empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductId>,
    /// Products with any of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Or: usage that one of these describes. Never together with `products` or `tags`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub specifiers: Vec<Specifier>,
}

/// Conditions that hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Specifier {
    /// This product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// A product with all of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Usage with all of these pricing group values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pricing: GroupValues,
    /// Usage with all of these presentation group values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub presentation: GroupValues,
}

/// What was used: what a scope is held against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The product and its tags, if one was named.
    pub product: Option<(ProductId, Vec<String>)>,
    /// The contract, if one was named.
    pub contract: Option<ContractId>,
    /// Pricing group values.
    pub pricing: GroupValues,
    /// Presentation group values.
    pub presentation: GroupValues,
}

/// Why a scope does not admit usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is for other contracts.
    Contract,
    /// It is for other products.
    Product,
    /// It is for other group values.
    Group,
}

impl Scope {
    /// Whether the usage may be paid from this scope.
    ///
    /// # Errors
    /// Why not: the contract before the product before the group values.
    pub fn admits(&self, usage: &Usage) -> Result<(), Mismatch> {
        if !self.contracts.is_empty()
            && !usage
                .contract
                .is_some_and(|contract| self.contracts.contains(&contract))
        {
            return Err(Mismatch::Contract);
        }
        if !self.specifiers.is_empty() {
            return self.one_specifier_admits(usage);
        }
        if self.products.is_empty() && self.tags.is_empty() {
            return Ok(());
        }
        let admitted = usage.product.as_ref().is_some_and(|(product, tags)| {
            self.products.contains(product) || self.tags.iter().any(|tag| tags.contains(tag))
        });
        if admitted {
            Ok(())
        } else {
            Err(Mismatch::Product)
        }
    }

    /// How narrow the scope is: lower is narrower (decision 16).
    #[must_use]
    pub fn breadth(&self) -> (u8, usize) {
        if !self.tags.is_empty() || !self.specifiers.is_empty() {
            (1, 0)
        } else if self.products.is_empty() {
            (2, 0)
        } else {
            (0, self.products.len())
        }
    }

    fn one_specifier_admits(&self, usage: &Usage) -> Result<(), Mismatch> {
        let mut nearest = Mismatch::Product;
        for specifier in &self.specifiers {
            if !specifier.product_fits(usage) {
                continue;
            }
            if within(&specifier.pricing, &usage.pricing)
                && within(&specifier.presentation, &usage.presentation)
            {
                return Ok(());
            }
            nearest = Mismatch::Group;
        }
        Err(nearest)
    }
}

impl Specifier {
    fn product_fits(&self, usage: &Usage) -> bool {
        if self.product.is_none() && self.tags.is_empty() {
            return true;
        }
        usage.product.as_ref().is_some_and(|(product, tags)| {
            self.product.is_none_or(|wanted| wanted == *product)
                && self.tags.iter().all(|tag| tags.contains(tag))
        })
    }
}

fn within(wanted: &GroupValues, given: &GroupValues) -> bool {
    wanted
        .iter()
        .all(|(key, value)| given.get(key) == Some(value))
}
