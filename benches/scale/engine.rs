//! The engine with the options that a server sets.

use std::path::Path;
use std::sync::Arc;

use stepgate::clock::{RandomIds, SystemClock};
use stepgate::engine::event::Failure;
use stepgate::engine::{BoxFuture, Engine, NoLogs, NoObjects, Options, Ports, TaskCall, TaskResult, Tasks};
use stepgate::store::{self, Store};

/// The state machine of all executions.
pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:Wait";

struct NoServices;

impl Tasks for NoServices {
    fn run(&self, _: TaskCall) -> BoxFuture<'static, TaskResult> {
        Box::pin(async { TaskResult::Failed(Failure::new("None", "there are no services")) })
    }
}

pub(crate) async fn open(dir: &Path) -> Engine {
    let clock = Arc::new(SystemClock::new());
    let postgres = std::env::var("STEPGATE_STORE_URL").ok().map(store::Postgres::at);
    let options = store::Options { postgres, ..store::Options::default() };
    let store = Store::open(dir, options, clock.clone()).unwrap();
    let ids = Arc::new(RandomIds);
    let (tasks, logs, objects) = (Arc::new(NoServices), Arc::new(NoLogs), Arc::new(NoObjects));
    let ports = Ports { store, clock, ids, tasks, logs, objects };
    Engine::open(ports, Options::default()).await.unwrap()
}
