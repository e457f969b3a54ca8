//! What the tools that deploy ask for on their way: objects in buckets, parameters, logs, and a registry without
//! repositories.
//!
//! Four services, each a table of operations like those of `wire`: [`s3::SERVICE`], [`ssm::SERVICE`], [`logs::SERVICE`]
//! and [`ecr::SERVICE`].
//!
//! Invariants: an object is seen whole or not at all, since its file is on disk before its row is; a file without a row
//! is removed at the start; everything that is kept has a limit.

// Rooms are called by their names, wherever they stand.
use crate as assets;
use stepgate_clock as clock;
use stepgate_connect as connect;
use stepgate_functions as functions;
#[cfg(test)]
use stepgate_gateway as gateway;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_store as store;
use stepgate_wire as wire;

pub mod ecr;
mod error;
#[cfg(test)]
mod harness;
mod home;
pub mod logs;
pub mod s3;
pub mod ssm;
