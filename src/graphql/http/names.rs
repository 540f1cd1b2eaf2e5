//! Names that nothing in the schema has. Validation compares each of them with all that would have
//! been right, to say which was meant; a document with many of them is refused before that.

use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, OperationType, Selection, SelectionSet, Type, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Pos, ServerError};

use super::code::{Code, Refused, with_code};

/// So many are told of by validation, with what is like them.
const UNKNOWN_MAX: usize = 20;

/// The schema as the code prints it; a test holds it to that.
const SCHEMA: &str = include_str!("../../../schema.graphql");

/// The types of the schema: their fields, and what type these have.
static TYPES: LazyLock<HashMap<String, Fields>> = LazyLock::new(types);

type Fields = HashMap<String, String>;

fn types() -> HashMap<String, Fields> {
    let mut types = HashMap::new();
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
        let fields = fields.into_iter().map(|field| {
            let field = field.node;
            (
                field.name.node.to_string(),
                named(&field.ty.node).to_owned(),
            )
        });
        types.insert(definition.name.node.to_string(), fields.collect());
    }
    types
}

/// The type of a value, or of what stands in a list.
fn named(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => named(inner),
    }
}

/// Refuses a document with more unknown names than validation would tell of.
///
/// # Errors
/// GRAPHQL_VALIDATION_FAILED, for the first of them.
pub(super) fn hold(document: &ExecutableDocument) -> Result<(), Refused> {
    if TYPES.is_empty() {
        return Ok(());
    }
    let mut unknown = Vec::new();
    for (_, operation) in document.operations.iter() {
        let root = match operation.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        unknown_in(&operation.node.selection_set.node, root, &mut unknown);
    }
    for fragment in document.fragments.values() {
        let of = fragment.node.type_condition.node.on.node.as_str();
        unknown_in(&fragment.node.selection_set.node, of, &mut unknown);
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

/// What is unknown in a selection on a type. Stops at one more than are allowed, and where the type
/// itself is unknown, or is one of introspection, which no schema lists.
fn unknown_in(set: &SelectionSet, of: &str, unknown: &mut Vec<(Pos, String)>) {
    let Some(fields) = TYPES.get(of) else {
        return;
    };
    for item in &set.items {
        if unknown.len() > UNKNOWN_MAX {
            return;
        }
        match &item.node {
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                match fields.get(name) {
                    Some(of) => unknown_in(&field.node.selection_set.node, of, unknown),
                    None if is_introspection(name) => {}
                    None => {
                        let message = format!("the type `{of}` has no field `{name}`");
                        unknown.push((field.pos, message));
                    }
                }
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref();
                let on = on.map_or(of, |on| on.node.on.node.as_str());
                if !TYPES.contains_key(on) && !is_introspection(on) {
                    unknown.push((fragment.pos, format!("there is no type `{on}`")));
                }
                unknown_in(&fragment.node.selection_set.node, on, unknown);
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
        for (of, field, found) in [
            ("Query", "customers", "CustomerConnection"),
            ("Customer", "balances", "Balance"),
            ("Subscription", "ledgerEntryAdded", "LedgerEntry"),
            ("Mutation", "drawDownBatch", "DrawDownBatchPayload"),
            ("Node", "id", "ID"),
        ] {
            assert_eq!(TYPES[of][field], found, "{of}.{field}");
        }
    }

    #[test]
    fn more_unknown_names_than_validation_tells_of_are_refused_at_once() {
        let unknown = |count| format!("{{ {} }}", "no ".repeat(count));
        assert_eq!(errors(&unknown(UNKNOWN_MAX)), 0);
        assert_eq!(errors(&unknown(UNKNOWN_MAX + 1)), UNKNOWN_MAX);
        let types = format!("{{ {} }}", "... on No { viewer { name } } ".repeat(30));
        assert_eq!(errors(&types), UNKNOWN_MAX);
        // What another type has is as unknown.
        for of in [
            "viewer",
            "... on Query { viewer { name } } viewer",
            "node(id: 1) { id } viewer",
        ] {
            let inner = format!("{{ {of} {{ {} }} }}", "amount ".repeat(30));
            assert_eq!(errors(&inner), UNKNOWN_MAX, "{of}");
        }
        assert_eq!(
            errors(&format!("{{ {} }}", "viewer { name } ".repeat(300))),
            0
        );
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
