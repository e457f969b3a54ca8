//! The server's own pages under `/_stepgate/`: the console, health, metrics, stacks for `stepgate apply`, logs for
//! `stepgate fn`, and what roles lack for `stepgate iam`.

mod inspect;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::inspect::InspectPage;
use super::front_door::{json, refusal};
use super::settings_keys::{Reread, SettingsKeys};
use crate::clock::Timestamp;
use crate::connect::{self, Body, Request, Response};
use crate::console::{self, Console};
use crate::engine::Engine;
use crate::functions::Functions;
use crate::gateway::{Bulkhead, Gateway, Held};
use crate::id::AccountRegion;
use crate::identity::iam::Iam;
use crate::identity::{AuthError, Authenticated, Authenticator, Head, Principal, TargetUri};
use crate::stack::{self, Answered, Stacks};
use crate::store::Store;
use crate::wire::{self, PageCall};

/// The prefix of all paths of the server's own pages.
pub(super) const PREFIX: &str = "/_stepgate/";
/// The largest request with a template, its parameters and the archives of its folders.
const STACK_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Why a page can't be answered now.
const NO_SIGNAL: &str =
    "a signal is a JSON object with Status (SUCCESS or FAILURE), UniqueId, Reason and Data";
const NO_STORE: &str = "the store does not answer";
/// Lines of a log in one response; together they have at most what is kept of a log.
const LOG_LINES_MAX: usize = 1_000;

/// What the pages show and do.
pub(super) struct Admin {
    pub(super) metrics: Option<PrometheusHandle>,
    pub(super) store: Store,
    pub(super) engine: Engine,
    pub(super) stacks: Arc<Stacks>,
    pub(super) authenticator: Arc<Authenticator>,
    /// The memory that large bodies take.
    pub(super) bodies: Arc<Bulkhead>,
    pub(super) functions: Functions,
    pub(super) iam: Iam,
    pub(super) settings_keys: Arc<SettingsKeys>,
    /// Keeps the audit log.
    pub(super) api: Arc<wire::Api>,
    pub(super) console: Arc<Console>,
    /// Knows the last requests.
    pub(super) gateway: Gateway,
    /// How the server is.
    pub(super) facts: Arc<dyn console::Facts>,
    /// The server's own account and region.
    pub(super) home: AccountRegion,
}

impl Admin {
    /// Answers a request whose path begins with [`PREFIX`].
    pub(super) async fn handle(&self, uri: TargetUri, request: Request) -> Response {
        if is_console(uri.path()) {
            return self.console.handle(uri, request).await;
        }
        let path = uri.path().strip_prefix(PREFIX).unwrap_or_default();
        match (request.method(), path) {
            (&Method::GET | &Method::HEAD, "health" | "ready") => self.health().await,
            (&Method::GET | &Method::HEAD, "live") => live(),
            (&Method::GET, "metrics") => self.metrics(),
            (&Method::PUT, _) if uri.path().starts_with(stack::ANSWERS_PATH) => {
                self.custom_resource(&uri, request.into_body()).await
            }
            (method, path) => match Page::find(method, path) {
                Some(page) => self.answer(&page, &uri, request).await,
                None => not_found(),
            },
        }
    }

