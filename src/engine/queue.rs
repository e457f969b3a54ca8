//! Activity tasks in line, and the workers that wait for one.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::Error;
use super::execution::FrameId;
use super::machine::TaskKey;

/// A task handed to a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityTask {
    /// What the worker answers with.
    pub token: String,
    /// The task's input.
    pub input: String,
}

/// The least key that there can be.
const FIRST: TaskKey = TaskKey { frame: FrameId::ROOT, scheduled: 0 };

/// A task in line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Queued {
    /// Its row, whose id is its place in line.
    pub(super) row: i64,
    pub(super) execution: i64,
    pub(super) task: TaskKey,
    /// What the worker gets, if it was handed out already and the worker went away before it had it.
    pub(super) started: Option<Box<ActivityTask>>,
}

impl Queued {
    /// A task that no worker has had.
    pub(super) fn new(row: i64, execution: i64, task: TaskKey) -> Self {
        Self { row, execution, task, started: None }
    }
}

/// What is announced to other nodes when there is a task for a worker.
pub(super) const QUEUED: &str = "engine task";

/// The lines of all activities. What stands in them stands in the store as well. Where nodes share it, it is the line: a task
/// is here only while a worker waits for it, or if it was handed out already.
pub(super) struct Queues {
    all: Arc<Mutex<All>>,
    pollers_max: usize,
}

#[derive(Default)]
struct All {
    lines: HashMap<i64, Line>,
    /// Where each task stands: its activity and row.
    places: BTreeMap<(i64, TaskKey), (i64, i64)>,
    /// Rows that workers are about to get.
    claimed: HashSet<i64>,
    /// Other nodes have the same lines.
    is_shared: bool,
}

#[derive(Default)]
struct Line {
    tasks: BTreeMap<i64, Queued>,
    /// Workers in the order in which they came; those who have gone are passed over.
    pollers: VecDeque<oneshot::Sender<Claim>>,
}

/// A task taken out of the line. Dropped without [`Claim::keep`], it goes back to its place: a worker that
/// vanished loses nothing.
pub(super) struct Claim {
    /// `None` once it is kept.
    queued: Option<Queued>,
    activity: i64,
    all: Arc<Mutex<All>>,
}

impl Claim {
    /// The task; `None` once it is kept.
    pub(super) fn queued(&self) -> Option<&Queued> {
        self.queued.as_ref()
    }

    /// Notes that history says it was handed out: if it goes back, the next worker just gets `task`.
    pub(super) fn start(&mut self, task: ActivityTask) {
        if let Some(queued) = &mut self.queued {
            queued.started = Some(Box::new(task));
        }
    }

    /// A worker has the task, or it is over: it does not go back.
    pub(super) fn keep(mut self) {
        if let Some(queued) = self.queued.take() {
            lock(&self.all).claimed.remove(&queued.row);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(queued) = self.queued.take() {
            lock(&self.all).claimed.remove(&queued.row);
            // One whose activity was deleted meanwhile has no line to go back to.
            put(&self.all, self.activity, queued, false);
        }
    }
}

fn lock(all: &Mutex<All>) -> MutexGuard<'_, All> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a task to the first worker that still waits, or puts it in line.
fn put(all: &Arc<Mutex<All>>, activity: i64, mut queued: Queued, may_begin_line: bool) {
    let mut guard = lock(all);
    let All { lines, places, claimed, is_shared } = &mut *guard;
    let line = match may_begin_line {
        true => lines.entry(activity).or_default(),
        false => match lines.get_mut(&activity) {
            Some(line) => line,
            None => return,
        },
    };
    let row = queued.row;
    while let Some(poller) = line.pollers.pop_front() {
        // Before the worker has it, who may be faster.
        claimed.insert(row);
        let claim = Claim { queued: Some(queued), activity, all: all.clone() };
        let Err(mut back) = poller.send(claim) else { return };
        // The worker has gone. Its claim must not go back by itself: the lines are locked.
        let Some(again) = back.queued.take() else { return };
        claimed.remove(&row);
        queued = again;
    }
    if *is_shared && queued.started.is_none() {
        return;
    }
    places.insert((queued.execution, queued.task), (activity, queued.row));
    line.tasks.insert(queued.row, queued);
}

/// What a worker gets when it comes.
pub(super) enum Polled {
    /// A task at once.
    Task(Claim),
    /// A task later.
    Waiting(oneshot::Receiver<Claim>),
}

impl Queues {
    pub(super) fn new(pollers_max: usize, is_shared: bool) -> Self {
        let all = All { is_shared, ..All::default() };
        Self { all: Arc::new(Mutex::new(all)), pollers_max }
    }

