//! The schema as it is printed, for tests that ask for all of it.

use std::collections::HashMap;
use std::fmt::Write;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};

/// All types by name.
pub struct Schema(HashMap<String, TypeDefinition>);

/// What the values of a literal are made of.
pub struct Values<'a> {
    /// Every id.
    pub id: &'a str,
    /// Every text.
    pub text: &'a str,
}

/// The name of a type without what is around it.
pub fn name_of(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => name_of(inner),
    }
}

/// Whether a value must be given.
pub fn is_required(value: &InputValueDefinition) -> bool {
    !value.ty.node.nullable && value.default_value.is_none()
}

impl Schema {
    /// Reads it.
    pub fn read() -> Self {
        let document = parse_schema(scrip::graphql::sdl()).expect("a schema");
        let types = document.definitions.into_iter().filter_map(|definition| {
            let TypeSystemDefinition::Type(definition) = definition else {
                return None;
            };
            Some((definition.node.name.node.to_string(), definition.node))
        });
        Self(types.collect())
    }

    /// The fields of an object; none, if it is no object.
    pub fn fields(&self, name: &str) -> Vec<&FieldDefinition> {
        match self.0.get(name).map(|definition| &definition.kind) {
            Some(TypeKind::Object(object)) => {
                object.fields.iter().map(|field| &field.node).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The fields of an input object; none, if it is none.
    pub fn inputs(&self, name: &str) -> Vec<&InputValueDefinition> {
        match self.0.get(name).map(|definition| &definition.kind) {
            Some(TypeKind::InputObject(input)) => {
                input.fields.iter().map(|field| &field.node).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The objects that are of an interface.
    pub fn implementors(&self, interface: &str) -> Vec<&str> {
        let all = self.0.iter();
        let found = all.filter_map(|(name, definition)| match &definition.kind {
            TypeKind::Object(object) => {
                let mut of = object.implements.iter();
                of.any(|of| of.node == *interface).then_some(name.as_str())
            }
            _ => None,
        });
        let mut found: Vec<_> = found.collect();
        found.sort_unstable();
        found
    }

    /// Whether something has to be selected of it.
    pub fn has_fields(&self, name: &str) -> bool {
        matches!(
            self.0.get(name).map(|definition| &definition.kind),
            Some(TypeKind::Object(_) | TypeKind::Interface(_))
        )
    }

    /// A value of the type, with all that is required and no more.
    pub fn literal(&self, ty: &Type, values: &Values<'_>) -> String {
        let name = match &ty.base {
            BaseType::List(inner) => return format!("[{}]", self.literal(inner, values)),
            BaseType::Named(name) => name.as_str(),
        };
        match name {
            "ID" => format!("\"{}\"", values.id),
            "String" => format!("\"{}\"", values.text),
            "Int" | "Float" | "BigInt" => "1".to_owned(),
            "Decimal" => "\"1\"".to_owned(),
            "Boolean" => "true".to_owned(),
            "DateTime" => "\"2026-01-01T00:00:00Z\"".to_owned(),
            "JSON" => "{}".to_owned(),
            _ => match &self.0[name].kind {
                TypeKind::Enum(names) => names.values[0].node.value.node.to_string(),
                TypeKind::InputObject(_) => {
                    let required = self.inputs(name).into_iter();
                    let required = required.filter(|input| is_required(input));
                    let fields = required.map(|input| {
                        let value = self.literal(&input.ty.node, values);
                        format!("{}: {value}", input.name.node)
                    });
                    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
                }
                _ => panic!("no literal of {name}"),
            },
        }
    }

    /// The arguments that a field can not be asked without, each `name: value`.
    pub fn required(&self, field: &FieldDefinition, values: &Values<'_>) -> Vec<String> {
        let required = field.arguments.iter().map(|argument| &argument.node);
        let required = required.filter(|argument| is_required(argument));
        let given = required.map(|argument| {
            let value = self.literal(&argument.ty.node, values);
            format!("{}: {value}", argument.name.node)
        });
        given.collect()
    }

    /// Everything of a type, and of what it leads to, some levels deep. `arguments` says what each
    /// field is asked with; none: it is left out.
    pub fn selection(
        &self,
        name: &str,
        depth: usize,
        arguments: &dyn Fn(&FieldDefinition) -> Option<Vec<String>>,
        into: &mut String,
    ) {
        if !self.has_fields(name) {
            return;
        }
        into.push_str(" { __typename");
        for object in self.implementors(name) {
            write!(into, " ... on {object}").expect("written");
            self.selection(object, depth, arguments, into);
        }
        for field in self.fields(name) {
            let leads_to = name_of(&field.ty.node);
            let Some(given) = arguments(field).filter(|_| depth > 0 || !self.has_fields(leads_to))
            else {
                continue;
            };
            write!(into, " {}{}", field.name.node, in_brackets(&given)).expect("written");
            self.selection(leads_to, depth.saturating_sub(1), arguments, into);
        }
        into.push_str(" }");
    }
}

/// `(a: 1, b: 2)`, or nothing.
pub fn in_brackets(arguments: &[String]) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    format!("({})", arguments.join(", "))
}
