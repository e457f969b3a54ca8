//! Sends lines to a log collector, over TCP or UDP.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;

/// The longest time to connect.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// The longest time for the collector to accept a line.
const WRITE_MAX: Duration = Duration::from_secs(5);
/// How long to wait after a failure before trying the collector again; lines are lost meanwhile.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// The address of a collector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LineAddress {
    /// `host:port`; lines end in a line feed.
    Tcp(String),
    /// `host:port`; each line is a datagram, without its line feed.
    Udp(String),
}

impl LineAddress {
    /// Parses `tcp://host:port` or `udp://host:port`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let (host, port) = authority.rsplit_once(':')?;
        if host.is_empty() || host.contains(['/', '@', ' ']) || port.parse::<u16>().is_err() {
            return None;
        }
        match scheme {
            "tcp" => Some(Self::Tcp(authority.to_owned())),
            "udp" => Some(Self::Udp(authority.to_owned())),
            _ => None,
        }
    }
}

/// A connection to a collector, opened when there is a line to send and reopened after it broke.
///
/// It blocks, so it needs a thread of its own. Delivery is as reliable as the transport: the last lines written before
/// a connection broke may be lost.
pub struct LineStream {
    address: LineAddress,
    clock: Arc<dyn Clock>,
    open: Option<Open>,
    /// The monotonic time of the last failure.
    failed: Option<Duration>,
}

enum Open {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl LineStream {
    /// A stream that is not connected yet.
    pub fn new(address: LineAddress, clock: Arc<dyn Clock>) -> Self {
        Self { address, clock, open: None, failed: None }
    }

    /// Sends `line`, which includes its line end. Blocks.
    ///
    /// # Errors
    /// If it can't be sent. Shortly after a failure, this fails at once without trying.
    pub fn send(&mut self, line: &str) -> io::Result<()> {
        let now = self.clock.monotonic();
        if self.failed.is_some_and(|failed| now < failed + LEFT_ALONE) {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the collector failed a moment ago"));
        }
        let result = self.try_send(line);
        self.failed = None;
        if result.is_err() {
            self.open = None;
            self.failed = Some(self.clock.monotonic());
        }
        result
    }

    fn try_send(&mut self, line: &str) -> io::Result<()> {
        if matches!(&self.open, Some(Open::Tcp(stream)) if is_closed(stream)) {
            self.open = None;
        }
        let open = match &mut self.open {
            Some(open) => open,
            closed => closed.insert(connect(&self.address)?),
        };
        match open {
            Open::Tcp(stream) => stream.write_all(line.as_bytes()),
            Open::Udp(socket) => socket.send(line.trim_end_matches('\n').as_bytes()).map(|_| ()),
        }
    }
}

fn connect(address: &LineAddress) -> io::Result<Open> {
    match address {
        LineAddress::Tcp(authority) => {
            let stream = each(authority, |address| TcpStream::connect_timeout(&address, CONNECT_MAX))?;
            stream.set_write_timeout(Some(WRITE_MAX))?;
            stream.set_nodelay(true)?;
            Ok(Open::Tcp(stream))
        }
        LineAddress::Udp(authority) => each(authority, |address| {
            let any = if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
            let socket = UdpSocket::bind(any)?;
            socket.connect(address)?;
            Ok(Open::Udp(socket))
        }),
    }
}

/// Tries each address of a name.
fn each<T>(authority: &str, attempt: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in authority.to_socket_addrs()? {
        match attempt(address) {
            Ok(made) => return Ok(made),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether the collector has hung up. Without this check, the first line after that would be lost.
fn is_closed(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let read = stream.peek(&mut [0]);
    let is_gone = match read {
        Ok(n) => n == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    };
    stream.set_nonblocking(false).is_err() || is_gone
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use super::*;
    use crate::clock::{Timestamp, VirtualClock};

    #[test]
    fn addresses_have_a_scheme_a_host_and_a_port() {
        assert_eq!(LineAddress::parse("tcp://a:1"), Some(LineAddress::Tcp("a:1".to_owned())));
        assert_eq!(LineAddress::parse("udp://[::1]:514"), Some(LineAddress::Udp("[::1]:514".to_owned())));
        for bad in
            ["", "a:1", "tcp://a", "tcp://:1", "http://a:1", "tcp://a:b", "tcp://a:99999", "tcp://a/b:1"]
        {
            assert_eq!(LineAddress::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_collector_that_comes_back_is_told_again() {
        let clock = Arc::new(VirtualClock::new(Timestamp::EPOCH));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = LineAddress::Tcp(listener.local_addr().unwrap().to_string());
        let mut stream = LineStream::new(address, clock.clone());
        let take = |listener: &TcpListener| {
            let mut line = String::new();
            BufReader::new(listener.accept().unwrap().0).read_line(&mut line).unwrap();
            line
        };
        stream.send("one\n").unwrap();
        assert_eq!(take(&listener), "one\n");
        // The collector hung up, so the stream reconnects at once.
        stream.send("two\n").unwrap();
        assert_eq!(take(&listener), "two\n");

        let bound = listener.local_addr().unwrap();
        drop(listener);
        assert!(stream.send("lost\n").is_err());
        let listener = TcpListener::bind(bound).unwrap();
        // After a failure it waits for a while, then tries again.
        let error = stream.send("lost too\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotConnected);
        clock.advance(LEFT_ALONE);
        stream.send("three\n").unwrap();
        assert_eq!(take(&listener), "three\n");
    }

    #[test]
    fn a_line_is_a_datagram() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = LineAddress::Udp(socket.local_addr().unwrap().to_string());
        let mut stream = LineStream::new(address, Arc::new(VirtualClock::new(Timestamp::EPOCH)));
        stream.send("one\n").unwrap();
        let mut buffer = [0; 16];
        let n = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..n], b"one");
    }
}
