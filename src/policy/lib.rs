//! IAM policies: parse a document once, decide about many requests.
//!
//! [`Policy::parse`] checks a document and compiles it. [`Policy::decide`] decides about one [`Request`]: an explicit
//! deny overrides an allow, and a request that nothing allows is denied. API resource policies and the policies that
//! Lambda authorizers return are both such documents.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

// Rooms are called by their names, wherever they stand.
use crate as policy;

mod condition;
mod decide;
mod document;
mod error;
mod pattern;
mod principal;

pub use decide::{Caller, Deciding, Decision, Facts, NoFacts, Request, SOME_RESOURCE};
pub use document::{DOCUMENT_BYTES_MAX, Policy, PolicyKind};
pub use error::Error;
