//! The only thread that writes: jobs that wait at the same time are committed together.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use metrics::{Histogram, counter, histogram};
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use tokio::sync::oneshot;

use super::checkpoint::Log;
use super::directory::{DATABASE, Directory};
use super::high_water::{HighWater, Sums};
use super::job::{Answer, Isolation, Job, Outcome, Owner, outcome_of};
use super::options::{BUSY_TIMEOUT, Place};
use super::pace::Pace;
use super::secrets::Secrets;
use super::statements::{Link, Statements};
use super::{Conflicts, Error, Moment, Options, Probe, Tx, keys, schema};
use crate::clock::Clock;
use crate::meter;

/// How often a job, or a group of them, is run at most because others were in its way.
pub(super) const RUNS_MAX: u32 = 4;

/// What the thread is asked for.
pub(super) enum Message {
    Job(Job),
    Fold,
    Close(oneshot::Sender<()>),
}

/// A handle to the writing thread.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    /// Whether others have jobs for the thread as well: it is told when to end.
    has_others: bool,
    secrets: Arc<Secrets>,
    pace: Arc<Pace>,
}

/// Asks the writer to move the log into the database and truncate it when possible.
pub(super) struct Folder(mpsc::Sender<Message>);

impl Folder {
    pub(super) fn fold(&self) {
        // A writer that has ended has done so.
        let _ = self.0.send(Message::Fold);
    }
}

impl Writer {
    /// Opens the database and starts the thread, which ends when the handle is dropped or closed.
    pub(super) fn start(
        directory: &Directory,
        options: &Options,
        clock: Arc<dyn Clock>,
        log: Arc<Log>,
        sums: Sums,
    ) -> Result<Self, Error> {
        let mut connection = options.open_writer(&directory.file(DATABASE))?;
        let frames = Arc::new(AtomicU32::new(0));
        let seen = frames.clone();
        connection.wal_hook(Some(move |_: &mut Wal, n: i32| {
            seen.store(n.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))?;
        let opened = connection.unchecked_transaction()?;
        let statements = Statements::new(Link::Sqlite(&opened));
        schema::open_store(&statements, options.is_filled)?;
        let secrets = Arc::new(keys::open(&statements, directory, &options.master_key)?);
        opened.commit()?;
        let high_water = HighWater::begin(directory.path(), &sums, frames, clock.clone())?;
        let (jobs, inbox) = mpsc::channel();
        let pace = Arc::new(Pace::default());
        let run = Run {
            pace: pace.clone(),
            synced: Duration::ZERO,
            connection,
            secrets: secrets.clone(),
            high_water,
            sums,
            inbox,
            group_jobs_max: options.group_jobs_max,
            group_bytes_max: options.group_bytes_max,
            probe: options.probe.clone(),
            conflicts: options.conflicts.clone(),
            log,
            clock,
            seconds: histogram!(meter::STORE_COMMIT_SECONDS),
            jobs: histogram!(meter::STORE_COMMIT_JOBS),
        };
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run.run())
            .map_err(|error| Error::Io(error.to_string()))?;
        Ok(Self::over(jobs, thread, secrets, false, pace))
    }

    /// The handle to a thread that takes `jobs`.
    pub(super) fn over(
        jobs: mpsc::Sender<Message>,
        thread: JoinHandle<()>,
        secrets: Arc<Secrets>,
        has_others: bool,
        pace: Arc<Pace>,
    ) -> Self {
        Self { jobs: Some(jobs), thread: Some(thread), has_others, secrets, pace }
    }

    /// How it keeps up.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Encrypts and decrypts values.
    pub(super) fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// For asking the writer to truncate the log.
    pub(super) fn folder(&self) -> Option<Folder> {
        self.jobs.clone().map(Folder)
    }

    fn queue(&self, message: Message) -> bool {
        if matches!(message, Message::Job(_)) {
            self.pace.queued();
        }
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(message).is_ok())
    }

    /// Queues `job`; its result is there when its group is on disk.
    pub(super) fn send<T, E>(
        &self,
        isolation: Isolation,
        job: impl Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Answer<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        // A closed writer drops the job and with it the result's sender, which the receiver notices.
        self.queue(Message::Job(Job::new(job, Owner::Future(sender), isolation)));
        Answer::of(receiver)
    }

