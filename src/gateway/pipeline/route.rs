//! Finds the method for the path and verb.
//!
//! API Gateway knows no 404 and no 405: what it does not find lacks an authentication token, and if there is
//! an `Authorization` header, that is complained about.

use super::{Refused, Routed, Staged};
use crate::gateway::authorization_header;
use crate::gateway::compile::Match;
use crate::gateway::context::Context;
use crate::gateway::refusal::Refusal;

/// `Staged → Routed`.
pub(crate) fn find(staged: Staged) -> Result<Routed, Refused> {
    let Staged { mut context, stage, body } = staged;
    match stage.routes.find(&context.target.path, &context.method) {
        Some(Match { method, parameters }) => {
            context.route = Some(method.clone());
            context.path_parameters = parameters;
            Ok(Routed { context, stage, method, body })
        }
        None => {
            let refusal = missing(&context);
            Err(Refused { context, refusal })
        }
    }
}

fn missing(context: &Context) -> Refusal {
    match authorization_header::complaint(&context.headers) {
        Some(message) => Refusal::IncompleteSignature(message),
        None => Refusal::MissingAuthenticationToken,
    }
}
