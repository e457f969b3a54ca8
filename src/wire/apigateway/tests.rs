//! Operations as clients see them: tables of inputs with outputs or errors.

mod documentation;
mod exports;
mod openapi;
mod owned;
mod plans;
mod sdks;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::clock::{SeededIds, Timestamp, VirtualClock};
use crate::id::{AccountId, Region};
use crate::identity::Caller;
use crate::wire::harness;
use crate::wire::{Api, ApiError};

struct World {
    api: Api,
    dir: PathBuf,
    /// The values of `$api`, `$root`, … in inputs and outputs.
    names: Vec<(&'static str, String)>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl World {
    /// With an API, as `$api` and `$root`.
    async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-wire-apis-{}-{n}", std::process::id()));
        let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(1_700_000_000_999)));
        let ids = Arc::new(SeededIds::new(3));
        let api = harness::api(&dir, clock, ids, Arc::default()).await;
        let mut world = Self { api, dir, names: Vec::new() };
        let created = world.call("CreateRestApi", json!({"name": "test"})).await.unwrap();
        world.name("$api", &created["id"]);
        world.name("$root", &created["rootResourceId"]);
        world
    }

    fn name(&mut self, name: &'static str, value: &Value) {
        self.names.push((name, value.as_str().unwrap().to_owned()));
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        let named = |mut text: String| {
            for (name, value) in &self.names {
                text = text.replace(value, name);
            }
            text
        };
        let answer = self.raw(operation, input).await.map_err(|error| named(error.to_string()))?;
        Ok(serde_json::from_str(&named(String::from_utf8(answer.to_vec()).unwrap())).unwrap())
    }

    /// The response without conversion.
    async fn raw(&self, operation: &str, input: Value) -> Result<Bytes, ApiError> {
        let mut text = input.to_string();
        for (name, value) in &self.names {
            text = text.replace(name, value);
        }
        let caller = Caller::root(AccountId::parse("123456789012").unwrap());
        let region = Region::parse("us-east-1").unwrap();
        self.api.invoke(&crate::wire::apigateway::SERVICE, operation, text.into(), caller, region).await
    }

    #[track_caller]
    fn assert(got: Result<Value, String>, expect: Result<Value, &str>, what: &str) {
        assert_eq!(got, expect.map_err(str::to_owned), "{what}");
    }

    /// Runs a table of (operation, input, output or error).
    async fn check(&self, table: Vec<(&str, Value, Result<Value, &str>)>) {
        for (operation, input, expect) in table {
            let what = format!("{operation} {input}");
            Self::assert(self.call(operation, input).await, expect, &what);
        }
    }
}

