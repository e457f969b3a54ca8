//! Function URLs as clients call them: a request becomes an event, an answer a response.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>. A request is admitted before its body is read:
//! [`Urls::admit`] says whether there is such a URL and whether its key is known, [`Admitted::call`] the rest.

mod access;
mod address;
mod answer;
mod cors;
mod event;
mod refusal;

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, ORIGIN};
use http::request::Parts;

use self::access::Via;
pub use self::address::UrlAddress;
use self::event::Seen;
use super::control::{Called, Functions, Source, UrlFound};
use super::invocation::{Invocation, PAYLOAD_BYTES_MAX};
use crate::clock::{Clock, Ids};
use crate::connect::Response;
use crate::identity::iam::Iam;
use crate::identity::{Authenticator, Claim, Head, TargetUri};

/// The name of the service in signatures of a URL's calls.
const SIGNING_NAME: &str = "lambda";

/// Serves the URLs of all functions. Clones share everything.
#[derive(Clone)]
pub struct Urls {
    functions: Functions,
    authenticator: Arc<Authenticator>,
    iam: Iam,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct UrlPeer {
    /// Its address.
    pub ip: IpAddr,
    /// Whether the connection is encrypted.
    pub is_secure: bool,
}

/// A request that has a URL, and whose signature, if it needs one, may be right.
pub struct Admitted {
    urls: Urls,
    found: Arc<UrlFound>,
    claim: Option<Claim>,
    address: UrlAddress,
    uri: TargetUri,
    peer: UrlPeer,
    parts: Parts,
}

impl Urls {
    /// The most bytes of a request's body.
    pub const BODY_BYTES_MAX: usize = PAYLOAD_BYTES_MAX;

    /// Serves the URLs of `functions`, with the keys of `authenticator` and the roles of `iam`.
    pub fn new(
        functions: Functions,
        authenticator: Arc<Authenticator>,
        iam: Iam,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { functions, authenticator, iam, clock, ids }
    }

    /// Looks a request up by its head alone.
    ///
    /// # Errors
    /// The response to a request that needs no body: one that is refused, or that asks what a page may do.
    pub async fn admit(
        &self,
        address: UrlAddress,
        uri: TargetUri,
        peer: UrlPeer,
        parts: Parts,
    ) -> Result<Box<Admitted>, Response> {
        let found = match self.functions.find_url(&address.id).await {
            Ok(Some(found)) => found,
            Ok(None) => return Err(refusal::no_such_url()),
            Err(error) => return Err(refusal::of(&error)),
        };
        if let Some(cors) = &found.config.cors
            && parts.method == Method::OPTIONS
            && parts.headers.contains_key(ORIGIN)
            && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        {
            // Browsers ask without a signature, and the function isn't called.
            return Err(cors::preflight(cors, &parts.headers));
        }
        let claim = match found.config.auth_type.as_str() {
            "NONE" => None,
            _ => match self.authenticator.claim(Head::new(&parts, &uri), SIGNING_NAME) {
                Ok(claim) if claim.covers(&found.target.home.region) => Some(claim),
                Ok(_) => return Err(refusal::forbidden()),
                Err(error) => return Err(refusal::unauthenticated(&error)),
            },
        };
        Ok(Box::new(Admitted { urls: self.clone(), found, claim, address, uri, peer, parts }))
    }

    /// The response to a request whose body is larger than [`Urls::BODY_BYTES_MAX`].
    pub fn too_large() -> Response {
        refusal::too_large()
    }

    /// The response to a request whose body can't be read now.
    pub fn unavailable() -> Response {
        refusal::unavailable()
    }
}

impl Admitted {
    /// Calls the function with the request's body.
    ///
    /// Boxed, so that calls are compiled here and not again where URLs are served.
    pub fn call(self, body: Bytes) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        Box::pin(self.called(body))
    }

    async fn called(self, body: Bytes) -> Response {
        let cors = self.found.config.cors.clone();
        let origin = self.parts.headers.get(ORIGIN).cloned();
        let mut response = self.answer(body).await;
        if let Some(cors) = cors {
            cors::add(&cors, origin.as_ref(), response.headers_mut());
        }
        response
    }

    async fn answer(self, body: Bytes) -> Response {
        let Self { urls, found, claim, mut address, mut uri, peer, mut parts } = self;
        let now = urls.clock.now();
        let signer = match claim {
            None => None,
            Some(claim) => match urls.authenticator.verify(claim, Head::new(&parts, &uri), &body) {
                Ok(verified) => Some(verified.caller),
                Err(error) => return refusal::unauthenticated(&error),
            },
        };
        let via = Via { found: &found, signer: signer.as_ref(), headers: &parts.headers, peer, now };
        let grants = match &signer {
            None => None,
            Some(caller) => match urls.iam.grants(caller).await {
                Ok(grants) => Some(grants),
                Err(error) => {
                    tracing::error!(%error, "a caller's policies could not be read");
                    return refusal::unavailable();
                }
            },
        };
        if !via.is_permitted(grants.as_deref()) {
            return refusal::forbidden();
        }
        if signer.is_some() {
            // A function could sign on with it for as long as it is valid.
            uri.drop_signature();
            // Targets that share a signature are one to the function, too.
            uri.make_signable();
            address = UrlAddress::parse(&uri.host(), uri.path()).unwrap_or(address);
            parts.headers.remove(AUTHORIZATION);
            parts.headers.remove("x-amz-security-token");
        }
        let request_id = urls.ids.uuid().to_string();
        let home = &found.target.home;
        let seen = Seen {
            parts: &parts,
            uri: &uri,
            path: &address.path,
            host: address.host(&home.region),
            id: &address.id,
            peer,
            signer: signer.as_ref(),
            request_id: &request_id,
            now,
            trace_id: event::trace_id(&parts.headers, now, urls.ids.as_ref()),
        };
        let payload = Bytes::from(event::of(&seen, &body).to_string());
        if PAYLOAD_BYTES_MAX < payload.len() {
            return refusal::too_large();
        }
        let qualifier = found.target.qualifier.as_deref();
        let called = Called { home, name: &found.target.name, qualifier, source: Source::Permitted };
        let trace_id = Some(seen.trace_id.clone());
        let invocation =
            Invocation { request_id: request_id.clone(), payload, trace_id, ..Invocation::default() };
        let answered = match urls.functions.invoke(called, invocation).await {
            Ok(answered) => answered,
            Err(error) => return refusal::of(&error),
        };
        let response = match found.config.invoke_mode.as_str() {
            "RESPONSE_STREAM" => answer::streamed(answered).await,
            _ => answer::buffered(answered).await,
        };
        let mut response = response.unwrap_or_else(refusal::bad_gateway);
        refusal::mark(response.headers_mut(), &request_id, &seen.trace_id);
        response
    }
}
