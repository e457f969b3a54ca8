//! Checks an integration by itself and against its method, when it is put or patched.

use std::collections::BTreeMap;

use super::integration::{
    ConnectionType, Integration, IntegrationResponse, IntegrationType, ResponseTransferMode,
    TIMEOUT_MILLIS_MAX,
};
use super::mapping_names::{
    check_cache_key, check_request_mappings, check_response_mappings, check_response_names,
};
use super::method::{Method, MethodResponse};
use super::pattern::Pattern;
use crate::apis::error::{BadRequest, Error};
use crate::id::Arn;

const TIMEOUT_MILLIS_MIN: u32 = 50;
/// For responses that are streamed: 15 minutes.
const STREAM_TIMEOUT_MILLIS_MAX: u32 = 900_000;
/// The longest template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 300 * 1024;
/// The longest selection pattern, in bytes; patterns are outside input.
const PATTERN_BYTES_MAX: usize = 4 * 1024;

/// Checks `integration` for `method`, in AWS's order as far as that is known.
pub(crate) fn check_integration(integration: &Integration, method: &Method) -> Result<(), Error> {
    match integration.kind {
        IntegrationType::Mock => {}
        IntegrationType::Http | IntegrationType::HttpProxy => {
            check_http_method(integration)?;
            check_http_uri(integration.uri.as_deref().unwrap_or_default())?;
        }
        IntegrationType::Aws | IntegrationType::AwsProxy => {
            check_http_method(integration)?;
            check_aws_uri(integration)?;
        }
    }
    check_connection(integration)?;
    let timeout_max = check_transfer_mode(integration)?;
    if !(TIMEOUT_MILLIS_MIN..=timeout_max).contains(&integration.timeout_millis) {
        return Err(BadRequest::Timeout(timeout_max).into());
    }
    check_request_mappings(integration, method)?;
    check_cache_key(integration, method)?;
    check_templates(&integration.request_templates)?;
    Ok(())
}

/// Checks `response` against the method response with its status. Without one, it may still be put, but set no headers.
pub(crate) fn check_integration_response(
    response: &IntegrationResponse,
    declared: Option<&MethodResponse>,
) -> Result<(), Error> {
    match declared {
        Some(declared) => check_response_names(response, declared)?,
        None if response.parameters.is_empty() => {}
        None => return Err(BadRequest::NoMethodResponse.into()),
    }
    check_undeclared_response(response)
}

/// Checks `response` by itself.
pub(crate) fn check_undeclared_response(response: &IntegrationResponse) -> Result<(), Error> {
    if let Some(templates) = &response.templates {
        check_templates(templates)?;
    }
    check_response_mappings(response)?;
    check_selection_pattern(response.selection_pattern.as_deref().unwrap_or_default())?;
    Ok(())
}

fn check_http_method(integration: &Integration) -> Result<(), BadRequest> {
    integration.http_method.map(drop).ok_or(BadRequest::IntegrationHttpMethod)
}

/// Checks for `http://` or `https://` and a host. The host may be a stage variable but not contain variables of
/// requests.
fn check_http_uri(uri: &str) -> Result<(), BadRequest> {
    if is_http_address(uri) { Ok(()) } else { Err(BadRequest::HttpEndpoint) }
}

/// Checks for `arn:aws:apigateway:{region}:{service}:path/…` or `…:action/…`. All services except Lambda need a role.
fn check_aws_uri(integration: &Integration) -> Result<(), BadRequest> {
    let uri = Arn::parse(integration.uri.as_deref().unwrap_or_default()).map_err(|_| BadRequest::Arn)?;
    if !uri.resource.starts_with("path/") && !uri.resource.starts_with("action/") {
        return Err(BadRequest::IntegrationArn);
    }
    let service = uri.account.rsplit('.').next().unwrap_or_default();
    let is_proxy = integration.kind == IntegrationType::AwsProxy;
    match service {
        "lambda" => Ok(()),
        "firehose" if is_proxy => Ok(()),
        _ if is_proxy => Err(BadRequest::AwsProxyService),
        _ if integration.credentials.is_none() => Err(BadRequest::RoleArn),
        _ => Ok(()),
    }
}

