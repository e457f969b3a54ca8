//! Who the caller is and what the caller may do: signatures, credentials, roles.
//!
//! [`Authenticator`] verifies Signature Version 4 as AWS does, for the control plane and for methods with `AWS_IAM`.
//! [`iam::Iam`] stores IAM's roles and policies and says what they grant. [`Sessions`] starts role sessions.
//!
//! A request's target is parsed here, once ([`TargetUri`]); everything else uses the value that was verified.
//!
//! Invariants: secrets are never printed or logged (their types prevent it), and they are compared in constant time.

// Rooms are called by their names, wherever they stand.
use crate as identity;
use stepgate_clock as clock;
use stepgate_id as id;
use stepgate_policy as policy;
use stepgate_store as store;

mod caller;
mod canonical;
mod chunks;
mod credentials;
mod ecdsa;
mod error;
#[cfg(test)]
mod evaluation;
mod grants;
mod head;
pub mod iam;
#[cfg(test)]
mod laws;
mod mac;
mod query;
mod sessions;
mod sign;
mod signature;
mod target_uri;
mod verify;
mod version_2;

pub use caller::{
    CallFacts, Caller, ConditionValues, FederatedUser, Principal, RoleSession, SessionTags, UserIdentity,
    UserSession, WebIdentity,
};
pub use chunks::Chunks;
pub use credentials::{Credential, Keys, Secret};
pub use error::{AuthError, Incomplete, Invalid};
pub use grants::{Grants, Layer, Owner};
pub use head::Head;
pub use query::{ENCODED, Query, append};
pub use sessions::{
    AssumeRole, FederationToken, NewSession, SessionError, Sessions, SignIn, TrustDecision, WebRole,
};
pub use sign::sign;
pub use signature::{is_signed, scope_of};
pub use target_uri::{BadTarget, TargetUri, generous_reading, has_dot_segment};
pub use verify::{Authenticated, Authenticator, Claim};
pub use version_2::is_signed as is_signed_version_2;
