//! Why a document is no policy.

/// What is wrong with a document. Messages name the element, not the document's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no JSON.
    #[error("the policy is no JSON: {0}")]
    Json(String),
    /// The document is larger than any that AWS takes.
    #[error("the policy has more than {0} bytes")]
    TooLarge(usize),
    /// An element has another type of value than it may have.
    #[error("{element} must be {expected}")]
    Type {
        /// The element.
        element: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// A word that is none of the element's.
    #[error("{element} has no value {word:?}")]
    Word {
        /// The element.
        element: &'static str,
        /// The word.
        word: String,
    },
    /// An element that policies, statements or principals don't have.
    #[error("there is no element {0}")]
    UnknownElement(String),
    /// An element that a statement needs.
    #[error("a statement needs {0}")]
    Missing(&'static str),
    /// An element and its negation in one statement, or an element that this kind of policy has none of.
    #[error("a statement may not have {0} here")]
    Excess(&'static str),
    /// A condition operator that IAM does not have.
    #[error("there is no condition operator {0}")]
    UnknownOperator(String),
    /// A value that the operator can't compare with.
    #[error("{operator} can't compare with {value:?}")]
    Operand {
        /// The operator.
        operator: String,
        /// The value.
        value: String,
    },
    /// A policy variable that does not end, or has no name.
    #[error("{0:?} has a malformed policy variable")]
    Variable(String),
}
