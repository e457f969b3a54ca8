//! Forms that published workflows have, and forms that no workflow has.

use serde_json::{Value, json};

use super::*;

fn machine_of(state: &Value) -> String {
    json!({"StartAt": "S", "States": {"S": state, "Z": {"Type": "Succeed"}}}).to_string()
}

/// `{"Type": …}` with more members, that goes to `Z`.
fn going(kind: &str, more: &Value) -> Value {
    let mut state = json!({"Type": kind, "Next": "Z"});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    state
}

fn task(resource: &str) -> Value {
    going("Task", &json!({ "Resource": resource }))
}

/// A Task with all arguments that the integrations below need.
fn calling(resource: &str) -> Value {
    let parameters =
        json!({"StateMachineArn": "m", "TableName": "t", "Item": {}, "QueueUrl": "q", "MessageBody": "m"});
    going("Task", &json!({"Resource": resource, "Parameters": parameters}))
}

#[test]
fn published_forms_are_taken() {
    let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
    for state in [
        // Parameters of any JSON.
        going("Pass", &json!({"Parameters": [{"Item.$": "$.Item"}, 1, "two"]})),
        going("Pass", &json!({"Parameters": []})),
        going("Pass", &json!({"Parameters": "text"})),
        going("Pass", &json!({"Parameters": null})),
        going("Pass", &json!({"Parameters": 7})),
        going(
            "Parallel",
            &json!({"Branches": [inner], "Parameters": ["a"], "ResultSelector": [{"x.$": "$[0]"}]}),
        ),
        going("Map", &json!({"ItemProcessor": inner, "ItemSelector": "constant"})),
        going("Map", &json!({"Iterator": inner, "Parameters": [{"v.$": "$$.Map.Item.Value"}]})),
        // Resources with region and account, in any partition.
        task("arn:aws:states:us-east-1:123456789012:aws-sdk:s3:getObject"),
        calling("arn:aws:states:eu-west-1:123456789012:states:startExecution.sync:2"),
        calling("arn:aws:states:us-east-1::dynamodb:putItem"),
        calling("arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken"),
        task("arn:aws-us-gov:states:us-gov-west-1:123456789012:activity:Work"),
        task("arn:aws:states:cn-north-1:123456789012:activity:Work"),
        task("arn:aws:lambda:us-east-1:123456789012:function:F:$LATEST"),
        task("arn:aws:lambda:REGION:ACCOUNT_ID:function:FUNCTION_NAME"),
        task("arn:aws:lambda:::function:publish-to-slack"),
        // Paths as AWS's reader takes them.
        going("Pass", &json!({"InputPath": "$..Results[?(@.status==Failure)]"})),
        going("Pass", &json!({"InputPath": "$.[0]", "OutputPath": "$.[?(@.OU > 0)]"})),
        going(
            "Pass",
            &json!({"Parameters": {"x.$": "$.[*].['bucket', 'key']", "y.$": "$.a[(@.length-1)].b"}}),
        ),
        going(
            "Pass",
            &json!({"Parameters": {
            "x.$": "States.ArrayGetItem($.Outputs[?(@.Key == FooBar)].Value, 0)",
            "n.$": "States.MathAdd(States.ArrayLength($$.Execution.Input.machines),-1)"}}),
        ),
        going("Pass", &json!({"Parameters": {"x.$": "$.a.length()"}})),
        going("Pass", &json!({"Parameters": {"x.$": "$.a \n", "y.$": "States.Format('{}', $.b)  \n"}})),
        going("Pass", &json!({"ResultPath": "$.a.['b c']", "Result": null})),
        // Said twice.
        going("Pass", &json!({"End": false})),
        going("Wait", &json!({"Seconds": 0, "Comment": ""})),
        going(
            "Map",
            &json!({"ItemProcessor": inner, "ItemsPath": "$$.Execution.Input.items", "MaxConcurrency": 0,
            "ToleratedFailureCount": 0, "ToleratedFailurePercentage": 0}),
        ),
        going(
            "Task",
            &json!({"Resource": "arn:aws:states:::lambda:invoke", "TimeoutSecondsPath": "$.t",
            "HeartbeatSecondsPath": "$.h", "Parameters": {"FunctionName": "f"}, "Credentials": {"RoleArn.$": "States.Format('arn:{}', $.r)"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "BackoffRate": 1, "MaxAttempts": 0, "JitterStrategy": "FULL",
                "MaxDelaySeconds": 5, "Comment": "why"}],
            "Catch": [{"ErrorEquals": ["States.TaskFailed", "Own"], "ResultPath": null, "Next": "Z"}]}),
        ),
    ] {
        good(&machine_of(&state));
    }
    let distributed = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
    good(&machine_of(&going(
        "Map",
        &json!({"ItemProcessor": distributed, "Label": "L",
        "ItemReader": {"Resource": "arn:aws-cn:states:cn-north-1:123456789012:s3:getObject",
            "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.n"}, "Parameters": {"Bucket.$": "$.b", "Key": "k"}},
        "ItemBatcher": {"MaxItemsPerBatch": 10, "BatchInput": ["any", {"x.$": "$.x"}]}}),
    )));
}

#[test]
fn what_no_workflow_has_is_refused() {
    for (state, expect) in [
        (
            task("arn:aws:lambda:us-east-1:123456789012:function:F:"),
            "Value is not a valid resource ARN at /States/S/Resource",
        ),
        (
            task("arn:aws:lambda:us-east-1:123456789012:function:F:$*#$7485"),
            "Value is not a valid resource ARN at /States/S/Resource",
        ),
        (task("createToken"), "Value is not a valid resource ARN at /States/S/Resource"),
        (
            task("arn:aws:states:us-east-1:123456789012:dynamodb:query"),
            "The resource provided arn:aws:states:us-east-1:123456789012:dynamodb:query is not recognized. The value is not a \
             valid resource ARN, or the resource is not available in this region. at /States/S/Resource",
        ),
        (
            going("Pass", &json!({"Parameters": {"a.$": " States.Array('Foo')"}})),
            "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters",
        ),
        (
            going("Pass", &json!({"Parameters": [{"deep": {"a.$": "ipsum"}}]})),
            "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at \
             /States/S/Parameters[0]/deep",
        ),
        (
            going("Pass", &json!({"InputPath": "States.UUID()"})),
            "Value must be a valid JSONPath. at /States/S/InputPath",
        ),
        (
            going("Pass", &json!({"ResultPath": "$foo"})),
            "Value is not a Reference Path at /States/S/ResultPath",
        ),
        (
            going("Pass", &json!({"ResultPath": "$.a[-1]"})),
            "Value is not a Reference Path at /States/S/ResultPath",
        ),
        (
            going("Pass", &json!({"InputPath": "$.a[(@.count-1)]"})),
            "Value must be a valid JSONPath. at /States/S/InputPath",
        ),
        (
            going("Pass", &json!({"End": true})),
            "There should only be one of the following fields: [Next, End] at /States/S",
        ),
    ] {
        check_schema(&machine_of(&state), expect);
    }
}
