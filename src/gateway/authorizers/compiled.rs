//! Authorizers, compiled for a stage.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::results::Results;
use super::user_pools::{AuthorizerPools, Pool};
use crate::apis::{Authorizer, AuthorizerId, AuthorizerType, JwtAlgorithm, JwtIssuer, Pattern, PatternError};
use crate::gateway::compile::{AwsTarget, with_stage_variables};
use crate::gateway::mapping::source::{Source, SourceError};

/// How long AWS caches a result by default.
const TTL_SECONDS: i64 = 300;

/// A compiled authorizer.
#[derive(Debug)]
pub(crate) struct CompiledAuthorizer {
    pub(crate) id: AuthorizerId,
    pub(super) kind: AuthorizerKind,
}

/// How the decision is made.
#[derive(Debug)]
pub(super) enum AuthorizerKind {
    Lambda(Box<LambdaAuthorizer>),
    UserPools(Box<PoolAuthorizer>),
    /// By the keys of an issuer that the authorizer trusts.
    Issuers(Box<JwtAuthorizer>),
    /// Not at all: the definition is invalid, and each request fails.
    Broken,
}

/// A Lambda function that decides.
#[derive(Debug)]
pub(super) struct LambdaAuthorizer {
    pub(super) event: EventType,
    pub(super) sources: Vec<Source>,
    /// A pattern that tokens have to match before the function is called.
    pub(super) validation: Option<Pattern>,
    pub(super) target: AwsTarget,
    pub(super) credentials: Option<String>,
    /// The cached results; `None` if results are not cached.
    pub(super) results: Option<Results>,
}

/// An authorizer with user pools.
#[derive(Debug)]
pub(super) struct PoolAuthorizer {
    /// Where the token is.
    pub(super) source: Source,
    pub(super) pools: Vec<Arc<Pool>>,
    /// A pattern for a token's audience.
    pub(super) audience: Option<Pattern>,
}

/// A JWT authorizer.
#[derive(Debug)]
pub(super) struct JwtAuthorizer {
    /// Where the token is.
    pub(super) source: Source,
    /// The issuers it trusts, each with its keys.
    pub(super) issuers: Vec<(JwtIssuer, Pool)>,
    /// The accepted signature algorithms.
    pub(super) algorithms: Vec<Algorithm>,
}

/// The type of the function's event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventType {
    Token,
    Request,
}

/// The context in which an authorizer is compiled.
#[derive(Clone, Copy)]
pub(crate) struct AuthorizerSetting<'a> {
    /// API and stage, for logs.
    pub(crate) place: &'a str,
    pub(crate) variables: &'a BTreeMap<String, String>,
    pub(crate) pools: &'a AuthorizerPools,
    /// Members of `$context` from a test call.
    pub(crate) given: &'a BTreeMap<String, String>,
}

