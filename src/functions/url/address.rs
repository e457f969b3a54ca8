//! Which URL a request is for, by its host or its path.

use crate::id::Region;

/// The path under which the server's own address has all URLs.
const PREFIX: &str = "/_aws/lambda-url/";
/// The second label of a URL's host.
const SERVICE: &str = "lambda-url";

/// A function URL and the path below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlAddress {
    /// The URL's id.
    pub(super) id: String,
    /// The path as the function sees it: it begins with `/`.
    pub(super) path: String,
    /// The host by which the URL was called, if it names it.
    host: Option<String>,
}

impl UrlAddress {
    /// Reads a request's host (in lower case, without a port) and raw path.
    ///
    /// - Host `{id}.lambda-url.{anything}`: the URL's own address, as on AWS (`{id}.lambda-url.{region}.on.aws`).
    /// - On any other host, `/_aws/lambda-url/{id}/…`.
    pub fn parse(host: &str, path: &str) -> Option<Self> {
        let mut labels = host.split('.');
        if let (Some(id), Some(SERVICE)) = (labels.next(), labels.next()) {
            let path = if path.is_empty() { "/" } else { path };
            return Some(Self { id: id.to_owned(), path: path.to_owned(), host: Some(host.to_owned()) });
        }
        let rest = path.strip_prefix(PREFIX)?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (id, path) = rest.split_at(end);
        let path = if path.is_empty() { "/" } else { path };
        Some(Self { id: id.to_owned(), path: path.to_owned(), host: None })
    }

    /// The host that the function is told: its own, also where the server's address was called.
    pub(super) fn host(&self, region: &Region) -> String {
        self.host.clone().unwrap_or_else(|| format!("{}.{SERVICE}.{region}.on.aws", self.id))
    }

    /// The address that AWS gives the URL of this id.
    pub fn url(id: &str, region: &Region) -> String {
        format!("https://{id}.{SERVICE}.{region}.on.aws/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_found_by_host_and_by_path() {
        let check = |host: &str, path: &str, expect: Option<(&str, &str)>| {
            let found = UrlAddress::parse(host, path);
            let found = found.as_ref().map(|found| (found.id.as_str(), found.path.as_str()));
            assert_eq!(found, expect, "{host}{path}");
        };
        check("abc.lambda-url.us-east-1.on.aws", "/a/b", Some(("abc", "/a/b")));
        check("abc.lambda-url.localhost", "/", Some(("abc", "/")));
        // A URL's host serves nothing else.
        check("abc.lambda-url.localhost", "/_aws/lambda-url/def/x", Some(("abc", "/_aws/lambda-url/def/x")));
        check("localhost", "/_aws/lambda-url/abc", Some(("abc", "/")));
        check("127.0.0.1", "/_aws/lambda-url/abc/", Some(("abc", "/")));
        check("127.0.0.1", "/_aws/lambda-url/abc//x", Some(("abc", "//x")));
        check("127.0.0.1", "/_aws/lambda-urls/abc", None);
        check("lambda-url.localhost", "/", None);
        check("abc.execute-api.localhost", "/dev", None);
    }

    #[test]
    fn functions_are_told_the_host_of_their_url() {
        let region = Region::parse("eu-west-1").unwrap();
        let told = |host: &str, path: &str| UrlAddress::parse(host, path).unwrap().host(&region);
        assert_eq!(told("abc.lambda-url.localhost", "/"), "abc.lambda-url.localhost");
        assert_eq!(told("localhost", "/_aws/lambda-url/abc"), "abc.lambda-url.eu-west-1.on.aws");
        assert_eq!(UrlAddress::url("abc", &region), "https://abc.lambda-url.eu-west-1.on.aws/");
    }
}
