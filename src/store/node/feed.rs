//! What other nodes have changed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// A topic: what somebody keeps in memory of what is stored.
struct Topic {
    name: &'static str,
    /// Tables whose changes concern it.
    tables: &'static [&'static str],
    changed: watch::Sender<u64>,
}

/// The topics of this process, and how often others have changed each.
#[derive(Default)]
pub(crate) struct Feed {
    topics: Mutex<Vec<Topic>>,
    /// The counter of each node and topic, as it was last seen.
    seen: Mutex<HashMap<(i64, String), i64>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feed {
    /// Tells of changes of these tables that others make from now on.
    pub(crate) fn watch(&self, name: &'static str, tables: &'static [&'static str]) -> watch::Receiver<u64> {
        let mut topics = lock(&self.topics);
        if let Some(known) = topics.iter().find(|topic| topic.name == name) {
            return known.changed.subscribe();
        }
        let (changed, receiver) = watch::channel(0);
        topics.push(Topic { name, tables, changed });
        receiver
    }

    /// The topics that a change of this table, or an announcement of this name, concerns.
    pub(crate) fn concerned(&self, names: &[&'static str]) -> Vec<&'static str> {
        let topics = lock(&self.topics);
        let is_concerned =
            |topic: &&Topic| names.iter().any(|name| topic.name == *name || topic.tables.contains(name));
        topics.iter().filter(is_concerned).map(|topic| topic.name).collect()
    }

    /// Takes in the counters of all nodes but this one. What is seen first tells nothing: nobody keeps anything of before.
    pub(crate) fn saw(&self, counters: Vec<((i64, String), i64)>, is_first: bool) {
        let mut seen = lock(&self.seen);
        let mut changed: Vec<String> = Vec::new();
        for (key, n) in counters {
            if seen.get(&key) != Some(&n) {
                changed.push(key.1.clone());
                seen.insert(key, n);
            }
        }
        drop(seen);
        if is_first {
            return;
        }
        for topic in lock(&self.topics).iter().filter(|topic| changed.iter().any(|name| name == topic.name)) {
            topic.changed.send_modify(|n| *n += 1);
        }
    }
}

/// The table that a statement changes.
pub(crate) fn target(sql: &'static str) -> Option<&'static str> {
    let sql = sql.trim_start();
    let rest = ["INSERT INTO ", "UPDATE ", "DELETE FROM "].iter().find_map(|verb| sql.strip_prefix(verb))?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_tell_which_table_they_change() {
        assert_eq!(target("\n  INSERT INTO pair (k, v) VALUES (?1, ?2)"), Some("pair"));
        assert_eq!(target("UPDATE a_b SET v = 1"), Some("a_b"));
        assert_eq!(target("DELETE FROM pair"), Some("pair"));
        assert_eq!(target("SELECT 1 FROM pair"), None);
    }

    #[test]
    fn a_change_is_told_to_those_whom_it_concerns_and_once() {
        let feed = Feed::default();
        let (mut a, mut b) = (feed.watch("a", &["one", "two"]), feed.watch("b", &["two"]));
        assert_eq!(feed.concerned(&["one"]), ["a"]);
        assert_eq!(feed.concerned(&["two", "b"]), ["a", "b"]);
        let saw = |n, is_first| feed.saw(vec![((2, "a".to_owned()), n)], is_first);
        saw(7, true);
        assert!(!a.has_changed().unwrap());
        saw(7, false);
        assert!(!a.has_changed().unwrap());
        saw(8, false);
        assert!(a.has_changed().unwrap() && !b.has_changed().unwrap());
        a.mark_unchanged();
        b.mark_unchanged();
        feed.saw(vec![((3, "a".to_owned()), 1)], false);
        assert!(a.has_changed().unwrap());
    }
}
