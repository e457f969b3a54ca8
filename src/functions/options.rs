//! What the room is told by whoever opens it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::id::AccountRegion;

/// A boxed future; ports return it so that they can be held as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where packages are unpacked and instances have their files; what is in it is lost at every start.
    pub folder: PathBuf,
    /// What starts a supervisor: a program and its first arguments.
    pub supervisor: Vec<OsString>,
    /// Whether an interpreter of another version may stand in for the one that a runtime names.
    pub near_versions: bool,
    /// Invocations at one time, of all functions.
    pub concurrency: u32,
    /// How long an instance waits for its next event.
    pub idle: Duration,
    /// How long a failed event waits for its first retry; twice as long for the second.
    pub retry_delay: Duration,
    /// What AWS's runtimes have beside the language.
    pub sdks: Sdks,
}

/// Folders with modules that functions find after their own and their layers': the AWS SDKs, most likely.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sdks {
    /// A `node_modules`.
    pub nodejs: Option<PathBuf>,
    /// A `site-packages`.
    pub python: Option<PathBuf>,
}

/// The function whose event ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFunction {
    /// Whose it is.
    pub home: AccountRegion,
    /// Its name.
    pub function: String,
    /// The ARN of its role, under which it tells; `None` if the function is gone.
    pub role: Option<String>,
}

/// What the room needs of others.
pub trait Ports: Send + Sync + 'static {
    /// Variables that let an instance of a function call this server under its role: keys, and where it is.
    fn variables(
        &self,
        home: AccountRegion,
        name: String,
        role: String,
    ) -> BoxFuture<'static, BTreeMap<String, String>>;

    /// An object of S3 that has a package; why there is none if there is none.
    fn object(
        &self,
        home: AccountRegion,
        bucket: String,
        key: String,
        version: Option<String>,
    ) -> BoxFuture<'static, Result<Vec<u8>, String>>;

    /// Calls an operation of a service, wherever that is, in the name of the function; why there is no good answer if there is
    /// none.
    fn call(
        &self,
        source_function: SourceFunction,
        service: &'static str,
        region: String,
        operation: &'static str,
        input: Value,
    ) -> BoxFuture<'static, Result<Value, String>>;

    /// Tells the destination of this ARN how an event ended; why it could not be told if it couldn't.
    fn tell(
        &self,
        source_function: SourceFunction,
        destination: String,
        record: Bytes,
    ) -> BoxFuture<'static, Result<(), String>>;
}
