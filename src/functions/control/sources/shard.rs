//! Reads one shard of a stream, and lets the function handle its records, in their order, batch after batch.
//!
//! A batch is handled at least once: how far a shard was read is kept when the function has handled a batch, so a server that
//! was killed before reads that batch again.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::StreamSettings;
use super::batch::{Batch, Next, Verdict, next, verdict};
use super::checkpoint::Checkpoint;
use super::poll::{PAUSE, Poller, Unhandled};
use super::stream::Kind;
use crate::clock::Timestamp;
use crate::functions::control::Functions;
use crate::functions::control::sources::StartingPosition;
use crate::functions::deployed::function_arn;
use crate::functions::invocation::PAYLOAD_BYTES_MAX;
use crate::functions::model::LATEST;

/// The most records that a service gives at once.
const KINESIS_MAX: u32 = 10_000;
const DYNAMODB_MAX: u32 = 1_000;
/// What an event's records have at most together, in bytes.
const EVENT_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - 1_024;

/// A record as the function gets it.
#[derive(Clone, Debug)]
struct StreamRecord {
    sequence: String,
    arrived: Option<Timestamp>,
    event: Value,
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
    pub(super) poller: Arc<Poller>,
    pub(super) settings: StreamSettings,
    pub(super) kind: Kind,
    pub(super) position: Position,
    pub(super) checkpoint: Checkpoint,
}

impl Reader {
    /// Reads until the shard has come to its end.
    pub(super) async fn run(mut self) {
        let (mut pause, pause_max) = PAUSE;
        let all = self.records_max();
        // Records may be so large that only a few can be got at once.
        let mut limit = all;
        while let Err(problem) = self.read(limit, &mut pause).await {
            let (stream, shard) = (&self.poller.source.source_arn, &self.checkpoint.shard);
            tracing::warn!(stream, shard, problem, "a shard can't be read");
            self.poller.note(&format!("PROBLEM: {problem}")).await;
            tokio::time::sleep(pause).await;
            limit = if pause == PAUSE.0 { all } else { (limit / 2).max(1) };
            pause = (pause * 2).min(pause_max);
        }
    }

    fn records_max(&self) -> u32 {
        let most = match self.kind {
            Kind::Kinesis => KINESIS_MAX,
            Kind::DynamoDb => DYNAMODB_MAX,
        };
        self.poller.source.batch_size.clamp(1, most)
    }

