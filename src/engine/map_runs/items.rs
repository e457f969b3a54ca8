//! Reading the items of a Map Run out of buckets.
//!
//! Few items go to the execution's own journal. Many go to a table, some hundred a row, and are loaded from there when
//! their children's turn comes: neither the reading nor the run ever has all of them in memory.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::super::Acting;
use super::super::event::Failure;
use super::super::execution::Sources;
use super::super::machine::{Input, ItemsRequest};
use super::super::map_run_rows::tally;
use super::super::objects::{ObjectName, Objects};
use super::super::open::Engine;
use super::super::origin::Origin;

use super::stored::{self, CHUNK_BYTES_MAX, CHUNK_ITEMS_MAX, Chunk};
use crate::asl::{InputType, ItemSource};
use crate::id::AccountRegion;
use crate::items::{self, Sink, Source};
use crate::json::{self, Payload};

/// Most bytes of items that stay with the execution, in its journal and in memory: those of its largest input.
const KEPT_BYTES_MAX: usize = 256 * 1024;
/// Chunks on their way from the reading to the store.
const CHUNKS_WAITING: usize = 4;
/// Most objects of a listing, as on AWS.
const LISTED_MAX: usize = 100_000_000;

/// Why there are no items, as `States.ItemReaderFailed` puts it.
pub(in super::super) fn failed(cause: impl Into<std::sync::Arc<str>>) -> Failure {
    Failure::new("States.ItemReaderFailed", cause)
}

/// Where the items are by now.
enum Read {
    /// At hand.
    Here(Payload, Sources),
    /// In the store.
    Stored(usize),
}

impl Engine {
    /// Reads what `request` asks for, and lets the execution know.
    pub(in super::super) fn read_items(&self, origin: Origin, request: ItemsRequest) {
        let engine = self.clone();
        tokio::spawn(async move {
            let (id, attempt) = (origin.id, request.attempt);
            let Some(read) = engine.items(&origin, request).await else { return };
            let input = match read {
                Ok(Read::Here(items, sources)) => Input::ItemsRead { attempt, read: Ok((items, sources)) },
                Ok(Read::Stored(length)) => Input::ItemsStored { attempt, length },
                Err(failure) => Input::ItemsRead { attempt, read: Err(failure) },
            };
            engine.advance_persistently(id, input, |_| Ok(())).await;
        });
    }

    /// The items; `None` if nobody waits for them any more, or the process is ending.
    async fn items(&self, origin: &Origin, request: ItemsRequest) -> Option<Result<Read, Failure>> {
        let max_items = match usize::try_from(request.reading.max_items) {
            Ok(0) => usize::MAX,
            Ok(max_items) => max_items,
            Err(_) => return Some(Err(failed("field MaxItems must be positive"))),
        };
        let _turn = tally::turn(&self.inner.map_runs.readers).await?;
        let (sender, mut chunks) = mpsc::channel(CHUNKS_WAITING);
        let place = (origin.id, request.attempt);
        let objects = self.inner.objects.clone();
        let (asks, handle) = (Asks::of(origin), Handle::current());
        let reading = tokio::task::spawn_blocking(move || {
            let (source, chunk) = (Arc::from(""), None);
            let mut reader = Reader { objects, handle, request, asks, source, chunk, sender };
            reader.read(max_items).and_then(|()| reader.send())
        });
        let (mut kept, mut n_stored) = (Vec::new(), 0);
        let mut kept_bytes = 0;
        while let Some(chunk) = chunks.recv().await {
            kept_bytes += chunk.text.len() + chunk.source.len();
            if kept_bytes <= KEPT_BYTES_MAX {
                kept.push(chunk);
                continue;
            }
            // What an earlier process got to is read again.
            let is_first = n_stored == 0;
            let mut more = std::mem::take(&mut kept);
            more.push(chunk);
            let n_more: usize = more.iter().map(|chunk| chunk.n_items).sum();
            let written = self.inner.base.persist(origin.id, || {
                let (more, first) = (more.clone(), n_stored);
                async move {
                    self.inner
                        .base
                        .store
                        .write(move |tx| stored::append(tx, place, &more, first, is_first))
                        .await
                }
            });
            if !written.await? {
                return None; // The run is over. The reading ends when it finds nobody to read for.
            }
            n_stored += n_more;
        }
        let read = match reading.await {
            Ok(read) => read,
            Err(error) if error.is_panic() => Err(items::Error("The object can't be read.".to_owned())),
            Err(_) => return None,
        };
        Some(match read {
            Err(error) => Err(failed(error.to_string())),
            Ok(()) if 0 < n_stored => Ok(Read::Stored(n_stored)),
            Ok(()) => {
                let (mut sources, mut n_items) = (Sources::default(), 0);
                for chunk in &kept {
                    sources.push(n_items, &chunk.source);
                    n_items += chunk.n_items;
                }
                let texts: Vec<&str> = kept.iter().map(|chunk| &*chunk.text).collect();
                Payload::from_text(format!("[{}]", texts.join(",")))
                    .map(|items| Read::Here(items, sources))
                    .map_err(|error| failed(error.to_string()))
            }
        })
    }
}

