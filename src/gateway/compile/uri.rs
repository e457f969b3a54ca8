//! URIs of HTTP integrations. Scheme, host and port are fixed at compile time; path and query are filled in for each
//! request.
//!
//! A value stays in its place: it can't change scheme, host or port, leave its path segment, or add a query parameter,
//! unless the author wrote a variable that may contain several segments (RFC 3986 section 2.2: data that would be taken
//! for a delimiter is percent-encoded). AWS doesn't document what it encodes.

use std::collections::BTreeMap;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::identity::{ENCODED, has_dot_segment};

/// The address of an HTTP server, with path and query as a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpAddress {
    scheme: Scheme,
    authority: Authority,
    target: TargetTemplate,
}

impl HttpAddress {
    /// Parses `http://` or `https://`, a host without variables, and the rest.
    pub(super) fn compile(uri: &str) -> Option<Self> {
        let (scheme, rest) = match uri.strip_prefix("http://") {
            Some(rest) => (Scheme::HTTP, rest),
            None => (Scheme::HTTPS, uri.strip_prefix("https://")?),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(end)?;
        let authority = Authority::try_from(authority).ok()?;
        let is_host = !authority.host().is_empty() && !authority.as_str().ends_with(':');
        is_host.then(|| Self { scheme, authority, target: TargetTemplate::compile(target) })
    }

    /// The address with values for its variables.
    pub(crate) fn fill<'a>(
        &self,
        value: impl Fn(&str) -> Option<PlacedValue<'a>>,
    ) -> Result<FilledAddress, AddressError> {
        let target = self.target.fill(value)?;
        Ok(FilledAddress { scheme: self.scheme.clone(), authority: self.authority.clone(), target })
    }
}

/// An address that is ready to be called.
#[derive(Debug)]
pub(crate) struct FilledAddress {
    scheme: Scheme,
    authority: Authority,
    target: String,
}

impl FilledAddress {
    /// Adds encoded parameters to the query.
    pub(crate) fn push_query(&mut self, query: &str) {
        if !query.is_empty() {
            self.target.push(if self.target.contains('?') { '&' } else { '?' });
            self.target.push_str(query);
        }
    }

    /// As execution logs show it.
    pub(crate) fn to_text(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.target)
    }

    pub(crate) fn to_uri(&self) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        let slash = if self.target.starts_with('/') { "" } else { "/" };
        parts.path_and_query = Some(PathAndQuery::try_from(format!("{slash}{}", self.target)).ok()?);
        Uri::from_parts(parts).ok()
    }
}

/// A value for a variable in the URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlacedValue<'a> {
    pub(crate) text: &'a str,
    pub(crate) writing: Writing,
    /// Whether it may contain several segments, because it is the value of a greedy variable.
    pub(crate) is_greedy: bool,
}

/// How a value is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// As data: delimiters are encoded.
    Plain,
    /// As in the request's path: it is already encoded.
    PathPart,
    /// As a template's output: its escapes stay.
    Template,
    /// As the author's own text: everything that can be sent stays.
    Author,
}

/// A value would change the target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// It forms a dot segment; this is the variable's name.
    #[error("{0}")]
    DotSegment(String),
}

/// Path and query with `{name}`s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetTemplate {
    path: Vec<Piece>,
    query: Option<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable { name: String, is_greedy: bool },
}

/// Characters that are always encoded in paths.
const NEVER_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'#')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'|');
/// Characters that are encoded in a segment, except escapes.
const NOT_IN_SEGMENT: &AsciiSet = &NEVER_IN_PATH.add(b'/').add(b'{').add(b'}');
/// Characters that are encoded in data: everything with a special meaning to some reader.
const NOT_IN_DATA: &AsciiSet =
    &NOT_IN_SEGMENT.add(b'%').add(b';').add(b'&').add(b'=').add(b'+').add(b'[').add(b']');
/// The same if the data may contain slashes.
const NOT_IN_GREEDY_DATA: &AsciiSet = &NOT_IN_DATA.remove(b'/');
/// Characters that are encoded in constants, which people write in many ways.
const NOT_IN_CONSTANTS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'?').add(b'#');

impl TargetTemplate {
    pub(super) fn compile(target: &str) -> Self {
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        Self { path: pieces(path), query: query.map(pieces) }
    }

