//! Where a request goes: any host and path name a stage or do not.

use stepgate::gateway::address;

pub(crate) fn execute(text: &str) {
    let (host, path) = crate::parts(text, "/s/p");
    if let Some(target) = address(host, path) {
        assert!(target.path.is_empty() || target.path.starts_with('/'), "what follows the stage is a path");
        assert!(path.ends_with(&target.path));
        assert!(!target.stage.as_str().is_empty());
    }
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
];