    /// Gives tasks of the store's line to those who wait here.
    pub(super) fn offer(&self, activity: i64, tasks: Vec<Queued>) {
        for task in tasks {
            let is_claimed = lock(&self.all).claimed.contains(&task.row);
            if !is_claimed {
                put(&self.all, activity, task, false);
            }
        }
    }

    /// The activities that workers wait for here.
    pub(super) fn awaited(&self) -> Vec<i64> {
        let all = lock(&self.all);
        let awaited = |line: &Line| line.pollers.iter().any(|poller| !poller.is_closed());
        all.lines.iter().filter(|(_, line)| awaited(line)).map(|(activity, _)| *activity).collect()
    }

    /// Puts a task in line whose row is written.
    pub(super) fn push(&self, activity: i64, queued: Queued) {
        put(&self.all, activity, queued, true);
    }

    /// Takes a task out of its line, if it stands in one. One that does not was handed out, or turns out stale
    /// when it is.
    pub(super) fn abandon(&self, execution: i64, task: TaskKey) {
        let mut all = lock(&self.all);
        if let Some((activity, row)) = all.places.remove(&(execution, task))
            && let Some(line) = all.lines.get_mut(&activity)
        {
            line.tasks.remove(&row);
        }
    }

    /// Takes all tasks of an execution out of their lines.
    pub(super) fn abandon_all(&self, execution: i64) {
        let mut all = lock(&self.all);
        while let Some((&key, &(activity, row))) = all.places.range((execution, FIRST)..).next()
            && key.0 == execution
        {
            all.places.remove(&key);
            if let Some(line) = all.lines.get_mut(&activity) {
                line.tasks.remove(&row);
            }
        }
    }

