//! An authorizer as a stage serves it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::results::Results;
use crate::gateway::api::{Authorizer, AuthorizerId, AuthorizerType};
use crate::gateway::compile::{AwsTarget, Pattern, with_stage_variables};
use crate::gateway::mapping::source::Source;

/// How long AWS keeps an answer if nothing is said.
const TTL_SECONDS: i64 = 300;

/// A compiled authorizer.
#[derive(Debug)]
pub(crate) struct CompiledAuthorizer {
    pub(crate) id: AuthorizerId,
    pub(super) way: Way,
}

/// Who decides.
#[derive(Debug)]
pub(super) enum Way {
    Lambda(Box<LambdaAuthorizer>),
    /// Nobody can: the definition is broken. Each request fails.
    Broken,
}

/// A Lambda function that decides.
#[derive(Debug)]
pub(super) struct LambdaAuthorizer {
    pub(super) event: EventType,
    pub(super) sources: Vec<Source>,
    /// What tokens have to look like before anybody is asked.
    pub(super) validation: Option<Pattern>,
    pub(super) target: AwsTarget,
    pub(super) credentials: Option<String>,
    /// `None` if each request is asked for.
    pub(super) results: Option<Results>,
}

/// What the function is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventType {
    Token,
    Request,
}

/// What an authorizer is compiled for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthorizerSetting<'a> {
    /// API and stage, for logs.
    pub(crate) place: &'a str,
    pub(crate) variables: &'a BTreeMap<String, String>,
}

impl CompiledAuthorizer {
    /// Never fails: what can't work fails when it is asked.
    pub(crate) fn compile(authorizer: &Authorizer, setting: AuthorizerSetting<'_>) -> Self {
        let variables = setting.variables;
        let way = match authorizer.kind {
            AuthorizerType::Token => lambda(authorizer, EventType::Token, variables),
            AuthorizerType::Request => lambda(authorizer, EventType::Request, variables),
            AuthorizerType::CognitoUserPools => Err("user pools can't be asked".to_owned()),
        };
        let way = way.unwrap_or_else(|reason| {
            tracing::error!("{}: authorizer {} can't work: {reason}", setting.place, authorizer.id);
            Way::Broken
        });
        Self { id: authorizer.id.clone(), way }
    }

    /// Forgets what was answered before.
    pub(crate) fn flush(&self) {
        match &self.way {
            Way::Lambda(lambda) => lambda.results.iter().for_each(Results::flush),
            Way::Broken => {}
        }
    }
}

fn lambda(
    authorizer: &Authorizer,
    event: EventType,
    variables: &BTreeMap<String, String>,
) -> Result<Way, String> {
    let uri = with_stage_variables(authorizer.authorizer_uri.as_deref().unwrap_or_default(), variables);
    let target = AwsTarget::parse(&uri).filter(|target| target.service == "lambda");
    let source = authorizer.identity_source.as_deref().unwrap_or_default();
    let sources = source.split(',').map(str::trim).filter(|source| !source.is_empty());
    let sources: Vec<Source> = sources
        .map(Source::parse)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{error} is no source"))?;
    let has_token = event == EventType::Token;
    if has_token && sources.len() != 1 {
        return Err("a token has one source".to_owned());
    }
    let pattern = authorizer.identity_validation_expression.as_deref().filter(|_| has_token);
    let validation = pattern.filter(|pattern| !pattern.is_empty()).map(Pattern::compile).transpose();
    // Without sources all callers would be one.
    let ttl = if sources.is_empty() { 0 } else { authorizer.result_ttl_seconds.unwrap_or(TTL_SECONDS) };
    Ok(Way::Lambda(Box::new(LambdaAuthorizer {
        event,
        sources,
        validation: validation.map_err(|error| format!("identityValidationExpression: {error}"))?,
        target: target.ok_or_else(|| format!("{uri} is no invocation of a function"))?,
        credentials: authorizer
            .authorizer_credentials
            .as_deref()
            .map(|role| with_stage_variables(role, variables)),
        results: Results::new(Duration::from_secs(u64::try_from(ttl).unwrap_or(0))),
    })))
}
