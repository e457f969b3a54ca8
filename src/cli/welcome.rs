//! The welcome text: what is deployed, a command to try, and where to look next.

use serde_json::{Value, json};

use super::output;
use crate::server::{Deployed, Server};
use crate::stack::Action;

const TEMPLATE: &str = include_str!("../../templates/welcome.txt.hbs");

/// Prints the welcome text, or the same information as one line of JSON.
pub(super) fn print(server: &Server, as_json: bool) -> anyhow::Result<()> {
    let facts = facts(server);
    if as_json {
        output::line(&facts.to_string());
        return Ok(());
    }
    output::line(&render(&facts)?);
    Ok(())
}

fn render(facts: &Value) -> anyhow::Result<String> {
    let mut handlebars = handlebars::Handlebars::new();
    handlebars.register_escape_fn(handlebars::no_escape); // Plain text, no HTML.
    handlebars.set_strict_mode(true);
    Ok(handlebars.render_template(TEMPLATE, facts)?)
}

fn facts(server: &Server) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "endpoint": server.endpoint(),
        "tls_endpoint": server.tls_endpoint(),
        "data_dir": server.data_dir().display().to_string(),
        "region": server.region().as_str(),
        "stacks": server.deployed().iter().map(stack).collect::<Vec<_>>(),
    })
}

/// One deployed stack, as data for the text and for `--json`.
pub(super) fn stack(deployed: &Deployed) -> Value {
    let applied = &deployed.applied;
    let resources = applied.changes.iter().map(|change| {
        json!({
            "action": change.action.as_str(),
            "kind": change.kind.type_name(),
            "logical_id": change.logical_id,
            "physical_id": change.physical_id,
        })
    });
    json!({
        "name": deployed.name,
        "fresh": applied.changes.iter().any(|change| change.action != Action::Unchanged),
        "resources": resources.collect::<Vec<_>>(),
        "outputs": applied.outputs,
        "warnings": applied.warnings,
        "curl": applied.outputs.get("Curl"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_shows_the_curl_line_as_it_is() {
        let curl = r#"curl -X POST -d '{"input": "{}"}' http://127.0.0.1:4566/alpha/execution"#;
        let text = render(&json!({
            "version": "1", "endpoint": "http://127.0.0.1:4566", "tls_endpoint": null, "data_dir": "d",
            "region": "us-east-1",
            "stacks": [{
                "name": "tutorial", "fresh": true, "warnings": [], "curl": curl,
                "resources": [{"action": "created", "kind": "K", "logical_id": "L", "physical_id": "P"}]
            }]
        }));
        let text = text.unwrap();
        assert!(text.contains(curl), "{text}");
        assert!(text.contains("created K L (P)"), "{text}");
    }
}
