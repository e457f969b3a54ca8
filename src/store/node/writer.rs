//! The thread that writes: jobs that wait at the same time are committed together.
//!
//! A group is run quickly first: each job runs after the other, and nobody waits for what it only writes. If anything of a
//! job has to be undone, or a statement fails, the whole group is run again, job by job, each in a savepoint of its own.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use metrics::{Histogram, counter, histogram};
use tokio::sync::oneshot;

use super::Lease;
use super::keeper::Keeper;
use super::lease::{CHANGED, CHECK, Fence};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::job::{Isolation, Job, Outcome};
use crate::keys::open as open_keys;
use crate::meter;
use crate::options::Place;
use crate::pace::Pace;
use crate::postgres::{Connector, Session};
use crate::schema::open_store;
use crate::secrets::Secrets;
use crate::statements::{Link, Statements};
use crate::writer::{Message, Writer};
use crate::{Conflicts, Error, Moment, Options, Param, Postgres, Probe, Tx};

const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
/// How often a job, or a group of them, is run at most because others were in its way: nodes that write the same rows take
/// turns.
const RUNS_MAX: u32 = 16;
/// How long jobs wait for a server that can't be reached, before they fail.
const OUTAGE: Duration = Duration::from_secs(10);
/// How long it is tried to find out whether a commit counted, before the process gives up.
const DOUBT: Duration = Duration::from_secs(60);
/// The time between two attempts to connect: doubled each time, up to the second.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Takes the database and starts the thread, which ends when the handle is dropped or closed. Blocks; may wait for another
/// node to end.
pub(crate) fn start(
    directory: &Arc<Directory>,
    options: &Options,
    settings: &Postgres,
    clock: Arc<dyn Clock>,
) -> Result<(Writer, Arc<Lease>), Error> {
    let connector = Connector::new(settings)?;
    let lease = Arc::new(Lease::new(settings, clock.clone())?);
    let (jobs, inbox) = mpsc::channel();
    let pace = Arc::new(Pace::default());
    let opening = Opening {
        jobs: jobs.clone(),
        pace: pace.clone(),
        connector,
        lease: lease.clone(),
        settings: settings.clone(),
        directory: directory.clone(),
        options: options.clone(),
    };
    // The driver is async, and whoever opens the store may be too: so everything is done on the thread.
    let (opened, is_open) = mpsc::sync_channel(1);
    let thread = thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || match opening.open(inbox, clock) {
            Ok((run, keeper)) => {
                // An error means that nobody wants the store any more; then nobody has its handle either.
                let _ = opened.send(Ok(run.secrets.clone()));
                run.run(&keeper);
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        })
        .map_err(|error| Error::Io(error.to_string()))?;
    let secrets = is_open.recv().unwrap_or(Err(Error::Closed))?;
    Ok((Writer::over(jobs, thread, secrets, true, pace), lease))
}

/// Leaves the database to others, or else the lease runs out.
fn leave(session: &Session, lease: &Lease) {
    let _ = session.control("ROLLBACK").and_then(|()| lease.release(session));
}

/// What it takes to get the database.
struct Opening {
    /// The keeper has jobs, too.
    jobs: mpsc::Sender<Message>,
    pace: Arc<Pace>,
    connector: Connector,
    lease: Arc<Lease>,
    settings: Postgres,
    directory: Arc<Directory>,
    options: Options,
}

