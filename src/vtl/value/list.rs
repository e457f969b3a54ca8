//! Lists, sets and arrays: shared, growable sequences.

use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;

use crate::vtl::value::{Value, wrote};

/// The Java type of a sequence, which decides its methods and how it prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListKind {
    /// A `java.util.ArrayList`: prints `[a, b]`.
    Plain,
    /// A list that came from JSON: prints as JSON text, `["a","b"]`, as API Gateway prints it.
    Json,
    /// A Java array, as `split` returns it: of fixed length.
    Array,
    /// A `java.util.Set` or another collection without positions, as `keySet()` returns it.
    Set,
}

/// A shared sequence of values; cloning the handle shares the items.
#[derive(Clone, Debug)]
pub struct List(Rc<Cell>);

#[derive(Debug)]
struct Cell {
    kind: ListKind,
    items: RefCell<Vec<Value>>,
}

impl List {
    /// Makes a sequence.
    pub fn new(kind: ListKind, items: Vec<Value>) -> Self {
        Self(Rc::new(Cell { kind, items: RefCell::new(items) }))
    }

    /// The Java type.
    pub fn kind(&self) -> ListKind {
        self.0.kind
    }

    /// Reads the items. The borrow must end before anything is written.
    pub fn items(&self) -> Ref<'_, Vec<Value>> {
        self.0.items.borrow()
    }

    /// Writes the items. The borrow must end before anything else uses the list.
    pub fn items_mut(&self) -> RefMut<'_, Vec<Value>> {
        wrote();
        self.0.items.borrow_mut()
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items().len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    /// Whether both handles share the same items.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// An address that identifies this sequence among all living ones.
    pub(super) fn identity(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Takes the items, if nobody else holds this list.
    pub(super) fn into_unshared_items(self) -> Option<Vec<Value>> {
        Rc::try_unwrap(self.0).ok().map(|mut cell| std::mem::take(cell.items.get_mut()))
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        super::drop_flat(std::mem::take(self.items.get_mut()).into_iter());
    }
}
