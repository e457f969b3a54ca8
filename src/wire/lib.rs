//! The AWS APIs as clients see them.
//!
//! One table of [`Operation`]s for each service contains everything about its operations: route, input shape with
//! constraints, success status, handler. Routing, decoding, constraint checks, metrics, the lists in the documents and
//! the coverage tests read these tables and nothing else. The room converts and decides nothing: handlers call
//! `engine`, `gateway` and `identity`.

// Rooms are called by their names, wherever they stand.
use crate as wire;
use stepgate_apis as apis;
use stepgate_asl as asl;
use stepgate_clock as clock;
use stepgate_connect as connect;
use stepgate_engine as engine;
use stepgate_functions as functions;
use stepgate_gateway as gateway;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_json as json;
use stepgate_meter as meter;
use stepgate_policy as policy;
#[cfg(test)]
use stepgate_store as store;

mod api;
pub mod apigateway;
mod assigned;
mod audit;
mod call;
mod check;
pub mod client;
mod cors;
#[cfg(test)]
mod coverage;
mod error;
mod event_stream;
#[cfg(test)]
mod harness;
pub mod iam;
mod in_process;
mod incoming;
pub mod lambda;
mod operation;
mod permission;
mod permits;
mod protocol;
pub mod replayed;
mod reply;
mod service;
mod shape;
pub mod states;
mod streamed;
pub mod sts;
#[cfg(test)]
mod tests;
mod xml;

pub use api::Api;
pub use audit::{Audit, CalledFrom, PageCall};
pub use call::{Behalf, Call};
pub use error::{ApiError, Code};
pub use incoming::{Incoming, Said};
pub use operation::{Handler, HandlerFuture, Operation, Route};
pub use permission::{Assigned, Permission, Required};
pub use protocol::Routes;
pub use reply::{Output, Reply, ReplyBody};
pub use service::{Holds, JsonNames, Protocol, Registration, Service, Services, Special, Split, StoredRole};
pub use shape::{Limits, Location, Member, Nulls, Pattern, Shape, Structure, optional, required};
pub use states::{event_json, log_line};
