//! The document: read, measured and held to the limits before anything looks at it further.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Pos, Positioned, ServerError};
use serde_json::{Map, Value as Json};

use super::code::{Code, Refused, classify_fault, classify_refusal, with_code};
use super::measure::{asks_once, measure};
use super::place::Places;
use super::tokens::{self, LENGTH_MAX, NESTING_MAX, Unread, WORD_MAX};
use super::{known, outline, subscription};
use crate::config::Limits;

/// Errors that are told of one document at most: who has more mends these first.
const ERRORS_MAX: usize = 20;
/// Characters of such an error at most.
const MESSAGE_MAX: usize = 500;

/// A document within the limits, with the kind of the operation that is asked for.
#[derive(Debug)]
pub struct Read {
    /// The document.
    pub document: ExecutableDocument,
    /// What the operation is.
    pub kind: OperationType,
    /// Its name, if it is alone and has one.
    pub name: Option<String>,
    /// Whether no object or list is asked for twice in one place.
    pub asks_once: bool,
}

/// Reads a document and holds it to the limits.
///
/// # Errors
/// GRAPHQL_PARSE_FAILED, TOO_COMPLEX; BAD_USER_INPUT if the operation that is asked for is not in
/// it or a variable that it needs is missing.
pub fn read(
    query: &str,
    operation_name: Option<&str>,
    variables: &Map<String, Json>,
    limits: &Limits,
) -> Result<Read, Refused> {
    let mut document = known::document(query, limits, || parse(query, limits))?;
    let asks_once = asks_once(&document);
    let operation = operation(&document, operation_name)?;
    check_variables(operation, variables)?;
    let kind = operation.node.ty;
    if kind == OperationType::Subscription {
        let root = subscription::root(&document, &operation.node.selection_set.node)?;
        subscription::put_root(&mut document, operation_name, root);
    }
    let name = match &document.operations {
        DocumentOperations::Multiple(operations) if operations.len() == 1 => {
            operations.keys().next().map(ToString::to_string)
        }
        _ => None,
    };
    Ok(Read {
        document,
        kind,
        name,
        asks_once,
    })
}

fn parse(query: &str, limits: &Limits) -> Result<ExecutableDocument, Refused> {
    tokens::count(query, limits.tokens_max).map_err(|why| match why {
        Unread::Empty => no_graphql("there is nothing in the document", None),
        Unread::Endless(at) => {
            let message = "the text that begins here does not end";
            no_graphql(message, Some(Places::new(query).of(at)))
        }
        Unread::Length => too_complex(format!("more than {LENGTH_MAX} bytes; use variables")),
        Unread::Tokens => too_complex(format!("more than {} tokens", limits.tokens_max)),
        Unread::Nesting => too_complex(format!("brackets deeper than {NESTING_MAX}")),
        Unread::Word => too_complex(format!("a name of more than {WORD_MAX} characters")),
    })?;
    outline::hold(query, limits)?;
    let document = parse_query(query).map_err(|error| Refused {
        status: None,
        errors: vec![shortened(with_code(error.into(), Code::GraphqlParseFailed))],
        header: None,
    })?;
    measure(&document, limits)?;
    Ok(document)
}

fn no_graphql(message: &str, at: Option<Pos>) -> Refused {
    let error = ServerError::new(message, at);
    Refused {
        status: None,
        errors: vec![with_code(error, Code::GraphqlParseFailed)],
        header: None,
    }
}

/// The refusal of a document that is too large.
pub(super) fn too_complex(what: String) -> Refused {
    Refused::document(
        Code::TooComplex,
        format!("the document is too large: {what}"),
    )
}

/// What validation found, each with its code.
#[must_use]
pub fn refused(query: &str, errors: Vec<ServerError>) -> Refused {
    let document = parse_query(query).ok();
    let classified = errors.into_iter().take(ERRORS_MAX).map(|error| {
        let by_variable = document
            .as_ref()
            .is_some_and(|document| is_given_by_variable(document, &error));
        shortened(classify_refusal(error, by_variable))
    });
    Refused {
        status: None,
        errors: classified.collect(),
        header: None,
    }
}

