//! The way in: who asks, from where, for which page.

use std::pin::Pin;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;
use tokio::sync::{Semaphore, watch};

use super::asked::{Asked, own_path, redirect};
use super::aws::Aws;
use super::facts::Facts;
use super::failure::Failure;
use super::form::Form;
use super::history::Histories;
use super::live::{Stream, Subject};
use super::oidc::{Oidc, Person, Provider};
use super::permission::GET_REQUESTS;
use super::render::{Renderer, html, json_of, secure};
use super::session::{LASTS, Sessions, SignIns, SignedIn, Told};
use super::visit::{Answer, Shared, Visit, failure_data};
use super::{PREFIX, assets, doors, pages};
use crate::apis::Apis;
use crate::clock::{Clock, Ids};
use crate::connect::{Body, HttpClient, Request, Response, boxed};
use crate::gateway::{Bulkhead, Gateway};
use crate::id::{AccountRegion, Region};
use crate::identity;
use crate::identity::iam::Iam;
use crate::identity::{Authenticated, Authenticator, TargetUri};
use crate::wire::client::AwsClient;
use crate::wire::{Api, CalledFrom, PageCall};

/// Live streams at one time.
const STREAMS_MAX: usize = 64;

/// What the console needs of other rooms.
pub struct Ports {
    /// Calls operations.
    pub aws: Arc<AwsClient>,
    /// Keeps the audit log.
    pub api: Arc<Api>,
    /// Knows the keys.
    pub authenticator: Arc<Authenticator>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For sessions.
    pub ids: Arc<dyn Ids>,
    /// The server's own account and region.
    pub home: AccountRegion,
    /// The key that one click signs in with, if the server has nothing to hide from this machine.
    pub local_key: Option<LocalKey>,
    /// Whether a key is in force that everybody knows.
    pub is_key_well_known: bool,
    /// What no operation tells.
    pub facts: Arc<dyn Facts>,
    /// Serves deployed APIs, and knows the last requests to them.
    pub gateway: Gateway,
    /// Says what an import would change, and takes it back.
    pub apis: Apis,
    /// The policies of who has signed in.
    pub iam: Iam,
    /// Begins sessions of roles.
    pub sts: identity::Sessions,
    /// Calls the provider that people sign in with.
    pub client: HttpClient,
    /// That provider, if there is one.
    pub provider: Option<Provider>,
}

/// An access key.
#[derive(Clone)]
pub struct LocalKey {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// The console.
pub struct Console {
    pub(super) shared: Shared,
    pub(super) sessions: Arc<Sessions>,
    pub(super) sts: identity::Sessions,
    pub(super) oidc: Option<Oidc>,
    aws: Arc<AwsClient>,
    api: Arc<Api>,
    bodies: Arc<Bulkhead>,
    pub(super) home: AccountRegion,
    local_key: Option<LocalKey>,
    is_key_well_known: bool,
    streams: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

impl Console {
    /// The console over these rooms.
    pub fn new(ports: Ports) -> Self {
        let Ports {
            aws,
            api,
            authenticator,
            clock,
            ids,
            home,
            local_key,
            is_key_well_known,
            facts,
            gateway,
            apis,
            iam,
            sts,
            client,
            provider,
        } = ports;
        let bodies = gateway.bulkhead();
        let shared = SignIns::of(&sts, clock.clone());
        let sessions = Arc::new(Sessions::new(authenticator, clock.clone(), ids.clone(), shared));
        let oidc = provider.map(|provider| Oidc::new(provider, client, clock.clone(), ids));
        let shared = Shared {
            renderer: Renderer::new(),
            histories: Histories::default(),
            facts,
            clock,
            gateway,
            apis,
            iam,
            home: home.clone(),
        };
        Self {
            shared,
            sessions,
            sts,
            oidc,
            aws,
            api,
            bodies,
            home,
            local_key,
            is_key_well_known,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            stopping: watch::Sender::new(false),
        }
    }

    /// Ends live streams, so that draining does not wait for them.
    pub fn begin_drain(&self) {
        self.stopping.send_replace(true);
    }

