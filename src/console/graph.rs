//! The graph of a definition: from its text to shapes with places, which a template draws as SVG.
//!
//! [`Flow::read`] takes the states and transitions out of a definition, [`Layout::of`] gives them places, [`draw`] marks
//! them with what an execution did. Everything is pure and deterministic: the same definition is the same picture.

mod definition;
mod drawing;
mod layered;
mod layout;
mod order;
mod place;
mod ranks;

pub(super) use definition::Flow;
pub(super) use drawing::{Marks, StateMark, draw};
pub(super) use layout::Layout;