/// Who asks for objects.
pub(super) struct Asks {
    home: AccountRegion,
    acting: Arc<Acting>,
}

impl Asks {
    pub(super) fn of(origin: &Origin) -> Self {
        Self { home: origin.home.clone(), acting: Arc::new(origin.acting()) }
    }
}

/// Goes through the objects, on a thread that may block.
struct Reader {
    objects: Arc<dyn Objects>,
    handle: Handle,
    request: ItemsRequest,
    asks: Asks,
    /// Where it reads now.
    source: Arc<str>,
    /// What it has read there.
    chunk: Option<Chunk>,
    sender: mpsc::Sender<Chunk>,
}

impl Reader {
    fn read(&mut self, max_items: usize) -> Result<(), items::Error> {
        let mut left = max_items;
        match self.request.source.clone() {
            ItemSource::Object(input_type) => {
                let object = self.named("Key")?;
                self.read_object(object, &input_type, &mut left)
            }
            ItemSource::Listing => {
                self.source = Sources::in_s3(&self.listed()?.bucket, None);
                self.each_listed(|reader, object| {
                    reader.take(&json::compact(&object.as_item()))?;
                    left -= 1;
                    Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })
            }
            ItemSource::Listed(input_type) => {
                let prefix = self.listed()?;
                self.each_listed(|reader, object| {
                    // What stands for a folder has no items.
                    if object.size == Some(0) && object.key.ends_with('/') {
                        return Ok(ControlFlow::Continue(()));
                    }
                    let object = ObjectName { key: object.key, ..prefix.clone() };
                    reader.read_object(object, &input_type, &mut left)?;
                    Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })
            }
            ItemSource::Inventory => {
                let manifest = self.named("Key")?;
                let inventory = items::inventory(self.open(manifest.clone())?)?;
                let input_type = InputType::Csv { headers: Some(inventory.headers), delimiter: ',' };
                let (bucket, keys) = (inventory.bucket, inventory.keys);
                let files = keys.into_iter().map(|key| (bucket.clone(), key)).collect();
                self.read_files(&manifest, files, &input_type, &mut left)
            }
            ItemSource::Athena(input_type) => {
                let manifest = self.named("Key")?;
                let files = items::athena_files(self.open(manifest.clone())?)?;
                self.read_files(&manifest, files, &input_type, &mut left)
            }
        }
    }

    fn read_files(
        &mut self,
        manifest: &ObjectName,
        files: Vec<(String, String)>,
        input_type: &InputType,
        left: &mut usize,
    ) -> Result<(), items::Error> {
        for (bucket, key) in files {
            if *left == 0 {
                break;
            }
            // Only the manifest is asked for in a version; whose the bucket must be was said of its own.
            let owner = manifest.owner.clone().filter(|_| bucket == manifest.bucket);
            let object = ObjectName { bucket, key, version: None, owner, ..manifest.clone() };
            self.read_object(object, input_type, left)?;
        }
        Ok(())
    }