    /// Answers a request whose path begins with [`PREFIX`].
    ///
    /// Boxed, so that all pages are compiled here and not again where they are served.
    pub fn handle(
        &self,
        uri: TargetUri,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(self.respond(uri, request))
    }

    async fn respond(&self, uri: TargetUri, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let path = uri.path().strip_prefix(PREFIX).unwrap_or_default().trim_end_matches('/');
        let from = parts.extensions.get::<CalledFrom>().copied();
        let asked = Asked { uri: &uri, parts: &parts, path, from };
        let mut response = match self.answer(&asked, body).await {
            Ok(response) => response,
            Err(failure) => self.refuse(&asked, &failure),
        };
        secure(response.headers_mut());
        response
    }

    async fn answer(&self, asked: &Asked<'_>, body: Body) -> Result<Response, Failure> {
        if self.is_key_well_known && !doors::is_address_or_local(&asked.uri.host()) {
            let message = "The access key of this server is the default one, which everybody knows, so its console opens \
                           only under an address or localhost. Set a key of your own to open it under other names.";
            return Err(Failure::new(StatusCode::FORBIDDEN, "UnknownHost", message));
        }
        let is_read = matches!(asked.parts.method, Method::GET | Method::HEAD);
        match (&asked.parts.method, asked.path) {
            (_, path) if is_read && path.starts_with("/assets/") => {
                assets::find(path.strip_prefix("/assets/").unwrap_or_default()).ok_or_else(Failure::no_page)
            }
            (_, "/sign-in") if is_read => self.sign_in_page(asked, None),
            (&Method::GET, "/sign-in/oidc") => self.begin_sso(asked).await,
            (&Method::GET, "/sign-in/oidc/callback") => self.end_sso(asked).await,
            (&Method::POST, "/sign-in" | "/sign-in/local") => self.sign_in(asked, body).await,
            (&Method::POST, _) => {
                doors::check_origin(&asked.parts.headers, asked.uri.authority())?;
                let signed = self.signed_in(asked).await.ok_or_else(Failure::signed_out)?;
                let form = Form::read(asked.parts, body, &self.bodies).await?;
                if !is_same(form.text("csrf"), &signed.csrf) {
                    return Err(Failure::forged());
                }
                if asked.path == "/sign-out" {
                    return Ok(self.sign_out(asked).await);
                }
                self.act(asked, &signed, &form).await
            }
            _ if is_read => match self.signed_in(asked).await {
                Some(signed) => self.show(asked, &signed).await,
                None if asked.is_script() => Err(Failure::signed_out()),
                None => {
                    let mut to = String::new();
                    let here = asked.uri.raw_query().map(|query| format!("?{query}")).unwrap_or_default();
                    crate::identity::append(&mut to, "to", &format!("{}{here}", asked.uri.path()));
                    Ok(redirect(&format!("{PREFIX}/sign-in?{to}")))
                }
            },
            _ => Err(Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "Not a method of this page.",
            )),
        }
    }

    async fn signed_in(&self, asked: &Asked<'_>) -> Option<SignedIn> {
        let federate = async |person: Person| self.federated(&person, &person.granted).await.ok();
        self.sessions.find_anywhere(asked.cookie()?, federate).await
    }

    fn visit<'v>(&'v self, asked: &'v Asked<'_>, signed: &'v SignedIn) -> Visit<'v> {
        let aws = Aws::new(self.aws.clone(), signed.caller.clone(), signed.region.clone());
        Visit { shared: &self.shared, aws, signed, uri: asked.uri, from: asked.from }
    }

    async fn show(&self, asked: &Asked<'_>, signed: &SignedIn) -> Result<Response, Failure> {
        let visit = self.visit(asked, signed);
        if asked.path == "/live" {
            return self.stream(asked, visit).await;
        }
        match pages::show(&visit, asked.path).await {
            Ok(answer) => Ok(response(asked, answer)),
            Err(failure) if asked.is_script() => Err(failure),
            Err(failure) => Ok(html(failure.status, visit.failure(&failure)?)),
        }
    }

