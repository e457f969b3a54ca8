//! Imports security schemes, and what they mean for methods.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::{API_KEY_HEADER, SIGV4_AUTHTYPE, UNUSED_HEADER, extension};
use super::{Reader, text_of, texts_of};
use crate::apis::error::BadRequest;
use crate::apis::{AuthorizationType, AuthorizerType, CreateAuthorizer, HttpMethod, JwtConfiguration};

/// What a scheme requires of callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// The authorizer with the scheme's name authorizes callers.
    Authorizer(AuthorizerType),
    /// Requests have to be signed.
    Signature,
    /// Requests need an API key.
    ApiKey,
    /// An authorizer that the document doesn't describe: methods that use it are not created.
    Undescribed,
    /// Something that no method can require and AWS ignores: OAuth 2.0, HTTP schemes, keys in other headers. With its type.
    Other(String),
}

/// Schemes by name.
pub(super) type Schemes = BTreeMap<String, Scheme>;

/// What an operation requires of its callers.
pub(super) struct Access {
    pub(super) authorization_type: AuthorizationType,
    pub(super) authorizer: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) api_key_required: bool,
}

impl Access {
    /// Nothing is required.
    const PUBLIC: Self = Self {
        authorization_type: AuthorizationType::None,
        authorizer: None,
        scopes: Vec::new(),
        api_key_required: false,
    };
}

