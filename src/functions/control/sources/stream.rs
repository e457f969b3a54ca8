//! Reads the shards of a stream of Kinesis or DynamoDB: each after the one that it was split off, all others at one time.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::{Id, JoinSet};

use super::checkpoint::Checkpoint;
use super::handler::Handler;
use super::poll::{PAUSE, Poller};
use super::shard::Reader;
use super::{StartingPosition, StreamSettings};
use crate::functions::control::Functions;

/// How long the list of a stream's shards is taken for the newest.
const LIST_FOR: std::time::Duration = std::time::Duration::from_secs(10);
/// Shards of a stream that are read, at most.
const SHARDS_MAX: usize = 1_000;
/// Pages of a list of shards, at most.
const PAGES_MAX: usize = 100;

/// A stream's own service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Kinesis,
    DynamoDb,
}

impl Kind {
    pub(super) fn of(service: &str) -> Self {
        if service == "dynamodb" { Self::DynamoDb } else { Self::Kinesis }
    }

    pub(super) const fn service(self) -> &'static str {
        match self {
            Self::Kinesis => "kinesis",
            Self::DynamoDb => "dynamodb",
        }
    }

    /// The member by which its operations are told the stream's ARN.
    pub(super) const fn arn_member(self) -> &'static str {
        match self {
            Self::Kinesis => "StreamARN",
            Self::DynamoDb => "StreamArn",
        }
    }
}

/// A shard as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shard {
    id: String,
    parents: Vec<String>,
    is_closed: bool,
}

impl Shard {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let parents =
            ["ParentShardId", "AdjacentParentShardId"].iter().filter_map(|name| text(name)).collect();
        let end = value.get("SequenceNumberRange").and_then(|range| range.get("EndingSequenceNumber"));
        Some(Self { id: text("ShardId")?, parents, is_closed: end.is_some_and(|end| !end.is_null()) })
    }
}

pub(super) async fn poll(poller: Arc<Poller>, settings: StreamSettings) {
    let kind = Kind::of(&poller.arn.service);
    let mut readers = Readers { poller, settings, kind, at_work: JoinSet::new(), reading: HashMap::new() };
    let (mut pause, pause_max) = PAUSE;
    loop {
        match readers.look().await {
            Ok(()) => {
                pause = PAUSE.0;
                // A shard that ended may let others begin.
                let ended = tokio::time::timeout(LIST_FOR, readers.at_work.join_next_with_id()).await;
                if let Ok(Some(ended)) = ended {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    readers.reading.remove(&id);
                } else if readers.at_work.is_empty() {
                    tokio::time::sleep(LIST_FOR).await;
                }
            }
            Err(problem) => {
                let (stream, function) = (&readers.poller.source.source_arn, &readers.poller.source.function);
                tracing::warn!(stream, function, problem, "a stream does not tell its shards");
                readers.poller.note(&format!("PROBLEM: {problem}")).await;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(pause_max);
            }
        }
    }
}

/// Who reads the shards of a stream.
struct Readers {
    poller: Arc<Poller>,
    settings: StreamSettings,
    kind: Kind,
    at_work: JoinSet<()>,
    /// The shards that are being read.
    reading: HashMap<Id, String>,
}

impl Readers {
    /// Looks which shards there are, and has those read that can be.
    async fn look(&mut self) -> Result<(), String> {
        let shards = self.shards().await?;
        let functions = self.functions()?;
        let source = &self.poller.source.id;
        let known = functions.checkpoints(source).await.map_err(|error| error.to_string())?;
        let noted = noted(&shards, &known, self.settings.position);
        let gone: Vec<String> = known
            .iter()
            .filter(|known| !shards.iter().any(|shard| shard.id == known.shard))
            .map(|known| known.shard.clone())
            .collect();
        if !noted.is_empty() || !gone.is_empty() {
            let kept = functions.keep_checkpoints(source, noted.clone(), gone).await;
            kept.map_err(|error| error.to_string())?;
        }
        drop(functions);
        let all: Vec<Checkpoint> = known.into_iter().chain(noted).collect();
        let reading: HashSet<&String> = self.reading.values().collect();
        let due: Vec<Checkpoint> =
            readable(&shards, &all).filter(|it| !reading.contains(&it.shard)).cloned().collect();
        for checkpoint in due {
            let id = checkpoint.shard.clone();
            let handler = Handler {
                poller: self.poller.clone(),
                settings: self.settings.clone(),
                kind: self.kind,
                shard: id.clone(),
            };
            let task = self.at_work.spawn(Reader::new(handler, checkpoint).run());
            self.reading.insert(task.id(), id);
        }
        Ok(())
    }

    fn functions(&self) -> Result<Functions, String> {
        let inner = self.poller.inner.upgrade();
        inner.map(|inner| Functions { inner }).ok_or_else(|| "the server is being closed".to_owned())
    }

