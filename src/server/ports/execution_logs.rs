//! `engine::Logs`: what executions log goes into files, one for each log group, or to standard output.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::log_files::{DestinationKind, Files, LogDestination, Stdout};
use super::log_writer::LogWriter;
use crate::engine::{LogRecord, Logs};
use crate::meter;
use crate::server::options::{ExecutionLogs as Options, LogTarget};
use crate::wire;

/// Takes log records for the thread that writes them.
pub(super) struct ExecutionLogs(LogWriter);

impl ExecutionLogs {
    /// Begins to write where `options` say.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn open(options: &Options, data_dir: &Path) -> io::Result<Self> {
        let writer = match options.to {
            LogTarget::Off => LogWriter::off(),
            LogTarget::Stdout => LogWriter::open(Box::new(Stdout), meter::LOGS_DROPPED)?,
            LogTarget::Files => {
                let directory = options.directory.clone();
                let directory = directory.unwrap_or_else(|| data_dir.join("execution-logs"));
                LogWriter::open(Box::new(Files::new(directory, file_of)), meter::LOGS_DROPPED)?
            }
        };
        Ok(Self(writer))
    }

    /// Queues a line for the file of its group. Never waits.
    pub(super) fn write(&self, log_group: &Arc<str>, line: String) {
        self.0.log(log_group, line);
    }

    /// Waits until everything is written that was taken.
    pub(super) fn close(&self) {
        self.0.close();
    }
}

fn log_group(arn: &str) -> Option<LogDestination<'_>> {
    LogDestination::parse(arn).filter(|destination| destination.kind == DestinationKind::LogGroup)
}

fn file_of(log_group_arn: &str) -> Option<PathBuf> {
    log_group(log_group_arn).map(|group| group.path("jsonl"))
}

impl Logs for ExecutionLogs {
    fn takes(&self, log_group_arn: &str) -> bool {
        self.0.is_open() && log_group(log_group_arn).is_some()
    }

    fn log(&self, record: &LogRecord<'_>) {
        self.0.log(record.log_group, wire::log_line(record));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::clock::Timestamp;
    use crate::engine::event::{EventKind, HistoryEvent};

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/M:*";

    #[test]
    fn records_are_lines_of_their_groups_file() {
        let directory = std::env::temp_dir().join(format!("stepgate-logs-{}", std::process::id()));
        let options = Options { to: LogTarget::Files, directory: None };
        let logs = ExecutionLogs::open(&options, &directory).unwrap();
        assert!(logs.takes(GROUP) && !logs.takes("nope"));
        for id in 1..=3 {
            let event = HistoryEvent {
                id,
                previous_event_id: 0,
                timestamp: Timestamp::from_millis(0),
                kind: EventKind::MapStateSucceeded,
            };
            logs.log(&LogRecord {
                log_group: &GROUP.into(),
                execution_arn: "arn",
                redrive_count: 0,
                include_execution_data: true,
                event: &event,
            });
        }
        logs.close();
        assert!(!logs.takes(GROUP));
        let path = directory.join("execution-logs").join(file_of(GROUP).unwrap());
        let text = fs::read_to_string(path).unwrap();
        let ids: Vec<_> = text
            .lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["id"].clone())
            .collect();
        assert_eq!(ids, ["1", "2", "3"]);
        fs::remove_dir_all(directory).unwrap();
    }
}
