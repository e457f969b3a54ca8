//! Reads one shard of a stream, and has its records handled, in their order: one batch after the other, or as many at one time as
//! the mapping says, those of one key one after the other.
//!
//! A batch is handled at least once: how far a shard was read is kept when the function has handled a batch and all that come
//! before it, or when its window is over, so a server that was killed before reads that batch again.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::checkpoint::Checkpoint;
use super::handler::{EVENT_BYTES_MAX, Handler};
use super::lanes::Lanes;
use super::poll::PAUSE;
use super::stream::Kind;
use super::window::Window;
use crate::clock::Timestamp;
use crate::functions::control::Functions;
use crate::functions::control::sources::StartingPosition;

/// The most records that a service gives at once.
const KINESIS_MAX: u32 = 10_000;
const DYNAMODB_MAX: u32 = 1_000;
/// What lanes may say before it is listened to.
const UNHEARD_MAX: usize = 16;

/// A record as the function gets it.
#[derive(Clone, Debug)]
pub(super) struct StreamRecord {
    pub(super) sequence: String,
    pub(super) arrived: Option<Timestamp>,
    /// Records of the same key are handled in their order.
    pub(super) key: String,
    pub(super) event: Value,
}

/// Where an iterator begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    After(String),
    From(StartingPosition),
}

impl Position {
    /// Where a shard is to be read on.
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        match &checkpoint.sequence {
            Some(sequence) => Self::After(sequence.clone()),
            None => Self::From(checkpoint.position),
        }
    }

    fn member(&self) -> Map<String, Value> {
        let members = match self {
            Self::After(sequence) => {
                json!({ "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": sequence,
                    "SequenceNumber": sequence })
            }
            Self::From(position) => match position.at() {
                Some(at) => {
                    json!({ "ShardIteratorType": position.as_str(), "Timestamp": at.as_seconds_f64() })
                }
                None => json!({ "ShardIteratorType": position.as_str() }),
            },
        };
        members.as_object().cloned().unwrap_or_default()
    }
}

/// Who reads a shard.
pub(super) struct Reader {
    handler: Arc<Handler>,
    position: Position,
    checkpoint: Checkpoint,
    /// The window that is not over, and the last of its records that was handled.
    window: Option<Window>,
    handled: Option<String>,
}

impl Reader {
    pub(super) fn new(handler: Handler, checkpoint: Checkpoint) -> Self {
        let (handler, position) = (Arc::new(handler), Position::of(&checkpoint));
        Self { handler, position, checkpoint, window: None, handled: None }
    }

    /// Reads until the shard has come to its end.
    pub(super) async fn run(mut self) {
        let (mut pause, pause_max) = PAUSE;
        let all = self.records_max();
        // Records may be so large that only a few can be got at once.
        let mut limit = all;
        while let Err(problem) = self.read(limit, &mut pause).await {
            let (stream, shard) = (&self.handler.poller.source.source_arn, &self.checkpoint.shard);
            tracing::warn!(stream, shard, problem, "a shard can't be read");
            self.handler.poller.note(&format!("PROBLEM: {problem}")).await;
            tokio::time::sleep(pause).await;
            limit = if pause == PAUSE.0 { all } else { (limit / 2).max(1) };
            pause = (pause * 2).min(pause_max);
        }
    }

    fn records_max(&self) -> u32 {
        let most = match self.handler.kind {
            Kind::Kinesis => KINESIS_MAX,
            Kind::DynamoDb => DYNAMODB_MAX,
        };
        let source = &self.handler.poller.source;
        source.batch_size.saturating_mul(self.lanes()).clamp(1, most)
    }

    fn lanes(&self) -> u32 {
        self.handler.settings.parallel.max(1)
    }

