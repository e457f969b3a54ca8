//! `AWS::Serverless::Api`, and the API that events make where they name none.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::authorizers::Auth;
use super::cors::Cors;
use super::function::alphanumeric;
use super::globals;
use super::{API, Made, Source, hash, location, tags};

/// The logical id of the API that events make.
pub(super) const IMPLICIT: &str = "ServerlessRestApi";
/// Its stage.
const IMPLICIT_STAGE: &str = "Prod";
/// What a method for every verb is called in documents.
const ANY: &str = "x-amazon-apigateway-any-method";

/// Properties that are the same in CloudFormation.
const OF_API: &[(&str, &str)] = &[
    ("Name", "Name"),
    ("Description", "Description"),
    ("BinaryMediaTypes", "BinaryMediaTypes"),
    ("MinimumCompressionSize", "MinimumCompressionSize"),
    ("DisableExecuteApiEndpoint", "DisableExecuteApiEndpoint"),
    ("ApiKeySourceType", "ApiKeySourceType"),
    ("FailOnWarnings", "FailOnWarnings"),
    ("Mode", "Mode"),
    ("Policy", "Policy"),
];
const OF_STAGE: &[(&str, &str)] = &[
    ("CacheClusterEnabled", "CacheClusterEnabled"),
    ("CacheClusterSize", "CacheClusterSize"),
    ("Variables", "Variables"),
    ("MethodSettings", "MethodSettings"),
    ("AccessLogSetting", "AccessLogSetting"),
    ("CanarySetting", "CanarySetting"),
    ("TracingEnabled", "TracingEnabled"),
];

/// The APIs of a template.
pub(super) struct Apis {
    globals: Map<String, Value>,
    apis: BTreeMap<String, Api>,
    /// Resources of CloudFormation's own type, whose documents are theirs.
    others: Vec<String>,
}

struct Api {
    source: Source,
    stage: Value,
    /// The document, if events add their paths to it.
    paths: Option<Map<String, Value>>,
    auth: Auth,
    has_keys: bool,
    cors: Option<Cors>,
    models: Map<String, Value>,
}

/// A method that an event adds.
pub(super) struct Method<'a> {
    pub(super) path: &'a str,
    /// In lower case.
    pub(super) verb: &'a str,
    pub(super) operation: Value,
    pub(super) auth: Option<Value>,
    pub(super) model: Option<Value>,
    pub(super) parameters: Option<Value>,
    pub(super) is_function: bool,
    pub(super) at: &'a str,
}

impl Apis {
    pub(super) fn new(globals: Option<&Value>, resources: &Map<String, Value>) -> Self {
        let globals = globals.and_then(Value::as_object).cloned().unwrap_or_default();
        let is_api = |resource: &Value| resource.get("Type") == Some(&json!("AWS::ApiGateway::RestApi"));
        let others = resources.iter().filter(|(_, it)| is_api(it)).map(|(id, _)| id.clone()).collect();
        Self { globals, apis: BTreeMap::new(), others }
    }

    /// Declares an API of the template.
    pub(super) fn declare(&mut self, mut source: Source, made: &mut Made) {
        let at = source.at();
        let stage = source.take("StageName").unwrap_or_else(|| {
            made.refuse(&at, "StageName is missing");
            Value::Null
        });
        let is_managed = !source.properties.contains_key("DefinitionBody")
            && !source.properties.contains_key("DefinitionUri");
        let auth = Auth::parse(source.take("Auth"), &format!("{at}/Auth"), made);
        let cors = source.take("Cors").and_then(|cors| {
            Cors::parse(cors).map_err(|problem| made.refuse(format!("{at}/Cors"), problem)).ok()
        });
        let models = match source.take("Models") {
            Some(Value::Object(models)) => models,
            None => Map::new(),
            Some(_) => {
                made.refuse(format!("{at}/Models"), "expected an object");
                Map::new()
            }
        };
        let paths = is_managed.then(Map::new);
        let has_keys = auth.needs_key();
        self.apis.insert(source.id.clone(), Api { source, stage, paths, auth, has_keys, cors, models });
    }

