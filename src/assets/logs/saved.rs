//! What this server logs for log groups, on disk, so that it is there after a restart: a file for each group, which follows
//! what is in memory and is hardly larger.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::functions::{Log, LogLine};
use crate::id::{AccountId, AccountRegion, Region};

/// How much is added to a file before it is written anew from what is in memory.
const ADDED_BYTES_MAX: u64 = 1_048_576;
/// What is read of a file at most; none is as large.
const READ_BYTES_MAX: u64 = 64 * 1_048_576;
/// The longest name that a file has of its group; file systems allow 255.
const NAME_BYTES_MAX: usize = 200;
const EXTENSION: &str = "jsonl";

/// A group, by where it is and its name.
pub(super) type Group = (AccountRegion, String);

/// The files.
pub(super) struct Saved {
    folder: PathBuf,
    files: Mutex<HashMap<Group, Written>>,
}

/// What a file has.
struct Written {
    /// Of these lines. A group that was forgotten and is there again has others.
    log: Arc<Log>,
    /// From this number to before that one.
    range: (u64, u64),
    bytes_added: u64,
}

impl Saved {
    /// Reads what is there; `log` has what is in memory of a group, if it is to have something. What can't be read is left out,
    /// and the log says so. Blocks.
    pub(super) fn open(folder: PathBuf, log: impl Fn(&Group) -> Option<Arc<Log>>) -> Self {
        let mut files = HashMap::new();
        for path in paths(&folder) {
            let read = read(&folder, &path).map(|found| {
                let Some((group, lines, is_whole)) = found else { return };
                let Some(log) = log(&group) else { return };
                log.restore(lines);
                // Otherwise it is written anew.
                if is_whole {
                    let (range, bytes_added) = (log.range(), ADDED_BYTES_MAX / 2);
                    files.insert(group, Written { log, range, bytes_added });
                }
            });
            if let Err(error) = read {
                tracing::warn!(%error, path = %path.display(), "what was logged for a group can't be read");
            }
        }
        Self { folder, files: Mutex::new(files) }
    }

    /// Writes what has come since, and takes away what is no longer there. Blocks.
    pub(super) fn save(&self, logs: Vec<(Group, Arc<Log>)>) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let there: HashSet<&Group> =
            logs.iter().filter(|(_, log)| !log.is_empty()).map(|(group, _)| group).collect();
        let gone: Vec<Group> = files.keys().filter(|group| !there.contains(group)).cloned().collect();
        for group in gone {
            match fs::remove_file(self.path(&group)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => failed(&group, &error),
                _ => drop(files.remove(&group)),
            }
        }
        for (group, log) in logs {
            if log.is_empty() {
                continue;
            }
            let known = files.get(&group).filter(|written| Arc::ptr_eq(&written.log, &log));
            match self.write(&group, &log, known) {
                Ok(Some(written)) => drop(files.insert(group, written)),
                Ok(None) => {}
                Err(error) => {
                    // What it has now is not known.
                    files.remove(&group);
                    failed(&group, &error);
                }
            }
        }
    }

    /// Brings a file up to date; `None` if it is.
    fn write(&self, group: &Group, log: &Arc<Log>, known: Option<&Written>) -> io::Result<Option<Written>> {
        let (begins, end) = log.range();
        let is_known = known.filter(|known| known.range.0 == begins && known.bytes_added < ADDED_BYTES_MAX);
        let from = match is_known {
            Some(known) if known.range.1 == end => return Ok(None),
            Some(known) => known.range.1,
            None => 0,
        };
        let lines = log.lines(from, usize::MAX);
        let end = lines.last().map_or(end, |line| line.number + 1);
        let mut text = String::new();
        if is_known.is_none() {
            push(&mut text, &group.1);
        }
        for LogLine { number, time, stream, text: said } in &lines {
            push(&mut text, &(number, time.as_millis(), &**stream, said));
        }
        let path = self.path(group);
        match is_known {
            Some(_) => open(OpenOptions::new().append(true), &path)?.write_all(text.as_bytes())?,
            None => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                let new = path.with_extension("new");
                open(OpenOptions::new().create(true).write(true).truncate(true), &new)?
                    .write_all(text.as_bytes())?;
                fs::rename(&new, &path)?;
            }
        }
        let bytes_added = is_known.map_or(0, |known| known.bytes_added + text.len() as u64);
        Ok(Some(Written { log: log.clone(), range: (begins, end), bytes_added }))
    }

    fn path(&self, (home, name): &Group) -> PathBuf {
        let folder = self.folder.join(home.account.as_str()).join(home.region.as_str());
        folder.join(format!("{}.{EXTENSION}", file_name(name)))
    }
}

fn failed(group: &Group, error: &io::Error) {
    tracing::warn!(%error, group = group.1, "what is logged for a group can't be kept on disk");
}

/// With `+` for `/`, which no name has; what is too long ends with its checksum.
fn file_name(name: &str) -> String {
    let file = name.replace('/', "+");
    match file.get(..NAME_BYTES_MAX) {
        Some(begin) if NAME_BYTES_MAX < file.len() => {
            format!("{begin}-{}", hex::encode(Sha256::digest(name).get(..8).unwrap_or_default()))
        }
        _ => file,
    }
}

fn push(text: &mut String, value: &impl serde::Serialize) {
    // Texts and numbers can always be written.
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
    text.push('\n');
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Payloads are in it: its owner's alone.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// All files: `ACCOUNT/REGION/NAME.jsonl`.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let within = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<PathBuf>>()
    };
    let regions = within(folder).into_iter().flat_map(|account| within(&account));
    let files = regions.flat_map(|region| within(&region));
    files.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION)).collect()
}

/// A file's group and lines, and whether there is nothing else in it.
fn read(folder: &Path, path: &Path) -> io::Result<Option<(Group, Vec<LogLine>, bool)>> {
    let Some(home) = home(folder, path) else { return Ok(None) };
    let mut texts = BufReader::new(File::open(path)?.take(READ_BYTES_MAX)).split(b'\n');
    let Some(name) = texts.next().transpose()?.and_then(|text| serde_json::from_slice::<String>(&text).ok())
    else {
        return Ok(None);
    };
    let (mut lines, mut is_whole) = (Vec::new(), true);
    for text in texts {
        match serde_json::from_slice::<(u64, i64, String, String)>(&text?) {
            Ok((number, time, stream, text)) => {
                lines.push(LogLine {
                    number,
                    time: Timestamp::from_millis(time),
                    stream: stream.into(),
                    text,
                });
            }
            // A server that was killed may have written half of it.
            Err(_) => is_whole = false,
        }
    }
    Ok(Some(((home, name), lines, is_whole)))
}

fn home(folder: &Path, path: &Path) -> Option<AccountRegion> {
    let mut parts = path.strip_prefix(folder).ok()?.iter().map(|part| part.to_str());
    let (account, region) = (parts.next()??, parts.next()??);
    Some(AccountRegion { account: AccountId::parse(account)?, region: Region::parse(region)? })
}