    /// Reads on from where the shard was read to; returns at its end.
    async fn read(&mut self, limit: u32, pause: &mut Duration) -> Result<(), String> {
        let service = self.handler.kind.service();
        let mut iterator = self.iterator().await?;
        let mut gathered = Gathered::default();
        // What was not kept is read again.
        (self.window, self.handled) = (None, None);
        loop {
            let n_gathered = u32::try_from(gathered.records.len()).unwrap_or(u32::MAX);
            let limit = limit.saturating_sub(n_gathered).max(1);
            let mut input = json!({ "ShardIterator": iterator, "Limit": limit });
            if self.handler.kind == Kind::Kinesis {
                input["StreamARN"] = json!(self.handler.poller.source.source_arn);
            }
            let got = self.handler.poller.call(service, "GetRecords", input).await?;
            *pause = PAUSE.0;
            let records = got.get("Records").and_then(Value::as_array).cloned().unwrap_or_default();
            let n_got = records.len();
            let role = match n_got {
                0 => None,
                _ => self.handler.poller.source_function().await?.role,
            };
            for record in records {
                let Some(record) = self.record(record, role.as_deref()) else { continue };
                gathered.last = Some(record.sequence.clone());
                if self.is_wanted(&record.event) {
                    gathered.add(record, self.handler.poller.clock.now());
                }
            }
            let following = got.get("NextShardIterator").and_then(Value::as_str).map(str::to_owned);
            if following.is_none() || self.is_due(&gathered) {
                let Gathered { records, last, .. } = std::mem::take(&mut gathered);
                self.handle(records).await?;
                if following.is_none() || (n_got == 0 && self.is_over()) {
                    self.close_window().await?;
                }
                if (last.is_some() && self.window.is_none()) || following.is_none() {
                    self.keep(last, following.is_none()).await?;
                }
            }
            match following {
                Some(following) => iterator = following,
                None => return Ok(()),
            }
            if n_got < usize::try_from(limit).unwrap_or(usize::MAX) {
                tokio::time::sleep(PAUSE.0).await;
            }
        }
    }

    async fn iterator(&mut self) -> Result<String, String> {
        let mut input = self.position.member();
        // Each service takes the number under a name of its own.
        let other = match self.handler.kind {
            Kind::Kinesis => "SequenceNumber",
            Kind::DynamoDb => "StartingSequenceNumber",
        };
        input.shift_remove(other);
        input.insert(self.handler.kind.arn_member().to_owned(), json!(self.handler.poller.source.source_arn));
        input.insert("ShardId".to_owned(), json!(self.checkpoint.shard));
        let now = self.handler.poller.clock.now();
        let got = self
            .handler
            .poller
            .call(self.handler.kind.service(), "GetShardIterator", Value::Object(input))
            .await?;
        let iterator = got.get("ShardIterator").and_then(Value::as_str).map(str::to_owned);
        let iterator = iterator.ok_or_else(|| "the stream gives no iterator".to_owned())?;
        // The next one is not to begin later than this one.
        if self.position == Position::From(StartingPosition::Latest) && self.handler.kind == Kind::Kinesis {
            let checkpoint = Checkpoint { position: StartingPosition::At(now), ..self.checkpoint.clone() };
            self.write(checkpoint).await?;
            self.position = Position::From(StartingPosition::At(now));
        }
        Ok(iterator)
    }

