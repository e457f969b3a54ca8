//! The inspector: the last requests to deployed APIs, what each layer decided, and why a response has its status.

mod compare;
mod exchange;
mod har;
mod layers;
mod resend;

use std::sync::Arc;

use serde_json::{Value, json};

pub(super) use compare::compare;
pub(super) use har::har;
pub(super) use resend::resend;

use self::layers::{LAYERS, layer_took, refused_in, told, why};
use super::addresses::{self, address};
use super::executions::moment;
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::permission::{GET_REQUESTS, RECORD_REQUESTS};
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};
use crate::gateway::{Inspected, Layer};

/// Requests of a page.
const SHOWN_MAX: usize = 200;
/// Requests that one may be compared with.
const COMPARED_MAX: usize = 20;

/// The filters of the list, as the address has them.
struct Filters<'v> {
    searched: &'v str,
    status: &'v str,
    api: &'v str,
    stage: &'v str,
    key: &'v str,
    /// When it came, in milliseconds, and as it was written.
    after: Option<i64>,
    before: Option<i64>,
    written: (&'v str, &'v str),
}

impl<'v> Filters<'v> {
    fn of(visit: &'v Visit<'_>) -> Result<Self, Failure> {
        let [status, api, stage, key] = ["status", "api", "stage", "key"].map(|name| visit.query(name));
        let written = (visit.query("after"), visit.query("before"));
        let (after, before) = (moment(written.0)?, moment(written.1)?);
        Ok(Self { searched: visit.query("q").trim(), status, api, stage, key, after, before, written })
    }

    fn pairs(&self) -> [(&'static str, &'v str); 7] {
        [
            ("q", self.searched),
            ("status", self.status),
            ("api", self.api),
            ("stage", self.stage),
            ("key", self.key),
            ("after", self.written.0),
            ("before", self.written.1),
        ]
    }

    /// The address of a page that has these filters and more.
    fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let own = self.pairs();
        let all: Vec<(&str, &str)> = own.iter().copied().chain(more.iter().copied()).collect();
        address(path, &all)
    }

    fn is_any(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    fn has(&self, it: &Inspected) -> bool {
        let is = |wanted: &str, name| wanted.is_empty() || fact(it, name) == Some(wanted);
        let searched = self.searched.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&searched);
        it.status.to_string().starts_with(self.status)
            && is(self.api, "apiId")
            && is(self.stage, "stage")
            && is(self.key, "apiKeyId")
            && self.after.is_none_or(|after| after <= it.received.as_millis())
            && self.before.is_none_or(|before| it.received.as_millis() < before)
            && (searched.is_empty()
                || contains(&it.method)
                || contains(&it.target)
                || it.facts.iter().any(|(_, value)| contains(value)))
    }
}

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    visit.check(GET_REQUESTS).await?;
    let inspector = visit.shared.gateway.inspector();
    let filters = Filters::of(visit)?;
    let all = inspector.requests();
    let number = visit.number("number");
    let rows: Vec<_> =
        all.iter().filter(|it| filters.has(it)).take(SHOWN_MAX).map(|it| row(it, number, &filters)).collect();
    let chosen = number.and_then(|number| all.iter().find(|it| it.number == number));
    let statuses = ["2", "3", "4", "5"]
        .map(|word| json!({"value": word, "label": format!("{word}xx"), "selected": word == filters.status}));
    let data = json!({
        "isOn": inspector.is_on(), "hasBodies": inspector.has_bodies(), "rows": rows, "n": all.len(), "q": filters.searched,
        "statuses": statuses, "apis": choices(&all, "apiId", filters.api), "stages": choices(&all, "stage", filters.stage),
        "keys": choices(&all, "apiKeyId", filters.key), "after": filters.written.0, "before": filters.written.1,
        "sampledEvery": inspector.sampled_every(),
        "isFiltered": filters.is_any(),
        "detail": chosen.map(|it| detail(it, &all, visit.signed.region.as_str())), "csrf": &*visit.signed.csrf, "base": crate::console::PREFIX,
        "live": inspector.is_on().then(|| address("/live", &[("requests", "all")])),
        "key": inspector.newest().to_string(),
        "part": filters.address("/requests", &[("part", "requests-body")]),
        "har": filters.address("/requests/har", &[]),
    });
    let parts = &["requests-body", "request"];
    visit.render(Page { title: "Requests", section: "Requests", template: "requests", parts, data })
}

