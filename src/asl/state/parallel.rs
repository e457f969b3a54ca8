//! The Parallel state.

use super::super::compiler::Compiler;
use super::super::data_flow::DataFlow;
use super::super::fields::Fields;
use super::super::program::{StateId, Transition};
use super::super::query::Reach;
use super::super::retry::{Catcher, Retrier};
use super::super::siblings::Siblings;
use super::super::template::Template;

/// A Parallel state.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html>
#[derive(Clone, Debug)]
pub struct Parallel {
    /// The first state of each branch, in order; at least one.
    pub branches: Vec<StateId>,
    /// The way of data; each branch gets the effective input.
    pub flow: DataFlow,
    /// `Retry`, in order.
    pub retry: Vec<Retrier>,
    /// `Catch`, in order.
    pub catch: Vec<Catcher>,
    /// `Assign`: sees the result as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

impl Parallel {
    pub(super) fn read<'a>(
        compiler: &mut Compiler<'a>,
        state: &Fields<'a>,
        siblings: &Siblings,
    ) -> Option<Self> {
        let branches = read_branches(compiler, state);
        let flow = DataFlow::read_with_parameters(state);
        let retry = Retrier::read_all(state);
        let catch = Catcher::read_all(state, siblings);
        let assign = siblings.assign(&state.reaching(Reach::Result));
        let next = siblings.transition(state)?;
        Some(Self { branches, flow, retry, catch, assign, next })
    }
}

/// The first states of the branches; broken branches are left out and among the findings.
fn read_branches<'a>(compiler: &mut Compiler<'a>, state: &Fields<'a>) -> Vec<StateId> {
    state.require(&["Branches"]);
    let mut branches = Vec::new();
    for (branch, _) in state.filled_objects("Branches") {
        branch.allow(&["StartAt", "States", "Comment"]);
        branch.string("Comment");
        branches.extend(compiler.read_inner(&branch));
    }
    branches
}
