//! Jobs: what a caller does in a transaction, and how the result gets back to it.
//!
//! Callers have hundreds of jobs, each of a type of its own. What carries them is compiled once, and knows neither their
//! types nor those of their results: these are boxed, and unboxed where the caller waits.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::{Error, Tx};

/// What a job returned, its value or its own error.
type Returned = Result<Box<dyn Any + Send>, Box<dyn Any + Send>>;

/// What became of a job: what it returned, or the store's error.
pub(super) type Outcome = Result<Returned, Error>;

/// What to do in the transaction, as often as it takes: another run sees what others have written since, and of the run
/// before nothing is left. So a job must not change anything but through its [`Tx`].
trait Work: Send {
    /// Runs it once.
    fn run(&self, tx: &Tx<'_>) -> Returned;

    /// Makes the answer from what the last run returned. What the job held is dropped by then.
    fn answer(self: Box<Self>, value: Box<dyn Any + Send>) -> Box<dyn Any + Send>;
}

/// A job that answers what it returned.
struct Plain<F>(F);

impl<F, T, E> Work for Plain<F>
where
    F: Fn(&Tx<'_>) -> Result<T, E> + Send,
    T: Send + 'static,
    E: Send + 'static,
{
    fn run(&self, tx: &Tx<'_>) -> Returned {
        boxed(self.0(tx))
    }

    fn answer(self: Box<Self>, value: Box<dyn Any + Send>) -> Box<dyn Any + Send> {
        value
    }
}

/// A job that answers what it borrows as well.
struct With<I, F> {
    input: I,
    job: F,
}

impl<I, F, T, E> Work for With<I, F>
where
    I: Send + 'static,
    F: Fn(&I, &Tx<'_>) -> Result<T, E> + Send,
    T: Send + 'static,
    E: Send + 'static,
{
    fn run(&self, tx: &Tx<'_>) -> Returned {
        boxed((self.job)(&self.input, tx))
    }

    fn answer(self: Box<Self>, value: Box<dyn Any + Send>) -> Box<dyn Any + Send> {
        let Self { input, job } = *self;
        drop(job);
        Box::new((input, unboxed::<T>(value)))
    }
}

fn boxed<T: Send + 'static, E: Send + 'static>(result: Result<T, E>) -> Returned {
    match result {
        Ok(value) => Ok(Box::new(value)),
        Err(error) => Err(Box::new(error)),
    }
}

/// How a job's transaction stands to those of other nodes. One that nobody shares a database with has no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// As if there were one after the other: whatever it read, nobody changed meanwhile.
    Serializable,
    /// What it reads is of one moment, and what it writes nobody else wrote meanwhile.
    Snapshot,
}

/// A job of the writer, with whoever waits for it.
pub(super) struct Job {
    work: Box<dyn Work>,
    owner: Owner,
    pub(super) isolation: Isolation,
}

/// A job of a reader, which runs once: what it sees is a snapshot, with which nobody interferes.
pub(super) struct Query {
    work: Box<dyn FnOnce(&Tx<'_>) -> Returned + Send>,
    owner: Owner,
}

/// Who waits for a job. Each may have gone away; the job counts anyway.
pub(super) enum Owner {
    Future(oneshot::Sender<Outcome>),
    Thread(mpsc::SyncSender<Outcome>),
    Then(Box<dyn FnOnce(Outcome) + Send>),
}

impl Owner {
    pub(super) fn notify(self, outcome: Outcome) {
        match self {
            Self::Future(sender) => drop(sender.send(outcome)),
            Self::Thread(sender) => drop(sender.send(outcome)),
            Self::Then(then) => then(outcome),
        }
    }
}

impl Job {
    pub(super) fn new<T, E>(
        job: impl Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        owner: Owner,
        isolation: Isolation,
    ) -> Self
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        Self { work: Box::new(Plain(job)), owner, isolation }
    }

    /// A job that borrows `input` and gives it back with its answer.
    pub(super) fn with<I, T, E>(
        input: I,
        job: impl Fn(&I, &Tx<'_>) -> Result<T, E> + Send + 'static,
        owner: Owner,
        isolation: Isolation,
    ) -> Self
    where
        I: Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        Self { work: Box::new(With { input, job }), owner, isolation }
    }

    /// Runs the job; a panic in it becomes [`Error::Panicked`].
    pub(super) fn run(&self, tx: &Tx<'_>) -> Outcome {
        catch_unwind(AssertUnwindSafe(|| self.work.run(tx))).map_err(|_| Error::Panicked)
    }

    /// Tells its owner what became of it.
    pub(super) fn end(self, outcome: Outcome) {
        let Self { work, owner, isolation: _ } = self;
        owner.notify(match outcome {
            Ok(Ok(value)) => Ok(Ok(work.answer(value))),
            other => {
                drop(work);
                other
            }
        });
    }
}

impl Query {
    pub(super) fn new<T, E>(job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static, owner: Owner) -> Self
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        Self { work: Box::new(move |tx| boxed(job(tx))), owner }
    }

    /// Runs the job and tells its owner; a panic in it becomes [`Error::Panicked`].
    pub(super) fn run(self, tx: &Tx<'_>) {
        let Self { work, owner } = self;
        owner.notify(catch_unwind(AssertUnwindSafe(|| work(tx))).map_err(|_| Error::Panicked));
    }

    /// Tells its owner that it was not run.
    pub(super) fn refuse(self, error: Error) {
        self.owner.notify(Err(error));
    }
}

/// The outcome, as its caller knows it.
pub(super) fn outcome_of<T, E>(outcome: Outcome) -> Result<T, E>
where
    T: 'static,
    E: From<Error> + 'static,
{
    match outcome {
        Ok(Ok(value)) => Ok(unboxed(value)),
        Ok(Err(error)) => Err(unboxed(error)),
        Err(error) => Err(error.into()),
    }
}

fn unboxed<T: 'static>(boxed: Box<dyn Any + Send>) -> T {
    match boxed.downcast() {
        Ok(value) => *value,
        Err(_) => unreachable!("a job's result is unboxed by whoever made the job"),
    }
}

/// The result of a job, once it is there. Dropping it does not cancel the job.
#[derive(Debug)]
#[must_use = "whether a job succeeded is known once it is awaited"]
pub struct Answer<T, E> {
    receiver: oneshot::Receiver<Outcome>,
    result: PhantomData<fn() -> Result<T, E>>,
}

impl<T, E> Answer<T, E> {
    pub(super) fn of(receiver: oneshot::Receiver<Outcome>) -> Self {
        Self { receiver, result: PhantomData }
    }
}

impl<T, E> Future for Answer<T, E>
where
    T: 'static,
    E: From<Error> + 'static,
{
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, E>> {
        let outcome = ready!(Pin::new(&mut self.receiver).poll(context));
        Poll::Ready(outcome_of(outcome.unwrap_or(Err(Error::Closed))))
    }
}
