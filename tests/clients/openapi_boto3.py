#!/usr/bin/env python3
"""Imports an OpenAPI document, exports the deployed API in both dialects, and has a public validator read it."""
import json
import os

import boto3
import yaml
from openapi_spec_validator import validate

client = boto3.client("apigateway", region_name="us-east-1", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

MOCK = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200"}}}
DOCUMENT = {
    "openapi": "3.0.1",
    "info": {"title": "Pets", "description": "An API of pets", "version": "1.0"},
    "paths": {
        "/pets": {
            "post": {
                "operationId": "CreatePet",
                "parameters": [{"name": "page", "in": "query", "required": True, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {
                    "200": {
                        "description": "the pet",
                        "headers": {"X-Pet": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"type": "array",
                                                                    "items": {"$ref": "#/components/schemas/Pet"}}}},
                    }
                },
                "security": [{"key": []}],
                "x-amazon-apigateway-request-validator": "body",
                "x-amazon-apigateway-integration": MOCK,
            },
        },
        "/pets/{id}": {
            "get": {"responses": {"200": {"description": ""}}, "x-amazon-apigateway-integration": MOCK},
            "x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": MOCK},
        },
    },
    "components": {
        "schemas": {"Pet": {"type": "object", "required": ["name"],
                            "properties": {"name": {"type": "string"}, "friend": {"$ref": "#/components/schemas/Pet"}}}},
        "securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
    },
    "x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": True}},
    "x-amazon-apigateway-gateway-responses": {"DEFAULT_5XX": {"statusCode": "599"}},
    "x-amazon-apigateway-binary-media-types": ["image/png"],
}
EXTENSIONS = {"extensions": "apigateway,documentation,postman"}


def export(api, kind, media_type):
    """The exported document as text and as data."""
    answer = client.get_export(restApiId=api, stageName="dev", exportType=kind, accepts=media_type,
                               parameters=EXTENSIONS)
    end = "yaml" if media_type.endswith("yaml") else "json"
    assert answer["contentDisposition"] == f'attachment; filename="{kind}_1.0.{end}"', answer["contentDisposition"]
    text = answer["body"].read()
    return text, yaml.safe_load(text) if end == "yaml" else json.loads(text)


for body in (json.dumps(DOCUMENT), yaml.safe_dump(DOCUMENT, sort_keys=False)):
    api = client.import_rest_api(body=body.encode(), failOnWarnings=True)["id"]
    client.create_documentation_version(restApiId=api, documentationVersion="v1")
    client.create_deployment(restApiId=api, stageName="dev")
    client.update_stage(restApiId=api, stageName="dev",
                        patchOperations=[{"op": "replace", "path": "/documentationVersion", "value": "v1"}])
    for kind in ("swagger", "oas30"):
        text, document = export(api, kind, "application/json")
        in_yaml, same = export(api, kind, "application/yaml")
        assert document == same, (document, same)
        validate(document)
        for exported in (text, in_yaml):
            client.put_rest_api(restApiId=api, mode="overwrite", failOnWarnings=True, body=exported)
            client.create_deployment(restApiId=api, stageName="dev")
            assert export(api, kind, "application/json")[0] == text, text
    client.delete_rest_api(restApiId=api)
print("exports of both dialects validate and import as they were exported")
