//! Who calls, and what may they do: signatures, credentials, roles.
//!
//! [`Authenticator`] verifies Signature Version 4 as AWS does, for the control plane and for methods with
//! `AWS_IAM`; [`iam::Iam`] keeps IAM's roles and policies. Policies are stored and must be JSON; they are not
//! evaluated.
//!
//! Invariants: secrets are never printed or logged (their types can't), and compared in constant time.

mod caller;
mod canonical;
mod credentials;
mod error;
mod grants;
mod head;
pub mod iam;
#[cfg(test)]
mod laws;
mod sign;
mod signature;
mod verify;

pub use caller::Caller;
pub use credentials::{Credential, Keys, Secret};
pub use error::{AuthError, Incomplete, Invalid};
pub use grants::{Grants, Layer, Owner};
pub use head::Head;
pub use sign::sign;
pub use signature::{is_signed, scope_of};
pub use verify::{Authenticated, Authenticator, Claim};
