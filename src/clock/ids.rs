//! Random identifiers, behind a trait so that tests can reproduce them from a seed.

use std::sync::{Mutex, PoisonError};

use rand::{Rng, RngExt, SeedableRng};
use uuid::Uuid;

/// A source of random bits and of identifiers made from them.
pub trait Ids: Send + Sync + 'static {
    /// Fills `bytes` with random bits that are good enough for secrets.
    fn fill(&self, bytes: &mut [u8]);

    /// A version 4 UUID.
    fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// `len` characters of `[a-z0-9]`, the form of API Gateway's ids (10 for APIs and keys, 6 for the rest).
    fn lower_alphanumeric(&self, len: usize) -> String {
        self.pick_from(b"abcdefghijklmnopqrstuvwxyz0123456789", len)
    }

    /// `len` characters of `[A-Za-z0-9]`, the form of API key values.
    fn alphanumeric(&self, len: usize) -> String {
        self.pick_from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", len)
    }

    /// `len` characters of `[A-Z0-9]`, the form of IAM's unique ids and access keys.
    fn upper_alphanumeric(&self, len: usize) -> String {
        self.pick_from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", len)
    }

    /// `len` characters of `alphabet`, which is ASCII and has at most 256 characters.
    fn pick_from(&self, alphabet: &[u8], len: usize) -> String {
        // Rejection keeps every character equally likely.
        let limit = 256 - 256 % alphabet.len();
        let mut out = String::with_capacity(len);
        let mut bytes = [0; 32];
        while out.len() < len {
            self.fill(&mut bytes);
            let fair = bytes.iter().map(|b| usize::from(*b)).filter(|b| *b < limit);
            out.extend(fair.take(len - out.len()).map(|b| char::from(alphabet[b % alphabet.len()])));
        }
        out
    }

    /// A uniformly distributed number in `0.0..1.0`.
    fn unit(&self) -> f64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The operating system's entropy, through a generator that seeds itself in each thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[allow(clippy::disallowed_methods)] // The one place that may.
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill(bytes);
    }
}

/// Produces the same ids for the same seed; for tests and simulation only.
#[derive(Debug)]
pub struct SeededIds(Mutex<rand::rngs::StdRng>);

impl SeededIds {
    /// Starts the sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(rand::rngs::StdRng::seed_from_u64(seed)))
    }
}

impl Ids for SeededIds {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_ids() {
        let (a, b) = (SeededIds::new(7), SeededIds::new(7));
        assert_eq!(a.uuid(), b.uuid());
        assert_eq!(a.lower_alphanumeric(10), b.lower_alphanumeric(10));
        assert_ne!(a.uuid(), a.uuid());
    }

    #[test]
    fn ids_keep_to_their_alphabet_and_length() {
        let id = RandomIds.lower_alphanumeric(100);
        assert_eq!(id.len(), 100);
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert!((0.0..1.0).contains(&RandomIds.unit()));
    }
}
