//! Errors of durable state: the disk's or the server's fault, never the caller's.

/// Why a job was not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no space left. Service resumes by itself when there is some again.
    #[error("the disk is full")]
    DiskFull,
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Io(String),
    /// The database server can't be reached, or has no means to go on.
    #[error("the database server: {0}")]
    Server(String),
    /// The database is damaged.
    #[error("the database is damaged: {0}; restore the data directory from a backup")]
    Corrupt(String),
    /// Something acknowledged is lost, or may be.
    #[error(
        "{0}; restore the data directory from a backup, or start with --accept-loss to go on with what is left"
    )]
    Lost(String),
    /// The master key can't be used.
    #[error("the master key can't be used: {0}; see [secrets] in the settings")]
    MasterKey(String),
    /// Another process has the data directory open.
    #[error("{0} is in use by another server; stop it or choose another directory with --data-dir")]
    Locked(String),
    /// Another node has the database.
    #[error(
        "the database is in use by node {0:?}: stop it, or let this one wait for it with [store] standby"
    )]
    Taken(String),
    /// Another node shares the database in a way that this one doesn't know, or that doesn't know this one's.
    #[error(
        "node {node:?} shares the database by format {found}, this version of the program by {known}: only neighbouring versions run \
         together, so upgrade all nodes to one between them first"
    )]
    Format {
        /// What the other node is called.
        node: String,
        /// Its format.
        found: i64,
        /// This program's.
        known: i64,
    },
    /// What is stored has to change in a way that nodes of an earlier version don't understand.
    #[error(
        "this version changes {what} so that an earlier one can't use it: stop the nodes that use it first ({})",
        nodes.join(", ")
    )]
    InUse {
        /// What is to be changed.
        what: String,
        /// The nodes that are there.
        nodes: Vec<String>,
    },
    /// Another node has taken the database over from this one.
    #[error("another node has taken the database over")]
    Fenced,
    /// What is said about the database server makes no sense.
    #[error("{0}; see [store] in the settings")]
    Database(String),
    /// A newer version has written the store.
    #[error("tables of {room} have version {found}, this version knows {known}: use the newer version again")]
    Newer {
        /// The room whose tables they are.
        room: &'static str,
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// A newer version has written a record.
    #[error(
        "a record of {name} has version {found}, this version of the program knows {known}: use the newer version again"
    )]
    NewerRecord {
        /// The kind of the record.
        name: &'static str,
        /// The version found.
        found: u64,
        /// The newest version known.
        known: u64,
    },
    /// What is stored is no record of its kind.
    #[error("a record of {name} can't be read: {reason}")]
    Record {
        /// The kind of the record.
        name: &'static str,
        /// Why not.
        reason: String,
    },
    /// A row with the same unique key is there already. A job that looks before it inserts sees that row when it is run
    /// again: somebody else wrote it in between.
    #[error("a row with this key is there already: {0}")]
    Exists(String),
    /// Others wrote at the same time what the job read or wrote, in each of its runs.
    #[error("others were in the way: {0}")]
    Conflict(String),
    /// A statement failed: a violated invariant of the room that wrote it.
    #[error("a statement failed: {0}")]
    Sql(String),
    /// A job panicked and was undone.
    #[error("a job panicked")]
    Panicked,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// Whether the same job may succeed later, without any change except of the disk.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::DiskFull | Self::Io(_) | Self::Server(_) | Self::Conflict(_) => true,
            Self::Corrupt(_)
            | Self::Lost(_)
            | Self::MasterKey(_)
            | Self::Locked(_)
            | Self::Taken(_)
            | Self::Format { .. }
            | Self::InUse { .. }
            | Self::Fenced
            | Self::Database(_)
            | Self::Newer { .. }
            | Self::NewerRecord { .. }
            | Self::Record { .. }
            | Self::Exists(_)
            | Self::Sql(_)
            | Self::Panicked
            | Self::Closed => false,
        }
    }

    /// Whether it comes from what others wrote, so that another run of the same job may do better at once.
    pub(super) fn is_others(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Exists(_))
    }

    /// A stable word for metrics.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::Io(_) => "io",
            Self::Server(_) => "server",
            Self::Corrupt(_) => "corrupt",
            Self::Lost(_) => "lost",
            Self::MasterKey(_) => "master_key",
            Self::Locked(_) | Self::Taken(_) => "locked",
            Self::Fenced => "fenced",
            Self::Database(_) => "setting",
            Self::Newer { .. } | Self::NewerRecord { .. } | Self::Format { .. } | Self::InUse { .. } => {
                "newer"
            }
            Self::Record { .. } => "record",
            Self::Exists(_) => "exists",
            Self::Conflict(_) => "conflict",
            Self::Sql(_) => "sql",
            Self::Panicked => "panicked",
            Self::Closed => "closed",
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{ErrorCode, ffi};
        let extended = error.sqlite_error().map(|error| error.extended_code);
        if let Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) = extended {
            return Self::Exists(error.to_string());
        }
        if extended == Some(ffi::SQLITE_BUSY_SNAPSHOT) {
            return Self::Conflict(error.to_string());
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            // Another program that holds the database, or a lack of memory, is as temporary as a bad disk.
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::DatabaseBusy
                | ErrorCode::OutOfMemory,
            ) => Self::Io(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Sql(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        use std::error::Error as _;
        use tokio_postgres::error::SqlState;
        let Some(said) = error.as_db_error() else {
            // Its own text leaves out the reason.
            let mut text = error.to_string();
            if let Some(cause) = error.source() {
                text = format!("{text}: {cause}");
            }
            // A value that has no place in the column is the statement's fault, everything else the connection's.
            let is_value = ["error serializing", "error deserializing", "invalid"];
            let is_value = is_value.iter().any(|begin| text.starts_with(begin));
            return if is_value { Self::Sql(text) } else { Self::Server(text) };
        };
        let code = said.code();
        let text = match said.detail() {
            Some(detail) => format!("{} ({}; {detail})", said.message(), code.code()),
            None => format!("{} ({})", said.message(), code.code()),
        };
        if *code == SqlState::UNIQUE_VIOLATION {
            return Self::Exists(text);
        }
        if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
            return Self::Conflict(text);
        }
        if *code == SqlState::DISK_FULL {
            return Self::DiskFull;
        }
        match code.code().get(..2) {
            // Connections, resources, operators, the system; a transaction that took too long.
            Some("08" | "53" | "57" | "58") => Self::Server(text),
            _ if code.code() == "25P03" || code.code() == "55P03" => Self::Server(text),
            Some("XX") => Self::Corrupt(text),
            _ => Self::Sql(text),
        }
    }
}
