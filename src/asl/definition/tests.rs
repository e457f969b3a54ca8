//! Whole definitions: which are good, and what is said of the others.

mod arbitrary;
mod distributed;
mod published;
mod states;
mod stored;

use super::super::program::{StateKind, Transition};
use super::super::state::{InputType, ItemSource, OutputType, Pattern, Resource, Transformation};
use super::*;

const END: &str = r#""End": true"#;
const LAMBDA: &str = r#""Resource": "arn:aws:lambda:us-east-1:123456789012:function:F""#;

fn machine(states: &str) -> String {
    format!(r#"{{"StartAt": "S", "States": {{{states}}}}}"#)
}

/// A machine of one state, `S`.
fn state(body: &str) -> String {
    machine(&format!(r#""S": {{{body}}}"#))
}

#[track_caller]
fn check_as(kind: StateMachineType, definition: &str, expect: &str) {
    let found = match compile(definition, kind) {
        Ok(_) => String::new(),
        Err(diagnostics) => diagnostics.to_string(),
    };
    assert_eq!(found, expect, "{definition}");
}

#[track_caller]
fn check(definition: &str, expect: &str) {
    check_as(StateMachineType::Standard, definition, expect);
}

/// `expect` leaves out the code.
#[track_caller]
fn check_schema(definition: &str, expect: &str) {
    check(definition, &format!("SCHEMA_VALIDATION_FAILED: {expect}"));
}

#[track_caller]
fn good(definition: &str) -> Program {
    match compile(definition, StateMachineType::Standard) {
        Ok(program) => program,
        Err(diagnostics) => panic!("{definition}: {diagnostics}"),
    }
}

#[test]
fn what_is_no_json_object_is_refused_in_the_parsers_words() {
    let no_object = "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null";
    for text in ["", "  ", "[]", "1", "null", "\"{}\""] {
        check(text, no_object);
    }
    let place = "[Source: (String)\"not a definition\"; line: 1, column: 4]";
    let said = format!(
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at {place}"
    );
    let found = validate("not a definition", StateMachineType::Standard);
    let expect = Diagnostic {
        code: Code::InvalidJsonDescription,
        message: said,
        location: Some(place.to_owned()),
        subject: None,
    };
    assert_eq!(found, [expect]);
}

#[test]
fn definitions_have_a_limit() {
    let long = format!("{{\"Comment\": \"{}\"}}", "é".repeat(DEFINITION_CHARS_MAX));
    check_schema(&long, "Definition must have length less than or equal to 1048576 at null");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(compile(&deep, StateMachineType::Standard).is_err());
}

#[test]
fn missing_fields_are_told_together() {
    check_schema("{}", "These fields are required: [States, StartAt] at /");
    check_schema(
        r#"{"States": {"S": {"Type": "Pass", "End": true}}}"#,
        "These fields are required: [StartAt] at /",
    );
    check_schema(r#"{"StartAt": "S"}"#, "These fields are required: [States] at /");
    check_schema(
        r#"{"Fn::Sub": "S"}"#,
        "These fields are required: [States, StartAt] at /, SCHEMA_VALIDATION_FAILED: Field 'Fn::Sub' is not supported at /",
    );
    check_schema(r#"{"StartAt": "S", "States": {}}"#, "Value cannot be empty at /States");
    check_schema(r#"{"StartAt": "S", "States": []}"#, "Expected value of type Object at /States");
    check_schema(&state(""), "These fields are required: [Type] at /States/S");
    check_schema(
        &state(r#""Type": "Task", "End": true"#),
        "These fields are required: [Resource] at /States/S",
    );
    check_schema(&state(r#""Type": "Choice""#), "These fields are required: [Choices] at /States/S");
}

#[test]
fn types_of_states_are_told() {
    check_schema(
        &state(r#""Type": "pass", "End": true"#),
        "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/S/Type",
    );
    check_schema(&state(r#""Type": 1"#), "Expected value of type String at /States/S/Type");
    check_schema(&machine(r#""S": "Pass""#), "Expected value of type Object at /States/S");
    check_schema(
        &state(r#""Type": "Pass", "End": true, "Comment": 1"#),
        "Expected value of type String at /States/S/Comment",
    );
}

#[test]
fn fields_belong_to_types() {
    for (kind, field) in [
        ("Pass", "Retry"),
        ("Pass", "TimeoutSeconds"),
        ("Wait", "Catch"),
        ("Wait", "ResultPath"),
        ("Succeed", "Next"),
        ("Fail", "InputPath"),
        ("Fail", "Output"),
        ("Choice", "End"),
        ("Choice", "Parameters"),
        ("Task", "Branches"),
        ("Task", "coment"),
    ] {
        let definition = state(&format!(r#""Type": "{kind}", "{field}": null"#));
        let said = validate(&definition, StateMachineType::Standard);
        let expect = format!("Field '{field}' is not supported");
        assert!(
            said.iter().any(|d| d.message == expect && d.location.as_deref() == Some("/States/S")),
            "{said:?}"
        );
    }
    check_schema(
        r#"{"StartAt": "S", "states": {}, "States": {"S": {"Type": "Succeed"}}}"#,
        "Field 'states' is not supported at /",
    );
}

#[test]
fn fields_belong_to_query_languages() {
    check_schema(
        &state(r#""Type": "Pass", "End": true, "Output": {}"#),
        "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S",
    );
    check_schema(
        &state(
            r#""Type": "Pass", "QueryLanguage": "JSONata", "End": true, "InputPath": "$"}"#
                .trim_end_matches('}'),
        ),
        "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/S",
    );
    check_schema(
        r#"{"StartAt": "Pass", "QueryLanguage": "JSONata",
            "States": {"Pass": {"Type": "Pass", "End": true, "QueryLanguage": "JSONPath"}}}"#,
        "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/Pass",
    );
    check_schema(
        &state(r#""Type": "Succeed", "QueryLanguage": "jsonata""#),
        "Value should be one of the following: [JSONPath, JSONata] at /States/S/QueryLanguage",
    );
    check_schema(
        &state(r#""Type": "Succeed", "QueryLanguage": 1"#),
        "Expected value of type [STRING] at /States/S/QueryLanguage",
    );
}

/// A machine in JSONata of one state, `S`, beside the end `T`.
fn jsonata(body: &str) -> String {
    format!(
        r#"{{"QueryLanguage": "JSONata", "StartAt": "S", "States": {{"S": {{{body}}}, "T": {{"Type": "Succeed"}}}}}}"#
    )
}

#[test]
fn every_field_of_a_state_in_jsonata_may_hold_an_expression() {
    for body in [
        r#""Type": "Pass", "Next": "T", "Output": "{% $states.input %}", "Assign": {"v": "{% $states.context %}"}"#,
        r#""Type": "Wait", "Next": "T", "Seconds": "{% $v %}""#,
        r#""Type": "Wait", "Next": "T", "Timestamp": "{% $v %}""#,
        r#""Type": "Wait", "Next": "T", "Timestamp": "2016-03-14T01:59:00Z""#,
        r#""Type": "Choice", "Default": "T", "Choices": [{"Condition": true, "Next": "T"},
            {"Condition": "{% $states.input.a %}", "Next": "T", "Output": {"a": ["{% $v %}"]}, "Assign": {"v": 1}, "Comment": "c"}]"#,
        r#""Type": "Task", "Next": "T", "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": {"QueueUrl": "{% $v %}", "MessageBody": "x"},
            "TimeoutSeconds": "{% 5 %}", "HeartbeatSeconds": "{% 1 %}", "Credentials": {"RoleArn": "{% $v %}"},
            "Output": "{% $states.result %}", "Assign": {"v": "{% $states.result.a %}"},
            "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T", "Output": "{% $states.errorOutput %}", "Assign": {"v": "{% $states.errorOutput.Cause %}"}}]"#,
        r#""Type": "Parallel", "Next": "T", "Arguments": "{% $v %}", "Output": "{% $states.result[0] %}",
            "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Fail", "Error": "{% $v %}", "Cause": "{% $states.input %}"}}}]"#,
        r#""Type": "Map", "Next": "T", "Items": [1, "{% $v %}"], "MaxConcurrency": "{% 1 %}", "ToleratedFailureCount": "{% 1 %}",
            "ToleratedFailurePercentage": "{% 1 %}", "ItemSelector": {"a": "{% $states.context.Map.Item.Value %}"},
            "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Output": "{% $v %}"}}}"#,
        r#""Type": "Map", "Next": "T", "ItemBatcher": {"MaxItemsPerBatch": "{% 2 %}", "MaxInputBytesPerBatch": "{% 9 %}", "BatchInput": "{% $v %}"},
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Bucket": "{% $v %}", "Key": "k"}, "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% 3 %}"}},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Output": "{% $own %}"}}}"#,
    ] {
        good(&jsonata(body));
    }
    good(&state(r#""Type": "Succeed", "QueryLanguage": "JSONata", "Output": "{% 1 %}""#));
}

#[test]
fn fields_of_the_other_language_are_refused_where_they_stand() {
    let only = |field: &str, at: &str| {
        format!(
            "The QueryLanguage is set to 'JSONata', but field '{field}' is only supported for the 'JSONPath' QueryLanguage at /States/S{at}"
        )
    };
    for (body, expect) in [
        (
            r#""Type": "Choice", "Default": "T", "Choices": [{"Variable": "$.a", "IsNull": true, "Condition": true, "Next": "T"}]"#,
            format!(
                "{}, SCHEMA_VALIDATION_FAILED: {}",
                only("Variable", "/Choices[0]"),
                only("IsNull", "/Choices[0]")
            ),
        ),
        (
            r#""Type": "Choice", "Default": "T", "Choices": [{"Next": "T"}]"#,
            "These fields are required: [Condition] at /States/S/Choices[0]".to_owned(),
        ),
        (
            r#""Type": "Choice", "Default": "T", "Choices": [{"Condition": "true", "Next": "T"}]"#,
            "Expected value of type Boolean at /States/S/Choices[0]/Condition".to_owned(),
        ),
        (
            r#""Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues", "Next": "T", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T", "ResultPath": "$.e"}]"#,
            only("ResultPath", "/Catch[0]"),
        ),
        (
            r#""Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues", "Next": "T", "Credentials": {"RoleArn": "r", "RoleArn.$": "$.r"}"#,
            only("RoleArn.$", "/Credentials"),
        ),
        (
            r#""Type": "Map", "Next": "T", "ItemBatcher": {"MaxItemsPerBatch": 1, "MaxInputBytesPerBatchPath": "$.n"},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#,
            only("MaxInputBytesPerBatchPath", "/ItemBatcher"),
        ),
        (
            r#""Type": "Map", "Next": "T", "Items": 5, "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#,
            "Expected value of type Array at /States/S/Items".to_owned(),
        ),
        (
            r#""Type": "Wait", "Next": "T", "Seconds": " {% 1 %}""#,
            "Expected value of type Integer at /States/S/Seconds".to_owned(),
        ),
        (
            r#""Type": "Wait", "Next": "T", "Timestamp": "soon""#,
            "String does not match RFC3339 timestamp at /States/S/Timestamp".to_owned(),
        ),
        (
            r#""Type": "Pass", "Next": "T", "Output": ["{%"]"#,
            "JSONata string must start with {% and end with %} at /States/S/Output[0]".to_owned(),
        ),
    ] {
        check_schema(&jsonata(body), &expect);
    }
}

#[test]
fn expressions_are_checked_with_the_definition() {
    let unsupported = "UNSUPPORTED_JSONATA_EXPRESSION: Reference to";
    for (body, expect) in [
        (
            r#""Type": "Pass", "Next": "T", "Assign": {"states": 1, "a.$": 2}"#,
            "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/S/Assign, INVALID_VARIABLE_NAME: Invalid variable name 'a.$': the variable name contains invalid characters. at /States/S/Assign".to_owned(),
        ),
        (
            r#""Type": "Pass", "Next": "T", "Output": {"v": ["{% phone & phone & name %}"]}"#,
            format!(
                "{unsupported} 'phone' at the top level is not supported. at /States/S/Output/v[0], {unsupported} 'name' at the top level is not supported. at /States/S/Output/v[0]"
            ),
        ),
        (
            r#""Type": "Pass", "Next": "T", "Output": "{% [1, 2 %}", "Assign": {"x": "{% 'a %}"}"#,
            "INVALID_JSONATA_EXPRESSION: Expected \"]\" before end of expression at /States/S/Output, INVALID_JSONATA_EXPRESSION: String literal must be terminated by a matching quote at /States/S/Assign/x".to_owned(),
        ),
        (
            r#""Type": "Choice", "Default": "T", "Choices": [{"Condition": "{% ) %}", "Next": "T"}]"#,
            "INVALID_JSONATA_EXPRESSION: The symbol \")\" cannot be used as a unary operator at /States/S/Choices[0]/Condition".to_owned(),
        ),
        (
            r#""Type": "Pass", "Next": "T", "Output": "{% $states.errorOutput %}""#,
            format!("{unsupported} '$states.errorOutput' is not supported in this field. at /States/S/Output"),
        ),
        (
            r#""Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "T", "Arguments": "{% $states.result %}""#,
            format!("{unsupported} '$states.result' is not supported in this field. at /States/S/Arguments"),
        ),
    ] {
        check(&jsonata(body), &expect);
    }
}

#[test]
fn states_inside_a_state_have_the_machines_language() {
    // A Map's own language says nothing of the states inside it.
    let map = |inner: &str| {
        state(&format!(
            r#""Type": "Map", "QueryLanguage": "JSONata", {END}, "ItemProcessor": {{"StartAt": "P", "States": {{"P": {{"Type": "Pass", {END}, {inner}}}}}}}"#
        ))
    };
    good(&map(r#""Parameters": {"a.$": "$.a"}"#));
    good(&map(r#""QueryLanguage": "JSONata", "Output": "{% 1 %}""#));
    check_schema(
        &map(r#""Output": "{% 1 %}""#),
        "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S/ItemProcessor/States/P",
    );
    let definition = jsonata(
        r#""Type": "Map", "Next": "T", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Output": "{% 1 %}"}}}"#,
    );
    let program = good(&definition);
    let StateKind::Map(map) = &program[program.start_at].kind else { panic!("no Map") };
    let processor = &map.distributed.as_ref().unwrap().processor;
    assert!(compile(&processor.definition, StateMachineType::Standard).unwrap().has_jsonata());
}

#[test]
fn variables_are_told_of_each_state() {
    let definition = jsonata(
        r#""Type": "Map", "Next": "T", "Items": "{% $a %}", "ItemSelector": {"x": "{% $b + $map($c, function($d){ $d }) %}"},
            "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Output": ["{% $e %}", "$literal"]}}}"#,
    );
    let program = good(&definition);
    let references: Vec<(&str, Vec<&str>)> = program
        .variable_references()
        .map(|(state, names)| (state, names.iter().map(|name| &**name).collect()))
        .collect();
    assert_eq!(references, [("S", vec!["a", "b", "c"]), ("P", vec!["e"])]);
}

#[test]
fn dangling_transitions_are_all_called_next() {
    let missing = |at: &str| format!("MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at {at}");
    check(r#"{"StartAt": "NOPE", "States": {"S": {"Type": "Succeed"}}}"#, &missing("/StartAt"));
    let choice = r#""S": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "A"}], "Default": "B"},
                    "T": {"Type": "Succeed"}"#;
    check(
        &machine(choice).replace("\"A\"", "\"NOPE\"").replace("\"B\"", "\"T\""),
        &missing("/States/S/Choices[0]/Next"),
    );
    check(
        &machine(choice).replace("\"A\"", "\"T\"").replace("\"B\"", "\"NOPE\""),
        &missing("/States/S/Default"),
    );
    let catch = format!(
        r#""Type": "Task", {LAMBDA}, {END}, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "NOPE"}}]"#
    );
    check(&state(&catch), &missing("/States/S/Catch[0]/Next"));
}

#[test]
fn every_state_must_be_on_the_way_and_the_way_must_end() {
    check(
        r#"{"StartAt": "pass1", "States": {
            "pass1": {"Type": "Pass", "Next": "pass3"},
            "pass2": {"Type": "Pass", "End": true}}}"#,
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at /States/pass1/Next, MISSING_TRANSITION_TARGET: State \"pass2\" is not reachable. at /States/pass2",
    );
    check(
        &machine(
            r#""S": {"Type": "Pass", "Next": "T"}, "T": {"Type": "Pass", "Next": "S"}, "U": {"Type": "Pass", "Next": "S"}"#,
        ),
        "MISSING_END_STATE: Workflow has no terminal state at null",
    );
    check(
        &state(r#""Type": "Pass", "Next": "NOPE""#),
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/S/Next, MISSING_END_STATE: Workflow has no terminal state at null",
    );
    check(
        &state(&format!(
            r#""Type": "Parallel", {END}, "Branches": [{{"StartAt": "A", "States": {{"A": {{"Type": "Pass", {END}}}, "B": {{"Type": "Fail"}}}}}}]"#
        )),
        "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/S/Branches[0]/States/B",
    );
}

#[test]
fn transitions_cannot_leave_a_branch() {
    check(
        &machine(&format!(
            r#""S": {{"Type": "Parallel", "Next": "Out", "Branches": [{{"StartAt": "A", "States":
               {{"A": {{"Type": "Choice", "Choices": [{{"Variable": "$.a", "IsNull": true, "Next": "Out"}}], "Default": "B"}},
                 "B": {{"Type": "Pass", {END}}}}}}}]}},
               "Out": {{"Type": "Succeed"}}"#
        )),
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Out at /States/S/Branches[0]/States/A/Choices[0]/Next",
    );
}

#[test]
fn names_of_states_are_unique_over_the_machine() {
    check(
        &state(&format!(
            r#""Type": "Parallel", {END}, "Branches": [{{"StartAt": "S", "States": {{"S": {{"Type": "Pass", {END}}}}}}}]"#
        )),
        "DUPLICATE_STATE_NAME: Duplicate State name: S at /States/S/Branches[0]/States/S",
    );
    let long = "é".repeat(81);
    check(
        &state(r#""Type": "Succeed""#).replace("\"S\"", &format!("\"{long}\"")),
        &format!(
            "INVALID_STATE_NAME: Invalid State name: {long} exceeds the 80-character limit allowed by the service at /States/{long}"
        ),
    );
}

#[test]
fn next_and_end_exclude_each_other() {
    let none = "This object should have only one of the following fields: [Next, End] at /States/S";
    check_schema(&state(r#""Type": "Pass""#), none);
    check_schema(&state(r#""Type": "Pass", "End": false"#), none);
    check_schema(
        &state(r#""Type": "Pass", "End": "yes""#),
        "Expected value of type Boolean at /States/S/End",
    );
    check_schema(
        &state(r#""Type": "Pass", "Next": "S", "End": true"#),
        "There should only be one of the following fields: [Next, End] at /States/S",
    );
}

#[test]
fn nesting_has_a_limit() {
    let nested = |levels: usize| {
        let mut inner = format!(r#"{{"Type": "Pass", {END}}}"#);
        for level in 0..levels {
            inner = format!(
                r#"{{"Type": "Map", {END}, "Iterator": {{"StartAt": "L{level}", "States": {{"L{level}": {inner}}}}}}}"#
            );
        }
        compile(&machine(&format!(r#""S": {inner}"#)), StateMachineType::Standard)
    };
    assert!(nested(32).is_ok());
    let found = nested(33).unwrap_err();
    assert_eq!(found.0.len(), 1, "{found}");
    assert_eq!(found.0[0].code, Code::TooDeeplyNested);
}

#[test]
fn several_problems_are_told_at_once() {
    check(
        &machine(r#""S": {"Type": "Wait", "Seconds": -1, "Next": "T"}, "T": {"Type": "Nap"}"#),
        "SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/Seconds, SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/T/Type",
    );
}

#[test]
fn warnings_leave_a_definition_good() {
    let definition = machine(
        r#""S": {"Type": "Pass", "Parameters": {"a": "$.x", "b": "States.UUID()", "c": "$5"}, "Next": "T"},
           "T": {"Type": "Pass", "Result": {"d": ["$.x"]}, "Next": "F"},
           "F": {"Type": "Fail", "Cause": "$.x"}"#,
    );
    let found: Vec<_> = validate(&definition, StateMachineType::Standard)
        .into_iter()
        .map(|d| (d.severity(), d.code.as_str(), d.location.unwrap_or_default()))
        .collect();
    assert_eq!(
        found,
        [
            (Severity::Warning, "NO_DOLLAR", "/States/S/Parameters/a".to_owned()),
            (Severity::Warning, "NO_DOLLAR", "/States/S/Parameters/b".to_owned()),
            (Severity::Warning, "PASS_RESULT_IS_STATIC", "/States/T/Result/d[0]".to_owned()),
            (Severity::Warning, "NO_PATH", "/States/F/Cause".to_owned()),
        ]
    );
    good(&definition);
}

#[test]
fn a_program_is_what_the_definition_says() {
    let program = good(
        r#"{"Comment": "c", "StartAt": "Work", "TimeoutSeconds": 60, "Version": "1.0", "States": {
            "Done": {"Type": "Succeed"},
            "Work": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Next": "Each",
                     "Parameters": {"StateMachineArn": "m", "Input": {"a.$": "$user.name", "b.$": "States.Format('$no {}', $answer)"}},
                     "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done", "ResultPath": "$.error"}]},
            "Each": {"Type": "Map", "ItemsPath": "$items", "Next": "Done", "ItemProcessor": {
                     "StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": true, "InputPath": "$inner"}}}}
        }}"#,
    );
    assert_eq!((program.comment.as_deref(), program.timeout_seconds), (Some("c"), Some(60)));
    assert_eq!(Some(program.start_at), program.find("Work"));
    let StateKind::Task(task) = &program[program.start_at].kind else { panic!("Work is a Task") };
    let Resource::Integration(integration) = &task.resource else { panic!("it calls a service") };
    assert_eq!((integration.service.as_str(), integration.action.as_str()), ("states", "startExecution"));
    assert_eq!(integration.pattern, Pattern::Sync2);
    assert_eq!(task.next, Transition::Next(program.find("Each").unwrap()));
    assert_eq!(Some(task.catch[0].next), program.find("Done"));
    let StateKind::Map(map) = &program[program.find("Each").unwrap()].kind else { panic!("Each is a Map") };
    assert_eq!(&*program[map.processor].name, "Inner");
    let variables: Vec<_> =
        program.variable_references().map(|(name, names)| (name, names.join(","))).collect();
    let expect = [("Work", "answer,user"), ("Each", "items"), ("Inner", "inner")];
    assert_eq!(variables, expect.map(|(name, names)| (name, names.to_owned())));
    assert_eq!(program.find("Nobody"), None);
}

#[test]
fn a_single_state_is_compiled_with_its_targets_standing_in() {
    let text = r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "Null"}], "Default": "StateName"}"#;
    let program = compile_state(text, StateMachineType::Standard).unwrap();
    assert_eq!(program.find("StateName"), Some(program.start_at));
    assert!(matches!(program[program.find("Null").unwrap()].kind, StateKind::Succeed(_)));
    let said = |text: &str| compile_state(text, StateMachineType::Standard).unwrap_err().to_string();
    assert_eq!(
        said(r#"{"Type": "Parallel", "Branches": [], "End": true}"#),
        "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches"
    );
    assert_eq!(said("[]"), "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null");
}

#[test]
fn long_keys_do_not_multiply() {
    let key = "k".repeat(200_000);
    let children: Vec<String> = (0..20_000).map(|n| format!(r#""{n}.$": 1"#)).collect();
    let definition =
        state(&format!(r#""Type": "Pass", {END}, "Parameters": {{"{key}": {{{}}}}}"#, children.join(",")));
    let said = compile(&definition, StateMachineType::Standard).unwrap_err().to_string();
    assert!(said.len() < 10_000_000, "{}", said.len());
}
