//! Event source mappings: queues whose messages functions handle, and streams whose records they do.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>

mod batch;
mod checkpoint;
mod filter;
mod handler;
mod lanes;
mod poll;
mod queue;
mod shard;
mod stream;
mod window;

pub(super) use self::poll::poll_all;

use self::checkpoint::Checkpoint;
use super::{Functions, existing};
use crate::clock::Timestamp;
use crate::functions::error::Error;
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{self, Param, Record, Row, Stored, Tx, Unreadable, record, records};

/// The most mappings of a server.
const SOURCES_MAX: i64 = 1_000;
/// What is said of a mapping before its first event.
const NOTHING_YET: &str = "No records processed";

/// Where a function's events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource {
    /// Its id.
    pub id: String,
    /// The function.
    pub function: String,
    /// The version or alias.
    pub qualifier: Option<String>,
    /// The ARN of the queue or stream.
    pub source_arn: String,
    /// Whether anything is received.
    pub is_enabled: bool,
    /// The most messages or records of an event.
    pub batch_size: u32,
    /// How long they are gathered for an event, in seconds.
    pub window_s: u32,
    /// Whether the function says which of a batch have failed: `ReportBatchItemFailures`.
    pub reports_failures: bool,
    /// Events that are handled at one time, at most.
    pub concurrency: Option<u32>,
    /// Event patterns: what matches none of them is not handled. Without any, everything is.
    pub filters: Vec<String>,
    /// What is said of streams alone; `None` of a queue.
    pub stream: Option<StreamSettings>,
    /// When it was made or changed.
    pub last_modified: Timestamp,
    /// What came of the last event.
    pub last_result: String,
}

/// How a stream is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSettings {
    /// Where it begins.
    pub position: StartingPosition,
    /// How often a batch is tried again, at most; `None` for as often as it takes.
    pub retries_max: Option<u32>,
    /// The age beyond which records are left out, in seconds.
    pub age_max_s: Option<u32>,
    /// Whether a batch that failed is tried again in halves.
    pub bisects: bool,
    /// Who is told of records that were left out: an ARN.
    pub on_failure: Option<String>,
    /// How many batches of a shard are handled at one time.
    pub parallel: u32,
    /// How long a tumbling window is, in seconds; 0 without any.
    pub tumbling_s: u32,
}

/// Where the reading of a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartingPosition {
    /// With what comes after the mapping is there.
    Latest,
    /// With the oldest that there is.
    TrimHorizon,
    /// With what came at this time.
    At(Timestamp),
}

/// What is to change of the settings of a stream; what isn't said stays.
#[derive(Clone, Debug, Default)]
pub struct StreamChange {
    /// How often a batch is tried again.
    pub retries_max: Option<Option<u32>>,
    /// The age beyond which records are left out.
    pub age_max_s: Option<Option<u32>>,
    /// Whether a batch that failed is tried again in halves.
    pub bisects: Option<bool>,
    /// Who is told of records that were left out.
    pub on_failure: Option<Option<String>>,
    /// How many batches of a shard are handled at one time.
    pub parallel: Option<u32>,
    /// How long a tumbling window is.
    pub tumbling_s: Option<u32>,
}

/// What a mapping is to be; what isn't said stays.
#[derive(Clone, Debug, Default)]
pub struct SourceChange {
    /// The function, and its version or alias.
    pub function: Option<(String, Option<String>)>,
    /// Whether anything is received.
    pub is_enabled: Option<bool>,
    /// The most messages of an event.
    pub batch_size: Option<u32>,
    /// How long messages are gathered for an event, in seconds.
    pub window_s: Option<u32>,
    /// Whether the function says which of a batch have failed.
    pub reports_failures: Option<bool>,
    /// Events that are handled at one time, at most; within, `None` for as many as there may be.
    pub concurrency: Option<Option<u32>>,
    /// Event patterns.
    pub filters: Option<Vec<String>>,
    /// What is said of streams alone.
    pub stream: StreamChange,
}

/// Whether these are event patterns.
///
/// # Errors
/// [`Error::Invalid`] in AWS's words if one is none.
pub fn check_filters(filters: &[String]) -> Result<(), Error> {
    let parsed = filter::Filters::parse(filters);
    parsed.map(drop).map_err(|why| Error::Invalid(format!("Invalid filter pattern definition. {why}")))
}

records! {
    /// All kinds.
    pub(super) const RECORDS;
    EventSource, "lambda event source": 1 => EventSourceV3, 2 => EventSourceV3, now 3 => EventSourceV3;
    Checkpoint, "lambda stream checkpoint": now 1 => checkpoint::CheckpointV1;
}

