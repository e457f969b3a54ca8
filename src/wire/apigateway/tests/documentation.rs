//! Documentation of APIs, as clients see it.

use serde_json::{Value, json};

use super::World;

fn part(id: &str, location: Value, properties: &str) -> Value {
    json!({"id": id, "location": location, "properties": properties})
}

fn create(location: Value, properties: &str) -> Value {
    json!({"restApiId": "$api", "location": location, "properties": properties})
}

#[tokio::test]
async fn documentation_parts_show_what_aws_shows() {
    let mut world = World::new().await;
    let api = r#"{"description": "an API"}"#;
    let made = world.call("CreateDocumentationPart", create(json!({"type": "API"}), api)).await.unwrap();
    world.name("$part", &made["id"]);
    let location = json!({"type": "RESPONSE", "method": "GET", "statusCode": " ", "name": null});
    let made = world.call("CreateDocumentationPart", create(location, "{}")).await.unwrap();
    world.name("$empty", &made["id"]);
    let place = json!({"type": "RESPONSE", "path": "/", "method": "GET", "statusCode": "*"});
    let (full, empty) = (part("$part", json!({"type": "API"}), api), part("$empty", place, "{}"));
    let of = |id: &str| json!({"restApiId": "$api", "documentationPartId": id});
    let patch = |op: &str, path: &str, value: &str| {
        let patches = json!([{"op": op, "path": path, "value": value}]);
        json!({"restApiId": "$api", "documentationPartId": "$part", "patchOperations": patches})
    };
    let list = |key: &str, value: &str| json!({"restApiId": "$api", key: value});
    let unknown = "NotFoundException: Invalid Documentation part identifier specified";
    let no_api = "NotFoundException: Invalid API identifier specified 123456789012:x";
    world
        .check(vec![
            ("GetDocumentationPart", of("$part"), Ok(full.clone())),
            ("GetDocumentationParts", json!({"restApiId": "$api"}), Ok(json!({"item": [full, empty]}))),
            ("GetDocumentationParts", list("type", "API"), Ok(json!({"item": [full]}))),
            ("GetDocumentationParts", list("path", "/"), Ok(json!({"item": [empty]}))),
            ("GetDocumentationParts", list("nameQuery", "x"), Ok(json!({"item": []}))),
            ("GetDocumentationParts", list("locationStatus", "UNDOCUMENTED"), Ok(json!({"item": [empty]}))),
            (
                "UpdateDocumentationPart",
                patch("replace", "/properties", "{}"),
                Ok(part("$part", json!({"type": "API"}), "{}")),
            ),
            (
                "UpdateDocumentationPart",
                patch("replace", "/properties", ""),
                Err("BadRequestException: Invalid documentation properties specified, must be a JSON object"),
            ),
            (
                "UpdateDocumentationPart",
                patch("replace", "/location", "{}"),
                Err("BadRequestException: Invalid patch path  '/location' specified for op 'replace'. Must be one of: [/properties]"),
            ),
            ("GetDocumentationPart", json!({"restApiId": "x", "documentationPartId": "$part"}), Err(unknown)),
            ("GetDocumentationParts", json!({"restApiId": "x"}), Err(no_api)),
            ("DeleteDocumentationPart", json!({"restApiId": "x", "documentationPartId": "$part"}), Err(no_api)),
            ("DeleteDocumentationPart", of("$part"), Ok(json!({}))),
            ("DeleteDocumentationPart", of("$part"), Err(unknown)),
        ])
        .await;
}

#[tokio::test]
async fn documentation_parts_are_refused_in_the_words_of_aws() {
    let world = World::new().await;
    let get = |path: &str| json!({"type": "METHOD", "path": path, "method": "GET"});
    world.call("CreateDocumentationPart", create(get("/"), "{}")).await.unwrap();
    let refusals = [
        (
            create(json!({"type": "METHOD", "method": "GET"}), "{}"),
            "ConflictException: Documentation part already exists for the specified location: type 'METHOD', path '/', method 'GET'.",
        ),
        (
            create(json!({"type": "API", "name": "x"}), "{}"),
            "BadRequestException: [Location type: API cannot have path, method, statusCode or name defined.]",
        ),
        (
            create(get("/a"), "[]"),
            "BadRequestException: Invalid documentation properties specified, must be a JSON object",
        ),
        (
            create(json!({"type": "NOTHING"}), "{}"),
            "ValidationException: 1 validation error detected: Value 'NOTHING' at 'createDocumentationPartInput.location.type' failed to satisfy constraint: Member must satisfy enum value set: [RESPONSE_BODY, RESPONSE, METHOD, MODEL, AUTHORIZER, RESPONSE_HEADER, RESOURCE, PATH_PARAMETER, REQUEST_BODY, QUERY_PARAMETER, API, REQUEST_HEADER]",
        ),
    ];
    let table = refusals.into_iter().map(|(input, error)| ("CreateDocumentationPart", input, Err(error)));
    world.check(table.collect()).await;
}