/// Checks that what is streamed can be, and returns the longest timeout, in milliseconds.
///
/// AWS documents that only proxy integrations stream, but not its message.
fn check_transfer_mode(integration: &Integration) -> Result<u32, BadRequest> {
    if integration.response_transfer_mode != Some(ResponseTransferMode::Stream) {
        return Ok(TIMEOUT_MILLIS_MAX);
    }
    match integration.kind {
        IntegrationType::HttpProxy | IntegrationType::AwsProxy => Ok(STREAM_TIMEOUT_MILLIS_MAX),
        IntegrationType::Http | IntegrationType::Mock | IntegrationType::Aws => {
            Err(BadRequest::StreamedIntegrationType)
        }
    }
}

/// Checks that a VPC link is named; the caller checks that it exists.
fn check_connection(integration: &Integration) -> Result<(), Error> {
    match (integration.connection_type, integration.connection_id.as_deref()) {
        (ConnectionType::Internet, _) => Ok(()),
        (ConnectionType::VpcLink, None | Some("")) => Err(BadRequest::ConnectionId.into()),
        (ConnectionType::VpcLink, Some(_)) => Ok(()),
    }
}

pub(crate) fn check_templates(templates: &BTreeMap<String, String>) -> Result<(), BadRequest> {
    for (content_type, template) in templates {
        if !is_content_type(content_type) && !matches!(content_type.as_str(), "$default" | "default") {
            return Err(BadRequest::TemplateContentType(content_type.clone()));
        }
        if TEMPLATE_BYTES_MAX < template.len() {
            return Err(BadRequest::TemplateTooLong(TEMPLATE_BYTES_MAX));
        }
    }
    Ok(())
}

/// Whether `text` is `type/subtype` of token characters, optionally with parameters after a semicolon.
pub(crate) fn is_content_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

/// Compiles the pattern as it will be compiled when deployed: as a Java regular expression.
fn check_selection_pattern(pattern: &str) -> Result<(), BadRequest> {
    if PATTERN_BYTES_MAX < pattern.len() || Pattern::compile(pattern).is_err() {
        return Err(BadRequest::SelectionPattern);
    }
    Ok(())
}

/// Whether an integration may have this URI. Host and port may contain stage variables, which belong to the author, but
/// no variables of requests.
pub(crate) fn is_http_address(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://")) else {
        return false;
    };
    let mut authority = String::new();
    let mut rest = rest;
    // The values of stage variables are not known yet.
    while let Some((before, from)) = rest.split_once("${stageVariables.") {
        if before.contains(['/', '?', '#']) {
            break;
        }
        let Some((_, after)) = from.split_once('}') else { return false };
        authority.push_str(before);
        authority.push('0');
        rest = after;
    }
    authority.push_str(rest.split(['/', '?', '#']).next().unwrap_or_default());
    !authority.is_empty() && !uri.contains(char::is_whitespace) && !authority.contains(['{', '}'])
}

#[cfg(test)]
mod tests {
    use super::super::http_method::HttpMethod;
    use super::*;
    use crate::apis::fixtures::{test_integration, test_method};

    const LAMBDA: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
        arn:aws:lambda:us-east-1:000000000000:function:MyLambda/invocations";

    fn check(
        kind: IntegrationType,
        uri: &str,
        verb: Option<HttpMethod>,
        credentials: Option<&str>,
    ) -> Result<(), String> {
        let integration = Integration {
            uri: Some(uri.to_owned()),
            http_method: verb,
            credentials: credentials.map(str::to_owned),
            ..test_integration(kind)
        };
        check_integration(&integration, &test_method()).map_err(|error| error.to_string())
    }

    #[test]
    fn hosts_are_the_authors() {
        for (uri, is_address) in [
            ("http://h", true),
            ("https://h:8080/{v}", true),
            ("http://${stageVariables.host}/{v}", true),
            ("http://${stageVariables.host}:${stageVariables.port}", true),
            ("http://h/${stageVariables.path}{v}", true),
            ("http://h?{v}", true),
            ("http://h:8000{v}", false),
            ("http://{v}/x", false),
            ("http://a.{v}.b/x", false),
            ("http://${stageVariables.host}{v}/x", false),
            ("http://${stageVariables.host", false),
            ("http://${other.host}/", false),
            ("http://", false),
            ("http:///x", false),
            ("http://a b", false),
            ("ftp://h", false),
        ] {
            assert_eq!(is_http_address(uri), is_address, "{uri}");
        }
    }

