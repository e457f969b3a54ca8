//! The inspector: the last requests to deployed APIs, what each layer decided, and why a response has its status.

use serde_json::{Value, json};

use super::addresses::{self, address};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};
use crate::gateway::Inspected;

/// Requests of a page.
const SHOWN_MAX: usize = 200;

/// The layers of a request, in order.
const LAYERS: [&str; 7] = [
    "Stage",
    "Method",
    "Authorization",
    "API key and usage plan",
    "Validation and request mapping",
    "Integration",
    "Response",
];

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    if !visit.is_account() {
        return Err(Failure::only_account("the requests of all callers"));
    }
    let inspector = &visit.shared.inspector;
    let (searched, status) = (visit.query("q").trim().to_lowercase(), visit.query("status"));
    let is_found = |it: &Inspected| {
        let of_status = status.is_empty() || it.status.to_string().starts_with(status);
        let has = |text: &str| text.to_lowercase().contains(&searched);
        of_status
            && (searched.is_empty()
                || has(&it.method)
                || has(&it.target)
                || it.facts.iter().any(|(_, value)| has(value)))
    };
    let all = inspector.requests();
    let number = visit.number("number");
    let rows: Vec<_> =
        all.iter().filter(|it| is_found(it)).take(SHOWN_MAX).map(|it| row(it, number)).collect();
    let chosen = number.and_then(|number| all.iter().find(|it| it.number == number));
    let statuses = ["2", "3", "4", "5"]
        .map(|word| json!({"value": word, "label": format!("{word}xx"), "selected": word == status}));
    let own = [("q", visit.query("q").trim()), ("status", status)];
    let data = json!({
        "isOn": inspector.is_on(), "rows": rows, "n": all.len(), "q": visit.query("q").trim(), "statuses": statuses,
        "isFiltered": !searched.is_empty() || !status.is_empty(),
        "detail": chosen.map(|it| detail(it)), "csrf": &*visit.signed.csrf, "base": crate::console::PREFIX,
        "live": inspector.is_on().then(|| address("/live", &[("requests", "all")])),
        "key": inspector.newest().to_string(),
        "part": address("/requests", &[own[0], own[1], ("part", "requests-body")]),
    });
    let parts = &["requests-body", "request"];
    visit.render(Page { title: "Requests", section: "Requests", template: "requests", parts, data })
}

/// Turns the inspector on or off.
///
/// # Errors
/// If somebody else than the account wants to.
pub(super) fn switch(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    if !visit.is_account() {
        return Err(Failure::only_account("the requests of all callers"));
    }
    match form.text("to") {
        "on" => visit.shared.inspector.begin(),
        _ => visit.shared.inspector.end(),
    }
    Ok(Answer::Done(address("/requests", &[])))
}

fn fact<'i>(of: &'i Inspected, name: &str) -> Option<&'i str> {
    of.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn class(status: u16) -> &'static str {
    match status {
        0..400 => "succeeded",
        400..500 => "caught",
        _ => "failed",
    }
}

