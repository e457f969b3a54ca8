//! The checked form of a state machine: what the engine runs.

use std::collections::HashMap;
use std::ops::Index;
use std::sync::Arc;

use super::query_language::QueryLanguage;
use super::retry::Catcher;
use super::state::{Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};

/// A checked state machine. Names of states are unique over the whole machine, nested ones included.
#[derive(Clone, Debug)]
pub struct Program {
    /// `Comment`.
    pub comment: Option<String>,
    /// `StartAt`: the first state.
    pub start_at: StateId,
    /// `TimeoutSeconds` of the whole execution; `None` is no limit but the service's.
    pub timeout_seconds: Option<u64>,
    /// Every state, nested ones too.
    pub(super) states: Vec<State>,
    /// Their names.
    pub(super) names: HashMap<Arc<str>, StateId>,
}

impl Program {
    /// The state called `name`, wherever it is nested.
    pub fn find(&self, name: &str) -> Option<StateId> {
        self.names.get(name).copied()
    }

    /// The states that refer to variables, and those variables sorted: `variableReferences` of
    /// DescribeStateMachine.
    pub fn variable_references(&self) -> impl Iterator<Item = (&str, &[Arc<str>])> {
        let referring = self.states.iter().filter(|state| !state.variables.is_empty());
        referring.map(|state| (&*state.name, state.variables.as_slice()))
    }

    /// Whether any of its states is in JSONata, whose expressions may take their time.
    pub fn has_jsonata(&self) -> bool {
        self.states.iter().any(|state| state.language == QueryLanguage::Jsonata)
    }

    /// Whether any of its states assigns a variable or refers to one.
    pub fn has_variables(&self) -> bool {
        self.states.iter().any(|state| !state.variables.is_empty() || state.kind.assigns())
    }

    /// Whether any of its states is a Map in DISTRIBUTED mode; those of such a Map's own states don't count.
    pub fn has_distributed_map(&self) -> bool {
        self.states
            .iter()
            .any(|state| matches!(&state.kind, StateKind::Map(map) if map.distributed.is_some()))
    }

    /// The labels of its distributed Maps.
    pub fn map_labels(&self) -> impl Iterator<Item = &Arc<str>> {
        self.states.iter().filter_map(|state| match &state.kind {
            StateKind::Map(map) => map.distributed.as_ref().map(|distributed| &distributed.processor.label),
            _ => None,
        })
    }

    /// Every state, nested ones too; each `States` object in the order of the definition.
    pub fn ids(&self) -> impl Iterator<Item = StateId> + use<> {
        (0..self.states.len()).map(StateId::from_index)
    }
}

/// A state of one [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(u32);

impl StateId {
    /// The id of the state at `index` of the arena.
    pub(super) fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("a definition of 1 MiB holds fewer than 2^32 states"))
    }

    /// The place in the arena, the same for the same definition text.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl Index<StateId> for Program {
    type Output = State;
    fn index(&self, id: StateId) -> &State {
        &self.states[id.index()]
    }
}

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name, at most 80 characters.
    pub name: Arc<str>,
    /// Its `Comment`.
    pub comment: Option<String>,
    /// The language of its expressions.
    pub language: QueryLanguage,
    /// The variables that it refers to, sorted, without `$`.
    pub variables: Vec<Arc<str>>,
    /// What it does.
    pub kind: StateKind,
}

/// What a state does, by its `Type`.
#[derive(Clone, Debug)]
pub enum StateKind {
    /// Hands its input on, perhaps changed.
    Pass(Pass),
    /// Waits for a time.
    Wait(Wait),
    /// Ends its machine, branch or iteration well.
    Succeed(Succeed),
    /// Ends its machine, branch or iteration with an error.
    Fail(Fail),
    /// Picks the next state.
    Choice(Choice),
    /// Has work done outside.
    Task(Box<Task>),
    /// Runs branches side by side.
    Parallel(Box<Parallel>),
    /// Runs one processor for each item.
    Map(Box<Map>),
}

impl StateKind {
    /// The `Type` field's word.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Pass(_) => "Pass",
            Self::Wait(_) => "Wait",
            Self::Succeed(_) => "Succeed",
            Self::Fail(_) => "Fail",
            Self::Choice(_) => "Choice",
            Self::Task(_) => "Task",
            Self::Parallel(_) => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}

impl StateKind {
    /// Whether it has an `Assign`.
    fn assigns(&self) -> bool {
        let catches = |catch: &[Catcher]| catch.iter().any(|catcher| catcher.assign.is_some());
        match self {
            Self::Pass(pass) => pass.assign.is_some(),
            Self::Wait(wait) => wait.assign.is_some(),
            Self::Choice(choice) => {
                choice.assign.is_some() || choice.rules.iter().any(|rule| rule.assign.is_some())
            }
            Self::Task(task) => task.assign.is_some() || catches(&task.catch),
            Self::Parallel(parallel) => parallel.assign.is_some() || catches(&parallel.catch),
            Self::Map(map) => map.assign.is_some() || catches(&map.catch),
            Self::Succeed(_) | Self::Fail(_) => false,
        }
    }
}

/// Where a state that is done goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `Next`.
    Next(StateId),
    /// `End: true`: the machine, branch or iteration is done.
    End,
}