    /// Path and query; variables without a value stay as they are.
    pub(crate) fn fill<'a>(
        &self,
        value: impl Fn(&str) -> Option<PlacedValue<'a>>,
    ) -> Result<String, AddressError> {
        let mut out = String::new();
        let mut placed = Vec::new();
        for piece in &self.path {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable { name, is_greedy } => match value(name) {
                    Some(value) => {
                        let start = out.len();
                        push_path(&mut out, value, *is_greedy);
                        if value.writing != Writing::Author {
                            placed.push((name, start, out.len()));
                        }
                    }
                    None => push_name(&mut out, name),
                },
            }
        }
        if let Some((name, ..)) = placed.into_iter().find(|(_, start, end)| makes_dots(&out, *start, *end)) {
            return Err(AddressError::DotSegment(name.clone()));
        }
        for (index, piece) in self.query.iter().flatten().enumerate() {
            if index == 0 {
                out.push('?');
            }
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable { name, .. } => match value(name) {
                    Some(value) => push_parameter(&mut out, value),
                    None => push_name(&mut out, name),
                },
            }
        }
        Ok(out)
    }
}

/// Whether the segments that contain a value, with the text around it, consist only of dots.
fn makes_dots(path: &str, start: usize, end: usize) -> bool {
    let first =
        path.get(..start).and_then(|before| before.rfind('/')).map_or(0, |slash| slash.saturating_add(1));
    let last = path
        .get(end..)
        .and_then(|after| after.find('/'))
        .map_or(path.len(), |slash| end.saturating_add(slash));
    path.get(first..last).is_some_and(has_dot_segment)
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        let Some((name, after)) = from.split_once('}') else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let is_greedy = name.ends_with('+');
        pieces.push(Piece::Variable { name: name.trim_end_matches('+').to_owned(), is_greedy });
        rest = after;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    pieces
}

fn push_name(out: &mut String, name: &str) {
    out.push('{');
    out.push_str(name);
    out.push('}');
}

fn push_path(out: &mut String, value: PlacedValue<'_>, is_greedy: bool) {
    let PlacedValue { text, writing, is_greedy: has_segments } = value;
    let is_greedy = is_greedy || has_segments;
    match writing {
        Writing::Author => out.extend(utf8_percent_encode(text, NOT_IN_CONSTANTS)),
        Writing::Plain if is_greedy => out.extend(utf8_percent_encode(text, NOT_IN_GREEDY_DATA)),
        Writing::Plain => out.extend(utf8_percent_encode(text, NOT_IN_DATA)),
        Writing::PathPart | Writing::Template if is_greedy => push_escaped(out, text, NEVER_IN_PATH),
        Writing::PathPart | Writing::Template => push_escaped(out, text, NOT_IN_SEGMENT),
    }
}

fn push_parameter(out: &mut String, value: PlacedValue<'_>) {
    let PlacedValue { text, writing, .. } = value;
    match writing {
        Writing::Author => out.extend(utf8_percent_encode(text, NOT_IN_CONSTANTS)),
        Writing::Plain => out.extend(utf8_percent_encode(text, ENCODED)),
        // The same data, encoded for its new place.
        Writing::PathPart => {
            let decoded = percent_decode_str(text).decode_utf8_lossy();
            out.extend(utf8_percent_encode(&decoded, ENCODED));
        }
        Writing::Template => push_escaped(out, text, ENCODED),
    }
}

/// Encodes the characters in `set`, and percent signs that don't begin an escape.
fn push_escaped(out: &mut String, text: &str, set: &'static AsciiSet) {
    let mut parts = text.split('%');
    out.extend(utf8_percent_encode(parts.next().unwrap_or_default(), set));
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits {
            Some(digits) => {
                out.push('%');
                out.push_str(digits);
                out.extend(utf8_percent_encode(part.get(2..).unwrap_or_default(), set));
            }
            None => {
                out.push_str("%25");
                out.extend(utf8_percent_encode(part, set));
            }
        }
    }
}

