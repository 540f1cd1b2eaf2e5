//! Names that nothing in the schema has, and fragments that nothing spreads. Validation compares each of them with all that would have
//! been right, to say which was meant; a document with many of them is refused before that.

use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::ServerError;

use super::code::{Code, Refused, with_code};
use super::place::Places;
use super::tokens::{Kind, Tokens};

/// So many are told of by validation, with what is like them.
pub(super) const UNKNOWN_MAX: usize = 20;

/// The schema as the code prints it; a test holds it to that.
const SCHEMA: &str = include_str!("../../../schema.graphql");

/// The types of the schema: their fields, and what type these have. Cut from its text, since the
/// parser would keep the first request waiting.
static TYPES: LazyLock<HashMap<&'static str, Type>> = LazyLock::new(types);

/// A type of the schema.
#[derive(Debug)]
pub(super) struct Type {
    /// Its name.
    pub name: &'static str,
    /// The types of its fields, if it has any.
    pub fields: HashMap<&'static str, &'static str>,
}

impl Type {
    /// The type of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TYPES.get(name)
    }
}

/// A name that nothing in the schema has, or nothing in the document asks for.
#[derive(Debug)]
pub(super) struct Unknown<'a> {
    /// The byte at which the field or fragment begins.
    pub at: usize,
    /// It.
    pub name: &'a str,
    /// What there is none of.
    pub what: What,
}

/// What a name should have been of.
#[derive(Debug)]
pub(super) enum What {
    /// A field of this type.
    Field(&'static Type),
    /// A type.
    Type,
    /// A fragment that is spread somewhere.
    Fragment,
}

/// Introspection, whose fields and types no schema lists.
pub(super) fn is_introspection(name: &str) -> bool {
    name.starts_with("__")
}

/// Refuses a document with more unknown names than validation would tell of.
///
/// # Errors
/// GRAPHQL_VALIDATION_FAILED, for the first of them.
pub(super) fn hold(text: &str, unknown: &[Unknown<'_>]) -> Result<(), Refused> {
    if unknown.len() <= UNKNOWN_MAX {
        return Ok(());
    }
    let mut places = Places::new(text);
    let errors = unknown.iter().take(UNKNOWN_MAX).map(|unknown| {
        let name = unknown.name;
        let message = match unknown.what {
            What::Field(of) => format!("the type `{}` has no field `{name}`", of.name),
            What::Type => format!("there is no type `{name}`"),
            What::Fragment => format!("the fragment `{name}` is spread nowhere"),
        };
        let error = ServerError::new(message, Some(places.of(unknown.at)));
        with_code(error, Code::GraphqlValidationFailed)
    });
    Err(Refused {
        status: None,
        errors: errors.collect(),
        header: None,
    })
}

fn types() -> HashMap<&'static str, Type> {
    let mut types = HashMap::new();
    let mut tokens = Tokens::new(SCHEMA);
    while let Some(token) = tokens.next() {
        let has_fields = match token.text {
            "type" | "interface" => true,
            "enum" | "input" | "scalar" | "union" => false,
            "{" | "(" => {
                tokens.brackets();
                continue;
            }
            _ => continue,
        };
        let Some(name) = tokens.word().map(|word| word.text) else {
            continue;
        };
        let fields = if has_fields {
            fields(&mut tokens)
        } else {
            HashMap::new()
        };
        types.insert(name, Type { name, fields });
    }
    types
}

/// The fields of a type whose name was read, and what stands around them.
fn fields(tokens: &mut Tokens<'static>) -> HashMap<&'static str, &'static str> {
    let mut fields = HashMap::new();
    // What it implements.
    tokens.find(|token| token.kind == Kind::Sign(b'{'));
    while let Some(token) = tokens.next() {
        match token.kind {
            Kind::Sign(b'}') => break,
            Kind::Sign(b'(') => {
                tokens.brackets();
            }
            // A directive.
            Kind::Sign(b'@') => {
                tokens.word();
            }
            Kind::Word => {
                if tokens.takes(b'(') {
                    tokens.brackets();
                }
                tokens.takes(b':');
                while tokens.takes(b'[') {}
                if let Some(of) = tokens.word() {
                    fields.insert(token.text, of.text);
                }
            }
            _ => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{BaseType, FieldDefinition, TypeKind, TypeSystemDefinition};
    use async_graphql::{Positioned, parser::types};

    use super::*;

    /// The type of a value, or of what stands in a list.
    fn named(of: &types::Type) -> String {
        match &of.base {
            BaseType::Named(name) => name.to_string(),
            BaseType::List(inner) => named(inner),
        }
    }

    fn field(field: Positioned<FieldDefinition>) -> (String, String) {
        (field.node.name.node.to_string(), named(&field.node.ty.node))
    }

    #[test]
    fn the_types_are_those_that_the_parser_finds() {
        let parsed = parse_schema(SCHEMA).expect("a schema").definitions;
        let parsed = parsed.into_iter().filter_map(|definition| {
            let TypeSystemDefinition::Type(definition) = definition else {
                return None;
            };
            let definition = definition.node;
            let fields = match definition.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => Vec::new(),
            };
            let fields: BTreeMap<_, _> = fields.into_iter().map(field).collect();
            Some((definition.name.node.to_string(), fields))
        });
        let parsed: BTreeMap<_, _> = parsed.collect();
        let owned = |(name, of): (&&str, &&str)| ((*name).to_owned(), (*of).to_owned());
        let cut = TYPES.iter().map(|(name, of)| {
            assert_eq!(*name, of.name);
            ((*name).to_owned(), of.fields.iter().map(owned).collect())
        });
        let cut: BTreeMap<String, BTreeMap<_, _>> = cut.collect();
        assert_eq!(cut, parsed);
    }

    #[test]
    fn what_the_schema_has_is_known() {
        for (of, field, found) in [
            ("Query", "customers", "CustomerConnection"),
            ("Customer", "balances", "Balance"),
            ("Subscription", "ledgerEntryAdded", "LedgerEntry"),
            ("Mutation", "drawDownBatch", "DrawDownBatchPayload"),
            ("Node", "id", "ID"),
        ] {
            assert_eq!(TYPES[of].fields[field], found, "{of}.{field}");
        }
    }
}
