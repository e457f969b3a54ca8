//! The rules of RFC 9110, 9112 and 9113 for servers and gateways that the HTTP library leaves to its user. They are
//! checked for every request before anything else sees it, and for every response last. `docs/http.md` lists them with
//! their tests; `connect::http1` checks the framing.

mod answer;
mod authority;
mod fields;
mod method;
mod refusal;
mod target;

use http::header::{ALLOW, CONNECTION};
use http::{HeaderValue, Method, StatusCode, Version};

use self::refusal::Refused;
use super::listen::Peer;
use crate::connect::http1::{Fault, Relaxed};
use crate::connect::{self, Request, Response, remove_hop_by_hop};

pub(super) use self::answer::answer;

/// Returns the request if it follows the rules, or the response that refuses it.
///
/// An admitted request has one of API Gateway's methods, a path that begins with `/`, exactly one valid authority, and
/// no connection-specific fields.
///
/// # Errors
/// The response, which also closes an HTTP/1 connection.
pub(super) fn admit(mut request: Request, relaxed: Relaxed) -> Result<Request, Box<Response>> {
    if let Some((fault, to_head)) = Fault::of_replacement(request.method(), request.uri()) {
        let refused = Refused { status: fault.status(), message: fault.to_string() };
        let mut response = refused.into_response();
        if to_head {
            *response.body_mut() = connect::empty();
        }
        return Err(Box::new(closing(response)));
    }
    let is_http2 = request.version() == Version::HTTP_2;
    let checked = check(&request, relaxed);
    match checked {
        Ok(()) if is_for_us_alone(&request) => Err(Box::new(options())),
        Ok(()) => {
            remove_hop_by_hop(request.headers_mut());
            if is_http2 {
                fields::join_cookies(request.headers_mut());
            }
            Ok(request)
        }
        Err(refused) if is_http2 => Err(Box::new(refused.into_response())),
        Err(refused) => Err(Box::new(closing(refused.into_response()))),
    }
}

fn check(request: &Request, relaxed: Relaxed) -> Result<(), Refused> {
    let is_secure = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_secure);
    method::check(request.method(), request.headers())?;
    fields::check(request.version(), request.headers(), relaxed)?;
    target::check(request.method(), request.uri(), is_secure, relaxed)?;
    authority::check(request.version(), request.uri(), request.headers(), relaxed)
}

/// `OPTIONS *`, and an OPTIONS request that must not be forwarded any further (RFC 9110 sections 9.3.7 and 7.6.2), are
/// for this server itself.
fn is_for_us_alone(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && (request.uri().path() == "*"
            || request.headers().get("max-forwards").is_some_and(|left| left.as_bytes() == b"0"))
}

fn options() -> Response {
    let mut response = Response::new(connect::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(method::ALLOWED));
    response
}

