//! IAM policies: parse a document once, decide about many requests.
//!
//! [`Policy::parse`] checks a document and compiles it, [`Policy::decide`] says what it means for one [`Request`]: an
//! explicit deny wins over an allow, and what nobody allows is denied. Resource policies of APIs and the policies
//! that Lambda authorizers answer are both such documents.
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

pub use decide::{Caller, Decision, Facts, NoFacts, Request};
pub use document::{DOCUMENT_BYTES_MAX, Policy, PolicyKind};
pub use error::Error;
