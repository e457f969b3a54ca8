//! What lists, sets and arrays have in common.

use super::{Answer, Call, Failure, int, thrown};
use crate::vtl::value::{List, ListKind, Value};

/// Methods of every `java.util.Collection`.
pub(super) fn call(list: &List, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("size", []) => int(list.len()),
        ("isEmpty", []) => Value::Bool(list.is_empty()),
        ("contains", [item]) => {
            call.charge(list.len())?;
            Value::Bool(position(list, item).is_some())
        }
        ("containsAll", [Value::List(others)]) => {
            call.charge(list.len().saturating_mul(others.len()))?;
            let others = others.items().clone();
            Value::Bool(others.iter().all(|item| position(list, item).is_some()))
        }
        // An iterator is a copy of the items that are left.
        ("hasNext", []) if list.kind() == ListKind::Set => Value::Bool(!list.is_empty()),
        ("next", []) if list.kind() == ListKind::Set => {
            call.charge(list.len())?;
            if list.is_empty() {
                return thrown("there is no next item");
            }

            list.items_mut().remove(0)
        }
        ("iterator" | "listIterator", []) | ("toArray", _) => {
            call.charge(list.len())?;
            let kind = if call.name == "toArray" { ListKind::Array } else { ListKind::Set };
            Value::List(List::new(kind, list.items().clone()))
        }
        _ => return Ok(None),
    }))
}

/// Methods that change the items, other than by position.
pub(super) fn change(list: &List, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("clear", []) => {
            let taken = std::mem::take(&mut *list.items_mut());
            drop(taken);
            Value::str("")
        }
        ("add", [item]) => {
            call.charge(1)?;
            list.items_mut().push(item.clone());
            Value::Bool(true)
        }
        ("addAll" | "removeAll" | "retainAll", [Value::Null]) => return thrown("the argument is null"),
        ("addAll", [others]) => {
            let Some(others) = items_of(others) else { return Ok(None) };
            call.charge(others.len())?;
            let is_changed = !others.is_empty();
            list.items_mut().extend(others);
            Value::Bool(is_changed)
        }
        ("removeAll" | "retainAll", [others]) => {
            let Some(others) = items_of(others) else { return Ok(None) };
            call.charge(list.len().saturating_mul(others.len()))?;
            let keeps_known = call.name == "retainAll";
            let before = list.len();
            let (kept, dropped): (Vec<_>, Vec<_>) = std::mem::take(&mut *list.items_mut())
                .into_iter()
                .partition(|item| others.iter().any(|other| other.is_same_key(item)) == keeps_known);
            *list.items_mut() = kept;
            drop(dropped);
            Value::Bool(list.len() != before)
        }
        ("remove", [item]) => {
            call.charge(list.len())?;
            let place = position(list, item);
            let removed = place.map(|place| list.items_mut().remove(place));
            Value::Bool(removed.is_some())
        }
        _ => return Ok(None),
    }))
}

/// The items of a collection given as an argument.
pub(super) fn items_of(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(list) if list.kind() != ListKind::Array => Some(list.items().clone()),
        _ => None,
    }
}

pub(super) fn position(list: &List, item: &Value) -> Option<usize> {
    list.items().iter().position(|other| other.is_same_key(item))
}

/// A position that must exist.
pub(super) fn place(index: i32, len: usize) -> Result<usize, Failure> {
    match usize::try_from(index) {
        Ok(place) if place < len => Ok(place),
        _ => thrown(format!("Index {index} out of bounds for length {len}")),
    }
}
