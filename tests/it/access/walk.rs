//! Walks the whole schema as a customer, from every root field, with all that is foreign as
//! argument, and finds nothing foreign in any answer.

use std::collections::BTreeSet;

use async_graphql::parser::types::FieldDefinition;
use serde_json::{Value, json};

use super::scope::{Customer, furnish};
use super::token_of;
use crate::api::api_helpers::{USD, list};
use crate::support::schema::{Schema, Values, in_brackets, name_of};
use crate::support::{TestApp, both_databases};

/// Levels below a root field.
const DEPTH: usize = 3;

/// What is asked, and what must not be in the answers.
struct Walk<'a> {
    schema: Schema,
    own: &'a Customer,
    foreign: &'a Customer,
    cursors: Vec<String>,
}

/// Which field of every filter names what is foreign.
type Filtered<'a> = Option<&'a str>;

impl Walk<'_> {
    /// All texts that are the other's: its ids, and whatever was named after it.
    fn forbidden(&self) -> BTreeSet<String> {
        let ids = self.foreign.ids.iter().map(|(_, id)| id.clone());
        ids.chain([self.foreign.name.to_owned()]).collect()
    }

    /// A filter of this type with one field set to what is foreign; none, if it has no such field.
    fn filter(&self, name: &str, filtered: &str) -> Option<String> {
        let inputs = self.schema.inputs(name);
        let input = inputs.iter().find(|input| input.name.node == *filtered)?;
        let many = input.ty.node.to_string().starts_with('[');
        let texts: Vec<String> = match name_of(&input.ty.node) {
            "ID" => self.foreign.ids.iter().map(|(_, id)| id.clone()).collect(),
            "String" => ["", "-external", "-unique", "-invoice", "-credit"]
                .iter()
                .map(|end| format!("{}{end}", self.foreign.name))
                .collect(),
            _ => return None,
        };
        let quoted: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
        let one = match filtered {
            "creditGrantId" => self.foreign.id_of("creditGrant"),
            "creditId" => self.foreign.id_of("credit"),
            "drawdownId" => self.foreign.id_of("drawdown"),
            "uniquenessKey" => &texts[texts.len().min(3) - 1],
            "invoiceId" => &texts[texts.len().min(4) - 1],
            _ => &texts[0],
        };
        let value = if many {
            format!("[{}]", quoted.join(", "))
        } else {
            format!("\"{one}\"")
        };
        Some(format!("{{{filtered}: {value}}}"))
    }

    /// What a field below the root is asked with.
    fn arguments(&self, field: &FieldDefinition, filtered: Filtered<'_>) -> Option<Vec<String>> {
        let values = Values { id: USD, text: "x" };
        let mut given = self.schema.required(field, &values);
        for argument in &field.arguments {
            let (name, ty) = (argument.node.name.node.as_str(), &argument.node.ty.node);
            match name {
                "first" => given.push("first: 3".to_owned()),
                "filter" => {
                    let filter = filtered.and_then(|field| self.filter(name_of(ty), field));
                    given.extend(filter.map(|filter| format!("filter: {filter}")));
                }
                _ => {}
            }
        }
        Some(given)
    }

    fn document(
        &self,
        field: &FieldDefinition,
        given: &[String],
        filtered: Filtered<'_>,
    ) -> String {
        let mut document = format!("{{ it: {}{}", field.name.node, in_brackets(given));
        let arguments = |field: &FieldDefinition| self.arguments(field, filtered);
        let leads_to = name_of(&field.ty.node);
        self.schema
            .selection(leads_to, DEPTH, &arguments, &mut document);
        document.push('}');
        document
    }

    /// All that is asked of a root field.
    fn documents(&self, field: &FieldDefinition) -> Vec<String> {
        let mut documents = Vec::new();
        let named = |name: &str| {
            field
                .arguments
                .iter()
                .any(|argument| argument.node.name.node == *name)
        };
        // By each id: in every place for one, one place after the other.
        let takes_ids = ["id", "ids", "customerId", "externalId", "input"]
            .iter()
            .any(|name| named(name));
        let ids = some_of_each(self.foreign).chain(some_of_each(self.own));
        for id in ids.filter(|_| takes_ids) {
            let values = Values {
                id,
                text: &self.foreign.external_id,
            };
            let required = self.schema.required(field, &values);
            let optional = field.arguments.iter().filter(|argument| {
                argument.node.ty.node.nullable && matches!(name_of(&argument.node.ty.node), "ID")
            });
            documents.push(self.document(field, &required, None));
            for argument in optional {
                let value = self.schema.literal(&argument.node.ty.node, &values);
                let more = format!("{}: {value}", argument.node.name.node);
                let given = [required.clone(), vec![more]].concat();
                documents.push(self.document(field, &given, None));
            }
        }
        if named("externalId") {
            let text = format!("externalId: \"{}\"", self.foreign.external_id);
            documents.push(self.document(field, &[text], None));
        }
        if takes_ids {
            return documents;
        }
        documents.push(self.document(field, &self.arguments(field, None).expect("them"), None));
        for cursor in self.cursors.iter().filter(|_| named("after")) {
            let mut given = self.arguments(field, None).expect("them");
            given.push(format!("after: \"{cursor}\""));
            documents.push(self.document(field, &given, None));
        }
        documents
    }

    /// The names of all fields of filters that take ids or texts.
    fn filtered(&self) -> BTreeSet<String> {
        let filters = [
            "CustomerFilter",
            "CreditGrantFilter",
            "CreditFilter",
            "LedgerEntryFilter",
            "EventFilter",
        ];
        let inputs = filters.iter().flat_map(|name| self.schema.inputs(name));
        let names = inputs.filter(|input| matches!(name_of(&input.ty.node), "ID" | "String"));
        names.map(|input| input.name.node.to_string()).collect()
    }
}

