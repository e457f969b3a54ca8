//! An authorizer as a stage serves it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::results::Results;
use super::user_pools::Pool;
use crate::gateway::api::{Authorizer, AuthorizerId, AuthorizerType, JwtAlgorithm, JwtIssuer};
use crate::gateway::compile::{AwsTarget, Pattern, PatternError, with_stage_variables};
use crate::gateway::mapping::source::{Source, SourceError};

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
    UserPools(Box<PoolAuthorizer>),
    /// The keys of an issuer that the authorizer trusts are.
    Issuers(Box<JwtAuthorizer>),
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

/// User pools whose tokens are taken.
#[derive(Debug)]
pub(super) struct PoolAuthorizer {
    /// Where the token is.
    pub(super) source: Source,
    pub(super) pools: Vec<Arc<Pool>>,
    /// What a token's audience has to look like.
    pub(super) audience: Option<Pattern>,
}

/// What a JWT authorizer needs to decide.
#[derive(Debug)]
pub(super) struct JwtAuthorizer {
    /// Where the token is.
    pub(super) source: Source,
    /// Whom it trusts, each with its keys.
    pub(super) issuers: Vec<(JwtIssuer, Pool)>,
    /// How tokens may be signed.
    pub(super) algorithms: Vec<Algorithm>,
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
    pub(crate) pools: &'a BTreeMap<String, Arc<Pool>>,
    /// Members of `$context` that a test gives.
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
    #[error("{0} is no user pool of the settings")]
    UserPool(String),
    #[error("identityValidationExpression: {0}")]
    Validation(#[from] PatternError),
}

impl CompiledAuthorizer {
    /// Never fails: what can't work fails when it is asked.
    pub(crate) fn compile(authorizer: &Authorizer, setting: AuthorizerSetting<'_>) -> Self {
        let way = match authorizer.kind {
            AuthorizerType::Token => lambda(authorizer, EventType::Token, setting),
            AuthorizerType::Request => lambda(authorizer, EventType::Request, setting),
            AuthorizerType::CognitoUserPools => user_pools(authorizer, setting),
            AuthorizerType::Jwt => issuers(authorizer),
        };
        let way = way.unwrap_or_else(|flaw| {
            tracing::error!("{}: authorizer {} can't work: {flaw}", setting.place, authorizer.id);
            Way::Broken
        });
        Self { id: authorizer.id.clone(), way }
    }

    /// Forgets what was answered before.
    pub(crate) fn flush(&self) {
        match &self.way {
            Way::Lambda(lambda) => lambda.results.iter().for_each(Results::flush),
            Way::UserPools(_) | Way::Issuers(_) | Way::Broken => {}
        }
    }
}

fn lambda(authorizer: &Authorizer, event: EventType, setting: AuthorizerSetting<'_>) -> Result<Way, Flaw> {
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
    // Without sources all callers would be one.
    let ttl = if sources.is_empty() { 0 } else { authorizer.result_ttl_seconds.unwrap_or(TTL_SECONDS) };
    Ok(Way::Lambda(Box::new(LambdaAuthorizer {
        event,
        sources,
        // Requests have none: AWS does not look at it.
        validation: if has_token { validation(authorizer)? } else { None },
        target: target.ok_or(Flaw::Uri(uri))?,
        credentials: authorizer
            .authorizer_credentials
            .as_deref()
            .map(|role| with_stage_variables(role, variables)),
        results: Results::new(Duration::from_secs(u64::try_from(ttl).unwrap_or(0))),
    })))
}

fn issuers(authorizer: &Authorizer) -> Result<Way, Flaw> {
    let trusted = authorizer.jwt_configuration.as_ref().ok_or(Flaw::Issuers)?;
    let algorithm = |algorithm: &JwtAlgorithm| match algorithm {
        JwtAlgorithm::Rs256 => Some(Algorithm::RS256),
        JwtAlgorithm::Rs384 => Some(Algorithm::RS384),
        JwtAlgorithm::Rs512 => Some(Algorithm::RS512),
        JwtAlgorithm::Es256 => Some(Algorithm::ES256),
        JwtAlgorithm::Es384 => Some(Algorithm::ES384),
        // Not deployed.
        JwtAlgorithm::Es512 => None,
    };
    let keys = |issuer: &JwtIssuer| (issuer.clone(), Pool::discovered(&issuer.issuer));
    Ok(Way::Issuers(Box::new(JwtAuthorizer {
        source: Source::parse(authorizer.identity_source.as_deref().unwrap_or_default())?,
        issuers: trusted.issuers.iter().map(keys).collect(),
        algorithms: trusted.default_algorithms.iter().filter_map(algorithm).collect(),
    })))
}

fn user_pools(authorizer: &Authorizer, setting: AuthorizerSetting<'_>) -> Result<Way, Flaw> {
    let source = authorizer.identity_source.as_deref().unwrap_or_default();
    let pools = authorizer.provider_arns.iter().map(|arn| {
        let arn = with_stage_variables(arn, setting.variables);
        setting.pools.get(&arn).cloned().ok_or(Flaw::UserPool(arn))
    });
    Ok(Way::UserPools(Box::new(PoolAuthorizer {
        source: Source::parse(source)?,
        pools: pools.collect::<Result<_, _>>()?,
        audience: validation(authorizer)?,
    })))
}

fn validation(authorizer: &Authorizer) -> Result<Option<Pattern>, Flaw> {
    let pattern = authorizer.identity_validation_expression.as_deref().filter(|pattern| !pattern.is_empty());
    Ok(pattern.map(Pattern::compile).transpose()?)
}
