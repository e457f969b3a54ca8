//! How long a Wait state waits.

use super::data_error::DataError;
use super::intrinsic::Scope;
use super::path_expr::PathExpr;
use crate::clock::Timestamp;

/// The one field of a Wait state that says how long.
#[derive(Clone, Debug)]
pub enum WaitUntil {
    /// `Seconds`.
    Seconds(u64),
    /// `SecondsPath`.
    SecondsPath(PathExpr),
    /// `Timestamp`.
    Timestamp(Timestamp),
    /// `TimestampPath`.
    TimestampPath(PathExpr),
}

impl WaitUntil {
    /// When the wait is over; not later than `now` if it is over already. `scope`'s input is the effective one.
    pub fn until(&self, scope: &dyn Scope, now: Timestamp) -> Result<Timestamp, DataError>;
}
