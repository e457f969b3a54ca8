//! Paths of [UpdateApiKey](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateApiKey.html).

use super::{PatchOp, PatchOperation, replace_only};
use crate::apis::ApiKey;
use crate::apis::error::Error;

const PATHS: [&str; 4] = ["/description", "/enabled", "/name", "/customerId"];
const PATHS_PRINTED: &str = "[/description, /enabled, /name, /customerId]";

/// Applies `patches` to `key`, without checking the result.
pub(crate) fn patch_api_key(key: &mut ApiKey, patches: &[PatchOperation]) -> Result<(), Error> {
    for patch in patches {
        // Labels belong to AWS's marketplace, and no response shows them.
        let is_label = patch.path.as_deref() == Some("/labels") && patch.text().is_some();
        if is_label && matches!(patch.op, PatchOp::Add | PatchOp::Remove) {
            continue;
        }
        // The stages of keys (`apiId/stage`), from the time before usage plans, are the only list.
        let stage = patch.text().filter(|_| patch.path.as_deref() == Some("/stages"));
        match (patch.op, stage) {
            (PatchOp::Add, Some(stage)) => {
                key.stage_keys.insert(stage);
            }
            (PatchOp::Remove, Some(stage)) => {
                key.stage_keys.remove(&stage);
            }
            (PatchOp::Add | PatchOp::Remove, None)
            | (PatchOp::Replace | PatchOp::Move | PatchOp::Test | PatchOp::Copy, _) => {
                match replace_only(patch, &PATHS, PATHS_PRINTED)? {
                    "/description" => key.description = patch.text(),
                    "/enabled" => key.enabled = patch.boolean(),
                    "/name" => key.name = patch.text(),
                    _ => key.customer_id = patch.text(),
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::apis::fixtures::test_api_key;

    fn patched(patches: &[&str]) -> Result<ApiKey, String> {
        let mut key = test_api_key();
        let patches: Vec<PatchOperation> = patches.iter().map(|text| op(text)).collect();
        patch_api_key(&mut key, &patches).map_err(|error| error.to_string())?;
        Ok(key)
    }

    #[test]
    fn members_are_replaced_and_texts_cleared() {
        let key = patched(&["replace /name n", "replace /enabled false", "replace /customerId c"]).unwrap();
        assert_eq!(
            (key.name.as_deref(), key.enabled, key.customer_id.as_deref()),
            (Some("n"), false, Some("c"))
        );
        let key = patched(&["replace /description d", "replace /description", "replace /enabled x"]).unwrap();
        assert_eq!((key.description, key.enabled), (None, false));
    }

    #[test]
    fn stages_come_and_go() {
        let key = patched(&["add /stages a/dev", "add /stages b/dev", "remove /stages a/dev"]).unwrap();
        assert_eq!(key.stage_keys.into_iter().collect::<Vec<_>>(), ["b/dev"]);
    }

    #[test]
    fn labels_are_taken_and_shown_nowhere() {
        assert_eq!(patched(&["add /labels a", "remove /labels a"]).unwrap(), test_api_key());
        assert!(patched(&["replace /labels a"]).is_err());
    }

    #[test]
    fn the_value_and_the_id_stay() {
        assert_eq!(
            patched(&["replace /value x"]).unwrap_err(),
            "Invalid patch path  '/value' specified for op 'replace'. Must be one of: \
             [/description, /enabled, /name, /customerId]"
        );
        assert_eq!(
            patched(&["add /name x"]).unwrap_err(),
            "Invalid patch path  '/name' specified for op 'add'. Please choose supported operations"
        );
    }
}
