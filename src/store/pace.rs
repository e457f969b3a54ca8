//! How the writer keeps up, for people who look: what waits, and how long the last half hour's groups took.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The length of an interval, and how many are kept: half an hour.
const INTERVAL: Duration = Duration::from_secs(10);
const KEPT_MAX: usize = 180;

/// What the groups of an interval took, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Its number; intervals without a group have none here.
    pub number: u64,
    /// Groups that ended.
    pub groups: u32,
    /// Jobs that these had.
    pub jobs: u32,
    /// From the first job to the end, of all groups; and the longest.
    pub took: Duration,
    /// The longest of them.
    pub took_max: Duration,
    /// Of that, until what was written was on disk.
    pub synced: Duration,
    /// The longest of them.
    pub synced_max: Duration,
}

/// What was noted.
#[derive(Default)]
pub(super) struct Pace {
    waiting: AtomicUsize,
    kept: Mutex<VecDeque<Interval>>,
}

impl Pace {
    /// A job was queued.
    pub(super) fn queued(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// A job was begun.
    pub(super) fn begun(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Jobs that wait to be begun.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A group has ended at `now`, monotonic.
    pub(super) fn ended(&self, now: Duration, jobs: usize, took: Duration, synced: Duration) {
        let number = now.as_secs() / INTERVAL.as_secs();
        let mut kept = self.lock();
        if kept.back().is_none_or(|last| last.number != number) {
            if KEPT_MAX <= kept.len() {
                kept.pop_front();
            }
            kept.push_back(Interval { number, ..Interval::default() });
        }
        let Some(last) = kept.back_mut() else { return };
        last.groups = last.groups.saturating_add(1);
        last.jobs = last.jobs.saturating_add(u32::try_from(jobs).unwrap_or(u32::MAX));
        last.took += took;
        last.took_max = last.took_max.max(took);
        last.synced += synced;
        last.synced_max = last.synced_max.max(synced);
    }

    /// The intervals of the last half hour before `now`, the oldest first; those without a group are empty.
    pub(super) fn intervals(&self, now: Duration) -> Vec<Interval> {
        let last = now.as_secs() / INTERVAL.as_secs();
        let first = last.saturating_sub(u64::try_from(KEPT_MAX).unwrap_or(u64::MAX) - 1);
        let kept = self.lock();
        let found = |number| kept.iter().find(|it| it.number == number).copied();
        (first..=last)
            .map(|number| found(number).unwrap_or_else(|| Interval { number, ..Interval::default() }))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Interval>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_hour_is_kept_with_its_gaps() {
        let (pace, millis, at) = (Pace::default(), Duration::from_millis, Duration::from_secs);
        pace.ended(at(5), 3, millis(4), millis(2));
        pace.ended(at(9), 1, millis(10), millis(1));
        pace.ended(at(25), 1, millis(1), millis(1));
        let told = pace.intervals(at(29));
        assert_eq!(told.len(), 3);
        let first = Interval {
            number: 0,
            groups: 2,
            jobs: 4,
            took: millis(14),
            took_max: millis(10),
            synced: millis(3),
            synced_max: millis(2),
        };
        assert_eq!((told[0], told[1].groups, told[2].groups), (first, 0, 1));
        for n in 3..1_000 {
            pace.ended(at(n * 10), 1, millis(1), millis(1));
        }
        assert_eq!(pace.intervals(at(9_990)).len(), KEPT_MAX);
        assert_eq!(pace.lock().len(), KEPT_MAX);
    }

    #[test]
    fn what_waits_is_counted() {
        let pace = Pace::default();
        pace.queued();
        pace.queued();
        pace.begun();
        assert_eq!(pace.waiting(), 1);
    }
}
