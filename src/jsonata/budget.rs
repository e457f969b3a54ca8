//! The memory and the work that one evaluation may take.
//!
//! The library limits time, depth and the length of one sequence. It limits neither how long a string may grow, nor how
//! much many sequences take together, nor what a value becomes when it is written out: values are shared, so that forty
//! steps of `{"a": $x, "b": $x}` take forty objects in memory and a trillion as text. So compiled expressions pass what
//! they create through functions that charge this budget (`metered` says where), and two things hold of every value:
//!
//! - Its size as a tree, written out with nothing shared, is bounded. Whatever walks over it (conversion, text,
//!   comparison, sorting) is bounded therefore as well.
//! - What it takes in memory has been charged once. Values that are charged are kept until the evaluation ends, which
//!   is how they are known when they come by again.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::value::JValue;

use crate::clock::{Clock as _, SystemClock};

/// The error that an exhausted budget raises inside the library.
pub(crate) const EXHAUSTED: &str = "\u{1}memory";

/// The longest string, in UTF-16 units, and the longest sequence. Measured on AWS, which accepts 2²² characters and
/// 873,782 numbers.
pub(crate) const TEXT_LENGTH_MAX: usize = 1 << 22;
/// See [`TEXT_LENGTH_MAX`].
pub(crate) const SEQUENCE_LENGTH_MAX: usize = 873_782;
/// Most bytes that a string of [`TEXT_LENGTH_MAX`] units can have.
pub(crate) const TEXT_BYTES_MAX: usize = 3 * TEXT_LENGTH_MAX;

/// How deep a value may nest while it is worked with. A result may nest no deeper than a document.
pub(crate) const VALUE_DEPTH_MAX: usize = 512;
/// How deep a result may nest: what a document may, since it is read back as one.
pub(crate) const RESULT_DEPTH_MAX: usize = 127;

/// What walks over text with a pattern, or over one value for each part of another, may do so many steps at one time.
pub(crate) const WORK_MAX: usize = 250_000_000;

/// The size of a value in a sequence, in bytes.
pub(crate) const ITEM_BYTES: usize = 24;
/// The size of an array, of an object, of a member and of a string beside what is in them, in bytes.
const ARRAY_BYTES: usize = 48;
const OBJECT_BYTES: usize = 128;
const MEMBER_BYTES: usize = 96;
const STRING_BYTES: usize = 32;
/// The size of a function beside its text.
const FUNCTION_BYTES: usize = 1024;
/// Strings from this length on are known when they come by again.
const LONG_TEXT_BYTES: usize = 256;

/// After so many values, the time is looked at.
const LOOK_EVERY: usize = 1_024;

/// The part of the budget that one value may have when it is written out.
const VALUE_PART: usize = 4;

type Charged = Result<(), EvaluatorError>;

/// What a value is when it is written out, with nothing shared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Size {
    /// Bytes in memory.
    pub(crate) bytes: usize,
    pub(crate) nodes: usize,
    pub(crate) depth: usize,
}

/// What is left of the limits of one evaluation.
pub(crate) struct Budget {
    /// Bytes that may still be created.
    left: usize,
    /// Bytes that may still pass through the steps of paths, and other work that is counted in bytes.
    work: usize,
    value_max: usize,
    sequence_max: usize,
    known: HashMap<usize, (JValue, Size)>,
    /// What earlier arguments of the calls that are being evaluated said.
    arguments: Vec<usize>,
    /// Values that were gone through, to look at the time now and then.
    looked_through: usize,
    /// The longest text that a pattern was given.
    longest_subject: usize,
    clock: SystemClock,
    time: Duration,
}

impl Budget {
    pub(crate) fn new(bytes: usize, sequence_max: usize, time: Duration) -> Self {
        Self {
            left: bytes,
            work: bytes,
            value_max: bytes / VALUE_PART,
            sequence_max,
            known: HashMap::new(),
            arguments: Vec::new(),
            looked_through: 0,
            longest_subject: 0,
            clock: SystemClock::new(),
            time,
        }
    }

