//! `AWS::Serverless::Function`.

use serde_json::{Map, Value, json};

use super::api::Apis;
use super::events::{self, Target};
use super::policies::{granted, managed};
use super::roles::{self, NewRole};
use super::{FUNCTION, Made, Source, hash, location, tags};

/// Properties that are the same in CloudFormation.
const RENAMED: &[(&str, &str)] = &[
    ("FunctionName", "FunctionName"),
    ("Handler", "Handler"),
    ("Runtime", "Runtime"),
    ("Description", "Description"),
    ("MemorySize", "MemorySize"),
    ("Timeout", "Timeout"),
    ("Environment", "Environment"),
    ("Layers", "Layers"),
    ("Architectures", "Architectures"),
    ("EphemeralStorage", "EphemeralStorage"),
    ("ReservedConcurrentExecutions", "ReservedConcurrentExecutions"),
    ("VpcConfig", "VpcConfig"),
    ("KmsKeyArn", "KmsKeyArn"),
    ("FileSystemConfigs", "FileSystemConfigs"),
    ("PackageType", "PackageType"),
    ("ImageConfig", "ImageConfig"),
    ("CodeSigningConfigArn", "CodeSigningConfigArn"),
    ("SnapStart", "SnapStart"),
    ("LoggingConfig", "LoggingConfig"),
    ("RuntimeManagementConfig", "RuntimeManagementConfig"),
    ("RecursiveLoop", "RecursiveLoop"),
];

/// The tag that says who made a function.
const CREATOR: &str = "lambda:createdBy";

/// Makes a function with its role, its alias and what its events need.
pub(super) fn translate(mut source: Source, apis: &mut Apis, made: &mut Made) {
    let (id, at) = (source.id.clone(), source.at());
    let mut properties = Map::new();
    let code = code(&mut source, &at, made);
    properties.extend(code.clone().map(|code| ("Code".to_owned(), code)));
    source.rename(RENAMED, &mut properties);
    let own_tags = source.take("Tags");
    let tracing = source.take("Tracing");
    properties.extend(
        tracing
            .clone()
            .filter(|mode| mode != "Disabled")
            .map(|mode| ("TracingConfig".to_owned(), json!({ "Mode": mode }))),
    );
    if let Some(queue) = source.take("DeadLetterQueue") {
        properties.insert("DeadLetterConfig".to_owned(), json!({ "TargetArn": queue.get("TargetArn") }));
    }
    let policies = source.take("Policies");
    match source.take("Role") {
        Some(role) => {
            properties.insert("Role".to_owned(), role);
            source.take("RolePath");
            source.take("PermissionsBoundary");
            source.take("AssumeRolePolicyDocument");
        }
        None => {
            let role = format!("{id}Role");
            let mut granted = granted(policies, &role, &at, made);
            let mut basics = vec![managed("AWSLambdaBasicExecutionRole")];
            if tracing.is_some_and(|mode| mode != "Disabled") {
                basics.push(managed("AWSXrayWriteOnlyAccess"));
            }
            if properties.contains_key("VpcConfig") {
                basics.push(managed("AWSLambdaVPCAccessExecutionRole"));
            }
            let events = source.properties.get("Events").and_then(Value::as_object);
            let kinds = events.into_iter().flatten().filter_map(|(_, event)| event.get("Type")?.as_str());
            for polled in kinds.filter_map(events::polled) {
                let policy = managed(polled.policy);
                if !basics.contains(&policy) {
                    basics.push(policy);
                }
            }
            basics.append(&mut granted.managed);
            granted.managed = basics;
            properties.insert("Role".to_owned(), json!({ "Fn::GetAtt": [role, "Arn"] }));
            let new = NewRole { id: role, service: "lambda.amazonaws.com", granted, creator: CREATOR };
            roles::add(new, &mut source, own_tags.clone(), made);
        }
    }
    source.take("PropagateTags");
    properties.insert("Tags".to_owned(), tags(own_tags, Some(CREATOR)));
    let alias = alias(&mut source, &properties, code, made);
    let name = json!({ "Ref": alias.as_ref().unwrap_or(&id) });
    let arn = match &alias {
        // An alias answers its ARN.
        Some(alias) => format!("${{{alias}}}"),
        None => format!("${{{id}.Arn}}"),
    };
    let target = Target::Function { id: &id, name, arn };
    let events = source.take("Events");
    events::translate(events, &target, &source, apis, made);
    url(&mut source, alias.as_deref(), made);
    if let Some(config) = source.take("EventInvokeConfig") {
        invoke_config(&source, alias.as_deref(), config, made);
    }
    source.refuse_rest(FUNCTION, made);
    made.put(id, "AWS::Lambda::Function", properties, &source);
}

/// The code: a location in S3, a folder beside the template, text or an image.
fn code(source: &mut Source, at: &str, made: &mut Made) -> Option<Value> {
    let (uri, text, image) = (source.take("CodeUri"), source.take("InlineCode"), source.take("ImageUri"));
    match (uri, text, image) {
        (Some(uri), None, None) => Some(location(uri, ["S3Bucket", "S3Key", "S3ObjectVersion"])),
        (None, Some(text), None) => Some(json!({ "ZipFile": text })),
        (None, None, Some(image)) => Some(json!({ "ImageUri": image })),
        (None, None, None) => {
            made.refuse(at, "CodeUri, InlineCode or ImageUri is missing");
            None
        }
        _ => {
            made.refuse(at, "only one of CodeUri, InlineCode and ImageUri may be given");
            None
        }
    }
}

