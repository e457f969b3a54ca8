//! A connection to the server, used by one thread, which waits for each answer.
//!
//! Statements whose results nobody needs at once are sent and not waited for ([`Session::defer`]): they share a round trip
//! with the next one that is.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_postgres::error::Severity;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, Statement};

use super::dialect;
use super::values::type_of;
use crate::param::Value;
use crate::{Error, Param};

/// How many statements may be under way that nobody has waited for.
const DEFERRED_MAX: usize = 1024;

type Counted = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>>>>;

/// A statement that was sent and not waited for.
struct Deferred {
    counted: Counted,
    /// Somebody goes by it that it has or changes a row.
    is_guess: bool,
}

/// What was taken for granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Guesses {
    /// Whether anything may be.
    are_allowed: bool,
    /// How many answers are still to come.
    n_open: usize,
    /// Whether one of them was wrong.
    are_wrong: bool,
}

/// A statement, with the types that its parameters were declared with.
type Prepared = (Vec<Type>, Statement);

/// A connection.
pub(crate) struct Session {
    /// Drives the connection while something is waited for.
    runtime: Runtime,
    client: Arc<Client>,
    /// Prepared statements by their text, one for each combination of parameters' types.
    prepared: RefCell<HashMap<String, Vec<Prepared>>>,
    deferred: RefCell<Vec<Deferred>>,
    guesses: Cell<Guesses>,
    /// How long to wait for an answer: longer than the server works on one.
    patience: Duration,
    /// Whether answers may still be coming that nobody will read.
    is_broken: Cell<bool>,
}

impl Session {
    pub(crate) fn new(runtime: Runtime, client: Client, patience: Duration) -> Self {
        Self {
            runtime,
            client: Arc::new(client),
            prepared: RefCell::default(),
            deferred: RefCell::default(),
            guesses: Cell::default(),
            patience,
            is_broken: Cell::new(false),
        }
    }

    /// Whether the connection is still there, as far as is known without asking the server.
    pub(crate) fn is_alive(&self) -> bool {
        // Lets it notice that the other side has hung up.
        self.runtime.block_on(tokio::task::yield_now());
        !self.is_broken.get() && !self.client.is_closed()
    }

    /// Runs a statement and returns the number of changed rows.
    pub(crate) fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<usize, Error> {
        let statement = self.prepared(sql, params)?;
        let n = self.wait(self.client.execute_raw(&statement, params))?;
        Ok(usize::try_from(n).unwrap_or(usize::MAX))
    }