/// Turns the inspector on or off.
///
/// # Errors
/// If no policy allows it.
pub(super) async fn switch(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    visit.check(RECORD_REQUESTS).await?;
    let inspector = visit.shared.gateway.inspector();
    match form.text("to") {
        "on" => inspector.begin(form.filled("bodies").is_some()),
        _ => inspector.end(),
    }
    Ok(Answer::Done(address("/requests", &[])))
}

/// The page of the request that started an execution, if it is kept and `visit` may see it.
pub(super) async fn started_by(visit: &Visit<'_>, execution: &str) -> Option<Value> {
    if !visit.may(GET_REQUESTS).await {
        return None;
    }
    let all = visit.shared.gateway.inspector().requests();
    let found = all.iter().find(|it| it.execution.as_deref() == Some(execution))?;
    Some(json!({"label": name(found), "href": page_of(found)}))
}

/// The values of a fact, to choose from.
fn choices(all: &[Arc<Inspected>], name: &str, chosen: &str) -> Vec<Value> {
    let mut values: Vec<&str> = all.iter().filter_map(|it| fact(it, name)).collect();
    values.push(chosen);
    values.sort_unstable();
    values.dedup();
    values.retain(|value| !value.is_empty());
    values.iter().map(|value| json!({"value": value, "selected": *value == chosen})).collect()
}

fn fact<'i>(of: &'i Inspected, name: &str) -> Option<&'i str> {
    of.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn name(of: &Inspected) -> String {
    format!("{} {}", of.method, of.target)
}

fn page_of(of: &Inspected) -> String {
    address("/requests", &[("number", &of.number.to_string())])
}

fn class(status: u16) -> &'static str {
    match status {
        0..400 => "succeeded",
        400..500 => "caught",
        _ => "failed",
    }
}

fn row(of: &Inspected, chosen: Option<u64>, filters: &Filters<'_>) -> Value {
    let number = of.number.to_string();
    json!({
        "number": of.number, "method": of.method, "target": of.target, "status": of.status, "class": class(of.status),
        "at": shown::time(Some(of.received.as_millis())), "took": took(of.took),
        "api": fact(of, "apiId"), "stage": fact(of, "stage"), "key": fact(of, "apiKeyId"),
        "href": filters.address("/requests", &[("number", &number)]),
        "selected": chosen == Some(of.number),
    })
}

fn took(time: std::time::Duration) -> String {
    let micros = time.as_micros();
    if micros < 10_000 {
        format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
    } else {
        format!("{} ms", micros / 1000)
    }
}

fn detail(of: &Inspected, all: &[Arc<Inspected>], region: &str) -> Value {
    let refused = refused_in(of);
    let at_of = |wanted| LAYERS.iter().position(|(layer, _)| *layer == wanted);
    let refused_at = refused.and_then(at_of);
    let layers = LAYERS.iter().enumerate().map(|(at, (layer, name))| {
        let (state, label) = match refused_at {
            Some(refused) if refused < at && *layer != Layer::Response => ("", "not reached"),
            Some(refused) if refused == at => ("failed", "refused"),
            _ => ("succeeded", "passed"),
        };
        let told = if state.is_empty() { String::new() } else { told(of, *layer) };
        json!({"name": name, "class": state, "label": label, "told": told, "took": layer_took(of, *layer)})
    });
    let facts: Vec<_> = of.facts.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let headers: Vec<_> =
        of.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let others = all.iter().filter(|it| it.number != of.number).take(COMPARED_MAX);
    let others = others.map(
        |it| json!({"number": it.number, "label": format!("{} {} ({})", it.number, name(it), it.status)}),
    );
    json!({
        "number": of.number, "title": name(of), "status": {"class": class(of.status), "label": of.status.to_string()},
        "why": why(of), "layers": layers.collect::<Vec<_>>(), "facts": facts, "headers": headers, "steps": of.log,
        "body": of.body.as_deref().map(shown::pretty),
        "took": took(of.took), "at": shown::time(Some(of.received.as_millis())),
        "curl": curl(of, None), "signedCurl": curl(of, Some(region)),
        "apiHref": fact(of, "apiId").map(|api| addresses::api(api, "")),
        "executionHref": of.execution.as_deref().map(addresses::execution),
        "har": address("/requests/har", &[("number", &of.number.to_string())]),
        "others": others.collect::<Vec<_>>(), "draft": resend::draft(of), "base": crate::console::PREFIX,
        "tried": exchange::tried(of), "decided": exchange::decided(of), "buckets": exchange::buckets(of),
        "exchange": exchange::exchange(of),
    })
}

