//! The Choice state: rules over the input, the first that holds decides.

use super::data_error::DataError;
use super::data_flow::InOut;
use super::intrinsic::Scope;
use super::program::StateId;
use super::template::Template;

/// A Choice state.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html>
#[derive(Clone, Debug)]
pub struct Choice {
    /// `Choices`, in order; at least one.
    pub rules: Vec<ChoiceRule>,
    /// `Default`.
    pub default: Option<StateId>,
    /// Filters.
    pub flow: InOut,
    /// `Assign` of the state: counts when `Default` is taken.
    pub assign: Option<Template>,
}

/// One of `Choices`.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    pub(super) test: Test,
    /// `Next`.
    pub next: StateId,
    /// `Assign` of the rule, which stands in for the state's.
    pub assign: Option<Template>,
}

/// What a Choice decided.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The rule that matched; `None` is `Default`.
    pub rule: Option<usize>,
    /// Where to go.
    pub next: StateId,
    /// The assignments to make on the way: the rule's, or for `Default` the state's.
    pub assign: Option<&'a Template>,
}

impl Choice {
    /// The first rule that holds, or else `Default`; `States.NoChoiceMatched` if there is neither. `scope`'s
    /// input is the effective one.
    pub fn decide(&self, scope: &dyn Scope) -> Result<Decision<'_>, DataError>;
}
