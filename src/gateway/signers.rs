//! Who signed a request: the signature of a call of a method is verified, and what the signer may do is looked up.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html>

use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::authorization_header;
use super::backends::BoxFuture;
use super::bulkhead::Bulkhead;
use super::context::Context;
use super::pipeline::Routed;
use super::refusal::Refusal;
use super::stages::SourceError;
use crate::connect::full;
use crate::identity::{AuthError, Authenticator, Caller, Grants, Incomplete, Invalid};

/// The service that calls of methods are signed for.
pub(crate) const SERVICE: &str = "execute-api";

/// Where the gateway learns what callers may do by their own policies.
pub trait Permissions: Send + Sync + 'static {
    /// The policies of `caller`, who has signed.
    fn of<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Arc<Grants>, SourceError>>;
}

/// Somebody who signed, and what their own policies grant.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) caller: Caller,
    pub(crate) grants: Arc<Grants>,
}

/// What signers are identified with.
pub(crate) struct Signers {
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) permissions: Arc<dyn Permissions>,
    pub(crate) bulkhead: Arc<Bulkhead>,
}

impl Signers {
    /// Verifies the signature of a request, which is in the context's `signer` afterwards. The body is read for it,
    /// but only for a key that is known.
    pub(crate) async fn identify(&self, routed: &mut Routed) -> Result<(), Refusal> {
        let context = &routed.context;
        let refusal = |error: AuthError| refusal(error, context);
        let claim = self.authenticator.claim(context.head(), SERVICE).map_err(refusal)?;
        if *claim.region() != routed.stage.owner.region {
            let region = claim.region().as_str().to_owned();
            return Err(Refusal::InvalidSignature(Invalid::Region(region).to_string()));
        }
        let body = self.bulkhead.read(mem::replace(&mut routed.body, full(Bytes::new()))).await?;
        let verified = self.authenticator.verify(claim, context.head(), body.bytes()).map_err(refusal)?;
        // Whoever reads it again takes the memory for it again: two at once could wait for each other.
        routed.body = full(body.bytes().clone());
        let caller = verified.caller;
        let grants = self.permissions.of(&caller).await.map_err(|error| unavailable(&error))?;
        routed.context.signer = Some(Box::new(Signer { caller, grants }));
        Ok(())
    }
}

fn refusal(error: AuthError, context: &Context) -> Refusal {
    match error {
        AuthError::MissingToken => Refusal::MissingAuthenticationToken,
        AuthError::UnrecognizedClient => Refusal::UnrecognizedClient,
        AuthError::ExpiredToken => Refusal::ExpiredToken,
        AuthError::Invalid(invalid) => Refusal::InvalidSignature(invalid.to_string()),
        AuthError::Incomplete(incomplete) => {
            let message = authorization_header::complaint(&context.headers);
            Refusal::IncompleteSignature(message.unwrap_or_else(|| match incomplete {
                // Pairs, but of another scheme than AWS's.
                Incomplete::NoPair { header, .. } => authorization_header::no_pairs(header.as_bytes()),
                Incomplete::Missing { .. }
                | Incomplete::MissingParameter(_)
                | Incomplete::Credential(_)
                | Incomplete::Date(_)
                | Incomplete::Several
                | Incomplete::Expires(_) => incomplete.to_string(),
            }))
        }
    }
}

/// Whose policies can't be read may nothing.
fn unavailable(error: &SourceError) -> Refusal {
    tracing::error!(error = error as &dyn std::error::Error, "a caller's policies could not be read");
    Refusal::Unavailable
}