    #[test]
    fn uris_fit_their_kind() {
        use IntegrationType::{Aws, AwsProxy, Http, HttpProxy, Mock};
        let (post, role) = (Some(HttpMethod::Post), Some("arn:aws:iam::123456789012:role/r"));
        let s3 = "arn:aws:apigateway:us-east-1:s3:path/b/k";
        for (kind, uri, verb, credentials) in [
            (Mock, "", None, None),
            (Http, "http://example.com", post, None),
            (HttpProxy, "https://${stageVariables.host}/{proxy}?a=${stageVariables.b}", post, None),
            (Http, "http://localhost:8080/x", post, None),
            (Aws, s3, post, role),
            (Aws, LAMBDA, post, None),
            (AwsProxy, LAMBDA, post, None),
            (Aws, "arn:aws:apigateway:us-east-1:states:action/StartExecution", post, role),
        ] {
            assert_eq!(check(kind, uri, verb, credentials), Ok(()), "{uri}");
        }
        let iam = "arn:aws:iam::0000000000:role/service-role/asdf";
        for (kind, uri, verb, credentials, message) in [
            (Http, "http://example.com", None, None, "Enumeration value for HttpMethod must be non-empty"),
            (Aws, "http://example.com", None, None, "Enumeration value for HttpMethod must be non-empty"),
            (Http, "non-valid-http", post, None, "Invalid HTTP endpoint specified for URI"),
            (HttpProxy, "http:///x", post, None, "Invalid HTTP endpoint specified for URI"),
            (HttpProxy, "http://h:80{proxy}", post, None, "Invalid HTTP endpoint specified for URI"),
            (HttpProxy, "http://{proxy}/x", post, None, "Invalid HTTP endpoint specified for URI"),
            (Http, "", post, None, "Invalid HTTP endpoint specified for URI"),
            (Aws, "non-valid-arn", post, None, "Invalid ARN specified in the request"),
            (Aws, iam, post, None, "AWS ARN for integration must contain path or action"),
            (
                AwsProxy,
                s3,
                post,
                role,
                "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream \
                 invocations.",
            ),
            (Aws, s3, post, None, "Role ARN must be specified for AWS integrations"),
        ] {
            assert_eq!(check(kind, uri, verb, credentials).unwrap_err(), message, "{uri}");
        }
    }

    #[test]
    fn timeouts_templates_and_links_have_limits() {
        let check = |change: fn(&mut Integration)| {
            let mut integration = test_integration(IntegrationType::Http);
            change(&mut integration);
            check_integration(&integration, &test_method()).map_err(|error| error.to_string())
        };
        assert_eq!(check(|i| i.timeout_millis = 50), Ok(()));
        assert_eq!(check(|i| i.timeout_millis = 29_000), Ok(()));
        assert!(check(|i| i.timeout_millis = 49).is_err());
        assert!(check(|i| i.timeout_millis = 29_001).is_err());
        fn streamed(i: &mut Integration, millis: u32) {
            i.kind = IntegrationType::HttpProxy;
            i.response_transfer_mode = Some(ResponseTransferMode::Stream);
            i.timeout_millis = millis;
        }
        assert_eq!(check(|i| streamed(i, 900_000)), Ok(()));
        assert_eq!(
            check(|i| streamed(i, 900_001)).unwrap_err(),
            "Timeout should be between 50 ms and 900000 ms"
        );
        assert_eq!(
            check(|i| i.response_transfer_mode = Some(ResponseTransferMode::Stream)).unwrap_err(),
            "Response transfer mode STREAM is only supported for HTTP_PROXY and AWS_PROXY integrations"
        );
        assert_eq!(check(|i| drop(i.request_templates.insert("$default".to_owned(), String::new()))), Ok(()));
        assert_eq!(
            check(|i| drop(i.request_templates.insert("123".to_owned(), String::new()))).unwrap_err(),
            "Validation Result: warnings : [], errors : [Invalid content type specified: 123]"
        );
        assert!(
            check(|i| i.connection_type = ConnectionType::VpcLink).unwrap_err().starts_with("ConnectionId")
        );
        assert!(check(|i| i.cache_key_parameters = vec!["method.request.path.a".to_owned()]).is_err());
    }

    #[test]
    fn selection_patterns_have_to_compile() {
        for (pattern, ok) in [
            ("", true),
            ("2\\d{2}", true),
            ("\\Qa(\\E.*", true),
            ("(\\n|.)*", true),
            ("(", false),
            ("[", false),
        ] {
            assert_eq!(check_selection_pattern(pattern).is_ok(), ok, "{pattern}");
        }
        assert!(check_selection_pattern(&"a".repeat(PATTERN_BYTES_MAX + 1)).is_err());
    }
}
