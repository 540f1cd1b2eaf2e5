//! Books that a lane keeps from one transaction to the next, so that the open segments of an account
//! that it wrote a while ago are not read, sent and decoded again for every drawdown.
//!
//! What is kept is never trusted by itself: a book counts only if its account's row is, revision and
//! all, the one that it was written with. That is seen when the row is read under its lock, or told by
//! the database when it is written (`blind.rs`). Whoever writes a segment writes its account too
//! (`Book::note_revision`), so a book that another server, another lane or a retried transaction has
//! passed by is found out, dropped, and loaded anew. So nothing is kept that another server would miss.
//! A new connection ends it all (`Desk::connected`): two histories may have the same row of an account.
//!
//! Beside each book stands its customer, and beside all of them their units and the webhook endpoints:
//! for batches that read nothing.

mod weight;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use domain::book::{Account, Book, Changes};
use domain::drawdown::DrawdownStatus;
use domain::{CreditTypeId, CustomerId, Instant};
use entity::{credit_type, customer};
use lru::LruCache;

use super::outbox::Listener;
use super::work::{AccountKey, Fate, Needs, OpenBook, Rows, State, Tracked, Work};

/// What a lane keeps at most, in half kilobytes, some 90 MB: 20,000 customers with up to eleven open grants
/// each have room in one lane, which is all that SQLite has.
pub(super) const ROOM: usize = 184_320;
/// Open holds of a book that are kept at most: the newest.
const HOLDS_MAX: usize = 256;
/// Units that are kept at most.
const UNITS_MAX: usize = 1_024;

/// Where the books stand. Those that were not used for longest go first.
pub(super) struct Shelf {
    books: Mutex<Books>,
    room: usize,
}

struct Books {
    by_account: LruCache<AccountKey, Kept>,
    weight: usize,
    house: Arc<House>,
}

/// A book, and its customer if that was read with it.
#[derive(Debug)]
struct Kept {
    book: Box<Book>,
    customer: Option<customer::Model>,
}

impl Kept {
    fn weight(&self) -> usize {
        weight::of(&self.book, self.customer.as_ref())
    }
}

/// What belongs to no customer.
#[derive(Debug, Default)]
struct House {
    units: BTreeMap<CreditTypeId, credit_type::Model>,
    /// The webhook endpoints that are switched on; `None`: never read.
    listeners: Option<Arc<[Listener]>>,
}

impl Shelf {
    /// An empty one.
    pub(super) fn new(room: usize) -> Self {
        Self {
            books: Mutex::default(),
            room,
        }
    }

    /// Takes the books of these accounts, as far as they are there.
    pub(super) fn take(&self, accounts: &BTreeSet<AccountKey>) -> Shelved {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Shelved {
            books: HashMap::with_capacity(accounts.len()),
            customers: HashMap::with_capacity(accounts.len()),
            house: Arc::clone(&books.house),
        };
        for key in accounts {
            let Some(Kept { book, customer }) = books.take(key) else {
                continue;
            };
            taken.books.insert(*key, Some(book));
            taken.customers.extend(customer.map(|row| (key.0, row)));
        }
        taken
    }

    /// Forgets all that is kept.
    pub(super) fn forget(&self) {
        *self.books.lock().unwrap_or_else(PoisonError::into_inner) = Books::default();
    }

    /// Keeps the books of a transaction that was committed, and what was read with them.
    pub(super) fn put(&self, work: Work<'_>) {
        if self.room == 0 {
            return;
        }
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.note(&work.state, work.listeners);
        let State {
            books: committed,
            customers,
            ..
        } = work.state;
        let shelved = work.shelved;
        // A book that is new and was not written has no row.
        let written = |(_, open): &(_, OpenBook)| open.book.account.revision != 0;
        for (key, open) in committed.into_iter().filter(written) {
            let read = customers.get(&key.0).map(unchanged);
            let customer = read
                .unwrap_or_else(|| shelved.customers.get(&key.0))
                .cloned();
            let book = bare(open.book);
            books.put(key, Kept { book, customer }, self.room);
        }
    }
}

