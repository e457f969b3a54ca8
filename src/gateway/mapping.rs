//! Transforms data on its way through: parameters, bodies and templates, from method to integration and back.

mod allowance;
pub(crate) mod content;
pub(crate) mod host;
pub(crate) mod payload;
pub(crate) mod source;
pub(crate) mod text;
pub(crate) mod trial;

mod context_object;
pub(crate) mod input_object;
mod live;
mod overrides;
mod util_object;
