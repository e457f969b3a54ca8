//! What a job may do: statements, within the transaction it is part of.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;

use rusqlite::{Connection, params_from_iter};

use super::secrets::{SealedColumn, Secrets};
use super::{Error, Param, Row};

/// A transaction, or a job's part of one.
pub struct Tx<'a> {
    connection: &'a Connection,
    secrets: &'a Secrets,
    /// Bytes of the values written so far.
    written: Cell<usize>,
    /// Why a statement failed last: what the whole group is told if SQLite gave its transaction up.
    failed: RefCell<Option<Error>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection, secrets: &'a Secrets) -> Self {
        Self { connection, secrets, written: Cell::new(0), failed: RefCell::new(None) }
    }

    /// Runs a statement; answers how many rows it changed. The statement is prepared once.
    ///
    /// # Errors
    /// Any [`Error`] of the database.
    pub fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<usize, Error> {
        let bytes: usize = params.iter().map(Param::len_bytes).sum();
        self.written.set(self.written.get().saturating_add(bytes));
        let run = || self.connection.prepare_cached(sql)?.execute(params_from_iter(params));
        self.noted(run())
    }

    /// Runs a query; answers its first row, if it has one.
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

    /// Runs a query; answers all its rows. Bound the query itself, with LIMIT.
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

    /// Runs a query and hands over row after row, until `visit` has enough.
    ///
    /// # Errors
    /// Any [`Error`] of the database, or what `visit` answers.
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

    /// Encrypts a value for the row of `column` that `key` names.
    ///
    /// # Errors
    /// [`Error::Io`] if the system has no randomness.
    pub fn seal(&self, column: &SealedColumn, key: &[&str], value: &[u8]) -> Result<Vec<u8>, Error> {
        self.secrets.seal(column, key, value)
    }

    /// Decrypts what [`Tx::seal`] made for the same column and key.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for anything else.
    pub fn unseal(&self, column: &SealedColumn, key: &[&str], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.secrets.unseal(column, key, sealed)
    }

    /// What the column of [`SealedColumn::lookup`] has for `value`: a keyed hash.
    pub fn lookup(&self, column: &SealedColumn, value: &str) -> Vec<u8> {
        self.secrets.lookup(column, value)
    }

    pub(super) fn secrets(&self) -> &'a Secrets {
        self.secrets
    }

    pub(super) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// Runs statements that can't be prepared once: those of a schema.
    pub(super) fn execute_batch(&self, sql: &'static str) -> Result<(), Error> {
        self.noted(self.connection.execute_batch(sql))
    }

    /// Bytes of the values written through it.
    pub(super) fn written_bytes(&self) -> usize {
        self.written.get()
    }

    /// Why a statement failed last, if one did.
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
