//! Ids as Stripe writes them: a prefix that says what it is, then ours in base 62.
//!
//! `cus_` and 22 letters and digits are a UUID and nothing else: no table is needed to read them
//! back, and whoever holds an id of ours may give it as it is, too.

use uuid::Uuid;

/// What an id is of, and its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A customer.
    Customer,
    /// A credit grant.
    Grant,
    /// A credit balance transaction: an entry of the ledger.
    Transaction,
    /// A test clock.
    Clock,
    /// An event.
    Event,
    /// A drawdown that names no invoice, as the invoice that it stands for.
    Invoice,
    /// A drawdown, as the line of an invoice.
    InvoiceLine,
    /// An answer to one request.
    Request,
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits of 128 bits in base 62.
const LENGTH: usize = 22;

impl Kind {
    /// What its ids begin with.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Customer => "cus_",
            Self::Grant => "credgr_",
            Self::Transaction => "cbtxn_",
            Self::Clock => "clock_",
            Self::Event => "evt_",
            Self::Invoice => "in_",
            Self::InvoiceLine => "il_",
            Self::Request => "req_",
        }
    }

    /// What Stripe calls it in `No such …`.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Grant => "credit grant",
            Self::Transaction => "credit balance transaction",
            Self::Clock => "billingclock",
            Self::Event => "event",
            Self::Invoice => "invoice",
            Self::InvoiceLine => "invoice line",
            Self::Request => "request",
        }
    }

    /// The id as Stripe would write it.
    #[must_use]
    pub fn write(self, id: Uuid) -> String {
        let mut digits = [b'0'; LENGTH];
        let mut rest = id.as_u128();
        for digit in digits.iter_mut().rev() {
            let index = usize::try_from(rest % 62).unwrap_or_default();
            *digit = DIGITS.get(index).copied().unwrap_or(b'0');
            rest /= 62;
        }
        let mut text = self.prefix().to_owned();
        text.extend(digits.iter().map(|digit| char::from(*digit)));
        text
    }

    /// Reads an id back; `None`: it is of nothing of this kind.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Uuid> {
        let Some(digits) = text.strip_prefix(self.prefix()) else {
            return Uuid::try_parse(text).ok();
        };
        if digits.len() != LENGTH {
            return None;
        }
        let number = digits.bytes().try_fold(0_u128, |sum, byte| {
            let digit = DIGITS.iter().position(|known| *known == byte)?;
            let digit = u128::try_from(digit).ok()?;
            sum.checked_mul(62)?.checked_add(digit)
        });
        number.map(Uuid::from_u128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was() {
        for number in [
            0,
            1,
            61,
            62,
            u128::MAX,
            0x0190_1234_5678_7abc_8def_0123_4567_89ab,
        ] {
            let id = Uuid::from_u128(number);
            let text = Kind::Grant.write(id);
            assert_eq!(text.len(), "credgr_".len() + LENGTH);
            assert_eq!(Kind::Grant.read(&text), Some(id), "{text}");
        }
    }

    #[test]
    fn an_id_of_something_else_or_of_nothing_is_not_read() {
        let customer = Kind::Customer.write(Uuid::from_u128(7));
        assert_eq!(Kind::Grant.read(&customer), None);
        for text in [
            "",
            "cus_",
            "cus_x",
            "cus_zzzzzzzzzzzzzzzzzzzzzz",
            "cus_000000000000000000000-",
        ] {
            assert_eq!(Kind::Customer.read(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_of_ours_is_read_as_it_is() {
        let id = Uuid::from_u128(7);
        assert_eq!(Kind::Customer.read(&id.to_string()), Some(id));
    }
}
