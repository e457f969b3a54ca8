//! The timeline: when each visit ran, on an axis on which time without events is short.

use serde::Serialize;

use super::Run;

/// The width of the axis.
const WIDTH: f64 = 1_000.0;
/// Of the time that all events together span, how much a gap may take without being compressed.
const GAP_SHARE: i64 = 8;
/// A gap that short is never compressed.
const GAP_MILLIS_MIN: i64 = 1_000;
/// Marks on the axis.
const TICKS_MAX: usize = 9;

/// Visits over time.
#[derive(Clone, Debug, Default, Serialize)]
pub(in super::super) struct Timeline {
    pub(in super::super) bars: Vec<Bar>,
    pub(in super::super) ticks: Vec<Tick>,
    /// Where time was left out.
    pub(in super::super) breaks: Vec<Tick>,
    /// Visits that are on other pages.
    pub(in super::super) n_all: usize,
    pub(in super::super) is_compressed: bool,
    #[serde(skip)]
    axis: Axis,
}

impl Timeline {
    /// Where a moment is on the axis.
    pub(in super::super) fn x(&self, at: i64) -> f64 {
        self.axis.x(at)
    }
}

/// A visit's bar.
#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct Bar {
    pub(in super::super) visit: usize,
    pub(in super::super) depth: usize,
    pub(in super::super) x: f64,
    pub(in super::super) width: f64,
    /// Attempts that failed.
    pub(in super::super) failed: Vec<(f64, f64)>,
    pub(in super::super) millis: i64,
}

/// A mark on the axis.
#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct Tick {
    pub(in super::super) x: f64,
    pub(in super::super) millis: i64,
}

/// The axis: moments, and where they are.
#[derive(Clone, Debug, Default)]
struct Axis {
    moments: Vec<(i64, f64)>,
}

impl Axis {
    /// An axis on which gaps without moments have at most their share. `moments` are sorted.
    fn new(moments: &[i64], compress: bool) -> (Self, Vec<(i64, i64)>) {
        let mut gaps: Vec<i64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let total: i64 = gaps.iter().sum();
        let mut left_out = Vec::new();
        if compress {
            gaps.sort_unstable();
            // The gaps that take most of the time are cut to the share of what the others take.
            let usual: i64 =
                gaps.iter().take(gaps.len().saturating_mul(9) / 10).sum::<i64>().max(total / 1_000);
            let longest = (usual / GAP_SHARE).max(GAP_MILLIS_MIN);
            left_out = moments
                .windows(2)
                .filter(|pair| longest.saturating_mul(3) < pair[1] - pair[0])
                .map(|pair| (pair[0], pair[1] - pair[0] - longest))
                .collect();
        }
        let mut cuts = left_out.iter().peekable();
        let mut removed = 0;
        let mut placed = Vec::with_capacity(moments.len());
        let first = moments.first().copied().unwrap_or(0);
        for moment in moments {
            while let Some((_, cut)) = cuts.next_if(|(after, _)| *after < *moment) {
                removed += cut;
            }
            placed.push((*moment, moment - first - removed));
        }
        let span = placed.last().map_or(0, |(_, at)| *at).max(1);
        #[allow(clippy::cast_precision_loss)] // Milliseconds of an execution.
        let moments =
            placed.into_iter().map(|(at, shown)| (at, shown as f64 * WIDTH / span as f64)).collect();
        (Self { moments }, left_out)
    }

    #[allow(clippy::cast_precision_loss)]
    fn x(&self, at: i64) -> f64 {
        let x = match self.moments.binary_search_by_key(&at, |(moment, _)| *moment) {
            Ok(found) => self.moments[found].1,
            Err(0) => 0.0,
            Err(next) if next == self.moments.len() => WIDTH,
            Err(next) => {
                let ((from, a), (to, b)) = (self.moments[next - 1], self.moments[next]);
                a + (b - a) * (at - from) as f64 / (to - from).max(1) as f64
            }
        };
        (x * 10.0).round() / 10.0
    }
}

