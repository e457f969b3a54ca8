//! ARNs, names and typed identifiers.
//!
//! Identifiers are parsed once, when they come in, and are passed on as types. The formats follow
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.

// Rooms are called by their names, wherever they stand.

mod account;
mod arn;
mod name;
mod states;

pub use account::{AccountId, AccountRegion, Region};
pub use arn::{Arn, ArnError};
pub use name::{NameError, check_name};
pub use states::{
    ActivityArn, ExecutionArn, MapRunArn, Qualifier, StateMachineArn, StatesArn, StatesArnError,
};
