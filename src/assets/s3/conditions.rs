//! Conditional requests, and parts of objects.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>, RFC 9110 sections 13 and 14.

use super::asked::Asked;
use super::codes;
use super::tables::Object;
use crate::assets::error::Error;
use crate::clock::Timestamp;

/// The names of the members with a request's conditions.
pub(super) struct Names {
    pub(super) matches: &'static str,
    pub(super) none_matches: &'static str,
    pub(super) modified_since: &'static str,
    pub(super) unmodified_since: &'static str,
}

/// Those of reads.
pub(super) const OF_READS: Names = Names {
    matches: "IfMatch",
    none_matches: "IfNoneMatch",
    modified_since: "IfModifiedSince",
    unmodified_since: "IfUnmodifiedSince",
};

/// Those of the source of a copy.
pub(super) const OF_SOURCES: Names = Names {
    matches: "CopySourceIfMatch",
    none_matches: "CopySourceIfNoneMatch",
    modified_since: "CopySourceIfModifiedSince",
    unmodified_since: "CopySourceIfUnmodifiedSince",
};

fn has(list: &str, etag: &str) -> bool {
    list.split(',').map(|one| one.trim().trim_matches('"')).any(|one| one == "*" || one == etag)
}

/// Whether an object may be read under a request's conditions.
pub(super) fn check_read(asked: &Asked, names: &Names, object: &Object) -> Result<(), Error> {
    let date = |member: &str| asked.text(member).and_then(Timestamp::parse_http_date);
    // Headers have whole seconds.
    let modified = Timestamp::from_millis(object.modified.as_millis() / 1000 * 1000);
    match (asked.text(names.matches), date(names.unmodified_since)) {
        (Some(list), _) if !has(list, &object.etag) => return Err(codes::precondition_failed("If-Match")),
        (None, Some(since)) if since < modified => {
            return Err(codes::precondition_failed("If-Unmodified-Since"));
        }
        _ => {}
    }
    match (asked.text(names.none_matches), date(names.modified_since)) {
        (Some(list), _) if has(list, &object.etag) => Err(codes::not_modified()),
        (None, Some(since)) if modified <= since => Err(codes::not_modified()),
        _ => Ok(()),
    }
}

/// What has to be at a key for a write to it.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteIf {
    matches: Option<String>,
    is_new: bool,
}

impl WriteIf {
    pub(super) fn of(asked: &Asked) -> Result<Self, Error> {
        let is_new = match asked.text("IfNoneMatch") {
            None => false,
            Some("*") => true,
            Some(_) => return Err(codes::unsupported("If-None-Match with anything but *")),
        };
        Ok(Self { matches: asked.text("IfMatch").map(str::to_owned), is_new })
    }

    pub(super) fn check(&self, key: &str, before: Option<&Object>) -> Result<(), Error> {
        match (before, &self.matches) {
            (Some(_), _) if self.is_new => Err(codes::precondition_failed("If-None-Match")),
            (Some(before), Some(list)) if !has(list, &before.etag) => {
                Err(codes::precondition_failed("If-Match"))
            }
            (None, Some(_)) => Err(codes::no_such_key(key)),
            (Some(_) | None, _) => Ok(()),
        }
    }
}

/// Start and length of what `Range` asks for; `None` for all of it.
pub(super) fn range(header: Option<&str>, size: u64) -> Result<Option<(u64, u64)>, Error> {
    let Some(ranges) = header.and_then(|header| header.strip_prefix("bytes=")) else { return Ok(None) };
    // Several ranges at a time are answered with everything.
    let Some((first, last)) = ranges.split_once('-').filter(|_| !ranges.contains(',')) else {
        return Ok(None);
    };
    let (start, end) = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(start), Ok(last)) if start <= last => (start, last.saturating_add(1).min(size)),
        (Ok(start), Err(_)) if last.trim().is_empty() => (start, size),
        (Err(_), Ok(length)) if first.trim().is_empty() => (size.saturating_sub(length), size),
        _ => return Ok(None),
    };
    if end <= start { Err(codes::invalid_range(size)) } else { Ok(Some((start, end - start))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_out_of_what_is_there() {
        for (header, want) in [
            ("bytes=0-4", Some((0, 5))),
            ("bytes=5-99", Some((5, 5))),
            ("bytes=9-9", Some((9, 1))),
            ("bytes=3-", Some((3, 7))),
            ("bytes=-3", Some((7, 3))),
            ("bytes=-99", Some((0, 10))),
            ("bytes=0-1,3-4", None),
            ("bytes=4-2", None),
            ("bytes=x-y", None),
            ("items=0-4", None),
        ] {
            assert_eq!(range(Some(header), 10).unwrap(), want, "{header}");
        }
        for header in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert!(range(Some(header), 10).is_err(), "{header}");
        }
        assert!(range(Some("bytes=0-"), 0).is_err());
    }
}