/// The visits from `skip` on, at most `max`. What runs still, runs until `now`.
pub(in super::super) fn timeline(run: &Run, now: i64, skip: usize, max: usize, compress: bool) -> Timeline {
    let mut moments: Vec<i64> = Vec::new();
    for visit in &run.visits {
        moments.extend([visit.entered.1, visit.until().unwrap_or(now).max(visit.entered.1)]);
        moments.extend(visit.attempts.iter().flat_map(|attempt| [Some(attempt.at), attempt.ended]).flatten());
    }
    moments.sort_unstable();
    moments.dedup();
    let (axis, left_out) = Axis::new(&moments, compress);
    let first = moments.first().copied().unwrap_or(0);
    let depth = |mut visit: usize| {
        let mut depth = 0;
        while let Some(parent) = run.visits.get(visit).and_then(|it| it.parent) {
            (visit, depth) = (parent, depth + 1);
        }
        depth
    };
    let bars = run.visits.iter().enumerate().skip(skip).take(max).map(|(at, visit)| {
        let until = visit.until().unwrap_or(now).max(visit.entered.1);
        let (x, end) = (axis.x(visit.entered.1), axis.x(until));
        let failed = visit.attempts.iter().filter(|attempt| attempt.failure.is_some());
        let failed = failed.filter_map(|attempt| {
            let (from, to) = (axis.x(attempt.at), axis.x(attempt.ended?));
            Some((from, (to - from).max(2.0)))
        });
        Bar {
            visit: at,
            depth: depth(at),
            x: x.min(WIDTH - 2.0),
            width: (end - x).max(2.0),
            failed: failed.take(100).collect(),
            millis: until - visit.entered.1,
        }
    });
    let step = (moments.len() / TICKS_MAX).max(1);
    let mut ticks: Vec<Tick> = Vec::new();
    for moment in moments.iter().step_by(step) {
        let x = axis.x(*moment);
        if ticks.last().is_none_or(|last| last.x + WIDTH / 12.0 < x) {
            ticks.push(Tick { x, millis: moment - first });
        }
    }
    let breaks = left_out.iter().map(|(after, millis)| {
        let x = f64::midpoint(axis.x(*after), axis.x(*after + 1));
        Tick { x, millis: *millis }
    });
    let (bars, breaks) = (bars.collect(), breaks.take(200).collect());
    Timeline { bars, ticks, breaks, n_all: run.visits.len(), is_compressed: !left_out.is_empty(), axis }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::history::Event;

    fn event(id: u64, at: i64, kind: &str, state: &str) -> Event {
        let state = (!state.is_empty()).then(|| state.into());
        Event {
            id,
            previous: id - 1,
            at,
            kind: kind.into(),
            state,
            resource: None,
            number: None,
            failure: None,
        }
    }

    fn run() -> Run {
        let hour = 3_600_000;
        Run::of(&[
            event(1, 0, "ExecutionStarted", ""),
            event(2, 0, "PassStateEntered", "A"),
            event(3, 2_000, "PassStateExited", "A"),
            event(4, 2_000, "WaitStateEntered", "W"),
            event(5, hour, "WaitStateExited", "W"),
            event(6, hour, "PassStateEntered", "B"),
            event(7, hour + 2_000, "PassStateExited", "B"),
            event(8, hour + 2_000, "ExecutionSucceeded", ""),
        ])
    }

    #[test]
    fn idle_time_is_compressed_if_wanted() {
        let whole = timeline(&run(), 0, 0, 10, false);
        assert!(whole.bars[0].width < 3.0 && whole.breaks.is_empty(), "{whole:?}");
        let compressed = timeline(&run(), 0, 0, 10, true);
        assert!(compressed.is_compressed && 100.0 < compressed.bars[0].width, "{compressed:?}");
        assert!(
            100.0 < compressed.bars[2].width && compressed.bars[2].x + compressed.bars[2].width <= 1_000.1
        );
        assert_eq!(compressed.bars[1].millis, 3_598_000, "it says how long it was");
        assert_eq!(compressed.breaks.len(), 1);
        assert_eq!(compressed.x(0), 0.0);
        assert_eq!(compressed.x(3_600_000), compressed.bars[2].x);
    }

    #[test]
    fn pages_have_one_axis() {
        let (all, second) = (timeline(&run(), 0, 0, 10, true), timeline(&run(), 0, 1, 1, true));
        assert_eq!((second.bars.len(), second.n_all), (1, 3));
        assert_eq!(second.bars[0].x, all.bars[1].x);
    }

    #[test]
    fn what_runs_still_runs_until_now() {
        let run = Run::of(&[event(1, 5, "ExecutionStarted", ""), event(2, 5, "WaitStateEntered", "W")]);
        let shown = timeline(&run, 1_005, 0, 10, true);
        assert_eq!((shown.bars[0].x, shown.bars[0].width, shown.bars[0].millis), (0.0, 1_000.0, 1_000));
        let empty = timeline(&Run::default(), 0, 0, 10, true);
        assert!(empty.bars.is_empty() && empty.ticks.is_empty());
    }
}