/// The first two ids of each kind.
fn some_of_each(customer: &Customer) -> impl Iterator<Item = &str> {
    let all = customer.ids.iter().enumerate();
    let some = all.filter(|(index, (kind, _))| {
        let before = customer.ids[..*index].iter();
        before.filter(|(of, _)| of == kind).count() < 2
    });
    some.map(|(_, (_, id))| id.as_str())
}

/// Cursors of lists that show everyone, and of lists of the other.
async fn cursors(app: &TestApp, foreign: &str) -> Vec<String> {
    let document = "query ($id: ID!) { customers { edges { cursor } } creditGrants { edges { cursor } }
        credits { edges { cursor } } ledgerEntries { edges { cursor } } events { edges { cursor } }
        customer(id: $id) { creditGrants { edges { cursor } } ledgerEntries { edges { cursor } } } }";
    let found = app.graphql(document, json!({ "id": foreign })).await;
    let data = &found["data"];
    let lists = [
        "customers",
        "creditGrants",
        "credits",
        "ledgerEntries",
        "events",
    ]
    .map(|name| &data[name]);
    let of_one = ["creditGrants", "ledgerEntries"].map(|name| &data["customer"][name]);
    let edges = lists
        .into_iter()
        .chain(of_one)
        .map(|connection| list(&connection["edges"]));
    let last = edges.filter_map(|edges| edges.last().cloned());
    last.map(|edge| edge["cursor"].as_str().expect("a cursor").to_owned())
        .collect()
}

both_databases! {
    async fn no_way_through_the_graph_leads_to_another_customer(app: TestApp) {
        let (ann, ben) = (furnish(&app, "Ann").await, furnish(&app, "Benedict").await);
        let token = token_of(&app, &ann.id).await;
        let walk = Walk {
            schema: Schema::read(),
            cursors: cursors(&app, &ben.id).await,
            own: &ann,
            foreign: &ben,
        };
        let mut asked = Vec::new();
        for field in walk.schema.fields("Query") {
            asked.extend(walk.documents(field));
        }
        for filtered in walk.filtered() {
            let customer = walk.schema.fields("Query").into_iter().filter(|field| {
                field.arguments.iter().any(|argument| argument.node.name.node == "filter")
                    || field.name.node == "customer"
            });
            for field in customer {
                let own = format!("id: \"{}\"", ann.id);
                let given = match field.name.node.as_str() {
                    "customer" => vec![own],
                    _ => walk.arguments(field, Some(&filtered)).expect("them"),
                };
                asked.push(walk.document(field, &given, Some(&filtered)));
            }
        }
        let forbidden = walk.forbidden();
        let finds = |body: &Value| {
            let text = body.to_string();
            forbidden.iter().find(|foreign| text.contains(*foreign)).cloned()
        };
        let (mut by_admin, mut own) = (0, 0);
        for (index, document) in asked.iter().enumerate() {
            let (status, body) = app.graphql_as(Some(&token), document, json!({})).await;
            assert_eq!(status, 200, "{document}: {body}");
            assert_eq!(finds(&body), None, "{document}: {body:#}");
            own += usize::from(body.to_string().contains(&ann.id));
            // That it would have been found: an administrator's answers are full of it.
            if index % 7 == 0 {
                by_admin += usize::from(finds(&app.graphql(document, json!({})).await).is_some());
            }
        }
        assert!(asked.len() > 200 && own > 20, "{} asked, {own} with what is one's own", asked.len());
        assert!(by_admin > 8, "{by_admin} of a seventh of {}", asked.len());
    }
}
