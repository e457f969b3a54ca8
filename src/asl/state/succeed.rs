//! The Succeed state.

use super::super::data_flow::InOut;
use super::super::fields::Fields;
use super::super::siblings::Siblings;

/// A Succeed state.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html>
#[derive(Clone, Debug)]
pub struct Succeed {
    /// Filters.
    pub flow: InOut,
}

impl Succeed {
    pub(super) fn read(state: &Fields<'_>, siblings: &Siblings) -> Self {
        siblings.end();
        Self { flow: InOut::read(state) }
    }
}