record! {
    /// Where a function's events come from; the first form had no filters and no streams, the second one batch of a shard at
    /// a time and no windows.
    struct EventSourceV3 of EventSource {
        "id" id: String,
        "function" function: String,
        "qualifier" qualifier: Option<String>,
        "source_arn" source_arn: String,
        "is_enabled" is_enabled: bool,
        "batch_size" batch_size: u32,
        "window_s" window_s: u32,
        "reports_failures" reports_failures: bool,
        "concurrency" concurrency: Option<u32>,
        #[serde(default)] "filters" filters: Vec<String>,
        #[serde(default)] "stream" stream: Option<StreamSettingsV2>,
        "last_modified" last_modified: i64,
        "last_result" last_result: String,
    }

    /// How a stream is read.
    struct StreamSettingsV2 of StreamSettings {
        "position" position: (String, Option<i64>),
        "retries_max" retries_max: Option<u32>,
        "age_max_s" age_max_s: Option<u32>,
        "bisects" bisects: bool,
        "on_failure" on_failure: Option<String>,
        #[serde(default = "one_at_a_time")] "parallel" parallel: u32,
        #[serde(default)] "tumbling_s" tumbling_s: u32,
    }
}

const fn one_at_a_time() -> u32 {
    1
}

impl StartingPosition {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latest => "LATEST",
            Self::TrimHorizon => "TRIM_HORIZON",
            Self::At(_) => "AT_TIMESTAMP",
        }
    }

    /// The position of this name, with the time if it needs one.
    pub fn parse(name: &str, at: Option<Timestamp>) -> Option<Self> {
        match (name, at) {
            ("LATEST", None) => Some(Self::Latest),
            ("TRIM_HORIZON", None) => Some(Self::TrimHorizon),
            ("AT_TIMESTAMP", Some(at)) => Some(Self::At(at)),
            _ => None,
        }
    }

    /// The time that it says.
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Latest | Self::TrimHorizon => None,
        }
    }
}

impl Stored<(String, Option<i64>)> for StartingPosition {
    fn to_stored(&self) -> (String, Option<i64>) {
        (self.as_str().to_owned(), self.at().map(Timestamp::as_millis))
    }

    fn from_stored((name, at): (String, Option<i64>)) -> Result<Self, Unreadable> {
        Self::parse(&name, at.map(Timestamp::from_millis))
            .ok_or(Unreadable { what: "starting position", value: name })
    }
}

impl SourceChange {
    fn apply(self, source: &mut EventSource) {
        if let Some((function, qualifier)) = self.function {
            (source.function, source.qualifier) = (function, qualifier);
        }
        source.is_enabled = self.is_enabled.unwrap_or(source.is_enabled);
        source.batch_size = self.batch_size.unwrap_or(source.batch_size);
        source.window_s = self.window_s.unwrap_or(source.window_s);
        source.reports_failures = self.reports_failures.unwrap_or(source.reports_failures);
        source.concurrency = self.concurrency.unwrap_or(source.concurrency);
        if let Some(filters) = self.filters {
            source.filters = filters;
        }
        if let Some(stream) = &mut source.stream {
            let StreamChange { retries_max, age_max_s, bisects, on_failure, parallel, tumbling_s } =
                self.stream;
            stream.retries_max = retries_max.unwrap_or(stream.retries_max);
            stream.age_max_s = age_max_s.unwrap_or(stream.age_max_s);
            stream.bisects = bisects.unwrap_or(stream.bisects);
            stream.parallel = parallel.unwrap_or(stream.parallel);
            stream.tumbling_s = tumbling_s.unwrap_or(stream.tumbling_s);
            if let Some(on_failure) = on_failure {
                stream.on_failure = on_failure;
            }
        }
    }
}

fn put(tx: &Tx<'_>, home: &AccountRegion, source: &EventSource) -> Result<(), Error> {
    let record = source.encode()?;
    let sql = "INSERT INTO function_source (id, account, region, record) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (id) DO UPDATE SET record = excluded.record";
    let (account, region) = (home.account.as_str(), home.region.as_str());
    tx.execute(sql, &[&source.id, account, region, &record].map(Param::Text))?;
    Ok(())
}

fn one(tx: &Tx<'_>, home: &AccountRegion, id: &str) -> Result<EventSource, Error> {
    let sql = "SELECT record FROM function_source WHERE id = ?1 AND account = ?2 AND region = ?3";
    let of = [id, home.account.as_str(), home.region.as_str()].map(Param::Text);
    let record = tx.query_one(sql, &of, |row| row.text(0))?;
    let record =
        record.ok_or_else(|| Error::NotFound("The resource you requested does not exist.".into()))?;
    Ok(EventSource::decode(record.as_bytes())?)
}

