//! Authorizers decide whether a caller may call a method.

use std::collections::BTreeMap;

use super::ids::AuthorizerId;
use super::jwt_configuration::JwtConfiguration;
use super::method::{AuthorizationType, Method};
use super::words::words;
use crate::apis::error::BadRequest;
use crate::id::Arn;

/// The longest time that a result can be cached, in seconds.
const TTL_SECONDS_MAX: i64 = 3_600;

words! {
    /// What an authorizer checks, and what decides.
    pub enum AuthorizerType {
        Token = "TOKEN",
        Request = "REQUEST",
        CognitoUserPools = "COGNITO_USER_POOLS",
        Jwt = "JWT",
    }
}

impl AuthorizerType {
    /// Whether methods of this type can have an authorizer of this type.
    pub(super) fn serves(self, kind: AuthorizationType) -> bool {
        match kind {
            AuthorizationType::Custom => matches!(self, Self::Token | Self::Request),
            AuthorizationType::CognitoUserPools => self == Self::CognitoUserPools,
            AuthorizationType::Jwt => self == Self::Jwt,
            AuthorizationType::None | AuthorizationType::AwsIam => false,
        }
    }

    /// The authorization type of methods with such an authorizer.
    pub(crate) const fn authorization_type(self) -> AuthorizationType {
        match self {
            Self::Token | Self::Request => AuthorizationType::Custom,
            Self::CognitoUserPools => AuthorizationType::CognitoUserPools,
            Self::Jwt => AuthorizationType::Jwt,
        }
    }

    /// The `authType` of an authorizer unless its owner sets another.
    pub(crate) const fn default_auth_type(self) -> &'static str {
        match self {
            Self::Token | Self::Request => "custom",
            Self::CognitoUserPools => "cognito_user_pools",
            Self::Jwt => "jwt",
        }
    }
}

/// See [Authorizer](https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorizer {
    /// Id.
    pub id: AuthorizerId,
    /// Name, unique in the API.
    pub name: String,
    /// The authorizer's type.
    pub kind: AuthorizerType,
    /// ARNs of the user pools of a Cognito authorizer.
    pub provider_arns: Vec<String>,
    /// A label for people, shown in exports.
    pub auth_type: Option<String>,
    /// The invocation URI of the Lambda function: an ARN of API Gateway.
    pub authorizer_uri: Option<String>,
    /// Role under which the function is called.
    pub authorizer_credentials: Option<String>,
    /// Where the identity is in the request: expressions separated by commas.
    pub identity_source: Option<String>,
    /// A pattern that a token has to match before the authorizer is called.
    pub identity_validation_expression: Option<String>,
    /// How long a result is cached, 0 to 3,600 seconds; AWS's default is 300.
    pub result_ttl_seconds: Option<i64>,
    /// The settings of a JWT authorizer; other types have none.
    pub jwt_configuration: Option<JwtConfiguration>,
}

/// Checks an authorizer by itself.
pub(super) fn check_authorizer(authorizer: &Authorizer) -> Result<(), BadRequest> {
    if authorizer.name.is_empty() {
        return Err(BadRequest::EmptyAuthorizerName);
    }
    let ttl = authorizer.result_ttl_seconds;
    if ttl.is_some_and(|ttl| !(0..=TTL_SECONDS_MAX).contains(&ttl)) {
        return Err(BadRequest::AuthorizerTtl);
    }
    let source = authorizer.identity_source.as_deref().filter(|source| !source.trim().is_empty());
    if authorizer.kind != AuthorizerType::Jwt && authorizer.jwt_configuration.is_some() {
        return Err(BadRequest::JwtConfiguration("it is for authorizers of type JWT only"));
    }
    match authorizer.kind {
        AuthorizerType::Jwt => {
            let missing = BadRequest::JwtConfiguration("it is required for authorizers of type JWT");
            authorizer.jwt_configuration.as_ref().ok_or(missing)?.check()?;
            if ttl.is_some() {
                let why = "authorizerResultTtlInSeconds is not supported for authorizers of type JWT";
                return Err(BadRequest::JwtConfiguration(why));
            }
            check_header_source(source)
        }
        AuthorizerType::CognitoUserPools => {
            if authorizer.provider_arns.is_empty() {
                return Err(BadRequest::ProviderArns);
            }
            if authorizer.provider_arns.iter().any(|arn| !is_arn(arn)) {
                return Err(BadRequest::Arn);
            }
            check_header_source(source)
        }
        AuthorizerType::Token => {
            check_uri(authorizer.authorizer_uri.as_deref().unwrap_or_default())?;
            check_header_source(source)
        }
        AuthorizerType::Request => {
            check_uri(authorizer.authorizer_uri.as_deref().unwrap_or_default())?;
            // Results are cached by identity, so without an identity there is nothing to cache them by.
            let Some(source) = source else {
                return if ttl == Some(0) { Ok(()) } else { Err(BadRequest::IdentitySource) };
            };
            match source.split(',').map(str::trim).find(|part| !is_request_source(part)) {
                Some(wrong) => Err(BadRequest::MappingSource(wrong.to_owned())),
                None => Ok(()),
            }
        }
    }
}

