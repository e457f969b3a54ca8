//! The table of functions.

use std::fmt;

/// What every call starts with.
pub(super) const PREFIX: &str = "States.";

/// How many arguments a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arity {
    min: usize,
    /// `None` for any number.
    max: Option<usize>,
}

macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident($min:literal, $max:expr)),+ $(,)?) => {
        /// An intrinsic function. [`fmt::Display`] is its full name, `States.Array`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function {
            $($(#[$doc])* $variant,)+
        }

        impl Function {
            /// All functions.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name behind `States.`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }

            pub(super) fn arity(self) -> Arity {
                match self {
                    $(Self::$variant => Arity { min: $min, max: $max },)+
                }
            }
        }
    };
}

functions! {
    /// `(values…)` → an array of them.
    Array(0, None),
    /// `(array, size)` → the array in chunks of `size`.
    ArrayPartition(2, Some(2)),
    /// `(array, value)` → whether the value is in it.
    ArrayContains(2, Some(2)),
    /// `(first, last, step)` → integers from `first` to `last`, both included.
    ArrayRange(3, Some(3)),
    /// `(array, index)` → the element at an index from 0.
    ArrayGetItem(2, Some(2)),
    /// `(array)` → its length.
    ArrayLength(1, Some(1)),
    /// `(array)` → its elements without repetitions.
    ArrayUnique(1, Some(1)),
    /// `(text)` → Base64 of its UTF-8.
    Base64Encode(1, Some(1)),
    /// `(text)` → what was encoded.
    Base64Decode(1, Some(1)),
    /// `(text, algorithm)` → digest in lower-case hexadecimal.
    Hash(2, Some(2)),
    /// `(left, right, false)` → the members of both, those of `right` winning.
    JsonMerge(3, Some(3)),
    /// `(text)` → the JSON it holds.
    StringToJson(1, Some(1)),
    /// `(value)` → its compact JSON text.
    JsonToString(1, Some(1)),
    /// `(first, last[, seed])` → an integer from `first` to below `last`.
    MathRandom(2, Some(3)),
    /// `(left, right)` → their sum.
    MathAdd(2, Some(2)),
    /// `(text, splitters)` → the pieces between any of the splitting characters.
    StringSplit(2, Some(2)),
    /// `(template, values…)` → the template with each `{}` filled in.
    Format(1, None),
    /// `()` → a version 4 UUID.
    UUID(0, Some(0)),
}

impl Function {
    /// Finds a function by the name behind `States.`. Names are case-sensitive.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name() == name)
    }
}

impl Arity {
    pub(super) fn accepts(self, n: usize) -> bool {
        self.min <= n && self.max.is_none_or(|max| n <= max)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.name())
    }
}

impl fmt::Display for Arity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) if max == self.min => write!(f, "{max}"),
            Some(max) => write!(f, "{} to {max}", self.min),
            None => write!(f, "at least {}", self.min),
        }
    }
}
