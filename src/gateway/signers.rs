//! Identifies signers: verifies the signature of a method call, and looks up the signer's permissions.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html>

use std::sync::Arc;

use super::authorization_header;
use super::backends::BoxFuture;
use super::bulkhead::Bulkhead;
use super::context::Context;
use super::pipeline::Routed;
use super::refusal::Refusal;
use super::stages::SourceError;
use crate::identity::{AuthError, Authenticator, Caller, Grants, Incomplete, Invalid};

/// The service name in signatures of method calls.
pub(crate) const SERVICE: &str = "execute-api";

/// Looks up what callers may do by their own policies.
pub trait Permissions: Send + Sync + 'static {
    /// The permissions of `caller`, who has signed.
    fn of<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Arc<Grants>, SourceError>>;
}

/// A verified signer with the grants of its own policies.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) caller: Caller,
    pub(crate) grants: Arc<Grants>,
}

/// What is needed to identify signers.
pub(crate) struct Signers {
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) permissions: Arc<dyn Permissions>,
    pub(crate) bulkhead: Arc<Bulkhead>,
}

impl Signers {
    /// Verifies the signature of a request, and sets the context's `signer`. The body is read for this, but only if the
    /// key is known.
    pub(crate) async fn identify(&self, routed: &mut Routed) -> Result<(), Refusal> {
        let context = &routed.context;
        let claim = self.authenticator.claim(context.head(), SERVICE);
        let claim = claim.map_err(|error| refusal(error, context))?;
        if *claim.region() != routed.stage.owner.region {
            let region = claim.region().as_str().to_owned();
            return Err(Refusal::InvalidSignature(Invalid::Region(region).to_string()));
        }
        let body = routed.read_body(&self.bulkhead).await?;
        let context = &routed.context;
        let verified = self.authenticator.verify(claim, context.head(), body.bytes());
        let verified = verified.map_err(|error| refusal(error, context))?;
        routed.put_back(body);
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
                // Key-value pairs, but of another scheme than AWS's.
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

/// A caller whose policies can't be read may do nothing.
fn unavailable(error: &SourceError) -> Refusal {
    tracing::error!(error = error as &dyn std::error::Error, "a caller's policies could not be read");
    Refusal::Unavailable
}
