//! A thread that writes log lines, so that neither a step nor a request waits for a disk or a network.
//!
//! It is told through a queue of bounded length; what does not fit is dropped and counted.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use metrics::counter;

/// Lines waiting to be written.
const QUEUE_MAX: usize = 10_000;

/// Where lines end up.
pub(super) trait Sink: Send {
    /// Writes `line`, which has its end.
    fn write(&mut self, destination: &str, line: String) -> io::Result<()>;
}

struct Line {
    destination: Arc<str>,
    text: String,
}

/// Takes lines for the thread that writes them.
pub(super) struct LogWriter {
    /// `None` once it is closed, and if nothing is written.
    running: RwLock<Option<Running>>,
    /// Name of the metric that counts what is lost.
    dropped: &'static str,
}

struct Running {
    lines: SyncSender<Line>,
    thread: JoinHandle<()>,
}

impl LogWriter {
    /// Begins to write into `sink`. What is lost is counted under the metric `dropped`.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn open(sink: Box<dyn Sink>, dropped: &'static str) -> io::Result<Self> {
        Self::with_queue(sink, dropped, QUEUE_MAX)
    }

    fn with_queue(mut sink: Box<dyn Sink>, dropped: &'static str, queue_max: usize) -> io::Result<Self> {
        let (lines, queue) = sync_channel(queue_max);
        let thread = std::thread::Builder::new()
            .name("stepgate-logs".to_owned())
            .spawn(move || write(&queue, &mut *sink, dropped))?;
        Ok(Self { running: RwLock::new(Some(Running { lines, thread })), dropped })
    }

    /// Writes nothing.
    pub(super) fn off() -> Self {
        Self { running: RwLock::new(None), dropped: "" }
    }

    pub(super) fn is_open(&self) -> bool {
        self.running.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Queues a line, which has no end yet. Never waits.
    pub(super) fn log(&self, destination: &Arc<str>, text: String) {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = &*running else { return };
        if running.lines.try_send(Line { destination: destination.clone(), text }).is_err() {
            counter!(self.dropped).increment(1);
        }
    }

    /// Waits until everything is written that was taken.
    pub(super) fn close(&self) {
        let running = self.running.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { lines, thread }) = running {
            drop(lines);
            if thread.join().is_err() {
                tracing::error!("a writer of logs panicked");
            }
        }
    }
}

fn write(queue: &Receiver<Line>, sink: &mut dyn Sink, dropped: &'static str) {
    // A place that is away is told of once, not for each line.
    let mut is_failing = false;
    while let Ok(Line { destination, text }) = queue.recv() {
        match sink.write(&destination, text + "\n") {
            Ok(()) => is_failing = false,
            Err(error) => {
                counter!(dropped).increment(1);
                if !is_failing {
                    tracing::warn!(%error, destination = &*destination, "log lines can't be written and are dropped");
                }
                is_failing = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::Sender;

    use super::*;

    /// Tells when a line is begun, and waits to be let go.
    struct Held {
        begun: Sender<()>,
        go: Receiver<()>,
        written: Arc<Mutex<Vec<String>>>,
    }

    impl Sink for Held {
        fn write(&mut self, _: &str, line: String) -> io::Result<()> {
            self.begun.send(()).unwrap();
            let _ = self.go.recv();
            self.written.lock().unwrap().push(line);
            Ok(())
        }
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_nobody_waits() {
        let (begun, is_begun) = std::sync::mpsc::channel();
        let (let_go, go) = std::sync::mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Held { begun, go, written: written.clone() };
        let writer = LogWriter::with_queue(Box::new(sink), "stepgate_test_dropped_total", 2).unwrap();
        let to = Arc::from("a");
        writer.log(&to, "1".to_owned());
        is_begun.recv().unwrap();
        for n in 2..=5 {
            writer.log(&to, n.to_string());
        }
        drop(let_go);
        writer.close();
        writer.log(&to, "late".to_owned());
        assert!(!writer.is_open());
        assert_eq!(*written.lock().unwrap(), ["1\n", "2\n", "3\n"]);
    }
}
