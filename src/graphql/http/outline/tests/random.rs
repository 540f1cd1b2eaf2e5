//! Documents from a seed, by the schema and against it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::graphql::http::names::Type;

/// Names that a schema may have, and that mean something elsewhere.
const ODD: &[&str] = &[
    "on",
    "query",
    "mutation",
    "fragment",
    "type",
    "true",
    "null",
    "no",
    "on_",
    "x1",
    "__typename",
    "__type",
    "_",
];
const TYPES: &[&str] = &[
    "Query",
    "Mutation",
    "Customer",
    "Node",
    "Viewer",
    "CreditGrant",
    "DateTime",
    "on",
    "No",
    "__Type",
];
const BLANKS: &[&str] = &[" ", "\n", ", ", "\r\n", "\t", "\u{feff}", " ,\n  "];
const COMMENTS: &[&str] = &["#\n", " # { a: \" ( @\n", "#...on\r\n"];
const TEXTS: &[&str] = &[
    r#""""#,
    r#""a \" { b: } ) #""#,
    r#""""""""#,
    "\"\"\"x \" \\\"\"\" {\n : ( \"\"\"",
    r#""é\u00e9""#,
];
const PARTS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "...",
    "..",
    "on ",
    "on",
    "@a",
    "@a(b: 1)",
    "#",
    "#a\n",
    "\"",
    "\u{feff}",
    "é",
    "$",
    "fragment",
    "fragment F on Query { a }",
    "query",
    "query Q",
    " ",
    ",",
    "1",
    "a",
    " a ",
    " a: ",
    "{ a }",
    "...F",
    "... on Viewer {",
    "(a: {b: 1})",
    "\"\"\"",
    "\n",
];