    /// Runs a query.
    pub(crate) fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(sql, params)?;
        let params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            params.iter().map(|param| param as _).collect();
        self.wait(self.client.query(&statement, &params))
    }

    /// Runs statements that make tables.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), Error> {
        self.wait(self.client.batch_execute(&dialect::tables(sql)))
    }

    /// Sends a statement without waiting for its end. If it fails, whatever is waited for next does.
    pub(crate) fn defer(&self, sql: &str, params: &[Param<'_>]) -> Result<(), Error> {
        let statement = self.prepared(sql, params)?;
        let params: Vec<Value> = params.iter().map(Value::from).collect();
        let client = self.client.clone();
        self.send(Box::pin(async move { client.execute_raw(&statement, params).await }), false)
    }

    /// Whether a query has a row, or a statement changed one. While guesses are allowed, the answer is yes, and
    /// [`Session::guessed_right`] says whether it was right.
    pub(crate) fn holds(&self, sql: &str, params: &[Param<'_>]) -> Result<bool, Error> {
        if !self.guesses.get().are_allowed {
            return Ok(self.execute(sql, params)? != 0);
        }
        let statement = self.prepared(sql, params)?;
        let params: Vec<Value> = params.iter().map(Value::from).collect();
        let client = self.client.clone();
        self.send(Box::pin(async move { client.execute_raw(&statement, params).await }), true)?;
        Ok(true)
    }

    /// Begins with guesses allowed, or not.
    pub(crate) fn allow_guesses(&self, are_allowed: bool) {
        self.guesses.set(Guesses { are_allowed, ..Guesses::default() });
    }

    /// Waits for what guesses need, if there were any; whether all were right.
    pub(crate) fn guessed_right(&self) -> Result<bool, Error> {
        if 0 < self.guesses.get().n_open {
            self.settle()?;
        }
        Ok(!self.guesses.get().are_wrong)
    }

    /// The same for a statement that is about the transaction.
    pub(crate) fn defer_control(&self, sql: &'static str) -> Result<(), Error> {
        let client = self.client.clone();
        self.send(Box::pin(async move { client.batch_execute(sql).await.map(|()| 0) }), false)
    }

    /// Runs a statement that is about the transaction.
    pub(crate) fn control(&self, sql: &'static str) -> Result<(), Error> {
        self.wait(self.client.batch_execute(sql))
    }

    /// Waits for everything that was sent; the first failure of it, if there is one.
    pub(crate) fn settle(&self) -> Result<(), Error> {
        if self.deferred.borrow().is_empty() {
            return Ok(());
        }
        self.wait(async { Ok(()) })
    }

    fn send(&self, mut counted: Counted, is_guess: bool) -> Result<(), Error> {
        // The first poll queues the message: messages are in the order of the calls. There is no answer yet.
        if let Poll::Ready(Err(error)) = counted.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Err(error.into());
        }
        self.deferred.borrow_mut().push(Deferred { counted, is_guess });
        if is_guess {
            let guesses = self.guesses.get();
            self.guesses.set(Guesses { n_open: guesses.n_open + 1, ..guesses });
        }
        if DEFERRED_MAX <= self.deferred.borrow().len() { self.settle() } else { Ok(()) }
    }

    /// Waits for `future`, and before it for everything that was sent earlier. The first failure is the result: those
    /// after it only say that the transaction has failed.
    fn wait<T>(&self, future: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        let deferred = self.deferred.take();
        let all = async {
            let mut future = pin!(future);
            let sent = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
            let (mut failed, mut are_wrong) = (None, false);
            // Answers come in the order of the requests, and one that isn't read holds up the others.
            for Deferred { counted, is_guess } in deferred {
                match counted.await {
                    Ok(0) if is_guess => are_wrong = true,
                    Ok(_) => {}
                    Err(error) => {
                        failed.get_or_insert(error);
                    }
                }
            }
            let guesses = self.guesses.get();
            self.guesses.set(Guesses { n_open: 0, are_wrong: guesses.are_wrong || are_wrong, ..guesses });
            let result = match sent {
                Poll::Ready(result) => result,
                Poll::Pending => future.await,
            };
            failed.map_or(result, Err)
        };
        let patience = self.patience;
        match self.runtime.block_on(async { tokio::time::timeout(patience, all).await }) {
            Ok(result) => result.map_err(|error| {
                let ends = [Some(Severity::Fatal), Some(Severity::Panic)];
                if error.as_db_error().is_some_and(|said| ends.contains(&said.parsed_severity())) {
                    self.is_broken.set(true);
                }
                error.into()
            }),
            Err(_) => {
                self.is_broken.set(true);
                Err(Error::Server(format!("it has not answered for {} s", patience.as_secs())))
            }
        }
    }

    fn prepared(&self, sql: &str, params: &[Param<'_>]) -> Result<Statement, Error> {
        let fits = |(types, _): &&Prepared| {
            types.len() == params.len() && types.iter().zip(params).all(|(of, param)| *of == type_of(param))
        };
        if let Some((_, statement)) = self.prepared.borrow().get(sql).and_then(|kept| kept.iter().find(fits))
        {
            return Ok(statement.clone());
        }
        let types: Vec<Type> = params.iter().map(type_of).collect();
        let statement = self.wait(self.client.prepare_typed(&dialect::statement(sql), &types))?;
        self.prepared.borrow_mut().entry(sql.to_owned()).or_default().push((types, statement.clone()));
        Ok(statement)
    }
}
