//! The execution log of one test call, in AWS's words.

use std::fmt::{self, Write as _};

use crate::clock::Timestamp;

/// The lines, each with its time except the first; see TestInvokeMethod.
#[derive(Debug)]
pub(crate) struct ExecutionLog {
    text: String,
    // A call takes only seconds. With one time for all lines, the phases need no clock.
    now: Timestamp,
    /// Whether the call is a test; otherwise it is one that the inspector keeps.
    is_test: bool,
    /// Whether bodies are shown.
    has_bodies: bool,
}

impl ExecutionLog {
    /// Starts the log of the request `request_id`.
    pub(crate) fn new(request_id: &str, now: Timestamp) -> Self {
        let mut log = Self::of_authorizer(request_id, now);
        log.line(format_args!("Starting execution for request: {request_id}"));
        log
    }

    /// Starts the log of an authorizer's test.
    pub(crate) fn of_authorizer(request_id: &str, now: Timestamp) -> Self {
        Self {
            text: format!("Execution log for request {request_id}\n"),
            now,
            is_test: true,
            has_bodies: true,
        }
    }

    /// Starts the log of a client's request, which shows no cookies, and bodies only if they are asked for.
    pub(crate) fn inspected(request_id: &str, now: Timestamp, has_bodies: bool) -> Self {
        let log = Self::new(request_id, now);
        Self { is_test: false, has_bodies, ..log }
    }

    /// Whether it is that of a test call.
    pub(crate) fn is_of_test(&self) -> bool {
        self.is_test
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = match self.is_test {
            true => writeln!(self.text, "{} : {line}", self.now.to_java_date()),
            false => {
                // What a body has on lines of its own is set in, so that nothing in it passes for a line of the log.
                let line = discreet(&line.to_string(), self.has_bodies).replace('\n', "\n    ");
                writeln!(self.text, "{} : {line}", self.now.to_java_date())
            }
        };
    }

    /// The whole text, ending in a line break.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// The lines of a client's log, without their times; what was set in is as it was.
pub(crate) fn lines(log: &str) -> impl Iterator<Item = String> {
    let mut rest = log.lines().skip(1).peekable();
    std::iter::from_fn(move || {
        let first = rest.next()?;
        let mut line = first.split_once(" : ").map_or(first, |(_, line)| line).to_owned();
        while let Some(more) = rest.next_if(|next| next.starts_with("    ")) {
            line.push('\n');
            line.push_str(more.get(4..).unwrap_or_default());
        }
        Some(line)
    })
}

/// A client's log without the bodies that it may show.
pub(crate) fn without_bodies(log: &str) -> String {
    let mut kept = log.lines().next().unwrap_or_default().to_owned();
    for line in lines(log) {
        kept.push_str("\n : ");
        kept.push_str(&discreet(&line, false).replace('\n', "\n    "));
    }
    kept + "\n"
}

/// Names of headers and parameters whose values are secrets.
const SECRETS: [&str; 5] =
    ["authorization", "proxy-authorization", "x-amz-security-token", "x-amz-signature", "x-api-key"];
/// How many characters at its end AWS's logs show of a secret; short ones are not shown at all.
const SHOWN_CHARS: usize = 6;

/// As much of a body as a line of a client's request shows, in bytes.
const BODY_BYTES_MAX: usize = 8 * 1024;

/// A line without the cookies that it shows, and without the body unless that is wanted.
fn discreet(line: &str, has_bodies: bool) -> String {
    if let Some((of, body)) = line.split_once(": ").filter(|(of, _)| of.contains(" body ")) {
        if has_bodies {
            // A log has several bodies, none of which is in the memory that bodies share.
            let end = (0..=BODY_BYTES_MAX.min(body.len())).rev().find(|end| body.is_char_boundary(*end));
            let shown = body.get(..end.unwrap_or(0)).unwrap_or_default();
            let rest = if shown.len() < body.len() { "…" } else { "" };
            return format!("{of}: {shown}{rest}");
        }
        return format!("{of}: ({} bytes)", body.len());
    }
    let (mut shown, mut rest) = (String::with_capacity(line.len()), line);
    while let Some(at) = rest.find("ookie=") {
        let (before, value) = rest.split_at(at + "ookie=".len());
        shown.push_str(before);
        shown.push_str("***");
        rest = value.find([',', '}']).map_or("", |end| &value[end..]);
    }
    shown + rest
}

/// The value of a header or parameter as a log shows it.
pub(crate) fn shown(name: &str, value: String) -> String {
    if !SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(name)) {
        return value;
    }
    let chars = value.chars().count();
    let hidden = if 4 * SHOWN_CHARS <= chars { chars.saturating_sub(SHOWN_CHARS) } else { chars };
    let end: String = value.chars().skip(hidden).collect();
    format!("{}{end}", "*".repeat(hidden))
}

