//! Stepgate: an Amazon-API-Gateway-compatible HTTP front door with an embedded, durable,
//! Step-Functions-compatible workflow engine.
//!
//! The rooms of the house, floor by floor. Each is a crate of its own and uses rooms on lower
//! floors only (`tests/tidy.rs` keeps it so); `ARCHITECTURE.md` tells the journeys of a request and of an execution.

// Floor 1: plain things.
pub use stepgate_clock as clock;
pub use stepgate_id as id;
pub use stepgate_json as json;
pub use stepgate_meter as meter;
pub use stepgate_policy as policy;
pub use stepgate_yaml as yaml;
// Floor 2: the languages. Text → AST → value, pure.
pub use stepgate_jsonata as jsonata;
pub use stepgate_jsonpath as jsonpath;
pub use stepgate_vtl as vtl;
// Floor 3: definitions and documents, checked. Pure.
pub use stepgate_asl as asl;
pub use stepgate_schema as schema;
// Floor 4: durable state.
pub use stepgate_store as store;
// Floor 5: who calls, and the only way out.
pub use stepgate_connect as connect;
pub use stepgate_identity as identity;
// Floor 6: peers that know only their own ports.
pub use stepgate_engine as engine;
pub use stepgate_gateway as gateway;
// Floor 7: the AWS APIs as clients see them.
pub use stepgate_wire as wire;
// Floor 8: templates become operations; what tasks call.
pub use stepgate_stack as stack;
pub use stepgate_tasks as tasks;
// Floor 9: listeners and wiring.
pub use stepgate_server as server;
// Floor 10: the command line.
pub use stepgate_cli as cli;