    /// The stage in the logical ids of permissions.
    pub(super) fn stage_part(&self, api: Option<&str>) -> String {
        match api.and_then(|api| self.apis.get(api)) {
            Some(api) => api.stage.as_str().map(alphanumeric).unwrap_or_default(),
            None if api.is_none() => IMPLICIT_STAGE.to_owned(),
            None => String::new(),
        }
    }

    /// Adds a method to an API, or to that which events make.
    pub(super) fn add(
        &mut self,
        api: Option<&str>,
        method: Method<'_>,
        of: &str,
        source: &Source,
        made: &mut Made,
    ) {
        let id = api.unwrap_or(IMPLICIT);
        if api.is_none() && !self.apis.contains_key(IMPLICIT) {
            let mut properties = globals::merged(&self.globals, Map::new());
            properties.insert("StageName".to_owned(), json!(IMPLICIT_STAGE));
            let (attributes, condition) = (Map::new(), None);
            self.declare(Source { id: IMPLICIT.to_owned(), properties, attributes, condition }, made);
        }
        let Some(api) = self.apis.get_mut(id) else {
            if !self.others.iter().any(|other| other == id) {
                made.refuse(method.at, format!("{id} is no API of the template"));
            }
            return;
        };
        // Whose document is given has its methods there.
        let Some(paths) = &mut api.paths else { return };
        let Method { path, verb, mut operation, auth, model, parameters, is_function, at } = method;
        let verb = if verb == "any" { ANY } else { verb };
        let known = ["get", "put", "post", "delete", "options", "head", "patch", ANY];
        if !known.contains(&verb) || !path.starts_with('/') {
            return made.refuse(at, format!("{verb} {path} is no method of an API"));
        }
        match api.auth.secure(&mut operation, auth.as_ref(), is_function) {
            Ok(needs_key) => api.has_keys |= needs_key,
            Err(problem) => made.refuse(format!("{at}/Auth"), problem),
        }
        describe_request(&mut operation, path, model, parameters, at, made);
        if let Some(condition) = &source.condition {
            // On AWS, the method is there only if the function is.
            operation = json!({ "Fn::If": [condition, operation, { "Ref": "AWS::NoValue" }] });
        }
        let methods = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        let Some(methods) = methods.as_object_mut() else { return };
        if methods.insert(verb.to_owned(), operation).is_some() {
            made.refuse(at, format!("{of} is not the only one with the method {verb} of {path}"));
        }
    }

    /// Makes the APIs.
    pub(super) fn finish(self, made: &mut Made) {
        for (_, api) in self.apis {
            api.finish(made);
        }
    }
}

