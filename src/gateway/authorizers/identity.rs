//! A caller's identity: the values of an authorizer's identity sources.

use std::borrow::Cow;

use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use crate::gateway::context::Context;
use crate::gateway::mapping::payload::Payload;
use crate::gateway::mapping::source::{Facts, Mapped, Source};

/// A hash of the values of all identity sources. It distinguishes identities but doesn't reveal them: tokens are not
/// stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct IdentityKey([u8; 32]);

impl IdentityKey {
    pub(super) fn of<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> Self {
        let mut digest = Sha256::new();
        for value in values {
            let value = value.as_ref().as_bytes();
            // With its length, so that different lists of values give different hashes.
            digest.update(value.len().to_be_bytes());
            digest.update(value);
        }
        Self(digest.finalize().into())
    }
}

/// A request's values for the identity sources.
pub(super) struct Identity {
    /// The first source's value; the token, if there is only one source.
    pub(super) first: String,
    pub(super) key: IdentityKey,
}

/// Reads all sources; `None` if one is missing. AWS doesn't call the authorizer then.
///
/// If a header or parameter occurs several times, its value is the last one, but all of them are part of the identity:
/// a result for other values must not be reused.
pub(super) fn read<'a>(sources: &'a [Source], context: &'a Context) -> Option<Identity> {
    let (payload, headers) = (Payload::default(), HeaderMap::new());
    let facts = Facts { context, request: &payload, response: Some((&headers, &payload)) };
    let mut first = None;
    let mut values: Vec<Cow<'a, str>> = Vec::with_capacity(2 * sources.len());
    for source in sources {
        // Only a body could be unreadable or have several values, and no source is one.
        let Ok(Mapped::One(value)) = source.read(facts) else { return None };
        let value = value.into_owned();
        let before = values.len();
        match source {
            Source::Header(name) => {
                let all = context.headers.get_all(name).iter();
                values.extend(all.map(|value| String::from_utf8_lossy(value.as_bytes())));
            }
            Source::Query(name) => values.extend(context.query().all(name).map(Cow::Borrowed)),
            Source::Literal(_)
            | Source::Path(_)
            | Source::MultiQuery(_)
            | Source::MultiHeader(_)
            | Source::Body(_)
            | Source::ResponseHeader(_)
            | Source::ResponseMultiHeader(_)
            | Source::ResponseBody(_)
            | Source::StageVariable(_)
            | Source::Context(_)
            | Source::Authorizer(_) => values.push(Cow::Owned(value.clone())),
        }
        // The number of values, so that values of one source can't be taken for those of the next.
        values.push(Cow::Owned((values.len() - before).to_string()));
        first.get_or_insert(value);
    }
    Some(Identity { first: first.unwrap_or_default(), key: IdentityKey::of(values) })
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::clock::{SeededIds, Timestamp, VirtualClock};
    use crate::gateway::address::{Target, TargetApi};
    use crate::gateway::peer::Peer;
    use crate::identity::TargetUri;

    fn key(sources: &str, query: &str, headers: &[(&str, &str)]) -> Option<IdentityKey> {
        let mut request = http::Request::get(format!("/dev/x{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let target = Target {
            api: TargetApi::Named("abc".into()),
            stage: "dev".into(),
            path: "/x".to_owned(),
            custom_domain: None,
        };
        let peer = Peer { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), certificate: None, is_secure: false };
        let context =
            Context::new(parts, uri, target, peer, &VirtualClock::new(Timestamp::EPOCH), &SeededIds::new(1));
        let sources: Vec<Source> = sources.split(',').map(|source| Source::parse(source).unwrap()).collect();
        read(&sources, &context).map(|identity| identity.key)
    }

    #[test]
    fn a_missing_or_empty_source_is_no_identity() {
        let both = "method.request.header.a,method.request.querystring.q";
        assert!(key(both, "?q=1", &[("a", "x")]).is_some());
        for (query, headers) in
            [("", &[("a", "x")][..]), ("?q=", &[("a", "x")]), ("?q=1", &[]), ("?q=1", &[("a", "")])]
        {
            assert_eq!(key(both, query, headers), None, "{query} {headers:?}");
        }
        assert_eq!(key("stageVariables.v", "", &[]), None);
        assert!(key("context.httpMethod", "", &[]).is_some());
        assert_eq!(key("context.nope", "", &[]), None);
    }

    #[test]
    fn every_value_counts_for_the_identity() {
        let of = |headers: &[(&str, &str)]| key("method.request.header.a", "", headers);
        assert_eq!(of(&[("a", "x"), ("b", "1")]), of(&[("a", "x"), ("b", "2")]));
        assert_ne!(of(&[("a", "x")]), of(&[("a", "y")]));
        assert_ne!(of(&[("a", "x")]), of(&[("a", "y"), ("a", "x")]));
        let two = |a: &str, b: &str| {
            key("method.request.header.a,method.request.header.b", "", &[("a", a), ("b", b)])
        };
        assert_ne!(two("xy", "z"), two("x", "yz"));
        let query = |query: &str| key("method.request.querystring.q", query, &[]);
        assert_ne!(query("?q=1&q=2"), query("?q=2"));
    }
}
