//! Imports and exports of OpenAPI documents, and authorizers, as clients see them.

use serde_json::{Value, json};

use super::World;
use crate::apis::AuthorizerType;

const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
    arn:aws:lambda:us-east-1:123456789012:function:f/invocations";

fn put(body: &Value, mode: &str) -> Value {
    json!({"restApiId": "$api", "mode": mode, "body": body})
}

fn with_paths(paths: Value) -> Value {
    json!({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths})
}

fn mock() -> Value {
    json!({"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200"}}})
}

impl World {
    async fn list(&self, operation: &str) -> Vec<Value> {
        let page = self.call(operation, json!({"restApiId": "$api"})).await.unwrap();
        page["item"].as_array().unwrap().clone()
    }

    async fn paths(&self) -> Vec<String> {
        let resources = self.list("GetResources").await;
        let methods = |it: &Value| {
            let methods = it["resourceMethods"].as_object().into_iter().flatten();
            methods.map(|(verb, _)| format!(" {verb}")).collect::<String>()
        };
        resources.iter().map(|it| format!("{}{}", it["path"].as_str().unwrap(), methods(it))).collect()
    }

    /// The method of a document with one operation.
    async fn method_of(&self, document: &Value, path: &str, verb: &str) -> Value {
        self.call("PutRestApi", put(document, "overwrite")).await.unwrap();
        let resources = self.list("GetResources").await;
        let resource = resources.iter().find(|it| it["path"] == path).unwrap();
        let key = json!({"restApiId": "$api", "resourceId": resource["id"], "verb": verb});
        self.call("GetMethod", key).await.unwrap()
    }

    async fn export(&self, kind: &str, accepts: &str, extensions: &str) -> String {
        let input = json!({"restApiId": "$api", "stageName": "s", "exportType": kind, "accepts": accepts,
            "parameters": {"extensions": extensions}});
        let text = self.raw("GetExport", input).await.unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }
}

#[tokio::test]
async fn operations_become_methods_in_both_dialects() {
    let world = World::new().await;
    let swagger = json!({"swagger": "2.0", "info": {"title": "t"}, "consumes": ["text/json"], "paths": {"/a/{b}": {
        "parameters": [{"name": "p", "in": "query", "required": true, "type": "string"}],
        "post": {
            "operationId": "op",
            "parameters": [{"$ref": "#/parameters/h"}, {"in": "body", "name": "x", "schema": {"type": "string"}}],
            "responses": {"200": {"description": "", "headers": {"X": {"type": "string"}}}, "default": {"description": ""}},
        }
    }}, "parameters": {"h": {"name": "h", "in": "header", "type": "string"}}});
    let v3 = json!({"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {"/a/{b}": {
        "parameters": [{"name": "p", "in": "query", "required": true, "schema": {"type": "string"}}],
        "post": {
            "operationId": "op",
            "parameters": [{"$ref": "#/components/parameters/h"}],
            "requestBody": {"content": {"text/json": {"schema": {"type": "string"}}}},
            "responses": {"200": {"description": "", "headers": {"X": {"schema": {"type": "string"}}}}},
        }
    }}, "components": {"parameters": {"h": {"name": "h", "in": "header", "schema": {"type": "string"}}}}});
    for document in [swagger, v3] {
        let mut method = world.method_of(&document, "/a/{b}", "POST").await;
        let model = method["requestModels"]["text/json"].take();
        assert!(model.as_str().unwrap().starts_with("MODEL"), "{model}");
        assert_eq!(
            method,
            json!({
                "httpMethod": "POST", "authorizationType": "NONE", "apiKeyRequired": false, "operationName": "op",
                "requestModels": {"text/json": null},
                "requestParameters": {
                    "method.request.header.h": false, "method.request.path.b": true,
                    "method.request.querystring.p": true,
                },
                "methodResponses": {
                    "200": {"statusCode": "200", "responseParameters": {"method.response.header.X": false}},
                },
            })
        );
    }
}

