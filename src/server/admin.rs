//! The server's own pages under `/_stepgate/`: health, metrics, stacks for `stepgate apply`, logs for `stepgate fn`, and
//! what roles lack for `stepgate iam`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::front_door::{json, refusal};
use super::settings_keys::{Reread, SettingsKeys};
use crate::connect::{self, Request, Response};
use crate::functions::Functions;
use crate::gateway::Bulkhead;
use crate::id::AccountRegion;
use crate::identity::iam::Iam;
use crate::identity::{AuthError, Authenticated, Authenticator, Head, Principal, TargetUri};
use crate::stack::{self, Stacks, Template};
use crate::store::Store;

/// The prefix of all paths of the server's own pages.
pub(super) const PREFIX: &str = "/_stepgate/";
/// The largest request with a template, its parameters and the archives of its folders.
const STACK_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The service name in signatures of stack requests.
const STACKS_SIGNING_NAME: &str = "cloudformation";
/// … and of requests for a function's log.
const LOGS_SIGNING_NAME: &str = "lambda";
/// … and of requests for what roles lack, and about access keys.
const IAM_SIGNING_NAME: &str = "iam";
/// Lines of a log in one response; together they have at most what is kept of a log.
const LOG_LINES_MAX: usize = 1_000;

/// What the pages show and do.
pub(super) struct Admin {
    pub(super) metrics: Option<PrometheusHandle>,
    pub(super) store: Store,
    pub(super) stacks: Arc<Stacks>,
    pub(super) authenticator: Arc<Authenticator>,
    /// The memory that large bodies take.
    pub(super) bodies: Arc<Bulkhead>,
    pub(super) functions: Functions,
    pub(super) iam: Iam,
    pub(super) settings_keys: Arc<SettingsKeys>,
}

impl Admin {
    /// Answers a request whose path begins with [`PREFIX`].
    pub(super) async fn handle(&self, uri: TargetUri, request: Request) -> Response {
        let page = uri.path().strip_prefix(PREFIX).unwrap_or_default();
        match (request.method(), page) {
            (&Method::GET | &Method::HEAD, "health") => self.health().await,
            (&Method::GET, "metrics") => self.metrics(),
            (&Method::GET, "iam/missing") => self.missing(&uri, request).await,
            (&Method::GET, page) => match function_of_log(page) {
                Some(name) => self.log(&name, &uri, request).await,
                None => not_found(),
            },
            (&Method::POST, "keys/reread") => self.reread_keys(&uri, request),
            (&Method::POST, page) => match page.strip_prefix("stacks/") {
                Some(name) => self.apply(name, &uri, request).await,
                None => not_found(),
            },
            _ => not_found(),
        }
    }

    /// 200 while the store works, otherwise 503; for load balancers.
    async fn health(&self) -> Response {
        let store = self.store.read(|tx| tx.query_one("SELECT 1", &[], |row| row.int(0))).await;
        let version = env!("CARGO_PKG_VERSION");
        match store {
            Ok(_) => json(StatusCode::OK, &json!({ "status": "ok", "version": version })),
            Err(error) => {
                tracing::error!(%error, "the store does not answer");
                let body = json!({ "status": "unavailable", "version": version, "reason": "store" });
                json(StatusCode::SERVICE_UNAVAILABLE, &body)
            }
        }
    }

    fn metrics(&self) -> Response {
        let Some(metrics) = &self.metrics else { return not_found() };
        metrics.run_upkeep();
        let mut response = Response::new(connect::full(metrics.render()));
        let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        response
    }