/// The error without the rest of a text that someone sent to see it again.
fn shortened(mut error: ServerError) -> ServerError {
    if error.message.chars().count() > MESSAGE_MAX {
        error.message = error.message.chars().take(MESSAGE_MAX).collect();
        error.message.push('…');
    }
    error
}

/// Whether the argument at the place of the error is given by a variable.
fn is_given_by_variable(document: &ExecutableDocument, error: &ServerError) -> bool {
    let operations = document.operations.iter();
    let operations = operations.map(|(_, operation)| &operation.node.selection_set);
    let fragments = document.fragments.values();
    let fragments = fragments.map(|fragment| &fragment.node.selection_set);
    let mut sets = operations.chain(fragments);
    sets.any(|set| argument_has_variable(&set.node, error))
}

/// What a field answered instead of starting.
#[must_use]
pub fn failed(errors: Vec<ServerError>) -> Refused {
    Refused {
        status: None,
        errors: errors.into_iter().map(classify_fault).collect(),
        header: None,
    }
}

fn argument_has_variable(set: &SelectionSet, error: &ServerError) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => {
            let mut arguments = field.node.arguments.iter();
            arguments.any(|(name, value)| {
                error.locations.contains(&name.pos) && value.node.clone().into_const().is_none()
            }) || argument_has_variable(&field.node.selection_set.node, error)
        }
        Selection::InlineFragment(fragment) => {
            argument_has_variable(&fragment.node.selection_set.node, error)
        }
        Selection::FragmentSpread(_) => false,
    })
}

fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a Positioned<OperationDefinition>, Refused> {
    let refused = |message: String| Refused::document(Code::BadUserInput, message);
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(operation),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            let only = operations.values().next();
            only.ok_or_else(|| refused("the document has no operation".to_owned()))
        }
        (DocumentOperations::Multiple(_), None) => Err(refused(
            "the document has several operations: name one with `operationName`".to_owned(),
        )),
        (DocumentOperations::Multiple(operations), Some(name)) => operations
            .get(name)
            .ok_or_else(|| refused(format!("the document has no operation named `{name}`"))),
        (DocumentOperations::Single(_), Some(name)) => Err(refused(format!(
            "the document has no operation named `{name}`"
        ))),
    }
}

