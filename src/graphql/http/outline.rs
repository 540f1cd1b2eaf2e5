//! The outline of a document, read off its tokens before it is parsed: which fields stand in which
//! selections. The parser takes a microsecond for each token; what is too large as it stands there,
//! or full of names that the schema has not, is refused for a hundredth of that.
//!
//! Fragments are not spread out here, so that nothing is found to be larger than it is; `measure`
//! has the last word. Where a text is no GraphQL the outline ends, and the parser says why.

use std::collections::HashSet;

use super::code::Refused;
use super::most;
use super::names::{self, Type, UNKNOWN_MAX, Unknown, What, is_introspection};
use super::tokens::{Kind, Token, Tokens};
use crate::config::Limits;

/// Refuses what is too large or has too many unknown names, fragments not spread out. In the order
/// of `measure`; of what stands in operations before what stands in fragments.
///
/// # Errors
/// TOO_COMPLEX, GRAPHQL_VALIDATION_FAILED.
pub(super) fn hold(text: &str, limits: &Limits) -> Result<(), Refused> {
    let outline = Outline::read(text, limits);
    most::fragments(outline.fragments.len())?;
    let unspread = outline.unspread();
    let (operations, fragments) = (outline.of_operations, outline.of_fragments);
    let excess = operations.excess.or(fragments.excess);
    excess.map_or(Ok(()), Err)?;
    most::depth(outline.depth, limits)?;
    most::aliases(outline.aliases, limits)?;
    let mut unknown = operations.unknown;
    unknown.extend(fragments.unknown);
    names::hold(text, &unknown)?;
    names::hold(text, &unspread)
}

/// The types of the roots, by the word that an operation begins with.
const ROOTS: [(&str, &str); 3] = [
    ("query", "Query"),
    (MUTATION, "Mutation"),
    ("subscription", "Subscription"),
];
const MUTATION: &str = "mutation";

struct Outline<'a> {
    tokens: Tokens<'a>,
    limits: &'a Limits,
    /// The selections that are open.
    sets: Vec<Set>,
    /// Fields of the first level of the definition that is read.
    roots: usize,
    is_in_fragment: bool,
    /// The fragments, and where they begin.
    fragments: Vec<(&'a str, usize)>,
    /// Those that are spread somewhere.
    spread: HashSet<&'a str>,
    /// Whether all was read.
    is_whole: bool,
    aliases: usize,
    /// Levels of fields.
    depth: usize,
    of_operations: Part<'a>,
    of_fragments: Part<'a>,
}

#[derive(Clone, Copy)]
struct Set {
    /// What it is on; `None`: not known, and nothing in it is judged.
    of: Option<&'static Type>,
    /// Fields that it stands in.
    level: usize,
}

/// What is wrong with the operations, or with the fragments.
#[derive(Default)]
struct Part<'a> {
    /// The first thing of which there is too much in one place.
    excess: Option<Refused>,
    /// At most one more than are allowed.
    unknown: Vec<Unknown<'a>>,
}

impl<'a> Outline<'a> {
    fn read(text: &'a str, limits: &'a Limits) -> Self {
        let mut outline = Self {
            tokens: Tokens::new(text),
            limits,
            sets: Vec::new(),
            roots: 0,
            is_in_fragment: false,
            fragments: Vec::new(),
            spread: HashSet::new(),
            is_whole: false,
            aliases: 0,
            depth: 0,
            of_operations: Part::default(),
            of_fragments: Part::default(),
        };
        outline.is_whole = outline.document().is_some();
        outline
    }

