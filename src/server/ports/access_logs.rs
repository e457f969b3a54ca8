//! `gateway::AccessLogs`: the lines of stages' access logs go where the settings say that their destinations are.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::log_files::{Files, LogDestination, Stdout};
use super::log_writer::{LogWriter, Sink};
use crate::clock::Clock;
use crate::connect::{LineAddress, LineStream};
use crate::gateway;
use crate::meter;
use crate::server::error::Error;
use crate::server::options::{AccessLogs as Options, LogTarget};

/// Takes lines for the threads that write them.
pub(super) struct AccessLogs {
    /// Where lines go to that are for nowhere else.
    others: Arc<LogWriter>,
    /// By ARN, without `:*`.
    named: HashMap<String, Arc<LogWriter>>,
}

/// What the settings give a destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    Off,
    Stdout,
    File(PathBuf),
    Stream(LineAddress),
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "stdout" => Some(Self::Stdout),
            _ => match text.strip_prefix("file:") {
                Some(path) if !path.is_empty() => Some(Self::File(path.into())),
                Some(_) => None,
                None => LineAddress::parse(text).map(Self::Stream),
            },
        }
    }
}

impl AccessLogs {
    /// Begins to write where `options` say.
    ///
    /// # Errors
    /// When a setting means nothing, and when there is no thread to be had.
    pub(super) fn open(options: &Options, data_dir: &Path, clock: &Arc<dyn Clock>) -> Result<Self, Error> {
        let default: Option<Box<dyn Sink>> = match options.to {
            LogTarget::Off => None,
            LogTarget::Stdout => Some(Box::new(Stdout)),
            LogTarget::Files => {
                let directory = options.directory.clone();
                let directory = directory.unwrap_or_else(|| data_dir.join("access-logs"));
                Some(Box::new(Files::new(directory, file_of)))
            }
        };
        let others = Arc::new(writer(default)?);
        // Two destinations in one place share its writer.
        let mut writers: HashMap<Place, Arc<LogWriter>> = HashMap::new();
        let mut named = HashMap::new();
        for (arn, text) in &options.destinations {
            let problem = |problem: String| Error::Setting { key: "access_logs.destinations", problem };
            if LogDestination::parse(arn).is_none() {
                return Err(problem(format!("{arn:?} is no ARN of a log group or a delivery stream")));
            }
            let place = Place::parse(text).ok_or_else(|| {
                let places = "off, stdout, file:PATH, tcp://HOST:PORT or udp://HOST:PORT";
                problem(format!("{text:?} of {arn} is none of {places}"))
            })?;
            let writer = match writers.get(&place) {
                Some(writer) => writer.clone(),
                None => {
                    let made = Arc::new(writer(sink(&place, clock))?);
                    writers.insert(place, made.clone());
                    made
                }
            };
            named.insert(without_streams(arn).to_owned(), writer);
        }
        Ok(Self { others, named })
    }

    /// Waits until everything is written that was taken.
    pub(super) fn close(&self) {
        self.others.close();
        self.named.values().for_each(|writer| writer.close());
    }
}

fn writer(sink: Option<Box<dyn Sink>>) -> Result<LogWriter, Error> {
    let no_thread = |error: io::Error| Error::Setting {
        key: "access_logs",
        problem: format!("no thread for writing: {error}"),
    };
    sink.map_or_else(|| Ok(LogWriter::off()), |sink| LogWriter::open(sink, meter::ACCESS_LOGS_DROPPED))
        .map_err(no_thread)
}

fn sink(place: &Place, clock: &Arc<dyn Clock>) -> Option<Box<dyn Sink>> {
    Some(match place {
        Place::Off => return None,
        Place::Stdout => Box::new(Stdout),
        Place::File(path) => {
            Box::new(OneFile { path: path.clone(), files: Files::new(PathBuf::new(), as_it_is) })
        }
        Place::Stream(address) => Box::new(LineStream::new(address.clone(), clock.clone())),
    })
}

fn file_of(arn: &str) -> Option<PathBuf> {
    LogDestination::parse(arn).map(|destination| destination.path("log"))
}

fn as_it_is(path: &str) -> Option<PathBuf> {
    Some(path.into())
}

/// Log groups are named with and without all their streams.
fn without_streams(arn: &str) -> &str {
    arn.strip_suffix(":*").unwrap_or(arn)
}

/// A file that the settings name, whatever the destination.
struct OneFile {
    path: PathBuf,
    files: Files,
}

impl Sink for OneFile {
    fn write(&mut self, _: &str, line: String) -> io::Result<()> {
        self.files.write(&self.path.to_string_lossy(), line)
    }
}

impl Sink for LineStream {
    fn write(&mut self, _: &str, line: String) -> io::Result<()> {
        self.send(&line)
    }
}

impl gateway::AccessLogs for AccessLogs {
    fn log(&self, destination_arn: &Arc<str>, line: String) {
        let writer = self.named.get(without_streams(destination_arn)).unwrap_or(&self.others);
        writer.log(destination_arn, line);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::clock::{Timestamp, VirtualClock};
    use crate::gateway::AccessLogs as _;

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:web";
    const STREAM: &str = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-a";

    fn open(options: &Options, data_dir: &Path) -> Result<AccessLogs, Error> {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(Timestamp::EPOCH));
        AccessLogs::open(options, data_dir, &clock)
    }

    fn destinations(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(arn, place)| ((*arn).to_owned(), (*place).to_owned())).collect()
    }

    #[test]
    fn destinations_have_files_of_their_own_or_the_place_that_the_settings_say() {
        let directory = std::env::temp_dir().join(format!("stepgate-access-{}", std::process::id()));
        let named = directory.join("named.log");
        let place = format!("file:{}", named.display());
        let all_streams = format!("{GROUP}2:*");
        let options = Options {
            destinations: destinations(&[(&all_streams, &place), (&format!("{GROUP}3"), &place)]),
            ..Options::default()
        };
        let logs = open(&options, &directory).unwrap();
        let log = |arn: &str, line: &str| logs.log(&arn.into(), line.to_owned());
        log(GROUP, "a");
        log(&format!("{GROUP}:*"), "b");
        log(STREAM, "c");
        log(&format!("{GROUP}2"), "d");
        log(&format!("{GROUP}3"), "e");
        logs.close();
        let read = |path: &str| fs::read_to_string(directory.join(path)).unwrap();
        assert_eq!(read("access-logs/123456789012/us-east-1/web.log"), "a\nb\n");
        let stream = "access-logs/123456789012/us-east-1/deliverystream/amazon-apigateway-a.log";
        assert_eq!(read(stream), "c\n");
        assert_eq!(read("named.log"), "d\ne\n");
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn places_that_mean_nothing_stop_the_start() {
        for (arn, place) in [
            (GROUP, ""),
            (GROUP, "stderr"),
            (GROUP, "file:"),
            (GROUP, "http://a:1"),
            (GROUP, "tcp://a"),
            ("arn:aws:s3:::a", "stdout"),
            ("web", "off"),
        ] {
            let options =
                Options { to: LogTarget::Off, destinations: destinations(&[(arn, place)]), directory: None };
            assert!(open(&options, Path::new("unused")).is_err(), "{arn} {place}");
        }
    }
}
