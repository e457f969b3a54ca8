//! The data directory: one server at a time, and files that only their owner can read.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Error;
use super::secrets::random_id;

/// The database's file.
pub(super) const DATABASE: &str = "stepgate.db";
/// SQLite's write-ahead log.
pub(super) const LOG: &str = "stepgate.db-wal";
/// Says which node's directory it is, to others that use the same database server.
const NODE: &str = "stepgate.node";
/// Locked in addition to the directory, for older versions that lock only this file.
const LOCK: &str = "stepgate.lock";
/// The permission bits of users other than the owner.
const OTHERS: u32 = 0o077;
/// Directories with files that contain callers' data, and how deep they go.
const LOGS: &[&str] = &["execution-logs", "access-logs"];
const LOGS_DEPTH_MAX: usize = 5;

/// A data directory that this process holds exclusively until this is dropped, however the process ends.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// The locked files; nothing is read or written through them.
    _locks: [File; 2],
}

impl Directory {
    /// Creates the directory if there is none, locks it, and removes other users' permissions from its files.
    ///
    /// The lock is on the directory itself: a file in it could be deleted, and the next server would lock a different
    /// file.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it.
    pub(super) fn take(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(|error| at(path, &error))?;
        let directory = File::open(path).map_err(|error| at(path, &error))?;
        let file = private_file(&path.join(LOCK))?;
        match (directory.try_lock(), file.try_lock()) {
            (Ok(()), Ok(())) => {}
            (Err(TryLockError::WouldBlock), _) | (_, Err(TryLockError::WouldBlock)) => {
                return Err(Error::Locked(path.display().to_string()));
            }
            (Err(TryLockError::Error(error)), Ok(())) => {
                tracing::warn!(%error, "the data directory can't be locked here: {LOCK} alone keeps other servers out");
            }
            (_, Err(TryLockError::Error(error))) => return Err(at(&path.join(LOCK), &error)),
        }
        close_to_others(path)?;
        Ok(Self { path: path.to_owned(), _locks: [directory, file] })
    }

    /// Makes the embedded database's file. SQLite gives its other files the permissions of this one.
    pub(super) fn prepare_database(&self) -> Result<(), Error> {
        private_file(&self.file(DATABASE)).map(drop)
    }

    /// By what the directory is known to others: a random text in a file.
    pub(super) fn id(&self) -> Result<String, Error> {
        let path = self.file(NODE);
        let said = |error: io::Error| at(&path, &error);
        let mut file = private_file(&path)?;
        let mut id = String::new();
        file.read_to_string(&mut id).map_err(said)?;
        if id.trim().is_empty() {
            id = random_id()?;
            file.write_all(format!("{id}\n").as_bytes()).map_err(said)?;
            file.sync_all().map_err(said)?;
            self.sync()?;
        }
        Ok(id.trim().to_owned())
    }

    /// The path of the directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes new names and renames durable.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let [directory, _] = &self._locks;
        directory.sync_all().map_err(|error| at(&self.path, &error))
    }
}

/// Opens a file for reading and writing; creates it with access for its owner only.
pub(super) fn private_file(path: &Path) -> Result<File, Error> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|error| at(path, &error))
}

/// Restricts the files of the store and its logs to their owner, and logs which were not.
fn close_to_others(path: &Path) -> Result<(), Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| at(path, &error))? {
        let entry = entry.map_err(|error| at(path, &error))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("stepgate.") || name.starts_with("secrets.key") {
            found.push(entry.path());
        }
    }
    found.push(path.join("tls/development.key"));
    for logs in LOGS {
        collect_files(&path.join(logs), LOGS_DEPTH_MAX, &mut found).map_err(|error| at(path, &error))?;
    }
    let mut closed = Vec::new();
    for file in found {
        // A link may point anywhere, to files that belong to somebody else.
        let metadata = match fs::symlink_metadata(&file) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(at(&file, &error)),
        };
        if metadata.permissions().mode() & OTHERS != 0 {
            match fs::set_permissions(&file, Permissions::from_mode(0o600)) {
                Ok(()) => {}
                Err(error) if file.parent() == Some(path) => return Err(at(&file, &error)),
                Err(error) => {
                    tracing::warn!(%error, file = %file.display(), "others can open this file, and that can't be changed");
                    continue;
                }
            }
            closed.push(file.strip_prefix(path).unwrap_or(&file).display().to_string());
        }
    }
    if !closed.is_empty() {
        tracing::warn!(files = closed.join(", "), "others could open these files; now only their owner can");
    }
    let mode = fs::metadata(path).map_err(|error| at(path, &error))?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        let (path, mode) = (path.display(), format!("{mode:o}"));
        tracing::warn!(
            %path, mode,
            "the data directory is open to others; its files are readable by their owner alone"
        );
    }
    Ok(())
}

fn collect_files(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && 0 < depth {
            collect_files(&entry.path(), depth - 1, found)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// An operating system error with the file's path.
pub(super) fn at(path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull {
        return Error::DiskFull;
    }
    Error::Io(format!("{}: {error}", path.display()))
}
