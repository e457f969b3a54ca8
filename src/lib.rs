//! Stepgate: an Amazon-API-Gateway-compatible HTTP front door with an embedded, durable,
//! Step-Functions-compatible workflow engine.
//!
//! The rooms of the house, floor by floor. A room uses rooms on lower floors only, never a neighbour
//! (`tests/tidy.rs` keeps it so); `ARCHITECTURE.md` tells the journeys of a request and of an execution.

// Floor 1: plain things.
pub mod clock;
pub mod id;
pub mod json;
pub mod meter;
pub mod policy;
pub mod yaml;
// Floor 2: the languages. Text → AST → value, pure.
pub mod jsonpath;
pub mod vtl;
// Floor 3: definitions and documents, checked. Pure.
pub mod asl;
pub mod schema;
// Floor 4: durable state.
pub mod store;
// Floor 5: who calls, and the only way out.
pub mod connect;
pub mod identity;
// Floor 6: peers that know only their own ports.
pub mod engine;
pub mod gateway;
// Floor 7: the AWS APIs as clients see them.
pub mod wire;
// Floor 8: templates become operations.
pub mod stack;
// Floor 9: listeners and wiring.
pub mod server;
// Floor 10: the command line.
pub mod cli;
