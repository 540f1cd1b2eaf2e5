//! Page sizes given by a variable that was left out.
//!
//! An argument whose variable has no value counts as absent. The library holds to that where it
//! resolves fields, but not where it reckons what a page costs: there it refuses the document. For a
//! page size null means the same as absent, so that is what such a variable is given.

use std::convert::Infallible;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Selection, SelectionSet,
};
use async_graphql::{Name, Value};
use serde_json::{Map, Value as Json};

/// The arguments that the cost of a page is reckoned from.
const PAGE_SIZES: [&str; 2] = ["first", "last"];

/// Gives null to each variable without a value that is a page size.
pub fn fill(document: &ExecutableDocument, variables: &mut Map<String, Json>) {
    let mut names = Vec::new();
    for (_, operation) in document.operations.iter() {
        collect(&operation.node.selection_set.node, &mut names);
    }
    for fragment in document.fragments.values() {
        collect(&fragment.node.selection_set.node, &mut names);
    }
    for name in names {
        if !variables.contains_key(name.as_str()) && !has_default(&document.operations, &name) {
            variables.insert(name.to_string(), Json::Null);
        }
    }
}

fn collect(set: &SelectionSet, names: &mut Vec<Name>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                for (argument, value) in &field.node.arguments {
                    if PAGE_SIZES.contains(&argument.node.as_str()) {
                        let value = value.node.clone();
                        let Ok(_) = value.into_const_with(|name| -> Result<_, Infallible> {
                            names.push(name);
                            Ok(Value::Null)
                        });
                    }
                }
                collect(&field.node.selection_set.node, names);
            }
            Selection::InlineFragment(fragment) => {
                collect(&fragment.node.selection_set.node, names);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn has_default(operations: &DocumentOperations, name: &Name) -> bool {
    operations.iter().any(|(_, operation)| {
        let mut definitions = operation.node.variable_definitions.iter();
        definitions.any(|definition| {
            definition.node.name.node == *name && definition.node.default_value.is_some()
        })
    })
}
