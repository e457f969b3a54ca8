//! Lambda functions: what they are, and how they run here, as processes without containers.
//!
//! [`Functions`] keeps functions with their versions and aliases, and runs them. Each instance is a process that
//! talks to a Runtime API of its own; a supervisor ends it with all that it started. The room follows
//! <https://docs.aws.amazon.com/lambda/latest/dg/welcome.html>; `wire` has the API.

// Rooms are called by their names, wherever they stand.
use crate as functions;
use stepgate_clock as clock;
use stepgate_connect as connect;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_json as json;
use stepgate_policy as policy;
use stepgate_store as store;

mod cgroups;
mod control;
mod deployed;
mod error;
mod folder;
mod instance;
mod invocation;
mod logs;
mod model;
mod options;
mod package;
mod pattern;
mod record;
mod runner;
mod runtime;
mod supervisor;
mod tables;
#[cfg(test)]
mod tests;
mod url;

pub use control::{
    Called, CodeChange, EventSource, Functions, Limits, NewFunction, NewLayer, Reference, Source,
    SourceChange, StartingPosition, StreamChange, StreamSettings, UrlChange, View, check_filters,
};
pub use deployed::function_arn;
pub use error::{Error, Throttle};
pub use folder::SourceFolder;
pub use instance::{Conversation, converse, converse_on_line};
pub use invocation::{Answer, Invocation, PAYLOAD_BYTES_MAX, Payload, Piece, Stream};
pub use logs::{Log, LogLine};
pub use model::{
    Alias, CodeRef, Cors, EventConfig, Function, LATEST, LayerPermission, LayerPolicy, LayerRef,
    LayerVersion, LoggingConfig, Permission, Policy, RuntimeUpdates, Settings, UrlConfig, Version, layer_arn,
};
pub use options::{BoxFuture, Options, Ports, Sdks, SourceFunction};
pub use package::{PackageError, UNZIPPED_BYTES_MAX, ZIPPED_BYTES_MAX};
pub use runtime::RuntimeError;
pub use supervisor::{ARGUMENT as SUPERVISOR_ARGUMENT, supervise_if_asked};
pub use url::{Admitted, UrlAddress, UrlPeer, Urls};
