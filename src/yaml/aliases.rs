//! Limits the text that aliases repeat, as nodes are limited: a single long text, repeated often enough, fills any
//! memory.

use std::collections::HashMap;

use saphyr::{LoadableYamlNode, YamlLoader};
use saphyr_parser::{Event, Span, SpannedEventReceiver};

/// The most text, in bytes, that all aliases of a document together may repeat.
pub(super) const ALIAS_BYTES_MAX: usize = 8 * 1_048_576;

/// Passes events on to a loader until the aliases repeat too much.
pub(super) struct Bounded<'input, Node: LoadableYamlNode<'input>> {
    pub(super) loader: YamlLoader<'input, Node>,
    /// True once the aliases have repeated too much. What was loaded is incomplete then.
    pub(super) is_exceeded: bool,
    /// The anchored nodes that are still open, and the bytes inside each so far.
    open: Vec<(usize, usize)>,
    /// The size in bytes of each anchored node.
    sizes: HashMap<usize, usize>,
    repeated: usize,
}

impl<'input, Node: LoadableYamlNode<'input>> Bounded<'input, Node> {
    pub(super) fn new(loader: YamlLoader<'input, Node>) -> Self {
        Self { loader, is_exceeded: false, open: Vec::new(), sizes: HashMap::new(), repeated: 0 }
    }

    /// Adds the size of `event` to the open nodes.
    fn count(&mut self, event: &Event<'_>) {
        let (anchor, n_bytes) = match event {
            Event::Scalar(text, _, anchor, _) => (*anchor, text.len()),
            Event::Alias(anchor) => {
                let n_bytes = self.sizes.get(anchor).copied().unwrap_or(0);
                self.repeated = self.repeated.saturating_add(n_bytes);
                self.is_exceeded = ALIAS_BYTES_MAX < self.repeated;
                (0, n_bytes)
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                self.open.push((*anchor, 0));
                return;
            }
            Event::SequenceEnd | Event::MappingEnd => self.open.pop().unwrap_or_default(),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => return,
        };
        // Nodes without an anchor have the number 0.
        if anchor != 0 {
            self.sizes.insert(anchor, n_bytes);
        }
        if let Some((_, around)) = self.open.last_mut() {
            *around = around.saturating_add(n_bytes);
        }
    }
}

impl<'input, Node: LoadableYamlNode<'input>> SpannedEventReceiver<'input> for Bounded<'input, Node> {
    fn on_event(&mut self, event: Event<'input>, span: Span) {
        if !self.is_exceeded {
            self.count(&event);
        }
        if !self.is_exceeded {
            self.loader.on_event(event, span);
        }
    }
}
