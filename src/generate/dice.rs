//! Chance that is the same every time: numbers from a seed.

/// One step of SplitMix64: spreads a number over all 64 bits.
fn spread(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Numbers from a seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// Dice of their own for every seed and name.
    pub fn new(seed: u64, name: &str) -> Self {
        let seed = name
            .bytes()
            .fold(spread(seed), |seed, byte| spread(seed ^ u64::from(byte)));
        Self { seed, thrown: 0 }
    }

    /// 0 to `limit - 1`; 0 where there is no other.
    pub fn below(&mut self, limit: i64) -> i64 {
        self.thrown = self.thrown.wrapping_add(1);
        let number = spread(self.seed ^ spread(self.thrown)) >> 1;
        i64::try_from(number)
            .ok()
            .and_then(|number| number.checked_rem(limit.max(1)))
            .unwrap_or_default()
    }

    /// `from` to `to`, both possible.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = to.saturating_sub(from).saturating_add(1);
        from.saturating_add(self.below(span))
    }

    /// True this often of a hundred times.
    pub fn percent(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub fn pick<'t, T>(&mut self, all: &'t [T]) -> Option<&'t T> {
        let index = self.below(i64::try_from(all.len()).ok()?);
        all.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_fall_the_same_for_the_same_seed_and_name_and_stay_inside() {
        let throw = |seed, name| {
            let mut dice = Dice::new(seed, name);
            (0..200).map(|_| dice.between(-3, 9)).collect::<Vec<_>>()
        };
        assert_eq!(throw(1, "a"), throw(1, "a"));
        assert_ne!(throw(1, "a"), throw(1, "b"));
        assert!((-3..=9).all(|face| throw(1, "a").contains(&face)));
        assert_eq!(Dice::new(1, "a").below(0), 0);
    }
}
