//! The platform's own lines in a function's log: START, END, REPORT, and what went wrong.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>; as JSON,
//! <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>.

use std::time::Duration;

use serde_json::json;

use crate::clock::Timestamp;

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// With an answer, or an error that the function reported itself.
    Success,
    /// Because the time was up.
    Timeout,
    /// Because the instance ended, with the error's name.
    Error(String),
}

/// What a REPORT line tells.
pub(super) struct Report<'a> {
    pub(super) request_id: &'a str,
    pub(super) duration: Duration,
    /// If this invocation started the instance.
    pub(super) init: Option<Duration>,
    pub(super) memory_mb: u32,
    pub(super) used_mb: u64,
    pub(super) status: Status,
}

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) is_json: bool,
}

impl Format {
    pub(super) fn init(self, now: Timestamp, version: &str) -> String {
        match self.is_json {
            true => json!({"time": now.to_iso8601(), "type": "platform.initStart", "record": {
                "initializationType": "on-demand", "phase": "init", "runtimeVersion": version}})
            .to_string(),
            false => format!("INIT_START Runtime Version: {version}"),
        }
    }

    pub(super) fn start(self, now: Timestamp, request_id: &str, version: &str) -> String {
        match self.is_json {
            true => json!({"time": now.to_iso8601(), "type": "platform.start",
                "record": {"requestId": request_id, "version": version}})
            .to_string(),
            false => format!("START RequestId: {request_id} Version: {version}"),
        }
    }

    pub(super) fn end(self, now: Timestamp, report: &Report<'_>) -> Vec<String> {
        let Report { request_id, duration, init, memory_mb, used_mb, status } = report;
        let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let billed = millis(*duration + init.unwrap_or_default()).ceil();
        if self.is_json {
            let mut metrics = json!({"durationMs": rounded(millis(*duration)), "billedDurationMs": billed,
                "memorySizeMB": memory_mb, "maxMemoryUsedMB": used_mb});
            if let Some(init) = init {
                metrics["initDurationMs"] = rounded(millis(*init)).into();
            }
            let mut record = json!({"requestId": request_id, "metrics": metrics});
            match status {
                Status::Success => record["status"] = "success".into(),
                Status::Timeout => record["status"] = "timeout".into(),
                Status::Error(error) => {
                    record["status"] = "error".into();
                    record["errorType"] = error.as_str().into();
                }
            }
            return vec![
                json!({"time": now.to_iso8601(), "type": "platform.report", "record": record}).to_string(),
            ];
        }
        let mut line = format!(
            "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {memory_mb} \
             MB\tMax Memory Used: {used_mb} MB\t",
            millis(*duration),
        );
        if let Some(init) = init {
            line.push_str(&format!("Init Duration: {:.2} ms\t", millis(*init)));
        }
        match status {
            Status::Success => {}
            Status::Timeout => line.push_str("Status: timeout"),
            Status::Error(error) => line.push_str(&format!("Status: error\tError Type: {error}")),
        }
        vec![format!("END RequestId: {request_id}"), line]
    }
}

fn rounded(millis: f64) -> f64 {
    (millis * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_aws_writes_them() {
        let report = Report {
            request_id: "id",
            duration: Duration::from_micros(1234),
            init: Some(Duration::from_millis(100)),
            memory_mb: 128,
            used_mb: 40,
            status: Status::Error("Runtime.ExitError".into()),
        };
        let text = Format { is_json: false }.end(Timestamp::from_millis(0), &report);
        assert_eq!(text[0], "END RequestId: id");
        assert_eq!(
            text[1],
            "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 102 ms\tMemory Size: 128 MB\tMax Memory Used: 40 \
             MB\tInit Duration: 100.00 ms\tStatus: error\tError Type: Runtime.ExitError"
        );
        let text = Format { is_json: true }.end(Timestamp::from_millis(0), &report);
        let told: serde_json::Value = serde_json::from_str(&text[0]).unwrap();
        assert_eq!(told["record"]["metrics"]["durationMs"], 1.234);
        assert_eq!(told["record"]["errorType"], "Runtime.ExitError");
    }
}
