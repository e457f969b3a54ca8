//! Lets pass who may call the method.
//!
//! What can't be checked is refused: an API whose policy or authorizer this gateway can't evaluate is closed,
//! never open. The control plane refuses to deploy such APIs in the first place.

use tower::service_fn;

use super::{Answered, Authorized, Next, Refused, Routed};
use crate::gateway::api::AuthorizationType;
use crate::gateway::refusal::{Denial, Misconfiguration, Refusal};

/// `Routed → Authorized`.
pub(crate) fn over(next: impl Next<Authorized, Answered>) -> impl Next<Routed, Answered> {
    service_fn(move |routed: Routed| {
        let mut next = next.clone();
        async move { next.call(authorize(routed)?).await }
    })
}

fn authorize(routed: Routed) -> Result<Authorized, Refused> {
    if routed.stage.has_policy {
        return Err(routed.refuse(Refusal::AccessDenied(Denial::Implicit)));
    }
    match routed.method.authorization {
        AuthorizationType::None => Ok(Authorized { routed, usage_identifier: None }),
        AuthorizationType::AwsIam => {
            let reason = "AWS_IAM authorization is not available in this gateway".to_owned();
            Err(routed.refuse(Refusal::ApiConfiguration(Misconfiguration::Unsupported(reason))))
        }
        AuthorizationType::Custom | AuthorizationType::CognitoUserPools | AuthorizationType::Jwt => {
            Err(routed.refuse(Refusal::AuthorizerConfiguration))
        }
    }
}
