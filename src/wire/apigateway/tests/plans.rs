//! API keys and usage plans, as clients see them.

use serde_json::{Value, json};

use super::World;

const NOW: i64 = 1_700_000_000;

fn key(id: &str, members: Value) -> Value {
    let mut key = json!({
        "id": id, "enabled": false, "createdDate": NOW, "lastUpdatedDate": NOW, "stageKeys": []
    });
    let object = key.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        object.insert(name.clone(), value.clone());
    }
    key
}

fn patch(what: &str, id: &str, patches: &[(&str, &str, &str)]) -> Value {
    let operation = |(op, path, value): &(&str, &str, &str)| json!({"op": op, "path": path, "value": value});
    json!({what: id, "patchOperations": patches.iter().map(operation).collect::<Vec<_>>()})
}

impl World {
    async fn with_key(&mut self, name: &'static str, value_name: &'static str, input: Value) {
        let made = self.call("CreateApiKey", input).await.unwrap();
        self.name(name, &made["id"]);
        self.name(value_name, &made["value"]);
    }

    /// Adds a stage with a mock to the API.
    pub(super) async fn with_stage(&self, stage: &str) {
        let method = json!({"restApiId": "$api", "resourceId": "$root", "httpMethod": "GET"});
        let with = |members: Value| {
            let mut input = method.clone();
            input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            input
        };
        if self.call("GetMethod", with(json!({"verb": "GET"}))).await.is_err() {
            let none = json!({"verb": "GET", "authorizationType": "NONE"});
            self.call("PutMethod", with(none)).await.unwrap();
            self.call("PutIntegration", with(json!({"verb": "GET", "type": "MOCK"}))).await.unwrap();
        }
        self.call("CreateDeployment", json!({"restApiId": "$api", "stageName": stage})).await.unwrap();
    }
}

#[tokio::test]
async fn api_keys_show_what_aws_shows() {
    let mut world = World::new().await;
    world.with_key("$a", "$value-a", json!({"name": "app-a", "customerId": "c1"})).await;
    let input = json!({"name": "app-b", "enabled": true, "value": "01234567890123456789", "generateDistinctId": false,
        "stageKeys": [{"restApiId": "x", "stageName": "dev"}], "description": "d", "tags": {"k": "v"}});
    let made = world.call("CreateApiKey", input.clone()).await.unwrap();
    world.name("$b", &made["id"]);
    let a = key("$a", json!({"name": "app-a", "customerId": "c1"}));
    let b = key(
        "$b",
        json!({"name": "app-b", "enabled": true, "description": "d", "stageKeys": ["x/dev"], "tags": {"k": "v"}}),
    );
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key.as_object_mut().unwrap().insert(name.to_owned(), value);
        key
    };
    let unknown = "NotFoundException: Invalid API Key identifier specified";
    assert_eq!(made["value"], "01234567890123456789");
    world
        .check(vec![
            ("GetApiKeys", json!({}), Ok(json!({"item": [b, a]}))),
            ("GetApiKeys", json!({"nameQuery": "app-a"}), Ok(json!({"item": [a]}))),
            ("GetApiKeys", json!({"nameQuery": "pp-a"}), Ok(json!({"item": []}))),
            ("GetApiKeys", json!({"nameQuery": "APP"}), Ok(json!({"item": []}))),
            ("GetApiKeys", json!({"customerId": "c1"}), Ok(json!({"item": [a]}))),
            ("GetApiKeys", json!({"limit": 0}), Ok(json!({"item": []}))),
            (
                "GetApiKeys",
                json!({"includeValues": true, "customerId": "c1"}),
                Ok(json!({"item": [with(&a, "value", json!("$value-a"))]})),
            ),
            ("GetApiKey", json!({"apiKey": "$a"}), Ok(with(&a, "tags", json!({})))),
            (
                "GetApiKey",
                json!({"apiKey": "$b", "includeValue": true}),
                Ok(with(&b, "value", json!("01234567890123456789"))),
            ),
            ("GetApiKey", json!({"apiKey": "$value-a"}), Err(unknown)),
            ("CreateApiKey", input, Err("ConflictException: API Key already exists")),
            (
                "CreateApiKey",
                json!({"value": "short"}),
                Err("BadRequestException: API Key value should be at least 20 characters"),
            ),
            (
                "CreateApiKey",
                json!({"name": "a".repeat(1025)}),
                Err("BadRequestException: Invalid API Key name, can be at most 1024 characters."),
            ),
            (
                "UpdateApiKey",
                patch("apiKey", "$a", &[("replace", "/enabled", "True"), ("replace", "/name", "")]),
                Ok(key("$a", json!({"customerId": "c1", "enabled": true, "tags": {}}))),
            ),
            (
                "TagResource",
                json!({"resourceArn": "arn:aws:apigateway:us-east-1::/apikeys/$a", "tags": {"x": "y"}}),
                Ok(json!({})),
            ),
            ("DeleteApiKey", json!({"apiKey": "$b"}), Ok(json!({}))),
            ("DeleteApiKey", json!({"apiKey": "$b"}), Err(unknown)),
            (
                "GetApiKeys",
                json!({}),
                Ok(json!({"item": [key("$a", json!({"customerId": "c1", "enabled": true, "tags": {"x": "y"}}))]})),
            ),
        ])
        .await;
}

