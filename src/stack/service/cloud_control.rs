//! AWS Cloud Control API, as far as the CDK's hotswaps call it: what a state machine is, and changes of it. A change is done
//! when the request is answered.
//!
//! <https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/Welcome.html>

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::actor;
use crate::id::AccountRegion;
use crate::stack::json_patch;
use crate::stack::kind::{Kind, live_state_machine};
use crate::stack::operations::{OperationError, Operations};
use crate::stack::stacks::Stacks;
use crate::wire::{
    ApiError, Call, Code, Handler, JsonNames, Operation, Permission, Protocol, Registration, Route, Service,
    Shape, Special, Split, Structure, handler, optional, required,
};

/// AWS Cloud Control API, 2021-09-30.
pub static SERVICE: Service = Service {
    name: "cloudcontrolapi",
    protocol: Protocol::Json10(JsonNames { target_prefix: "CloudApiService", error_namespace: "" }),
    body_bytes_max: 1_048_576,
    operations: OPERATIONS,
    permissions,
    special: Special {
        violation: Code::Validation,
        split: Some(Split {
            elsewhere: &[
                "CreateResource",
                "DeleteResource",
                "GetResource",
                "GetResourceRequestStatus",
                "UpdateResource",
            ],
            holds: |call| Box::pin(std::future::ready(holds(call))),
            by_default: true,
        }),
        ..Special::NONE
    },
};

/// The service, which changes things as `stacks` does.
pub fn service(stacks: Arc<Stacks>) -> Registration {
    SERVICE.on(stacks)
}

const UNSUPPORTED_ACTION: Code = Code::model("UnsupportedActionException", 400);
const NOT_FOUND: Code = Code::model("ResourceNotFoundException", 400);
const INVALID_REQUEST: Code = Code::model("InvalidRequestException", 400);
const NOT_UPDATABLE: Code = Code::model("NotUpdatableException", 400);
const SERVICE_FAILED: Code = Code::model("GeneralServiceException", 400);

static NOTHING: Structure = Structure::new("Request", &[]);
static GET: Structure = Structure::new(
    "GetResourceInput",
    &[
        required("TypeName", Shape::string(10, 196)),
        required("Identifier", Shape::string(1, 1_024)),
        optional("TypeVersionId", Shape::string(1, 128)),
        optional("RoleArn", Shape::string(20, 2_048)),
    ],
);
static UPDATE: Structure = Structure::new(
    "UpdateResourceInput",
    &[
        required("TypeName", Shape::string(10, 196)),
        required("Identifier", Shape::string(1, 1_024)),
        required("PatchDocument", Shape::string(1, 262_144)),
        optional("TypeVersionId", Shape::string(1, 128)),
        optional("RoleArn", Shape::string(20, 2_048)),
        optional("ClientToken", Shape::string(1, 128)),
    ],
);

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Target, input, handler }
}

static OPERATIONS: &[Operation] = &[
    row("CancelResourceRequest", &NOTHING, Handler::Unsupported),
    row("CreateResource", &NOTHING, Handler::Unsupported),
    row("DeleteResource", &NOTHING, Handler::Unsupported),
    row("GetResource", &GET, handler!(get_resource)),
    row("GetResourceRequestStatus", &NOTHING, Handler::Unsupported),
    row("ListResourceRequests", &NOTHING, Handler::Unsupported),
    row("ListResources", &NOTHING, Handler::Unsupported),
    row("UpdateResource", &UPDATE, handler!(update_resource)),
];

/// State machines are here; stacks make whatever else there is where the settings say.
fn holds(call: &Call) -> bool {
    matches!(call.operation.name, "GetResource" | "UpdateResource")
        && call.text("TypeName") == Some(Kind::StateMachine.type_name())
}

