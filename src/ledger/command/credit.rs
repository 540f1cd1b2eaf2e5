//! Credits: create, void (rule 12).

use std::sync::Arc;

use domain::custom_field::FieldEntity;
use domain::grant::Category;
use domain::scope::{Scope, Specifier};
use domain::segment::{Parent, Segment};
use domain::{
    Amount, Code, ContractId, CreditId, CustomerId, Instant, ProductId, Rejection, SegmentId,
    Window,
};
use entity::{credit, object_home, uniqueness_key};
use serde_json::{Value as Json, json};

use super::super::canonical;
use super::super::work::{AccountKey, Needs, NewEvent, Tracked, Work};
use super::detail::{self, Beside};
use super::grant::claim_key;
use super::input::*;
use super::shape::{group_values, kept_priority};
use super::{
    Done, Home, Locate, Order, Run, Shape, View, act, archived, custom_field, describe, not_found,
};

/// What uniqueness keys and homes call a credit.
pub(super) const KIND: &str = "credit";

/// The lists that say what a credit pays for.
pub(super) struct ScopeLists<'a> {
    pub contract_ids: &'a [ContractId],
    pub product_ids: &'a [ProductId],
    pub tags: &'a [String],
    pub specifiers: &'a [SpecifierInput],
}

impl ScopeLists<'_> {
    /// What is wrong with their form.
    pub fn shape(&self, shape: &mut Shape) {
        shape.distinct("applicableContractIds", self.contract_ids);
        shape.distinct("applicableProductIds", self.product_ids);
        shape.tags("applicableProductTags", self.tags);
        let by_product = !self.product_ids.is_empty() || !self.tags.is_empty();
        if !self.specifiers.is_empty() && by_product {
            let message = "can not be given together with applicableProductIds or \
                           applicableProductTags";
            shape.fault(Code::Invalid, "specifiers", message);
        }
        for (index, specifier) in self.specifiers.iter().enumerate() {
            let path = |field: &str| format!("specifiers.{index}.{field}");
            shape.tags(&path("productTags"), &specifier.product_tags);
            let pricing = specifier.pricing_group_values.as_ref();
            shape.group_values(&path("pricingGroupValues"), pricing);
            let presentation = specifier.presentation_group_values.as_ref();
            shape.group_values(&path("presentationGroupValues"), presentation);
        }
    }

    /// What they need to have loaded.
    pub fn needs(&self, home: Home, needs: &mut Needs) {
        needs
            .contracts
            .extend(self.contract_ids.iter().map(|id| (home.customer_id, *id)));
        needs.products.extend(self.product_ids);
        needs
            .products
            .extend(self.specifiers.iter().filter_map(|each| each.product_id));
    }

    /// That everything they name is there.
    pub fn exist(&self, work: &Work<'_>, home: Home) -> Result<(), Rejection> {
        for (index, id) in self.contract_ids.iter().enumerate() {
            let found = work.state.contracts.get(id);
            found
                .filter(|contract| contract.row.customer_id == home.customer_id)
                .ok_or_else(|| not_found(&format!("applicableContractIds.{index}"), "contract"))?;
        }
        let listed = self.product_ids.iter().enumerate();
        let listed = listed.map(|(index, id)| (format!("applicableProductIds.{index}"), *id));
        let specified = self
            .specifiers
            .iter()
            .enumerate()
            .filter_map(|(index, each)| {
                Some((format!("specifiers.{index}.productId"), each.product_id?))
            });
        for (path, id) in listed.chain(specified) {
            work.state
                .products
                .get(&id)
                .ok_or_else(|| not_found(&path, "product"))?;
        }
        Ok(())
    }

    /// What they say, as the rules read it. At the level of a contract it is for that contract,
    /// unless it names others.
    pub fn scope(&self, contract: Option<ContractId>) -> Scope {
        Scope {
            contracts: match contract {
                Some(own) if self.contract_ids.is_empty() => vec![own],
                _ => self.contract_ids.to_vec(),
            },
            products: self.product_ids.to_vec(),
            tags: self.tags.to_vec(),
            specifiers: self
                .specifiers
                .iter()
                .map(|each| Specifier {
                    product: each.product_id,
                    tags: each.product_tags.clone(),
                    pricing: group_values(each.pricing_group_values.as_ref()),
                    presentation: group_values(each.presentation_group_values.as_ref()),
                })
                .collect(),
        }
    }
}

/// A segment of a credit as it begins.
pub(super) struct SegmentOf<'a> {
    pub row: &'a credit::Model,
    pub scope: Arc<Scope>,
    pub decided_at: Instant,
}

