//! The port through which Task states reach services: what is not an activity is called here.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::event::Failure;
use crate::asl::Integration;
use crate::asl::Resource;
use crate::id::AccountRegion;
use crate::json::Payload;

/// A boxed future; ports return it so that they can be held as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One call. It is made at least once: after a crash it may be made again, with the same idempotency token.
#[derive(Clone, Debug)]
pub struct TaskCall {
    /// Account and region of the execution.
    pub home: AccountRegion,
    /// The execution's ARN.
    pub execution_arn: Arc<str>,
    /// Its machine's ARN.
    pub state_machine_arn: Arc<str>,
    /// What is called.
    pub resource: Resource,
    /// What it is called with.
    pub input: Payload,
    /// The role of the machine, under which the call is made.
    pub role_arn: Arc<str>,
    /// The role of the task's `Credentials`, which the machine's role assumes for the call.
    pub task_role: Option<Arc<str>>,
    /// Names the attempt; the same when it is made again, and what `$$.Task.Token` shows.
    pub idempotency_token: Arc<str>,
    /// The trace header that the execution was started with: what is called belongs to that trace.
    pub trace_header: Option<Arc<str>>,
}

/// The execution for which something is done, and the role under which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// The execution's ARN.
    pub execution_arn: Arc<str>,
    /// Its machine's ARN.
    pub state_machine_arn: Arc<str>,
    /// The role of the machine.
    pub role_arn: Arc<str>,
    /// The role of a task's `Credentials`, which the machine's role assumes.
    pub task_role: Option<Arc<str>>,
}

impl TaskCall {
    /// For which execution the call is made, and under which role.
    pub fn acting(&self) -> Acting {
        Acting {
            execution_arn: self.execution_arn.clone(),
            state_machine_arn: self.state_machine_arn.clone(),
            role_arn: self.role_arn.clone(),
            task_role: self.task_role.clone(),
        }
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskResult {
    /// The task is done.
    Succeeded(Payload),
    /// The service took the job; SendTaskSuccess or SendTaskFailure ends the task.
    Submitted(Payload),
    /// The task failed.
    Failed(Failure),
}

/// The request that an HTTP task sent, and the answer to it.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpExchange {
    /// What was sent.
    pub request: HttpRequest,
    /// What came back; `None` if nothing did.
    pub response: Option<HttpResponse>,
}

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// `http` or `https`.
    pub protocol: String,
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Its headers.
    pub headers: String,
    /// Its body.
    pub body: Option<String>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// `http` or `https`.
    pub protocol: String,
    /// The status.
    pub status_code: String,
    /// Its words.
    pub status_message: String,
    /// Its headers.
    pub headers: String,
    /// Its body.
    pub body: String,
}

/// How a call ended, and the HTTP request that it was, if it was one.
pub type Traced = (TaskResult, Option<HttpExchange>);

/// Why the role of a task may not do what the engine does for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpermitted {
    /// The role can't be used.
    Role(String),
    /// Its policies don't allow it. AWS's words.
    Denied(String),
}

/// Something that the engine itself does under a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The action: `states:StartExecution`.
    pub action: &'static str,
    /// The ARN of the resource.
    pub resource: String,
}

/// Calls services for Task states.
pub trait Tasks: Send + Sync + 'static {
    /// Makes `call`. The future is not dropped before it ends, whatever becomes of the execution.
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult>;

    /// Makes `call` as [`run`](Self::run) does and tells of the HTTP request that it is; what its connection adds is told
    /// only with `reveal_secrets`.
    fn trace(&self, call: TaskCall, _reveal_secrets: bool) -> BoxFuture<'static, Traced> {
        let run = self.run(call);
        Box::pin(async move { (run.await, None) })
    }

    /// Whether a role may do everything that is needed, which the engine does itself for an execution of `home`.
    fn permit(
        &self,
        _home: AccountRegion,
        _acting: Acting,
        _needed: Vec<Need>,
    ) -> BoxFuture<'static, Result<(), Unpermitted>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// What is wrong with the arguments of a service integration before it is called, in AWS's words: `The value
    /// of the field 'Headers' has an invalid format`. The execution then fails with `States.Runtime`.
    fn refuse(&self, _integration: &Integration, _arguments: &Payload) -> Option<String> {
        None
    }
}
