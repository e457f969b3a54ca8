//! What each layer decided about a request, and one sentence that says why its response has the status that it has.

use std::time::Duration;

use super::{fact, took};
use crate::gateway::{Inspected, KeyRefused, Layer};

/// The layers, in order, as pages name them.
pub(super) const LAYERS: [(Layer, &str); 7] = [
    (Layer::Stage, "Stage"),
    (Layer::Method, "Method"),
    (Layer::Authorization, "Authorization"),
    (Layer::Plan, "API key and usage plan"),
    (Layer::Mapping, "Validation and request mapping"),
    (Layer::Integration, "Integration"),
    (Layer::Response, "Response"),
];

/// The layer in which a request was refused; none if the integration's response was sent.
pub(super) fn refused_in(of: &Inspected) -> Option<Layer> {
    let kind = match fact(of, "errorResponseType") {
        None if fact(of, "stage").is_none() => return Some(Layer::Stage),
        None => return None,
        Some(kind) => kind,
    };
    Some(match kind {
        "MISSING_AUTHENTICATION_TOKEN" if fact(of, "resourcePath").is_none() => Layer::Method,
        "RESOURCE_NOT_FOUND" => Layer::Method,
        "INVALID_API_KEY" | "THROTTLED" | "QUOTA_EXCEEDED" => Layer::Plan,
        "BAD_REQUEST_PARAMETERS" | "BAD_REQUEST_BODY" | "REQUEST_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" => {
            Layer::Mapping
        }
        "INTEGRATION_FAILURE" | "INTEGRATION_TIMEOUT" | "API_CONFIGURATION_ERROR" => Layer::Integration,
        "MISSING_AUTHENTICATION_TOKEN"
        | "ACCESS_DENIED"
        | "UNAUTHORIZED"
        | "AUTHORIZER_FAILURE"
        | "AUTHORIZER_CONFIGURATION_ERROR"
        | "EXPIRED_TOKEN"
        | "INVALID_SIGNATURE" => Layer::Authorization,
        _ => Layer::Response,
    })
}

/// How long a layer took, where that is known.
pub(super) fn layer_took(of: &Inspected, layer: Layer) -> Option<String> {
    let passed = |layer| of.passed.iter().find(|(known, _)| *known == layer).map(|(_, at)| *at);
    let before =
        of.passed.iter().take_while(|(known, _)| *known != layer).last().map_or(Duration::ZERO, |it| it.1);
    let whole = match layer {
        // From the last layer that it passed to the response.
        Layer::Response => of.took.saturating_sub(before),
        _ => passed(layer)?.saturating_sub(before),
    };
    let asked = (layer == Layer::Authorization).then_some(of.authorizer_took).flatten();
    Some(match asked {
        Some(time) if time.is_zero() => format!("{}, the answer was kept", took(whole)),
        Some(time) => format!("{}, {} of them in the authorizer", took(whole), took(time)),
        None => took(whole),
    })
}

/// What a layer decided.
pub(super) fn told(of: &Inspected, layer: Layer) -> String {
    let or_none = |name: &str| fact(of, name).unwrap_or("none").to_owned();
    match layer {
        Layer::Stage => match (fact(of, "stage"), fact(of, "isCanaryRequest")) {
            (Some(stage), Some("true")) => {
                format!("{stage}, its canary, deployment {}", or_none("deploymentId"))
            }
            (Some(stage), _) => format!("{stage}, deployment {}", or_none("deploymentId")),
            (None, _) => "no such stage".to_owned(),
        },
        Layer::Method => fact(of, "resourcePath").map_or_else(
            || format!("no resource matches {} with {}", of.target, of.method),
            |path| match of.tried.iter().filter(|it| it.why_not.is_some()).count() {
                0 => format!("{} {path}", of.method),
                n => format!("{} {path}, after {n} that did not do", of.method),
            },
        ),
        Layer::Authorization => {
            let kind = of.authorization.unwrap_or("NONE");
            let said = match (fact(of, "userArn"), fact(of, "authorizeError")) {
                (_, Some(error)) => format!("{kind}: {error}"),
                (Some(arn), None) => format!("{kind}: {arn}"),
                (None, None) => kind.to_owned(),
            };
            let by = of.decided.iter().map(|it| match &it.statement {
                Some(statement) => format!("; {}: {} by statement {statement}", it.policy, it.decision),
                None => format!("; {}: {}, no statement applies", it.policy, it.decision),
            });
            said + &by.collect::<String>()
        }
        Layer::Plan => match (of.needs_key, fact(of, "apiKeyId")) {
            (false, _) => "the method needs no API key".to_owned(),
            (true, Some(key)) => {
                let plan = of.plan.as_ref().map(|plan| format!(", plan {plan}")).unwrap_or_default();
                match of.quota_left {
                    Some(left) => format!("key {key}{plan}, {left} requests of its quota are left"),
                    None => format!("key {key}{plan}"),
                }
            }
            (true, None) => {
                key_refused(of).unwrap_or_else(|| "no key that a plan of the stage has".to_owned())
            }
        },
        Layer::Mapping => fact(of, "validationError").unwrap_or_default().to_owned(),
        Layer::Integration => match (fact(of, "integrationStatus"), fact(of, "integrationError")) {
            (_, Some(error)) => error.to_owned(),
            (Some(status), None) => format!("answered {status}"),
            (None, None) => String::new(),
        },
        Layer::Response => {
            let by = fact(of, "errorResponseType").map(|kind| format!(", gateway response {kind}"));
            let bytes = fact(of, "responseLength").unwrap_or("?");
            format!("{}{}, {bytes} bytes", of.status, by.unwrap_or_default())
        }
    }
}

