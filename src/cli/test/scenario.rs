//! Scenario files, and running a scenario.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::time::Duration;

use anyhow::bail;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::asl::{Program, StateKind};
use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::execution::{Ending, ExecutionStart};
use crate::engine::rehearsal::{Mock, MockAnswer, Mocks, Rehearsal, Rehearsed};
use crate::json::Payload;

/// The default start of a scenario: its result must not depend on the current date.
const BEGIN: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A file with scenarios.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ScenarioFile {
    pub(super) definition: Definition,
    /// Mocks for all scenarios. For each state, a scenario's own mocks replace them.
    #[serde(default)]
    pub(super) mocks: BTreeMap<String, Vec<MockEntry>>,
    pub(super) scenarios: Vec<Scenario>,
}

/// The definition itself, or the name of its file.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Definition {
    File(String),
    Inline(Map<String, Value>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Scenario {
    name: String,
    #[serde(default = "empty")]
    input: Value,
    /// The start time, as RFC 3339.
    start_time: Option<String>,
    #[serde(default)]
    mocks: BTreeMap<String, Vec<MockEntry>>,
    #[serde(default)]
    expect: Expect,
}

fn empty() -> Value {
    json!({})
}

/// One result of a task: `result`, `error` (with `cause`) or `never`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MockEntry {
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    #[serde(default)]
    never: bool,
    #[serde(default)]
    after_seconds: f64,
}

/// An explicit `null` is a result.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The expected outcome; anything is accepted for a missing member.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expect {
    status: Option<String>,
    #[serde(default, deserialize_with = "present")]
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    /// All states in the order in which they should be entered.
    states: Option<Vec<String>>,
    /// The expected duration of the execution.
    seconds: Option<f64>,
}

/// The result of a scenario.
pub(super) struct Outcome {
    name: String,
    pub(super) rehearsed: Rehearsed,
    /// The expectations that were not met.
    pub(super) failures: Vec<String>,
    seconds: f64,
}

impl ScenarioFile {
    /// Checks that the mocks are valid and are for existing Tasks.
    pub(super) fn check(&self, program: &Program) -> anyhow::Result<()> {
        let own = self.scenarios.iter().flat_map(|scenario| &scenario.mocks);
        for (state, entries) in self.mocks.iter().chain(own) {
            match program.find(state).map(|id| &program[id].kind) {
                Some(StateKind::Task(_)) => {}
                Some(_) => bail!("mocks: {state:?} is no Task state"),
                None => bail!("mocks: there is no state {state:?}"),
            }
            if entries.iter().any(|entry| !entry.is_sound()) {
                bail!(
                    "mocks: {state:?}: each answer has one of `result`, `error` and `never`, and `afterSeconds` is not negative"
                );
            }
        }
        for scenario in &self.scenarios {
            if let Some(time) = &scenario.start_time
                && Timestamp::parse_rfc3339(time).is_none()
            {
                bail!("scenario {:?}: startTime {time:?} is no RFC 3339 time", scenario.name);
            }
        }
        Ok(())
    }
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

impl Scenario {
    pub(super) fn run(&self, program: &Program, shared: &BTreeMap<String, Vec<MockEntry>>) -> Outcome {
        let queues =
            shared.iter().chain(&self.mocks).map(|(state, entries)| (state.as_str(), entries.iter()));
        let mut mocks = Queues(queues.map(|(state, entries)| (state, entries.peekable())).collect());
        let started = self.start_time.as_deref().and_then(Timestamp::parse_rfc3339).unwrap_or(BEGIN);
        let start = ExecutionStart {
            arn: "arn:aws:states:us-east-1:123456789012:execution:Test:test".into(),
            name: "test".into(),
            input: Payload::from_value(self.input.clone()),
            role_arn: "arn:aws:iam::123456789012:role/test".into(),
            state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:Test".into(),
            state_machine_name: "Test".into(),
            version_arn: None,
            alias_arn: None,
            region: "us-east-1".into(),
            started,
            is_synchronous: false,
        };
        let rehearsed = Rehearsal { program, start, mocks: &mut mocks, token_prefix: "" }.run();
        let (failures, seconds) = match &rehearsed.ending {
            Ok(ending) => {
                let seconds = ending.stopped.since(started).as_secs_f64();
                (self.expect.failures(&rehearsed, ending, seconds), seconds)
            }
            Err(error) => (vec![error.to_string()], 0.0),
        };
        Outcome { name: self.name.clone(), rehearsed, failures, seconds }
    }
}

/// The remaining results for each state; the last one is used for all further attempts.
struct Queues<'a>(BTreeMap<&'a str, Peekable<std::slice::Iter<'a, MockEntry>>>);

impl Mocks for Queues<'_> {
    fn next(&mut self, state: &str, _: &Payload) -> Option<Mock> {
        let queue = self.0.get_mut(state)?;
        let entry = *queue.peek()?;
        if 1 < queue.len() {
            queue.next();
        }
        Some(entry.mock())
    }
}

