//! The Task state.

use super::super::StateMachineType;
use super::super::data_flow::DataFlow;
use super::super::fields::Fields;
use super::super::number::Seconds;
use super::super::program::Transition;
use super::super::query::Reach;
use super::super::retry::{Catcher, Retrier};
use super::super::siblings::Siblings;
use super::super::template::Template;
use super::arguments;
use super::resource::Resource;

/// A Task state.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
#[derive(Clone, Debug)]
pub struct Task {
    /// Who does the work.
    pub resource: Resource,
    /// The way of data.
    pub flow: DataFlow,
    /// `TimeoutSeconds` or `TimeoutSecondsPath` of one attempt; `None` waits as long as the service lets it.
    pub timeout: Option<Seconds>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat: Option<Seconds>,
    /// `Credentials`: evaluates to `{"RoleArn": …}`.
    pub credentials: Option<Template>,
    /// `Retry`, in order.
    pub retry: Vec<Retrier>,
    /// `Catch`, in order.
    pub catch: Vec<Catcher>,
    /// `Assign`: sees the result as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

impl Task {
    pub(super) fn read(state: &Fields<'_>, siblings: &Siblings, kind: StateMachineType) -> Option<Self> {
        state.require(&["Resource"]);
        let resource = Resource::read(state, kind);
        let flow = DataFlow::read_with_parameters(state);
        let timeout = state.seconds("TimeoutSeconds", "TimeoutSecondsPath");
        let heartbeat = state.seconds("HeartbeatSeconds", "HeartbeatSecondsPath");
        if let (Some(Seconds::Literal(timeout)), Some(Seconds::Literal(heartbeat))) = (&timeout, &heartbeat)
            && timeout <= heartbeat
        {
            // AWS's wording is not recorded.
            state.field_problem("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds");
        }
        let credentials = match resource {
            Some(Resource::Activity(_)) if state.has("Credentials") => {
                state.problem("The field 'Credentials' is not supported for activities");
                None
            }
            _ => read_credentials(state),
        };
        if let Some(Resource::Integration(integration)) = &resource {
            arguments::check(integration, state);
        }
        let retry = Retrier::read_all(state);
        let catch = Catcher::read_all(state, siblings);
        let assign = siblings.assign(&state.reaching(Reach::Result));
        let next = siblings.transition(state);
        Some(Self {
            resource: resource?,
            flow,
            timeout,
            heartbeat,
            credentials,
            retry,
            catch,
            assign,
            next: next?,
        })
    }
}

const NO_ROLE: &str = "The field 'RoleArn' is required but was missing";

fn read_credentials(state: &Fields<'_>) -> Option<Template> {
    let credentials = state.object("Credentials")?;
    if !credentials.has("RoleArn") && (credentials.is_jsonata() || !credentials.has("RoleArn.$")) {
        credentials.problem(NO_ROLE);
        return None;
    }
    credentials.allow_in_language(&["RoleArn"], &["RoleArn.$"], &[]);
    credentials.string("RoleArn");
    Template::compile(credentials)
}
