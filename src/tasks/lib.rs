//! What Task states call: `engine::Tasks`. One file an integration; activities and nested executions are the engine's own.

// Rooms are called by their names, wherever they stand.
use crate as tasks;
use stepgate_asl as asl;
use stepgate_clock as clock;
use stepgate_connect as connect;
use stepgate_engine as engine;
use stepgate_gateway as gateway;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_json as json;
use stepgate_wire as wire;

mod api_gateway;
mod aws;
mod connections;
mod http_invoke;
mod lambda;
mod library;
mod objects;
mod role;
mod s3;
mod settings;
mod sfn;
mod trace;

pub use connections::Connections;
pub use library::{Library, Rooms};
pub use objects::ObjectStore;
pub use settings::{Authorization, Connection, SettingError};
