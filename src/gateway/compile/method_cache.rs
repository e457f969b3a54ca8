//! How a method's responses are cached: key, time to live, and who may bypass the cache.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use http::Method as Verb;

use crate::apis::{CacheControlStrategy, Integration, MethodSetting, ResponseTransferMode};
use crate::gateway::cache::ResponseCache;
use crate::gateway::mapping::payload::NotJson;
use crate::gateway::mapping::source::{Facts, Source};

/// The cache settings of a method.
#[derive(Debug)]
pub(crate) struct MethodCache {
    pub(crate) answers: Arc<ResponseCache>,
    pub(crate) ttl: Duration,
    /// What happens without permission to bypass the cache; `None` if no permission is needed.
    pub(crate) unauthorized: Option<CacheControlStrategy>,
    namespace: String,
    /// The parts of the key, by name.
    key: Vec<(String, Source)>,
    /// Whether the body is part of the key.
    pub(crate) reads_body: bool,
    /// A setting for all methods caches only GET; a method's own setting caches every verb that it serves.
    caches_every_verb: bool,
}

impl MethodCache {
    /// `None` if nothing is cached. `is_own` says whether `setting` is for this method only.
    pub(super) fn compile(
        answers: &Arc<ResponseCache>,
        integration: &Integration,
        setting: &MethodSetting,
        is_own: bool,
    ) -> Option<Self> {
        let ttl = u64::try_from(setting.cache_ttl_in_seconds).unwrap_or(0);
        if !setting.caching_enabled
            || ttl == 0
            || integration.response_transfer_mode == Some(ResponseTransferMode::Stream)
        {
            return None;
        }
        // Stored names have been checked; an invalid one has no value.
        let source = |name: &String| {
            let of_request = integration.request_parameters.get(name).map(String::as_str);
            Some((name.clone(), Source::parse(of_request.unwrap_or(name)).ok()?))
        };
        let key: Vec<_> = integration.cache_key_parameters.iter().filter_map(source).collect();
        let may_be_refused = setting.require_authorization_for_cache_control;
        Some(Self {
            answers: answers.clone(),
            ttl: Duration::from_secs(ttl),
            unauthorized: may_be_refused.then_some(setting.unauthorized_cache_control_header_strategy),
            namespace: integration.cache_namespace.clone(),
            reads_body: key.iter().any(|(_, source)| matches!(source, Source::Body(_))),
            key,
            caches_every_verb: is_own,
        })
    }

    /// Whether responses to `verb` are cached.
    pub(crate) fn covers(&self, verb: &Verb) -> bool {
        self.caches_every_verb || *verb == Verb::GET
    }

    /// The key of a request. Each part includes its length, so that different requests have different keys.
    pub(crate) fn key(&self, facts: Facts<'_>) -> Result<Box<[u8]>, NotJson> {
        let mut key = format!("{} {}:{}", facts.context.method, self.namespace.len(), self.namespace);
        for (name, source) in &self.key {
            // Writing to a string can't fail.
            let _ = write!(key, " {}:{name}", name.len());
            for value in source.read(facts)?.into_values() {
                let _ = write!(key, " ={}:{value}", value.len());
            }
        }
        Ok(key.into_bytes().into())
    }
}
