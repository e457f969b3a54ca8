//! API keys, usage plans and rates.
//!
//! AWS documents the order as: key, plan, the key's rate, the method's, the account's, quota. Here the quota is checked
//! before the method's and the account's rate, so that a caller without quota takes nothing from the others. A refused
//! request counts neither against its key's rate nor against its quota; AWS doesn't say whether it does.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::{Admitted, Authorized, Refused, Routed, UsageIdentifier};
use crate::apis::{API_KEY_CHARS_MAX, ApiKeyId, ApiKeySource, Day};
use crate::gateway::context::{CallerKey, Context};
use crate::gateway::mapping::payload::Payload;
use crate::gateway::mapping::source::{Facts, Source};
use crate::gateway::notes::{BucketLevel, KeyRefused};
use crate::gateway::plans::key_meters::{Answer, KeyMeters};
use crate::gateway::plans::limit_headers::Limits;
use crate::gateway::plans::meter::Attempt;
use crate::gateway::plans::terms::Decision;
use crate::gateway::plans::throttle::{Limiter, Wait};
use crate::gateway::refusal::Refusal;
use crate::gateway::stages::SourceError;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What admission needs.
pub(crate) struct PlanEnforcement {
    /// The keys and their usage.
    pub(crate) key_meters: Arc<KeyMeters>,
    /// The limit for all APIs together.
    pub(crate) account: Option<Arc<Limiter>>,
    /// Whether callers are sent their limits.
    pub(crate) tells_limits: bool,
}

/// `Authorized → Admitted`.
pub(crate) async fn admit(
    authorized: Authorized,
    enforcement: &PlanEnforcement,
) -> Result<Admitted, Refused> {
    let Authorized { mut routed, usage_identifier } = authorized;
    let (refusal, limits) = if routed.method.is_api_key_required {
        admit_key(&mut routed, usage_identifier, enforcement).await
    } else {
        admit_anybody(&routed, enforcement)
    };
    if routed.context.notes.is_some() {
        note(&mut routed, limits, enforcement);
    }
    if enforcement.tells_limits {
        routed.context.limits = Some(limits);
    }
    match refusal {
        None => Ok(Admitted(routed)),
        Some(refusal) => Err(routed.refuse(refusal)),
    }
}

/// Notes for the inspector what the limits were like right after.
#[cold]
fn note(routed: &mut Routed, limits: Limits, enforcement: &PlanEnforcement) {
    let Routed { context, stage, method, .. } = routed;
    let known = context.caller_key.as_ref().zip(stage.key_cache.as_deref());
    let known = known.and_then(|(key, cache)| enforcement.key_meters.known(cache, &key.value));
    let metered = known.and_then(|known| {
        method.terms.iter().find_map(|it| known.meter(&it.plan).map(|m| (it, m.reading())))
    });
    let Some(notes) = &mut context.notes else { return };
    notes.quota_left = limits.standing.and_then(|it| it.quota.map(|_| it.remaining));
    notes.wait = limits.wait;
    if let Some((terms, reading)) = metered {
        notes.plan = Some(terms.plan.clone());
        let own = terms.method.as_ref().map_or("", |(name, _)| name);
        let bucket = if own.is_empty() { "plan" } else { "method of the plan" };
        let taken = reading.buckets.iter().filter(|it| it.method == own);
        notes.buckets.extend(taken.map(|it| BucketLevel { bucket, level: it.level, rate: it.rate }));
    }
    let outer = [("method", method.limiter.as_deref()), ("account", enforcement.account.as_deref())];
    let outer = outer.into_iter().filter_map(|(bucket, limiter)| {
        let reading = limiter?.reading(bucket);
        Some(BucketLevel { bucket, level: reading.level, rate: reading.rate })
    });
    notes.buckets.extend(outer);
}

/// The most specific limit is checked first.
fn admit_anybody(routed: &Routed, enforcement: &PlanEnforcement) -> (Option<Refusal>, Limits) {
    let limiters = [routed.method.limiter.as_deref(), enforcement.account.as_deref()];
    for limiter in limiters.into_iter().flatten() {
        if let Err(Wait(wait)) = limiter.take() {
            return (Some(Refusal::Throttled), Limits { standing: None, wait });
        }
    }
    (None, Limits::default())
}

