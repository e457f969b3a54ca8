//! `$context.authorizer`: what an authorizer said of a caller, and how it went.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::verdict::Verdict;
use crate::gateway::refusal::Refusal;

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
    /// Notes what a token came to.
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

    /// `requestContext.authorizer` of proxy events; `None` if the authorizer said nothing.
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
