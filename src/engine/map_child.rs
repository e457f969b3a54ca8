//! What is stored of a Map Run and of its children, by columns.

use super::execution::{BatchBounds, FrameId, MapRunKey};
use super::journal;
use crate::id::{ExecutionArn, MapRunArn};

/// Whose child an execution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MapChild {
    pub(super) parent: i64,
    pub(super) key: MapRunKey,
    /// Its place among the children.
    pub(super) index: usize,
    pub(super) n_items: usize,
}

impl MapChild {
    /// From the columns of a run's key, and of the child's place and number of items.
    pub(super) fn read(parent: i64, key: [i64; 2], [index, n_items]: [i64; 2]) -> Self {
        let number = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        Self { parent, key: key_of(key), index: number(index), n_items: number(n_items) }
    }
}

/// The columns of a run's key.
pub(super) fn key_columns(key: MapRunKey) -> [i64; 2] {
    [i64::from(key.frame.as_u32()), journal::number(key.started)]
}

/// The key of its columns.
pub(super) fn key_of([frame, started]: [i64; 2]) -> MapRunKey {
    let frame = FrameId::from_u32(u32::try_from(frame).unwrap_or(u32::MAX));
    MapRunKey { frame, started: u64::try_from(started).unwrap_or(u64::MAX) }
}

/// The row of a child's run, its place, and how many items it has, for its own row.
pub(super) fn child_columns(run: i64, child: &MapChild) -> [Option<i64>; 3] {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    [Some(run), Some(number(child.index)), Some(number(child.n_items))]
}

/// The run that `run` names, of an execution of `execution`'s machine; `labelled` is `MACHINE/LABEL:ID`.
pub(super) fn run_arn(execution: &ExecutionArn, labelled: &str, run: String) -> MapRunArn {
    let labelled = labelled.split(':').next().unwrap_or_default();
    let (machine, label) = labelled.split_once('/').unwrap_or((labelled, ""));
    MapRunArn { home: execution.home.clone(), machine: machine.into(), label: label.to_owned(), run }
}

/// How items are batched, as it is stored; `None` for one item a child.
pub(super) struct Batch(pub(super) Option<BatchBounds>);