impl SegmentOf<'_> {
    pub fn make(&self, id: SegmentId, amount: Amount, input: &SegmentInput) -> Segment {
        Segment {
            id,
            customer_id: self.row.customer_id,
            credit_type_id: self.row.credit_type_id,
            parent: Parent::Credit(self.row.id),
            amount,
            window: Window {
                starts_at: input.starting_at,
                ends_at: input.ending_before,
            },
            remaining: amount,
            held: 0,
            used: 0,
            rolled_over: 0,
            written_off: 0,
            manual: 0,
            expirations: Vec::new(),
            started: false,
            ended: false,
            open: true,
            voided_at: None,
            decided_at: self.decided_at,
            priority: self.row.priority,
            contract_level: self.row.contract_id.is_some(),
            category: Category::Promotional,
            rolled_in: false,
            scope: Arc::clone(&self.scope),
            rollover: None,
            created_at: self.row.created_at,
        }
    }
}

impl CreateCredit {
    fn lists(&self) -> ScopeLists<'_> {
        ScopeLists {
            contract_ids: &self.applicable_contract_ids,
            product_ids: &self.applicable_product_ids,
            tags: &self.applicable_product_tags,
            specifiers: &self.specifiers,
        }
    }

    fn account(&self) -> AccountKey {
        (self.customer_id, self.access_schedule.credit_type_id)
    }

    fn exists(&self, work: &Work<'_>, home: Home) -> Result<(), Rejection> {
        let state = &work.state;
        let customer = state.customers.get(&self.customer_id);
        let customer = customer.ok_or_else(|| not_found("customerId", "customer"))?;
        let contract = match self.contract_id {
            None => None,
            Some(id) => {
                let found = state.contracts.get(&id);
                let found = found.filter(|row| row.row.customer_id == self.customer_id);
                Some(found.ok_or_else(|| not_found("contractId", "contract"))?)
            }
        };
        let product = state.products.get(&self.product_id);
        let product = product.ok_or_else(|| not_found("productId", "product"))?;
        let unit = state.credit_types.get(&self.access_schedule.credit_type_id);
        let unit = unit.ok_or_else(|| not_found("accessSchedule.creditTypeId", "credit type"))?;
        self.lists().exist(work, home)?;
        if customer.row.archived_at.is_some() {
            return Err(archived("customerId", "customer"));
        }
        if contract.is_some_and(|contract| contract.row.archived_at.is_some()) {
            return Err(archived("contractId", "contract"));
        }
        if product.row.archived_at.is_some() {
            return Err(archived("productId", "product"));
        }
        if unit.row.archived_at.is_some() {
            return Err(archived("accessSchedule.creditTypeId", "credit type"));
        }
        Ok(())
    }

    fn row(&self, id: CreditId, now: Instant, actor: &str) -> credit::Model {
        let free = |json: Option<&Json>| json.map_or_else(|| "{}".to_owned(), canonical::text);
        credit::Model {
            id,
            customer_id: self.customer_id,
            credit_type_id: self.access_schedule.credit_type_id,
            contract_id: self.contract_id,
            product_id: self.product_id,
            name: self.name.clone(),
            description: self.description.clone(),
            priority: kept_priority(self.priority),
            applicable_contract_ids: json!(self.applicable_contract_ids).to_string(),
            applicable_product_ids: json!(self.applicable_product_ids).to_string(),
            applicable_product_tags: json!(self.applicable_product_tags).to_string(),
            specifiers: json!(self.lists().scope(None).specifiers).to_string(),
            rate_type: self.rate_type.clone(),
            custom_fields: free(self.custom_fields.as_ref()),
            uniqueness_key: self.uniqueness_key.clone(),
            netsuite_sales_order_id: self.netsuite_sales_order_id.clone(),
            salesforce_opportunity_id: self.salesforce_opportunity_id.clone(),
            created_at: now,
            created_by: actor.to_owned(),
            updated_at: now,
            archived_at: None,
            voided_at: None,
            digest: Vec::new(),
        }
    }

    /// Adds all segments to the book, or none.
    fn add_segments(
        &self,
        work: &mut Work<'_>,
        order: &Order,
        row: &credit::Model,
    ) -> Result<(), Rejection> {
        let (key, recorded) = (self.account(), work.recorded);
        let acting = act(work, order, None);
        let made = SegmentOf {
            row,
            scope: Arc::new(self.lists().scope(self.contract_id)),
            decided_at: recorded,
        };
        if work.open_book(key).is_none() {
            return Err(not_found("accessSchedule.creditTypeId", "credit type"));
        }
        let copies = work.copy_books(&[key]);
        for (index, input) in self.access_schedule.segments.iter().enumerate() {
            let id = SegmentId(work.ids.next(recorded));
            let Some(book) = work.book(key) else { continue };
            let amount = input
                .amount
                .to_minor(book.credit_type.scale)
                .unwrap_or_default();
            if let Err(fault) = book.add_segment(made.make(id, amount, input), &acting) {
                work.put_back(copies);
                return Err(fault.under(&format!("accessSchedule.segments.{index}")));
            }
        }
        Ok(())
    }
}

