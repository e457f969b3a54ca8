//! This node's part of what all nodes together may let through.

use std::sync::{PoisonError, RwLock};

use crate::apis::Rate;

/// Each node has an equal part of every bucket: of its rate, and of its burst, whose remainder the first ones get. So all
/// together never let through more than the bucket would; a load that only some nodes get is let through in their part.
#[derive(Debug, Default)]
pub(crate) struct Share(RwLock<Parts>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    count: u32,
    rank: u32,
    /// Counts changes.
    changes: u64,
}

impl Default for Parts {
    fn default() -> Self {
        Self { count: 1, rank: 0, changes: 0 }
    }
}

/// Changes that are told apart under one revision of a plan.
const CHANGES_MAX: u64 = 1 << 20;

impl Share {
    /// This is the node with this rank of so many; whether that is new.
    pub(crate) fn set(&self, count: u32, rank: u32) -> bool {
        let mut parts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = (parts.count, parts.rank) != (count.max(1), rank);
        if is_new {
            *parts = Parts { count: count.max(1), rank, changes: parts.changes + 1 };
        }
        is_new
    }

    /// Whether there are other nodes.
    pub(crate) fn is_shared(&self) -> bool {
        1 < self.parts().count
    }

    /// This node's part of a rate.
    pub(crate) fn of(&self, rate: Rate) -> Rate {
        let Parts { count, rank, .. } = self.parts();
        if count == 1 {
            return rate;
        }
        let burst = rate.burst / count + u32::from(rank < rate.burst % count);
        Rate { per_second: rate.per_second / f64::from(count), burst }
    }

    /// The revision of a plan's terms here: they change with the plan, and with the nodes.
    pub(crate) fn revision(&self, of_plan: u64) -> u64 {
        of_plan.saturating_mul(CHANGES_MAX).saturating_add(self.parts().changes % CHANGES_MAX)
    }

    fn parts(&self) -> Parts {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_never_more_than_the_whole() {
        for burst in [0, 1, 2, 7, 100] {
            for count in 1..5 {
                let parts = (0..count).map(|rank| {
                    let share = Share::default();
                    share.set(count, rank);
                    share.of(Rate { per_second: 10.0, burst })
                });
                let parts: Vec<Rate> = parts.collect();
                assert_eq!(parts.iter().map(|rate| rate.burst).sum::<u32>(), burst, "{count}");
                let per_second: f64 = parts.iter().map(|rate| rate.per_second).sum();
                assert!(per_second < 10.0 + 1e-9, "{per_second}");
            }
        }
    }

    #[test]
    fn terms_change_with_the_plan_and_with_the_nodes() {
        let share = Share::default();
        let first = share.revision(3);
        assert!(!share.set(1, 0) && share.set(2, 0));
        assert!(first < share.revision(3) && share.revision(3) < share.revision(4));
    }
}