impl Opening {
    fn open(self, inbox: mpsc::Receiver<Message>, clock: Arc<dyn Clock>) -> Result<(Run, Keeper), Error> {
        let Self { jobs, pace, connector, lease, settings, directory, options } = self;
        let session = connector.connect()?;
        let mut fence = lease.join(&session, &settings, &directory.id()?)?;
        // From here on others may look whether this node is still there, however long it takes to open.
        let keeper = match Keeper::start(lease.clone(), connector.clone(), jobs, pace.clone()) {
            Ok(keeper) => keeper,
            Err(error) => {
                leave(&session, &lease);
                return Err(error);
            }
        };
        let first = || {
            session.control(BEGIN)?;
            let statements = Statements::new(Link::Postgres(&session));
            open_store(&statements, options.is_filled)?;
            let secrets = open_keys(&statements, &directory, &options.master_key)?;
            let check = [Param::Int(fence.fence), Param::Int(fence.n + 1), Param::Int(lease.number())];
            session.defer(CHECK, &check)?;
            session.control("COMMIT")?;
            Ok::<_, Error>(secrets)
        };
        let mut opened = first();
        for _ in 1..RUNS_MAX {
            // Others may be writing while this one comes.
            if !matches!(opened, Err(Error::Conflict(_))) {
                break;
            }
            session.control("ROLLBACK")?;
            opened = first();
        }
        let secrets = opened.inspect_err(|_| {
            keeper.stop();
            leave(&session, &lease);
        })?;
        fence.n += 1;
        let run = Run {
            pace,
            synced: Duration::ZERO,
            connector,
            session: Some(session),
            is_down: false,
            lease,
            fence,
            secrets: Arc::new(secrets),
            inbox,
            held: None,
            group_jobs_max: options.group_jobs_max,
            group_bytes_max: options.group_bytes_max,
            probe: options.probe,
            conflicts: options.conflicts,
            clock,
            seconds: histogram!(meter::STORE_COMMIT_SECONDS),
            jobs: histogram!(meter::STORE_COMMIT_JOBS),
        };
        Ok((run, keeper))
    }
}

struct Run {
    connector: Connector,
    session: Option<Session>,
    /// Whether the server could not be reached when that was last tried.
    is_down: bool,
    lease: Arc<Lease>,
    fence: Fence,
    secrets: Arc<Secrets>,
    inbox: mpsc::Receiver<Message>,
    /// A job that could not be part of the last group, and is the first of the next.
    held: Option<Job>,
    group_jobs_max: usize,
    group_bytes_max: usize,
    probe: Option<Probe>,
    conflicts: Option<Conflicts>,
    clock: Arc<dyn Clock>,
    seconds: Histogram,
    jobs: Histogram,
    pace: Arc<Pace>,
    /// How long the last commit took.
    synced: Duration,
}

/// Jobs that share a transaction, and what became of them.
#[derive(Default)]
struct Group {
    jobs: Vec<(Job, Outcome)>,
    bytes: usize,
    /// What its jobs changed that others may have to know of.
    changed: Vec<&'static str>,
}

/// Why a group was not committed.
#[derive(Debug)]
enum Trouble {
    /// What a job wrote has to be undone, or a statement of it failed.
    Undo,
    /// Others were in the way.
    Conflict(Error),
    /// The server refused something.
    Failed(Error),
    /// The connection broke, before the commit was asked for.
    Gone(Error),
    /// The connection broke, and the commit with this number may have counted.
    InDoubt(i64),
}

impl Run {
    fn run(mut self, keeper: &Keeper) {
        let mut closing = None;
        while closing.is_none() {
            let next = self.held.take().map(Message::Job);
            match next.map_or_else(|| self.inbox.recv(), Ok) {
                Ok(Message::Job(first)) => closing = self.group(first),
                Ok(Message::Fold) => {}
                Ok(Message::Close(closed)) => closing = Some(closed),
                Err(mpsc::RecvError) => break,
            }
        }
        keeper.stop();
        self.release();
        drop(self);
        if let Some(closed) = closing {
            // The caller who closed it may have gone away.
            let _ = closed.send(());
        }
    }

    fn release(&self) {
        if let Some(session) = &self.session
            && let Err(error) = session.settle().and_then(|()| self.lease.release(session))
        {
            tracing::warn!(%error, "the database could not be left to others; its lease has to run out");
        }
    }