impl Expect {
    fn failures(&self, rehearsed: &Rehearsed, ending: &Ending, seconds: f64) -> Vec<String> {
        let output = ending.output.as_ref().map(|output| output.value().clone());
        let states: Vec<&str> = rehearsed.states.iter().map(|name| &**name).collect();
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        let facts = [
            ("status", text(&self.status), json!(ending.status.as_str())),
            ("output", self.output.clone(), json!(output)),
            ("error", text(&self.error), json!(ending.failure.error.as_deref())),
            ("cause", text(&self.cause), json!(ending.failure.cause.as_deref())),
            ("states", self.states.as_ref().map(|states| json!(states)), json!(states)),
            ("seconds", self.seconds.map(|seconds| json!(seconds)), json!(seconds)),
        ];
        let wrong = facts.into_iter().filter_map(|(what, expected, actual)| {
            let expected = expected?;
            (expected != actual).then(|| format!("{what}: expected {expected}, was {actual}"))
        });
        wrong.collect()
    }
}

impl Outcome {
    /// A line; if it failed, one more for each reason, and one with the states that were entered.
    pub(super) fn told(&self) -> String {
        if self.failures.is_empty() {
            return format!("  ok    {} ({} s)", self.name, self.seconds);
        }
        let mut told = format!("  FAIL  {}", self.name);
        for failure in &self.failures {
            told.push_str(&format!("\n          {failure}"));
        }
        let way = self.rehearsed.states.join(" → ");
        told.push_str(&format!("\n          way: {way}"));
        if let Ok(ending) = &self.rehearsed.ending {
            let (status, error) = (ending.status.as_str(), &ending.failure);
            told.push_str(&format!(" → {status}"));
            for (what, text) in [("error", &error.error), ("cause", &error.cause)] {
                if let Some(text) = text {
                    told.push_str(&format!("\n          {what}: {text}"));
                }
            }
        }
        told
    }

