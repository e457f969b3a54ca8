//! Finds the method for the path and verb.
//!
//! API Gateway has no 404 and no 405. A request whose method is not found "lacks an authentication token"; if it has an
//! `Authorization` header, the error is about that header.

use std::sync::Arc;

use super::{Refused, Routed, Staged};
use crate::gateway::authorization_header;
use crate::gateway::compile::{CompiledMethod, CompiledStage, Match};
use crate::gateway::context::Context;
use crate::gateway::refusal::Refusal;
use crate::identity::generous_reading;

/// `Staged → Routed`.
pub(crate) fn find(staged: Staged) -> Result<Routed, Refused> {
    let Staged { mut context, stage, body } = staged;
    if context.is_method_unclear {
        return Err(Refused { context, refusal: Refusal::MissingAuthenticationToken });
    }
    match stage.routes.find(&context.target.path, &context.method) {
        Some(Match { method, .. }) if leads_around(&stage, &context, &method) => {
            Err(Refused { context, refusal: Refusal::Forbidden })
        }
        Some(Match { method, parameters }) => {
            context.route = Some(method.clone());
            context.path_parameters = parameters;
            Ok(Routed { context, stage, method, body, held: None })
        }
        None => {
            let refusal = missing(&context);
            Err(Refused { context, refusal })
        }
    }
}

/// Whether a backend with a lenient reading of paths could reach what another method guards: `/admin` beside
/// `/{proxy+}`, requested as `/x/..;/admin` (refused earlier), `/a%2Fb` or `/admin;v=1`.
fn leads_around(stage: &CompiledStage, context: &Context, found: &Arc<CompiledMethod>) -> bool {
    let Some(read) = generous_reading(&context.target.path) else { return false };
    let meant = stage.routes.find(&read, &context.method);
    meant.is_some_and(|Match { method, .. }| !Arc::ptr_eq(&method, found) && !method.asks_no_more_than(found))
}

fn missing(context: &Context) -> Refusal {
    match authorization_header::complaint(&context.headers) {
        Some(message) => Refusal::IncompleteSignature(message),
        None => Refusal::MissingAuthenticationToken,
    }
}