    /// Does what a form says, and tells the audit log.
    async fn act(&self, asked: &Asked<'_>, signed: &SignedIn, form: &Form) -> Result<Response, Failure> {
        let action = pages::action(asked.path).ok_or_else(Failure::no_page)?;
        let visit = self.visit(asked, signed);
        let result = pages::act(&visit, asked.path, form).await;
        self.audit(asked, action, Some(signed), result.as_ref().err());
        match result {
            Ok(answer) => Ok(response(asked, answer)),
            Err(failure) if asked.is_script() => Err(failure),
            Err(failure) => Ok(html(failure.status, visit.failure(&failure)?)),
        }
    }

    pub(super) fn audit(
        &self,
        asked: &Asked<'_>,
        action: &'static str,
        signed: Option<&SignedIn>,
        failure: Option<&Failure>,
    ) {
        let caller = signed.map(|it| Authenticated { caller: it.caller.clone(), region: it.region.clone() });
        let refused = failure.map(|failure| {
            let code = if failure.status == StatusCode::FORBIDDEN { "AccessDenied" } else { "Failed" };
            (code, failure.message.as_str())
        });
        self.api.audit_page(&PageCall {
            action,
            page: asked.uri.path(),
            parts: asked.parts,
            caller: caller.as_ref(),
            by_policies: true,
            refused,
        });
    }

