//! What a synchronous Express execution is billed for: its duration in tenths of a second, its memory in chunks of 64 MB.
//!
//! AWS estimates the memory, in megabytes of a million bytes, as
//!
//! > 50 MB + state machine definition size + execution data size x number of Parallel or Map steps
//!
//! and doesn't say which data those are, nor what becomes of steps that are over. Here the execution counts, and each branch
//! and iteration of a Parallel or Map, with the largest data that one of its states has had: an input, an output, or what a
//! task was given or came to. Branches and iterations count until their Parallel or Map is over, also those that are done.
//! What all come to when it is the most is billed.
//!
//! <https://aws.amazon.com/step-functions/pricing/>

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::EventKind;
use super::execution::{Entry, FrameId, Note};
use crate::json::Payload;

/// A megabyte, as AWS's example counts them.
const MB: u64 = 1_000_000;
/// What every execution takes.
const BASE_BYTES: u64 = 50 * MB;
/// Memory is billed in chunks of so many megabytes …
const CHUNK_MB: u64 = 64;
/// … and time in chunks of so many milliseconds, one at least.
const CHUNK_MS: u64 = 100;

/// `billingDetails`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billing {
    /// The billed duration in milliseconds.
    pub duration_ms: u64,
    /// The billed memory in megabytes.
    pub memory_mb: u64,
}

impl Billing {
    pub(super) fn new(took: Duration, memory: &Memory) -> Self {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX - CHUNK_MS);
        Self {
            duration_ms: took_ms.div_ceil(CHUNK_MS).max(1) * CHUNK_MS,
            memory_mb: memory.bytes().div_ceil(CHUNK_MB * MB) * CHUNK_MB,
        }
    }
}

/// The memory of an execution, estimated from what its steps write down.
#[derive(Debug)]
pub(super) struct Memory {
    definition_bytes: u64,
    frames: BTreeMap<FrameId, Held>,
    /// The number that the next branch or iteration gets.
    next_frame: u32,
    /// Bytes of data now …
    data_bytes: u64,
    /// … and when they were the most.
    data_bytes_max: u64,
}

/// What a frame counts with.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    parent: Option<FrameId>,
    bytes: u64,
}

impl Memory {
    /// That of an execution which has not begun.
    pub(super) fn new(definition_bytes: usize) -> Self {
        Self {
            definition_bytes: definition_bytes as u64,
            frames: BTreeMap::from([(FrameId::ROOT, Held::default())]),
            next_frame: 1,
            data_bytes: 0,
            data_bytes_max: 0,
        }
    }

    fn bytes(&self) -> u64 {
        BASE_BYTES + self.definition_bytes + self.data_bytes_max
    }

    /// Takes in what a step wrote down.
    pub(super) fn step(&mut self, entries: &[Entry]) {
        for Entry { frame, event, note } in entries {
            if let Some(kind) = event.as_ref().map(|event| &event.kind) {
                match memory_use(kind) {
                    MemoryUse::Data(data) => self.hold(*frame, data.len_bytes() as u64),
                    MemoryUse::StepsOver => self.let_go(*frame),
                    MemoryUse::Nothing => {}
                }
            }
            match note {
                Some(Note::Child { .. }) => {
                    let child = FrameId::from_u32(self.next_frame);
                    self.next_frame += 1;
                    self.frames.insert(child, Held { parent: Some(*frame), bytes: 0 });
                }
                Some(Note::GivenUp) => self.let_go(*frame),
                Some(_) | None => {}
            }
        }
    }

    fn hold(&mut self, frame: FrameId, bytes: u64) {
        let Some(held) = self.frames.get_mut(&frame) else { return };
        self.data_bytes += bytes.saturating_sub(held.bytes);
        held.bytes = held.bytes.max(bytes);
        self.data_bytes_max = self.data_bytes_max.max(self.data_bytes);
    }

    /// The Parallel or Map that `frame` is in is over, and with it all that is inside.
    fn let_go(&mut self, frame: FrameId) {
        // A frame has a greater number than the one it is inside of.
        let mut inside = self.frames.split_off(&frame);
        let mut gone = vec![frame];
        inside.retain(|id, held| {
            let is_gone = held.parent.is_some_and(|parent| gone.binary_search(&parent).is_ok());
            if is_gone {
                gone.push(*id);
                self.data_bytes -= held.bytes;
            }
            !is_gone
        });
        self.frames.append(&mut inside);
    }
}

