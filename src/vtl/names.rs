//! The names of a template's variables, each with its place in the evaluation's table.

use std::collections::HashMap;

use crate::vtl::ast::Slot;

/// Names and their slots, numbered from 0 as they are met.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    list: Vec<Box<str>>,
    slots: HashMap<Box<str>, Slot>,
}

impl Names {
    /// The slot of a name, a new one if need be.
    pub(super) fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        // Each name takes at least one byte of a source of less than 4 GiB.
        let slot = Slot::try_from(self.list.len()).unwrap_or(Slot::MAX);
        self.list.push(name.into());
        self.slots.insert(name.into(), slot);
        slot
    }

    /// The slot of a name, if it is used at all.
    pub(super) fn find(&self, name: &str) -> Option<Slot> {
        self.slots.get(name).copied()
    }

    /// The name of a slot.
    pub(super) fn name(&self, slot: Slot) -> &str {
        self.list.get(slot as usize).map_or("", |name| name)
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}
