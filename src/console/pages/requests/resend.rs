//! Sends a request again, as it was or changed: to a deployed API of this server, as a client would.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Request, Uri};
use serde_json::{Value, json};

use super::page_of;
use crate::connect::{collect, full};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::permission::SEND_REQUESTS;
use crate::console::shown;
use crate::console::visit::{Answer, Visit};
use crate::gateway::{Address, Inspected, InternalCaller, Peer};
use crate::identity::TargetUri;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// As much of an answer as is shown, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Headers that belong to the connection, which is another one.
const OF_CONNECTION: [HeaderName; 4] = [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];

/// The headers that may be sent again: what is secret was not kept, and what is the connection's is made anew.
pub(super) fn headers_again(of: &Inspected) -> impl Iterator<Item = String> {
    let is_kept = |name: &str, value: &str| {
        !value.contains("***")
            && !OF_CONNECTION.iter().any(|header| header.as_str().eq_ignore_ascii_case(name))
    };
    let kept = of.headers.iter().filter(move |(name, value)| is_kept(name, value));
    kept.map(|(name, value)| format!("{name}: {value}"))
}

/// The form's fields, as the request was.
pub(super) fn draft(of: &Inspected) -> Value {
    let headers: Vec<String> = headers_again(of).collect();
    json!({
        "method": of.method, "host": of.authority, "target": of.target, "headers": headers.join("\n"), "body": of.body,
    })
}

/// Sends what the form says.
///
/// # Errors
/// If it is no request to a deployed API.
pub(in super::super) async fn resend(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    visit.check(SEND_REQUESTS).await?;
    let method = Method::from_bytes(form.required("method")?.as_bytes());
    let method = method.map_err(|_| Failure::invalid("That is no method."))?;
    let (host, target) = (form.required("host")?, form.required("target")?);
    let uri = format!("http://{host}{target}").parse::<Uri>();
    let uri = uri.map_err(|error| Failure::invalid(format!("That is no address: {error}.")))?;
    let (mut parts, ()) = Request::new(()).into_parts();
    (parts.method, parts.uri) = (method, uri);
    for (name, value) in headers(form.text("headers"))? {
        if !OF_CONNECTION.contains(&name) {
            parts.headers.append(name, value);
        }
    }
    let uri = TargetUri::take(&mut parts).map_err(|error| Failure::invalid(error.to_string()))?;
    let gateway = &visit.shared.gateway;
    let Address::Stage(target) = gateway.locate(&uri) else {
        return Err(Failure::invalid("No deployed API has this address."));
    };
    // Methods with AWS_IAM see who has signed in, whose own policies are asked.
    let caller = form.filled("as").map(|_| InternalCaller::Caller(visit.aws.caller().clone()));
    let ip = visit.from.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |from| from.ip);
    let peer = Peer { ip, certificate: None, is_secure: visit.from.is_some_and(|from| from.is_secure) };
    let request = Request::from_parts(parts, full(form.text("body").to_owned()));
    let answer = async {
        let (parts, body) = gateway.serve_for(caller, uri, target, peer, request).await.into_parts();
        (parts, collect(body, ANSWER_BYTES_MAX).await)
    };
    let answered = tokio::time::timeout(TIMEOUT, answer).await;
    let (parts, body) = answered.map_err(|_| Failure::invalid("There was no answer within a minute."))?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let id = parts.headers.get("x-amzn-requestid").map(text);
    let all = gateway.inspector().requests();
    let kept = all.iter().find(|it| id.as_deref().is_some_and(|id| super::fact(it, "requestId") == Some(id)));
    let headers = parts.headers.iter().map(|(name, value)| format!("{name}: {}", text(value)));
    let body = match &body {
        Ok(bytes) => shown::pretty(&String::from_utf8_lossy(bytes)),
        Err(error) => format!("The answer can't be shown: {error}."),
    };
    let status = parts.status.as_u16();
    let data = json!({
        "status": {"class": super::class(status), "label": status.to_string()},
        "headers": headers.collect::<Vec<_>>().join("\n"), "body": body, "href": kept.map(|it| page_of(it)),
    });
    Ok(Answer::Html(visit.shared.renderer.part("resent", &data)?))
}

/// Headers, a line each.
fn headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let parsed = lines.map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
    });
    parsed.collect::<Option<_>>().ok_or_else(|| Failure::invalid("Headers are lines of name: value."))
}

#[cfg(test)]
mod tests {
    use super::super::tests::inspected;
    use super::*;

    #[test]
    fn a_draft_has_what_may_be_sent_again() {
        let mut of = inspected(200, &[]);
        of.headers =
            [("Host", "localhost"), ("X-Api-Key", "***abc"), ("Accept", "*/*"), ("Content-Length", "3")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        assert_eq!(draft(&of)["headers"], "Accept: */*");
    }

    #[test]
    fn headers_are_lines() {
        let read = headers("Accept: a/b\r\n\n x-y :z:1 \n").unwrap();
        let read: Vec<_> =
            read.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(read, [("accept", "a/b"), ("x-y", "z:1")]);
        for bad in ["Accept", "a b: c", "a: \u{1}"] {
            assert!(headers(bad).is_err(), "{bad:?}");
        }
    }
}
