//! `Auth` of APIs: authorizers, IAM and API keys, as OpenAPI's security.

use serde_json::{Map, Value, json};

use super::Made;
use super::function::alphanumeric;

/// Who may call an API, where its methods say nothing else.
pub(super) struct Auth {
    default: Option<String>,
    authorizers: Map<String, Value>,
    needs_key: bool,
    invoke_role: Option<Value>,
    /// Whether methods of CORS are authorized, too.
    is_for_cors: bool,
    pub(super) resource_policy: Option<Value>,
    pub(super) usage_plan: Option<Value>,
}

/// The credentials of who calls.
const CALLER: &str = "arn:aws:iam::*:user/*";

impl Auth {
    /// Reads `Auth`.
    pub(super) fn parse(given: Option<Value>, at: &str, made: &mut Made) -> Self {
        let mut auth = Self {
            default: None,
            authorizers: Map::new(),
            needs_key: false,
            invoke_role: None,
            is_for_cors: true,
            resource_policy: None,
            usage_plan: None,
        };
        let Some(given) = given else { return auth };
        let Value::Object(members) = given else {
            made.refuse(at, "expected an object");
            return auth;
        };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("DefaultAuthorizer", Value::String(name)) => auth.default = Some(name),
                ("Authorizers", Value::Object(authorizers)) => auth.authorizers = authorizers,
                ("ApiKeyRequired", value) => auth.needs_key = value == json!(true),
                ("InvokeRole", value) => auth.invoke_role = Some(value),
                ("AddDefaultAuthorizerToCorsPreflight", value) => auth.is_for_cors = value != json!(false),
                ("AddApiKeyRequiredToCorsPreflight", _) => {}
                ("ResourcePolicy", value) => auth.resource_policy = Some(value),
                ("UsagePlan", value) => auth.usage_plan = Some(value),
                (other, _) => made.refuse(at, format!("property {other} of Auth is not supported")),
            }
        }
        auth
    }

    /// The definitions of everything that methods may ask for; adds what lets API Gateway call authorizers.
    pub(super) fn definitions(
        &self,
        api: &str,
        at: &str,
        needs_key: bool,
        made: &mut Made,
    ) -> Map<String, Value> {
        let mut definitions = Map::new();
        for (name, authorizer) in &self.authorizers {
            let at = format!("{at}/Auth/Authorizers/{name}");
            if let Some(definition) = definition(authorizer, &at, made) {
                definitions.insert(name.clone(), definition);
            }
            if let Some(function) = authorizer.get("FunctionArn")
                && authorizer.get("FunctionInvokeRole").is_none()
            {
                permission(api, name, function, made);
            }
        }
        if needs_key {
            let key = json!({ "type": "apiKey", "name": "x-api-key", "in": "header" });
            definitions.insert("api_key".to_owned(), key);
        }
        definitions
    }

    /// Gives the default authorizer to methods of CORS, unless the API says that they go without.
    pub(super) fn secure_preflight(&self, paths: &mut Map<String, Value>) {
        let default = self.default.as_ref().filter(|name| self.authorizers.contains_key(*name));
        let Some(name) = default.filter(|_| self.is_for_cors) else { return };
        for (_, path) in paths.iter_mut() {
            let options = path.get_mut("options").and_then(Value::as_object_mut);
            if let Some(options) =
                options.filter(|it| it.contains_key("summary") && !it.contains_key("security"))
            {
                options.insert("security".to_owned(), json!([{ name: [] }]));
            }
        }
    }

    /// Gives the methods of a document that was given what the API has for all: its default authorizer, unless they name
    /// one, or `NONE`, and the need of a key.
    pub(super) fn secure_given(&self, paths: &mut Map<String, Value>) {
        let operations = paths.values_mut().filter_map(Value::as_object_mut).flatten();
        for (method, operation) in operations {
            let Some(operation) = operation.as_object_mut() else { continue };
            // What leads nowhere may not be there at all in the end.
            if !operation.contains_key("x-amazon-apigateway-integration") {
                continue;
            }
            let given = operation.get("security").and_then(Value::as_array).cloned().unwrap_or_default();
            let mut security: Vec<Value> =
                given.iter().filter(|it| it.get("NONE").is_none()).cloned().collect();
            let is_known = |name: &String| name == "AWS_IAM" || self.authorizers.contains_key(name);
            let is_decided = security.len() < given.len()
                || given.iter().filter_map(Value::as_object).flat_map(Map::keys).any(is_known)
                || (method == "options" && !self.is_for_cors);
            match self.default.as_deref().filter(|_| !is_decided) {
                None | Some("NONE") => {}
                Some("AWS_IAM") => {
                    operation.insert("x-amazon-apigateway-auth".to_owned(), json!({ "type": "AWS_IAM" }));
                }
                Some(name) => {
                    let scopes = self.authorizers.get(name).and_then(|it| it.get("AuthorizationScopes"));
                    security.push(json!({ name: scopes.cloned().unwrap_or_else(|| json!([])) }));
                }
            }
            if self.needs_key && !security.iter().any(|it| it.get("api_key").is_some()) {
                security.push(json!({ "api_key": [] }));
            }
            if security.is_empty() {
                operation.shift_remove("security");
            } else {
                operation.insert("security".to_owned(), security.into());
            }
        }
    }

    /// Whether methods need a key unless they say otherwise.
    pub(super) fn needs_key(&self) -> bool {
        self.needs_key
    }

    /// Gives a method its security. `own` is the event's `Auth`.
    ///
    /// # Errors
    /// What is no authorizer of the API.
    pub(super) fn secure(
        &self,
        operation: &mut Value,
        own: Option<&Value>,
        is_function: bool,
    ) -> Result<bool, String> {
        let own = own.and_then(Value::as_object);
        let member = |name: &str| own.and_then(|own| own.get(name));
        let known = ["Authorizer", "ApiKeyRequired", "AuthorizationScopes", "InvokeRole"];
        if let Some(other) = own.and_then(|own| own.keys().find(|key| !known.contains(&key.as_str()))) {
            return Err(format!("property {other} of Auth is not supported"));
        }
        let authorizer = member("Authorizer").and_then(Value::as_str).or(self.default.as_deref());
        let mut security = Vec::new();
        match authorizer {
            None | Some("NONE") => {}
            Some("AWS_IAM") => {
                let role = member("InvokeRole").or(self.invoke_role.as_ref()).cloned();
                let credentials = match role.as_ref().and_then(Value::as_str) {
                    Some("NONE") => None,
                    None if role.is_none() => Some(json!(CALLER)),
                    Some("CALLER_CREDENTIALS") => Some(json!(CALLER)),
                    _ => role,
                };
                if let Some(credentials) = credentials.filter(|_| is_function) {
                    operation["x-amazon-apigateway-integration"]["credentials"] = credentials;
                }
                operation["x-amazon-apigateway-auth"] = json!({ "type": "AWS_IAM" });
            }
            Some(name) => {
                if !self.authorizers.contains_key(name) {
                    return Err(format!("the API has no authorizer {name}"));
                }
                let scopes = member("AuthorizationScopes")
                    .or_else(|| self.authorizers.get(name)?.get("AuthorizationScopes"));
                security.push(json!({ name: scopes.cloned().unwrap_or_else(|| json!([])) }));
            }
        }
        let needs_key = match member("ApiKeyRequired") {
            Some(own) => *own == json!(true),
            None => self.needs_key,
        };
        if needs_key {
            security.push(json!({ "api_key": [] }));
        }
        // OpenAPI has either of several objects, API Gateway a key beside an authorizer.
        let merged: Map<String, Value> =
            security.into_iter().filter_map(|it| it.as_object().cloned()).flatten().collect();
        if !merged.is_empty() {
            operation["security"] =
                merged.into_iter().map(|(name, scopes)| json!({ name: scopes })).collect();
        }
        Ok(needs_key)
    }
}

