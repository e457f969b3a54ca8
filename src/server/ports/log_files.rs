//! Where log lines are written: standard output, or files that are put aside when they are large.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::log_writer::Sink;
use crate::id::{AccountId, AccountRegion, Arn, Region};

/// A file that is larger is put aside, in place of the one that was before.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Files open at one time.
const FILES_MAX: usize = 64;
/// Longest name of a log group.
const GROUP_NAME_MAX: usize = 512;
/// Longest name of a file, without what is put behind it; file systems allow 255.
const FILE_NAME_MAX: usize = 240;

/// Standard output, whatever the destination.
pub(super) struct Stdout;

impl Sink for Stdout {
    fn write(&mut self, _: &str, line: String) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()
    }
}

/// One file for each destination.
pub(super) struct Files {
    directory: PathBuf,
    /// A destination's file in the directory; `None` for what is none.
    file_of: fn(&str) -> Option<PathBuf>,
    bytes_max: u64,
    open: HashMap<PathBuf, (File, u64)>,
}

impl Files {
    pub(super) fn new(directory: PathBuf, file_of: fn(&str) -> Option<PathBuf>) -> Self {
        Self { directory, file_of, bytes_max: FILE_BYTES_MAX, open: HashMap::new() }
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
    fn write(&mut self, destination: &str, line: String) -> io::Result<()> {
        let Some(path) = (self.file_of)(destination) else { return Ok(()) };
        let path = self.directory.join(path);
        let (bytes_max, n) = (self.bytes_max, line.len() as u64);
        let (file, length) = self.open(&path)?;
        if *length != 0 && bytes_max < *length + n {
            self.open.remove(&path);
            fs::rename(&path, set_aside(&path))?;
            return self.write(destination, line);
        }
        file.write_all(line.as_bytes())?;
        *length += n;
        Ok(())
    }
}

/// Where a file goes that became too large.
fn set_aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".1");
    name.into()
}

/// What an ARN names that AWS writes logs to.
#[derive(Debug)]
pub(super) struct LogDestination<'a> {
    account: String,
    region: String,
    pub(super) kind: DestinationKind,
    name: &'a str,
}

/// A kind of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DestinationKind {
    /// A log group of CloudWatch Logs, with or without `:*` behind its name.
    LogGroup,
    /// A delivery stream of Firehose.
    DeliveryStream,
}

impl<'a> LogDestination<'a> {
    /// Its account and region, if they can be somebody's.
    pub(super) fn home(&self) -> Option<AccountRegion> {
        let account = AccountId::parse(&self.account)?;
        Some(AccountRegion { account, region: Region::parse(&self.region)? })
    }

    /// Its name.
    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    pub(super) fn parse(arn: &'a str) -> Option<Self> {
        let parsed = Arn::parse(arn).ok()?;
        let (kind, name) = match parsed.service.as_str() {
            "logs" if parsed.resource.starts_with("log-group:") => {
                let (_, name) = arn.split_once(":log-group:")?;
                (DestinationKind::LogGroup, name.strip_suffix(":*").unwrap_or(name))
            }
            "firehose" if parsed.resource.starts_with("deliverystream/") => {
                (DestinationKind::DeliveryStream, arn.split_once(":deliverystream/")?.1)
            }
            _ => return None,
        };
        // <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b"_-/.#".contains(&b);
        let is_name = !name.is_empty() && name.len() <= GROUP_NAME_MAX && name.bytes().all(is_part);
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (is_name && is_word(&parsed.account) && is_word(&parsed.region)).then_some(Self {
            account: parsed.account,
            region: parsed.region,
            kind,
            name,
        })
    }

    /// `ACCOUNT/REGION/NAME.EXTENSION`, with `+` for `/`, which no name has; delivery streams have a directory of
    /// their own in there.
    pub(super) fn path(&self, extension: &str) -> PathBuf {
        let mut name = self.name.replace('/', "+");
        if FILE_NAME_MAX < name.len() {
            // The names of two such groups differ before this, or their records say whose they are.
            name.truncate(FILE_NAME_MAX);
        }
        let place = Path::new(&self.account).join(&self.region);
        let place = match self.kind {
            DestinationKind::LogGroup => place,
            DestinationKind::DeliveryStream => place.join("deliverystream"),
        };
        place.join(format!("{name}.{extension}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/M:*";

    #[test]
    fn a_destination_has_a_file_that_can_not_be_elsewhere() {
        for (arn, path) in [
            (GROUP, Some("123456789012/us-east-1/+aws+vendedlogs+states+M.jsonl")),
            ("arn:aws:logs:eu-west-1:1:log-group:..", Some("1/eu-west-1/...jsonl")),
            ("arn:aws:logs:eu-west-1:1:log-group:/../../etc", Some("1/eu-west-1/+..+..+etc.jsonl")),
            ("arn:aws:firehose:eu-west-1:1:deliverystream/a", Some("1/eu-west-1/deliverystream/a.jsonl")),
            (
                "arn:aws:firehose:eu-west-1:1:deliverystream/../a",
                Some("1/eu-west-1/deliverystream/..+a.jsonl"),
            ),
            ("arn:aws:firehose:eu-west-1:1:stream/a", None),
            ("arn:aws:logs:..:1:log-group:a", None),
            ("arn:aws:logs:us-east-1:../..:log-group:a", None),
            ("arn:aws:logs:us-east-1:1:log-group:a b", None),
            ("arn:aws:logs:us-east-1:1:log-group::*", None),
            ("arn:aws:s3:us-east-1:1:log-group:a", None),
            ("a", None),
        ] {
            let found = LogDestination::parse(arn).map(|destination| destination.path("jsonl"));
            assert_eq!(found.as_deref(), path.map(Path::new), "{arn}");
        }
    }

    #[test]
    fn a_large_file_is_put_aside() {
        let directory = std::env::temp_dir().join(format!("stepgate-logs-large-{}", std::process::id()));
        let file_of = |name: &str| Some(PathBuf::from(name));
        let mut files = Files { bytes_max: 10, ..Files::new(directory.clone(), file_of) };
        for line in ["1234\n", "5678\n", "9\n", "longer than the limit\n", "x\n"] {
            files.write("a/b.log", line.to_owned()).unwrap();
        }
        assert_eq!(fs::read_to_string(directory.join("a/b.log")).unwrap(), "x\n");
        assert_eq!(fs::read_to_string(directory.join("a/b.log.1")).unwrap(), "longer than the limit\n");
        fs::remove_dir_all(directory).unwrap();
    }
}
