//! PATCH: lists of small changes to one thing, applied in order, all or none.
//!
//! Each kind of thing has a file with its paths. All functions work on a copy, and the caller stores it only if every
//! operation succeeded. See <https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html>.

mod account;
mod api_key;
mod authorizer;
mod domain_name;
mod gateway_response;
mod integration;
mod maps;
mod method;
mod method_setting;
mod pointer;
mod rest_api;
mod stage;
mod usage_plan;

pub(crate) use account::patch_account;
pub(crate) use api_key::patch_api_key;
pub(crate) use authorizer::patch_authorizer;
pub(crate) use domain_name::patch_domain_name;
pub(crate) use gateway_response::patch_gateway_response;
pub(crate) use integration::{patch_integration, patch_integration_response};
pub(crate) use method::{authorization_type, patch_method, patch_method_response};
pub(crate) use rest_api::patch_rest_api;
pub use stage::patch_stage;
pub(crate) use usage_plan::patch_usage_plan;

use super::error::BadRequest;
use super::words::words;

words! {
    /// The operation of a patch. `move` and `test` exist in the format, but no path supports them.
    pub enum PatchOp {
        Add = "add",
        Remove = "remove",
        Move = "move",
        Test = "test",
        Replace = "replace",
        Copy = "copy",
    }
}

/// See [PatchOperation](https://docs.aws.amazon.com/apigateway/latest/api/API_PatchOperation.html).
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct PatchOperation {
    /// The operation.
    pub op: PatchOp,
    /// What to change: a JSON pointer.
    pub path: Option<String>,
    /// The new value; always a string, whatever type it replaces.
    pub value: Option<String>,
    /// For `copy`: the source.
    pub from: Option<String>,
}

impl PatchOperation {
    /// The path as AWS prints it.
    fn printed_path(&self) -> &str {
        self.path.as_deref().unwrap_or("null")
    }

    /// The value; `""` counts as none, because both clear a text.
    pub(crate) fn text(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    /// The value as AWS parses booleans: anything other than `true` is false.
    pub(crate) fn boolean(&self) -> bool {
        self.value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Refuses every operation except `replace`, on a known path.
    fn only_replace(&self) -> Result<(), BadRequest> {
        match self.op {
            PatchOp::Replace => Ok(()),
            PatchOp::Add | PatchOp::Remove | PatchOp::Move | PatchOp::Test | PatchOp::Copy => {
                Err(BadRequest::PatchOp("[replace]"))
            }
        }
    }

    /// Refuses an operation that the path doesn't support; `paths` is the list of supported paths as AWS prints it.
    fn unsupported(&self, paths: &'static str) -> BadRequest {
        let (path, op) = (self.printed_path().to_owned(), self.op.as_str());
        BadRequest::UnsupportedPath { path, op, paths }
    }

    fn unknown_path(&self) -> BadRequest {
        BadRequest::PatchPath(self.printed_path().to_owned())
    }
}

/// A whole number; clients that treat it as a decimal write `5.000000`.
fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok().or_else(|| text.trim_end_matches('0').strip_suffix('.')?.parse().ok())
}

/// Checks an operation on a thing that supports only `replace`, on `paths`. The messages are those for resources,
/// models, request validators and the like. `printed` is the list as AWS prints it.
pub(crate) fn replace_only<'p>(
    patch: &'p PatchOperation,
    paths: &[&str],
    printed: &'static str,
) -> Result<&'p str, BadRequest> {
    let path = patch.printed_path();
    match patch.op {
        PatchOp::Replace if paths.contains(&path) => Ok(path),
        PatchOp::Replace => {
            Err(BadRequest::UnsupportedPath { path: path.to_owned(), op: patch.op.as_str(), paths: printed })
        }
        PatchOp::Add | PatchOp::Remove | PatchOp::Move | PatchOp::Test | PatchOp::Copy => {
            Err(BadRequest::UnsupportedOp { path: path.to_owned(), op: patch.op.as_str() })
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Parses `"replace /path value"`, the form of operations in test tables; the value may contain blanks.
    pub(crate) fn op(text: &str) -> PatchOperation {
        let mut words = text.splitn(3, ' ');
        let mut word = || words.next().map(str::to_owned);
        let op = word().and_then(|word| PatchOp::parse(&word)).unwrap();
        let (path, rest) = (word(), word());
        match op {
            PatchOp::Copy => PatchOperation { op, path, value: None, from: rest },
            PatchOp::Add | PatchOp::Remove | PatchOp::Move | PatchOp::Test | PatchOp::Replace => {
                PatchOperation { op, path, value: rest, from: None }
            }
        }
    }

    #[test]
    fn things_with_replace_only_word_their_refusals() {
        let check = |text: &str| {
            replace_only(&op(text), &["/description", "/schema"], "[/description, /schema]")
                .map(str::to_owned)
                .map_err(|error| error.to_string())
        };
        assert_eq!(check("replace /schema {}"), Ok("/schema".to_owned()));
        assert_eq!(
            check("replace /name x").unwrap_err(),
            "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]"
        );
        assert_eq!(
            check("add /wrong-path x").unwrap_err(),
            "Invalid patch path  '/wrong-path' specified for op 'add'. Please choose supported operations"
        );
    }

    #[test]
    fn whatever_is_not_true_is_false() {
        for (text, expect) in [("true", true), ("True", true), ("false", false), ("whatever", false)] {
            assert_eq!(op(&format!("replace /x {text}")).boolean(), expect, "{text}");
        }
        assert!(!op("replace /x").boolean());
    }
}
