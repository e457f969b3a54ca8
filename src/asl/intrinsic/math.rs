//! `States.MathRandom`, `States.MathAdd`.

use serde_json::Value;

use super::call::Given;
use super::error::ArgumentError;

/// Arguments are rounded before they are added: 1.5 and 1.51 make 4.
pub(super) fn add(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let sum = given.integer(0)?.checked_add(given.integer(1)?);
    sum.map(Value::from).ok_or(ArgumentError::Overflow)
}

/// An integer from the first argument to below the second; the same one each time for the same seed.
pub(super) fn random(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let (start, end) = (given.integer(0)?, given.integer(1)?);
    let size = end.checked_sub(start).filter(|size| 0 < *size).ok_or_else(|| ArgumentError::Range {
        position: 2,
        expected: "greater than argument 1",
        found: end.to_string(),
    })?;
    let offset = if given.values().len() == 3 {
        JavaRandom::new(given.integer(2)?).below(size)
    } else {
        // A unit below 1 can still round up to the size when that is huge.
        ((given.scope().random_unit() * size as f64) as i64).min(size - 1)
    };
    Ok(Value::from(start + offset))
}

/// The generator of `java.util.Random`: a 48-bit linear congruence, whose sequence Java specifies.
struct JavaRandom {
    state: u64,
}

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    fn new(seed: i64) -> Self {
        Self { state: (seed.cast_unsigned() ^ Self::MULTIPLIER) & Self::MASK }
    }

    /// The next `bits` bits, as a signed integer of 32.
    fn next(&mut self, bits: u32) -> i32 {
        self.state = self.state.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xB) & Self::MASK;
        ((self.state >> (48 - bits)) as u32).cast_signed()
    }

    fn next_long(&mut self) -> i64 {
        let high = i64::from(self.next(32)) << 32;
        high.wrapping_add(i64::from(self.next(32)))
    }

    /// `nextInt(bound)` where the bound is an int, else the bounded `nextLong`. `bound` is positive.
    fn below(&mut self, bound: i64) -> i64 {
        match i32::try_from(bound) {
            Ok(bound) => self.int_below(bound).into(),
            Err(_) => self.long_below(bound),
        }
    }

    fn int_below(&mut self, bound: i32) -> i32 {
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(self.next(31))) >> 31) as i32;
        }
        loop {
            let bits = self.next(31);
            let value = bits % bound;
            // Refuses the last, incomplete run of values.
            if bits.wrapping_sub(value).wrapping_add(bound - 1) >= 0 {
                return value;
            }
        }
    }

    fn long_below(&mut self, bound: i64) -> i64 {
        let limit = bound - 1;
        let bits = self.next_long();
        if bound & limit == 0 {
            return bits & limit;
        }
        let half = |bits: i64| (bits.cast_unsigned() >> 1).cast_signed();
        let mut candidate = half(bits);
        loop {
            let value = candidate % bound;
            if candidate.wrapping_add(limit).wrapping_sub(value) >= 0 {
                return value;
            }
            candidate = half(self.next_long());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JavaRandom;

    #[test]
    fn seeded_sequences_are_javas() {
        // Printed by Java 17: nextInt(100) four times, then nextInt(16); nextLong(10^10), then nextLong(2^40).
        let mut random = JavaRandom::new(42);
        assert_eq!([100, 100, 100, 100, 16].map(|bound| random.below(bound)), [30, 63, 48, 84, 4]);
        let mut random = JavaRandom::new(7);
        assert_eq!(
            [10_000_000_000, 1 << 40].map(|bound| random.below(bound)),
            [7_044_075_020, 386_588_412_729]
        );
        assert_eq!(JavaRandom::new(3).below(999), 239);
        let mut random = JavaRandom::new(42);
        assert_eq!(random.next(32), -1_170_105_035);
        assert_eq!(JavaRandom::new(0).next_long(), -4_962_768_465_676_381_896);
    }

    proptest::proptest! {
        #[test]
        fn bounds_hold(seed: i64, bound in 1..i64::MAX) {
            proptest::prop_assert!((0..bound).contains(&JavaRandom::new(seed).below(bound)));
            let small = bound % 1000 + 1;
            proptest::prop_assert!((0..small).contains(&JavaRandom::new(seed).below(small)));
        }
    }
}
