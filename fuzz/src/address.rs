//! Addresses: any host and target name a stage, or don't, or are refused; and all readers agree on them.

use stepgate::gateway::{Address, Domains};
use stepgate::identity::{TargetUri, has_dot_segment};

pub(crate) fn execute(text: &str) {
    let (host, target) = crate::parts(text, "/s/p");
    let Ok(request) = http::Request::get(target).header("host", host).body(()) else { return };
    let (mut parts, ()) = request.into_parts();
    let Ok(mut uri) = TargetUri::take(&mut parts) else { return };
    assert!(!has_dot_segment(uri.path()), "no path has dot segments");
    assert!(uri.authority().len() >= uri.host().len());
    if let Address::Stage(target) = Domains::default().locate(&uri) {
        assert!(target.path.is_empty() || target.path.starts_with('/'), "what follows the stage is a path");
        assert!(uri.path().ends_with(&target.path));
        assert!(!target.stage.as_str().is_empty());
    }
    uri.make_signable();
    let (path, query) = (uri.path().to_owned(), uri.raw_query().map(str::to_owned));
    assert!(!path.contains("//"), "what is signed has no empty segments");
    uri.make_signable();
    assert_eq!((uri.path(), uri.raw_query()), (path.as_str(), query.as_deref()), "it is what it is already");
    uri.drop_signature();
    assert!(uri.query().last("X-Amz-Signature").is_none());
}

pub(crate) const WORDS: &[&str] = &[
    "abc123",
    ".execute-api.",
    ".execute-api",
    "us-east-1.amazonaws.com",
    "localhost",
    ":4566",
    "-vpce0",
    ".",
    "-",
    "\0",
    "/",
    "//",
    "/dev",
    "/pets/1",
    "/restapis/",
    "/_user_request_",
    "/_aws/execute-api/",
    "/alpha/execution",
    "?",
    "#",
    "%2F",
    "%",
    " ",
    "é",
    "[::1]",
    "@",
    "..",
    "/..",
    "%2e",
    "%5c",
    ";",
    "&",
    "=",
    "+",
    "|",
    "X-Amz-Signature",
    "http://",
];
