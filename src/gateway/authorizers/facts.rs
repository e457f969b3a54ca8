//! `$context.authorizer`: what an authorizer said of a caller, and how it went.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::verdict::Verdict;

/// What is known once an authorizer was asked.
#[derive(Default)]
pub(crate) struct AuthorizerFacts {
    pub(crate) verdict: Option<Arc<Verdict>>,
    /// What a user pool's token said.
    pub(crate) claims: Option<Vec<(String, String)>>,
    /// How long the answer took; zero for one that was kept.
    pub(crate) latency: Option<Duration>,
    /// What the authorizer's own part in the request came to.
    pub(crate) status: Option<u16>,
    /// What Lambda answered with.
    pub(crate) integration_status: Option<u16>,
    pub(crate) request_id: Option<String>,
    pub(crate) error: Option<String>,
    /// What the policy came to.
    pub(crate) decision: Option<(u16, Option<String>)>,
}

impl AuthorizerFacts {
    /// The value of `$context.authorizer.{name}`. What the function itself named comes before what is known of its
    /// call, so that a key named `status` or `error` is its own.
    pub(crate) fn member(&self, name: &str) -> Option<Cow<'_, str>> {
        if let (Some(claims), Some(name)) = (&self.claims, name.strip_prefix("claims.")) {
            return claims.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str().into());
        }
        let verdict = self.verdict.as_deref();
        if name == "principalId" {
            return Some(verdict?.principal_id.as_str().into());
        }
        let own = verdict.and_then(|verdict| verdict.context.iter().find(|(key, _)| key == name));
        if let Some((_, value)) = own {
            return Some(value.as_str().into());
        }
        Some(match name {
            "error" => self.error.as_deref()?.into(),
            "integrationLatency" | "latency" => self.latency?.as_millis().to_string().into(),
            "integrationStatus" => self.integration_status?.to_string().into(),
            "requestId" => self.request_id.as_deref()?.into(),
            "status" => self.status?.to_string().into(),
            _ => return None,
        })
    }
}

impl fmt::Debug for AuthorizerFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was said may be a secret.
        f.debug_struct("AuthorizerFacts").field("status", &self.status).finish_non_exhaustive()
    }
}