impl Reader<'_> {
    /// The authorizers of all schemes, and the meaning of each scheme.
    pub(super) fn security_schemes(&mut self) -> (Vec<CreateAuthorizer>, Schemes) {
        let mut authorizers = Vec::new();
        let mut schemes = Schemes::new();
        for (name, scheme) in self.document.object(self.document.dialect.security_schemes()) {
            let scheme =
                self.document.resolve(&scheme).and_then(Value::as_object).cloned().unwrap_or_default();
            let auth_type = text_of(scheme.get(extension::AUTHTYPE));
            let header = scheme.get("name").and_then(Value::as_str).unwrap_or_default();
            let given = scheme.get(extension::AUTHORIZER);
            let meaning = if let Some(given) = given.and_then(Value::as_object) {
                let Some(authorizer) = self.authorizer(&name, &scheme, given, auth_type) else { continue };
                let kind = authorizer.kind;
                authorizers.push(authorizer);
                Scheme::Authorizer(kind)
            } else if auth_type.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(SIGV4_AUTHTYPE)) {
                Scheme::Signature
            } else if auth_type.is_some() || given.is_some() {
                let (authorizer, authtype) = (extension::AUTHORIZER, extension::AUTHTYPE);
                self.notes.warn(format!(
                    "Unable to create authorizer from security definition: '{name}'. Extension {authorizer} is \
                     required. Any methods with security: '{name}' will not be created. If this security definition is \
                     not a configured authorizer, remove the {authtype} extension and it will be ignored."
                ));
                Scheme::Undescribed
            } else if header.eq_ignore_ascii_case(API_KEY_HEADER) {
                Scheme::ApiKey
            } else {
                Scheme::Other(text_of(scheme.get("type")).unwrap_or_default())
            };
            schemes.insert(name, meaning);
        }
        (authorizers, schemes)
    }

    fn authorizer(
        &mut self,
        name: &str,
        scheme: &Map<String, Value>,
        given: &Map<String, Value>,
        auth_type: Option<String>,
    ) -> Option<CreateAuthorizer> {
        let word = given.get("type").and_then(Value::as_str).unwrap_or_default();
        let Some(kind) = AuthorizerType::parse(&word.to_ascii_uppercase()) else {
            let refusal = BadRequest::AuthorizerType;
            self.notes.fail(format!("Unable to create authorizer '{name}': {refusal}"));
            return None;
        };
        // If the extension doesn't name the identity source, the scheme does.
        let place = match scheme.get("in").and_then(Value::as_str) {
            Some("query") => "querystring",
            Some(_) | None => "header",
        };
        let header = text_of(scheme.get("name")).filter(|header| header != UNUSED_HEADER);
        let source = header.map(|header| format!("method.request.{place}.{header}"));
        let ttl = given.get("authorizerResultTtlInSeconds");
        let jwt = given.get("jwtConfiguration").filter(|it| !it.is_null());
        let jwt_configuration = match jwt.map(JwtConfiguration::deserialize).transpose() {
            Ok(configuration) => configuration,
            Err(problem) => {
                self.notes.fail(format!("Unable to create authorizer '{name}': jwtConfiguration: {problem}"));
                return None;
            }
        };
        Some(CreateAuthorizer {
            name: name.to_owned(),
            kind,
            provider_arns: texts_of(given.get("providerARNs")),
            auth_type,
            authorizer_uri: text_of(given.get("authorizerUri")),
            authorizer_credentials: text_of(given.get("authorizerCredentials")),
            identity_source: text_of(given.get("identitySource")).or(source),
            identity_validation_expression: text_of(given.get("identityValidationExpression")),
            authorizer_result_ttl_in_seconds: text_of(ttl).and_then(|text| text.parse().ok()),
            jwt_configuration,
        })
    }

    /// What `operation` requires: its own `security`, or the document's if it has none, as recorded from AWS. `None` if
    /// that is unknown: a method that can't be protected is not created.
    pub(super) fn access(
        &mut self,
        path: &str,
        verb: HttpMethod,
        operation: &Map<String, Value>,
        schemes: &Schemes,
    ) -> Option<Access> {
        let method = format!("Method '{verb}' of resource '{path}'");
        if let Some(auth) = operation.get(extension::AUTH) {
            let word = auth.get("type").and_then(Value::as_str).map(str::to_ascii_uppercase);
            let authorization_type = match word.as_deref() {
                Some("AWS_IAM") => AuthorizationType::AwsIam,
                Some("NONE") => AuthorizationType::None,
                Some(_) | None => {
                    let extension = extension::AUTH;
                    self.notes
                        .warn(format!("Invalid type in {extension}. {method} is closed: it is not created."));
                    return None;
                }
            };
            let asked = self.asked(&method, operation, schemes).unwrap_or(Access::PUBLIC);
            return Some(Access { authorization_type, ..asked });
        }
        self.asked(&method, operation, schemes)
    }

    fn asked(&mut self, method: &str, operation: &Map<String, Value>, schemes: &Schemes) -> Option<Access> {
        let mut access = Access::PUBLIC;
        let security = operation.get("security").or_else(|| self.document.member("security"));
        let asked = security.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        let (mut is_closed, mut ignored) = (false, Vec::new());
        for (name, scopes) in asked.flatten() {
            match schemes.get(name) {
                Some(Scheme::Authorizer(kind)) => {
                    access.authorization_type = kind.authorization_type();
                    access.authorizer = Some(name.clone());
                    access.scopes = texts_of(Some(scopes));
                }
                Some(Scheme::Signature) => access.authorization_type = AuthorizationType::AwsIam,
                Some(Scheme::ApiKey) => access.api_key_required = true,
                Some(Scheme::Undescribed) => {
                    is_closed = true;
                    self.notes.warn(format!(
                        "{method} is closed: it is not created, as security definition '{name}' describes no authorizer."
                    ));
                }
                Some(Scheme::Other(kind)) => ignored.push((name.as_str(), kind.as_str())),
                None => {
                    is_closed = true;
                    self.notes.warn(format!(
                        "{method} is closed: it is not created, as there is no security definition '{name}'."
                    ));
                }
            }
        }
        for (name, kind) in ignored {
            let is_public = access.authorization_type == AuthorizationType::None
                && !access.api_key_required
                && !is_closed;
            let so = if is_public { format!(" {method} is now public.") } else { String::new() };
            // AWS's words; that a method is public now is ours. What AWS says of keys in other headers is not known.
            self.notes.warn(match kind {
                "apiKey" => format!(
                    "Security definition '{name}' is no authorizer, signature or API key. Ignoring.{so}"
                ),
                kind => format!("Unsupported security definition type '{kind}' for '{name}'. Ignoring.{so}"),
            });
        }
        (!is_closed).then_some(access)
    }
}
