//! Amazon API Gateway: the table of its operations.

use super::Operation;

/// What the handlers work on; part of [`super::Rooms`].
#[derive(Clone, Debug)]
pub struct Apis;

/// Every operation.
pub(crate) static OPERATIONS: &[Operation] = &[];
