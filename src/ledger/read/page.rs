//! Pages of lists: what is asked, what is answered, and the cursors between (decision 30).

/// By creation, or the other way round; ledger entries by sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Oldest first.
    #[default]
    OldestFirst,
    /// Newest first.
    NewestFirst,
}

/// Which part of a list is asked for, as Relay says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// That many from the start.
    pub first: Option<i64>,
    /// Only what comes after this cursor.
    pub after: Option<String>,
    /// That many from the end.
    pub last: Option<i64>,
    /// Only what comes before this cursor.
    pub before: Option<String>,
    /// In which order.
    pub order: Order,
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// Cursor and row, in the order asked for.
    pub rows: Vec<(String, T)>,
    /// Whether the list goes on behind it.
    pub has_next_page: bool,
    /// Whether the list has something before it.
    pub has_previous_page: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            has_next_page: false,
            has_previous_page: false,
        }
    }
}
