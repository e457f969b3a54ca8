//! Errors in paths, and in applying them.

/// A text that is not a path. `Display` is Jayway's message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathError {
    /// The offset, in characters, where parsing stopped.
    pub position: usize,
    /// Jayway's message, for example `Path must not end with a '.' or '..'`.
    pub message: String,
}

/// Why a path could not be read from a document. `Display` is Jayway's message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A definite path matches nothing (Jayway's `PathNotFoundException`).
    #[error("{message}")]
    NotFound {
        /// `No results for path: $['X']`, `Missing property in path $['no']`, …
        message: String,
        /// Whether the array for the path's last index exists, but is shorter.
        is_past_end: bool,
    },
    /// The path does not fit the document (Jayway's `InvalidPathException` at read time).
    #[error("{message}")]
    InvalidPath {
        /// `Function with name: x does not exist.`, `Filter: [?] can not be applied to primitives. …`
        message: String,
    },
    /// A function or a relation got a value that it can't use (Jayway's `JsonPathException`).
    #[error("{message}")]
    Failed {
        /// `Aggregation function attempted to calculate value using empty array`, …
        message: String,
    },
    /// Reading visited more nodes, or found more results, than one read may.
    #[error("the path '{path}' needs more than {limit} steps to evaluate")]
    TooManySteps {
        /// The path as written.
        path: String,
        /// The limit that was reached.
        limit: usize,
    },
}

/// Why a value could not be written to a reference path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A step names a property of something that is not an object.
    #[error("the node at {at} is not an object")]
    NotAnObject {
        /// Where, as a normalized path.
        at: String,
    },
    /// A step is an index into something that is not an array.
    #[error("the node at {at} is not an array")]
    NotAnArray {
        /// Where, as a normalized path.
        at: String,
    },
    /// The array has no element at this index. Writing never adds elements.
    #[error("the array at {at} has no slot {index}")]
    NoSuchSlot {
        /// Where, as a normalized path.
        at: String,
        /// The index in the path.
        index: usize,
    },
}
