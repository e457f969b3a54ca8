//! The least speed of clients.

use std::time::Duration;

/// The rule: a client may keep the server waiting for `patience`, and the bytes that it sends or reads earn time back,
/// up to that much. So a client slower than `bytes_per_second` is given up in the end, however it distributes its
/// bytes, and nobody can save up more than `patience`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Pace {
    /// The longest wait.
    pub(super) patience: Duration,
    /// The least rate; with 0, any byte earns back all of `patience`.
    pub(super) bytes_per_second: u64,
}

impl Pace {
    /// How long a new client may keep the server waiting.
    pub(super) fn patience_ms(self) -> u64 {
        u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX)
    }

    /// The credit after `bytes`, from `credit_ms` before.
    pub(super) fn earn(self, credit_ms: u64, bytes: usize) -> u64 {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if bytes == 0 {
            return credit_ms;
        }
        let earned_ms = bytes.saturating_mul(1000).checked_div(self.bytes_per_second).unwrap_or(u64::MAX);
        credit_ms.saturating_add(earned_ms).min(self.patience_ms())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many seconds (at most 1,000) a client lasts that sends `bytes` every `every_s` seconds.
    fn lasts_s(pace: Pace, bytes: usize, every_s: u64) -> u64 {
        let mut credit_ms = pace.patience_ms();
        let mut at_s = 0;
        while at_s < 1_000 {
            if credit_ms < every_s * 1000 {
                return at_s + credit_ms / 1000;
            }
            credit_ms = pace.earn(credit_ms - every_s * 1000, bytes);
            at_s += every_s;
        }
        at_s.min(1_000)
    }

    #[test]
    fn who_keeps_the_rate_is_waited_for_and_who_does_not_is_given_up() {
        let pace = Pace { patience: Duration::from_secs(30), bytes_per_second: 1_000 };
        for (bytes, every_s, want_s) in [
            (1_000, 1, 1_000),   // At the rate.
            (30_000, 30, 1_000), // In lumps.
            (999, 1, 1_000),     // Nearly: it would take 30,000 s.
            (200, 1, 37),
            (1, 10, 30),
            (0, 1, 30),
            (31_000, 31, 30), // No wait is longer than this, whatever comes afterwards.
        ] {
            assert_eq!(lasts_s(pace, bytes, every_s), want_s, "{bytes} every {every_s} s");
        }
    }

    #[test]
    fn time_is_not_saved_up() {
        let pace = Pace { patience: Duration::from_secs(30), bytes_per_second: 1_000 };
        assert_eq!(pace.earn(30_000, 10_000_000), 30_000);
        assert_eq!(pace.earn(0, 10_000_000), 30_000);
        assert_eq!(pace.earn(0, 1), 1);
    }

    #[test]
    fn without_a_rate_each_byte_starts_anew() {
        let pace = Pace { patience: Duration::from_secs(30), bytes_per_second: 0 };
        assert_eq!(lasts_s(pace, 1, 30), 1_000);
        assert_eq!(lasts_s(pace, 1, 31), 30);
        assert_eq!(lasts_s(pace, 0, 10), 30);
    }
}
