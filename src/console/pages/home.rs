//! The first page: whether the server is well, and what there is.

use serde_json::{Value, json};

use super::addresses;
use super::machine::row;
use crate::console::aws::{list, millis, text};
use crate::console::failure::Failure;
use crate::console::visit::{Answer, Page, Visit};

/// State machines whose executions are looked at.
const MACHINES_MAX: usize = 10;
/// Executions that are shown.
const EXECUTIONS_MAX: usize = 12;
/// Things of a kind that are counted; beyond, it says that there are more.
const COUNTED_MAX: u64 = 500;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let aws = &visit.aws;
    let machines = aws.states("ListStateMachines", json!({"maxResults": COUNTED_MAX})).await;
    let apis = aws.apigateway("GetRestApis", json!({"limit": COUNTED_MAX})).await;
    let keys = aws.apigateway("GetApiKeys", json!({"limit": COUNTED_MAX})).await;
    let functions = aws.call("lambda", "ListFunctions", json!({})).await;
    let stacks = aws.call("cloudformation", "ListStacks", json!({})).await;
    let newest = match &machines {
        Ok(machines) => newest(visit, list(machines, "stateMachines")).await,
        Err(_) => Vec::new(),
    };
    let is_gone = |stack: &&Value| text(stack, "StackStatus") != "DELETE_COMPLETE";
    let stacks = stacks.map(|stacks| {
        json!({"items": list(&stacks, "StackSummaries").iter().filter(is_gone).cloned().collect::<Vec<_>>()})
    });
    let data = json!({
        "health": visit.shared.facts.health().await,
        "counts": [
            count("State machines", &machines, &["stateMachines"], &addresses::address("/state-machines", &[])),
            count("REST APIs", &apis, &["item"], &addresses::address("/apis", &[])),
            count("API keys", &keys, &["item"], &addresses::address("/plans", &[])),
            count("Functions", &functions, &["Functions"], ""),
            count("Stacks", &stacks, &["items"], ""),
        ],
        "executions": newest,
    });
    visit.render(Page { title: "Home", section: "Home", template: "home", parts: &[], data })
}

/// How many there are; nothing of what the caller may not list.
fn count(label: &str, listed: &Result<Value, Failure>, members: &[&str], href: &str) -> Value {
    let n = listed.as_ref().map(|listed| {
        let items = members.iter().map(|member| list(listed, member).len()).max().unwrap_or(0);
        let has_more =
            ["nextToken", "position", "NextMarker", "NextToken"].iter().any(|it| listed.get(it).is_some());
        if has_more { format!("{items}+") } else { items.to_string() }
    });
    match n {
        Ok(n) => json!({"label": label, "n": n, "href": href}),
        Err(failure) => json!({"label": label, "n": "–", "why": failure.code}),
    }
}

/// The newest executions of the machines.
async fn newest(visit: &Visit<'_>, machines: &[Value]) -> Vec<Value> {
    let mut found = Vec::new();
    for machine in machines.iter().take(MACHINES_MAX).filter(|it| text(it, "type") != "EXPRESS") {
        let input =
            json!({"stateMachineArn": text(machine, "stateMachineArn"), "maxResults": EXECUTIONS_MAX});
        if let Ok(page) = visit.aws.states("ListExecutions", input).await {
            found.extend(list(&page, "executions").iter().cloned());
        }
    }
    found.sort_by_key(|execution| std::cmp::Reverse(millis(execution, "startDate")));
    found.truncate(EXECUTIONS_MAX);
    let now = visit.shared.clock.now().as_millis();
    found.iter().map(|execution| row(execution, now)).collect()
}
