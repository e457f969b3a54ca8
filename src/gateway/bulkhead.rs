//! Prevents large bodies from using up memory and threads that all requests share.
//!
//! Bodies of up to [`SMALL_BYTES_MAX`] are not restricted. Larger ones reserve their bytes from a budget before they
//! are read, and the memory for parsing and mapping from another before that begins. Bodies for deployed APIs and bodies
//! for the AWS APIs have budgets of their own, so that the callers of one never shut out those of the other. A request
//! waits a limited time for memory. The work runs on the blocking pool, with as many slots as there are processors; slot
//! and memory go with the work, which does not end when the client does.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::mapping::payload::Payload;
use super::pipeline::PAYLOAD_BYTES_MAX;
use super::refusal::Refusal;
use crate::connect::{Body, Error, collect_within};
use crate::json;

/// Bodies up to this size are read and mapped directly.
pub(crate) const SMALL_BYTES_MAX: usize = 64 * 1024;
/// The memory for all large bodies together, unless set, in bytes.
const MEMORY_BYTES: usize = 1024 * 1024 * 1024;
/// The largest body of the AWS APIs, a Lambda package of 50 MB in base64, in bytes.
pub const AWS_BODY_BYTES_MAX: usize = 70_167_211;
/// Memory is reserved in pieces of this size, in bytes.
const PIECE_BYTES: usize = 16 * 1024;
/// How long a request waits for memory or a slot before it is refused.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The limits for all large bodies together: those of deployed APIs and those of the AWS APIs.
#[derive(Debug)]
pub struct Bulkhead {
    bodies: Budget,
    aws_bodies: Budget,
    values: Budget,
    places: Arc<Semaphore>,
}

/// Reserved memory; released when this is dropped.
#[derive(Debug)]
pub struct Held {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Budget {
    pieces: Arc<Semaphore>,
    pieces_max: usize,
}

/// Reserved memory for a body of unknown length.
#[derive(Debug)]
pub(crate) struct Growing {
    pieces: Arc<Semaphore>,
    held: Option<Held>,
    room: usize,
}

/// Why a budget can't grant a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scarce {
    /// It is larger than the whole budget.
    Never,
    /// Others are using the budget.
    Now,
}

impl Bulkhead {
    /// Creates the budgets: `memory_bytes` for all large bodies together (1 GiB if `None`), of which a third is for the
    /// bodies themselves, a quarter of that for those of the AWS APIs. Each budget has room for one body of the maximum
    /// size, even if that is more.
    pub fn new(memory_bytes: Option<usize>) -> Self {
        let memory_bytes = memory_bytes.unwrap_or(MEMORY_BYTES);
        let all = memory_bytes / 3;
        let aws_bodies = (all / 4).max(AWS_BODY_BYTES_MAX + PIECE_BYTES);
        let bodies = all.saturating_sub(aws_bodies).max(PAYLOAD_BYTES_MAX + PIECE_BYTES);
        let values = memory_bytes.saturating_sub(all).max(PAYLOAD_BYTES_MAX);
        Self::of(bodies, aws_bodies, values)
    }

