//! Addresses of pages, which people share.

use crate::console::PREFIX;
use crate::identity::append;

/// An address with parameters; those without a value are left out.
pub(super) fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = String::new();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        append(&mut query, name, value);
    }
    if query.is_empty() { format!("{PREFIX}{path}") } else { format!("{PREFIX}{path}?{query}") }
}

/// The page of a state machine.
pub(super) fn machine(arn: &str) -> String {
    address("/state-machines/view", &[("arn", arn)])
}

/// The page of an execution.
pub(super) fn execution(arn: &str) -> String {
    address("/executions/view", &[("arn", arn)])
}

/// The page of a Map Run.
pub(super) fn map_run(arn: &str) -> String {
    address("/map-runs/view", &[("arn", arn)])
}

/// The page of a REST API.
pub(super) fn api(id: &str, tab: &str) -> String {
    address("/apis/view", &[("id", id), ("tab", tab)])
}

/// The page of a usage plan.
pub(super) fn plan(id: &str) -> String {
    address("/plans/view", &[("id", id)])
}
