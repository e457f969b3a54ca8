//! What this server itself logs for log groups: the newest of it, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::id::AccountRegion;

/// What is kept of one group, in bytes.
const GROUP_BYTES_MAX: usize = 1_048_576;
/// The most groups; further ones are not kept.
const GROUPS_MAX: usize = 256;
/// What a line takes beside its text.
const OVERHEAD_BYTES: usize = 64;
/// The stream that all lines are in.
const STREAM: &str = "stepgate";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counts the lines of a group.
    pub(super) number: u64,
    pub(super) time: Timestamp,
    pub(super) stream: Arc<str>,
    pub(super) text: String,
}

/// The newest lines of groups.
#[derive(Default)]
pub struct Feed {
    groups: Mutex<HashMap<(AccountRegion, Box<str>), Kept>>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Line>,
    bytes: usize,
    next: u64,
}

impl Feed {
    /// Takes a line for the group of an ARN; one that is none is not kept. Never waits.
    pub fn take(&self, home: &AccountRegion, group: &str, time: Timestamp, text: String) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (home.clone(), group.into());
        if GROUPS_MAX <= groups.len() && !groups.contains_key(&key) {
            return;
        }
        let kept = groups.entry(key).or_default();
        let number = kept.next;
        kept.next += 1;
        kept.bytes += text.len() + OVERHEAD_BYTES;
        kept.lines.push_back(Line { number, time, stream: STREAM.into(), text });
        while GROUP_BYTES_MAX < kept.bytes {
            let Some(oldest) = kept.lines.pop_front() else { break };
            kept.bytes -= oldest.text.len() + OVERHEAD_BYTES;
        }
    }

    pub(super) fn lines(&self, home: &AccountRegion, group: &str) -> Option<Vec<Line>> {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.get(&(home.clone(), group.into())).map(|kept| kept.lines.iter().cloned().collect())
    }

    pub(super) fn groups(&self, home: &AccountRegion) -> Vec<String> {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.keys().filter(|(of, _)| of == home).map(|(_, group)| group.to_string()).collect()
    }

    /// Forgets what was logged for a group.
    pub(super) fn forget(&self, home: &AccountRegion, group: &str) {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&(home.clone(), group.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_kept_within_bounds() {
        let (feed, home) = (Feed::default(), AccountRegion::nowhere());
        let text = "x".repeat(1_000);
        for _ in 0..2_000 {
            feed.take(&home, "a", Timestamp::from_millis(0), text.clone());
        }
        let lines = feed.lines(&home, "a").unwrap();
        assert_eq!(lines.len(), GROUP_BYTES_MAX / (1_000 + OVERHEAD_BYTES));
        assert_eq!(lines.last().unwrap().number, 1_999);
        for n in 0..GROUPS_MAX {
            feed.take(&home, &n.to_string(), Timestamp::from_millis(0), String::new());
        }
        assert_eq!(feed.groups(&home).len(), GROUPS_MAX);
        assert!(feed.lines(&home, "255").is_none());
    }
}
