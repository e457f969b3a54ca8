//! Scenarios of a mapping template: requests, and what the template makes of each.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Ran;
use super::expect::{lacking, present};
use crate::cli::findings;
use crate::gateway::{Trial, TrialOutcome, TrialRequest};
use crate::vtl::{Limits, Template};

/// A file of scenarios.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateFile {
    template: Source,
    /// Each is read by itself, so that a broken one doesn't take the others with it.
    scenarios: Vec<Value>,
}

/// The name of the template's file, or its text.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Source {
    File(String),
    Inline { text: String },
}

/// A request, and what is expected of the template.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Scenario {
    name: String,
    /// A text as it is, anything else as JSON.
    #[serde(default, deserialize_with = "present")]
    body: Option<Value>,
    content_type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Values>,
    #[serde(default)]
    querystring: BTreeMap<String, Values>,
    #[serde(default)]
    path: BTreeMap<String, String>,
    #[serde(default)]
    stage_variables: BTreeMap<String, String>,
    #[serde(default)]
    context: Map<String, Value>,
    /// `None` if nothing but an output is expected.
    expect: Option<Expect>,
}

/// The values of a header or parameter.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

impl Values {
    fn each(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// What is expected; anything is accepted for a missing member.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expect {
    /// A text to the letter; anything else is compared with the output read as JSON.
    #[serde(default, deserialize_with = "present")]
    output: Option<Value>,
    /// What the output, read as JSON, has at least.
    #[serde(default, deserialize_with = "present")]
    output_includes: Option<Value>,
    /// What is assigned to `$context.requestOverride` and `$context.responseOverride`.
    overrides: Option<Map<String, Value>>,
    /// What the message has in it with which the template fails.
    error: Option<String>,
}

/// Whether a file has scenarios of a template.
pub(super) fn is_meant(read: &Value) -> bool {
    read.get("template").is_some()
}

/// Runs the scenarios of a file.
///
/// # Errors
/// If the file or the template can't be understood.
pub(super) fn run(read: Value, file: &Path) -> anyhow::Result<Ran> {
    let TemplateFile { template, scenarios } = serde_json::from_value(read)?;
    let (source, from) = match template {
        Source::Inline { text } => (text, file.to_owned()),
        Source::File(name) => {
            // Relative to the scenarios' directory, wherever the command is run.
            let beside = file.parent().unwrap_or_else(|| Path::new("")).join(name);
            (findings::read(&beside).with_context(|| beside.display().to_string())?, beside)
        }
    };
    let template = Template::parse(&source)
        .map_err(|error| anyhow!("{}", error.render(&source)))
        .with_context(|| from.display().to_string())?;
    let outcomes: Vec<Outcome> = scenarios.iter().map(|value| outcome(value, &template)).collect();
    let scenarios: Vec<Value> = outcomes.iter().map(Outcome::to_json).collect();
    Ok(Ran {
        n_scenarios: outcomes.len(),
        n_failed: outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).count(),
        problems: Vec::new(),
        lines: outcomes.iter().map(Outcome::report).collect(),
        json: json!({ "scenarios": scenarios }),
    })
}

/// What came of a scenario.
struct Outcome {
    name: String,
    failures: Vec<String>,
    result: Option<Result<TrialOutcome, String>>,
}

impl Outcome {
    fn report(&self) -> String {
        let verdict = if self.failures.is_empty() { "ok  " } else { "FAIL" };
        let head = format!("  {verdict}  {}", self.name);
        self.failures.iter().fold(head, |report, failure| {
            format!("{report}\n          {}", failure.replace('\n', "\n          "))
        })
    }

    fn to_json(&self) -> Value {
        let mut json =
            json!({"name": self.name, "passed": self.failures.is_empty(), "failures": self.failures});
        match &self.result {
            Some(Ok(outcome)) => {
                json["output"] = outcome.output.as_str().into();
                json["overrides"] = outcome.overrides.clone().into();
            }
            Some(Err(error)) => json["error"] = error.as_str().into(),
            None => {}
        }
        json
    }
}

