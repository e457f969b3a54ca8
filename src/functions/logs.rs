//! What functions log: kept in memory, for each function the newest, within a bound.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

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

/// The log of one function.
pub struct Log {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<LogLine>,
    bytes: usize,
    next: u64,
}

impl Log {
    fn new() -> Self {
        Self { kept: Mutex::default() }
    }

    pub(crate) fn write(&self, time: Timestamp, stream: &Arc<str>, text: &str) {
        let mut text = text.to_owned();
        if LINE_BYTES_MAX < text.len() {
            let end = (0..=LINE_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = kept.next;
        kept.next += 1;
        kept.bytes += text.len() + OVERHEAD_BYTES;
        kept.lines.push_back(LogLine { number, time, stream: stream.clone(), text });
        while KEPT_BYTES < kept.bytes {
            let Some(oldest) = kept.lines.pop_front() else { break };
            kept.bytes -= oldest.text.len() + OVERHEAD_BYTES;
        }
    }

    /// The number of the line that comes next.
    pub fn end(&self) -> u64 {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).next
    }

    /// Lines from number `from` on, as far as they are still there, at most `max`.
    pub fn lines(&self, from: u64, max: usize) -> Vec<LogLine> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let start = kept.lines.partition_point(|line| line.number < from);
        kept.lines.iter().skip(start).take(max).cloned().collect()
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
        logs.entry((home.clone(), name.to_owned())).or_insert_with(|| Arc::new(Log::new())).clone()
    }

    /// The functions that have logged something.
    pub(crate) fn names(&self, home: &AccountRegion) -> Vec<String> {
        let logs = self.by_function.lock().unwrap_or_else(PoisonError::into_inner);
        logs.keys().filter(|(of, _)| of == home).map(|(_, name)| name.clone()).collect()
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
        let (log, stream) = (Log::new(), Arc::from("s"));
        let text = "x".repeat(1000 - OVERHEAD_BYTES);
        (0..2000).for_each(|_| log.write(Timestamp::from_millis(0), &stream, &text));
        let lines = log.lines(0, usize::MAX);
        assert_eq!((lines.len(), lines[0].number), (KEPT_BYTES / 1000, 2000 - (KEPT_BYTES / 1000) as u64));
        assert_eq!(log.lines(1999, 10).len(), 1);
        assert_eq!(log.lines(2000, 10), []);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let (log, stream) = (Log::new(), Arc::from("s"));
        log.write(Timestamp::from_millis(0), &stream, &format!("x{}", "é".repeat(LINE_BYTES_MAX)));
        assert_eq!(log.lines(0, 1)[0].text.len(), LINE_BYTES_MAX - 1);
    }
}
