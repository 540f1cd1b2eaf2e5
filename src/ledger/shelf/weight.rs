//! What a book takes of the memory of a lane, in half kilobytes, roughly.

use domain::book::Book;
use domain::drawdown::{Drawdown, Slice};
use domain::segment::Segment;
use entity::customer;

/// In bytes, what is one here.
const UNIT: usize = 512;
/// What a book weighs beside its segments, with a customer of few words.
pub(super) const BOOK: usize = 3;
/// What segments weigh: a map has room for so many at a time, be there fewer.
const SEGMENTS: (usize, usize) = (11, 6);
/// What holds weigh, likewise.
const HOLDS: (usize, usize) = (11, 8);

/// What a book and its customer weigh.
pub(super) fn of(book: &Book, customer: Option<&customer::Model>) -> usize {
    let words = customer.map_or(0, |customer| {
        let external_id = customer.external_id.as_ref().map_or(0, String::len);
        let others = customer.name.len().saturating_add(external_id);
        customer.custom_fields.len().saturating_add(others)
    });
    let scopes = book.segments.values().map(breadth);
    let holds = book.drawdowns.values().map(length);
    let texts = scopes.chain(holds).fold(words, usize::saturating_add) / UNIT;
    let maps =
        leaves(book.segments.len(), SEGMENTS).saturating_add(leaves(book.drawdowns.len(), HOLDS));
    maps.saturating_add(BOOK).saturating_add(texts)
}

fn leaves(count: usize, (room, weight): (usize, usize)) -> usize {
    count.div_ceil(room).saturating_mul(weight)
}

/// Bytes of what a segment may be spent on.
fn breadth(segment: &Segment) -> usize {
    let scope = &segment.scope;
    let ids = scope.contracts.len().saturating_add(scope.products.len());
    let words = scope.tags.len().saturating_add(scope.specifiers.len());
    ids.saturating_mul(16)
        .saturating_add(words.saturating_mul(UNIT / 2))
}

/// Bytes of the slices and texts of a hold.
fn length(hold: &Drawdown) -> usize {
    let slices = hold.slices.len().saturating_mul(size_of::<Slice>());
    let texts = [
        &hold.metadata,
        &hold.created_by,
        &hold.idempotency_key,
        &hold.input,
    ];
    let more = [&hold.reason, &hold.invoice_id].into_iter().flatten();
    let texts = texts.into_iter().chain(more).map(String::len);
    texts.fold(slices, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use domain::book::Account;
    use domain::credit_type::CreditType;
    use domain::drawdown::DrawdownStatus;
    use domain::grant::Category;
    use domain::scope::Scope;
    use domain::segment::Parent;
    use domain::{
        CreditGrantId, CreditTypeId, CustomerId, DrawdownId, Instant, ProductId, SegmentId, Window,
    };
    use uuid::Uuid;

    use super::*;

    const OWNER: CustomerId = CustomerId(Uuid::nil());
    const UNIT_ID: CreditTypeId = CreditTypeId(Uuid::nil());
    const GRANT: Parent = Parent::Grant(CreditGrantId(Uuid::nil()));

    fn segment(number: u128) -> Segment {
        Segment {
            id: SegmentId(Uuid::from_u128(number)),
            customer_id: OWNER,
            credit_type_id: UNIT_ID,
            parent: GRANT,
            amount: 1,
            window: Window {
                starts_at: Instant(0),
                ends_at: None,
            },
            remaining: 1,
            held: 0,
            used: 0,
            rolled_over: 0,
            written_off: 0,
            manual: 0,
            expirations: Vec::new(),
            started: true,
            ended: false,
            open: true,
            voided_at: None,
            decided_at: Instant(0),
            priority: 0.0,
            contract_level: false,
            category: Category::Paid,
            rolled_in: false,
            scope: Scope::default().into(),
            rollover: None,
            created_at: Instant(0),
        }
    }

    fn hold(number: u128) -> Drawdown {
        Drawdown {
            id: DrawdownId(Uuid::from_u128(number)),
            customer_id: OWNER,
            credit_type_id: UNIT_ID,
            status: DrawdownStatus::Held,
            amount: 1,
            applied: 1,
            shortfall: 0,
            released: 0,
            reversed: 0,
            slices: vec![Slice {
                segment_id: SegmentId(Uuid::nil()),
                parent: GRANT,
                amount: 1,
                reversed: 0,
            }],
            product_id: None,
            contract_id: None,
            effective_at: Instant(0),
            hold_expires_at: None,
            settled_at: None,
            reason: None,
            invoice_id: None,
            metadata: "{}".to_owned(),
            created_at: Instant(0),
            created_by: "someone".to_owned(),
            idempotency_key: number.to_string(),
            input: "x".repeat(200),
        }
    }

    fn book(segments: u128, holds: u128) -> Book {
        let unit = CreditType {
            id: UNIT_ID,
            scale: 2,
            burn_down_order: domain::burn::DEFAULT_ORDER.to_vec().into(),
            archived: false,
        };
        let mut book = Book::new(unit, Account::new(OWNER, UNIT_ID));
        book.segments
            .extend((0..segments).map(|n| (SegmentId(Uuid::from_u128(n)), segment(n))));
        book.drawdowns
            .extend((0..holds).map(|n| (DrawdownId(Uuid::from_u128(n)), hold(n))));
        book
    }

    #[test]
    fn a_book_weighs_what_its_rows_take_and_not_twice_as_much() {
        for (segments, holds) in [(0, 11), (11, 0), (22, 11), (5_000, 0), (1, 256)] {
            let book = book(segments, holds);
            let rows = book.segments.len() * (size_of::<Segment>() + 16);
            let held = book.drawdowns.values().map(length).sum::<usize>();
            let rows = rows + book.drawdowns.len() * (size_of::<Drawdown>() + 16) + held;
            let weight = of(&book, None) * UNIT;
            let fits = rows..=2 * rows + UNIT * (BOOK + SEGMENTS.1 + HOLDS.1);
            assert!(
                fits.contains(&weight),
                "{weight} for {rows}: {segments}, {holds}"
            );
        }
    }

    #[test]
    fn a_map_weighs_its_room_be_it_full_or_not() {
        assert_eq!(of(&book(0, 0), None), BOOK);
        assert_eq!(of(&book(1, 0), None), of(&book(11, 0), None));
        assert!(of(&book(12, 0), None) > of(&book(11, 0), None));
    }

    #[test]
    fn what_a_segment_may_be_spent_on_is_weighed() {
        let mut broad = book(1, 0);
        for segment in broad.segments.values_mut() {
            let scope = Scope {
                products: (0..320).map(|n| ProductId(Uuid::from_u128(n))).collect(),
                ..Scope::default()
            };
            segment.scope = scope.into();
        }
        assert_eq!(of(&broad, None) - of(&book(1, 0), None), 320 * 16 / UNIT);
    }
}
