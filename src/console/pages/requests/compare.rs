//! Two requests side by side: what is not the same.

use std::sync::Arc;

use serde_json::{Value, json};

use super::layers::{LAYERS, told, why};
use super::{name, page_of, took};
use crate::console::failure::Failure;
use crate::console::permission::GET_REQUESTS;
use crate::console::visit::{Answer, Page, Visit};
use crate::gateway::Inspected;

/// Facts that are never the same.
const ALWAYS_DIFFERENT: [&str; 3] = ["requestId", "integrationLatency", "extendedRequestId"];

/// The page of two requests.
///
/// # Errors
/// If one of them is not kept, or no longer.
pub(in super::super) async fn compare(visit: &Visit<'_>) -> Result<Answer, Failure> {
    visit.check(GET_REQUESTS).await?;
    let all = visit.shared.gateway.inspector().requests();
    let find = |parameter: &str| -> Result<&Arc<Inspected>, Failure> {
        let number = visit.number(parameter).ok_or_else(Failure::no_page)?;
        all.iter().find(|it| it.number == number).ok_or_else(Failure::no_page)
    };
    let (a, b) = (find("a")?, find("b")?);
    let of = |it: &Inspected| json!({"label": format!("{} {}", it.number, name(it)), "href": page_of(it)});
    let data = json!({"a": of(a), "b": of(b), "rows": rows(a, b), "steps": steps(&a.log, &b.log)});
    visit.render(Page { title: "Two requests", section: "Requests", template: "compared", parts: &[], data })
}

/// What differs, with both values.
fn rows(a: &Inspected, b: &Inspected) -> Vec<Value> {
    let mut names: Vec<&str> = a.facts.iter().chain(&b.facts).map(|(name, _)| *name).collect();
    names.dedup();
    let mut seen: Vec<&str> = Vec::new();
    names.retain(|name| {
        let is_new = !seen.contains(name) && !ALWAYS_DIFFERENT.contains(name);
        seen.push(name);
        is_new
    });
    let of = |it: &Inspected| -> Vec<(String, String)> {
        let mut all = vec![
            ("Status".to_owned(), it.status.to_string()),
            ("Why".to_owned(), why(it)),
            ("Method".to_owned(), it.method.clone()),
            ("Target".to_owned(), it.target.clone()),
            ("Duration".to_owned(), took(it.took)),
        ];
        all.extend(LAYERS.iter().map(|(layer, name)| ((*name).to_owned(), told(it, *layer))));
        let fact = |name: &str| super::fact(it, name).unwrap_or_default().to_owned();
        all.extend(names.iter().map(|name| ((*name).to_owned(), fact(name))));
        all
    };
    let mut headers: Vec<&String> = a.headers.iter().chain(&b.headers).map(|(name, _)| name).collect();
    headers.sort_unstable();
    headers.dedup();
    let header = |it: &Inspected, wanted: &String| {
        it.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let pairs = of(a).into_iter().zip(of(b)).map(|((name, a), (_, b))| (name, a, b));
    let headers =
        headers.into_iter().map(|name| (format!("Header {name}"), header(a, name), header(b, name)));
    let body = |it: &Inspected| it.body.clone().unwrap_or_default();
    pairs
        .chain(headers)
        .chain([("Body".to_owned(), body(a), body(b))])
        .filter(|(_, a, b)| a != b)
        .map(|(name, a, b)| json!({"name": name, "a": a, "b": b}))
        .collect()
}

/// The steps of both, in order; those of one alone are marked. Their times are left out.
fn steps(a: &str, b: &str) -> Vec<Value> {
    let lines = |log: &str| -> Vec<String> {
        log.lines()
            .skip(1)
            .map(|line| line.split_once(" : ").map_or(line, |(_, rest)| rest).to_owned())
            .collect()
    };
    let (a, b) = (lines(a), lines(b));
    // What both have in this order: the longest common subsequence. Logs have some thirty lines.
    let mut longest = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for at in (0..a.len()).rev() {
        for with in (0..b.len()).rev() {
            longest[at][with] = if a[at] == b[with] {
                longest[at + 1][with + 1] + 1
            } else {
                longest[at + 1][with].max(longest[at][with + 1])
            };
        }
    }
    let mut rows = Vec::new();
    let (mut at, mut with) = (0, 0);
    while at < a.len() || with < b.len() {
        if at < a.len() && with < b.len() && a[at] == b[with] {
            rows.push(json!({"text": a[at]}));
            (at, with) = (at + 1, with + 1);
        } else if with == b.len() || (at < a.len() && longest[at][with + 1] <= longest[at + 1][with]) {
            rows.push(json!({"text": a[at], "isOfA": true}));
            at += 1;
        } else {
            rows.push(json!({"text": b[with], "isOfB": true}));
            with += 1;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::tests::inspected;
    use super::*;

    #[test]
    fn what_is_the_same_is_left_out() {
        let a = inspected(200, &[("stage", "prod"), ("resourcePath", "/x"), ("requestId", "1")]);
        let mut b = inspected(403, &[("stage", "prod"), ("requestId", "2"), ("sourceIp", "::1")]);
        b.headers = vec![("Accept".to_owned(), "*/*".to_owned())];
        let rows = rows(&a, &b);
        let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
        assert_eq!(
            names,
            ["Status", "Why", "Method", "Response", "resourcePath", "sourceIp", "Header Accept"]
        );
        assert_eq!(rows[0], json!({"name": "Status", "a": "200", "b": "403"}));
    }

    #[test]
    fn steps_that_one_has_alone_are_marked() {
        let log = |lines: &[&str]| format!("Execution log\n{}", lines.join("\n"));
        let steps = steps(&log(&["Mon : a", "Mon : b", "Mon : c"]), &log(&["Tue : a", "Tue : c", "Tue : d"]));
        let want = json!([
            {"text": "a"}, {"text": "b", "isOfA": true}, {"text": "c"}, {"text": "d", "isOfB": true}
        ]);
        assert_eq!(Value::from(steps), want);
    }
}
