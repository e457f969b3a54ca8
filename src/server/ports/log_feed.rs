//! What is logged for log groups is also shown by CloudWatch Logs' operations: each line goes to its file, and to the feed of
//! the newest, which is kept on disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::access_logs::AccessLogs;
use super::execution_logs::ExecutionLogs;
use super::log_files::{DestinationKind, LogDestination};
use crate::assets::logs::{Feed, LogGroups};
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

/// How often what was logged is written where it is found after a restart, and how many times later what is older than its
/// group's retention is taken away.
const SAVE_EVERY: Duration = Duration::from_secs(1);
const SAVES_TO_EXPIRE: u32 = 60;

/// Keeps what is logged for groups on disk.
pub(super) struct LogKeeper {
    groups: LogGroups,
    task: JoinHandle<()>,
}

impl LogKeeper {
    pub(super) fn new(groups: LogGroups) -> Self {
        let task = tokio::spawn(keep(groups.clone()));
        Self { groups, task }
    }

    /// Writes what has not been written yet.
    pub(super) async fn close(&self) {
        self.task.abort();
        self.groups.save().await;
    }
}

async fn keep(groups: LogGroups) {
    loop {
        if let Err(error) = groups.expire().await {
            tracing::warn!(%error, "what is older than its log group's retention can't be looked for");
        }
        for _ in 0..SAVES_TO_EXPIRE {
            groups.save().await;
            tokio::time::sleep(SAVE_EVERY).await;
        }
    }
}
