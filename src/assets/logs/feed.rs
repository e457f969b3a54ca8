//! What this server itself logs for log groups: the newest of it, in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::functions::{Log, LogLine};
use crate::id::AccountRegion;

/// The most groups; further ones are not kept.
const GROUPS_MAX: usize = 256;
/// The stream that all lines are in.
const STREAM: &str = "stepgate";

/// The newest lines of groups.
#[derive(Default)]
pub struct Feed {
    groups: Mutex<HashMap<(AccountRegion, String), Arc<Log>>>,
}

impl Feed {
    /// Takes a line for a group. Never waits.
    pub fn take(&self, home: &AccountRegion, group: &str, time: Timestamp, text: String) {
        if let Some(log) = self.log(home, group) {
            log.push(time, STREAM.into(), text);
        }
    }

    /// The lines of a group; a new one if there are not too many.
    pub(super) fn log(&self, home: &AccountRegion, group: &str) -> Option<Arc<Log>> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (home.clone(), group.to_owned());
        if GROUPS_MAX <= groups.len() && !groups.contains_key(&key) {
            return None;
        }
        Some(groups.entry(key).or_default().clone())
    }

    pub(super) fn lines(&self, home: &AccountRegion, group: &str) -> Option<Vec<LogLine>> {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let log = groups.get(&(home.clone(), group.to_owned()))?;
        Some(log.lines(0, usize::MAX)).filter(|lines| !lines.is_empty())
    }

    pub(super) fn groups(&self, home: &AccountRegion) -> Vec<String> {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let of_home = groups.iter().filter(|((of, _), log)| of == home && !log.is_empty());
        of_home.map(|((_, group), _)| group.clone()).collect()
    }

    /// All groups.
    pub(super) fn all(&self) -> Vec<((AccountRegion, String), Arc<Log>)> {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.iter().map(|(key, log)| (key.clone(), log.clone())).collect()
    }

    /// Forgets what was logged for a group.
    pub(super) fn forget(&self, home: &AccountRegion, group: &str) {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&(home.clone(), group.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_not_too_many_groups() {
        let (feed, home) = (Feed::default(), AccountRegion::nowhere());
        for n in 0..=GROUPS_MAX {
            feed.take(&home, &n.to_string(), Timestamp::from_millis(0), "x".to_owned());
        }
        assert_eq!(feed.groups(&home).len(), GROUPS_MAX);
        assert!(feed.lines(&home, "255").is_some() && feed.lines(&home, "256").is_none());
        feed.forget(&home, "0");
        feed.take(&home, "256", Timestamp::from_millis(0), "x".to_owned());
        assert!(feed.lines(&home, "0").is_none() && feed.lines(&home, "256").is_some());
    }
}
