//! How much of a definition the scenarios in a file have used.

use serde_json::{Value, json};

use crate::asl::{Program, StateId};
use crate::engine::machine::Covered;

/// A line with counts, and a line with what is missing.
pub(super) fn report(program: &Program, covered: &Covered) -> String {
    let all = Covered::all(program);
    let mut report = format!(
        "  coverage: states {}/{}, choice rules {}/{}, catchers {}/{}",
        covered.states.len(),
        all.states.len(),
        covered.rules.len(),
        all.rules.len(),
        covered.catchers.len(),
        all.catchers.len()
    );
    let missing = missing(program, covered);
    if !missing.is_empty() {
        report.push_str("\n  not covered: ");
        report.push_str(&missing.join(", "));
    }
    report
}

pub(super) fn to_json(program: &Program, covered: &Covered) -> Value {
    let all = Covered::all(program);
    let count = |covered: usize, all: usize| json!({"covered": covered, "all": all});
    json!({
        "states": count(covered.states.len(), all.states.len()),
        "choiceRules": count(covered.rules.len(), all.rules.len()),
        "catchers": count(covered.catchers.len(), all.catchers.len()),
        "missing": missing(program, covered),
    })
}

fn missing(program: &Program, covered: &Covered) -> Vec<String> {
    let all = Covered::all(program);
    let name = |state: &StateId| program[*state].name.clone();
    let states = all.states.difference(&covered.states).map(|state| format!("state {:?}", name(state)));
    let rules = all.rules.difference(&covered.rules).map(|(state, rule)| match rule {
        Some(rule) => format!("rule {} of {:?}", rule + 1, name(state)),
        None => format!("the default of {:?}", name(state)),
    });
    let catchers = all.catchers.difference(&covered.catchers);
    let catchers = catchers.map(|(state, catcher)| format!("catcher {} of {:?}", catcher + 1, name(state)));
    states.chain(rules).chain(catchers).collect()
}
