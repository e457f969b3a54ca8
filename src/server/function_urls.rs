//! Requests to the URLs of functions: admitted by their head, then their body is read and the function called.

use std::sync::Arc;

use super::listen::Peer;
use crate::connect::{self, Request, Response};
use crate::functions::{UrlAddress, UrlPeer, Urls};
use crate::gateway::Bulkhead;
use crate::identity::TargetUri;

/// The URLs of all functions, and the memory that bodies of requests may take.
#[derive(Clone)]
pub(super) struct FunctionUrls {
    pub(super) urls: Urls,
    pub(super) bodies: Arc<Bulkhead>,
}

impl FunctionUrls {
    pub(super) async fn serve(
        &self,
        uri: TargetUri,
        address: UrlAddress,
        peer: UrlPeer,
        request: Request,
    ) -> Response {
        let (parts, body) = request.into_parts();
        let admitted = match self.urls.admit(address, uri, peer, parts).await {
            Ok(admitted) => admitted,
            Err(answered) => return answered,
        };
        let bytes_max = Urls::BODY_BYTES_MAX;
        if u64::try_from(bytes_max).is_ok_and(|max| max < http_body::Body::size_hint(&body).lower()) {
            return Urls::too_large();
        }
        match self.bodies.collect(body).await {
            Ok((bytes, _)) if bytes_max < bytes.len() => Urls::too_large(),
            Ok((bytes, _held)) => admitted.call(bytes).await,
            Err(connect::Error::TooLarge { .. }) => Urls::too_large(),
            Err(_) => Urls::unavailable(),
        }
    }
}

/// Who is at the other end of the connection.
pub(super) fn url_peer(peer: Option<&Peer>) -> UrlPeer {
    let nobody = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    UrlPeer {
        ip: peer.map_or(nobody, |peer| peer.address.ip()),
        is_secure: peer.is_some_and(|peer| peer.is_secure),
    }
}
