//! `AWS::SecretsManager::Secret`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html>

use serde_json::{Map, Value, json};

use super::{Native, Place, Tagging, fit, given, made, member, or_there, tag_list, text};
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Naming, Properties};
use crate::stack::operations::OperationError;

/// A secret.
pub(super) static SECRET: Native = Native {
    type_name: "AWS::SecretsManager::Secret",
    identity: &["Name"],
    create: |place, naming, properties| Box::pin(create(place, naming, properties)),
    update: |place, made, old, new| Box::pin(update(place, made, old, new)),
    delete: |place, made, _| {
        Box::pin(async move {
            let input = json!({ "SecretId": made.reference, "ForceDeleteWithoutRecovery": true });
            place.call(SERVICE, "DeleteSecret", input).await.map(drop)
        })
    },
};

const SERVICE: &str = "secretsmanager";
const TAGGING: Tagging = Tagging::by_list(SERVICE, "SecretId");

/// The secret: as given, or as the service makes it up.
async fn value(place: &Place<'_>, properties: &Properties) -> Result<Option<String>, OperationError> {
    if let Some(given) = text(properties, "SecretString") {
        return Ok(Some(given));
    }
    let Some(how) = properties.get("GenerateSecretString").and_then(Value::as_object) else {
        return Ok(None);
    };
    let mut input = Value::Object(how.clone());
    let truths = [
        "ExcludeLowercase",
        "ExcludeNumbers",
        "ExcludePunctuation",
        "ExcludeUppercase",
        "IncludeSpace",
        "RequireEachIncludedType",
    ];
    fit(&mut input, &["PasswordLength"], &truths);
    let mut template = None;
    if let Value::Object(input) = &mut input {
        template = input.shift_remove("SecretStringTemplate").zip(input.shift_remove("GenerateStringKey"));
    }
    let made = place.call(SERVICE, "GetRandomPassword", input).await?;
    let password = member(&made, "RandomPassword");
    let Some((Value::String(template), Value::String(key))) = template else { return Ok(Some(password)) };
    let mut members: Map<String, Value> = serde_json::from_str(&template)
        .map_err(|_| OperationError::said("SecretStringTemplate is not a JSON object"))?;
    members.insert(key, Value::String(password));
    Ok(Some(Value::Object(members).to_string()))
}

async fn create(
    place: &Place<'_>,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let named = text(properties, "Name");
    let is_named = named.is_some();
    let name = named.unwrap_or_else(|| naming.generated(255));
    let mut input = given(properties, &["Description", "KmsKeyId"]);
    input.insert("Name".to_owned(), json!(name));
    // An empty secret is the service's word for none.
    input.extend(value(place, properties).await?.map(|value| ("SecretString".to_owned(), json!(value))));
    input.extend(tag_list(properties).map(|tags| ("Tags".to_owned(), tags)));
    or_there(place.call(SERVICE, "CreateSecret", input.into()).await, naming, is_named)?;
    let found = place.call(SERVICE, "DescribeSecret", json!({ "SecretId": name })).await?;
    let arn = member(&found, "ARN");
    Ok(made(arn.clone(), &[("Id", &arn)]))
}

async fn update(
    place: &Place<'_>,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Attributes, OperationError> {
    let id = &made.reference;
    const DESCRIBED: &[&str] = &["Description", "KmsKeyId"];
    const VALUES: &[&str] = &["SecretString", "GenerateSecretString"];
    let differs = |names: &[&str]| names.iter().any(|name| old.get(*name) != new.get(*name));
    if differs(DESCRIBED) || differs(VALUES) {
        let mut input = given(new, DESCRIBED);
        input.insert("SecretId".to_owned(), json!(id));
        if differs(VALUES) {
            input.extend(value(place, new).await?.map(|value| ("SecretString".to_owned(), json!(value))));
        }
        place.call(SERVICE, "UpdateSecret", input.into()).await?;
    }
    TAGGING.change(place, id, old, new).await?;
    Ok(made.clone())
}
