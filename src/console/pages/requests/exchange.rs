//! What of a request went where: the resources it was compared with, the policies that were asked, the buckets that it took from,
//! and the four messages around the integration.

use serde_json::{Value, json};

use crate::console::shown;
use crate::gateway::Inspected;

/// Where the request of a MOCK integration goes.
const MOCK: &str = "nowhere: a MOCK integration answers with the statusCode in it";

/// The resources that were tried, and why they were not taken.
pub(super) fn tried(of: &Inspected) -> Vec<Value> {
    let row = |it: &crate::gateway::Tried| json!({"resource": it.resource, "whyNot": it.why_not});
    of.tried.iter().map(row).collect()
}

/// The policies that were asked, each with the statement that decided.
pub(super) fn decided(of: &Inspected) -> Vec<Value> {
    let row = |it: &crate::gateway::Decided| {
        let class = if it.decision == "allow" { "succeeded" } else { "failed" };
        json!({"policy": it.policy, "decision": it.decision, "class": class, "statement": it.statement})
    };
    of.decided.iter().map(row).collect()
}

/// The levels of the buckets, right after the request.
pub(super) fn buckets(of: &Inspected) -> Vec<Value> {
    let row = |it: &crate::gateway::BucketLevel| {
        let level = format!("{:.1}", it.level);
        json!({"name": it.bucket, "level": level, "burst": it.rate.burst, "rate": it.rate.per_second.to_string()})
    };
    of.buckets.iter().map(row).collect()
}

/// What was received, sent, answered and returned: lines and a body each, as far as the log has them.
pub(super) fn exchange(of: &Inspected) -> Vec<Value> {
    let step = |name: &str| of.step(name);
    let line =
        |label: &str, value: Option<String>| value.map(|value| json!({"label": label, "value": value}));
    let overridden = |wanted: &str| -> Vec<Value> {
        let all = of.overrides.iter().filter(|(kind, _, _)| kind.starts_with(wanted));
        all.map(|(kind, name, value)| json!({"label": format!("overrides {kind} {name}"), "value": value}))
            .collect()
    };
    let status = super::fact(of, "integrationStatus").map(str::to_owned);
    let part = |title: &str, lines: Vec<Option<Value>>, more: Vec<Value>, body: Option<String>| {
        let lines: Vec<Value> = lines.into_iter().flatten().chain(more).collect();
        let body = body.filter(|body| !body.is_empty()).map(|body| shown::pretty(&body));
        let is_there = !lines.is_empty() || body.is_some();
        is_there.then(|| json!({"title": title, "lines": lines, "body": body}))
    };
    let mock = step("Mock request body after transformations");
    let parts = [
        part(
            "Method request",
            vec![
                line("query", step("Method request query string")),
                line("path", step("Method request path")),
                line("headers", step("Method request headers")),
            ],
            Vec::new(),
            step("Method request body before transformations").or_else(|| of.body.clone()),
        ),
        part(
            "Integration request",
            vec![
                line("URI", step("Endpoint request URI")),
                line("headers", step("Endpoint request headers")),
                line("sent", mock.is_some().then(|| MOCK.to_owned())),
            ],
            overridden("request"),
            step("Endpoint request body after transformations").or(mock),
        ),
        part(
            "Integration response",
            vec![line("status", status), line("headers", step("Endpoint response headers"))],
            Vec::new(),
            step("Endpoint response body before transformations"),
        ),
        part(
            "Method response",
            vec![
                line("status", Some(of.status.to_string())),
                line("headers", step("Method response headers")),
            ],
            overridden("response"),
            step("Method response body after transformations"),
        ),
    ];
    parts.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::inspected;
    use super::*;

    #[test]
    fn the_four_messages_are_taken_out_of_the_log() {
        let mut of = inspected(200, &[("integrationStatus", "201")]);
        of.log = [
            "Execution log for request 1",
            "Tue : Endpoint request URI: http://backend/x",
            "Tue : Endpoint request body after transformations: {\"a\":",
            "     1}",
            "Tue : Method response headers: {A=b}",
        ]
        .join("\n");
        of.overrides = vec![("request header", "X".to_owned(), "y".to_owned())];
        let parts = exchange(&of);
        let titles: Vec<_> = parts.iter().map(|it| it["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Integration request", "Integration response", "Method response"]);
        assert_eq!(parts[0]["lines"][0], json!({"label": "URI", "value": "http://backend/x"}));
        assert_eq!(parts[0]["lines"][1], json!({"label": "overrides request header X", "value": "y"}));
        assert_eq!(parts[0]["body"], "{\n  \"a\": 1\n}");
        assert_eq!(parts[1]["lines"], json!([{"label": "status", "value": "201"}]));
        assert_eq!(parts[2]["lines"][1], json!({"label": "headers", "value": "{A=b}"}));
    }

    #[test]
    fn what_a_mock_reads_its_status_from_is_the_integration_request() {
        let mut of = inspected(200, &[("integrationStatus", "200")]);
        of.log = "Execution log for request 1\nTue : Mock request body after transformations: {\"statusCode\": 200}\n".to_owned();
        let parts = exchange(&of);
        assert_eq!(parts[0]["title"], "Integration request");
        assert_eq!(parts[0]["lines"], json!([{"label": "sent", "value": MOCK}]));
        assert_eq!(parts[0]["body"], "{\n  \"statusCode\": 200\n}");
    }
}