/// The refusal of a key; the inspector is told why.
fn no_key(context: &mut Context, why: KeyRefused, key: Option<&ApiKeyId>) -> (Option<Refusal>, Limits) {
    if let Some(notes) = &mut context.notes {
        notes.key_refused = Some((why, key.cloned()));
    }
    (Some(Refusal::InvalidApiKey), Limits::default())
}

async fn admit_key(
    routed: &mut Routed,
    usage_identifier: Option<UsageIdentifier>,
    enforcement: &PlanEnforcement,
) -> (Option<Refusal>, Limits) {
    let refused = |refusal| (Some(refusal), Limits::default());
    let value = match routed.stage.api_key_source {
        ApiKeySource::Header => {
            let header = routed.context.headers.get(API_KEY).and_then(|value| value.to_str().ok());
            header.map(str::to_owned)
        }
        ApiKeySource::Authorizer => usage_identifier.map(|UsageIdentifier(value)| value),
    };
    // If the stage has no plans, no key is valid, and no key is that long: skip the lookup in both cases.
    let has_plans = !routed.method.terms.is_empty();
    let has_value = value.is_some();
    let value = value.filter(|value| has_plans && value.len() <= API_KEY_CHARS_MAX);
    let (Some(value), Some(key_cache)) = (value, routed.stage.key_cache.clone()) else {
        let why = match (has_value, has_plans) {
            (false, _) => KeyRefused::Missing,
            (true, false) => KeyRefused::NoPlans,
            (true, true) => KeyRefused::Unknown,
        };
        return no_key(&mut routed.context, why, None);
    };
    let subscriber = match enforcement.key_meters.subscriber(&routed.stage.owner, &key_cache, &value).await {
        Ok(Some(subscriber)) => subscriber,
        Ok(None) => return no_key(&mut routed.context, KeyRefused::Unknown, None),
        Err(error) => return refused(unavailable(&error)),
    };
    let method = routed.method.clone();
    let plan = method.terms.iter().find_map(|terms| Some((terms, subscriber.meter(&terms.plan)?)));
    let Some((terms, meter)) = plan.filter(|_| subscriber.is_enabled) else {
        let why = if subscriber.is_enabled { KeyRefused::OtherPlans } else { KeyRefused::Disabled };
        return no_key(&mut routed.context, why, Some(&subscriber.id));
    };
    routed.context.caller_key = Some(CallerKey { id: subscriber.id.clone(), value });

    let outer = [method.limiter.as_deref(), enforcement.account.as_deref()];
    let caller = terms.throttle_by.as_ref().and_then(|source| caller(source, &routed.context));
    let day = Day::of(routed.context.received);
    let attempt = Attempt { terms, caller: caller.as_deref(), day, outer: &outer };
    match enforcement.key_meters.admit(meter, attempt).await {
        Ok(Answer::Admitted(standing)) => {
            terms.meters.count(Decision::Admitted);
            (None, Limits { standing: Some(standing), wait: None })
        }
        Ok(Answer::Throttled(Wait(wait))) => {
            terms.meters.count(Decision::Throttled);
            (Some(Refusal::Throttled), Limits { standing: None, wait })
        }
        Ok(Answer::QuotaExceeded(standing)) => {
            terms.meters.count(Decision::QuotaExceeded);
            let limits = Limits { standing: Some(standing), wait: Some(Duration::ZERO) };
            (Some(Refusal::QuotaExceeded), limits)
        }
        Err(error) => refused(unavailable(&error)),
    }
}

/// Which of a key's callers sent the request; `None` if the variable is empty.
fn caller(source: &Source, context: &Context) -> Option<String> {
    let (request, response) = (&Payload::default(), None);
    let read = source.read(Facts { context, request, response });
    read.ok()?.joined().map(Cow::into_owned)
}

/// A request that can't be counted is refused: a quota is a guarantee to the owner of the API.
fn unavailable(error: &SourceError) -> Refusal {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a key could not be checked or its use not be recorded"
    );
    Refusal::Unavailable
}
