//! What a task that starts an execution is told, in the shapes of AWS's SDK: Pascal case, sorted by name.

use serde_json::{Map, Value, json};

use super::super::event::Failure;
use super::super::execution::ExecutionStatus;
use super::super::{Error, ExecutionDescription, Unpermitted};
use crate::asl::Pattern;
use crate::clock::Timestamp;
use crate::json::Payload;

/// StartExecution's answer, with the metadata of the call that AWS makes. It is made in process here, so its HTTP
/// side is what it would have been.
pub(super) fn started(arn: &str, started: Timestamp, now: Timestamp, request_id: &str) -> Value {
    let content_length =
        json!({"executionArn": arn, "startDate": started.as_seconds_f64()}).to_string().len();
    let headers = [
        ("x-amzn-RequestId", request_id.to_owned()),
        ("connection", "keep-alive".to_owned()),
        ("Content-Length", content_length.to_string()),
        ("Date", now.to_http_date()),
        ("Content-Type", "application/x-amz-json-1.0".to_owned()),
    ];
    let all: Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    let each: Map<String, Value> =
        headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "ExecutionArn": arn,
        "SdkHttpMetadata": {"AllHttpHeaders": all, "HttpHeaders": each, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": request_id},
        // The form of SDK v1, whose dates are milliseconds; recordings hide it.
        "StartDate": started.as_millis(),
    })
}

/// How a task ends whose execution has ended so.
///
/// # Errors
/// Its failure, if the execution did not succeed.
pub(super) fn ended(execution: ExecutionDescription, pattern: Pattern) -> Result<Payload, Failure> {
    let succeeded = execution.status == ExecutionStatus::Succeeded;
    // A cause is DescribeExecution's answer as it is, whatever the pattern.
    let document = |text: String| match pattern {
        Pattern::Sync2 if succeeded => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Pattern::Sync2 | Pattern::Sync | Pattern::RequestResponse | Pattern::WaitForTaskToken => {
            Value::String(text)
        }
    };
    let mut members = Map::new();
    let mut add = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    if let Some(cause) = execution.cause {
        add("Cause", cause.into());
    }
    if let Some(error) = execution.error {
        add("Error", error.into());
    }
    add("ExecutionArn", execution.arn.to_string().into());
    add("Input", document(execution.input));
    add("InputDetails", json!({"Included": true}));
    add("Name", (*execution.arn.name).into());
    if let Some(output) = execution.output {
        add("Output", document(output));
        add("OutputDetails", json!({"Included": true}));
    }
    // Recorded of executions that did not succeed; results of those that did were recorded without.
    if !succeeded {
        add("RedriveCount", execution.redrive_count.into());
        if let Some(redriven) = execution.redriven {
            add("RedriveDate", redriven.as_millis().into());
        }
        match execution.not_redrivable {
            None => add("RedriveStatus", "REDRIVABLE".into()),
            Some(reason) => {
                add("RedriveStatus", "NOT_REDRIVABLE".into());
                add("RedriveStatusReason", reason.to_string().into());
            }
        }
    }
    add("StartDate", execution.started.as_millis().into());
    add("StateMachineArn", execution.state_machine_arn.to_string().into());
    add("Status", execution.status.as_str().into());
    if let Some(stopped) = execution.stopped {
        add("StopDate", stopped.as_millis().into());
    }
    let answer = Payload::from_value(Value::Object(members));
    match execution.status {
        ExecutionStatus::Succeeded => Ok(answer),
        ExecutionStatus::Running
        | ExecutionStatus::Failed
        | ExecutionStatus::TimedOut
        | ExecutionStatus::Aborted
        | ExecutionStatus::PendingRedrive => Err(Failure::new("States.TaskFailed", answer.shared_text())),
    }
}

/// How the task ends whose execution was forgotten before its parent was told.
pub(super) fn forgotten() -> Failure {
    Failure::new("States.TaskFailed", "The execution does not exist any more.")
}

/// What the caller did wrong, as the failure of its task.
///
/// # Errors
/// `error` itself if it is the disk's fault: the call is made again.
pub(super) fn refused(error: Error, request_id: &str) -> Result<Failure, Error> {
    match error {
        Error::Store(_) => Err(error),
        error => Ok(failure(&error, request_id)),
    }
}

/// An error of StartExecution as SDK v1 puts it.
pub(super) fn failure(error: &Error, request_id: &str) -> Failure {
    let Some(code) = code(error) else {
        tracing::error!(%error, "an execution could not be started for a task");
        return Failure::new("States.Runtime", "Internal Error");
    };
    let cause = format!(
        "{error} (Service: AWSStepFunctions; Status Code: 400; Error Code: {code}; Request ID: {request_id}; Proxy: null)"
    );
    Failure::new(format!("StepFunctions.{code}Exception"), cause)
}

