//! Runs JSONata's official test suite, and cases of our own in its format, through everything that this room adds to the
//! library.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::clock::{Clock, SeededIds, SystemClock};
use crate::{EvalError, Expression, Limits, Scope};

#[derive(Deserialize)]
struct Suite {
    #[serde(default)]
    datasets: HashMap<String, Value>,
    cases: serde_json::Map<String, Value>,
}

#[test]
fn the_official_suite_passes() {
    let suite = official();
    all_pass(&suite.cases, &suite.datasets);
}

#[test]
fn our_own_cases_pass() {
    let own: Suite = serde_json::from_str(include_str!("../../../tests/data/jsonata/own.json")).unwrap();
    all_pass(&own.cases, &official().datasets);
}

fn official() -> Suite {
    serde_json::from_str(include_str!("../../../tests/data/jsonata/suite.json")).unwrap()
}

fn all_pass(cases: &serde_json::Map<String, Value>, datasets: &HashMap<String, Value>) {
    let mut wrong = Vec::new();
    for (name, case) in cases {
        if let Err(said) = run(case, datasets) {
            wrong.push(format!("{name}: {said}"));
        }
    }
    let (wrong_ones, all) = (wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{wrong_ones} of {all} did not pass:\n{}", wrong.join("\n"));
}

fn run(case: &Value, datasets: &HashMap<String, Value>) -> Result<(), String> {
    let text = case["expr"].as_str().ok_or("no expression")?;
    let data = match &case["dataset"] {
        Value::String(name) => datasets.get(name),
        _ => case.get("data"),
    };
    // Long enough for a debug build on a busy machine, except for cases that never end.
    let seconds = if case["code"] == "U1001" { 1 } else { 60 };
    let mut limits = Limits { time: Duration::from_secs(seconds), ..Limits::default() };
    limits.bytes = 1 << 30;
    limits.depth = case["depth"].as_u64().map_or(30_000, |depth| depth as usize);
    // What the library completes a time of day with, which a case compares with `$now()`.
    let now = SystemClock::new().now();
    let mut scope = Scope::new(now, Arc::new(SeededIds::new(1)), limits);
    for (name, value) in case["bindings"].as_object().into_iter().flatten() {
        scope.bind(name, value);
    }
    let expected_code = case["code"].as_str().or_else(|| case["error"]["code"].as_str());
    let expression = match (Expression::compile_anything(text), expected_code) {
        (Ok(expression), _) => expression,
        (Err(said), Some(code)) if code.starts_with('S') || said.contains(code) => return Ok(()),
        (Err(said), _) => return Err(format!("does not compile: {said:?}")),
    };
    match (scope.evaluate_over(&expression, data), expected_code) {
        (Err(EvalError::Thrown(said)), Some(code)) if said.starts_with(code) => Ok(()),
        // The suite has its own codes for limits.
        (Err(EvalError::Memory | EvalError::Timeout), Some("U1001" | "D2014")) => Ok(()),
        (Err(EvalError::Internal(_)), _) if case["error"].is_object() => Ok(()),
        (Err(EvalError::Undefined), None) if case["undefinedResult"] == true => Ok(()),
        // If the suite only says that there is a result, a function counts as a result.
        (Err(EvalError::Unsupported), None) if case.get("result").is_none() => Ok(()),
        (Ok(value), None) => match case.get("result") {
            Some(expected) if same(&value, expected) => Ok(()),
            Some(expected) if case["unordered"] == true && same(&sorted(&value), &sorted(expected)) => Ok(()),
            expected => Err(format!("expected {expected:?}, got {value}")),
        },
        (outcome, expected) => {
            Err(format!("expected {expected:?} or {:?}, got {outcome:?}", case.get("result")))
        }
    }
}

/// Numbers are doubles on both sides.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        (left, right) => left == right,
    }
}

fn sorted(value: &Value) -> Value {
    let mut items = value.as_array().cloned().unwrap_or_default();
    items.sort_by_key(ToString::to_string);
    Value::Array(items)
}
