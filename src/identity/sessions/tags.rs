//! The tags of sessions: those of roles, of who asks, and of the sessions that they come from.

use super::super::iam::Tag;
use super::super::{Caller, SessionTags};
use super::{AssumeRole, SessionError};

/// A role's tags, and those of the session in place of them.
pub(super) fn tagged(
    of_role: Vec<Tag>,
    of_session: impl IntoIterator<Item = (String, String)>,
) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = of_role.into_iter().map(|tag| (tag.key, tag.value)).collect();
    for (key, value) in of_session {
        tags.retain(|(other, _)| !other.eq_ignore_ascii_case(&key));
        tags.push((key, value));
    }
    tags
}

/// What a session that `caller` starts has of the caller's own: transitive tags, and who is behind it.
pub(super) fn inherited(caller: &Caller, request: &AssumeRole) -> Result<SessionTags, SessionError> {
    let own = caller.session_tags();
    check_tags(&request.tags, &request.transitive)?;
    let is_transitive = |key: &str| own.transitive.iter().any(|other| other.eq_ignore_ascii_case(key));
    if request.tags.iter().any(|(key, _)| is_transitive(key)) {
        return Err(SessionError::TransitiveTag);
    }
    if let (Some(own), Some(asked)) = (&own.source_identity, &request.source_identity)
        && own != asked
    {
        return Err(SessionError::SourceIdentity);
    }
    let tags = own.tags.into_iter().filter(|(key, _)| is_transitive(key)).collect();
    Ok(SessionTags { tags, transitive: own.transitive, source_identity: own.source_identity })
}

pub(super) fn check_tags(tags: &[(String, String)], transitive: &[String]) -> Result<(), SessionError> {
    let mut keys: Vec<String> = tags.iter().map(|(key, _)| key.to_lowercase()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(SessionError::DuplicateTags);
    }
    match transitive.iter().find(|key| !keys.contains(&key.to_lowercase())) {
        Some(_) => Err(SessionError::NoSuchTag),
        None => Ok(()),
    }
}
