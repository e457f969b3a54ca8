//! API keys and rates: the method's limit first, then the account's.

use std::sync::Arc;

use tower::service_fn;

use super::{Admitted, Answered, Authorized, Next, Refused};
use crate::gateway::plans::throttle::Limiter;
use crate::gateway::refusal::Refusal;

/// `Authorized → Admitted`.
pub(crate) fn over(
    account: Option<Arc<Limiter>>,
    next: impl Next<Admitted, Answered>,
) -> impl Next<Authorized, Answered> {
    service_fn(move |authorized: Authorized| {
        let (account, mut next) = (account.clone(), next.clone());
        async move { next.call(admit(authorized, account.as_deref())?).await }
    })
}

fn admit(Authorized(routed): Authorized, account: Option<&Limiter>) -> Result<Admitted, Refused> {
    // No key can be known before there are usage plans to look it up in.
    if routed.method.is_api_key_required {
        return Err(routed.refuse(Refusal::InvalidApiKey));
    }
    // The most specific limit rejects first.
    let limiters = [routed.method.limiter.as_deref(), account];
    if limiters.into_iter().flatten().any(|limiter| !limiter.take()) {
        return Err(routed.refuse(Refusal::Throttled));
    }
    Ok(Admitted(routed))
}
