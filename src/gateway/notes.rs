//! What phases note for the inspector, besides what the context and the log have. Only requests that are kept have notes.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::execution_log::shown;
use crate::apis::{ApiKeyId, Rate, UsagePlanId};

/// The longest body that is kept, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A layer that a request passes, in the order in which it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Its stage is found, and the release that serves it.
    Stage,
    /// Its resource and method are found.
    Method,
    /// Whoever calls may.
    Authorization,
    /// Its API key, the key's plan, and all rates and quotas.
    Plan,
    /// What the method requires, and the request that the integration gets.
    Mapping,
    /// The backend.
    Integration,
    /// The response that the client gets.
    Response,
}

/// Why an API key did not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefused {
    /// The request has none.
    Missing,
    /// No usage plan has the stage.
    NoPlans,
    /// There is no such key.
    Unknown,
    /// It is disabled.
    Disabled,
    /// It belongs to no plan with the stage.
    OtherPlans,
}

impl KeyRefused {
    /// Its name, for other programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NoPlans => "noPlans",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
            Self::OtherPlans => "otherPlans",
        }
    }
}

/// A bucket that a request took from, as it was right after.
#[derive(Clone, Debug, PartialEq)]
pub struct BucketLevel {
    /// Whose it is: `plan`, `method of the plan`, `method` or `account`.
    pub bucket: &'static str,
    /// The tokens in it, with fractions.
    pub level: f64,
    /// Its rate and burst.
    pub rate: Rate,
}

impl Layer {
    /// Its name, for other programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Method => "method",
            Self::Authorization => "authorization",
            Self::Plan => "plan",
            Self::Mapping => "mapping",
            Self::Integration => "integration",
            Self::Response => "response",
        }
    }
}

/// What was noted of a request.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The client's headers; secrets are shortened.
    pub(crate) headers: Vec<(String, String)>,
    /// The layers it has passed, and the monotonic time at which it did.
    pub(crate) passed: Vec<(Layer, Duration)>,
    /// Requests left of its key's quota.
    pub(crate) quota_left: Option<u64>,
    /// The plan under which its key was admitted or refused.
    pub(crate) plan: Option<UsagePlanId>,
    /// The buckets that a token was taken from, as they were right after.
    pub(crate) buckets: Vec<BucketLevel>,
    /// Why its API key did not do, and the key's id if it is known.
    pub(crate) key_refused: Option<(KeyRefused, Option<ApiKeyId>)>,
    /// How long its caller has to wait, if a limit was reached.
    pub(crate) wait: Option<Duration>,
    /// The execution that it started.
    pub(crate) execution: Option<String>,
    /// Whether somebody looks, so that it is kept in memory.
    pub(crate) is_looked_at: bool,
    /// Whether it is one of those that are sampled.
    pub(crate) is_sampled: bool,
    /// Whether its body is kept.
    pub(crate) has_body: bool,
    /// Its body, if it is text and not too long.
    pub(crate) body: Option<String>,
}

impl Notes {
    /// Begins with a request's headers.
    pub(crate) fn new<'h>(
        headers: impl Iterator<Item = (String, std::borrow::Cow<'h, str>)>,
        has_body: bool,
    ) -> Self {
        let headers = headers.map(|(name, value)| masked(name, value.into_owned()));
        Self { headers: headers.collect(), has_body, ..Self::default() }
    }

    /// Keeps the body of a request, if bodies are kept.
    pub(crate) fn body(&mut self, bytes: &Bytes) {
        if self.has_body && bytes.len() <= BODY_BYTES_MAX {
            self.body = std::str::from_utf8(bytes).ok().map(str::to_owned);
        }
    }

    /// Looks in a backend's answer for the execution that it started.
    pub(crate) fn answer(&mut self, bytes: &Bytes) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Started {
            execution_arn: String,
        }
        if bytes.len() <= BODY_BYTES_MAX {
            let started: Option<Started> = serde_json::from_slice(bytes).ok();
            self.execution = started.map(|started| started.execution_arn);
        }
    }
}

/// A header without what is secret in it.
pub(crate) fn masked(name: String, value: String) -> (String, String) {
    let is_cookie = name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie");
    let value = if is_cookie { "***".to_owned() } else { shown(&name, value) };
    (name, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shortened_and_bodies_kept_only_if_asked_for() {
        let headers = || {
            [("Cookie", "session=1"), ("X-Api-Key", "a-key-of-more-than-twenty"), ("Accept", "*/*")]
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into_iter()
        };
        let mut notes = Notes::new(headers(), false);
        let shown: Vec<&str> = notes.headers.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(shown, ["***", "*******************twenty", "*/*"]);
        notes.body(&Bytes::from_static(b"secret"));
        assert_eq!(notes.body, None);

        let mut notes = Notes::new(headers(), true);
        for (body, is_kept) in [
            (Bytes::from(vec![b'x'; BODY_BYTES_MAX]), true),
            (Bytes::from(vec![b'x'; BODY_BYTES_MAX + 1]), false),
            (Bytes::from_static(b"\xff"), false),
        ] {
            notes.body = None;
            notes.body(&body);
            assert_eq!(notes.body.is_some(), is_kept, "{} bytes", body.len());
        }
    }

    #[test]
    fn the_execution_that_a_request_started_is_in_the_answer() {
        let mut notes = Notes::default();
        let arn = "arn:aws:states:us-east-1:123456789012:execution:M:e";
        for (answer, want) in [
            (format!("{{\"executionArn\": \"{arn}\", \"startDate\": 1.5}}"), Some(arn)),
            ("{\"executionArn\": 5}".to_owned(), None),
            ("no JSON".to_owned(), None),
        ] {
            notes.answer(&answer.into());
            assert_eq!(notes.execution.as_deref(), want);
        }
    }
}
