//! Statements in a transaction of whichever database the store is on.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;

use rusqlite::{Connection, params_from_iter};

use super::param::RowOf;
use super::postgres::Session;
use super::{Error, Param, Row};

/// The connection of a transaction.
#[derive(Clone, Copy)]
pub(super) enum Link<'a> {
    /// To the embedded database.
    Sqlite(&'a Connection),
    /// To a database server.
    Postgres(&'a Session),
}

/// What runs statements, and remembers what became of them.
pub(super) struct Statements<'a> {
    link: Link<'a>,
    /// The bytes of values written so far.
    written: Cell<usize>,
    /// Whether a database server was told to change anything.
    has_written: Cell<bool>,
    /// The error of the last failed statement. The whole group gets it if SQLite has rolled its transaction back.
    failed: RefCell<Option<Error>>,
}

impl<'a> Statements<'a> {
    pub(super) fn new(link: Link<'a>) -> Self {
        Self { link, written: Cell::new(0), has_written: Cell::new(false), failed: RefCell::new(None) }
    }

    /// Runs a statement and returns the number of changed rows. The statement is prepared once.
    pub(super) fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<usize, Error> {
        self.count(params);
        match self.link {
            Link::Sqlite(connection) => {
                let run = || connection.prepare_cached(sql)?.execute(params_from_iter(params));
                self.noted(run())
            }
            Link::Postgres(session) => {
                self.has_written.set(true);
                self.noted(session.execute(sql, params))
            }
        }
    }

    /// Runs a statement of which nobody needs to know how many rows it changed. A server is not waited for: if the
    /// statement fails, a later one says so, or the end of the job.
    pub(super) fn put(&self, sql: &str, params: &[Param<'_>]) -> Result<(), Error> {
        match self.link {
            Link::Sqlite(_) => self.execute(sql, params).map(drop),
            Link::Postgres(session) => {
                self.count(params);
                self.has_written.set(true);
                self.noted(session.defer(sql, params))
            }
        }
    }

    /// Whether a query has a row, or a statement changed one. A server may be asked without waiting for it, if the job can be
    /// run again.
    pub(super) fn holds(&self, sql: &str, params: &[Param<'_>]) -> Result<bool, Error> {
        match self.link {
            Link::Sqlite(connection) => {
                self.count(params);
                let ask = || {
                    let mut statement = connection.prepare_cached(sql)?;
                    match statement.column_count() {
                        0 => Ok(0 < statement.execute(params_from_iter(params))?),
                        _ => statement.exists(params_from_iter(params)),
                    }
                };
                self.noted::<bool, rusqlite::Error>(ask())
            }
            Link::Postgres(session) => {
                self.count(params);
                self.has_written.set(true);
                self.noted(session.holds(sql, params))
            }
        }
    }

    /// Runs a query and returns its first row, if there is one.
    pub(super) fn query_one<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self.link {
            Link::Sqlite(connection) => {
                let mut statement = self.noted(connection.prepare_cached(sql))?;
                let mut rows = self.noted(statement.query(params_from_iter(params)))?;
                match self.noted(rows.next())? {
                    Some(row) => read(&Row(RowOf::Sqlite(row))).map(Some),
                    None => Ok(None),
                }
            }
            Link::Postgres(session) => {
                let rows = self.rows(session, sql, params)?;
                rows.first().map(|row| read(&Row(RowOf::Postgres(row)))).transpose()
            }
        }
    }

    /// Runs a query and passes row after row to `visit`, until it has enough.
    pub(super) fn visit<E: From<Error>>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        match self.link {
            Link::Sqlite(connection) => {
                let mut statement = self.noted(connection.prepare_cached(sql))?;
                let mut rows = self.noted(statement.query(params_from_iter(params)))?;
                while let Some(row) = self.noted(rows.next())? {
                    if visit(&Row(RowOf::Sqlite(row)))?.is_break() {
                        break;
                    }
                }
            }
            Link::Postgres(session) => {
                for row in &self.rows(session, sql, params)? {
                    if visit(&Row(RowOf::Postgres(row)))?.is_break() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs a query and returns all its rows.
    pub(super) fn query<T>(
        &self,
        sql: &str,
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

    /// Runs statements that can't be prepared: those of a schema.
    pub(super) fn batch(&self, sql: &str) -> Result<(), Error> {
        match self.link {
            Link::Sqlite(connection) => self.noted(connection.execute_batch(sql)),
            Link::Postgres(session) => {
                self.has_written.set(true);
                self.noted(session.batch(sql))
            }
        }
    }

    fn rows(
        &self,
        session: &Session,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        // Others insert, and return what.
        if !sql.trim_start().get(..6).is_some_and(|verb| verb.eq_ignore_ascii_case("SELECT")) {
            self.has_written.set(true);
        }
        self.noted(session.query(sql, params))
    }

    /// Whether the database is the embedded one.
    pub(super) fn is_embedded(&self) -> bool {
        matches!(self.link, Link::Sqlite(_))
    }

    /// Whether a database server was told to change anything, for which the embedded one has better signs.
    pub(super) fn has_written(&self) -> bool {
        self.has_written.get()
    }

    /// The bytes of the values written through it.
    pub(super) fn written_bytes(&self) -> usize {
        self.written.get()
    }

    /// The error of the last failed statement, if there was one.
    /// Whether the database is a server's.
    pub(super) fn is_on_server(&self) -> bool {
        matches!(self.link, Link::Postgres(_))
    }

    pub(super) fn into_failure(self) -> Option<Error> {
        self.failed.into_inner()
    }

    fn count(&self, params: &[Param<'_>]) {
        let bytes: usize = params.iter().map(Param::len_bytes).sum();
        self.written.set(self.written.get().saturating_add(bytes));
    }

    fn noted<T, E: Into<Error>>(&self, result: Result<T, E>) -> Result<T, Error> {
        result.map_err(|error| {
            let error = error.into();
            *self.failed.borrow_mut() = Some(error.clone());
            error
        })
    }
}
