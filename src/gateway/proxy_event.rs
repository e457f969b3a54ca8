//! A request as Lambda functions see it: the members of the event, format 1.0.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format>

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::context::Context;
use super::variable::Variable;

type Members = Map<String, Value>;

/// What stands for a map without members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// `{}`, as authorizers are told.
    Empty,
}

/// Adds everything but body and context.
pub(crate) fn put_request(event: &mut Members, context: &Context, absent: Absent) {
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    put("resource", value(context, Variable::ResourcePath));
    put("path", path(context).into());
    put("httpMethod", context.method.as_str().into());
    put("headers", map(context.visible_headers(), absent));
    put("multiValueHeaders", lists(context.visible_header_values(), absent));
    let query = context.query();
    put("queryStringParameters", map(query.singles(), absent));
    let names = query.singles().map(|(name, _)| name);
    put("multiValueQueryStringParameters", lists(names.map(|name| (name, query.all(name))), absent));
    let parameters = context.path_parameters.iter();
    put("pathParameters", map(parameters.map(|(name, value)| (name.as_ref(), value.as_str())), absent));
    let variables = context.stage.iter().flat_map(|stage| &stage.variables);
    put("stageVariables", map(variables.map(|(name, value)| (name.as_str(), value.as_str())), absent));
}

/// `requestContext`, without what an authorizer said.
pub(crate) fn request_context(context: &Context) -> Value {
    let mut members = Members::new();
    let mut put = |name: &str, variable: Variable| {
        members.insert(name.to_owned(), value(context, variable));
    };
    put("resourceId", Variable::ResourceId);
    put("resourcePath", Variable::ResourcePath);
    if context.variable(Variable::OperationName).is_some() {
        put("operationName", Variable::OperationName);
    }
    put("httpMethod", Variable::HttpMethod);
    put("extendedRequestId", Variable::ExtendedRequestId);
    put("requestTime", Variable::RequestTime);
    put("path", Variable::Path);
    put("accountId", Variable::AccountId);
    put("protocol", Variable::Protocol);
    put("stage", Variable::Stage);
    put("domainPrefix", Variable::DomainPrefix);
    members.insert("requestTimeEpoch".to_owned(), context.received.as_millis().into());
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("requestId", value(context, Variable::RequestId));
    put("identity", identity(context).into());
    put("domainName", value(context, Variable::DomainName));
    put("deploymentId", value(context, Variable::DeploymentId));
    put("apiId", value(context, Variable::ApiId));
    members.into()
}

/// All members are there, null where nothing is known; those of keys and certificates only where there are any.
fn identity(context: &Context) -> Members {
    let mut members = Members::new();
    for (name, variable) in [
        ("cognitoIdentityPoolId", None),
        ("accountId", Some(Variable::IdentityAccountId)),
        ("cognitoIdentityId", None),
        ("caller", Some(Variable::IdentityCaller)),
        ("sourceIp", Some(Variable::IdentitySourceIp)),
        ("principalOrgId", None),
        ("accessKey", None),
        ("cognitoAuthenticationType", None),
        ("cognitoAuthenticationProvider", None),
        ("userArn", Some(Variable::IdentityUserArn)),
        ("userAgent", Some(Variable::IdentityUserAgent)),
        ("user", Some(Variable::IdentityUser)),
    ] {
        let value = variable.map_or(Value::Null, |variable| value(context, variable));
        members.insert(name.to_owned(), value);
    }
    if context.caller_key.is_some() {
        members.insert("apiKey".to_owned(), value(context, Variable::IdentityApiKey));
        members.insert("apiKeyId".to_owned(), value(context, Variable::IdentityApiKeyId));
    }
    if context.peer.certificate.is_some() {
        let mut certificate = Members::new();
        let mut put = |name: &str, value: Value| certificate.insert(name.to_owned(), value);
        put("clientCertPem", value(context, Variable::IdentityClientCertPem));
        put("subjectDN", value(context, Variable::IdentityClientCertSubjectDn));
        put("issuerDN", value(context, Variable::IdentityClientCertIssuerDn));
        put("serialNumber", value(context, Variable::IdentityClientCertSerialNumber));
        let mut validity = Members::new();
        validity.insert("notBefore".to_owned(), value(context, Variable::IdentityClientCertNotBefore));
        validity.insert("notAfter".to_owned(), value(context, Variable::IdentityClientCertNotAfter));
        put("validity", validity.into());
        members.insert("clientCert".to_owned(), certificate.into());
    }
    members
}

/// The path without the stage; on a custom domain with its base path.
fn path(context: &Context) -> String {
    let path = match &context.target.custom_domain {
        Some(_) => context.uri.path(),
        None => context.target.path.as_str(),
    };
    // A path that begins with several slashes routes as if it had one.
    format!("/{}", path.trim_start_matches('/'))
}

fn value(context: &Context, variable: Variable) -> Value {
    context.variable(variable).map_or(Value::Null, |text| text.into_owned().into())
}

fn map<K: Into<String>, V: Into<String>>(pairs: impl Iterator<Item = (K, V)>, absent: Absent) -> Value {
    or_absent(pairs.map(|(name, value)| (name.into(), Value::String(value.into()))).collect(), absent)
}

fn lists<'a, K, L, V>(pairs: impl Iterator<Item = (K, L)>, absent: Absent) -> Value
where
    K: Into<String>,
    L: Iterator<Item = V>,
    V: Into<Cow<'a, str>>,
{
    let list = |values: L| values.map(|value| Value::String(value.into().into_owned())).collect();
    or_absent(pairs.map(|(name, values)| (name.into(), Value::Array(list(values)))).collect(), absent)
}

fn or_absent(members: Members, absent: Absent) -> Value {
    match absent {
        Absent::Empty => members.into(),
    }
}
