//! A server in the place of services: it answers as told and records requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// A response: status, headers, body.
pub(crate) type Reply = (u16, Vec<(&'static str, &'static str)>, String);

pub(crate) struct Backend {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Backend {
    /// Serves until the process ends.
    pub(crate) fn start(answer: fn(&Received) -> Reply) -> Self {
        Self::start_with(Arc::new(answer))
    }

    /// The same with answers that depend on what was asked before.
    pub(crate) fn start_with(answer: Arc<dyn Fn(&Received) -> Reply + Send + Sync>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let keeper = received.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (keeper, answer) = (keeper.clone(), answer.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &*answer, &keeper));
            }
        });
        Self { url, received }
    }

    /// The requests since the last call.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(&Received) -> Reply, keeper: &Mutex<Vec<Received>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        let (status, headers, body) = answer(&request);
        keeper.lock().unwrap().push(request);
        let mut head = format!("HTTP/1.1 {status} OK\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if stream.write_all((head + "\r\n" + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n != 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Received { method, target, headers, body: String::from_utf8(body).unwrap() })
}
