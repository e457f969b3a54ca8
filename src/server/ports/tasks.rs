//! `engine::Tasks`: what Task states may call. Activities are the engine's own; nothing else is run yet.

use crate::asl::Resource;
use crate::engine::event::Failure;
use crate::engine::{BoxFuture, TaskCall, TaskResult, Tasks};

/// Fails every call, clearly. A definition with such a task can still be made, shown and tested around.
pub(super) struct NotRun;

impl Tasks for NotRun {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        let resource = match &call.resource {
            Resource::Activity(arn) => arn.to_string(),
            Resource::Lambda(arn) => arn.to_string(),
            Resource::Integration(integration) => integration.text.clone(),
        };
        let cause =
            format!("This server does not run tasks of the resource {resource} yet; activities it does run.");
        // `States.Runtime` is never retried and caught by nothing but its own name: trying again can't help.
        Box::pin(std::future::ready(TaskResult::Failed(Failure::new("States.Runtime", cause))))
    }
}