pub struct Random {
    random: StdRng,
    tokens: Vec<String>,
    /// Of a thousand names so many are not the schema's.
    odd: u32,
    fragments: usize,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let odd = *[0, 30, 300].choose(&mut random).expect("one");
        let fragments = random.random_range(0..3);
        Self {
            random,
            tokens: Vec::new(),
            odd,
            fragments,
        }
    }

    pub fn upto(&mut self, max: usize) -> usize {
        self.random.random_range(0..=max)
    }

    pub fn document(&mut self) -> String {
        let mut definitions: Vec<Option<usize>> = (0..self.fragments).map(Some).collect();
        let operations = if self.chance(700) { 1 } else { 3 };
        for _ in 0..operations {
            let at = self.upto(definitions.len());
            definitions.insert(at, None);
        }
        for (n, definition) in definitions.into_iter().enumerate() {
            match definition {
                Some(n) => {
                    let first = if self.chance(100) {
                        "fragment"
                    } else {
                        "fragment "
                    };
                    self.put(format!("{first}F{n}"));
                    let of = self.on();
                    self.directives();
                    self.selections(Type::named(of), 3);
                }
                None => self.operation(n, operations == 1),
            }
        }
        self.text()
    }

    /// The text with something put in, taken out or put elsewhere.
    pub fn spoilt(&mut self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=self.upto(2) {
            let at = self.upto(characters.len());
            let end = (at + self.upto(3)).min(characters.len());
            match self.upto(3) {
                0 => drop(characters.drain(at..end)),
                1 => {
                    let part: Vec<_> = characters[at..end].to_vec();
                    let to = self.upto(characters.len());
                    characters.splice(to..to, part);
                }
                _ => {
                    let part = self.one(PARTS);
                    characters.splice(at..at, part.chars());
                }
            }
        }
        let text: String = characters.into_iter().collect();
        // The parser begins to count columns again behind a `\r`: places would not have one order.
        text.replace('\r', " ")
    }

    fn operation(&mut self, n: usize, is_alone: bool) {
        let kinds = [
            ("query", "Query"),
            ("mutation", "Mutation"),
            ("subscription", "Subscription"),
        ];
        let (kind, root) = *kinds.choose(&mut self.random).expect("one");
        if is_alone && self.chance(300) {
            return self.selections(Type::named("Query"), 4);
        }
        if is_alone && self.chance(300) {
            self.put(kind);
        } else {
            let blank = if self.chance(100) { "" } else { " " };
            self.put(format!("{kind}{blank}Q{n}"));
        }
        if self.chance(400) {
            self.put("(");
            for n in 0..self.upto(3) {
                self.put("$");
                self.put(format!("v{n}"));
                self.put(":");
                self.put("[Int!]!");
                self.directives();
                if self.chance(300) {
                    self.put("=");
                    self.value(2);
                }
            }
            self.put(")");
        }
        self.directives();
        self.selections(Type::named(root), 4);
    }

    fn selections(&mut self, of: Option<&'static Type>, levels: usize) {
        self.put("{");
        for _ in 0..=self.upto(4) {
            match self.upto(9) {
                0 if self.fragments > 0 => {
                    self.put("...");
                    let name = self.upto(self.fragments);
                    self.put(format!("F{name}"));
                    self.directives();
                }
                1 if levels > 0 => {
                    self.put("...");
                    let on = if self.chance(600) {
                        Type::named(self.on())
                    } else {
                        of
                    };
                    self.directives();
                    self.selections(on, levels - 1);
                }
                _ => self.field(of, levels),
            }
        }
        self.put("}");
    }

    fn field(&mut self, of: Option<&'static Type>, levels: usize) {
        if self.chance(250) {
            let alias = self.one(ODD);
            self.put(alias);
            self.put(":");
        }
        let mut names: Vec<_> = of.map_or_else(Vec::new, |of| of.fields.keys().copied().collect());
        names.sort_unstable();
        let name = match names.choose(&mut self.random).copied() {
            Some(name) if !self.chance(self.odd) => name,
            _ if of.is_some_and(|_| self.odd == 0) => "__typename",
            _ => self.one(ODD),
        };
        self.put(name);
        if self.chance(250) {
            self.put("(");
            for _ in 0..=self.upto(2) {
                self.pair(3);
            }
            self.put(")");
        }
        self.directives();
        let inner = of.and_then(|of| Type::named(of.fields.get(name)?));
        let leads_on = inner.is_some_and(|inner| !inner.fields.is_empty());
        if levels > 0 && self.chance(if leads_on { 800 } else { 50 }) {
            self.selections(inner, levels - 1);
        }
    }

    /// `on` and a type, that stand together.
    fn on(&mut self) -> &'static str {
        let (of, blank) = (self.one(TYPES), self.one(BLANKS));
        self.put(format!("on{blank}{of}"));
        of
    }

    fn directives(&mut self) {
        while self.chance(80) {
            self.put("@");
            let name = self.one(ODD);
            self.put(name);
            if self.chance(500) {
                self.put("(");
                self.pair(2);
                self.put(")");
            }
        }
    }

    fn pair(&mut self, levels: usize) {
        let name = self.one(ODD);
        self.put(name);
        self.put(":");
        self.value(levels);
    }

    fn value(&mut self, levels: usize) {
        match self.upto(if levels > 0 { 7 } else { 5 }) {
            0 => self.put("-1.5e+3"),
            1 | 2 => {
                let text = self.one(TEXTS);
                self.put(text);
            }
            3 => self.put("E"),
            4 => self.put("true"),
            5 => self.put("7"),
            6 => {
                self.put("[");
                for _ in 0..self.upto(2) {
                    self.value(levels - 1);
                }
                self.put("]");
            }
            _ => {
                self.put("{");
                for _ in 0..self.upto(2) {
                    self.pair(levels - 1);
                }
                self.put("}");
            }
        }
    }

    /// All tokens, and between them what means nothing.
    fn text(&mut self) -> String {
        let mut text = String::new();
        for token in std::mem::take(&mut self.tokens) {
            let is_apart = |character: char| "{}()[]:$@=!".contains(character);
            let is_near = text.ends_with(is_apart) || token.starts_with(is_apart);
            if self.chance(20) {
                text.push_str(self.one(COMMENTS));
            } else if !is_near || self.chance(500) {
                text.push_str(self.one(BLANKS));
            }
            text.push_str(&token);
        }
        text
    }

    fn put(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of.choose(&mut self.random).expect("one")
    }

    /// Whether one of so many in a thousand.
    fn chance(&mut self, of_thousand: u32) -> bool {
        self.random.random_ratio(of_thousand, 1000)
    }
}
