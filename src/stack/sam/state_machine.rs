//! `AWS::Serverless::StateMachine`.

use serde_json::{Map, Value, json};

use super::api::Apis;
use super::events::{self, Target};
use super::function::alphanumeric;
use super::policies::granted;
use super::roles::{self, NewRole};
use super::{Made, STATE_MACHINE, Source, hash, location, tags};

/// Properties that have another name in CloudFormation.
const RENAMED: &[(&str, &str)] = &[
    ("Name", "StateMachineName"),
    ("Type", "StateMachineType"),
    ("DefinitionSubstitutions", "DefinitionSubstitutions"),
    ("Logging", "LoggingConfiguration"),
    ("Tracing", "TracingConfiguration"),
];

/// The tag that says who made a state machine.
const CREATOR: &str = "stateMachine:createdBy";

/// Makes a state machine with its role, its alias and what its events need.
pub(super) fn translate(mut source: Source, apis: &mut Apis, made: &mut Made) {
    let (id, at) = (source.id.clone(), source.at());
    let mut properties = Map::new();
    match (source.take("Definition"), source.take("DefinitionUri")) {
        (Some(definition), None) => {
            properties.insert("Definition".to_owned(), definition);
        }
        (None, Some(uri)) => {
            let names = ["Bucket", "Key", "Version"];
            properties.insert("DefinitionS3Location".to_owned(), location(uri, names));
        }
        (None, None) => made.refuse(&at, "either Definition or DefinitionUri must be given"),
        (Some(_), Some(_)) => made.refuse(&at, "only one of Definition and DefinitionUri may be given"),
    }
    source.rename(RENAMED, &mut properties);
    let own_tags = source.take("Tags");
    source.take("PropagateTags");
    let (role, policies) = (source.take("Role"), source.take("Policies"));
    match role {
        Some(role) => {
            if policies.is_some() {
                made.refuse(&at, "Role and Policies exclude each other");
            }
            source.take("RolePath");
            source.take("PermissionsBoundary");
            properties.insert("RoleArn".to_owned(), role);
        }
        None => {
            let role = format!("{id}Role");
            let mut granted = granted(policies, &role, &at, made);
            let is_traced =
                properties.get("TracingConfiguration").and_then(|it| it.get("Enabled")) == Some(&json!(true));
            if is_traced {
                granted.managed.insert(0, super::policies::managed("AWSXrayWriteOnlyAccess"));
            }
            properties.insert("RoleArn".to_owned(), json!({ "Fn::GetAtt": [role, "Arn"] }));
            let new = NewRole { id: role, service: "states.amazonaws.com", granted, creator: CREATOR };
            roles::add(new, &mut source, own_tags.clone(), made);
        }
    }
    properties.insert("Tags".to_owned(), tags(own_tags, Some(CREATOR)));
    let alias = alias(&mut source, &properties, made);
    let by_alias = source.take("UseAliasAsEventTarget").is_some_and(|it| it == json!(true));
    if by_alias && alias.is_none() {
        made.refuse(&at, "UseAliasAsEventTarget needs AutoPublishAlias");
    }
    let target = alias.filter(|_| by_alias).unwrap_or_else(|| id.clone());
    let target = Target::StateMachine { id: &id, reference: target };
    let events = source.take("Events");
    events::translate(events, &target, &source, apis, made);
    source.refuse_rest(STATE_MACHINE, made);
    made.put(id, "AWS::StepFunctions::StateMachine", properties, &source);
}

/// Publishes a version of each revision, and gives it the alias of `AutoPublishAlias`.
fn alias(source: &mut Source, properties: &Map<String, Value>, made: &mut Made) -> Option<String> {
    let (name, preference) = (source.take("AutoPublishAlias"), source.take("DeploymentPreference"));
    let id = &source.id;
    let name = match name {
        Some(Value::String(name)) => name,
        Some(_) => {
            made.refuse(format!("{}/AutoPublishAlias", source.at()), "expected a text");
            return None;
        }
        None => {
            if preference.is_some() {
                made.refuse(format!("{}/DeploymentPreference", source.at()), "needs AutoPublishAlias");
            }
            return None;
        }
    };
    let version = format!("{id}Version{}", hash(&Value::Object(properties.clone())));
    let published = json!({
        "StateMachineArn": { "Ref": id },
        "StateMachineRevisionId": { "Fn::GetAtt": [id, "StateMachineRevisionId"] },
    });
    let mut resource = json!({
        "Type": "AWS::StepFunctions::StateMachineVersion", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
        "Properties": published,
    });
    if let Some(condition) = &source.condition {
        resource["Condition"] = condition.clone();
    }
    made.resources.insert(version.clone(), resource);
    let alias = format!("{id}Alias{}", alphanumeric(&name));
    let mut preference = match preference {
        Some(Value::Object(preference)) => preference,
        _ => Map::from_iter([("Type".to_owned(), json!("ALL_AT_ONCE"))]),
    };
    preference.insert("StateMachineVersionArn".to_owned(), json!({ "Ref": version }));
    let properties = Map::from_iter([
        ("Name".to_owned(), json!(name)),
        ("DeploymentPreference".to_owned(), preference.into()),
    ]);
    made.add(alias.clone(), "AWS::StepFunctions::StateMachineAlias", properties, source);
    made.references.part(id, "Alias", &alias);
    made.references.part(id, "Version", &version);
    Some(alias)
}
