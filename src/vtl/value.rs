//! The values of the language, with equality and truth as in Java and Velocity.

mod json;
mod list;
mod map;
mod number;
mod print;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::vtl::host::Object;

pub use list::{List, ListKind};
pub use map::Map;
pub use number::Operator;
pub(super) use print::{TooDeep, print_double};

/// A value of a template; cloning shares lists and maps, as Java's references do.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Java's null: the reference prints its own source text.
    #[default]
    Null,
    /// API Gateway's missing value: prints nothing, equals both null and `""`, counts as false.
    Empty,
    /// A `java.lang.Boolean`.
    Bool(bool),
    /// A `java.lang.Integer`.
    Int(i32),
    /// A `java.lang.Long`.
    Long(i64),
    /// A `java.math.BigInteger`, the result of arithmetic that overflows a long; limited to 128 bits here.
    Big(i128),
    /// A `java.lang.Double`.
    Double(f64),
    /// A `java.lang.String`.
    Str(Arc<str>),
    /// A list, set or array.
    List(List),
    /// A `java.util.Map` in insertion order.
    Map(Map),
    /// One entry of a map, as `entrySet()` gives it.
    Entry(Entry),
    /// An object of the host.
    Object(Object),
    /// A `#define`d piece of template, evaluated whenever it is printed.
    Block(Block),
    /// `$foreach`: the state of a running loop.
    Loop(Loop),
}

/// One entry of a map; setting its value writes through to the map.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) map: Map,
    pub(super) key: Rc<Value>,
}

/// A `#define`d piece of template.
#[derive(Clone, Debug)]
pub struct Block {
    pub(super) body: Arc<crate::vtl::ast::Block>,
    /// How often the block is nested in itself right now.
    pub(super) depth: Rc<Cell<u32>>,
}

/// The state of a running `#foreach`.
#[derive(Clone, Debug)]
pub struct Loop(pub(super) Rc<LoopState>);

#[derive(Debug)]
pub(super) struct LoopState {
    /// The loop's id, for `#break($foreach.parent)`.
    pub(super) id: u64,
    pub(super) index: Cell<i32>,
    pub(super) has_next: Cell<bool>,
    /// The value of `$foreach` before this loop began.
    pub(super) replaced: Value,
    /// Attributes set by `#set($foreach.name = …)`, created on first use.
    pub(super) attributes: RefCell<Option<Map>>,
}

impl Value {
    /// Makes a string.
    pub fn str(text: &str) -> Self {
        Self::Str(text.into())
    }

    /// Makes a plain list, as a `[…]` literal does.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(List::new(ListKind::Plain, items))
    }

    /// Makes a whole number, with the smallest of Java's types that fits.
    pub fn integer(n: i64) -> Self {
        i32::try_from(n).map_or(Self::Long(n), Self::Int)
    }

    /// Whether this is Java's null or API Gateway's missing value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Empty)
    }

    /// The truth of `#if($value)`: only null, the missing value and `false` are false.
    ///
    /// An empty string, list or map is true, as in Velocity 1.x. A block counts as true.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null | Self::Empty | Self::Bool(false) => false,
            Self::Bool(true)
            | Self::Int(_)
            | Self::Long(_)
            | Self::Big(_)
            | Self::Double(_)
            | Self::Str(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Entry(_)
            | Self::Object(_)
            | Self::Block(_)
            | Self::Loop(_) => true,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            Self::Empty => Some(""),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Long(_)
            | Self::Big(_)
            | Self::Double(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Entry(_)
            | Self::Object(_)
            | Self::Block(_)
            | Self::Loop(_) => None,
        }
    }
}

// === changes ===

thread_local! {
    /// Values are shared by handles without a way back, so a change is told to nobody else.
    static WRITES: Cell<u64> = const { Cell::new(0) };
}

/// How often a list or a map has been changed on this thread. Whoever keeps a copy of a value's content sees from the
/// number whether it may have changed; an evaluation stays on one thread.
pub fn writes() -> u64 {
    WRITES.get()
}

fn wrote() {
    WRITES.set(WRITES.get().wrapping_add(1));
}

// === equality ===

/// The most values that one comparison looks at; larger values count as different.
const COMPARED_MAX: u32 = 1_000_000;
/// The most levels that one comparison looks at.
const COMPARED_DEPTH_MAX: u32 = 512;

