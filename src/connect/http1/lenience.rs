//! Which points of the rules an operator may relax, for clients and backends that can't be mended.

use serde::Deserialize;

/// A rule that is not insisted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// A client's lines may end in LF alone, in a head (never in chunks).
    BareLineFeed,
    /// A client may repeat an equal `Content-Length`.
    RepeatedContentLength,
    /// A client's `Content-Length` beside `Transfer-Encoding: chunked` is ignored; the connection ends after it.
    ContentLengthWithChunked,
    /// Requests of HTTP/1.1 need no `Host`.
    HostMissing,
    /// `Host` may differ from the authority in the request's target; the latter decides.
    HostDiffers,
    /// A target may be `https` on a connection without TLS: something in front decrypts.
    HttpsOverPlain,
    /// Names that only differ from a framing field's by underscores are ordinary names.
    LookAlikes,
    /// The same as the first for backends' answers.
    BackendBareLineFeed,
    /// The same as the second for backends' answers.
    BackendRepeatedContentLength,
    /// The same as the third for backends' answers.
    BackendContentLengthWithChunked,
}

/// The points that are relaxed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relaxed(u16);

/// What is not insisted on while framing is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lenience {
    pub(super) bare_line_feed: bool,
    pub(super) repeated_length: bool,
    pub(super) length_with_chunked: bool,
}

impl Relaxed {
    /// Whether `point` is.
    pub const fn has(self, point: Point) -> bool {
        self.0 & (1 << point as u16) != 0
    }

    /// What may be lax about requests' framing.
    pub const fn of_requests(self) -> Lenience {
        Lenience {
            bare_line_feed: self.has(Point::BareLineFeed),
            repeated_length: self.has(Point::RepeatedContentLength),
            length_with_chunked: self.has(Point::ContentLengthWithChunked),
        }
    }

    /// What may be lax about answers' framing.
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
