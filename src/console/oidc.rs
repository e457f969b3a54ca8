//! Sign-in with an OpenID Connect provider: the authorization code flow with PKCE, state and nonce.
//!
//! <https://openid.net/specs/openid-connect-core-1_0.html>, RFC 7636, RFC 9207, RFC 9700. The provider is asked through `connect`,
//! so the egress rules apply, and its tokens are verified with the keys that its discovery document names.

mod claims;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

pub(super) use claims::{Person, Wanted};

use super::failure::Failure;
use crate::clock::{Clock, Ids};
use crate::connect::{Call, HttpClient, Request, collect, full};
use crate::gateway::Issuers;
use crate::id::Region;
use crate::identity::append;

/// Sign-ins that have begun, at one time. Beyond, the oldest is forgotten.
const PENDING_MAX: usize = 1_000;
/// How long one may take at the provider.
const PENDING: Duration = Duration::from_secs(600);
/// How long a discovery document is used.
const FRESH: Duration = Duration::from_secs(3_600);
/// The timeout of a call of the provider.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer of the provider.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What somebody may do whom the provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// Everything.
    Admin,
    /// Everything but identities and the server.
    Developer,
    /// Looks.
    Viewer,
    /// What an IAM role of this ARN may, which has to trust the provider.
    Role(String),
}

/// A provider, as the settings have it.
#[derive(Clone, PartialEq, Eq)]
pub struct Provider {
    /// The tokens' `iss` claim, below which the discovery document is.
    pub issuer: String,
    /// What this server is called there.
    pub client_id: String,
    /// Its secret; none for a public client.
    pub client_secret: Option<String>,
    /// What is asked for; `openid` is among it.
    pub scopes: Vec<String>,
    /// The claim that says what somebody may do.
    pub claim: String,
    /// What its values mean.
    pub roles: Vec<(String, Granted)>,
    /// The console's own address, where browsers don't say it: behind a proxy.
    pub url: Option<String>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What of a discovery document is needed.
#[derive(Clone, Debug, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// A sign-in that has begun.
struct Pending {
    nonce: String,
    verifier: String,
    /// The digest of what the browser's cookie says.
    browser: [u8; 32],
    redirect: String,
    to: String,
    region: Region,
    began: Duration,
}

/// A sign-in that the browser goes on with.
pub(super) struct Begun {
    /// Where the provider asks.
    pub(super) address: String,
    /// What the browser has to show again.
    pub(super) cookie: String,
}

/// Who has signed in, and where they wanted to go.
pub(super) struct Ended {
    pub(super) person: Person,
    pub(super) to: String,
    pub(super) region: Region,
}

/// Signs people in with a provider. What has begun belongs to this process: another node, or this one after a restart, asks to
/// begin again.
pub(super) struct Oidc {
    provider: Provider,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    issuers: Issuers,
    /// By the digest of the state.
    pending: Mutex<HashMap<[u8; 32], Pending>>,
    discovered: Mutex<Option<(Duration, Discovery)>>,
}

impl Oidc {
    pub(super) fn new(
        provider: Provider,
        client: HttpClient,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        let issuers = Issuers::new([], client.clone(), clock.clone());
        Self {
            provider,
            client,
            clock,
            ids,
            issuers,
            pending: Mutex::default(),
            discovered: Mutex::default(),
        }
    }

    pub(super) fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Begins a sign-in; `origin` is how the browser addresses the console.
    ///
    /// # Errors
    /// If the provider can't be reached.
    pub(super) async fn begin(&self, origin: &str, to: &str, region: Region) -> Result<Begun, Failure> {
        let discovery = self.discovery().await?;
        let origin = self.provider.url.as_deref().unwrap_or(origin).trim_end_matches('/');
        let redirect = format!("{origin}{}/sign-in/oidc/callback", super::PREFIX);
        let [state, nonce, verifier, cookie] = std::array::from_fn(|_| self.random());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let mut query = String::new();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", &self.provider.client_id),
            ("redirect_uri", &redirect),
            ("scope", &self.provider.scopes.join(" ")),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ] {
            append(&mut query, name, value);
        }
        let mark = if discovery.authorization_endpoint.contains('?') { '&' } else { '?' };
        let address = format!("{}{mark}{query}", discovery.authorization_endpoint);
        let now = self.clock.monotonic();
        let pending = Pending {
            nonce,
            verifier,
            browser: digest(&cookie),
            redirect,
            to: to.to_owned(),
            region,
            began: now,
        };
        let mut all = self.lock();
        all.retain(|_, pending| now.saturating_sub(pending.began) < PENDING);
        if PENDING_MAX <= all.len()
            && let Some(oldest) = all.iter().min_by_key(|(_, it)| it.began).map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        all.insert(digest(&state), pending);
        Ok(Begun { address, cookie })
    }

