//! OpenAPI documents: any text can be imported, with what is to be said about it, or is none.

pub(crate) fn execute(text: &str) {
    if let Some((warnings, errors)) = stepgate::gateway::look_at_openapi(text.as_bytes()) {
        assert!(warnings.iter().chain(&errors).all(|said| !said.is_empty()));
    }
}

pub(crate) const WORDS: &[&str] = &[
    "{", "}", "[", "]", "\"", ": ", ", ", "\n", "  ", "- ", "&a ", "*a", "<<: ", "|", ">", "!!str ", "#", "'", "swagger: '2.0'",
    "openapi: 3.0.1", "info:", "paths:", "/{p}:", "/{proxy+}:", "get:", "x-amazon-apigateway-any-method:", "responses:",
    "'200':", "default:", "$ref: ", "'#/definitions/A'", "'#/components/schemas/A'", "'#'", "definitions:", "components:",
    "parameters:", "in: ", "query", "header", "path", "body", "formData", "schema:", "type: ", "object", "allOf:", "items:",
    "x-amazon-apigateway-integration:", "uri: ", "type: mock", "requestTemplates:", "x-amazon-apigateway-request-validators:",
    "x-amazon-apigateway-authorizer:", "x-amazon-apigateway-gateway-responses:", "x-amazon-apigateway-policy:", "security:",
    "securityDefinitions:", "servers:", "basePath: ", "~1", "~0", "%2F", "true", "null", "-1", "é",
];