/// A URI as a log shows it.
pub(crate) fn shown_address(uri: &str) -> String {
    let Some((place, query)) = uri.split_once('?') else { return uri.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) => format!("{name}={}", shown(name, value.to_owned())),
        None => pair.to_owned(),
    });
    format!("{place}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// Prints `{a=1, b=2}`, as Java prints maps; secrets are shortened.
pub(crate) struct JavaMap<I>(pub(crate) I);

impl<I, K, V> fmt::Display for JavaMap<I>
where
    I: Iterator<Item = (K, V)> + Clone,
    K: fmt::Display,
    V: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (index, (key, value)) in self.0.clone().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let value = shown(&key.to_string(), value.to_string());
            write!(f, "{comma}{key}={value}")?;
        }
        f.write_char('}')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_ends_only() {
        let token = "abcdefghijklmnopqrstuvwxyz";
        let headers = [("X-Api-Key", token), ("Authorization", "short"), ("X-Mine", token)];
        assert_eq!(
            JavaMap(headers.into_iter()).to_string(),
            format!("{{X-Api-Key=********************uvwxyz, Authorization=*****, X-Mine={token}}}")
        );
        assert_eq!(
            shown_address(&format!("http://h/p?a=1&X-Amz-Signature={token}&x-amz-security-token=t&b")),
            "http://h/p?a=1&X-Amz-Signature=********************uvwxyz&x-amz-security-token=*&b"
        );
        assert_eq!(shown_address("http://h/p"), "http://h/p");
    }

    #[test]
    fn logs_of_clients_show_neither_bodies_nor_cookies() {
        for (line, want) in [
            (
                "Method request body before transformations: {\"a\": 1}",
                "Method request body before transformations: (8 bytes)",
            ),
            ("Method request headers: {Cookie=a=1; b=2, X=y}", "Method request headers: {Cookie=***, X=y}"),
            (
                "Endpoint response headers: {X=y, Set-Cookie=s}",
                "Endpoint response headers: {X=y, Set-Cookie=***}",
            ),
            ("HTTP Method: GET, Resource Path: /body ", "HTTP Method: GET, Resource Path: /body "),
        ] {
            assert_eq!(discreet(line, false), want);
        }
        let of = "Method request body before transformations: ";
        for (bytes, more) in [(BODY_BYTES_MAX, ""), (BODY_BYTES_MAX + 1, "…")] {
            let body = "x".repeat(bytes);
            let want = format!("{of}{}{more}", &body[..BODY_BYTES_MAX]);
            assert_eq!(discreet(&format!("{of}{body}"), true), want, "{bytes}");
        }
    }

    #[test]
    fn a_body_can_not_pass_for_lines() {
        let mut log = ExecutionLog::inspected("id-1", Timestamp::from_millis(1_700_000_000_123), true);
        let body = "a\nTue Nov 14 22:13:20 UTC 2023 : Endpoint request URI: http://elsewhere\n\n  b";
        log.line(format_args!("Method request body before transformations: {body}"));
        log.line(format_args!("Successfully completed execution"));
        let text = log.into_text();
        let wanted = [
            "Starting execution for request: id-1".to_owned(),
            format!("Method request body before transformations: {body}"),
            "Successfully completed execution".to_owned(),
        ];
        assert_eq!(lines(&text).collect::<Vec<_>>(), wanted);
        let bare = without_bodies(&text);
        let wanted = format!("transformations: ({} bytes)\n", body.len());
        assert!(bare.contains(&wanted) && !bare.contains("elsewhere"), "{bare}");
        assert_eq!(lines(&bare).count(), 3);
    }

    #[test]
    fn lines_carry_their_time_but_the_first() {
        let mut log = ExecutionLog::new("id-1", Timestamp::from_millis(1_700_000_000_123));
        log.line(format_args!("Method request path: {}", JavaMap([("a", 1), ("b", 2)].iter().copied())));
        assert_eq!(
            log.into_text(),
            "Execution log for request id-1\n\
             Tue Nov 14 22:13:20 UTC 2023 : Starting execution for request: id-1\n\
             Tue Nov 14 22:13:20 UTC 2023 : Method request path: {a=1, b=2}\n"
        );
    }
}
