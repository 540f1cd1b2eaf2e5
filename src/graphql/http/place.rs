//! Where in a text something stands.

use async_graphql::Pos;

/// Lines and columns of bytes of a text. Asked for in the order of the text they cost one walk over
/// it together.
pub(super) struct Places<'a> {
    text: &'a str,
    at: usize,
    place: Pos,
}

impl<'a> Places<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            place: Pos { line: 1, column: 1 },
        }
    }

    /// Both counted from 1, and as the parser counts: only a line feed ends a line.
    pub(super) fn of(&mut self, at: usize) -> Pos {
        if at < self.at {
            *self = Self::new(self.text);
        }
        for character in self.text.get(self.at..at).unwrap_or_default().chars() {
            match character {
                '\n' => {
                    self.place.line += 1;
                    self.place.column = 1;
                }
                '\r' => self.place.column = 1,
                _ => self.place.column += 1,
            }
        }
        self.at = at;
        self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_in_any_order() {
        let mut places = Places::new("a\n\u{e9}b\r\nc\rd");
        let table = [
            (0, 1, 1),
            (4, 2, 2),
            (7, 3, 1),
            (9, 3, 1),
            (2, 2, 1),
            (1, 1, 2),
        ];
        for (at, line, column) in table {
            assert_eq!(places.of(at), Pos { line, column }, "{at}");
        }
    }
}
