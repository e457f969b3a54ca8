//! `engine::Logs`: what executions log goes into files, one for each log group, or to standard output.
//!
//! A thread of its own writes, so that no step waits for a disk. It is told through a queue of bounded length; what
//! does not fit is dropped and counted.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use metrics::counter;

use crate::engine::{LogRecord, Logs};
use crate::id::Arn;
use crate::meter;
use crate::server::options::{ExecutionLogs as Options, LogTarget};
use crate::wire;

/// Records waiting to be written.
const QUEUE_MAX: usize = 10_000;
/// A file that is larger is put aside, in place of the one that was before.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Files open at one time.
const FILES_MAX: usize = 64;
/// Longest name of a log group.
const GROUP_NAME_MAX: usize = 512;
/// Longest name of a file, without what is put behind it; file systems allow 255.
const FILE_NAME_MAX: usize = 240;

struct Line {
    log_group: Arc<str>,
    text: String,
}

/// Takes log records for the thread that writes them.
pub(super) struct ExecutionLogs {
    /// `None` once it is closed, and if nothing is written.
    writer: Mutex<Option<Writer>>,
}

struct Writer {
    lines: SyncSender<Line>,
    thread: JoinHandle<()>,
}

impl ExecutionLogs {
    /// Begins to write where `options` say.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn open(options: &Options, data_dir: &Path) -> io::Result<Self> {
        let mut sink: Box<dyn Sink> = match options.to {
            LogTarget::Off => return Ok(Self { writer: Mutex::new(None) }),
            LogTarget::Stdout => Box::new(Stdout),
            LogTarget::Files => {
                let directory = options.directory.clone();
                Box::new(Files::new(directory.unwrap_or_else(|| data_dir.join("execution-logs"))))
            }
        };
        let (lines, queue) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("stepgate-logs".to_owned())
            .spawn(move || write(&queue, &mut *sink))?;
        Ok(Self { writer: Mutex::new(Some(Writer { lines, thread })) })
    }

    /// Waits until everything is written that was taken.
    pub(super) fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Writer { lines, thread }) = writer {
            drop(lines);
            if thread.join().is_err() {
                tracing::error!("the writer of execution logs panicked");
            }
        }
    }
}

impl Logs for ExecutionLogs {
    fn takes(&self, log_group_arn: &str) -> bool {
        let is_open = self.writer.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        is_open && LogGroup::parse(log_group_arn).is_some()
    }

    fn log(&self, record: &LogRecord<'_>) {
        let line = Line { log_group: record.log_group.clone(), text: wire::log_line(record) };
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = &*writer else { return };
        match writer.lines.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                counter!(meter::LOGS_DROPPED).increment(1);
            }
        }
    }
}

fn write(queue: &Receiver<Line>, sink: &mut dyn Sink) {
    while let Ok(line) = queue.recv() {
        if let Err(error) = sink.write(&line.log_group, line.text + "\n") {
            counter!(meter::LOGS_DROPPED).increment(1);
            tracing::warn!(%error, log_group = &*line.log_group, "an execution's log could not be written");
        }
    }
}

trait Sink: Send {
    /// Writes `line`, which has its end.
    fn write(&mut self, log_group: &str, line: String) -> io::Result<()>;
}

struct Stdout;

impl Sink for Stdout {
    fn write(&mut self, _: &str, line: String) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()
    }
}

struct Files {
    directory: PathBuf,
    bytes_max: u64,
    open: HashMap<PathBuf, (File, u64)>,
}

impl Files {
    fn new(directory: PathBuf) -> Self {
        Self { directory, bytes_max: FILE_BYTES_MAX, open: HashMap::new() }
    }

    fn open(&mut self, path: &Path) -> io::Result<&mut (File, u64)> {
        if FILES_MAX <= self.open.len() && !self.open.contains_key(path) {
            self.open.clear();
        }
        match self.open.entry(path.to_owned()) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                let mut options = OpenOptions::new();
                options.create(true).append(true);
                // Payloads are in it: its owner's alone.
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                let file = options.open(path)?;
                let length = file.metadata()?.len();
                Ok(entry.insert((file, length)))
            }
        }
    }
}

impl Sink for Files {
    fn write(&mut self, log_group: &str, line: String) -> io::Result<()> {
        let Some(group) = LogGroup::parse(log_group) else { return Ok(()) };
        let path = self.directory.join(group.path());
        let (bytes_max, n) = (self.bytes_max, line.len() as u64);
        let (file, length) = self.open(&path)?;
        if *length != 0 && bytes_max < *length + n {
            self.open.remove(&path);
            fs::rename(&path, path.with_extension("jsonl.1"))?;
            return self.write(log_group, line);
        }
        file.write_all(line.as_bytes())?;
        *length += n;
        Ok(())
    }
}