/// Says what a request has: the parameters of its path, and its model.
fn describe_request(
    operation: &mut Value,
    path: &str,
    model: Option<Value>,
    parameters: Option<Value>,
    at: &str,
    made: &mut Made,
) {
    let mut declared: Vec<Value> = Vec::new();
    let labels = path.split('{').skip(1).filter_map(|part| part.split('}').next());
    for label in labels {
        let label = label.trim_end_matches('+');
        declared.push(json!({ "name": label, "in": "path", "required": true, "type": "string" }));
    }
    for parameter in parameters.map(super::listed).unwrap_or_default() {
        let (name, options) = match &parameter {
            Value::String(name) => (name.clone(), None),
            Value::Object(map) if map.len() == 1 => match map.iter().next() {
                Some((name, options)) => (name.clone(), Some(options.clone())),
                None => continue,
            },
            _ => return made.refuse(format!("{at}/RequestParameters"), "expected names of parameters"),
        };
        let parts = name.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let place = parts.and_then(|(place, name)| match place {
            "header" => Some(("header", name)),
            "querystring" => Some(("query", name)),
            "path" => Some(("path", name)),
            _ => None,
        });
        let Some((place, name)) = place else {
            return made
                .refuse(format!("{at}/RequestParameters"), format!("{name} is no parameter of a request"));
        };
        let options = options.unwrap_or_default();
        let is_required = place == "path" || options.get("Required") == Some(&json!(true));
        if options.get("Caching") == Some(&json!(true)) {
            let keys = &mut operation["x-amazon-apigateway-integration"]["cacheKeyParameters"];
            if keys.is_null() {
                *keys = json!([]);
            }
            let place = if place == "query" { "querystring" } else { place };
            if let Some(keys) = keys.as_array_mut() {
                keys.push(json!(format!("method.request.{place}.{name}")));
            }
        }
        if place != "path" {
            declared.push(json!({ "name": name, "in": place, "required": is_required, "type": "string" }));
        }
    }
    let model = match model {
        Some(Value::Object(model)) => Some(model),
        Some(Value::String(name)) => Some(Map::from_iter([("Model".to_owned(), json!(name))])),
        _ => None,
    };
    if let Some(model) = model {
        let name = model.get("Model").and_then(Value::as_str).unwrap_or_default();
        let is_required = model.get("Required") == Some(&json!(true));
        declared.push(json!({
            "name": name.to_lowercase(), "in": "body", "required": is_required,
            "schema": { "$ref": format!("#/definitions/{name}") },
        }));
        let checks = |member: &str| model.get(member) == Some(&json!(true));
        let validator = match (checks("ValidateBody"), checks("ValidateParameters")) {
            (false, false) => None,
            (true, false) => Some("body-only"),
            (false, true) => Some("params-only"),
            (true, true) => Some("body-and-params"),
        };
        if let Some(validator) = validator {
            operation["x-amazon-apigateway-request-validator"] = json!(validator);
        }
    }
    if !declared.is_empty() {
        operation["parameters"] = declared.into();
    }
}

impl Api {
    fn finish(mut self, made: &mut Made) {
        let (id, at) = (self.source.id.clone(), self.source.at());
        let mut properties = Map::new();
        self.source.rename(OF_API, &mut properties);
        self.source.take("OpenApiVersion");
        self.source.take("PropagateTags");
        self.source.take("AlwaysDeploy");
        self.source.take("MergeDefinitions");
        self.endpoint(&mut properties);
        let own_tags = self.source.take("Tags");
        if own_tags.is_some() {
            properties.insert("Tags".to_owned(), tags(own_tags.clone(), None));
        }
        if let Some(policy) = self.auth.resource_policy.take() {
            match policy.get("CustomStatements") {
                Some(statements) if policy.as_object().is_some_and(|it| it.len() == 1) => {
                    let statements = super::listed(statements.clone());
                    let document = json!({ "Version": "2012-10-17", "Statement": statements });
                    properties.insert("Policy".to_owned(), document);
                }
                _ => made.refuse(format!("{at}/Auth/ResourcePolicy"), "only CustomStatements are supported"),
            }
        }
        let uri = self.source.take("DefinitionUri");
        let body = self.source.take("DefinitionBody");
        let body = match (body, uri) {
            (Some(_), Some(_)) => {
                return made.refuse(&at, "DefinitionBody and DefinitionUri exclude each other");
            }
            (None, Some(uri)) => {
                properties.insert("BodyS3Location".to_owned(), location(uri, ["Bucket", "Key", "Version"]));
                if self.cors.is_some() || !self.models.is_empty() {
                    made.refuse(&at, "Cors and Models need a DefinitionBody, or no definition");
                }
                None
            }
            (Some(body), None) => Some(self.document(Some(body), made)),
            (None, None) => Some(self.document(None, made)),
        };
        // Another document is another deployment.
        let hashed = json!([body, properties.get("BodyS3Location")]);
        properties.extend(body.map(|body| ("Body".to_owned(), body)));
        if let Some(responses) = self.source.take("GatewayResponses") {
            gateway_responses(&id, &responses, &self.source, made);
        }
        let deployment = format!("{id}Deployment{}", hash(&hashed));
        let of_deployment = Map::from_iter([
            ("RestApiId".to_owned(), json!({ "Ref": id })),
            ("Description".to_owned(), json!(format!("RestApi deployment id: {}", hash(&hashed)))),
        ]);
        made.add(deployment.clone(), "AWS::ApiGateway::Deployment", of_deployment, &self.source);
        let stage = format!("{id}{}Stage", self.stage.as_str().map(alphanumeric).unwrap_or_default());
        let mut of_stage = Map::from_iter([
            ("RestApiId".to_owned(), json!({ "Ref": id })),
            ("DeploymentId".to_owned(), json!({ "Ref": deployment })),
            ("StageName".to_owned(), self.stage.clone()),
        ]);
        self.source.rename(OF_STAGE, &mut of_stage);
        if own_tags.is_some() {
            of_stage.insert("Tags".to_owned(), tags(own_tags, None));
        }
        made.add(stage.clone(), "AWS::ApiGateway::Stage", of_stage, &self.source);
        made.references.part(&id, "Stage", &stage);
        made.references.part(&id, "Deployment", &deployment);
        self.usage_plan(&id, &stage, &at, made);
        self.source.refuse_rest(API, made);
        made.put(id, "AWS::ApiGateway::RestApi", properties, &self.source);
    }

