//! The console's own files: its style and scripts. Their address has a digest of all of them, so browsers keep them until
//! there are others.

use std::fmt::Write as _;
use std::sync::OnceLock;

use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use sha2::{Digest, Sha256};

use crate::connect::{Response, full};

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const ICON: &str = "image/svg+xml";

/// Name, media type, text.
const FILES: &[(&str, &str, &str)] = &[
    ("console.css", STYLE, include_str!("../../templates/console/console.css")),
    ("console.js", SCRIPT, include_str!("../../templates/console/console.js")),
    ("edit.js", SCRIPT, include_str!("../../templates/console/edit.js")),
    ("graph.js", SCRIPT, include_str!("../../templates/console/graph.js")),
    ("live.js", SCRIPT, include_str!("../../templates/console/live.js")),
    ("steps.js", SCRIPT, include_str!("../../templates/console/steps.js")),
    ("icon.svg", ICON, include_str!("../../templates/console/icon.svg")),
];

/// The folder of all files.
pub(super) fn folder() -> &'static str {
    static FOLDER: OnceLock<String> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let mut hash = Sha256::new();
        for (name, _, text) in FILES {
            hash.update(name);
            hash.update([0]);
            hash.update(text);
        }
        let mut folder = String::with_capacity(16);
        for byte in &hash.finalize()[..8] {
            let _ = write!(folder, "{byte:02x}");
        }
        folder
    })
}

/// A file, by its path below `assets/`.
pub(super) fn find(path: &str) -> Option<Response> {
    let (of, name) = path.split_once('/')?;
    let (_, media, text) = FILES.iter().find(|(file, _, _)| *file == name)?;
    if of != folder() {
        return None;
    }
    let mut response = Response::new(full(text.as_bytes()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{of}\"")) {
        headers.insert(ETAG, etag);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_small() {
        let bytes: usize = FILES.iter().map(|(_, _, text)| text.len()).sum();
        assert!(bytes < 150_000, "{bytes}");
    }

    #[test]
    fn files_are_found_under_their_digest_alone() {
        let found = find(&format!("{}/console.js", folder())).unwrap();
        assert_eq!(found.headers()[CONTENT_TYPE], SCRIPT);
        for path in
            ["console.js", "0/console.js", "", &format!("{}/../lib.rs", folder()), &format!("{}/x", folder())]
        {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
