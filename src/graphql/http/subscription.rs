//! The one field that a subscription asks for.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, Selection, SelectionSet,
};
use async_graphql::{Pos, Positioned};

use super::code::{Code, Refused};

/// The field at the root of a subscription, out of whatever fragments it stands in. The depth of
/// fragments was measured before.
///
/// # Errors
/// Of no field, of several, of introspection.
pub fn root(
    document: &ExecutableDocument,
    set: &SelectionSet,
) -> Result<Positioned<Field>, Refused> {
    let mut fields = Vec::new();
    gather(document, set, &mut fields);
    match fields.as_slice() {
        [field] if !field.node.name.node.starts_with("__") => Ok((*field).clone()),
        _ => Err(Refused::document(
            Code::GraphqlValidationFailed,
            "a subscription asks for exactly one field, and none of introspection",
        )),
    }
}

fn gather<'d>(
    document: &'d ExecutableDocument,
    set: &'d SelectionSet,
    fields: &mut Vec<&'d Positioned<Field>>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => fields.push(field),
            Selection::InlineFragment(fragment) => {
                gather(document, &fragment.node.selection_set.node, fields);
            }
            Selection::FragmentSpread(spread) => {
                // An unknown fragment is told by validation.
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    gather(document, &fragment.node.selection_set.node, fields);
                }
            }
        }
    }
}

/// Puts the field at the root of the operation in place of fragments, which are not looked into
/// where a subscription starts. What stands there as a field stays as it is.
pub fn put_root(document: &mut ExecutableDocument, name: Option<&str>, root: Positioned<Field>) {
    let operation = match &mut document.operations {
        DocumentOperations::Single(operation) => Some(operation),
        DocumentOperations::Multiple(operations) => match name {
            Some(name) => operations.get_mut(name),
            None => operations.values_mut().next(),
        },
    };
    let items = operation.map(|operation| &mut operation.node.selection_set.node.items);
    if let Some(items) = items
        && !matches!(
            items.as_slice(),
            [Positioned {
                node: Selection::Field(_),
                ..
            }]
        )
    {
        let pos: Pos = root.pos;
        items.push(Positioned::new(Selection::Field(root), pos));
        items.rotate_right(1);
        // The fragments stay, so that validation knows that they are used; as fields they are not
        // asked for.
    }
}
