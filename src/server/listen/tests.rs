//! Connections from their first byte to their end, in virtual time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use super::*;
use crate::connect::{Request, Response};
use crate::server::connections::Rules;
use crate::server::options::Limits;

const REQUEST: &[u8] = b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc";

/// A client's end of a connection to a server that answers every request with its body.
struct Client {
    stream: DuplexStream,
    open: Arc<Open>,
    task: JoinHandle<()>,
}

impl Client {
    fn connect(buffer: usize) -> Self {
        let limits = Limits { header_read_timeout_s: 30, idle_timeout_s: 60, ..Limits::default() };
        let connections = Arc::new(Connections::new(Rules::new(&limits, usize::MAX)));
        let address = SocketAddr::from(([192, 0, 2, 1], 1));
        let place = connections.admit(address, State::Head).unwrap();
        let open = place.open().clone();
        let peer =
            Peer { address, server_name: None, certificate: None, is_secure: false, is_reserved: false };
        let service = service_fn(|request: Request| async move { Ok(Response::new(request.into_body())) });
        let service = BoxCloneSyncService::new(service);
        tokio::spawn({
            let connections = connections.clone();
            async move { connections.keep_time().await }
        });
        let connection = Connection { service, connections, lenience: Lenience::default(), place, peer };
        let (stream, other) = tokio::io::duplex(buffer);
        let task = tokio::spawn(connection.speak(Watched::new(other, open.clone())));
        open.runs_as(task.abort_handle());
        Self { stream, open, task }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads one answer, whose body is that of [`REQUEST`].
    async fn is_answered(&mut self) {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nabc") {
            answer.push(self.stream.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
    }

    async fn is_closed(&mut self) {
        assert_eq!(self.stream.read(&mut [0]).await.unwrap(), 0);
        (&mut self.task).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_rests_is_as_good_as_before() {
    let mut client = Client::connect(4096);
    client.send(REQUEST).await;
    client.is_answered().await;
    sleep(Duration::from_millis(500)).await;
    assert!(!client.open.is_at_rest());
    sleep(Duration::from_secs(2)).await;
    assert!(client.open.is_at_rest());
    // A head in pieces, and a body in its own time.
    for piece in REQUEST.chunks(7) {
        client.send(piece).await;
        sleep(Duration::from_secs(2)).await;
    }
    client.is_answered().await;
    sleep(Duration::from_secs(2)).await;
    assert!(client.open.is_at_rest());
    // Several at once.
    client.send(&REQUEST.repeat(3)).await;
    for _ in 0..3 {
        client.is_answered().await;
    }
    // And nothing follows what is no request.
    sleep(Duration::from_secs(2)).await;
    client.send(b"GET / HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n").await;
    let mut answer = Vec::new();
    client.stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_rests_ends_in_its_time_and_when_it_is_told_to() {
    let mut client = Client::connect(4096);
    client.send(REQUEST).await;
    client.is_answered().await;
    let began = Instant::now();
    assert!(client.stream.read(&mut [0]).await.is_ok_and(|n| n == 0));
    let lasted = began.elapsed().as_secs_f64();
    assert!((60.0..62.0).contains(&lasted), "{lasted}");

    let mut client = Client::connect(4096);
    client.send(REQUEST).await;
    client.is_answered().await;
    sleep(Duration::from_secs(2)).await;
    assert!(client.open.is_at_rest());
    client.open.close();
    client.is_closed().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_rests_that_is_not_written_out() {
    // The client takes a hundred bytes of its answer, which has more.
    let mut client = Client::connect(100);
    let body = "x".repeat(1000);
    let request = format!("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    client.send(request.as_bytes()).await;
    for _ in 0..5 {
        sleep(Duration::from_secs(2)).await;
        assert!(!client.open.is_at_rest());
    }
    let mut answer = Vec::new();
    while !answer.ends_with(body.as_bytes()) {
        answer.push(client.stream.read_u8().await.unwrap());
    }
    sleep(Duration::from_secs(2)).await;
    assert!(client.open.is_at_rest());
}
