//! What a job may do: statements, within the transaction it is part of.

use rusqlite::{Connection, params_from_iter};

use super::{Error, Param, Row};

/// A transaction, or a job's part of one.
pub struct Tx<'a> {
    connection: &'a Connection,
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// Runs a statement; answers how many rows it changed. The statement is prepared once.
    ///
    /// # Errors
    /// Any [`Error`] of the database.
    pub fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<usize, Error> {
        Ok(self.connection.prepare_cached(sql)?.execute(params_from_iter(params))?)
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
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(params))?;
        match rows.next()? {
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
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(params))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&Row(row))?);
        }
        Ok(found)
    }

    /// Runs statements that can't be prepared once: those of a schema.
    pub(super) fn execute_batch(&self, sql: &'static str) -> Result<(), Error> {
        Ok(self.connection.execute_batch(sql)?)
    }
}
