//! Why a template can't be applied.

use std::collections::BTreeSet;

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
        /// What CloudFormation says of it, if that is known.
        said: Option<String>,
    },
    /// A parameter's value that the template doesn't allow.
    #[error("Parameters/{name}: {problem}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What CloudFormation says of it.
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
    /// A resource type of a service that lives elsewhere, and of which the settings don't say where.
    #[error(
        "Resources/{logical_id}: resource type {kind} belongs to a service that this server doesn't have: set {setting}"
    )]
    Elsewhere {
        /// The resource's name in the template.
        logical_id: String,
        /// Its type.
        kind: String,
        /// The setting that would help.
        setting: String,
    },
    /// A property that this server doesn't support.
    #[error("Resources/{logical_id}/Properties: property {property} of {kind} is not supported")]
    UnsupportedProperty {
        /// The resource's name in the template.
        logical_id: String,
        /// Its type.
        kind: String,
        /// The property.
        property: String,
    },
    /// Several of these: all that is not supported, at once.
    #[error("{}", several(.0))]
    Several(Vec<Self>),
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

/// Each in a line; what is supported is said once.
fn several(errors: &[Error]) -> String {
    let mut lines: Vec<String> = Vec::with_capacity(errors.len());
    let mut supported_types = None;
    for error in errors {
        lines.push(match error {
            Error::UnsupportedType { logical_id, kind, supported } => {
                supported_types = Some(supported);
                format!("Resources/{logical_id}: resource type {kind} is not supported")
            }
            other => other.to_string(),
        });
    }
    lines.extend(supported_types.map(|supported| format!("supported are {supported}")));
    lines.join("\n")
}

impl Error {
    /// The resource that it is about, if it is about one.
    pub(super) fn logical_id(&self) -> Option<&str> {
        match self {
            Self::Operation { logical_id, .. }
            | Self::UnsupportedType { logical_id, .. }
            | Self::Elsewhere { logical_id, .. }
            | Self::UnsupportedProperty { logical_id, .. } => Some(logical_id),
            Self::Template { location, .. } => location.strip_prefix("Resources/")?.split('/').next(),
            Self::Several(_)
            | Self::Syntax(_)
            | Self::Parameter { .. }
            | Self::Circular(_)
            | Self::Store(_) => None,
        }
    }

    /// Why a resource could not be made, as its events say it.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Operation { refusal, .. } if refusal.operation.is_empty() => refusal.message.clone(),
            Self::Operation { refusal, .. } => {
                let OperationError { operation, code, message } = refusal;
                format!("Resource handler returned message: \"{message}\" ({operation}: {code})")
            }
            other => other.to_string(),
        }
    }

    /// Why a template is refused, as CloudFormation's operations say it.
    pub(super) fn as_validation(&self) -> String {
        match self {
            Self::UnsupportedType { .. } | Self::Elsewhere { .. } => {
                Self::unrecognized(std::slice::from_ref(self))
            }
            Self::Several(errors) => Self::unrecognized(errors),
            Self::Syntax(_) | Self::UnsupportedProperty { .. } => format!("Template format error: {self}"),
            Self::Circular(names) => format!("Circular dependency between resources: [{names}]"),
            Self::Parameter { problem, .. } => problem.clone(),
            Self::Template { said: Some(said), .. } => said.clone(),
            Self::Template { location, problem, .. } if location == "Stack" => problem.clone(),
            Self::Template { .. } | Self::Operation { .. } | Self::Store(_) => {
                format!("Template error: {self}")
            }
        }
    }

    /// Everything that isn't supported, types first, in CloudFormation's words as far as it has some.
    fn unrecognized(errors: &[Self]) -> String {
        let mut types: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut others = Vec::new();
        let mut settings = BTreeSet::new();
        for error in errors {
            match error {
                Self::UnsupportedType { logical_id, kind, .. } | Self::Elsewhere { logical_id, kind, .. } => {
                    if let Self::Elsewhere { setting, .. } = error {
                        settings.insert(format!("{kind} is made where {setting} says"));
                    }
                    match types.iter_mut().find(|(known, _)| known == kind) {
                        Some((_, ids)) => ids.push(logical_id),
                        None => types.push((kind, vec![logical_id])),
                    }
                }
                other => others.push(other.to_string()),
            }
        }
        let mut problems = Vec::new();
        if !types.is_empty() {
            let named: Vec<&str> = types.iter().map(|(kind, _)| *kind).collect();
            let ids = types.iter().map(|(kind, ids)| format!("{kind}: {}", ids.join(", ")));
            let ids = ids.collect::<Vec<_>>().join("; ");
            problems.push(format!("Unrecognized resource types: [{}] ({ids})", named.join(", ")));
        }
        problems.extend(settings);
        problems.extend(others);
        format!("Template format error: {}", problems.join("; "))
    }

    /// A problem at a location in the template.
    pub(super) fn at(location: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Template { location: location.into(), problem: problem.into(), said: None }
    }

    /// The same, for CloudFormation's operations in its own words.
    pub(super) fn said(self, words: impl Into<String>) -> Self {
        match self {
            Self::Template { location, problem, .. } => {
                Self::Template { location, problem, said: Some(words.into()) }
            }
            other => other,
        }
    }

    /// A reference from `location` to what the template does not have.
    pub(super) fn unresolved(location: &str, how: &str, name: &str) -> Self {
        let section = location.split('/').next().unwrap_or_default();
        Self::at(location, format!("{how} {name}, which the template does not have")).said(format!(
            "Template format error: Unresolved resource dependencies [{name}] in the {section} block of the template"
        ))
    }
}
