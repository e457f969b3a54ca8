//! Lets pass who may call the method.
//!
//! What can't be checked is refused: an API whose policy or authorizer this gateway can't evaluate is closed,
//! never open. The control plane refuses to deploy such APIs in the first place.

use tower::service_fn;

use super::{Answered, Authorized, Next, Refused, Routed, UsageIdentifier};
use crate::gateway::access::{METHOD_ARN_BYTES_MAX, ResourcePolicy, denial, method_arn};
use crate::gateway::api::AuthorizationType;
use crate::gateway::authorizers::Examiner;
use crate::gateway::refusal::{Denial, Misconfiguration, Refusal};
use crate::policy::Decision;

/// `Routed → Authorized`.
pub(crate) fn over(examiner: Examiner, next: impl Next<Authorized, Answered>) -> impl Next<Routed, Answered> {
    service_fn(move |routed: Routed| {
        let (examiner, mut next) = (examiner.clone(), next.clone());
        async move {
            let authorized = match (routed.method.authorization, &routed.stage.policy) {
                // The common case costs no more than the look.
                (AuthorizationType::None, ResourcePolicy::None) => {
                    Authorized { routed, usage_identifier: None }
                }
                _ => Box::pin(authorize(routed, &examiner)).await?,
            };
            next.call(authorized).await
        }
    })
}

async fn authorize(mut routed: Routed, examiner: &Examiner) -> Result<Authorized, Refused> {
    match decide(&mut routed, examiner).await {
        Ok(usage_identifier) => Ok(Authorized { routed, usage_identifier }),
        Err(refusal) => Err(routed.refuse(refusal)),
    }
}

/// How an API's resource policy and a method's authorization go together.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html>
async fn decide(routed: &mut Routed, examiner: &Examiner) -> Result<Option<UsageIdentifier>, Refusal> {
    let arn = method_arn(&routed.context, &routed.stage, &routed.method);
    if METHOD_ARN_BYTES_MAX < arn.len() {
        return Err(Refusal::UriTooLong);
    }
    let policy = routed.stage.policy.decide(&routed.context, &arn);
    let denied = |decision: Decision| Err(Refusal::PolicyDenied(denial(&arn, decision)));
    match (routed.method.authorization, policy) {
        (AuthorizationType::AwsIam, _) => {
            let reason = "AWS_IAM authorization is not available in this gateway".to_owned();
            Err(Refusal::ApiConfiguration(Misconfiguration::Unsupported(reason)))
        }
        // Without anybody to ask, the policy has to allow by itself.
        (AuthorizationType::None, None | Some(Decision::Allow)) => Ok(None),
        (AuthorizationType::None, Some(decision)) => denied(decision),
        // A function is not asked about a call that the policy denies; otherwise one of the two has to allow.
        (AuthorizationType::Custom, Some(decision @ Decision::ExplicitDeny)) => denied(decision),
        (AuthorizationType::Custom, policy) => match ask(routed, examiner, &arn).await {
            Err(Refusal::AccessDenied(Denial::Implicit)) if policy == Some(Decision::Allow) => {
                Ok(usage_identifier(routed))
            }
            Err(refusal) => Err(refusal),
            Ok(()) => Ok(usage_identifier(routed)),
        },
        // Tokens come first, and the policy has to allow as well.
        (AuthorizationType::CognitoUserPools | AuthorizationType::Jwt, policy) => {
            ask(routed, examiner, &arn).await?;
            match policy {
                None | Some(Decision::Allow) => Ok(None),
                Some(decision @ (Decision::ExplicitDeny | Decision::ImplicitDeny)) => denied(decision),
            }
        }
    }
}

async fn ask(routed: &mut Routed, examiner: &Examiner, method_arn: &str) -> Result<(), Refusal> {
    let authorizer = routed.method.authorizer.clone().ok_or(Refusal::AuthorizerConfiguration)?;
    examiner.examine(&authorizer, &routed.stage, &mut routed.context, method_arn).await
}

fn usage_identifier(routed: &Routed) -> Option<UsageIdentifier> {
    let verdict = routed.context.authorizer.as_ref()?.verdict.as_ref()?;
    verdict.usage_identifier.clone().map(UsageIdentifier)
}