/// A log group's ARN, with or without `:*` behind it.
struct LogGroup<'a> {
    account: String,
    region: String,
    name: &'a str,
}

impl<'a> LogGroup<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let parsed = Arn::parse(arn).ok().filter(|arn| arn.service == "logs")?;
        let (_, name) =
            arn.split_once(":log-group:").filter(|_| parsed.resource.starts_with("log-group:"))?;
        let name = name.strip_suffix(":*").unwrap_or(name);
        // <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b"_-/.#".contains(&b);
        let is_name = !name.is_empty() && name.len() <= GROUP_NAME_MAX && name.bytes().all(is_part);
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (is_name && is_word(&parsed.account) && is_word(&parsed.region)).then_some(Self {
            account: parsed.account,
            region: parsed.region,
            name,
        })
    }

    /// `ACCOUNT/REGION/NAME.jsonl`, with `+` for `/`, which no name has.
    fn path(&self) -> PathBuf {
        let mut name = self.name.replace('/', "+");
        if FILE_NAME_MAX < name.len() {
            // The names of two such groups differ before this, or their records say whose they are.
            name.truncate(FILE_NAME_MAX);
        }
        Path::new(&self.account).join(&self.region).join(name + ".jsonl")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::engine::event::{EventKind, HistoryEvent};

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/M:*";

    #[test]
    fn a_log_group_has_a_file_that_can_not_be_elsewhere() {
        for (arn, path) in [
            (GROUP, Some("123456789012/us-east-1/+aws+vendedlogs+states+M.jsonl")),
            ("arn:aws:logs:eu-west-1:1:log-group:..", Some("1/eu-west-1/...jsonl")),
            ("arn:aws:logs:eu-west-1:1:log-group:/../../etc", Some("1/eu-west-1/+..+..+etc.jsonl")),
            ("arn:aws:logs:..:1:log-group:a", None),
            ("arn:aws:logs:us-east-1:../..:log-group:a", None),
            ("arn:aws:logs:us-east-1:1:log-group:a b", None),
            ("arn:aws:logs:us-east-1:1:log-group::*", None),
            ("arn:aws:s3:us-east-1:1:log-group:a", None),
            ("a", None),
        ] {
            let found = LogGroup::parse(arn).map(|group| group.path());
            assert_eq!(found.as_deref(), path.map(Path::new), "{arn}");
        }
    }

    #[test]
    fn records_are_lines_of_their_groups_file() {
        let directory = std::env::temp_dir().join(format!("stepgate-logs-{}", std::process::id()));
        let options = Options { to: LogTarget::Files, directory: None };
        let logs = ExecutionLogs::open(&options, &directory).unwrap();
        assert!(logs.takes(GROUP) && !logs.takes("nope"));
        for id in 1..=3 {
            let event = HistoryEvent {
                id,
                previous_event_id: 0,
                timestamp: Timestamp::from_millis(0),
                kind: EventKind::MapStateSucceeded,
            };
            logs.log(&LogRecord {
                log_group: &GROUP.into(),
                execution_arn: "arn",
                redrive_count: 0,
                include_execution_data: true,
                event: &event,
            });
        }
        logs.close();
        assert!(!logs.takes(GROUP));
        let path = directory.join("execution-logs").join(LogGroup::parse(GROUP).unwrap().path());
        let text = fs::read_to_string(path).unwrap();
        let ids: Vec<_> = text
            .lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["id"].clone())
            .collect();
        assert_eq!(ids, ["1", "2", "3"]);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_large_file_is_put_aside() {
        let directory = std::env::temp_dir().join(format!("stepgate-logs-large-{}", std::process::id()));
        let mut files = Files { bytes_max: 10, ..Files::new(directory.clone()) };
        for line in ["1234\n", "5678\n", "9\n", "longer than the limit\n", "x\n"] {
            files.write(GROUP, line.to_owned()).unwrap();
        }
        let path = directory.join(LogGroup::parse(GROUP).unwrap().path());
        assert_eq!(fs::read_to_string(&path).unwrap(), "x\n");
        assert_eq!(fs::read_to_string(path.with_extension("jsonl.1")).unwrap(), "longer than the limit\n");
        fs::remove_dir_all(directory).unwrap();
    }
}
