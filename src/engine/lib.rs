//! Runs executions, durably.
//!
//! [`Engine`] and its parts have one method an operation of the Step Functions API, over models of their own; `wire` gives
//! them their shapes. The pure [`machine`] decides what happens; this room writes it down ([`journal`]) and only
//! then performs it: **commit, then act**. Nothing that a client or worker was told is lost, and no recorded
//! transition happens twice, whenever the process dies.
//!
//! An execution that waits costs a row and no memory: timers and tasks are found by their own tables, and the
//! state is folded from the journal when something happens to it.
//!
//! [`journal`]: self

// Rooms are called by their names, wherever they stand.
use crate as engine;
use stepgate_asl as asl;
use stepgate_clock as clock;
use stepgate_id as id;
use stepgate_items as items;
use stepgate_json as json;
use stepgate_meter as meter;
use stepgate_store as store;

mod activities;
mod base;
mod billing;
mod calls;
mod changes;
mod encryption;
mod error;
mod evaluations;
pub mod event;
pub mod execution;
mod executions;
mod express;
mod express_kept;
mod express_over;
mod fleet;
mod fork;
mod in_memory;
mod journal;
mod links;
mod live;
mod logging;
pub mod machine;
mod map_child;
mod map_run_memory;
mod map_run_rows;
mod map_runs;
mod nested;
mod objects;
mod open;
mod options;
mod origin;
mod page;
mod queue;
mod records;
mod redrive;
pub mod rehearsal;
pub mod replay;
mod retention;
mod runner;
mod schema;
mod shown;
mod skip;
mod start;
mod start_arguments;
mod state_machines;
mod stop;
mod tagging;
mod tags;
mod task_rows;
mod task_tokens;
mod tasks;
mod test_state;
#[cfg(test)]
mod tests;
mod timers;
mod waiting;
mod workers;

pub use activities::{Activities, Activity};
pub use billing::Billing;
pub use encryption::Encryption;
pub use error::Error;
pub use executions::{
    ExecutionDescription, ExecutionFilter, ExecutionItem, Executions, HistoryPage, NotRedrivable,
};
pub use express::SyncExecution;
pub use fleet::Backlog;
pub use fork::ForkExecution;
pub use journal::rewritten as rewritten_records;
pub use logging::{LogLevel, LogRecord, Logging, Logs, NoLogs};
pub use map_runs::{MapRunCounts, MapRunDescription, MapRunItem, UpdateMapRun};
pub use objects::{ListedObject, NoObjects, ObjectListing, ObjectName, ObjectPart, Objects};
pub use open::{Engine, Ports};
pub use options::Options;
pub use page::Page;
pub use queue::ActivityTask;
pub use start::{StartExecution, Started};
pub use state_machines::{
    Alias, CreateStateMachine, Publish, Route, StateMachine, StateMachineItem, StateMachineStatus,
    StateMachines, UpdateStateMachine, Updated, Version,
};
pub use tagging::Tags;
pub use tags::Tag;
pub use tasks::{
    Acting, BoxFuture, HttpExchange, HttpRequest, HttpResponse, Need, TaskCall, TaskResult, Tasks, Traced,
    Unpermitted,
};
pub use test_state::{
    ErrorDetails, FieldValidation, Inspection, Mock, MockedError, TestState, TestStatus, TestedState, misfit,
};
pub use waiting::{COUNTED_MAX, Waiting};
