//! What a job can do: run statements in its transaction.

use std::cell::RefCell;
use std::ops::ControlFlow;

use super::node::{feed, shards};
use super::secrets::{SealedColumn, Secrets};
use super::statements::{Link, Statements};
use super::{Error, Param, Row};

/// A transaction, or a job's part of one.
pub struct Tx<'a> {
    statements: Statements<'a>,
    secrets: &'a Secrets,
    /// The set of the shards that it writes rows of.
    shards: u64,
    /// The tables that it changed and the names that it announced, if anybody has to know.
    changed: Option<RefCell<Vec<&'static str>>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(link: Link<'a>, secrets: &'a Secrets) -> Self {
        Self { statements: Statements::new(link), secrets, shards: u64::MAX, changed: None }
    }

    /// One of a node that shares the database, and writes rows of these shards.
    pub(super) fn of_node(link: Link<'a>, secrets: &'a Secrets, shards: u64) -> Self {
        Self { shards, changed: Some(RefCell::default()), ..Self::new(link, secrets) }
    }

    /// The shard of a row that means that something is to be done: one of this node, the same for the same `n` as long as it
    /// has the same shards.
    ///
    /// # Errors
    /// [`Error::Server`] if this node has none yet.
    pub fn shard(&self, n: i64) -> Result<i64, Error> {
        shards::pick(self.shards, n)
    }

    /// Whether other nodes may use the same database.
    pub fn is_shared(&self) -> bool {
        self.changed.is_some()
    }

    /// Tells the other nodes, once it is durable, that something of this name is so: as if a table were changed that is
    /// watched ([`Store::watch`](super::Store::watch)).
    pub fn announce(&self, name: &'static str) {
        self.note(Some(name));
    }

    /// What other nodes may have to know of: the tables that were changed and the names that were announced.
    pub(super) fn changed(&self) -> Vec<&'static str> {
        self.changed.as_ref().map(|changed| changed.borrow().clone()).unwrap_or_default()
    }

    fn note(&self, name: Option<&'static str>) {
        if let (Some(changed), Some(name)) = (&self.changed, name) {
            let mut changed = changed.borrow_mut();
            if !changed.contains(&name) {
                changed.push(name);
            }
        }
    }

    fn note_change(&self, sql: &'static str) {
        if self.changed.is_some() {
            self.note(feed::target(sql));
        }
    }

    /// Whether the database is a server's.
    pub(super) fn is_on_server(&self) -> bool {
        self.statements.is_on_server()
    }

    /// Runs a statement and returns the number of changed rows. The statement is prepared once.
    ///
    /// # Errors
    /// Any [`Error`] of the database.
    pub fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<usize, Error> {
        self.note_change(sql);
        self.statements.execute(sql, params)
    }

    /// Runs a statement of which nobody needs to know how many rows it changed. A database server is not waited for: if
    /// the statement fails, a later one says so, or the job fails when it has returned.
    ///
    /// # Errors
    /// Any [`Error`] of the database.
    pub fn put(&self, sql: &'static str, params: &[Param<'_>]) -> Result<(), Error> {
        self.note_change(sql);
        self.statements.put(sql, params)
    }

    /// Whether a query has a row, or a statement changed one: for what mostly is so. A database server is not waited for, and
    /// the answer is yes at first; if it is wrong, nothing of the job is kept, and it is run again, waiting.
    ///
    /// # Errors
    /// Any [`Error`] of the database.
    pub fn holds(&self, sql: &'static str, params: &[Param<'_>]) -> Result<bool, Error> {
        self.note_change(sql);
        self.statements.holds(sql, params)
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
        self.note_change(sql);
        self.statements.query_one(sql, params, read)
    }

    /// Runs a query and returns all its rows. Limit the number in the query itself, with LIMIT.
    ///
    /// # Errors
    /// Any [`Error`] of the database or of `read`.
    pub fn query<T>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.note_change(sql);
        self.statements.query(sql, params, read)
    }

    /// Runs a query and passes row after row to `visit`, until it has enough.
    ///
    /// # Errors
    /// Any [`Error`] of the database, or the error of `visit`.
    pub fn visit<E: From<Error>>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        visit: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        self.statements.visit(sql, params, visit)
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

    /// Its statements, which may also be texts that are made up.
    pub(super) fn statements(&self) -> &Statements<'a> {
        &self.statements
    }

    /// Whether a database server was told to change anything.
    pub(super) fn has_written(&self) -> bool {
        self.statements.has_written()
    }

    /// The bytes of the values written through it.
    pub(super) fn written_bytes(&self) -> usize {
        self.statements.written_bytes()
    }

    /// The error of the last failed statement, if there was one.
    pub(super) fn into_failure(self) -> Option<Error> {
        self.statements.into_failure()
    }
}
