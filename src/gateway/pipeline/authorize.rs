//! Checks that the caller may call the method.
//!
//! What can't be checked is refused: an API whose policy or authorizer this gateway can't evaluate is closed, never
//! open. The control plane refuses to deploy such APIs in the first place.

use std::sync::Arc;

use super::{Authorized, Refused, Routed, UsageIdentifier};
use crate::apis::AuthorizationType;
use crate::gateway::access::{
    Action, METHOD_ARN_BYTES_MAX, ResourcePolicy, decide_for_signer, denial, method_arn,
};
use crate::gateway::authorizers::AuthorizerRunner;
use crate::gateway::compile::Match;
use crate::gateway::refusal::{Denial, Refusal};
use crate::gateway::signers::{InternalCaller, Signers};
use crate::policy::Decision;

/// What checks callers.
pub(crate) struct Guard {
    pub(crate) authorizer_runner: AuthorizerRunner,
    pub(crate) signers: Signers,
}

/// `Routed → Authorized`.
pub(crate) async fn authorize(routed: Routed, guard: &Guard) -> Result<Authorized, Refused> {
    let mut authorized = admitted(routed, guard).await?;
    // No later phase needs to know how the caller was authenticated.
    authorized.routed.context.hide_signature();
    Ok(authorized)
}

async fn admitted(mut routed: Routed, guard: &Guard) -> Result<Authorized, Refused> {
    if let (AuthorizationType::None, ResourcePolicy::None) =
        (routed.method.authorization, &routed.stage.policy)
    {
        // The common case costs nothing more.
        return Ok(Authorized { routed, usage_identifier: None });
    }
    // Boxed, so that methods without authorization don't have the larger future.
    match Box::pin(decide(&mut routed, guard)).await {
        Ok(usage_identifier) => Ok(Authorized { routed, usage_identifier }),
        Err(refusal) => Err(routed.refuse(refusal)),
    }
}

/// Combines an API's resource policy with a method's authorization.
///
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html>
async fn decide(routed: &mut Routed, guard: &Guard) -> Result<Option<UsageIdentifier>, Refusal> {
    let Guard { authorizer_runner, signers } = guard;
    if routed.method.authorization == AuthorizationType::AwsIam {
        routed.make_signable()?;
    }
    let arn = method_arn(&routed.context, &routed.stage, &routed.method);
    if METHOD_ARN_BYTES_MAX < arn.len() {
        return Err(Refusal::UriTooLong);
    }
    let policy = |routed: &Routed| routed.stage.policy.decide(&routed.context, Action::Invoke, &arn);
    match routed.method.authorization {
        AuthorizationType::AwsIam => admit_signer(routed, signers, &arn).await.map(|()| None),
        // Without an authorizer, the policy alone has to allow.
        AuthorizationType::None => admit(routed, policy(routed), &arn).map(|()| None),
        // The function is not called if the policy denies the call; otherwise one of the two has to allow.
        AuthorizationType::Custom => match policy(routed) {
            said @ Some(Decision::ExplicitDeny) => admit(routed, said, &arn).map(|()| None),
            said @ (None | Some(Decision::Allow | Decision::ImplicitDeny)) => {
                match ask(routed, authorizer_runner, &arn).await {
                    Err(Refusal::AccessDenied(Denial::Implicit)) if said == Some(Decision::Allow) => {
                        Ok(usage_identifier(routed))
                    }
                    Err(refusal) => Err(refusal),
                    Ok(()) => Ok(usage_identifier(routed)),
                }
            }
        },
        // The token is checked first, and the policy has to allow as well.
        AuthorizationType::CognitoUserPools | AuthorizationType::Jwt => {
            ask(routed, authorizer_runner, &arn).await?;
            admit(routed, policy(routed), &arn).map(|()| None)
        }
    }
}

impl Routed {
    /// Normalizes the target to the one that the signature covers, before the method is authorized and called.
    fn make_signable(&mut self) -> Result<(), Refusal> {
        self.context.make_signable();
        let found = self.stage.routes.find(&self.context.target.path, &self.context.method);
        // Signatures don't cover repeated slashes, so these must not lead to another method.
        let found = found.filter(|found| Arc::ptr_eq(&found.method, &self.method));
        let Match { parameters, .. } = found.ok_or(Refusal::Forbidden)?;
        self.context.path_parameters = parameters;
        Ok(())
    }
}

/// If there is a policy, it has to allow.
fn admit(routed: &Routed, policy: Option<Decision>, arn: &str) -> Result<(), Refusal> {
    match policy {
        None | Some(Decision::Allow) => Ok(()),
        Some(decision @ (Decision::ExplicitDeny | Decision::ImplicitDeny)) => {
            Err(Refusal::PolicyDenied(denial(&routed.context, arn, decision)))
        }
    }
}

/// Policies depend on the signer, so the signature is verified first. But callers whom the API's policy refuses in any
/// case get that answer before they are asked to sign.
async fn admit_signer(routed: &mut Routed, signers: &Signers, arn: &str) -> Result<(), Refusal> {
    if let Some(InternalCaller::Service { .. }) = routed.context.internal_caller.as_deref() {
        // It has no policies of its own, so the API's has to allow.
        let said = routed.stage.policy.decide(&routed.context, Action::Invoke, arn);
        return admit(routed, Some(said.unwrap_or(Decision::ImplicitDeny)), arn);
    }
    let identified = signers.identify(routed).await;
    let (context, stage) = (&routed.context, &routed.stage);
    if identified == Err(Refusal::MissingAuthenticationToken)
        && let said @ Some(Decision::ExplicitDeny) = stage.policy.decide(context, Action::Invoke, arn)
    {
        return admit(routed, said, arn);
    }
    identified?;
    let Some(signer) = &context.signer else { return Err(Refusal::MissingAuthenticationToken) };
    let said = decide_for_signer(signer, context, stage, Action::Invoke, arn);
    if said != Decision::Allow
        && signers.permissions.lets_pass(&signer.caller, Action::Invoke.name(), arn).await
    {
        return Ok(());
    }
    admit(routed, Some(said), arn)
}

async fn ask(
    routed: &mut Routed,
    authorizer_runner: &AuthorizerRunner,
    method_arn: &str,
) -> Result<(), Refusal> {
    let authorizer = routed.method.authorizer.clone().ok_or(Refusal::AuthorizerConfiguration)?;
    authorizer_runner.run(&authorizer, &routed.stage, &mut routed.context, method_arn).await
}

fn usage_identifier(routed: &Routed) -> Option<UsageIdentifier> {
    let verdict = routed.context.authorizer.as_ref()?.verdict.as_ref()?;
    verdict.usage_identifier.clone().map(UsageIdentifier)
}