    /// Charges for a value that was created: a string always, arrays and objects for what is new in them.
    pub(crate) fn created(&mut self, value: &JValue) -> Charged {
        match value {
            JValue::String(text) if text.len() < LONG_TEXT_BYTES => self.charge(STRING_BYTES + text.len()),
            value => self.kept(value),
        }
    }

    /// Charges for a value that may have been there before.
    pub(crate) fn kept(&mut self, value: &JValue) -> Charged {
        match value {
            JValue::String(text) => self.text(text),
            JValue::Regex { pattern, .. } => self.charge(STRING_BYTES + pattern.len()),
            JValue::Array(_) | JValue::Object(_) | JValue::Lambda(_) => self.size(value).map(drop),
            _ => Ok(()),
        }
    }

    /// Charges for bytes that are created.
    pub(crate) fn charge(&mut self, bytes: usize) -> Charged {
        self.left = self.left.checked_sub(bytes).ok_or_else(exhausted)?;
        Ok(())
    }

    /// Whether so many bytes may still be created, for what is charged once it is there.
    pub(crate) fn allows(&self, bytes: usize) -> Charged {
        if self.left < bytes { Err(exhausted()) } else { Ok(()) }
    }

    /// Charges for work that goes through so many bytes.
    pub(crate) fn pass(&mut self, bytes: usize) -> Charged {
        self.work = self.work.checked_sub(bytes).ok_or_else(exhausted)?;
        Ok(())
    }

    /// Charges for a value that passes through a step of a path, where it may be spread out or copied each time.
    pub(crate) fn passed(&mut self, value: &JValue) -> Charged {
        match value {
            JValue::String(_) | JValue::Array(_) | JValue::Object(_) => {
                let size = self.size(value)?;
                self.pass(size.bytes)
            }
            JValue::Lambda(_) | JValue::Regex { .. } => self.kept(value),
            _ => Ok(()),
        }
    }

    /// Charges for the items of a value that are copied into an array.
    pub(crate) fn spread(&mut self, value: &JValue) -> Charged {
        match value {
            JValue::Array(items) => self.pass(items.len() * ITEM_BYTES),
            value => self.kept(value),
        }
    }

    fn text(&mut self, text: &Rc<str>) -> Charged {
        if TEXT_LENGTH_MAX < text.len() && TEXT_LENGTH_MAX < utf16_length(text) {
            return Err(exhausted());
        }
        if LONG_TEXT_BYTES <= text.len() {
            let key = Rc::as_ptr(text).cast::<u8>().addr();
            if !self.known.contains_key(&key) {
                self.charge(STRING_BYTES + text.len())?;
                self.known.insert(key, (JValue::String(text.clone()), Size::default()));
            }
        }
        Ok(())
    }

    /// The size of a value when it is written out. Charges for what is new in it.
    ///
    /// # Errors
    /// If it is larger or deeper than values may be, or the budget is exhausted.
    pub(crate) fn size(&mut self, value: &JValue) -> Result<Size, EvaluatorError> {
        self.size_at(value, 0)
    }