/// All mappings of a server, by their ids.
fn all(tx: &Tx<'_>) -> Result<Vec<(AccountRegion, EventSource)>, Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
    let rows = tx.query("SELECT account, region, record FROM function_source ORDER BY id", &[], read)?;
    let mut all = Vec::with_capacity(rows.len());
    for (account, region, record) in rows {
        let home = AccountId::parse(&account).zip(Region::parse(&region));
        let corrupt = || store::Error::Corrupt("an event source has no account or region".to_owned());
        let (account, region) = home.ok_or_else(corrupt)?;
        all.push((AccountRegion { account, region }, EventSource::decode(record.as_bytes())?));
    }
    Ok(all)
}

impl Functions {
    /// Lets a function handle the messages of a queue, or the records of a stream. `source` has everything but what is made up here.
    ///
    /// # Errors
    /// If there is no such function, or if it handles those already.
    pub async fn create_source(
        &self,
        home: &AccountRegion,
        mut source: EventSource,
    ) -> Result<EventSource, Error> {
        source.id = self.inner.ids.uuid().to_string();
        source.last_modified = self.inner.clock.now();
        NOTHING_YET.clone_into(&mut source.last_result);
        let (of, made) = (home.clone(), source.clone());
        let written = self.inner.store.write(move |tx| {
            existing(tx, &of, &made.function)?;
            let same = |known: &EventSource| {
                known.source_arn == made.source_arn
                    && known.function == made.function
                    && known.qualifier == made.qualifier
            };
            let all = all(tx)?;
            if let Some((_, known)) = all.iter().find(|(home, known)| *home == of && same(known)) {
                let kind = match known.stream {
                    None => "SQS",
                    Some(_) => "event source",
                };
                return Err(Error::Conflict(format!(
                    "An event source mapping with {kind} arn (\" {} \") and function (\" {} \") already exists. Please \
                     update or delete the existing mapping with UUID {}",
                    known.source_arn, known.function, known.id
                )));
            }
            if SOURCES_MAX <= i64::try_from(all.len()).unwrap_or(i64::MAX) {
                return Err(Error::Invalid(format!("There are {SOURCES_MAX} event source mappings already.")));
            }
            put(tx, &of, &made)
        });
        written.await?;
        self.inner.new_source.notify_one();
        Ok(source)
    }

    /// Changes a mapping.
    ///
    /// # Errors
    /// If there is none of this id.
    pub async fn update_source(
        &self,
        home: &AccountRegion,
        id: &str,
        change: SourceChange,
    ) -> Result<EventSource, Error> {
        let (of, id, now) = (home.clone(), id.to_owned(), self.inner.clock.now());
        let written = self.inner.store.write(move |tx| {
            let mut source = one(tx, &of, &id)?;
            change.clone().apply(&mut source);
            existing(tx, &of, &source.function)?;
            source.last_modified = now;
            put(tx, &of, &source)?;
            Ok::<_, Error>(source)
        });
        let source = written.await?;
        self.inner.new_source.notify_one();
        Ok(source)
    }

    /// Removes a mapping; what it was.
    ///
    /// # Errors
    /// If there is none of this id.
    pub async fn delete_source(&self, home: &AccountRegion, id: &str) -> Result<EventSource, Error> {
        let (of, id) = (home.clone(), id.to_owned());
        let written = self.inner.store.write(move |tx| {
            let source = one(tx, &of, &id)?;
            tx.execute("DELETE FROM function_source WHERE id = ?1", &[Param::Text(&id)])?;
            checkpoint::forget(tx, &id)?;
            Ok::<_, Error>(source)
        });
        let source = written.await?;
        self.inner.new_source.notify_one();
        Ok(source)
    }

    /// The mapping of this id.
    ///
    /// # Errors
    /// If there is none.
    pub async fn source(&self, home: &AccountRegion, id: &str) -> Result<EventSource, Error> {
        let (of, id) = (home.clone(), id.to_owned());
        self.inner.store.read(move |tx| one(tx, &of, &id)).await
    }

    /// All mappings, by their ids.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn sources(&self, home: &AccountRegion) -> Result<Vec<EventSource>, Error> {
        let found = self.inner.store.read(all).await?;
        Ok(found.into_iter().filter(|(of, _)| of == home).map(|(_, source)| source).collect())
    }

    /// Notes what came of an event, if that is news.
    async fn note_result(&self, home: &AccountRegion, id: &str, result: &str) {
        let (of, id, result) = (home.clone(), id.to_owned(), result.to_owned());
        let written = self.inner.store.write(move |tx| match one(tx, &of, &id) {
            Ok(source) if source.last_result != result => {
                put(tx, &of, &EventSource { last_result: result.clone(), ..source })
            }
            // It may be gone by now.
            Ok(_) | Err(Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        });
        if let Err(error) = written.await {
            tracing::warn!(%error, "what came of an event can't be noted");
        }
    }
}