#[tokio::test]
async fn merge_adds_and_overwrite_replaces() {
    let world = World::new().await;
    let first = with_paths(json!({"/a": {"get": {"responses": {}}}, "/b": {"get": {"responses": {}}}}));
    world.call("PutRestApi", put(&first, "overwrite")).await.unwrap();
    let id_of_a = world.list("GetResources").await[1]["id"].clone();
    assert!(world.list("GetModels").await.is_empty());
    let second = with_paths(
        json!({"/a": {"post": {"responses": {}}}, "/c/{d}": {"x-amazon-apigateway-any-method": {}}}),
    );
    world.call("PutRestApi", put(&second, "merge")).await.unwrap();
    assert_eq!(world.paths().await, ["/", "/a GET POST", "/b GET", "/c", "/c/{d} ANY"]);
    world.call("PutRestApi", put(&second, "overwrite")).await.unwrap();
    assert_eq!(world.paths().await, ["/", "/a POST", "/c", "/c/{d} ANY"]);
    assert_eq!(world.list("GetResources").await[1]["id"], id_of_a);
}

#[tokio::test]
async fn a_failed_import_changes_nothing() {
    let world = World::new().await;
    let fine =
        with_paths(json!({"/a": {"get": {"responses": {}, "x-amazon-apigateway-integration": mock()}}}));
    world.call("PutRestApi", put(&fine, "overwrite")).await.unwrap();
    let before = (world.paths().await, world.list("GetModels").await);
    let integration = |integration: Value| {
        with_paths(
            json!({"/a": {"post": {"responses": {}}}, "/x": {"get": {"x-amazon-apigateway-integration": integration}}}),
        )
    };
    let mut bad_model = with_paths(json!({}));
    bad_model["components"] = json!({"schemas": {"A": {}, "body_1": {"type": "object"}}});
    let mut bad_authorizer = with_paths(json!({}));
    bad_authorizer["components"] = json!({"securitySchemes": {"a": {"type": "apiKey", "name": "A", "in": "header",
        "x-amazon-apigateway-authorizer": {"type": "token"}}}});
    let two = with_paths(json!({"/{a}": {"get": {}}, "/{b}": {"get": {}}}));
    for (document, message) in [
        (
            integration(json!({"type": "http", "httpMethod": "GET", "uri": "x"})),
            "Unable to put integration on 'GET' for resource at path '/x': Invalid HTTP endpoint specified for URI",
        ),
        (
            integration(json!({"type": "nothing"})),
            "Unable to put integration on 'GET' for resource at path '/x': Invalid integration type specified. Valid \
             options are HTTP,MOCK,AWS_PROXY,HTTP_PROXY,AWS",
        ),
        (
            integration(json!({"type": "mock", "responses": {"default": {"statusCode": "x"}}})),
            "Unable to put integration response on 'GET' for resource at path '/x': Invalid response status code \
             specified",
        ),
        (bad_model, "Unable to create model for 'body_1': Model name must be alphanumeric: body_1"),
        (
            bad_authorizer,
            "Unable to create authorizer 'a': Invalid Authorizer URI: . Authorizer URI should be a valid API Gateway \
             ARN that represents a Lambda function invocation.",
        ),
        (
            two,
            "Unable to create resource at path '/{b}': A sibling ({a}) of this resource already has a variable path \
             part -- only one is allowed",
        ),
    ] {
        for mode in ["merge", "overwrite"] {
            let refusal = world.call("PutRestApi", put(&document, mode)).await.unwrap_err();
            assert_eq!(
                refusal,
                format!("BadRequestException: Errors found during import:\n\t{message}"),
                "{mode}"
            );
            assert_eq!((world.paths().await, world.list("GetModels").await), before, "{document}");
        }
        let apis = world.call("GetRestApis", json!({})).await.unwrap();
        world.call("ImportRestApi", json!({"body": document})).await.unwrap_err();
        assert_eq!(world.call("GetRestApis", json!({})).await.unwrap(), apis);
    }
    for body in [json!("{"), json!("a: b"), json!({"openapi": "3.1.0"})] {
        let refusal = world.call("PutRestApi", put(&body, "merge")).await.unwrap_err();
        assert_eq!(refusal, "BadRequestException: Invalid OpenAPI input.", "{body}");
    }
}

