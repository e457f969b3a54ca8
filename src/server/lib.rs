//! Listeners, the front door, and the one function that connects all rooms.
//!
//! [`Server::start`] opens the store, the engine and the gateway, applies the configured templates and binds the
//! listeners. [`Server::run`] serves until told to stop, and then drains. Only this room spawns top-level tasks.

// Rooms are called by their names, wherever they stand.
use crate as server;
use stepgate_apis as apis;
use stepgate_assets as assets;
use stepgate_clock as clock;
use stepgate_cognito as cognito;
use stepgate_connect as connect;
use stepgate_console as console;
use stepgate_engine as engine;
use stepgate_functions as functions;
use stepgate_gateway as gateway;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_meter as meter;
use stepgate_stack as stack;
use stepgate_store as store;
use stepgate_tasks as tasks;
use stepgate_wire as wire;

mod admin;
mod admission;
mod connections;
mod console_options;
mod database;
mod deploy;
mod dispatch;
mod error;
mod front_door;
mod function_urls;
mod http_rules;
mod listen;
mod metrics;
mod migrate;
mod options;
mod origin;
mod ports;
mod secrets;
mod services;
mod settings_keys;
mod start;
mod tls;
mod upgrade;

pub use console_options::{ConsoleOptions, InspectorOptions, Oidc};
pub use database::{Database, DatabaseUrl};
pub use deploy::{Deployed, documents, packages, stack_name};
pub use error::Error;
pub use migrate::{Direction, Progress, migrate};
pub use options::{
    Account, ControlTls, Credential, Deploy, Http2Limits, Limits, Listen, Options, TUTORIAL_STACK,
    TUTORIAL_TEMPLATE, Tls,
};
pub use origin::Origin;
pub use secrets::{Secrets, rotate_store};
pub use services::services;
pub use start::Server;
