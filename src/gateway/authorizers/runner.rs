//! Runs a method's authorizer for a request, or uses its cached result.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::compiled::{
    AuthorizerKind, CompiledAuthorizer, EventType, JwtAuthorizer, LambdaAuthorizer, PoolAuthorizer,
};
use super::facts::AuthorizerFacts;
use super::lambda::Answer;
use super::token::Wanted;
use super::user_pools::Unreachable;
use super::verdict::Verdict;
use super::{event, identity, lambda, token};
use crate::clock::Clock;
use crate::gateway::access::{self, Action};
use crate::gateway::compile::CompiledStage;
use crate::gateway::context::Context;
use crate::gateway::integration::Outside;
use crate::gateway::refusal::{Denial, Refusal};
use crate::meter;
use crate::policy::Decision;

/// What is needed to run authorizers.
pub(crate) struct AuthorizerRunner {
    pub(crate) outside: Arc<Outside>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl AuthorizerRunner {
    /// Whether the caller may call `method_arn`. Afterwards `$context.authorizer` has the authorizer's result, whatever
    /// it is.
    pub(crate) async fn run(
        &self,
        authorizer: &CompiledAuthorizer,
        stage: &CompiledStage,
        context: &mut Context,
        method_arn: &str,
    ) -> Result<(), Refusal> {
        let mut facts = AuthorizerFacts::default();
        let asked = self.ask(authorizer, stage, context, method_arn, &mut facts).await;
        let result = asked.and_then(|()| match &facts.verdict {
            Some(verdict) => {
                let allowed = allow(verdict, context, method_arn);
                let refusal = allowed.as_ref().err();
                let message = refusal.and_then(Refusal::message).map(|message| message.into_owned());
                facts.decision = Some((if refusal.is_some() { 403 } else { 200 }, message));
                allowed
            }
            // A valid token is enough; there is no policy.
            None => Ok(()),
        });
        context.authorizer = Some(Box::new(facts));
        result
    }

    /// Identifies the caller with the authorizer, and records the result in `facts`. The caller's permissions are
    /// checked separately.
    pub(crate) async fn ask(
        &self,
        authorizer: &CompiledAuthorizer,
        stage: &CompiledStage,
        context: &mut Context,
        method_arn: &str,
        facts: &mut AuthorizerFacts,
    ) -> Result<(), Refusal> {
        match &authorizer.kind {
            AuthorizerKind::Lambda(function) => {
                let verdict =
                    self.ask_lambda(authorizer, function, stage, context, method_arn, facts).await?;
                facts.verdict = Some(verdict);
            }
            AuthorizerKind::UserPools(pools) => facts.claimed(self.ask_pools(pools, context).await)?,
            AuthorizerKind::Issuers(issuers) => facts.claimed(self.ask_issuers(issuers, context).await)?,
            AuthorizerKind::Broken => {
                facts.error = Some("the authorizer's definition is broken".to_owned());
                facts.status = Some(500);
                return Err(Refusal::AuthorizerConfiguration);
            }
        }
        Ok(())
    }

    /// The claims of the caller's token, if one of the pools has issued it and the method accepts it.
    async fn ask_pools(
        &self,
        authorizer: &PoolAuthorizer,
        context: &Context,
    ) -> Result<Vec<(String, String)>, Refusal> {
        let sources = std::slice::from_ref(&authorizer.source);
        let header = identity::read(sources, context).ok_or(Refusal::Unauthorized)?.first;
        let text = token::in_header(&header);
        let outside = token::outside(text).filter(|outside| outside.algorithm == Algorithm::RS256);
        let outside = outside.ok_or(Refusal::Unauthorized)?;
        let pool = authorizer.pools.iter().find(|pool| pool.issuer == outside.issuer);
        let pool = pool.ok_or(Refusal::Unauthorized)?;
        let key = pool.key(&outside.key_id, &self.outside.client, &*self.clock).await;
        let key = key.map_err(|Unreachable| Refusal::AuthorizerFailure)?.ok_or(Refusal::Unauthorized)?;
        let members = token::verify(text, &key, Algorithm::RS256).ok_or(Refusal::Unauthorized)?;
        let scopes = context.route.as_ref().map_or(&[][..], |method| &method.authorization_scopes);
        let wanted = Wanted { scopes, audience: authorizer.audience.as_ref() };
        token::check(&members, wanted, self.clock.now())?;
        Ok(token::texts(&members))
    }

    /// The claims of a token that one of the authorizer's issuers has issued for this API and the method's scopes.
    async fn ask_issuers(
        &self,
        authorizer: &JwtAuthorizer,
        context: &Context,
    ) -> Result<Vec<(String, String)>, Refusal> {
        let sources = std::slice::from_ref(&authorizer.source);
        let header = identity::read(sources, context).ok_or(Refusal::Unauthorized)?.first;
        let text = token::in_header(&header);
        let outside = token::outside(text).filter(|it| authorizer.algorithms.contains(&it.algorithm));
        let outside = outside.ok_or(Refusal::Unauthorized)?;
        let issuer = authorizer.issuers.iter().find(|(issuer, _)| issuer.issuer == outside.issuer);
        let (issuer, pool) = issuer.ok_or(Refusal::Unauthorized)?;
        let key = pool.key(&outside.key_id, &self.outside.client, &*self.clock).await;
        let key = key.map_err(|Unreachable| Refusal::AuthorizerFailure)?.ok_or(Refusal::Unauthorized)?;
        let members = token::verify(text, &key, outside.algorithm).ok_or(Refusal::Unauthorized)?;
        let scopes = context.route.as_ref().map_or(&[][..], |method| &method.authorization_scopes);
        token::check_issued(&members, issuer, scopes, self.clock.now())?;
        Ok(token::texts(&members))
    }

    async fn ask_lambda(
        &self,
        authorizer: &CompiledAuthorizer,
        function: &LambdaAuthorizer,
        stage: &CompiledStage,
        context: &mut Context,
        method_arn: &str,
        facts: &mut AuthorizerFacts,
    ) -> Result<Arc<Verdict>, Refusal> {
        let identity = identity::read(&function.sources, context)
            .filter(|identity| function.validation.as_ref().is_none_or(|it| it.matches(&identity.first)));
        let Some(identity) = identity else {
            facts.status = Some(401);
            return Err(Refusal::Unauthorized);
        };
        let before = self.clock.monotonic();
        let kept = function.results.as_ref().map(|results| (results, results.find(&identity.key, before)));
        if let Some((_, Ok(verdict))) = kept {
            facts.status = Some(200);
            facts.latency = Some(Duration::ZERO);
            return Ok(verdict);
        }
        let event: Value = match function.event {
            EventType::Token => event::token(&identity.first, method_arn),
            EventType::Request => event::request(context, method_arn),
        };
        let key = identity.key;
        let answer = lambda::call(&*self.outside.backends, function, &authorizer.id, stage, &event).await;
        let latency = self.clock.monotonic().saturating_sub(before);
        metrics::histogram!(meter::AUTHORIZER_SECONDS).record(latency);
        facts.latency = Some(latency);
        if let Answer::Given(response) = &answer {
            let body = String::from_utf8_lossy(&response.body);
            context.log(format_args!("Authorizer result body before parsing: {body}"));
        }
        let verdict = lambda::read(&answer, facts).inspect_err(|refusal| {
            if *refusal != Refusal::Unauthorized {
                let reason = facts.error.as_deref().unwrap_or_default();
                let (request_id, api, name) = (&context.request_id, &stage.api_id, &stage.name);
                let authorizer = authorizer.id.as_str();
                tracing::warn!(request_id, %api, stage = %name, authorizer, "an authorizer failed: {reason}");
            }
        })?;
        let verdict = Arc::new(verdict);
        if let Some((results, Err(since))) = kept {
            results.keep(key, verdict.clone(), since, self.clock.monotonic());
        }
        Ok(verdict)
    }
}

/// Evaluates a verdict for one call.
fn allow(verdict: &Verdict, context: &Context, method_arn: &str) -> Result<(), Refusal> {
    match access::decide(&verdict.policy, context, Action::Invoke, method_arn) {
        Decision::Allow => Ok(()),
        Decision::ExplicitDeny => Err(Refusal::AccessDenied(Denial::Explicit)),
        Decision::ImplicitDeny => Err(Refusal::AccessDenied(Denial::Implicit)),
    }
}