#[tokio::test]
async fn warnings_are_told_or_fail_the_import() {
    let world = World::new().await;
    let mut integration = mock();
    integration["requestParameters"] = json!({"integration.request.header.x": true});
    let document = with_paths(json!({"/test": {"get": {
        "responses": {"200": {"description": "", "content": {"a/json": {"schema": {"$ref": "#/components/schemas/No"}}}}},
        "x-amazon-apigateway-integration": integration,
    }}}));
    let warnings = [
        "Reference to model 'No' not found. Ignoring.",
        "Invalid format for 'requestParameters'. Expected type string for property 'integration.request.header.x' of \
         resource '/test' and method 'GET' but got 'true'",
    ];
    let api = world.call("PutRestApi", put(&document, "merge")).await.unwrap();
    assert_eq!(api["warnings"], json!(warnings));
    assert_eq!(world.paths().await, ["/", "/test GET"]);
    let strict = json!({"body": document, "failOnWarnings": true});
    let refusal = world.call("ImportRestApi", strict).await.unwrap_err();
    let message = format!("BadRequestException: Warnings found during import:\n\t{}", warnings.join("\n\t"));
    assert_eq!(refusal, message);
}

#[tokio::test]
async fn models_that_aws_refuses_are_refused_and_told_with_the_warnings() {
    let world = World::new().await;
    let get = |schema: Value| json!({"get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}}});
    let mut document = with_paths(json!({"/test": get(json!({"allOf": [{"type": "object"}]}))}));
    let warning = "Unsupported model type 'ComposedSchema' in 200 response to method 'GET /test'. Ignoring.";
    let api = world.call("PutRestApi", put(&document, "overwrite")).await.unwrap();
    assert_eq!(api["warnings"], json!([warning]));
    assert!(world.list("GetModels").await.is_empty());

    document["components"] = json!({"schemas": {
        "Composed": {"allOf": [{"type": "object"}], "nullable": true, "example": {}},
        "Other": {"items": {"$ref": "https://example.org/pet.json"}},
    }});
    let refusal = world.call("PutRestApi", put(&document, "overwrite")).await.unwrap_err();
    let message = "Unable to create model for 'Other': Invalid model specified: Validation Result: warnings : [], errors : \
                   [Model reference must be in canonical form]";
    assert_eq!(
        refusal,
        format!(
            "BadRequestException: Errors found during import:\n\t{message}\nAdditionally, these warnings were \
             found:\n\t{warning}"
        )
    );
}

#[tokio::test]
async fn parameters_of_the_call_win_over_the_document() {
    let world = World::new().await;
    let body = json!({"swagger": "2.0", "info": {"title": "t", "description": "d"}, "basePath": "/a/b",
        "paths": {"/c": {"get": {"description": "about"}}}});
    let import = |parameters: Value| json!({"body": body, "parameters": parameters});
    let given = json!({"basepath": "split", "endpointConfigurationTypes": "REGIONAL", "ignore": "documentation",
        "disableExecuteApiEndpoint": "true"});
    let api = world.call("ImportRestApi", import(given)).await.unwrap();
    assert_eq!(api["endpointConfiguration"], json!({"types": ["REGIONAL"], "ipAddressType": "ipv4"}));
    assert_eq!(api["disableExecuteApiEndpoint"], true);
    let of = json!({"restApiId": api["id"]});
    let resources = world.call("GetResources", of.clone()).await.unwrap();
    let paths: Vec<&str> =
        resources["item"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/", "/b", "/b/c"]);
    assert_eq!(world.call("GetDocumentationParts", of).await.unwrap()["item"], json!([]));
    let api = world.call("ImportRestApi", import(json!({}))).await.unwrap();
    let parts = world.call("GetDocumentationParts", json!({"restApiId": api["id"]})).await.unwrap();
    let texts: Vec<&str> =
        parts["item"].as_array().unwrap().iter().map(|it| it["properties"].as_str().unwrap()).collect();
    assert_eq!(texts, ["{\"info\":{\"description\":\"d\"}}", "{\"description\":\"about\"}"]);
    for (parameters, message) in [
        (json!({"basepath": "x"}), "Invalid basepath specified. Valid options are ignore,prepend,split"),
        (
            json!({"endpointConfigurationTypes": "x"}),
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
        ),
    ] {
        let refusal = world.call("ImportRestApi", import(parameters)).await.unwrap_err();
        assert_eq!(refusal, format!("BadRequestException: {message}"));
    }
}

/// An API with an example of everything that can be deployed.
fn rich() -> Value {
    json!({
        "openapi": "3.0.1", "info": {"title": "Rich", "description": "all of it", "version": "7"},
        "paths": {
            "/": {"get": {"responses": {"200": {"description": ""}}, "x-amazon-apigateway-integration": mock()}},
            "/pets/{id}": {
                "x-amazon-apigateway-any-method": {
                    "operationId": "any",
                    "parameters": [{"name": "q", "in": "query", "required": true, "schema": {"type": "string"}}],
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                    "responses": {
                        "200": {"description": "", "headers": {"X": {"schema": {"type": "string"}}},
                            "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}},
                        "500": {"description": ""},
                    },
                    "security": [{"key": []}],
                    "x-amazon-apigateway-request-validator": "all",
                    "x-amazon-apigateway-integration": {
                        "type": "http", "httpMethod": "POST", "uri": "https://example.com/{id}", "timeoutInMillis": 1000,
                        "requestParameters": {"integration.request.path.id": "method.request.path.id"},
                        "requestTemplates": {"application/json": "#set($x = 1)\n$x: {\"a\": '%'}"},
                        "passthroughBehavior": "never", "contentHandling": "CONVERT_TO_TEXT",
                        "cacheKeyParameters": ["method.request.path.id"], "cacheNamespace": "ns",
                        "tlsConfig": {"insecureSkipVerification": true},
                        "responses": {
                            "default": {"statusCode": 200, "responseParameters": {"method.response.header.X": "'a'"}},
                            "5\\d{2}": {"statusCode": "500", "responseTemplates": {"text/plain": "no"}, "contentHandling": "CONVERT_TO_BINARY"},
                        },
                    },
                },
            },
        },
        "components": {
            "schemas": {"Pet": {"type": "object", "required": ["b", "a"], "properties": {"next": {"$ref": "#/components/schemas/Pet"}}}},
            "securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        },
        "servers": [{"url": "https://h/x", "x-amazon-apigateway-endpoint-configuration": {"types": ["REGIONAL"], "disableExecuteApiEndpoint": true}}],
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": true, "validateRequestParameters": true}},
        "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"statusCode": 418,
            "responseParameters": {"gatewayresponse.header.A": "'b'"}, "responseTemplates": {"application/json": "{}"}}},
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-minimum-compression-size": 10,
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
    })
}

#[tokio::test]
async fn what_is_exported_and_imported_is_exported_the_same() {
    let world = World::new().await;
    world.call("PutRestApi", put(&rich(), "overwrite")).await.unwrap();
    let deploy = json!({"restApiId": "$api", "stageName": "s"});
    world.call("CreateDeployment", deploy.clone()).await.unwrap();
    for kind in ["swagger", "oas30"] {
        for accepts in ["application/json", "application/yaml"] {
            let first = world.export(kind, accepts, "apigateway").await;
            assert!(first.contains("418") && first.contains("insecureSkipVerification"), "{first}");
            world.call("PutRestApi", put(&json!(first), "overwrite")).await.unwrap();
            world.call("CreateDeployment", deploy.clone()).await.unwrap();
            assert_eq!(world.export(kind, accepts, "apigateway").await, first);
        }
    }
    let method = world.method_of(&rich(), "/pets/{id}", "ANY").await;
    let both = world.export("swagger", "application/json", "apigateway").await;
    let swagger: Value = serde_json::from_str(&both).unwrap();
    let again = world.method_of(&swagger, "/pets/{id}", "ANY").await;
    assert_eq!(without_ids(again), without_ids(method));
}

fn without_ids(mut method: Value) -> Value {
    method.as_object_mut().unwrap().remove("requestValidatorId");
    method
}

#[tokio::test]
async fn exports_say_as_much_as_is_asked_for() {
    let world = World::new().await;
    world.call("PutRestApi", put(&rich(), "overwrite")).await.unwrap();
    world.call("CreateDeployment", json!({"restApiId": "$api", "stageName": "s"})).await.unwrap();
    let plain = world.export("oas30", "application/json", "").await;
    assert!(!plain.contains("x-amazon-apigateway-integration"), "{plain}");
    let some = world.export("oas30", "application/json", "integrations, postman").await;
    assert!(
        some.contains("x-amazon-apigateway-integration\"") && !some.contains("gateway-responses"),
        "{some}"
    );
    for (stage, kind, extensions, message) in [
        ("s", "raml", "", "BadRequestException: No API export type: raml"),
        ("t", "oas30", "", "NotFoundException: Invalid stage identifier specified"),
        (
            "s",
            "oas30",
            "all",
            "BadRequestException: Invalid extensions specified: all. Valid options are \
             integrations,authorizers,apigateway,documentation,postman",
        ),
    ] {
        let input = json!({"restApiId": "$api", "stageName": stage, "exportType": kind,
            "parameters": {"extensions": extensions}});
        assert_eq!(world.raw("GetExport", input).await.unwrap_err().to_string(), message);
    }
}

#[tokio::test]
async fn security_schemes_become_authorizers() {
    let world = World::new().await;
    let mut document = with_paths(json!({"/a": {
        "get": {"responses": {}}, "put": {"responses": {}, "security": [{"pool": ["openid"]}, {"key": []}]},
        "post": {"responses": {}, "security": [{"sig": []}]},
        "head": {"responses": {}, "x-amazon-apigateway-auth": {"type": "NONE"}, "security": []},
    }}));
    document["security"] = json!([{"token": []}]);
    document["components"] = json!({"securitySchemes": {
        "token": {"type": "apiKey", "name": "Auth", "in": "header", "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": FUNCTION}},
        "pool": {"type": "apiKey", "name": "Auth", "in": "header",
            "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn:aws:cognito-idp:us-east-1:1:userpool/a"]}},
        "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
        "sig": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
    }});
    world.call("PutRestApi", put(&document, "overwrite")).await.unwrap();
    let authorizers = world.list("GetAuthorizers").await;
    let id_of = |name: &str| authorizers.iter().find(|it| it["name"] == name).unwrap()["id"].clone();
    for (verb, kind, authorizer, key) in [
        ("GET", "CUSTOM", id_of("token"), false),
        ("PUT", "COGNITO_USER_POOLS", id_of("pool"), true),
        ("POST", "AWS_IAM", Value::Null, false),
        ("HEAD", "NONE", Value::Null, false),
    ] {
        let method = world.method_of(&document, "/a", verb).await;
        // When a document replaces itself, its authorizers are created again.
        assert_eq!(method["authorizationType"], kind, "{verb}");
        assert_eq!(method["authorizerId"].is_null(), authorizer.is_null(), "{verb}");
        assert_eq!(method["apiKeyRequired"], key, "{verb}");
    }
    let refusal = world.call("DeleteAuthorizer", json!({"restApiId": "$api", "authorizerId": "x"})).await;
    assert_eq!(refusal.unwrap_err(), "NotFoundException: Invalid Authorizer identifier specified");
}

