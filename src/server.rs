//! Listeners, the front door, and the one function that wires all rooms together.
//!
//! [`Server::start`] opens the store, the engine and the gateway, applies the configured templates and binds
//! the listeners; [`Server::run`] serves until told to stop and then drains. Only this room spawns top-level
//! tasks.

mod admin;
mod arriving;
mod deploy;
mod dispatch;
mod error;
mod front_door;
mod listen;
mod metrics;
mod options;
mod ports;
mod start;
mod tls;

pub use deploy::{Deployed, stack_name};
pub use error::Error;
pub use options::{
    Account, Credential, Deploy, Limits, Listen, Options, TUTORIAL_STACK, TUTORIAL_TEMPLATE, Tls,
};
pub use start::Server;
