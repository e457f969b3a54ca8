//! HTTP rules that an operator may relax, for clients and backends that can't be fixed.

use serde::Deserialize;

/// A rule that can be relaxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// A client's lines may end in LF alone, in heads but not in chunks.
    BareLineFeed,
    /// A client may repeat an equal `Content-Length`.
    RepeatedContentLength,
    /// A client's `Content-Length` is ignored if there is `Transfer-Encoding: chunked`; the connection ends afterwards.
    ContentLengthWithChunked,
    /// HTTP/1.1 requests need no `Host`.
    HostMissing,
    /// `Host` may differ from the authority in the request's target; the latter decides.
    HostDiffers,
    /// A target may be `https` on a connection without TLS, because a proxy in front decrypts.
    HttpsOverPlain,
    /// Names that differ only by underscores from those of framing fields are ordinary names.
    LookAlikes,
    /// A backend's lines may end in LF alone, in heads but not in chunks.
    BackendBareLineFeed,
    /// A backend may repeat an equal `Content-Length`.
    BackendRepeatedContentLength,
    /// A backend's `Content-Length` is ignored if there is `Transfer-Encoding: chunked`.
    BackendContentLengthWithChunked,
}

/// The rules that are relaxed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relaxed(u16);

/// The relaxed rules that affect framing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lenience {
    pub(super) bare_line_feed: bool,
    pub(super) repeated_length: bool,
    pub(super) length_with_chunked: bool,
}

impl Relaxed {
    /// Whether the rule `point` is relaxed.
    pub const fn has(self, point: Point) -> bool {
        self.0 & (1 << point as u16) != 0
    }

    /// The relaxed rules for requests' framing.
    pub const fn of_requests(self) -> Lenience {
        Lenience {
            bare_line_feed: self.has(Point::BareLineFeed),
            repeated_length: self.has(Point::RepeatedContentLength),
            length_with_chunked: self.has(Point::ContentLengthWithChunked),
        }
    }

    /// The relaxed rules for responses' framing.
    pub const fn of_answers(self) -> Lenience {
        Lenience {
            bare_line_feed: self.has(Point::BackendBareLineFeed),
            repeated_length: self.has(Point::BackendRepeatedContentLength),
            length_with_chunked: self.has(Point::BackendContentLengthWithChunked),
        }
    }
}

impl FromIterator<Point> for Relaxed {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Self {
        Self(points.into_iter().fold(0, |bits, point| bits | 1 << point as u16))
    }
}
