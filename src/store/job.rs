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

/// What to do in the transaction.
type Work = Box<dyn FnOnce(&Tx<'_>) -> Returned + Send>;

/// A job with whoever waits for it.
pub(super) struct Job {
    work: Work,
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
    pub(super) fn new<T, E>(job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static, owner: Owner) -> Self
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let work: Work = Box::new(move |tx| match job(tx) {
            Ok(value) => Ok(Box::new(value)),
            Err(error) => Err(Box::new(error)),
        });
        Self { work, owner }
    }

    /// Runs the job; a panic in it becomes [`Error::Panicked`].
    pub(super) fn run(self, tx: &Tx<'_>) -> (Outcome, Owner) {
        let Self { work, owner } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(tx))).map_err(|_| Error::Panicked);
        (outcome, owner)
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
