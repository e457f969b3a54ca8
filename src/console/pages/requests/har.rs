//! Requests as an HTTP Archive, which browsers' tools and others read.
//!
//! <http://www.softwareishard.com/blog/har-12-spec/>

use serde_json::{Value, json};

use super::{Filters, url};
use crate::console::failure::Failure;
use crate::console::permission::GET_REQUESTS;
use crate::console::visit::{Answer, Visit};
use crate::gateway::Inspected;
use crate::identity::Query;

/// The request of a number, or all that the filters let through; the oldest first, as archives have them.
///
/// # Errors
/// If there is none.
pub(in super::super) async fn har(visit: &Visit<'_>) -> Result<Answer, Failure> {
    visit.check(GET_REQUESTS).await?;
    let (number, filters) = (visit.number("number"), Filters::of(visit)?);
    let all = visit.shared.gateway.inspector().requests();
    let entries: Vec<Value> = all
        .iter()
        .rev()
        .filter(|it| number.map_or_else(|| filters.has(it), |number| it.number == number))
        .map(|it| entry(it))
        .collect();
    if entries.is_empty() {
        return Err(Failure::no_page());
    }
    let creator = json!({"name": "Stepgate", "version": env!("CARGO_PKG_VERSION")});
    let archive = json!({"log": {"version": "1.2", "creator": creator, "entries": entries}});
    let name = number.map_or_else(|| "requests.har".to_owned(), |number| format!("request-{number}.har"));
    Ok(Answer::File { name, media: "application/json", bytes: archive.to_string().into() })
}

fn entry(of: &Inspected) -> Value {
    let millis = of.took.as_secs_f64() * 1000.0;
    let pair = |(name, value): (&str, &str)| json!({"name": name, "value": value});
    let headers: Vec<Value> = of.headers.iter().map(|(name, value)| pair((name, value))).collect();
    let query = of.target.split_once('?').map(|(_, query)| Query::parse(query)).unwrap_or_default();
    let query: Vec<Value> = query.pairs().iter().map(|(name, value)| pair((name, value))).collect();
    let header = |wanted: &str| {
        let found = of.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| value)
    };
    let protocol = super::fact(of, "protocol").unwrap_or("HTTP/1.1");
    let length: i64 = super::fact(of, "responseLength").and_then(|length| length.parse().ok()).unwrap_or(-1);
    let mut request = json!({
        "method": of.method, "url": url(of), "httpVersion": protocol, "cookies": [], "headers": headers,
        "queryString": query, "headersSize": -1, "bodySize": -1,
    });
    if let Some(body) = of.body.as_deref().filter(|body| !body.is_empty()) {
        request["postData"] = json!({"mimeType": header("content-type"), "text": body});
        request["bodySize"] = body.len().into();
    }
    let answered: Vec<Value> = of.response_headers.iter().map(|(name, value)| pair((name, value))).collect();
    let answer = |wanted: &str| {
        let found = of.response_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| value)
    };
    let mut content = json!({"size": length.max(0), "mimeType": answer("content-type")});
    // The log has it only if bodies were asked for, and says so.
    if let Some(body) = of.body.as_ref().and_then(|_| of.step("Method response body after transformations")) {
        content["text"] = body.into();
    }
    json!({
        "startedDateTime": of.received.to_iso8601(), "time": millis,
        "request": request,
        "response": {
            "status": of.status, "statusText": "", "httpVersion": protocol, "cookies": [], "headers": answered,
            "content": content, "redirectURL": answer("location"), "headersSize": -1, "bodySize": length,
        },
        "cache": {}, "timings": {"send": 0, "wait": millis, "receive": 0},
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::inspected;
    use super::*;

    #[test]
    fn an_entry_has_what_archives_need() {
        let mut of = inspected(200, &[("protocol", "HTTP/2.0"), ("responseLength", "12")]);
        of.target = "/prod/x?a=1%202&b".to_owned();
        of.headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        of.body = Some("hello".to_owned());
        let entry = entry(&of);
        assert_eq!(entry["startedDateTime"], "1970-01-01T00:00:00.000Z");
        assert_eq!(entry["time"], 1.25);
        assert_eq!(entry["request"]["url"], "http://localhost/prod/x?a=1%202&b");
        let query = json!([{"name": "a", "value": "1 2"}, {"name": "b", "value": ""}]);
        assert_eq!(entry["request"]["queryString"], query);
        assert_eq!(entry["request"]["postData"], json!({"mimeType": "text/plain", "text": "hello"}));
        assert_eq!(entry["response"]["status"], 200);
        assert_eq!(entry["response"]["bodySize"], 12);
    }
}