impl Run for CreateCredit {
    fn locate(&self) -> (Locate, &'static str) {
        let credit_type_id = Some(self.access_schedule.credit_type_id);
        (
            Locate::Known(Home {
                customer_id: self.customer_id,
                credit_type_id,
            }),
            "customerId",
        )
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.customers.insert(self.customer_id);
        needs.accounts.extend(home.account());
        needs
            .contracts
            .extend(self.contract_id.map(|id| (self.customer_id, id)));
        needs.products.insert(self.product_id);
        self.lists().needs(home, needs);
        custom_field::needs(needs, FieldEntity::Credit, self.custom_fields.as_ref());
        needs
            .uniqueness_keys
            .extend(self.uniqueness_key.clone().map(|key| (KIND, key)));
    }

    fn shape(&self, shape: &mut Shape, view: &View<'_>) {
        shape.priority("priority", self.priority);
        let schedule = &self.access_schedule;
        if schedule.segments.is_empty() {
            let message = "must have at least one segment";
            shape.fault(Code::Required, "accessSchedule.segments", message);
        }
        let scale = view.scale(schedule.credit_type_id);
        for (index, segment) in schedule.segments.iter().enumerate() {
            let path = format!("accessSchedule.segments.{index}");
            shape.positive(&format!("{path}.amount"), segment.amount, scale);
            let end = format!("{path}.endingBefore");
            shape.window(&end, segment.starting_at, segment.ending_before);
        }
        shape.maybe_name("name", self.name.as_deref());
        shape.maybe_reason("description", self.description.as_deref());
        self.lists().shape(shape);
        shape.object("customFields", self.custom_fields.as_ref());
        shape.object("details", self.details.as_ref());
        shape.maybe_text(
            "netsuiteSalesOrderId",
            self.netsuite_sales_order_id.as_deref(),
        );
        shape.maybe_text(
            "salesforceOpportunityId",
            self.salesforce_opportunity_id.as_deref(),
        );
        shape.maybe_key("uniquenessKey", self.uniqueness_key.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        self.exists(work, order.home)?;
        claim_key(work, KIND, self.uniqueness_key.as_deref())?;
        let key = self.account();
        let id = CreditId(work.ids.next(work.recorded));
        let field = (FieldEntity::Credit, self.customer_id, id.0);
        custom_field::free(work, field, self.custom_fields.as_ref())?;
        let row = self.row(id, work.recorded, &order.actor);
        self.add_segments(work, order, &row)?;
        custom_field::claim(work, field, "{}", self.custom_fields.as_ref());
        if self.details.is_some() {
            keep(work, (self.customer_id, id), self.details.as_ref());
        }
        if let Some(text) = &self.uniqueness_key {
            work.taken_keys.insert((KIND, text.clone()));
            work.claims.uniqueness_keys.push(uniqueness_key::Model {
                key: text.clone(),
                kind: KIND.to_owned(),
                customer_id: key.0,
                object_id: id.0,
            });
        }
        work.claims.homes.push(object_home::Model {
            id: id.0,
            kind: KIND.to_owned(),
            customer_id: key.0,
            credit_type_id: Some(key.1),
        });
        let after = describe::credit(&row, work.book(key).map(|book| &*book));
        work.state.credits.insert(id, Tracked::new(row));
        event(work, order, "credit.created", id, [None, Some(after)]);
        Ok(Done {
            object_id: id.0,
            account: Some(key),
        })
    }
}

/// Writes down what is kept beside a credit.
pub(super) fn keep(
    work: &mut Work<'_>,
    (customer_id, id): (CustomerId, CreditId),
    details: Option<&Json>,
) {
    let beside = Beside {
        kind: KIND,
        customer_id,
        id: id.0,
    };
    detail::keep(work, beside, |row| detail::merge(&mut row.details, details));
}

pub(super) fn event(
    work: &mut Work<'_>,
    order: &Order,
    kind: &str,
    id: CreditId,
    [before, after]: [Option<Json>; 2],
) {
    let (now, recorded_at) = (work.now, work.recorded);
    work.event(NewEvent {
        customer_id: order.home.customer_id,
        kind,
        subject_id: id.0,
        actor: &order.actor,
        recorded_at,
        effective_at: now,
        before,
        after,
    });
}
