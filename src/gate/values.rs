//! A look at the JSON of a request before it is read: how many values it has.
//!
//! A value costs a tenth of a microsecond to read and some more each time that it is handed on: 1 MB
//! of small ones a tenth of a second, though nothing takes that many. This look takes a nanosecond
//! for each byte.

use crate::config::Limits;

/// Values for each input of a batch that are allowed on the average: more than any input has fields.
const VALUES_OF_INPUT: usize = 32;
/// Entries that a list or an object may always have.
const ENTRIES_MIN: usize = 1_000;
/// As deep as JSON is read at all.
const NESTING_MAX: usize = 128;

/// How many values JSON may have.
#[derive(Clone, Copy, Debug)]
pub struct ValuesMax {
    /// In one list or object.
    entries: usize,
    /// In all.
    all: usize,
}

impl ValuesMax {
    /// Twice what the largest batch needs: whoever sends a few inputs too many is told where.
    #[must_use]
    pub fn of(limits: &Limits) -> Self {
        let largest = limits.batch_max.max(limits.http_batch_max).max(ENTRIES_MIN);
        let entries = largest.saturating_mul(2);
        let requests = limits.http_batch_max.max(1);
        Self {
            entries,
            all: largest
                .saturating_mul(VALUES_OF_INPUT)
                .saturating_mul(requests),
        }
    }

    /// Counts, and stops at the first excess. What is no JSON may be counted wrongly.
    ///
    /// # Errors
    /// For people: which there are more of, and how many there may be.
    pub fn hold(self, json: &[u8]) -> Result<(), String> {
        let mut open = Vec::new();
        let mut all = 0_usize;
        let mut at = 0;
        while let Some(byte) = json.get(at) {
            at += 1;
            match byte {
                b'"' => at += text(json.get(at..).unwrap_or_default()),
                b'[' | b'{' if open.len() == NESTING_MAX => return Ok(()),
                b'[' | b'{' => open.push(1_usize),
                b']' | b'}' => drop(open.pop()),
                b',' => {
                    all += 1;
                    let entries = open.last_mut().map_or(0, |entries| {
                        *entries += 1;
                        *entries
                    });
                    if entries > self.entries {
                        let max = self.entries;
                        return Err(format!(
                            "more than {max} entries in a list or an object of its parameters"
                        ));
                    }
                    if all > self.all {
                        let max = self.all;
                        return Err(format!("more than {max} values in its parameters"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The length of the text that goes on here, with the quote at its end.
fn text(json: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match json.get(at) {
            None => return at,
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(json: &str) -> bool {
        let max = ValuesMax { entries: 3, all: 5 };
        max.hold(json.as_bytes()).is_ok()
    }

    #[test]
    fn a_list_or_an_object_has_so_many_entries_and_the_whole_so_many_values() {
        let table = [
            ("", true),
            ("[1,2,3]", true),
            ("[1,2,3,4]", false),
            (r#"{"a":1,"b":2,"c":3}"#, true),
            (r#"{"a":1,"b":2,"c":3,"d":4}"#, false),
            (r#"[[1,2],[1,2],[1,2]]"#, true),
            (r#"[[1,2,3],[1,2],[1,2]]"#, false),
            (r#"{"a":[1,2,3],"b":[1,2,3]}"#, true),
        ];
        for (json, expected) in table {
            assert_eq!(passes(json), expected, "{json}");
        }
    }

    #[test]
    fn what_stands_in_texts_is_no_value() {
        assert!(passes(r#"["1,2,3,4,5,6,7", "\",,,,,,\\", ",,,,\\\""]"#));
        assert!(!passes(r#"["\\",2,3,4]"#));
    }

    #[test]
    fn what_is_no_json_is_left_to_who_reads_it() {
        let deep = "[".repeat(NESTING_MAX + 1);
        for json in ["]]]]", "\"", "\"\\", ",,,", "{,}", deep.as_str()] {
            assert!(passes(json), "{json}");
        }
    }
}
