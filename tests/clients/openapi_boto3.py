#!/usr/bin/env python3
"""Imports an OpenAPI document with all that an API can have, exports the deployed API in both dialects, with and without
extensions, and has a public validator read each document."""
import json
import os

import boto3
import yaml
from openapi_spec_validator import validate

client = boto3.client("apigateway", region_name="us-east-1", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

FUNCTION = ("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
            "arn:aws:lambda:us-east-1:123456789012:function:f/invocations")
POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Pets"
MOCK = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200"}}}
OK = {"200": {"description": "done"}}


def authorizer(header, **members):
    return {"type": "apiKey", "name": header, "in": "header", "x-amazon-apigateway-authtype": "custom",
            "description": f"reads {header}", "x-amazon-apigateway-authorizer": members}


def document(link):
    return {
        "openapi": "3.0.1",
        "info": {"title": "Pets", "description": "An API of pets", "version": "1.0",
                 "contact": {"name": "us"}, "license": {"name": "MIT"}, "termsOfService": "https://example.com/terms"},
        "tags": [{"name": "pets", "description": "all about them"}],
        "externalDocs": {"url": "https://example.com"},
        "paths": {
            "/": {"get": {"responses": OK, "security": [{"token": []}], "x-amazon-apigateway-integration": MOCK}},
            "/pets": {
                "summary": "Pets", "description": "all of them",
                "get": {
                    "responses": OK, "security": [{"request": []}], "deprecated": True,
                    "x-amazon-apigateway-integration": {
                        "type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION, "timeoutInMillis": 1000},
                },
                "post": {
                    "operationId": "CreatePet", "summary": "makes a pet", "description": "one of its own",
                    "tags": ["pets"], "externalDocs": {"url": "https://example.com/create"},
                    "parameters": [
                        {"name": "page", "in": "query", "required": True, "description": "which", "schema": {"type": "string"}},
                        {"name": "X-Who", "in": "header", "description": "who", "schema": {"type": "string"}},
                    ],
                    "requestBody": {"description": "a pet", "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                    "responses": {
                        "200": {
                            "description": "the pet",
                            "headers": {"X-Pet": {"description": "its name", "schema": {"type": "string"}}},
                            "content": {"application/json": {"schema": {
                                "type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}},
                        },
                        "500": {"description": "no pet"},
                    },
                    "security": [{"key": [], "pool": ["pets/write"]}],
                    "x-amazon-apigateway-request-validator": "body",
                    "x-amazon-apigateway-integration": {
                        "type": "http", "httpMethod": "POST", "uri": "https://example.com/{page}",
                        "passthroughBehavior": "never", "contentHandling": "CONVERT_TO_TEXT", "cacheNamespace": "pets",
                        "requestParameters": {"integration.request.path.page": "method.request.querystring.page"},
                        "requestTemplates": {"application/json": "$input.body"},
                        "cacheKeyParameters": ["method.request.querystring.page"],
                        "tlsConfig": {"insecureSkipVerification": True},
                        "responses": {
                            "default": {"statusCode": "200", "responseParameters": {"method.response.header.X-Pet": "'a'"}},
                            "5\\d{2}": {"statusCode": "500", "responseTemplates": {"application/json": "{}"}},
                        },
                    },
                },
            },
            "/pets/{id}": {
                "get": {"responses": OK, "x-amazon-apigateway-integration": MOCK},
                "put": {"responses": OK, "x-amazon-apigateway-integration": {
                    "type": "http_proxy", "httpMethod": "PUT", "uri": "http://inner/{id}",
                    "connectionType": "VPC_LINK", "connectionId": link,
                    "requestParameters": {"integration.request.path.id": "method.request.path.id"}}},
                "x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": MOCK},
            },
        },
        "components": {
            "schemas": {
                "Pet": {"type": "object", "title": "Pet", "description": "a pet", "required": ["name"],
                        "properties": {"name": {"type": "string"}, "friend": {"$ref": "#/components/schemas/Pet"},
                                       "home": {"$ref": "#/components/schemas/Home"}}},
                "Home": {"type": "object", "properties": {"street": {"type": "string"}}},
            },
            "securitySchemes": {
                "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
                "token": authorizer("Auth", type="token", authorizerUri=FUNCTION, authorizerResultTtlInSeconds=60,
                                    identityValidationExpression="^Bearer .*$"),
                "request": authorizer("Unused", type="request", authorizerUri=FUNCTION,
                                      identitySource="method.request.header.A, method.request.querystring.b"),
                "pool": authorizer("Auth", type="cognito_user_pools", providerARNs=[POOL]),
            },
        },
        "servers": [{"url": "https://pets.example.com", "x-amazon-apigateway-endpoint-configuration": {
            "types": ["REGIONAL"], "ipAddressType": "dualstack", "disableExecuteApiEndpoint": True}}],
        "x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": True},
                                                   "all": {"validateRequestBody": True, "validateRequestParameters": True}},
        "x-amazon-apigateway-gateway-responses": {"DEFAULT_5XX": {
            "statusCode": "599", "responseParameters": {"gatewayresponse.header.X": "'x'"},
            "responseTemplates": {"application/json": "{}"}}},
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-minimum-compression-size": 100,
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
        "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]},
    }


def export(api, kind, media_type, extensions):
    """The exported document as text and as data."""
    parameters = {"extensions": extensions} if extensions else {}
    answer = client.get_export(restApiId=api, stageName="dev", exportType=kind, accepts=media_type, parameters=parameters)
    end = "yaml" if media_type.endswith("yaml") else "json"
    assert answer["contentDisposition"] == f'attachment; filename="{kind}_1.0.{end}"', answer["contentDisposition"]
    text = answer["body"].read()
    return text, yaml.safe_load(text) if end == "yaml" else json.loads(text)


link = client.create_vpc_link(name="inner", targetArns=[
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/inner/1"])["id"]
DOCUMENT = document(link)
for body in (json.dumps(DOCUMENT), yaml.safe_dump(DOCUMENT, sort_keys=False)):
    api = client.import_rest_api(body=body.encode(), failOnWarnings=True)["id"]
    client.create_documentation_version(restApiId=api, documentationVersion="v1")
    client.create_deployment(restApiId=api, stageName="dev")
    client.update_stage(restApiId=api, stageName="dev",
                        patchOperations=[{"op": "replace", "path": "/documentationVersion", "value": "v1"}])
    for kind in ("swagger", "oas30"):
        for extensions in ("", "integrations", "authorizers", "documentation", "postman", "integrations,authorizers"):
            _, exported = export(api, kind, "application/json", extensions)
            validate(exported)
            create = exported["paths"]["/pets"]["post"]
            assert create["description"] == "one of its own" and create["responses"]["200"]["description"] == "the pet"
            assert ("x-amazon-apigateway-integration" in create) == ("integrations" in extensions), extensions
            assert ("x-amazon-apigateway-documentation" in exported) == ("documentation" in extensions), extensions
            assert "x-amazon-apigateway-policy" not in exported
        extensions = "apigateway,documentation,postman"
        text, exported = export(api, kind, "application/json", extensions)
        in_yaml, same = export(api, kind, "application/yaml", extensions)
        assert exported == same, (exported, same)
        validate(exported)
        for again in (text, in_yaml):
            client.put_rest_api(restApiId=api, mode="overwrite", failOnWarnings=True, body=again)
            client.create_deployment(restApiId=api, stageName="dev")
            # What is written about the API was imported, too: frozen anew it is what it was.
            client.update_stage(restApiId=api, stageName="dev", patchOperations=[
                {"op": "replace", "path": "/documentationVersion", "value": ""}])
            client.delete_documentation_version(restApiId=api, documentationVersion="v1")
            client.create_documentation_version(restApiId=api, documentationVersion="v1", stageName="dev")
            exported_again, second = export(api, kind, "application/json", extensions)
            for it in (exported, second):
                it["x-amazon-apigateway-documentation"].pop("createdDate", None)
            assert second == exported, exported_again
    client.delete_rest_api(restApiId=api)
print("exports of both dialects validate, with and without extensions, and import as they were exported")