    /// Ends a sign-in with what the provider sent the browser back with.
    ///
    /// # Errors
    /// If this browser has begun none with this state, or the provider or its token say no.
    pub(super) async fn end(&self, answer: &CallbackAnswer<'_>, cookie: &str) -> Result<Ended, Failure> {
        let refused = |message: &str| Failure::new(StatusCode::FORBIDDEN, "SignInRefused", message);
        // Taken, so that a state is good for one answer, whatever comes of it.
        let pending = self.lock().remove(&digest(answer.state));
        let now = self.clock.monotonic();
        let pending = pending
            .filter(|it| it.browser == digest(cookie) && now.saturating_sub(it.began) < PENDING)
            .ok_or_else(|| {
                refused("This sign-in was not begun here, took too long or has ended: begin again.")
            })?;
        if answer.issuer.is_some_and(|issuer| issuer != self.provider.issuer) {
            return Err(refused("The answer is another provider's."));
        }
        let Some(code) = answer.code else {
            let said = answer.error.unwrap_or("nothing");
            return Err(refused(&format!("The provider did not sign you in: {said}.")));
        };
        let token = self.redeem(code, &pending).await?;
        let claims = self.issuers.claims(&token, &self.provider.issuer).await.map_err(|error| {
            tracing::warn!(issuer = self.provider.issuer, %error, "the keys of the sign-in provider");
            unreachable("its keys can't be got")
        })?;
        let claims =
            claims.ok_or_else(|| refused("The provider's token is not signed with one of its keys."))?;
        let wanted = Wanted {
            issuer: &self.provider.issuer,
            client_id: &self.provider.client_id,
            nonce: &pending.nonce,
            now: self.clock.now(),
        };
        let person = claims::person(&claims, &wanted, &self.provider);
        let person =
            person.map_err(|why| refused(&format!("The provider's token can't be accepted: {why}.")))?;
        Ok(Ended { person, to: pending.to, region: pending.region })
    }

    /// The ID token for a code.
    async fn redeem(&self, code: &str, pending: &Pending) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        let discovery = self.discovery().await?;
        let mut form = String::new();
        for (name, value) in [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &pending.redirect),
            ("code_verifier", &pending.verifier),
        ] {
            append(&mut form, name, value);
        }
        let methods = discovery.token_endpoint_auth_methods_supported.as_deref();
        // What is not said is client_secret_basic.
        let is_basic = methods.is_none_or(|methods| methods.iter().any(|it| it == "client_secret_basic"));
        let mut authorization = None;
        match &self.provider.client_secret {
            Some(secret) if is_basic => {
                let pair = format!("{}:{}", form_encoded(&self.provider.client_id), form_encoded(secret));
                authorization = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok();
            }
            secret => {
                append(&mut form, "client_id", &self.provider.client_id);
                if let Some(secret) = secret {
                    append(&mut form, "client_secret", secret);
                }
            }
        }
        let mut request = Request::new(full(form));
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
        let tokens: Tokens = self.ask(&discovery.token_endpoint, request).await?;
        Ok(tokens.id_token)
    }

    async fn discovery(&self) -> Result<Discovery, Failure> {
        let now = self.clock.monotonic();
        let kept = self.discovered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, discovery)) = kept.filter(|(got, _)| now.saturating_sub(*got) < FRESH) {
            return Ok(discovery);
        }
        let issuer = &self.provider.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery: Discovery = self.ask(&address, Request::new(crate::connect::empty())).await?;
        if discovery.issuer != *issuer {
            return Err(unreachable("its discovery document is another issuer's"));
        }
        // A provider that is reached safely does not lead elsewhere.
        let endpoints = [&discovery.authorization_endpoint, &discovery.token_endpoint];
        if issuer.starts_with("https:") && endpoints.iter().any(|it| !it.starts_with("https://")) {
            return Err(unreachable("its discovery document names an address without TLS"));
        }
        if !endpoints.iter().all(|it| it.starts_with("http://") || it.starts_with("https://")) {
            return Err(unreachable("its discovery document names no http address"));
        }
        *self.discovered.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, discovery.clone()));
        Ok(discovery)
    }

    async fn ask<T: DeserializeOwned>(&self, address: &str, mut request: Request) -> Result<T, Failure> {
        let say = |what: &str| {
            tracing::warn!(issuer = self.provider.issuer, address, "the sign-in provider: {what}");
            unreachable("it did not answer as it should; the log says more")
        };
        *request.uri_mut() = address.parse::<Uri>().map_err(|error| say(&error.to_string()))?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let call = Call { timeout: TIMEOUT, response_bytes_max: ANSWER_BYTES_MAX, ..Call::default() };
        let (parts, body) =
            self.client.send(request, call).await.map_err(|error| say(&error.to_string()))?.into_parts();
        let bytes = collect(body, ANSWER_BYTES_MAX).await.map_err(|error| say(&error.to_string()))?;
        if parts.status != StatusCode::OK {
            return Err(say(&format!("it answered {}", parts.status)));
        }
        serde_json::from_slice(&bytes).map_err(|error| say(&error.to_string()))
    }

    fn random(&self) -> String {
        let mut bytes = [0; 32];
        self.ids.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a provider sends a browser back with.
pub(super) struct CallbackAnswer<'a> {
    pub(super) state: &'a str,
    pub(super) code: Option<&'a str>,
    pub(super) error: Option<&'a str>,
    pub(super) issuer: Option<&'a str>,
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn unreachable(why: &str) -> Failure {
    let message = format!("The sign-in provider can't be used now: {why}.");
    Failure::new(StatusCode::BAD_GATEWAY, "ProviderUnavailable", message)
}

/// A client's id or secret as RFC 6749 section 2.3.1 wants it before it is put into a header.
fn form_encoded(text: &str) -> String {
    let mut pair = String::new();
    append(&mut pair, "", text);
    pair.split_once('=').map(|(_, value)| value.to_owned()).unwrap_or_default()
}
