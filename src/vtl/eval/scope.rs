//! Variables: the template's own, then the host's; during a macro call, first those of the call.
//!
//! Velocity passes macro arguments by name: a parameter stands for the caller's expression, which is evaluated again at
//! each use. A variable set inside a macro is also set outside, and hides the parameter of that name.

use std::sync::Arc;

use super::{Evaluation, Unwind};
use crate::vtl::ast::{Expression, Offset, Reference, Slot};
use crate::vtl::value::Value;

/// The variables of an evaluation.
pub(super) struct Scope {
    variables: Vec<Option<Value>>,
    /// The host's answer for each name; `None` if it was not asked yet.
    known: Vec<Option<Value>>,
    frames: Vec<Frame>,
    /// The frame in which expressions are currently evaluated.
    current: Option<usize>,
}

/// A call of a macro.
pub(super) struct Frame {
    pub(super) arguments: Vec<(Slot, Argument)>,
    pub(super) locals: Vec<(Slot, Value)>,
    parent: Option<usize>,
}

/// The value of a macro's parameter.
pub(super) enum Argument {
    /// A number or boolean.
    Constant(Value),
    /// Anything else: evaluated at each use, in the caller's frame.
    Expression(Arc<Expression>),
}

impl Scope {
    pub(super) fn new(n_names: usize) -> Self {
        let variables = std::iter::repeat_with(|| None).take(n_names).collect();
        let known = std::iter::repeat_with(|| None).take(n_names).collect();
        Self { variables, known, frames: Vec::new(), current: None }
    }

    /// Makes room for names that `#evaluate` added.
    pub(super) fn grow(&mut self, n_names: usize) {
        self.variables.resize_with(n_names.max(self.variables.len()), || None);
        self.known.resize_with(n_names.max(self.known.len()), || None);
    }
}

impl Evaluation<'_> {
    /// Reads a variable; asks the host if the template has none of that name.
    pub(super) fn variable(&mut self, slot: Slot, at: Offset) -> Result<Value, Unwind> {
        let mut frame = self.scope.current;
        while let Some(index) = frame
            && let Some(call) = self.scope.frames.get(index)
        {
            if let Some((_, value)) = call.locals.iter().find(|(local, _)| *local == slot) {
                return Ok(value.clone());
            }
            match call.arguments.iter().find(|(parameter, _)| *parameter == slot) {
                Some((_, Argument::Constant(value))) => return Ok(value.clone()),
                Some((_, Argument::Expression(expression))) => {
                    let (expression, parent) = (Arc::clone(expression), call.parent);
                    return self.within(parent, at, |eval| eval.expression(&expression));
                }
                None => frame = call.parent,
            }
        }
        Ok(self.global(slot))
    }

    fn global(&mut self, slot: Slot) -> Value {
        let index = slot as usize;
        if let Some(Some(value)) = self.scope.variables.get(index) {
            return value.clone();
        }
        if let Some(Some(value)) = self.scope.known.get(index) {
            return value.clone();
        }
        let value = self.host.lookup(self.tables.names.name(slot)).unwrap_or_default();
        if let Some(known) = self.scope.known.get_mut(index) {
            *known = Some(value.clone());
        }
        value
    }

    /// Sets a variable in every frame and outside of them.
    pub(super) fn set_variable(&mut self, slot: Slot, value: Value) {
        let mut frame = self.scope.current;
        while let Some(index) = frame
            && let Some(call) = self.scope.frames.get_mut(index)
        {
            call.set_local(slot, value.clone());
            frame = call.parent;
        }
        if let Some(variable) = self.scope.variables.get_mut(slot as usize) {
            *variable = Some(value);
        }
    }

    /// Takes a variable away while a loop uses its name.
    pub(super) fn own_variable(&mut self, slot: Slot) -> Option<Value> {
        let local = self.scope.current.and_then(|index| {
            let frame = self.scope.frames.get(index)?;
            frame.locals.iter().find(|(local, _)| *local == slot).map(|(_, value)| value.clone())
        });
        local.or_else(|| self.scope.variables.get(slot as usize).cloned().flatten())
    }

    /// Restores what [`Self::own_variable`] took.
    pub(super) fn restore_variable(&mut self, slot: Slot, value: Option<Value>) {
        if let Some(value) = value {
            self.set_variable(slot, value);
            return;
        }
        let mut frame = self.scope.current;
        while let Some(index) = frame
            && let Some(call) = self.scope.frames.get_mut(index)
        {
            call.locals.retain(|(local, _)| *local != slot);
            frame = call.parent;
        }
        if let Some(variable) = self.scope.variables.get_mut(slot as usize) {
            *variable = None;
        }
    }

    /// Runs a macro's body in a new frame.
    pub(super) fn with_frame<T>(
        &mut self,
        arguments: Vec<(Slot, Argument)>,
        locals: Vec<(Slot, Value)>,
        run: impl FnOnce(&mut Self) -> Result<T, Unwind>,
    ) -> Result<T, Unwind> {
        let parent = self.scope.current;
        self.scope.current = Some(self.scope.frames.len());
        self.scope.frames.push(Frame { arguments, locals, parent });
        let result = run(self);
        self.scope.frames.pop();
        self.scope.current = parent;
        result
    }

    /// The source of the argument for `$parameter`, which is printed if the argument is null.
    pub(super) fn argument_literal(&self, reference: &Reference) -> Option<Box<str>> {
        let mut frame = self.scope.current;
        let is_plain = reference.steps.is_empty()
            && reference.null_text.strip_prefix('$').is_some_and(|name| !name.starts_with('{'));
        while let Some(index) = frame.filter(|_| is_plain) {
            let call = self.scope.frames.get(index)?;
            let argument = call.arguments.iter().find(|(parameter, _)| *parameter == reference.slot);
            if let Some((_, Argument::Expression(expression))) = argument {
                return match &**expression {
                    Expression::Reference(reference) => Some(reference.literal.clone()),
                    _ => None,
                };
            }
            frame = call.parent;
        }
        None
    }

    fn within<T>(
        &mut self,
        frame: Option<usize>,
        at: Offset,
        run: impl FnOnce(&mut Self) -> Result<T, Unwind>,
    ) -> Result<T, Unwind> {
        let current = std::mem::replace(&mut self.scope.current, frame);
        let result = self.deeper(at, run);
        self.scope.current = current;
        result
    }
}

impl Frame {
    fn set_local(&mut self, slot: Slot, value: Value) {
        match self.locals.iter_mut().find(|(local, _)| *local == slot) {
            Some((_, old)) => *old = value,
            None => self.locals.push((slot, value)),
        }
    }
}
