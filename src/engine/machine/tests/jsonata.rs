//! States in JSONata, and variables of both languages.

use std::cell::Cell;

use serde_json::json;

use super::*;

#[track_caller]
fn ends(definition: &Value, input: &str, output: &str) {
    let mut drive = Drive::new(definition, input);
    drive.start();
    while drive.fire() {}
    assert_eq!(drive.ending().output.as_ref().map(Payload::text), Some(output), "{:?}", drive.ending());
}

/// The cause of an execution that failed with `States.QueryEvaluationError`, without its opening.
#[track_caller]
fn query_fault(definition: &Value, input: &str) -> String {
    let mut drive = Drive::new(definition, input);
    drive.start();
    let failure = drive.ending().failure.clone();
    assert_eq!(failure.error.as_deref(), Some("States.QueryEvaluationError"), "{failure:?}");
    let cause = failure.cause.unwrap();
    let opening = "An error occurred while executing the state 'S' (entered at the event id #2). ";
    cause.strip_prefix(opening).unwrap_or_else(|| panic!("{cause}")).to_owned()
}

/// A machine in JSONata of one state, `S`.
fn state(state: Value) -> Value {
    json!({"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state}})
}

#[test]
fn output_takes_the_place_of_the_input() {
    for (output, expect) in [
        (
            json!({"sum": "{% $sum($states.input.list) %}", "k": [true, " {% 1 %} "]}),
            r#"{"sum":6,"k":[true," {% 1 %} "]}"#,
        ),
        (json!("{% $states.context.Execution.Name %}"), r#""E""#),
        (json!("{% $states.context.State.Name %}"), r#""S""#),
        (json!("{% $states.context.Execution.Input.list[0] %}"), "1"),
        (json!(null), "null"),
        (json!("{% null %}"), "null"),
    ] {
        for kind in ["Pass", "Succeed", "Wait", "Choice"] {
            let definition = match kind {
                "Choice" => json!({"QueryLanguage": "JSONata", "StartAt": "S", "States": {
                    "S": {"Type": "Choice", "Output": output, "Choices": [{"Condition": false, "Next": "T"}], "Default": "T"},
                    "T": {"Type": "Succeed"}}}),
                "Wait" => state(
                    json!({"Type": kind, "Seconds": "{% $count($states.input.list) %}", "Output": output, "End": true}),
                ),
                "Pass" => state(json!({"Type": kind, "Output": output, "End": true})),
                _ => state(json!({"Type": kind, "Output": output})),
            };
            ends(&definition, r#"{"list": [1, 2, 3]}"#, expect);
        }
    }
}

#[test]
fn what_has_no_value_is_an_event_after_the_one_before_the_state() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "S"},
        "S": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"r": ["{% $nobody %}"]}, "End": true}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 PassStateEntered",
        "3<2 PassStateExited",
        "4<3 PassStateEntered",
        "5<3 EvaluationFailed",
        "6<5 ExecutionFailed",
    ]);
    let cause = "An error occurred while executing the state 'S' (entered at the event id #4). The JSONata expression '$nobody' specified for the field 'Output/r[0]' returned nothing (undefined).";
    let failure = Failure::new("States.QueryEvaluationError", cause);
    assert_eq!(drive.ending().failure, failure);
    let event = drive.journal.iter().filter_map(|entry| entry.event.as_ref()).find(|event| event.id == 5);
    let (location, state) = (Some("Output/r[0]".into()), "S".into());
    assert_eq!(event.unwrap().kind, EventKind::EvaluationFailed { failure, location, state });
}

