//! AWS Step Functions: the table of its operations.

use super::Operation;

/// Every operation.
pub(crate) static OPERATIONS: &[Operation] = &[];