impl Value {
    /// Java's `equals`: same type and same content. An int never equals a long.
    ///
    /// The missing value equals null and the empty string.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.equals(other, 0, &mut { COMPARED_MAX })
    }

    fn equals(&self, other: &Self, depth: u32, budget: &mut u32) -> bool {
        if COMPARED_DEPTH_MAX < depth || *budget == 0 {
            return false;
        }
        *budget -= 1;
        match (self, other) {
            (Self::Null | Self::Empty, Self::Null | Self::Empty) => true,
            (Self::Empty, Self::Str(text)) | (Self::Str(text), Self::Empty) => text.is_empty(),
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Long(left), Self::Long(right)) => left == right,
            (Self::Big(left), Self::Big(right)) => left == right,
            // Double.equals compares bits: NaN equals itself, 0.0 and -0.0 differ.
            (Self::Double(left), Self::Double(right)) => {
                left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
            }
            (Self::Str(left), Self::Str(right)) => left == right,
            (Self::List(left), Self::List(right)) => {
                left.is_same(right) || {
                    let (left, right) = (left.items(), right.items());
                    left.len() == right.len()
                        && left.iter().zip(right.iter()).all(|(l, r)| l.equals(r, depth + 1, budget))
                }
            }
            (Self::Map(left), Self::Map(right)) => {
                left.is_same(right)
                    || (left.len() == right.len()
                        && left
                            .entries()
                            .iter()
                            .all(|(key, l)| right.get(key).is_some_and(|r| l.equals(&r, depth + 1, budget))))
            }
            (Self::Entry(left), Self::Entry(right)) => {
                left.key.equals(&right.key, depth + 1, budget)
                    && left.value().equals(&right.value(), depth + 1, budget)
            }
            (Self::Object(left), Self::Object(right)) => left == right,
            (Self::Block(left), Self::Block(right)) => Arc::ptr_eq(&left.body, &right.body),
            (Self::Loop(left), Self::Loop(right)) => Rc::ptr_eq(&left.0, &right.0),
            (
                Self::Null
                | Self::Empty
                | Self::Bool(_)
                | Self::Int(_)
                | Self::Long(_)
                | Self::Big(_)
                | Self::Double(_)
                | Self::Str(_)
                | Self::List(_)
                | Self::Map(_)
                | Self::Entry(_)
                | Self::Object(_)
                | Self::Block(_)
                | Self::Loop(_),
                _,
            ) => false,
        }
    }
}

impl Entry {
    /// The entry's key.
    pub fn key(&self) -> &Value {
        &self.key
    }

    /// The entry's current value in the map.
    pub fn value(&self) -> Value {
        self.map.get(&self.key).unwrap_or_default()
    }
}

/// Drops values without recursion, however deeply they are nested.
fn drop_flat(values: impl Iterator<Item = Value>) {
    // Most values contain no others and are dropped right here. Nothing is allocated unless there are others.
    let mut pending: Vec<Value> = values.filter(Value::is_nested).collect();
    while let Some(value) = pending.pop() {
        match value {
            Value::List(list) => {
                let items = list.into_unshared_items().into_iter().flatten();
                pending.extend(items.filter(Value::is_nested));
            }
            Value::Map(map) => {
                let entries = map.into_unshared_entries().into_iter().flatten();
                pending.extend(entries.flat_map(|(key, value)| [key, value]).filter(Value::is_nested));
            }
            Value::Loop(state) => pending.extend(Rc::into_inner(state.0).map(|state| state.replaced)),
            Value::Null
            | Value::Empty
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Big(_)
            | Value::Double(_)
            | Value::Str(_)
            | Value::Entry(_)
            | Value::Object(_)
            | Value::Block(_) => {}
        }
    }
}

impl Value {
    /// Whether dropping this value may drop others inside it.
    fn is_nested(&self) -> bool {
        match self {
            Self::List(_) | Self::Map(_) | Self::Loop(_) => true,
            Self::Null
            | Self::Empty
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Long(_)
            | Self::Big(_)
            | Self::Double(_)
            | Self::Str(_)
            | Self::Entry(_)
            | Self::Object(_)
            | Self::Block(_) => false,
        }
    }
}

// === structure ===

impl Value {
    /// An address that identifies a shared list, map or entry; `None` for anything that contains no values.
    pub(super) fn identity(&self) -> Option<usize> {
        match self {
            Self::List(list) => Some(list.identity()),
            Self::Map(map) => Some(map.identity()),
            Self::Entry(entry) => Some(Rc::as_ptr(&entry.key).addr()),
            Self::Null
            | Self::Empty
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Long(_)
            | Self::Big(_)
            | Self::Double(_)
            | Self::Str(_)
            | Self::Object(_)
            | Self::Block(_)
            | Self::Loop(_) => None,
        }
    }

    /// The lists, maps and entries that this one contains.
    pub(super) fn parts(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut keep = |value: &Self| {
            if value.identity().is_some() {
                parts.push(value.clone());
            }
        };
        match self {
            Self::List(list) => list.items().iter().for_each(keep),
            Self::Map(map) => {
                map.visit(|key, value| {
                    keep(key);
                    keep(value);
                    None::<()>
                });
            }
            Self::Entry(entry) => keep(&Self::Map(entry.map.clone())),
            Self::Null
            | Self::Empty
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Long(_)
            | Self::Big(_)
            | Self::Double(_)
            | Self::Str(_)
            | Self::Object(_)
            | Self::Block(_)
            | Self::Loop(_) => {}
        }
        parts
    }
}