    /// A record as functions get it.
    fn record(&self, record: Value, role: Option<&str>) -> Option<StreamRecord> {
        let (arn, region) = (&self.handler.poller.source.source_arn, &self.handler.poller.arn.region);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let seconds = |value: &Value, name: &str| {
            let millis = value.get(name).and_then(Value::as_f64)? * 1_000.0;
            // Beyond any time there is, it is no matter which one.
            #[allow(clippy::cast_possible_truncation, reason = "a float becomes the nearest number")]
            Some(Timestamp::from_millis(millis.round() as i64))
        };
        match self.handler.kind {
            Kind::Kinesis => {
                let sequence = text(&record, "SequenceNumber")?;
                let event = json!({
                    "kinesis": {
                        "kinesisSchemaVersion": "1.0",
                        "partitionKey": record.get("PartitionKey"),
                        "sequenceNumber": sequence,
                        "data": record.get("Data"),
                        "approximateArrivalTimestamp": record.get("ApproximateArrivalTimestamp"),
                    },
                    "eventSource": "aws:kinesis",
                    "eventVersion": "1.0",
                    "eventID": format!("{}:{sequence}", self.checkpoint.shard),
                    "eventName": "aws:kinesis:record",
                    "invokeIdentityArn": role,
                    "awsRegion": region,
                    "eventSourceARN": arn,
                });
                let arrived = seconds(&record, "ApproximateArrivalTimestamp");
                let key = text(&record, "PartitionKey").unwrap_or_default();
                Some(StreamRecord { sequence, arrived, key, event })
            }
            Kind::DynamoDb => {
                let change = record.get("dynamodb")?;
                let sequence = text(change, "SequenceNumber")?;
                let arrived = seconds(change, "ApproximateCreationDateTime");
                // Which of the keys parts the table is not known; the same item has the same ones.
                let key = change.get("Keys").map(Value::to_string).unwrap_or_default();
                let mut event = record;
                event["eventSourceARN"] = json!(arn);
                Some(StreamRecord { sequence, arrived, key, event })
            }
        }
    }

    fn is_wanted(&self, event: &Value) -> bool {
        match self.handler.kind {
            Kind::DynamoDb => self.handler.poller.filters.want(event, "dynamodb"),
            Kind::Kinesis => {
                // Patterns name the data, decoded, and what else there is of the record without `kinesis`.
                let mut seen = event.clone();
                let record = event.get("kinesis").and_then(Value::as_object).cloned().unwrap_or_default();
                if let Value::Object(seen) = &mut seen {
                    seen.extend(record);
                }
                let data = event.get("kinesis").and_then(|it| it.get("data")).and_then(Value::as_str);
                let data = data.and_then(|data| STANDARD.decode(data).ok());
                seen["data"] = json!(data.map(|data| String::from_utf8_lossy(&data).into_owned()));
                self.handler.poller.filters.want(&seen, "data")
            }
        }
    }

    fn is_due(&self, gathered: &Gathered) -> bool {
        let Some(since) = gathered.since else { return true };
        let window_s = self.handler.poller.source.window_s;
        let lanes = usize::try_from(self.lanes()).unwrap_or(1);
        usize::try_from(self.records_max()).is_ok_and(|most| most <= gathered.records.len())
            || (EVENT_BYTES_MAX / 2).saturating_mul(lanes) <= gathered.bytes
            || since + Duration::from_secs(window_s.into()) <= self.handler.poller.clock.now()
    }

    /// Lets the function handle records until it has handled them, or they are left out.
    async fn handle(&mut self, mut records: Vec<StreamRecord>) -> Result<(), String> {
        let length_s = self.handler.settings.tumbling_s;
        if length_s == 0 {
            self.handle_in_lanes(records).await?;
            return Ok(());
        }
        while !records.is_empty() {
            let now = self.handler.poller.clock.now();
            let time = |record: &StreamRecord| record.arrived.unwrap_or(now);
            let first = records.first().map_or(now, time);
            if self.window.as_ref().is_some_and(|window| window.is_over(first)) {
                self.close_window().await?;
            }
            // What comes too late is of the window that is there.
            let window = self.window.get_or_insert_with(|| Window::at(first, length_s));
            let n = records.iter().take_while(|record| !window.is_over(time(record))).count().max(1);
            let rest = records.split_off(n);
            let of_window = std::mem::replace(&mut records, rest);
            self.handled = of_window.last().map(|record| record.sequence.clone());
            self.handle_in_lanes(of_window).await?;
            if self.window.as_ref().is_some_and(Window::is_full) {
                self.close_window().await?;
            }
        }
        Ok(())
    }