#[tokio::test]
async fn methods_that_nobody_can_protect_are_not_made() {
    let world = World::new().await;
    let schemes = json!({
        "Tokens": {"type": "apiKey", "name": "Auth", "in": "header", "x-amazon-apigateway-authtype": "custom"},
        "Broken": {"type": "apiKey", "name": "Auth", "in": "header", "x-amazon-apigateway-authorizer": "f"},
        "Oauth": {"type": "oauth2", "flows": {}},
        "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
    });
    let asks = |security: Value| json!({"responses": {}, "security": security});
    let document = |paths: Value| {
        let mut document = with_paths(paths);
        document["components"] = json!({ "securitySchemes": schemes });
        document
    };
    let mixed = document(json!({"/a": {
        "get": asks(json!([{"Tokens": []}])), "put": asks(json!([{"Broken": []}])), "post": asks(json!([{"Nobody": []}])),
        "delete": asks(json!([{"Oauth": []}])), "patch": asks(json!([{"Oauth": [], "key": []}])),
        "head": {"responses": {}, "x-amazon-apigateway-auth": {"type": "SAML"}},
        "options": {"responses": {}, "x-amazon-apigateway-auth": {"type": "AWS_IAM"}, "security": [{"Tokens": []}]},
    }}));
    let imported = world.call("PutRestApi", put(&mixed, "overwrite")).await.unwrap();
    assert_eq!(world.paths().await, ["/", "/a DELETE PATCH OPTIONS"]);
    let required = |name: &str| {
        format!(
            "Unable to create authorizer from security definition: '{name}'. Extension x-amazon-apigateway-authorizer is \
             required. Any methods with security: '{name}' will not be created. If this security definition is not a \
             configured authorizer, remove the x-amazon-apigateway-authtype extension and it will be ignored."
        )
    };
    let closed =
        |verb: &str, why: &str| format!("Method '{verb}' of resource '/a' is closed: it is not created{why}");
    let ignored = "Unsupported security definition type 'oauth2' for 'Oauth'. Ignoring.";
    let warnings: Vec<&str> =
        imported["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for expect in [
        required("Tokens"),
        required("Broken"),
        closed("GET", ", as security definition 'Tokens' describes no authorizer."),
        closed("PUT", ", as security definition 'Broken' describes no authorizer."),
        closed("POST", ", as there is no security definition 'Nobody'."),
        "Invalid type in x-amazon-apigateway-auth. ".to_owned() + &closed("HEAD", "."),
        format!("{ignored} Method 'DELETE' of resource '/a' is now public."),
        ignored.to_owned(),
    ] {
        assert!(warnings.contains(&expect.as_str()), "{expect}\n{warnings:#?}");
    }
    let patch = world.method_of(&mixed, "/a", "PATCH").await;
    assert_eq!((&patch["authorizationType"], &patch["apiKeyRequired"]), (&json!("NONE"), &json!(true)));
    assert_eq!(world.method_of(&mixed, "/a", "OPTIONS").await["authorizationType"], "AWS_IAM");

    let one = document(json!({"/b": {"get": asks(json!([{"Tokens": []}]))}}));
    let mut strict = put(&one, "overwrite");
    strict["failOnWarnings"] = json!(true);
    let refusal = world.call("PutRestApi", strict).await.unwrap_err();
    assert!(refusal.contains(&required("Tokens")), "{refusal}");
}