    /// Runs `first` and whatever else is waiting in one transaction, then notifies all owners.
    fn group(&mut self, first: Job) -> Option<oneshot::Sender<()>> {
        let start = self.clock.monotonic();
        let mut group = Group::default();
        let (outcome, closing) = self.quickly(first, &mut group);
        let outcome = outcome.and_then(|()| self.commit(1, &group.changed));
        let outcome = self.finish(&mut group, outcome);
        if let Err(error) = &outcome {
            counter!(meter::STORE_ERRORS, "cause" => error.cause()).increment(1);
            tracing::error!(%error, jobs = group.jobs.len(), "a group of jobs was not committed");
        }
        let now = self.clock.monotonic();
        let took = now.saturating_sub(start);
        self.seconds.record(took.as_secs_f64());
        self.pace.ended(now, group.jobs.len(), took, self.synced);
        self.jobs.record(group.jobs.len() as f64);
        // Who has lost the database has no store any more.
        let outcome = if self.lease.lost().is_some() { outcome.map_err(|_| Error::Closed) } else { outcome };
        for (job, own) in group.jobs {
            // A job's own error may depend on what it saw of the group; if the group fails, it means nothing.
            job.end(outcome.clone().and(own));
        }
        closing
    }

    /// Runs `first` and what is waiting, without waiting for what they only write.
    fn quickly(
        &mut self,
        first: Job,
        group: &mut Group,
    ) -> (Result<(), Trouble>, Option<oneshot::Sender<()>>) {
        let mut closing = None;
        let isolation = first.isolation;
        let mut outcome = self.begin(true, isolation);
        let mut next = Some(first);
        while let Some(job) = next.take() {
            self.pace.begun();
            let mut own = Err(Error::Closed);
            if outcome.is_ok() {
                outcome = self.quick(&job, &mut own, group);
            }
            group.jobs.push((job, own));
            let has_room = group.jobs.len() < self.group_jobs_max && group.bytes < self.group_bytes_max;
            if has_room && outcome.is_ok() {
                match self.inbox.try_recv() {
                    Ok(Message::Job(job)) if job.isolation == isolation => next = Some(job),
                    Ok(Message::Job(job)) => self.held = Some(job),
                    Ok(Message::Close(closed)) => closing = Some(closed),
                    Ok(Message::Fold) | Err(_) => {}
                }
            }
        }
        (outcome, closing)
    }

    /// The transaction for one more job of the group.
    fn tx<'s>(&'s self, session: &'s Session) -> Tx<'s> {
        Tx::of_node(Link::Postgres(session), &self.secrets, self.lease.shards.used())
    }

    fn quick(&self, job: &Job, own: &mut Outcome, group: &mut Group) -> Result<(), Trouble> {
        let tx = self.tx(self.session()?);
        *own = job.run(&tx);
        group.bytes = group.bytes.saturating_add(tx.written_bytes());
        group.changed.extend(tx.changed());
        let has_written = tx.has_written();
        match tx.into_failure() {
            Some(failure) => return Err(self.trouble(failure, Trouble::Undo)),
            None => self.conflict(Place::Job, 1).map_err(|_| Trouble::Undo)?,
        }
        if has_written && !matches!(own, Ok(Ok(_))) { Err(Trouble::Undo) } else { Ok(()) }
    }

