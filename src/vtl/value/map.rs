//! Maps: shared, in insertion order, with any value as key.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use crate::vtl::value::{Entry, List, ListKind, Value, wrote};

/// Below this many entries, a linear search is faster than an index.
const INDEX_FROM: usize = 12;

/// A shared map in insertion order; cloning the handle shares the entries.
#[derive(Clone, Debug, Default)]
pub struct Map(Rc<Cell>);

#[derive(Debug, Default)]
struct Cell(RefCell<Entries>);

#[derive(Debug, Default)]
struct Entries {
    list: Vec<(Value, Value)>,
    /// Boxed, because most maps are small and a body may contain millions of them.
    index: Option<Box<Index>>,
}

/// Maps a key's hash to the position of the first entry with that hash.
#[derive(Debug, Default)]
struct Index {
    places: HashMap<u64, usize>,
    state: RandomState,
}

impl Map {
    /// Makes an empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a map from entries whose keys are known to differ, such as the members of a JSON object.
    pub fn from_entries(entries: impl IntoIterator<Item = (Value, Value)>) -> Self {
        let list = entries.into_iter().collect();
        Self(Rc::new(Cell(RefCell::new(Entries { list, index: None }))))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.0.borrow().list.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Finds the value of a key; `None` if there is no such key.
    pub fn get(&self, key: &Value) -> Option<Value> {
        let mut entries = self.0.0.borrow_mut();
        let place = entries.find(key)?;
        entries.list.get(place).map(|(_, value)| value.clone())
    }

    /// Finds the value of a string key; `None` if there is no such key.
    pub fn get_str(&self, key: &str) -> Option<Value> {
        let mut entries = self.0.0.borrow_mut();
        let place = entries.find_str(key)?;
        entries.list.get(place).map(|(_, value)| value.clone())
    }

    /// Sets the value of a key and returns the previous value.
    pub fn put(&self, key: Value, value: Value) -> Option<Value> {
        wrote();
        let mut entries = self.0.0.borrow_mut();
        if let Some(place) = entries.find(&key) {
            return entries.list.get_mut(place).map(|(_, old)| std::mem::replace(old, value));
        }
        let place = entries.list.len();
        if let Some(index) = &mut entries.index {
            let hash = index.hash(&key);
            index.places.entry(hash).or_insert(place);
        }
        entries.list.push((key, value));
        None
    }

    /// Removes a key and returns its value.
    pub fn remove(&self, key: &Value) -> Option<Value> {
        wrote();
        let mut entries = self.0.0.borrow_mut();
        let place = entries.find(key)?;
        entries.index = None;
        Some(entries.list.remove(place).1)
    }

    /// Removes everything.
    pub fn clear(&self) {
        wrote();
        let taken = std::mem::take(&mut *self.0.0.borrow_mut());
        drop(taken);
    }

    /// A copy of the keys, in order.
    pub fn keys(&self) -> Vec<Value> {
        self.0.0.borrow().list.iter().map(|(key, _)| key.clone()).collect()
    }

    /// A copy of the values, in order.
    pub fn values(&self) -> Vec<Value> {
        self.0.0.borrow().list.iter().map(|(_, value)| value.clone()).collect()
    }

    /// A copy of the entries, in order.
    pub fn entries(&self) -> Vec<(Value, Value)> {
        self.0.0.borrow().list.clone()
    }

    /// Java's `entrySet()`: pairs that write through to the map.
    pub fn entry_set(&self) -> Value {
        let entry = |key| Value::Entry(Entry { map: self.clone(), key: Rc::new(key) });
        Value::List(List::new(ListKind::Set, self.keys().into_iter().map(entry).collect()))
    }

    /// Whether both handles share the same entries.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Visits the entries in order until `visit` returns `Some`.
    pub(crate) fn visit<T>(&self, mut visit: impl FnMut(&Value, &Value) -> Option<T>) -> Option<T> {
        self.0.0.borrow().list.iter().find_map(|(key, value)| visit(key, value))
    }

    /// An address that identifies this map among all living ones.
    pub(super) fn identity(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Takes the entries, if nobody else holds this map.
    pub(super) fn into_unshared_entries(self) -> Option<Vec<(Value, Value)>> {
        Rc::try_unwrap(self.0).ok().map(|mut cell| std::mem::take(&mut cell.0.get_mut().list))
    }
}

impl Entries {
    fn find(&mut self, key: &Value) -> Option<usize> {
        if let Value::Str(text) = key {
            return self.find_str(text);
        }
        match self.indexed(|index| index.hash(key)) {
            Some(None) => None,
            Some(Some(place)) if self.list.get(place).is_some_and(|(k, _)| k.is_same_key(key)) => Some(place),
            Some(Some(_)) | None => self.list.iter().position(|(k, _)| k.is_same_key(key)),
        }
    }

    fn find_str(&mut self, key: &str) -> Option<usize> {
        let is_key = |k: &Value| matches!(k, Value::Str(text) if **text == *key);
        match self.indexed(|index| index.hash_str(key)) {
            Some(None) => None,
            Some(Some(place)) if self.list.get(place).is_some_and(|(k, _)| is_key(k)) => Some(place),
            Some(Some(_)) | None => self.list.iter().position(|(k, _)| is_key(k)),
        }
    }

    /// Looks up a hash: `None` if there is no index, `Some(None)` if no entry has that hash.
    fn indexed(&mut self, hash: impl FnOnce(&Index) -> u64) -> Option<Option<usize>> {
        if self.list.len() < INDEX_FROM {
            return None;
        }
        let index = self.index.get_or_insert_with(|| {
            let mut index = Box::<Index>::default();
            for (place, (key, _)) in self.list.iter().enumerate() {
                let hash = index.hash(key);
                index.places.entry(hash).or_insert(place);
            }
            index
        });
        Some(index.places.get(&hash(index)).copied())
    }
}

impl Index {
    fn hash_str(&self, text: &str) -> u64 {
        self.state.hash_one(text)
    }

    fn hash(&self, key: &Value) -> u64 {
        match key {
            Value::Str(text) => self.hash_str(text),
            Value::Bool(b) => self.state.hash_one(b),
            Value::Int(n) => self.state.hash_one(n),
            Value::Long(n) => self.state.hash_one(n),
            Value::Big(n) => self.state.hash_one(n),
            Value::Double(d) => self.state.hash_one(d.to_bits()),
            // These are rare as keys. They share one bucket and are distinguished by comparison.
            Value::Null
            | Value::Empty
            | Value::List(_)
            | Value::Map(_)
            | Value::Entry(_)
            | Value::Object(_)
            | Value::Block(_)
            | Value::Loop(_) => 0,
        }
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        let list = std::mem::take(&mut self.0.get_mut().list);
        super::drop_flat(list.into_iter().flat_map(|(key, value)| [key, value]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_map_finds_keeps_order_and_forgets() {
        let map = Map::new();
        for n in 0..100 {
            assert!(map.put(Value::str(&format!("k{n}")), Value::Int(n)).is_none());
            assert!(map.put(Value::Int(n), Value::Int(-n)).is_none());
        }
        assert!(map.get_str("k99").is_some_and(|v| v.is_same_key(&Value::Int(99))));
        assert!(map.get(&Value::Int(7)).is_some_and(|v| v.is_same_key(&Value::Int(-7))));
        assert!(map.get(&Value::Long(7)).is_none(), "a long is not an int");
        assert!(map.remove(&Value::str("k0")).is_some());
        assert!(map.remove(&Value::str("k0")).is_none());
        assert!(map.get_str("k99").is_some_and(|v| v.is_same_key(&Value::Int(99))));
        assert_eq!(map.len(), 199);
        assert!(map.keys().first().is_some_and(|k| k.is_same_key(&Value::Int(0))));
    }
}
