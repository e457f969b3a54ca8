//! States and transitions of a definition, as far as a picture shows them.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

/// The most states that are drawn.
pub(in super::super) const STATES_MAX: usize = 2_000;
/// How deep Parallel and Map states may lie within each other.
const DEPTH_MAX: usize = 16;
/// The longest description of a choice.
const LABEL_CHARS_MAX: usize = 120;

/// The states of one level: a whole definition, a branch, or the processor of a Map.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Flow {
    pub(super) start: Option<usize>,
    pub(super) states: Vec<State>,
    pub(super) edges: Vec<Edge>,
}

/// A state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    pub(super) name: String,
    /// Its type.
    pub(super) kind: String,
    /// What is written below its name.
    pub(super) about: String,
    /// Branches, or the processor of a Map.
    pub(super) nested: Vec<Flow>,
    pub(super) retries: bool,
    /// Of a state with others inside: its number, and whether they are left out.
    pub(super) fold: Option<(usize, bool)>,
}

/// A transition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) from: usize,
    /// `None` for the end.
    pub(super) to: Option<usize>,
    pub(super) kind: EdgeKind,
    /// When it is taken, if that needs saying.
    pub(super) label: String,
}

/// Why a transition is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum EdgeKind {
    /// It follows.
    Next,
    /// A rule of a Choice.
    Choice,
    /// An error was caught.
    Catch,
}

impl Flow {
    /// Reads a definition; `None` if it has no states, too many, or too many levels.
    pub(in super::super) fn read(definition: &Value) -> Option<Self> {
        let mut left = STATES_MAX;
        let mut flow = Self::level(definition, DEPTH_MAX, &mut left)?;
        flow.number(&mut 0);
        Some(flow)
    }

    /// Numbers the states that others lie within, in the order of the definition.
    fn number(&mut self, next: &mut usize) {
        for state in self.states.iter_mut().filter(|state| !state.nested.is_empty()) {
            state.fold = Some((*next, false));
            *next += 1;
            state.nested.iter_mut().for_each(|flow| flow.number(next));
        }
    }

    /// The numbers of all states that others lie within.
    pub(in super::super) fn boxes(&self) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for state in &self.states {
            found.extend(state.fold.map(|(number, _)| number));
            found.extend(state.nested.iter().flat_map(Self::boxes));
        }
        found
    }

    /// Leaves out what lies within the states of these numbers.
    pub(in super::super) fn fold(&mut self, folded: &BTreeSet<usize>) {
        for state in &mut self.states {
            if let Some((number, is_folded)) = &mut state.fold
                && folded.contains(number)
            {
                *is_folded = true;
                if state.kind == "Parallel" {
                    state.about = format!("Parallel, {} branches", state.nested.len());
                }
                state.nested.clear();
            }
            state.nested.iter_mut().for_each(|flow| flow.fold(folded));
        }
    }

    fn level(definition: &Value, depth: usize, left: &mut usize) -> Option<Self> {
        let members = definition.get("States")?.as_object().filter(|states| !states.is_empty())?;
        *left = left.checked_sub(members.len())?;
        let depth = depth.checked_sub(1)?;
        let places: HashMap<&str, usize> =
            members.keys().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let mut flow = Self {
            start: definition
                .get("StartAt")
                .and_then(Value::as_str)
                .and_then(|name| places.get(name).copied()),
            ..Self::default()
        };
        for (at, (name, state)) in members.iter().enumerate() {
            flow.states.push(state_of(name, state, depth, left)?);
            flow.edges.extend(edges_of(at, state, &places));
        }
        Some(flow)
    }
}

