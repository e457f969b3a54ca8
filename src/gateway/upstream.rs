//! Upstreams: the targets of VPC links.

use std::collections::BTreeMap;

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::apis::VpcLinkNames;

/// A server: scheme and authority. The integration's own URI supplies path, query and `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
}

impl Upstream {
    /// Parses `http://host:port` or `https://host`; `None` for anything else, including a path.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = Uri::try_from(text).ok()?.into_parts();
        let scheme = parts.scheme.filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme))?;
        let authority = parts.authority.filter(|authority| !authority.host().is_empty())?;
        let is_bare = parts.path_and_query.is_none_or(|path| path.as_str() == "/");
        is_bare.then_some(Self { scheme, authority })
    }

    /// `uri`, moved to this server.
    pub(crate) fn locate(&self, uri: Uri) -> Option<Uri> {
        let mut parts = uri.into_parts();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        Uri::from_parts(parts).ok()
    }
}

/// Upstreams by name, as in the settings.
pub type Upstreams = BTreeMap<String, Upstream>;

/// Resolves connection ids of integrations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links<'a> {
    pub(crate) names: &'a VpcLinkNames,
    pub(crate) upstreams: &'a Upstreams,
}

impl<'a> Links<'a> {
    /// The upstream for a link's id, or for a name.
    pub(crate) fn find(self, connection_id: &str) -> Option<&'a Upstream> {
        let name = self.names.get(connection_id).map_or(connection_id, String::as_str);
        self.upstreams.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_are_scheme_and_authority() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        for (text, expect) in [
            ("http://10.0.0.1:8080", Some("http://10.0.0.1:8080/a?b=1")),
            ("https://inner.example/", Some("https://inner.example/a?b=1")),
            ("http://h/path", None),
            ("ftp://h", None),
            ("h:80", None),
            ("", None),
        ] {
            let located = Upstream::parse(text).and_then(|it| it.locate(uri("http://outer.example/a?b=1")));
            assert_eq!(located.map(|uri| uri.to_string()).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn links_mean_the_upstream_of_their_name() {
        let names = [("abc123".into(), "inner".to_owned()), ("def456".into(), "gone".to_owned())].into();
        let inner = Upstream::parse("http://h").unwrap();
        let upstreams = [("inner".to_owned(), inner.clone())].into();
        let links = Links { names: &names, upstreams: &upstreams };
        for (id, expect) in [("abc123", Some(&inner)), ("inner", Some(&inner)), ("def456", None), ("x", None)]
        {
            assert_eq!(links.find(id), expect, "{id}");
        }
    }
}
