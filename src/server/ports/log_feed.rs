//! What is logged for log groups is also shown by CloudWatch Logs' operations: each line goes to its file, and to the feed of
//! the newest.

use std::sync::Arc;

use super::access_logs::AccessLogs;
use super::execution_logs::ExecutionLogs;
use super::log_files::{DestinationKind, LogDestination};
use crate::assets::logs::Feed;
use crate::clock::{Clock, Timestamp};
use crate::engine::{self, LogRecord};
use crate::gateway;
use crate::wire;

/// Logs that are shown, too.
pub(super) struct Shown<L> {
    pub(super) logs: Arc<L>,
    pub(super) feed: Arc<Feed>,
    pub(super) clock: Arc<dyn Clock>,
}

fn show(feed: &Feed, arn: &str, time: Timestamp, line: &str) {
    let destination = LogDestination::parse(arn).filter(|it| it.kind == DestinationKind::LogGroup);
    if let Some((destination, home)) = destination.and_then(|it| Some((it.name(), it.home()?))) {
        feed.take(&home, destination, time, line.to_owned());
    }
}

impl engine::Logs for Shown<ExecutionLogs> {
    fn takes(&self, log_group_arn: &str) -> bool {
        self.logs.takes(log_group_arn)
    }

    fn log(&self, record: &LogRecord<'_>) {
        let line = wire::log_line(record);
        show(&self.feed, record.log_group, record.event.timestamp, &line);
        self.logs.write(record.log_group, line);
    }
}

impl gateway::AccessLogs for Shown<AccessLogs> {
    fn log(&self, destination_arn: &Arc<str>, line: String) {
        show(&self.feed, destination_arn, self.clock.now(), &line);
        self.logs.log(destination_arn, line);
    }
}
