//! The corpus of `tests/data/http2`.

use std::collections::BTreeMap;

use crate::Fixture;
use crate::backend::{self, Backend, Received};
use crate::corpus::{Case, bytes, cases, run};
use crate::frames::{END_HEADERS, END_STREAM, HEADERS, field, frame};
use crate::streams::{exchange, operation};

/// The stream of a final request.
const LAST: u32 = 101;

/// The expected result of a stream.
enum Fate {
    /// Answered, with the body that a backend receives.
    Answered(u16, Option<Vec<u8>>),
    /// Answered with an error, or reset; the backend doesn't receive it.
    Refused,
    /// Possibly answered before it was closed: at most one request.
    Closed,
}

fn fates(case: &Case) -> Vec<(u32, Fate)> {
    let words = case.expected.split(' ').filter_map(|word| word.split_once('='));
    let fate = |text: &str| match text {
        "refused" => Fate::Refused,
        "closed" => Fate::Closed,
        answered => match answered.split_once(':') {
            Some((status, body)) => Fate::Answered(status.parse().unwrap(), Some(bytes(body))),
            None => Fate::Answered(answered.parse().unwrap(), None),
        },
    };
    words.map(|(stream, text)| (stream.parse().unwrap(), fate(text))).collect()
}

fn check(fixture: &Fixture, path: &str, case: &Case) -> Result<(), String> {
    let address = &fixture.server.address;
    let filled = case.input.replace("{P}", path).replace("{H}", address);
    let mut frames: Vec<u8> = filled.split(" | ").flat_map(operation).collect();
    let end = format!("{path}/end");
    let last = [(":method", "GET"), (":scheme", "http"), (":path", &end), (":authority", address)];
    let block = last.map(|(name, value)| field(name, value)).concat();
    frames.extend_from_slice(&frame(HEADERS, END_HEADERS | END_STREAM, LAST, &block));
    let fates = fates(case);
    let awaited = fates.iter().filter(|(_, fate)| !matches!(fate, Fate::Closed)).map(|(stream, _)| *stream);
    let awaited: Vec<u32> = awaited.chain([LAST]).collect();
    let outcome = exchange(address, &frames, &awaited);
    if case.expected == "goaway" {
        let is_good = outcome.is_over && !outcome.statuses.contains_key(&LAST);
        return if is_good { Ok(()) } else { Err(format!("the connection goes on: {outcome:?}")) };
    }
    for (stream, fate) in &fates {
        let status = outcome.statuses.get(stream).copied();
        let is_good = match fate {
            Fate::Answered(want, _) => status == Some(*want),
            Fate::Refused => status.is_none_or(|status| 400 <= status),
            Fate::Closed => true,
        };
        if !is_good {
            return Err(format!("stream {stream}: {outcome:?}"));
        }
    }
    let is_refused = fates.iter().any(|(_, fate)| !matches!(fate, Fate::Answered(..)));
    match outcome.statuses.get(&LAST) {
        Some(200) => Ok(()),
        None if is_refused && outcome.is_over => Ok(()),
        _ => Err(format!("the next request: {outcome:?}")),
    }
}

fn corpus() -> Vec<Case> {
    let cases = cases("http2");
    assert!(160 <= cases.len(), "{} cases", cases.len());
    cases
}

#[test]
fn every_case_is_read_in_one_way() {
    let fixture = Fixture::new("http2-direct", Backend::start(backend::ok));
    run(&corpus(), |n, case| check(&fixture, &format!("{}/direct/c{n}", fixture.stage), case));
    assert!(fixture.backend.take().is_empty());
}

#[test]
fn a_backend_gets_what_was_sent_and_nothing_else() {
    let fixture = Fixture::new("http2-through", Backend::start(backend::ok));
    let cases = corpus();
    run(&cases, |n, case| check(&fixture, &format!("{}/through/c{n}", fixture.stage), case));
    let mut by_case: BTreeMap<usize, Vec<Received>> = BTreeMap::new();
    for request in fixture.backend.take() {
        let rest =
            request.target.strip_prefix("/safe/c").unwrap_or_else(|| panic!("out of place: {request:?}"));
        if rest.ends_with("/end") {
            continue; // Not always asked, and the same for all.
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
        by_case.entry(digits.parse().unwrap()).or_default().push(request);
    }
    run(&cases, |n, case| {
        let none = Vec::new();
        let received = by_case.get(&n).unwrap_or(&none);
        let mut got: Vec<&[u8]> = received.iter().map(|request| request.body.as_slice()).collect();
        got.sort_unstable();
        let mut want = Vec::new();
        let mut at_most = 0;
        for (_, fate) in fates(case) {
            match fate {
                Fate::Answered(_, Some(body)) => want.push(body),
                Fate::Answered(_, None) | Fate::Refused => {}
                Fate::Closed => at_most += 1,
            }
        }
        // Streams that were valid before their connection ended.
        let is_good = if case.expected == "goaway" {
            got.iter().all(|body| body.is_empty()) && got.len() <= 1
        } else if 0 < at_most {
            got.len() <= at_most
        } else {
            got == want
        };
        if is_good { Ok(()) } else { Err(format!("the backend got {received:#?}")) }
    });
}

/// HTTP/2 may split cookies, HTTP/1.1 has them in one field: RFC 9113 section 8.2.3.
#[test]
fn cookies_are_put_together() {
    let fixture = Fixture::new("http2-cookies", Backend::start(backend::ok));
    let case = Case {
        name: "cookies".to_owned(),
        expected: "1=200:".to_owned(),
        input: "H1:e :method=GET :scheme=http :path={P} :authority={H} cookie=a\\x3d1 x-a=b cookie=c\\x3d2;\\x20d\\x3d3".to_owned(),
    };
    check(&fixture, &format!("{}/through/a", fixture.stage), &case).unwrap();
    let received = fixture.backend.take();
    let first = received.iter().find(|request| request.target == "/safe/a").unwrap();
    assert_eq!(first.values("cookie"), ["a=1; c=2; d=3"]);
}
