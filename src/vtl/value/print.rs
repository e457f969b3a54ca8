//! How values print: Java's `toString`, and JSON text for lists that came from JSON.

use std::fmt::Write as _;

use crate::vtl::value::{List, ListKind, Map, Value};

/// A value that is nested deeper does not print; Java would overflow its stack.
const DEPTH_MAX: u32 = 512;

/// Why a value does not print.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TooDeep {
    /// Nested deeper than 512 levels.
    Depth,
    /// The text would exceed the given size.
    Bytes,
}

impl Value {
    /// Prints the value as a reference would; `Null` and `Empty` print nothing.
    ///
    /// The text of a value that is nested more than 512 levels deep or longer than 64 MiB is cut short.
    pub fn to_display_string(&self) -> String {
        let mut out = String::new();
        let _cut_short = self.print(&mut out, 64 * 1024 * 1024);
        out
    }

    /// Appends the printed value, unless `out` would exceed `bytes_max`.
    pub(crate) fn print(&self, out: &mut String, bytes_max: usize) -> Result<(), TooDeep> {
        if self.is_null() {
            return Ok(());
        }
        Printer { out, bytes_max }.value(self, 0)
    }
}

struct Printer<'a> {
    out: &'a mut String,
    bytes_max: usize,
}

impl Printer<'_> {
    fn text(&mut self, text: &str) -> Result<(), TooDeep> {
        if self.bytes_max < self.out.len() + text.len() {
            return Err(TooDeep::Bytes);
        }
        self.out.push_str(text);
        Ok(())
    }

    fn formatted(&mut self, value: impl std::fmt::Display) -> Result<(), TooDeep> {
        write!(self.out, "{value}").map_err(|_| TooDeep::Bytes)?;
        self.text("")
    }

    fn value(&mut self, value: &Value, depth: u32) -> Result<(), TooDeep> {
        if DEPTH_MAX < depth {
            return Err(TooDeep::Depth);
        }
        match value {
            Value::Null | Value::Empty => self.text("null"),
            Value::Bool(b) => self.text(if *b { "true" } else { "false" }),
            Value::Int(n) => self.formatted(n),
            Value::Long(n) => self.formatted(n),
            Value::Big(n) => self.formatted(n),
            Value::Double(d) => {
                print_double(*d, self.out);
                self.text("")
            }
            Value::Str(text) => self.text(text),
            Value::List(list) => match list.kind() {
                // A Java array prints its type and address, which no template wants; print the items instead.
                ListKind::Plain | ListKind::Set | ListKind::Array => self.list(list, depth),
                ListKind::Json => self.json(value, depth),
            },
            Value::Map(map) => self.map(map, depth),
            Value::Entry(entry) => {
                self.value(entry.key(), depth + 1)?;
                self.text("=")?;
                self.value(&entry.value(), depth + 1)
            }
            Value::Loop(state) => match &*state.0.attributes.borrow() {
                Some(attributes) => self.map(attributes, depth),
                None => self.text("{}"),
            },
            // Both print by being evaluated, which doesn't happen inside a list.
            Value::Object(_) | Value::Block(_) => Ok(()),
        }
    }

    fn list(&mut self, list: &List, depth: u32) -> Result<(), TooDeep> {
        self.text("[")?;
        for (index, item) in list.items().iter().enumerate() {
            if index != 0 {
                self.text(", ")?;
            }
            match item {
                Value::List(inner) if inner.is_same(list) => self.text("(this Collection)")?,
                item => self.value(item, depth + 1)?,
            }
        }
        self.text("]")
    }

    fn map(&mut self, map: &Map, depth: u32) -> Result<(), TooDeep> {
        self.text("{")?;
        let mut is_first = true;
        let failed = map.visit(|key, value| {
            let separator = if std::mem::take(&mut is_first) { "" } else { ", " };
            let mut entry = || {
                self.text(separator)?;
                self.value(key, depth + 1)?;
                self.text("=")?;
                match value {
                    Value::Map(inner) if inner.is_same(map) => self.text("(this Map)"),
                    value => self.value(value, depth + 1),
                }
            };
            entry().err()
        });
        failed.map_or(Ok(()), Err)?;
        self.text("}")
    }

    /// Compact JSON. A slash stays a slash, as `$input.json` prints it.
    fn json(&mut self, value: &Value, depth: u32) -> Result<(), TooDeep> {
        if DEPTH_MAX < depth {
            return Err(TooDeep::Depth);
        }
        match value {
            Value::List(list) => {
                self.text("[")?;
                for (index, item) in list.items().iter().enumerate() {
                    if index != 0 {
                        self.text(",")?;
                    }
                    self.json(item, depth + 1)?;
                }
                self.text("]")
            }
            Value::Map(map) => {
                self.text("{")?;
                let mut is_first = true;
                let failed = map.visit(|key, value| {
                    let separator = if std::mem::take(&mut is_first) { "" } else { "," };
                    let mut member = || {
                        self.text(separator)?;
                        self.json_string(&key.to_display_string())?;
                        self.text(":")?;
                        self.json(value, depth + 1)
                    };
                    member().err()
                });
                failed.map_or(Ok(()), Err)?;
                self.text("}")
            }
            Value::Str(text) => self.json_string(text),
            Value::Null
            | Value::Empty
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Big(_)
            | Value::Double(_)
            | Value::Entry(_)
            | Value::Object(_)
            | Value::Block(_)
            | Value::Loop(_) => self.formatted(value.to_json()),
        }
    }

    fn json_string(&mut self, text: &str) -> Result<(), TooDeep> {
        self.formatted(serde_json::Value::from(text))
    }
}

/// Appends a double as `Double.toString` prints it: at least one digit after the point, and scientific notation below
/// 10⁻³ and from 10⁷.
pub(crate) fn print_double(d: f64, out: &mut String) {
    if d.is_nan() {
        out.push_str("NaN");
    } else if d.is_infinite() {
        out.push_str(if d < 0.0 { "-Infinity" } else { "Infinity" });
    } else if d == 0.0 || (1e-3..1e7).contains(&d.abs()) {
        // Writing to a String cannot fail; `{:?}` keeps ".0" on whole numbers.
        let _infallible = write!(out, "{d:?}");
    } else {
        let scientific = format!("{d:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        out.push_str(digits);
        if !digits.contains('.') {
            out.push_str(".0");
        }
        out.push('E');
        out.push_str(exponent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_java_prints_them() {
        let check = |d: f64, expect: &str| {
            let mut out = String::new();
            print_double(d, &mut out);
            assert_eq!(out, expect);
        };
        check(1.0, "1.0");
        check(-0.0, "-0.0");
        check(0.001, "0.001");
        check(0.000_999, "9.99E-4");
        check(9_999_999.0, "9999999.0");
        check(1e7, "1.0E7");
        check(1_486_772_644.911, "1.486772644911E9");
        check(f64::NAN, "NaN");
        check(f64::NEG_INFINITY, "-Infinity");
    }

    #[test]
    fn a_list_that_holds_itself_prints_and_a_deep_one_ends() {
        let list = List::new(ListKind::Plain, vec![Value::Int(1)]);
        list.items_mut().push(Value::List(list.clone()));
        assert_eq!(Value::List(list.clone()).to_display_string(), "[1, (this Collection)]");
        list.items_mut().clear();
        let mut deep = Value::Null;
        for _ in 0..100_000 {
            deep = Value::list(vec![deep]);
        }
        assert_eq!(deep.print(&mut String::new(), usize::MAX), Err(TooDeep::Depth));
        assert!(deep.to_json().is_array());
    }
}
