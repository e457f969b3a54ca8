//! The states of one machine, branch or item processor while they are read: who can go to whom.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::diagnostics::{Code, Location};
use super::fields::Fields;
use super::program::{StateId, Transition};
use super::template::Template;

/// States that can reach each other, because they stand in the same `States`.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    ids: HashMap<Arc<str>, StateId>,
    /// Where the state being read can go.
    targets: RefCell<Vec<StateId>>,
    /// Whether a state that ends the workflow was read.
    has_end: Cell<bool>,
    /// The variables that these states assign, and where.
    assigned: RefCell<Vec<Assignment>>,
}

/// A variable and the state field that assigns it.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) at: Location,
}

impl Siblings {
    pub(super) fn new(ids: HashMap<Arc<str>, StateId>) -> Self {
        Self { ids, ..Self::default() }
    }

    /// The state that the field `name` leads to.
    pub(super) fn target(&self, fields: &Fields<'_>, name: &str) -> Option<StateId> {
        let target = fields.string(name)?;
        let Some(id) = self.ids.get(target).copied() else {
            // AWS calls the target `Next` whatever the field is called.
            let message = format!("Missing 'Next' target: {target}");
            fields.findings.graph(Code::MissingTransitionTarget, Some(&fields.at.field(name)), message);
            return None;
        };
        self.targets.borrow_mut().push(id);
        Some(id)
    }

    /// `Next` or `End` of a state that needs one of them.
    pub(super) fn transition(&self, fields: &Fields<'_>) -> Option<Transition> {
        // `"End": false` beside a `Next` says what that says already.
        let goes_on = fields.has("Next") && fields.get("End") == Some(&Value::Bool(false));
        if goes_on || fields.exactly_one(&["Next", "End"])? == "Next" {
            return self.target(fields, "Next").map(Transition::Next);
        }
        if !fields.boolean("End")? {
            // `"End": false` alone says nothing.
            fields.none_of(&["Next", "End"]);
            return None;
        }
        self.end();
        Some(Transition::End)
    }

    /// Notes that the state being read ends the workflow.
    pub(super) fn end(&self) {
        self.has_end.set(true);
    }

    /// `Assign` of a state, rule or catcher.
    pub(super) fn assign(&self, fields: &Fields<'_>) -> Option<Template> {
        let template = Template::compile_assign(fields.object("Assign")?)?;
        let at = fields.at.field("Assign");
        let assignment = |name: &str| Assignment { name: name.to_owned(), at: at.clone() };
        self.assigned.borrow_mut().extend(template.keys().map(assignment));
        Some(template)
    }

    /// Where the state that was read last can go.
    pub(super) fn take_targets(&self) -> Vec<StateId> {
        self.targets.take()
    }

    /// Whether any of these states ends the workflow.
    pub(super) fn has_end(&self) -> bool {
        self.has_end.get()
    }

    /// The variables that these states assign.
    pub(super) fn into_assigned(self) -> Vec<Assignment> {
        self.assigned.into_inner()
    }
}

/// The states that a walk from `start` comes by.
pub(super) fn reachable(start: StateId, edges: &HashMap<StateId, Vec<StateId>>) -> HashSet<StateId> {
    let mut seen = HashSet::from([start]);
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        for target in edges.get(&id).into_iter().flatten() {
            if seen.insert(*target) {
                open.push(*target);
            }
        }
    }
    seen
}
