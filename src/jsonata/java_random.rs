//! The first number of a seeded `java.util.Random`, which is what AWS's seeded `$random` returns.

/// `new java.util.Random(seed).nextDouble()`: at least 0, less than 1.
///
/// <https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Random.html>
pub(crate) fn first_double(seed: i64) -> f64 {
    let mut state = (seed as u64 ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - bits)
    };
    let (high, low) = (next(26), next(27));
    ((high << 27) + low) as f64 / (1_u64 << 53) as f64
}

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

#[cfg(test)]
mod tests {
    use super::first_double;

    #[test]
    fn seeds_give_javas_numbers() {
        // As printed by OpenJDK.
        assert_eq!(first_double(42), 0.727_563_680_032_868_1);
        assert_eq!(first_double(0), 0.730_967_787_376_657);
    }
}