/// Where a request was sent.
fn url(of: &Inspected) -> String {
    let scheme = if of.is_secure { "https" } else { "http" };
    format!("{scheme}://{}{}", of.authority, of.target)
}

/// A request as a command. One for a region signs with the keys of whoever runs it.
fn curl(of: &Inspected, region: Option<&str>) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut command = format!("curl -i -X {} {}", of.method, quoted(&url(of)));
    if let Some(region) = region {
        let keys = "--user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"";
        command = format!("{command} --aws-sigv4 aws:amz:{region}:execute-api {keys}");
    }
    for header in resend::headers_again(of) {
        command = format!("{command} -H {}", quoted(&header));
    }
    match &of.body {
        Some(body) if !body.is_empty() => format!("{command} -d {}", quoted(body)),
        _ => command,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Timestamp;

    pub(super) fn inspected(status: u16, facts: &[(&'static str, &str)]) -> Inspected {
        Inspected {
            number: 1,
            received: Timestamp::from_millis(0),
            took: Duration::from_micros(1_250),
            method: "GET".to_owned(),
            target: "/prod/x".to_owned(),
            authority: "localhost".to_owned(),
            status,
            facts: facts.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            authorizer_took: None,
            headers: Vec::new(),
            response_headers: Vec::new(),
            tried: Vec::new(),
            decided: Vec::new(),
            key_refused: None,
            plan: None,
            buckets: Vec::new(),
            overrides: Vec::new(),
            body: None,
            passed: Vec::new(),
            quota_left: None,
            wait: None,
            execution: None,
            is_secure: false,
            needs_key: true,
            authorization: Some("NONE"),
            log: String::new(),
        }
    }

    #[test]
    fn layers_behind_a_refusal_are_not_reached() {
        let of =
            inspected(429, &[("stage", "prod"), ("resourcePath", "/x"), ("errorResponseType", "THROTTLED")]);
        let labels: Vec<_> = detail(&of, &[], "eu-west-1")["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["label"].clone())
            .collect();
        assert_eq!(labels, ["passed", "passed", "passed", "refused", "not reached", "not reached", "passed"]);
    }

    #[test]
    fn times_are_short() {
        assert_eq!(took(Duration::from_micros(1_250)), "1.2 ms");
        assert_eq!(took(Duration::from_micros(12_500)), "12 ms");
    }

    #[test]
    fn a_command_sends_what_was_sent() {
        let mut of = inspected(200, &[]);
        assert_eq!(curl(&of, None), "curl -i -X GET 'http://localhost/prod/x'");
        of.is_secure = true;
        of.target = "/prod/it's".to_owned();
        of.headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        of.body = Some("a 'b'".to_owned());
        assert_eq!(
            curl(&of, None),
            "curl -i -X GET 'https://localhost/prod/it'\\''s' -H 'Content-Type: text/plain' -d 'a '\\''b'\\'''"
        );
        assert!(curl(&of, Some("eu-west-1")).contains("--aws-sigv4 aws:amz:eu-west-1:execute-api"));
    }
}
