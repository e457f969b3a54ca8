//! The port through which objects of buckets are read and written: items and results of Map Runs.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::event::Failure;
use super::{Acting, BoxFuture};
use crate::clock::Timestamp;
use crate::id::AccountRegion;

/// An object, and on whose behalf it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// Account and region of who asks.
    pub home: AccountRegion,
    /// The execution that asks, under its role; `None` for the server itself.
    pub acting: Option<Arc<Acting>>,
    /// Its bucket.
    pub bucket: String,
    /// Its key; of a listing, what keys begin with.
    pub key: String,
    /// Its version; the newest if none is given.
    pub version: Option<String>,
    /// Whose the bucket must be, if that matters.
    pub owner: Option<String>,
}

/// A part of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPart {
    /// The bytes asked for, as far as there are any.
    pub bytes: Bytes,
    /// How many the whole object has.
    pub total: u64,
}

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// Its tag, with quotes.
    pub etag: Option<String>,
    /// Its bytes.
    pub size: Option<u64>,
    /// When it was written.
    pub modified: Option<Timestamp>,
    /// How it is kept.
    pub storage_class: Option<String>,
}

/// Some of the objects whose keys begin alike, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectListing {
    /// They.
    pub objects: Vec<ListedObject>,
    /// What the next ones are asked for with, if there are more.
    pub next: Option<String>,
}

/// Reads and writes objects. Failures are as a task that called S3 would have them; the cause of an item reader's or a
/// result writer's own error is theirs.
pub trait Objects: Send + Sync + 'static {
    /// The bytes of `range`, as far as there are any.
    fn read(&self, object: ObjectName, range: Range<u64>) -> BoxFuture<'static, Result<ObjectPart, Failure>>;

    /// The objects whose keys begin with that of `prefix`, from what `next` says on.
    fn list(
        &self,
        prefix: ObjectName,
        next: Option<String>,
    ) -> BoxFuture<'static, Result<ObjectListing, Failure>>;

    /// Writes an object, instead of one of its name.
    fn write(&self, object: ObjectName, body: Bytes) -> BoxFuture<'static, Result<(), Failure>>;
}

/// No object, of any name.
pub struct NoObjects;

fn none<T: Send + 'static>() -> BoxFuture<'static, Result<T, Failure>> {
    Box::pin(std::future::ready(Err(Failure::new("S3.NoSuchBucketException", "There are no buckets."))))
}

impl Objects for NoObjects {
    fn read(&self, _: ObjectName, _: Range<u64>) -> BoxFuture<'static, Result<ObjectPart, Failure>> {
        none()
    }

    fn list(&self, _: ObjectName, _: Option<String>) -> BoxFuture<'static, Result<ObjectListing, Failure>> {
        none()
    }

    fn write(&self, _: ObjectName, _: Bytes) -> BoxFuture<'static, Result<(), Failure>> {
        none()
    }
}

impl ListedObject {
    /// As an item of a Map, as recorded.
    pub fn as_item(&self) -> Value {
        json!({
            "Etag": self.etag,
            "Key": self.key,
            "LastModified": self.modified.map(|modified| modified.as_millis().div_euclid(1000)),
            "Size": self.size,
            "StorageClass": self.storage_class,
        })
    }
}
