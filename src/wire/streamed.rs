//! Requests whose head alone is signed, so that their bodies can be handled as they come: S3's.
//!
//! Signature, operation and permission are checked before a byte of the body is asked for.

use std::sync::Mutex;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::api::{Api, Outcome, UNKNOWN_BYTES_MAX, body_error, run};
use super::incoming::{Incoming, Said};
use super::permission::Decided;
use super::protocol::{self, rest_xml};
use super::{ApiError, Call, Code, Location, Operation, Reply, Service};
use crate::connect::{Body, skip};
use crate::identity::{
    AuthError, Authenticated, Chunks, Head, Invalid, TargetUri, is_signed, is_signed_version_2,
};

const CONTENT_SHA256: &str = "x-amz-content-sha256";
const ACCESS_DENIED: Code = Code::model("AccessDenied", 403);

impl Api {
    /// Answers a request of a service that speaks REST-XML.
    pub(super) async fn answer_streamed(
        &self,
        service: &'static Service,
        uri: &TargetUri,
        parts: &Parts,
        body: Body,
        request_id: &str,
    ) -> Outcome {
        let found = self.routes.find(service, uri, parts, b"");
        let operation = found.as_ref().ok().copied();
        let mut decided = Vec::new();
        let outcome =
            |caller, decided, result| Outcome { service: Some(service), operation, caller, decided, result };
        let (authenticated, said, chunks) = match self.prove(service, uri, parts) {
            Ok(proven) => proven,
            Err(error) => {
                skip(body, UNKNOWN_BYTES_MAX).await;
                return outcome(None, decided, Err(error));
            }
        };
        let caller = self.audit.is_some().then(|| authenticated.clone());
        let operation = match found {
            Ok(operation) => operation,
            Err(error) => {
                skip(body, UNKNOWN_BYTES_MAX).await;
                return outcome(caller, decided, Err(error));
            }
        };
        let incoming = Incoming { body, said, chunks };
        let told = (request_id, self.audit.is_some().then_some(&mut decided));
        let result = self.carry_out_streamed(operation, uri, parts, incoming, authenticated, told).await;
        outcome(caller, decided, result)
    }

    async fn carry_out_streamed(
        &self,
        operation: &'static Operation,
        uri: &TargetUri,
        parts: &Parts,
        incoming: Incoming,
        Authenticated { caller, region }: Authenticated,
        (request_id, tell): (&str, Option<&mut Vec<Decided>>),
    ) -> Result<Reply, ApiError> {
        let is_streamed = operation.input.members.iter().any(|it| it.location == Location::Stream);
        let (body, incoming, _held) = match is_streamed {
            true => (Bytes::new(), Some(incoming), None),
            false => {
                let (body, held) = self.collected(operation.service, incoming).await?;
                (body, None, held)
            }
        };
        let decoded = protocol::decode(operation, uri, parts, body)?;
        self.permit_client(operation, &decoded.input, parts, (&caller, &region), tell).await?;
        let call = self.call(operation, decoded, caller, region, request_id.to_owned(), None)?;
        run(Call { stream: Mutex::new(incoming), ..call }).await
    }

    /// A small body, which has to be what the client says.
    async fn collected(
        &self,
        service: &Service,
        Incoming { body, said, .. }: Incoming,
    ) -> Result<(Bytes, Option<crate::gateway::Held>), ApiError> {
        let (body, held) = self
            .bodies
            .collect_for_aws(body, service.body_bytes_max)
            .await
            .map_err(|error| body_error(&error))?;
        match said {
            Said::Unsigned => Ok((body, held)),
            Said::Hash(hash) if hex::encode(Sha256::digest(&body)) == hash => Ok((body, held)),
            Said::Hash(_) => Err(ApiError::new(
                Code::model("XAmzContentSHA256Mismatch", 400),
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )),
            Said::Chunked { .. } => Err(ApiError::new(
                Code::UnsupportedOperation,
                "Only objects and their parts may be sent in chunks.",
            )),
        }
    }

    /// Who sent the head of a request, and what it says of the body.
    fn prove(
        &self,
        service: &Service,
        uri: &TargetUri,
        parts: &Parts,
    ) -> Result<(Authenticated, Said, Option<Chunks>), ApiError> {
        let head = Head::new(parts, uri);
        let is_presigned = !parts.headers.contains_key(AUTHORIZATION);
        let refused = |error| refusal(&error, is_presigned);
        if is_presigned && is_signed_version_2(uri.query()) {
            let host = uri.host();
            let bucket = rest_xml::host_bucket(&host);
            let authenticated = self.authenticator.verify_version_2(head, bucket).map_err(refused)?;
            return Ok((authenticated, Said::Unsigned, None));
        }
        if !is_signed(&parts.headers, uri) {
            return Err(refused(AuthError::MissingToken));
        }
        let claim = self.authenticator.claim(head, service.name).map_err(refused)?;
        let header = parts.headers.get(CONTENT_SHA256).map(|value| value.to_str().unwrap_or_default());
        let said = header.or_else(|| uri.query().last("X-Amz-Content-Sha256"));
        let said = said.or_else(|| is_presigned.then_some("UNSIGNED-PAYLOAD")).ok_or_else(|| {
            let text = "Missing required header for this request: x-amz-content-sha256";
            ApiError::new(Code::model("InvalidRequest", 400), text)
        })?;
        let known = Said::parse(said).ok_or_else(|| {
            let text = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                        STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid \
                        sha256 value.";
            ApiError::new(Code::model("InvalidArgument", 400), text)
        })?;
        let (authenticated, chunks) = self.authenticator.verify_head(&claim, head, said).map_err(refused)?;
        Ok((authenticated, known, Some(chunks)))
    }
}

/// Why nobody is proven, in S3's words.
fn refusal(error: &AuthError, is_presigned: bool) -> ApiError {
    match error {
        AuthError::MissingToken => ApiError::new(ACCESS_DENIED, "Access Denied"),
        AuthError::Incomplete(_) => {
            ApiError::new(Code::model("AuthorizationHeaderMalformed", 400), error.to_string())
        }
        AuthError::UnrecognizedClient => ApiError::new(
            Code::model("InvalidAccessKeyId", 403),
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        AuthError::ExpiredToken => {
            ApiError::new(Code::model("ExpiredToken", 400), "The provided token has expired.")
        }
        AuthError::Invalid(Invalid::Expired { .. }) if is_presigned => {
            ApiError::new(ACCESS_DENIED, "Request has expired")
        }
        AuthError::Invalid(Invalid::Expired { .. } | Invalid::NotYetCurrent { .. }) => ApiError::new(
            Code::model("RequestTimeTooSkewed", 403),
            "The difference between the request time and the current time is too large.",
        ),
        AuthError::Invalid(Invalid::HeaderUnsigned(name)) => ApiError::new(
            ACCESS_DENIED,
            format!("There were headers present in the request which were not signed: {name}"),
        ),
        AuthError::Invalid(_) => ApiError::new(
            Code::model("SignatureDoesNotMatch", 403),
            "The request signature we calculated does not match the signature you provided. Check your key and signing \
             method.",
        ),
    }
}
