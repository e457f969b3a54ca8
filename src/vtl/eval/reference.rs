//! References: following the steps from a variable to a value, and assigning to the last step.

use super::{Evaluation, Unwind};
use crate::vtl::ast::{Expression, Offset, Reference, ReferenceKind, Step};
use crate::vtl::methods::{self, Call, Failure};
use crate::vtl::trace::Action;
use crate::vtl::value::{ListKind, Map, Value};

impl Evaluation<'_> {
    pub(super) fn reference(&mut self, reference: &Reference) -> Result<Value, Unwind> {
        let value = match reference.kind {
            ReferenceKind::Variable => {
                let root = self.variable(reference.slot, reference.at)?;
                self.walk(root, &reference.steps)?
            }
            ReferenceKind::Slashed | ReferenceKind::Word => Value::Null,
        };
        self.observe(reference.at, &reference.literal, Action::Value(&value));
        Ok(value)
    }

    fn walk(&mut self, root: Value, steps: &[Step]) -> Result<Value, Unwind> {
        let mut value = root;
        for step in steps {
            if matches!(value, Value::Null) {
                break;
            }
            value = match step {
                Step::Property(name, at) => self.property(&value, name, *at)?,
                Step::Method(name, arguments, at) => self.method(&value, name, arguments, *at)?,
                Step::Index(index, at) => {
                    let index = self.expression(index)?;
                    self.index(&value, &index, *at)?
                }
            };
        }
        Ok(value)
    }

    fn property(&mut self, value: &Value, name: &str, at: Offset) -> Result<Value, Unwind> {
        self.step(at)?;
        match value {
            Value::Object(object) => {
                self.refuse_reflection(name, at)?;
                self.host.get(*object, name).map_err(|error| self.host_error(error, at))
            }
            // A map may well have a member `class`.
            Value::Map(map) => match map.get_str(name) {
                Some(value) => Ok(value),
                None => self.refuse_reflection(name, at).map(|()| Value::Null),
            },
            Value::Null
            | Value::Empty
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Big(_)
            | Value::Double(_)
            | Value::Str(_)
            | Value::List(_)
            | Value::Entry(_)
            | Value::Block(_)
            | Value::Loop(_) => {
                self.refuse_reflection(name, at)?;
                methods::property(value, name).map_err(|failure| self.method_error(name, failure, at))
            }
        }
    }

    fn refuse_reflection(&self, property: &str, at: Offset) -> Result<(), Unwind> {
        if matches!(property, "class" | "Class") {
            Err(self.refused("reflection (`class`)", at))
        } else {
            Ok(())
        }
    }

    fn method(
        &mut self,
        value: &Value,
        name: &str,
        arguments: &[Expression],
        at: Offset,
    ) -> Result<Value, Unwind> {
        self.step(at)?;
        let mut given = Vec::with_capacity(arguments.len());
        for argument in arguments {
            given.push(self.expression(argument)?);
        }
        if name == "getClass" {
            return Err(self.refused("reflection (`getClass()`)", at));
        }
        if let Value::Object(object) = value {
            return self.host.call(*object, name, &given).map_err(|error| self.host_error(error, at));
        }
        // A method receives a block as its text. A block itself has no methods.
        for argument in &mut given {
            match argument {
                Value::Object(object) if matches!(value, Value::Str(_)) => {
                    *argument = self.object_text(*object, at)?;
                }
                Value::Block(_) => *argument = self.text(argument, at)?.map_or(Value::Null, Value::Str),
                Value::Empty if matches!(value, Value::Str(_)) => *argument = Value::str(""),
                _ => {}
            }
        }
        if matches!(
            name,
            "add"
                | "addAll"
                | "put"
                | "putAll"
                | "putIfAbsent"
                | "set"
                | "setValue"
                | "addFirst"
                | "addLast"
                | "push"
        ) && given.iter().any(|argument| argument.identity().is_some())
        {
            self.holds(value);
        }
        let mut steps = self.steps_left;
        let mut call =
            Call { name, arguments: &given, steps_left: &mut steps, bytes_max: self.limits.output_bytes };
        let result = methods::call(value, &mut call);
        self.steps_left = steps;
        result.map_err(|failure| self.method_error(name, failure, at))
    }

    fn index(&mut self, value: &Value, index: &Value, at: Offset) -> Result<Value, Unwind> {
        self.step(at)?;
        match (value, index) {
            (Value::Object(object), index) => {
                let name = self.text(index, at)?.unwrap_or_default();
                self.host.get(*object, &name).map_err(|error| self.host_error(error, at))
            }
            (Value::List(list), Value::Int(index)) if list.kind() != ListKind::Set => {
                let items = list.items();
                let place = place(*index, items.len());
                let item = place.and_then(|place| items.get(place)).cloned();
                let len = items.len();
                item.ok_or_else(|| self.out_of_bounds(*index, len, at))
            }
            (Value::Map(map), index) => Ok(map.get(index).unwrap_or_default()),
            (Value::Loop(state), Value::Str(name)) => Ok(state.attribute(name)),
            (Value::Empty, _) => Ok(Value::Empty),
            (
                Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Long(_)
                | Value::Big(_)
                | Value::Double(_)
                | Value::Str(_)
                | Value::List(_)
                | Value::Entry(_)
                | Value::Block(_)
                | Value::Loop(_),
                _,
            ) => Ok(Value::Null),
        }
    }

    fn out_of_bounds(&self, index: i32, len: usize, at: Offset) -> Unwind {
        let message = format!("index {index} out of bounds for length {len}");
        self.method_error("get", Failure::Thrown(message), at)
    }

    // === assignment ===

    /// Performs `#set($reference = value)`. As in Velocity, it ignores a target that can't be set.
    pub(super) fn assign(&mut self, target: &Reference, value: Value) -> Result<(), Unwind> {
        if target.kind != ReferenceKind::Variable {
            return Ok(());
        }
        let Some((last, steps)) = target.steps.split_last() else {
            self.set_variable(target.slot, value);
            return Ok(());
        };
        let root = self.variable(target.slot, target.at)?;
        let owner = self.walk(root, steps)?;
        match last {
            Step::Property(name, at) => self.set_property(&owner, name, value, *at),
            Step::Index(index, at) => {
                let index = self.expression(index)?;
                self.set_index(&owner, index, value, *at)
            }
            // `#set($list.size() = 1)` names a method instead of a property. Velocity looks for a property of that
            // name.
            Step::Method(name, _, at) => self.set_property(&owner, name, value, *at),
        }
    }

    fn set_property(&mut self, owner: &Value, name: &str, value: Value, at: Offset) -> Result<(), Unwind> {
        match owner {
            Value::Object(object) => {
                self.host.set(*object, name, value).map_err(|error| self.host_error(error, at))
            }
            Value::Map(map) => {
                self.put(map, Value::str(name), value);
                Ok(())
            }
            Value::Loop(state) => {
                let attributes = state.0.attributes.borrow_mut().get_or_insert_with(Map::new).clone();
                self.put(&attributes, Value::str(name), value);
                Ok(())
            }
            Value::Entry(entry) if matches!(name, "value" | "Value") => {
                self.put(&entry.map, (*entry.key).clone(), value);
                Ok(())
            }
            Value::Null
            | Value::Empty
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Big(_)
            | Value::Double(_)
            | Value::Str(_)
            | Value::List(_)
            | Value::Entry(_)
            | Value::Block(_) => Ok(()),
        }
    }

    fn set_index(&mut self, owner: &Value, index: Value, value: Value, at: Offset) -> Result<(), Unwind> {
        match (owner, index) {
            (Value::Object(object), index) => {
                let name = self.text(&index, at)?.unwrap_or_default();
                self.host.set(*object, &name, value).map_err(|error| self.host_error(error, at))
            }
            (Value::List(list), Value::Int(index)) if list.kind() != ListKind::Set => {
                if value.identity().is_some() {
                    self.holds(owner);
                }
                let mut items = list.items_mut();
                let len = items.len();
                match place(index, len).and_then(|place| items.get_mut(place)) {
                    Some(item) => {
                        let old = std::mem::replace(item, value);
                        // Drop the old item last: it may contain this very list.
                        drop(items);
                        drop(old);
                        Ok(())
                    }
                    None => Err(self.out_of_bounds(index, len, at)),
                }
            }
            (Value::Map(map), index) => {
                self.put(map, index, value);
                Ok(())
            }
            (
                Value::Null
                | Value::Empty
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Long(_)
                | Value::Big(_)
                | Value::Double(_)
                | Value::Str(_)
                | Value::List(_)
                | Value::Entry(_)
                | Value::Block(_)
                | Value::Loop(_),
                _,
            ) => Ok(()),
        }
    }

    fn put(&mut self, map: &Map, key: Value, value: Value) {
        if value.identity().is_some() || key.identity().is_some() {
            self.holds(&Value::Map(map.clone()));
        }
        map.put(key, value);
    }

    /// Records a list or map that had another one added to it.
    fn holds(&mut self, holder: &Value) {
        let is_known = self.holders.last().is_some_and(|last| last.identity() == holder.identity());
        let holder = match holder {
            Value::Entry(entry) => Value::Map(entry.map.clone()),
            holder => holder.clone(),
        };
        if !is_known && holder.identity().is_some() {
            self.holders.push(holder);
        }
    }
}

/// The position for an index; a negative index counts from the end.
fn place(index: i32, len: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(place) => Some(place),
        Err(_) => len.checked_sub(index.unsigned_abs() as usize),
    }
}