    /// The first task in line, or a place among those who wait.
    ///
    /// # Errors
    /// [`Error::ActivityWorkerLimitExceeded`].
    pub(super) fn poll(&self, activity: i64) -> Result<Polled, Error> {
        let mut all = lock(&self.all);
        let All { lines, places, claimed, .. } = &mut *all;
        let line = lines.entry(activity).or_default();
        if let Some((_, queued)) = line.tasks.pop_first() {
            places.remove(&(queued.execution, queued.task));
            claimed.insert(queued.row);
            return Ok(Polled::Task(Claim { queued: Some(queued), activity, all: self.all.clone() }));
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
        let mut all = lock(&self.all);
        if let Some(line) = all.lines.remove(&activity) {
            for queued in line.tasks.values() {
                all.places.remove(&(queued.execution, queued.task));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(row: i64) -> Queued {
        Queued::new(row, row, TaskKey { frame: FrameId::ROOT, scheduled: 3 })
    }

    fn taken(polled: Polled) -> Claim {
        match polled {
            Polled::Task(claim) => claim,
            Polled::Waiting(_) => panic!("no task in line"),
        }
    }

    #[test]
    fn tasks_leave_in_the_order_they_came() {
        let queues = Queues::new(10, false);
        queues.push(1, queued(1));
        queues.push(1, queued(2));
        queues.push(9, queued(3));
        for row in [1, 2] {
            let claim = taken(queues.poll(1).unwrap());
            assert_eq!(claim.queued().unwrap().row, row);
            claim.keep();
        }
        assert!(matches!(queues.poll(1), Ok(Polled::Waiting(_))));
    }

    #[test]
    fn a_worker_that_vanished_loses_nothing() {
        let queues = Queues::new(10, false);
        let Ok(Polled::Waiting(gone)) = queues.poll(1) else { panic!() };
        let Ok(Polled::Waiting(mut stays)) = queues.poll(1) else { panic!() };
        drop(gone);
        queues.push(1, queued(1));
        let claim = stays.try_recv().unwrap();
        queues.push(1, queued(2));
        drop(claim);
        assert_eq!(taken(queues.poll(1).unwrap()).queued().unwrap().row, 1);
    }

    #[test]
    fn a_worker_that_vanishes_with_its_task_gives_it_back() {
        let queues = Queues::new(10, false);
        let Ok(Polled::Waiting(gone)) = queues.poll(1) else { panic!() };
        queues.push(1, queued(1));
        drop(gone);
        assert_eq!(taken(queues.poll(1).unwrap()).queued().unwrap().row, 1);
    }

    #[test]
    fn a_task_that_was_handed_out_in_vain_is_first_in_line_with_its_token() {
        let queues = Queues::new(10, false);
        queues.push(1, queued(1));
        queues.push(1, queued(2));
        let mut claim = taken(queues.poll(1).unwrap());
        let task = ActivityTask { token: "t".into(), input: "{}".into() };
        claim.start(task.clone());
        drop(claim);
        assert_eq!(taken(queues.poll(1).unwrap()).queued().unwrap().started.as_deref(), Some(&task));
    }

    #[test]
    fn abandoned_tasks_leave_their_line() {
        let queues = Queues::new(10, false);
        for row in 1..=3 {
            queues.push(row % 2, queued(row));
        }
        queues.abandon(1, TaskKey { frame: FrameId::ROOT, scheduled: 3 });
        queues.abandon(2, TaskKey { frame: FrameId::ROOT, scheduled: 4 });
        queues.abandon_all(3);
        queues.abandon_all(7);
        assert!(matches!(queues.poll(1), Ok(Polled::Waiting(_))));
        assert_eq!(taken(queues.poll(0).unwrap()).queued().unwrap().row, 2);
    }

    #[test]
    fn a_claim_on_a_deleted_activity_goes_nowhere() {
        let queues = Queues::new(10, false);
        queues.push(1, queued(1));
        let claim = taken(queues.poll(1).unwrap());
        queues.remove(1);
        drop(claim);
        assert!(matches!(queues.poll(1), Ok(Polled::Waiting(_))));
    }

    #[test]
    fn pollers_are_bounded() {
        let queues = Queues::new(1, false);
        let _waiting = queues.poll(1).unwrap();
        assert!(matches!(queues.poll(1), Err(Error::ActivityWorkerLimitExceeded)));
        assert!(queues.poll(2).is_ok());
    }

    #[test]
    fn a_line_that_nodes_share_is_the_store_s() {
        let queues = Queues::new(10, true);
        queues.push(1, queued(1));
        let Ok(Polled::Waiting(mut first)) = queues.poll(1) else { panic!() };
        assert_eq!(queues.awaited(), [1]);
        queues.offer(1, vec![queued(1), queued(2)]);
        let claim = first.try_recv().unwrap();
        assert_eq!(claim.queued().unwrap().row, 1);
        assert!(queues.awaited().is_empty());
        // What a worker is about to get, no other is offered.
        let Ok(Polled::Waiting(mut second)) = queues.poll(1) else { panic!() };
        queues.offer(1, vec![queued(1)]);
        assert!(second.try_recv().is_err());
        drop(claim);
        assert_eq!(second.try_recv().unwrap().queued().unwrap().row, 1);
    }
}