    /// The same for a job that borrows `input` and gives it back.
    pub(super) fn send_with<I, T, E>(
        &self,
        isolation: Isolation,
        input: I,
        job: impl Fn(&I, &Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Answer<(I, T), E>
    where
        I: Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.queue(Message::Job(Job::with(input, job, Owner::Future(sender), isolation)));
        Answer::of(receiver)
    }

    /// Like [`Writer::send`], for callers that are not async.
    pub(super) fn send_blocking<T, E>(
        &self,
        job: impl Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.queue(Message::Job(Job::new(job, Owner::Thread(sender), Isolation::Serializable)));
        outcome_of(receiver.recv().unwrap_or(Err(Error::Closed)))
    }

    /// Queues `job` for nobody to wait for. `then` is called with what became of it, unless the writer has ended.
    pub(super) fn send_then<T, E>(
        &self,
        job: impl Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let owner = Owner::Then(Box::new(move |outcome| then(outcome_of(outcome))));
        self.queue(Message::Job(Job::new(job, owner, Isolation::Serializable)));
    }

    /// Ends the thread after everything queued, with the log moved into the database.
    pub(super) async fn close(&self) {
        let (closed, receiver) = oneshot::channel();
        if self.queue(Message::Close(closed)) {
            // An error means that the thread has already ended.
            let _ = receiver.await;
        }
    }
}

impl Drop for Writer {
    /// Waits for what is queued, so that the lock outlives the last write.
    fn drop(&mut self) {
        if self.has_others {
            // It may have ended by now.
            self.queue(Message::Close(oneshot::channel().0));
        }
        self.jobs.take();
        // A job may be what drops the store.
        if let Some(thread) = self.thread.take().filter(|it| it.thread().id() != thread::current().id()) {
            // A panic in the thread has been logged.
            let _ = thread.join();
        }
    }
}

struct Run {
    connection: Connection,
    secrets: Arc<Secrets>,
    high_water: HighWater,
    sums: Sums,
    inbox: mpsc::Receiver<Message>,
    group_jobs_max: usize,
    group_bytes_max: usize,
    probe: Option<Probe>,
    conflicts: Option<Conflicts>,
    log: Arc<Log>,
    clock: Arc<dyn Clock>,
    seconds: Histogram,
    jobs: Histogram,
    pace: Arc<Pace>,
    /// How long the last commit took.
    synced: Duration,
}

/// Jobs that share a transaction.
#[derive(Default)]
struct Group {
    /// The jobs that ran, and what became of them.
    done: Vec<(Job, Outcome)>,
    bytes: usize,
}

impl Run {
    fn run(mut self) {
        let mut closing = None;
        while closing.is_none() {
            match self.inbox.recv() {
                Ok(Message::Job(first)) => closing = self.group(first),
                Ok(Message::Fold) => {
                    self.fold("TRUNCATE", Duration::ZERO);
                }
                Ok(Message::Close(closed)) => closing = Some(closed),
                Err(mpsc::RecvError) => return,
            }
            if self.log.should_restart() {
                // Doesn't wait for readers. The next group restarts the log if nobody reads from it.
                self.fold("PASSIVE", Duration::ZERO);
            }
        }
        let is_folded = self.fold("TRUNCATE", BUSY_TIMEOUT);
        // The database is closed before the owner is notified.
        let Self { connection, sums, .. } = self;
        if let Err((_, error)) = connection.close() {
            tracing::error!(%error, "the database could not be closed");
        }
        if is_folded && let Err(error) = sums.closed() {
            tracing::warn!(%error, "it could not be noted that the database was closed");
        }
        if let Some(closed) = closing {
            // The caller who closed it may have gone away.
            let _ = closed.send(());
        }
    }

    /// Runs `first` and whatever else is waiting in one transaction, then notifies all owners.
    fn group(&mut self, first: Job) -> Option<oneshot::Sender<()>> {
        let start = self.clock.monotonic();
        let mut closing = None;
        let mut group = Group::default();
        let mut outcome = self.statement("BEGIN IMMEDIATE");
        let mut next = Some(first);
        while let Some(job) = next.take() {
            self.pace.begun();
            outcome = self.part(job, outcome, &mut group);
            let has_room = group.done.len() < self.group_jobs_max && group.bytes < self.group_bytes_max;
            if has_room && outcome.is_ok() {
                match self.inbox.try_recv() {
                    Ok(Message::Job(job)) => next = Some(job),
                    Ok(Message::Close(closed)) => closing = Some(closed),
                    // It will be asked for again if still needed.
                    Ok(Message::Fold) | Err(_) => {}
                }
            }
        }
        outcome = self.finish(&mut group, outcome);
        if let Err(error) = &outcome {
            counter!(meter::STORE_ERRORS, "cause" => error.cause()).increment(1);
            tracing::error!(%error, jobs = group.done.len(), "a group of jobs was not committed");
        }
        let now = self.clock.monotonic();
        let took = now.saturating_sub(start);
        self.seconds.record(took.as_secs_f64());
        self.pace.ended(now, group.done.len(), took, self.synced);
        self.jobs.record(group.done.len() as f64);
        for (job, own) in group.done {
            // A job's own error may depend on what it saw of the group; if the group fails, it means nothing.
            job.end(outcome.clone().and(own));
        }
        closing
    }

