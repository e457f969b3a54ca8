//! Decides what a request is for: the server's own pages, the AWS APIs, or a deployed API.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::admin::{self, Admin};
use super::admission::Class;
use super::front_door::{App, refusal};
use super::function_urls::{FunctionUrls, url_peer};
use super::listen::Peer;
use crate::cognito::Cognito;
use crate::cognito::user_pools::Published;
use crate::connect::{self, Request, Response};
use crate::functions::UrlAddress;
use crate::gateway::{self, Address, Domain, Domains, Gateway, TargetApi};
use crate::identity::{self, BadTarget, TargetUri};
use crate::wire;

/// The header that only clients of the AWS APIs send.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// The planes that a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Planes {
    /// Everything.
    All,
    /// Deployed APIs.
    Data,
    /// The AWS APIs and the server's own pages.
    Control,
}

/// The router behind a front door.
pub(super) struct Dispatch {
    pub(super) planes: Planes,
    pub(super) admin: Arc<Admin>,
    pub(super) api: Arc<wire::Api>,
    pub(super) gateway: Gateway,
    pub(super) domains: Arc<Domains>,
    pub(super) function_urls: FunctionUrls,
    pub(super) cognito: Cognito,
}

/// The result of parsing a request's target.
type Taken = Result<TargetUri, BadTarget>;

impl App for Dispatch {
    async fn handle(&self, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        // From here on, nothing else is known of the target.
        let uri = match taken(&mut parts) {
            Ok(uri) => uri,
            Err(bad) => return refusal(StatusCode::BAD_REQUEST, "BadRequestException", &bad.to_string()),
        };
        let peer = parts.extensions.get::<Peer>().cloned();
        let domain = self.domain(&uri);
        if let Some(domain) = &domain
            && domain.truststore.is_some()
            && !peer.as_ref().is_some_and(|peer| self.is_proven(domain, peer))
        {
            return forbidden();
        }
        let plane = self.plane(&parts, &uri, domain.as_deref());
        if let (Plane::Own | Plane::Control, Some(peer)) = (&plane, &peer) {
            let from = wire::CalledFrom { ip: peer.address.ip(), is_secure: peer.is_secure };
            parts.extensions.insert(from);
        }
        let request = Request::from_parts(parts, body);
        // The planes' futures are boxed, each in its own size: the largest of them would be that of every request.
        match (plane, self.planes) {
            (Plane::Own, Planes::All | Planes::Control) => Box::pin(self.admin.handle(uri, request)).await,
            (Plane::Control, Planes::All | Planes::Control) => self.api.handle(uri, request).await,
            (Plane::Data(target), Planes::All | Planes::Data) => {
                self.gateway.serve(uri, target, gateway_peer(peer), request).await
            }
            (Plane::FunctionUrl(address), Planes::All | Planes::Data) => {
                Box::pin(self.function_urls.serve(uri, address, url_peer(peer.as_ref()), request)).await
            }
            (Plane::Health, Planes::All | Planes::Data) => Response::new(connect::full("healthy")),
            (Plane::Published(document), _) => {
                let is_secure = peer.is_some_and(|peer| peer.is_secure);
                Box::pin(self.published(&document, request.method(), uri.authority(), is_secure)).await
            }
            // For the other listener, or for none: this listener doesn't even reveal that it exists.
            (
                Plane::Nobody
                | Plane::Own
                | Plane::Control
                | Plane::Data(_)
                | Plane::FunctionUrl(_)
                | Plane::Health,
                _,
            ) => forbidden(),
        }
    }

    fn class(&self, request: Request) -> (Class, Request) {
        let (mut parts, body) = request.into_parts();
        let taken = taken(&mut parts);
        let class = match &taken {
            Ok(uri) => self.class_of(&parts, uri),
            Err(_) => Class::Data,
        };
        // The result is kept, so that the request is handled as it was classified.
        parts.extensions.insert(taken);
        (class, Request::from_parts(parts, body))
    }
}

/// The target of a request, parsed only once.
fn taken(parts: &mut Parts) -> Taken {
    parts.extensions.remove::<Taken>().unwrap_or_else(|| TargetUri::take(parts))
}

impl Dispatch {
    /// What a request that came through `domain` is for.
    fn plane(&self, parts: &Parts, uri: &TargetUri, domain: Option<&Domain>) -> Plane {
        // A custom domain may have any name.
        if domain.is_none()
            && let Some(address) = UrlAddress::parse(&uri.host(), uri.path())
        {
            return Plane::FunctionUrl(address);
        }
        let is_service = || self.api.service_of(&parts.headers, uri).is_some();
        plane(parts, uri, self.address(uri, domain), is_service)
    }

    fn class_of(&self, parts: &Parts, uri: &TargetUri) -> Class {
        if self.planes == Planes::Data {
            return Class::Data;
        }
        match self.plane(parts, uri, self.domain(uri).as_deref()) {
            Plane::Own if admin::is_page(parts, uri) => Class::Page,
            Plane::Own | Plane::Control => Class::Control,
            Plane::Data(_) | Plane::FunctionUrl(_) | Plane::Health | Plane::Published(_) | Plane::Nobody => {
                Class::Data
            }
        }
    }

    /// The custom domain through which the request came. A proxy in front may give the control plane's listener any
    /// name.
    fn domain(&self, uri: &TargetUri) -> Option<Arc<Domain>> {
        self.domains.find(&uri.host()).filter(|_| self.planes != Planes::Control)
    }