    /// What roles lacked while the settings only warn of it.
    async fn missing(&self, uri: &TargetUri, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        match self.authenticator.authenticate(Head::new(&parts, uri), b"", IAM_SIGNING_NAME) {
            Err(refused) => return unauthenticated(&refused),
            Ok(Authenticated { caller, .. }) if caller.principal != Principal::Account => {
                let message =
                    format!("User: {} is not authorized to perform: iam:SimulatePrincipalPolicy", caller.arn);
                return refusal(StatusCode::FORBIDDEN, "AccessDeniedException", &message);
            }
            Ok(_) => {}
        }
        match self.iam.missing().await {
            Ok(missing) => {
                let missing = missing.iter().map(|it| {
                    json!({"role": it.role_arn, "action": it.action, "resource": it.resource,
                        "isTrust": it.is_trust()})
                });
                json(StatusCode::OK, &json!({ "missing": missing.collect::<Vec<_>>() }))
            }
            Err(error) => {
                tracing::error!(%error, "what roles lack could not be read");
                refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the store does not answer")
            }
        }
    }

    /// Reads the access keys of the settings again; those that are there no more sign for `overlap` seconds more.
    fn reread_keys(&self, uri: &TargetUri, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        match self.authenticator.authenticate(Head::new(&parts, uri), b"", IAM_SIGNING_NAME) {
            Err(refused) => return unauthenticated(&refused),
            Ok(Authenticated { caller, .. }) if caller.principal != Principal::Account => {
                let message =
                    format!("User: {} is not authorized to perform: iam:UpdateAccessKey", caller.arn);
                return refusal(StatusCode::FORBIDDEN, "AccessDeniedException", &message);
            }
            Ok(_) => {}
        }
        let overlap = uri.query().last("overlap").map_or(Ok(0), str::parse);
        let Ok(overlap) = overlap else {
            return refusal(StatusCode::BAD_REQUEST, "ValidationError", "overlap is a number of seconds");
        };
        match self.settings_keys.reread(Duration::from_secs(overlap)) {
            Ok(Reread { keys, ending }) => {
                tracing::info!(?keys, ?ending, "the access keys of the settings were read again");
                let ending = ending
                    .iter()
                    .map(|(id, until)| json!({ "accessKeyId": id, "until": until.to_iso8601_seconds() }));
                json(StatusCode::OK, &json!({ "keys": keys, "ending": ending.collect::<Vec<_>>() }))
            }
            Err(error) => refusal(StatusCode::BAD_REQUEST, "ValidationError", &error.to_string()),
        }
    }

