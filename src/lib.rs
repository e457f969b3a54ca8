//! Stepgate: an Amazon-API-Gateway-compatible HTTP front door with an embedded, durable, Step-Functions-compatible
//! workflow engine.
//!
//! This crate re-exports the rooms, floor by floor. Each room is a crate that uses only rooms on lower floors
//! (`tests/tidy.rs` checks that). `ARCHITECTURE.md` follows a request and an execution through them.

// Floor 1: values, ids, time and other basics.
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
// Floor 3: checked definitions and documents. Pure.
pub use stepgate_asl as asl;
pub use stepgate_schema as schema;
// Floor 4: durable state, and items out of objects.
pub use stepgate_items as items;
pub use stepgate_store as store;
// Floor 5: identifying callers, and outbound calls.
pub use stepgate_connect as connect;
pub use stepgate_identity as identity;
// Floor 6: defining APIs, running executions and functions. They know only their own ports, not each other.
pub use stepgate_apis as apis;
pub use stepgate_engine as engine;
pub use stepgate_functions as functions;
// Floor 7: serving APIs.
pub use stepgate_gateway as gateway;
// Floor 8: the AWS APIs as clients see them.
pub use stepgate_wire as wire;
// Floor 9: CloudFormation templates, the calls that Task states make, and the console.
pub use stepgate_assets as assets;
pub use stepgate_cognito as cognito;
pub use stepgate_console as console;
pub use stepgate_stack as stack;
pub use stepgate_tasks as tasks;
// Floor 10: listeners and wiring.
pub use stepgate_server as server;
// Floor 11: the command line.
pub use stepgate_cli as cli;
