//! Why a document is not a policy.

/// What is wrong with a document. Messages name the element, not its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not JSON.
    #[error("the policy is no JSON: {0}")]
    Json(String),
    /// The document is larger than any that AWS accepts.
    #[error("the policy has more than {0} bytes")]
    TooLarge(usize),
    /// An element's value has the wrong type.
    #[error("{element} must be {expected}")]
    Type {
        /// The element.
        element: &'static str,
        /// The expected type.
        expected: &'static str,
    },
    /// A value that the element doesn't allow, such as an unknown `Effect`.
    #[error("{element} has no value {word:?}")]
    Word {
        /// The element.
        element: &'static str,
        /// The word.
        word: String,
    },
    /// An unknown element of a policy, statement or principal.
    #[error("there is no element {0}")]
    UnknownElement(String),
    /// A required element of a statement is missing.
    #[error("a statement needs {0}")]
    Missing(&'static str),
    /// An element together with its negation, or an element that this kind of policy can't have.
    #[error("a statement may not have {0} here")]
    Excess(&'static str),
    /// A condition operator that IAM does not have.
    #[error("there is no condition operator {0}")]
    UnknownOperator(String),
    /// A value of the wrong type for its operator.
    #[error("{operator} can't compare with {value:?}")]
    Operand {
        /// The operator.
        operator: String,
        /// The value.
        value: String,
    },
    /// A policy variable that isn't closed, or has no name.
    #[error("{0:?} has a malformed policy variable")]
    Variable(String),
}
