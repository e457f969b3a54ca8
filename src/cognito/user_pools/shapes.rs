//! What operations take, as the service's model has it. Structures that no handler takes are without members: what is given
//! there is refused whole.

mod pools;
mod users;

pub(super) use self::{pools::*, users::*};

use crate::wire::Structure;

/// What is not taken.
pub(super) static ANYTHING: Structure = Structure::new("Input", &[]);