    /// Fragments that are not spread anywhere, which validation refuses one by one.
    fn unspread(&self) -> Vec<Unknown<'a>> {
        let all = self.fragments.iter().filter(|_| self.is_whole);
        let unspread = all.filter(|(name, _)| !self.spread.contains(name));
        let unspread = unspread.take(UNKNOWN_MAX + 1);
        unspread
            .map(|&(name, at)| Unknown {
                at,
                name,
                what: What::Fragment,
            })
            .collect()
    }

    /// Reads all definitions. `None`, here and below: this is no GraphQL.
    fn document(&mut self) -> Option<()> {
        while let Some(token) = self.tokens.next() {
            match token.kind {
                Kind::Sign(b'{') => self.selections(Type::named("Query"))?,
                Kind::Word => self.definition(token)?,
                _ => return None,
            }
        }
        Some(())
    }

    /// A definition whose first word was read. The parser asks for no blank behind that: `queryQ`
    /// is a query of the name `Q`.
    fn definition(&mut self, first: Token<'a>) -> Option<()> {
        let word = first.text;
        if let Some(name) = word.strip_prefix("fragment") {
            return self.fragment(name, first.at);
        }
        let beginning = |&(kind, root)| Some((kind, root, word.strip_prefix(kind)?));
        let (kind, root, name) = ROOTS.iter().find_map(beginning)?;
        if name.is_empty() {
            self.tokens.word();
        }
        if self.tokens.takes(b'(') {
            let variables = self.tokens.brackets()?;
            self.check(most::variables(variables.colons));
            self.check(most::directives(variables.directives));
        }
        self.directives()?;
        self.opens()?;
        self.selections(Type::named(root))?;
        if kind == MUTATION {
            self.check(most::root_mutations(self.roots, self.limits));
        }
        Some(())
    }

    fn fragment(&mut self, name: &'a str, at: usize) -> Option<()> {
        self.is_in_fragment = true;
        let name = if name.is_empty() {
            self.tokens.word()?.text
        } else {
            name
        };
        self.fragments.push((name, at));
        self.tokens.word().filter(|word| word.text == "on")?;
        let of = self.tokens.word_after_blanks()?;
        self.directives()?;
        self.opens()?;
        self.selections(Type::named(of.text))?;
        self.is_in_fragment = false;
        Some(())
    }

    /// The selections of a definition, whose bracket was read, and all within them.
    fn selections(&mut self, of: Option<&'static Type>) -> Option<()> {
        self.roots = 0;
        self.sets.push(Set { of, level: 0 });
        while let Some(&set) = self.sets.last() {
            let token = self.tokens.next()?;
            match token.kind {
                Kind::Word => self.field(set, token)?,
                Kind::Dots if token.text == "..." => self.spread(set, token.at)?,
                Kind::Sign(b'}') => {
                    self.sets.pop();
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// A field whose first name was read.
    fn field(&mut self, set: Set, first: Token<'a>) -> Option<()> {
        let mut name = first.text;
        if self.tokens.takes(b':') {
            self.aliases += 1;
            name = self.tokens.word()?.text;
        }
        let level = set.level + 1;
        self.depth = self.depth.max(level);
        self.roots += usize::from(level == 1);
        let inner = self.type_of(set.of, name, first.at);
        if self.tokens.takes(b'(') {
            let arguments = self.tokens.brackets()?.colons;
            self.check(most::arguments(arguments));
        }
        self.directives()?;
        if self.tokens.takes(b'{') {
            let of = inner.and_then(Type::named);
            self.sets.push(Set { of, level });
        }
        Some(())
    }

    /// The name of the type of a field; `None`: nothing below it is judged.
    fn type_of(&mut self, of: Option<&'static Type>, name: &'a str, at: usize) -> Option<&'a str> {
        let of = of.filter(|_| self.part().unknown.len() <= UNKNOWN_MAX)?;
        if is_introspection(name) {
            return None;
        }
        let inner = of.fields.get(name).copied();
        if inner.is_none() {
            let what = What::Field(of);
            self.part().unknown.push(Unknown { at, name, what });
        }
        inner
    }

    /// What stands behind three dots.
    fn spread(&mut self, set: Set, at: usize) -> Option<()> {
        let word = self.tokens.word();
        // The parser takes no comment behind `on`: then that is the name of a fragment.
        let on = word.filter(|word| word.text == "on");
        let condition = on.and_then(|_| self.tokens.word_after_blanks());
        self.directives()?;
        if let (Some(word), None) = (word, condition) {
            self.spread.insert(word.text);
            return Some(());
        }
        self.opens()?;
        let of = match condition {
            Some(condition) => self.condition(set.of, condition.text, at),
            None => set.of,
        };
        self.sets.push(Set { of, ..set });
        Some(())
    }

    /// The type of a fragment within a selection that is judged.
    fn condition(
        &mut self,
        within: Option<&'static Type>,
        name: &'a str,
        at: usize,
    ) -> Option<&'static Type> {
        within.filter(|_| self.part().unknown.len() <= UNKNOWN_MAX)?;
        let of = Type::named(name);
        if of.is_none() && !is_introspection(name) {
            let what = What::Type;
            self.part().unknown.push(Unknown { at, name, what });
        }
        of
    }

    fn directives(&mut self) -> Option<()> {
        let mut count = 0;
        while self.tokens.takes(b'@') {
            count += 1;
            self.tokens.word()?;
            if self.tokens.takes(b'(') {
                self.tokens.brackets()?;
            }
        }
        self.check(most::directives(count));
        Some(())
    }

    fn opens(&mut self) -> Option<()> {
        self.tokens.takes(b'{').then_some(())
    }

    /// Keeps the first excess.
    fn check(&mut self, held: Result<(), Refused>) {
        if let Err(refused) = held {
            self.part().excess.get_or_insert(refused);
        }
    }

    fn part(&mut self) -> &mut Part<'a> {
        if self.is_in_fragment {
            &mut self.of_fragments
        } else {
            &mut self.of_operations
        }
    }
}

#[cfg(test)]
mod tests;
