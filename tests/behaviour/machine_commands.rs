//! Commands that work on state machines without a server: what they read, what they print, how they exit.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::commands::{stderr, stdout, stepgate};
use crate::server::DataDir;

/// A directory with files.
struct Files(DataDir);

impl Files {
    fn new(name: &str) -> Self {
        Self(DataDir::new(name))
    }

    fn path(&self, name: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::create_dir_all(self.0.path()).unwrap();
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }
}

const CHARGE: &str = r#"StartAt: Charge
States:
  Charge:
    Type: Task
    Resource: arn:aws:states:::lambda:${Action}
    Parameters:
      FunctionName: ${Function}
      Payload:
        order.$: $.order
    ResultPath: $.payment
    ResultSelector:
      paid.$: $.Payload.paid
    Retry: [{ErrorEquals: [Busy], IntervalSeconds: 5}]
    Next: Done
  Done:
    Type: Succeed
"#;

#[test]
fn lint_shows_the_part_of_a_path_that_is_wrong() {
    let files = Files::new("lint-part");
    let machine = files.write(
        "m.json",
        "{\"StartAt\": \"A\",\n \"States\": {\n    \"A\": { \"Type\": \"Pass\", \"ResultPath\": \"$.order[*].id\", \"End\": true }}}",
    );
    let output = stepgate(&["asl", "lint", &machine]);
    assert_eq!(output.status.code(), Some(1));
    let told = format!(
        "{machine}:3:50: error: SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/A/ResultPath
  --> 3:50
3 |     \"A\": {{ \"Type\": \"Pass\", \"ResultPath\": \"$.order[*].id\", \"End\": true }}}}}}
  |                                                  ^ a Reference Path has only names and indexes, which lead to one node
1 error, 0 warnings
"
    );
    assert_eq!(stdout(&output), told);
}

