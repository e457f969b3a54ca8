//! The setting of what becomes of types that this server doesn't have.

use serde::Deserialize;

/// What becomes of resources whose types aren't known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownTypes {
    /// The template is refused.
    #[default]
    Refuse,
    /// It is gone on without them.
    Skip,
}
