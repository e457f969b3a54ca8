//! The names of a template's variables, each with its index in the evaluation's table.

use std::collections::HashMap;

use crate::vtl::ast::Slot;

/// Names and their slots, numbered from 0 in the order of first use.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    list: Vec<Box<str>>,
    slots: HashMap<Box<str>, Slot>,
    loops: LoopNames,
}

/// The variables that every `#foreach` sets, if the template uses them.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct LoopNames {
    /// `$foreach`
    pub(super) scope: Option<Slot>,
    /// `$velocityCount`
    pub(super) count: Option<Slot>,
    /// `$velocityHasNext`
    pub(super) has_next: Option<Slot>,
}

impl Names {
    /// The slot of a name; a new one if the name is new.
    pub(super) fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        // Each name takes at least one byte of a source that is smaller than 4 GiB.
        let slot = Slot::try_from(self.list.len()).unwrap_or(Slot::MAX);
        self.list.push(name.into());
        self.slots.insert(name.into(), slot);
        match name {
            "foreach" => self.loops.scope = Some(slot),
            "velocityCount" => self.loops.count = Some(slot),
            "velocityHasNext" => self.loops.has_next = Some(slot),
            _ => {}
        }
        slot
    }

    /// The slot of a name; `None` if the template doesn't use it.
    pub(super) fn find(&self, name: &str) -> Option<Slot> {
        self.slots.get(name).copied()
    }

    /// The slots of the variables that loops set.
    pub(super) fn loops(&self) -> LoopNames {
        self.loops
    }

    /// The name of a slot.
    pub(super) fn name(&self, slot: Slot) -> &str {
        self.list.get(slot as usize).map_or("", |name| name)
    }

    /// The number of names.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}
