//! Activity tasks in line, and the workers that wait for one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::Error;
use super::machine::TaskKey;

/// A task in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    /// Its row.
    pub(super) row: i64,
    pub(super) execution: i64,
    pub(super) task: TaskKey,
}

/// The lines of all activities. What stands in them stands in the store as well.
pub(super) struct Queues {
    lines: Arc<Mutex<HashMap<i64, Line>>>,
    pollers_max: usize,
}

#[derive(Default)]
struct Line {
    tasks: VecDeque<Queued>,
    /// Workers in the order in which they came; those who have gone are passed over.
    pollers: VecDeque<oneshot::Sender<Claim>>,
}

/// A task taken out of the line. Dropped without [`Claim::keep`], it goes back to the front: a worker that
/// vanished loses nothing.
pub(super) struct Claim {
    queued: Queued,
    activity: i64,
    lines: Option<Arc<Mutex<HashMap<i64, Line>>>>,
}

impl Claim {
    pub(super) fn queued(&self) -> Queued {
        self.queued
    }

    /// The task has been handed out, or is over: it does not go back.
    pub(super) fn keep(mut self) {
        self.lines = None;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(lines) = self.lines.take() {
            put(&lines, self.activity, self.queued, true);
        }
    }
}

/// Gives a task to the first worker that still waits, or puts it in line.
fn put(lines: &Arc<Mutex<HashMap<i64, Line>>>, activity: i64, queued: Queued, in_front: bool) {
    let mut all = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let line = all.entry(activity).or_default();
    while let Some(poller) = line.pollers.pop_front() {
        let claim = Claim { queued, activity, lines: Some(lines.clone()) };
        match poller.send(claim) {
            Ok(()) => return,
            // The worker has gone. Its claim must not go back by itself: the line is locked.
            Err(claim) => claim.keep(),
        }
    }
    if in_front {
        line.tasks.push_front(queued);
    } else {
        line.tasks.push_back(queued);
    }
}

/// What a worker gets when it comes.
pub(super) enum Polled {
    /// A task at once.
    Task(Claim),
    /// A task later.
    Waiting(oneshot::Receiver<Claim>),
}

impl Queues {
    pub(super) fn new(pollers_max: usize) -> Self {
        Self { lines: Arc::default(), pollers_max }
    }

    /// Puts a task in line whose row is written.
    pub(super) fn push(&self, activity: i64, queued: Queued) {
        put(&self.lines, activity, queued, false);
    }

    /// Takes a task out of its line, if it stands in one.
    pub(super) fn abandon(&self, execution: i64, task: TaskKey) {
        // One that is not found here was handed out, or turns out stale when it is.
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines.values_mut() {
            if let Some(at) = line.tasks.iter().position(|q| q.execution == execution && q.task == task) {
                line.tasks.remove(at);
                return;
            }
        }
    }

    /// The first task in line, or a place among those who wait.
    ///
    /// # Errors
    /// [`Error::ActivityWorkerLimitExceeded`].
    pub(super) fn poll(&self, activity: i64) -> Result<Polled, Error> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(activity).or_default();
        if let Some(queued) = line.tasks.pop_front() {
            return Ok(Polled::Task(Claim { queued, activity, lines: Some(self.lines.clone()) }));
        }
        line.pollers.retain(|poller| !poller.is_closed());
        if self.pollers_max <= line.pollers.len() {
            return Err(Error::ActivityWorkerLimitExceeded);
        }
        let (sender, receiver) = oneshot::channel();
        line.pollers.push_back(sender);
        Ok(Polled::Waiting(receiver))
    }

    /// Drops the line of an activity that is gone: who waits there is told.
    pub(super) fn remove(&self, activity: i64) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).remove(&activity);
    }
}

#[cfg(test)]
mod tests {
    use super::super::execution::FrameId;
    use super::*;

    fn queued(row: i64) -> Queued {
        Queued { row, execution: row, task: TaskKey { frame: FrameId::ROOT, scheduled: 3 } }
    }

    fn taken(polled: Polled) -> Claim {
        match polled {
            Polled::Task(claim) => claim,
            Polled::Waiting(_) => panic!("no task in line"),
        }
    }

    #[test]
    fn tasks_leave_in_the_order_they_came() {
        let queues = Queues::new(10);
        queues.push(1, queued(1));
        queues.push(1, queued(2));
        queues.push(9, queued(3));
        for row in [1, 2] {
            let claim = taken(queues.poll(1).unwrap());
            assert_eq!(claim.queued().row, row);
            claim.keep();
        }
        assert!(matches!(queues.poll(1), Ok(Polled::Waiting(_))));
    }

    #[test]
    fn a_worker_that_vanished_loses_nothing() {
        let queues = Queues::new(10);
        let Ok(Polled::Waiting(gone)) = queues.poll(1) else { panic!() };
        let Ok(Polled::Waiting(mut stays)) = queues.poll(1) else { panic!() };
        drop(gone);
        queues.push(1, queued(1));
        let claim = stays.try_recv().unwrap();
        queues.push(1, queued(2));
        drop(claim);
        assert_eq!(taken(queues.poll(1).unwrap()).queued().row, 1);
    }

    #[test]
    fn a_worker_that_vanishes_with_its_task_gives_it_back() {
        let queues = Queues::new(10);
        let Ok(Polled::Waiting(gone)) = queues.poll(1) else { panic!() };
        queues.push(1, queued(1));
        drop(gone);
        assert_eq!(taken(queues.poll(1).unwrap()).queued().row, 1);
    }

    #[test]
    fn pollers_are_bounded() {
        let queues = Queues::new(1);
        let _waiting = queues.poll(1).unwrap();
        assert!(matches!(queues.poll(1), Err(Error::ActivityWorkerLimitExceeded)));
        assert!(queues.poll(2).is_ok());
    }
}
