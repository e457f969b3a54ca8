//! Amazon Elastic Container Registry, as far as tools ask for it on their way: there are no repositories here.
//!
//! See <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::id::AccountRegion;
use crate::wire::{
    ApiError, Call, Code, Handler, JsonNames, Limits, Operation, Permission, Protocol, Registration, Route,
    Service, Shape, Special, Structure, handler, optional,
};

/// Amazon Elastic Container Registry, 2015-09-21.
pub static SERVICE: Service = Service {
    name: "ecr",
    protocol: Protocol::Json11(JsonNames {
        target_prefix: "AmazonEC2ContainerRegistry_V20150921",
        error_namespace: "",
    }),
    body_bytes_max: 1_048_576,
    operations: OPERATIONS,
    permissions,
    special: Special { violation: INVALID, ..Special::NONE },
};

/// The service, which has nothing.
pub fn service() -> Registration {
    SERVICE.on(())
}

const INVALID: Code = Code::model("InvalidParameterException", 400);
const NOT_FOUND: Code = Code::model("RepositoryNotFoundException", 400);

static NAME: Shape = Shape::string(2, 256);
static DESCRIBE: Structure = Structure::new(
    "DescribeRepositoriesRequest",
    &[
        optional("registryId", Shape::TEXT),
        optional("repositoryNames", Shape::List(&NAME, Limits { min: 1, max: 100 })),
        optional("nextToken", Shape::TEXT),
        optional("maxResults", Shape::integer(1, 1000)),
    ],
);
static NOTHING: Structure = Structure::new("Request", &[]);

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Target, input, handler }
}

static OPERATIONS: &[Operation] = &[
    row("BatchCheckLayerAvailability", &NOTHING, Handler::Unsupported),
    row("BatchGetImage", &NOTHING, Handler::Unsupported),
    row("CompleteLayerUpload", &NOTHING, Handler::Unsupported),
    row("CreateRepository", &NOTHING, Handler::Unsupported),
    row("DeleteRepository", &NOTHING, Handler::Unsupported),
    row("DescribeImages", &NOTHING, Handler::Unsupported),
    row("DescribeRepositories", &DESCRIBE, handler!(describe_repositories)),
    row("GetAuthorizationToken", &NOTHING, Handler::Unsupported),
    row("GetDownloadUrlForLayer", &NOTHING, Handler::Unsupported),
    row("InitiateLayerUpload", &NOTHING, Handler::Unsupported),
    row("ListImages", &NOTHING, Handler::Unsupported),
    row("PutImage", &NOTHING, Handler::Unsupported),
    row("UploadLayerPart", &NOTHING, Handler::Unsupported),
];

fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let names = input.get("repositoryNames").and_then(Value::as_array).into_iter().flatten();
    let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
    let arn = |name: &str| format!("arn:{partition}:ecr:{region}:{account}:repository/{name}");
    let needed: Vec<Permission> =
        names.filter_map(Value::as_str).map(|name| Permission::to(operation, Some(arn(name)))).collect();
    if needed.is_empty() { vec![Permission::to(operation, Some(arn("*")))] } else { needed }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    #[serde(default)]
    repository_names: Vec<String>,
}

async fn describe_repositories(call: &Call, input: Describe) -> Result<Value, ApiError> {
    match input.repository_names.first() {
        None => Ok(json!({ "repositories": [] })),
        Some(name) => Err(ApiError::new(
            NOT_FOUND,
            format!(
                "The repository with name '{name}' does not exist in the registry with id '{}'",
                call.home.account
            ),
        )),
    }
}