#[tokio::test]
async fn integrations_of_other_shapes_are_refused_at_once() {
    let world = World::new().await;
    for (path, change) in [
        ("/", json!({"uri": {"Fn::Sub": "http://${Host}/"}})),
        ("/a", json!({"credentials": ["arn"]})),
        ("/a", json!({"requestTemplates": "x"})),
        ("/a", json!({"responses": ["200"]})),
        ("/a", json!({"responses": {"default": "200"}})),
        ("/a", json!({"responses": {"default": {"statusCode": {"Ref": "x"}}}})),
        ("/a", json!({"cacheKeyParameters": "method.request.path.a"})),
    ] {
        let mut integration = mock();
        integration.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let document = with_paths(
            json!({path: {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}}),
        );
        assert_eq!(
            world.call("PutRestApi", put(&document, "overwrite")).await.unwrap_err(),
            format!(
                "BadRequestException: Unable to parse API definition because of a malformed integration at path {path}."
            )
        );
    }
}

#[tokio::test]
async fn responses_that_no_method_declares_may_have_headers() {
    let world = World::new().await;
    let document = |headers: Value| {
        let mut integration = mock();
        integration["responses"] = json!({"default": {"statusCode": "400",
            "responseParameters": {"method.response.header.X": "'none'"}}});
        with_paths(
            json!({"/a": {"get": {"responses": headers, "x-amazon-apigateway-integration": integration}}}),
        )
    };
    world.call("PutRestApi", put(&document(json!({"200": {"description": ""}})), "overwrite")).await.unwrap();
    let refusal =
        world.call("PutRestApi", put(&document(json!({"400": {"description": ""}})), "overwrite")).await;
    assert!(
        refusal
            .unwrap_err()
            .contains("Invalid mapping expression parameter specified: method.response.header.X")
    );
}