#[tokio::test]
async fn documents_are_merged_into_what_is_there_or_stand_in_its_place() {
    let mut world = World::new().await;
    let there = create(json!({"type": "API"}), r#"{"kept": 1, "description": "old"}"#);
    let made = world.call("CreateDocumentationPart", there).await.unwrap();
    world.name("$part", &made["id"]);
    let body = json!({"openapi": "3.0.0", "x-amazon-apigateway-documentation": {"documentationParts": [
        {"location": {"type": "API"}, "properties": {"description": "new"}},
        {"location": {"type": "API", "path": "/"}, "properties": {}},
    ]}});
    let import = |more: Value| {
        let mut input = json!({"restApiId": "$api", "body": body});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let warning = "Unable to import documentation part 1: [Location type: API cannot have path, method, statusCode or name defined.]";
    let failure = format!("BadRequestException: Warnings found during import:\n\t{warning}");
    let merged = part("$part", json!({"type": "API"}), r#"{"kept":1,"description":"new"}"#);
    world
        .check(vec![
            ("ImportDocumentationParts", import(json!({"failOnWarnings": true})), Err(failure.as_str())),
            (
                "ImportDocumentationParts",
                import(json!({})),
                Ok(json!({"ids": ["$part"], "warnings": [warning]})),
            ),
            ("GetDocumentationParts", json!({"restApiId": "$api"}), Ok(json!({"item": [merged]}))),
            (
                "ImportDocumentationParts",
                json!({"restApiId": "$api", "body": "{'key:value}"}),
                Err("BadRequestException: Unable to build importer with provided input."),
            ),
        ])
        .await;
    let ids = world.call("ImportDocumentationParts", import(json!({"mode": "overwrite"}))).await.unwrap();
    assert_ne!(ids["ids"][0], "$part");
    world.name("$new", &ids["ids"][0]);
    let replaced = part("$new", json!({"type": "API"}), r#"{"description":"new"}"#);
    let list = ("GetDocumentationParts", json!({"restApiId": "$api"}), Ok(json!({"item": [replaced]})));
    world.check(vec![list]).await;
}

#[tokio::test]
async fn versions_stay_while_a_stage_has_them() {
    let world = World::new().await;
    let of_root = |more: Value| {
        let mut input = json!({"restApiId": "$api", "resourceId": "$root", "verb": "GET"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    world.call("PutMethod", of_root(json!({"authorizationType": "NONE"}))).await.unwrap();
    world.call("PutIntegration", of_root(json!({"type": "MOCK"}))).await.unwrap();
    world.call("CreateDeployment", json!({"restApiId": "$api", "stageName": "dev"})).await.unwrap();
    let version = |more: Value| {
        let mut input = json!({"restApiId": "$api", "documentationVersion": "v1"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let stage_with = |value: &str| {
        json!({"restApiId": "$api", "stageName": "dev", "patchOperations": [
            {"op": "replace", "path": "/documentationVersion", "value": value}]})
    };
    let describe = json!({"patchOperations": [{"op": "replace", "path": "/description", "value": "first"}]});
    let shown = json!({"version": "v1", "createdDate": 1_700_000_000});
    let described = json!({"version": "v1", "createdDate": 1_700_000_000, "description": "first"});
    let unknown = "NotFoundException: Invalid Documentation version specified";
    world
        .check(vec![
            ("UpdateStage", stage_with("v1"), Err(unknown)),
            (
                "CreateDocumentationVersion",
                version(json!({"stageName": "nothing"})),
                Err("NotFoundException: Invalid stage identifier specified"),
            ),
            ("GetDocumentationVersion", version(json!({})), Err(unknown)),
            ("CreateDocumentationVersion", version(json!({"stageName": "dev"})), Ok(shown)),
            (
                "CreateDocumentationVersion",
                version(json!({})),
                Err("ConflictException: Documentation version already exists"),
            ),
            (
                "CreateDocumentationVersion",
                version(json!({"documentationVersion": ""})),
                Err("BadRequestException: Documentation version must be non-empty"),
            ),
            ("UpdateDocumentationVersion", version(describe), Ok(described.clone())),
            ("GetDocumentationVersions", json!({"restApiId": "$api"}), Ok(json!({"item": [described]}))),
            (
                "DeleteDocumentationVersion",
                version(json!({})),
                Err("ConflictException: Cannot delete documentation version 'v1', is referenced in stage: dev"),
            ),
        ])
        .await;
    let stage = world.call("GetStage", json!({"restApiId": "$api", "stageName": "dev"})).await.unwrap();
    assert_eq!(stage["documentationVersion"], "v1");
    let stage = world.call("UpdateStage", stage_with("")).await.unwrap();
    assert_eq!(stage.get("documentationVersion"), None);
    world
        .check(vec![
            ("DeleteDocumentationVersion", version(json!({})), Ok(json!({}))),
            ("DeleteDocumentationVersion", version(json!({})), Err(unknown)),
        ])
        .await;
}
