//! A call and its evaluation.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::Value;

use super::error::{ArgumentError, IntrinsicError};
use super::format::{LoneBrace, Template};
use super::function::Function;
use super::reference::{Reference, ReferenceError};
use super::{Scope, array, encoding, json, math, string};
use crate::json::byte_len;
use crate::json::compact;
use crate::jsonpath::ReadError;

/// Bytes of JSON one expression may copy: many times what a state may hold.
const COPIED_BYTES_MAX: usize = 8 << 20;

/// One call as written.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Vec<Argument>,
}

#[derive(Debug)]
pub(super) enum Argument {
    Literal(Value),
    /// The first argument of `States.Format`, when written out.
    Template(Result<Template, LoneBrace>),
    Path(Reference),
    Call(Call),
}

impl Call {
    pub(super) fn collect_references<'c>(&'c self, found: &mut Vec<&'c Reference>) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(reference) => found.push(reference),
                Argument::Call(call) => call.collect_references(found),
                Argument::Literal(_) | Argument::Template(_) => {}
            }
        }
    }
}

/// One evaluation.
pub(super) struct Run<'s> {
    scope: &'s dyn Scope,
    /// The whole expression: what AWS names, however deep the call is that failed.
    text: &'s str,
    bytes_left: Cell<usize>,
}

/// The values a function was given.
pub(super) struct Given<'a, 's> {
    run: &'a Run<'s>,
    template: Option<&'a Result<Template, LoneBrace>>,
    values: Vec<Cow<'a, Value>>,
}

impl<'s> Run<'s> {
    pub(super) fn new(scope: &'s dyn Scope, text: &'s str) -> Self {
        Self { scope, text, bytes_left: Cell::new(COPIED_BYTES_MAX) }
    }

    pub(super) fn call(&self, call: &Call) -> Result<Value, IntrinsicError> {
        let failed = |source| IntrinsicError::Failed { call: self.text.to_owned(), source };
        let mut given = Given { run: self, template: None, values: Vec::with_capacity(call.arguments.len()) };
        for argument in &call.arguments {
            match argument {
                Argument::Literal(value) => given.values.push(Cow::Borrowed(value)),
                Argument::Template(template) => given.template = Some(template),
                Argument::Path(reference) => given.values.push(self.read(reference)?),
                Argument::Call(inner) => given.values.push(Cow::Owned(self.call(inner)?)),
            }
        }
        apply(call.function, &mut given).map_err(failed)
    }

    fn read(&self, reference: &Reference) -> Result<Cow<'s, Value>, IntrinsicError> {
        let failed = |source| IntrinsicError::Failed { call: self.text.to_owned(), source };
        match reference.read(self.scope) {
            Ok(value) => {
                if let Cow::Owned(made) = &value {
                    self.spend(byte_len(made)).map_err(failed)?;
                }
                Ok(value)
            }
            Err(
                source @ (ReferenceError::Unassigned(_) | ReferenceError::Read(ReadError::NotFound { .. })),
            ) => Err(IntrinsicError::PathNotFound {
                call: self.text.to_owned(),
                // A path into the context object is named as a path from its root, beside the state's input (recorded).
                path: reference
                    .as_str()
                    .strip_prefix('$')
                    .filter(|it| it.starts_with('$'))
                    .unwrap_or(reference.as_str())
                    .to_owned(),
                input: compact(self.scope.input()),
                source,
            }),
            Err(
                source @ ReferenceError::Read(
                    ReadError::InvalidPath { .. } | ReadError::Failed { .. } | ReadError::TooManySteps { .. },
                ),
            ) => Err(failed(ArgumentError::Path(source))),
        }
    }

    fn spend(&self, bytes: usize) -> Result<(), ArgumentError> {
        match self.bytes_left.get().checked_sub(bytes) {
            Some(left) => {
                self.bytes_left.set(left);
                Ok(())
            }
            None => Err(ArgumentError::TooMuchData { max: COPIED_BYTES_MAX }),
        }
    }
}

fn apply(function: Function, given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    match function {
        Function::Array => array::array(given),
        Function::ArrayPartition => array::partition(given),
        Function::ArrayContains => array::contains(given),
        Function::ArrayRange => array::range(given),
        Function::ArrayGetItem => array::get_item(given),
        Function::ArrayLength => array::length(given),
        Function::ArrayUnique => array::unique(given),
        Function::Base64Encode => encoding::base64_encode(given),
        Function::Base64Decode => encoding::base64_decode(given),
        Function::Hash => encoding::hash(given),
        Function::JsonMerge => json::merge(given),
        Function::StringToJson => json::string_to_json(given),
        Function::JsonToString => json::json_to_string(given),
        Function::MathRandom => math::random(given),
        Function::MathAdd => math::add(given),
        Function::StringSplit => string::split(given),
        Function::Format => string::format(given),
        Function::UUID => Ok(Value::String(given.scope().random_uuid())),
    }
}

impl<'a, 's> Given<'a, 's> {
    pub(super) fn scope(&self) -> &'s dyn Scope {
        self.run.scope
    }

    pub(super) fn template(&self) -> Option<&'a Result<Template, LoneBrace>> {
        self.template
    }

    pub(super) fn values(&self) -> &[Cow<'a, Value>] {
        &self.values
    }

    /// Pays for copying bytes.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), ArgumentError> {
        self.run.spend(bytes)
    }

    /// Takes all values out, copying what is only borrowed.
    pub(super) fn take_all(&mut self) -> Result<Vec<Value>, ArgumentError> {
        let values = std::mem::take(&mut self.values);
        values.into_iter().map(|value| self.own(value)).collect()
    }

    fn own(&self, value: Cow<'a, Value>) -> Result<Value, ArgumentError> {
        if let Cow::Borrowed(value) = &value {
            self.spend(byte_len(value))?;
        }
        Ok(value.into_owned())
    }

    /// The argument at `index`, from 0. The parser saw to it that there are enough.
    pub(super) fn value(&self, index: usize) -> &Value {
        self.values.get(index).map_or(&Value::Null, |value| &**value)
    }

    pub(super) fn text(&self, index: usize) -> Result<&str, ArgumentError> {
        self.value(index).as_str().ok_or_else(|| self.not(index, "a string"))
    }

    pub(super) fn array(&self, index: usize) -> Result<&[Value], ArgumentError> {
        match self.value(index) {
            Value::Array(items) => Ok(items),
            _ => Err(self.not(index, "an array")),
        }
    }

    /// Takes an array out, copying it if it is only borrowed.
    pub(super) fn take_array(&mut self, index: usize) -> Result<Vec<Value>, ArgumentError> {
        self.array(index)?;
        let value = match self.values.get_mut(index) {
            Some(value) => std::mem::take(value),
            None => Cow::Owned(Value::Null),
        };
        match self.own(value)? {
            Value::Array(items) => Ok(items),
            _ => Err(self.not(index, "an array")),
        }
    }

    /// A number rounded to an integer as Java's `Math.round` does: halves go up, also below zero.
    pub(super) fn integer(&self, index: usize) -> Result<i64, ArgumentError> {
        let Value::Number(number) = self.value(index) else { return Err(self.not(index, "a number")) };
        match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(integer),
            // The cast saturates, as Java's does.
            (None, Some(double)) => Ok((double + 0.5).floor() as i64),
            (None, None) => Err(self.not(index, "a number")),
        }
    }

    pub(super) fn not(&self, index: usize, expected: &'static str) -> ArgumentError {
        ArgumentError::Type { position: index + 1, expected, found: type_name(self.value(index)) }
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
