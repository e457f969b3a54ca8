//! From where the console may be asked.
//!
//! A page of another site can make a browser send requests here, but not tell that they come from here: `Origin` and
//! `Sec-Fetch-Site` are the browser's. A name of another site may lead to this machine, so a key that everybody knows opens
//! the console under names of this machine alone.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::ORIGIN;

use super::failure::Failure;

/// Whether a request that changes something comes from a page of this console.
///
/// # Errors
/// If the browser says otherwise.
pub(super) fn check_origin(headers: &HeaderMap, authority: &str) -> Result<(), Failure> {
    let text =
        |value: Option<&http::HeaderValue>| value.map(|value| value.to_str().unwrap_or_default().to_owned());
    let is_own = match (text(headers.get(ORIGIN)), text(headers.get("sec-fetch-site"))) {
        (Some(origin), site) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
                && site.is_none_or(|site| site == "same-origin")
        }
        (None, Some(site)) => site == "same-origin",
        // Browsers tell one of them with every form.
        (None, None) => false,
    };
    if is_own { Ok(()) } else { Err(Failure::forged()) }
}

/// Whether a host can only be this machine, or an address: not a name that somebody else may have given.
pub(super) fn is_address_or_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = host.to_ascii_lowercase();
    bare.parse::<IpAddr>().is_ok() || name == "localhost" || name.ends_with(".localhost")
}

/// Whether a host is this machine.
pub(super) fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => is_address_or_local(host),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn check(fields: &[(&str, &str)], is_own: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        assert_eq!(check_origin(&headers, "localhost:4566").is_ok(), is_own, "{fields:?}");
    }

    #[test]
    fn only_forms_of_this_console_are_taken() {
        let own = ("origin", "http://localhost:4566");
        check(&[own], true);
        check(&[own, ("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("origin", "https://LOCALHOST:4566")], true);
        check(&[], false);
        check(&[own, ("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("origin", "null")], false);
        check(&[("origin", "http://localhost:4567")], false);
        check(&[("origin", "http://localhost:4566.evil.example")], false);
        check(&[("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")], false);
    }

    #[test]
    fn names_that_others_may_have_given_are_known() {
        for (host, is_address, is_here) in [
            ("localhost", true, true),
            ("LOCALHOST", true, true),
            ("console.localhost", true, true),
            ("127.0.0.1", true, true),
            ("[::1]", true, true),
            ("192.168.1.7", true, false),
            ("[fe80::1]", true, false),
            ("evil.example", false, false),
            ("localhost.evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("", false, false),
        ] {
            assert_eq!((is_address_or_local(host), is_local(host)), (is_address, is_here), "{host}");
        }
    }
}