/// What a role may not do, as SDK v1 puts it.
pub(in super::super) fn unpermitted(refused: Unpermitted, request_id: &str) -> Failure {
    match refused {
        Unpermitted::Role(reason) => Failure::new("States.TaskFailed", reason),
        Unpermitted::Denied(message) => {
            let cause = format!(
                "{message} (Service: AWSStepFunctions; Status Code: 400; Error Code: AccessDeniedException; \
                 Request ID: {request_id}; Proxy: null)"
            );
            Failure::new("StepFunctions.AWSStepFunctionsException", cause)
        }
    }
}

/// AWS's name of an error that StartExecution may answer.
fn code(error: &Error) -> Option<&'static str> {
    match error {
        Error::InvalidArn(_) => Some("InvalidArn"),
        Error::InvalidName(_) => Some("InvalidName"),
        Error::StateMachineDoesNotExist(_) => Some("StateMachineDoesNotExist"),
        Error::StateMachineDeleting(_) => Some("StateMachineDeleting"),
        Error::StateMachineTypeNotSupported => Some("StateMachineTypeNotSupported"),
        Error::ExecutionAlreadyExists(_) => Some("ExecutionAlreadyExists"),
        Error::InvalidExecutionInput(_) | Error::EmptyExecutionInput => Some("InvalidExecutionInput"),
        _ => None, // Of other operations, or the server's fault.
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ExecutionArn;

    fn check(status: ExecutionStatus, error: Option<&str>, pattern: Pattern, expect: &str) {
        let arn = "arn:aws:states:us-east-1:123456789012:execution:M:E";
        let arn = ExecutionArn::parse(arn).unwrap();
        let is_ok = status == ExecutionStatus::Succeeded;
        let execution = ExecutionDescription {
            state_machine_arn: crate::id::StateMachineArn::new(&arn.home, &arn.machine),
            arn,
            status,
            started: Timestamp::from_millis(1_000),
            stopped: Some(Timestamp::from_millis(2_000)),
            input: "{\"a\": 1}".to_owned(),
            output: is_ok.then(|| "[1]".to_owned()),
            error: error.map(str::to_owned),
            cause: error.map(|_| "why".to_owned()),
            trace_header: None,
            version: None,
            alias: None,
            redrive_count: 0,
            redriven: None,
            not_redrivable: None,
            map_run: None,
        };
        match ended(execution, pattern) {
            Ok(answer) => assert!(is_ok && answer.text() == expect, "{}", answer.text()),
            Err(Failure { error, cause }) => {
                assert_eq!(error.as_deref(), Some("States.TaskFailed"));
                assert!(!is_ok && cause.as_deref() == Some(expect), "{cause:?}");
            }
        }
    }

    #[test]
    fn a_parent_is_told_how_its_execution_ended() {
        let head = r#""ExecutionArn":"arn:aws:states:us-east-1:123456789012:execution:M:E""#;
        let machine =
            r#""StartDate":1000,"StateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:M""#;
        let text = r#""Input":"{\"a\": 1}","InputDetails":{"Included":true},"Name":"E""#;
        let json = r#""Input":{"a":1},"InputDetails":{"Included":true},"Name":"E""#;
        let redrive = r#""RedriveCount":0,"RedriveStatus":"REDRIVABLE""#;
        let ok = r#""Status":"SUCCEEDED","StopDate":2000}"#;
        check(
            ExecutionStatus::Succeeded,
            None,
            Pattern::Sync,
            &format!(r#"{{{head},{text},"Output":"[1]","OutputDetails":{{"Included":true}},{machine},{ok}"#),
        );
        check(
            ExecutionStatus::Succeeded,
            None,
            Pattern::Sync2,
            &format!(r#"{{{head},{json},"Output":[1],"OutputDetails":{{"Included":true}},{machine},{ok}"#),
        );
        check(
            ExecutionStatus::Failed,
            Some("E"),
            Pattern::Sync,
            &format!(
                r#"{{"Cause":"why","Error":"E",{head},{text},{redrive},{machine},"Status":"FAILED","StopDate":2000}}"#
            ),
        );
        check(
            ExecutionStatus::TimedOut,
            None,
            Pattern::Sync2,
            &format!(r#"{{{head},{text},{redrive},{machine},"Status":"TIMED_OUT","StopDate":2000}}"#),
        );
        check(
            ExecutionStatus::Aborted,
            None,
            Pattern::Sync,
            &format!(r#"{{{head},{text},{redrive},{machine},"Status":"ABORTED","StopDate":2000}}"#),
        );
    }

    #[test]
    fn refusals_name_the_service_as_sdk_v1_does() {
        let failure = refused(Error::StateMachineDoesNotExist("arn".to_owned()), "id").unwrap();
        assert_eq!(failure.error.as_deref(), Some("StepFunctions.StateMachineDoesNotExistException"));
        assert_eq!(
            failure.cause.as_deref(),
            Some(
                "State Machine Does Not Exist: 'arn' (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: id; Proxy: null)"
            )
        );
        let full = Error::Store(crate::store::Error::Closed);
        assert_eq!(refused(full.clone(), "id"), Err(full));
    }
}