    fn read_object(
        &mut self,
        object: ObjectName,
        input_type: &InputType,
        left: &mut usize,
    ) -> Result<(), items::Error> {
        self.source = Sources::in_s3(&object.bucket, Some(&object.key));
        let source = self.open(object)?;
        let sink: &mut Sink<'_> = &mut |item| {
            self.take(&item)?;
            *left -= 1;
            Ok(if *left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        items::read(source, input_type, sink)
    }

    /// Each object of the listing, in order.
    fn each_listed(
        &mut self,
        mut visit: impl FnMut(
            &mut Self,
            super::super::objects::ListedObject,
        ) -> Result<ControlFlow<()>, items::Error>,
    ) -> Result<(), items::Error> {
        let prefix = self.listed()?;
        let (mut next, mut n_listed) = (None, 0);
        loop {
            let listing = self.handle.block_on(self.objects.list(prefix.clone(), next));
            let listing = listing.map_err(cause_of)?;
            for object in listing.objects {
                n_listed += 1;
                if LISTED_MAX < n_listed || visit(self, object)?.is_break() {
                    return Ok(());
                }
            }
            next = match listing.next {
                Some(next) => Some(next),
                None => return Ok(()),
            };
        }
    }

    /// The arguments as a name; `key` is the one that must be there beside the bucket.
    fn named(&self, key: &str) -> Result<ObjectName, items::Error> {
        let name = object_name(&self.asks, self.request.reading.arguments.value(), key);
        name.map_err(|missing| items::Error(format!("The field '{missing}' is required but was missing")))
    }

    /// The arguments of a listing: without a prefix, all objects of the bucket.
    fn listed(&self) -> Result<ObjectName, items::Error> {
        match self.named("Prefix") {
            Ok(prefix) => Ok(prefix),
            Err(_) => Ok(ObjectName { key: String::new(), ..self.named("Bucket")? }),
        }
    }

    fn open(&self, object: ObjectName) -> Result<Arc<dyn Source>, items::Error> {
        let (objects, handle) = (self.objects.clone(), self.handle.clone());
        // The first part also says how long the whole is, and is often all of it.
        let front = handle.block_on(objects.read(object.clone(), 0..FRONT_BYTES)).map_err(cause_of)?;
        Ok(Arc::new(Stored { objects, handle, object, front: front.bytes, total: front.total }))
    }

    /// Takes an item in.
    fn take(&mut self, item: &str) -> Result<(), items::Error> {
        let has_room = |chunk: &Chunk| {
            chunk.n_items < CHUNK_ITEMS_MAX
                && chunk.text.len() + item.len() <= CHUNK_BYTES_MAX
                && chunk.source == self.source
        };
        if !self.chunk.as_ref().is_some_and(has_room) {
            self.send()?;
        }
        match &mut self.chunk {
            Some(chunk) => {
                chunk.text.push(',');
                chunk.text.push_str(item);
                chunk.n_items += 1;
            }
            None => {
                let (text, source) = (item.to_owned(), self.source.clone());
                self.chunk = Some(Chunk { n_items: 1, text, source });
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), items::Error> {
        let Some(chunk) = self.chunk.take() else { return Ok(()) };
        let sent = self.sender.blocking_send(chunk);
        sent.map_err(|_| items::Error("Nobody waits for the items any more.".to_owned()))
    }
}

/// The object that arguments name, with what `key` says as its key; the name of the argument that is missing.
pub(super) fn object_name<'n>(asks: &Asks, arguments: &Value, key: &'n str) -> Result<ObjectName, &'n str> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(ObjectName {
        home: asks.home.clone(),
        acting: Some(asks.acting.clone()),
        bucket: text("Bucket").ok_or("Bucket")?,
        key: text(key).ok_or(key)?,
        version: text("VersionId"),
        owner: text("ExpectedBucketOwner"),
    })
}

fn cause_of(failure: Failure) -> items::Error {
    items::Error(
        failure.cause.map_or_else(|| "The object can't be read.".to_owned(), |cause| cause.to_string()),
    )
}

/// Bytes of an object that are asked for first.
const FRONT_BYTES: u64 = 1024 * 1024;

/// Bytes of one that are asked for at one time at the most.
const PART_BYTES: u64 = 4 * 1024 * 1024;

/// An object behind the port.
struct Stored {
    objects: Arc<dyn Objects>,
    handle: Handle,
    object: ObjectName,
    front: Bytes,
    total: u64,
}

impl Source for Stored {
    fn len(&self) -> u64 {
        self.total
    }

    fn read_at(&self, start: u64, len: usize) -> io::Result<Bytes> {
        let end = start.saturating_add(len as u64).min(self.total);
        if end <= start {
            return Ok(Bytes::new());
        }
        if end <= self.front.len() as u64 {
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            return Ok(self.front.slice(place(start)..place(end)));
        }
        let read = |start: u64| {
            let range = start..end.min(start.saturating_add(PART_BYTES));
            let read = self.handle.block_on(self.objects.read(self.object.clone(), range));
            let part = read.map_err(|failure| io::Error::other(cause_of(failure)))?;
            match part.total == self.total {
                true => Ok(part.bytes),
                false => Err(io::Error::other("The object has changed while it was read.")),
            }
        };
        if end - start <= PART_BYTES {
            return read(start);
        }
        // A column of Parquet stands in memory as a whole.
        let mut all = Vec::with_capacity(len);
        while let Some(left) = (end - start).checked_sub(all.len() as u64).filter(|left| 0 < *left) {
            let part = read(end - left)?;
            if part.is_empty() {
                break;
            }
            all.extend_from_slice(&part);
        }
        Ok(all.into())
    }
}