/// Why the request's API key did not do.
fn key_refused(of: &Inspected) -> Option<String> {
    let (why, key) = of.key_refused.as_ref()?;
    let (key, stage) = (key.as_ref().map_or("?", |key| key.as_str()), fact(of, "stage").unwrap_or("?"));
    Some(match why {
        KeyRefused::Missing => "the method needs an API key, and the request has none".to_owned(),
        KeyRefused::NoPlans => format!("the method needs an API key, and no usage plan has stage {stage}"),
        KeyRefused::Unknown => "there is no API key of the value that the request has".to_owned(),
        KeyRefused::Disabled => format!("the key {key} is disabled"),
        KeyRefused::OtherPlans => format!("the key {key} belongs to no plan with stage {stage}"),
    })
}

/// One sentence that says why the status is what it is.
pub(super) fn why(of: &Inspected) -> String {
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
        Some("INVALID_API_KEY") => key_refused(of).unwrap_or_else(|| {
            format!(
                "the method needs an API key, and the request has none that a plan with stage {stage} has"
            )
        }),
        Some("THROTTLED") => {
            let limit =
                "a rate or burst limit was reached: of the account, the stage, the method or the key's plan";
            match of.wait {
                Some(wait) => format!("{limit}; the next request passes after {}", took(wait)),
                None => limit.to_owned(),
            }
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
    use super::super::tests::inspected;
    use super::*;

    #[test]
    fn one_sentence_says_why() {
        let stage = ("stage", "prod");
        for (status, facts, layer, want) in [
            (403, &[][..], Some(Layer::Stage), "403: no deployed stage belongs to this address."),
            (
                403,
                &[stage, ("errorResponseType", "MISSING_AUTHENTICATION_TOKEN")],
                Some(Layer::Method),
                "403: stage prod has no resource and method for GET /prod/x.",
            ),
            (
                403,
                &[stage, ("resourcePath", "/x"), ("errorResponseType", "INVALID_API_KEY")],
                Some(Layer::Plan),
                "403: the method needs an API key, and the request has none that a plan with stage prod has.",
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
    }

    #[test]
    fn a_key_s_refusal_says_what_was_wrong_with_it() {
        let refused = ("errorResponseType", "INVALID_API_KEY");
        let mut of = inspected(403, &[("stage", "prod"), ("resourcePath", "/x"), refused]);
        for (why_not, key, want) in [
            (KeyRefused::Missing, None, "403: the method needs an API key, and the request has none."),
            (
                KeyRefused::NoPlans,
                None,
                "403: the method needs an API key, and no usage plan has stage prod.",
            ),
            (KeyRefused::Unknown, None, "403: there is no API key of the value that the request has."),
            (KeyRefused::Disabled, Some("k1"), "403: the key k1 is disabled."),
            (KeyRefused::OtherPlans, Some("k1"), "403: the key k1 belongs to no plan with stage prod."),
        ] {
            of.key_refused = Some((why_not, key.map(Into::into)));
            assert_eq!(why(&of), want);
        }
    }

    #[test]
    fn each_layer_has_its_time() {
        let mut of = inspected(200, &[("stage", "prod"), ("resourcePath", "/x"), ("apiKeyId", "k")]);
        let micros = Duration::from_micros;
        of.passed = vec![
            (Layer::Stage, micros(100)),
            (Layer::Method, micros(250)),
            (Layer::Authorization, micros(700)),
        ];
        of.authorizer_took = Some(micros(300));
        of.quota_left = Some(41);
        for (layer, want) in [
            (Layer::Stage, Some("0.1 ms")),
            (Layer::Method, Some("0.1 ms")),
            (Layer::Authorization, Some("0.4 ms, 0.3 ms of them in the authorizer")),
            (Layer::Plan, None),
            (Layer::Response, Some("0.5 ms")),
        ] {
            assert_eq!(layer_took(&of, layer).as_deref(), want, "{layer:?}");
        }
        assert_eq!(told(&of, Layer::Plan), "key k, 41 requests of its quota are left");
    }
}
