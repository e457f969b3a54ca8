//! Whom a request is for: the server's own pages, the AWS APIs, or a deployed API.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::StatusCode;
use http::header::HOST;
use http::request::Parts;

use super::admin::{self, Admin};
use super::admission::Class;
use super::front_door::{App, refusal};
use super::listen::Peer;
use crate::connect::{self, Request, Response};
use crate::gateway::{self, Domain, Domains, Gateway, Landing, TargetApi};
use crate::identity;
use crate::wire;

/// Which planes a listener serves.
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
#[derive(Clone)]
pub(super) struct Dispatch {
    pub(super) planes: Planes,
    pub(super) admin: Arc<Admin>,
    pub(super) api: Arc<wire::Api>,
    pub(super) gateway: Gateway,
    pub(super) domains: Arc<Domains>,
}

impl App for Dispatch {
    async fn handle(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let domain = self.domains.find(host(&parts).unwrap_or_default());
        if let Some(domain) = domain.filter(|_| self.planes != Planes::Control) {
            return self.custom_domain(&domain, Request::from_parts(parts, body)).await;
        }
        let target = gateway::address(host(&parts).unwrap_or_default(), parts.uri.path());
        let plane = plane(&parts, target.as_ref());
        let request = Request::from_parts(parts, body);
        match (plane, self.planes) {
            (Plane::Own, Planes::All | Planes::Control) => self.admin.handle(request).await,
            (Plane::Control, Planes::All | Planes::Control) => self.api.handle(request).await,
            (Plane::Data, Planes::All | Planes::Data) => {
                let Some(target) = target else { return forbidden() };
                let peer = peer(&request);
                self.gateway.serve(target, peer, request).await
            }
            // The other listener's business: this one does not even say that it exists.
            (Plane::Own | Plane::Control, Planes::Data) | (Plane::Data, Planes::Control) => forbidden(),
        }
    }

    fn class(&self, request: Request) -> (Class, Request) {
        let (parts, body) = request.into_parts();
        let class = self.class_of(&parts);
        (class, Request::from_parts(parts, body))
    }
}

impl Dispatch {
    fn class_of(&self, parts: &Parts) -> Class {
        let host = host(parts).unwrap_or_default();
        let is_data = self.planes != Planes::Control && self.domains.find(host).is_some();
        if is_data || self.planes == Planes::Data {
            return Class::Data;
        }
        match plane(parts, gateway::address(host, parts.uri.path()).as_ref()) {
            Plane::Own if admin::is_page(parts) => Class::Page,
            Plane::Own | Plane::Control => Class::Control,
            Plane::Data => Class::Data,
        }
    }

    /// Whatever the path, it is the domain's: neither the AWS APIs nor the server's own pages are there.
    async fn custom_domain(&self, domain: &Domain, request: Request) -> Response {
        if domain.truststore.is_some() && !self.is_proven(domain, &request) {
            return forbidden();
        }
        match domain.land(request.uri().path()) {
            Landing::Target(target) => {
                let peer = peer(&request);
                self.gateway.serve(target, peer, request).await
            }
            Landing::Unmapped => forbidden(),
            Landing::Health => Response::new(connect::full("healthy")),
        }
    }

    /// Whether the connection was opened to this domain, with a certificate: the name in the handshake decided
    /// which certificates were good, the name in the request is only said.
    fn is_proven(&self, domain: &Domain, request: &Request) -> bool {
        let Some(peer) = request.extensions().get::<Peer>() else { return false };
        let asked_for = peer.server_name.as_deref().and_then(|name| self.domains.find(name));
        peer.certificate.is_some() && asked_for.is_some_and(|found| found.name() == domain.name())
    }
}

fn peer(request: &Request) -> gateway::Peer {
    match request.extensions().get::<Peer>() {
        Some(Peer { address, certificate, is_secure, .. }) => {
            gateway::Peer { ip: address.ip(), certificate: certificate.clone(), is_secure: *is_secure }
        }
        None => gateway::Peer { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), certificate: None, is_secure: false },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plane {
    Own,
    Control,
    Data,
}

/// Addresses that can only be an API's win; then what only a client of the AWS APIs sends; a path such as
/// `/alpha/execution` on the server's own address is left for the default API.
fn plane(parts: &Parts, target: Option<&gateway::Target>) -> Plane {
    if parts.uri.path().starts_with(admin::PREFIX) {
        return Plane::Own;
    }
    match target {
        Some(gateway::Target { api: TargetApi::Named(_), .. }) => Plane::Data,
        None => Plane::Control,
        Some(_) if is_control(parts) => Plane::Control,
        Some(_) => Plane::Data,
    }
}

fn is_control(parts: &Parts) -> bool {
    if parts.headers.contains_key("x-amz-target") {
        return true;
    }
    match identity::scope_of(parts) {
        // What is signed for execute-api is a call of a deployed API.
        Some(service) => service != "execute-api",
        None => wire::service_of(parts).is_some(),
    }
}

/// The authority of HTTP/2, or the Host header of HTTP/1.1.
fn host(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST)?.to_str().ok(),
    }
}

fn forbidden() -> Response {
    refusal(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, path: &str, headers: &[(&str, &str)], want: Plane) {
        let mut request = http::Request::post(path).header(HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let target = gateway::address(super::host(&parts).unwrap(), path);
        assert_eq!(plane(&parts, target.as_ref()), want, "{host}{path}");
    }

    #[test]
    fn requests_find_their_plane() {
        let local = "127.0.0.1:4566";
        let signed = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
            )
        };
        check(local, "/_stepgate/health", &[], Plane::Own);
        check(local, "/", &[("x-amz-target", "AWSStepFunctions.StartExecution")], Plane::Control);
        check(local, "/", &[], Plane::Control);
        check(local, "/restapis", &[("authorization", &signed("apigateway"))], Plane::Control);
        check(local, "/restapis/abc/resources", &[], Plane::Control);
        check(local, "/alpha/execution", &[], Plane::Data);
        check(local, "/alpha/execution", &[("authorization", &signed("execute-api"))], Plane::Data);
        check(local, "/alpha/execution", &[("authorization", "Bearer x")], Plane::Data);
        check(local, "/restapis/abc/dev/_user_request_/x", &[], Plane::Data);
        check("abc.execute-api.localhost:4566", "/dev/x", &[("x-amz-target", "mine")], Plane::Data);
    }
}
