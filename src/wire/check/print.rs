//! Values in the format of AWS's constraint messages, which is Java's.

use std::fmt;

use serde_json::Value;

use crate::wire::Shape;

/// Prints a value of a shape: strings bare, `[a, b]`, `{k=v}`, `Structure(member=value)`.
pub(super) struct Print<'a>(pub(super) &'a Shape, pub(super) &'a Value);

impl fmt::Display for Print<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(shape, value) = *self;
        match (shape, value) {
            (_, Value::String(text)) => f.write_str(text),
            (Shape::List(item, _), Value::Array(items)) => {
                f.write_str("[")?;
                for (index, value) in items.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{}", Print(item, value))?;
                }
                f.write_str("]")
            }
            (Shape::Map(_, item, _), Value::Object(entries)) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{key}={}", Print(item, value))?;
                }
                f.write_str("}")
            }
            (Shape::Structure(structure), Value::Object(members)) => {
                write!(f, "{}(", structure.name)?;
                let present = structure.members.iter().filter_map(|m| Some((m, members.get(m.name)?)));
                for (index, (member, value)) in present.enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{}=", member.name)?;
                    match member.sensitive {
                        true => f.write_str("***Sensitive Data Redacted***")?,
                        false => write!(f, "{}", Print(&member.shape, value))?,
                    }
                }
                f.write_str(")")
            }
            (_, value) => write!(f, "{value}"),
        }
    }
}
