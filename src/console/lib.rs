//! The console: pages for people, below `/_stepgate/console`.
//!
//! [`Console::handle`] answers a request. Pages are rendered on the server (`templates/console/`), and work without
//! scripts; small modules make them pleasant.
//!
//! Invariants: The console reads and changes things only by calling AWS operations, in the name of whoever has signed in, so
//! that the same policies decide; besides, it shows the account the server's own [`Facts`], and asks `apis` what an import would
//! change, for who may see the API. A page is never wider than an
//! API: whatever it does, a client can do. What users have written reaches a page only through templates, which escape it.
//! Nothing runs or is styled that isn't one of the console's own files.

// Rooms are called by their names, wherever they stand.
use crate as console;
use stepgate_apis as apis;
use stepgate_asl as asl;
use stepgate_clock as clock;
use stepgate_connect as connect;
use stepgate_gateway as gateway;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_json as json;
use stepgate_policy as policy;
use stepgate_store as store;
use stepgate_vtl as vtl;
use stepgate_wire as wire;
use stepgate_yaml as yaml;

mod asked;
mod assets;
mod aws;
mod doors;
mod facts;
mod failure;
mod form;
mod graph;
mod history;
mod live;
mod oidc;
mod pages;
pub mod permission;
mod render;
mod room;
mod session;
mod shown;
mod sso;
mod visit;

pub use facts::{Facts, FactsFuture};
pub use oidc::{Granted, Provider};
pub use room::{Console, LocalKey, Ports};

/// The prefix of all addresses of the console.
pub const PREFIX: &str = "/_stepgate/console";