    /// `EndpointConfiguration`: a type, or an object with one.
    fn endpoint(&mut self, properties: &mut Map<String, Value>) {
        let Some(given) = self.source.take("EndpointConfiguration") else { return };
        let configuration = match &given {
            Value::Object(members) if members.contains_key("Type") => {
                let mut configuration = json!({ "Types": [members["Type"]] });
                for (name, other) in
                    [("VPCEndpointIds", "VpcEndpointIds"), ("IpAddressType", "IpAddressType")]
                {
                    if let Some(value) = members.get(name) {
                        configuration[other] = value.clone();
                    }
                }
                configuration
            }
            Value::Object(members) if members.contains_key("Types") => given.clone(),
            _ => json!({ "Types": [given] }),
        };
        properties.insert("EndpointConfiguration".to_owned(), configuration);
    }

    /// The document, with what the resource says beside it.
    fn document(&mut self, given: Option<Value>, made: &mut Made) -> Value {
        let (id, at) = (self.source.id.clone(), self.source.at());
        let title =
            self.source.properties.get("Name").cloned().unwrap_or_else(|| json!({ "Ref": "AWS::StackName" }));
        let is_given = given.is_some();
        let mut document = match given {
            Some(document) => document,
            None => json!({
                "swagger": "2.0",
                "info": { "version": "1.0", "title": title },
                "paths": self.paths.take().unwrap_or_default(),
            }),
        };
        let Some(members) = document.as_object_mut() else {
            made.refuse(format!("{at}/DefinitionBody"), "expected an object");
            return document;
        };
        // A document that a function makes is what it is.
        if members.len() == 1 && members.keys().all(|key| key.starts_with("Fn::")) {
            return document;
        }
        let is_swagger = members.contains_key("swagger");
        let definitions = self.auth.definitions(&id, &at, self.has_keys, made);
        if !definitions.is_empty() {
            let place = match is_swagger {
                true => members.entry("securityDefinitions").or_insert_with(|| json!({})),
                false => {
                    let components = members.entry("components").or_insert_with(|| json!({}));
                    &mut components["securitySchemes"]
                }
            };
            if place.is_null() {
                *place = json!({});
            }
            if let Some(place) = place.as_object_mut() {
                place.extend(definitions);
            }
        }
        if !self.models.is_empty() {
            let models = std::mem::take(&mut self.models);
            members.insert("definitions".to_owned(), models.into());
            members.insert(
                "x-amazon-apigateway-request-validators".to_owned(),
                json!({
                    "body-only": { "validateRequestBody": true, "validateRequestParameters": false },
                    "params-only": { "validateRequestBody": false, "validateRequestParameters": true },
                    "body-and-params": { "validateRequestBody": true, "validateRequestParameters": true },
                }),
            );
        }
        if let Some(Value::Object(paths)) = members.get_mut("paths").filter(|_| is_given) {
            self.auth.secure_given(paths);
        }
        if let (Some(cors), Some(Value::Object(paths))) = (&self.cors, members.get_mut("paths")) {
            cors.add_to(paths);
            self.auth.secure_preflight(paths);
        }
        document
    }