    /// Creates budgets of these sizes, in bytes.
    fn of(bodies: usize, aws_bodies: usize, values: usize) -> Self {
        let places = available_parallelism().map_or(2, usize::from);
        Self {
            bodies: Budget::new(bodies),
            aws_bodies: Budget::new(aws_bodies),
            values: Budget::new(values),
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Whether a body is so large that it has to reserve memory.
    pub fn is_large(text: &Bytes) -> bool {
        SMALL_BYTES_MAX < text.len()
    }

    /// Reads a request's body to its end, up to the payload quota.
    ///
    /// # Errors
    /// [`Refusal::RequestTooLarge`] beyond the quota, [`Refusal::Unavailable`] if there is no memory for it,
    /// [`Refusal::BodyBroken`] if the client breaks off.
    pub(crate) async fn read(&self, body: Body) -> Result<Payload, Refusal> {
        match self.collect(body).await {
            Ok((bytes, held)) => Ok(Payload::held(bytes, held)),
            Err(Error::TooLarge { .. }) => Err(Refusal::RequestTooLarge),
            Err(Error::NoRoom) => Err(Refusal::Unavailable),
            Err(_) => Err(Refusal::BodyBroken),
        }
    }

    /// Reads any body to its end, up to the payload quota, and reserves memory for it.
    ///
    /// # Errors
    /// As [`collect_within`]; [`Error::NoRoom`] if there is no memory for it.
    pub async fn collect(&self, body: Body) -> Result<(Bytes, Option<Held>), Error> {
        self.bodies.collect(body, PAYLOAD_BYTES_MAX).await
    }

    /// The same for a body of the AWS APIs, of up to `bytes_max` bytes.
    ///
    /// # Errors
    /// As [`collect_within`]; [`Error::NoRoom`] if there is no memory for it.
    pub async fn collect_for_aws(
        &self,
        body: Body,
        bytes_max: usize,
    ) -> Result<(Bytes, Option<Held>), Error> {
        self.aws_bodies.collect(body, bytes_max).await
    }

    /// Memory for a body whose length is not known beforehand.
    pub(crate) fn growing(&self) -> Growing {
        self.bodies.growing()
    }

    /// Runs `work`, which parses `text`, on the blocking pool if `text` is large. Returns its result with the memory that
    /// is reserved for the parsed values.
    ///
    /// # Errors
    /// [`Scarce`] if there is no memory for the values or no free slot.
    pub async fn parse<R: Send + 'static>(
        &self,
        text: &Bytes,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<(R, Option<Held>), Scarce> {
        if !Self::is_large(text) {
            return Ok((work(), None));
        }
        let place = self.place().await.ok_or(Scarce::Now)?;
        let text = text.clone();
        let (weight, place) = aside(move || (json::weight(&text), place)).await;
        let held = self.values.take(weight).await?;
        let work = move || {
            let made = work();
            drop(place);
            (made, Some(held))
        };
        Ok(aside(work).await)
    }

    /// One of the slots for work on the blocking pool.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(WAIT_MAX, self.places.clone().acquire_owned()).await.ok()?.ok()
    }

    /// Runs `work` on `subject`, which contains about `bytes` bytes of bodies; `parsed` are the texts that it parses.
    ///
    /// # Errors
    /// With the subject: [`Refusal::ValuesTooLarge`] if the values would take more than the whole budget,
    /// [`Refusal::Unavailable`] if others use the budget for too long.
    pub(crate) async fn run<T, R>(
        &self,
        bytes: usize,
        parsed: impl FnOnce() -> Vec<Bytes>,
        subject: T,
        work: impl FnOnce(T) -> R + Send + 'static,
    ) -> Result<R, (T, Refusal)>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        if bytes <= SMALL_BYTES_MAX {
            return Ok(work(subject));
        }
        // Boxed, so that small bodies don't have the larger future.
        Box::pin(self.run_aside(bytes, parsed(), subject, work)).await
    }

    async fn run_aside<T, R>(
        &self,
        bytes: usize,
        parsed: Vec<Bytes>,
        subject: T,
        work: impl FnOnce(T) -> R + Send + 'static,
    ) -> Result<R, (T, Refusal)>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let Some(place) = self.place().await else {
            return Err((subject, Refusal::Unavailable));
        };
        let weigh = move || (parsed.iter().map(|text| json::weight(text)).sum::<usize>(), place);
        let (weight, place) = aside(weigh).await;
        // A template copies the parsed values into its own, and its output comes on top.
        let needed = weight.saturating_mul(2).saturating_add(bytes.saturating_mul(2));
        let held = match self.values.take(needed).await {
            Ok(held) => held,
            Err(Scarce::Never) => return Err((subject, Refusal::ValuesTooLarge)),
            Err(Scarce::Now) => return Err((subject, Refusal::Unavailable)),
        };
        let work = move || {
            let result = work(subject);
            drop((held, place));
            result
        };
        Ok(aside(work).await)
    }
}

impl Budget {
    fn new(bytes: usize) -> Self {
        let pieces_max = (bytes / PIECE_BYTES).min(Semaphore::MAX_PERMITS);
        Self { pieces: Arc::new(Semaphore::new(pieces_max)), pieces_max }
    }

    async fn collect(&self, body: Body, bytes_max: usize) -> Result<(Bytes, Option<Held>), Error> {
        let announced = usize::try_from(http_body::Body::size_hint(&body).lower()).unwrap_or(usize::MAX);
        if bytes_max < announced {
            return Err(Error::TooLarge { bytes_max });
        }
        let mut growing = self.growing();
        if SMALL_BYTES_MAX < announced {
            // Before any byte of it is read.
            let held = self.take(announced).await.map_err(|scarce| match scarce {
                Scarce::Never => Error::TooLarge { bytes_max: self.pieces_max * PIECE_BYTES },
                Scarce::Now => Error::NoRoom,
            });
            growing.held = Some(held?);
            growing.room = announced;
        }
        let bytes = collect_within(body, bytes_max, |bytes| growing.fits(bytes)).await?;
        Ok((bytes, growing.held))
    }

    fn growing(&self) -> Growing {
        Growing { pieces: self.pieces.clone(), held: None, room: SMALL_BYTES_MAX }
    }