#[tokio::test]
async fn keys_are_listed_in_pages() {
    let world = World::new().await;
    for n in 0..5 {
        world.call("CreateApiKey", json!({"name": format!("k{n}")})).await.unwrap();
    }
    let (mut names, mut position) = (Vec::new(), Value::Null);
    loop {
        let page = world.call("GetApiKeys", json!({"limit": 2, "position": position})).await.unwrap();
        names.extend(page["item"].as_array().unwrap().iter().map(|key| key["name"].clone()));
        position = page["position"].clone();
        if position.is_null() {
            break;
        }
    }
    assert_eq!(names, ["k4", "k3", "k2", "k1", "k0"]);
    let bad = world.call("GetApiKeys", json!({"position": "eA"})).await;
    assert_eq!(bad.unwrap_err(), "BadRequestException: Invalid position parameter specified");
}

#[tokio::test]
async fn usage_plans_show_what_aws_shows() {
    let mut world = World::new().await;
    world.with_stage("dev").await;
    let input = json!({"name": "gold", "description": "d",
        "apiStages": [{"apiId": "$api", "stage": "dev", "throttle": {"//GET": {"rateLimit": 1, "burstLimit": 2}}}],
        "throttle": {"rateLimit": 0.5, "burstLimit": 3}, "quota": {"limit": 10, "period": "WEEK", "offset": 6}});
    let made = world.call("CreateUsagePlan", input).await.unwrap();
    world.name("$plan", &made["id"]);
    let stages = json!([{"apiId": "$api", "stage": "dev", "throttle": {"//GET": {"burstLimit": 2, "rateLimit": 1.0}}}]);
    let plan = json!({"id": "$plan", "name": "gold", "description": "d", "apiStages": stages,
        "throttle": {"burstLimit": 3, "rateLimit": 0.5}, "quota": {"limit": 10, "offset": 6, "period": "WEEK"}});
    let tagged = |plan: &Value| {
        let mut plan = plan.clone();
        plan["tags"] = json!({});
        plan
    };
    let create = |members: Value| {
        let mut input = json!({"name": "x"});
        input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        input
    };
    let quota = |limit: i32, offset: i32, period: &str| {
        create(json!({"quota": {"limit": limit, "offset": offset, "period": period}}))
    };
    let unknown = "NotFoundException: Invalid Usage Plan ID specified";
    world
        .check(vec![
            ("GetUsagePlan", json!({"usagePlanId": "$plan"}), Ok(tagged(&plan))),
            ("GetUsagePlans", json!({}), Ok(json!({"item": [plan]}))),
            ("GetUsagePlans", json!({"keyId": "nobody"}), Ok(json!({"item": []}))),
            ("GetUsagePlan", json!({"usagePlanId": "x"}), Err(unknown)),
            (
                "CreateUsagePlan",
                create(json!({"apiStages": [{"apiId": "$api", "stage": "prod"}]})),
                Err("NotFoundException: API Stage not found: $api:prod"),
            ),
            (
                "CreateUsagePlan",
                create(json!({"apiStages": [{"apiId": "$api"}]})),
                Err("BadRequestException: Invalid API Stage {api: %s, stage: %s} specified for usageplan %s"),
            ),
            (
                "CreateUsagePlan",
                create(json!({"apiStages": [{"apiId": "$api", "stage": "dev", "throttle": {"//GET": {}}}]})),
                Err("BadRequestException: Can not define fine grain throttling if usage plan throttle is not defined."),
            ),
            (
                "CreateUsagePlan",
                create(json!({"throttle": {}, "apiStages": [
                    {"apiId": "$api", "stage": "dev", "throttle": {"/pets/GET": {}}},
                ]})),
                Err("NotFoundException: Invalid method {resourcePath: /pets,method: GET} specified"),
            ),
            (
                "UpdateUsagePlan",
                patch("usagePlanId", "$plan", &[("add", "/apiStages", r#"{"apiId": "abc", "stage": "dev"}"#)]),
                Err(r#"NotFoundException: API Stage not found: {"apiId": "abc", "stage""#),
            ),
            (
                "UpdateUsagePlan",
                patch("usagePlanId", "$plan", &[("remove", "/throttle", "")]),
                Err("BadRequestException: Can not define fine grain throttling if usage plan throttle is not defined."),
            ),
            (
                "CreateUsagePlan",
                create(json!({"apiStages": [{"apiId": "$api", "stage": "dev", "throttle": {"X": {}}}]})),
                Err("BadRequestException: Invalid method {resourcePath: X,method: } specified"),
            ),
            (
                "CreateUsagePlan",
                quota(1, 1, "DAY"),
                Err("BadRequestException: Usage Plan quota offset must be zero in the DAY period"),
            ),
            (
                "CreateUsagePlan",
                quota(1, 7, "WEEK"),
                Err("BadRequestException: Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period"),
            ),
            (
                "CreateUsagePlan",
                quota(1, 0, "YEAR"),
                Err("BadRequestException: Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"),
            ),
            (
                "CreateUsagePlan",
                quota(-1, 0, "DAY"),
                Err("BadRequestException: Usage Plan quota limit must be a non-negative numeric"),
            ),
            (
                "DeleteUsagePlan",
                json!({"usagePlanId": "$plan"}),
                Err("BadRequestException: Cannot delete Usage Plan $plan because there are API Stages associated with it, including $api:dev"),
            ),
            (
                "UpdateUsagePlan",
                patch("usagePlanId", "$plan", &[("remove", "/quota", ""), ("replace", "/name", "silver")]),
                Ok(json!({"id": "$plan", "name": "silver", "description": "d", "apiStages": stages,
                    "throttle": {"burstLimit": 3, "rateLimit": 0.5}, "tags": {}})),
            ),
            (
                "UpdateUsagePlan",
                patch("usagePlanId", "$plan", &[("add", "/apiStages", "$api:dev")]),
                Err("ConflictException: API Stage {api: $api, stage: dev} already exists in the usage plan"),
            ),
            ("DeleteStage", json!({"restApiId": "$api", "stageName": "dev"}), Ok(json!({}))),
            ("DeleteUsagePlan", json!({"usagePlanId": "$plan"}), Ok(json!({}))),
            ("DeleteUsagePlan", json!({"usagePlanId": "$plan"}), Err(unknown)),
        ])
        .await;
}

#[tokio::test]
async fn a_key_has_one_plan_a_stage() {
    let mut world = World::new().await;
    world.with_stage("dev").await;
    world.with_key("$key", "$value", json!({"name": "app"})).await;
    for (name, stages) in [("$one", json!([{"apiId": "$api", "stage": "dev"}])), ("$two", json!([]))] {
        let made = world.call("CreateUsagePlan", json!({"name": name, "apiStages": stages})).await.unwrap();
        world.name(name, &made["id"]);
    }
    let third = world
        .call("CreateUsagePlan", json!({"name": "3", "apiStages": [{"apiId": "$api", "stage": "dev"}]}))
        .await
        .unwrap();
    world.name("$three", &third["id"]);
    let of = |plan: &str| json!({"usagePlanId": plan, "keyId": "$key"});
    let add = |plan: &str| json!({"usagePlanId": plan, "keyId": "$key", "keyType": "API_KEY"});
    let key = json!({"id": "$key", "type": "API_KEY", "value": "$value", "name": "app"});
    let clash = "ConflictException: API Key $key is already associated with API Stage {api: $api, stage: dev} through \
                 another usage plan";
    let no_key = "NotFoundException: Invalid API Key identifier specified";
    world
        .check(vec![
            ("GetUsagePlanKeys", json!({"usagePlanId": "nowhere"}), Ok(json!({"item": []}))),
            ("CreateUsagePlanKey", add("$one"), Ok(key.clone())),
            ("CreateUsagePlanKey", add("$one"), Err("ConflictException: Usage Plan Key already exists")),
            ("CreateUsagePlanKey", add("$three"), Err(clash)),
            ("CreateUsagePlanKey", add("$two"), Ok(key.clone())),
            (
                "UpdateUsagePlan",
                patch("usagePlanId", "$two", &[("add", "/apiStages", "$api:dev")]),
                Err(clash),
            ),
            ("GetUsagePlanKey", of("$two"), Ok(key.clone())),
            ("GetUsagePlanKey", of("$three"), Err(no_key)),
            (
                "GetUsagePlanKeys",
                json!({"usagePlanId": "$one", "nameQuery": "ap"}),
                Ok(json!({"item": [key]})),
            ),
            ("GetUsagePlanKeys", json!({"usagePlanId": "$one", "nameQuery": "AP"}), Ok(json!({"item": []}))),
            ("DeleteUsagePlanKey", of("$one"), Ok(json!({}))),
            ("DeleteUsagePlanKey", of("$one"), Err(no_key)),
            ("CreateUsagePlanKey", add("$three"), Ok(key.clone())),
            (
                "CreateUsagePlanKey",
                json!({"usagePlanId": "$two", "keyId": "$key", "keyType": "OTHER"}),
                Err("BadRequestException: Invalid Usage Plan Key type specified. Must be one of [API_KEY]"),
            ),
            ("DeleteApiKey", json!({"apiKey": "$key"}), Ok(json!({}))),
            ("GetUsagePlanKeys", json!({"usagePlanId": "$three"}), Ok(json!({"item": []}))),
        ])
        .await;
}