    /// Takes what a custom resource's function answers, or a signal to the handle of a wait condition. The address is a secret that only the function was told.
    async fn custom_resource(&self, uri: &TargetUri, body: Body) -> Response {
        let id = uri.path().strip_prefix(stack::ANSWERS_PATH).unwrap_or_default();
        let secret = uri.query().last("signature").unwrap_or_default();
        let text = match connect::collect(body, stack::ANSWER_BYTES_MAX).await {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            // It is an answer, and the stack says what is wrong with it.
            Err(connect::Error::TooLarge { .. }) => " ".repeat(stack::ANSWER_BYTES_MAX + 1),
            Err(error) => {
                return refusal(StatusCode::BAD_REQUEST, "RequestTimeout", &error.to_string());
            }
        };
        let mut response = match self.stacks.answer(id, secret, text).await {
            Ok(Answered::Kept) => Response::new(connect::empty()),
            Ok(Answered::Malformed) => refusal(StatusCode::BAD_REQUEST, "ValidationError", NO_SIGNAL),
            Ok(Answered::Nobody) => refusal(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"),
            Err(error) => {
                tracing::error!(%error, "the answer of a custom resource could not be stored");
                refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", NO_STORE)
            }
        };
        // A function stands still between two invocations and would use the connection again, long after it was closed as idle.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    /// Answers a page that only the account may ask for, and tells the audit log.
    async fn answer(&self, page: &Page, uri: &TargetUri, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let mut caller = None;
        let result = self.answer_account(page, uri, (&parts, body), &mut caller).await;
        self.api.audit_page(&PageCall {
            action: page.action(),
            page: uri.path(),
            parts: &parts,
            caller: caller.as_ref(),
            by_policies: false,
            refused: result.as_ref().err().map(|refused| (refused.code, refused.message.as_str())),
        });
        match result {
            Ok(answer) => json(StatusCode::OK, &answer),
            Err(Refused { status, code, message }) => refusal(status, code, &message),
        }
    }

    async fn answer_account(
        &self,
        page: &Page,
        uri: &TargetUri,
        (parts, body): (&Parts, Body),
        caller: &mut Option<Authenticated>,
    ) -> Result<Value, Refused> {
        let (body, _held) = match page {
            Page::Stack(name) => self.stack_body(name, body).await?,
            Page::Missing | Page::Keys | Page::Nodes | Page::Log(_) | Page::Inspect(_) => Default::default(),
        };
        let authenticated =
            self.authenticator.authenticate(Head::new(parts, uri), &body, page.signing_name());
        let Authenticated { caller: who, region } = &*caller.insert(authenticated.map_err(unauthenticated)?);
        let may = match page {
            Page::Inspect(page) => self.may_inspect(page, who, region).await,
            _ => who.principal == Principal::Account,
        };
        if !may {
            let message = format!("User: {} is not authorized to perform: {}", who.arn, page.action());
            return Err(Refused::new(StatusCode::FORBIDDEN, "AccessDeniedException", message));
        }
        match page {
            Page::Missing => self.missing().await,
            Page::Keys => self.reread_keys(uri),
            Page::Nodes => self.nodes().await,
            Page::Inspect(page) => self.inspect(page, uri, who, region).await,
            Page::Log(name) => {
                let home = AccountRegion { account: who.account.clone(), region: region.clone() };
                self.log(&home, name, uri).await
            }
            Page::Stack(name) => self.apply(name, &body).await,
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
    async fn missing(&self) -> Result<Value, Refused> {
        let missing = self.iam.missing().await.map_err(|error| {
            tracing::error!(%error, "what roles lack could not be read");
            Refused::unavailable(NO_STORE)
        })?;
        let missing = missing.iter().map(|it| {
            json!({"role": it.role_arn, "action": it.action, "resource": it.resource, "isTrust": it.is_trust()})
        });
        Ok(json!({ "missing": missing.collect::<Vec<_>>() }))
    }

    /// The nodes that share the database, with what each has to do.
    async fn nodes(&self) -> Result<Value, Refused> {
        let nodes = self.store.node_list().await;
        let (nodes, backlog) = match nodes {
            Ok(nodes) => (nodes, self.engine.backlog().await),
            Err(error) => (Vec::new(), Err(error.into())),
        };
        let backlog = backlog.map_err(|error| {
            tracing::error!(%error, "the nodes could not be read");
            Refused::unavailable(NO_STORE)
        })?;
        let nodes = nodes.iter().map(|node| {
            let own = || backlog.iter().filter(|of| node.shards.contains(&of.shard));
            json!({
                "number": node.number,
                "name": node.name,
                "version": node.version,
                "joined": Timestamp::from_millis(node.joined_ms).to_iso8601_seconds(),
                "isOpen": node.is_open,
                "leaseMs": node.lease_ms,
                "shards": node.shards,
                "calls": own().map(|of| of.calls).sum::<i64>(),
                "lateTimers": own().map(|of| of.late_timers).sum::<i64>(),
                "oldestLateMs": own().map(|of| of.oldest_late_ms).max().unwrap_or(0),
            })
        });
        Ok(json!({ "nodes": nodes.collect::<Vec<_>>() }))
    }

    /// Reads the access keys of the settings again; those that are there no more sign for `overlap` seconds more.
    fn reread_keys(&self, uri: &TargetUri) -> Result<Value, Refused> {
        let overlap = uri.query().last("overlap").map_or(Ok(0), str::parse);
        let overlap = overlap.map_err(|_| Refused::invalid("overlap is a number of seconds"))?;
        let reread = self.settings_keys.reread(Duration::from_secs(overlap));
        let Reread { keys, ending } = reread.map_err(|error| Refused::invalid(error.to_string()))?;
        tracing::info!(?keys, ?ending, "the access keys of the settings were read again");
        let ending = ending
            .iter()
            .map(|(id, until)| json!({ "accessKeyId": id, "until": until.to_iso8601_seconds() }));
        Ok(json!({ "keys": keys, "ending": ending.collect::<Vec<_>>() }))
    }

    /// What a function has logged: lines from number `from` of the query on.
    async fn log(&self, home: &AccountRegion, name: &str, uri: &TargetUri) -> Result<Value, Refused> {
        match self.functions.exists(home, name).await {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("there is no function {name}");
                return Err(Refused::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message));
            }
            Err(error) => {
                tracing::error!(%error, "a function could not be looked up");
                return Err(Refused::unavailable(NO_STORE));
            }
        }
        let from = uri.query().last("from").and_then(|from| from.parse().ok()).unwrap_or(0);
        let log = self.functions.log(home, name);
        let lines = log.lines(from, LOG_LINES_MAX);
        let next = lines.last().map_or_else(|| log.end(), |last| last.number + 1);
        let lines = lines.iter().map(
            |line| json!({ "timeMs": line.time.as_millis(), "stream": &*line.stream, "text": line.text }),
        );
        Ok(json!({ "lines": lines.collect::<Vec<_>>(), "next": next }))
    }

    /// The template and what belongs to it, with the memory that it holds.
    async fn stack_body(&self, name: &str, body: Body) -> Result<(Bytes, Option<Held>), Refused> {
        let well_named = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() <= 128
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !well_named {
            let message = "a stack's name has letters, digits and hyphens, begins with a letter and has at most 128 characters";
            return Err(Refused::invalid(message));
        }
        self.bodies.collect_for_aws(body, STACK_BYTES_MAX).await.map_err(|error| match error {
            connect::Error::NoRoom => Refused::unavailable(error.to_string()),
            error => Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "ValidationError", error.to_string()),
        })
    }

    async fn apply(&self, name: &str, body: &[u8]) -> Result<Value, Refused> {
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
            /// Whether nothing is done if the stack would lose an API.
            #[serde(default)]
            keep_apis: bool,
        }
        let refused = |error| match error {
            stack::Error::Store(error) => {
                tracing::error!(%error, stack = name, "a template could not be stored");
                Refused::unavailable(error.to_string())
            }
            error => Refused::invalid(error.to_string()),
        };
        let body: Body =
            serde_json::from_slice(body).map_err(|e| refused(stack::Error::Syntax(e.to_string())))?;
        let parsed = self.stacks.parse_here(&body.template, &body.parameters).await;
        let mut template = parsed.map_err(refused)?;
        for (logical_id, archive) in body.packages {
            template.set_package(&logical_id, archive);
        }
        for (logical_id, text) in body.documents {
            template.set_document(&logical_id, text);
        }
        if body.keep_apis {
            let dropped = self.stacks.dropped_apis(name, &template).await.map_err(refused)?;
            if !dropped.is_empty() {
                let message = format!(
                    "Stack {name} has an API that this template doesn't have, and would lose it: {}",
                    dropped.join(", ")
                );
                return Err(Refused::new(StatusCode::CONFLICT, stack::DROPPED_APIS, message));
            }
        }
        let applied = self.stacks.apply(name, &template, &body.parameters).await.map_err(refused)?;
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

/// A page that only the account may ask for, since it tells or does what no policy is about.
enum Page {
    /// What roles lack.
    Missing,
    /// The access keys of the settings, to be read again.
    Keys,
    /// The nodes that share the database.
    Nodes,
    /// The log of this function.
    Log(String),
    /// What the console shows as well, about which policies are.
    Inspect(InspectPage),
    /// This stack, to be applied. A template can create anything, and does so as the account.
    Stack(String),
}

impl Page {
    fn find(method: &Method, path: &str) -> Option<Self> {
        match (method, path) {
            (&Method::GET, "iam/missing") => Some(Self::Missing),
            (&Method::GET, "nodes") => Some(Self::Nodes),
            (&Method::POST, "keys/reread") => Some(Self::Keys),
            (method, path) if let Some(page) = InspectPage::find(method, path) => Some(Self::Inspect(page)),
            (&Method::GET, path) => function_of_log(path).map(Self::Log),
            (&Method::POST, path) => path.strip_prefix("stacks/").map(|name| Self::Stack(name.to_owned())),
            _ => None,
        }
    }

    /// The service in signatures of its requests.
    fn signing_name(&self) -> &'static str {
        match self {
            Self::Missing | Self::Keys | Self::Nodes => "iam",
            Self::Log(_) => "lambda",
            Self::Stack(_) => "cloudformation",
            Self::Inspect(_) => "stepgate",
        }
    }

    /// The action of AWS that comes closest.
    fn action(&self) -> &'static str {
        match self {
            Self::Missing => "iam:SimulatePrincipalPolicy",
            Self::Keys => "iam:UpdateAccessKey",
            Self::Nodes => "iam:GetAccountSummary",
            Self::Log(_) => "logs:GetLogEvents",
            Self::Stack(_) => "cloudformation:CreateStack",
            Self::Inspect(page) => page.action(),
        }
    }
}

