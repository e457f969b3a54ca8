//! `$context` and the objects in it, for templates.

use super::host::{Kind, text};
use crate::apis::Variable;
use crate::gateway::context::Context;
use crate::vtl::{Object, Value};

/// A member of `$context` or of one of its objects; missing ones print nothing.
pub(super) fn get(context: &Context, kind: Kind, property: &str) -> Value {
    let prefix = match kind {
        Kind::Context => match nested(property) {
            Some(nested) => return nested.value(),
            None => "",
        },
        Kind::Identity if property == "clientCert" => return Kind::ClientCert.value(),
        Kind::ClientCert if property == "validity" => return Kind::Validity.value(),
        Kind::Identity => "identity.",
        Kind::ClientCert => "identity.clientCert.",
        Kind::Validity => "identity.clientCert.validity.",
        Kind::CustomDomain => "customDomain.",
        Kind::Error => "error.",
        Kind::Integration => "integration.",
        Kind::Authorizer if property == "claims" => return Kind::Claims.value(),
        Kind::Authorizer => return text(context.authorizer_member(property).as_deref()),
        Kind::Claims => {
            return text(context.authorizer_member(&format!("claims.{property}")).as_deref());
        }
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
    // Templates run before the response is known, so its status and length are only for access logs.
    text(variable.and_then(|variable| context.variable(variable)).as_deref())
}

/// The names that lead to an object in `$context`; `None` if it isn't part of it, or is one that templates write to.
pub(super) fn path(object: Object) -> Option<&'static [&'static str]> {
    Some(match Kind::of(object)? {
        Kind::Context => &[],
        Kind::Identity => &["identity"],
        Kind::ClientCert => &["identity", "clientCert"],
        Kind::Validity => &["identity", "clientCert", "validity"],
        Kind::CustomDomain => &["customDomain"],
        Kind::Error => &["error"],
        Kind::Authorizer => &["authorizer"],
        Kind::Claims => &["authorizer", "claims"],
        Kind::Integration => &["integration"],
        Kind::Input
        | Kind::Util
        | Kind::StageVariables
        | Kind::RequestOverride
        | Kind::RequestHeader
        | Kind::RequestQuerystring
        | Kind::RequestPath
        | Kind::ResponseOverride
        | Kind::ResponseHeader => return None,
    })
}

/// Whether a member of an object is itself an object of the gateway.
pub(super) fn is_object(object: Object, property: &str) -> bool {
    let kind = Kind::of(object);
    (kind == Some(Kind::Context) && nested(property).is_some())
        || (kind == Some(Kind::Authorizer) && property == "claims")
        || (kind == Some(Kind::Identity) && property == "clientCert")
        || (kind == Some(Kind::ClientCert) && property == "validity")
}

fn nested(property: &str) -> Option<Kind> {
    Some(match property {
        "identity" => Kind::Identity,
        "customDomain" => Kind::CustomDomain,
        "error" => Kind::Error,
        "authorizer" => Kind::Authorizer,
        "integration" => Kind::Integration,
        "requestOverride" => Kind::RequestOverride,
        "responseOverride" => Kind::ResponseOverride,
        _ => return None,
    })
}
