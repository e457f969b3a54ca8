//! Receives messages of queues, lets functions handle them, and deletes what was handled.
//!
//! Messages are handled at least once: one that was received by a server that was killed, and one whose function has failed,
//! is received again when the queue's visibility timeout is over.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::poll::{PAUSE, Poller};
use crate::clock::Timestamp;
use crate::functions::invocation::PAYLOAD_BYTES_MAX;

/// Events of a mapping that are handled at one time unless it says otherwise, and at most.
const CONCURRENCY: usize = 5;
const CONCURRENCY_MAX: usize = 50;
/// The most messages that a queue gives or forgets at once.
const MESSAGES_MAX: usize = 10;
/// How long a queue may wait for messages, in seconds.
const WAIT_S: u64 = 20;

pub(super) async fn poll(poller: Arc<Poller>) {
    // Messages of a group come one event after the other.
    let is_ordered = poller.arn.resource.ends_with(".fifo");
    let wanted = poller.source.concurrency.and_then(|n| usize::try_from(n).ok()).unwrap_or(CONCURRENCY);
    let places = Arc::new(Semaphore::new(if is_ordered { 1 } else { wanted.min(CONCURRENCY_MAX) }));
    let (mut pause, pause_max) = PAUSE;
    let mut at_work = JoinSet::new();
    let mut queue: Option<String> = None;
    loop {
        while at_work.try_join_next().is_some() {}
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let received = match &queue {
            Some(url) => poller.receive(url).await,
            None => match poller.queue_url().await {
                Ok(url) => {
                    queue = Some(url);
                    continue;
                }
                Err(problem) => Err(problem),
            },
        };
        match received {
            Ok(messages) if messages.is_empty() => {
                drop(place);
                // Some queues answer at once that there is nothing.
                tokio::time::sleep(PAUSE.0).await;
            }
            Ok(messages) => {
                pause = PAUSE.0;
                let (poller, url) = (poller.clone(), queue.clone().unwrap_or_default());
                at_work.spawn(async move {
                    poller.handle(&url, messages).await;
                    drop(place);
                });
            }
            Err(problem) => {
                drop(place);
                let (queue_arn, function) = (&poller.source.source_arn, &poller.source.function);
                tracing::warn!(queue = queue_arn, function, problem, "a queue gives no messages");
                poller.note(&format!("PROBLEM: {problem}")).await;
                queue = None;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(pause_max);
            }
        }
    }
}

impl Poller {
    async fn queue_url(&self) -> Result<String, String> {
        let input = json!({ "QueueName": self.arn.resource, "QueueOwnerAWSAccountId": self.arn.account });
        let found = self.call("sqs", "GetQueueUrl", input).await?;
        let url = found.get("QueueUrl").and_then(Value::as_str);
        url.map(str::to_owned).ok_or_else(|| "the queue has no address".to_owned())
    }

    /// Messages for one event: as many as there may be, or as come in time.
    async fn receive(&self, url: &str) -> Result<Vec<Value>, String> {
        let batch_size = usize::try_from(self.source.batch_size).unwrap_or(MESSAGES_MAX);
        let window = Duration::from_secs(self.source.window_s.into());
        let (mut messages, mut bytes, mut until) = (Vec::new(), 0, None);
        loop {
            let left = until.map(|until: Timestamp| until.since(self.clock.now()).as_secs());
            let input = json!({
                "QueueUrl": url,
                "MaxNumberOfMessages": (batch_size - messages.len()).min(MESSAGES_MAX),
                "WaitTimeSeconds": left.unwrap_or(WAIT_S).min(WAIT_S),
                "AttributeNames": ["All"],
                "MessageAttributeNames": ["All"],
            });
            let received = self.call("sqs", "ReceiveMessage", input).await?;
            let more = received.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
            let is_empty = more.is_empty();
            bytes += more.iter().map(|message| message.to_string().len()).sum::<usize>();
            messages.extend(more);
            let is_full = batch_size <= messages.len() || PAYLOAD_BYTES_MAX / 2 <= bytes;
            let end = *until.get_or_insert_with(|| self.clock.now() + window);
            if messages.is_empty() || is_full || end <= self.clock.now() {
                return Ok(messages);
            }
            if is_empty {
                self.clock.sleep_until(end.min(self.clock.now() + PAUSE.0)).await;
            }
        }
    }

