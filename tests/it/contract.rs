//! Our schema is a superset of the contract: nothing missing, nothing renamed, same nullability,
//! same defaults.

use std::collections::HashMap;
use std::path::Path;

use async_graphql::Positioned;
use async_graphql::Value;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    FieldDefinition, InputValueDefinition, ServiceDocument, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};

type Types = HashMap<String, TypeDefinition>;

fn types(document: ServiceDocument) -> Types {
    let definitions = document.definitions.into_iter();
    definitions
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => {
                Some((definition.node.name.node.to_string(), definition.node))
            }
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        })
        .collect()
}

/// 50 and 50.0 are the same default.
fn same_default(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() == right.as_f64(),
        (left, right) => left == right,
    }
}

#[derive(Default)]
struct Comparison {
    differences: Vec<String>,
}

impl Comparison {
    fn say(&mut self, difference: String) {
        self.differences.push(difference);
    }

    fn inputs(
        &mut self,
        place: &str,
        wanted: &[Positioned<InputValueDefinition>],
        ours: &[Positioned<InputValueDefinition>],
    ) {
        for wanted in wanted {
            let wanted = &wanted.node;
            let name = &wanted.name.node;
            let Some(found) = ours.iter().find(|ours| ours.node.name.node == *name) else {
                self.say(format!("{place}.{name} is missing"));
                continue;
            };
            let (left, right) = (wanted.ty.to_string(), found.node.ty.to_string());
            if left != right {
                self.say(format!("{place}.{name} is {right}, not {left}"));
            }
            let left = wanted.default_value.as_ref().map(|value| &value.node);
            let right = found.node.default_value.as_ref().map(|value| &value.node);
            if !same_default(left, right) {
                self.say(format!(
                    "{place}.{name} has default {right:?}, not {left:?}"
                ));
            }
        }
        for extra in ours {
            let (name, extra) = (&extra.node.name.node, &extra.node);
            let known = wanted.iter().any(|wanted| wanted.node.name.node == *name);
            if !known && !extra.ty.node.nullable && extra.default_value.is_none() {
                self.say(format!("{place}.{name} is extra and required"));
            }
        }
    }

    fn fields(
        &mut self,
        place: &str,
        wanted: &[Positioned<FieldDefinition>],
        ours: &[Positioned<FieldDefinition>],
    ) {
        for wanted in wanted {
            let wanted = &wanted.node;
            let name = &wanted.name.node;
            let Some(found) = ours.iter().find(|ours| ours.node.name.node == *name) else {
                self.say(format!("{place}.{name} is missing"));
                continue;
            };
            let (left, right) = (wanted.ty.to_string(), found.node.ty.to_string());
            if left != right {
                self.say(format!("{place}.{name} is {right}, not {left}"));
            }
            self.inputs(
                &format!("{place}.{name}"),
                &wanted.arguments,
                &found.node.arguments,
            );
        }
    }

    fn type_of(&mut self, name: &str, wanted: &TypeDefinition, ours: &TypeDefinition) {
        match (&wanted.kind, &ours.kind) {
            (TypeKind::Scalar, TypeKind::Scalar) => {}
            (TypeKind::Object(wanted), TypeKind::Object(ours)) => {
                for interface in &wanted.implements {
                    if !ours
                        .implements
                        .iter()
                        .any(|ours| ours.node == interface.node)
                    {
                        self.say(format!("{name} does not implement {}", interface.node));
                    }
                }
                self.fields(name, &wanted.fields, &ours.fields);
            }
            (TypeKind::Interface(wanted), TypeKind::Interface(ours)) => {
                self.fields(name, &wanted.fields, &ours.fields);
            }
            (TypeKind::Enum(wanted), TypeKind::Enum(ours)) => {
                for value in &wanted.values {
                    let value = &value.node.value.node;
                    if !ours
                        .values
                        .iter()
                        .any(|ours| ours.node.value.node == *value)
                    {
                        self.say(format!("{name}.{value} is missing"));
                    }
                }
            }
            (TypeKind::InputObject(wanted), TypeKind::InputObject(ours)) => {
                self.inputs(name, &wanted.fields, &ours.fields);
            }
            (wanted, ours) => self.say(format!("{name} is {ours:?}, not {wanted:?}")),
        }
    }
}

#[test]
fn the_schema_is_a_superset_of_the_contract() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/api.graphql");
    let Ok(contract) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: there is no contract at {}", path.display());
        return;
    };
    let contract = types(parse_schema(contract).expect("the contract is a schema"));
    let ours = types(parse_schema(scrip::graphql::sdl()).expect("ours is a schema"));

    let mut comparison = Comparison::default();
    for (name, wanted) in &contract {
        match ours.get(name) {
            Some(ours) => comparison.type_of(name, wanted, ours),
            None => comparison.say(format!("type {name} is missing")),
        }
    }
    comparison.differences.sort();
    assert!(
        comparison.differences.is_empty(),
        "the schema falls short of the contract:\n{}",
        comparison.differences.join("\n")
    );
}
