//! Statements: text, references, directives, macros.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::scope::Argument;
use super::{Evaluation, Unwind};
use crate::vtl::BODY_CONTENT;
use crate::vtl::ast::{
    Block, Call, Expression, Foreach, Macro, Node, Offset, Reference, ReferenceKind, Slot,
};
use crate::vtl::error::EvalError;
use crate::vtl::limits::LimitKind;
use crate::vtl::methods::Failure;
use crate::vtl::names::LoopNames;
use crate::vtl::parser;
use crate::vtl::trace::Action;
use crate::vtl::value::{self, LoopState, Value};

/// How deep macro calls may nest; Velocity's own limit.
const MACRO_DEPTH_MAX: u32 = 20;

impl Evaluation<'_> {
    pub(super) fn block(&mut self, block: &Block, out: &mut String) -> Result<(), Unwind> {
        for node in &block.0 {
            self.node(node, out)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, out: &mut String) -> Result<(), Unwind> {
        match node {
            Node::Text(text) => {
                self.step(0)?;
                self.append(text, out, 0)
            }
            Node::Reference(reference) => {
                self.step(reference.at)?;
                self.print_reference(reference, out)
            }
            Node::Set(set) => {
                self.step(set.target.at)?;
                let value = self.expression(&set.value)?;
                self.observe_span(set.at, set.end, Action::Assigned(&value));
                // If the value is null, Velocity leaves the target unchanged.
                if matches!(value, Value::Null) { Ok(()) } else { self.assign(&set.target, value) }
            }
            Node::If(branches, otherwise) => {
                self.step(0)?;
                for branch in branches {
                    let holds = self.condition(&branch.condition)?;
                    self.observe_span(branch.at, branch.end, Action::Condition(holds));
                    if holds {
                        return self.deeper(0, |eval| eval.block(&branch.block, out));
                    }
                }
                match otherwise {
                    Some(block) => self.deeper(0, |eval| eval.block(block, out)),
                    None => Ok(()),
                }
            }
            Node::Foreach(foreach) => self.foreach(foreach, out),
            Node::Call(call) => self.call(call, out),
            Node::Define(slot, body, at) => {
                self.step(*at)?;
                self.observe(*at, "#define", Action::Defined);
                let block = value::Block { body: Arc::clone(body), depth: Rc::new(Cell::new(0)) };
                self.set_variable(*slot, Value::Block(block));
                Ok(())
            }
            Node::Evaluate(text, at) => self.evaluate(text, *at, out),
            Node::Stop(at) => {
                self.observe(*at, "#stop", Action::Left);
                Err(Unwind::Stop)
            }
            Node::Break(None, at) => {
                self.observe(*at, "#break", Action::Left);
                Err(Unwind::Break)
            }
            Node::Break(Some(scope), at) => match self.expression(scope)? {
                Value::Loop(state) => {
                    self.observe(*at, "#break", Action::Left);
                    Err(Unwind::BreakLoop(state.0.id))
                }
                _ => {
                    let failure =
                        Failure::Thrown("the argument must be a scope such as `$foreach`".to_owned());
                    Err(self.method_error("#break", failure, *at))
                }
            },
        }
    }

    fn print_reference(&mut self, reference: &Reference, out: &mut String) -> Result<(), Unwind> {
        let value = self.reference(reference)?;
        let at = reference.at;
        if reference.is_escaped {
            self.append(&reference.backslashes, out, at)?;
            if matches!(value, Value::Null) {
                self.append("\\", out, at)?;
            }
            return self.append(&reference.null_text, out, at);
        }
        if reference.backslashes.is_empty() && reference.prefix.is_empty() {
            if self.print(&value, out, at)? {
                return Ok(());
            }
        } else if !matches!(value, Value::Null) {
            let before = out.len();
            out.push_str(&reference.backslashes);
            out.push_str(&reference.prefix);
            if self.print(&value, out, at)? {
                return Ok(());
            }
            out.truncate(before);
        }
        out.push_str(&reference.backslashes);
        out.push_str(&reference.backslashes);
        out.push_str(&reference.prefix);
        match self.argument_literal(reference) {
            Some(literal) => self.append(&literal, out, at),
            None => self.append(&reference.null_text, out, at),
        }
    }

    // === #foreach ===

    fn foreach(&mut self, foreach: &Foreach, out: &mut String) -> Result<(), Unwind> {
        self.step(foreach.at)?;
        let items = match self.expression(&foreach.items)? {
            Value::List(list) => Items::List(list),
            Value::Map(map) => Items::Copied(map.values()),
            // Velocity silently ignores null and everything that is not a collection.
            other => {
                self.observe_span(foreach.at, foreach.end, Action::Skipped(&other));
                return Ok(());
            }
        };
        let at = foreach.at;
        self.observe_span(at, foreach.end, Action::Loop(items.len()));
        let LoopNames { scope, count, has_next } = self.tables.names.loops();
        self.loops_begun += 1;
        let id = self.loops_begun;
        let saved: [(Option<Slot>, Option<Value>); 4] = [Some(foreach.variable), count, has_next, scope]
            .map(|slot| (slot, slot.and_then(|s| self.own_variable(s))));
        let state = match scope {
            Some(slot) => {
                let replaced = saved.get(3).and_then(|(_, value)| value.clone()).unwrap_or_default();
                let state = Rc::new(LoopState {
                    id,
                    index: Cell::new(-1),
                    has_next: Cell::new(false),
                    replaced,
                    attributes: RefCell::new(None),
                });
                self.set_variable(slot, Value::Loop(value::Loop(Rc::clone(&state))));
                Some(state)
            }
            None => None,
        };
        let result = self
            .deeper(at, |eval| eval.iterate(foreach, &items, Counters { count, has_next, state, id }, out));
        for (slot, value) in saved {
            if let Some(slot) = slot {
                self.restore_variable(slot, value);
            }
        }
        result
    }

    fn iterate(
        &mut self,
        foreach: &Foreach,
        items: &Items,
        counters: Counters,
        out: &mut String,
    ) -> Result<(), Unwind> {
        let at = foreach.at;
        let len = items.len();
        let mut index = 0;
        while index != items.len() {
            if items.len() != len {
                let failure = Failure::Thrown("the list was changed while #foreach runs over it".to_owned());
                return Err(self.method_error("#foreach", failure, at));
            }
            if self.limits.foreach_iterations as usize <= index {
                return Err(self.limit(LimitKind::ForeachIterations, at));
            }
            self.step(at)?;
            let has_next = index + 1 != len;
            // `foreach_iterations` limits the index, so it fits.
            let number = i32::try_from(index).unwrap_or(i32::MAX - 1);
            if let Some(slot) = counters.count {
                self.set_variable(slot, Value::Int(number + 1));
            }
            if let Some(slot) = counters.has_next {
                self.set_variable(slot, Value::Bool(has_next));
            }
            if let Some(state) = &counters.state {
                state.index.set(number);
                state.has_next.set(has_next);
            }
            let item = items.get(index);
            self.observe_span(at, foreach.end, Action::Iteration(index, &item));
            self.set_variable(foreach.variable, item);
            match self.block(&foreach.body, out) {
                Ok(()) => {}
                Err(Unwind::Break) => return Ok(()),
                Err(Unwind::BreakLoop(id)) if id == counters.id => return Ok(()),
                Err(unwind) => return Err(unwind),
            }
            index += 1;
        }
        Ok(())
    }

    // === macros ===

    fn call(&mut self, call: &Call, out: &mut String) -> Result<(), Unwind> {
        self.step(call.at)?;
        let Some(called) = self.tables.macros.get(&call.name).map(Arc::clone) else {
            self.observe(call.at, &call.literal, Action::NoMacro);
            return self.append(&call.literal, out, call.at);
        };
        self.observe(call.at, &call.literal, Action::Macro);
        if self.macro_depth == MACRO_DEPTH_MAX {
            return Err(self.limit(LimitKind::MacroDepth, call.at));
        }
        let arguments = self.arguments(call, &called)?;
        let mut locals = Vec::new();
        if let (Some(body), Some(slot)) = (&call.body, self.tables.names.find(BODY_CONTENT)) {
            let block = value::Block { body: Arc::clone(body), depth: Rc::new(Cell::new(0)) };
            locals.push((slot, Value::Block(block)));
        }
        self.macro_depth += 1;
        let result = self
            .with_frame(arguments, locals, |eval| eval.deeper(call.at, |eval| eval.block(&called.body, out)));
        self.macro_depth -= 1;
        match result {
            Err(Unwind::Break) => Ok(()),
            result => result,
        }
    }

    fn arguments(&mut self, call: &Call, called: &Macro) -> Result<Vec<(Slot, Argument)>, Unwind> {
        for argument in &call.arguments {
            if let Expression::Reference(word) = &**argument
                && word.kind == ReferenceKind::Word
            {
                return Err(self.error(EvalError::MacroArgument {
                    at: self.position(call.at),
                    name: call.name.to_string(),
                    argument: word.literal.to_string(),
                }));
            }
        }
        let pairs = called.parameters.iter().zip(&call.arguments);
        let handed_over = pairs.map(|(parameter, argument)| {
            let argument = match &**argument {
                Expression::Constant(constant) => Argument::Constant(constant.value()),
                _ => Argument::Expression(Arc::clone(argument)),
            };
            (*parameter, argument)
        });
        Ok(handed_over.collect())
    }

    // === #evaluate ===

    fn evaluate(&mut self, text: &Expression, at: Offset, out: &mut String) -> Result<(), Unwind> {
        self.step(at)?;
        let value = self.expression(text)?;
        let Some(text) = self.text(&value, at)? else { return Ok(()) };
        self.observe(at, "#evaluate", Action::Evaluating(&text));
        self.charge(text.len() as u64, at)?;
        let body = parser::parse(&text, self.tables.to_mut())
            .map_err(|source| self.error(EvalError::Evaluate { at: self.position(at), source }))?;
        self.scope.grow(self.tables.names.len());
        let source = std::mem::replace(&mut self.source, text);
        self.evaluated_depth += 1;
        let result = self.deeper(at, |eval| eval.block(&body, out));
        self.evaluated_depth -= 1;
        self.source = source;
        match result {
            // `#stop` ends only the evaluated text.
            Err(Unwind::Break | Unwind::Stop) => Ok(()),
            result => result,
        }
    }
}

/// The items of a loop: the list itself, or a copy of a map's values.
enum Items {
    List(value::List),
    Copied(Vec<Value>),
}

impl Items {
    fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Copied(items) => items.len(),
        }
    }

    fn get(&self, index: usize) -> Value {
        match self {
            Self::List(list) => list.items().get(index).cloned(),
            Self::Copied(items) => items.get(index).cloned(),
        }
        .unwrap_or_default()
    }
}

/// The variables that count a loop's iterations, if the template uses them.
struct Counters {
    count: Option<Slot>,
    has_next: Option<Slot>,
    state: Option<Rc<LoopState>>,
    id: u64,
}