/// Replaces every `${stageVariables.NAME}`; a variable that the stage doesn't have is empty.
pub(crate) fn with_stage_variables(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${stageVariables.") {
        let Some((name, after)) = from.split_once('}') else { break };
        out.push_str(before);
        out.push_str(variables.get(name).map_or("", String::as_str));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(text: &str, writing: Writing, is_greedy: bool) -> PlacedValue<'_> {
        PlacedValue { text, writing, is_greedy }
    }

    fn check(uri: &str, value: PlacedValue<'_>, expect: &str) {
        let filled = HttpAddress::compile(uri).unwrap().fill(|name| (name == "v").then_some(value));
        match filled {
            Ok(filled) => {
                assert_eq!(filled.to_uri().unwrap().to_string(), expect, "{uri} {value:?}");
            }
            Err(AddressError::DotSegment(name)) => assert_eq!((name.as_str(), ".."), ("v", expect), "{uri}"),
        }
    }

    #[test]
    fn unknown_variables_stay() {
        let value = placed("x", Writing::Plain, false);
        check("http://h/{a}/x/{v}?q={b}&r={v}", value, "http://h/{a}/x/x?q={b}&r=x");
        check("http://h/{open", value, "http://h/{open");
        check("https://h:1", value, "https://h:1/");
        check("http://h?a={v}#f", value, "http://h/?a=x");
    }

    #[test]
    fn a_value_stays_in_its_place() {
        use Writing::{Author, PathPart, Plain, Template};
        let (segment, parameter) = ("http://h/u/{v}/e", "http://h/u?p={v}&q=1");
        for (writing, is_greedy, text, in_segment, in_parameter) in [
            (Plain, false, "7", "7", "7"),
            (Plain, false, "a b@c:d,e", "a%20b@c:d,e", "a%20b%40c%3Ad%2Ce"),
            (Plain, false, "a/b?c#d", "a%2Fb%3Fc%23d", "a%2Fb%3Fc%23d"),
            (Plain, false, "a&b=c+d;e%41\\", "a%26b%3Dc%2Bd%3Be%2541%5C", "a%26b%3Dc%2Bd%3Be%2541%5C"),
            (Plain, true, "a/b", "a/b", "a%2Fb"),
            (Plain, false, "é{", "%C3%A9%7B", "%C3%A9%7B"),
            (Plain, false, "..", "..", ".."),
            (Plain, false, "../../admin", "..", "..%2F..%2Fadmin"),
            (Plain, true, "a/../b", "..", "a%2F..%2Fb"),
            (Plain, false, "..\\b", "..", "..%5Cb"),
            (Plain, false, "%2e%2e", "%252e%252e", "%252e%252e"),
            (PathPart, false, "a%20b%2Fc;v=1", "a%20b%2Fc;v=1", "a%20b%2Fc%3Bv%3D1"),
            (PathPart, true, "a/b//c", "a/b//c", "a%2Fb%2F%2Fc"),
            (PathPart, false, "a+b&c", "a+b&c", "a%2Bb%26c"),
            (Template, false, "a%20b/c", "a%20b%2Fc", "a%20b%2Fc"),
            (Template, false, "100%&x", "100%25&x", "100%25%26x"),
            (Template, true, "a/b", "a/b", "a%2Fb"),
            (Template, false, "%2e%2E", "..", "%2e%2E"),
            (Author, false, "a/../b&c=d", "a/../b&c=d", "a/../b&c=d"),
        ] {
            let value = placed(text, writing, is_greedy);
            let expect =
                if in_segment == ".." { "..".to_owned() } else { format!("http://h/u/{in_segment}/e") };
            check(segment, value, &expect);
            check(parameter, value, &format!("http://h/u?p={in_parameter}&q=1"));
        }
        let dot = placed(".", Plain, false);
        check("http://h/{v}./x", dot, "..");
        check("http://h/.{v}", dot, "..");
        check("http://h/{v}{v}", dot, "..");
        check("http://h/{v}{a}", dot, "http://h/.{a}");
        check("http://h/a{v}/x", dot, "http://h/a./x");
        check("http://h/{v+}", placed("a/b", Plain, false), "http://h/a/b");
        check("http://h/{v+}", placed("a/%2e%2e/b", PathPart, false), "..");
        check("http://h/{v}", placed("/evil.example/x", Plain, true), "http://h//evil.example/x");
    }

    #[test]
    fn hosts_are_the_authors() {
        for uri in
            ["http://h:8000{v}", "http://{v}/x", "http://", "http://:80/", "ftp://h", "http://h:/", "h"]
        {
            assert_eq!(HttpAddress::compile(uri), None, "{uri}");
        }
    }

    #[test]
    fn stage_variables_are_replaced_and_missing_ones_empty() {
        let variables = BTreeMap::from([("host".to_owned(), "h.example".to_owned())]);
        for (text, expect) in [
            ("https://${stageVariables.host}/x", "https://h.example/x"),
            ("https://h/root/${stageVariables.path}", "https://h/root/"),
            ("${stageVariables.open", "${stageVariables.open"),
            ("plain", "plain"),
        ] {
            assert_eq!(with_stage_variables(text, &variables), expect);
        }
    }
}
