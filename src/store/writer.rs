//! The one thread that writes: jobs that wait together are committed together.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use metrics::{Histogram, counter, histogram};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Error, Options, Tx};
use crate::clock::Clock;
use crate::meter;

/// Tells a job's owner what became of it, given what became of the group.
type Acknowledge = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// A job with its types erased.
trait Job: Send {
    /// Runs it: whether it succeeded, and how to tell its owner.
    fn run(self: Box<Self>, tx: &Tx<'_>) -> (Result<(), ()>, Acknowledge);

    /// Tells its owner that it was not run.
    fn refuse(self: Box<Self>, error: Error);
}

enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// A handle to the writing thread.
pub(super) struct Writer {
    jobs: mpsc::Sender<Message>,
    restart: Arc<AtomicBool>,
}

impl Writer {
    /// Opens the database and starts the thread; it ends when the handle is dropped or closed.
    pub(super) fn start(path: &Path, options: &Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let connection = options.open_writer(path)?;
        let (jobs, inbox) = mpsc::channel();
        let restart = Arc::new(AtomicBool::new(false));
        let run = Run {
            connection,
            inbox,
            group_jobs_max: options.group_jobs_max,
            restart: restart.clone(),
            clock,
            seconds: histogram!(meter::STORE_COMMIT_SECONDS),
            jobs: histogram!(meter::STORE_COMMIT_JOBS),
        };
        thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run.run())
            .map_err(|error| Error::Io(error.to_string()))?;
        Ok(Self { jobs, restart })
    }

    /// Set when the log has grown so long that it should start over; see [`Run::restart_log`].
    pub(super) fn restart_flag(&self) -> Arc<AtomicBool> {
        self.restart.clone()
    }

    /// Queues `job`; the answer comes when its group is on disk.
    pub(super) fn send<T, E>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, E>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        let erased = erase(job, move |result| {
            // Whoever asked may have gone; the job stands all the same.
            let _ = answer.send(result);
        });
        // A closed writer drops the job and with it the answer's sender, which the receiver notices.
        let _ = self.jobs.send(Message::Job(erased));
        receiver
    }

    /// Like [`Writer::send`], for callers that are not async.
    pub(super) fn send_blocking(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let (answer, receiver) = mpsc::sync_channel(1);
        let erased = erase(job, move |result| {
            let _ = answer.send(result);
        });
        let _ = self.jobs.send(Message::Job(erased));
        receiver.recv().unwrap_or(Err(Error::Closed))
    }

    /// Ends the thread after everything queued, with the log folded into the database.
    pub(super) async fn close(&self) {
        let (closed, receiver) = oneshot::channel();
        if self.jobs.send(Message::Close(closed)).is_ok() {
            // An error means that the thread has ended already.
            let _ = receiver.await;
        }
    }
}

/// Boxes a job with what tells its owner the outcome; a panic in the job becomes [`Error::Panicked`].
fn erase<T, E>(
    job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    answer: impl FnOnce(Result<T, E>) + Send + 'static,
) -> Box<dyn Job>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    Box::new(Erased { job, answer, outcome: PhantomData })
}

struct Erased<J, A, T, E> {
    job: J,
    answer: A,
    outcome: PhantomData<fn() -> Result<T, E>>,
}

impl<J, A, T, E> Job for Erased<J, A, T, E>
where
    J: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    A: FnOnce(Result<T, E>) + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn run(self: Box<Self>, tx: &Tx<'_>) -> (Result<(), ()>, Acknowledge) {
        let Self { job, answer, .. } = *self;
        let result =
            catch_unwind(AssertUnwindSafe(|| job(tx))).unwrap_or_else(|_| Err(E::from(Error::Panicked)));
        let outcome = result.as_ref().map(|_| ()).map_err(|_| ());
        let acknowledge: Acknowledge = Box::new(move |group| {
            answer(match (result, group) {
                (Ok(value), Ok(())) => Ok(value),
                (Ok(_), Err(error)) => Err(E::from(error)),
                (Err(error), _) => Err(error),
            });
        });
        (outcome, acknowledge)
    }

    fn refuse(self: Box<Self>, error: Error) {
        (self.answer)(Err(E::from(error)));
    }
}

