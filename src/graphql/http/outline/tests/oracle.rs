//! What stands in a document, found in what the parser made of it.

use async_graphql::Pos;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};

use crate::graphql::http::names::{Type, UNKNOWN_MAX, is_introspection};

type Told = (usize, usize, String);

#[derive(Default)]
pub struct Seen {
    pub fragments: usize,
    pub spreads: usize,
    pub aliases: usize,
    pub depth: usize,
    /// Fields at the root of the mutation that has most.
    pub roots: usize,
    in_operations: Vec<(Told, String)>,
    in_fragments: Vec<(Told, String)>,
}

impl Seen {
    pub fn of(document: &ExecutableDocument) -> Self {
        let mut seen = Self {
            fragments: document.fragments.len(),
            ..Self::default()
        };
        let mut unknown = Vec::new();
        for (_, operation) in document.operations.iter() {
            let set = &operation.node.selection_set.node;
            let root = match operation.node.ty {
                OperationType::Query => "Query",
                OperationType::Mutation => "Mutation",
                OperationType::Subscription => "Subscription",
            };
            if root == "Mutation" {
                seen.roots = seen.roots.max(roots(set));
            }
            seen.sizes(set, 0);
            unknown_in(set, root, &mut unknown);
        }
        seen.in_operations = first(&mut unknown);
        for fragment in document.fragments.values() {
            let set = &fragment.node.selection_set.node;
            seen.sizes(set, 0);
            unknown_in(
                set,
                &fragment.node.type_condition.node.on.node,
                &mut unknown,
            );
        }
        seen.in_fragments = first(&mut unknown);
        seen
    }

    /// Place and name of each.
    pub fn unknown_in_operations(&self) -> Vec<Told> {
        self.in_operations
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }

    pub fn unknown_in_fragments(&self) -> Vec<Told> {
        self.in_fragments
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// All, with what is told of them.
    pub fn unknown(&self) -> Vec<Told> {
        let all = self.in_operations.iter().chain(&self.in_fragments);
        all.map(|((line, column, _), message)| (*line, *column, message.clone()))
            .collect()
    }

    fn sizes(&mut self, set: &SelectionSet, level: usize) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    self.depth = self.depth.max(level + 1);
                    self.aliases += usize::from(field.node.alias.is_some());
                    self.sizes(&field.node.selection_set.node, level + 1);
                }
                Selection::InlineFragment(fragment) => {
                    self.sizes(&fragment.node.selection_set.node, level);
                }
                Selection::FragmentSpread(_) => self.spreads += 1,
            }
        }
    }
}

fn roots(set: &SelectionSet) -> usize {
    let each = set.items.iter().map(|item| match &item.node {
        Selection::Field(_) => 1,
        Selection::InlineFragment(fragment) => roots(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => 0,
    });
    each.sum()
}

/// The first in the order of the text, as many as are looked for.
fn first(unknown: &mut Vec<(Told, String)>) -> Vec<(Told, String)> {
    let mut unknown = std::mem::take(unknown);
    unknown.sort();
    unknown.truncate(UNKNOWN_MAX + 1);
    unknown
}

/// What is unknown in a selection on a type. Stops where the type itself is unknown, or is one of
/// introspection, which no schema lists.
fn unknown_in(set: &SelectionSet, of: &str, unknown: &mut Vec<(Told, String)>) {
    let Some(fields) = Type::named(of).map(|of| &of.fields) else {
        return;
    };
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                match fields.get(name) {
                    Some(of) => unknown_in(&field.node.selection_set.node, of, unknown),
                    None if is_introspection(name) => {}
                    None => {
                        let message = format!("the type `{of}` has no field `{name}`");
                        unknown.push(told(field.pos, name, message));
                    }
                }
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref();
                let on = on.map_or(of, |on| on.node.on.node.as_str());
                if Type::named(on).is_none() && !is_introspection(on) {
                    unknown.push(told(fragment.pos, on, format!("there is no type `{on}`")));
                }
                unknown_in(&fragment.node.selection_set.node, on, unknown);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn told(at: Pos, name: &str, message: String) -> (Told, String) {
    ((at.line, at.column, name.to_owned()), message)
}

/// The fragments that are spread nowhere, by name.
pub fn unspread(document: &ExecutableDocument) -> Vec<&str> {
    fn spread<'a>(set: &'a SelectionSet, found: &mut Vec<&'a str>) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => spread(&field.node.selection_set.node, found),
                Selection::InlineFragment(inline) => {
                    spread(&inline.node.selection_set.node, found);
                }
                Selection::FragmentSpread(named) => {
                    found.push(named.node.fragment_name.node.as_str());
                }
            }
        }
    }
    let mut found = Vec::new();
    for (_, operation) in document.operations.iter() {
        spread(&operation.node.selection_set.node, &mut found);
    }
    for fragment in document.fragments.values() {
        spread(&fragment.node.selection_set.node, &mut found);
    }
    let names = document.fragments.keys().map(|name| name.as_str());
    let mut unspread: Vec<_> = names.filter(|name| !found.contains(name)).collect();
    unspread.sort_unstable();
    unspread
}
