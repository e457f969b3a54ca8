//! Checks what the method's validator requires: parameters that are present and not blank, then a body that fits its
//! model.

use std::borrow::Cow;

use http::header::CONTENT_TYPE;

use super::{Admitted, Refused, Routed, Validated};
use crate::gateway::bulkhead::{Bulkhead, SMALL_BYTES_MAX};
use crate::gateway::compile::{ComplaintsFor, Mismatch};
use crate::gateway::mapping::payload::Payload;
use crate::gateway::mapping::source::{Facts, Mapped};
use crate::gateway::refusal::{Misconfiguration, Refusal};

/// `Admitted → Validated`.
pub(crate) async fn validate(Admitted(routed): Admitted, bulkhead: &Bulkhead) -> Result<Validated, Refused> {
    // If parameters are missing, the body is not read.
    check_body(check_parameters(routed)?, bulkhead).await
}

fn check_parameters(routed: Routed) -> Result<Routed, Refused> {
    if routed.method.required_parameters.is_empty() {
        return Ok(routed);
    }
    // Parameter sources here never read the body.
    let body = Payload::default();
    let facts = Facts { context: &routed.context, request: &body, response: None };
    let is_missing = |mapped: Mapped<'_>| mapped.into_values().iter().all(|value| value.trim().is_empty());
    let missing: Vec<String> = routed
        .method
        .required_parameters
        .iter()
        .filter(|parameter| parameter.source.read(facts).map_or(true, is_missing))
        .map(|parameter| parameter.name.clone())
        .collect();
    if missing.is_empty() {
        return Ok(routed);
    }
    Err(routed.refuse(Refusal::MissingParameters(missing)))
}

async fn check_body(mut routed: Routed, bulkhead: &Bulkhead) -> Result<Validated, Refused> {
    let content_type = routed.context.own_header(&CONTENT_TYPE).map(Cow::into_owned);
    if !routed.method.body_models.apply_to(content_type.as_deref()) {
        return Ok(Validated { routed, body: None });
    }
    let body = match routed.read_body(bulkhead).await {
        Ok(body) => body,
        Err(refusal) => return Err(routed.refuse(refusal)),
    };
    let (bytes, text) = (body.bytes().len(), body.bytes().clone());
    let checked = bulkhead.run(
        bytes,
        || vec![text],
        (routed, body),
        move |(routed, body)| check(routed, body, content_type.as_deref()),
    );
    match checked.await {
        Ok(result) => result,
        Err(((routed, _), refusal)) => Err(routed.refuse(refusal)),
    }
}

fn check(mut routed: Routed, mut body: Payload, content_type: Option<&str>) -> Result<Validated, Refused> {
    let is_seen = routed.context.log.is_some() || routed.stage.shows_complaints;
    let complaints = if is_seen { ComplaintsFor::Somebody } else { ComplaintsFor::Nobody };
    let checked = routed.method.body_models.check(content_type, &body, complaints);
    if SMALL_BYTES_MAX < body.bytes().len() {
        body.forget_json();
    }
    match checked {
        Ok(()) => Ok(Validated { routed, body: Some(body) }),
        Err(Mismatch::Broken { complaints, content_type }) => {
            routed.context.log(format_args!(
                "Request body does not match model schema for content type {content_type}: {complaints}"
            ));
            Err(routed.refuse(Refusal::InvalidBody(complaints)))
        }
        Err(Mismatch::Unusable(error)) => {
            let reason = format!("A request model can't be used: {error}");
            Err(routed.refuse(Refusal::ApiConfiguration(Misconfiguration::Unsupported(reason))))
        }
    }
}
