//! A look at a document before it is parsed: how long, how many tokens, how deep the brackets, whether
//! its texts end.
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
            b'"' => string(rest).ok_or(Unread::Endless(at))?,
            b'{' | b'[' | b'(' => {
                nesting += 1;
                if nesting > NESTING_MAX {
                    return Err(Unread::Nesting);
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
                    return Err(Unread::Word);
                }
                length
            }
            _ => 1,
        };
        tokens += 1;
        if tokens > tokens_max {
            return Err(Unread::Tokens);
        }
    }
    match tokens {
        0 => Err(Unread::Empty),
        _ if bytes.len() > LENGTH_MAX => Err(Unread::Length),
        _ => Ok(tokens),
    }
}

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
        for empty in ["", " \n\t,,", "# { a }", "# a\r\n# b"] {
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
