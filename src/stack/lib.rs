//! CloudFormation templates as the declarative configuration: a template becomes the operations that a
//! client would call.
//!
//! A template is read ([`Template::parse`]), its intrinsic functions are resolved, and what differs from the
//! stack's last state is created, updated or deleted in dependency order ([`Stacks::apply`]). Nothing here
//! touches the rooms below except through AWS operations, so whatever a template can do, a client can too.
//!
//! Resource types and their properties follow the
//! [template reference](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html);
//! a type or property that is not supported is refused before anything is changed.

// Rooms are called by their names, wherever they stand.
use stepgate_asl as asl;
use stepgate_clock as clock;
use stepgate_id as id;
use stepgate_store as store;
use stepgate_vtl as vtl;
use stepgate_wire as wire;
use stepgate_yaml as yaml;

mod apply;
mod cidr;
mod condition;
mod document;
mod error;
mod intrinsic;
mod kind;
mod lenient;
mod lint;
mod objects;
mod operations;
mod order;
mod parameter;
mod plan;
mod record;
mod scope;
mod template;
#[cfg(test)]
mod tests;

pub use apply::{Action, Applied, Change, Stacks};
pub use error::Error;
pub use kind::Kind;
pub use lint::{Finding, check};
pub use objects::{ObjectFuture, Objects};
pub use operations::{OperationError, OperationFuture, Operations};
pub use template::Template;