impl Default for Books {
    fn default() -> Self {
        Self {
            by_account: LruCache::unbounded(),
            weight: 0,
            house: Arc::default(),
        }
    }
}

impl Books {
    fn take(&mut self, key: &AccountKey) -> Option<Kept> {
        let kept = self.by_account.pop(key)?;
        self.weight = self.weight.saturating_sub(kept.weight());
        Some(kept)
    }

    /// Keeps units and endpoints, where they are not what is kept already, and forgets what was
    /// changed.
    fn note(&mut self, state: &State, listeners: Arc<[Listener]>) {
        for (id, _) in changed(&state.customers) {
            self.forget_customer(*id);
        }
        let listeners = changed(&state.endpoints)
            .next()
            .is_none()
            .then_some(listeners);
        let units = &state.credit_types;
        let read = units.iter();
        let read = read.filter_map(|(id, unit)| Some((*id, unchanged(unit)?)));
        let new = |(id, unit): &(CreditTypeId, &credit_type::Model)| {
            self.house.units.get(id) != Some(*unit)
        };
        let new: Vec<_> = read.filter(new).collect();
        let none_changed = changed(units).next().is_none();
        if new.is_empty() && none_changed && self.house.listeners == listeners {
            return;
        }
        let mut kept = self.house.units.clone();
        if kept.len().saturating_add(new.len()) > UNITS_MAX {
            kept.clear();
        }
        kept.extend(new.into_iter().map(|(id, unit)| (id, unit.clone())));
        changed(units).for_each(|(id, _)| drop(kept.remove(id)));
        let units = kept;
        self.house = Arc::new(House { units, listeners });
    }

    /// The books of a customer stay.
    fn forget_customer(&mut self, customer: CustomerId) {
        let house = Arc::clone(&self.house);
        for unit in house.units.keys() {
            if let Some(mut kept) = self.take(&(customer, *unit)) {
                kept.customer = None;
                self.weight = self.weight.saturating_add(kept.weight());
                self.by_account.put((customer, *unit), kept);
            }
        }
    }

    fn put(&mut self, key: AccountKey, kept: Kept, room: usize) {
        drop(self.take(&key));
        let heavy = kept.weight();
        // One that would drive out most of the others is not worth it.
        if heavy > room / 2 {
            return;
        }
        self.weight = self.weight.saturating_add(heavy);
        self.by_account.put(key, kept);
        while self.weight > room {
            let Some((_, oldest)) = self.by_account.pop_lru() else {
                return;
            };
            self.weight = self.weight.saturating_sub(oldest.weight());
        }
    }
}

/// The book as it would be loaded: its open segments, and nothing that has changed. Also the newest
/// open holds, which will be captured or released.
fn bare(mut book: Box<Book>) -> Box<Book> {
    book.changes = Changes::default();
    book.drawdowns
        .retain(|_, drawdown| drawdown.status == DrawdownStatus::Held);
    while book.drawdowns.len() > HOLDS_MAX {
        book.drawdowns.pop_first();
    }
    if book.drawdowns.is_empty() {
        book.drawdowns = BTreeMap::new();
    }
    book.segments.retain(|_, segment| segment.open);
    if book.segments.is_empty() {
        // One that was emptied still holds what it had.
        book.segments = BTreeMap::new();
    }
    book
}

/// A row that the transaction which read it has not changed.
fn unchanged<T>(tracked: &Tracked<T>) -> Option<&T> {
    (tracked.fate == Fate::Same).then_some(&tracked.row)
}

/// The rows that it has changed, or made.
fn changed<K, T>(rows: &Rows<K, T>) -> impl Iterator<Item = (&K, &Tracked<T>)> {
    let rows = rows.iter();
    rows.filter(|(_, tracked)| tracked.fate != Fate::Same)
}

/// The units that are needed.
fn units(needs: &Needs) -> impl Iterator<Item = CreditTypeId> {
    let of_accounts = needs.accounts.iter().map(|key| key.1);
    of_accounts.chain(needs.credit_types.iter().copied())
}

/// What a transaction took from the shelf: by account, and nothing once it was opened.
#[derive(Debug, Default)]
pub struct Shelved {
    books: HashMap<AccountKey, Option<Box<Book>>>,
    customers: HashMap<CustomerId, customer::Model>,
    house: Arc<House>,
}

