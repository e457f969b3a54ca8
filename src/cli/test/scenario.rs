//! Scenario files, and running a scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::expect::{Expect, no_task, present};
use super::outcome::Outcome;
use crate::asl::{Program, Resource, StateKind};
use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::execution::ExecutionStart;
use crate::engine::misfit;
use crate::engine::rehearsal::{Mock, MockAnswer, Mocks, Rehearsal};
use crate::json::Payload;

/// The default start of a scenario: its result must not depend on the current date.
const BEGIN: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A file with scenarios.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ScenarioFile {
    pub(super) definition: Source,
    /// Mocks for all scenarios. For each state, a scenario's own mocks replace them.
    #[serde(default)]
    pub(super) mocks: MockEntries,
    /// The name of a MockConfigFile.json, which has the test cases of scenarios.
    pub(super) mock_config: Option<String>,
    /// Which of its state machines this is, if it has several.
    pub(super) state_machine: Option<String>,
    /// Each is read by itself, so that a broken one doesn't take the others with it.
    pub(super) scenarios: Vec<Value>,
}

/// The answers of Task states, by their names.
pub(super) type MockEntries = BTreeMap<String, Vec<MockEntry>>;

/// The definition itself, or the name of its file.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Source {
    File(String),
    Inline(Map<String, Value>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Scenario {
    pub(super) name: String,
    #[serde(default = "empty")]
    pub(super) input: Value,
    /// The start time, as RFC 3339.
    start_time: Option<String>,
    /// Members of the context object in place of the execution's own.
    #[serde(default)]
    context: ContextGiven,
    #[serde(default)]
    mocks: MockEntries,
    /// A test case of the MockConfigFile.json, which has the answers of its states.
    test_case: Option<String>,
    /// `None` if nothing but an end is expected.
    expect: Option<Expect>,
}

/// The members of the context object that can be given: what an execution is started with.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ContextGiven {
    #[serde(default)]
    execution: ExecutionGiven,
    #[serde(default)]
    state_machine: MachineGiven,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ExecutionGiven {
    id: Option<String>,
    name: Option<String>,
    role_arn: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct MachineGiven {
    id: Option<String>,
    name: Option<String>,
}

pub(super) fn empty() -> Value {
    json!({})
}

/// One result of a task: `result`, `error` (with `cause`) or `never`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MockEntry {
    #[serde(default, deserialize_with = "present")]
    pub(super) result: Option<Value>,
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
    #[serde(default)]
    pub(super) never: bool,
    #[serde(default)]
    pub(super) after_seconds: f64,
}

impl MockEntry {
    fn is_sound(&self) -> bool {
        let n =
            usize::from(self.result.is_some()) + usize::from(self.error.is_some()) + usize::from(self.never);
        n == 1 && Duration::try_from_secs_f64(self.after_seconds).is_ok()
    }

    fn mock(&self) -> Mock {
        let answer = match (&self.result, &self.error) {
            (Some(result), _) => MockAnswer::Result(Payload::from_value(result.clone())),
            (None, Some(error)) => MockAnswer::Error(Failure {
                error: Some(error.as_str().into()),
                cause: self.cause.as_deref().map(Into::into),
            }),
            (None, None) => MockAnswer::Never,
        };
        Mock { after: Duration::try_from_secs_f64(self.after_seconds).unwrap_or_default(), answer }
    }
}

/// What makes no sense about mocks.
pub(super) fn problems_of<'a>(
    mocks: &'a MockEntries,
    program: &'a Program,
) -> impl Iterator<Item = String> + 'a {
    mocks.iter().filter_map(|(state, entries)| {
        if let Some(problem) = no_task(program, state) {
            return Some(format!("mocks: {problem}"));
        }
        let says = "each answer has one of `result`, `error` and `never`, and `afterSeconds` is not negative";
        (!entries.iter().all(MockEntry::is_sound)).then(|| format!("mocks: {state:?}: {says}"))
    })
}

/// What all scenarios of a file share.
pub(super) struct Shared<'a> {
    pub(super) program: &'a Program,
    pub(super) mocks: &'a MockEntries,
    /// The test cases of the MockConfigFile.json for this machine.
    pub(super) test_cases: Option<&'a BTreeMap<String, MockEntries>>,
}

impl Scenario {
    /// A test case of a MockConfigFile.json by itself.
    pub(super) fn of_test_case(name: String, test_case: String, input: Value) -> Self {
        let test_case = Some(test_case);
        let (context, mocks) = (ContextGiven::default(), MockEntries::new());
        Self { name, input, start_time: None, context, mocks, test_case, expect: None }
    }

    /// Reads a scenario and runs it.
    pub(super) fn run_value(value: &Value, shared: &Shared<'_>) -> Outcome {
        match Self::deserialize(value) {
            Ok(scenario) => scenario.run(shared),
            Err(error) => {
                let name = value.get("name").and_then(Value::as_str).unwrap_or("without a name");
                Outcome::unrun(name.to_owned(), vec![error.to_string()])
            }
        }
    }

