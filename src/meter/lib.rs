//! The names of all metrics, in one table.
//!
//! Rooms record metrics through the `metrics` facade and only under these names; `server` renders them at
//! `/_stepgate/metrics`. The values of labels are bounded: operations, error codes and API stages, never user input.

// Rooms are called by their names, wherever they stand.

/// The type of a metric, as in Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A counter: it only increases.
    Counter,
    /// A gauge: it goes up and down.
    Gauge,
    /// A histogram, in seconds unless the name says otherwise.
    Histogram,
}

/// One metric: a row of [`ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The Prometheus name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The help text that Prometheus shows.
    pub help: &'static str,
}

/// Declares a constant for each metric's name, and its row in [`ALL`].
macro_rules! metrics_table {
    ($($constant:ident = $kind:ident $name:literal $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*
        /// Every metric Stepgate exports.
        pub const ALL: &[Metric] =
            &[$(Metric { name: $name, kind: Kind::$kind, help: $help }),*];
    };
}

metrics_table! {
    API_CALLS = Counter "stepgate_api_calls_total" "Control-plane calls by service, operation and status code.";
    API_SECONDS = Histogram "stepgate_api_seconds" "Time to answer a control-plane call, by service and operation.";
    GATEWAY_REQUESTS = Counter "stepgate_gateway_requests_total" "Data-plane requests by API, stage and status class.";
    GATEWAY_SECONDS = Histogram "stepgate_gateway_seconds" "Time to answer a data-plane request, by API and stage.";
    CACHE_HITS = Counter "stepgate_gateway_cache_hits_total" "Data-plane requests answered from a stage's cache, by API and stage.";
    CACHE_MISSES = Counter "stepgate_gateway_cache_misses_total" "Data-plane requests of cached methods that reached the integration, by API and stage.";
    PLAN_REQUESTS = Counter "stepgate_plan_requests_total" "Requests with an API key by API, stage, method, usage plan and decision (admitted, throttled, quota_exceeded).";
    AUTHORIZER_SECONDS = Histogram "stepgate_authorizer_seconds" "Time an authorizer's function took.";
    INTEGRATION_SECONDS = Histogram "stepgate_integration_seconds" "Time an integration took, by integration type.";
    EXECUTIONS_STARTED = Counter "stepgate_executions_started_total" "Executions started.";
    EXECUTIONS_ENDED = Counter "stepgate_executions_ended_total" "Executions ended, by status.";
    MAP_RUNS_OPEN = Gauge "stepgate_map_runs_open" "Map Runs that have begun and not ended.";
    MAP_RUNS_WAITING = Gauge "stepgate_map_runs_waiting" "Map Runs that wait for their turn to read items or to write results.";
    MAP_RUNS_STARTED = Counter "stepgate_map_runs_started_total" "Map Runs started.";
    MAP_RUNS_REDRIVEN = Counter "stepgate_map_runs_redriven_total" "Redrives of Map Runs.";
    MAP_RUNS_ENDED = Counter "stepgate_map_runs_ended_total" "Map Runs ended, by status.";
    MAP_ITEMS_ENDED = Counter "stepgate_map_run_items_ended_total" "Items of Map Runs whose child executions have ended, by status.";
    EVENTS_STALE = Counter "stepgate_stale_results_total" "Results that came for an attempt already over, and were dropped.";
    LOGS_DROPPED = Counter "stepgate_execution_logs_dropped_total" "Log records of executions that could not be written.";
    AUDIT_LINES_DROPPED = Counter "stepgate_audit_lines_dropped_total" "Lines of the audit log that could not be written.";
    ACCESS_LOGS_DROPPED = Counter "stepgate_access_logs_dropped_total" "Lines of access logs that could not be written.";
    SAMPLES_DROPPED = Counter "stepgate_request_samples_dropped_total" "Sampled requests that could not be written.";
    TIMER_LATE_SECONDS = Histogram "stepgate_timer_late_seconds" "How late a timer fired.";
    STORE_COMMIT_SECONDS = Histogram "stepgate_store_commit_seconds" "Time of one group commit.";
    STORE_COMMIT_JOBS = Histogram "stepgate_store_commit_jobs" "Transactions that shared one group commit.";
    STORE_ERRORS = Counter "stepgate_store_errors_total" "Group commits that failed, by cause.";
    CONNECTIONS = Gauge "stepgate_connections" "Client connections open.";
    CONNECTIONS_GIVEN_UP = Counter "stepgate_connections_given_up_total" "Client connections, HTTP/2 streams and bodies that were not waited for any longer, by reason.";
    REQUESTS_IN_FLIGHT = Gauge "stepgate_requests_in_flight" "Requests being answered.";
    REQUESTS_SHED = Counter "stepgate_requests_shed_total" "Requests refused because too many were in flight.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_carry_the_prefix() {
        let mut names: Vec<&str> = ALL.iter().map(|m| m.name).collect();
        assert!(names.iter().all(|n| n.starts_with("stepgate_")));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
