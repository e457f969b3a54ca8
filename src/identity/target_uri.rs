//! A request's target: authority, path and query, parsed once.
//!
//! Routing, signatures, policies, mappings and integrations all use this value and no other, so none of them can read a
//! request differently from the rest. For the authority see RFC 9112 sections 3.2 and 3.3, and RFC 9113 section 8.3.1.

use std::borrow::Cow;
use std::mem;
use std::net::Ipv6Addr;
use std::sync::OnceLock;

use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Version};
use percent_encoding::percent_decode_str;

use super::query::Query;
use super::signature;

/// The target of a request.
///
/// AWS documents nothing about dot segments, and systems in front of a gateway and behind it read them in different
/// ways. So a path with a dot segment, encoded or not, is refused. Query strings are treated as on AWS's edge: raw `|`,
/// `{` and `}` are refused, and a raw `;` separates parameters
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>).
#[derive(Clone, Debug)]
pub struct TargetUri {
    /// As the client wrote it, because the signature covers that; empty if there was none.
    authority: Box<str>,
    /// The length of the authority without its port, in bytes.
    host_len: usize,
    /// Whether the host has upper-case letters; it is asked for several times a request.
    has_upper_case: bool,
    path_and_query: PathAndQuery,
    query: OnceLock<Query>,
}

/// Why a request has no valid target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Neither a path, nor an `http` or `https` URI, nor `*`.
    #[error("the request's target is no path and no http or https address")]
    Form,
    /// There are several `Host` headers, or the host is invalid.
    #[error("the request's host is not valid")]
    Host,
    /// `:authority` and `Host` name different hosts.
    #[error("the request names two hosts")]
    TwoHosts,
    /// A `%` without two hexadecimal digits.
    #[error("a percent sign in the request's path or query begins no escape")]
    Escape,
    /// `.` or `..` in the path.
    #[error("the request's path has a dot segment")]
    DotSegment,
    /// A character that must be encoded in queries.
    #[error("the characters |, {{ and }} have to be encoded in query strings")]
    QueryCharacter,
}

impl TargetUri {
    /// Takes the target out of a request that has just arrived. Afterwards `parts.uri` is `/`, and `Host` is the
    /// requested host.
    ///
    /// The authority of an absolute target, and `:authority`, take precedence over `Host`.
    ///
    /// # Errors
    /// Any [`BadTarget`]; answer the request with 400 then.
    pub fn take(parts: &mut Parts) -> Result<Self, BadTarget> {
        let uri = mem::take(&mut parts.uri).into_parts();
        if uri.scheme.is_some_and(|scheme| !matches!(scheme.as_str(), "http" | "https")) {
            return Err(BadTarget::Form);
        }
        let mut hosts = parts.headers.get_all(HOST).iter();
        let (host, second) = (hosts.next(), hosts.next());
        if second.is_some() {
            return Err(BadTarget::Host);
        }
        let host = host.map(|host| host.to_str().map_err(|_| BadTarget::Host)).transpose()?;
        let (authority, is_said_elsewhere) = match &uri.authority {
            Some(authority) => (authority.as_str(), true),
            None => (host.unwrap_or_default(), false),
        };
        let host_len = host_len(authority).ok_or(BadTarget::Host)?;
        if parts.version == Version::HTTP_2 && host.is_some_and(|host| !host.eq_ignore_ascii_case(authority))
        {
            return Err(BadTarget::TwoHosts);
        }
        let authority: Box<str> = authority.into();
        let has_upper_case = authority.bytes().any(|byte| byte.is_ascii_uppercase());
        if is_said_elsewhere {
            let value = HeaderValue::from_str(&authority).map_err(|_| BadTarget::Host)?;
            parts.headers.insert(HOST, value);
        }
        let path_and_query = uri.path_and_query.ok_or(BadTarget::Form)?;
        check_path(path_and_query.path())?;
        let path_and_query = checked_query(path_and_query)?;
        Ok(Self { authority, host_len, has_upper_case, path_and_query, query: OnceLock::new() })
    }

    /// A target for tests, with only a query. Nothing is checked.
    pub fn of_query(query: &str) -> Self {
        let query = query.replace(|c: char| c.is_control() || c == ' ', "+");
        let path_and_query = PathAndQuery::try_from(format!("/?{query}"));
        let path_and_query = path_and_query.unwrap_or_else(|_| PathAndQuery::from_static("/"));
        Self {
            authority: Box::default(),
            host_len: 0,
            has_upper_case: false,
            path_and_query,
            query: OnceLock::new(),
        }
    }