/// Policies call the service's actions CloudFormation's.
fn permissions(operation: &Operation, _: &Value, _: &AccountRegion) -> Vec<Permission> {
    vec![Permission::new(format!("cloudformation:{}", operation.name), "*")]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    type_name: String,
    identifier: String,
    patch_document: Option<String>,
    role_arn: Option<String>,
}

/// Calls in the name of whoever asks, who may do no more than by the service's own operations.
fn operations(call: &Call, named: &Named) -> Result<Arc<dyn Operations>, ApiError> {
    if named.type_name != Kind::StateMachine.type_name() {
        let message = format!("Resource type {} does not support this action here.", named.type_name);
        return Err(ApiError::new(UNSUPPORTED_ACTION, message));
    }
    if named.role_arn.is_some() {
        let message = "RoleArn is not supported: the resource is changed in the name of whoever asks.";
        return Err(ApiError::new(INVALID_REQUEST, message));
    }
    Ok(call.state::<Arc<Stacks>>().operations_of(&call.home, actor(call)?))
}

fn failed(named: &Named, error: &OperationError) -> ApiError {
    let (code, message) = match error.code.as_str() {
        "StateMachineDoesNotExist" => {
            let Named { type_name, identifier, .. } = named;
            (
                NOT_FOUND,
                format!("Resource of type '{type_name}' with identifier '{identifier}' was not found."),
            )
        }
        "AccessDeniedException" => (Code::AccessDenied, error.message.clone()),
        _ => (SERVICE_FAILED, format!("{}: {}", error.code, error.message)),
    };
    ApiError::new(code, message)
}

async fn get_resource(call: &Call, named: Named) -> Result<Value, ApiError> {
    let operations = operations(call, &named)?;
    let (_, properties) =
        live_state_machine(&*operations, &named.identifier).await.map_err(|error| failed(&named, &error))?;
    let description =
        json!({ "Identifier": named.identifier, "Properties": Value::Object(properties).to_string() });
    Ok(json!({ "TypeName": named.type_name, "ResourceDescription": description }))
}

async fn update_resource(call: &Call, named: Named) -> Result<Value, ApiError> {
    let operations = operations(call, &named)?;
    let (made, old) =
        live_state_machine(&*operations, &named.identifier).await.map_err(|error| failed(&named, &error))?;
    let patch = named.patch_document.as_deref().unwrap_or_default();
    let wrong = |problem: String| ApiError::new(INVALID_REQUEST, format!("PatchDocument: {problem}"));
    let patched = json_patch::patched(Value::Object(old.clone()), patch).map_err(wrong)?;
    let Value::Object(new) = patched else { return Err(wrong("it replaces all properties".to_owned())) };
    let kind = Kind::StateMachine;
    let mut new = new;
    if new.contains_key("DefinitionS3Location") {
        return Err(wrong("DefinitionS3Location is not supported: give DefinitionString".to_owned()));
    }
    if new.contains_key("Definition") {
        // The one that was is written in the other way.
        new.shift_remove("DefinitionString");
    }
    if let Some(unknown) = new.keys().find(|name| !kind.properties().contains(&name.as_str())) {
        return Err(wrong(format!("{} has no property {unknown}", kind.type_name())));
    }
    if kind.must_replace(&old, &new) {
        let message = "Invalid patch update: createOnlyProperties [/properties/StateMachineName, /properties/StateMachineType] cannot be updated";
        return Err(ApiError::new(NOT_UPDATABLE, message));
    }
    let updated = kind.update(&*operations, &call.home.region, &made, &old, &new).await;
    updated.map_err(|error| failed(&named, &error))?;
    let stacks = call.state::<Arc<Stacks>>();
    Ok(json!({ "ProgressEvent": {
        "TypeName": named.type_name,
        "Identifier": named.identifier,
        "RequestToken": stacks.ids.uuid().to_string(),
        "Operation": "UPDATE",
        "OperationStatus": "SUCCESS",
        "EventTime": stacks.clock.now().as_seconds_f64(),
    } }))
}
