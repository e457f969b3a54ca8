//! Which API and stage a request is for, told by its host and path alone.
//!
//! Reference: the forms of an API's address, as AWS and as local tools write them.

use super::api::{ApiId, StageName};
use super::domains::CustomDomainMatch;

/// Whose stage is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetApi {
    /// The address names the API.
    Named(ApiId),
    /// The address names a stage only, as in `http://localhost:4566/{stage}/…`; see
    /// [`Options::default_api`](super::Options::default_api).
    Default,
}

/// Where a request goes: an API, one of its stages, and the path below that stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The API.
    pub api: TargetApi,
    /// The stage.
    pub stage: StageName,
    /// The raw path after the stage: empty, or beginning with `/`; no query.
    pub path: String,
    /// The custom domain that the request came by, if it did.
    pub custom_domain: Option<CustomDomainMatch>,
}

/// Reads the target from a request's host (with or without a port) and raw path (without the query).
///
/// - host `{api}.execute-api.{anything}`, path `/{stage}/…`; a VPC endpoint may follow the API id after `-`;
/// - `/restapis/{api}/{stage}/_user_request_/…` and `/_aws/execute-api/{api}/{stage}/…` on any host;
/// - `/{stage}/…` on any other host: the default API ([`TargetApi::Default`]). Control-plane paths look the
///   same, so sort those out before asking.
///
/// `None` if no stage is named.
pub fn address(host: &str, path: &str) -> Option<Target> {
    if let Some(rest) = path.strip_prefix("/_aws/execute-api/") {
        let (api, rest) = rest.split_once('/')?;
        return named(api, rest);
    }
    if let Some(target) = user_request(path) {
        return Some(target);
    }
    let rest = path.strip_prefix('/')?;
    match api_of_host(host) {
        Some(api) => named(&api, rest),
        None => {
            let (stage, path) = split_stage(rest)?;
            Some(Target {
                api: TargetApi::Default,
                stage: stage.into(),
                path: path.to_owned(),
                custom_domain: None,
            })
        }
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

/// The API id in a host name. Host names don't know case, API ids are lower-case.
fn api_of_host(host: &str) -> Option<String> {
    let (label, rest) = host.split_once('.')?;
    let (service, _) = rest.split_once('.').or_else(|| rest.split_once(':')).unwrap_or((rest, ""));
    let api = label.split('-').next()?;
    (service.eq_ignore_ascii_case("execute-api") && !api.is_empty()).then(|| api.to_ascii_lowercase())
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
        let expect = expect.map(|(api, stage, path)| Target {
            api: api.map_or(TargetApi::Default, |api| TargetApi::Named(api.into())),
            stage: stage.into(),
            path: path.to_owned(),
            custom_domain: None,
        });
        assert_eq!(address(host, path), expect, "{host} {path}");
    }

    #[test]
    fn hosts_name_apis_and_paths_name_stages() {
        let aws = "abc123.execute-api.us-east-1.amazonaws.com";
        check(aws, "/dev/pets/1", Some((Some("abc123"), "dev", "/pets/1")));
        check(aws, "/dev/", Some((Some("abc123"), "dev", "/")));
        check(aws, "/dev", Some((Some("abc123"), "dev", "")));
        check(aws, "/stage//proxy-value", Some((Some("abc123"), "stage", "//proxy-value")));
        check(aws, "/", None);
        check("ABC123.Execute-Api.localhost:4566", "/dev", Some((Some("abc123"), "dev", "")));
        check("abc123-vpce0.execute-api.x.amazonaws.com", "/dev", Some((Some("abc123"), "dev", "")));
        check("abc.execute-api.localhost.localstack.cloud:4566", "/s/p", Some((Some("abc"), "s", "/p")));
        check(".execute-api.x", "/dev", Some((None, "dev", "")));
    }

    #[test]
    fn paths_alone_can_name_both() {
        let local = "localhost:4566";
        check(local, "/restapis/abc/dev/_user_request_/pets", Some((Some("abc"), "dev", "/pets")));
        check(local, "/restapis/abc/dev/_user_request_", Some((Some("abc"), "dev", "")));
        check(local, "/_aws/execute-api/abc/dev/pets", Some((Some("abc"), "dev", "/pets")));
        check(local, "/_aws/execute-api/abc/dev", Some((Some("abc"), "dev", "")));
        check(local, "/_aws/execute-api/abc", None);
        check(local, "/_aws/execute-api//dev/x", None);
    }

    #[test]
    fn other_hosts_mean_the_default_api() {
        check("127.0.0.1:4566", "/alpha/execution", Some((None, "alpha", "/execution")));
        check("", "/alpha", Some((None, "alpha", "")));
        check("localhost", "/", None);
        check("localhost", "", None);
        check(
            "localhost",
            "/restapis/abc/dev/_user_requests",
            Some((None, "restapis", "/abc/dev/_user_requests")),
        );
    }
}