    /// The target of a request that this server sends.
    pub(super) fn outbound(parts: &Parts) -> Self {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let authority = host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
        let path_and_query = parts.uri.path_and_query().cloned();
        Self {
            authority: authority.unwrap_or_default().into(),
            host_len: 0,
            has_upper_case: false,
            path_and_query: path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/")),
            query: OnceLock::new(),
        }
    }

    /// Host and port as the client wrote them.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host in lower case, without its port and without a trailing dot; empty if the client named none.
    pub fn host(&self) -> Cow<'_, str> {
        let host = self.authority.get(..self.host_len).unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        if self.has_upper_case { Cow::Owned(host.to_ascii_lowercase()) } else { Cow::Borrowed(host) }
    }

    /// The port, if the client named one.
    pub fn port(&self) -> Option<u16> {
        self.authority.get(self.host_len..)?.strip_prefix(':')?.parse().ok()
    }

    /// The path, not decoded. It has no dot segments.
    pub fn path(&self) -> &str {
        self.path_and_query.path()
    }

    /// The query, decoded on first use.
    pub fn query(&self) -> &Query {
        self.query.get_or_init(|| Query::parse(self.raw_query().unwrap_or_default()))
    }

    /// The query, not decoded, for backends that get all of it.
    pub fn raw_query(&self) -> Option<&str> {
        self.path_and_query.query()
    }

    /// Normalizes the target to the one that a signature covers: no empty segments in the path, the values of a
    /// parameter sorted, and the query encoded in one way. Targets that share a signature are equal afterwards.
    pub fn make_signable(&mut self) {
        let path = normalized(self.path()).into_owned();
        let query = self.raw_query().is_some().then(|| self.query().clone().sorted());
        self.rewrite(&path, query);
    }

    /// Removes the parameters of a presigned request from the query.
    pub fn drop_signature(&mut self) {
        if self.raw_query().is_some()
            && self.query().pairs().iter().any(|(name, _)| signature::is_own_parameter(name))
        {
            let query = self.query().clone().without(signature::is_own_parameter);
            let path = self.path().to_owned();
            self.rewrite(&path, Some(query).filter(|query| !query.pairs().is_empty()));
        }
    }

    fn rewrite(&mut self, path: &str, query: Option<Query>) {
        let raw = query.as_ref().map(Query::to_raw);
        let text = match &raw {
            Some(raw) => format!("{path}?{raw}"),
            None => path.to_owned(),
        };
        // What was parsed from a target and encoded again is valid.
        if let Ok(path_and_query) = PathAndQuery::try_from(text) {
            self.path_and_query = path_and_query;
        }
        self.query = OnceLock::new();
        if let Some(query) = query {
            self.query = query.into();
        }
    }
}

/// The length of the host in a well-formed authority, in bytes (RFC 3986 section 3.2, without user information and only
/// with characters that real host names have); 0 for an empty authority, `None` for a malformed one.
fn host_len(authority: &str) -> Option<usize> {
    let len = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')?.checked_add(2)?,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at_checked(len)?;
    let is_name = |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(host) && (!host.is_empty() || port.is_empty()),
    };
    let digits = port.strip_prefix(':').unwrap_or_default();
    let is_port =
        digits.is_empty() || (digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok());
    (is_host && is_port).then_some(len)
}

fn check_path(path: &str) -> Result<(), BadTarget> {
    if !path.starts_with('/') && path != "*" {
        return Err(BadTarget::Form);
    }
    if !has_whole_escapes(path) {
        return Err(BadTarget::Escape);
    }
    if has_dot_segment(path) {
        return Err(BadTarget::DotSegment);
    }
    Ok(())
}

fn checked_query(path_and_query: PathAndQuery) -> Result<PathAndQuery, BadTarget> {
    let Some(query) = path_and_query.query() else { return Ok(path_and_query) };
    if query.contains(['|', '{', '}']) {
        return Err(BadTarget::QueryCharacter);
    }
    if !has_whole_escapes(query) {
        return Err(BadTarget::Escape);
    }
    if !query.contains(';') {
        return Ok(path_and_query);
    }
    let text = format!("{}?{}", path_and_query.path(), query.replace(';', "&"));
    PathAndQuery::try_from(text).map_err(|_| BadTarget::Form)
}

/// Whether each percent sign is followed by two hexadecimal digits.
fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        after.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether a path, or a part of one, has a segment that some reader would take for `.` or `..`: also if dots or slashes
/// are encoded, if backslashes separate, or if a segment has parameters (`..;v=1`).
pub fn has_dot_segment(path: &str) -> bool {
    if !path.bytes().any(|b| matches!(b, b'.' | b'%')) {
        return false;
    }
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut segments =
        decoded.split(['/', '\\']).map(|segment| segment.split(';').next().unwrap_or_default());
    segments.any(|segment| matches!(segment, "." | ".."))
}

