//! Several nodes on one PostgreSQL server, whose processes, connections, clocks and disks fail while clients use all of them.
//!
//! After each fault all that clients were told must be so (`checker`), everything that was started must end, and nothing may have
//! been written but by who may (`fencing`). `STEPGATE_FLEET_KILLS`, `STEPGATE_FLEET_PAUSES`, `STEPGATE_FLEET_RESTARTS`,
//! `STEPGATE_FLEET_TERMINATIONS`, `STEPGATE_FLEET_CUTS` (each for `STEPGATE_FLEET_CUT_S`) and `STEPGATE_FLEET_ROUNDS` for the
//! others are how often each happens; `STEPGATE_SEED` repeats a run's choices.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // A test prints its figures, and says no by panicking.

mod checker;
#[path = "../support/client.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod client;
mod faults;
mod fencing;
mod history;
mod load;
mod nodes;
mod plan;
mod proxy;
#[path = "../support/server.rs"]
#[allow(dead_code, reason = "each test binary uses its part")]
mod server;
mod sharing;
mod takeover;
mod trial;