    async fn handle(&self, url: &str, messages: Vec<Value>) {
        let all = messages.into_iter().map(|message| (self.record(&message), message));
        let (wanted, unwanted): (Vec<_>, Vec<_>) =
            all.partition(|(record, _)| self.filters.want(record, "body"));
        // What the function isn't to handle is dealt with.
        let unwanted: Vec<String> = unwanted.iter().map(|(_, message)| receipt(message)).collect();
        self.delete(url, &unwanted).await;
        if wanted.is_empty() {
            return;
        }
        let (records, messages): (Vec<Value>, Vec<Value>) = wanted.into_iter().unzip();
        let payload = json!({ "Records": records }).to_string();
        let (handled, result) = match self.invoke(payload).await {
            Ok(answer) => handled(&messages, &answer, self.source.reports_failures),
            Err(unhandled) => (Vec::new(), format!("PROBLEM: {}", unhandled.problem)),
        };
        self.delete(url, &handled).await;
        self.note(&result).await;
    }

    async fn delete(&self, url: &str, handled: &[String]) {
        for chunk in handled.chunks(MESSAGES_MAX) {
            let entries = chunk.iter().enumerate();
            let entries =
                entries.map(|(i, receipt)| json!({ "Id": i.to_string(), "ReceiptHandle": receipt }));
            let entries: Vec<Value> = entries.collect();
            let input = json!({ "QueueUrl": url, "Entries": entries });
            if let Err(problem) = self.call("sqs", "DeleteMessageBatch", input).await {
                let queue = &self.source.source_arn;
                tracing::warn!(queue, problem, "messages that were handled can't be deleted");
            }
        }
    }

    /// A message as functions get it.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
    fn record(&self, message: &Value) -> Value {
        let member = |name: &str| message.get(name).cloned().unwrap_or_default();
        let attributes = message.get("MessageAttributes").and_then(Value::as_object);
        let attributes = attributes.into_iter().flatten().map(|(name, attribute)| {
            let mut shown = json!({
                "stringListValues": [], "binaryListValues": [], "dataType": attribute.get("DataType"),
            });
            for (from, to) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")] {
                if let Some(value) = attribute.get(from) {
                    shown[to] = value.clone();
                }
            }
            (name.clone(), shown)
        });
        let attributes: Map<String, Value> = attributes.collect();
        json!({
            "messageId": member("MessageId"),
            "receiptHandle": member("ReceiptHandle"),
            "body": member("Body"),
            "attributes": member("Attributes"),
            "messageAttributes": attributes,
            "md5OfBody": member("MD5OfBody"),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.source.source_arn,
            "awsRegion": self.arn.region,
        })
    }
}

fn receipt(message: &Value) -> String {
    message.get("ReceiptHandle").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The receipt handles of messages that were handled, and what is said of it. An answer that isn't understood, or that names a
/// message that there wasn't, means that all have failed.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
fn handled(messages: &[Value], answer: &Value, reports_failures: bool) -> (Vec<String>, String) {
    let text = |message: &Value, name: &str| {
        message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let failed: Option<Vec<String>> = match answer.get("batchItemFailures").filter(|_| reports_failures) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => {
            let ids = items.iter().map(|item| item.get("itemIdentifier").and_then(Value::as_str));
            ids.map(|id| id.filter(|id| messages.iter().any(|it| text(it, "MessageId") == **id)))
                .map(|id| id.map(str::to_owned))
                .collect()
        }
        Some(_) => None,
    };
    let Some(failed) = failed else {
        return (Vec::new(), "PROBLEM: Function call failed".to_owned());
    };
    let handled = messages.iter().filter(|message| !failed.contains(&text(message, "MessageId")));
    (handled.map(receipt).collect(), "OK".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handled_is_what_the_function_says() {
        let messages: Vec<Value> =
            ["a", "b", "c"].map(|id| json!({ "MessageId": id, "ReceiptHandle": format!("r-{id}") })).into();
        let check = |answer: Value, reports: bool, want: &[&str]| {
            assert_eq!(handled(&messages, &answer, reports).0, want, "{answer}");
        };
        let all = ["r-a", "r-b", "r-c"];
        let failures = |ids: &[&str]| {
            let items: Vec<Value> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
            json!({ "batchItemFailures": items })
        };
        check(json!(null), true, &all);
        check(json!({}), true, &all);
        check(json!({ "batchItemFailures": null }), true, &all);
        check(failures(&[]), true, &all);
        check(failures(&["b"]), true, &["r-a", "r-c"]);
        check(failures(&["b"]), false, &all);
        // Whoever names something else hasn't understood the event.
        check(failures(&["b", "x"]), true, &[]);
        check(failures(&[""]), true, &[]);
        check(json!({ "batchItemFailures": [{}] }), true, &[]);
        check(json!({ "batchItemFailures": "b" }), true, &[]);
    }
}