    /// `UsagePlan` of `Auth`: a plan and a key of the API's own.
    fn usage_plan(&mut self, id: &str, stage: &str, at: &str, made: &mut Made) {
        let Some(plan) = self.auth.usage_plan.take() else { return };
        match plan.get("CreateUsagePlan").and_then(Value::as_str) {
            Some("NONE") => return,
            Some("PER_API") => {}
            _ => {
                return made.refuse(
                    format!("{at}/Auth/UsagePlan"),
                    "CreateUsagePlan is PER_API or NONE; SHARED is not supported",
                );
            }
        }
        let mut properties = Map::new();
        for (name, other) in [
            ("UsagePlanName", "UsagePlanName"),
            ("Description", "Description"),
            ("Quota", "Quota"),
            ("Throttle", "Throttle"),
        ] {
            properties.extend(plan.get(name).map(|value| (other.to_owned(), value.clone())));
        }
        let own_tags = plan.get("Tags").cloned();
        if own_tags.is_some() {
            properties.insert("Tags".to_owned(), tags(own_tags, None));
        }
        properties
            .insert("ApiStages".to_owned(), json!([{ "ApiId": { "Ref": id }, "Stage": { "Ref": stage } }]));
        let (plan, key) = (format!("{id}UsagePlan"), format!("{id}ApiKey"));
        made.add(plan.clone(), "AWS::ApiGateway::UsagePlan", properties, &self.source);
        let of_key = json!({
            "Enabled": true, "StageKeys": [{ "RestApiId": { "Ref": id }, "StageName": { "Ref": stage } }],
        });
        made.add(
            key.clone(),
            "AWS::ApiGateway::ApiKey",
            of_key.as_object().cloned().unwrap_or_default(),
            &self.source,
        );
        let joined = json!({ "KeyId": { "Ref": key }, "KeyType": "API_KEY", "UsagePlanId": { "Ref": plan } });
        let joined = joined.as_object().cloned().unwrap_or_default();
        made.add(format!("{id}UsagePlanKey"), "AWS::ApiGateway::UsagePlanKey", joined, &self.source);
    }
}

/// `GatewayResponses`, as resources of their own.
fn gateway_responses(id: &str, responses: &Value, source: &Source, made: &mut Made) {
    for (kind, response) in responses.as_object().into_iter().flatten() {
        let mut properties = Map::from_iter([
            ("RestApiId".to_owned(), json!({ "Ref": id })),
            ("ResponseType".to_owned(), json!(kind)),
        ]);
        properties.extend(response.get("StatusCode").map(|it| ("StatusCode".to_owned(), it.clone())));
        properties
            .extend(response.get("ResponseTemplates").map(|it| ("ResponseTemplates".to_owned(), it.clone())));
        let mut parameters = Map::new();
        for (place, prefix) in [
            ("Headers", "gatewayresponse.header."),
            ("Paths", "gatewayresponse.path."),
            ("QueryStrings", "gatewayresponse.querystring."),
        ] {
            let given = response.pointer(&format!("/ResponseParameters/{place}")).and_then(Value::as_object);
            for (name, value) in given.into_iter().flatten() {
                parameters.insert(format!("{prefix}{name}"), value.clone());
            }
        }
        if !parameters.is_empty() {
            properties.insert("ResponseParameters".to_owned(), parameters.into());
        }
        made.add(
            format!("{id}{}Response", alphanumeric(kind)),
            "AWS::ApiGateway::GatewayResponse",
            properties,
            source,
        );
    }
}