    /// Lets the function handle records, those of one key in their order. With a window, there is one lane.
    async fn handle_in_lanes(&mut self, records: Vec<StreamRecord>) -> Result<(), String> {
        let n_lanes = if self.window.is_some() { 1 } else { self.lanes() };
        let (mut lanes, split) = Lanes::of(records, n_lanes);
        let (progress, mut heard) = mpsc::channel(UNHEARD_MAX);
        let mut at_work = JoinSet::new();
        for (lane, records) in split.into_iter().enumerate().filter(|(_, records)| !records.is_empty()) {
            let window = self.window.take();
            at_work.spawn(self.handler.clone().handle(records, window, (lane, progress.clone())));
        }
        drop(progress);
        while let Some((lane, n)) = heard.recv().await {
            let last = lanes.done(lane, n);
            // Until a window is over, its records may have to be read again.
            if self.handler.settings.tumbling_s == 0 && last.is_some() {
                self.keep(last, false).await?;
            }
        }
        while let Some(ended) = at_work.join_next().await {
            self.window = ended.map_err(|error| error.to_string())??;
        }
        Ok(())
    }

    /// Whether it is later than the window that is there.
    fn is_over(&self) -> bool {
        self.window.as_ref().is_some_and(|window| window.is_over(self.handler.poller.clock.now()))
    }

    async fn close_window(&mut self) -> Result<(), String> {
        if let Some(window) = self.window.take() {
            self.handler.close(window).await;
        }
        match self.handled.take() {
            Some(last) => self.keep(Some(last), false).await,
            None => Ok(()),
        }
    }

    /// Keeps how far the shard was read.
    async fn keep(&mut self, sequence: Option<String>, is_finished: bool) -> Result<(), String> {
        let sequence = sequence.or_else(|| self.checkpoint.sequence.clone());
        if sequence == self.checkpoint.sequence && is_finished == self.checkpoint.is_finished {
            return Ok(());
        }
        let checkpoint = Checkpoint { sequence, is_finished, ..self.checkpoint.clone() };
        self.write(checkpoint).await?;
        if let Some(sequence) = &self.checkpoint.sequence {
            self.position = Position::After(sequence.clone());
        }
        Ok(())
    }

    async fn write(&mut self, checkpoint: Checkpoint) -> Result<(), String> {
        let Some(inner) = self.handler.poller.inner.upgrade() else {
            return Err("the server is being closed".to_owned());
        };
        let kept = Functions { inner }
            .keep_checkpoints(&self.handler.poller.source.id, vec![checkpoint.clone()], Vec::new())
            .await;
        kept.map_err(|error| error.to_string())?;
        self.checkpoint = checkpoint;
        Ok(())
    }
}

/// Records for one event, and the last that was looked at.
#[derive(Default)]
struct Gathered {
    records: Vec<StreamRecord>,
    bytes: usize,
    since: Option<Timestamp>,
    last: Option<String>,
}

impl Gathered {
    fn add(&mut self, record: StreamRecord, now: Timestamp) {
        self.bytes += record.event.to_string().len();
        self.since.get_or_insert(now);
        self.records.push(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(position: StartingPosition, sequence: Option<&str>) -> Checkpoint {
        let sequence = sequence.map(str::to_owned);
        Checkpoint { shard: "s".to_owned(), position, sequence, is_finished: false }
    }

    #[test]
    fn reading_goes_on_where_it_was() {
        let at = StartingPosition::At(Timestamp::from_millis(1_500));
        let check = |checkpoint: Checkpoint, want: Value| {
            assert_eq!(Value::Object(Position::of(&checkpoint).member()), want);
        };
        check(checkpoint(StartingPosition::Latest, None), json!({"ShardIteratorType": "LATEST"}));
        check(checkpoint(at, None), json!({"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1.5}));
        check(
            checkpoint(at, Some("7")),
            json!({"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": "7", "SequenceNumber": "7"}),
        );
    }
}