impl Shelved {
    /// Whether the open segments of an account need not be asked for.
    pub(super) fn has(&self, account: &AccountKey) -> bool {
        self.books.contains_key(account)
    }

    /// Whether these accounts can be worked on without reading them: they and their customers are all
    /// here, and nothing in them is due, which may need more.
    pub(super) fn is_enough_for(&self, needs: &Needs, now: Instant) -> bool {
        let is_quiet = |book: &Book| {
            let next = book.account.next_boundary_at;
            next.is_none_or(|at| at > book.account.now(now))
        };
        let is_here = |key: &AccountKey| {
            let book = self.books.get(key).and_then(Option::as_deref);
            book.is_some_and(is_quiet) && self.customers.contains_key(&key.0)
        };
        let mut owners = needs.customers.iter();
        self.house.listeners.is_some()
            && needs.accounts.iter().all(is_here)
            && owners.all(|owner| self.customers.contains_key(owner))
            && units(needs).all(|unit| self.house.units.contains_key(&unit))
    }

    /// Opens everything as it was kept.
    pub(super) fn open_all(self, needs: &Needs, work: &mut Work<'_>) {
        let units = units(needs).filter_map(|id| Some((id, self.house.units.get(&id)?)));
        let units: BTreeMap<_, _> = units.collect();
        let facts: BTreeMap<_, _> = units.iter().map(|(id, row)| (*id, row.facts())).collect();
        for (key, book) in self.books {
            let (Some(mut book), Some(unit)) = (book, facts.get(&key.1)) else {
                continue;
            };
            // Not the unit that the book was kept with: what is compared is this one.
            book.credit_type = unit.clone();
            work.state.books.insert(key, OpenBook::loaded(book));
        }
        let units = units.into_iter();
        work.state.credit_types = units
            .map(|(id, row)| (id, Tracked::loaded(row.clone())))
            .collect();
        let customers = self.customers.into_iter();
        work.state.customers = customers
            .map(|(id, row)| (id, Tracked::loaded(row)))
            .collect();
        work.listeners = self.house.listeners.clone().unwrap_or_default();
    }

    /// The book of an account whose row is this, if that is still what is there. One that has been
    /// passed by is forgotten.
    pub(super) fn open(&mut self, account: &Account) -> Option<Box<Book>> {
        let key = (account.customer_id, account.credit_type_id);
        let book = self.books.get_mut(&key)?.take();
        let current = book.filter(|book| book.account == *account);
        if current.is_none() {
            self.books.remove(&key);
        }
        current
    }
}

#[cfg(test)]
mod tests {
    use domain::clock::IdSource;
    use domain::credit_type::CreditType;
    use uuid::Uuid;

    use super::weight::BOOK;
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

    struct NoIds;

    impl IdSource for NoIds {
        fn next(&self, _: Instant) -> Uuid {
            Uuid::nil()
        }
    }

    /// Puts the books of these customers at these revisions.
    fn put(shelf: &Shelf, books: impl IntoIterator<Item = (u128, i64)>) {
        let mut work = Work::new(&NoIds, Instant(0), 0);
        work.state
            .books
            .extend(books.into_iter().map(|(customer, revision)| {
                let book = Box::new(Book::new(unit(), account(customer, revision)));
                (key(customer), OpenBook::loaded(book))
            }));
        shelf.put(work);
    }

    fn shelf(room: usize, customers: &[u128]) -> Shelf {
        let shelf = Shelf::new(room);
        put(&shelf, customers.iter().map(|customer| (*customer, 7)));
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
        put(&shelf, [(1, 8), (4, 7)]);
        let taken = shelf.take(&[1, 2, 3, 4].map(key).into());
        assert_eq!(
            [1, 2, 3, 4].map(|n| taken.has(&key(n))),
            [true, false, true, true]
        );
        put(&shelf, [(5, 7), (6, 7), (7, 7)]);
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
        put(&shelf, [(1, 0)]);
        assert!(!shelf.take(&[key(1)].into()).has(&key(1)));
    }
}
