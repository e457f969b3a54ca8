//! `$context.authorizer`: an authorizer's result, and how the call went.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::verdict::Verdict;
use crate::gateway::refusal::Refusal;

/// What is known after an authorizer has run.
#[derive(Default)]
pub(crate) struct AuthorizerFacts {
    pub(crate) verdict: Option<Arc<Verdict>>,
    /// The claims of a user pool's token.
    pub(crate) claims: Option<Vec<(String, String)>>,
    /// How long the authorizer took; zero for a cached result.
    pub(crate) latency: Option<Duration>,
    /// The status of the authorizer in `$context.authorizer.status`.
    pub(crate) status: Option<u16>,
    /// The status of Lambda's response.
    pub(crate) integration_status: Option<u16>,
    pub(crate) request_id: Option<String>,
    pub(crate) error: Option<String>,
    /// The result of evaluating the policy.
    pub(crate) decision: Option<(u16, Option<String>)>,
}

impl AuthorizerFacts {
    /// Records the result of checking a token.
    pub(super) fn claimed(&mut self, claims: Result<Vec<(String, String)>, Refusal>) -> Result<(), Refusal> {
        match claims {
            Ok(claims) => {
                self.status = Some(200);
                self.claims = Some(claims);
                Ok(())
            }
            Err(refusal) => {
                self.status = Some(if refusal == Refusal::AuthorizerFailure { 500 } else { 401 });
                self.error = refusal.message().map(|message| message.into_owned());
                Err(refusal)
            }
        }
    }

    /// `requestContext.authorizer` of proxy events; `None` without an authorizer's result.
    pub(crate) fn members(&self) -> Option<Map<String, Value>> {
        let texts = |pairs: &[(String, String)]| -> Map<String, Value> {
            pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
        };
        if let Some(claims) = &self.claims {
            return Some([("claims".to_owned(), texts(claims).into())].into_iter().collect());
        }
        let verdict = self.verdict.as_deref()?;
        let mut members = texts(&verdict.context);
        members.insert("principalId".to_owned(), verdict.principal_id.as_str().into());
        let latency = self.latency.unwrap_or_default().as_millis();
        members.insert("integrationLatency".to_owned(), u64::try_from(latency).unwrap_or(u64::MAX).into());
        Some(members)
    }

    /// The value of `$context.authorizer.{name}`. Keys that the function returned take precedence over facts about its
    /// call, so a key named `status` or `error` is the function's.
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
        // The values may be secret.
        f.debug_struct("AuthorizerFacts").field("status", &self.status).finish_non_exhaustive()
    }
}