#[tokio::test]
async fn variables_of_aws_are_known_in_documents() {
    let world = World::new().await;
    let document = with_paths(json!({"/run": {"post": {"responses": {}, "x-amazon-apigateway-integration": {
        "type": "aws", "httpMethod": "POST",
        "uri": "arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution",
        "credentials": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/caller"}}}}));
    let integration = &world.method_of(&document, "/run", "POST").await["methodIntegration"];
    assert_eq!(integration["uri"], "arn:aws:apigateway:us-east-1:states:action/StartExecution");
    assert_eq!(integration["credentials"], "arn:aws:iam::123456789012:role/caller");
}

#[tokio::test]
async fn authorizers_are_made_changed_used_and_deleted() {
    let mut world = World::new().await;
    let create = |name: &str, kind: AuthorizerType| {
        json!({"restApiId": "$api", "name": name, "type": kind.as_str(), "authorizerUri": FUNCTION,
            "identitySource": "method.request.header.Auth"})
    };
    let made = world.call("CreateAuthorizer", create("a", AuthorizerType::Token)).await.unwrap();
    world.name("$auth", &made["id"]);
    let shown = json!({"id": "$auth", "name": "a", "type": "TOKEN", "authType": "custom", "authorizerUri": FUNCTION,
        "identitySource": "method.request.header.Auth"});
    let of = json!({"restApiId": "$api", "authorizerId": "$auth"});
    let root = json!({"restApiId": "$api", "resourceId": "$root", "verb": "GET"});
    let method = |kind: &str, authorizer: &str| {
        let mut method = root.clone();
        method["authorizationType"] = json!(kind);
        method["authorizerId"] = json!(authorizer);
        method
    };
    let no_authorizer = "BadRequestException: Invalid authorizer ID specified. Setting the authorization type to \
        CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.";
    let patch = json!({"restApiId": "$api", "authorizerId": "$auth",
        "patchOperations": [{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "60"}]});
    let mut patched = shown.clone();
    patched["authorizerResultTtlInSeconds"] = json!(60);
    world
        .check(vec![
            ("GetAuthorizer", of.clone(), Ok(shown.clone())),
            ("GetAuthorizers", json!({"restApiId": "$api"}), Ok(json!({"item": [shown]}))),
            (
                "CreateAuthorizer",
                create("a", AuthorizerType::Request),
                Err("BadRequestException: Authorizer name must be unique. Authorizer a already exists in this RestApi."),
            ),
            (
                "CreateAuthorizer",
                json!({"restApiId": "x", "name": "b", "type": "TOKEN"}),
                Err("ConflictException: Unable to complete operation due to concurrent modification. Please try again later."),
            ),
            ("UpdateAuthorizer", patch, Ok(patched)),
            ("PutMethod", method("CUSTOM", "nobody"), Err(no_authorizer)),
            ("PutMethod", method("COGNITO_USER_POOLS", "$auth"), Err(no_authorizer)),
            (
                "PutMethod",
                method("CUSTOM", "$auth"),
                Ok(json!({"httpMethod": "GET", "authorizationType": "CUSTOM", "authorizerId": "$auth", "apiKeyRequired": false})),
            ),
            (
                "DeleteAuthorizer",
                of.clone(),
                Err("ConflictException: Cannot delete authorizer 'a', is referenced in method: GET//"),
            ),
            ("DeleteMethod", root.clone(), Ok(json!({}))),
            ("DeleteAuthorizer", of.clone(), Ok(json!({}))),
            ("GetAuthorizer", of.clone(), Err("NotFoundException: Invalid Authorizer identifier specified")),
        ])
        .await;
}