/// Why an authorizer can't work.
#[derive(Debug, thiserror::Error)]
enum Flaw {
    #[error("{0} is no source")]
    Source(#[from] SourceError),
    #[error("a token has one source")]
    Sources,
    #[error("it trusts nobody")]
    Issuers,
    #[error("{0} is no invocation of a function")]
    Uri(String),
    #[error("{0} is no user pool")]
    UserPool(String),
    #[error("identityValidationExpression: {0}")]
    Validation(#[from] PatternError),
}

impl CompiledAuthorizer {
    /// Compiles an authorizer. Never fails: what can't work fails when it is used.
    pub(crate) fn compile(authorizer: &Authorizer, setting: AuthorizerSetting<'_>) -> Self {
        let kind = match authorizer.kind {
            AuthorizerType::Token => lambda(authorizer, EventType::Token, setting),
            AuthorizerType::Request => lambda(authorizer, EventType::Request, setting),
            AuthorizerType::CognitoUserPools => user_pools(authorizer, setting),
            AuthorizerType::Jwt => issuers(authorizer),
        };
        let kind = kind.unwrap_or_else(|flaw| {
            tracing::error!("{}: authorizer {} can't work: {flaw}", setting.place, authorizer.id);
            AuthorizerKind::Broken
        });
        Self { id: authorizer.id.clone(), kind }
    }

    /// Drops the cached results.
    pub(crate) fn flush(&self) {
        match &self.kind {
            AuthorizerKind::Lambda(lambda) => lambda.results.iter().for_each(Results::flush),
            AuthorizerKind::UserPools(_) | AuthorizerKind::Issuers(_) | AuthorizerKind::Broken => {}
        }
    }
}

fn lambda(
    authorizer: &Authorizer,
    event: EventType,
    setting: AuthorizerSetting<'_>,
) -> Result<AuthorizerKind, Flaw> {
    let variables = setting.variables;
    let uri = with_stage_variables(authorizer.authorizer_uri.as_deref().unwrap_or_default(), variables);
    let target = AwsTarget::parse(&uri).filter(|target| target.service == "lambda");
    let source = authorizer.identity_source.as_deref().unwrap_or_default();
    let sources = source.split(',').map(str::trim).filter(|source| !source.is_empty());
    let sources = sources.map(|source| {
        match source.strip_prefix("context.").and_then(|name| setting.given.get(name)) {
            Some(value) => Ok(Source::Literal(value.clone())),
            None => Source::parse(source),
        }
    });
    let sources: Vec<Source> = sources.collect::<Result<_, _>>()?;
    let has_token = event == EventType::Token;
    if has_token && sources.len() != 1 {
        return Err(Flaw::Sources);
    }
    // Without identity sources, all callers would share a result.
    let ttl = if sources.is_empty() { 0 } else { authorizer.result_ttl_seconds.unwrap_or(TTL_SECONDS) };
    Ok(AuthorizerKind::Lambda(Box::new(LambdaAuthorizer {
        event,
        sources,
        // AWS ignores the expression of REQUEST authorizers.
        validation: if has_token { validation(authorizer)? } else { None },
        target: target.ok_or(Flaw::Uri(uri))?,
        credentials: authorizer
            .authorizer_credentials
            .as_deref()
            .map(|role| with_stage_variables(role, variables)),
        results: Results::new(Duration::from_secs(u64::try_from(ttl).unwrap_or(0))),
    })))
}

fn issuers(authorizer: &Authorizer) -> Result<AuthorizerKind, Flaw> {
    let trusted = authorizer.jwt_configuration.as_ref().ok_or(Flaw::Issuers)?;
    let algorithm = |algorithm: &JwtAlgorithm| match algorithm {
        JwtAlgorithm::Rs256 => Some(Algorithm::RS256),
        JwtAlgorithm::Rs384 => Some(Algorithm::RS384),
        JwtAlgorithm::Rs512 => Some(Algorithm::RS512),
        JwtAlgorithm::Es256 => Some(Algorithm::ES256),
        JwtAlgorithm::Es384 => Some(Algorithm::ES384),
        // APIs with it are not deployed.
        JwtAlgorithm::Es512 => None,
    };
    let keys = |issuer: &JwtIssuer| (issuer.clone(), Pool::discovered(&issuer.issuer));
    Ok(AuthorizerKind::Issuers(Box::new(JwtAuthorizer {
        source: Source::parse(authorizer.identity_source.as_deref().unwrap_or_default())?,
        issuers: trusted.issuers.iter().map(keys).collect(),
        algorithms: trusted.default_algorithms.iter().filter_map(algorithm).collect(),
    })))
}

fn user_pools(authorizer: &Authorizer, setting: AuthorizerSetting<'_>) -> Result<AuthorizerKind, Flaw> {
    let source = authorizer.identity_source.as_deref().unwrap_or_default();
    let pools = authorizer.provider_arns.iter().map(|arn| {
        let arn = with_stage_variables(arn, setting.variables);
        setting.pools.find(&arn).ok_or(Flaw::UserPool(arn))
    });
    Ok(AuthorizerKind::UserPools(Box::new(PoolAuthorizer {
        source: Source::parse(source)?,
        pools: pools.collect::<Result<_, _>>()?,
        audience: validation(authorizer)?,
    })))
}

fn validation(authorizer: &Authorizer) -> Result<Option<Pattern>, Flaw> {
    let pattern = authorizer.identity_validation_expression.as_deref().filter(|pattern| !pattern.is_empty());
    Ok(pattern.map(Pattern::compile).transpose()?)
}
