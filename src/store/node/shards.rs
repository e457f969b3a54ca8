//! Which part of what is to be done later is this node's.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::Error;

/// How many shards there are: a set of them is a number's bits. So there are as many nodes at most.
pub(crate) const SHARDS: u32 = u64::BITS;

/// The shards of this process. A store that nobody shares has all of them.
#[derive(Debug)]
pub struct Shards {
    /// Those that it owns by the database, as it last saw it.
    owned: watch::Sender<u64>,
    /// Those that it writes rows of, a part of these: it knows what was there before.
    used: AtomicU64,
    /// Those that were given away, of which nobody has taken note yet: one that comes back is as new.
    given: AtomicU64,
}

impl Shards {
    /// Those of a store that nobody shares.
    pub(crate) fn all() -> Self {
        Self { owned: watch::Sender::new(u64::MAX), used: AtomicU64::new(u64::MAX), given: AtomicU64::new(0) }
    }

    /// None yet.
    pub(crate) fn none() -> Self {
        Self { owned: watch::Sender::new(0), used: AtomicU64::new(0), given: AtomicU64::new(0) }
    }

    /// The set of those that this process owns, a bit for each.
    pub fn owned(&self) -> watch::Receiver<u64> {
        self.owned.subscribe()
    }

    /// Whether this process owns the first: what only one node may do at a time, its owner does.
    pub fn has_first(&self) -> bool {
        *self.owned.borrow() & 1 != 0
    }

    /// The set of those that rows are written of.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::SeqCst)
    }

    /// Rows of these are written from now on: what was there before is known.
    pub fn begin(&self, shards: u64) {
        self.used.fetch_or(shards, Ordering::SeqCst);
    }

    /// No rows of these are written from now on.
    pub(crate) fn end(&self, shards: u64) {
        self.used.fetch_and(!shards, Ordering::SeqCst);
    }

    /// The set of those that were given away since this was asked last.
    pub fn take_given(&self) -> u64 {
        self.given.swap(0, Ordering::SeqCst)
    }

    /// Notes that others have these.
    pub(crate) fn gave(&self, shards: u64) {
        self.given.fetch_or(shards, Ordering::SeqCst);
    }

    /// Notes what the database says.
    pub(crate) fn saw(&self, owned: u64) {
        let has_given = self.given.load(Ordering::SeqCst) != 0;
        self.owned.send_if_modified(|before| std::mem::replace(before, owned) != owned || has_given);
    }
}

/// One of the shards of a set, the same for the same number.
pub(crate) fn pick(of: u64, n: i64) -> Result<i64, Error> {
    let count = of.count_ones();
    if count == SHARDS {
        return Ok(n.rem_euclid(i64::from(SHARDS)));
    }
    let nth = u32::try_from(n.rem_euclid(i64::from(count.max(1)))).unwrap_or(0);
    let found = (0..SHARDS).filter(|shard| of >> shard & 1 != 0).nth(nth as usize);
    // A node without any waits for some before it serves, and has them until it ends.
    found.map(i64::from).ok_or_else(|| Error::Server("this node has no part of the work yet".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_of_shards_that_are_there() {
        let of = 1 | 1 << 7 | 1 << 63;
        let picked: Vec<i64> = (-3..6).map(|n| pick(of, n).unwrap()).collect();
        assert_eq!(picked, [0, 7, 63, 0, 7, 63, 0, 7, 63]);
        assert_eq!(pick(u64::MAX, 130), Ok(2));
        assert!(pick(0, 5).is_err());
    }

    #[test]
    fn a_shard_is_used_between_its_beginning_and_its_end() {
        let shards = Shards::none();
        shards.saw(0b111);
        assert!(shards.has_first());
        shards.begin(0b110);
        shards.end(0b100);
        assert_eq!((shards.used(), *shards.owned().borrow()), (0b10, 0b111));
    }
}