/// Checks that the source is one header, which contains the token.
fn check_header_source(source: Option<&str>) -> Result<(), BadRequest> {
    let source = source.ok_or(BadRequest::IdentitySource)?;
    let name = source.strip_prefix("method.request.header.");
    if name.is_some_and(|name| !name.is_empty() && !name.contains([',', ' '])) {
        Ok(())
    } else {
        Err(BadRequest::MappingSource(source.to_owned()))
    }
}

fn is_request_source(part: &str) -> bool {
    ["method.request.header.", "method.request.querystring.", "stageVariables.", "context."]
        .iter()
        .any(|prefix| part.strip_prefix(prefix).is_some_and(|name| !name.is_empty()))
}

/// `arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function's ARN}/invocations`
fn check_uri(uri: &str) -> Result<(), BadRequest> {
    let is_invocation = Arn::parse(uri).is_ok_and(|arn| {
        arn.service == "apigateway"
            && arn.account == "lambda"
            && arn.resource.starts_with("path/")
            && arn.resource.contains("/functions/")
            && arn.resource.ends_with("/invocations")
    });
    if is_invocation { Ok(()) } else { Err(BadRequest::AuthorizerUri(uri.to_owned())) }
}

fn is_arn(text: &str) -> bool {
    text.contains("${stageVariables.") || Arn::parse(text).is_ok()
}

/// Checks a method's authorization against the API's authorizers. Drops the authorizer of a method whose type uses
/// none, because AWS ignores it.
pub(super) fn check_authorization(
    method: &mut Method,
    authorizers: &BTreeMap<AuthorizerId, Authorizer>,
) -> Result<(), BadRequest> {
    match method.authorization_type {
        AuthorizationType::None | AuthorizationType::AwsIam => method.authorizer_id = None,
        kind @ (AuthorizationType::Custom | AuthorizationType::CognitoUserPools | AuthorizationType::Jwt) => {
            let authorizer = method.authorizer_id.as_ref().and_then(|id| authorizers.get(id));
            if !authorizer.is_some_and(|authorizer| authorizer.kind.serves(kind)) {
                return Err(BadRequest::AuthorizerId);
            }
        }
    }
    let reads_scopes =
        matches!(method.authorization_type, AuthorizationType::CognitoUserPools | AuthorizationType::Jwt);
    if !reads_scopes && !method.authorization_scopes.is_empty() {
        return Err(BadRequest::AuthorizationScopes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
        arn:aws:lambda:us-east-1:123456789012:function:f/invocations";

    fn check(
        kind: AuthorizerType,
        uri: &str,
        source: &str,
        pools: &[&str],
        ttl: Option<i64>,
    ) -> Result<(), String> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let authorizer = Authorizer {
            id: "auth01".into(),
            name: "a".to_owned(),
            kind,
            provider_arns: pools.iter().map(|arn| (*arn).to_owned()).collect(),
            auth_type: None,
            authorizer_uri: text(uri),
            authorizer_credentials: None,
            identity_source: text(source),
            identity_validation_expression: None,
            result_ttl_seconds: ttl,
            jwt_configuration: None,
        };
        check_authorizer(&authorizer).map_err(|error| error.to_string())
    }

    #[test]
    fn authorizers_need_what_their_type_needs() {
        use AuthorizerType::{CognitoUserPools, Request, Token};
        let header = "method.request.header.Authorization";
        let pool = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a";
        for (kind, uri, source, pools, ttl) in [
            (Token, URI, header, &[][..], None),
            (Request, URI, "method.request.querystring.auth, context.stage", &[], Some(300)),
            (Request, URI, "", &[], Some(0)),
            (CognitoUserPools, "", header, &[pool], None),
        ] {
            assert_eq!(check(kind, uri, source, pools, ttl), Ok(()), "{kind} {source}");
        }
        let uri_refusal = "Invalid Authorizer URI: x. Authorizer URI should be a valid API Gateway ARN that \
            represents a Lambda function invocation.";
        let ttl_refusal =
            "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds.";
        for (kind, uri, source, pools, ttl, message) in [
            (Token, URI, "", &[][..], None, "IdentitySource cannot be empty"),
            (Request, URI, "", &[], None, "IdentitySource cannot be empty"),
            (Token, "x", header, &[], None, uri_refusal),
            (Token, URI, header, &[], Some(3_601), ttl_refusal),
            (Token, URI, header, &[], Some(-1), ttl_refusal),
            (CognitoUserPools, "", header, &[], None, "ProviderARNs cannot be empty"),
            (CognitoUserPools, "", header, &["pool"], None, "Invalid ARN specified in the request"),
        ] {
            assert_eq!(check(kind, uri, source, pools, ttl).unwrap_err(), message, "{kind} {source}");
        }
        assert!(check(Token, URI, "method.request.querystring.a", &[], None).is_err());
        assert!(check(Request, URI, "method.request.body", &[], None).is_err());
    }
}
