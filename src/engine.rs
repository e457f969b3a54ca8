//! Runs executions, durably.

pub mod event;
pub mod execution;
pub mod machine;