    /// Commits the group, or undoes it. If others were in its way, its jobs are run again, from the first.
    fn finish(&mut self, group: &mut Group, so_far: Result<(), Error>) -> Result<(), Error> {
        let mut outcome = so_far;
        for run in 1.. {
            outcome = outcome.and_then(|()| self.commit(run));
            let Err(error) = &outcome else { break };
            let is_again = matches!(error, Error::Conflict(_)) && run < RUNS_MAX;
            if !self.connection.is_autocommit() {
                // Nothing to add: the group has already failed.
                let _ = self.statement("ROLLBACK");
            }
            if !is_again {
                break;
            }
            outcome = self.again(group);
        }
        outcome
    }

    fn again(&self, group: &mut Group) -> Result<(), Error> {
        self.statement("BEGIN IMMEDIATE")?;
        for (n, (job, own)) in group.done.iter_mut().enumerate() {
            (*own, _) = self.run_job(job, n == 0)?;
        }
        Ok(())
    }

    fn commit(&mut self, run: u32) -> Result<(), Error> {
        self.conflict(Place::Commit, run)?;
        self.probe(Moment::BeforeCommit);
        let mut committed = self.sums.hold();
        let before = self.clock.monotonic();
        self.statement("COMMIT")?;
        self.synced = self.clock.monotonic().saturating_sub(before);
        let commit = self.high_water.last_commit();
        if let Some(commit) = &commit {
            *committed = commit.as_ref().ok().copied();
        }
        drop(committed);
        self.log.committed();
        self.probe(Moment::AfterCommit);
        if let Some(commit) = commit {
            self.high_water.mark(commit);
        }
        self.probe(Moment::AfterMark);
        Ok(())
    }

    /// Runs one job as part of the group. Once the group has failed, jobs get that error without being run.
    fn part(&self, job: Job, so_far: Result<(), Error>, group: &mut Group) -> Result<(), Error> {
        match so_far.and_then(|()| self.run_job(&job, group.done.is_empty())) {
            Ok((outcome, bytes)) => {
                group.done.push((job, outcome));
                group.bytes = group.bytes.saturating_add(bytes);
                Ok(())
            }
            Err(error) => {
                job.end(Err(error.clone()));
                Err(error)
            }
        }
    }

    /// Runs one job so that it can be undone separately, and again as long as others are in its way; returns what became
    /// of it, and the bytes it wrote. An error is of the whole group.
    fn run_job(&self, job: &Job, is_first: bool) -> Result<(Outcome, usize), Error> {
        let mut run = 1;
        loop {
            // The first job is undone with the transaction, which contains nothing else yet.
            if !is_first {
                self.statement("SAVEPOINT job")?;
            }
            let tx = Tx::new(Link::Sqlite(&self.connection), &self.secrets);
            let outcome = job.run(&tx);
            let bytes = tx.written_bytes();
            let failure = tx.into_failure();
            if self.connection.is_autocommit() {
                // On a full or failing disk, SQLite rolls back the whole transaction, not only the statement.
                return Err(failure.unwrap_or_else(|| Error::Io("the transaction was given up".to_owned())));
            }
            let failure = failure.or_else(|| self.conflict(Place::Job, run).err());
            let outcome = match (outcome, &failure) {
                // Other databases go on with nothing after a statement has failed.
                (Ok(Ok(_)), Some(failure)) => Err(failure.clone()),
                (outcome, _) => outcome,
            };
            let is_kept = matches!(outcome, Ok(Ok(_)));
            match (is_first, is_kept) {
                (true, true) => {}
                (true, false) => {
                    self.statement("ROLLBACK").and_then(|()| self.statement("BEGIN IMMEDIATE"))?;
                }
                (false, true) => self.statement("RELEASE job")?,
                (false, false) => {
                    self.statement("ROLLBACK TO job").and_then(|()| self.statement("RELEASE job"))?;
                }
            }
            if run == RUNS_MAX || !failure.is_some_and(|failure| failure.is_others()) {
                return Ok((outcome, bytes));
            }
            run += 1;
        }
    }

    /// Whether a test says that another writer was in the way.
    fn conflict(&self, place: Place, run: u32) -> Result<(), Error> {
        match &self.conflicts {
            Some(conflicts) if conflicts.has(place, run) => Err(Error::Conflict("for a test".to_owned())),
            Some(_) | None => Ok(()),
        }
    }

    fn probe(&self, moment: Moment) {
        if let Some(probe) = &self.probe {
            probe.at(moment);
        }
    }

    /// Moves the log into the database, and waits for readers at most that long; true if everything was moved.
    fn fold(&self, mode: &str, patience: Duration) -> bool {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let fold = || -> Result<i64, Error> {
            let until = *self.sums.hold();
            self.sums.include(until)?;
            self.connection.busy_timeout(patience)?;
            let busy = self.connection.query_row(&sql, [], |row| row.get(0));
            self.connection.busy_timeout(BUSY_TIMEOUT)?;
            Ok(busy?)
        };
        match fold() {
            Ok(busy) => busy == 0,
            Err(error) => {
                tracing::warn!(%error, mode, "the log could not be folded into the database");
                false
            }
        }
    }

    fn statement(&self, sql: &str) -> Result<(), Error> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
