//! Why a template can't be applied.

use super::operations::OperationError;
use crate::store;

/// What went wrong, and where in the template.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is neither YAML nor JSON.
    #[error("the template is not valid YAML or JSON: {0}")]
    Syntax(String),
    /// The document is not a valid CloudFormation template.
    #[error("{location}: {problem}")]
    Template {
        /// Slash path into the document.
        location: String,
        /// What is wrong.
        problem: String,
    },
    /// A resource type that this server doesn't support.
    #[error("Resources/{logical_id}: resource type {kind} is not supported; supported are {supported}")]
    UnsupportedType {
        /// The resource's name in the template.
        logical_id: String,
        /// Its type.
        kind: String,
        /// The supported types.
        supported: String,
    },
    /// A property that this server doesn't support.
    #[error("Resources/{logical_id}/Properties: property {property} of {kind} is not supported")]
    UnsupportedProperty {
        /// The resource's name in the template.
        logical_id: String,
        /// Its type.
        kind: &'static str,
        /// The property.
        property: String,
    },
    /// Resources that depend on each other in a cycle.
    #[error("circular dependency between resources: [{0}]")]
    Circular(String),
    /// An operation that the template requires was refused.
    #[error("Resources/{logical_id}: {refusal}")]
    Operation {
        /// The resource's name in the template.
        logical_id: String,
        /// The service's error.
        refusal: OperationError,
    },
    /// The stack's record cannot be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// A problem at a location in the template.
    pub(super) fn at(location: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Template { location: location.into(), problem: problem.into() }
    }
}
