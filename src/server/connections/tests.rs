//! Every state of a connection at its limit and past it, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http_body::Body as _;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use hyper::rt::Executor;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::options::Limits;
use super::*;
use crate::connect::{self, BoxError};

const ADDRESS: &str = "192.0.2.1:1000";

fn connections(set: impl FnOnce(&mut Limits)) -> Arc<Connections> {
    let mut limits = Limits {
        tls_handshake_timeout_s: 10,
        header_read_timeout_s: 30,
        idle_timeout_s: 60,
        body_read_timeout_s: 30,
        answer_write_timeout_s: 30,
        body_rate_min: 1000,
        ..Limits::default()
    };
    set(&mut limits);
    Arc::new(Connections::new(Rules::new(&limits, usize::MAX)))
}

/// A connection that waits for ever, with its task.
fn begin(connections: &Arc<Connections>, address: &str, state: State) -> (Arc<Open>, JoinHandle<()>) {
    let place = connections.admit(address.parse().unwrap(), state).unwrap();
    let open = place.open().clone();
    let task = tokio::spawn(async move {
        let place = place;
        place.open().told_to_close().await;
        std::future::pending::<()>().await;
    });
    open.runs_as(task.abort_handle());
    (open, task)
}

/// Lets time pass as in the server, with regular sweeps.
async fn pass(connections: &Connections, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        tokio::time::sleep(SWEEP.min(until - Instant::now())).await;
        connections.sweep(connections.clock.tick());
    }
    tokio::task::yield_now().await;
}