/// A variable that must have a value has one. Whether it is of the right type is seen where it is
/// used.
fn check_variables(
    operation: &Positioned<OperationDefinition>,
    variables: &Map<String, Json>,
) -> Result<(), Refused> {
    let mut errors = Vec::new();
    for definition in &operation.node.variable_definitions {
        let definition_type = &definition.node.var_type.node;
        if definition_type.nullable {
            continue;
        }
        let name = definition.node.name.node.as_str();
        let what = match variables.get(name) {
            Some(Json::Null) => "must not be null",
            None if definition.node.default_value.is_none() => "is missing",
            _ => continue,
        };
        let message = format!("the variable `${name}` of type `{definition_type}` {what}");
        let error = ServerError::new(message, Some(definition.pos));
        errors.push(with_code(error, Code::BadUserInput));
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Refused {
        status: None,
        errors,
        header: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn code(query: &str) -> String {
        code_with(query, None, Json::Null)
    }

    fn code_with(query: &str, operation: Option<&str>, variables: Json) -> String {
        let limits = Settings::defaults().expect("defaults").limits();
        let variables = variables.as_object().cloned().unwrap_or_default();
        match read(query, operation, &variables, &limits) {
            Ok(read) => read.kind.to_string(),
            Err(refused) => {
                let extensions = refused.errors[0].extensions.clone().expect("extensions");
                extensions.get("code").expect("a code").to_string()
            }
        }
    }

    const TOO_COMPLEX: &str = "\"TOO_COMPLEX\"";

    fn nested(levels: usize) -> String {
        format!("{}{}", "{a".repeat(levels), "}".repeat(levels))
    }

    #[test]
    fn each_limit_holds_at_its_edge() {
        let limits = Settings::defaults().expect("defaults").limits();
        let depth = limits.depth_max;
        assert_eq!(code(&nested(depth)), "query");
        assert_eq!(code(&nested(depth + 1)), TOO_COMPLEX);
        let aliased = |count: usize| {
            let fields: Vec<_> = (0..count).map(|n| format!("a{n}: __typename")).collect();
            format!("{{ {} }}", fields.join(" "))
        };
        assert_eq!(code(&aliased(limits.aliases_max)), "query");
        assert_eq!(code(&aliased(limits.aliases_max + 1)), TOO_COMPLEX);
        let mutations = |count: usize| format!("mutation {{ {} }}", "__typename ".repeat(count));
        assert_eq!(code(&mutations(limits.root_mutations_max)), "mutation");
        assert_eq!(code(&mutations(limits.root_mutations_max + 1)), TOO_COMPLEX);
        assert_eq!(
            code(&format!("{{ {} }}", "a ".repeat(limits.tokens_max))),
            TOO_COMPLEX
        );
    }

    #[test]
    fn a_document_that_multiplies_itself_by_fragments_is_refused_at_once() {
        let mut bomb = "{ ...F0 }".to_owned();
        for n in 0..60 {
            bomb.push_str(&format!(
                " fragment F{n} on Query {{ ...F{0} ...F{0} }}",
                n + 1
            ));
        }
        bomb.push_str(" fragment F60 on Query { a }");
        let started = std::time::Instant::now();
        assert_eq!(code(&bomb), TOO_COMPLEX);
        assert!(started.elapsed().as_millis() < 500);
        let circle =
            "{ ...A } fragment A on Query { a { ...B } } fragment B on Query { b { ...A } }";
        assert_eq!(code(circle), "\"GRAPHQL_VALIDATION_FAILED\"");
    }

    #[test]
    fn fragments_that_multiply_and_lead_to_nothing_are_refused_as_well() {
        let mut bomb = "{ ...F0 }".to_owned();
        for n in 0..30 {
            bomb.push_str(&format!(
                " fragment F{n} on Query {{ ...F{0} ... {{ ...F{0} }} }}",
                n + 1
            ));
        }
        assert_eq!(code(&bomb), TOO_COMPLEX);
    }

    #[test]
    fn mutations_in_fragments_count_as_roots() {
        let inner = "__typename ".repeat(20);
        let document = format!(
            "mutation {{ ...F ... on Mutation {{ {inner} }} }} fragment F on Mutation {{ {inner} }}"
        );
        assert_eq!(code(&document), TOO_COMPLEX);
    }

    #[test]
    fn introspection_passes_as_tools_ask_for_it_and_does_not_multiply() {
        let deep =
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
        assert_eq!(code(deep), TOO_COMPLEX);
        let usual = "{ __schema { types { fields { args { type { ofType { ofType { name } } } } } \
                     inputFields { name } possibleTypes { name } } } }";
        assert_eq!(code(usual), "query");
    }

    #[test]
    fn the_operation_is_the_one_that_is_named() {
        let two = "query A { a } mutation B { b }";
        assert_eq!(code_with(two, Some("B"), Json::Null), "mutation");
        assert_eq!(code(two), "\"BAD_USER_INPUT\"");
        assert_eq!(code_with(two, Some("C"), Json::Null), "\"BAD_USER_INPUT\"");
        assert_eq!(
            code_with("{ a }", Some("A"), Json::Null),
            "\"BAD_USER_INPUT\""
        );
    }

    #[test]
    fn a_variable_that_must_have_a_value_has_one() {
        let query = "query Q($id: ID!, $n: Int! = 1) { a(id: $id, n: $n) }";
        let table = [
            (serde_json::json!({}), "\"BAD_USER_INPUT\""),
            (serde_json::json!({ "id": null }), "\"BAD_USER_INPUT\""),
            (
                serde_json::json!({ "id": "1", "n": null }),
                "\"BAD_USER_INPUT\"",
            ),
            (serde_json::json!({ "id": "1" }), "query"),
        ];
        for (variables, expected) in table {
            assert_eq!(
                code_with(query, None, variables.clone()),
                expected,
                "{variables}"
            );
        }
        assert_eq!(code("{"), "\"GRAPHQL_PARSE_FAILED\"");
    }
}
