//! `AWS::Lambda::Function`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html>

mod inline_code;

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, patch_value,
    renamed, tag_map, text,
};

/// A function.
pub(super) static ROW: Row = Row {
    type_name: "AWS::Lambda::Function",
    properties: &[
        "FunctionName",
        "Code",
        "Runtime",
        "Handler",
        "Role",
        "Description",
        "Timeout",
        "MemorySize",
        "Environment",
        "EphemeralStorage",
        "Layers",
        "Architectures",
        "DeadLetterConfig",
        "LoggingConfig",
        "PackageType",
        "RecursiveLoop",
        "ReservedConcurrentExecutions",
        "RuntimeManagementConfig",
        "SnapStart",
        "TracingConfig",
        "Tags",
    ],
    identity: &["FunctionName", "PackageType"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, LAMBDA, "DeleteFunction", json!({ "FunctionName": made.reference })))
    },
    guess: |id| {
        let attributes = [
            ("Arn", lambda_arn("function", id)),
            ("SnapStartResponse.ApplyOn", "None".to_owned()),
            ("SnapStartResponse.OptimizationStatus", "Off".to_owned()),
        ];
        (id.to_owned(), attributes.into())
    },
    ..Row::PLAIN
};

pub(super) const LAMBDA: &str = "lambda";

/// What a member is set to where a template no longer has it.
type Reset = fn() -> Value;

/// Members that have the same name in the template and in the operations, and what an operation is told where the
/// template no longer has one.
const CONFIGURATION: &[(&str, Reset)] = &[
    ("Runtime", || Value::Null),
    ("Handler", || Value::Null),
    ("Role", || Value::Null),
    ("Description", || json!("")),
    ("Timeout", || json!(3)),
    ("MemorySize", || json!(128)),
    ("Environment", || json!({ "Variables": {} })),
    ("EphemeralStorage", || json!({ "Size": 512 })),
    ("Layers", || json!([])),
    ("DeadLetterConfig", || json!({ "TargetArn": "" })),
    ("LoggingConfig", || json!({ "LogFormat": "Text" })),
    ("SnapStart", || json!({ "ApplyOn": "None" })),
    ("TracingConfig", || json!({ "Mode": "PassThrough" })),
];

/// The ARN that something of Lambda called `id` would have.
pub(super) fn lambda_arn(kind: &str, id: &str) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:{kind}:{id}")
}

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "FunctionName").unwrap_or_else(|| naming.generated(64));
    let mut input = Map::from_iter([("FunctionName".to_owned(), json!(name))]);
    let members: Vec<(&str, &str)> = CONFIGURATION.iter().map(|(member, _)| (*member, *member)).collect();
    input.extend(renamed(properties, &members));
    input.extend(renamed(properties, &[("Architectures", "Architectures"), ("PackageType", "PackageType")]));
    input.insert("Code".to_owned(), code("CreateFunction", properties)?.into());
    input.extend(tag_map(properties).map(|tags| ("Tags".to_owned(), tags)));
    let made = call(operations, LAMBDA, "CreateFunction", input.into()).await?;
    if let Err(error) = configure_beside(operations, &name, &Properties::new(), properties).await {
        // A function that is not whole is none.
        call(operations, LAMBDA, "DeleteFunction", json!({ "FunctionName": name })).await?;
        return Err(error);
    }
    Ok(attributes(name, &made))
}

fn attributes(name: String, answer: &Value) -> Attributes {
    let snap_start = answer.get("SnapStart").cloned().unwrap_or_default();
    let attributes = [
        ("Arn".to_owned(), text(answer, "FunctionArn").to_owned()),
        ("SnapStartResponse.ApplyOn".to_owned(), text(&snap_start, "ApplyOn").to_owned()),
        (
            "SnapStartResponse.OptimizationStatus".to_owned(),
            text(&snap_start, "OptimizationStatus").to_owned(),
        ),
    ];
    Attributes { reference: name, attributes: attributes.into() }
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let name = &made.reference;
    let mut made = made.clone();
    let is_changed = |member: &str| old.get(member) != new.get(member);
    let named = |mut input: Map<String, Value>| {
        input.insert("FunctionName".to_owned(), json!(name));
        Value::Object(input)
    };
    let mut configuration = Map::new();
    for (member, default) in CONFIGURATION {
        if is_changed(member) {
            configuration.insert((*member).to_owned(), new.get(*member).cloned().unwrap_or_else(default));
        }
    }
    if !configuration.is_empty() {
        let answer = call(operations, LAMBDA, "UpdateFunctionConfiguration", named(configuration)).await?;
        made = attributes(name.clone(), &answer);
    }
    // Inline code is packed for a runtime: the file's name follows it.
    let is_packed_anew =
        is_changed("Runtime") && new.get("Code").is_some_and(|code| code.get("ZipFile").is_some());
    if is_changed("Code") || is_changed("Architectures") || is_packed_anew {
        let mut input = code("UpdateFunctionCode", new)?;
        let architectures = new.get("Architectures").cloned().unwrap_or_else(|| json!(["x86_64"]));
        input.insert("Architectures".to_owned(), architectures);
        call(operations, LAMBDA, "UpdateFunctionCode", named(input)).await?;
    }
    configure_beside(operations, name, old, new).await?;
    let arn = made.attributes.get("Arn").cloned().unwrap_or_default();
    retag(operations, &arn, old, new).await?;
    Ok(Updated::InPlace(made))
}

