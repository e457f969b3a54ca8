//! Methods of map entries and of `$foreach`.

use super::{Answer, Call};
use crate::vtl::value::{Entry, Loop, Map, Value};

pub(super) fn call(entry: &Entry, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("getKey", []) => entry.key().clone(),
        ("getValue", []) => entry.value(),
        ("setValue", [value]) => entry.map.put(entry.key().clone(), value.clone()).unwrap_or_default(),
        _ => return Ok(None),
    }))
}

pub(super) fn call_loop(state: &Loop, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("hasNext" | "getHasNext", []) => Value::Bool(state.0.has_next.get()),
        ("get", [Value::Str(name)]) => state.attribute(name),
        ("put", [name, value]) => {
            let attributes = state.0.attributes.borrow_mut().get_or_insert_with(Map::new).clone();
            attributes.put(name.clone(), value.clone()).unwrap_or_default()
        }
        ("stop", []) => Value::Null,
        (name, []) => {
            let Some(property) = name.strip_prefix("get").or_else(|| name.strip_prefix("is")) else {
                return Ok(None);
            };
            let mut letters = property.chars();
            let property: String =
                letters.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(letters).collect();
            built_in(state, &property).unwrap_or_default()
        }
        _ => return Ok(None),
    }))
}

pub(super) fn loop_property(state: &Loop, name: &str) -> Value {
    built_in(state, name).unwrap_or_else(|| state.attribute(name))
}

fn built_in(state: &Loop, name: &str) -> Option<Value> {
    let index = state.0.index.get();
    Some(match name {
        "index" => Value::Int(index),
        "count" => Value::Int(index.saturating_add(1)),
        "hasNext" => Value::Bool(state.0.has_next.get()),
        "first" => Value::Bool(index == 0),
        "last" => Value::Bool(!state.0.has_next.get()),
        "parent" => match &state.0.replaced {
            parent @ Value::Loop(_) => parent.clone(),
            _ => Value::Null,
        },
        "replaced" => state.0.replaced.clone(),
        "topmost" => {
            let mut topmost = state.clone();
            while let Value::Loop(parent) = &topmost.0.replaced {
                topmost = parent.clone();
            }
            Value::Loop(topmost)
        }
        _ => return None,
    })
}

impl Loop {
    /// An attribute that the template has set.
    pub(crate) fn attribute(&self, name: &str) -> Value {
        self.0
            .attributes
            .borrow()
            .as_ref()
            .and_then(|attributes| attributes.get_str(name))
            .unwrap_or_default()
    }
}