/// An authorizer as OpenAPI has it.
fn definition(authorizer: &Value, at: &str, made: &mut Made) -> Option<Value> {
    let identity = authorizer.get("Identity");
    let of_identity = |name: &str| identity.and_then(|identity| identity.get(name)).cloned();
    if let Some(pool) = authorizer.get("UserPoolArn") {
        let header = of_identity("Header").unwrap_or_else(|| json!("Authorization"));
        let mut inner = json!({ "type": "cognito_user_pools", "providerARNs": super::listed(pool.clone()) });
        if let Some(expression) = of_identity("ValidationExpression") {
            inner["identityValidationExpression"] = expression;
        }
        return Some(json!({
            "type": "apiKey", "name": header, "in": "header",
            "x-amazon-apigateway-authtype": "cognito_user_pools",
            "x-amazon-apigateway-authorizer": inner,
        }));
    }
    let Some(function) = authorizer.get("FunctionArn") else {
        made.refuse(at, "UserPoolArn or FunctionArn is needed");
        return None;
    };
    let uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations";
    let mut inner = json!({ "authorizerUri": { "Fn::Sub": [uri, { "__FunctionArn__": function }] } });
    let is_request = authorizer.get("FunctionPayloadType").and_then(Value::as_str) == Some("REQUEST");
    let seconds = of_identity("ReauthorizeEvery");
    inner.as_object_mut()?.extend(seconds.map(|it| ("authorizerResultTtlInSeconds".to_owned(), it)));
    let role = authorizer.get("FunctionInvokeRole").cloned();
    inner.as_object_mut()?.extend(role.map(|it| ("authorizerCredentials".to_owned(), it)));
    let name = if is_request {
        inner["type"] = json!("request");
        let kinds = [
            ("Headers", "method.request.header."),
            ("QueryStrings", "method.request.querystring."),
            ("StageVariables", "stageVariables."),
            ("Context", "context."),
        ];
        let mut sources = Vec::new();
        for (kind, prefix) in kinds {
            for name in of_identity(kind).map(super::listed).unwrap_or_default() {
                sources.extend(name.as_str().map(|name| format!("{prefix}{name}")));
            }
        }
        if !sources.is_empty() {
            inner["identitySource"] = json!(sources.join(", "));
        }
        json!("Unused")
    } else {
        inner["type"] = json!("token");
        let expression = of_identity("ValidationExpression");
        inner.as_object_mut()?.extend(expression.map(|it| ("identityValidationExpression".to_owned(), it)));
        of_identity("Header").unwrap_or_else(|| json!("Authorization"))
    };
    Some(json!({
        "type": "apiKey", "name": name, "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": inner,
    }))
}

/// Lets the API call an authorizer's function.
fn permission(api: &str, name: &str, function: &Value, made: &mut Made) {
    let source =
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*";
    let permission = json!({
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": function,
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": { "Fn::Sub": [source, { "__ApiId__": { "Ref": api } }] },
        },
    });
    made.resources.insert(format!("{api}{}AuthorizerPermission", alphanumeric(name)), permission);
}
