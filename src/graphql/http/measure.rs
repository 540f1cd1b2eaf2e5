//! How large a document is with all its fragments spread out. What is too large without that was
//! refused before it was parsed (`outline`).
//!
//! Fragments are measured once, however often they are spread: a document that multiplies itself by
//! fragments is refused in the time it takes to read it.

use std::collections::{HashMap, HashSet};

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};

use super::code::{Code, Refused};
use super::document::too_complex;
use super::most;
use super::tokens::NESTING_MAX;
use crate::config::Limits;

/// How often a path of introspection may pass through a list that leads to types again.
const INTROSPECTION_LISTS_MAX: usize = 2;

/// What a selection comes to with all fragments spread out.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    /// Fields in all, and fragments: one that leads to nothing costs those who follow it as much.
    fields: usize,
    /// Fields of the first level.
    roots: usize,
    aliases: usize,
    /// Levels of fields.
    depth: usize,
    /// Most lists of introspection on one path.
    lists: usize,
}

impl Size {
    fn with_one_more(self) -> Self {
        Self {
            fields: self.fields.saturating_add(1),
            ..self
        }
    }

    fn beside(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.roots = self.roots.saturating_add(other.roots);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.depth = self.depth.max(other.depth);
        self.lists = self.lists.max(other.lists);
    }
}

struct Ruler<'a> {
    document: &'a ExecutableDocument,
    /// `None`: being measured right now.
    fragments: HashMap<&'a Name, Option<Size>>,
}

/// How deep selections may nest through fragments, so that measuring them does not.
const LEVELS_MAX: usize = 2 * NESTING_MAX;

/// Measures a document and holds it to the limits.
///
/// # Errors
/// TOO_COMPLEX; a fragment that spreads itself is GRAPHQL_VALIDATION_FAILED.
pub(super) fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<(), Refused> {
    let mut ruler = Ruler {
        document,
        fragments: HashMap::new(),
    };
    let mut total = Size::default();
    most::fragments(document.fragments.len())?;
    for (_, operation) in document.operations.iter() {
        most::variables(operation.node.variable_definitions.len())?;
        for variable in &operation.node.variable_definitions {
            most::directives(variable.node.directives.len())?;
        }
        most::directives(operation.node.directives.len())?;
        let size = ruler.set(&operation.node.selection_set.node, 0)?;
        if operation.node.ty == OperationType::Mutation {
            most::root_mutations(size.roots, limits)?;
        }
        total.beside(size);
    }
    // What nobody spreads is looked at by validation, too.
    for name in document.fragments.keys() {
        if !ruler.fragments.contains_key(name) {
            let size = ruler.fragment(name, 0)?;
            total.beside(size.with_one_more());
        }
    }
    most::depth(total.depth, limits)?;
    most::aliases(total.aliases, limits)?;
    most::fields(total.fields, limits)
}

impl<'a> Ruler<'a> {
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, Refused> {
        if level > LEVELS_MAX {
            return Err(too_complex(format!(
                "fragments deeper than {LEVELS_MAX} levels"
            )));
        }
        let mut total = Size::default();
        for item in &set.items {
            let size = match &item.node {
                Selection::Field(field) => {
                    most::arguments(field.node.arguments.len())?;
                    most::directives(field.node.directives.len())?;
                    let inner = self.set(&field.node.selection_set.node, level + 1)?;
                    let name = field.node.name.node.as_str();
                    let lists = lists_through(name, inner.lists)?;
                    Size {
                        fields: inner.fields.saturating_add(1),
                        roots: 1,
                        aliases: inner.aliases + usize::from(field.node.alias.is_some()),
                        depth: inner.depth + 1,
                        lists,
                    }
                }
                Selection::InlineFragment(fragment) => {
                    most::directives(fragment.node.directives.len())?;
                    let inner = self.set(&fragment.node.selection_set.node, level + 1)?;
                    inner.with_one_more()
                }
                Selection::FragmentSpread(spread) => {
                    most::directives(spread.node.directives.len())?;
                    let name = &spread.node.fragment_name.node;
                    self.fragment(name, level + 1)?.with_one_more()
                }
            };
            total.beside(size);
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &'a Name, level: usize) -> Result<Size, Refused> {
        match self.fragments.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(Refused::document(
                    Code::GraphqlValidationFailed,
                    format!("the fragment `{name}` spreads itself"),
                ));
            }
            None => {}
        }
        // An unknown fragment is told by validation.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Size::default());
        };
        most::directives(fragment.node.directives.len())?;
        self.fragments.insert(name, None);
        let size = self.set(&fragment.node.selection_set.node, level)?;
        self.fragments.insert(name, Some(size));
        Ok(size)
    }
}

/// Whether no object or list is asked for twice in one place, fragments spread out: then nothing
/// in an answer has to be put together. For a document within the limits, which end the recursion.
pub(super) fn asks_once(document: &ExecutableDocument) -> bool {
    let mut operations = document.operations.iter();
    operations.all(|(_, operation)| {
        let set = &operation.node.selection_set.node;
        each_once(document, set, &mut HashSet::new())
    })
}

fn each_once<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    seen: &mut HashSet<&'a Name>,
) -> bool {
    set.items.iter().all(|item| match &item.node {
        Selection::Field(field) => {
            let inner = &field.node.selection_set.node;
            let mut is_new = || seen.insert(&field.node.response_key().node);
            inner.items.is_empty() || is_new() && each_once(document, inner, &mut HashSet::new())
        }
        Selection::InlineFragment(fragment) => {
            each_once(document, &fragment.node.selection_set.node, seen)
        }
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment
                .is_none_or(|fragment| each_once(document, &fragment.node.selection_set.node, seen))
        }
    })
}

/// The lists of introspection on a path that goes on upwards through this field.
fn lists_through(field: &str, below: usize) -> Result<usize, Refused> {
    match field {
        "fields" | "interfaces" | "possibleTypes" | "inputFields" => Ok(below + 1),
        "__schema" | "__type" if below > INTROSPECTION_LISTS_MAX => Err(too_complex(format!(
            "introspection goes through more than {INTROSPECTION_LISTS_MAX} lists of fields or types"
        ))),
        "__schema" | "__type" => Ok(0),
        _ => Ok(below),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn what_is_asked_for_twice_is_found_through_fragments() {
        let table = [
            ("{ a { b c } d { b } }", true),
            ("{ a { b b } a2: a { b } }", true),
            ("{ a { b } a { c } }", false),
            ("{ a { b { c } ...F } } fragment F on A { b { d } }", false),
            ("{ a { b ...F } } fragment F on A { b c { d } }", true),
            ("{ a { ...F ...F } } fragment F on A { c { d } }", false),
            ("{ a { ... on A { c { d } } ... on B { c { d } } } }", false),
            ("query X { a { b } } query Y { a { b } }", true),
            ("query X { a { b } } query Y { a { b } a { b } }", false),
        ];
        for (text, expected) in table {
            let document = parse_query(text).expect("a document");
            assert_eq!(asks_once(&document), expected, "{text}");
        }
    }
}
