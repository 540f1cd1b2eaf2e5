//! A document cut into tokens before it is parsed, and a first look at these: how long, how many, how
//! deep the brackets, whether its texts end.
//!
//! The parser works by recursion and without a limit on what it reads, and takes a microsecond for
//! each character that it looks at; so what is too long or too deep, or can not be read to its end,
//! must not reach it. This look takes a nanosecond for each.

/// How deep brackets of any kind may nest, in a document that is parsed at all.
pub const NESTING_MAX: usize = 64;

/// How long a name or a number may be: what is not known is compared with all that is.
pub const WORD_MAX: usize = 256;

/// Bytes of a document that is parsed at all. The largest value that means something is 64 KiB;
/// more of them go into variables.
pub const LENGTH_MAX: usize = 128 * 1024;

/// Why a document is not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is nothing in it.
    Empty,
    /// The text that begins at this byte has no end.
    Endless(usize),
    /// It has more bytes than [`LENGTH_MAX`].
    Length,
    /// More tokens than allowed.
    Tokens,
    /// Brackets deeper than [`NESTING_MAX`].
    Nesting,
    /// A name or number longer than [`WORD_MAX`].
    Word,
}

/// Counts its tokens, and stops at the first excess. A document that is no GraphQL may be counted wrongly, but
/// never deeper than the parser would go.
///
/// # Errors
/// See [`Unread`].
pub fn count(document: &str, tokens_max: usize) -> Result<usize, Unread> {
    let (mut tokens, mut nesting) = (0, 0_usize);
    for token in Tokens::new(document) {
        match token.kind {
            Kind::Endless => return Err(Unread::Endless(token.at)),
            Kind::Sign(b'{' | b'[' | b'(') => {
                nesting += 1;
                if nesting > NESTING_MAX {
                    return Err(Unread::Nesting);
                }
            }
            Kind::Sign(b'}' | b']' | b')') => nesting = nesting.saturating_sub(1),
            Kind::Word if token.text.len() > WORD_MAX => return Err(Unread::Word),
            Kind::Word | Kind::Text | Kind::Dots | Kind::Sign(_) => {}
        }
        tokens += 1;
        if tokens > tokens_max {
            return Err(Unread::Tokens);
        }
    }
    match tokens {
        0 => Err(Unread::Empty),
        _ if document.len() > LENGTH_MAX => Err(Unread::Length),
        _ => Ok(tokens),
    }
}

/// A token of a document.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// The byte at which it begins.
    pub at: usize,
    /// As it is written; of a sign beyond ASCII nothing.
    pub text: &'a str,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name, or a part of a number.
    Word,
    /// A text, with its quotes.
    Text,
    /// A text that has no end; nothing comes after it.
    Endless,
    /// Dots, however many.
    Dots,
    /// A byte of anything else.
    Sign(u8),
}

/// What stands in a pair of brackets, and not in others within.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brackets {
    /// Colons: one for each argument or variable.
    pub colons: usize,
    /// Directives of the variable that has most.
    pub directives: usize,
}

