//! Exports with documentation, as clients see them.

use serde_json::{Value, json};

use super::World;

/// An API with one method, with an example of everything that can be documented.
fn document() -> Value {
    let body = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}});
    json!({
        "openapi": "3.0.1", "info": {"title": "Pets", "version": "1"},
        "paths": {"/pets/{id}": {"put": {
            "parameters": [
                {"name": "q", "in": "query", "schema": {"type": "string"}},
                {"name": "h", "in": "header", "schema": {"type": "string"}},
            ],
            "requestBody": body,
            "responses": {
                "200": {"description": "", "headers": {"X": {"schema": {"type": "string"}}}},
                "404": {"description": ""},
            },
            "x-amazon-apigateway-integration": {
                "type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200"}},
            },
        }}},
        "components": {
            "schemas": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}},
        },
    })
}

/// A location, its documentation, and where exports in OpenAPI 3.0 and Swagger 2.0 have it.
fn texts() -> Vec<(Value, Value, &'static str, &'static str)> {
    let at = |kind: &str, more: Value| {
        let mut location = json!({"type": kind, "path": "/pets/{id}", "method": "PUT"});
        location.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        location
    };
    let named = |kind: &str, name: &str| at(kind, json!({ "name": name }));
    let said = |text: &str| json!({ "description": text });
    vec![
        (
            json!({"type": "API"}),
            json!({"info": {"description": "an API", "version": "no"}, "x": 1}),
            "/info",
            "/info",
        ),
        (
            json!({"type": "MODEL", "name": "Pet"}),
            said("a pet"),
            "/components/schemas/Pet",
            "/definitions/Pet",
        ),
        (json!({"type": "RESOURCE", "path": "/pets/{id}"}), said("pets"), "/paths/~1pets~1{id}", ""),
        (
            at("METHOD", json!({})),
            json!({"description": "puts", "tags": ["a"], "deprecated": true}),
            "/paths/~1pets~1{id}/put",
            "/paths/~1pets~1{id}/put",
        ),
        (
            named("QUERY_PARAMETER", "q"),
            said("a query"),
            "/paths/~1pets~1{id}/put/parameters/2",
            "/paths/~1pets~1{id}/put/parameters/2",
        ),
        (
            named("REQUEST_HEADER", "h"),
            said("a header"),
            "/paths/~1pets~1{id}/put/parameters/0",
            "/paths/~1pets~1{id}/put/parameters/0",
        ),
        (
            json!({"type": "PATH_PARAMETER", "name": "id"}),
            said("an id"),
            "/paths/~1pets~1{id}/put/parameters/1",
            "/paths/~1pets~1{id}/put/parameters/1",
        ),
        (
            at("REQUEST_BODY", json!({})),
            said("a body"),
            "/paths/~1pets~1{id}/put/requestBody",
            "/paths/~1pets~1{id}/put/parameters/3",
        ),
        (
            at("RESPONSE", json!({"statusCode": "200"})),
            said("done"),
            "/paths/~1pets~1{id}/put/responses/200",
            "/paths/~1pets~1{id}/put/responses/200",
        ),
        (
            json!({"type": "RESPONSE_HEADER", "name": "X"}),
            said("x"),
            "/paths/~1pets~1{id}/put/responses/200/headers/X",
            "/paths/~1pets~1{id}/put/responses/200/headers/X",
        ),
    ]
}

impl World {
    async fn exported(&self, kind: &str, extensions: &str) -> Value {
        let input = json!({"restApiId": "$api", "stageName": "s", "exportType": kind, "accepts": "application/json",
            "parameters": {"extensions": extensions}});
        serde_json::from_slice(&self.raw("GetExport", input).await.unwrap()).unwrap()
    }

    /// Creates a documentation version, assigns it to the stage, and deploys again.
    async fn publish(&self, version: &str) {
        let of_stage = json!({"restApiId": "$api", "stageName": "s"});
        self.call("CreateDeployment", of_stage).await.unwrap();
        let version = json!({"restApiId": "$api", "documentationVersion": version, "stageName": "s"});
        self.call("CreateDocumentationVersion", version).await.unwrap();
    }

    async fn put(&self, document: &Value) {
        let input = json!({"restApiId": "$api", "mode": "overwrite", "body": document});
        self.call("PutRestApi", input).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_written_stands_in_the_members_of_openapi() {
    let world = World::new().await;
    world.put(&document()).await;
    for (location, properties, ..) in texts() {
        let part = json!({"restApiId": "$api", "location": location, "properties": properties.to_string()});
        world.call("CreateDocumentationPart", part).await.unwrap();
    }
    world.call("CreateDeployment", json!({"restApiId": "$api", "stageName": "s"})).await.unwrap();
    let without = world.exported("oas30", "").await;
    assert!(!without.to_string().contains("a pet"), "a stage without a version says nothing: {without}");
    world.publish("v1").await;
    for kind in ["oas30", "swagger"] {
        let document = world.exported(kind, "").await;
        assert_eq!(document.get("x-amazon-apigateway-documentation"), None);
        assert_eq!(document["info"]["version"], "1", "the API's own");
        for (location, properties, in_v3, in_swagger) in texts() {
            let pointer = if kind == "oas30" { in_v3 } else { in_swagger };
            let entity = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {document}"));
            let mut said = properties.as_object().unwrap().clone();
            if let Some(Value::Object(info)) = said.remove("info") {
                said = info;
                said.remove("version");
                said.remove("x");
            }
            if !pointer.is_empty() {
                for (name, value) in said {
                    assert_eq!(entity.get(&name), Some(&value), "{location} {name} in {kind}: {entity}");
                }
            }
        }
        let of_404 = document.pointer("/paths/~1pets~1{id}/put/responses/404/description");
        assert_eq!(of_404, Some(&json!("404 response")));
    }
}

#[tokio::test]
async fn what_is_written_survives_export_and_import() {
    for kind in ["oas30", "swagger"] {
        for extensions in ["integrations", "integrations,documentation", "apigateway"] {
            let world = World::new().await;
            world.put(&document()).await;
            for (location, properties, ..) in texts() {
                let part =
                    json!({"restApiId": "$api", "location": location, "properties": properties.to_string()});
                world.call("CreateDocumentationPart", part).await.unwrap();
            }
            world.publish("v1").await;
            let mut first = world.exported(kind, extensions).await;
            world.put(&first).await;
            world.publish("v2").await;
            let mut second = world.exported(kind, extensions).await;
            // The name differs between snapshots.
            for document in [&mut first, &mut second] {
                if let Some(snapshot) = document.get_mut("x-amazon-apigateway-documentation") {
                    snapshot["version"].take();
                }
            }
            assert_eq!(second, first, "{kind} {extensions}");
        }
    }
}
