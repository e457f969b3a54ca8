//! Lets pass who may call the method.
//!
//! What can't be checked is refused: an API whose policy or authorizer this gateway can't evaluate is closed,
//! never open. The control plane refuses to deploy such APIs in the first place.

use tower::service_fn;

use super::{Answered, Authorized, Next, Refused, Routed, UsageIdentifier};
use crate::gateway::access::{METHOD_ARN_BYTES_MAX, method_arn};
use crate::gateway::api::AuthorizationType;
use crate::gateway::authorizers::Examiner;
use crate::gateway::refusal::{Denial, Misconfiguration, Refusal};

/// `Routed → Authorized`.
pub(crate) fn over(examiner: Examiner, next: impl Next<Authorized, Answered>) -> impl Next<Routed, Answered> {
    service_fn(move |routed: Routed| {
        let (examiner, mut next) = (examiner.clone(), next.clone());
        async move {
            let authorized = match routed.method.authorization {
                // The common case costs no more than the look.
                AuthorizationType::None if !routed.stage.has_policy => {
                    Authorized { routed, usage_identifier: None }
                }
                _ => Box::pin(authorize(routed, &examiner)).await?,
            };
            next.call(authorized).await
        }
    })
}

async fn authorize(mut routed: Routed, examiner: &Examiner) -> Result<Authorized, Refused> {
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
            match ask(&mut routed, examiner).await {
                Ok(usage_identifier) => Ok(Authorized { routed, usage_identifier }),
                Err(refusal) => Err(routed.refuse(refusal)),
            }
        }
    }
}

async fn ask(routed: &mut Routed, examiner: &Examiner) -> Result<Option<UsageIdentifier>, Refusal> {
    let authorizer = routed.method.authorizer.clone().ok_or(Refusal::AuthorizerConfiguration)?;
    let arn = method_arn(&routed.context, &routed.stage, &routed.method);
    if METHOD_ARN_BYTES_MAX < arn.len() {
        return Err(Refusal::UriTooLong);
    }
    examiner.examine(&authorizer, &routed.stage, &mut routed.context, &arn).await?;
    let verdict = routed.context.authorizer.as_ref().and_then(|facts| facts.verdict.as_ref());
    Ok(verdict.and_then(|verdict| verdict.usage_identifier.clone()).map(UsageIdentifier))
}
