//! HTTP/2 clients that behave like no library: closed windows, trickled streams, floods of every kind of frame.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::backend::Backend;
use crate::client::Client;
use crate::connections::{BIG, big, deploy, metric, server_with_limits, wait_until};
use crate::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS, MAX_HEADER_LIST_SIZE, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE, field, frame,
    head,
};
use crate::server::DataDir;

const HEALTH: &str = "/_stepgate/health";
/// RFC 9113, 7.
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;

#[allow(clippy::disallowed_methods)] // Clients live in real time.
fn now() -> Instant {
    Instant::now()
}

/// Waits until the server has seen everything that was sent.
fn settle(frames: &mut Frames) {
    frames.send(PING, 0, 0, b"settled?").unwrap();
    while frames.next(PING).expect("the connection is open").flags != ACK {}
}

/// Whether a request on this stream is answered with 200, which is the eighth entry in RFC 7541, appendix A.
fn is_served(frames: &mut Frames, stream: u32) -> bool {
    frames.request(stream, END_STREAM, "GET", HEALTH).unwrap();
    while let Some(frame) = frames.next(HEADERS) {
        if frame.stream == stream {
            return frame.payload[0] == 0x88;
        }
    }
    false
}

#[test]
fn more_streams_than_announced_are_refused() {
    let dir = DataDir::new("streams");
    let server = server_with_limits(&dir, "http2.streams = 2", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let mut frames = Frames::connect(&server.address, &[]);
    let settings = frames.next(SETTINGS).unwrap();
    assert_eq!(settings.setting(MAX_CONCURRENT_STREAMS), Some(2));
    frames.send(SETTINGS, ACK, 0, b"").unwrap();
    for stream in [1, 3, 5] {
        frames.request(stream, 0, "POST", &format!("{base}/post")).unwrap();
    }
    let refused = frames.next(RST_STREAM).unwrap();
    assert_eq!((refused.stream, refused.number()), (5, REFUSED_STREAM));
    // The others continue, and the freed capacity is available to others.
    frames.send(RST_STREAM, 0, 1, &CANCEL.to_be_bytes()).unwrap();
    assert!(is_served(&mut frames, 7));
}

#[test]
fn a_window_that_stays_shut_costs_the_stream_and_not_the_connection() {
    let dir = DataDir::new("shut-window");
    let server = server_with_limits(&dir, "answer_write_timeout_s = 1", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let mut frames = Frames::connect(&server.address, &[(INITIAL_WINDOW_SIZE, 0)]);
    let began = now();
    frames.request(1, END_STREAM, "GET", &format!("{base}/big")).unwrap();
    assert_eq!(frames.next(HEADERS).unwrap().stream, 1);
    let reset = frames.next(RST_STREAM).unwrap();
    assert_eq!((reset.stream, reset.number()), (1, CANCEL));
    assert!(Duration::from_secs(1) <= began.elapsed());
    wait_until(&mut client, "one request in flight", |client| {
        metric(client, "stepgate_requests_in_flight") == 1.0
    });

    // Small responses wait for their window as well.
    frames.request(3, END_STREAM, "GET", HEALTH).unwrap();
    assert_eq!(frames.next(RST_STREAM).unwrap().stream, 3);

    frames.request(5, END_STREAM, "GET", HEALTH).unwrap();
    frames.send(WINDOW_UPDATE, 0, 5, &1000_u32.to_be_bytes()).unwrap();
    let data = frames.next(DATA).unwrap();
    assert_eq!((data.stream, data.payload.starts_with(b"{")), (5, true));
}

#[test]
fn a_window_that_is_opened_in_time_gets_the_whole_answer() {
    let dir = DataDir::new("small-window");
    let server = server_with_limits(&dir, "answer_write_timeout_s = 2", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let mut frames = Frames::connect(&server.address, &[]);
    frames.request(1, END_STREAM, "GET", &format!("{base}/big")).unwrap();
    let (mut n_read, began) = (0, now());
    while n_read < BIG {
        let data = frames.next(DATA).expect("the stream goes on");
        n_read += data.payload.len();
        if began.elapsed() < Duration::from_secs(4) {
            std::thread::sleep(Duration::from_millis(100));
        }
        for stream in [0, 1] {
            let increment = u32::try_from(data.payload.len()).unwrap();
            if increment != 0 {
                frames.send(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes()).unwrap();
            }
        }
    }
    assert_eq!(n_read, BIG);
}

#[test]
fn trickled_bodies_of_many_streams_are_given_up() {
    let dir = DataDir::new("trickled-streams");
    let server = server_with_limits(&dir, "body_read_timeout_s = 1\nbody_rate_min = 1000", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let mut frames = Frames::connect(&server.address, &[]);
    let streams: Vec<u32> = (0..10).map(|n| 2 * n + 1).collect();
    for stream in &streams {
        frames.request(*stream, 0, "POST", &format!("{base}/post")).unwrap();
        frames.send(DATA, 0, *stream, b"{").unwrap();
    }
    settle(&mut frames);
    let began = now();
    let mut writer = frames.stream.try_clone().unwrap();
    let trickled = streams.clone();
    std::thread::spawn(move || {
        loop {
            for stream in &trickled {
                if writer.write_all(&frame(DATA, 0, *stream, b" ")).is_err() {
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let mut answered = std::collections::HashSet::new();
    while answered.len() < streams.len() {
        let answer = frames.read().expect("the connection is open");
        if matches!(answer.kind, HEADERS | RST_STREAM) {
            answered.insert(answer.stream);
        }
    }
    let took = began.elapsed();
    assert!(Duration::from_millis(900) < took && took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn requests_are_taken_back_so_often() {
    let dir = DataDir::new("resets");
    let server = server_with_limits(&dir, "http2.resets = 10", &[]);
    let mut client = Client::new(&server.address);
    let base = deploy(&mut client, &Backend::start(big));
    let mut frames = Frames::connect(&server.address, &[]);
    let take_back = |frames: &mut Frames, n: u32| {
        // A request that waits for its body, so that it is not answered meanwhile.
        frames.request(2 * n + 1, 0, "POST", &format!("{base}/post")).unwrap();
        settle(frames);
        frames.send(RST_STREAM, 0, 2 * n + 1, &CANCEL.to_be_bytes()).unwrap();
    };
    for n in 0..10 {
        take_back(&mut frames, n);
    }
    settle(&mut frames);
    // A completed request makes up for a cancelled one.
    assert!(is_served(&mut frames, 101));
    take_back(&mut frames, 60);
    settle(&mut frames);
    take_back(&mut frames, 61);
    while frames.read().is_some() {}
    let given_up = metric(&mut client, "stepgate_connections_given_up_total{reason=\"resets\"}");
    assert_eq!(given_up, 1.0);
}

/// The result of a flood that was sent for as long as it was accepted.
struct Flooded {
    n_sent: usize,
}

fn flood(address: &str, first: &[u8], piece: &[u8]) -> Flooded {
    let mut frames = Frames::connect(address, &[]);
    // Refused in the middle counts as refused.
    let _ = frames.stream.write_all(first);
    let mut reading = frames.stream.try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = [0; 65536];
        while reading.read(&mut bytes).is_ok_and(|n| n != 0) {}
    });
    let (mut n_sent, pieces) = (0, piece.repeat(1000));
    while frames.stream.write_all(&pieces).is_ok() {
        n_sent += pieces.len();
        assert!(n_sent < 200 * 1024 * 1024, "taken without end");
    }
    reader.join().unwrap();
    Flooded { n_sent }
}

#[test]
fn floods_of_frames_have_a_bound_and_others_are_served_meanwhile() {
    let dir = DataDir::new("floods");
    let server = server_with_limits(&dir, "", &[]);
    let mut client = Client::new(&server.address);
    let block = head("GET", HEALTH);
    let fields = field("x", "y").repeat(100);
    let post = frame(HEADERS, END_HEADERS, 1, &head("POST", HEALTH));
    let resets = |n: u32| {
        let reset = |n: u32| frame(RST_STREAM, 0, 2 * n + 1, &CANCEL.to_be_bytes());
        let ask = |n: u32| frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &block);
        (0..n).flat_map(|n| [ask(n), reset(n)].concat()).collect::<Vec<u8>>()
    };
    for (what, first, piece) in [
        ("pings", vec![], frame(PING, 0, 0, b"12345678")),
        ("settings", vec![], frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])),
        ("window updates", vec![], frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 0])),
        ("priorities", vec![], frame(2, 0, 1, &[0, 0, 0, 0, 1])),
        ("unknown frames", vec![], frame(99, 0, 0, b"")),
        ("continuations", frame(HEADERS, 0, 1, &block), frame(CONTINUATION, 0, 1, &fields)),
        ("empty continuations", frame(HEADERS, 0, 1, &block), frame(CONTINUATION, 0, 1, b"")),
        ("empty data", post, frame(DATA, 0, 1, b"")),
        ("rapid resets", resets(5000), frame(PING, 0, 0, b"12345678")),
    ] {
        let flooded = flood(&server.address, &first, &piece);
        // This includes what fits the connection's buffers.
        assert!(flooded.n_sent < 32 * 1024 * 1024, "{what}: {} bytes were taken", flooded.n_sent);
        assert_eq!(client.send("GET", HEALTH, &[], b"").unwrap().status, 200, "after {what}");
    }
    // Pings as a well-behaved client sends them: one a second for a day.
    let mut frames = Frames::connect(&server.address, &[]);
    assert!(is_served(&mut frames, 1));
    for _ in 0..100 {
        frames.stream.write_all(&frame(PING, 0, 0, b"12345678").repeat(864)).unwrap();
        settle(&mut frames);
    }
    assert!(is_served(&mut frames, 3));
}

#[test]
fn heads_have_a_bound() {
    let dir = DataDir::new("h2-heads");
    let server = server_with_limits(&dir, "", &[]);
    let ask = |n_bytes: usize| {
        let mut frames = Frames::connect(&server.address, &[]);
        let announced = frames.next(SETTINGS).unwrap().setting(MAX_HEADER_LIST_SIZE);
        assert_eq!(announced, Some(64 * 1024));
        // In fields of 1,000 bytes, each of which counts as 32 more: RFC 9113, 6.5.2.
        let fields: Vec<u8> =
            (0..n_bytes / 1000).flat_map(|n| field(format!("x{n:03}"), "v".repeat(1000 - 36))).collect();
        let block = [head("GET", HEALTH), fields].concat();
        let mut pieces = block.chunks(16_384).peekable();
        let (mut kind, mut flags) = (HEADERS, END_STREAM);
        while let Some(piece) = pieces.next() {
            let end = if pieces.peek().is_none() { END_HEADERS } else { 0 };
            // Refused in the middle counts as refused.
            if frames.send(kind, flags | end, 1, piece).is_err() {
                break;
            }
            (kind, flags) = (CONTINUATION, 0);
        }
        loop {
            match frames.read() {
                Some(frame) if frame.kind == HEADERS => break frame.payload[0] == 0x88,
                Some(frame) if matches!(frame.kind, RST_STREAM | GOAWAY) => break false,
                Some(_) => {}
                None => break false,
            }
        }
    };
    assert!(ask(64_000));
    assert!(!ask(67_000));
    assert!(!ask(1_000_000));
}

#[test]
fn who_does_not_answer_pings_is_gone() {
    let dir = DataDir::new("no-pong");
    let server = server_with_limits(&dir, "http2.ping_interval_s = 1\nhttp2.ping_timeout_s = 1", &[]);
    let mut deaf = Frames::connect(&server.address, &[]);
    let mut alive = Frames::connect(&server.address, &[]);
    assert!(is_served(&mut deaf, 1) && is_served(&mut alive, 1));
    let began = now();
    let deaf = std::thread::spawn(move || {
        while deaf.read().is_some() {}
        began.elapsed()
    });
    let mut n_pings = 0;
    while n_pings < 4 {
        let ping = alive.next(PING).expect("whoever answers stays");
        if ping.flags != ACK {
            n_pings += 1;
            alive.send(PING, ACK, 0, &ping.payload).unwrap();
        }
    }
    assert!(is_served(&mut alive, 3));
    assert!(Duration::from_secs(1) < deaf.join().unwrap());
}

#[test]
fn who_does_not_answer_the_last_ping_holds_no_stop_up() {
    let dir = DataDir::new("h2-stop");
    let server = server_with_limits(&dir, "drain_s = 60", &[]);
    let mut frames = Frames::connect(&server.address, &[]);
    assert!(is_served(&mut frames, 1));
    let began = now();
    let reading = std::thread::spawn(move || {
        let told = frames.next(GOAWAY).is_some();
        while frames.read().is_some() {}
        told
    });
    assert_eq!(server.terminate().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(reading.join().unwrap(), "closed without a word");
}
