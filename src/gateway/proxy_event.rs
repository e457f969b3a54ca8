//! A request in the form of a Lambda function's event, format 1.0.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format>

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::authorizers::AuthorizerFacts;
use super::context::Context;
use crate::apis::Variable;

type Members = Map<String, Value>;

/// How to write a map without members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// `{}`, in events of authorizers.
    Empty,
    /// `null`, in events of integrations.
    Null,
}

/// The event of a proxy integration; the body is binary or text.
pub(crate) fn of_request(context: &Context, body: &Bytes, is_binary: bool) -> Value {
    let mut event = Members::new();
    put_request(&mut event, context, Absent::Null);
    let mut request_context = request_context(context);
    if let Some(authorizer) = context.authorizer.as_deref().and_then(AuthorizerFacts::members) {
        request_context.insert("authorizer".to_owned(), authorizer.into());
    }
    event.insert("requestContext".to_owned(), request_context.into());
    let is_encoded = is_binary && !body.is_empty();
    let body = match body.as_ref() {
        [] => Value::Null,
        bytes if is_encoded => STANDARD.encode(bytes).into(),
        bytes => String::from_utf8_lossy(bytes).into(),
    };
    event.insert("body".to_owned(), body);
    event.insert("isBase64Encoded".to_owned(), is_encoded.into());
    event.into()
}

/// Adds everything except body and context.
pub(crate) fn put_request(event: &mut Members, context: &Context, absent: Absent) {
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    put("resource", value(context, Variable::ResourcePath));
    put("path", path(context).into());
    put("httpMethod", context.method.as_str().into());
    let (headers, values) = headers(context);
    put("headers", or_absent(headers, absent));
    put("multiValueHeaders", or_absent(values, absent));
    let query = context.query();
    put("queryStringParameters", map(query.singles(), absent));
    let values = query.grouped().map(|(name, values)| (name, values.into_iter()));
    put("multiValueQueryStringParameters", lists(values, absent));
    let parameters = context.path_parameters.iter();
    put("pathParameters", map(parameters.map(|(name, value)| (name.as_ref(), value.as_str())), absent));
    let variables = context.stage.iter().flat_map(|stage| &stage.variables);
    put("stageVariables", map(variables.map(|(name, value)| (name.as_str(), value.as_str())), absent));
}

/// The request's headers, once with the last value of each and once with all values.
fn headers(context: &Context) -> (Members, Members) {
    let single = context.visible_headers().map(|(name, value)| (name, value.into_owned().into())).collect();
    let multiple = context
        .visible_header_values()
        .map(|(name, values)| (name, Value::Array(values.map(|value| value.into_owned().into()).collect())));
    (single, multiple.collect())
}

/// `requestContext`, without the authorizer's result.
pub(crate) fn request_context(context: &Context) -> Members {
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
    members
}

/// The members of an identity, for every kind of caller.
const IDENTITY: [(&str, Option<Variable>); 12] = [
    ("cognitoIdentityPoolId", Some(Variable::IdentityCognitoIdentityPoolId)),
    ("accountId", Some(Variable::IdentityAccountId)),
    ("cognitoIdentityId", Some(Variable::IdentityCognitoIdentityId)),
    ("caller", Some(Variable::IdentityCaller)),
    ("sourceIp", Some(Variable::IdentitySourceIp)),
    ("principalOrgId", None),
    ("accessKey", Some(Variable::IdentityAccessKey)),
    ("cognitoAuthenticationType", Some(Variable::IdentityCognitoAuthenticationType)),
    ("cognitoAuthenticationProvider", Some(Variable::IdentityCognitoAuthenticationProvider)),
    ("userArn", Some(Variable::IdentityUserArn)),
    ("userAgent", Some(Variable::IdentityUserAgent)),
    ("user", Some(Variable::IdentityUser)),
];

/// The names over which a template's loop over `$context.identity` runs.
pub(crate) fn identity_names(context: &Context) -> impl Iterator<Item = &'static str> {
    let of_key: &[&str] = if context.caller_key.is_some() { &["apiKey", "apiKeyId"] } else { &[] };
    IDENTITY.iter().map(|(name, _)| *name).chain(of_key.iter().copied())
}

/// All members exist, and are null if unknown; those about keys and certificates exist only if there are any.
fn identity(context: &Context) -> Members {
    let mut members = Members::new();
    for (name, variable) in IDENTITY {
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
    // A path that begins with several slashes routes as if there were one.
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
    if absent == Absent::Null && members.is_empty() { Value::Null } else { members.into() }
}
