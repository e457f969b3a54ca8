//! Where a state stands in a definition.

use serde_json::{Map, Value};

/// Where the states within a state stand.
const PROCESSORS: [&str; 2] = ["ItemProcessor", "Iterator"];

/// The state called `name`, wherever it is nested; without a name, the definition is the state itself.
pub(super) fn find<'a>(definition: &'a Value, name: Option<&str>) -> Option<&'a Value> {
    match name {
        None => Some(definition),
        Some(name) => walk(definition, false, &mut |found, state, _| (found == name).then_some(state)),
    }
}

/// Whether one of the states within `state` is called `name`.
pub(super) fn contains(state: &Value, name: &str) -> bool {
    inner(state)
        .any(|(machine, _)| walk(machine, false, &mut |found, _, _| (found == name).then_some(())).is_some())
}

/// Whether the state called `name` is part of a Map's item processor.
pub(super) fn is_in_map(definition: &Value, name: &str) -> bool {
    walk(definition, false, &mut |found, _, in_map| (found == name).then_some(in_map)).unwrap_or(false)
}

/// Calls `visit` with each state of a machine until it answers: its name, itself, and whether it is within a Map.
fn walk<'a, T>(
    machine: &'a Value,
    in_map: bool,
    visit: &mut dyn FnMut(&'a str, &'a Value, bool) -> Option<T>,
) -> Option<T> {
    let states = machine.get("States").and_then(Value::as_object);
    states.into_iter().flat_map(Map::iter).find_map(|(name, state)| {
        visit(name, state, in_map)
            .or_else(|| inner(state).find_map(|(machine, is_map)| walk(machine, in_map || is_map, visit)))
    })
}

/// The machines within a state, and whether each is a Map's.
fn inner(state: &Value) -> impl Iterator<Item = (&Value, bool)> {
    let branches = state.get("Branches").and_then(Value::as_array);
    let processors = PROCESSORS.iter().filter_map(|name| state.get(*name));
    let branches = branches.into_iter().flatten().map(|branch| (branch, false));
    branches.chain(processors.map(|processor| (processor, true)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn states_are_found_within_others() {
        let definition = json!({"States": {
            "M": {"Type": "Map", "Iterator": {"States": {
                "P": {"Type": "Parallel", "Branches": [{"States": {"A": {"Type": "Pass"}}}]},
            }}},
            "Q": {"Type": "Parallel", "Branches": [{"States": {"B": {"Type": "Fail"}}}]},
        }});
        assert_eq!(find(&definition, Some("B")), Some(&json!({"Type": "Fail"})));
        assert_eq!(find(&definition, Some("C")), None);
        for (name, expect) in [("M", false), ("P", true), ("A", true), ("Q", false), ("B", false)] {
            assert_eq!(is_in_map(&definition, name), expect, "{name}");
        }
        let map = find(&definition, Some("M")).unwrap();
        assert!(contains(map, "A") && contains(map, "P"));
        assert!(!contains(map, "M") && !contains(map, "B"));
        assert!(contains(find(&definition, Some("Q")).unwrap(), "B"));
    }
}
