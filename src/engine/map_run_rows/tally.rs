//! What Map Runs add to the metrics.

use metrics::{Gauge, counter, gauge};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::super::execution::ExecutionStatus;
use super::super::machine::MapRunStatus;
use crate::meter;

/// What a step changed about Map Runs; counted once the step is durable.
#[derive(Default)]
pub(in super::super) struct Tally {
    begun: u32,
    redriven: u32,
    ended: Vec<(MapRunStatus, u32)>,
}

impl Tally {
    /// A run has begun.
    pub(in super::super) fn begun(&mut self) {
        self.begun += 1;
    }

    /// So many runs that were over go on.
    pub(in super::super) fn redriven(&mut self, n: usize) {
        self.redriven += u32::try_from(n).unwrap_or(u32::MAX);
    }

    /// So many runs have ended like that.
    pub(in super::super) fn ended(&mut self, status: MapRunStatus, n: usize) {
        self.ended.push((status, u32::try_from(n).unwrap_or(u32::MAX)));
    }

    /// Counts all that.
    pub(in super::super) fn count(self) {
        let opened = self.begun + self.redriven;
        if 0 < opened {
            counter!(meter::MAP_RUNS_STARTED).increment(self.begun.into());
            counter!(meter::MAP_RUNS_REDRIVEN).increment(self.redriven.into());
            gauge!(meter::MAP_RUNS_OPEN).increment(opened);
        }
        for (status, n) in self.ended {
            counter!(meter::MAP_RUNS_ENDED, "status" => word(status)).increment(n.into());
            gauge!(meter::MAP_RUNS_OPEN).decrement(n);
        }
    }
}

fn word(status: MapRunStatus) -> &'static str {
    match status {
        MapRunStatus::Running => "RUNNING",
        MapRunStatus::Succeeded => "SUCCEEDED",
        MapRunStatus::Failed => "FAILED",
        MapRunStatus::Aborted => "ABORTED",
    }
}

/// Says how many runs are open, at the start.
pub(in super::super) fn set_open(n: u32) {
    gauge!(meter::MAP_RUNS_OPEN).set(n);
}

/// Counts the items of a child that has ended.
pub(in super::super) fn count_items(status: ExecutionStatus, n_items: usize) {
    let n_items = u64::try_from(n_items).unwrap_or(u64::MAX);
    counter!(meter::MAP_ITEMS_ENDED, "status" => status.as_str()).increment(n_items);
}

/// One that waits for its turn is counted, also if it goes away meanwhile.
struct Waiting(Gauge);

impl Waiting {
    fn begin() -> Self {
        let gauge = gauge!(meter::MAP_RUNS_WAITING);
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Waits for a turn; `None` if there will be none any more.
pub(in super::super) async fn turn(turns: &Semaphore) -> Option<SemaphorePermit<'_>> {
    let _waiting = Waiting::begin();
    turns.acquire().await.ok()
}
