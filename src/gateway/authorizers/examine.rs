//! Asks a method's authorizer about a request, or knows its answer already.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::compiled::{CompiledAuthorizer, EventType, LambdaAuthorizer, Way};
use super::facts::AuthorizerFacts;
use super::lambda::Answer;
use super::verdict::Verdict;
use super::{event, identity, lambda};
use crate::clock::Clock;
use crate::gateway::access;
use crate::gateway::compile::CompiledStage;
use crate::gateway::context::Context;
use crate::gateway::integration::Outside;
use crate::gateway::refusal::{Denial, Refusal};
use crate::meter;
use crate::policy::{Caller, Decision};

/// What authorizers are asked with.
#[derive(Clone)]
pub(crate) struct Examiner {
    pub(crate) outside: Arc<Outside>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// An authorizer's answer by itself, before it is held against a request.
#[derive(Clone)]
pub(crate) enum Examination {
    /// A Lambda function's.
    Lambda(Arc<Verdict>),
}

impl Examination {
    /// The caller's API key, where the authorizer named one.
    pub(crate) fn usage_identifier(&self) -> Option<&str> {
        let Self::Lambda(verdict) = self;
        verdict.usage_identifier.as_deref()
    }
}

impl Examiner {
    /// Whether the caller may call `method_arn`; what the authorizer said is in `$context.authorizer` afterwards,
    /// whatever it was.
    pub(crate) async fn examine(
        &self,
        authorizer: &CompiledAuthorizer,
        stage: &CompiledStage,
        context: &mut Context,
        method_arn: &str,
    ) -> Result<Examination, Refusal> {
        let mut facts = AuthorizerFacts::default();
        let examined = self.ask(authorizer, stage, context, method_arn, &mut facts).await;
        let result = examined.and_then(|examination| {
            let Examination::Lambda(verdict) = &examination;
            let decision = access::decide(&verdict.policy, context, Caller::Anonymous, method_arn);
            let denial = match decision {
                Decision::Allow => None,
                Decision::ExplicitDeny => Some(Denial::Explicit),
                Decision::ImplicitDeny => Some(Denial::Implicit),
            };
            let refusal = denial.map(Refusal::AccessDenied);
            let message = refusal.as_ref().and_then(Refusal::message).map(|message| message.into_owned());
            facts.decision = Some((if refusal.is_some() { 403 } else { 200 }, message));
            refusal.map_or(Ok(examination), Err)
        });
        context.authorizer = Some(Box::new(facts));
        result
    }

    /// The authorizer's answer, asked for or kept.
    pub(crate) async fn ask(
        &self,
        authorizer: &CompiledAuthorizer,
        stage: &CompiledStage,
        context: &mut Context,
        method_arn: &str,
        facts: &mut AuthorizerFacts,
    ) -> Result<Examination, Refusal> {
        let verdict = match &authorizer.way {
            Way::Lambda(lambda) => {
                self.ask_lambda(authorizer, lambda, stage, context, method_arn, facts).await?
            }
            Way::Broken => {
                facts.error = Some("the authorizer's definition is broken".to_owned());
                facts.status = Some(500);
                return Err(Refusal::AuthorizerConfiguration);
            }
        };
        facts.verdict = Some(verdict.clone());
        Ok(Examination::Lambda(verdict))
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
        let answer = lambda::call(&*self.outside.backends, function, stage, &event).await;
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