    /// Brings a group to its end: commits it, run again as often as it takes, or gives it up.
    fn finish(&mut self, group: &mut Group, first: Result<(), Trouble>) -> Result<(), Error> {
        let mut outcome = first;
        for run in 2.. {
            let Err(trouble) = outcome else { return Ok(()) };
            tracing::debug!(?trouble, run, "a group is run again");
            let is_last = RUNS_MAX < run;
            match trouble {
                Trouble::Conflict(error) | Trouble::Failed(error) | Trouble::Gone(error) if is_last => {
                    self.roll_back();
                    return Err(error);
                }
                Trouble::Undo => self.roll_back(),
                Trouble::Conflict(_) => {
                    self.roll_back();
                    // Who was in the way gets on first.
                    thread::sleep(Duration::from_millis(u64::from(run - 2)));
                }
                Trouble::Failed(error) => {
                    self.roll_back();
                    // Perhaps it is the fencing number that was refused.
                    self.recover().map_err(|other| if other.may_pass() { error } else { other })?;
                }
                Trouble::Gone(_) => self.reconnect(OUTAGE)?,
                Trouble::InDoubt(n) => {
                    if self.has_counted(n)? {
                        return Ok(());
                    }
                }
            }
            outcome = self.carefully(group, run);
        }
        Ok(())
    }

    /// Runs the jobs of a group again, each so that it can be undone.
    fn carefully(&mut self, group: &mut Group, run: u32) -> Result<(), Trouble> {
        let isolation = group.jobs.first().map_or(Isolation::Serializable, |(job, _)| job.isolation);
        self.begin(false, isolation)?;
        group.changed.clear();
        for (job, own) in &mut group.jobs {
            *own = self.careful(job, &mut group.changed)?;
        }
        self.commit(run, &group.changed)
    }

    /// Runs one job so that it can be undone separately, and again as long as others are in its way.
    fn careful(&self, job: &Job, changed: &mut Vec<&'static str>) -> Result<Outcome, Trouble> {
        let session = self.session()?;
        let sent = |result: Result<(), Error>| {
            result.map_err(|error| self.trouble(error.clone(), Trouble::Failed(error)))
        };
        let mut run = 1;
        loop {
            sent(session.defer_control("SAVEPOINT job"))?;
            let tx = self.tx(session);
            let outcome = job.run(&tx);
            changed.extend(tx.changed());
            // Also after a failure: what was sent behind it has failed, too.
            let settled = session.settle();
            let failure = tx.into_failure().or_else(|| settled.err());
            match &failure {
                // The whole transaction has seen what it should not.
                Some(error @ Error::Conflict(_)) => return Err(Trouble::Conflict(error.clone())),
                Some(error) if self.is_gone(error) => return Err(Trouble::Gone(error.clone())),
                Some(_) | None => {}
            }
            let failure = failure.or_else(|| self.conflict(Place::Job, run).err());
            let outcome = match (outcome, &failure) {
                (Ok(Ok(_)), Some(failure)) => Err(failure.clone()),
                (outcome, _) => outcome,
            };
            if matches!(outcome, Ok(Ok(_))) {
                sent(session.defer_control("RELEASE SAVEPOINT job"))?;
            } else {
                sent(session.defer_control("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job"))?;
            }
            if run == RUNS_MAX || !failure.is_some_and(|failure| failure.is_others()) {
                return Ok(outcome);
            }
            run += 1;
        }
    }

    fn begin(&mut self, may_guess: bool, isolation: Isolation) -> Result<(), Trouble> {
        if let Some(lost) = self.lease.lost() {
            return Err(Trouble::Failed(lost));
        }
        if !self.session.as_ref().is_some_and(Session::is_alive) {
            self.reconnect(OUTAGE).map_err(Trouble::Failed)?;
        }
        self.session()?.allow_guesses(may_guess);
        let begun = self.session()?.defer_control(match isolation {
            Isolation::Serializable => BEGIN,
            Isolation::Snapshot => BEGIN_SNAPSHOT,
        });
        begun.map_err(|error| self.trouble(error.clone(), Trouble::Failed(error)))
    }