/// The tokens of a document, or of a schema.
#[derive(Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// From the start.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Takes the next token if it is this sign.
    pub fn takes(&mut self, sign: u8) -> bool {
        self.skip();
        let is_next = self.byte() == Some(sign);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes the next token if it is a word.
    pub fn word(&mut self) -> Option<Token<'a>> {
        self.skip();
        self.word_here()
    }

    /// Takes the next token if it is a word and no comment stands before it.
    pub fn word_after_blanks(&mut self) -> Option<Token<'a>> {
        self.skip_blanks();
        self.word_here()
    }

    /// Steps behind the brackets of which the first was taken. `None`: they do not close.
    pub fn brackets(&mut self) -> Option<Brackets> {
        let (mut found, mut nesting, mut directives) = (Brackets::default(), 1_usize, 0);
        while nesting > 0 {
            match self.next()?.kind {
                Kind::Sign(b'{' | b'[' | b'(') => nesting += 1,
                Kind::Sign(b'}' | b']' | b')') => nesting -= 1,
                Kind::Sign(b':') if nesting == 1 => found.colons += 1,
                Kind::Sign(b'$') if nesting == 1 => directives = 0,
                Kind::Sign(b'@') if nesting == 1 => {
                    directives += 1;
                    found.directives = found.directives.max(directives);
                }
                _ => {}
            }
        }
        Some(found)
    }

    fn word_here(&mut self) -> Option<Token<'a>> {
        let length = run(self.rest(), is_word);
        (length > 0).then(|| self.cut(Kind::Word, length))
    }

    fn cut(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let (at, end) = (self.at, self.at + length);
        self.at = end;
        let text = self.text.get(at..end).unwrap_or_default();
        Token { kind, at, text }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips what means nothing.
    fn skip(&mut self) {
        loop {
            self.skip_blanks();
            if self.byte() != Some(b'#') {
                return;
            }
            self.at += run(self.rest(), |byte| byte != b'\n' && byte != b'\r');
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            self.at += match self.byte() {
                Some(b' ' | b'\t' | b'\n' | b'\r' | b',') => 1,
                Some(0xEF) if self.rest().starts_with(BYTE_ORDER_MARK) => BYTE_ORDER_MARK.len(),
                _ => return,
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip();
        let rest = self.rest();
        let (kind, length) = match *rest.first()? {
            b'"' => match string(rest) {
                Some(length) => (Kind::Text, length),
                None => (Kind::Endless, rest.len()),
            },
            b'.' => (Kind::Dots, run(rest, |byte| byte == b'.')),
            byte if is_word(byte) => (Kind::Word, run(rest, is_word)),
            byte => (Kind::Sign(byte), 1),
        };
        Some(self.cut(kind, length))
    }
}

/// Means nothing wherever it stands.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| belongs(**byte)).count()
}

/// Length of the string at the start, with its quotes; `None`: it does not end.
fn string(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\"\"\"") {
        return block_string(bytes);
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            // It has to end before its line does.
            b'\n' | b'\r' => return None,
            _ => at += 1,
        }
    }
}

fn block_string(bytes: &[u8]) -> Option<usize> {
    let mut at = 3;
    loop {
        match bytes.get(at)? {
            b'\\' if bytes.get(at..)?.starts_with(b"\\\"\"\"") => at += 4,
            b'"' if bytes.get(at..)?.starts_with(b"\"\"\"") => return Some(at + 3),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_as_the_specification_cuts_them() {
        let table = [
            ("{ a }", 3),
            ("query Q($a: [Int!]! = 1) { f(x: $a) ...on T { b } }", 29),
            ("# only { a comment\n{ a }", 3),
            (r#"{ f(s: "a \" { b") }"#, 8),
            ("{ f(s: \"\"\"a \"x\" \\\"\"\" {\n\"\"\") }", 8),
            ("{ a, b,,, c }", 5),
            ("\u{feff}{ a\u{feff}b }", 4),
        ];
        for (document, expected) in table {
            assert_eq!(count(document, 1000), Ok(expected), "{document}");
        }
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_told_at_once() {
        assert_eq!(count("{ a b c }", 4), Err(Unread::Tokens));
        let deep = "[".repeat(NESTING_MAX + 1);
        assert_eq!(count(&deep, 1_000_000), Err(Unread::Nesting));
        assert!(count(&"[".repeat(NESTING_MAX), 1000).is_ok());
        let name = "a".repeat(WORD_MAX);
        assert_eq!(count(&name, 1), Ok(1));
        assert_eq!(count(&format!("{name}a"), 1), Err(Unread::Word));
    }

    #[test]
    fn what_can_not_be_read_to_its_end_is_not_parsed() {
        for empty in ["", " \n\t,,", "\u{feff}", "# { a }", "# a\r\n# b"] {
            assert_eq!(count(empty, 1), Err(Unread::Empty), "{empty:?}");
        }
        let endless = [
            "{ a(b: \"",
            "{ a(b: \"x\\\"",
            "{ a(b: \"x\n\"",
            "{ a(b: \"\"\"x\"\"",
            "{ a(b: \"\\",
        ];
        for endless in endless {
            assert_eq!(count(endless, 100), Err(Unread::Endless(7)), "{endless:?}");
        }
        let text = |length: usize| format!("{{ a(b: \"{}\") }}", "x".repeat(length - 12));
        assert_eq!(count(&text(LENGTH_MAX), 100), Ok(8));
        assert_eq!(count(&text(LENGTH_MAX + 1), 100), Err(Unread::Length));
    }

    #[test]
    fn the_parser_survives_the_deepest_document_that_reaches_it() {
        for open in ["{a", "{a(b:[", "[", "{a(b:{c:", "("] {
            let mut document = String::new();
            while count(&format!("{document}{open}"), 1_000_000).is_ok() {
                document.push_str(open);
            }
            // On a thread with the stack that a worker of the server has.
            let parsed = std::thread::spawn(move || async_graphql::parser::parse_query(document));
            assert!(parsed.join().expect("no overflow").is_err());
        }
    }
}
