//! Tree → text: one evaluation of a template.
//!
//! This file has the state of an evaluation and what all parts of it use. [`statement`] runs directives, [`scope`]
//! reads and sets variables, [`reference`] follows references, [`expression`] computes values, [`cycles`] breaks up
//! values that contain themselves.

mod cycles;
mod expression;
mod reference;
mod scope;
mod statement;

use std::borrow::Cow;
use std::sync::Arc;

use crate::vtl::ast::{Block, Offset};
use crate::vtl::error::{EvalError, Position};
use crate::vtl::host::{Host, HostError, Object};
use crate::vtl::limits::{LimitKind, Limits};
use crate::vtl::methods::Failure;
use crate::vtl::parser::Tables;
use crate::vtl::trace::{Action, Observer, Step};
use crate::vtl::value::{TooDeep, Value};
use scope::Scope;

/// Copying this many bytes of text counts as one step.
pub(super) const BYTES_PER_STEP: usize = 64;

/// Why the evaluation leaves the current block.
enum Unwind {
    Error(Box<EvalError>),
    /// `#stop`: ends the template.
    Stop,
    /// `#break` of the innermost loop, macro, block or evaluated text.
    Break,
    /// `#break($foreach.parent)`: leaves the loop with this id.
    BreakLoop(u64),
}

/// The state of one evaluation.
pub(super) struct Evaluation<'e> {
    source: Arc<str>,
    /// Copied on write: `#evaluate` may add names or macros.
    tables: Cow<'e, Tables>,
    host: &'e mut dyn Host,
    limits: &'e Limits,
    steps_left: u64,
    depth: u32,
    macro_depth: u32,
    loops_begun: u64,
    scope: Scope,
    /// Notified of every step, if set.
    observer: Option<&'e mut dyn Observer>,
    /// How many `#evaluate`s are nested right now; `source` is the text of the innermost.
    evaluated_depth: u32,
    /// Lists and maps that had a list or map added to them. Only these can contain themselves.
    holders: Vec<Value>,
}

impl<'e> Evaluation<'e> {
    pub(super) fn new(
        source: &Arc<str>,
        tables: &'e Tables,
        host: &'e mut dyn Host,
        limits: &'e Limits,
        observer: Option<&'e mut dyn Observer>,
    ) -> Self {
        Self {
            source: Arc::clone(source),
            tables: Cow::Borrowed(tables),
            host,
            limits,
            steps_left: limits.steps,
            depth: 0,
            macro_depth: 0,
            loops_begun: 0,
            scope: Scope::new(tables.names.len()),
            observer,
            evaluated_depth: 0,
            holders: Vec::new(),
        }
    }

    /// Evaluates the whole template.
    pub(super) fn run(mut self, body: &Block) -> Result<String, EvalError> {
        let mut out = String::with_capacity(self.source.len());
        let result = self.block(body, &mut out);
        cycles::break_cycles(std::mem::take(&mut self.holders));
        match result {
            // `#stop`, or a `#break` outside of every block, ends the template and keeps the output so far.
            Ok(()) | Err(Unwind::Stop | Unwind::Break | Unwind::BreakLoop(_)) => Ok(out),
            Err(Unwind::Error(error)) => Err(*error),
        }
    }

    // === tracing ===

    /// Notifies the observer of a step with the given source.
    fn observe(&mut self, at: Offset, source: &str, action: Action<'_>) {
        if self.observer.is_some() {
            let (at, depth, is_evaluated) = (self.position(at), self.depth, 0 < self.evaluated_depth);
            if let Some(observer) = &mut self.observer {
                observer.step(&Step { at, source, depth, is_evaluated, action });
            }
        }
    }

    /// Notifies the observer of a step of the directive between two offsets of the source.
    fn observe_span(&mut self, from: Offset, to: Offset, action: Action<'_>) {
        if self.observer.is_some() {
            let source = Arc::clone(&self.source);
            let written = source.get(from as usize..to as usize).unwrap_or_default();
            // The line end after a directive is part of its last token.
            self.observe(from, written.trim_end(), action);
        }
    }

    // === limits ===

    fn step(&mut self, at: Offset) -> Result<(), Unwind> {
        self.charge(1, at)
    }