fn outcome(value: &Value, template: &Template) -> Outcome {
    let unrun = |name: &str, failure: String| Outcome {
        name: name.to_owned(),
        failures: vec![failure],
        result: None,
    };
    let scenario = match Scenario::deserialize(value) {
        Ok(scenario) => scenario,
        Err(error) => {
            let name = value.get("name").and_then(Value::as_str).unwrap_or("without a name");
            return unrun(name, error.to_string());
        }
    };
    let request = match scenario.request() {
        Ok(request) => request,
        Err(problem) => return unrun(&scenario.name, problem),
    };
    let result = Trial::still(request).evaluate(template, &Limits::default(), None);
    let result = result.map_err(|error| error.to_string());
    let failures = scenario.expect.unwrap_or_default().failures(&result);
    Outcome { name: scenario.name, failures, result: Some(result) }
}

impl Scenario {
    /// The request.
    ///
    /// # Errors
    /// If a header can't be sent.
    fn request(&self) -> Result<TrialRequest, String> {
        let mut headers = HeaderMap::new();
        let own =
            self.headers.iter().flat_map(|(name, values)| values.each().iter().map(move |it| (name, it)));
        for (name, value) in own {
            let name =
                HeaderName::try_from(name.as_str()).map_err(|_| format!("headers: {name:?} is no header"))?;
            let value =
                HeaderValue::from_str(value).map_err(|_| format!("headers: {name} has no such value"))?;
            headers.append(name, value);
        }
        if let Some(media) = &self.content_type {
            let media =
                HeaderValue::from_str(media).map_err(|_| format!("contentType: {media:?} is none"))?;
            headers.insert(CONTENT_TYPE, media);
        }
        let body = match &self.body {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let pairs = self.querystring.iter();
        let querystring =
            pairs.flat_map(|(name, values)| values.each().iter().map(|it| (name.clone(), it.clone())));
        Ok(TrialRequest {
            body: body.into(),
            path: self.path.clone().into_iter().collect(),
            querystring: querystring.collect(),
            headers,
            stage_variables: self.stage_variables.clone(),
            context: self.context.clone(),
        })
    }
}

impl Expect {
    /// What was not as expected.
    fn failures(&self, result: &Result<TrialOutcome, String>) -> Vec<String> {
        let outcome = match (result, &self.error) {
            (Err(error), Some(expected)) if error.contains(expected.as_str()) => return Vec::new(),
            (Err(error), Some(expected)) => return vec![format!("error: expected {expected}, was {error}")],
            (Err(error), None) => return vec![format!("error: {error}")],
            (Ok(outcome), Some(expected)) => {
                return vec![format!("error: expected {expected}, came to\n{}", outcome.output)];
            }
            (Ok(outcome), None) => outcome,
        };
        let read = serde_json::from_str::<Value>(&outcome.output);
        let mut wrong = Vec::new();
        match (&self.output, &read) {
            (None, _) => {}
            (Some(Value::String(text)), _) if *text == outcome.output => {}
            (Some(Value::String(text)), _) => {
                wrong.push(format!("output: expected\n{text}\nwas\n{}", outcome.output));
            }
            (Some(expected), Ok(actual)) if expected == actual => {}
            (Some(expected), Ok(actual)) => wrong.push(format!("output: expected {expected}, was {actual}")),
            (Some(expected), Err(error)) => {
                wrong
                    .push(format!("output: expected {expected}, was no JSON ({error}):\n{}", outcome.output));
            }
        }
        match (&self.output_includes, &read) {
            (None, _) => {}
            (Some(part), Ok(actual)) => wrong.extend(lacking("output", part, actual)),
            (Some(_), Err(error)) => wrong.push(format!("output: is no JSON ({error}):\n{}", outcome.output)),
        }
        if let Some(overrides) = self.overrides.as_ref().filter(|it| **it != outcome.overrides) {
            let (expected, actual) = (json!(overrides), json!(outcome.overrides));
            wrong.push(format!("overrides: expected {expected}, were {actual}"));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_one(template: &str, scenario: &Value) -> Outcome {
        outcome(scenario, &Template::parse(template).unwrap())
    }

    #[test]
    fn what_is_given_is_the_template_s_request() {
        let template = "$input.path('$.id') $input.params('q') $input.params('id') $input.params('X-A') \
                        $stageVariables.v $context.identity.sourceIp";
        let scenario = json!({"name": "one", "body": {"id": 7}, "contentType": "application/json",
            "headers": {"X-A": "a"}, "querystring": {"q": ["x", "y"]}, "path": {"id": "8"},
            "stageVariables": {"v": "w"}, "context": {"identity": {"sourceIp": "192.0.2.1"}},
            "expect": {"output": "7 y 8 a w 192.0.2.1", "overrides": {}}});
        assert_eq!(run_one(template, &scenario).failures, Vec::<String>::new());
        let text = json!({"name": "a text", "body": "a=1", "contentType": "application/x-www-form-urlencoded",
            "expect": {"output": "a=1"}});
        assert_eq!(run_one("$input.path('$')", &text).failures, Vec::<String>::new());
    }

    #[test]
    fn time_and_ids_are_the_same_every_time() {
        let template = "$context.requestTimeEpoch $context.requestId";
        let once = || run_one(template, &json!({"name": "one"})).result.unwrap().unwrap().output;
        assert_eq!(once(), once());
        assert!(once().starts_with("1767225600000 "), "{}", once());
    }

    #[test]
    fn what_differs_is_told() {
        let override_status = "#set($context.responseOverride.status = 201){\"a\": [1, 2]}";
        for (template, expect, wrong) in [
            (override_status, json!({"output": {"a": [1, 2]}}), None),
            (override_status, json!({"output": "{\"a\": [1, 2]}"}), None),
            (
                override_status,
                json!({"output": "{\"a\":[1,2]}"}),
                Some("output: expected\n{\"a\":[1,2]}\nwas\n{\"a\": [1, 2]}"),
            ),
            (
                override_status,
                json!({"output": {"a": [1]}}),
                Some("output: expected {\"a\":[1]}, was {\"a\":[1,2]}"),
            ),
            (
                override_status,
                json!({"outputIncludes": {"a": [1, 3]}}),
                Some("output.a[1]: expected 3, was 2"),
            ),
            (
                override_status,
                json!({"overrides": {}}),
                Some("overrides: expected {}, were {\"responseOverride\":{\"status\":\"201\"}}"),
            ),
            (override_status, json!({"error": "no"}), Some("error: expected no, came to\n{\"a\": [1, 2]}")),
            ("x", json!({"output": 1}), Some("output: expected 1, was no JSON")),
        ] {
            let failures = run_one(template, &json!({"name": "one", "expect": expect})).failures;
            let is_told = match (failures.as_slice(), wrong) {
                ([], None) => true,
                ([failure], Some(wrong)) => failure.starts_with(wrong),
                _ => false,
            };
            assert!(is_told, "{expect}: {failures:?}");
        }
    }

    #[test]
    fn a_template_s_failure_can_be_expected() {
        let scenario = |expect: Value| json!({"name": "one", "body": "xyz", "expect": expect});
        let template = "\n$input.json('$')";
        let failed = run_one(template, &scenario(json!({})));
        let [failure] = failed.failures.as_slice() else { panic!("{:?}", failed.failures) };
        assert!(failure.starts_with("error: ") && failure.contains("(line 2, column 8)"), "{failure}");
        let message = failed.result.unwrap().unwrap_err();
        for part in [message.as_str(), "Unrecognized token 'xyz'"] {
            assert!(run_one(template, &scenario(json!({"error": part}))).failures.is_empty(), "{part}");
        }
        assert_eq!(run_one(template, &scenario(json!({"error": "another"}))).failures.len(), 1);
        assert!(run_one("x", &json!({"name": "one", "bdy": 1})).failures[0].contains("unknown field `bdy`"));
    }
}
