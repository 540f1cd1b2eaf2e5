//! Whether the answer to a query may be large: then only a few such are under way at once.
//!
//! A guess from the document: lists have as many members as are asked for. What a query may cost is
//! limited elsewhere, and exactly.

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Request, Value, Variables};

use crate::ledger::read::page;

/// Fields of an answer that is not large: a page of a customer, with its grants and its newest
/// entries, has 500.
const SMALL_MAX: usize = 2_000;

/// Whether the answer may be large.
pub fn is_large(request: &mut Request) -> bool {
    let variables = std::mem::take(&mut request.variables);
    let is_large = request.parsed_query().is_ok_and(|document| {
        let mut scales = Scales {
            document,
            variables: &variables,
            left: SMALL_MAX,
        };
        let sets = document.operations.iter();
        !sets
            .map(|(_, operation)| &operation.node.selection_set.node)
            .all(|set| scales.hold(set, 1))
    });
    request.variables = variables;
    is_large
}

struct Scales<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    /// Fields that there is room for.
    left: usize,
}

impl<'a> Scales<'a> {
    /// Takes the room that a selection needs, so many times. Answers whether there was enough; what
    /// has no end, or doubles with every fragment, soon finds none.
    fn hold(&mut self, set: &'a SelectionSet, times: usize) -> bool {
        set.items.iter().all(|item| {
            let Some(left) = self.left.checked_sub(times) else {
                return false;
            };
            self.left = left;
            match &item.node {
                Selection::Field(field) => {
                    let inner = &field.node.selection_set.node;
                    let times = times.saturating_mul(self.members(&field.node));
                    self.hold(inner, times)
                }
                Selection::InlineFragment(fragment) => {
                    self.hold(&fragment.node.selection_set.node, times)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = self.document.fragments.get(name);
                    fragment
                        .is_none_or(|fragment| self.hold(&fragment.node.selection_set.node, times))
                }
            }
        })
    }

    /// How many members the list has that a field leads to; one, where it is none.
    fn members(&self, field: &Field) -> usize {
        let asked = ["first", "last"].iter().find_map(|name| {
            let given = field.get_argument(name)?.node.clone();
            let known = given.into_const_with(|name| self.variables.get(&name).cloned().ok_or(()));
            match known {
                Ok(Value::Number(number)) => number.as_i64(),
                _ => None,
            }
        });
        if let Some(asked) = asked {
            return asked.clamp(0, page::MAX_SIZE).try_into().unwrap_or(0);
        }
        let is_page = field
            .selection_set
            .node
            .items
            .iter()
            .any(|item| match &item.node {
                Selection::Field(field) => {
                    matches!(field.node.name.node.as_str(), "nodes" | "edges")
                }
                _ => true,
            });
        let members = if field.get_argument("ids").is_some() {
            page::MAX_SIZE
        } else if is_page {
            page::DEFAULT_SIZE
        } else {
            1
        };
        members.try_into().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn large(query: &str) -> bool {
        let variables = Variables::from_json(json!({ "n": 90 }));
        is_large(&mut Request::new(query).variables(variables))
    }

    #[test]
    fn a_list_in_a_list_is_large_and_the_page_of_a_customer_is_not() {
        let customer = "id name balances { posted held available } \
                        creditGrants(first: 10) { nodes { id name remaining held } } \
                        ledgerEntries(first: 20) { nodes { id kind amount } }";
        let table = [
            ("{ viewer { name } }".to_owned(), false),
            (format!("{{ customer(id: 1) {{ {customer} }} }}"), false),
            ("{ customers(first: 100) { nodes { id name } } }".to_owned(), false),
            (format!("{{ customers(first: 20) {{ nodes {{ {customer} }} }} }}"), true),
            ("{ customers { nodes { creditGrants { nodes { a b c d e f } } } } }".to_owned(), true),
            ("query($n: Int) { customers(first: $n) { nodes { creditGrants(last: $n) { nodes { id } } } } }".to_owned(), true),
            ("query($m: Int) { customers(first: $m) { nodes { creditGrants(first: 1) { nodes { id } } } } }".to_owned(), false),
            (format!("{{ nodes(ids: []) {{ ... on Customer {{ {customer} }} }} }}"), true),
        ];
        for (query, expected) in table {
            assert_eq!(large(&query), expected, "{query}");
        }
    }

    #[test]
    fn fragments_count_as_often_as_they_are_spread() {
        let levels = (0..40).map(|level| {
            let below = level + 1;
            format!(" fragment F{level} on Query {{ ...F{below} ...F{below} }}")
        });
        let levels: String = levels.collect();
        assert!(large(&format!(
            "{{ ...F0 }}{levels} fragment F40 on Query {{ id }}"
        )));
        assert!(!large("{ ...F ...F } fragment F on Query { id }"));
    }
}