    fn commit(&mut self, run: u32, changed: &[&'static str]) -> Result<(), Trouble> {
        self.conflict(Place::Commit, run).map_err(Trouble::Conflict)?;
        self.probe(Moment::BeforeCommit);
        let session = self.session()?;
        match session.guessed_right() {
            Ok(true) => {}
            Ok(false) => return Err(Trouble::Undo),
            Err(error) => return Err(self.trouble(error, Trouble::Undo)),
        }
        let n = self.fence.n + 1;
        let node = Param::Int(self.lease.number());
        let mut check = session.defer(CHECK, &[Param::Int(self.fence.fence), Param::Int(n), node]);
        if !changed.is_empty() {
            for topic in self.lease.feed.concerned(changed) {
                check = check.and_then(|()| session.defer(CHANGED, &[node, Param::Text(topic)]));
            }
        }
        check.map_err(|error| self.trouble(error.clone(), Trouble::Failed(error)))?;
        let before = self.clock.monotonic();
        let committed = session.control("COMMIT");
        self.synced = self.clock.monotonic().saturating_sub(before);
        match committed {
            Ok(()) => {}
            Err(error) if self.is_gone(&error) => return Err(Trouble::InDoubt(n)),
            Err(error @ Error::Conflict(_)) => return Err(Trouble::Conflict(error)),
            Err(error) => return Err(Trouble::Failed(error)),
        }
        self.fence.n = n;
        self.probe(Moment::AfterCommit);
        Ok(())
    }

    fn session(&self) -> Result<&Session, Trouble> {
        self.session.as_ref().ok_or(Trouble::Gone(Error::Closed))
    }

    /// What an error of a statement means for its group: that the connection is gone, or `else_it_is`.
    fn trouble(&self, error: Error, else_it_is: Trouble) -> Trouble {
        match error {
            error if self.is_gone(&error) => Trouble::Gone(error),
            Error::Conflict(text) => Trouble::Conflict(Error::Conflict(text)),
            _ => else_it_is,
        }
    }

    fn is_gone(&self, error: &Error) -> bool {
        matches!(error, Error::Server(_)) && !self.session.as_ref().is_some_and(Session::is_alive)
    }

    /// Gives the transaction up.
    fn roll_back(&mut self) {
        if self.session.as_ref().is_some_and(|session| session.settle().is_err())
            && !self.session.as_ref().is_some_and(Session::is_alive)
        {
            self.session = None;
        }
        if let Some(session) = &self.session
            && session.control("ROLLBACK").is_err()
        {
            // With the connection, the server gives the transaction up.
            self.session = None;
        }
    }

    fn recover(&mut self) -> Result<(), Error> {
        match &self.session {
            Some(session) => self.fence = self.lease.recover(session)?,
            None => self.reconnect(OUTAGE)?,
        }
        Ok(())
    }

    /// Connects anew, within `patience`.
    fn reconnect(&mut self, patience: Duration) -> Result<(), Error> {
        self.session = None;
        // Who comes after those that have waited fails at once.
        let patience = if self.is_down { Duration::ZERO } else { patience };
        let give_up = self.clock.monotonic() + patience;
        let (mut pause, longest) = RETRY;
        loop {
            if let Some(lost) = self.lease.lost() {
                return Err(lost);
            }
            let connected = self.connector.connect();
            match connected.and_then(|session| self.lease.recover(&session).map(|fence| (session, fence))) {
                Ok((session, fence)) => {
                    tracing::info!("connected to the database again");
                    (self.session, self.fence, self.is_down) = (Some(session), fence, false);
                    return Ok(());
                }
                Err(error) if give_up <= self.clock.monotonic() || !error.may_pass() => {
                    self.is_down = true;
                    return Err(error);
                }
                Err(error) => tracing::warn!(%error, "the database can't be reached"),
            }
            thread::sleep(pause);
            pause = (2 * pause).min(longest);
        }
    }

    /// Whether the commit with the number `n` counted.
    fn has_counted(&mut self, n: i64) -> Result<bool, Error> {
        self.is_down = false;
        if let Err(error) = self.reconnect(DOUBT) {
            // What has begun on top of what may be lost can't go on.
            self.lease.lose(error.clone());
            return Err(error);
        }
        Ok(self.fence.n == n)
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
}