    fn size_at(&mut self, value: &JValue, depth: usize) -> Result<Size, EvaluatorError> {
        if VALUE_DEPTH_MAX < depth {
            return Err(exhausted());
        }
        let (key, layer) = match value {
            JValue::String(text) => {
                if depth == 0 {
                    self.text(text)?;
                }
                return Ok(Size { bytes: STRING_BYTES + text.len(), nodes: 1, depth: 0 });
            }
            JValue::Array(items) if items.is_empty() => {
                return Ok(Size { bytes: ARRAY_BYTES, nodes: 1, depth: 1 });
            }
            JValue::Array(items) if self.sequence_max < items.len() => return Err(exhausted()),
            JValue::Array(items) => (items.as_ptr().addr(), ARRAY_BYTES + items.len() * ITEM_BYTES),
            JValue::Object(members) => {
                let names: usize = members.keys().map(String::len).sum();
                (Rc::as_ptr(members).addr(), OBJECT_BYTES + members.len() * MEMBER_BYTES + names)
            }
            // What a match finds next holds the text.
            JValue::Lambda(function) => (Rc::as_ptr(function).addr(), FUNCTION_BYTES + self.longest_subject),
            // Where it stands counts it.
            _ => return Ok(Size { bytes: 0, nodes: 1, depth: 0 }),
        };
        if let Some((_, size)) = self.known.get(&key) {
            return Ok(*size);
        }
        self.charge(layer)?;
        self.looked_through += 1;
        if self.looked_through.is_multiple_of(LOOK_EVERY) {
            self.on_time()?;
        }
        let mut size = Size { bytes: layer, nodes: 1, depth: 0 };
        let mut add = |budget: &mut Self, part: &JValue| {
            match part {
                JValue::String(text) if text.len() < LONG_TEXT_BYTES => {
                    budget.charge(STRING_BYTES + text.len())?;
                }
                JValue::String(_) | JValue::Regex { .. } => budget.kept(part)?,
                _ => {}
            }
            let part = budget.size_at(part, depth + 1)?;
            size.bytes = size.bytes.saturating_add(part.bytes);
            size.nodes = size.nodes.saturating_add(part.nodes);
            size.depth = size.depth.max(part.depth);
            if budget.value_max < size.bytes { Err(exhausted()) } else { Ok(()) }
        };
        match value {
            JValue::Array(items) => items.iter().try_for_each(|item| add(self, item))?,
            JValue::Object(members) => members.values().try_for_each(|member| add(self, member))?,
            // A function holds what it refers to, and with it other functions: it nests as values do.
            JValue::Lambda(function) => {
                let held = function.captured_env.values().chain(&function.captured_data);
                for part in held {
                    let part = self.size_at(part, depth + 1)?;
                    size.depth = size.depth.max(part.depth);
                }
            }
            _ => {}
        }
        size.depth += 1;
        if VALUE_DEPTH_MAX < size.depth {
            return Err(exhausted());
        }
        self.known.insert(key, (value.clone(), size));
        Ok(size)
    }

    /// Whether this may leave as the result.
    pub(crate) fn result(&mut self, value: &JValue) -> Charged {
        if RESULT_DEPTH_MAX < self.size(value)?.depth { Err(exhausted()) } else { Ok(()) }
    }

    /// Remembers what an argument said for a later one of the same call.
    pub(crate) fn remember(&mut self, said: usize) {
        self.arguments.push(said);
    }

    /// What the argument before said.
    pub(crate) fn recall(&mut self) -> usize {
        self.arguments.pop().unwrap_or(0)
    }

    /// Checks a text, or texts in a value, that a pattern of this weight is to be looked for in.
    pub(crate) fn subject(&mut self, value: &JValue, weight: usize) -> Charged {
        let length = match value {
            JValue::String(text) => text.len(),
            JValue::Array(_) | JValue::Object(_) => self.size(value)?.bytes,
            _ => return Ok(()),
        };
        self.longest_subject = self.longest_subject.max(length);
        if WORK_MAX < length.saturating_mul(weight) {
            return Err(overdue());
        }
        // What a pattern finds holds a copy of the text.
        self.pass(length)
    }

    /// Whether there is time left, for what takes many steps inside one call.
    pub(crate) fn on_time(&self) -> Charged {
        if self.time < self.clock.monotonic() { Err(overdue()) } else { Ok(()) }
    }

    /// The longest sequence.
    pub(crate) fn sequence_max(&self) -> usize {
        self.sequence_max
    }
}

pub(crate) fn exhausted() -> EvaluatorError {
    EvaluatorError::EvaluationError(EXHAUSTED.to_owned())
}

/// The library's error for an evaluation that takes too long.
pub(crate) fn overdue() -> EvaluatorError {
    EvaluatorError::EvaluationError("D1012: Evaluation timeout".to_owned())
}

fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
