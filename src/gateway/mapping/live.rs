//! The parts of a body that a template holds: what it changes in them, `$input` shows from then on.
//!
//! AWS gives templates its one parsed document, so `#set($body = $input.path('$'))`, `#set($body.url = "…")` and
//! `$input.json('$')` print the body with another URL. Here the parsed body is shared by request and access log, and stays
//! as it is; a part becomes the template's own when it is first asked for.

use std::sync::Arc;

use serde_json::Value as Json;

use super::allowance::{Allowance, Exhausted};
use super::input_object::made;
use crate::jsonpath::PlainStep;
use crate::vtl::{HostError, List, Map, Value, writes};

/// With more parts than this, the whole document becomes one.
const PARTS_MAX: usize = 64;

/// The parts of one document that a template has been given.
#[derive(Default)]
pub(super) struct LiveDocument {
    /// None lies within another.
    parts: Vec<Part>,
    /// The number of writes up to which no part differs from the document.
    unchanged_at: u64,
    /// The document with all changes, and the number of writes up to which it is that.
    changed: Option<(Arc<Json>, u64)>,
}

struct Part {
    place: Vec<Step>,
    value: Value,
}

#[derive(Clone, PartialEq)]
enum Step {
    Name(String),
    Index(usize),
}

impl LiveDocument {
    /// The value at `path`: the template's own if it is a list or a map; empty if there is none.
    pub(super) fn part(
        &mut self,
        original: &Json,
        path: &[PlainStep<'_>],
        allowance: &mut Allowance,
    ) -> Result<Value, HostError> {
        let Some((place, found)) = locate(original, path) else {
            // It may lie in what the template has added.
            return Ok(self.within_a_part(original, path));
        };
        let holder = self.parts.iter().find(|part| place.starts_with(&part.place));
        if holder.is_some() {
            return Ok(self.within_a_part(original, path));
        }
        if !matches!(found, Json::Array(_) | Json::Object(_)) {
            return made(found, allowance);
        }
        let (place, found) =
            if self.parts.len() < PARTS_MAX { (place, found) } else { (Vec::new(), original) };
        let is_changed = self.is_changed();
        let value = made(found, allowance)?;
        let (within, others) = self.parts.drain(..).partition(|part| part.place.starts_with(&place));
        self.parts = others;
        let within: Vec<Part> = within;
        for part in within {
            graft(&value, &part.place[place.len()..], part.value);
        }
        self.parts.push(Part { place, value });
        if !is_changed {
            self.unchanged_at = writes();
        }
        Ok(self.within_a_part(original, path))
    }

    /// The document with what the template has changed; `None` if that is nothing.
    pub(super) fn changed(
        &mut self,
        original: &Json,
        allowance: &mut Allowance,
    ) -> Result<Option<Arc<Json>>, HostError> {
        if !self.is_changed() {
            return Ok(None);
        }
        if let Some((document, at)) = &self.changed
            && *at == writes()
        {
            return Ok(Some(document.clone()));
        }
        allowance.spend(Value::count(original))?;
        let mut document = original.clone();
        for part in &self.parts {
            // Whoever exceeds what is left has exhausted it.
            let weight = part.value.weight(allowance.left().saturating_add(1));
            allowance.spend(weight).map_err(|error: Exhausted| HostError::from(error))?;
            replace(&mut document, &part.place, part.value.to_json());
        }
        let document = Arc::new(document);
        self.changed = Some((document.clone(), writes()));
        Ok(Some(document))
    }

    fn is_changed(&self) -> bool {
        !self.parts.is_empty() && self.unchanged_at != writes()
    }

    /// The value at `path` in the part that holds it.
    fn within_a_part(&self, original: &Json, path: &[PlainStep<'_>]) -> Value {
        let found = self.parts.iter().find_map(|part| {
            let (place, _) = locate(original, path.get(..part.place.len())?)?;
            (place == part.place).then_some(part)
        });
        let Some(part) = found else { return Value::Empty };
        let rest = path.get(part.place.len()..).unwrap_or_default();
        let found = rest.iter().try_fold(part.value.clone(), |value, step| match (step, &value) {
            (PlainStep::Name(name), Value::Map(map)) => map.get_str(name),
            (PlainStep::Index(index), Value::List(list)) => {
                list.items().get(position(*index, list.len())?).cloned()
            }
            _ => None,
        });
        found.unwrap_or(Value::Empty)
    }
}

/// Where `path` leads in `document`, and what is there.
fn locate<'d>(document: &'d Json, path: &[PlainStep<'_>]) -> Option<(Vec<Step>, &'d Json)> {
    let mut place = Vec::with_capacity(path.len());
    let mut node = document;
    for step in path {
        let (step, next) = match (step, node) {
            (PlainStep::Name(name), Json::Object(members)) => {
                (Step::Name((*name).to_owned()), members.get(*name)?)
            }
            (PlainStep::Index(index), Json::Array(items)) => {
                let index = position(*index, items.len())?;
                (Step::Index(index), items.get(index)?)
            }
            _ => return None,
        };
        place.push(step);
        node = next;
    }
    Some((place, node))
}

/// An index from the start; a negative one counts from the end.
fn position(index: i32, len: usize) -> Option<usize> {
    let index = i64::from(index);
    let from_start = if index < 0 { index + i64::try_from(len).ok()? } else { index };
    usize::try_from(from_start).ok()
}

/// Puts a part that the template holds already into the larger one around it.
fn graft(around: &Value, place: &[Step], part: Value) {
    let Some((last, before)) = place.split_last() else { return };
    let holder = before.iter().try_fold(around.clone(), |value, step| match (step, &value) {
        (Step::Name(name), Value::Map(map)) => map.get_str(name),
        (Step::Index(index), Value::List(list)) => list.items().get(*index).cloned(),
        _ => None,
    });
    match (last, holder) {
        (Step::Name(name), Some(Value::Map(map))) => put(&map, name, part),
        (Step::Index(index), Some(Value::List(list))) => set(&list, *index, part),
        _ => {}
    }
}

fn put(map: &Map, name: &str, part: Value) {
    map.put(Value::str(name), part);
}

fn set(list: &List, index: usize, part: Value) {
    if let Some(item) = list.items_mut().get_mut(index) {
        *item = part;
    }
}

fn replace(document: &mut Json, place: &[Step], with: Json) {
    let found = place.iter().try_fold(document, |node, step| match step {
        Step::Name(name) => node.get_mut(name),
        Step::Index(index) => node.get_mut(*index),
    });
    if let Some(found) = found {
        *found = with;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jsonpath::Path;

    /// Gives the parts at `paths`, in order, and writes `new` into the map at the first one.
    fn check(document: Json, paths: &[&str], want: Json) {
        let mut live = LiveDocument::default();
        let mut allowance = Allowance::default();
        let mut parts = Vec::new();
        for path in paths {
            let path = Path::compile(path).unwrap();
            let steps = path.plain_steps().unwrap();
            parts.push(live.part(&document, &steps, &mut allowance).unwrap());
        }
        assert_eq!(live.changed(&document, &mut allowance).unwrap(), None, "{paths:?}");
        let Value::Map(first) = &parts[0] else { panic!("{paths:?}") };
        first.put(Value::str("new"), Value::Int(1));
        let changed = live.changed(&document, &mut allowance).unwrap();
        assert_eq!(changed.as_deref(), Some(&want), "{paths:?}");
        assert!(Arc::ptr_eq(&changed.unwrap(), &live.changed(&document, &mut allowance).unwrap().unwrap()));
    }

    #[test]
    fn parts_are_of_one_document_whatever_was_asked_for_first() {
        let document = json!({"a": {"b": [{"c": 1}, {}]}, "s": "x"});
        let inner = json!({"a": {"b": [{"c": 1, "new": 1}, {}]}, "s": "x"});
        check(document.clone(), &["$.a.b[0]"], inner.clone());
        check(document.clone(), &["$.a.b[0]", "$.a", "$", "$.a.b[0]"], inner.clone());
        check(document.clone(), &["$.a.b[0]", "$.a.b[1]", "$.a.b"], inner.clone());
        check(document.clone(), &["$.a.b[-2]", "$.s", "$.nope"], inner);
        check(document.clone(), &["$", "$.a"], json!({"a": {"b": [{"c": 1}, {}]}, "s": "x", "new": 1}));
        check(document, &["$.a.b[-1]"], json!({"a": {"b": [{"c": 1}, {"new": 1}]}, "s": "x"}));
    }

    #[test]
    fn what_was_added_is_found_and_what_was_taken_is_not() {
        let document = json!({"a": {"b": 1}});
        let (mut live, mut allowance) = (LiveDocument::default(), Allowance::default());
        let mut part = |path: &str| {
            let path = Path::compile(path).unwrap();
            live.part(&document, &path.plain_steps().unwrap(), &mut allowance).unwrap()
        };
        let Value::Map(root) = part("$") else { panic!() };
        root.put(Value::str("new"), Value::str("n"));
        assert_eq!(part("$.new").to_display_string(), "n");
        root.remove(&Value::str("a"));
        assert!(part("$.a.b").is_null() && part("$.a").is_null());
    }

    #[test]
    fn many_parts_become_one() {
        let count = PARTS_MAX + 10;
        let document = Json::Array((0..count).map(|n| json!({ "n": n })).collect());
        let (mut live, mut allowance) = (LiveDocument::default(), Allowance::default());
        for n in 0..count {
            let path = Path::compile(&format!("$[{n}]")).unwrap();
            let part = live.part(&document, &path.plain_steps().unwrap(), &mut allowance).unwrap();
            let Value::Map(part) = part else { panic!("{n}") };
            part.put(Value::str("seen"), Value::Bool(true));
            assert!(live.parts.len() <= PARTS_MAX, "{n}");
        }
        let changed = live.changed(&document, &mut allowance).unwrap().unwrap();
        assert!(changed.as_array().unwrap().iter().all(|item| item["seen"] == true));
    }

    #[test]
    fn changes_cost_what_they_weigh() {
        let document = json!({"a": {}});
        let path = Path::compile("$.a").unwrap();
        for (steps, fits) in [(1_000, true), (100, false)] {
            let (mut live, mut allowance) = (LiveDocument::default(), Allowance::of(steps));
            let Value::Map(part) =
                live.part(&document, &path.plain_steps().unwrap(), &mut allowance).unwrap()
            else {
                panic!()
            };
            part.put(Value::str("new"), Value::str(&"x".repeat(64 * 200)));
            assert_eq!(live.changed(&document, &mut allowance).is_ok(), fits, "{steps}");
        }
    }
}