/// A sweep is late by at most twice its interval: once for the clock and once for the sweep.
async fn ends_after(connections: &Connections, task: &JoinHandle<()>, seconds: u64) {
    pass(connections, Duration::from_secs(seconds)).await;
    assert!(!task.is_finished(), "given up early");
    pass(connections, 4 * SWEEP).await;
    assert!(task.is_finished(), "not given up");
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_given_up_and_leaves_its_place() {
    let connections = connections(|_| {});
    let (_, task) = begin(&connections, ADDRESS, State::Head);
    assert_eq!(connections.registered().open.len(), 1);
    ends_after(&connections, &task, 30).await;
    assert!(connections.registered().open.is_empty());
    assert!(connections.registered().by_client.is_empty());
}

#[tokio::test(start_paused = true)]
async fn handshakes_have_their_own_time_and_a_head_begins_after_them() {
    let connections = connections(|_| {});
    let (_, silent) = begin(&connections, ADDRESS, State::Handshake);
    let (open, task) = begin(&connections, ADDRESS, State::Handshake);
    pass(&connections, Duration::from_secs(9)).await;
    open.shook_hands();
    ends_after(&connections, &silent, 1).await;
    pass(&connections, Duration::from_secs(28)).await;
    assert!(!task.is_finished());
    ends_after(&connections, &task, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_trickled_head_does_not_wind_its_clock_up() {
    let connections = connections(|_| {});
    let (open, task) = begin(&connections, ADDRESS, State::Head);
    drop(open.begin(Version::HTTP_11));
    pass(&connections, Duration::from_secs(59)).await; // Idle so far.
    for _ in 0..30 {
        assert!(!task.is_finished());
        open.received();
        pass(&connections, Duration::from_secs(1)).await;
    }
    ends_after(&connections, &task, 0).await;
}

#[tokio::test(start_paused = true)]
async fn idling_is_counted_from_the_last_answer() {
    let connections = connections(|_| {});
    let (open, task) = begin(&connections, ADDRESS, State::Head);
    for _ in 0..3 {
        let request = open.begin(Version::HTTP_11);
        pass(&connections, Duration::from_secs(500)).await; // As long as an answer takes.
        drop(request);
        pass(&connections, Duration::from_secs(59)).await;
        assert!(!task.is_finished());
    }
    ends_after(&connections, &task, 1).await;
}

#[tokio::test(start_paused = true)]
async fn http_2_is_told_before_it_is_ended() {
    let connections = connections(|_| {});
    let (open, task) = begin(&connections, ADDRESS, State::Head);
    drop(open.begin(Version::HTTP_2));
    pass(&connections, Duration::from_secs(30)).await;
    open.received(); // An answer to our ping: it idles on.
    pass(&connections, Duration::from_secs(31)).await;
    assert!(open.is_closing.load(Ordering::Relaxed));
    ends_after(&connections, &task, CLOSING_MS / 1000 - 1).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_ends_the_connection_of_http_1() {
    let connections = connections(|_| {});
    let (open, task) = begin(&connections, ADDRESS, State::Head);
    let _untaken = Leaving::new(connect::full("answer"), open.begin(Version::HTTP_11), false);
    ends_after(&connections, &task, 30).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_ends_its_stream_alone_of_http_2() {
    let connections = connections(|_| {});
    let (open, task) = begin(&connections, ADDRESS, State::Head);
    let stream = |is_taken: bool| {
        let (open, ended) = (open.clone(), Arc::new(()));
        let kept = ended.clone();
        Streams::new(open.clone()).execute(async move {
            let _kept = kept;
            let body = connect::full(vec![0; 10_000_000]);
            let mut answer = Leaving::new(body, open.begin(Version::HTTP_2), false);
            if is_taken {
                loop {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    answer.frame().await;
                }
            }
            std::future::pending::<()>().await;
        });
        ended
    };
    let (untaken, taken) = (stream(false), stream(true));
    tokio::task::yield_now().await;
    pass(&connections, Duration::from_secs(30)).await;
    assert_eq!(Arc::strong_count(&untaken), 2);
    pass(&connections, 4 * SWEEP).await;
    assert_eq!(Arc::strong_count(&untaken), 1, "the stream goes on");
    assert_eq!(open.streams().len(), 1);
    pass(&connections, Duration::from_secs(300)).await;
    assert_eq!(Arc::strong_count(&taken), 2, "the other one was ended");
    assert!(!task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn time_for_an_answer_that_is_not_there_yet_is_not_the_client_s() {
    let connections = connections(|_| {});
    let (open, task) = begin(&connections, ADDRESS, State::Head);
    let (mut backend, body) = Channel::<Bytes, BoxError>::new(1);
    let mut answer = Leaving::new(connect::boxed(body), open.begin(Version::HTTP_11), false);
    let waiting = tokio::spawn(async move {
        let frame = answer.frame().await;
        (frame, answer)
    });
    pass(&connections, Duration::from_secs(1000)).await;
    assert!(!task.is_finished());
    backend.send_data(Bytes::from_static(b"late")).await.unwrap();
    let (frame, _answer) = waiting.await.unwrap();
    assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "late");
    ends_after(&connections, &task, 30).await;
}

#[tokio::test(start_paused = true)]
async fn answers_leave_in_pieces_and_whole() {
    let connections = connections(|_| {});
    let (open, _task) = begin(&connections, ADDRESS, State::Head);
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut answer = Leaving::new(connect::full(bytes.clone()), open.begin(Version::HTTP_11), false);
    let mut left = Vec::new();
    while let Some(frame) = answer.frame().await {
        left.extend_from_slice(&frame.unwrap().into_data().unwrap());
        assert_eq!(answer.size_hint().exact(), Some((bytes.len() - left.len()) as u64));
        assert!(left.len() % (16 * 1024) == 0 || answer.is_end_stream());
    }
    assert_eq!(left, bytes);
}

#[tokio::test(start_paused = true)]
async fn a_client_has_so_many_connections_and_ipv6_counts_by_64_bits() {
    let connections = connections(|limits| limits.connections_per_address = 2);
    let (_, first) = begin(&connections, "192.0.2.1:1", State::Head);
    let (_, _second) = begin(&connections, "[::ffff:192.0.2.1]:2", State::Head);
    let refused = |address: &str| connections.admit(address.parse().unwrap(), State::Head).err();
    assert_eq!(refused("192.0.2.1:3"), Some(Reason::Address));
    begin(&connections, "192.0.2.2:1", State::Head);
    first.abort();
    assert!(first.await.is_err());
    begin(&connections, "192.0.2.1:4", State::Head);

    begin(&connections, "[2001:db8:0:1::1]:1", State::Head);
    begin(&connections, "[2001:db8:0:1:ffff::2]:1", State::Head);
    assert_eq!(refused("[2001:db8:0:1:1::3]:1"), Some(Reason::Address));
    begin(&connections, "[2001:db8:0:2::1]:1", State::Head);
}

#[tokio::test(start_paused = true)]
async fn who_has_idled_longest_makes_room() {
    let connections = connections(|limits| limits.connections = 3);
    let (busy, of_busy) = begin(&connections, ADDRESS, State::Head);
    let _request = busy.begin(Version::HTTP_11);
    let (_, oldest) = begin(&connections, ADDRESS, State::Head);
    pass(&connections, Duration::from_secs(1)).await;
    let (_, newer) = begin(&connections, ADDRESS, State::Head);
    tokio::task::yield_now().await;
    assert!(!oldest.is_finished(), "there was room");
    let (_, newest) = begin(&connections, ADDRESS, State::Head);
    assert!(oldest.await.unwrap_err().is_cancelled());
    assert!(!newer.is_finished() && !newest.is_finished() && !of_busy.is_finished());
    assert_eq!(connections.registered().open.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn some_connections_are_kept_for_the_control_plane() {
    let connections = connections(|limits| (limits.connections, limits.reserved) = (16, 2));
    let busy: Vec<_> = (0..14).map(|_| begin(&connections, ADDRESS, State::Head).0).collect();
    let _requests: Vec<_> = busy.iter().map(|open| open.begin(Version::HTTP_11)).collect();
    assert!(busy.iter().all(|open| !open.is_reserved()));
    // This can't be used to get around the limit: pushing out an idle connection there gives no better slot.
    for _ in 0..5 {
        assert!(begin(&connections, ADDRESS, State::Head).0.is_reserved());
    }
    tokio::task::yield_now().await;
    let kept: Vec<_> = (0..2)
        .map(|_| {
            let (open, _) = begin(&connections, ADDRESS, State::Head);
            assert!(open.is_reserved());
            open.begin(Version::HTTP_11)
        })
        .collect();
    let refused =
        |connections: &Arc<Connections>| connections.admit(ADDRESS.parse().unwrap(), State::Head).err();
    assert_eq!(refused(&connections), Some(Reason::Full));
    drop(kept);
    assert_eq!(refused(&connections), None);
}

#[tokio::test(start_paused = true)]
async fn bytes_without_requests_have_a_bound() {
    let connections = connections(|_| {});
    let (open, _task) = begin(&connections, ADDRESS, State::Head);
    let first = open.allowance();
    assert_eq!(first, 2 * 1024 * 1024);
    drop(open.begin(Version::HTTP_2));
    assert_eq!(open.allowance(), first + 64 * 1024);
    open.carried(1000);
    assert_eq!(open.allowance(), first + 64 * 1024 + 8000);

    // A megabyte without a request passes, three don't.
    let nothing = vec![0; 1024 * 1024];
    let mut stream = Watched::new(std::io::Cursor::new([nothing.clone(), nothing].concat()), open.clone());
    let mut read = vec![0; 1024 * 1024];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut read).await.unwrap();
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut read).await.unwrap();
    let mut stream = Watched::new(std::io::Cursor::new(vec![0; 3 * 1024 * 1024]), open);
    let mut read = Vec::new();
    assert!(tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut read).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn requests_taken_back_have_a_bound() {
    let connections = connections(|limits| limits.http2.resets = 3);
    let (open, task) = begin(&connections, ADDRESS, State::Head);
    for _ in 0..3 {
        drop(open.begin(Version::HTTP_2));
    }
    // One that completes makes up for one that was cancelled.
    drop(Leaving::new(connect::empty(), open.begin(Version::HTTP_2), false));
    drop(open.begin(Version::HTTP_2));
    tokio::task::yield_now().await;
    assert!(!task.is_finished());
    drop(open.begin(Version::HTTP_2));
    tokio::task::yield_now().await;
    assert!(task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn draining_waits_for_what_is_in_flight_and_no_longer_than_it_may() {
    let connections = connections(|_| {});
    let (idle, _) = begin(&connections, ADDRESS, State::Head);
    let (busy, _) = begin(&connections, ADDRESS, State::Head);
    let request = busy.begin(Version::HTTP_11);
    let keeper = connections.clone();
    let keeping = tokio::spawn(async move { keeper.keep_time().await });
    let began = Instant::now();
    let finishing = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        drop(request);
    });
    connections.drain(Duration::from_secs(30)).await;
    finishing.await.unwrap();
    let took = began.elapsed();
    assert!(Duration::from_secs(10) < took && took < Duration::from_secs(15), "{took:?}");

    let (stuck, task) = begin(&connections, ADDRESS, State::Head);
    let _request = stuck.begin(Version::HTTP_11);
    let began = Instant::now();
    connections.drain(Duration::from_secs(30)).await;
    assert_eq!(began.elapsed().as_secs(), 30);
    assert!(task.is_finished());
    drop((idle, busy));
    keeping.abort();
}

fn arriving<B>(connections: &Arc<Connections>, body: B) -> Arriving<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    Arriving::new(body, begin(connections, ADDRESS, State::Head).0)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_its_body_is_given_up_after_its_time() {
    let connections = connections(|_| {});
    let (mut client, body) = Channel::<Bytes, BoxError>::new(2);
    let mut body = arriving(&connections, body);
    client.send_data(Bytes::from_static(b"half")).await.unwrap();
    assert!(body.frame().await.unwrap().is_ok());
    let began = Instant::now();
    let error = body.frame().await.unwrap().unwrap_err();
    assert!(matches!(error, connect::Error::Body(_)), "{error}");
    assert_eq!(began.elapsed().as_secs(), 30);
}

/// What the server receives from a client that sends `bytes` every `every_s` seconds, `n` times, and when that ends, in
/// seconds.
async fn trickle(bytes: usize, every_s: u64, n: usize) -> (bool, u64) {
    let connections = connections(|_| {});
    let (mut client, body) = Channel::<Bytes, BoxError>::new(1);
    let body = arriving(&connections, body);
    let began = Instant::now();
    tokio::spawn(async move {
        for _ in 0..n {
            tokio::time::sleep(Duration::from_secs(every_s)).await;
            if client.send_data(vec![b'x'; bytes].into()).await.is_err() {
                return;
            }
        }
    });
    let is_whole = body.collect().await.is_ok();
    (is_whole, began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_taken_and_a_trickled_one_given_up() {
    assert_eq!(trickle(1_000, 1, 500).await, (true, 500)); // At the least rate.
    assert_eq!(trickle(29_000, 29, 20).await, (true, 580));
    assert_eq!(trickle(200, 1, 500).await, (false, 37));
    assert_eq!(trickle(1, 5, 500).await, (false, 30));
    assert_eq!(trickle(1_000_000, 31, 5).await, (false, 30));
    // What arrived at once earlier is no credit for later.
    assert_eq!(trickle(50_000, 1, 500).await, (true, 500));
}

#[tokio::test(start_paused = true)]
async fn only_time_that_somebody_waits_for_the_body_counts() {
    let connections = connections(|_| {});
    let (mut client, body) = Channel::<Bytes, BoxError>::new(1);
    let mut body = arriving(&connections, body);
    for _ in 0..5 {
        client.send_data(Bytes::from_static(b"x")).await.unwrap();
        tokio::time::sleep(Duration::from_secs(100)).await; // Ours.
        assert!(body.frame().await.unwrap().is_ok());
    }
}