    fn charge(&mut self, steps: u64, at: Offset) -> Result<(), Unwind> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => Err(self.limit(LimitKind::Steps, at)),
        }
    }

    fn deeper<T>(
        &mut self,
        at: Offset,
        run: impl FnOnce(&mut Self) -> Result<T, Unwind>,
    ) -> Result<T, Unwind> {
        if self.depth == self.limits.depth {
            return Err(self.limit(LimitKind::Depth, at));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    /// Appends text, if the limits allow it.
    fn append(&mut self, text: &str, out: &mut String, at: Offset) -> Result<(), Unwind> {
        if self.limits.output_bytes < out.len() + text.len() {
            return Err(self.limit(LimitKind::OutputBytes, at));
        }
        self.charge((text.len() / BYTES_PER_STEP) as u64, at)?;
        out.push_str(text);
        Ok(())
    }

    // === errors ===

    fn position(&self, at: Offset) -> Position {
        let mut offset = (at as usize).min(self.source.len());
        while !self.source.is_char_boundary(offset) {
            offset -= 1;
        }
        Position::of(&self.source, offset)
    }

    fn error(&self, error: EvalError) -> Unwind {
        Unwind::Error(Box::new(error))
    }

    fn limit(&self, kind: LimitKind, at: Offset) -> Unwind {
        self.error(EvalError::Limit { at: self.position(at), kind })
    }

    fn refused(&self, what: &str, at: Offset) -> Unwind {
        self.error(EvalError::Refused { at: self.position(at), what: what.to_owned() })
    }

    fn host_error(&self, error: HostError, at: Offset) -> Unwind {
        self.error(EvalError::Host { at: self.position(at), source: error.0 })
    }

    fn method_error(&self, method: &str, failure: Failure, at: Offset) -> Unwind {
        match failure {
            Failure::Thrown(message) => {
                self.error(EvalError::Method { at: self.position(at), method: method.to_owned(), message })
            }
            Failure::Limit(kind) => self.limit(kind, at),
        }
    }

    fn print_error(&self, error: TooDeep, at: Offset) -> Unwind {
        let kind = match error {
            TooDeep::Depth => LimitKind::Depth,
            TooDeep::Bytes => LimitKind::OutputBytes,
        };
        self.limit(kind, at)
    }

    // === printing ===

    /// Appends a value in the format of Java's `toString`; false if it prints as null.
    fn print(&mut self, value: &Value, out: &mut String, at: Offset) -> Result<bool, Unwind> {
        match value {
            Value::Null => return Ok(false),
            Value::Empty => {}
            Value::Str(text) => self.append(text, out, at)?,
            Value::Object(object) => {
                let text = self.object_text(*object, at)?;
                return match text {
                    // An object whose text is another object prints as null.
                    Value::Object(_) => Ok(false),
                    text => self.print(&text, out, at),
                };
            }
            Value::Block(block) => {
                if block.depth.get() == BLOCK_DEPTH_MAX {
                    return Ok(false);
                }
                block.depth.set(block.depth.get() + 1);
                let result = self.deeper(at, |eval| eval.block(&block.body, out));
                block.depth.set(block.depth.get() - 1);
                match result {
                    Ok(()) | Err(Unwind::Break) => {}
                    Err(unwind @ (Unwind::Error(_) | Unwind::Stop | Unwind::BreakLoop(_))) => {
                        return Err(unwind);
                    }
                }
            }
            Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Big(_)
            | Value::Double(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Entry(_)
            | Value::Loop(_) => {
                let before = out.len();
                value.print(out, self.limits.output_bytes).map_err(|error| self.print_error(error, at))?;
                self.charge((out.len().saturating_sub(before) / BYTES_PER_STEP) as u64, at)?;
            }
        }
        Ok(true)
    }

    /// A value's text; `None` if it prints as null.
    fn text(&mut self, value: &Value, at: Offset) -> Result<Option<Arc<str>>, Unwind> {
        if let Value::Str(text) = value {
            return Ok(Some(Arc::clone(text)));
        }
        let mut out = String::new();
        let is_some = self.print(value, &mut out, at)?;
        Ok(is_some.then(|| out.into()))
    }

    fn object_text(&mut self, object: Object, at: Offset) -> Result<Value, Unwind> {
        self.host.call(object, "toString", &[]).map_err(|error| self.host_error(error, at))
    }
}

/// How often a `#define`d block may be nested in itself while it prints; Velocity's own limit.
const BLOCK_DEPTH_MAX: u32 = 2;
