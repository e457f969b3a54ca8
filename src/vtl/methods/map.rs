//! Methods of `java.util.Map`.

use super::{Answer, Call, int, thrown};
use crate::vtl::value::{List, ListKind, Map, Value};

pub(super) fn call(map: &Map, call: &mut Call<'_>) -> Answer {
    if let Some(answer) = read(map, call)? {
        return Ok(Some(answer));
    }
    write(map, call)
}

fn read(map: &Map, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("get", [key]) => map.get(key).unwrap_or_default(),
        ("getOrDefault", [key, default]) => map.get(key).unwrap_or_else(|| default.clone()),
        ("containsKey", [key]) => Value::Bool(map.get(key).is_some()),
        ("containsValue", [value]) => {
            call.charge(map.len())?;
            Value::Bool(map.visit(|_, other| other.is_same_key(value).then_some(())).is_some())
        }
        ("size", []) => int(map.len()),
        ("isEmpty", []) => Value::Bool(map.is_empty()),
        ("keySet", []) => {
            call.charge(map.len())?;
            Value::List(List::new(ListKind::Set, map.keys()))
        }
        ("values", []) => {
            call.charge(map.len())?;
            Value::List(List::new(ListKind::Set, map.values()))
        }
        ("entrySet", []) => {
            call.charge(map.len())?;
            map.entry_set()
        }
        ("clone", []) => {
            call.charge(map.len())?;
            Value::Map(Map::from_entries(map.entries()))
        }
        _ => return Ok(None),
    }))
}

fn write(map: &Map, call: &mut Call<'_>) -> Answer {
    call.charge(1)?;
    Ok(Some(match (call.name, call.arguments) {
        ("put", [key, value]) => map.put(key.clone(), value.clone()).unwrap_or_default(),
        ("putIfAbsent", [key, value]) => match map.get(key) {
            Some(old) if !old.is_null() => old,
            Some(_) | None => {
                map.put(key.clone(), value.clone());
                Value::Null
            }
        },
        ("putAll", [Value::Null]) => return thrown("the argument is null"),
        ("putAll", [Value::Map(others)]) => {
            call.charge(others.len())?;
            for (key, value) in others.entries() {
                map.put(key, value);
            }
            Value::str("")
        }
        ("remove", [key]) => {
            call.charge(map.len())?;
            map.remove(key).unwrap_or_default()
        }
        ("remove", [key, value]) => {
            call.charge(map.len())?;
            let is_there = map.get(key).is_some_and(|old| old.is_same_key(value));
            if is_there {
                map.remove(key);
            }
            Value::Bool(is_there)
        }
        ("replace", [key, value]) => match map.get(key) {
            Some(_) => map.put(key.clone(), value.clone()).unwrap_or_default(),
            None => Value::Null,
        },
        ("replace", [key, old, new]) => {
            let is_there = map.get(key).is_some_and(|value| value.is_same_key(old));
            if is_there {
                map.put(key.clone(), new.clone());
            }
            Value::Bool(is_there)
        }
        ("clear", []) => {
            map.clear();
            Value::str("")
        }
        _ => return Ok(None),
    }))
}
