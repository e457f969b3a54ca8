//! Asks for the parameters that the method's validator requires: present, and not blank.

use tower::service_fn;

use super::{Admitted, Answered, Next, Refused, Validated};
use crate::gateway::mapping::payload::Payload;
use crate::gateway::mapping::source::{Facts, Mapped};
use crate::gateway::refusal::Refusal;

/// `Admitted → Validated`.
pub(crate) fn over(next: impl Next<Validated, Answered>) -> impl Next<Admitted, Answered> {
    service_fn(move |admitted: Admitted| {
        let mut next = next.clone();
        async move { next.call(validate(admitted)?).await }
    })
}

fn validate(Admitted(routed): Admitted) -> Result<Validated, Refused> {
    if routed.method.required_parameters.is_empty() {
        return Ok(Validated(routed));
    }
    // Parameters never are in the body.
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
        return Ok(Validated(routed));
    }
    Err(routed.refuse(Refusal::MissingParameters(missing)))
}
