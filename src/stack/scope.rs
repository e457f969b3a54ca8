//! What a template's values can refer to: parameters, mappings, conditions, and exports of other stacks.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::error::Error;
use super::intrinsic::Attributes;

/// The most bytes that the functions of one template may produce in total. An API's document has at most 6 MiB on AWS;
/// nested functions each count.
pub(super) const EXPANSION_BYTES_MAX: usize = 16 * 1_048_576;
/// The size of a value in addition to its text.
const NODE_BYTES: usize = 32;

/// Everything to which a template's functions may refer, except its resources.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    /// Parameters and pseudo parameters such as `AWS::Region`.
    pub(super) parameters: Map<String, Value>,
    /// The names of parameters whose values are guesses, because they are known only at deployment.
    pub(super) guessed: BTreeSet<String>,
    pub(super) mappings: &'a Value,
    /// The conditions; `None` if a condition depends on a guess.
    pub(super) conditions: BTreeMap<String, Option<bool>>,
    /// The exports of all stacks, by name; `None` if they are known only at deployment.
    pub(super) exports: Option<BTreeMap<String, String>>,
}

/// Resources, and the state of resolving values.
pub(super) struct Names<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) resources: &'a BTreeMap<String, Attributes>,
    pub(super) tally: &'a Tally,
}

/// What resolving values has used up, and how often it has met a guess.
#[derive(Debug)]
pub(super) struct Tally {
    bytes_left: Cell<usize>,
    n_guesses: Cell<u32>,
    n_placeholders: Cell<u32>,
    /// The exports that were met.
    imports: RefCell<BTreeSet<String>>,
    /// Whether resources are placeholders, which only have the right form.
    is_rehearsal: bool,
}

/// The number of guesses met at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    guesses: u32,
    placeholders: u32,
}

impl Tally {
    /// For existing resources.
    pub(super) fn new() -> Self {
        Self::with(false)
    }

    /// For placeholders of resources.
    pub(super) fn of_rehearsal() -> Self {
        Self::with(true)
    }

    fn with(is_rehearsal: bool) -> Self {
        Self {
            bytes_left: Cell::new(EXPANSION_BYTES_MAX),
            n_guesses: Cell::new(0),
            n_placeholders: Cell::new(0),
            imports: RefCell::new(BTreeSet::new()),
            is_rehearsal,
        }
    }

    /// The current number, to find out later whether another guess was met.
    pub(super) const fn mark(&self) -> Mark {
        Mark { guesses: self.n_guesses.get(), placeholders: self.n_placeholders.get() }
    }

    /// Whether a value known only at deployment was met since `mark`.
    pub(super) const fn guessed_since(&self, mark: Mark) -> bool {
        mark.guesses != self.n_guesses.get()
    }

    /// Whether a guess or a placeholder was met since `mark`. An error may then not occur with the real value.
    pub(super) const fn is_unsure_since(&self, mark: Mark) -> bool {
        mark.guesses != self.n_guesses.get() || mark.placeholders != self.n_placeholders.get()
    }

    pub(super) fn meet_guess(&self) {
        self.n_guesses.set(self.n_guesses.get().wrapping_add(1));
    }

    /// Notes that the value exported as `name` was met.
    pub(super) fn meet_export(&self, name: &str) {
        self.imports.borrow_mut().insert(name.to_owned());
    }

    /// The names of the exports that were met.
    pub(super) fn imports(&self) -> BTreeSet<String> {
        self.imports.borrow().clone()
    }

    pub(super) fn meet_resource(&self) {
        if self.is_rehearsal {
            self.n_placeholders.set(self.n_placeholders.get().wrapping_add(1));
        }
    }

    /// Checks whether `n_bytes` more may be produced.
    ///
    /// # Errors
    /// [`Error::Template`] if they are too many.
    pub(super) fn check(&self, n_bytes: usize, at: &str) -> Result<(), Error> {
        if n_bytes <= self.bytes_left.get() {
            return Ok(());
        }
        let problem = format!("the template's functions make more than {EXPANSION_BYTES_MAX} bytes");
        Err(Error::at(at, problem))
    }

    /// Counts a value that a function has produced.
    ///
    /// # Errors
    /// [`Error::Template`] if it is too much.
    pub(super) fn spend(&self, value: &Value, at: &str) -> Result<(), Error> {
        let n_bytes = size(value);
        self.check(n_bytes, at)?;
        self.bytes_left.set(self.bytes_left.get() - n_bytes);
        Ok(())
    }
}

fn size(value: &Value) -> usize {
    let inner = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + size(value)).sum(),
    };
    NODE_BYTES + inner
}