    async fn shards(&self) -> Result<Vec<Shard>, String> {
        let (poller, arn) = (&self.poller, &self.poller.source.source_arn);
        let (mut shards, mut after): (Vec<Shard>, Option<Value>) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let (listed, next) = match self.kind {
                Kind::Kinesis => {
                    let input = match &after {
                        // The token stands for the stream.
                        Some(token) => json!({ "NextToken": token }),
                        None => json!({ "StreamARN": arn }),
                    };
                    let listed = poller.call("kinesis", "ListShards", input).await?;
                    let next = listed.get("NextToken").cloned();
                    (listed, next)
                }
                Kind::DynamoDb => {
                    let mut input = json!({ "StreamArn": arn });
                    if let Some(last) = &after {
                        input["ExclusiveStartShardId"] = last.clone();
                    }
                    let described = poller.call("dynamodb", "DescribeStream", input).await?;
                    let described = described.get("StreamDescription").cloned().unwrap_or_default();
                    let next = described.get("LastEvaluatedShardId").cloned();
                    (described, next)
                }
            };
            let listed = listed.get("Shards").and_then(Value::as_array);
            shards.extend(listed.into_iter().flatten().filter_map(Shard::read));
            after = next.filter(Value::is_string);
            if SHARDS_MAX < shards.len() {
                return Err(format!("the stream has more than {SHARDS_MAX} shards"));
            }
            if after.is_none() {
                return Ok(shards);
            }
        }
        Err("the stream does not come to the end of its shards".to_owned())
    }
}

/// What is noted of shards that were not known. Those that are there in the beginning are read from the mapping's position,
/// those that come later as a whole.
fn noted(shards: &[Shard], known: &[Checkpoint], position: StartingPosition) -> Vec<Checkpoint> {
    let is_first = known.is_empty();
    let new = shards.iter().filter(|shard| !known.iter().any(|known| known.shard == shard.id));
    new.map(|shard| Checkpoint {
        shard: shard.id.clone(),
        position: if is_first { position } else { StartingPosition::TrimHorizon },
        sequence: None,
        // Nothing new comes into a closed one.
        is_finished: is_first && shard.is_closed && position == StartingPosition::Latest,
    })
    .collect()
}

/// The shards that can be read: those that have not been read to their end, while those that they were made of have.
fn readable<'a>(shards: &'a [Shard], all: &'a [Checkpoint]) -> impl Iterator<Item = &'a Checkpoint> {
    let unfinished: HashSet<&str> =
        all.iter().filter(|it| !it.is_finished).map(|it| it.shard.as_str()).collect();
    let listed: HashMap<&str, &Shard> = shards.iter().map(|shard| (shard.id.as_str(), shard)).collect();
    all.iter().filter(move |it| {
        let Some(shard) = listed.get(it.shard.as_str()) else { return false };
        // A parent that is no longer listed has nothing left.
        let waits =
            |parent: &String| listed.contains_key(parent.as_str()) && unfinished.contains(parent.as_str());
        !it.is_finished && !shard.parents.iter().any(waits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parents: &[&str], is_closed: bool) -> Shard {
        let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
        Shard { id: id.to_owned(), parents, is_closed }
    }

    fn known(shard: &str, is_finished: bool) -> Checkpoint {
        let position = StartingPosition::TrimHorizon;
        Checkpoint { shard: shard.to_owned(), position, sequence: None, is_finished }
    }

    #[test]
    fn shards_are_read_as_they_are_listed() {
        let listed = json!({"ShardId": "s-2", "ParentShardId": "s-0", "AdjacentParentShardId": "s-1",
            "SequenceNumberRange": {"StartingSequenceNumber": "1", "EndingSequenceNumber": "9"}});
        assert_eq!(Shard::read(&listed), Some(shard("s-2", &["s-0", "s-1"], true)));
        let open = json!({"ShardId": "s", "SequenceNumberRange": {"StartingSequenceNumber": "1"}});
        assert_eq!(Shard::read(&open), Some(shard("s", &[], false)));
        assert_eq!(Shard::read(&json!({})), None);
    }

    #[test]
    fn later_shards_are_read_as_a_whole() {
        let shards = [shard("a", &[], true), shard("b", &["a"], false)];
        let check = |known: &[Checkpoint], position, want: &[(&str, StartingPosition, bool)]| {
            let noted = noted(&shards, known, position);
            let noted: Vec<_> =
                noted.iter().map(|it| (it.shard.as_str(), it.position, it.is_finished)).collect();
            assert_eq!(noted, want);
        };
        use StartingPosition::{Latest, TrimHorizon};
        check(&[], Latest, &[("a", Latest, true), ("b", Latest, false)]);
        check(&[], TrimHorizon, &[("a", TrimHorizon, false), ("b", TrimHorizon, false)]);
        check(&[known("a", false)], Latest, &[("b", TrimHorizon, false)]);
        check(&[known("a", true), known("b", false)], Latest, &[]);
    }

    #[test]
    fn children_wait_for_their_parents() {
        let shards = [shard("a", &["gone"], true), shard("b", &["a"], false), shard("c", &[], false)];
        let check = |all: &[Checkpoint], want: &[&str]| {
            let found: Vec<_> = readable(&shards, all).map(|it| it.shard.as_str()).collect();
            assert_eq!(found, want);
        };
        check(&[known("a", false), known("b", false), known("c", false)], &["a", "c"]);
        check(&[known("a", true), known("b", false), known("c", true)], &["b"]);
        check(&[known("unlisted", false), known("c", false)], &["c"]);
    }
}
