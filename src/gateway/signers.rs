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

    /// Whether `caller` is let through although its policies don't allow `action` on `resource`: the settings may say that
    /// what roles lack is only noted.
    fn lets_pass<'a>(
        &'a self,
        _caller: &'a Caller,
        _action: &'static str,
        _resource: &'a str,
    ) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(false))
    }
}

/// Who calls a method from inside this server, and needs no signature to say so.
#[derive(Clone, Debug, PartialEq)]
pub enum InternalCaller {
    /// A caller with policies of its own: a state machine under its role.
    Caller(Caller),
    /// A service that the API's policy has to let in.
    Service {
        /// Its name: `states.amazonaws.com`.
        name: &'static str,
        /// The ARN of the resource that it acts for.
        source_arn: String,
        /// The account of that resource.
        source_account: String,
    },
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
        if let Some(InternalCaller::Caller(caller)) = routed.context.internal_caller.as_deref() {
            let caller = caller.clone();
            return self.known(routed, caller).await;
        }
        let context = &routed.context;
        let claim = self.authenticator.claim(context.head(), SERVICE);
        let claim = claim.map_err(|error| refusal(error, context))?;
        if !claim.covers(&routed.stage.owner.region) {
            let region = claim.regions().to_owned();
            return Err(Refusal::InvalidSignature(Invalid::Region(region).to_string()));
        }
        let body = routed.read_body(&self.bulkhead).await?;
        let context = &routed.context;
        let verified = self.authenticator.verify(claim, context.head(), body.bytes());
        let verified = verified.map_err(|error| refusal(error, context))?;
        routed.put_back(body);
        self.known(routed, verified.caller).await
    }

    async fn known(&self, routed: &mut Routed, caller: Caller) -> Result<(), Refusal> {
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
                | Incomplete::Credential4a(_)
                | Incomplete::RegionSet
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
