//! CloudFormation templates: converts a template into the operations that a client would call.
//!
//! [`Template::parse`] parses a template. [`Stacks::apply`] resolves its intrinsic functions, and creates, updates or
//! deletes what differs from the stack's last state, in the order of dependencies. It uses the rooms below only through
//! AWS operations, so a client can do everything that a template can.
//!
//! Resource types and their properties follow the [template
//! reference](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html). A
//! type or property that is not supported is refused before anything changes.

// Rooms are called by their names, wherever they stand.
use crate as stack;
use stepgate_apis as apis;
use stepgate_asl as asl;
use stepgate_clock as clock;
use stepgate_id as id;
use stepgate_identity as identity;
use stepgate_store as store;
use stepgate_vtl as vtl;
use stepgate_wire as wire;
use stepgate_yaml as yaml;

mod capabilities;
mod cidr;
mod condition;
mod creation_policy;
mod diff;
mod document;
mod dynamic;
mod elsewhere;
mod error;
mod extended;
mod include;
mod intrinsic;
mod json_patch;
mod kind;
mod lenient;
mod lint;
mod loops;
mod model;
mod objects;
mod operations;
mod order;
mod parameter;
mod plan;
mod record;
mod sam;
mod scope;
pub mod service;
mod stack_policy;
mod stacks;
mod status;
mod supported;
mod tags;
mod template;
#[cfg(test)]
mod tests;
mod unknown_types;

pub use elsewhere::Reach;
pub use error::Error;
pub use kind::Kind;
pub use lint::{Finding, check};
pub use objects::{ObjectFuture, Objects};
pub use operations::{Accounts, Actor, OperationError, OperationFuture, Operations};
pub use record::Answered;
pub use stacks::{ANSWER_BYTES_MAX, ANSWERS_PATH, Action, Applied, Change, DROPPED_APIS, Ports, Stacks};
pub use supported::supported;
pub use template::{Beside, Template};
pub use unknown_types::UnknownTypes;