/// What an event says about the memory in use.
enum MemoryUse<'e> {
    Data(&'e Payload),
    /// The branches or iterations of the frame's state are over.
    StepsOver,
    Nothing,
}

fn memory_use(kind: &EventKind) -> MemoryUse<'_> {
    if let EventKind::StateEntered { input: data, .. }
    | EventKind::StateExited { output: data, .. }
    | EventKind::TaskScheduled { parameters: data, .. }
    | EventKind::TaskSucceeded { output: data, .. }
    | EventKind::LambdaFunctionScheduled { input: data, .. }
    | EventKind::LambdaFunctionSucceeded { output: data } = kind
    {
        return MemoryUse::Data(data);
    }
    let is_over = matches!(kind, EventKind::ParallelStateSucceeded | EventKind::MapStateSucceeded);
    if is_over { MemoryUse::StepsOver } else { MemoryUse::Nothing }
}

#[cfg(test)]
mod tests {
    use super::super::event::{HistoryEvent, StateType};
    use super::*;
    use crate::clock::Timestamp;

    fn of(frame: u32, kind: Option<EventKind>, note: Option<Note>) -> Entry {
        let event = kind.map(|kind| HistoryEvent {
            id: 1,
            previous_event_id: 0,
            timestamp: Timestamp::from_millis(0),
            kind,
        });
        Entry { frame: FrameId::from_u32(frame), event, note }
    }

    /// A state is entered with so many bytes.
    fn entered(frame: u32, bytes: usize) -> Entry {
        let input = Payload::from_text(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap();
        let name = "S".into();
        of(frame, Some(EventKind::StateEntered { state_type: StateType::Pass, name, input }), None)
    }

    fn child(parent: u32, index: usize) -> Entry {
        of(parent, None, Some(Note::Child { index }))
    }

    fn billed(memory: &Memory) -> u64 {
        Billing::new(Duration::ZERO, memory).memory_mb
    }

    #[test]
    fn aws_s_example_is_billed_as_aws_bills_it() {
        for (n_steps, expect) in [(400, 64), (450, 128)] {
            let mut memory = Memory::new(50_000);
            let begun: Vec<Entry> =
                (0..n_steps).flat_map(|i| [child(0, i), entered(i as u32 + 1, 32_000)]).collect();
            memory.step(&begun);
            assert_eq!(billed(&memory), expect, "{n_steps} steps");
        }
    }

    #[test]
    fn a_byte_more_is_a_chunk_more_and_a_millisecond_more_a_tenth() {
        let memory = Memory::new(14_000_000 - 10);
        for (bytes, expect) in [(10, 64), (11, 128)] {
            let mut memory = Memory::new(14_000_000 - 10);
            memory.step(&[entered(0, bytes)]);
            assert_eq!(billed(&memory), expect);
        }
        for (took_ms, expect) in [(0, 100), (100, 100), (101, 200), (7_501, 7_600)] {
            assert_eq!(Billing::new(Duration::from_millis(took_ms), &memory).duration_ms, expect);
        }
    }

    #[test]
    fn a_frame_counts_with_its_largest_data_and_as_long_as_its_map_runs() {
        let mut memory = Memory::new(0);
        memory.step(&[entered(0, 100), entered(0, 10), child(0, 0), child(0, 1)]);
        memory.step(&[entered(1, 50), entered(2, 50), child(2, 0), entered(3, 7)]);
        assert_eq!((memory.data_bytes, memory.data_bytes_max), (207, 207));
        // The inner one is over, then the outer one; the next has frames of its own.
        memory.step(&[of(2, Some(EventKind::ParallelStateSucceeded), None)]);
        assert_eq!(memory.data_bytes, 200);
        memory.step(&[of(0, Some(EventKind::MapStateSucceeded), None), child(0, 0), entered(4, 20)]);
        assert_eq!((memory.data_bytes, memory.data_bytes_max), (120, 207));
        memory.step(&[child(4, 0), entered(5, 5), of(0, None, Some(Note::GivenUp))]);
        assert_eq!((memory.data_bytes, memory.frames.len()), (100, 1));
    }
}
