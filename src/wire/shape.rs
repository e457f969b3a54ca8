//! Shapes: what an operation's input may contain, as data.
//!
//! Tables are written with the constructors below, one row for each member, named and ordered as in AWS's service
//! model:
//!
//! ```text
//! const NAME: Shape = Shape::string(1, 80);
//! static TAG: Structure = Structure::new("Tag", &[required("key", Shape::string(1, 128)), …]);
//! static INPUT: Structure = Structure::new("CreateActivityInput", &[
//!     required("name", NAME),
//!     optional("tags", Shape::list(&Shape::Structure(&TAG))),
//! ]);
//! ```

/// A structure: an operation's input, or part of one.
#[derive(Debug)]
pub struct Structure {
    /// The shape's name, as AWS prints it in constraint messages.
    pub name: &'static str,
    /// Its members.
    pub members: &'static [Member],
}

impl Structure {
    /// A structure of `members`.
    pub const fn new(name: &'static str, members: &'static [Member]) -> Self {
        Self { name, members }
    }

    /// The member called `name`.
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// One member of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The member's name in JSON bodies, in typed inputs and in constraint messages.
    pub name: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Where a rest-json request carries it. Other protocols carry everything in the body.
    pub location: Location,
    /// Whether AWS keeps its value out of messages.
    pub sensitive: bool,
    /// The shape of its value.
    pub shape: Shape,
}

/// Where a rest-json request carries a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the JSON body, under its own name.
    Body,
    /// In the path, as the label of this name.
    Uri(&'static str),
    /// In the query string, under this name. Lists repeat the name.
    Query(&'static str),
    /// In the query string: a map of all parameters that no other member takes.
    QueryMap,
    /// In the header of this name.
    Header(&'static str),
    /// In headers that begin so: a map of the rest of their names.
    HeaderMap(&'static str),
    /// The body itself, a document that the handler parses; see [`super::Call::payload`].
    Payload,
    /// The body itself, which is passed on as it is.
    RawPayload,
    /// The body as it comes, which the handler reads; see [`super::Call::stream`].
    Stream,
}

impl Location {
    /// Whether it is the body itself.
    pub fn is_payload(self) -> bool {
        matches!(self, Self::Payload | Self::RawPayload | Self::Stream)
    }
}

/// A required member.
pub const fn required(name: &'static str, shape: Shape) -> Member {
    Member { name, required: true, location: Location::Body, sensitive: false, shape }
}

/// An optional member.
pub const fn optional(name: &'static str, shape: Shape) -> Member {
    Member { name, required: false, location: Location::Body, sensitive: false, shape }
}

impl Member {
    /// The same member at another location.
    pub const fn at(self, location: Location) -> Self {
        Self { location, ..self }
    }

    /// The same member, with its value kept out of messages.
    pub const fn secret(self) -> Self {
        Self { sensitive: true, ..self }
    }
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A string, limited in characters.
    String(Limits, Option<&'static Pattern>),
    /// A string, limited in UTF-8 bytes instead of characters.
    ByteString(Limits),
    /// One of these words, in the order in which AWS prints them.
    Enum(&'static [&'static str]),
    /// A 32-bit integer.
    Integer(Limits),
    /// A 64-bit integer.
    Long(Limits),
    /// A floating-point number; the limits are whole numbers.
    Float(Limits),
    /// A boolean.
    Boolean,
    /// A time: epoch seconds, or ISO 8601.
    Timestamp,
    /// Bytes; in JSON, Base64.
    Blob,
    /// A list.
    List(&'static Self, Limits),
    /// A map with string keys.
    Map(&'static Self, &'static Self, Nulls),
    /// A structure.
    Structure(&'static Structure),
}

/// What happens to null values in a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// They count as absent.
    Dropped,
    /// They are kept, because the key alone has a meaning.
    Kept,
}

/// The smallest and largest length or value allowed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The smallest.
    pub min: i64,
    /// The largest.
    pub max: i64,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { min: i64::MIN, max: i64::MAX };
}

/// A regular expression of the service model: its text, and the same rule as code that can't backtrack.
#[derive(Debug)]
pub struct Pattern {
    /// The expression as AWS prints it.
    pub text: &'static str,
    /// Whether a text matches it.
    pub matches: fn(&str) -> bool,
}

impl Shape {
    /// A string without limits.
    pub const TEXT: Self = Self::String(Limits::NONE, None);
    /// A 32-bit integer without limits of its own.
    pub const INT: Self = Self::Integer(Limits::NONE);

    /// A string of `min` to `max` characters.
    pub const fn string(min: i64, max: i64) -> Self {
        Self::String(Limits { min, max }, None)
    }

    /// A string of `min` to `max` characters that matches `pattern`.
    pub const fn pattern(min: i64, max: i64, pattern: &'static Pattern) -> Self {
        Self::String(Limits { min, max }, Some(pattern))
    }

    /// A 32-bit integer from `min` to `max`.
    pub const fn integer(min: i64, max: i64) -> Self {
        Self::Integer(Limits { min, max })
    }

    /// A map whose null values count as absent.
    pub const fn map(key: &'static Self, item: &'static Self) -> Self {
        Self::Map(key, item, Nulls::Dropped)
    }

    /// A list of any length.
    pub const fn list(item: &'static Self) -> Self {
        Self::List(item, Limits::NONE)
    }

    /// A map from strings to strings.
    pub const STRING_MAP: Self = Self::map(&Self::TEXT, &Self::TEXT);
    /// A list of strings.
    pub const STRING_LIST: Self = Self::List(&Self::TEXT, Limits::NONE);
}