fn row(of: &Inspected, chosen: Option<u64>) -> Value {
    json!({
        "number": of.number, "method": of.method, "target": of.target, "status": of.status, "class": class(of.status),
        "at": shown::time(Some(of.received.as_millis())), "took": took(of.took),
        "api": fact(of, "apiId"), "stage": fact(of, "stage"), "key": fact(of, "apiKeyId"),
        "href": address("/requests", &[("number", &of.number.to_string())]), "selected": chosen == Some(of.number),
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

fn detail(of: &Inspected) -> Value {
    let refused = refused_in(of);
    let layers = LAYERS.iter().enumerate().map(|(at, name)| {
        let (state, label) = match refused {
            Some(layer) if layer < at && at + 1 < LAYERS.len() => ("", "not reached"),
            Some(layer) if layer == at => ("failed", "refused"),
            _ => ("succeeded", "passed"),
        };
        let told = if state.is_empty() { String::new() } else { told(of, at) };
        json!({"name": name, "class": state, "label": label, "told": told, "took": layer_took(of, at)})
    });
    let facts: Vec<_> = of.facts.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let api = fact(of, "apiId");
    json!({
        "title": format!("{} {}", of.method, of.target), "status": {"class": class(of.status), "label": of.status.to_string()},
        "why": why(of), "layers": layers.collect::<Vec<_>>(), "facts": facts, "steps": of.log,
        "took": took(of.took), "at": shown::time(Some(of.received.as_millis())),
        "curl": format!("curl -i -X {} '{}://{}{}'", of.method, scheme(of), of.authority, of.target.replace('\'', "%27")),
        "apiHref": api.map(|api| addresses::api(api, "")),
    })
}

fn scheme(_: &Inspected) -> &'static str {
    "http"
}

/// The layer in which a request was refused; none if the integration's response was sent.
fn refused_in(of: &Inspected) -> Option<usize> {
    let kind = match fact(of, "errorResponseType") {
        None if fact(of, "stage").is_none() => return Some(0),
        None => return None,
        Some(kind) => kind,
    };
    Some(match kind {
        "MISSING_AUTHENTICATION_TOKEN" if fact(of, "resourcePath").is_none() => 1,
        "RESOURCE_NOT_FOUND" => 1,
        "INVALID_API_KEY" | "THROTTLED" | "QUOTA_EXCEEDED" => 3,
        "BAD_REQUEST_PARAMETERS" | "BAD_REQUEST_BODY" | "REQUEST_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" => 4,
        "INTEGRATION_FAILURE" | "INTEGRATION_TIMEOUT" | "API_CONFIGURATION_ERROR" => 5,
        "MISSING_AUTHENTICATION_TOKEN"
        | "ACCESS_DENIED"
        | "UNAUTHORIZED"
        | "AUTHORIZER_FAILURE"
        | "AUTHORIZER_CONFIGURATION_ERROR"
        | "EXPIRED_TOKEN"
        | "INVALID_SIGNATURE" => 2,
        _ => 6,
    })
}

/// How long a layer took, where that is known.
fn layer_took(of: &Inspected, layer: usize) -> Option<String> {
    match layer {
        2 => of.authorizer_took.map(|time| if time.is_zero() { "kept".to_owned() } else { took(time) }),
        5 => fact(of, "integrationLatency").map(|millis| format!("{millis} ms")),
        6 => Some(took(of.took)),
        _ => None,
    }
}

/// What a layer decided.
fn told(of: &Inspected, layer: usize) -> String {
    let or_none = |name: &str| fact(of, name).unwrap_or("none").to_owned();
    match layer {
        0 => match (fact(of, "stage"), fact(of, "isCanaryRequest")) {
            (Some(stage), Some("true")) => {
                format!("{stage}, its canary, deployment {}", or_none("deploymentId"))
            }
            (Some(stage), _) => format!("{stage}, deployment {}", or_none("deploymentId")),
            (None, _) => "no such stage".to_owned(),
        },
        1 => fact(of, "resourcePath").map_or_else(
            || format!("no resource matches {} with {}", of.target, of.method),
            |path| format!("{} {path}", of.method),
        ),
        2 => {
            let kind = of.authorization.unwrap_or("NONE");
            match (fact(of, "userArn"), fact(of, "authorizeError")) {
                (_, Some(error)) => format!("{kind}: {error}"),
                (Some(arn), None) => format!("{kind}: {arn}"),
                (None, None) => kind.to_owned(),
            }
        }
        3 => match (of.needs_key, fact(of, "apiKeyId")) {
            (false, _) => "the method needs no API key".to_owned(),
            (true, Some(key)) => format!("key {key}"),
            (true, None) => "no key that a plan of the stage has".to_owned(),
        },
        4 => fact(of, "validationError").unwrap_or_default().to_owned(),
        5 => match (fact(of, "integrationStatus"), fact(of, "integrationError")) {
            (_, Some(error)) => error.to_owned(),
            (Some(status), None) => format!("answered {status}"),
            (None, None) => String::new(),
        },
        _ => format!("{}, {} bytes", of.status, fact(of, "responseLength").unwrap_or("?")),
    }
}

/// One sentence that says why the status is what it is.
fn why(of: &Inspected) -> String {
    let (stage, message) = (fact(of, "stage").unwrap_or("?"), fact(of, "errorMessage").unwrap_or_default());
    let sentence = match fact(of, "errorResponseType") {
        None if fact(of, "stage").is_none() => "no deployed stage belongs to this address".to_owned(),
        None => match fact(of, "integrationStatus") {
            Some(status) => format!(
                "the integration answered {status}, and the method's integration responses make this of it"
            ),
            None => "the method's response was made without a backend".to_owned(),
        },
        Some("MISSING_AUTHENTICATION_TOKEN") if fact(of, "resourcePath").is_none() => {
            format!("stage {stage} has no resource and method for {} {}", of.method, of.target)
        }
        Some("MISSING_AUTHENTICATION_TOKEN") => {
            "the method takes signed requests only, and this one is not signed".to_owned()
        }
        Some("INVALID_API_KEY") => {
            format!(
                "the method needs an API key, and the request has none or one that belongs to no plan with stage {stage}"
            )
        }
        Some("THROTTLED") => {
            "a rate or burst limit was reached: of the account, the stage, the method or the key's plan"
                .to_owned()
        }
        Some("QUOTA_EXCEEDED") => {
            format!("key {} has used up the quota of its plan", fact(of, "apiKeyId").unwrap_or("?"))
        }
        Some("ACCESS_DENIED") => format!("a policy does not allow the call ({message})"),
        Some("UNAUTHORIZED") => "the authorizer found no valid token or identity in the request".to_owned(),
        Some("AUTHORIZER_FAILURE") => "the authorizer could not be called, or failed".to_owned(),
        Some("AUTHORIZER_CONFIGURATION_ERROR") => {
            "the authorizer's answer is not one that API Gateway understands".to_owned()
        }
        Some("EXPIRED_TOKEN") => "the session token has expired".to_owned(),
        Some("INVALID_SIGNATURE") => format!("the signature is not that of the request ({message})"),
        Some("BAD_REQUEST_PARAMETERS") => format!("a required parameter is missing ({message})"),
        Some("BAD_REQUEST_BODY") => {
            format!("the body is not as its model says ({})", fact(of, "validationError").unwrap_or(message))
        }
        Some("REQUEST_TOO_LARGE") => "the request is too large".to_owned(),
        Some("UNSUPPORTED_MEDIA_TYPE") => {
            "the integration has no mapping template for the request's content type".to_owned()
        }
        Some("INTEGRATION_TIMEOUT") => {
            "the backend did not answer within the integration's timeout".to_owned()
        }
        Some("INTEGRATION_FAILURE") => "the backend could not be reached, or broke off".to_owned(),
        Some("API_CONFIGURATION_ERROR") => {
            "the API's own definition is wrong: the steps below say where".to_owned()
        }
        Some(kind) => format!("{kind} ({message})"),
    };
    format!("{}: {sentence}.", of.status)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Timestamp;

    fn inspected(status: u16, facts: &[(&'static str, &str)]) -> Inspected {
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
            needs_key: true,
            authorization: Some("NONE"),
            log: String::new(),
        }
    }

    #[test]
    fn one_sentence_says_why() {
        let stage = ("stage", "prod");
        for (status, facts, layer, want) in [
            (403, &[][..], Some(0), "403: no deployed stage belongs to this address."),
            (
                403,
                &[stage, ("errorResponseType", "MISSING_AUTHENTICATION_TOKEN")],
                Some(1),
                "403: stage prod has no resource and method for GET /prod/x.",
            ),
            (
                403,
                &[stage, ("resourcePath", "/x"), ("errorResponseType", "INVALID_API_KEY")],
                Some(3),
                "403: the method needs an API key, and the request has none or one that belongs to no plan with stage prod.",
            ),
            (
                200,
                &[stage, ("resourcePath", "/x"), ("integrationStatus", "200")],
                None,
                "200: the integration answered 200, and the method's integration responses make this of it.",
            ),
        ] {
            let of = inspected(status, facts);
            assert_eq!((refused_in(&of), why(&of).as_str()), (layer, want));
        }
        assert_eq!(took(Duration::from_micros(1_250)), "1.2 ms");
    }

    #[test]
    fn layers_behind_a_refusal_are_not_reached() {
        let of =
            inspected(429, &[("stage", "prod"), ("resourcePath", "/x"), ("errorResponseType", "THROTTLED")]);
        let labels: Vec<_> =
            detail(&of)["layers"].as_array().unwrap().iter().map(|it| it["label"].clone()).collect();
        assert_eq!(labels, ["passed", "passed", "passed", "refused", "not reached", "not reached", "passed"]);
    }
}