    /// A document of a user pool, which pages of any origin may read.
    async fn published(
        &self,
        document: &Published,
        method: &Method,
        authority: &str,
        is_secure: bool,
    ) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowedException",
                "Method not allowed",
            );
        }
        let scheme = if is_secure { "https" } else { "http" };
        let Some(text) = self.cognito.published(document, &format!("{scheme}://{authority}")).await else {
            return refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", "User pool does not exist.");
        };
        let mut response = Response::new(connect::full(text));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400, immutable"));
        response
    }

    fn address(&self, uri: &TargetUri, domain: Option<&Domain>) -> Address {
        match domain {
            Some(domain) => domain.land(uri.path()),
            None if self.planes == Planes::Control && self.domains.find(&uri.host()).is_some() => {
                Address::Own
            }
            None => Domains::of_no_domain(uri),
        }
    }

    /// Whether the TLS connection was opened to this domain, with a client certificate. The name in the handshake
    /// determined which certificates were accepted; the name in the request proves nothing.
    fn is_proven(&self, domain: &Domain, peer: &Peer) -> bool {
        let asked_for = peer.server_name.as_deref().map(str::to_ascii_lowercase);
        let asked_for = asked_for.and_then(|name| self.domains.find(&name));
        peer.certificate.is_some() && asked_for.is_some_and(|found| found.name() == domain.name())
    }
}

fn gateway_peer(peer: Option<Peer>) -> gateway::Peer {
    match peer {
        Some(Peer { address, certificate, is_secure, .. }) => {
            gateway::Peer { ip: address.ip(), certificate, is_secure }
        }
        None => gateway::Peer { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), certificate: None, is_secure: false },
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Plane {
    /// The server's own pages.
    Own,
    /// The AWS APIs.
    Control,
    /// A stage.
    Data(gateway::Target),
    /// A function's URL.
    FunctionUrl(UrlAddress),
    /// A custom domain's health check.
    Health,
    /// What a user pool publishes.
    Published(Published),
    /// Something of an API or a custom domain that doesn't exist.
    Nobody,
}

/// Addresses that can only be an API's come first, then what only clients of the AWS APIs send. A path such as
/// `/alpha/execution` on the server's own address is left for the default API.
fn plane(parts: &Parts, uri: &TargetUri, address: Address, is_service: impl FnOnce() -> bool) -> Plane {
    match address {
        Address::Stage(target) if matches!(target.api, TargetApi::Named(_)) => Plane::Data(target),
        Address::Nothing => Plane::Nobody,
        Address::Health => Plane::Health,
        Address::Own | Address::Stage(_) if uri.path().starts_with(admin::PREFIX) => Plane::Own,
        Address::Own | Address::Stage(_) if uri.path().contains("/.well-known/") => {
            match (Published::parse(uri.path()), address) {
                (Some(document), _) => Plane::Published(document),
                (None, Address::Stage(target)) => Plane::Data(target),
                (None, _) => Plane::Control,
            }
        }
        Address::Own => Plane::Control,
        Address::Stage(_) if is_control(parts, uri, is_service) => Plane::Control,
        Address::Stage(target) => Plane::Data(target),
    }
}

fn is_control(parts: &Parts, uri: &TargetUri, is_service: impl FnOnce() -> bool) -> bool {
    if parts.headers.contains_key(TARGET) {
        return true;
    }
    match identity::scope_of(&parts.headers, uri) {
        // A request signed for execute-api is a call of a deployed API.
        Some(service) => service != "execute-api",
        None => is_service(),
    }
}

fn forbidden() -> Response {
    refusal(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden")
}

#[cfg(test)]
mod tests {
    use http::header::HOST;

    use super::*;
    use crate::server::services::services;

    fn check(host: &str, path: &str, headers: &[(&str, &str)], want: &str) {
        let mut request = http::Request::post(path).header(HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let services: wire::Services = services().map(|service| service.on(())).collect();
        let is_service = || wire::Routes::new(&services).service(&services, &parts.headers, &uri).is_some();
        let found = match plane(&parts, &uri, Domains::default().locate(&uri), is_service) {
            Plane::Own => "own",
            Plane::Control => "control",
            Plane::Data(_) => "data",
            Plane::FunctionUrl(_) => "function URL",
            Plane::Health => "health",
            Plane::Published(_) => "published",
            Plane::Nobody => "nobody",
        };
        assert_eq!(found, want, "{host}{path}");
    }

    #[test]
    fn requests_find_their_plane() {
        let local = "127.0.0.1:4566";
        let signed = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
            )
        };
        check(local, "/_stepgate/health", &[], "own");
        check(local, "/", &[("x-amz-target", "AWSStepFunctions.StartExecution")], "control");
        check(local, "/", &[], "control");
        check(local, "/restapis", &[("authorization", &signed("apigateway"))], "control");
        check(local, "/restapis/abc/resources", &[], "control");
        check(local, "/alpha/execution", &[], "data");
        check(local, "/alpha/execution", &[("authorization", &signed("execute-api"))], "data");
        check(local, "/alpha/execution", &[("authorization", "Bearer x")], "data");
        check(local, "/restapis/abc/dev/_user_request_/x", &[], "data");
        let api = "abc.execute-api.localhost:4566";
        check(api, "/dev/x", &[("x-amz-target", "mine")], "data");
        let pool = "/us-east-1_AbC123/.well-known/jwks.json";
        check(local, pool, &[], "published");
        check(local, "/dev/.well-known/jwks.json", &[], "data");
        check(api, pool, &[], "data");
        // An API's host serves only the API's stages.
        check(api, "/_stepgate/health", &[], "data");
        check(api, "/", &[("x-amz-target", "AWSStepFunctions.StartExecution")], "nobody");
        check(api, "/restapis", &[("authorization", &signed("apigateway"))], "data");
    }
}
