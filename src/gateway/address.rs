//! Determines a request's API and stage from its host and path alone.
//!
//! A host that names an API determines the API completely: a client that may reach that host, through a proxy or a
//! task's settings, can't reach another API by a path.
//!
//! Reference: the forms of an API's address, on AWS and in local tools.

use crate::apis::{ApiId, StageName};

/// The API whose stage is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetApi {
    /// The address names the API.
    Named(ApiId),
    /// The address names only a stage, as in `http://localhost:4566/{stage}/…`; see
    /// [`Options::default_api`](super::Options::default_api).
    Default,
}

/// The target of a request: an API, one of its stages, and the path below that stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The API.
    pub api: TargetApi,
    /// The stage.
    pub stage: StageName,
    /// The raw path after the stage: empty, or beginning with `/`; without the query.
    pub path: String,
    /// The custom domain through which the request came, if any.
    pub custom_domain: Option<CustomDomainMatch>,
}

/// The custom domain through which a request came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomDomainMatch {
    /// The base path that was matched and removed, without slashes; empty for none.
    pub base_path: Box<str>,
}

/// What an address refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A stage. The default API may not have a stage of that name: paths of the AWS APIs look the same.
    Stage(Target),
    /// Something of an API or a custom domain that doesn't exist.
    Nothing,
    /// The health check that every custom domain has.
    Health,
    /// Not an API: the server itself.
    Own,
}

/// Parses a request's host (in lower case, without a port) and raw path (without the query).
///
/// - Host `{api}.execute-api.{anything}`: an API. Its path names a stage and nothing else (`/{stage}/…`). A VPC
///   endpoint may follow the API id after `-`.
/// - On any other host, `/restapis/{api}/{stage}/_user_request_/…` and `/_aws/execute-api/{api}/{stage}/…`.
/// - `/{stage}/…` there: the default API ([`TargetApi::Default`]). Control-plane paths look the same, so handle those
///   first.
pub(super) fn address(host: &str, path: &str) -> Address {
    let rest = path.strip_prefix('/').unwrap_or_default();
    if let Some(api) = api_of_host(host) {
        return named(api, rest).map_or(Address::Nothing, Address::Stage);
    }
    if let Some(rest) = path.strip_prefix("/_aws/execute-api/") {
        let target = rest.split_once('/').and_then(|(api, rest)| named(api, rest));
        return target.map_or(Address::Nothing, Address::Stage);
    }
    if let Some(target) = user_request(path) {
        return Address::Stage(target);
    }
    match split_stage(rest) {
        Some((stage, path)) => Address::Stage(Target {
            api: TargetApi::Default,
            stage: stage.into(),
            path: path.to_owned(),
            custom_domain: None,
        }),
        None => Address::Own,
    }
}

/// `/restapis/{api}/{stage}/_user_request_[/…]`.
fn user_request(path: &str) -> Option<Target> {
    let (api, rest) = path.strip_prefix("/restapis/")?.split_once('/')?;
    let (stage, rest) = rest.split_once('/')?;
    let path = rest.strip_prefix("_user_request_")?;
    if api.is_empty() || stage.is_empty() || !(path.is_empty() || path.starts_with('/')) {
        return None;
    }
    Some(Target {
        api: TargetApi::Named(api.into()),
        stage: stage.into(),
        path: path.to_owned(),
        custom_domain: None,
    })
}

/// The API id in a host name.
fn api_of_host(host: &str) -> Option<&str> {
    let mut labels = host.split('.');
    let (label, service) = (labels.next()?, labels.next()?);
    let api = label.split('-').next()?;
    (service == "execute-api" && !api.is_empty()).then_some(api)
}

fn named(api: &str, rest: &str) -> Option<Target> {
    let (stage, path) = split_stage(rest)?;
    if api.is_empty() {
        return None;
    }
    Some(Target {
        api: TargetApi::Named(api.into()),
        stage: stage.into(),
        path: path.to_owned(),
        custom_domain: None,
    })
}

/// `dev/pets` → `dev`, `/pets`.
pub(super) fn split_stage(rest: &str) -> Option<(&str, &str)> {
    let end = rest.find('/').unwrap_or(rest.len());
    let (stage, path) = rest.split_at(end);
    (!stage.is_empty()).then_some((stage, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, path: &str, expect: Option<(Option<&str>, &str, &str)>) {
        let found = match address(host, path) {
            Address::Stage(target) => Some(target),
            Address::Nothing => None,
            other => panic!("{host} {path}: {other:?}"),
        };
        let expect = expect.map(|(api, stage, path)| Target {
            api: api.map_or(TargetApi::Default, |api| TargetApi::Named(api.into())),
            stage: stage.into(),
            path: path.to_owned(),
            custom_domain: None,
        });
        assert_eq!(found, expect, "{host} {path}");
    }

    #[test]
    fn hosts_name_apis_and_paths_name_stages() {
        let aws = "abc123.execute-api.us-east-1.amazonaws.com";
        check(aws, "/dev/pets/1", Some((Some("abc123"), "dev", "/pets/1")));
        check(aws, "/dev/", Some((Some("abc123"), "dev", "/")));
        check(aws, "/dev", Some((Some("abc123"), "dev", "")));
        check(aws, "/stage//proxy-value", Some((Some("abc123"), "stage", "//proxy-value")));
        check(aws, "/", None);
        check(aws, "*", None);
        check("abc123-vpce0.execute-api.x.amazonaws.com", "/dev", Some((Some("abc123"), "dev", "")));
        check("abc.execute-api.localhost.localstack.cloud", "/s/p", Some((Some("abc"), "s", "/p")));
        check("abc.execute-api", "/s/p", Some((Some("abc"), "s", "/p")));
        check(".execute-api.x", "/dev", Some((None, "dev", "")));
    }

    #[test]
    fn a_path_names_no_other_api_than_the_host() {
        let host = "abc.execute-api.localhost";
        for path in
            ["/restapis/other/dev/_user_request_/x", "/_aws/execute-api/other/dev/x", "/_stepgate/health"]
        {
            let (stage, rest) = split_stage(path.strip_prefix('/').unwrap()).unwrap();
            check(host, path, Some((Some("abc"), stage, rest)));
        }
    }

    #[test]
    fn paths_alone_can_name_both() {
        let local = "localhost";
        check(local, "/restapis/abc/dev/_user_request_/pets", Some((Some("abc"), "dev", "/pets")));
        check(local, "/restapis/abc/dev/_user_request_", Some((Some("abc"), "dev", "")));
        check(local, "/_aws/execute-api/abc/dev/pets", Some((Some("abc"), "dev", "/pets")));
        check(local, "/_aws/execute-api/abc/dev", Some((Some("abc"), "dev", "")));
        check(local, "/_aws/execute-api/abc", None);
        check(local, "/_aws/execute-api//dev/x", None);
    }

    #[test]
    fn other_hosts_mean_the_default_api() {
        check("127.0.0.1", "/alpha/execution", Some((None, "alpha", "/execution")));
        check("", "/alpha", Some((None, "alpha", "")));
        check(
            "localhost",
            "/restapis/abc/dev/_user_requests",
            Some((None, "restapis", "/abc/dev/_user_requests")),
        );
        for path in ["/", "", "*"] {
            assert_eq!(address("localhost", path), Address::Own, "{path}");
        }
    }
}
