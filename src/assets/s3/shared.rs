//! What all operations work on.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::asked::Asked;
use super::codes;
use super::files::{Files, Written};
use super::tables::{self, Bucket};
use crate::assets::error::Error;
use crate::clock::{Clock, Ids};
use crate::id::AccountRegion;
use crate::store::{Store, Tx};
use crate::wire::{ApiError, Call};

/// The buckets of all accounts. Clones share everything.
#[derive(Clone)]
pub struct Buckets(pub(super) Arc<Shared>);

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Buckets")
    }
}

/// What [`Buckets::open`] needs of other rooms.
pub struct Ports {
    /// Where everything but the objects' content is.
    pub store: Store,
    /// The folder with that.
    pub folder: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// Limits.
    pub bounds: Bounds,
}

/// How much objects may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest object, or part, of one request.
    pub put_bytes_max: u64,
    /// The least that a part may have that is not the last.
    pub part_bytes_min: u64,
    /// The largest object of parts.
    pub object_bytes_max: u64,
}

impl Default for Bounds {
    /// S3's own.
    fn default() -> Self {
        Self { put_bytes_max: 5 << 30, part_bytes_min: 5 << 20, object_bytes_max: 50 << 40 }
    }
}

pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) files: Arc<Files>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) bounds: Bounds,
}

/// Removes those of the files `found` that no row names: of requests that a crash ended.
fn remove_leftovers(tx: &Tx<'_>, files: &Files, found: Vec<String>) -> Result<(), crate::store::Error> {
    let mut left = Vec::new();
    for id in found {
        if !tables::is_file(tx, &id)? {
            left.push(id);
        }
    }
    if !left.is_empty() {
        files.remove(&left);
        tracing::info!(n_removed = left.len(), "removed files of objects that were never finished");
    }
    Ok(())
}

impl Buckets {
    /// Brings the tables in `store` up to date. Blocks.
    ///
    /// # Errors
    /// Any error of the store.
    pub fn migrate(store: &crate::store::Store) -> Result<(), crate::store::Error> {
        store.migrate("s3", tables::STEPS)?;
        store.declare(tables::RECORDS)
    }

    /// Opens the tables and the folder, and begins to remove the files that no object has. Blocks.
    ///
    /// # Errors
    /// Any error of the store, and of the folder.
    pub fn open(ports: Ports) -> Result<Self, crate::store::Error> {
        let Ports { store, folder, clock, ids, bounds } = ports;
        Self::migrate(&store)?;
        let io_error = |error: io::Error| crate::store::Error::Io(error.to_string());
        let files = Arc::new(Files::open(folder).map_err(io_error)?);
        let (found, kept) = (files.names().map_err(io_error)?, files.clone());
        // Other nodes may be writing some in the same folder.
        let found = if store.shards().has_first() { found } else { Vec::new() };
        // Nobody waits for it: what this process begins is not among the files that were found.
        let removed = store.read(move |tx| {
            remove_leftovers(tx, &kept, found)
                .inspect_err(|error| tracing::warn!(%error, "leftovers of objects stay until the next start"))
        });
        drop(removed);
        Ok(Self(Arc::new(Shared { store, files, clock, ids, bounds })))
    }

    /// Begins the file of an object.
    pub(super) async fn file(&self) -> Result<Written, Error> {
        let (files, id) = (self.0.files.clone(), self.0.ids.uuid().simple().to_string());
        Ok(spawn_blocking(move || files.create(id)).await.map_err(io::Error::other)??)
    }

    /// Removes files that no row names any more.
    pub(super) async fn remove(&self, ids: Vec<String>) {
        if !ids.is_empty() {
            let files = self.0.files.clone();
            // What can't be removed now is removed at the next start.
            let _ = spawn_blocking(move || files.remove(&ids)).await;
        }
    }

    /// What `job` makes of a bucket of the caller.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        owner: &Owner,
        job: impl FnOnce(&Tx<'_>, &AccountRegion, Bucket) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let owner = owner.clone();
        let read = self.0.store.read(move |tx| {
            let (home, bucket) = owner.bucket(tx)?;
            job(tx, &home, bucket)
        });
        read.await
    }

    /// The same on the writer.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        owner: &Owner,
        job: impl Fn(&Tx<'_>, &AccountRegion, Bucket) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let owner = owner.clone();
        let written = self.0.store.write(move |tx| {
            let (home, bucket) = owner.bucket(tx)?;
            job(tx, &home, bucket)
        });
        written.await
    }
}

/// A bucket, and whose it has to be.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) name: String,
    home: AccountRegion,
    expected: Option<String>,
}

impl Owner {
    /// The bucket that a call is about.
    pub(super) fn of(call: &Call, asked: &Asked) -> Self {
        Self::named(call, asked.bucket(), asked.text("ExpectedBucketOwner"))
    }

    /// A bucket of the caller, and whose the caller thinks it is.
    pub(super) fn named(call: &Call, name: &str, expected: Option<&str>) -> Self {
        Self { name: name.to_owned(), home: call.home.clone(), expected: expected.map(str::to_owned) }
    }

    /// The bucket, if it is the caller's: what policies of buckets say is not evaluated.
    pub(super) fn bucket(&self, tx: &Tx<'_>) -> Result<(AccountRegion, Bucket), Error> {
        let found = tables::bucket(tx, &self.name)?;
        let (home, bucket) = found.ok_or_else(|| codes::no_such_bucket(&self.name))?;
        let account = home.account.as_str();
        if home.account != self.home.account || self.expected.as_deref().is_some_and(|it| it != account) {
            return Err(codes::access_denied());
        }
        Ok((home, bucket))
    }
}

/// The buckets of a call's service.
pub(super) fn buckets(call: &Call) -> &Buckets {
    call.state::<Buckets>()
}

/// What stands for an account in S3's answers.
pub(super) fn owner_id(home: &AccountRegion) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(home.account.as_str().as_bytes()))
}

/// An error that the caller sees.
pub(super) fn told(error: Error) -> ApiError {
    error.into()
}
