//! The fields of each type of state: which values they take, and what is said of the others.

use super::super::StateMachineType;
use super::{END, LAMBDA, check, check_as, check_schema, machine, state};

const RFC3339: &str =
    "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Timestamp";

#[test]
fn waits_say_how_long_in_one_way() {
    for bad in [
        "2016-12-05 21:29:29Z",
        "2016-12-05T25:29:29Z",
        "05-12-2016T21:29:29Z",
        "2016-12-05T21:29:29",
        "{% '2016-03-14T01:59:00Z' %}",
    ] {
        check(&state(&format!(r#""Type": "Wait", {END}, "Timestamp": "{bad}""#)), RFC3339);
    }
    let wait = |field: &str| state(&format!(r#""Type": "Wait", {END}, {field}"#));
    check(&wait(r#""Timestamp": "2016-03-14T01:59:00.123456789+01:00""#), "");
    check(&wait(r#""Seconds": 0"#), "");
    check_schema(&wait(r#""Seconds": -1"#), "Minimum value is 0 at /States/S/Seconds");
    check_schema(&wait(r#""Seconds": 100000000"#), "Maximum value is 99999999 at /States/S/Seconds");
    check_schema(&wait(r#""Seconds": 1.5"#), "Expected value of type Integer at /States/S/Seconds");
    check_schema(&wait(r#""Seconds": "1""#), "Expected value of type Integer at /States/S/Seconds");
    check_schema(&wait(r#""SecondsPath": "x""#), "Value must be a valid JSONPath. at /States/S/SecondsPath");
    check_schema(&wait(r#""SecondsPath": "$.*""#), "Value is not a Reference Path at /States/S/SecondsPath");
    check_schema(
        &wait(r#""Seconds": 1, "SecondsPath": "$.x""#),
        "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S",
    );
}

#[test]
fn tasks_name_a_resource_that_exists_on_aws() {
    let task = |resource: &str| {
        let fields = match resource {
            "arn:aws:states:::apigateway:invoke" => r#", "Parameters": {}"#,
            "arn:aws:states:::ecs:runTask.sync" => r#", "Parameters": {"TaskDefinition": "t"}"#,
            "arn:aws:states:::lambda:invoke.waitForTaskToken" => {
                r#", "Parameters": {"FunctionName.$": "$.f"}"#
            }
            "arn:aws:states:::states:startExecution.sync:2" => r#", "Parameters": {"StateMachineArn": "m"}"#,
            _ => "",
        };
        state(&format!(r#""Type": "Task", {END}, "Resource": "{resource}"{fields}"#))
    };
    for resource in [
        "arn:aws:lambda:us-east-1:123456789012:function:F:$LATEST",
        "arn:aws:lambda:your-region:your-account-id:function:F",
        "arn:aws:states:us-east-1:123456789012:activity:work",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::ecs:runTask.sync",
        "arn:aws:states:::apigateway:invoke",
        "arn:aws:states:::aws-sdk:sfn:startSyncExecution",
        "arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken",
    ] {
        check(&task(resource), "");
    }
    for resource in [
        "arn:aws:states:::dynamodb:query",
        "arn:aws:states:::dynamodb:getItem.sync",
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::lambda:invoke.later",
        "arn:aws:states:::sqs:sendMessage.sync:2",
        "arn:aws:states:::nothing",
        "arn:aws:states:::aws-sdk:S3:listBuckets",
        "arn:aws:states:::aws-sdk:s3",
        "arn:aws:states:::aws-sdk:s3:listBuckets.sync",
        "arn:aws:states:us-east-1:123456789012:stateMachine:m",
    ] {
        check_schema(
            &task(resource),
            &format!(
                "The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"
            ),
        );
    }
    for resource in ["", "F", "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:123456789012:layer:x"] {
        check_schema(&task(resource), "Value is not a valid resource ARN at /States/S/Resource");
    }
}

#[test]
fn a_task_says_what_its_integration_needs() {
    let task = |integration: &str, more: &str| {
        state(&format!(r#""Type": "Task", {END}, "Resource": "arn:aws:states:::{integration}"{more}"#))
    };
    check_schema(
        &task("lambda:invoke", ""),
        "Parameters field is required for resource ARN: arn:aws:states:::lambda:invoke at /States/S/Resource",
    );
    check_schema(
        &task("batch:submitJob.sync", r#", "QueryLanguage": "JSONata""#),
        "Arguments field is required for resource ARN: arn:aws:states:::batch:submitJob.sync at /States/S/Resource",
    );
    let missing =
        |field: &str| format!("The field '{field}' is required but was missing at /States/S/Parameters");
    check_schema(&task("lambda:invoke", r#", "Parameters": {"Payload": 1}"#), &missing("FunctionName"));
    check_schema(
        &task("sqs:sendMessage", r#", "Parameters": {"Queue": 1}"#),
        &format!("{}, SCHEMA_VALIDATION_FAILED: {}", missing("QueueUrl"), missing("MessageBody")),
    );
    check_schema(
        &task(
            "sqs:sendMessage",
            r#", "QueryLanguage": "JSONata", "Arguments": {"QueueUrl": "q", "MessageBody.$": 1}"#,
        ),
        "The field 'MessageBody' is required but was missing at /States/S/Arguments",
    );
    for good in [
        r#", "Parameters": {"QueueUrl.$": "$.q", "MessageBody.$": "$"}"#,
        r#", "QueryLanguage": "JSONata", "Arguments": "{% $states.input %}""#,
    ] {
        check(&task("sqs:sendMessage", good), "");
    }
}

#[test]
fn express_machines_have_no_long_work() {
    let refused = |resource: &str, what: &str| {
        let definition = state(&format!(
            r#""Type": "Task", {END}, "Resource": "{resource}"{}"#,
            match resource.contains(":activity:") {
                true => "",
                false => r#", "Parameters": {"StateMachineArn": "m", "QueueUrl": "q", "MessageBody": "m"}"#,
            }
        ));
        let expect = format!(
            "SCHEMA_VALIDATION_FAILED: Express state machine does not support {what} at /States/S/Resource"
        );
        check_as(StateMachineType::Express, &definition, &expect);
        check(&definition, "");
    };
    refused("arn:aws:states:us-east-1:123456789012:activity:a", "Activity ARN");
    refused("arn:aws:states:::states:startExecution.sync", "'.sync' service integration");
    refused("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "'.waitForTaskToken' service integration ");
}

#[test]
fn tasks_have_limits_and_credentials() {
    let task = |more: &str| state(&format!(r#""Type": "Task", {LAMBDA}, {END}, {more}"#));
    check(&task(r#""TimeoutSeconds": 10, "HeartbeatSeconds": 9"#), "");
    check_schema(&task(r#""TimeoutSeconds": 0"#), "Minimum value is 1 at /States/S/TimeoutSeconds");
    check_schema(
        &task(r#""TimeoutSeconds": 9, "HeartbeatSeconds": 9"#),
        "HeartbeatSeconds must be smaller than TimeoutSeconds at /States/S/HeartbeatSeconds",
    );
    check_schema(
        &task(r#""TimeoutSeconds": 9, "TimeoutSecondsPath": "$.a""#),
        "There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath] at /States/S",
    );
    check(&task(r#""Credentials": {"RoleArn.$": "$.role"}"#), "");
    check_schema(
        &task(r#""Credentials": {}"#),
        "The field 'RoleArn' is required but was missing at /States/S/Credentials",
    );
    check_schema(
        &state(&format!(
            r#""Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", {END}, "Credentials": {{"RoleArn": "r"}}"#
        )),
        "The field 'Credentials' is not supported for activities at /States/S",
    );
}

#[test]
fn retriers_and_catchers_are_checked() {
    let retry = |body: &str| state(&format!(r#""Type": "Task", {LAMBDA}, {END}, "Retry": [{body}]"#));
    check(
        &retry(
            r#"{"ErrorEquals": ["A", "B"], "IntervalSeconds": 0, "MaxAttempts": 0, "BackoffRate": 1, "MaxDelaySeconds": 31622400, "JitterStrategy": "FULL", "Comment": ""}"#,
        ),
        "",
    );
    for (body, expect) in [
        ("1", "Expected value of type Object at /States/S/Retry[0]"),
        ("{}", "These fields are required: [ErrorEquals] at /States/S/Retry[0]"),
        (r#"{"ErrorEquals": []}"#, "Value cannot be empty at /States/S/Retry[0]/ErrorEquals"),
        (r#"{"ErrorEquals": [1]}"#, "Expected value of type String at /States/S/Retry[0]/ErrorEquals"),
        (
            r#"{"ErrorEquals": ["A"], "IntervalSeconds": -1}"#,
            "Minimum value is 0 at /States/S/Retry[0]/IntervalSeconds",
        ),
        (
            r#"{"ErrorEquals": ["A"], "MaxAttempts": -1}"#,
            "Minimum value is 0 at /States/S/Retry[0]/MaxAttempts",
        ),
        (
            r#"{"ErrorEquals": ["A"], "BackoffRate": 0.9}"#,
            "Minimum value is 1.0 at /States/S/Retry[0]/BackoffRate",
        ),
        (
            r#"{"ErrorEquals": ["A"], "IntervalSeconds": 3, "MaxDelaySeconds": 3}"#,
            "MaxDelaySeconds must be greater than IntervalSeconds at /States/S/Retry[0]/MaxDelaySeconds",
        ),
        (
            r#"{"ErrorEquals": ["A"], "JitterStrategy": "HALF"}"#,
            "Value should be one of the following: [NONE, FULL] at /States/S/Retry[0]/JitterStrategy",
        ),
        (
            r#"{"ErrorEquals": ["A", "States.ALL"]}, {"ErrorEquals": ["A"]}"#,
            "States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals[1]",
        ),
        (
            r#"{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}"#,
            "States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals[0]",
        ),
        (r#"{"ErrorEquals": ["A"], "Next": "S"}"#, "Field 'Next' is not supported at /States/S/Retry[0]"),
    ] {
        check_schema(&retry(body), expect);
    }
    let catch = |body: &str| state(&format!(r#""Type": "Task", {LAMBDA}, {END}, "Catch": [{body}]"#));
    check_schema(&catch("{}"), "These fields are required: [ErrorEquals, Next] at /States/S/Catch[0]");
    check_schema(
        &catch(r#"{"ErrorEquals": ["A"], "Next": "S", "ResultPath": "$$.a"}"#),
        "Value is not a Reference Path at /States/S/Catch[0]/ResultPath",
    );
}

#[test]
fn choice_rules_are_checked() {
    let choice = |rule: &str| {
        machine(&format!(
            r#""S": {{"Type": "Choice", "Choices": [{rule}], "Default": "T"}}, "T": {{"Type": "Succeed"}}"#
        ))
    };
    const NO_KIND: &str =
        "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]";
    let at = "/States/S/Choices[0]";
    for (rule, expect) in [
        (r#"{"Variable": "$.a", "IsNull": true}"#, format!("These fields are required: [Next] at {at}")),
        (r#"{"Variable": "$.a", "Next": "T"}"#, format!("A choice rule needs a comparison operator at {at}")),
        (r#"{"StringEquals": "a", "Next": "T"}"#, format!("{NO_KIND} at {at}")),
        (r#"{"And": [], "Variable": "$.a", "Next": "T"}"#, format!("{NO_KIND} at {at}")),
        (
            r#"{"Variable": "$.a", "IsNull": true, "IsString": true, "Next": "T"}"#,
            format!("There should only be one of the following fields: [IsNull, IsString] at {at}"),
        ),
        (
            r#"{"Variable": "$.a", "StringEquals": 1, "Next": "T"}"#,
            format!("Expected value of type String at {at}/StringEquals"),
        ),
        (
            r#"{"Variable": "$.a", "NumericEquals": "1", "Next": "T"}"#,
            format!("Expected value of type Number at {at}/NumericEquals"),
        ),
        (
            r#"{"Variable": "$.a", "BooleanEquals": 1, "Next": "T"}"#,
            format!("Expected value of type Boolean at {at}/BooleanEquals"),
        ),
        (
            r#"{"Variable": "$.a", "TimestampLessThan": "2016-03-14", "Next": "T"}"#,
            format!("String does not match RFC3339 timestamp at {at}/TimestampLessThan"),
        ),
        (
            r#"{"Variable": "$.a", "StringMatchesPath": "$.b", "Next": "T"}"#,
            format!(
                "Field 'StringMatchesPath' is not supported at {at}, SCHEMA_VALIDATION_FAILED: A choice rule needs a comparison operator at {at}"
            ),
        ),
        (r#"{"And": [], "Next": "T"}"#, format!("Value cannot be empty at {at}/And")),
        (
            r#"{"Or": [{"Variable": "$.a", "IsNull": true, "Next": "T"}], "Next": "T"}"#,
            format!("Field 'Next' is not supported at {at}/Or[0]"),
        ),
        (
            r#"{"Not": {"Variable": "a", "IsNull": true}, "Next": "T"}"#,
            format!(
                "Value is not a Reference Path: Reference path didn't start with '$' at {at}/Not/Variable"
            ),
        ),
        (r#"{"Not": {"IsNull": true}, "Next": "T"}"#, format!("{NO_KIND} at {at}/Not")),
        (
            r#"{"Condition": "{% true %}", "Next": "T"}"#,
            format!(
                "The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage at {at}, SCHEMA_VALIDATION_FAILED: A choice rule needs a comparison operator at {at}"
            ),
        ),
    ] {
        check_schema(&choice(rule), &expect);
    }
    check_schema(&state(r#""Type": "Choice", "Choices": []"#), "Value cannot be empty at /States/S/Choices");
}

#[test]
fn maps_have_one_processor() {
    let map = |more: &str| {
        state(&format!(
            r#""Type": "Map", {END}, "ItemProcessor": {{"StartAt": "P", "States": {{"P": {{"Type": "Pass", {END}}}}}}}{more}"#
        ))
    };
    check(&map(""), "");
    check(&map("").replace("ItemProcessor", "Iterator"), "");
    check(
        &map(
            r#", "ItemSelector": {"i.$": "$$.Map.Item.Value"}, "MaxConcurrencyPath": "$.n", "ToleratedFailurePercentage": 5.5"#,
        ),
        "",
    );
    for (more, expect) in [
        (
            r#", "Iterator": {}"#,
            "There should only be one of the following fields: [ItemProcessor, Iterator] at /States/S",
        ),
        (r#", "ItemReader": {}"#, "Field 'ItemReader' is not supported at /States/S"),
        (
            r#", "ItemSelector": {}, "Parameters": {}"#,
            "There should only be one of the following fields: [ItemSelector, Parameters] at /States/S",
        ),
        (r#", "MaxConcurrency": -1"#, "Minimum value is 0 at /States/S/MaxConcurrency"),
        (
            r#", "MaxConcurrencyPath": "$$.Execution.Input.n""#,
            "Value is not a Reference Path at /States/S/MaxConcurrencyPath",
        ),
        (
            r#", "ToleratedFailurePercentage": 100.1"#,
            "Maximum value is 100.0 at /States/S/ToleratedFailurePercentage",
        ),
        (
            r#", "ToleratedFailurePercentage": -0.1"#,
            "Minimum value is 0.0 at /States/S/ToleratedFailurePercentage",
        ),
        (r#", "ItemsPath": "items""#, "Value must be a valid JSONPath. at /States/S/ItemsPath"),
    ] {
        check_schema(&map(more), expect);
    }
    check_schema(
        &state(&format!(r#""Type": "Map", {END}"#)),
        "This object should have only one of the following fields: [ItemProcessor, Iterator] at /States/S",
    );
    check_schema(
        &map("").replace(r#""StartAt": "P""#, r#""StartAt": "P", "QueryLanguage": "JSONPath""#),
        "Field 'QueryLanguage' is not supported at /States/S/ItemProcessor",
    );
}

#[test]
fn parallels_have_branches() {
    check_schema(
        &state(&format!(r#""Type": "Parallel", {END}, "Branches": []"#)),
        "Value cannot be empty at /States/S/Branches",
    );
    check_schema(
        &state(&format!(r#""Type": "Parallel", {END}, "Branches": [{{}}]"#)),
        "These fields are required: [States, StartAt] at /States/S/Branches[0]",
    );
}

#[test]
fn templates_compute_what_is_a_path_or_a_call() {
    let pass = |parameters: &str| state(&format!(r#""Type": "Pass", {END}, "Parameters": {parameters}"#));
    let bad = |key: &str, at: &str| {
        format!(
            "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call at {at}"
        )
    };
    check_schema(
        &pass(r#"{"parsed.$": "States.Format('He said, \\\"Hello, {}!\\\"', 'x')"}"#),
        &bad("parsed.$", "/States/S/Parameters"),
    );
    check_schema(&pass(r#"{"x.$": "plain"}"#), &bad("x.$", "/States/S/Parameters"));
    check_schema(&pass(r#"{"x.$": 1}"#), &bad("x.$", "/States/S/Parameters"));
    check_schema(&pass(r#"{"a": [{"x.$": "no.path"}]}"#), &bad("x.$", "/States/S/Parameters/a[0]"));
    check_schema(
        &pass(r#"{"x.$": "$.a", "x": 1}"#),
        "There should only be one of the following fields: [x, x.$] at /States/S/Parameters",
    );
    check_schema(&state(r#""Type": "Fail", "ErrorPath": "x""#), &bad("ErrorPath", "/States/S"));
}

#[test]
fn variables_have_names_and_scopes() {
    let pass = |assign: &str| state(&format!(r#""Type": "Pass", {END}, "Assign": {assign}"#));
    check(&pass(r#"{"x": 1, "été_2": 2, "_y.$": "$.a"}"#), "");
    for name in ["x.y", "x[2]", "2x", "", "a b", &"x".repeat(81)] {
        check(
            &pass(&format!(r#"{{"{name}": 1}}"#)),
            &format!(
                "INVALID_VARIABLE_NAME: Invalid variable name '{name}': the variable name contains invalid characters. at /States/S/Assign"
            ),
        );
    }
    check(
        &pass(r#"{"states.$": "$.a"}"#),
        "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/S/Assign",
    );
    let nested = |inner: &str, other: &str| {
        state(&format!(
            r#""Type": "Parallel", {END}, "Assign": {{"x": 1}}, "Branches": [
               {{"StartAt": "A", "States": {{"A": {{"Type": "Pass", {END}, "Assign": {{"{inner}": 1}}}}}}}},
               {{"StartAt": "B", "States": {{"B": {{"Type": "Pass", {END}, "Assign": {{"{other}": 1}}}}}}}}]"#
        ))
    };
    check(&nested("y", "y"), "");
    check_schema(
        &nested("x", "y"),
        "The variable 'x' is already assigned in an outer scope at /States/S/Branches[0]/States/A/Assign",
    );
}