    pub(super) fn to_json(&self) -> Value {
        let ending = self.rehearsed.ending.as_ref().ok().map(|ending| {
            json!({
                "status": ending.status.as_str(),
                "output": ending.output.as_ref().map(|output| output.value().clone()),
                "error": ending.failure.error.as_deref(),
                "cause": ending.failure.cause.as_deref(),
                "states": self.rehearsed.states.iter().map(|name| &**name).collect::<Vec<_>>(),
                "seconds": self.seconds,
            })
        });
        json!({"name": self.name, "passed": self.failures.is_empty(), "failures": self.failures, "execution": ending})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl::{StateMachineType, compile};
    use crate::engine::machine::Covered;

    const DEFINITION: &str = r#"{"StartAt": "Year", "States": {
        "Year": {"Type": "Wait", "Seconds": 31536000, "Next": "Pay"},
        "Pay": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Pay", "TimeoutSeconds": 60,
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}], "Next": "Paid"},
        "Paid": {"Type": "Choice", "Default": "Done",
            "Choices": [{"Variable": "$.short", "BooleanEquals": true, "Next": "Late"}]},
        "Late": {"Type": "Fail", "Error": "Late"},
        "Done": {"Type": "Succeed"}}}"#;

    fn outcome(scenario: Value) -> Outcome {
        outcome_of(DEFINITION, scenario)
    }

    fn outcome_of(definition: &str, scenario: Value) -> Outcome {
        let program = compile(definition, StateMachineType::Standard).unwrap();
        let file = json!({"definition": "x", "scenarios": [scenario]});
        let file: ScenarioFile = serde_json::from_value(file).unwrap();
        file.check(&program).unwrap();
        file.scenarios[0].run(&program, &file.mocks)
    }

    #[track_caller]
    fn check(scenario: Value, failures: &[&str]) -> Covered {
        let outcome = outcome(scenario);
        assert_eq!(outcome.failures, failures);
        outcome.rehearsed.covered
    }

    #[test]
    fn a_year_and_a_retry_pass_at_once_and_are_counted() {
        let covered = check(
            json!({"name": "n", "mocks": {"Pay": [{"error": "Busy"}, {"result": {"short": false}, "afterSeconds": 2}]},
                   "expect": {"status": "SUCCEEDED", "output": {"short": false}, "seconds": 31_536_007.0,
                              "states": ["Year", "Pay", "Paid", "Done"]}}),
            &[],
        );
        assert_eq!((covered.states.len(), covered.rules.len(), covered.catchers.len()), (4, 1, 0));
    }

    #[test]
    fn a_task_that_never_answers_is_caught_as_a_timeout() {
        let covered = check(
            json!({"name": "n", "mocks": {"Pay": [{"never": true}]}, "expect": {"status": "FAILED", "error": "Late"}}),
            &[],
        );
        assert_eq!((covered.rules.len(), covered.catchers.len()), (0, 1));
    }

    #[test]
    fn children_of_a_distributed_map_share_the_mocks() {
        let definition = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ToleratedFailureCount": 1,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
                    "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F"}}}, "End": true}}});
        let scenario = json!({"name": "n", "input": [1, 2, 3],
            "mocks": {"T": [{"result": "a", "afterSeconds": 9}, {"error": "E"}, {"result": "c"}]},
            "expect": {"status": "SUCCEEDED", "output": ["a", "c"], "seconds": 9.0, "states": ["M", "T", "T", "T"]}});
        let outcome = outcome_of(&definition.to_string(), scenario);
        assert_eq!(outcome.failures, Vec::<String>::new());
        assert_eq!(outcome.rehearsed.covered.states.len(), 2);
        let mut reads = definition;
        reads["States"]["M"]["ItemReader"] = json!({"Resource": "arn:aws:states:::s3:listObjectsV2"});
        let outcome = outcome_of(&reads.to_string(), json!({"name": "n"}));
        assert_eq!(
            outcome.failures,
            [r#"the Map state "M" reads its items with an ItemReader, which needs a server"#]
        );
    }

    #[test]
    fn what_is_not_as_expected_is_told() {
        check(
            json!({"name": "n", "mocks": {"Pay": [{"result": {"short": true}}]},
                   "expect": {"status": "SUCCEEDED", "output": null}}),
            &[r#"status: expected "SUCCEEDED", was "FAILED""#],
        );
        check(json!({"name": "n"}), &[r#"the Task state "Pay" was begun and has no mock"#]);
    }

    #[test]
    fn mocks_that_make_no_sense_are_refused() {
        let program = compile(DEFINITION, StateMachineType::Standard).unwrap();
        for mocks in [
            json!({"Nope": [{"result": 1}]}),
            json!({"Year": [{"result": 1}]}),
            json!({"Pay": [{"result": 1, "error": "E"}]}),
            json!({"Pay": [{}]}),
            json!({"Pay": [{"never": true, "afterSeconds": -1}]}),
        ] {
            let file = json!({"definition": "x", "mocks": mocks, "scenarios": []});
            let file: ScenarioFile = serde_json::from_value(file).unwrap();
            assert!(file.check(&program).is_err(), "{mocks}");
        }
    }
}
