//! `MockConfigFile.json` of Step Functions Local.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html>

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;

use super::expect::present;
use super::scenario::{MockEntries, MockEntry};

/// The most answers of one mocked response; `"0-999999"` is a slip.
const ANSWERS_MAX: usize = 10_000;

/// The test cases of each state machine, with the answers of their states.
#[derive(Debug)]
pub(super) struct MockConfig(pub(super) BTreeMap<String, BTreeMap<String, MockEntries>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct File {
    state_machines: BTreeMap<String, Machine>,
    #[serde(default)]
    mocked_responses: BTreeMap<String, BTreeMap<String, Response>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Machine {
    /// For each test case the mocked response of each state.
    test_cases: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Response {
    #[serde(default, deserialize_with = "present")]
    r#return: Option<Value>,
    throw: Option<Throw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Throw {
    error: String,
    cause: Option<String>,
}

impl MockConfig {
    /// Whether a document looks like one.
    pub(super) fn is_meant(document: &Value) -> bool {
        document.get("StateMachines").is_some()
    }

    /// Reads the document.
    pub(super) fn read(document: Value) -> anyhow::Result<Self> {
        let File { state_machines, mocked_responses } = serde_json::from_value(document)?;
        let mut responses: BTreeMap<String, Vec<MockEntry>> = BTreeMap::new();
        for (name, attempts) in mocked_responses {
            let answers = answers(attempts).with_context(|| format!("MockedResponses: {name:?}"))?;
            responses.insert(name, answers);
        }
        let mut machines = BTreeMap::new();
        for (machine, Machine { test_cases }) in state_machines {
            let mut cases = BTreeMap::new();
            for (case, states) in test_cases {
                let mut mocks = MockEntries::new();
                for (state, response) in states {
                    let Some(answers) = responses.get(&response) else {
                        bail!("{machine}/{case}: {state:?}: there is no mocked response {response:?}");
                    };
                    mocks.insert(state, answers.clone());
                }
                cases.insert(case, mocks);
            }
            machines.insert(machine, cases);
        }
        Ok(Self(machines))
    }

    /// The test cases of the machine `name`, or of the only one.
    pub(super) fn machine(&self, name: Option<&str>) -> anyhow::Result<&BTreeMap<String, MockEntries>> {
        let all = || self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        match (name, self.0.len()) {
            (Some(name), _) => self
                .0
                .get(name)
                .with_context(|| format!("there is no state machine {name:?} in it, only {}", all())),
            (None, 1) => self.0.values().next().context("there is one"),
            (None, _) => bail!("`stateMachine` has to name one of its state machines: {}", all()),
        }
    }
}

/// The answers in the order of attempts: each is for one (`"0"`) or some (`"1-2"`) of them.
fn answers(attempts: BTreeMap<String, Response>) -> anyhow::Result<Vec<MockEntry>> {
    let mut by_attempt: BTreeMap<usize, MockEntry> = BTreeMap::new();
    for (key, response) in attempts {
        let (first, last) = key.split_once('-').unwrap_or((&key, &key));
        let number = |text: &str| text.trim().parse::<usize>().ok().filter(|number| *number < ANSWERS_MAX);
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            bail!("{key:?} is neither an attempt, such as \"0\", nor a range of them, such as \"1-2\"");
        };
        let entry = match response {
            Response { r#return: Some(result), throw: None } => {
                MockEntry { result: Some(result), ..MockEntry::default() }
            }
            Response { r#return: None, throw: Some(Throw { error, cause }) } => {
                MockEntry { error: Some(error), cause, ..MockEntry::default() }
            }
            Response { .. } => bail!("{key:?} has neither just a Return nor just a Throw"),
        };
        for attempt in first..=last {
            if by_attempt.insert(attempt, entry.clone()).is_some() {
                bail!("attempt {attempt} has two answers");
            }
        }
    }
    if let Some((expected, _)) = by_attempt.keys().enumerate().find(|(expected, found)| *expected != **found)
    {
        bail!("attempt {expected} has no answer");
    }
    Ok(by_attempt.into_values().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(responses: Value) -> anyhow::Result<MockConfig> {
        MockConfig::read(json!({
            "StateMachines": {"M": {"TestCases": {"Happy": {"Pay": "Paid"}}}},
            "MockedResponses": {"Paid": responses}
        }))
    }

    #[test]
    fn attempts_and_ranges_become_answers_in_order() {
        let config = read(json!({
            "10": {"Return": null}, "0": {"Throw": {"Error": "A", "Cause": "c"}}, "1-9": {"Throw": {"Error": "B"}}
        }));
        let config = config.unwrap();
        let answers = &config.machine(None).unwrap()["Happy"]["Pay"];
        let errors: Vec<&str> = answers.iter().filter_map(|answer| answer.error.as_deref()).collect();
        assert_eq!(errors.join(""), format!("A{}", "B".repeat(9)));
        assert_eq!((answers.len(), &answers[10].result), (11, &Some(Value::Null)));
        assert!(config.machine(Some("N")).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (responses, said) in [
            (json!({"one": {"Return": 1}}), "neither an attempt"),
            (json!({"0-99999": {"Return": 1}}), "neither an attempt"),
            (json!({"0": {}}), "neither just a Return"),
            (json!({"0": {"Return": 1, "Throw": {"Error": "E"}}}), "neither just a Return"),
            (json!({"0": {"Return": 1}, "2": {"Return": 1}}), "attempt 1 has no answer"),
            (json!({"0-1": {"Return": 1}, "1": {"Return": 1}}), "attempt 1 has two answers"),
            (json!({"0": {"return": 1}}), "unknown field"),
        ] {
            let error = format!("{:#}", read(responses.clone()).unwrap_err());
            assert!(error.contains(said), "{responses}: {error}");
        }
        let dangling = json!({"StateMachines": {"M": {"TestCases": {"Happy": {"Pay": "Nope"}}}}});
        let error = MockConfig::read(dangling).unwrap_err().to_string();
        assert_eq!(error, "M/Happy: \"Pay\": there is no mocked response \"Nope\"");
    }
}
