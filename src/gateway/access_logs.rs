//! The port through which the lines of access logs leave.

use std::sync::Arc;

/// Writes access logs to their destinations.
pub trait AccessLogs: Send + Sync + 'static {
    /// Takes a line, without its end, for the log group or delivery stream of that ARN. Must not block: what can't be
    /// taken is lost.
    fn log(&self, destination_arn: &Arc<str>, line: String);
}