#[tokio::test]
async fn rest_apis_show_what_aws_shows() {
    let world = World::new().await;
    let api = json!({
        "id": "$api", "name": "test", "createdDate": 1_700_000_000, "apiKeySource": "HEADER",
        "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
        "disableExecuteApiEndpoint": false, "rootResourceId": "$root",
    });
    let mut with_tags = api.clone();
    with_tags["tags"] = json!({});
    let mut with_policy = with_tags.clone();
    with_policy["policy"] = json!(r#"{\"a\":\"b\/c\"}"#);
    let policy = json!({"op": "replace", "path": "/policy", "value": r#"{"a":"b/c"}"#});
    world
        .check(vec![
            ("GetRestApi", json!({"restApiId": "$api"}), Ok(with_tags.clone())),
            ("GetRestApis", json!({}), Ok(json!({"item": [api]}))),
            ("GetRestApis", json!({"limit": 0}), Ok(json!({"item": []}))),
            ("UpdateRestApi", json!({"restApiId": "$api", "patchOperations": [policy]}), Ok(with_policy)),
            (
                "UpdateRestApi",
                json!({"restApiId": "$api", "patchOperations": [
                    {"op": "replace", "path": "/policy", "value": ""},
                ]}),
                Ok(with_tags),
            ),
            ("DeleteRestApi", json!({"restApiId": "$api"}), Ok(json!({}))),
            (
                "GetRestApi",
                json!({"restApiId": "$api"}),
                Err("NotFoundException: Invalid API identifier specified 123456789012:$api"),
            ),
        ])
        .await;
}

#[tokio::test]
async fn creating_apis_is_refused_in_the_words_of_aws() {
    let world = World::new().await;
    let endpoint = |kinds: Value, ip: Value| json!({"types": kinds, "ipAddressType": ip});
    let create = |more: Value| {
        let mut input = json!({"name": "x"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let private_v4 = endpoint(json!(["PRIVATE"]), json!("ipv4"));
    let mut table = Vec::new();
    for (input, error) in [
        (
            json!({}),
            "ValidationException: 1 validation error detected: Value null at 'createRestApiInput.name' failed to \
             satisfy constraint: Member must not be null",
        ),
        (create(json!({"description": ""})), "BadRequestException: Description cannot be an empty string"),
        (
            create(json!({"description": "", "endpointConfiguration": private_v4})),
            "BadRequestException: Description cannot be an empty string",
        ),
        (
            create(json!({"endpointConfiguration": private_v4})),
            "BadRequestException: Only dualstack ipAddressType is supported for Private APIs.",
        ),
        (
            create(json!({"endpointConfiguration": endpoint(json!(["PRIVATE"]), json!("wrong"))})),
            "ValidationException: 1 validation error detected: Value 'wrong' at \
             'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: Member must \
             satisfy enum value set: [ipv4, dualstack]",
        ),
        (
            create(json!({"endpointConfiguration": {"types": ["wrong"]}})),
            "ValidationException: 1 validation error detected: Value '[wrong]' at \
             'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy \
             constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]",
        ),
        (
            create(json!({"endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}})),
            "BadRequestException: Cannot create an api with multiple Endpoint Types.",
        ),
        (
            create(json!({"endpointConfiguration": {"types": []}})),
            "BadRequestException: REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.",
        ),
        (
            create(json!({"minimumCompressionSize": -1})),
            "BadRequestException: Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            create(json!({"cloneFrom": "nobody"})),
            "BadRequestException: Invalid REST API identifier specified",
        ),
    ] {
        table.push(("CreateRestApi", input, Err(error)));
    }
    world.check(table).await;
}

#[tokio::test]
async fn methods_and_integrations_show_what_aws_shows() {
    let mut world = World::new().await;
    let pets = json!({"restApiId": "$api", "parentId": "$root", "pathPart": "pets"});
    let pets = world.call("CreateResource", pets).await.unwrap();
    world.name("$pets", &pets["id"]);
    let on = |more: Value| {
        let mut input = json!({"restApiId": "$api", "resourceId": "$pets", "verb": "GET"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let method = json!({"httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": false});
    let mock = json!({
        "type": "MOCK", "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29000,
        "cacheNamespace": "$pets", "cacheKeyParameters": [],
    });
    let answer = json!({"statusCode": "200", "selectionPattern": "", "responseTemplates": {}});
    let mut whole = method.clone();
    whole["methodIntegration"] = mock.clone();
    whole["methodIntegration"]["integrationResponses"] = json!({"200": answer});
    let root = json!({"id": "$root", "path": "/"});
    let pets = |methods: Value| json!({"id": "$pets", "parentId": "$root", "pathPart": "pets", "path": "/pets", "resourceMethods": methods});
    let status = json!({"statusCode": "200"});
    world
        .check(vec![
            ("PutMethod", on(json!({"authorizationType": "none"})), Ok(method.clone())),
            (
                "PutMethod",
                on(json!({"authorizationType": "NONE"})),
                Err("ConflictException: Method already exists for this resource"),
            ),
            // A mock drops the verb and URI that it is given.
            (
                "PutIntegration",
                on(json!({"type": "MOCK", "httpMethod": "POST", "uri": "http://a.b"})),
                Ok(mock),
            ),
            (
                "PutIntegrationResponse",
                on(json!({"statusCode": "200", "responseTemplates": {"application/json": null}})),
                Ok(json!({"statusCode": "200", "responseTemplates": {"application/json": null}})),
            ),
            (
                "PutIntegrationResponse",
                on(json!({"statusCode": "200", "selectionPattern": "", "responseTemplates": {}})),
                Ok(answer),
            ),
            ("GetMethod", on(json!({})), Ok(whole.clone())),
            (
                "GetResources",
                json!({"restApiId": "$api"}),
                Ok(json!({"item": [root, pets(json!({"GET": {}}))]})),
            ),
            (
                "GetResource",
                json!({"restApiId": "$api", "resourceId": "$pets", "embed": ["methods"]}),
                Ok(pets(json!({"GET": whole}))),
            ),
            (
                "PutIntegrationResponse",
                on(json!({"statusCode": "200", "responseParameters": {"method.response.header.a": "'x'"}})),
                Err(
                    "BadRequestException: Invalid mapping expression specified: Validation Result: warnings : [], \
                     errors : [No method response exists for method.]",
                ),
            ),
            ("PutMethodResponse", on(status.clone()), Ok(status.clone())),
            (
                "PutMethodResponse",
                on(status),
                Err("ConflictException: Response already exists for this resource"),
            ),
            ("DeleteIntegration", on(json!({})), Ok(json!({}))),
            (
                "GetIntegration",
                on(json!({})),
                Err("NotFoundException: Invalid Integration identifier specified"),
            ),
            ("DeleteMethod", on(json!({})), Ok(json!({}))),
            ("GetMethod", on(json!({})), Err("NotFoundException: Invalid Method identifier specified")),
        ])
        .await;
}

#[tokio::test]
async fn methods_are_refused_in_the_words_of_aws() {
    let world = World::new().await;
    let on = |more: Value| {
        let mut input = json!({"restApiId": "$api", "resourceId": "$root", "verb": "GET"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let none = |more: Value| {
        let mut input = on(json!({"authorizationType": "NONE"}));
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    world.call("PutMethod", none(json!({"verb": "POST"}))).await.unwrap();
    let mut table = Vec::new();
    for (operation, input, error) in [
        (
            "PutMethod",
            none(json!({"restApiId": "x"})),
            "NotFoundException: Invalid Resource identifier specified",
        ),
        (
            "PutMethod",
            none(json!({"resourceId": "x"})),
            "NotFoundException: Invalid Resource identifier specified",
        ),
        (
            "PutMethod",
            none(json!({"verb": "WRONG"})),
            "BadRequestException: Invalid HttpMethod specified. Valid options are \
             GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
        ),
        (
            "PutMethod",
            on(json!({"authorizationType": "CUSTOM"})),
            "BadRequestException: Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
             COGNITO_USER_POOLS requires a valid authorizer.",
        ),
        (
            "PutMethod",
            none(json!({"requestValidatorId": "x"})),
            "BadRequestException: Invalid Request Validator identifier specified",
        ),
        (
            "PutMethod",
            none(json!({"requestModels": {"application/json": "petModel"}})),
            "BadRequestException: Invalid model identifier specified: petModel",
        ),
        (
            "PutMethodResponse",
            on(json!({"statusCode": "wrong"})),
            "ValidationException: 1 validation error detected: Value 'wrong' at 'statusCode' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d",
        ),
        (
            "UpdateMethodResponse",
            on(json!({"statusCode": "wrong", "patchOperations": [{"op": "wrong_op", "path": "/x"}]})),
            "ValidationException: 2 validation errors detected: Value 'wrong_op' at \
             'updateMethodResponseInput.patchOperations.1.member.op' failed to satisfy constraint: Member must \
             satisfy enum value set: [add, remove, move, test, replace, copy]; Value 'wrong' at 'statusCode' \
             failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d",
        ),
        (
            "PutIntegration",
            on(json!({"type": "HTTPS_PROXY"})),
            "ValidationException: 1 validation error detected: Value 'HTTPS_PROXY' at 'putIntegrationInput.type' \
             failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, \
             AWS]",
        ),
        (
            "PutIntegration",
            on(json!({"type": "MOCK"})),
            "NotFoundException: Invalid Method identifier specified",
        ),
        (
            "PutIntegrationResponse",
            on(json!({"verb": "POST", "statusCode": "200"})),
            "NotFoundException: Invalid Integration identifier specified",
        ),
        (
            "DeleteIntegrationResponse",
            on(json!({"statusCode": "200"})),
            "NotFoundException: Invalid Integration identifier specified",
        ),
    ] {
        table.push((operation, input, Err(error)));
    }
    world.check(table).await;
}

#[tokio::test]
async fn deployments_and_stages_show_what_aws_shows() {
    let mut world = World::new().await;
    let method =
        json!({"restApiId": "$api", "resourceId": "$root", "verb": "GET", "authorizationType": "NONE"});
    world.call("PutMethod", method).await.unwrap();
    let deploy = || json!({"restApiId": "$api"});
    let no_integration = Err("BadRequestException: No integration defined for method");
    world.check(vec![("CreateDeployment", deploy(), no_integration)]).await;
    let mock = json!({"restApiId": "$api", "resourceId": "$root", "verb": "GET", "type": "MOCK"});
    world.call("PutIntegration", mock).await.unwrap();
    let deployment = world.call("CreateDeployment", deploy()).await.unwrap();
    world.name("$deployment", &deployment["id"]);
    let stage = json!({
        "stageName": "dev", "deploymentId": "$deployment", "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE", "methodSettings": {}, "tracingEnabled": false,
        "createdDate": 1_700_000_000, "lastUpdatedDate": 1_700_000_000,
    });
    let mut with_setting = stage.clone();
    with_setting["methodSettings"] = json!({"*/*": {
        "cacheDataEncrypted": false, "cacheTtlInSeconds": 300, "cachingEnabled": true, "dataTraceEnabled": false,
        "metricsEnabled": false, "requireAuthorizationForCacheControl": true, "throttlingBurstLimit": 5000,
        "throttlingRateLimit": 10000.0,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }});
    let of_stage =
        |patches: Value| json!({"restApiId": "$api", "stageName": "dev", "patchOperations": patches});
    let caching = json!([{"op": "replace", "path": "/*/*/caching/enabled", "value": "true"}]);
    let of_deployment = |more: Value| {
        let mut input = json!({"restApiId": "$api", "deploymentId": "$deployment"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let mut summarized = deployment.clone();
    summarized["id"] = json!("$deployment");
    summarized["apiSummary"] = json!({"/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": false}}});
    world
        .check(vec![
            ("CreateStage", of_deployment(json!({"stageName": "dev"})), Ok(stage.clone())),
            ("GetStages", json!({"restApiId": "$api"}), Ok(json!({"item": [stage]}))),
            ("GetStages", json!({"restApiId": "$api", "deploymentId": "x"}), Ok(json!({"item": []}))),
            ("UpdateStage", of_stage(caching), Ok(with_setting.clone())),
            ("UpdateStage", of_stage(json!([])), Ok(with_setting)),
            ("UpdateStage", of_stage(json!([{"op": "remove", "path": "/*/*"}])), Ok(stage)),
            ("GetDeployment", of_deployment(json!({"embed": ["apisummary"]})), Ok(summarized)),
            (
                "DeleteDeployment",
                of_deployment(json!({})),
                Err(
                    "BadRequestException: Active stages pointing to this deployment must be moved or deleted",
                ),
            ),
            ("DeleteStage", of_stage(json!([])), Ok(json!({}))),
            ("GetStage", of_stage(json!([])), Err("NotFoundException: Invalid stage identifier specified")),
            ("DeleteDeployment", of_deployment(json!({})), Ok(json!({}))),
            (
                "GetDeployment",
                of_deployment(json!({})),
                Err("NotFoundException: Invalid Deployment identifier specified"),
            ),
        ])
        .await;
}