    async fn take(&self, bytes: usize) -> Result<Held, Scarce> {
        let pieces = bytes.div_ceil(PIECE_BYTES);
        let n = u32::try_from(pieces).ok().filter(|_| pieces <= self.pieces_max).ok_or(Scarce::Never)?;
        let permit = tokio::time::timeout(WAIT_MAX, self.pieces.clone().acquire_many_owned(n)).await;
        permit.ok().and_then(Result::ok).map(|permit| Held { _permit: permit }).ok_or(Scarce::Now)
    }
}

impl Growing {
    /// Whether there is memory for a body of `bytes` bytes so far. Reserves twice what has arrived, so that few steps are
    /// needed.
    pub(crate) fn fits(&mut self, bytes: usize) -> bool {
        if bytes <= self.room {
            return true;
        }
        let more = bytes.max(self.room.saturating_mul(2).min(PAYLOAD_BYTES_MAX)).saturating_sub(self.room);
        let n = u32::try_from(more.div_ceil(PIECE_BYTES)).ok();
        let permit = n.and_then(|n| self.pieces.clone().try_acquire_many_owned(n).ok());
        let Some(permit) = permit else { return false };
        self.room += more;
        match &mut self.held {
            Some(Held { _permit }) => _permit.merge(permit),
            None => self.held = Some(Held { _permit: permit }),
        }
        true
    }

    /// The reserved memory.
    pub(crate) fn into_held(self) -> Option<Held> {
        self.held
    }
}

