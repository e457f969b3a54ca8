//! What can be wrong with a path, and with applying it.

/// Text that is no path. `Display` is Jayway's message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathError {
    /// Offset into the path, in characters, where reading stopped.
    pub position: usize,
    /// Jayway's words, for example `Path must not end with a '.' or '..'`.
    pub message: String,
}

/// Why a path could not be read from a document. `Display` is Jayway's message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A definite path leads nowhere (Jayway's `PathNotFoundException`).
    #[error("{message}")]
    NotFound {
        /// `No results for path: $['X']`, `Missing property in path $['no']`, …
        message: String,
        /// Whether the array is there that the path's last step counts in, and only ends before it.
        is_past_end: bool,
    },
    /// The path turned out not to fit the document (Jayway's `InvalidPathException` at read time).
    #[error("{message}")]
    InvalidPath {
        /// `Function with name: x does not exist.`, `Filter: [?] can not be applied to primitives. …`
        message: String,
    },
    /// A function or a relation could not work with what it was given (Jayway's `JsonPathException`).
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
        /// The bound that was met.
        limit: usize,
    },
}

/// Why a value could not be put where a reference path points.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A property was asked of something that is not an object.
    #[error("the node at {at} is not an object")]
    NotAnObject {
        /// Where, as a normalised path.
        at: String,
    },
    /// An index was asked of something that is not an array.
    #[error("the node at {at} is not an array")]
    NotAnArray {
        /// Where, as a normalised path.
        at: String,
    },
    /// The array has no such slot, and slots are never made.
    #[error("the array at {at} has no slot {index}")]
    NoSuchSlot {
        /// Where, as a normalised path.
        at: String,
        /// The index asked for.
        index: usize,
    },
}
