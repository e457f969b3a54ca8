//! What a job can do: run statements in its transaction.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;

use rusqlite::{Connection, params_from_iter};

use super::secrets::{SealedColumn, Secrets};
use super::{Error, Param, Row};

/// A transaction, or a job's part of one.
pub struct Tx<'a> {
    connection: &'a Connection,
    secrets: &'a Secrets,
    /// The bytes of values written so far.
    written: Cell<usize>,
    /// The error of the last failed statement. The whole group gets it if SQLite has rolled its transaction back.
    failed: RefCell<Option<Error>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection, secrets: &'a Secrets) -> Self {
        Self { connection, secrets, written: Cell::new(0), failed: RefCell::new(None) }
    }

    /// Runs a statement and returns the number of changed rows. The statement is prepared once.
    ///
    /// # Errors
    /// Any [`Error`] of the database.
    pub fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<usize, Error> {
        let bytes: usize = params.iter().map(Param::len_bytes).sum();
        self.written.set(self.written.get().saturating_add(bytes));
        let run = || self.connection.prepare_cached(sql)?.execute(params_from_iter(params));
        self.noted(run())
    }

    /// Runs a query and returns its first row, if there is one.
    ///
    /// # Errors
    /// Any [`Error`] of the database or of `read`.
    pub fn query_one<T>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut statement = self.noted(self.connection.prepare_cached(sql))?;
        let mut rows = self.noted(statement.query(params_from_iter(params)))?;
        match self.noted(rows.next())? {
            Some(row) => read(&Row(row)).map(Some),
            None => Ok(None),
        }
    }

    /// Runs a query and returns all its rows. Limit the number in the query itself, with LIMIT.
    ///
    /// # Errors
    /// Any [`Error`] of the database or of `read`.
    pub fn query<T>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.visit(sql, params, |row| {
            found.push(read(row)?);
            Ok::<_, Error>(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Runs a query and passes row after row to `visit`, until it has enough.
    ///
    /// # Errors
    /// Any [`Error`] of the database, or the error of `visit`.
    pub fn visit<E: From<Error>>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let mut statement = self.noted(self.connection.prepare_cached(sql))?;
        let mut rows = self.noted(statement.query(params_from_iter(params)))?;
        while let Some(row) = self.noted(rows.next())? {
            if visit(&Row(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Encrypts a value for the row of `column` with the key `key`.
    ///
    /// # Errors
    /// [`Error::Io`] if the operating system has no randomness.
    pub fn seal(&self, column: &SealedColumn, key: &[&str], value: &[u8]) -> Result<Vec<u8>, Error> {
        self.secrets.seal(column, key, value)
    }

    /// Decrypts a value that [`Tx::seal`] encrypted for the same column and key.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for anything else.
    pub fn unseal(&self, column: &SealedColumn, key: &[&str], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.secrets.unseal(column, key, sealed)
    }

    /// The value in the column of [`SealedColumn::lookup`] for `value`: a keyed hash.
    pub fn lookup(&self, column: &SealedColumn, value: &str) -> Vec<u8> {
        self.secrets.lookup(column, value)
    }

    pub(super) fn secrets(&self) -> &'a Secrets {
        self.secrets
    }

    pub(super) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Runs statements that can't be prepared: those of a schema.
    pub(super) fn execute_batch(&self, sql: &'static str) -> Result<(), Error> {
        self.noted(self.connection.execute_batch(sql))
    }

    /// The bytes of the values written through it.
    pub(super) fn written_bytes(&self) -> usize {
        self.written.get()
    }

    /// The error of the last failed statement, if there was one.
    pub(super) fn into_failure(self) -> Option<Error> {
        self.failed.into_inner()
    }

    fn noted<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|error| {
            let error = Error::from(error);
            *self.failed.borrow_mut() = Some(error.clone());
            error
        })
    }
}