struct Run {
    connection: Connection,
    inbox: mpsc::Receiver<Message>,
    group_jobs_max: usize,
    restart: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
    seconds: Histogram,
    jobs: Histogram,
}

impl Run {
    fn run(self) {
        let mut closing = None;
        while closing.is_none() {
            match self.inbox.recv() {
                Ok(Message::Job(first)) => closing = self.group(first),
                Ok(Message::Close(closed)) => closing = Some(closed),
                Err(mpsc::RecvError) => return,
            }
            if self.restart.swap(false, Ordering::Relaxed) {
                self.restart_log();
            }
        }
        self.fold("TRUNCATE");
        // The database is closed before the owner is told.
        let Self { connection, .. } = self;
        if let Err((_, error)) = connection.close() {
            tracing::error!(%error, "the database could not be closed");
        }
        if let Some(closed) = closing {
            let _ = closed.send(());
        }
    }

    /// Runs `first` and whatever else is waiting in one transaction; then tells every owner.
    fn group(&self, first: Box<dyn Job>) -> Option<oneshot::Sender<()>> {
        let start = self.clock.monotonic();
        let mut closing = None;
        let mut told: Vec<Acknowledge> = Vec::new();
        let mut outcome = self.statement("BEGIN IMMEDIATE");
        let mut next = Some(first);
        while let Some(job) = next.take() {
            outcome = self.part(job, outcome, &mut told);
            if told.len() < self.group_jobs_max && outcome.is_ok() {
                match self.inbox.try_recv() {
                    Ok(Message::Job(job)) => next = Some(job),
                    Ok(Message::Close(closed)) => closing = Some(closed),
                    Err(_) => {}
                }
            }
        }
        if outcome.is_ok() {
            outcome = self.statement("COMMIT");
        }
        if let Err(error) = &outcome {
            counter!(meter::STORE_ERRORS, "cause" => error.cause()).increment(1);
            tracing::error!(%error, jobs = told.len(), "a group of jobs was not committed");
            if !self.connection.is_autocommit() {
                // Nothing to add: the group has failed already.
                let _ = self.statement("ROLLBACK");
            }
        }
        self.seconds.record(self.clock.monotonic().saturating_sub(start).as_secs_f64());
        self.jobs.record(told.len() as f64);
        for acknowledge in told {
            acknowledge(outcome.clone());
        }
        closing
    }

    /// Runs one job in a savepoint of its own; an error is the whole group's. Once the group has failed, jobs
    /// are told so without being run.
    fn part(
        &self,
        job: Box<dyn Job>,
        group: Result<(), Error>,
        told: &mut Vec<Acknowledge>,
    ) -> Result<(), Error> {
        if let Err(error) = group.and_then(|()| self.statement("SAVEPOINT job")) {
            job.refuse(error.clone());
            return Err(error);
        }
        let (result, acknowledge) = job.run(&Tx::new(&self.connection));
        told.push(acknowledge);
        if self.connection.is_autocommit() {
            // A full disk makes SQLite drop the whole transaction, not just the statement.
            return Err(Error::DiskFull);
        }
        if result.is_err() {
            self.statement("ROLLBACK TO job")?;
        }
        self.statement("RELEASE job")
    }

    /// Starts the log over, after the checkpointer has moved nearly all of it: what is left is little, so the
    /// writer stops for a moment only. Without this, a log that is always being written never gets shorter.
    fn restart_log(&self) {
        self.fold("RESTART");
    }

    fn fold(&self, mode: &str) {
        let folded = self.connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
        if let Err(error) = folded {
            tracing::warn!(%error, mode, "the log could not be folded into the database");
        }
    }

    fn statement(&self, sql: &str) -> Result<(), Error> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