/// What the operations take of `Code`.
fn code(operation: &'static str, properties: &Properties) -> Result<Map<String, Value>, OperationError> {
    let code = properties.get("Code");
    let Some(source) = code.and_then(|code| code.get("ZipFile")) else { return package(operation, code) };
    let runtime = patch_value(properties.get("Runtime"));
    let archive = inline_code::packed(&patch_value(Some(source)), &runtime);
    let archive = archive.map_err(|message| refused(operation, message))?;
    let mut code = code.and_then(Value::as_object).cloned().unwrap_or_default();
    code.insert("ZipFile".to_owned(), json!(archive));
    Ok(code)
}

/// The archive of a folder that the template named, where CloudFormation has an object of S3.
pub(crate) const PACKED: &str = "Stepgate::Archive";

/// A package that is an object of S3 or was a folder.
pub(super) fn package(
    operation: &'static str,
    package: Option<&Value>,
) -> Result<Map<String, Value>, OperationError> {
    match package {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(package)) => {
            let packed = package.get(PACKED).map(|archive| ("ZipFile".to_owned(), archive.clone()));
            Ok(packed.map_or_else(|| package.clone(), |packed| Map::from_iter([packed])))
        }
        Some(Value::String(folder)) => {
            Err(refused(operation, format!("the folder {folder} was not sent with the template")))
        }
        Some(_) => Err(refused(operation, "a package is an object of S3 or a folder".to_owned())),
    }
}

fn refused(operation: &'static str, message: String) -> OperationError {
    OperationError { operation, code: "InvalidParameterValueException".to_owned(), message }
}

/// What has operations of its own.
async fn configure_beside(
    operations: &dyn Operations,
    name: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    reserve(operations, name, old, new).await?;
    let changed = |member: &str| (old.get(member) != new.get(member)).then(|| new.get(member));
    if let Some(given) = changed("RecursiveLoop") {
        let recursive_loop = given.cloned().unwrap_or_else(|| json!("Terminate"));
        let input = json!({ "FunctionName": name, "RecursiveLoop": recursive_loop });
        call(operations, LAMBDA, "PutFunctionRecursionConfig", input).await?;
    }
    if let Some(given) = changed("RuntimeManagementConfig") {
        let mut input = given.and_then(Value::as_object).cloned().unwrap_or_default();
        input.entry("UpdateRuntimeOn").or_insert_with(|| json!("Auto"));
        input.insert("FunctionName".to_owned(), json!(name));
        call(operations, LAMBDA, "PutRuntimeManagementConfig", input.into()).await?;
    }
    Ok(())
}

async fn reserve(
    operations: &dyn Operations,
    name: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    const RESERVED: &str = "ReservedConcurrentExecutions";
    if old.get(RESERVED) == new.get(RESERVED) {
        return Ok(());
    }
    let mut input = json!({ "FunctionName": name });
    match new.get(RESERVED) {
        Some(reserved) => {
            input[RESERVED] = reserved.clone();
            call(operations, LAMBDA, "PutFunctionConcurrency", input).await?;
        }
        None => {
            call(operations, LAMBDA, "DeleteFunctionConcurrency", input).await?;
        }
    }
    Ok(())
}

/// Gives what Lambda knows under `arn` the tags of `new` in place of those of `old`.
async fn retag(
    operations: &dyn Operations,
    arn: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    let (old, new) = (tag_map(old).unwrap_or_else(|| json!({})), tag_map(new).unwrap_or_else(|| json!({})));
    let keys = old.as_object().into_iter().flat_map(Map::keys);
    let gone: Vec<&String> = keys.filter(|key| new.get(key.as_str()).is_none()).collect();
    if !gone.is_empty() {
        let input = json!({ "Resource": arn, "TagKeys": gone });
        call(operations, LAMBDA, "UntagResource", input).await?;
    }
    if old != new && new.as_object().is_some_and(|new| !new.is_empty()) {
        call(operations, LAMBDA, "TagResource", json!({ "Resource": arn, "Tags": new })).await?;
    }
    Ok(())
}
