//! The port for writing access logs.

use std::sync::Arc;

/// Writes access logs to their destinations.
pub trait AccessLogs: Send + Sync + 'static {
    /// Takes a line, without its line end, for the log group or delivery stream with that ARN. Must not block: a line
    /// that can't be taken is lost.
    fn log(&self, destination_arn: &Arc<str>, line: String);
}
