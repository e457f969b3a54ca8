//! Tags.

use serde::{Deserialize, Serialize};

use crate::identity::iam;

/// A tag in IAM's form.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

impl From<Tag> for iam::Tag {
    fn from(tag: Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

impl From<iam::Tag> for Tag {
    fn from(tag: iam::Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}