fn state_of(name: &str, state: &Value, depth: usize, left: &mut usize) -> Option<State> {
    let text = |member: &str| state.get(member).and_then(Value::as_str).unwrap_or_default();
    let kind = text("Type").to_owned();
    let levels: Vec<&Value> = match kind.as_str() {
        "Parallel" => {
            state.get("Branches").and_then(Value::as_array).map_or_else(Vec::new, |it| it.iter().collect())
        }
        "Map" => state.get("ItemProcessor").or_else(|| state.get("Iterator")).into_iter().collect(),
        _ => Vec::new(),
    };
    let nested =
        levels.into_iter().map(|level| Flow::level(level, depth, left)).collect::<Option<Vec<_>>>()?;
    let is_distributed =
        state.pointer("/ItemProcessor/ProcessorConfig/Mode").and_then(Value::as_str) == Some("DISTRIBUTED");
    let about = match kind.as_str() {
        "Task" => short_resource(text("Resource")),
        "Map" if is_distributed => "Distributed Map".to_owned(),
        kind => kind.to_owned(),
    };
    let retries = state.get("Retry").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    Some(State { name: name.to_owned(), kind, about, nested, retries, fold: None })
}

/// `arn:aws:states:::sqs:sendMessage.waitForTaskToken` as `sqs:sendMessage.waitForTaskToken`.
fn short_resource(arn: &str) -> String {
    match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "states", "", "", action] => action.to_owned(),
        ["arn", _, "states", _, _, rest] | ["arn", _, "lambda", _, _, rest] => rest.to_owned(),
        _ => arn.to_owned(),
    }
}

fn edges_of(from: usize, state: &Value, places: &HashMap<&str, usize>) -> Vec<Edge> {
    let target = |value: Option<&Value>| places.get(value?.as_str()?).copied();
    let list = |member: &str| state.get(member).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut edges = Vec::new();
    let mut push = |to: Option<usize>, kind, label: String| edges.push(Edge { from, to, kind, label });
    for (at, rule) in list("Choices").iter().enumerate() {
        if let Some(to) = target(rule.get("Next")) {
            push(Some(to), EdgeKind::Choice, format!("rule {}: {}", at + 1, condition(rule)));
        }
    }
    if let Some(to) = target(state.get("Default")) {
        push(Some(to), EdgeKind::Choice, "Default".to_owned());
    }
    if let Some(to) = target(state.get("Next")) {
        push(Some(to), EdgeKind::Next, String::new());
    }
    for rule in list("Catch") {
        if let Some(to) = target(rule.get("Next")) {
            let errors = rule.get("ErrorEquals").map(Value::to_string).unwrap_or_default();
            push(Some(to), EdgeKind::Catch, cut(&format!("Catch {errors}")));
        }
    }
    let is_last = state.get("End").and_then(Value::as_bool) == Some(true);
    if is_last || matches!(state.get("Type").and_then(Value::as_str), Some("Succeed" | "Fail")) {
        push(None, EdgeKind::Next, String::new());
    }
    edges
}

