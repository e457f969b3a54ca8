//! Amazon Cognito: identity pools, which give tokens of others a role, and user pools, which issue such tokens.
//!
//! Two services, each a table of operations like those of `wire`: [`identity_pools::SERVICE`] and
//! [`user_pools::SERVICE`]. Both work on one [`Cognito`].
//!
//! Pools are known by their ids alone, since most of what clients call is unsigned: an id names its region, and its record
//! the account.
//!
//! Invariants: private keys, passwords and clients' secrets are sealed at rest and printed nowhere; hashing a password and
//! making a key happen on the blocking pool, as many at a time as there are processors.

// Rooms are called by their names, wherever they stand.
use crate as cognito;
use stepgate_clock as clock;
use stepgate_connect as connect;
use stepgate_gateway as gateway;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_store as store;
use stepgate_wire as wire;

mod error;
mod guesses;
#[cfg(test)]
mod harness;
pub mod identity_pools;
mod jwt;
mod keys;
mod patterns;
mod pooled;
mod shared;
mod tables;
pub mod user_pools;
mod web_identity;

pub use shared::{CodesTo, Cognito, Ports};

use crate::store::{SealedColumn, Store};

/// The columns that are encrypted.
pub const SEALED: &[&SealedColumn] = tables::SEALED;

/// Brings the tables in `store` up to date. Blocks.
///
/// # Errors
/// Any [`store::Error`].
pub fn migrate(store: &Store) -> Result<(), store::Error> {
    store.migrate("cognito", tables::STEPS)?;
    store.declare(tables::RECORDS)?;
    store.declare(identity_pools::RECORDS)?;
    store.declare(user_pools::RECORDS)
}

/// Opens the tables in `store`. Blocks.
///
/// # Errors
/// Any [`store::Error`].
pub fn open(store: Store, ports: Ports) -> Result<Cognito, store::Error> {
    migrate(&store)?;
    Ok(Cognito::new(store, ports))
}