/// Publishes a version whenever the code changes, and gives it the alias of `AutoPublishAlias`.
fn alias(
    source: &mut Source,
    properties: &Map<String, Value>,
    code: Option<Value>,
    made: &mut Made,
) -> Option<String> {
    let (name, hashed) = (source.take("AutoPublishAlias"), source.take("AutoPublishCodeSha256"));
    let all = source.take("AutoPublishAliasAllProperties").is_some_and(|all| all == json!(true));
    let provisioned = source.take("ProvisionedConcurrencyConfig");
    let description = source.take("VersionDescription");
    let id = &source.id;
    let name = match name {
        Some(Value::String(name)) => name,
        Some(_) => {
            let at = format!("{}/AutoPublishAlias", source.at());
            made.refuse(at, "expected a text, because the alias's logical id has its name");
            return None;
        }
        None => {
            if provisioned.is_some() {
                made.refuse(
                    format!("{}/ProvisionedConcurrencyConfig", source.at()),
                    "needs AutoPublishAlias",
                );
            }
            return None;
        }
    };
    let basis = match (all, hashed, code) {
        (true, ..) => Value::Object(properties.clone()),
        (false, Some(hashed), _) => hashed,
        (false, None, code) => code.unwrap_or_default(),
    };
    let version = format!("{id}Version{}", hash(&basis));
    let mut published = Map::from_iter([("FunctionName".to_owned(), json!({ "Ref": id }))]);
    published.extend(description.map(|text| ("Description".to_owned(), text)));
    let mut resource = json!({
        "Type": "AWS::Lambda::Version", "DeletionPolicy": "Retain", "Properties": published,
    });
    if let Some(condition) = &source.condition {
        resource["Condition"] = condition.clone();
    }
    made.resources.insert(version.clone(), resource);
    let alias = format!("{id}Alias{}", alphanumeric(&name));
    let mut of_alias = Map::from_iter([
        ("Name".to_owned(), json!(name)),
        ("FunctionName".to_owned(), json!({ "Ref": id })),
        ("FunctionVersion".to_owned(), json!({ "Fn::GetAtt": [version, "Version"] })),
    ]);
    of_alias.extend(provisioned.map(|config| ("ProvisionedConcurrencyConfig".to_owned(), config)));
    made.add(alias.clone(), "AWS::Lambda::Alias", of_alias, source);
    made.references.part(id, "Alias", &alias);
    made.references.part(id, "Version", &version);
    Some(alias)
}

/// The letters and digits of a name, which is all that a logical id may have.
pub(super) fn alphanumeric(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn url(source: &mut Source, alias: Option<&str>, made: &mut Made) {
    let Some(Value::Object(config)) = source.take("FunctionUrlConfig") else { return };
    let id = source.id.clone();
    let auth = config.get("AuthType").cloned().unwrap_or_else(|| json!("AWS_IAM"));
    let mut properties = config;
    let target = json!({ "Ref": alias.unwrap_or(&id) });
    properties.insert("TargetFunctionArn".to_owned(), json!({ "Ref": id }));
    if alias.is_some() {
        // The alias's name, not its ARN.
        let name = made
            .resources
            .get(alias.unwrap_or_default())
            .and_then(|it| it.pointer("/Properties/Name"))
            .cloned();
        properties.extend(name.map(|name| ("Qualifier".to_owned(), name)));
    }
    made.add(format!("{id}Url"), "AWS::Lambda::Url", properties, source);
    if auth == "NONE" {
        let public = json!({
            "Action": "lambda:InvokeFunctionUrl", "FunctionName": target, "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        });
        let public = public.as_object().cloned().unwrap_or_default();
        made.add(format!("{id}UrlPublicPermissions"), "AWS::Lambda::Permission", public, source);
    }
}

fn invoke_config(source: &Source, alias: Option<&str>, config: Value, made: &mut Made) {
    let id = &source.id;
    let mut properties = Map::from_iter([("FunctionName".to_owned(), json!({ "Ref": id }))]);
    let name = alias.and_then(|alias| made.resources.get(alias)?.pointer("/Properties/Name").cloned());
    properties.insert("Qualifier".to_owned(), name.unwrap_or_else(|| json!("$LATEST")));
    for (name, other) in [
        ("MaximumEventAgeInSeconds", "MaximumEventAgeInSeconds"),
        ("MaximumRetryAttempts", "MaximumRetryAttempts"),
    ] {
        properties.extend(config.get(name).map(|value| (other.to_owned(), value.clone())));
    }
    if let Some(Value::Object(destinations)) = config.get("DestinationConfig") {
        let mut kept = Map::new();
        for (when, destination) in destinations {
            match destination.get("Destination") {
                Some(arn) => {
                    kept.insert(when.clone(), json!({ "Destination": arn }));
                }
                None => made.refuse(
                    format!("{}/EventInvokeConfig/DestinationConfig/{when}", source.at()),
                    "a destination that the transform would make is not supported: name one",
                ),
            }
        }
        properties.insert("DestinationConfig".to_owned(), kept.into());
    }
    made.add(format!("{id}EventInvokeConfig"), "AWS::Lambda::EventInvokeConfig", properties, source);
}