/// The path as a lenient backend might read it: encoded slashes and backslashes separate, and empty segments and
/// segment parameters are ignored. `None` if that is the same path.
pub fn generous_reading(path: &str) -> Option<String> {
    let is_plain = !path.contains([';', '\\', '%']) && !path.contains("//");
    if is_plain {
        return None;
    }
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut read = String::with_capacity(path.len());
    for segment in decoded.split(['/', '\\']).map(|segment| segment.split(';').next().unwrap_or_default()) {
        if !segment.is_empty() {
            read.push('/');
            read.push_str(segment);
        }
    }
    if decoded.ends_with('/') || read.is_empty() {
        read.push('/');
    }
    if !path.starts_with('/') {
        read.remove(0);
    }
    (read != path).then_some(read)
}

/// The path without empty and dot segments, as clients write it when they sign; a trailing slash stays.
pub(super) fn normalized(path: &str) -> Cow<'_, str> {
    if !path.is_empty() && !path.contains("//") && !path.contains("/.") {
        return Cow::Borrowed(path);
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    Cow::Owned(format!("/{}{end}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;

    fn take(version: Version, target: &str, hosts: &[&str]) -> Result<(TargetUri, Parts), BadTarget> {
        let mut request = http::Request::get(Uri::try_from(target).unwrap()).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        TargetUri::take(&mut parts).map(|uri| (uri, parts))
    }

    fn path_of(target: &str) -> Result<String, BadTarget> {
        let (uri, _) = take(Version::HTTP_11, target, &["h"])?;
        Ok(format!("{}?{}", uri.path(), uri.raw_query().unwrap_or("-")))
    }

    #[test]
    fn there_is_one_host() {
        let h1 = Version::HTTP_11;
        for (version, target, hosts, expect) in [
            (h1, "/", &["X.Example.:80"][..], Ok(("x.example", Some(80), "X.Example.:80"))),
            (h1, "/", &["[::1]:80"], Ok(("[::1]", Some(80), "[::1]:80"))),
            (h1, "/", &["a_b"], Ok(("a_b", None, "a_b"))),
            (h1, "/", &["a:"], Ok(("a", None, "a:"))),
            (h1, "/", &[""], Ok(("", None, ""))),
            (h1, "/", &[], Ok(("", None, ""))),
            // The target takes precedence over the header.
            (h1, "http://y:1/", &["x"], Ok(("y", Some(1), "y:1"))),
            (h1, "http://y/", &[], Ok(("y", None, "y"))),
            (Version::HTTP_2, "http://y/", &["Y"], Ok(("y", None, "y"))),
            (Version::HTTP_2, "http://y/", &[], Ok(("y", None, "y"))),
            (Version::HTTP_2, "http://y/", &["x"], Err(BadTarget::TwoHosts)),
            (Version::HTTP_2, "http://y/", &["y:80"], Err(BadTarget::TwoHosts)),
            (Version::HTTP_2, "/", &["x"], Ok(("x", None, "x"))),
            (h1, "/", &["x", "x"], Err(BadTarget::Host)),
            (h1, "http://y/", &["x", "y"], Err(BadTarget::Host)),
            (h1, "http://x@y/", &["y"], Err(BadTarget::Host)),
            (h1, "ftp://y/", &["y"], Err(BadTarget::Form)),
            (h1, "y:80", &["y"], Err(BadTarget::Form)),
        ] {
            let found = take(version, target, hosts);
            let found = found.map(|(uri, parts)| {
                let host = parts.headers.get(HOST).map_or("", |host| host.to_str().unwrap());
                assert_eq!((host, parts.uri.to_string().as_str()), (uri.authority(), "/"), "{target}");
                (uri.host().into_owned(), uri.port(), uri.authority().to_owned())
            });
            let expect = expect.map(|(host, port, whole)| (host.to_owned(), port, whole.to_owned()));
            assert_eq!(found, expect, "{target} {hosts:?}");
        }
        for host in ["a b", "a,b", "a/b", "x@y", "a:b", "a:99999", "a:+1", ":80", "[::1", "[x]", "a%2eb", "ä"]
        {
            assert_eq!(take(h1, "/", &[host]).err(), Some(BadTarget::Host), "{host}");
        }
    }

    #[test]
    fn dot_segments_are_refused_however_they_are_written() {
        for path in [
            "/.",
            "/..",
            "/./a",
            "/a/..",
            "/a/../b",
            "/%2e/a",
            "/a/%2E%2e/b",
            "/a/.%2e",
            "/a/..%2fb",
            "/a%2f..%2fb",
            "/a/..%5cb",
            "/a\\..\\b",
            "/..;/a",
            "/a/..;v=1/b",
            "/a/.%3b/b",
            "/%2e%2e%2f",
        ] {
            assert_eq!(path_of(path), Err(BadTarget::DotSegment), "{path}");
        }
        for path in ["/...", "/a.b", "/.well-known/x", "/a/..b", "/%252e%252e/a", "/a;..", "/*", "//a//"] {
            assert_eq!(path_of(path), Ok(format!("{path}?-")));
        }
        assert_eq!(path_of("*"), Ok("*?-".to_owned()));
    }

    #[test]
    fn queries_are_what_the_edge_lets_through() {
        for (target, expect) in [
            ("/a?b=1&c", Ok("/a?b=1&c")),
            ("/a?b=red;blue;", Ok("/a?b=red&blue&")),
            ("/a?b=red%3Bblue%7C", Ok("/a?b=red%3Bblue%7C")),
            ("/a?b=[1]/?:@", Ok("/a?b=[1]/?:@")),
            ("/a?b=..", Ok("/a?b=..")),
            ("/a?", Ok("/a?")),
            ("/a?b|c", Err(BadTarget::QueryCharacter)),
            ("/a?b={", Err(BadTarget::QueryCharacter)),
            ("/a?b=}", Err(BadTarget::QueryCharacter)),
            ("/a?b=100%", Err(BadTarget::Escape)),
            ("/a?b=%%20", Err(BadTarget::Escape)),
            ("/a?b=%2", Err(BadTarget::Escape)),
            ("/a?b=%zz", Err(BadTarget::Escape)),
            ("/a%2?b", Err(BadTarget::Escape)),
        ] {
            assert_eq!(path_of(target), expect.map(str::to_owned), "{target}");
        }
    }

    #[test]
    fn what_has_one_signature_is_one_target() {
        for (target, expect) in [
            ("/a//b///c//?x=2&y=1+2&x=1", "/a/b/c/?x=1&y=1%202&x=2"),
            ("/a?x=%ff&y", "/a?x=%EF%BF%BD&y="),
            ("/a", "/a?-"),
            ("/a?", "/a?"),
        ] {
            let (mut uri, _) = take(Version::HTTP_11, target, &["h"]).unwrap();
            uri.query();
            uri.make_signable();
            assert_eq!(format!("{}?{}", uri.path(), uri.raw_query().unwrap_or("-")), expect, "{target}");
            assert_eq!(*uri.query(), Query::parse(uri.raw_query().unwrap_or_default()));
        }
    }

    #[test]
    fn a_presigned_query_loses_its_signature_alone() {
        let presigned =
            "X-Amz-Algorithm=A&X-Amz-Credential=c&X-Amz-Signature=s&x-amz-security-token=t&X-Amz-Other=o";
        for (query, expect) in [
            (format!("a=1%2C2&{presigned}&b"), Some("a=1%2C2&X-Amz-Other=o&b=")),
            ("X-Amz-Signature=s".to_owned(), None),
            ("a=,".to_owned(), Some("a=,")),
        ] {
            let (mut uri, _) = take(Version::HTTP_11, &format!("/p?{query}"), &["h"]).unwrap();
            uri.drop_signature();
            assert_eq!((uri.path(), uri.raw_query()), ("/p", expect), "{query}");
        }
    }

    #[test]
    fn generous_backends_read_other_paths() {
        for (path, expect) in [
            ("/a/b", None),
            ("/a%20b", Some("/a b")),
            ("/a%2Fb", Some("/a/b")),
            ("/a%5cb\\c", Some("/a/b/c")),
            ("/a//b/", Some("/a/b/")),
            ("/a;v=1/b", Some("/a/b")),
            ("a//b", Some("a/b")),
            ("//", Some("/")),
        ] {
            assert_eq!(generous_reading(path).as_deref(), expect, "{path}");
        }
    }

    #[test]
    fn paths_are_normalized_as_clients_do() {
        for (path, expect) in [
            ("/", "/"),
            ("", "/"),
            ("//", "/"),
            ("/a//b/", "/a/b/"),
            ("/a/./b/../c", "/a/c"),
            ("/..", "/"),
            ("/restapis/a%2Fb", "/restapis/a%2Fb"),
        ] {
            assert_eq!(normalized(path), expect, "{path}");
        }
    }
}
