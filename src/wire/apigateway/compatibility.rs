//! The API Gateway section of the compatibility page, generated from the tables.

use std::fmt::Write;

use super::operations::OPERATIONS;
use crate::apis::{WITHOUT_EFFECT, refused_features};
use crate::wire::{Handler, Operation};

/// The section as Markdown, without a heading: operations that aren't supported, features that can't be deployed,
/// settings without effect.
pub fn compatibility() -> String {
    let (supported, unsupported): (Vec<&Operation>, Vec<&Operation>) =
        OPERATIONS.iter().partition(|operation| matches!(operation.handler, Handler::Supported(_)));
    let mut text = format!("{} of {} operations are supported.", supported.len(), OPERATIONS.len());
    if !unsupported.is_empty() {
        text.push_str(" These answer that they are not:\n\n");
    }
    list(&mut text, unsupported.iter().map(|operation| operation.name));
    text.push('\n');
    text.push_str("\nCreateDeployment refuses an API that uses one of these, naming the method:\n\n");
    list(&mut text, refused_features());
    text.push_str("\nThese are accepted and shown, and have no effect:\n\n");
    list(&mut text, WITHOUT_EFFECT.iter().copied());
    text
}

fn list<'t>(text: &mut String, items: impl Iterator<Item = &'t str>) {
    for item in items {
        // Writing to a string can't fail.
        let _ = writeln!(text, "- {item}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_lists_what_is_missing_and_nothing_else() {
        let text = compatibility();
        assert!(text.starts_with("124 of 124 operations are supported.\n"));
        assert!(!text.contains("- CreateRestApi\n"));
        assert!(text.contains("- JWT authorizers with the algorithm ES512 are not supported\n"));
        assert_eq!(text.lines().filter(|line| line.contains("of 124 operations")).count(), 1);
    }
}
