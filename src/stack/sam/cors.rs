//! `Cors` of APIs: an OPTIONS method that answers by itself at every path.

use serde_json::{Map, Value, json};

/// What an API says about other origins; the values are quoted as mappings are.
pub(super) struct Cors {
    origin: Value,
    methods: Option<Value>,
    headers: Option<Value>,
    max_age: Option<Value>,
    credentials: bool,
}

impl Cors {
    /// Reads `Cors`: an origin, or an object.
    ///
    /// # Errors
    /// What it says more than that.
    pub(super) fn parse(given: Value) -> Result<Self, String> {
        let Value::Object(mut members) = given else {
            return Ok(Self {
                origin: given,
                methods: None,
                headers: None,
                max_age: None,
                credentials: false,
            });
        };
        // An intrinsic function stands for an origin.
        if members.len() == 1 && members.keys().all(|key| key == "Ref" || key.starts_with("Fn::")) {
            let origin = Value::Object(members);
            return Ok(Self { origin, methods: None, headers: None, max_age: None, credentials: false });
        }
        let cors = Self {
            origin: members.shift_remove("AllowOrigin").unwrap_or_else(|| json!("'*'")),
            methods: members.shift_remove("AllowMethods"),
            headers: members.shift_remove("AllowHeaders"),
            max_age: members.shift_remove("MaxAge"),
            credentials: members.shift_remove("AllowCredentials") == Some(json!(true)),
        };
        match members.keys().next() {
            None => Ok(cors),
            Some(other) => Err(format!("property {other} of Cors is not supported")),
        }
    }

    /// Adds OPTIONS to the paths that don't have it.
    pub(super) fn add_to(&self, paths: &mut Map<String, Value>) {
        for (_, path) in paths.iter_mut() {
            let Some(path) = path.as_object_mut() else { continue };
            if !path.contains_key("options") {
                let method = self.method(path);
                path.insert("options".to_owned(), method);
            }
        }
    }

    fn method(&self, path: &Map<String, Value>) -> Value {
        let mut headers: Vec<(&str, Value)> = Vec::new();
        headers.extend(self.headers.clone().map(|value| ("Access-Control-Allow-Headers", value)));
        let methods = self.methods.clone().unwrap_or_else(|| json!(allowed(path)));
        headers.push(("Access-Control-Allow-Methods", methods));
        headers.push(("Access-Control-Allow-Origin", self.origin.clone()));
        headers.extend(self.max_age.clone().map(|value| ("Access-Control-Max-Age", value)));
        if self.credentials {
            headers.push(("Access-Control-Allow-Credentials", json!("'true'")));
        }
        let parameters: Map<String, Value> = headers
            .iter()
            .map(|(name, value)| (format!("method.response.header.{name}"), value.clone()))
            .collect();
        let declared: Map<String, Value> =
            headers.iter().map(|(name, _)| ((*name).to_owned(), json!({ "type": "string" }))).collect();
        json!({
            "summary": "CORS support",
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "x-amazon-apigateway-integration": {
                "type": "mock",
                "requestTemplates": { "application/json": "{\n  \"statusCode\" : 200\n}\n" },
                "responses": { "default": {
                    "statusCode": "200", "responseParameters": parameters,
                    "responseTemplates": { "application/json": "{}\n" },
                } },
            },
            "responses": { "200": { "description": "Default response for CORS method", "headers": declared } },
        })
    }
}

/// The methods of a path, quoted.
fn allowed(path: &Map<String, Value>) -> String {
    const ALL: &[&str] = &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    if path.contains_key("x-amazon-apigateway-any-method") {
        return format!("'{}'", ALL.join(","));
    }
    let mut methods: Vec<String> = path.keys().map(|verb| verb.to_ascii_uppercase()).collect();
    methods.retain(|verb| ALL.contains(&verb.as_str()));
    methods.push("OPTIONS".to_owned());
    methods.sort_unstable();
    methods.dedup();
    format!("'{}'", methods.join(","))
}
