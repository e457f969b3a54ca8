//! The execution log of one test call, worded as AWS words it.

use std::fmt::{self, Write as _};

use crate::clock::Timestamp;

/// Lines, each but the first with its time; see TestInvokeMethod.
#[derive(Debug)]
pub(crate) struct ExecutionLog {
    text: String,
    // A call is over within seconds; one time for all lines keeps the phases free of a clock.
    now: Timestamp,
}

impl ExecutionLog {
    /// Opens the log of request `request_id`.
    pub(crate) fn new(request_id: &str, now: Timestamp) -> Self {
        let mut log = Self::of_authorizer(request_id, now);
        log.line(format_args!("Starting execution for request: {request_id}"));
        log
    }

    /// Opens the log of an authorizer by itself.
    pub(crate) fn of_authorizer(request_id: &str, now: Timestamp) -> Self {
        Self { text: format!("Execution log for request {request_id}\n"), now }
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a String can't fail.
        let _ = writeln!(self.text, "{} : {line}", self.now.to_java_date());
    }

    /// The whole text, ending in a line break.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Prints `{a=1, b=2}`, as Java prints maps.
pub(crate) struct JavaMap<I>(pub(crate) I);

impl<I, K, V> fmt::Display for JavaMap<I>
where
    I: Iterator<Item = (K, V)> + Clone,
    K: fmt::Display,
    V: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (index, (key, value)) in self.0.clone().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{key}={value}")?;
        }
        f.write_char('}')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_carry_their_time_but_the_first() {
        let mut log = ExecutionLog::new("id-1", Timestamp::from_millis(1_700_000_000_123));
        log.line(format_args!("Method request path: {}", JavaMap([("a", 1), ("b", 2)].iter().copied())));
        assert_eq!(
            log.into_text(),
            "Execution log for request id-1\n\
             Tue Nov 14 22:13:20 UTC 2023 : Starting execution for request: id-1\n\
             Tue Nov 14 22:13:20 UTC 2023 : Method request path: {a=1, b=2}\n"
        );
    }
}
