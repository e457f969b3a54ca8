//! What of a definition an execution used, read from its entries.

use std::collections::{BTreeMap, BTreeSet};

use super::super::event::EventKind;
use super::super::execution::{Entry, Execution, ExecutionStart, FrameId};
use super::Env;
use super::scope::StateScope;
use crate::asl::{Catcher, Choice, DataError, Program, StateId, StateKind, Transition};
use crate::json::Payload;

/// States, rules and catchers by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// States that were entered.
    pub states: BTreeSet<StateId>,
    /// Rules of Choice states that held; `None` is `Default`.
    pub rules: BTreeSet<(StateId, Option<usize>)>,
    /// Catchers that caught.
    pub catchers: BTreeSet<(StateId, usize)>,
}

impl Covered {
    /// Folds `entries` again and looks on.
    pub fn read(program: &Program, start: ExecutionStart, entries: &[Entry], env: &Env<'_>) -> Self {
        let mut covered = Self::default();
        let mut execution = Execution::new(start);
        // States that failed and were not begun again, by frame.
        let mut failed: BTreeMap<FrameId, bool> = BTreeMap::new();
        let mut left: BTreeMap<FrameId, StateId> = BTreeMap::new();
        for entry in entries {
            let state_before =
                execution.frames.get(&entry.frame).and_then(|f| f.at.as_ref()).map(|at| at.state);
            execution.apply(program, entry);
            let Some(event) = &entry.event else { continue };
            let frame = entry.frame;
            match &event.kind {
                EventKind::StateEntered { name, input, .. } => {
                    let Some(state) = program.find(name) else { continue };
                    let has_failed = failed.remove(&frame).unwrap_or(false);
                    if let Some(from) = left.remove(&frame)
                        && let Some(catcher) = catcher_to(&program[from].kind, state, has_failed)
                    {
                        covered.catchers.insert((from, catcher));
                    }
                    covered.states.insert(state);
                    if let StateKind::Choice(choice) = &program[state].kind
                        && let Ok(rule) = decision(program, &execution, env, frame, choice, input)
                    {
                        covered.rules.insert((state, rule));
                    }
                }
                EventKind::StateExited { .. } => {
                    left.extend(state_before.map(|state| (frame, state)));
                }
                EventKind::ParallelStateFailed
                | EventKind::MapStateFailed
                | EventKind::MapRunFailed(_)
                | EventKind::ActivityFailed(_)
                | EventKind::ActivityTimedOut(_)
                | EventKind::LambdaFunctionFailed(_)
                | EventKind::LambdaFunctionTimedOut(_)
                | EventKind::TaskFailed { .. }
                | EventKind::TaskSubmitFailed { .. }
                | EventKind::TaskTimedOut { .. } => {
                    failed.insert(frame, true);
                }
                EventKind::ActivityScheduled { .. }
                | EventKind::LambdaFunctionScheduled { .. }
                | EventKind::TaskScheduled { .. } => {
                    failed.insert(frame, false);
                }
                _ => {} // Nothing else tells what was used.
            }
        }
        covered
    }

    /// Takes in what another execution used.
    pub fn merge(&mut self, other: &Self) {
        self.states.extend(&other.states);
        self.rules.extend(&other.rules);
        self.catchers.extend(&other.catchers);
    }

    /// The same for the machine that `from`, the item processor of a Map, is part of.
    pub fn within(&self, from: &Program, whole: &Program) -> Self {
        let of = |state: &StateId| whole.find(&from[*state].name);
        Self {
            states: self.states.iter().filter_map(of).collect(),
            rules: self.rules.iter().filter_map(|(state, rule)| Some((of(state)?, *rule))).collect(),
            catchers: self.catchers.iter().filter_map(|(state, i)| Some((of(state)?, *i))).collect(),
        }
    }

    /// Everything that there is to use.
    pub fn all(program: &Program) -> Self {
        let mut all = Self { states: program.ids().collect(), ..Self::default() };
        for state in program.ids() {
            if let StateKind::Choice(choice) = &program[state].kind {
                all.rules.extend((0..choice.rules.len()).map(|rule| (state, Some(rule))));
                all.rules.extend(choice.default.map(|_| (state, None)));
            }
            all.catchers.extend((0..recovery(&program[state].kind).0.len()).map(|catcher| (state, catcher)));
        }
        all
    }
}

fn recovery(kind: &StateKind) -> (&[Catcher], Option<Transition>) {
    match kind {
        StateKind::Task(task) => (&task.catch, Some(task.next)),
        StateKind::Parallel(parallel) => (&parallel.catch, Some(parallel.next)),
        StateKind::Map(map) => (&map.catch, Some(map.next)),
        StateKind::Pass(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_)
        | StateKind::Choice(_) => (&[], None),
    }
}

/// The catcher that led from a state to `to`. Where one leads where the state goes anyway, only a failure tells.
fn catcher_to(from: &StateKind, to: StateId, has_failed: bool) -> Option<usize> {
    let (catch, next) = recovery(from);
    let is_ordinary = matches!(next, Some(Transition::Next(next)) if next == to);
    if is_ordinary && !has_failed {
        return None;
    }
    catch.iter().position(|catcher| catcher.next == to)
}

fn decision(
    program: &Program,
    execution: &Execution,
    env: &Env<'_>,
    frame: FrameId,
    choice: &Choice,
    input: &Payload,
) -> Result<Option<usize>, DataError> {
    let raw = StateScope::new(execution, program, env, frame, input.value());
    let effective = choice.flow.input_path.select(&raw)?;
    let scope = StateScope::new(execution, program, env, frame, &effective);
    Ok(choice.decide(&scope)?.rule)
}
