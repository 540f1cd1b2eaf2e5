//! Books that a lane keeps from one transaction to the next, so that the open segments of an account
//! that it wrote a while ago are not read, sent and decoded again for every drawdown.
//!
//! What is kept is never trusted by itself: an account's row is read under its lock in any case, and
//! a book counts only if that row is, revision and all, the one that it was written with. Whoever
//! writes a segment writes its account too (`Book::note_revision`), so a book that another server,
//! another lane or a retried transaction has passed by is found out, dropped, and loaded anew. So
//! nothing is kept that another server would miss.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use domain::book::{Account, Book, Changes};
use lru::LruCache;

use super::work::{AccountKey, OpenBook};

/// What a lane keeps at most: segments, some half a kilobyte each, and a few for each book.
pub(super) const ROOM: usize = 65_536;
/// What a book weighs beside its segments.
const BOOK: usize = 2;

/// Where the books stand. Those that were not used for longest go first.
pub(super) struct Shelf {
    books: Mutex<Books>,
    room: usize,
}

struct Books {
    by_account: LruCache<AccountKey, Book>,
    weight: usize,
}

impl Shelf {
    /// An empty one.
    pub(super) fn new(room: usize) -> Self {
        let by_account = LruCache::unbounded();
        Self {
            books: Mutex::new(Books {
                by_account,
                weight: 0,
            }),
            room,
        }
    }

    /// Takes the books of these accounts, as far as they are there.
    pub(super) fn take(&self, accounts: &BTreeSet<AccountKey>) -> Shelved {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = accounts
            .iter()
            .filter_map(|key| Some((*key, Some(books.take(key)?))));
        Shelved(taken.collect())
    }

    /// Keeps books as they were committed.
    pub(super) fn put(&self, committed: impl Iterator<Item = (AccountKey, OpenBook)>) {
        if self.room == 0 {
            return;
        }
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        // A book that is new and was not written has no row.
        for (key, open) in committed.filter(|(_, open)| open.book.account.revision != 0) {
            books.put(key, bare(open.book), self.room);
        }
    }
}

impl Books {
    fn take(&mut self, key: &AccountKey) -> Option<Book> {
        let book = self.by_account.pop(key)?;
        self.weight = self.weight.saturating_sub(weight(&book));
        Some(book)
    }

    fn put(&mut self, key: AccountKey, book: Book, room: usize) {
        drop(self.take(&key));
        // One that would drive out most of the others is not worth it.
        if weight(&book) > room / 2 {
            return;
        }
        self.weight = self.weight.saturating_add(weight(&book));
        self.by_account.put(key, book);
        while self.weight > room {
            let Some((_, oldest)) = self.by_account.pop_lru() else {
                return;
            };
            self.weight = self.weight.saturating_sub(weight(&oldest));
        }
    }
}

/// The book as it would be loaded: its open segments, and nothing that has changed.
fn bare(mut book: Book) -> Book {
    book.changes = Changes::default();
    book.drawdowns.clear();
    book.segments.retain(|_, segment| segment.open);
    book
}

fn weight(book: &Book) -> usize {
    book.segments.len().saturating_add(BOOK)
}

/// What a transaction took from the shelf: by account, and nothing once it was opened.
#[derive(Debug, Default)]
pub struct Shelved(HashMap<AccountKey, Option<Book>>);

impl Shelved {
    /// Whether the open segments of an account need not be asked for.
    pub(super) fn has(&self, account: &AccountKey) -> bool {
        self.0.contains_key(account)
    }

    /// The book of an account whose row is this, if that is still what is there. One that has been
    /// passed by is forgotten.
    pub(super) fn open(&mut self, account: &Account) -> Option<Book> {
        let key = (account.customer_id, account.credit_type_id);
        let book = self.0.get_mut(&key)?.take();
        let current = book.filter(|book| book.account == *account);
        if current.is_none() {
            self.0.remove(&key);
        }
        current
    }
}

#[cfg(test)]
mod tests {
    use domain::credit_type::CreditType;
    use domain::{CreditTypeId, CustomerId};
    use uuid::Uuid;

    use super::*;

    fn key(customer: u128) -> AccountKey {
        let customer = CustomerId(Uuid::from_u128(customer));
        (customer, CreditTypeId(Uuid::from_u128(1)))
    }

    fn unit() -> CreditType {
        CreditType {
            id: key(0).1,
            scale: 2,
            burn_down_order: domain::burn::DEFAULT_ORDER.to_vec().into(),
            archived: false,
        }
    }

    fn account(customer: u128, revision: i64) -> Account {
        let (customer, unit) = key(customer);
        Account {
            revision,
            ..Account::new(customer, unit)
        }
    }

    fn committed(customer: u128, revision: i64) -> (AccountKey, OpenBook) {
        let book = Book::new(unit(), account(customer, revision));
        (key(customer), OpenBook::loaded(book))
    }

    fn shelf(room: usize, customers: &[u128]) -> Shelf {
        let shelf = Shelf::new(room);
        shelf.put(customers.iter().map(|customer| committed(*customer, 7)));
        shelf
    }

    #[test]
    fn a_book_is_opened_only_for_the_very_row_it_was_written_with() {
        for (row, current) in [
            (account(1, 7), true),
            (account(1, 8), false),
            (
                Account {
                    balance: 1,
                    ..account(1, 7)
                },
                false,
            ),
        ] {
            let mut taken = shelf(10, &[1]).take(&[key(1)].into());
            assert!(taken.has(&key(1)));
            assert_eq!(taken.open(&row).is_some(), current, "{row:?}");
            assert_eq!(taken.has(&key(1)), current, "{row:?}");
        }
    }

    #[test]
    fn what_is_taken_is_gone_until_it_is_put_back() {
        let shelf = shelf(10, &[1]);
        drop(shelf.take(&[key(1), key(2)].into()));
        assert!(!shelf.take(&[key(1)].into()).has(&key(1)));
    }

    #[test]
    fn the_books_that_were_not_used_for_longest_make_room() {
        let shelf = shelf(3 * BOOK, &[1, 2, 3]);
        shelf.put([committed(1, 8), committed(4, 7)].into_iter());
        let taken = shelf.take(&[1, 2, 3, 4].map(key).into());
        assert_eq!(
            [1, 2, 3, 4].map(|n| taken.has(&key(n))),
            [true, false, true, true]
        );
        shelf.put([committed(5, 7), committed(6, 7), committed(7, 7)].into_iter());
        let taken = shelf.take(&[5, 6, 7].map(key).into());
        assert!(
            [5, 6, 7].iter().all(|n| taken.has(&key(*n))),
            "weight was lost"
        );
    }

    #[test]
    fn a_book_that_is_too_large_drives_nothing_out() {
        let shelf = shelf(2 * BOOK - 1, &[1]);
        assert!(!shelf.take(&[key(1)].into()).has(&key(1)));
    }

    #[test]
    fn a_book_whose_row_was_never_written_is_not_kept() {
        let shelf = Shelf::new(10);
        shelf.put([committed(1, 0)].into_iter());
        assert!(!shelf.take(&[key(1)].into()).has(&key(1)));
    }
}
