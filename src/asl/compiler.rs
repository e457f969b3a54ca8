//! Reads a machine, and the machines inside it: branches and item processors.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::StateMachineType;
use super::diagnostics::{Code, Findings, Location};
use super::fields::{Fields, SECONDS_MAX};
use super::program::{Program, State, StateId};
use super::query_language::QueryLanguage;
use super::siblings::{Assignment, Siblings, reachable};
use super::state;
use super::variables::referenced;

/// Longest name of a state, in characters.
const NAME_CHARS_MAX: usize = 80;

/// How many Parallel and Map states may stand inside each other; AWS's bound is not known.
const NESTING_MAX: usize = 32;

/// What is known of the machine while it is read.
pub(super) struct Compiler<'a> {
    /// Standard or Express.
    pub(super) kind: StateMachineType,
    /// The machine's query language, which nested states start from too.
    pub(super) language: QueryLanguage,
    findings: &'a Findings,
    /// The arena; `None` is a state not read yet, or broken.
    states: Vec<Option<State>>,
    names: HashMap<Arc<str>, StateId>,
    /// Labels of Distributed Maps.
    labels: HashSet<Arc<str>>,
    nesting: usize,
    /// For each machine being read, outermost first: what the machines inside it assign.
    inner_assigned: Vec<Vec<Assignment>>,
}

/// What every machine has, and every one inside a state.
const REQUIRED: &[&str] = &["States", "StartAt"];

impl<'a> Compiler<'a> {
    /// Reads the whole definition; `None` if no program comes of it. What is wrong is among the findings either way.
    pub(super) fn compile(fields: &Fields<'a>, kind: StateMachineType) -> Option<Program> {
        let findings = fields.findings;
        let language = QueryLanguage::of_machine(fields);
        let mut compiler = Self {
            kind,
            language,
            findings,
            states: Vec::new(),
            names: HashMap::new(),
            labels: HashSet::new(),
            nesting: 0,
            inner_assigned: Vec::new(),
        };
        let has_required = fields.require(REQUIRED);
        fields.allow(&["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"]);
        fields.word("Version", &[("1.0", ())]);
        let comment = fields.string("Comment").map(str::to_owned);
        // 0 is taken, as others report of AWS. What it does isn't known: here it is no limit.
        let timeout_seconds = fields.integer("TimeoutSeconds", 0, SECONDS_MAX).filter(|seconds| 0 < *seconds);
        let start_at = compiler.read_states(fields, has_required);
        let states = compiler.states.into_iter().collect::<Option<_>>()?;
        Some(Program { comment, start_at: start_at?, timeout_seconds, states, names: compiler.names })
    }

    /// Reads `StartAt` and `States` of a machine inside a state: a branch or an item processor.
    pub(super) fn read_inner(&mut self, fields: &Fields<'a>) -> Option<StateId> {
        if self.nesting == NESTING_MAX {
            let message = format!("States are nested deeper than {NESTING_MAX} levels");
            self.findings.field(Code::TooDeeplyNested, &fields.at, message);
            return None;
        }
        self.nesting += 1;
        let has_required = fields.require(REQUIRED);
        let start_at = self.read_states(fields, has_required);
        self.nesting -= 1;
        start_at
    }

    /// Notes the label of a Distributed Map, of which there is one in a machine.
    pub(super) fn take_label(&mut self, label: &Arc<str>, at: &Location) {
        if !self.labels.insert(label.clone()) {
            let message = format!("Duplicate Label name: {label}");
            self.findings.field(Code::DuplicateLabelName, at, message);
        }
    }

