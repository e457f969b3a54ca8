//! What trust policies are asked when a session begins, and what they see.

use std::borrow::Cow;

use super::super::iam::Role;
use super::super::{ConditionValues, SessionTags, WebIdentity};
use crate::clock::Timestamp;
use crate::policy;
use crate::policy::{Facts, Policy, PolicyKind};

/// The actions of tagging a session, and of saying who is behind it.
const TAG_SESSION: &str = "sts:TagSession";
const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";

/// A role's trust policy; `None` for one that nobody can read.
pub(super) fn trust_of(role: &Role) -> Option<Policy> {
    let said = |error: &policy::Error| {
        tracing::warn!(
            role = role.arn,
            "the trust policy can't be read, nobody may assume the role: {error}"
        );
    };
    Policy::parse(&role.assume_role_policy_document, PolicyKind::Trust).inspect_err(said).ok()
}

/// The actions that a trust policy has to allow: `assume`, and what else is said of the session.
pub(super) fn needed(assume: &'static str, said: &SessionTags) -> impl Iterator<Item = &'static str> {
    let tags = (!said.tags.is_empty()).then_some(TAG_SESSION);
    let source = said.source_identity.as_ref().map(|_| SET_SOURCE_IDENTITY);
    [Some(assume), tags, source].into_iter().flatten()
}

/// The condition keys of what is said of a session.
pub(super) fn conditions(session_name: &str, said: &SessionTags) -> Vec<ConditionValues> {
    let mut conditions: Vec<ConditionValues> =
        vec![("sts:rolesessionname".into(), vec![session_name.to_owned()])];
    let mut add = |key: &'static str, values: Vec<String>| {
        if !values.is_empty() {
            conditions.push((key.into(), values));
        }
    };
    add("sts:sourceidentity", said.source_identity.iter().cloned().collect());
    add("sts:transitivetagkeys", said.transitive.clone());
    add("aws:tagkeys", said.tags.iter().map(|(key, _)| key.clone()).collect());
    conditions.extend(
        said.tags.iter().map(|(key, value)| {
            (format!("aws:requesttag/{}", key.to_lowercase()).into(), vec![value.clone()])
        }),
    );
    conditions
}

/// The condition keys when a role is assumed with a token.
#[derive(Debug)]
pub(super) struct WebFacts<'a> {
    pub(super) web: &'a WebIdentity,
    pub(super) now: Timestamp,
    pub(super) conditions: &'a [ConditionValues],
}

impl Facts for WebFacts<'_> {
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        if let Some((_, values)) = self.conditions.iter().find(|(name, _)| name == key) {
            return Some(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect());
        }
        match key {
            "aws:currenttime" => Some(vec![self.now.to_iso8601().into()]),
            "aws:epochtime" => Some(vec![self.now.as_seconds().to_string().into()]),
            _ => self.web.values(key),
        }
    }
}
