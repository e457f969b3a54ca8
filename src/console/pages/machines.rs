//! The list of state machines.

use serde_json::{Value, json};

use super::addresses;
use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

/// Machines of a page.
const PAGE: u64 = 100;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let mut input = json!({"maxResults": PAGE});
    let token = visit.query("token");
    if !token.is_empty() {
        input["nextToken"] = token.into();
    }
    let listed = visit.aws.states("ListStateMachines", input).await?;
    let machines: Vec<Value> = list(&listed, "stateMachines")
        .iter()
        .map(|machine| {
            json!({
                "name": text(machine, "name"), "href": addresses::machine(text(machine, "stateMachineArn")),
                "arn": text(machine, "stateMachineArn"), "type": text(machine, "type"),
                "created": shown::time_of(machine, "creationDate"),
            })
        })
        .collect();
    let next = listed.get("nextToken").and_then(Value::as_str);
    let next = next.map(|token| addresses::address("/state-machines", &[("token", token)]));
    let data = json!({"machines": machines, "next": next, "isFirst": token.is_empty()});
    visit.render(Page {
        title: "State machines",
        section: "State machines",
        template: "machines",
        parts: &[],
        data,
    })
}
