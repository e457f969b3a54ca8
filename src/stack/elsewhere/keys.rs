//! `AWS::KMS::Key` and `AWS::KMS::Alias`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_KMS.html>

use serde_json::{Value, json};

use super::{Native, Place, Tagging, fit, given, made, member, tags, text};
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Naming, Properties};
use crate::stack::operations::OperationError;

/// A key.
pub(super) static KEY: Native = Native {
    type_name: "AWS::KMS::Key",
    identity: &["KeySpec", "KeyUsage", "MultiRegion", "Origin"],
    create: |place, naming, properties| Box::pin(create(place, naming, properties)),
    update: |place, made, old, new| {
        Box::pin(async move {
            settle(place, &made.reference, old, new).await?;
            Ok(made.clone())
        })
    },
    delete: |place, made, properties| {
        Box::pin(async move {
            let mut input = json!({ "KeyId": made.reference, "PendingWindowInDays": properties.get("PendingWindowInDays") });
            fit(&mut input, &["PendingWindowInDays"], &[]);
            if let Value::Object(input) = &mut input {
                input.retain(|_, value| !value.is_null());
            }
            match place.call(SERVICE, "ScheduleKeyDeletion", input).await {
                // Its deletion is scheduled already.
                Err(error) if error.code == "KMSInvalidStateException" => Ok(()),
                other => other.map(drop),
            }
        })
    },
};

/// Another name of a key.
pub(super) static ALIAS: Native = Native {
    type_name: "AWS::KMS::Alias",
    identity: &["AliasName"],
    create: |place, naming, properties| {
        Box::pin(async move {
            let name = text(properties, "AliasName").unwrap_or_default();
            let input = given(properties, &["AliasName", "TargetKeyId"]);
            match place.call(SERVICE, "CreateAlias", input.into()).await {
                Err(error) if error.code == "AlreadyExistsException" && naming.is_resumed => {}
                other => drop(other?),
            }
            Ok(made(name, &[]))
        })
    },
    update: |place, made, _, new| {
        Box::pin(async move {
            let input = json!({ "AliasName": made.reference, "TargetKeyId": new.get("TargetKeyId") });
            place.call(SERVICE, "UpdateAlias", input).await?;
            Ok(made.clone())
        })
    },
    delete: |place, made, _| {
        Box::pin(async move {
            place.call(SERVICE, "DeleteAlias", json!({ "AliasName": made.reference })).await.map(drop)
        })
    },
};

const SERVICE: &str = "kms";
const TAGGING: Tagging = Tagging { form: tag_keys, ..Tagging::by_list(SERVICE, "KeyId") };

async fn create(
    place: &Place<'_>,
    _: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    const SAME: &[&str] =
        &["BypassPolicyLockoutSafetyCheck", "Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin"];
    let mut input = given(properties, SAME);
    input.extend(text(properties, "KeyPolicy").map(|policy| ("Policy".to_owned(), json!(policy))));
    let tags = tags(properties);
    if !tags.is_empty() {
        input.insert("Tags".to_owned(), tag_keys(&tags));
    }
    let mut input = Value::Object(input);
    fit(&mut input, &[], &["BypassPolicyLockoutSafetyCheck", "MultiRegion"]);
    let created = place.call(SERVICE, "CreateKey", input).await?;
    let key = created.get("KeyMetadata").cloned().unwrap_or_default();
    let (id, arn) = (member(&key, "KeyId"), member(&key, "Arn"));
    let before = ["Description", "KeyPolicy", "Tags"];
    let before = given(properties, &before);
    if let Err(error) = settle(place, &id, &before, properties).await {
        // A key that is not what it should be, is nobody's.
        let _gone = place.call(SERVICE, "ScheduleKeyDeletion", json!({ "KeyId": id })).await;
        return Err(error);
    }
    Ok(made(id.clone(), &[("Arn", &arn), ("KeyId", &id)]))
}

fn tag_keys(tags: &[(String, String)]) -> Value {
    tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect()
}

/// Everything that can be changed.
async fn settle(
    place: &Place<'_>,
    id: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    let is = |properties: &Properties, name: &str, default: bool| {
        text(properties, name).map_or(default, |text| text == "true")
    };
    if text(old, "Description") != text(new, "Description") {
        let description = text(new, "Description").unwrap_or_default();
        let input = json!({ "KeyId": id, "Description": description });
        place.call(SERVICE, "UpdateKeyDescription", input).await?;
    }
    if text(old, "KeyPolicy") != text(new, "KeyPolicy")
        && let Some(policy) = text(new, "KeyPolicy")
    {
        let input = json!({ "KeyId": id, "PolicyName": "default", "Policy": policy });
        place.call(SERVICE, "PutKeyPolicy", input).await?;
    }
    let (was, wanted) = (is(old, "EnableKeyRotation", false), is(new, "EnableKeyRotation", false));
    if was != wanted {
        let operation = if wanted { "EnableKeyRotation" } else { "DisableKeyRotation" };
        place.call(SERVICE, operation, json!({ "KeyId": id })).await?;
    }
    let (was, wanted) = (is(old, "Enabled", true), is(new, "Enabled", true));
    if was != wanted {
        let operation = if wanted { "EnableKey" } else { "DisableKey" };
        place.call(SERVICE, operation, json!({ "KeyId": id })).await?;
    }
    TAGGING.change(place, id, old, new).await
}
