//! What is logged: kept in memory, for each function the newest, within a bound.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;
use crate::id::AccountRegion;

/// What is kept of one function.
const KEPT_BYTES: usize = 1024 * 1024;
/// A longer line is cut, as CloudWatch's events are.
pub(crate) const LINE_BYTES_MAX: usize = 256 * 1024;
/// What a line takes beside its text.
const OVERHEAD_BYTES: usize = 64;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts the lines of a function.
    pub number: u64,
    /// When it came.
    pub time: Timestamp,
    /// The instance that wrote it: `2026/01/31/[$LATEST]…`.
    pub stream: Arc<str>,
    /// The line, without its end.
    pub text: String,
}

/// The newest lines of one function, or of anything else that logs.
#[derive(Default)]
pub struct Log {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<LogLine>,
    bytes: usize,
    next: u64,
    /// Lines before this one were taken away on purpose.
    begins: u64,
}

impl Kept {
    fn push(&mut self, line: LogLine) {
        self.next = line.number + 1;
        self.bytes += line.text.len() + OVERHEAD_BYTES;
        self.lines.push_back(line);
        while KEPT_BYTES < self.bytes {
            self.pop();
        }
    }

    fn pop(&mut self) {
        match self.lines.pop_front() {
            Some(oldest) => self.bytes -= oldest.text.len() + OVERHEAD_BYTES,
            None => self.bytes = 0,
        }
    }
}

impl Log {
    pub(crate) fn write(&self, time: Timestamp, stream: &Arc<str>, text: &str) {
        let mut text = text.to_owned();
        if LINE_BYTES_MAX < text.len() {
            let end = (0..=LINE_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
        }
        self.push(time, stream.clone(), text);
    }

    /// Takes a line, in place of the oldest ones if there are too many.
    pub fn push(&self, time: Timestamp, stream: Arc<str>, text: String) {
        let mut kept = self.kept();
        let number = kept.next;
        kept.push(LogLine { number, time, stream, text });
    }

    /// Takes lines that were here before, under their numbers; none that comes before one that is here.
    pub fn restore(&self, lines: impl IntoIterator<Item = LogLine>) {
        let mut kept = self.kept();
        for line in lines {
            if kept.next <= line.number && line.number < u64::MAX {
                kept.push(line);
            }
        }
    }

    /// Takes all lines away.
    pub fn clear(&self) {
        let mut kept = self.kept();
        kept.begins = kept.next;
        kept.bytes = 0;
        kept.lines.clear();
    }

    /// Takes the lines from before a time away.
    pub fn clear_before(&self, time: Timestamp) {
        let mut kept = self.kept();
        while let Some(oldest) = kept.lines.front().filter(|oldest| oldest.time < time) {
            kept.begins = oldest.number + 1;
            kept.pop();
        }
    }

    /// The first number that wasn't taken away on purpose, and the one of the line that comes next.
    pub fn range(&self) -> (u64, u64) {
        let kept = self.kept();
        (kept.begins, kept.next)
    }

    /// The number of the line that comes next.
    pub fn end(&self) -> u64 {
        self.kept().next
    }

    /// Whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.kept().lines.is_empty()
    }

    /// Lines from number `from` on, as far as they are still there, at most `max`.
    pub fn lines(&self, from: u64, max: usize) -> Vec<LogLine> {
        let kept = self.kept();
        let start = kept.lines.partition_point(|line| line.number < from);
        kept.lines.iter().skip(start).take(max).cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The logs of all functions.
#[derive(Default)]
pub(crate) struct Logs {
    by_function: Mutex<HashMap<(AccountRegion, String), Arc<Log>>>,
}

impl Logs {
    /// The log of a function, a new one if it has none.
    pub(crate) fn of(&self, home: &AccountRegion, name: &str) -> Arc<Log> {
        let mut logs = self.by_function.lock().unwrap_or_else(PoisonError::into_inner);
        logs.entry((home.clone(), name.to_owned())).or_default().clone()
    }

    /// The functions that have logged something.
    pub(crate) fn names(&self, home: &AccountRegion) -> Vec<String> {
        let logs = self.by_function.lock().unwrap_or_else(PoisonError::into_inner);
        let of_home = logs.iter().filter(|((of, _), log)| of == home && !log.is_empty());
        of_home.map(|((_, name), _)| name.clone()).collect()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<((AccountRegion, String), Arc<Log>)> {
        let logs = self.by_function.lock().unwrap_or_else(PoisonError::into_inner);
        logs.iter().map(|(key, log)| (key.clone(), log.clone())).collect()
    }

    /// Forgets what a function logged.
    pub(crate) fn forget(&self, home: &AccountRegion, name: &str) {
        let mut logs = self.by_function.lock().unwrap_or_else(PoisonError::into_inner);
        logs.remove(&(home.clone(), name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_lines_are_kept() {
        let (log, stream) = (Log::default(), Arc::from("s"));
        let text = "x".repeat(1000 - OVERHEAD_BYTES);
        (0..2000).for_each(|_| log.write(Timestamp::from_millis(0), &stream, &text));
        let lines = log.lines(0, usize::MAX);
        assert_eq!((lines.len(), lines[0].number), (KEPT_BYTES / 1000, 2000 - (KEPT_BYTES / 1000) as u64));
        assert_eq!(log.lines(1999, 10).len(), 1);
        assert_eq!(log.lines(2000, 10), []);
    }

    #[test]
    fn lines_are_taken_away_and_restored_under_their_numbers() {
        let (log, stream) = (Log::default(), Arc::from("s"));
        (0..5).for_each(|n| log.write(Timestamp::from_millis(n), &stream, "x"));
        let kept = log.lines(0, usize::MAX);
        log.clear_before(Timestamp::from_millis(3));
        assert_eq!((log.range(), log.lines(0, usize::MAX).len()), ((3, 5), 2));
        log.clear();
        assert_eq!((log.range(), log.is_empty()), ((5, 5), true));
        // What was taken away does not come back.
        log.restore(kept.clone());
        assert!(log.is_empty());
        let next = Log::default();
        next.restore(kept.clone());
        assert_eq!((next.range(), next.lines(0, usize::MAX)), ((0, 5), kept));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let (log, stream) = (Log::default(), Arc::from("s"));
        log.write(Timestamp::from_millis(0), &stream, &format!("x{}", "é".repeat(LINE_BYTES_MAX)));
        assert_eq!(log.lines(0, 1)[0].text.len(), LINE_BYTES_MAX - 1);
    }
}