    /// What a function has logged: lines from number `from` of the query on.
    async fn log(&self, name: &str, uri: &TargetUri, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let caller = match self.authenticator.authenticate(Head::new(&parts, uri), b"", LOGS_SIGNING_NAME) {
            Err(refused) => return unauthenticated(&refused),
            Ok(Authenticated { caller, .. }) if caller.principal != Principal::Account => {
                let message = format!("User: {} is not authorized to perform: logs:GetLogEvents", caller.arn);
                return refusal(StatusCode::FORBIDDEN, "AccessDeniedException", &message);
            }
            Ok(authenticated) => authenticated,
        };
        let home = AccountRegion { account: caller.caller.account, region: caller.region };
        match self.functions.exists(&home, name).await {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("there is no function {name}");
                return refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
            }
            Err(error) => {
                tracing::error!(%error, "a function could not be looked up");
                return refusal(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "ServiceUnavailable",
                    "the store does not answer",
                );
            }
        }
        let from = uri.query().last("from").and_then(|from| from.parse().ok()).unwrap_or(0);
        let log = self.functions.log(&home, name);
        let lines = log.lines(from, LOG_LINES_MAX);
        let next = lines.last().map_or_else(|| log.end(), |last| last.number + 1);
        let lines = lines.iter().map(
            |line| json!({ "timeMs": line.time.as_millis(), "stream": &*line.stream, "text": line.text }),
        );
        json(StatusCode::OK, &json!({ "lines": lines.collect::<Vec<_>>(), "next": next }))
    }

    async fn apply(&self, name: &str, uri: &TargetUri, request: Request) -> Response {
        let well_named = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() <= 128
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !well_named {
            let message = "a stack's name has letters, digits and hyphens, begins with a letter and has at most 128 characters";
            return refusal(StatusCode::BAD_REQUEST, "ValidationError", message);
        }
        let (parts, body) = request.into_parts();
        let (body, _held) = match self.bodies.collect_for_aws(body, STACK_BYTES_MAX).await {
            Ok(body) => body,
            Err(error @ connect::Error::NoRoom) => {
                return refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", &error.to_string());
            }
            Err(error) => {
                return refusal(StatusCode::PAYLOAD_TOO_LARGE, "ValidationError", &error.to_string());
            }
        };
        match self.authenticator.authenticate(Head::new(&parts, uri), &body, STACKS_SIGNING_NAME) {
            Err(refused) => return unauthenticated(&refused),
            // A template can create anything, and does so as the account, so only the account may apply one.
            Ok(Authenticated { caller, .. }) if caller.principal != Principal::Account => {
                let user = &caller.arn;
                let message =
                    format!("User: {user} is not authorized to perform: cloudformation:CreateStack");
                return refusal(StatusCode::FORBIDDEN, "AccessDeniedException", &message);
            }
            Ok(_) => {}
        }
        match self.apply_text(name, &body).await {
            Ok(applied) => json(StatusCode::OK, &applied),
            Err(stack::Error::Store(error)) => {
                tracing::error!(%error, stack = name, "a template could not be stored");
                refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", &error.to_string())
            }
            Err(error) => refusal(StatusCode::BAD_REQUEST, "ValidationError", &error.to_string()),
        }
    }

    async fn apply_text(&self, name: &str, body: &[u8]) -> Result<Value, stack::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Body {
            template: String,
            #[serde(default)]
            parameters: Map<String, Value>,
            /// Archives of the folders that the template names, in base64, by resource.
            #[serde(default)]
            packages: BTreeMap<String, String>,
            /// Documents that it names, likewise.
            #[serde(default)]
            documents: BTreeMap<String, String>,
        }
        let body: Body = serde_json::from_slice(body).map_err(|e| stack::Error::Syntax(e.to_string()))?;
        let mut template = Template::parse(&body.template)?;
        for (logical_id, archive) in body.packages {
            template.set_package(&logical_id, archive);
        }
        for (logical_id, text) in body.documents {
            template.set_document(&logical_id, text);
        }
        let applied = self.stacks.apply(name, &template, &body.parameters).await?;
        let changes = applied.changes.iter().map(|change| {
            json!({
                "logicalId": change.logical_id,
                "type": change.kind.type_name(),
                "action": change.action.as_str(),
                "physicalId": change.physical_id,
            })
        });
        Ok(json!({
            "stack": name,
            "changes": changes.collect::<Vec<_>>(),
            "outputs": applied.outputs,
            "warnings": applied.warnings,
        }))
    }
}

/// Whether a request under [`PREFIX`] is for a page, which is answered at once and without reading a body.
pub(super) fn is_page(parts: &Parts) -> bool {
    matches!(parts.method, Method::GET | Method::HEAD)
}

/// `functions/NAME/log`
fn function_of_log(page: &str) -> Option<String> {
    let name = page.strip_prefix("functions/")?.strip_suffix("/log")?;
    let name = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
    (!name.contains('/')).then(|| name.into_owned())
}

fn unauthenticated(refused: &AuthError) -> Response {
    let code = match refused {
        AuthError::MissingToken => "MissingAuthenticationTokenException",
        AuthError::Incomplete(_) => "IncompleteSignatureException",
        AuthError::UnrecognizedClient => "UnrecognizedClientException",
        AuthError::ExpiredToken => "ExpiredTokenException",
        AuthError::Invalid(_) => "InvalidSignatureException",
    };
    refusal(StatusCode::FORBIDDEN, code, &refused.to_string())
}

fn not_found() -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "NotFoundException",
        "no such page; there are /_stepgate/health and /_stepgate/metrics",
    )
}
