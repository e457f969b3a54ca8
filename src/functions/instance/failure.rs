//! What is answered when a function fails without saying so itself.

use bytes::Bytes;

use crate::functions::invocation::{Answer, Payload};
use crate::functions::supervisor::End;

/// A failed invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What the caller gets, JSON.
    pub(crate) payload: Bytes,
    /// The error's name.
    pub(crate) error_type: String,
    /// What the log calls it, where that says more.
    pub(crate) logged_type: Option<&'static str>,
    pub(crate) log_tail: String,
}

impl Failure {
    /// What the runtime itself reported.
    pub(super) fn reported(payload: Bytes, error_type: String) -> Self {
        Self { payload, error_type, logged_type: None, log_tail: String::new() }
    }

    /// A failure in AWS's words.
    pub(crate) fn of(request_id: &str, error_type: &str, text: &str) -> Self {
        let message = format!("RequestId: {request_id} Error: {text}");
        let payload = serde_json::json!({ "errorType": error_type, "errorMessage": message });
        Self::reported(payload.to_string().into(), error_type.to_owned())
    }

    /// An instance that ended.
    pub(super) fn ended(request_id: &str, end: End) -> Self {
        let of = |text: &str| Self::of(request_id, "Runtime.ExitError", text);
        match end {
            End::Exited(0) => of("Runtime exited without providing a reason"),
            End::Exited(code) => of(&format!("Runtime exited with error: exit status {code}")),
            End::Signaled(signal) => {
                of(&format!("Runtime exited with error: signal: {}", signal_name(signal)))
            }
            End::Memory => Self {
                logged_type: Some("Runtime.OutOfMemory"),
                ..of("Runtime exited with error: signal: killed")
            },
            // AWS refuses a process more; a runtime that goes on with those it has is ended here.
            End::Processes => of("Runtime exited with error: signal: killed"),
            End::NotStarted => Self::of(
                request_id,
                "Runtime.InvalidEntrypoint",
                "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
            ),
        }
    }

    pub(super) fn with_tail(self, log_tail: String) -> Self {
        Self { log_tail, ..self }
    }

    pub(super) fn logged_type(&self) -> &str {
        self.logged_type.unwrap_or(&self.error_type)
    }

    /// As the log says it.
    pub(super) fn line(&self) -> String {
        let payload: serde_json::Value = serde_json::from_slice(&self.payload).unwrap_or_default();
        format!("{}\r{}", payload["errorMessage"].as_str().unwrap_or_default(), self.error_type)
    }

    /// What the caller is answered.
    pub(crate) fn answer(self, version: &str) -> Answer {
        Answer {
            executed_version: version.to_owned(),
            function_error: Some("Unhandled"),
            payload: Payload::Whole(self.payload),
            log_tail: self.log_tail,
        }
    }
}

/// As Go's standard library calls them, which AWS's texts repeat.
fn signal_name(signal: i32) -> String {
    match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        _ => return format!("signal {signal}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_as_aws_tells_them() {
        for (end, error_type, text) in [
            (End::Exited(1), "Runtime.ExitError", "Runtime exited with error: exit status 1"),
            (End::Exited(0), "Runtime.ExitError", "Runtime exited without providing a reason"),
            (End::Signaled(11), "Runtime.ExitError", "Runtime exited with error: signal: segmentation fault"),
            (End::Memory, "Runtime.ExitError", "Runtime exited with error: signal: killed"),
            (
                End::NotStarted,
                "Runtime.InvalidEntrypoint",
                "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
            ),
        ] {
            let failure = Failure::ended("id", end);
            let payload: serde_json::Value = serde_json::from_slice(&failure.payload).unwrap();
            assert_eq!(payload["errorMessage"], format!("RequestId: id Error: {text}"));
            assert_eq!(
                (payload["errorType"].as_str(), failure.error_type.as_str()),
                (Some(error_type), error_type)
            );
        }
        assert_eq!(Failure::ended("id", End::Memory).logged_type(), "Runtime.OutOfMemory");
    }
}
