//! Lets the function handle records of one shard, in their order, batch after batch: tries again what failed, and tells of what is
//! left out.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::StreamSettings;
use super::batch::{Batch, Next, Verdict, next, verdict};
use super::poll::{PAUSE, Poller, Unhandled};
use super::shard::StreamRecord;
use super::stream::Kind;
use super::window::Window;
use crate::clock::Timestamp;
use crate::functions::deployed::function_arn;
use crate::functions::invocation::PAYLOAD_BYTES_MAX;
use crate::functions::model::LATEST;

/// What an event's records have at most together, in bytes.
pub(super) const EVENT_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - 1_024;

/// Who is told how many more records of a lane need not be handled any more.
pub(super) type Progress = mpsc::Sender<(usize, usize)>;

/// What handling needs of a shard.
pub(super) struct Handler {
    pub(super) poller: Arc<Poller>,
    pub(super) settings: StreamSettings,
    pub(super) kind: Kind,
    pub(super) shard: String,
}

impl Handler {
    /// Lets the function handle records until it has handled them, or they are left out; what has become of their window.
    pub(super) async fn handle(
        self: Arc<Self>,
        records: Vec<StreamRecord>,
        mut window: Option<Window>,
        (lane, progress): (usize, Progress),
    ) -> Result<Option<Window>, String> {
        let done = async |n: usize| {
            // Nobody who is gone has to be told.
            let _ = progress.send((lane, n)).await;
        };
        let (mut pause, pause_max) = PAUSE;
        let mut todo = self.batches(records);
        while let Some(mut batch) = todo.pop() {
            let n_expired = self.n_expired(&batch.records);
            if 0 < n_expired {
                let fresh = batch.records.split_off(n_expired);
                if !fresh.is_empty() {
                    todo.push(Batch { records: fresh, failures: batch.failures });
                }
                self.leave_out(&batch, "RecordAgeExceeded", None).await?;
                done(n_expired).await;
                continue;
            }
            let n_fitting = n_fitting(&batch.records);
            if n_fitting < batch.records.len() {
                let rest = batch.records.split_off(n_fitting);
                todo.push(Batch { records: rest, failures: batch.failures });
            }
            let (verdict, unhandled) = self.invoke(&batch.records, window.as_mut(), false).await;
            self.note(verdict, unhandled.as_ref()).await;
            let is_reported = matches!(verdict, Verdict::FailedFrom(_));
            match verdict {
                Verdict::Handled => {
                    done(batch.records.len()).await;
                    pause = PAUSE.0;
                    continue;
                }
                Verdict::FailedFrom(at) if 0 < at => {
                    batch.records = batch.records.split_off(at);
                    done(at).await;
                }
                Verdict::Failed | Verdict::FailedFrom(_) => {}
            }
            match next(batch, is_reported, &self.settings) {
                Next::LeaveOut(batch) => {
                    self.leave_out(&batch, "RetryAttemptsExhausted", unhandled.as_ref()).await?;
                    done(batch.records.len()).await;
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
        Ok(window)
    }

    /// Tells the function that a window is over, until it has taken it, or it is left alone with it.
    pub(super) async fn close(&self, mut window: Window) {
        let (mut pause, pause_max) = PAUSE;
        let mut batch = Batch { records: Vec::new(), failures: 0 };
        loop {
            let (verdict, unhandled) = self.invoke(&batch.records, Some(&mut window), true).await;
            self.note(verdict, unhandled.as_ref()).await;
            if verdict == Verdict::Handled {
                return;
            }
            match next(batch, false, &self.settings) {
                Next::Again(mut batches) => {
                    batch = batches.pop().unwrap_or(Batch { records: Vec::new(), failures: 0 })
                }
                Next::LeaveOut(_) => {
                    let (stream, shard, start) =
                        (&self.poller.source.source_arn, &self.shard, window.start().to_iso8601());
                    tracing::warn!(stream, shard, start, "a function does not take the end of a window");
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(pause_max);
        }
    }

    /// Records by as many as an event has at most, the first last.
    fn batches(&self, mut records: Vec<StreamRecord>) -> Vec<Batch<StreamRecord>> {
        let most = usize::try_from(self.poller.source.batch_size).unwrap_or(usize::MAX).max(1);
        let mut batches = Vec::new();
        while !records.is_empty() {
            let rest = records.split_off(most.min(records.len()));
            batches.push(Batch { records: std::mem::replace(&mut records, rest), failures: 0 });
        }
        batches.reverse();
        batches
    }

    async fn note(&self, verdict: Verdict, unhandled: Option<&Unhandled>) {
        match unhandled {
            Some(unhandled) => self.poller.note(&format!("PROBLEM: {}", unhandled.problem)).await,
            None if verdict == Verdict::Handled => self.poller.note("OK").await,
            None => self.poller.note("PROBLEM: Function call failed").await,
        }
    }

    /// How many records at the front are too old to be handled.
    fn n_expired(&self, records: &[StreamRecord]) -> usize {
        let Some(age_max_s) = self.settings.age_max_s else { return 0 };
        let (now, age_max) = (self.poller.clock.now(), Duration::from_secs(age_max_s.into()));
        let is_expired =
            |record: &&StreamRecord| record.arrived.is_some_and(|arrived| age_max < now.since(arrived));
        records.iter().take_while(is_expired).count()
    }

    async fn invoke(
        &self,
        records: &[StreamRecord],
        window: Option<&mut Window>,
        is_final: bool,
    ) -> (Verdict, Option<Unhandled>) {
        let events: Vec<&Value> = records.iter().map(|record| &record.event).collect();
        let mut event = json!({ "Records": events });
        if let (Some(window), Some(event)) = (&window, event.as_object_mut()) {
            event.extend(window.members(is_final));
            event.insert("shardId".to_owned(), json!(self.shard));
            event.insert("eventSourceARN".to_owned(), json!(self.poller.source.source_arn));
        }
        let answer = match self.poller.invoke(event.to_string()).await {
            Ok(answer) => answer,
            Err(unhandled) => return (Verdict::Failed, Some(unhandled)),
        };
        let sequences: Vec<&str> = records.iter().map(|record| record.sequence.as_str()).collect();
        let verdict = verdict(&sequences, &answer, self.poller.source.reports_failures);
        if let (Some(window), true) = (window, verdict != Verdict::Failed) {
            window.take_state(&answer);
        }
        (verdict, None)
    }

    /// Goes on without these records, and tells who is to be told of it.
    async fn leave_out(
        &self,
        batch: &Batch<StreamRecord>,
        condition: &str,
        unhandled: Option<&Unhandled>,
    ) -> Result<(), String> {
        let (stream, shard) = (&self.poller.source.source_arn, &self.shard);
        tracing::warn!(
            stream,
            shard,
            records = batch.records.len(),
            condition,
            "records of a stream are left out"
        );
        let Some(destination) = &self.settings.on_failure else { return Ok(()) };
        let told = self.told(batch, condition, unhandled).to_string();
        let source_function = self.poller.source_function().await?;
        if let Err(problem) = self.poller.ports.tell(source_function, destination.clone(), told.into()).await
        {
            tracing::warn!(
                stream,
                shard,
                destination,
                problem,
                "nobody is told of records that are left out"
            );
        }
        Ok(())
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
            "shardId": self.shard,
            "startSequenceNumber": first.map(|it| &it.sequence),
            "endSequenceNumber": last.map(|it| &it.sequence),
            "approximateArrivalOfFirstRecord": time(first),
            "approximateArrivalOfLastRecord": time(last),
            "batchSize": batch.records.len(),
            "streamArn": source.source_arn,
        });
        told
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

    #[test]
    fn an_event_has_as_many_records_as_fit() {
        let record = |bytes: usize| StreamRecord {
            sequence: String::new(),
            arrived: None,
            key: String::new(),
            event: json!("x".repeat(bytes)),
        };
        let half = EVENT_BYTES_MAX / 2;
        assert_eq!(n_fitting(&[record(half - 10), record(half - 10), record(100)]), 2);
        assert_eq!(n_fitting(&[record(EVENT_BYTES_MAX * 2), record(1)]), 1);
    }
}
