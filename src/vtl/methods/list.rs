//! Methods of `java.util.List`, of arrays (which Velocity treats as lists) and of sets.

use std::cmp::Ordering;

use super::{Answer, Call, collection, int, thrown};
use crate::vtl::value::{List, ListKind, Value};

pub(super) fn call(list: &List, call: &mut Call<'_>) -> Answer {
    if let Some(answer) = by_position(list, call)? {
        return Ok(Some(answer));
    }
    if let Some(answer) = collection::call(list, call)? {
        return Ok(Some(answer));
    }
    match list.kind() {
        ListKind::Plain | ListKind::Json => collection::change(list, call),
        // In Java, removing from `keySet()` removes from the map. Here it is a copy, so this is an error.
        ListKind::Set => match call.name {
            "add" | "addAll" | "remove" | "removeAll" | "retainAll" | "clear" => {
                thrown("a map's keys, values and entries cannot be changed, change the map itself")
            }
            _ => Ok(None),
        },
        ListKind::Array => Ok(None),
    }
}

fn by_position(list: &List, call: &mut Call<'_>) -> Answer {
    if list.kind() == ListKind::Set {
        return Ok(None);
    }
    if let Some(answer) = read(list, call)? {
        return Ok(Some(answer));
    }
    match (list.kind(), call.name, call.arguments) {
        (_, "set", [Value::Int(index), item]) => {
            let place = collection::place(*index, list.len())?;
            let old = list.items_mut().get_mut(place).map(|old| std::mem::replace(old, item.clone()));
            Ok(Some(old.unwrap_or_default()))
        }
        (ListKind::Array | ListKind::Set, _, _) => Ok(None),
        (ListKind::Plain | ListKind::Json, _, _) => write(list, call),
    }
}

fn read(list: &List, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("get", [Value::Int(index)]) => {
            let place = collection::place(*index, list.len())?;
            list.items().get(place).cloned().unwrap_or_default()
        }
        ("indexOf", [item]) => {
            call.charge(list.len())?;
            collection::position(list, item).map_or(Value::Int(-1), int)
        }
        ("lastIndexOf", [item]) => {
            call.charge(list.len())?;
            let place = list.items().iter().rposition(|other| other.is_same_key(item));
            place.map_or(Value::Int(-1), int)
        }
        ("subList", [Value::Int(from), Value::Int(to)]) => {
            let len = list.len();
            let range = usize::try_from(*from).ok().zip(usize::try_from(*to).ok());
            let Some((from, to)) = range.filter(|(from, to)| from <= to && *to <= len) else {
                return thrown(format!("fromIndex({from}), toIndex({to}), length {len}"));
            };
            call.charge(to - from)?;
            Value::list(list.items().get(from..to).unwrap_or_default().to_vec())
        }
        _ => return Ok(None),
    }))
}

fn write(list: &List, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("add", [Value::Int(index), item]) => {
            call.charge(list.len() + 1)?;
            let place = collection::place(*index, list.len() + 1)?;
            list.items_mut().insert(place, item.clone());
            Value::str("")
        }
        ("addAll", [Value::Int(index), others]) => {
            let Some(others) = collection::items_of(others) else { return Ok(None) };
            call.charge(list.len() + others.len())?;
            let place = collection::place(*index, list.len() + 1)?;
            let is_changed = !others.is_empty();
            list.items_mut().splice(place..place, others);
            Value::Bool(is_changed)
        }
        ("remove", [Value::Int(index)]) => {
            call.charge(list.len())?;
            let place = collection::place(*index, list.len())?;

            list.items_mut().remove(place)
        }
        ("sort", [Value::Null]) => return sort(list, call),
        ("ensureCapacity", [Value::Int(_)]) | ("trimToSize", []) => Value::str(""),
        ("clone", []) => {
            call.charge(list.len())?;
            Value::List(List::new(list.kind(), list.items().clone()))
        }
        _ => return Ok(None),
    }))
}

/// Sorts in the natural order, which exists only among items of one type.
fn sort(list: &List, call: &mut Call<'_>) -> Answer {
    call.charge(list.len().saturating_mul(list.len().checked_ilog2().unwrap_or(0) as usize + 1))?;
    let mut items = list.items().clone();
    let is_comparable =
        items.windows(2).all(|pair| matches!(pair, [left, right] if natural(left, right).is_some()));
    if !is_comparable {
        return thrown("the items of the list cannot be compared with each other");
    }
    items.sort_by(|left, right| natural(left, right).unwrap_or(Ordering::Equal));
    *list.items_mut() = items;
    Ok(Some(Value::str("")))
}

fn natural(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Str(left), Value::Str(right)) => Some(left.encode_utf16().cmp(right.encode_utf16())),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Double(left), Value::Double(right)) => Some(left.total_cmp(right)),
        (Value::Int(_), Value::Int(_))
        | (Value::Long(_), Value::Long(_))
        | (Value::Big(_), Value::Big(_)) => left.compare_number(right),
        _ => None,
    }
}