/// Runs `work` on the blocking pool.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(result) => result,
        // The panic handler of the request handles this one, too.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is shutting down, and this task with it.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;
    use crate::connect::{boxed, full};

    const MIB: usize = 1024 * 1024;

    fn bulkhead() -> Bulkhead {
        Bulkhead::of(20 * MIB, 20 * MIB, 40 * MIB)
    }

    /// A body without a known length.
    fn streamed(frames: usize, bytes: usize) -> Body {
        boxed(Frames { frame: Bytes::from(vec![b'x'; bytes]), left: frames })
    }

    struct Frames {
        frame: Bytes,
        left: usize,
    }

    impl http_body::Body for Frames {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let next = self.left.checked_sub(1);
            Poll::Ready(next.map(|left| {
                self.left = left;
                Ok(Frame::data(self.frame.clone()))
            }))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_take_memory_before_they_are_read_and_give_it_back() {
        let bulkhead = bulkhead();
        let free = || bulkhead.bodies.pieces.available_permits() * PIECE_BYTES;
        assert_eq!(free(), 20 * MIB);
        let small = bulkhead.read(full(vec![b'x'; SMALL_BYTES_MAX])).await.unwrap();
        assert_eq!(free(), 20 * MIB);
        let one = bulkhead.read(full(vec![b'x'; 10 * MIB])).await.unwrap();
        let two = bulkhead.read(full(vec![b'x'; 10 * MIB])).await.unwrap();
        assert_eq!((free(), one.bytes().len()), (0, 10 * MIB));
        // Nothing is left for a third body, whether or not its length is known; it is refused after the wait.
        let third = bulkhead.read(full(vec![b'x'; SMALL_BYTES_MAX + 1])).await;
        assert_eq!(third.map(|_| ()), Err(Refusal::Unavailable));
        assert_eq!(bulkhead.read(streamed(3, 60_000)).await.map(|_| ()), Err(Refusal::Unavailable));
        drop((one, small));
        assert_eq!(free(), 10 * MIB);
        let streamed = bulkhead.read(streamed(100, 60_000)).await.unwrap();
        assert!(6_000_000 <= 10 * MIB - free() && streamed.bytes().len() == 6_000_000);
        drop((streamed, two));
        assert_eq!(free(), 20 * MIB);
    }

    #[tokio::test]
    async fn a_body_beyond_the_quota_is_too_large_however_it_comes() {
        let bulkhead = bulkhead();
        for body in [full(vec![b'x'; 10 * MIB + 1]), streamed(11, MIB)] {
            assert_eq!(bulkhead.read(body).await.map(|_| ()), Err(Refusal::RequestTooLarge));
        }
    }

    #[tokio::test]
    async fn a_body_that_never_fits_is_too_large() {
        let bulkhead = bulkhead();
        let refused = bulkhead.collect_for_aws(full(vec![b'x'; 21 * MIB]), 100 * MIB).await;
        assert!(matches!(refused, Err(Error::TooLarge { bytes_max }) if bytes_max == 20 * MIB));
    }

    #[tokio::test]
    async fn large_work_leaves_the_thread_and_small_work_does_not() {
        let bulkhead = bulkhead();
        let here = std::thread::current().id();
        let mut places = Vec::new();
        for bytes in [SMALL_BYTES_MAX, SMALL_BYTES_MAX + 1] {
            let run = bulkhead.run(bytes, Vec::new, (), |()| std::thread::current().id()).await;
            places.push(run.ok() == Some(here));
        }
        assert_eq!(places, [true, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_would_take_all_memory_is_too_large_and_what_finds_none_waits() {
        let bulkhead = bulkhead();
        let text = Bytes::from(format!("[{}1]", "{\"a\":1},".repeat(100_000)));
        let parse = || vec![text.clone()];
        let (subject, refusal) = bulkhead.run(text.len(), parse, 7, |n| n).await.unwrap_err();
        assert_eq!((subject, refusal), (7, Refusal::ValuesTooLarge));
        let held = bulkhead.values.take(40 * MIB).await.unwrap();
        let refused = bulkhead.run(MIB, Vec::new, 7, |n| n).await;
        assert_eq!(refused, Err((7, Refusal::Unavailable)));
        drop(held);
        assert_eq!(bulkhead.run(MIB, Vec::new, 7, |n| n).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn values_are_held_as_long_as_who_made_them_needs_them() {
        let bulkhead = bulkhead();
        let free = || bulkhead.values.pieces.available_permits() * PIECE_BYTES;
        let all = free();
        let small = Bytes::from(vec![b' '; SMALL_BYTES_MAX]);
        assert!(bulkhead.parse(&small, || 7).await.unwrap().1.is_none());
        let text = Bytes::from(format!("[{}1]", "1,".repeat(100_000)));
        let (made, held) = bulkhead.parse(&text, || 7).await.unwrap();
        assert_eq!((made, all - free()), (7, json::weight(&text).next_multiple_of(PIECE_BYTES)));
        let rest = bulkhead.values.take(free()).await.unwrap();
        assert_eq!(bulkhead.parse(&text, || 7).await.unwrap_err(), Scarce::Now);
        drop((held, rest));
        assert_eq!(free(), all);
        let more = Bytes::from(format!("[{}1]", "1,".repeat(1_000_000)));
        assert!(all < json::weight(&more));
        assert_eq!(bulkhead.parse(&more, || 7).await.unwrap_err(), Scarce::Never);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_of_apis_and_of_the_aws_apis_do_not_shut_each_other_out() {
        let bulkhead = bulkhead();
        let body = || full(vec![b'x'; 10 * MIB]);
        let of_apis = (bulkhead.read(body()).await.unwrap(), bulkhead.read(body()).await.unwrap());
        let one = bulkhead.collect_for_aws(body(), 10 * MIB).await.unwrap();
        let two = bulkhead.collect_for_aws(body(), 10 * MIB).await.unwrap();
        assert!(matches!(bulkhead.collect_for_aws(body(), 10 * MIB).await, Err(Error::NoRoom)));
        drop(of_apis);
        assert!(matches!(bulkhead.collect_for_aws(body(), 10 * MIB).await, Err(Error::NoRoom)));
        assert!(bulkhead.read(body()).await.is_ok());
        drop((one, two));
        assert!(bulkhead.collect_for_aws(body(), 10 * MIB).await.is_ok());
    }

    #[test]
    fn each_budget_has_room_for_the_largest_body() {
        for memory_bytes in [None, Some(0), Some(60 * MIB), Some(usize::MAX)] {
            let bulkhead = Bulkhead::new(memory_bytes);
            let bytes = |budget: &Budget| budget.pieces_max * PIECE_BYTES;
            assert!(PAYLOAD_BYTES_MAX <= bytes(&bulkhead.bodies), "{memory_bytes:?}");
            assert!(AWS_BODY_BYTES_MAX <= bytes(&bulkhead.aws_bodies), "{memory_bytes:?}");
        }
    }

    /// A client that leaves drops the future of its request; the work goes on, with what it has taken.
    #[tokio::test]
    async fn slot_and_memory_are_held_until_the_work_ends() {
        let bulkhead = Arc::new(bulkhead());
        let places = bulkhead.places.available_permits();
        let memory = bulkhead.values.pieces.available_permits();
        let (started, begun) = tokio::sync::oneshot::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let request = tokio::spawn({
            let bulkhead = bulkhead.clone();
            async move {
                let work = move |()| {
                    let _ = started.send(());
                    let _ = ended.recv();
                };
                bulkhead.run(MIB, Vec::new, (), work).await
            }
        });
        begun.await.unwrap();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        assert_eq!(bulkhead.places.available_permits(), places - 1);
        assert!(bulkhead.values.pieces.available_permits() < memory);
        end.send(()).unwrap();
        let all = u32::try_from(places).unwrap();
        drop(bulkhead.places.acquire_many(all).await.unwrap());
        drop(bulkhead.values.pieces.acquire_many(u32::try_from(memory).unwrap()).await.unwrap());
    }
}