    pub(super) fn run(&self, shared: &Shared<'_>) -> Outcome {
        let program = shared.program;
        let (case, mut problems) = match self.test_case(shared) {
            Ok(case) => (case, Vec::new()),
            Err(problem) => (None, vec![problem]),
        };
        problems.extend(case.into_iter().flat_map(|case| problems_of(case, program)));
        problems.extend(problems_of(&self.mocks, program));
        problems.extend(self.expect.iter().flat_map(|expect| expect.problems(program)));
        let started = match self.start_time.as_deref().map(|time| (time, Timestamp::parse_rfc3339(time))) {
            None => BEGIN,
            Some((_, Some(started))) => started,
            Some((time, None)) => {
                problems.push(format!("startTime {time:?} is no RFC 3339 time"));
                BEGIN
            }
        };
        if !problems.is_empty() {
            return Outcome::unrun(self.name.clone(), problems);
        }
        let ContextGiven { execution, state_machine: machine } = &self.context;
        let or = |given: &Option<String>, own: &'static str| given.as_deref().unwrap_or(own).into();
        let start = ExecutionStart {
            arn: or(&execution.id, "arn:aws:states:us-east-1:123456789012:execution:Test:test"),
            name: or(&execution.name, "test"),
            input: Payload::from_value(self.input.clone()),
            role_arn: or(&execution.role_arn, "arn:aws:iam::123456789012:role/test"),
            state_machine_arn: or(&machine.id, "arn:aws:states:us-east-1:123456789012:stateMachine:Test"),
            state_machine_name: or(&machine.name, "Test"),
            version_arn: None,
            alias_arn: None,
            region: "us-east-1".into(),
            started,
            is_synchronous: false,
        };
        let mut answers = Answers::new(program);
        answers.add(shared.mocks, true);
        if let Some(case) = case {
            answers.add(case, false);
        }
        answers.add(&self.mocks, true);
        let rehearsed = Rehearsal { program, start, mocks: &mut answers, token_prefix: "" }.run();
        let Answers { calls, notes, exhausted, .. } = answers;
        let (failures, seconds) = match &rehearsed.ending {
            Ok(ending) => {
                let seconds = ending.stopped.since(started).as_secs_f64();
                let failures =
                    self.expect.as_ref().map(|it| it.failures(&rehearsed, ending, seconds, &calls));
                (failures.unwrap_or_default(), seconds)
            }
            Err(error) => (vec![exhausted.unwrap_or_else(|| error.to_string())], 0.0),
        };
        Outcome {
            name: self.name.clone(),
            is_free: self.expect.is_none(),
            rehearsed: Some(rehearsed),
            failures,
            notes: notes.into_iter().collect(),
            seconds,
        }
    }

    fn test_case<'a>(&self, shared: &Shared<'a>) -> Result<Option<&'a MockEntries>, String> {
        let Some(name) = &self.test_case else { return Ok(None) };
        let cases = shared.test_cases.ok_or("testCase: the file names no mockConfig")?;
        let all = || cases.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        cases
            .get(name)
            .map(Some)
            .ok_or_else(|| format!("testCase: there is no {name:?}; there are {}", all()))
    }
}

/// Answers for the Tasks of one execution, and what they were asked.
struct Answers<'a> {
    program: &'a Program,
    queues: BTreeMap<&'a str, Queue<'a>>,
    /// What each Task was given, in the order of their calls.
    calls: Vec<(String, Value)>,
    /// Results that are not what the Task's resource comes to.
    notes: BTreeSet<String>,
    /// The Task whose answers are used up.
    exhausted: Option<String>,
}

struct Queue<'a> {
    entries: &'a [MockEntry],
    n_used: usize,
    /// Whether the last answer holds for all further calls, too.
    is_last_kept: bool,
}

impl<'a> Answers<'a> {
    fn new(program: &'a Program) -> Self {
        let (queues, calls) = (BTreeMap::new(), Vec::new());
        Self { program, queues, calls, notes: BTreeSet::new(), exhausted: None }
    }

    /// These replace others of the same state.
    fn add(&mut self, mocks: &'a MockEntries, is_last_kept: bool) {
        let queues = mocks.iter().map(|(state, entries)| {
            (state.as_str(), Queue { entries: entries.as_slice(), n_used: 0, is_last_kept })
        });
        self.queues.extend(queues);
    }
}

impl Mocks for Answers<'_> {
    fn next(&mut self, state: &str, input: &Payload) -> Option<Mock> {
        self.calls.push((state.to_owned(), input.value().clone()));
        let queue = self.queues.get_mut(state)?;
        let n = match queue.is_last_kept {
            true => queue.n_used.min(queue.entries.len().saturating_sub(1)),
            false => queue.n_used,
        };
        let Some(entry) = queue.entries.get(n) else {
            let (times, answers) = (queue.n_used + 1, queue.entries.len());
            let said = format!(
                "the Task state {state:?} was called {times} times and has {answers} mocked responses"
            );
            self.exhausted = Some(said);
            return None;
        };
        queue.n_used += 1;
        if let (Some(result), Some(resource)) = (&entry.result, resource(self.program, state))
            && let Some(problem) = misfit(resource, result)
        {
            self.notes.insert(format!("mock {} of {state:?}: {problem}", n + 1));
        }
        Some(entry.mock())
    }
}

fn resource<'a>(program: &'a Program, state: &str) -> Option<&'a Resource> {
    match &program[program.find(state)?].kind {
        StateKind::Task(task) => Some(&task.resource),
        StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_)
        | StateKind::Parallel(_)
        | StateKind::Map(_) => None,
    }
}

#[cfg(test)]
mod tests;
