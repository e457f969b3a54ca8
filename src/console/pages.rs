//! The pages: each reads what it shows through AWS operations, and hands it to its template.

mod actions;
mod addresses;
mod api;
mod api_changes;
mod apis;
mod canary;
mod detail;
mod edit;
mod evaluated;
mod events;
mod execution;
mod executions;
mod home;
mod machine;
mod machines;
mod map_run;
mod moment;
mod operation;
mod picture;
mod plan_now;
mod plans;
mod playground;
mod playground_case;
mod replay;
mod requests;
mod rotate;

pub(super) use actions::{act, action};

use super::failure::Failure;
use super::visit::{Answer, Visit};

/// The page of a path below the console's.
///
/// # Errors
/// If there is none, or the operations that it needs say no.
pub(super) async fn show(visit: &Visit<'_>, path: &str) -> Result<Answer, Failure> {
    match path {
        "" => home::show(visit).await,
        "/state-machines" => machines::show(visit).await,
        "/state-machines/view" => machine::show(visit).await,
        "/state-machines/edit" => edit::show(visit).await,
        "/executions/view" => execution::show(visit).await,
        "/map-runs/view" => map_run::show(visit).await,
        "/apis" => apis::show(visit).await,
        "/apis/view" => api::show(visit).await,
        "/apis/changes" => api_changes::of_stage(visit).await,
        "/plans" => plans::show(visit).await,
        "/plans/view" => plans::plan(visit).await,
        "/plans/usage.csv" => plans::csv(visit).await,
        "/plans/now.csv" => plans::csv_now(visit).await,
        "/playground" => playground::show(visit).await,
        "/requests" => requests::show(visit).await,
        "/requests/compare" => requests::compare(visit).await,
        "/requests/har" => requests::har(visit).await,
        "/operation" => operation::show(visit).await,
        _ => Err(Failure::no_page()),
    }
}
