//! The authority of a request: RFC 9112 section 3.2, RFC 9113 section 8.3.1, RFC 9110 sections 4.2 and 7.2.

use std::net::Ipv6Addr;

use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderMap, Uri, Version};

use super::refusal::Refused;
use crate::connect::http1::{Point, Relaxed};

/// There is exactly one authority, and it is a host with an optional port. If both the target and `Host` name one, they
/// have to be equal: RFC 9112 lets the target win, but a proxy in front may have used the other.
pub(super) fn check(
    version: Version,
    uri: &Uri,
    headers: &HeaderMap,
    relaxed: Relaxed,
) -> Result<(), Refused> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Refused::bad_request("Host is repeated"));
    }
    let invalid = || Refused::bad_request("The request is for no valid host");
    if let Some(authority) = uri.authority() {
        Authority::parse(authority.as_str().as_bytes()).ok_or_else(invalid)?;
    }
    let Some(host) = host else {
        // "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host
        // header field"; HTTP/1.0 did not have it, and HTTP/2 has `:authority` instead.
        let is_needless = version == Version::HTTP_10
            || version == Version::HTTP_2 && uri.authority().is_some()
            || relaxed.has(Point::HostMissing);
        return if is_needless { Ok(()) } else { Err(Refused::bad_request("Host is missing")) };
    };
    let host = Authority::parse(host.as_bytes()).ok_or_else(invalid)?;
    match uri.authority().and_then(|authority| Authority::parse(authority.as_str().as_bytes())) {
        Some(target) if !target.is(host, uri.scheme()) && !relaxed.has(Point::HostDiffers) => {
            Err(Refused::bad_request("Host differs from the request target's"))
        }
        Some(_) | None => Ok(()),
    }
}

#[derive(Clone, Copy)]
struct Authority<'a> {
    host: &'a [u8],
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// A name, an IPv4 address, or an IPv6 address in brackets, with an optional port. Narrower than RFC 3986's
    /// grammar, which allows commas, quotes and percent signs: no real HTTP host has such a name.
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (host, port) = match text {
            [b'[', ..] => {
                let end = text.iter().position(|byte| *byte == b']')?;
                std::str::from_utf8(&text[1..end]).ok()?.parse::<Ipv6Addr>().ok()?;
                (&text[..=end], &text[end + 1..])
            }
            _ => {
                let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
                let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
                if end == 0 || !text[..end].iter().all(is_name) {
                    return None;
                }
                text.split_at(end)
            }
        };
        let port = match port {
            [] => None,
            [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
                Some(std::str::from_utf8(digits).ok()?.parse().ok()?)
            }
            _ => return None,
        };
        Some(Self { host, port })
    }

    fn is(self, other: Authority<'_>, scheme: Option<&Scheme>) -> bool {
        let default = if scheme == Some(&Scheme::HTTPS) { 443 } else { 80 };
        self.host.eq_ignore_ascii_case(other.host)
            && self.port.unwrap_or(default) == other.port.unwrap_or(default)
    }
}
