//! Scenarios run with definitions and mocks.

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
    outcome_with(definition, &scenario, None)
}

fn outcome_with(
    definition: &str,
    scenario: &Value,
    test_cases: Option<&BTreeMap<String, MockEntries>>,
) -> Outcome {
    let program = compile(definition, StateMachineType::Standard).unwrap();
    let mocks = MockEntries::new();
    Scenario::run_value(scenario, &Shared { program: &program, mocks: &mocks, test_cases })
}

#[track_caller]
fn check(scenario: Value, failures: &[&str]) -> Covered {
    let outcome = outcome(scenario);
    assert_eq!(outcome.failures, failures);
    outcome.rehearsed.map(|rehearsed| rehearsed.covered).unwrap_or_default()
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
    assert_eq!(outcome.rehearsed.unwrap().covered.states.len(), 2);
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
fn mocks_that_make_no_sense_fail_their_scenario() {
    for (mocks, said) in [
        (json!({"pay": [{"result": 1}]}), r#"mocks: there is no state "pay"; did you mean "Pay"?"#),
        (json!({"Refund": [{"result": 1}]}), r#"mocks: there is no state "Refund""#),
        (json!({"Year": [{"result": 1}]}), r#"mocks: "Year" is no Task state"#),
        (json!({"Pay": [{"result": 1, "error": "E"}]}), "each answer has one of"),
        (json!({"Pay": [{}]}), "each answer has one of"),
        (json!({"Pay": [{"never": true, "afterSeconds": -1}]}), "each answer has one of"),
        (json!({"Pay": [{"results": 1}]}), "unknown field `results`"),
    ] {
        let outcome = outcome(json!({"name": "n", "mocks": mocks}));
        let [failure] = &*outcome.failures else { panic!("{:?}", outcome.failures) };
        assert!(failure.contains(said) && outcome.rehearsed.is_none(), "{failure}");
    }
    check(
        json!({"name": "n", "startTime": "today", "expect": {"calls": {"Pays": 1}}}),
        &[
            r#"expect.calls: there is no state "Pays"; did you mean "Pay"?"#,
            r#"startTime "today" is no RFC 3339 time"#,
        ],
    );
}

/// Two calls of a task: the first is tried again.
fn calls(expect: Value) -> Value {
    json!({"name": "n", "input": {"order": {"id": 7, "items": [1, 2]}}, "expect": {"calls": expect},
           "mocks": {"Pay": [{"error": "Busy"}, {"result": {"short": false}}]}})
}

#[test]
fn what_a_task_was_given_is_compared_call_by_call() {
    let whole = json!({"order": {"id": 7, "items": [1, 2]}});
    check(calls(json!({"Pay": 2})), &[]);
    check(calls(json!({"Pay": [{"input": whole}, {"inputIncludes": {"order": {"id": 7}}}]})), &[]);
    check(calls(json!({"Pay": [{}, {}]})), &[]);
    check(
        calls(json!({"Pay": [{"input": {"order": 7}}, {"inputIncludes": {"order": {"id": 8}}}, {}]})),
        &[
            r#"calls of "Pay": expected 3, were 2"#,
            r#"call 1 of "Pay": input: expected {"order":7}, was {"order":{"id":7,"items":[1,2]}}"#,
            r#"call 2 of "Pay": input.order.id: expected 8, was 7"#,
        ],
    );
    check(calls(json!({"Pay": 0})), &[r#"calls of "Pay": expected 0, were 2"#]);
}

#[test]
fn a_part_of_the_output_can_be_expected() {
    let scenario = |part: Value| {
        json!({"name": "n", "mocks": {"Pay": [{"result": {"short": false, "at": "now"}}]},
               "expect": {"outputIncludes": part}})
    };
    check(scenario(json!({"short": false})), &[]);
    check(scenario(json!({"short": true})), &["output.short: expected true, was false"]);
}

#[test]
fn mocks_that_are_not_what_the_integration_comes_to_are_explained() {
    let notes = |resource: &str, result: Value| {
        let definition = json!({"QueryLanguage": "JSONata", "StartAt": "T", "States": {
            "T": {"Type": "Task", "Resource": resource, "Arguments": "{% {} %}", "End": true}}});
        let scenario = json!({"name": "n", "mocks": {"T": [{"result": result}]}});
        let outcome = outcome_of(&definition.to_string(), scenario);
        assert_eq!(outcome.failures, Vec::<String>::new());
        outcome.notes
    };
    let lambda = "arn:aws:states:::lambda:invoke";
    for (resource, result, said) in [
        (
            lambda,
            json!({"paid": true}),
            "Payload (anything), ExecutedVersion (text), DurableExecutionArn (text), not 'paid'; what the function returns is its Payload",
        ),
        (
            lambda,
            json!([]),
            "mock 1 of \"T\": arn:aws:states:::lambda:invoke comes to an object with StatusCode (number)",
        ),
        (lambda, json!({"StatusCode": "200"}), ": Field 'StatusCode' must be a number"),
        (
            "arn:aws:states:::sqs:sendMessage",
            json!({"messageId": "1"}),
            "not 'messageId'; did you mean 'MessageId'?",
        ),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            json!({"Output": {}}),
            ": Required field 'ExecutionArn' is missing",
        ),
        ("arn:aws:states:::http:invoke", json!({"Body": 1}), "ResponseBody (anything)"),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:F",
            json!({"Payload": {}, "StatusCode": 200}),
            "a function's own ARN comes to what the function returns",
        ),
    ] {
        let notes = notes(resource, result);
        assert!(matches!(&*notes, [note] if note.contains(said)), "{notes:?}");
    }
    for (resource, result) in [
        (lambda, json!({"StatusCode": 200, "Payload": {"paid": true}, "SdkHttpMetadata": {}})),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", json!("anything")),
        ("arn:aws:states:us-east-1:123456789012:activity:A", json!(1)),
        ("arn:aws:lambda:us-east-1:123456789012:function:F", json!({"Payload": 1})),
    ] {
        assert_eq!(notes(resource, result), Vec::<String>::new(), "{resource}");
    }
}

#[test]
fn test_cases_answer_as_many_calls_as_they_have_responses() {
    let entries = |answers: Value| serde_json::from_value::<MockEntries>(json!({"Pay": answers})).unwrap();
    let cases = BTreeMap::from([
        ("Retry".to_owned(), entries(json!([{"error": "Busy"}, {"result": {}}]))),
        ("Short".to_owned(), entries(json!([{"error": "Busy"}]))),
    ]);
    let run = |scenario: Value| outcome_with(DEFINITION, &scenario, Some(&cases)).failures;
    assert_eq!(
        run(json!({"name": "n", "testCase": "Retry", "expect": {"calls": {"Pay": 2}}})),
        Vec::<String>::new()
    );
    assert_eq!(
        run(json!({"name": "n", "testCase": "Short"})),
        [r#"the Task state "Pay" was called 2 times and has 1 mocked responses"#]
    );
    assert_eq!(
        run(json!({"name": "n", "testCase": "Nope"})),
        [r#"testCase: there is no "Nope"; there are Retry, Short"#]
    );
    check(json!({"name": "n", "testCase": "Retry"}), &["testCase: the file names no mockConfig"]);
}
