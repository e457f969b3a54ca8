//! Which records of a shard are handled at one time, and up to where all of them were.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::shard::StreamRecord;

/// What is at work.
pub(super) struct Lanes {
    /// Lane and sequence number of the records, in the order of the shard, without those at the front that were handled.
    waiting: VecDeque<(usize, String)>,
    /// How many of the records that are waiting were handled in each lane.
    done: Vec<usize>,
}

impl Lanes {
    /// Parts records into `n` lanes, those of one key into the same.
    pub(super) fn of(records: Vec<StreamRecord>, n: u32) -> (Self, Vec<Vec<StreamRecord>>) {
        let n = usize::try_from(n).unwrap_or(1).max(1);
        let mut lanes = Self { waiting: VecDeque::with_capacity(records.len()), done: vec![0; n] };
        let mut split: Vec<Vec<StreamRecord>> = (0..n).map(|_| Vec::new()).collect();
        for record in records {
            let lane = if n == 1 { 0 } else { lane(&record.key, n) };
            lanes.waiting.push_back((lane, record.sequence.clone()));
            if let Some(split) = split.get_mut(lane) {
                split.push(record);
            }
        }
        (lanes, split)
    }

    /// Notes that `n` more were handled in a lane; the last record up to which all are, if that is another one.
    pub(super) fn done(&mut self, lane: usize, n: usize) -> Option<String> {
        if let Some(done) = self.done.get_mut(lane) {
            *done += n;
        }
        let mut last = None;
        while let Some((lane, _)) = self.waiting.front() {
            let Some(done) = self.done.get_mut(*lane).filter(|done| 0 < **done) else { break };
            *done -= 1;
            last = self.waiting.pop_front().map(|(_, sequence)| sequence);
        }
        last
    }
}

fn lane(key: &str, n: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let n = u64::try_from(n).unwrap_or(1);
    usize::try_from(hasher.finish() % n).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn record(key: usize, sequence: usize) -> StreamRecord {
        let (key, sequence) = (key.to_string(), sequence.to_string());
        StreamRecord { sequence, arrived: None, key, event: Value::Null }
    }

    #[test]
    fn records_of_a_key_stay_in_their_order() {
        let (_, split) = Lanes::of((0..100).map(|n| record(n % 7, n)).collect(), 4);
        assert!(split.iter().filter(|lane| !lane.is_empty()).count() > 1);
        for key in 0..7 {
            let key = key.to_string();
            let with = split.iter().filter(|lane| lane.iter().any(|record| record.key == key)).count();
            assert_eq!(with, 1, "{key}");
        }
        for lane in &split {
            let numbers: Vec<u32> = lane.iter().map(|record| record.sequence.parse().unwrap()).collect();
            assert!(numbers.is_sorted(), "{numbers:?}");
        }
    }

    #[test]
    fn what_is_handled_out_of_order_waits_for_what_comes_before_it() {
        let mut lanes = Lanes {
            waiting: [(0, "1"), (1, "2"), (0, "3"), (1, "4")].map(|(lane, it)| (lane, it.to_owned())).into(),
            done: vec![0, 0],
        };
        assert_eq!(lanes.done(1, 2), None);
        assert_eq!(lanes.done(0, 1).as_deref(), Some("2"));
        assert_eq!(lanes.done(0, 0), None);
        assert_eq!(lanes.done(0, 1).as_deref(), Some("4"));
    }
}
