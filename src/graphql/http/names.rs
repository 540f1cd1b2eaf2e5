//! Names that nothing in the schema has. Validation compares each of them with all that would have
//! been right, to say which was meant; a document with many of them is refused before that.

use std::collections::HashSet;
use std::sync::LazyLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    ExecutableDocument, Selection, SelectionSet, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Pos, ServerError};

use super::code::{Code, Refused, with_code};

/// So many are told of by validation, with what is like them.
const UNKNOWN_MAX: usize = 20;

/// The schema as the code prints it; a test holds it to that.
const SCHEMA: &str = include_str!("../../../schema.graphql");

/// What the schema calls its fields and types.
static KNOWN: LazyLock<Known> = LazyLock::new(Known::read);

#[derive(Default)]
struct Known {
    fields: HashSet<String>,
    types: HashSet<String>,
}

impl Known {
    fn read() -> Self {
        let mut known = Self::default();
        // Where it could not be read all is left to validation.
        for definition in parse_schema(SCHEMA).map_or_else(|_| Vec::new(), |all| all.definitions) {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let definition = definition.node;
            let fields = match definition.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => Vec::new(),
            };
            known.types.insert(definition.name.node.to_string());
            let names = fields.into_iter().map(|field| field.node.name.node);
            known.fields.extend(names.map(|name| name.to_string()));
        }
        known
    }
}

/// Refuses a document with more unknown names than validation would tell of.
///
/// # Errors
/// GRAPHQL_VALIDATION_FAILED, for the first of them.
pub(super) fn hold(document: &ExecutableDocument) -> Result<(), Refused> {
    let mut unknown = Vec::new();
    let operations = document.operations.iter();
    for (_, operation) in operations {
        unknown_in(&operation.node.selection_set.node, &mut unknown);
    }
    for fragment in document.fragments.values() {
        let of = fragment.node.type_condition.node.on.node.as_str();
        if !is_introspection(of) {
            unknown_in(&fragment.node.selection_set.node, &mut unknown);
        }
    }
    if unknown.len() <= UNKNOWN_MAX {
        return Ok(());
    }
    let errors = unknown.into_iter().take(UNKNOWN_MAX);
    let errors = errors.map(|(at, message)| {
        with_code(
            ServerError::new(message, Some(at)),
            Code::GraphqlValidationFailed,
        )
    });
    Err(Refused {
        status: None,
        errors: errors.collect(),
        header: None,
    })
}

/// Stops at one more than are allowed.
fn unknown_in(set: &SelectionSet, unknown: &mut Vec<(Pos, String)>) {
    for item in &set.items {
        if unknown.len() > UNKNOWN_MAX {
            return;
        }
        match &item.node {
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                if is_introspection(name) {
                    continue;
                }
                if !KNOWN.fields.contains(name) {
                    let message = format!("no type has a field `{name}`");
                    unknown.push((field.pos, message));
                }
                unknown_in(&field.node.selection_set.node, unknown);
            }
            Selection::InlineFragment(fragment) => {
                let of = fragment.node.type_condition.as_ref();
                let of = of.map_or("", |of| of.node.on.node.as_str());
                if is_introspection(of) {
                    continue;
                }
                if !of.is_empty() && !KNOWN.types.contains(of) {
                    unknown.push((fragment.pos, format!("there is no type `{of}`")));
                }
                unknown_in(&fragment.node.selection_set.node, unknown);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Introspection, whose fields and types no schema lists.
fn is_introspection(name: &str) -> bool {
    name.starts_with("__")
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn errors(text: &str) -> usize {
        let document = parse_query(text).expect("a document");
        hold(&document).map_or_else(|refused| refused.errors.len(), |()| 0)
    }

    #[test]
    fn what_the_schema_has_is_known() {
        parse_schema(SCHEMA).expect("a schema");
        for (field, of) in [
            ("creditGrants", "CreditGrant"),
            ("ledgerEntryAdded", "Subscription"),
            ("drawDownBatch", "Mutation"),
            ("id", "Node"),
        ] {
            assert!(KNOWN.fields.contains(field), "{field}");
            assert!(KNOWN.types.contains(of), "{of}");
        }
    }

    #[test]
    fn more_unknown_names_than_validation_tells_of_are_refused_at_once() {
        let unknown = |count| format!("{{ {} }}", "no ".repeat(count));
        assert_eq!(errors(&unknown(UNKNOWN_MAX)), 0);
        assert_eq!(errors(&unknown(UNKNOWN_MAX + 1)), UNKNOWN_MAX);
        let types = format!("{{ {} }}", "... on No { viewer { name } } ".repeat(30));
        assert_eq!(errors(&types), UNKNOWN_MAX);
        let inner = format!("{{ viewer {{ {} }} }}", "no ".repeat(30));
        assert_eq!(errors(&inner), UNKNOWN_MAX);
    }

    #[test]
    fn introspection_is_left_to_validation() {
        let fields = "kind name ofType { name } ".repeat(30);
        let text = format!(
            "{{ __schema {{ types {{ {fields} }} }} ... on __Type {{ {fields} }} ...T }} \
             fragment T on __Type {{ {fields} }}"
        );
        assert_eq!(errors(&text), 0);
    }
}
