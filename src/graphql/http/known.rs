//! Documents that were read before. A program sends the same few texts again and again; each worker
//! remembers what it read, so that these are not cut, parsed and measured every time.

use std::cell::RefCell;
use std::collections::HashMap;

use async_graphql::parser::types::ExecutableDocument;

use super::code::Refused;
use crate::config::Limits;

/// Documents that a worker remembers. When there are more it begins anew.
const KNOWN_MAX: usize = 256;
/// Bytes of a document that is worth remembering.
const LENGTH_MAX: usize = 8_192;

/// The limits that a document is held to when it is read.
type Held = [usize; 4];

#[derive(Default)]
struct Known {
    held: Held,
    documents: HashMap<String, ExecutableDocument>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The document of a text: remembered, or read now. What is refused is not remembered.
///
/// # Errors
/// What reading it says.
pub fn document(
    text: &str,
    limits: &Limits,
    read: impl FnOnce() -> Result<ExecutableDocument, Refused>,
) -> Result<ExecutableDocument, Refused> {
    let held = [
        limits.tokens_max,
        limits.depth_max,
        limits.aliases_max,
        limits.root_mutations_max,
    ];
    let found = KNOWN.with_borrow(|known| {
        let found = known.documents.get(text).filter(|_| known.held == held);
        found.cloned()
    });
    if let Some(found) = found {
        return Ok(found);
    }
    let document = read()?;
    if text.len() <= LENGTH_MAX {
        KNOWN.with_borrow_mut(|known| {
            if known.held != held || known.documents.len() >= KNOWN_MAX {
                known.documents.clear();
                known.held = held;
            }
            known.documents.insert(text.to_owned(), document.clone());
        });
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;
    use crate::config::Settings;

    #[test]
    fn a_document_is_read_once_under_the_same_limits() {
        let mut limits = Settings::defaults().expect("defaults").limits();
        let mut times = 0;
        let mut ask = |limits: &Limits| {
            let read = || {
                times += 1;
                Ok(parse_query("{ a }").expect("a document"))
            };
            document("{ a }", limits, read).expect("read");
            times
        };
        assert_eq!((ask(&limits), ask(&limits)), (1, 1));
        limits.depth_max += 1;
        assert_eq!((ask(&limits), ask(&limits)), (2, 2));
    }

    #[test]
    fn what_is_remembered_does_not_grow_without_end() {
        let limits = Settings::defaults().expect("defaults").limits();
        for n in 0..KNOWN_MAX * 2 {
            let text = format!("{{ a{n} }}");
            let read = || Ok(parse_query(&text).expect("a document"));
            document(&text, &limits, read).expect("read");
        }
        let long = format!("{{ {} }}", "a ".repeat(LENGTH_MAX));
        let read = || Ok(parse_query("{ a }").expect("a document"));
        document(&long, &limits, read).expect("read");
        KNOWN.with_borrow(|known| {
            assert!(known.documents.len() <= KNOWN_MAX);
            assert!(!known.documents.contains_key(&long));
        });
    }
}