#[test]
fn values_that_a_field_does_not_take_are_told() {
    let unexpected = |expression: &str, field: &str, expected: &str, was: &str| {
        format!(
            "The JSONata expression '{expression}' specified for the field '{field}' returned an unexpected result type. Expected '{expected}', but was {was}"
        )
    };
    for (definition, expect) in [
        (
            state(json!({"Type": "Wait", "Seconds": "{% 'x' %}", "End": true})),
            unexpected("'x'", "Seconds", "number", "'string' for value: \"x\""),
        ),
        (
            state(json!({"Type": "Wait", "Timestamp": "{% 1 %}", "End": true})),
            unexpected("1", "Timestamp", "string", "'number' for value: 1"),
        ),
        (
            state(json!({"Type": "Wait", "Timestamp": "{% '2016-12-05 21:29:29Z' %}", "End": true})),
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: 2016-12-05 21:29:29Z".to_owned(),
        ),
        (
            state(json!({"Type": "Fail", "Error": "{% {'a': 1} %}"})),
            unexpected("{'a': 1}", "Error", "string", "'object' for value: {\"a\":1}"),
        ),
        (
            state(json!({"Type": "Choice", "Choices": [
                {"Condition": false, "Next": "S"}, {"Condition": "{% 1 %}", "Next": "S"}], "Default": "S"}))
                .as_object()
                .map(|machine| {
                    let mut machine = machine.clone();
                    machine["States"]["S"]["Default"] = json!("T");
                    machine["States"]["T"] = json!({"Type": "Succeed"});
                    Value::Object(machine)
                })
                .unwrap(),
            unexpected("1", "Choices[1]/Condition", "boolean", "'number' for value: 1"),
        ),
        (
            state(json!({"Type": "Map", "Items": "{% null %}", "End": true,
                "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}})),
            unexpected("null", "Items", "array", "'null' for value: null"),
        ),
        (
            state(json!({"Type": "Map", "End": true,
                "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}})),
            "Map state input must be an array but was: {\"a\":1}".to_owned(),
        ),
        (
            state(json!({"Type": "Map", "Items": [1], "MaxConcurrency": "{% -1 %}", "End": true,
                "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}})),
            "MaxConcurrency cannot be negative.".to_owned(),
        ),
    ] {
        assert_eq!(query_fault(&definition, r#"{"a":1}"#), expect);
    }
}

#[test]
fn a_task_has_arguments_a_result_and_an_error() {
    let definition = state(json!({
        "Type": "Task", "Resource": ACTIVITY,
        "Arguments": {"n": "{% $states.input.n + $v %}", "try": "{% $states.context.State.RetryCount %}"},
        "TimeoutSeconds": "{% $states.input.n * 10 %}",
        "Assign": {"v": "{% $states.result.v %}"},
        "Output": {"in": "{% $states.input %}", "out": "{% $states.result %}", "old": "{% $v %}"},
        "Retry": [{"ErrorEquals": ["Again"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught",
            "Assign": {"why": "{% $states.errorOutput.Cause %}"},
            "Output": "{% $states.errorOutput.Error & $string($states.input.n) %}"}],
        "End": true}));
    let mut definition = definition;
    definition["StartAt"] = json!("First");
    definition["States"]["First"] = json!({"Type": "Pass", "Assign": {"v": 1}, "Next": "S"});
    definition["States"]["Caught"] =
        json!({"Type": "Pass", "Output": ["{% $states.input %}", "{% $why %}", "{% $v %}"], "End": true});

    let mut drive = Drive::new(&definition, r#"{"n":2}"#);
    drive.start();
    assert_eq!(drive.tasks[0].input.text(), r#"{"n":3,"try":0}"#);
    let due = drive.timers.values().next().copied();
    assert_eq!(due, Some(drive.now + Duration::from_secs(20)));
    drive.fail(0, "Again", "once");
    assert!(drive.fire());
    assert_eq!(drive.tasks[0].input.text(), r#"{"n":3,"try":1}"#);
    drive.succeed(0, r#"{"v":9}"#);
    assert_eq!(drive.output(), r#"{"in":{"n":2},"out":{"v":9},"old":1}"#);

    let mut drive = Drive::new(&definition, r#"{"n":2}"#);
    drive.start();
    drive.fail(0, "Other", "because");
    assert_eq!(drive.output(), r#"["Other2","because",1]"#);

    // A result that Output can't be made of is an error of the state, which may catch it.
    let mut drive = Drive::new(&definition, r#"{"n":2}"#);
    drive.start();
    drive.succeed(0, "{}");
    let history = drive.history();
    assert_eq!(
        history[4..],
        [
            "5<4 ActivityScheduled",
            "6<5 ActivitySucceeded",
            "7<6 EvaluationFailed",
            "8<7 TaskStateExited",
            "9<8 PassStateEntered",
            "10<9 PassStateExited",
            "11<10 ExecutionSucceeded",
        ]
    );
    assert!(
        drive.output().starts_with(r#"["States.QueryEvaluationError2","An error occurred"#),
        "{}",
        drive.output()
    );
}

#[test]
fn arguments_that_fail_are_retried_where_retry_says_so() {
    let mut definition = state(json!({
        "Type": "Task", "Resource": ACTIVITY, "Arguments": "{% $nobody %}",
        "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "T"}], "End": true}));
    definition["States"]["T"] = json!({"Type": "Succeed", "Output": "caught"});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    while drive.fire() {}
    drive.expect(&[
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<0 EvaluationFailed",
        "4<3 EvaluationFailed",
        "5<4 TaskStateExited",
        "6<5 SucceedStateEntered",
        "7<6 SucceedStateExited",
        "8<7 ExecutionSucceeded",
    ]);
    assert_eq!(drive.output(), r#""caught""#);
}

#[test]
fn what_goes_wrong_in_a_catcher_is_not_caught_again() {
    let definition = state(json!({
        "Type": "Task", "Resource": ACTIVITY,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T", "Output": "{% $nobody %}"}], "End": true}));
    let mut definition = definition;
    definition["States"]["T"] = json!({"Type": "Succeed"});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    drive.fail(0, "E", "c");
    assert_eq!(drive.history()[3..], ["4<3 ActivityFailed", "5<4 EvaluationFailed", "6<5 ExecutionFailed"]);
    let cause = drive.ending().failure.cause.clone().unwrap();
    assert!(cause.contains("specified for the field 'Catch[0]/Output' returned nothing"), "{cause}");
}

#[test]
fn a_group_whose_catcher_goes_wrong_fails_twice() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "P", "States": {
        "P": {"Type": "Parallel", "End": true,
            "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Fail", "Error": "E", "Cause": "c"}}}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T", "Output": {"v": "{% $states.input.missing %}"}}]},
        "T": {"Type": "Succeed"}}});
    let mut drive = Drive::new(&definition, "{}");
    drive.start();
    assert_eq!(
        drive.history()[3..],
        [
            "4<3 FailStateEntered",
            "5<4 ParallelStateFailed",
            "6<4 EvaluationFailed",
            "7<6 ParallelStateFailed",
            "8<7 ExecutionFailed",
        ]
    );
}

#[test]
fn items_are_computed_once() {
    // Later iterations, and `$states.context`, see what the first ones saw.
    let definition = state(json!({
        "Type": "Map", "Items": ["{% $random() %}", "{% $uuid() %}", 3], "MaxConcurrency": 1, "End": true,
        "ItemSelector": {"value": "{% $states.context.Map.Item.Value %}", "index": "{% $states.context.Map.Item.Index %}"},
        "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Output":
            ["{% $states.input.value = $states.context.Map.Item.Value %}", "{% $states.input.index %}"]}}}}));
    ends(&definition, "{}", "[[true,0],[true,1],[true,2]]");
}

#[test]
fn branches_and_iterations_see_the_variables_around_them() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"a": 1, "b": "{% $states.input %}"}, "Next": "Both"},
        "Both": {"Type": "Parallel", "Arguments": "{% $a + 1 %}", "Next": "Each",
            "Assign": {"a": "{% $states.result[0] %}"}, "Output": "{% [$states.result[0], $a] %}",
            "Branches": [
                {"StartAt": "X", "States": {
                    "X": {"Type": "Pass", "Assign": {"x": "{% $states.input + $a %}"}, "Next": "X2"},
                    "X2": {"Type": "Pass", "Output": "{% $x + $b %}", "End": true}}},
                {"StartAt": "Y", "States": {"Y": {"Type": "Pass", "Assign": {"y": 5}, "Next": "Y2"},
                    "Y2": {"Type": "Pass", "Output": "{% $exists($x) %}", "End": true}}}]},
        "Each": {"Type": "Map", "Items": "{% [$a, $states.input[1]] %}", "Next": "Last",
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% $states.input * $a %}", "End": true}}}},
        "Last": {"Type": "Succeed", "Output": {"items": "{% $states.input %}", "a": "{% $a %}", "gone": "{% $exists($x) or $exists($y) %}"}}}});
    ends(&definition, "10", r#"{"items":[169,13],"a":13,"gone":false}"#);
}

#[test]
fn a_state_sees_variables_as_they_were_when_it_was_entered() {
    let swap = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Output": "{% [$x, $y] %}", "Next": "C"},
        "C": {"Type": "Succeed", "Output": "{% [$states.input, $x, $y] %}"}}});
    ends(&swap, "{}", "[1,2,2,1]");
}

#[test]
fn the_languages_share_their_variables() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x.$": "$.n", "o": {"deep": ["$.n"]}}, "Next": "B"},
        "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"y": "{% $x + 1 %}"}, "Output": "{% $o.deep %}", "Next": "C"},
        "C": {"Type": "Pass", "Parameters": {"y.$": "$y", "in.$": "$"}, "End": true}}});
    ends(&definition, r#"{"n": 41}"#, r#"{"y":42,"in":["$.n"]}"#);
}

#[test]
fn the_rule_that_holds_has_its_own_output_and_assignments() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "C", "States": {
        "C": {"Type": "Choice", "Default": "T", "Output": "default", "Assign": {"who": "default"}, "Choices": [
            {"Condition": "{% $states.input.n = 1 %}", "Next": "T", "Output": "{% $states.input.n %}", "Assign": {"who": "rule"}},
            {"Condition": "{% $states.input.n = 2 %}", "Next": "T"}]},
        "T": {"Type": "Succeed", "Output": ["{% $states.input %}", "{% $exists($who) ? $who : 'nobody' %}"]}}});
    ends(&definition, r#"{"n":1}"#, r#"[1,"rule"]"#);
    ends(&definition, r#"{"n":2}"#, r#"[{"n":2},"nobody"]"#);
    ends(&definition, r#"{"n":3}"#, r#"["default","default"]"#);
}

#[test]
fn variables_have_limits() {
    let assign = |length: usize| {
        state(json!({"Type": "Pass", "End": true, "Output": 1,
            "Assign": {"a": format!("{{% $pad('', {length}, 'x') %}}")}}))
    };
    // Two quotes are part of a text.
    ends(&assign(PAYLOAD_BYTES_MAX - 2), "{}", "1");
    let mut drive = Drive::new(&assign(PAYLOAD_BYTES_MAX - 1), "{}");
    drive.start();
    assert_eq!(drive.ending().failure.error.as_deref(), Some("States.DataLimitExceeded"));
}

#[test]
fn what_an_expression_makes_is_bounded_wherever_it_goes() {
    let long = "{% $pad('', 300000, 'x') %}";
    let items = "{% [1..40].($pad('', 300000, 'x')) %}";
    let map = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    for body in [
        json!({"Type": "Fail", "Error": long}),
        json!({"Type": "Fail", "Cause": long}),
        json!({"Type": "Pass", "Output": long, "End": true}),
        json!({"Type": "Task", "Resource": ACTIVITY, "Arguments": long, "End": true}),
        json!({"Type": "Parallel", "Arguments": long, "Branches": [map], "End": true}),
        json!({"Type": "Map", "Items": items, "ItemSelector": 1, "ItemProcessor": map, "End": true}),
        json!({"Type": "Map", "Items": [1], "ItemSelector": long, "ItemProcessor": map, "End": true}),
    ] {
        let mut drive = Drive::new(&state(body.clone()), "{}");
        drive.start();
        let failure = &drive.ending().failure;
        assert_eq!(failure.error.as_deref(), Some("States.DataLimitExceeded"), "{body}");
    }
    // A value that a cause shows is cut.
    let cause = query_fault(&state(json!({"Type": "Wait", "Seconds": long, "End": true})), "{}");
    assert_eq!(cause.chars().count(), 32_000);
}

#[test]
fn expressions_of_a_step_share_its_time() {
    let definition = state(json!({"Type": "Pass", "Output": "{% 1 %}", "End": true}));
    let program = asl::compile(&definition.to_string(), asl::StateMachineType::Standard).unwrap();
    let elapsed = Cell::new(Duration::ZERO);
    let run = |limits: Limits| {
        let mut drive = Drive::new(&definition, "{}");
        let ids: Arc<dyn crate::clock::Ids> = Arc::new(SeededIds::new(1));
        let env = Env {
            now: drive.now,
            elapsed: &|| elapsed.get(),
            ids: &ids,
            token_prefix: "",
            activity_exists: &|_| true,
            refuse_arguments: &|_, _| None,
            limits,
            is_deleting: false,
            map_refused: None,
            trial: None,
        };
        let step = step(&program, &mut drive.execution, Input::Start, &env);
        (drive.execution, step)
    };
    let (execution, _) = run(Limits::STANDARD);
    assert_eq!(
        execution.ending().unwrap().status,
        super::super::super::execution::ExecutionStatus::Succeeded
    );
    // A step that is late lets the next state have one of its own.
    elapsed.set(Limits::STANDARD.step_time_max);
    let (execution, step) = run(Limits::STANDARD);
    assert!(execution.ending().is_none());
    assert!(
        step.effects
            .iter()
            .any(|effect| matches!(effect, Effect::ArmTimer { key, .. } if key.kind == TimerKind::Resume))
    );
}