    async fn stream(&self, asked: &Asked<'_>, visit: Visit<'_>) -> Result<Response, Failure> {
        let query = asked.uri.query();
        let subject = match (query.last("execution"), query.last("machine"), query.last("requests")) {
            (Some(arn), _, _) => Subject::Execution(arn.to_owned()),
            (None, Some(arn), _) => Subject::Machine(arn.to_owned()),
            (None, None, Some(_)) => {
                visit.check(GET_REQUESTS).await?;
                Subject::Requests(self.shared.gateway.inspector())
            }
            (None, None, None) => return Err(Failure::no_page()),
        };
        let arn = match &subject {
            Subject::Execution(arn) | Subject::Machine(arn) => arn.clone(),
            Subject::Requests(_) => String::new(),
        };
        let place = self.streams.clone().try_acquire_owned().map_err(|_| {
            let message = "There are too many live pages. Reload this one to see what is new.";
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, "TooManyStreams", message)
        })?;
        let cookie = asked.cookie().unwrap_or_default().to_owned();
        let sessions = self.sessions.clone();
        let is_signed_in = Box::new(move || sessions.find(&cookie).is_some());
        let (clock, stopping) = (self.shared.clock.clone(), self.stopping.subscribe());
        let stream = Stream::new(visit.aws.where_is(&arn), subject, clock, stopping, is_signed_in, place);
        let mut response = Response::new(boxed(stream.body()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    fn sign_in_page(&self, asked: &Asked<'_>, wrong: Option<&Failure>) -> Result<Response, Failure> {
        let to = asked.uri.query().last("to").unwrap_or_default();
        let mut sso = String::new();
        crate::identity::append(&mut sso, "to", own_path(to).unwrap_or(PREFIX));
        let provider = self.oidc.as_ref().map(|oidc| {
            let issuer = &oidc.provider().issuer;
            issuer.split_once("://").map_or(issuer.as_str(), |(_, host)| host).trim_end_matches('/')
        });
        let data = json!({
            "provider": provider, "sso": format!("{PREFIX}/sign-in/oidc?{sso}"),
            "to": own_path(to), "region": self.home.region.as_str(),
            "wrong": wrong.map(|failure| failure.message.as_str()),
            "local": self.local_key(asked).map(|key| key.access_key_id.as_str()),
        });
        let status = wrong.map_or(StatusCode::OK, |failure| failure.status);
        Ok(html(status, self.shared.renderer.bare("Sign in", "sign-in", data)?))
    }

    /// The key for one click, if the request comes from this machine and by one of its names.
    fn local_key(&self, asked: &Asked<'_>) -> Option<&LocalKey> {
        let is_here = asked.from.is_some_and(|from| from.ip.to_canonical().is_loopback());
        self.local_key.as_ref().filter(|_| is_here && doors::is_local(&asked.uri.host()))
    }

    async fn sign_in(&self, asked: &Asked<'_>, body: Body) -> Result<Response, Failure> {
        doors::check_origin(&asked.parts.headers, asked.uri.authority())?;
        let form = Form::read(asked.parts, body, &self.bodies).await?;
        let region = match form.filled("region") {
            Some(text) => {
                Region::parse(text).ok_or_else(|| Failure::invalid(format!("{text:?} is no region.")))?
            }
            None => self.home.region.clone(),
        };
        let told = match asked.path {
            "/sign-in/local" => {
                let key = self.local_key(asked).ok_or_else(Failure::no_page)?;
                Told {
                    access_key_id: &key.access_key_id,
                    secret: &key.secret_access_key,
                    token: None,
                    region,
                }
            }
            _ => Told {
                access_key_id: form.text("accessKeyId").trim(),
                secret: form.text("secretAccessKey").trim(),
                token: form.filled("sessionToken"),
                region,
            },
        };
        let region = told.region.clone();
        let begun = self.sessions.begin(told).await.map_err(|error| {
            let message = match error {
                crate::identity::AuthError::ExpiredToken => "This key has expired.",
                _ => "There is no such access key, or its secret is another.",
            };
            Failure::new(StatusCode::FORBIDDEN, "InvalidClientTokenId", message)
        });
        match begun {
            Ok((cookie, caller)) => {
                let signed = SignedIn { caller, region, csrf: "".into() };
                self.audit(asked, "signin:ConsoleLogin", Some(&signed), None);
                let mut response = redirect(own_path(form.text("to")).unwrap_or(PREFIX));
                let cookie = asked.set_cookie(&cookie, LASTS.as_secs());
                response.headers_mut().extend(cookie.map(|value| (SET_COOKIE, value)));
                Ok(response)
            }
            Err(failure) => {
                self.audit(asked, "signin:ConsoleLogin", None, Some(&failure));
                self.sign_in_page(asked, Some(&failure))
            }
        }
    }

    async fn sign_out(&self, asked: &Asked<'_>) -> Response {
        if let Some(cookie) = asked.cookie() {
            self.sessions.end(cookie).await;
        }
        let mut response = redirect(&format!("{PREFIX}/sign-in"));
        response.headers_mut().extend(asked.set_cookie("", 0).map(|value| (SET_COOKIE, value)));
        response
    }

    /// The answer to who gets no page.
    fn refuse(&self, asked: &Asked<'_>, failure: &Failure) -> Response {
        let data = failure_data(failure);
        let mut response = if asked.is_script() {
            json_of(failure.status, &data)
        } else {
            match self.shared.renderer.bare(&failure.code, "failure", data) {
                Ok(page) => html(failure.status, page),
                Err(_) => html(failure.status, String::new()),
            }
        };
        if failure.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

fn response(asked: &Asked<'_>, answer: Answer) -> Response {
    match answer {
        Answer::Html(page) => html(StatusCode::OK, page),
        Answer::Done(location) if asked.is_script() => {
            json_of(StatusCode::OK, &json!({ "location": location }))
        }
        Answer::Done(location) => redirect(&location),
        Answer::File { name, media, bytes } => {
            let mut response = Response::new(crate::connect::full(bytes));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
            // Names are the console's own.
            if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
                headers.insert(CONTENT_DISPOSITION, value);
            }
            response
        }
    }
}

/// Compares in a time that depends only on the lengths.
fn is_same(given: &str, expected: &str) -> bool {
    let differs = given.bytes().zip(expected.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
    given.len() == expected.len() && differs == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_compared_whole() {
        assert!(is_same("abc", "abc"));
        for given in ["", "ab", "abcd", "abd"] {
            assert!(!is_same(given, "abc"), "{given}");
        }
    }
}