/// Why a page is not answered.
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }

    fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }
}

/// Whether a request under [`PREFIX`] is for a page that is answered at once and without reading a body.
pub(super) fn is_page(parts: &Parts, uri: &TargetUri) -> bool {
    matches!(parts.method, Method::GET | Method::HEAD) && !is_console(uri.path())
}

/// Whether a path is the console's, whose pages call operations.
fn is_console(path: &str) -> bool {
    path.strip_prefix(console::PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `functions/NAME/log`
fn function_of_log(page: &str) -> Option<String> {
    let name = page.strip_prefix("functions/")?.strip_suffix("/log")?;
    let name = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
    (!name.contains('/')).then(|| name.into_owned())
}

fn unauthenticated(refused: AuthError) -> Refused {
    let code = match refused {
        AuthError::MissingToken => "MissingAuthenticationTokenException",
        AuthError::Incomplete(_) => "IncompleteSignatureException",
        AuthError::UnrecognizedClient => "UnrecognizedClientException",
        AuthError::ExpiredToken => "ExpiredTokenException",
        AuthError::Invalid(_) => "InvalidSignatureException",
    };
    Refused::new(StatusCode::FORBIDDEN, code, refused.to_string())
}

/// 200 as long as the process answers; for supervisors, which start it again if it doesn't.
fn live() -> Response {
    json(StatusCode::OK, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

fn not_found() -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "NotFoundException",
        "no such page; there are /_stepgate/console, /_stepgate/health and /_stepgate/metrics",
    )
}
