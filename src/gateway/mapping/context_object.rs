//! `$context` and the objects in it, as templates read them.

use super::host::{Kind, text};
use crate::gateway::context::Context;
use crate::gateway::variable::Variable;
use crate::vtl::Value;

/// A member of `$context` or of one of its objects; missing ones print nothing.
pub(super) fn get(context: &Context, kind: Kind, property: &str) -> Value {
    let prefix = match kind {
        Kind::Context => match nested(property) {
            Some(nested) => return nested.value(),
            None => "",
        },
        Kind::Identity => "identity.",
        Kind::Error => "error.",
        Kind::Integration => "integration.",
        // No authorizer has run, so nothing is known of the caller.
        Kind::Authorizer if property == "claims" => return Kind::Claims.value(),
        Kind::Authorizer | Kind::Claims => return Value::Empty,
        Kind::Input
        | Kind::Util
        | Kind::StageVariables
        | Kind::RequestOverride
        | Kind::RequestHeader
        | Kind::RequestQuerystring
        | Kind::RequestPath
        | Kind::ResponseOverride
        | Kind::ResponseHeader => return Value::Null,
    };
    let variable = if prefix.is_empty() {
        Variable::parse(property)
    } else {
        Variable::parse(&format!("{prefix}{property}"))
    };
    // Templates run before the answer is known: status and lengths belong to access logs.
    text(variable.and_then(|variable| context.variable(variable)).as_deref())
}

fn nested(property: &str) -> Option<Kind> {
    Some(match property {
        "identity" => Kind::Identity,
        "error" => Kind::Error,
        "authorizer" => Kind::Authorizer,
        "integration" => Kind::Integration,
        "requestOverride" => Kind::RequestOverride,
        "responseOverride" => Kind::ResponseOverride,
        _ => return None,
    })
}
