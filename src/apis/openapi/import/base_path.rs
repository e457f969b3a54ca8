//! The base path of a document, and how it is imported.

use serde_json::{Map, Value};

use super::super::document::{Dialect, Document};

/// How to import the base path. See
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-basePath.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BasePathMode {
    /// It is ignored.
    Ignore,
    /// It is prepended to every path.
    Prepend,
    /// It is prepended to every path without its first segment, which stands for the stage.
    Split,
}

impl BasePathMode {
    /// The mode for AWS's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "ignore" => Some(Self::Ignore),
            "prepend" => Some(Self::Prepend),
            "split" => Some(Self::Split),
            _ => None,
        }
    }
}

/// The prefix of every path: empty, or segments that each begin with a slash.
pub(super) fn prefix(document: &Document, mode: BasePathMode) -> String {
    let base = match mode {
        BasePathMode::Ignore => return String::new(),
        BasePathMode::Prepend | BasePathMode::Split => base_path(document),
    };
    // The first segment stands for the stage when the path is split.
    let skip = usize::from(mode == BasePathMode::Split);
    segments(&base).skip(skip).map(|segment| format!("/{segment}")).collect()
}

/// A path of the document after the prefix, without a trailing slash.
pub(super) fn join(prefix: &str, path: &str) -> String {
    let own: String = segments(path).map(|segment| format!("/{segment}")).collect();
    let full = format!("{prefix}{own}");
    if full.is_empty() { "/".to_owned() } else { full }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn base_path(document: &Document) -> String {
    let path = match document.dialect {
        Dialect::Swagger2 => document.member("basePath").and_then(Value::as_str).map(str::to_owned),
        Dialect::V3 => document.at("/servers/0").and_then(Value::as_object).map(server_path),
    };
    path.unwrap_or_default()
}

/// The server's variable `basePath`, whether its URL uses it or not; otherwise the path of the URL.
fn server_path(server: &Map<String, Value>) -> String {
    let default = |name: &str| {
        let variable = server.get("variables").and_then(|variables| variables.get(name));
        variable.and_then(|variable| variable.get("default")).and_then(Value::as_str)
    };
    if let Some(path) = default("basePath") {
        return path.to_owned();
    }
    let url = server.get("url").and_then(Value::as_str).unwrap_or_default();
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    // `{name}` in the path is a variable of the server, never of the API.
    let filled = segments(path).map(|segment| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        name.and_then(default).unwrap_or(segment).trim_matches('/')
    });
    filled.map(|segment| format!("/{segment}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, mode: BasePathMode, path: &str) -> String {
        let document = Document::read(document.as_bytes()).unwrap();
        join(&prefix(&document, mode), path)
    }

    #[test]
    fn base_paths_are_ignored_prepended_or_split() {
        use BasePathMode::{Ignore, Prepend, Split};
        let swagger = "{\"swagger\": \"2.0\", \"basePath\": \"/a/b/c\"}";
        for (mode, root, e) in
            [(Ignore, "/", "/e"), (Prepend, "/a/b/c", "/a/b/c/e"), (Split, "/b/c", "/b/c/e")]
        {
            assert_eq!(check(swagger, mode, "/"), root);
            assert_eq!(check(swagger, mode, "/e/"), e);
        }
        for (server, prepended, split) in [
            (r#"{"url": "https://h/base/part/"}"#, "/base/part/e", "/part/e"),
            (r#"{"url": "https://h", "variables": {"basePath": {"default": "/var"}}}"#, "/var/e", "/e"),
            (r#"{"url": "https://h/{v}/x", "variables": {"v": {"default": "w"}}}"#, "/w/x/e", "/x/e"),
            (r#"{"url": "/"}"#, "/e", "/e"),
            ("7", "/e", "/e"),
        ] {
            let document = format!("{{\"openapi\": \"3.0.1\", \"servers\": [{server}]}}");
            assert_eq!(check(&document, Prepend, "/e"), prepended, "{server}");
            assert_eq!(check(&document, Split, "/e"), split, "{server}");
        }
        assert_eq!(check("{\"swagger\": \"2.0\"}", Split, "e"), "/e");
    }
}
