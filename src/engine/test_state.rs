//! TestState: one state, run by itself.
//!
//! The state goes through the same machine as in an execution and its task through the same port; nothing is stored.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>,
//! <https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html>

mod context;
mod inspection;
mod mock;
mod place;
mod response_model;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

pub use self::inspection::{ErrorDetails, Inspection};
pub use self::mock::{FieldValidation, Mock, MockedError};
pub use self::response_model::misfit;
use self::run::Run;
use super::event::Failure;
use super::machine::Mocked;
use super::open::Engine;
use super::start::execution_input;
use super::tasks::HttpExchange;
use super::{Error, map_runs};
use crate::asl::{self, Pattern, Program, Resource, StateId, StateKind, StateMachineType};
use crate::id::AccountRegion;
use crate::items;
use crate::json::{self, Payload};

/// A state to be tested.
#[derive(Clone, Debug)]
pub struct TestState {
    /// Whose account and region the state is tested in.
    pub home: AccountRegion,
    /// A state, or a machine that has one called `state_name`.
    pub definition: String,
    /// Which state of the machine.
    pub state_name: Option<String>,
    /// The state's input; `{}` if there is none.
    pub input: Option<String>,
    /// Variables, as an object.
    pub variables: Option<String>,
    /// The role that the state acts under.
    pub role_arn: Option<String>,
    /// What the work of the state comes to.
    pub mock: Option<Mock>,
    /// The context object.
    pub context: Option<String>,
    /// How often the retrier that is for the mocked error has tried again before.
    pub retrier_retry_count: Option<u64>,
    /// The state within a Map or Parallel that the mocked error comes from.
    pub error_caused_by_state: Option<String>,
    /// How many iterations of a Map failed.
    pub map_iteration_failure_count: Option<u64>,
    /// What the ItemReader of a Map reads, as it stands in the bucket.
    pub map_item_reader_data: Option<String>,
    /// Whether an HTTP request is told about.
    pub trace: bool,
    /// Whether it is told with what its connection adds.
    pub reveal_secrets: bool,
}

/// How a test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestStatus {
    /// The state has an output.
    Succeeded,
    /// It failed.
    Failed,
    /// It failed and would try again.
    Retriable,
    /// It failed, and one of its catchers took that.
    CaughtError,
}

impl TestStatus {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Retriable => "RETRIABLE",
            Self::CaughtError => "CAUGHT_ERROR",
        }
    }
}

/// What became of a state.
#[derive(Clone, Debug, PartialEq)]
pub struct TestedState {
    /// How it went.
    pub status: TestStatus,
    /// Its output, also of one whose error was caught.
    pub output: Option<Payload>,
    /// Its error, if it had one.
    pub failure: Failure,
    /// Where it goes.
    pub next_state: Option<Arc<str>>,
    /// What it made of its data.
    pub inspection: Inspection,
    /// What an HTTP task sent and received, if that was asked for.
    pub exchange: Option<HttpExchange>,
}

fn invalid(message: impl Into<String>) -> Error {
    Error::InvalidTest(message.into())
}

impl Engine {
    /// TestState.
    ///
    /// # Errors
    /// `InvalidDefinition`, `InvalidArn`, `InvalidExecutionInput`, and [`Error::InvalidTest`] for whatever else can't be
    /// tested together.
    pub async fn test_state(&self, test: TestState) -> Result<TestedState, Error> {
        check_members(&test)?;
        if let Some(role) = &test.role_arn {
            crate::id::Arn::parse_role(role).map_err(|error| Error::InvalidArn(error.to_string()))?;
        }
        let (program, state) = compile(&test)?;
        check_state(&test, &program[state].kind)?;
        let input = execution_input(test.input.clone())?;
        let variables = variables(test.variables.as_deref())?;
        let mock = match &test.mock {
            None => None,
            Some(mock) => Some(mock.check(&program[state].kind)?),
        };
        let name = &program[state].name;
        let definition = json::parse(&test.definition).unwrap_or_default(); // It was compiled.
        if let Some(source) = &test.error_caused_by_state {
            let tested = place::find(&definition, test.state_name.as_deref()).unwrap_or(&definition);
            if !place::contains(tested, source) {
                // AWS's wording is not recorded.
                return Err(invalid(format!("State '{source}' not found in state '{name}'")));
            }
        }
        let context = match &test.context {
            Some(context) => Some(context::read(context, &program[state].kind)?),
            // As AWS documents of states within a Map: the first iteration, over the input.
            None if test.state_name.as_deref().is_some_and(|name| place::is_in_map(&definition, name)) => {
                Some(json!({"Map": {"Item": {"Index": 0, "Value": input.value()}}}))
            }
            None => None,
        };
        let failed = test.map_iteration_failure_count;
        let run = Run { test, program, state, input, variables, mock, context };
        let (tested, iterations) = self.run_test(run).await;
        if let (Some(failed), Some(iterations)) = (failed, iterations)
            && u64::try_from(iterations).is_ok_and(|iterations| iterations < failed)
        {
            return Err(invalid(
                "Map iteration failure count must be less than or equal to the number of Map iterations",
            ));
        }
        Ok(tested)
    }
}