#[test]
fn lint_reads_yaml_and_names_its_places() {
    let files = Files::new("lint-yaml");
    let machine = files.write(
        "m.asl.yaml",
        "StartAt: A\nStates:\n  A:\n    Type: Pass\n    QueryLanguage: JSONata\n    Output: \"{% [1, 2; 3] %}\"\n    Next: B\n",
    );
    let output = stepgate(&["asl", "lint", &machine, "--output", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["files"][0]["findings"].as_array().unwrap();
    let places: Vec<_> =
        findings.iter().map(|f| (f["code"].as_str(), f["line"].as_u64(), f["column"].as_u64())).collect();
    assert_eq!(
        places,
        [
            (Some("INVALID_JSONATA_EXPRESSION"), Some(6), Some(22)),
            (Some("MISSING_TRANSITION_TARGET"), Some(7), Some(5)),
        ],
        "{report}"
    );

    let broken = files.write("broken.yaml", "StartAt: [A\nStates: {}\n");
    let output = stepgate(&["asl", "lint", &broken]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).contains("broken.yaml:2:") && stdout(&output).contains("error: INVALID_YAML"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn substitutions_are_filled_in_and_checked_by_every_command() {
    let files = Files::new("substitutions");
    let machine = files.write("m.asl.yaml", CHARGE);
    let good = files.write("good.yaml", "Action: invoke\nFunction: charge\n");
    let bad = files.write("bad.json", "{\"Action\": \"invok\",\n \"Functions\": \"charge\"}");

    let lint = |substitutions: &[&str]| stepgate(&[&["asl", "lint", &machine], substitutions].concat());
    assert_eq!(lint(&["--substitutions", &good]).status.code(), Some(0));
    // Without values, the placeholder is what is wrong with the ARN.
    let output = lint(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("m.asl.yaml:5:39: error:"), "{}", stdout(&output));
    assert!(stdout(&output).contains("^ a substitution without a value"), "{}", stdout(&output));
    let output = lint(&["--substitutions", &bad]);
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    for said in [
        "m.asl.yaml:5:39: error: SCHEMA_VALIDATION_FAILED",
        "^ lambda has invoke; did you mean 'invoke'?",
        "m.asl.yaml:7:21: error: UNKNOWN_SUBSTITUTION: ${Function} has no value in",
        "did you mean ${Functions}?",
        "bad.json:2:2: warning: UNUSED_SUBSTITUTION: no definition has ${Functions}",
        "2 errors, 1 warning",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert_eq!(lint(&["--substitutions", "no-such-file.json"]).status.code(), Some(2));

    let scenarios = files.write(
        "m.test.yaml",
        "definition: m.asl.yaml\nscenarios:\n  - name: paid\n    input: {order: 7}\n    mocks: {Charge: [{result: {Payload: {paid: true}}}]}\n    expect: {output: {order: 7, payment: {paid: true}}}\n",
    );
    let output = stepgate(&["test", &scenarios, "--substitutions", &good]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let output = stepgate(&["test", &scenarios, "--substitutions", &bad]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("m.asl.yaml:7:21: ${Function} has no value in"), "{}", stderr(&output));

    let more = files.write("more.yaml", "Action: invoke\nFunction: charge\nStage: dev\n");
    let history = files.write(
        "history.json",
        &json!({"events": [
        {"id": 1, "previousEventId": 0, "timestamp": 1_790_000_000.0, "type": "ExecutionStarted",
         "executionStartedEventDetails": {"input": "{\"order\":7}"}}]})
        .to_string(),
    );
    let output = stepgate(&["replay", &machine, "--substitutions", &more, "--history", &history]);
    assert_eq!(output.status.code(), Some(3), "{}{}", stdout(&output), stderr(&output));
    assert!(stderr(&output).contains("more.yaml:3:1: no definition has ${Stage}"), "{}", stderr(&output));
}

#[test]
fn a_scenario_that_makes_no_sense_fails_without_the_others() {
    let files = Files::new("nonsense");
    files.write("m.asl.yaml", &CHARGE.replace("${Action}", "invoke").replace("${Function}", "f"));
    let scenarios = files.write(
        "m.test.yaml",
        r#"definition: m.asl.yaml
scenarios:
  - name: a slip in a state's name
    mocks: {Chrage: [{result: {}}]}
  - name: a slip in a field
    inputs: {}
  - name: tried again
    input: {order: 7}
    mocks: {Charge: [{error: Busy}, {result: {Payload: {paid: true, at: now}}}]}
    expect:
      outputIncludes: {payment: {paid: true}}
      seconds: 5
      calls:
        Charge: [{input: {FunctionName: f, Payload: {order: 7}}}, {inputIncludes: {Payload: {order: 7}}}]
  - name: a mock without a Payload
    input: {order: 7}
    mocks: {Charge: [{result: {paid: true}}]}
    expect: {status: SUCCEEDED}
"#,
    );
    let output = stepgate(&["test", &scenarios]);
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for said in [
        "  FAIL  a slip in a state's name\n          mocks: there is no state \"Chrage\"; did you mean \"Charge\"?\n",
        "  FAIL  a slip in a field\n          unknown field `inputs`",
        "  ok    tried again (5 s)\n",
        "  FAIL  a mock without a Payload\n          status: expected \"SUCCEEDED\", was \"FAILED\"\n",
        "note: mock 1 of \"Charge\": arn:aws:states:::lambda:invoke comes to an object with StatusCode (number)",
        "not 'paid'; what the function returns is its Payload\n",
        "4 scenarios, 3 failed\n",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }

    // What scenarios share is no scenario's own: they are run without it.
    let shared = files.write(
        "shared.test.yaml",
        "definition: m.asl.yaml\nmocks: {Chrage: [{result: {}}], Charge: [{result: {Payload: {paid: true}}}]}\nscenarios: [{name: one, input: {order: 1}}]\n",
    );
    let output = stepgate(&["test", &shared]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("  ok    one (0 s) → SUCCEEDED\n"), "{}", stdout(&output));
    assert!(
        stderr(&output).contains("shared.test.yaml: mocks: there is no state \"Chrage\""),
        "{}",
        stderr(&output)
    );
}

#[test]
fn mock_configurations_of_step_functions_local_are_run() {
    let files = Files::new("mock-config");
    let machine =
        files.write("m.asl.yaml", &CHARGE.replace("${Action}", "invoke").replace("${Function}", "f"));
    let config = json!({
        "StateMachines": {"Pay": {"TestCases": {
            "HappyPath": {"Charge": "Paid"}, "RetryPath": {"Charge": "BusyTwice"}, "Short": {"Charge": "Busy"}}}},
        "MockedResponses": {
            "Paid": {"0": {"Return": {"StatusCode": 200, "Payload": {"paid": true}}}},
            "Busy": {"0": {"Throw": {"Error": "Busy", "Cause": "wait"}}},
            "BusyTwice": {"0-1": {"Throw": {"Error": "Busy", "Cause": "wait"}},
                          "2": {"Return": {"StatusCode": 200, "Payload": {"paid": true}}}}}});
    let config = files.write("MockConfigFile.json", &config.to_string());
    let input = files.write("input.json", "{\"order\": 7}");

    let output = stepgate(&["test", &config, "--definition", &machine, "--input", &input]);
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{told}{}", stderr(&output));
    for said in [
        "  ok    Pay/HappyPath (0 s) → SUCCEEDED\n",
        "  ok    Pay/RetryPath (15 s) → SUCCEEDED\n",
        "  FAIL  Pay/Short\n          the Task state \"Charge\" was called 2 times and has 1 mocked responses\n",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let output = stepgate(&["test", &config]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("name the definition of \"Pay\": --definition FILE"),
        "{}",
        stderr(&output)
    );

    let scenarios = files.write(
        "m.test.yaml",
        "definition: m.asl.yaml\nmockConfig: MockConfigFile.json\nscenarios:\n  - {name: again, testCase: RetryPath, input: {order: 7}, expect: {seconds: 15, calls: {Charge: 3}}}\n",
    );
    let output = stepgate(&["test", &scenarios]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn replay_says_how_far_a_history_goes() {
    let files = Files::new("replay-end");
    let machine =
        files.write("m.json", r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#);
    let event = |id: u64, kind: &str, details: &str, more: Value| {
        json!({"id": id, "previousEventId": id.saturating_sub(1), "timestamp": "2026-09-21T14:13:39.5+02:00",
               "type": kind, details: more})
    };
    let events = [
        event(1, "ExecutionStarted", "executionStartedEventDetails", json!({"input": "{}"})),
        event(2, "PassStateEntered", "stateEnteredEventDetails", json!({"name": "P", "input": "{}"})),
        event(3, "PassStateExited", "stateExitedEventDetails", json!({"name": "P", "output": "{}"})),
        event(4, "ExecutionSucceeded", "executionSucceededEventDetails", json!({"output": "{}"})),
    ];
    let replay = |history: Value, more: &[&str]| {
        let history = files.write("h.json", &history.to_string());
        stepgate(&[&["replay", &machine, "--history", &history], more].concat())
    };
    let output = replay(json!({ "events": events }), &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).ends_with("h.json: the same, 4 events, SUCCEEDED\n"), "{}", stdout(&output));

    let cut = json!({"events": events[..2], "nextToken": "AAAA"});
    let output = replay(cut.clone(), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(!stdout(&output).contains("the same"), "{}", stdout(&output));
    assert!(stderr(&output).contains("h.json ends in the middle, after event 2"), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&replay(cut, &["--json"]).stdout).unwrap();
    assert_eq!((&report["partial"], &report["diverged"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(
        (&report["files"][0]["whole"], &report["files"][0]["recordedEnd"]),
        (&json!(false), &Value::Null)
    );
}