    /// Reads on from where the shard was read to; returns at its end.
    async fn read(&mut self, limit: u32, pause: &mut Duration) -> Result<(), String> {
        let service = self.kind.service();
        let mut iterator = self.iterator().await?;
        let mut gathered = Gathered::default();
        loop {
            let n_gathered = u32::try_from(gathered.records.len()).unwrap_or(u32::MAX);
            let limit = limit.saturating_sub(n_gathered).max(1);
            let mut input = json!({ "ShardIterator": iterator, "Limit": limit });
            if self.kind == Kind::Kinesis {
                input["StreamARN"] = json!(self.poller.source.source_arn);
            }
            let got = self.poller.call(service, "GetRecords", input).await?;
            *pause = PAUSE.0;
            let records = got.get("Records").and_then(Value::as_array).cloned().unwrap_or_default();
            let n_got = records.len();
            let role = match n_got {
                0 => None,
                _ => self.poller.source_function().await?.role,
            };
            for record in records {
                let Some(record) = self.record(record, role.as_deref()) else { continue };
                gathered.last = Some(record.sequence.clone());
                if self.is_wanted(&record.event) {
                    gathered.add(record, self.poller.clock.now());
                }
            }
            let following = got.get("NextShardIterator").and_then(Value::as_str).map(str::to_owned);
            if following.is_none() || self.is_due(&gathered) {
                let Gathered { records, last, .. } = std::mem::take(&mut gathered);
                if !records.is_empty() {
                    self.handle(records).await?;
                }
                if last.is_some() || following.is_none() {
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
        let other = match self.kind {
            Kind::Kinesis => "SequenceNumber",
            Kind::DynamoDb => "StartingSequenceNumber",
        };
        input.shift_remove(other);
        input.insert(self.kind.arn_member().to_owned(), json!(self.poller.source.source_arn));
        input.insert("ShardId".to_owned(), json!(self.checkpoint.shard));
        let now = self.poller.clock.now();
        let got = self.poller.call(self.kind.service(), "GetShardIterator", Value::Object(input)).await?;
        let iterator = got.get("ShardIterator").and_then(Value::as_str).map(str::to_owned);
        let iterator = iterator.ok_or_else(|| "the stream gives no iterator".to_owned())?;
        // The next one is not to begin later than this one.
        if self.position == Position::From(StartingPosition::Latest) && self.kind == Kind::Kinesis {
            let checkpoint = Checkpoint { position: StartingPosition::At(now), ..self.checkpoint.clone() };
            self.write(checkpoint).await?;
            self.position = Position::From(StartingPosition::At(now));
        }
        Ok(iterator)
    }

    /// A record as functions get it.
    fn record(&self, record: Value, role: Option<&str>) -> Option<StreamRecord> {
        let (arn, region) = (&self.poller.source.source_arn, &self.poller.arn.region);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let seconds = |value: &Value, name: &str| {
            let millis = value.get(name).and_then(Value::as_f64)? * 1_000.0;
            // Beyond any time there is, it is no matter which one.
            #[allow(clippy::cast_possible_truncation, reason = "a float becomes the nearest number")]
            Some(Timestamp::from_millis(millis.round() as i64))
        };
        match self.kind {
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
                Some(StreamRecord { sequence, arrived, event })
            }
            Kind::DynamoDb => {
                let change = record.get("dynamodb")?;
                let sequence = text(change, "SequenceNumber")?;
                let arrived = seconds(change, "ApproximateCreationDateTime");
                let mut event = record;
                event["eventSourceARN"] = json!(arn);
                Some(StreamRecord { sequence, arrived, event })
            }
        }
    }

    fn is_wanted(&self, event: &Value) -> bool {
        match self.kind {
            Kind::DynamoDb => self.poller.filters.want(event, "dynamodb"),
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
                self.poller.filters.want(&seen, "data")
            }
        }
    }

    fn is_due(&self, gathered: &Gathered) -> bool {
        let Some(since) = gathered.since else { return true };
        let (batch_size, window_s) = (self.poller.source.batch_size, self.poller.source.window_s);
        usize::try_from(batch_size).is_ok_and(|most| most <= gathered.records.len())
            || EVENT_BYTES_MAX / 2 <= gathered.bytes
            || since + Duration::from_secs(window_s.into()) <= self.poller.clock.now()
    }

    /// Lets the function handle records until it has handled them, or they are left out.
    async fn handle(&mut self, records: Vec<StreamRecord>) -> Result<(), String> {
        let (mut pause, pause_max) = PAUSE;
        let mut todo = vec![Batch { records, failures: 0 }];
        while let Some(mut batch) = todo.pop() {
            let n_expired = self.n_expired(&batch.records);
            if 0 < n_expired {
                let fresh = batch.records.split_off(n_expired);
                if !fresh.is_empty() {
                    todo.push(Batch { records: fresh, failures: batch.failures });
                }
                self.leave_out(&batch, "RecordAgeExceeded", None).await?;
                continue;
            }
            let n_fitting = n_fitting(&batch.records);
            if n_fitting < batch.records.len() {
                let rest = batch.records.split_off(n_fitting);
                todo.push(Batch { records: rest, failures: batch.failures });
            }
            let (verdict, unhandled) = self.invoke(&batch.records).await;
            match &unhandled {
                Some(unhandled) => self.poller.note(&format!("PROBLEM: {}", unhandled.problem)).await,
                None if verdict == Verdict::Handled => self.poller.note("OK").await,
                None => self.poller.note("PROBLEM: Function call failed").await,
            }
            let is_reported = matches!(verdict, Verdict::FailedFrom(_));
            match verdict {
                Verdict::Handled => {
                    self.keep(batch.records.last().map(|it| it.sequence.clone()), false).await?;
                    pause = PAUSE.0;
                    continue;
                }
                Verdict::FailedFrom(at) if 0 < at => {
                    let failed = batch.records.split_off(at);
                    self.keep(batch.records.last().map(|it| it.sequence.clone()), false).await?;
                    batch.records = failed;
                }
                Verdict::Failed | Verdict::FailedFrom(_) => {}
            }
            match next(batch, is_reported, &self.settings) {
                Next::LeaveOut(batch) => {
                    self.leave_out(&batch, "RetryAttemptsExhausted", unhandled.as_ref()).await?;
                }
                Next::Again(batches) => {
                    let is_halved = 1 < batches.len();
                    todo.extend(batches.into_iter().rev());
                    if !is_halved {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(pause_max);
                    }
                }
            }
        }
        Ok(())
    }

    /// How many records at the front are too old to be handled.
    fn n_expired(&self, records: &[StreamRecord]) -> usize {
        let Some(age_max_s) = self.settings.age_max_s else { return 0 };
        let (now, age_max) = (self.poller.clock.now(), Duration::from_secs(age_max_s.into()));
        let is_expired =
            |record: &&StreamRecord| record.arrived.is_some_and(|arrived| age_max < now.since(arrived));
        records.iter().take_while(is_expired).count()
    }

    async fn invoke(&self, records: &[StreamRecord]) -> (Verdict, Option<Unhandled>) {
        let events: Vec<&Value> = records.iter().map(|record| &record.event).collect();
        let payload = json!({ "Records": events }).to_string();
        match self.poller.invoke(payload).await {
            Ok(answer) => {
                let sequences: Vec<&str> = records.iter().map(|record| record.sequence.as_str()).collect();
                (verdict(&sequences, &answer, self.poller.source.reports_failures), None)
            }
            Err(unhandled) => (Verdict::Failed, Some(unhandled)),
        }
    }

    /// Goes on without these records, and tells who is to be told of it.
    async fn leave_out(
        &mut self,
        batch: &Batch<StreamRecord>,
        condition: &str,
        unhandled: Option<&Unhandled>,
    ) -> Result<(), String> {
        let (stream, shard) = (&self.poller.source.source_arn, &self.checkpoint.shard);
        tracing::warn!(
            stream,
            shard,
            records = batch.records.len(),
            condition,
            "records of a stream are left out"
        );
        if let Some(destination) = &self.settings.on_failure {
            let told = self.told(batch, condition, unhandled).to_string();
            let source_function = self.poller.source_function().await?;
            let told = self.poller.ports.tell(source_function, destination.clone(), told.into()).await;
            if let Err(problem) = told {
                tracing::warn!(
                    stream,
                    shard,
                    destination,
                    problem,
                    "nobody is told of records that are left out"
                );
            }
        }
        self.keep(batch.records.last().map(|it| it.sequence.clone()), false).await
    }

    /// <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
    fn told(&self, batch: &Batch<StreamRecord>, condition: &str, unhandled: Option<&Unhandled>) -> Value {
        let source = &self.poller.source;
        let qualifier = source.qualifier.as_deref();
        let arn = function_arn(&self.poller.home, &source.function);
        let time =
            |record: Option<&StreamRecord>| record.and_then(|it| it.arrived).map(Timestamp::to_iso8601);
        let (first, last) = (batch.records.first(), batch.records.last());
        let mut told = json!({
            "requestContext": {
                "requestId": unhandled.map(|it| &it.request_id),
                "functionArn": qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}")),
                "condition": condition,
                "approximateInvokeCount": batch.failures,
            },
            "version": "1.0",
            "timestamp": self.poller.clock.now().to_iso8601(),
        });
        if unhandled.is_some() {
            told["responseContext"] = json!({
                "statusCode": 200, "executedVersion": qualifier.unwrap_or(LATEST), "functionError": "Unhandled",
            });
        }
        let name = match self.kind {
            Kind::Kinesis => "KinesisBatchInfo",
            Kind::DynamoDb => "DDBStreamBatchInfo",
        };
        told[name] = json!({
            "shardId": self.checkpoint.shard,
            "startSequenceNumber": first.map(|it| &it.sequence),
            "endSequenceNumber": last.map(|it| &it.sequence),
            "approximateArrivalOfFirstRecord": time(first),
            "approximateArrivalOfLastRecord": time(last),
            "batchSize": batch.records.len(),
            "streamArn": source.source_arn,
        });
        told
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
        let Some(inner) = self.poller.inner.upgrade() else {
            return Err("the server is being closed".to_owned());
        };
        let kept = Functions { inner }
            .keep_checkpoints(&self.poller.source.id, vec![checkpoint.clone()], Vec::new())
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

/// How many of these records fit into an event; at least one.
fn n_fitting(records: &[StreamRecord]) -> usize {
    let mut bytes = 0;
    let fits = |record: &&StreamRecord| {
        bytes += record.event.to_string().len() + 1;
        bytes <= EVENT_BYTES_MAX
    };
    records.iter().take_while(fits).count().max(1)
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

    #[test]
    fn an_event_has_as_many_records_as_fit() {
        let record = |bytes: usize| StreamRecord {
            sequence: String::new(),
            arrived: None,
            event: json!("x".repeat(bytes)),
        };
        let half = EVENT_BYTES_MAX / 2;
        assert_eq!(n_fitting(&[record(half - 10), record(half - 10), record(100)]), 2);
        assert_eq!(n_fitting(&[record(EVENT_BYTES_MAX * 2), record(1)]), 1);
    }
}