/// What of the request goes with what, whatever the state is.
fn check_members(test: &TestState) -> Result<(), Error> {
    match &test.mock {
        Some(_) if test.reveal_secrets => {
            return Err(invalid("TestState does not support RevealSecrets when a mock is specified."));
        }
        Some(mock) => mock.check_members()?,
        None => {
            // One of them is recorded; the others are worded like it.
            for (is_given, member) in [
                (test.context.is_some(), "Context"),
                (test.retrier_retry_count.is_some(), "RetrierRetryCount"),
                (test.error_caused_by_state.is_some(), "ErrorCausedByState"),
                (test.map_iteration_failure_count.is_some(), "MapIterationFailureCount"),
                (test.map_item_reader_data.is_some(), "MapItemReaderData"),
            ] {
                if is_given {
                    return Err(invalid(format!(
                        "TestState does not support {member} when a mock is not specified."
                    )));
                }
            }
        }
    }
    Ok(())
}

fn compile(test: &TestState) -> Result<(Program, StateId), Error> {
    let compiled = match &test.state_name {
        None => asl::compile_state(&test.definition, StateMachineType::Standard),
        Some(_) => asl::compile(&test.definition, StateMachineType::Standard),
    };
    let program = compiled.map_err(|diagnostics| Error::InvalidDefinition(diagnostics.to_string()))?;
    let state = match &test.state_name {
        None => program.start_at,
        Some(name) => program.find(name).ok_or_else(|| invalid("State not found in definition"))?,
    };
    Ok((program, state))
}

/// Whether the state can be tested with, or without, a mock.
fn check_state(test: &TestState, state: &StateKind) -> Result<(), Error> {
    match (state, &test.mock) {
        (StateKind::Parallel(_) | StateKind::Map(_), None) => Err(Error::UntestableState),
        (StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_), Some(_)) => Ok(()),
        (StateKind::Task(task), None) => {
            if test.role_arn.is_none() {
                return Err(invalid("RoleArn must be specified when testing a Task state"));
            }
            let waits = match &task.resource {
                Resource::Activity(_) => true,
                Resource::Lambda(_) => false,
                Resource::Integration(integration) => integration.pattern != Pattern::RequestResponse,
            };
            match waits {
                false => Ok(()),
                // AWS's wording is not recorded.
                true => Err(invalid(
                    "TestState does not support activities and the '.sync' and '.waitForTaskToken' service \
                     integration patterns when a mock is not specified.",
                )),
            }
        }
        (state, Some(_)) => {
            let kind = state.type_name();
            Err(invalid(format!("State type '{kind}' is not supported when a mock is specified")))
        }
        (_, None) => Ok(()),
    }
}

/// The variables of a request. AWS's wording of what is wrong with them is not recorded.
fn variables(text: Option<&str>) -> Result<BTreeMap<Arc<str>, Payload>, Error> {
    let Some(text) = text else { return Ok(BTreeMap::new()) };
    match json::parse(text) {
        Ok(Value::Object(variables)) => Ok(variables
            .into_iter()
            .map(|(name, value)| (Arc::from(name), Payload::from_value(value)))
            .collect()),
        Ok(_) | Err(_) => Err(invalid("Variables must be a valid JSON object")),
    }
}

/// Reads `data` as the ItemReader of a Map would.
fn read_items(data: &str, source: &asl::ItemSource, max_items: i64) -> Mocked {
    let max_items = match usize::try_from(max_items) {
        Ok(0) => usize::MAX,
        Ok(max_items) => max_items,
        Err(_) => return Err(map_runs::failed("field MaxItems must be positive")),
    };
    let items = match source {
        asl::ItemSource::Object(input_type)
        | asl::ItemSource::Listed(input_type)
        | asl::ItemSource::Athena(input_type) => {
            let failed = |error: items::Error| map_runs::failed(error.to_string());
            let texts = items::of_text(input_type, data, max_items).map_err(failed)?;
            let parsed: Result<Vec<Value>, _> = texts.iter().map(|text| json::parse(text)).collect();
            parsed.map_err(|error| map_runs::failed(error.to_string()))?
        }
        // A listing, or an inventory, as the items that it makes.
        asl::ItemSource::Listing | asl::ItemSource::Inventory => match json::parse(data) {
            Ok(Value::Array(mut items)) => {
                items.truncate(max_items);
                items
            }
            Ok(_) | Err(_) => return Err(map_runs::failed("Attempting to map over non-iterable node.")),
        },
    };
    Ok(Payload::from_value(Value::Array(items)))
}

#[cfg(test)]
mod tests;
