//! Finds lists and maps that contain themselves when an evaluation ends. Reference counting would never free them.

use std::collections::HashMap;

use crate::vtl::value::Value;

/// The state of the search for one list or map.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Its contents are being searched.
    Open,
    /// Its contents don't lead back to an open one.
    Done,
}

/// Empties all holders if any list or map that they reach contains itself.
pub(super) fn break_cycles(holders: Vec<Value>) {
    let mut marks = HashMap::new();
    if !holders.iter().any(|holder| has_cycle(holder, &mut marks)) {
        return;
    }
    for holder in holders {
        match holder {
            Value::List(list) => {
                let taken = std::mem::take(&mut *list.items_mut());
                drop(taken);
            }
            Value::Map(map) => map.clear(),
            Value::Null
            | Value::Empty
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Big(_)
            | Value::Double(_)
            | Value::Str(_)
            | Value::Entry(_)
            | Value::Object(_)
            | Value::Block(_)
            | Value::Loop(_) => {}
        }
    }
}

/// Searches depth first, without recursion, and visits each list and map once.
fn has_cycle(start: &Value, marks: &mut HashMap<usize, Mark>) -> bool {
    enum Task {
        Enter(Value),
        Leave(usize),
    }
    let mut tasks = vec![Task::Enter(start.clone())];
    while let Some(task) = tasks.pop() {
        let value = match task {
            Task::Enter(value) => value,
            Task::Leave(identity) => {
                marks.insert(identity, Mark::Done);
                continue;
            }
        };
        let Some(identity) = value.identity() else { continue };
        match marks.get(&identity) {
            Some(Mark::Open) => return true,
            Some(Mark::Done) => continue,
            None => {}
        }
        marks.insert(identity, Mark::Open);
        tasks.push(Task::Leave(identity));
        tasks.extend(value.parts().into_iter().map(Task::Enter));
    }
    false
}
