//! Values and positions as messages show them.

use std::fmt;

use serde_json::Value;

use super::token::Root;
use crate::json::{compact, java_string};

/// The steps from the root to a node. They are kept on the stack, and formatted only for a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trace<'p> {
    before: Option<&'p Self>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Root(Root),
    Property(&'p str),
    /// As the path counts: negative from the end.
    Index(i64),
}

impl<'p> Trace<'p> {
    pub(super) fn root(root: Root) -> Self {
        Self { before: None, step: Step::Root(root) }
    }

    pub(super) fn property(&'p self, name: &'p str) -> Self {
        Self { before: Some(self), step: Step::Property(name) }
    }

    pub(super) fn index(&'p self, index: i64) -> Self {
        Self { before: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(before) = self.before {
            before.fmt(f)?;
        }
        match self.step {
            Step::Root(root) => root.fmt(f),
            Step::Property(name) => write!(f, "['{name}']"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A value in the format of its Java object's `toString`: objects `{a=1, b=2}`, arrays as JSON.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => compact(value),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, member)| format!("{name}={}", shown(member))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => java_string(value),
    }
}

/// The Java class of a value.
pub(super) fn class_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) if number.is_f64() => "java.lang.Double",
        Value::Number(number) => match number.as_i64() {
            Some(integer) if i32::try_from(integer).is_ok() => "java.lang.Integer",
            Some(_) => "java.lang.Long",
            None => "java.math.BigInteger",
        },
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "net.minidev.json.JSONArray",
        Value::Object(_) => "java.util.LinkedHashMap",
    }
}
