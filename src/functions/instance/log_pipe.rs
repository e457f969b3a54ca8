//! What an instance writes to its standard output and error: lines of its function's log.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::unix::pipe;

use crate::clock::Clock;
use crate::functions::logs::{LINE_BYTES_MAX, Log};

/// What a caller is shown of its invocation's log.
const TAIL_BYTES: usize = 4 * 1024;
/// Read at a time.
const CHUNK_BYTES: usize = 16 * 1024;
/// Read at the end of an invocation at most: who writes more than this after its answer has it in the log later.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

pub(super) struct LogPipe {
    receiver: pipe::Receiver,
    state: Mutex<State>,
    log: Arc<Log>,
    stream: Arc<str>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    /// A line's beginning.
    partial: Vec<u8>,
    tail: String,
}

impl LogPipe {
    pub(super) fn new(
        reader: std::io::PipeReader,
        log: Arc<Log>,
        stream: Arc<str>,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let receiver = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        Ok(Self { receiver, state: Mutex::default(), log, stream, clock })
    }

    /// Reads until there is nobody left who could write.
    pub(super) async fn read(&self) {
        while self.receiver.readable().await.is_ok() {
            if !self.drain(CHUNK_BYTES) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Takes what has been written so far; false at the end.
    fn drain(&self, max: usize) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut buffer, mut total) = ([0; CHUNK_BYTES], 0);
        while total < max {
            match self.receiver.try_read(&mut buffer) {
                Ok(0) => {
                    self.finish_line(&mut state);
                    return false;
                }
                Ok(n) => {
                    total += n;
                    self.take(&mut state, &buffer[..n]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
        true
    }

    fn take(&self, state: &mut State, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match part.split_last() {
                Some((b'\n', line)) => {
                    state.partial.extend_from_slice(line);
                    self.finish_line(state);
                }
                _ => state.partial.extend_from_slice(part),
            }
            if LINE_BYTES_MAX <= state.partial.len() {
                self.finish_line(state);
            }
        }
    }

    fn finish_line(&self, state: &mut State) {
        if !state.partial.is_empty() {
            let line = String::from_utf8_lossy(&std::mem::take(&mut state.partial)).into_owned();
            self.put(state, &line);
        }
    }

    fn put(&self, state: &mut State, line: &str) {
        self.log.write(self.clock.now(), &self.stream, line);
        state.tail.push_str(line);
        state.tail.push('\n');
        if 2 * TAIL_BYTES < state.tail.len() {
            shorten(&mut state.tail);
        }
    }

    /// Writes a line of the platform's own.
    pub(super) fn say(&self, line: &str) {
        self.put(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), line);
    }

    /// An invocation begins with this line.
    pub(super) fn begin(&self, line: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tail.clear();
        self.put(&mut state, line);
    }

    /// An invocation ends with these lines, after all that the function wrote until now. Answers the log's tail.
    pub(super) fn end(&self, lines: &[String]) -> String {
        self.drain(DRAIN_BYTES_MAX);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.finish_line(&mut state);
        lines.iter().for_each(|line| self.put(&mut state, line));
        let mut tail = std::mem::take(&mut state.tail);
        shorten(&mut tail);
        tail
    }
}

/// Keeps the end.
fn shorten(tail: &mut String) {
    let start = tail.len().saturating_sub(TAIL_BYTES);
    let start = (start..=tail.len()).find(|at| tail.is_char_boundary(*at)).unwrap_or(tail.len());
    tail.drain(..start);
}
