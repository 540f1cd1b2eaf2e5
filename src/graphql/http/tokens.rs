//! A look at a document before it is parsed: how many tokens, how deep the brackets.
//!
//! The parser works by recursion and without a limit on what it reads, so what is too long or too
//! deep must not reach it.

/// How deep brackets of any kind may nest, in a document that is parsed at all.
pub const NESTING_MAX: usize = 64;

/// How long a name or a number may be: what is not known is compared with all that is.
pub const WORD_MAX: usize = 256;

/// Why a document is not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// More tokens than allowed.
    Tokens,
    /// Brackets deeper than [`NESTING_MAX`].
    Nesting,
    /// A name or number longer than [`WORD_MAX`].
    Word,
}

/// Counts, and stops at the first excess. A document that is no GraphQL may be counted wrongly, but
/// never deeper than the parser would go.
///
/// # Errors
/// See [`TooMuch`].
pub fn count(document: &str, tokens_max: usize) -> Result<usize, TooMuch> {
    let bytes = document.as_bytes();
    let (mut at, mut tokens, mut nesting) = (0, 0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        at += match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += run(rest, |byte| byte != b'\n' && byte != b'\r');
                continue;
            }
            b'"' => string(rest),
            b'{' | b'[' | b'(' => {
                nesting += 1;
                if nesting > NESTING_MAX {
                    return Err(TooMuch::Nesting);
                }
                1
            }
            b'}' | b']' | b')' => {
                nesting = nesting.saturating_sub(1);
                1
            }
            b'.' => run(rest, |byte| byte == b'.'),
            byte if is_word(byte) => {
                let length = run(rest, is_word);
                if length > WORD_MAX {
                    return Err(TooMuch::Word);
                }
                length
            }
            _ => 1,
        };
        tokens += 1;
        if tokens > tokens_max {
            return Err(TooMuch::Tokens);
        }
    }
    Ok(tokens)
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| belongs(**byte)).count()
}

/// Length of the string at the start, with its quotes.
fn string(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\"\"\"") {
        return block_string(bytes);
    }
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            // A string ends with its line; the parser refuses it, here it counts as one token.
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn block_string(bytes: &[u8]) -> usize {
    let mut at = 3;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(b"\\\"\"\"") {
            at += 4;
        } else if rest.starts_with(b"\"\"\"") {
            return at + 3;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_as_the_specification_cuts_them() {
        let table = [
            ("", 0),
            ("{ a }", 3),
            ("query Q($a: [Int!]! = 1) { f(x: $a) ...on T { b } }", 29),
            ("# only { a comment\n{ a }", 3),
            (r#"{ f(s: "a \" { b") }"#, 8),
            ("{ f(s: \"\"\"a \"x\" \\\"\"\" {\n\"\"\") }", 8),
            ("{ a, b,,, c }", 5),
        ];
        for (document, expected) in table {
            assert_eq!(count(document, 1000), Ok(expected), "{document}");
        }
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_told_at_once() {
        assert_eq!(count("{ a b c }", 4), Err(TooMuch::Tokens));
        let deep = "[".repeat(NESTING_MAX + 1);
        assert_eq!(count(&deep, 1_000_000), Err(TooMuch::Nesting));
        assert!(count(&"[".repeat(NESTING_MAX), 1000).is_ok());
        let name = "a".repeat(WORD_MAX);
        assert_eq!(count(&name, 1), Ok(1));
        assert_eq!(count(&format!("{name}a"), 1), Err(TooMuch::Word));
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
