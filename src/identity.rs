//! Who calls, and what may they do: signatures, credentials, roles.

mod caller;

pub use caller::Caller;
