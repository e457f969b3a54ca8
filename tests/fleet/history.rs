//! What clients asked of executions, at any node, and what they were told.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    /// The execution's name.
    pub(crate) name: String,
    /// Which node was asked.
    pub(crate) node: usize,
    /// When it was asked, and when it had answered: by the clock of the tests, which is one.
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    pub(crate) what: What,
}

/// What a call was, and what its answer said. Calls that change something are noted also if there was no answer, or one that
/// says that the server could not: then they may have counted or not, at any time from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// StartExecution with an input: what it answered as the start's time, in milliseconds.
    Started {
        input: u64,
        at: u64,
    },
    /// … ExecutionAlreadyExists.
    StartRefused {
        input: u64,
    },
    StartUnknown {
        input: u64,
    },
    /// DescribeExecution, or StopExecution: ExecutionDoesNotExist.
    Absent,
    /// DescribeExecution.
    Described {
        input: u64,
        at: u64,
        status: Status,
    },
    Stopped,
    StopUnknown,
    /// SendTaskSuccess, which adds a value to the history.
    Appended {
        value: u64,
    },
    /// … TaskTimedOut, TaskDoesNotExist.
    AppendRefused {
        value: u64,
    },
    AppendUnknown {
        value: u64,
    },
    /// GetExecutionHistory, all pages of it.
    Read(Vec<Event>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Running,
    Succeeded,
    Aborted,
    /// Another end, which nothing in these tests has.
    Otherwise,
}

/// An event of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) kind: String,
    /// The value that SendTaskSuccess brought.
    pub(crate) value: Option<u64>,
}

/// The calls of all clients of a test.
pub(crate) struct History {
    began: Instant,
    ops: Mutex<Vec<Op>>,
}

impl History {
    #[allow(clippy::disallowed_methods)] // Clients live in real time.
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), ops: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Notes a call that began at `from` and has ended now.
    pub(crate) fn note(&self, name: &str, node: usize, from: Duration, what: What) {
        let to = match what {
            What::StartUnknown { .. } | What::StopUnknown | What::AppendUnknown { .. } => Duration::MAX,
            _ => self.now(),
        };
        self.ops.lock().unwrap().push(Op { name: name.to_owned(), node, from, to, what });
    }

    /// How many calls were answered that changed something.
    pub(crate) fn acknowledged(&self) -> usize {
        let counts =
            |op: &&Op| matches!(op.what, What::Started { .. } | What::Stopped | What::Appended { .. });
        self.ops.lock().unwrap().iter().filter(counts).count()
    }

    /// The same of one node since `since`.
    pub(crate) fn acknowledged_by(&self, node: usize, since: Duration) -> bool {
        let is_so = |op: &Op| op.node == node && since <= op.from && matches!(op.what, What::Started { .. });
        self.ops.lock().unwrap().iter().rev().any(is_so)
    }

    /// The longest time in which no node but `except` answered a start, since `since`.
    pub(crate) fn longest_gap(&self, except: Option<usize>, since: Duration) -> Duration {
        let ops = self.ops.lock().unwrap();
        let mut at: Vec<Duration> = ops
            .iter()
            .filter(|op| matches!(op.what, What::Started { .. }) && Some(op.node) != except)
            .map(|op| op.to)
            .filter(|to| since <= *to)
            .collect();
        at.sort();
        let mut longest = Duration::ZERO;
        let mut before = since;
        for to in at {
            longest = longest.max(to - before);
            before = to;
        }
        longest
    }

    /// The names that anybody asked for.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.ops.lock().unwrap().iter().map(|op| op.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Takes out all that was noted.
    pub(crate) fn take(&self) -> Vec<Op> {
        std::mem::take(&mut self.ops.lock().unwrap())
    }
}
