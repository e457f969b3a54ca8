//! Methods of `java.util.List`, of arrays (which Velocity lets pass for lists) and of sets.

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
        ListKind::Plain | ListKind::Json | ListKind::Set => collection::change(list, call),
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
            let removed = list.items_mut().remove(place);
            removed
        }
        ("ensureCapacity", [Value::Int(_)]) | ("trimToSize", []) => Value::str(""),
        ("clone", []) => {
            call.charge(list.len())?;
            Value::List(List::new(list.kind(), list.items().clone()))
        }
        _ => return Ok(None),
    }))
}