/// What a Choice's rule asks, in short.
fn condition(rule: &Value) -> String {
    if let Some(condition) = rule.get("Condition").and_then(Value::as_str) {
        return cut(condition);
    }
    let shown = rule.as_object().into_iter().flatten();
    let shown = shown.filter(|(name, _)| !matches!(name.as_str(), "Next" | "Comment" | "Assign" | "Output"));
    let shown: Vec<_> = shown.map(|(name, value)| format!("{name} {value}")).collect();
    cut(&shown.join(", "))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LABEL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn states_and_transitions_are_read_with_what_lies_within() {
        let definition = json!({"StartAt": "Check", "States": {
            "Check": {"Type": "Choice", "Default": "Work", "Choices": [
                {"Variable": "$.n", "NumericEquals": 1, "Next": "Work"}, {"Condition": "{% $x %}", "Next": "Nowhere"}]},
            "Work": {"Type": "Parallel", "End": true, "Retry": [{"ErrorEquals": ["States.ALL"]}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Check"}], "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true}}},
                {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "Iterator":
                    {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}}}]}}});
        let flow = Flow::read(&definition).unwrap();
        assert_eq!(flow.start, Some(0));
        let shown =
            |flow: &Flow| flow.states.iter().map(|it| format!("{} {}", it.name, it.kind)).collect::<Vec<_>>();
        assert_eq!(shown(&flow), ["Check Choice", "Work Parallel"]);
        let [first, second] = &flow.states[1].nested[..] else { panic!("{flow:?}") };
        assert_eq!((shown(first), shown(second)), (vec!["A Task".to_owned()], vec!["M Map".to_owned()]));
        assert_eq!(shown(&second.states[0].nested[0]), ["I Succeed"]);
        let edges: Vec<_> =
            flow.edges.iter().map(|it| (it.from, it.to, it.kind, it.label.as_str())).collect();
        assert_eq!(
            edges,
            [
                (0, Some(1), EdgeKind::Choice, "rule 1: Variable \"$.n\", NumericEquals 1"),
                (0, Some(1), EdgeKind::Choice, "Default"),
                (1, Some(0), EdgeKind::Catch, "Catch [\"States.ALL\"]"),
                (1, None, EdgeKind::Next, ""),
            ]
        );
        assert!(flow.states[1].retries && flow.states[1].nested[0].states[0].about == "sqs:sendMessage");
    }

    #[test]
    fn boxes_are_numbered_in_order_and_folded_by_number() {
        let inner = |name: &str, state: Value| json!({"StartAt": name, "States": {name: state}});
        let pass = json!({"Type": "Pass", "End": true});
        let map = json!({"Type": "Map", "End": true, "ItemProcessor": inner("I", pass.clone())});
        let definition = json!({"StartAt": "P", "States": {
            "P": {"Type": "Parallel", "Next": "M2", "Branches": [inner("A", pass), inner("M1", map.clone())]}, "M2": map}});
        let flow = Flow::read(&definition).unwrap();
        assert_eq!(flow.boxes(), BTreeSet::from([0, 1, 2]));
        let folded = |numbers: &[usize]| {
            let mut flow = flow.clone();
            flow.fold(&numbers.iter().copied().collect());
            flow
        };
        let inside = folded(&[1]);
        assert_eq!(inside.states[0].nested[1].states[0].fold, Some((1, true)));
        assert!(
            inside.states[0].nested[1].states[0].nested.is_empty() && !inside.states[1].nested.is_empty()
        );
        let outside = folded(&[0, 2, 9]);
        assert_eq!(
            (outside.states[0].about.as_str(), outside.boxes()),
            ("Parallel, 2 branches", BTreeSet::from([0, 2]))
        );
        assert!(outside.states.iter().all(|it| it.nested.is_empty()));
    }

    #[test]
    fn what_is_no_definition_or_too_large_a_one_is_not_drawn() {
        for bad in
            [json!(null), json!({}), json!({"States": []}), json!({"States": {}}), json!({"States": "x"})]
        {
            assert_eq!(Flow::read(&bad), None, "{bad}");
        }
        let states = |n: usize| (0..n).map(|at| (at.to_string(), json!({"Type": "Pass"}))).collect::<Value>();
        assert!(Flow::read(&json!({"States": states(STATES_MAX)})).is_some());
        assert!(Flow::read(&json!({"States": states(STATES_MAX + 1)})).is_none());
        let nest = |levels: usize| {
            (1..levels).fold(
                json!({"States": {"S": {"Type": "Pass"}}}),
                |inner, _| json!({"States": {"S": {"Type": "Map", "Iterator": inner}}}),
            )
        };
        assert!(Flow::read(&nest(DEPTH_MAX)).is_some());
        assert!(Flow::read(&nest(DEPTH_MAX + 1)).is_none());
        // Odd members are passed over.
        let odd = json!({"StartAt": 1, "States": {"S": {"Type": 1, "Next": {}, "Catch": {}, "Choices": [1], "End": 1}}});
        assert_eq!(Flow::read(&odd).unwrap().edges, []);
    }
}