/// Closes the connection: the sender of a refused message may disagree about where it ends.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::connect::http1::Point;

    /// A request with `METHOD target version` and `name: value` lines, over a plain connection.
    fn request(text: &str) -> Request {
        let mut lines = text.lines();
        let line: Vec<&str> = lines.next().unwrap().split(' ').collect();
        let version = match line[2] {
            "HTTP/1.0" => Version::HTTP_10,
            "HTTP/2" => Version::HTTP_2,
            _ => Version::HTTP_11,
        };
        let mut request = http::Request::builder().method(line[0]).uri(line[1]).version(version);
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            request = request.header(name, value.strip_prefix(' ').unwrap_or(value));
        }
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let peer =
            Peer { address, server_name: None, certificate: None, is_secure: false, is_reserved: false };
        request.extension(peer).body(connect::empty()).unwrap()
    }

    fn status(text: &str, points: &[Point]) -> u16 {
        match admit(request(text), points.iter().copied().collect()) {
            Ok(_) => 0,
            Err(response) => response.status().as_u16(),
        }
    }

    #[track_caller]
    fn check(text: &str, expect: u16) {
        assert_eq!(status(text, &[]), expect, "{text}");
    }

    #[test]
    fn only_known_methods_are_let_in() {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            check(&format!("{method} / HTTP/1.1\nHost: a"), 0);
            check(&format!("GET / HTTP/1.1\nHost: a\nX-HTTP-Method-Override: {method}"), 0);
        }
        for method in ["TRACE", "PROPFIND", "get", "G"] {
            check(&format!("{method} / HTTP/1.1\nHost: a"), 501);
        }
        check("CONNECT a:1 HTTP/1.1\nHost: a:1", 501);
        check("POST / HTTP/1.1\nHost: a\nX-HTTP-Method-Override: CONNECT", 501);
        check("POST / HTTP/1.1\nHost: a\nX-HTTP-Method-Override: GET\nX-HTTP-Method-Override: PUT", 400);
    }

    #[test]
    fn there_is_one_host_and_it_is_one() {
        for host in ["a", "a.b-c_d~e:80", "127.0.0.1:4566", "[::1]:1", "[2001:db8::1]", "A.B."] {
            check(&format!("GET / HTTP/1.1\nHost: {host}"), 0);
        }
        for host in [
            "", " ", "a b", "a, b", "a,b", "u@a", "a/b", "a?b", "a#b", "a:x", "a:", "a:99999", "a:123456",
            ":80", "[::1", "::1", "[::1]x", "[]", "[a]", "a\\b", "a:1:2", "%41", "é",
        ] {
            check(&format!("GET / HTTP/1.1\nHost: {host}"), 400);
        }
        check("GET / HTTP/1.1", 400);
        check("GET / HTTP/1.0", 0);
        check("GET / HTTP/1.1\nHost: a\nHost: a", 400);
        check("GET / HTTP/1.0\nHost: a\nHost: a", 400);
        check("GET http://a/ HTTP/1.1", 400);
        check("GET http://a/ HTTP/1.1\nHost: a", 0);
        check("GET http://A:80/ HTTP/1.1\nHost: a", 0);
        check("GET http://a/ HTTP/1.1\nHost: b", 400);
        check("GET http://a/ HTTP/1.1\nHost: a:81", 400);
        check("GET http://a/ HTTP/2", 0);
        check("GET http://a/ HTTP/2\nHost: a", 0);
        check("GET http://a/ HTTP/2\nHost: b", 400);
        check("GET / HTTP/2\nHost: a", 0);
        check("GET / HTTP/2", 400);
        assert_eq!(status("GET / HTTP/1.1", &[Point::HostMissing]), 0);
        assert_eq!(status("GET / HTTP/1.1\nHost: a\nHost: b", &[Point::HostMissing]), 400);
        assert_eq!(status("GET http://a/ HTTP/1.1\nHost: b", &[Point::HostDiffers]), 0);
    }

    #[test]
    fn targets_have_one_of_their_forms() {
        check("GET /a?b HTTP/1.1\nHost: a", 0);
        check("OPTIONS * HTTP/1.1\nHost: a", 204);
        check("OPTIONS /a HTTP/1.1\nHost: a\nMax-Forwards: 0", 204);
        check("OPTIONS /a HTTP/1.1\nHost: a\nMax-Forwards: 1", 0);
        check("GET /a HTTP/1.1\nHost: a\nMax-Forwards: 0", 0);
        check("GET * HTTP/1.1\nHost: a", 400);
        check("GET a:1 HTTP/1.1\nHost: a:1", 400);
        check("GET ftp://a/ HTTP/1.1\nHost: a", 400);
        check("GET http://u:p@a/ HTTP/1.1\nHost: a", 400);
        check("GET https://a/ HTTP/1.1\nHost: a", 421);
        check("GET https://a/ HTTP/2", 421);
        assert_eq!(status("GET https://a/ HTTP/2", &[Point::HttpsOverPlain]), 0);
    }

    #[test]
    fn fields_that_others_may_take_for_framing_are_refused() {
        for name in ["Content_Length", "transfer_encoding", "Transfer_Encoding"] {
            check(&format!("GET / HTTP/1.1\nHost: a\n{name}: 1"), 400);
            assert_eq!(status(&format!("GET / HTTP/1.1\nHost: a\n{name}: 1"), &[Point::LookAlikes]), 0);
        }
        check("GET / HTTP/1.1\nHost: a\nX_Mine: 1", 0);
        check("GET http://a/ HTTP/2\nx: 1 ", 400);
        check("GET http://a/ HTTP/2\nx:  1", 400);
        check("POST / HTTP/1.1\nHost: a\nExpect: 100-Continue", 0);
        check("POST / HTTP/1.1\nHost: a\nExpect: 200-ok", 417);
        check("POST / HTTP/1.0\nHost: a\nExpect: 200-ok", 0);
    }

    #[test]
    fn what_is_for_the_connection_goes_no_further() {
        let let_in = admit(
            request("GET / HTTP/1.1\nHost: a\nConnection: close, X-Hop\nX-Hop: 1\nKeep-Alive: 1\nX-Mine: 2"),
            Relaxed::default(),
        );
        let headers = let_in.unwrap().headers().clone();
        assert!(!headers.contains_key("x-hop") && !headers.contains_key("keep-alive"));
        assert_eq!(headers["x-mine"], "2");
        let let_in =
            admit(request("GET http://a/ HTTP/2\ncookie: a=1\nx: y\ncookie: b=2"), Relaxed::default());
        let headers = let_in.unwrap().headers().clone();
        assert_eq!(headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; b=2"]);
    }

    #[test]
    fn refusals_close_what_http_1_can_close() {
        let refused = admit(request("GET / HTTP/1.1"), Relaxed::default()).unwrap_err();
        assert_eq!(refused.headers()["connection"], "close");
        let refused = admit(request("GET / HTTP/2"), Relaxed::default()).unwrap_err();
        assert!(!refused.headers().contains_key("connection"));
    }
}