    /// Reads them, of which `has_required` says whether both are there.
    fn read_states(&mut self, fields: &Fields<'a>, has_required: bool) -> Option<StateId> {
        let states = fields.object("States")?;
        if states.iter().next().is_none() {
            fields.field_problem("States", "Value cannot be empty");
            return None;
        }
        let n_errors = self.findings.n_schema_errors();
        let order = self.reserve(&states);
        let siblings = Siblings::new(order.iter().cloned().collect());
        let start_at = siblings.target(fields, "StartAt");
        siblings.take_targets();

        self.inner_assigned.push(Vec::new());
        let mut edges = HashMap::new();
        for ((name, id), (_, value)) in order.iter().zip(states.iter()) {
            if let Some(fields) = Fields::of(value, states.at.field(name), self.findings) {
                self.states[id.index()] = self.read_state(name, &fields, &siblings);
            }
            edges.insert(*id, siblings.take_targets());
        }
        // Of states that couldn't be read it isn't known where they go.
        if has_required && n_errors == self.findings.n_schema_errors() {
            self.check_ways(fields, start_at, &order, &edges, &siblings);
        }
        self.check_assignments(siblings.into_assigned());
        start_at
    }

    /// Gives every state of one `States` its place in the arena, so that the way can lead forward.
    fn reserve(&mut self, states: &Fields<'a>) -> Vec<(Arc<str>, StateId)> {
        let mut order = Vec::new();
        for (name, _) in states.iter() {
            let name: Arc<str> = name.into();
            let n_chars = name.chars().count();
            let at = states.at.field(&name);
            // Of AWS's words for a long one the beginning and the end are known, for none nothing.
            if n_chars == 0 || NAME_CHARS_MAX < n_chars {
                let message = match n_chars {
                    0 => format!("The name of a state must have 1 to {NAME_CHARS_MAX} characters"),
                    _ => format!(
                        "Invalid State name: {name} exceeds the {NAME_CHARS_MAX}-character limit allowed by the service"
                    ),
                };
                self.findings.field(Code::InvalidStateName, &at, message);
            }
            let id = StateId::from_index(self.states.len());
            if self.names.insert(name.clone(), id).is_some() {
                let message = format!("Duplicate State name: {name}");
                self.findings.field(Code::DuplicateStateName, &at, message);
            }
            order.push((name, id));
            self.states.push(None);
        }
        order
    }

    fn read_state(&mut self, name: &Arc<str>, fields: &Fields<'a>, siblings: &Siblings) -> Option<State> {
        let around = self.findings.take_referenced(BTreeSet::new());
        let kind = state::read(self, fields, siblings);
        let in_jsonata = self.findings.take_referenced(around);
        let (language, kind) = kind?;
        let variables = match language {
            QueryLanguage::JsonPath => referenced(fields),
            QueryLanguage::Jsonata => in_jsonata.into_iter().collect(),
        };
        let comment = fields.get("Comment").and_then(Value::as_str).map(str::to_owned);
        Some(State { name: name.clone(), comment, language, variables, kind })
    }

    /// Whether the workflow can end, and whether every state can be come by.
    fn check_ways(
        &self,
        fields: &Fields<'_>,
        start_at: Option<StateId>,
        order: &[(Arc<str>, StateId)],
        edges: &HashMap<StateId, Vec<StateId>>,
        siblings: &Siblings,
    ) {
        if !siblings.has_end() {
            // AWS gives no place for the machine itself; a branch or processor would be hard to find without.
            let at = (0 < self.nesting).then_some(&fields.at);
            self.findings.graph(Code::MissingEndState, at, "Workflow has no terminal state");
            return;
        }
        let Some(start_at) = start_at else { return };
        let reached = reachable(start_at, edges);
        for (name, _) in order.iter().filter(|(_, id)| !reached.contains(id)) {
            let message = format!("State \"{name}\" is not reachable.");
            let at = fields.at.field("States").field(name);
            self.findings.graph(Code::MissingTransitionTarget, Some(&at), message);
        }
    }

    /// A machine inside another must not assign the outer one's variables; AWS's wording is not recorded.
    fn check_assignments(&mut self, own: Vec<Assignment>) {
        let inner = self.inner_assigned.pop().unwrap_or_default();
        let names: HashSet<&str> = own.iter().map(|assignment| assignment.name.as_str()).collect();
        for Assignment { name, at } in inner.iter().filter(|inner| names.contains(inner.name.as_str())) {
            self.findings.schema(at, format!("The variable '{name}' is already assigned in an outer scope"));
        }
        if let Some(outer) = self.inner_assigned.last_mut() {
            outer.extend(own);
            outer.extend(inner);
        }
    }
}
