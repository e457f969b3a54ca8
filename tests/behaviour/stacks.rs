//! CloudFormation templates with all API Gateway resources: created, changed, applied again, deleted.

use std::fs;

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::client::Client;
use crate::commands::{stderr, stepgate};
use crate::server::{DataDir, Server};

const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1";
const LOAD_BALANCER: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/inner/5";

/// What differs between one template and the next.
struct Edition {
    description: &'static str,
    regional: bool,
    tags: Value,
    ttl: u32,
    body: &'static str,
}

fn template(edition: &Edition) -> String {
    let Edition { description, regional, tags, ttl, body } = edition;
    let (kind, certificate) =
        if *regional { ("REGIONAL", "RegionalCertificateArn") } else { ("EDGE", "CertificateArn") };
    let document = json!({
        "openapi": "3.0.1",
        "info": { "title": "from a body", "version": "1" },
        "paths": { "/pets": { "get": {
            "responses": { "200": { "description": "ok" } },
            "x-amazon-apigateway-integration": {
                "type": "mock",
                "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
                "responses": { "default": {
                    "statusCode": "200", "responseTemplates": { "application/json": body },
                } },
            },
        } } },
    });
    let api = json!({ "Ref": "Api" });
    json!({ "Resources": {
        // Merged, because replacing the whole API would delete the template's own authorizer.
        "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": {
            "Name": "stacked", "Body": document, "Mode": "merge",
        } },
        "Certificate": {
            "Type": "AWS::ApiGateway::ClientCertificate", "Properties": { "Description": description },
        },
        "Link": { "Type": "AWS::ApiGateway::VpcLink", "Properties": {
            "Name": "inner", "Description": description, "TargetArns": [LOAD_BALANCER],
        } },
        "Guard": { "Type": "AWS::ApiGateway::Authorizer", "Properties": {
            "RestApiId": api, "Name": "guard", "Type": "TOKEN",
            "AuthorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations",
            "IdentitySource": "method.request.header.Authorization", "AuthorizerResultTtlInSeconds": ttl,
        } },
        "Part": { "Type": "AWS::ApiGateway::DocumentationPart", "Properties": {
            "RestApiId": api, "Location": { "Type": "RESOURCE", "Path": "/pets" },
            "Properties": json!({ "description": description }).to_string(),
        } },
        "Version": { "Type": "AWS::ApiGateway::DocumentationVersion", "DependsOn": "Part", "Properties": {
            "RestApiId": api, "DocumentationVersion": "v1", "Description": description,
        } },
        "Deployment": { "Type": "AWS::ApiGateway::Deployment", "Properties": { "RestApiId": api } },
        "Stage": { "Type": "AWS::ApiGateway::Stage", "Properties": {
            "RestApiId": api, "StageName": "prod", "DeploymentId": { "Ref": "Deployment" },
            "DocumentationVersion": { "Ref": "Version" }, "ClientCertificateId": { "Ref": "Certificate" },
            "CacheClusterEnabled": true, "CacheClusterSize": if *regional { "1.6" } else { "0.5" },
        } },
        "Domain": { "Type": "AWS::ApiGateway::DomainName", "Properties": {
            "DomainName": "api.example.test", certificate.to_owned(): CERTIFICATE,
            "EndpointConfiguration": { "Types": [kind] }, "Tags": tags,
        } },
        "Mapping": { "Type": "AWS::ApiGateway::BasePathMapping", "DependsOn": "Stage", "Properties": {
            "DomainName": { "Ref": "Domain" }, "BasePath": "shop", "RestApiId": api, "Stage": "prod",
        } },
    }, "Outputs": {
        "Api": { "Value": api }, "Guard": { "Value": { "Fn::GetAtt": ["Guard", "AuthorizerId"] } },
        "Link": { "Value": { "Ref": "Link" } }, "Mapping": { "Value": { "Ref": "Mapping" } },
        "Arn": { "Value": { "Fn::GetAtt": ["Domain", "DomainNameArn"] } },
    } })
    .to_string()
}

#[test]
fn a_template_makes_and_changes_all_of_an_api() {
    let dir = DataDir::new("stacks");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("all.json");
    let apply = |template: &str| -> Value {
        fs::write(&file, template).unwrap();
        let output = stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let actions = |applied: &Value, action: &str| -> Vec<String> {
        let changes = applied["changes"].as_array().unwrap().iter();
        let those = changes.filter(|change| change["action"] == action);
        those.map(|change| change["logicalId"].as_str().unwrap().to_owned()).collect()
    };
    let first = Edition {
        description: "one",
        regional: false,
        tags: json!([{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }]),
        ttl: 300,
        body: "first",
    };
    let made = apply(&template(&first));
    assert_eq!(actions(&made, "created").len(), 10, "{made}");
    let again = apply(&template(&first));
    assert_eq!(actions(&again, "unchanged").len(), 10, "{again}");

    let mut client = Client::new(&server.address);
    let mut get = |path: &str| client.apigateway("GET", path, &Value::Null).unwrap().json();
    let output = |name: &str| made["outputs"][name].as_str().unwrap().to_owned();
    let api = output("Api");
    let stage = get(&format!("/restapis/{api}/stages/prod"));
    assert_eq!((&stage["documentationVersion"], &stage["cacheClusterSize"]), (&json!("v1"), &json!("0.5")));
    assert!(stage["clientCertificateId"].is_string(), "{stage}");
    assert_eq!(output("Mapping"), "api.example.test|shop");
    assert_eq!(output("Arn"), "arn:aws:apigateway:us-east-1::/domainnames/api.example.test");

    let second = Edition {
        description: "two",
        regional: true,
        tags: json!([{ "Key": "b", "Value": "3" }, { "Key": "c", "Value": "4" }]),
        ttl: 0,
        body: "second",
    };
    let changed = apply(&template(&second));
    let mut kept = actions(&changed, "updated");
    kept.sort_unstable();
    assert!(
        ["Api", "Certificate", "Domain", "Guard", "Link", "Part", "Stage", "Version"]
            .iter()
            .all(|id| kept.contains(&(*id).to_owned())),
        "{changed}"
    );
    let domain = get("/domainnames/api.example.test");
    assert_eq!(domain["endpointConfiguration"]["types"], json!(["REGIONAL"]));
    assert_eq!(
        (&domain["regionalCertificateArn"], domain.get("certificateArn")),
        (&json!(CERTIFICATE), None)
    );
    assert_eq!(domain["tags"], json!({ "b": "3", "c": "4" }));
    let guard = get(&format!("/restapis/{api}/authorizers/{}", output("Guard")));
    assert_eq!(guard["authorizerResultTtlInSeconds"], 0);
    assert_eq!(get(&format!("/vpclinks/{}", output("Link")))["description"], "two");
    assert_eq!(get(&format!("/restapis/{api}/stages/prod"))["cacheClusterSize"], "1.6");
    let answer = client.send("GET", "/shop/pets", &[("host", "api.example.test")], b"").unwrap();
    assert_eq!((answer.status, answer.text()), (200, "second".to_owned()));

    let mut rest: Value = serde_json::from_str(&template(&second)).unwrap();
    rest["Resources"].as_object_mut().unwrap().retain(|id, _| id == "Api");
    rest.as_object_mut().unwrap().remove("Outputs");
    let removed = apply(&rest.to_string());
    assert_eq!(actions(&removed, "deleted").len(), 9, "{removed}");
    let gone = client.apigateway("GET", "/domainnames/api.example.test", &Value::Null).unwrap();
    assert_eq!(gone.status, 404);
}

#[test]
fn a_template_has_canaries_and_describes_the_stages_of_deployments() {
    let dir = DataDir::new("stack-canaries");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("canary.json");
    let template = |canary: Value, description: Value, tags: Value| {
        let api = json!({ "Ref": "Api" });
        let mut stage = json!({
            "RestApiId": api, "StageName": "prod", "DeploymentId": { "Ref": "First" }, "Variables": { "a": "1" }, "Tags": tags,
        });
        if !canary.is_null() {
            stage["CanarySetting"] = canary;
        }
        json!({ "Resources": {
            "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": {
                "Name": "canaries", "Tags": tags, "EndpointConfiguration": { "Types": ["REGIONAL"] },
            } },
            "Method": { "Type": "AWS::ApiGateway::Method", "Properties": {
                "RestApiId": api, "ResourceId": { "Fn::GetAtt": ["Api", "RootResourceId"] }, "HttpMethod": "GET",
                "AuthorizationType": "NONE", "Integration": { "Type": "MOCK" },
            } },
            "First": { "Type": "AWS::ApiGateway::Deployment", "Properties": { "RestApiId": api } },
            "Second": { "Type": "AWS::ApiGateway::Deployment", "Properties": { "RestApiId": api, "Description": "two" } },
            "Stage": { "Type": "AWS::ApiGateway::Stage", "Properties": stage },
            "Described": { "Type": "AWS::ApiGateway::Deployment", "Properties": {
                "RestApiId": api, "StageName": "described", "StageDescription": description,
            } },
            "Trial": { "Type": "AWS::ApiGateway::Deployment", "DependsOn": "Described", "Properties": {
                "RestApiId": api, "StageName": "described",
                "DeploymentCanarySettings": { "PercentTraffic": 5, "StageVariableOverrides": { "v": "canary" }, "UseStageCache": true },
            } },
        }, "Outputs": { "Api": { "Value": api }, "Second": { "Value": { "Ref": "Second" } }, "Trial": { "Value": { "Ref": "Trial" } } } })
        .to_string()
    };
    let apply = |template: &str| -> Value {
        fs::write(&file, template).unwrap();
        let output = stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let canary = |percent: f64, overrides: Value| {
        json!({
            "DeploymentId": { "Ref": "Second" }, "PercentTraffic": percent, "StageVariableOverrides": overrides,
        })
    };
    let description = json!({
        "Description": "made by its deployment", "Variables": { "v": "stage" }, "MetricsEnabled": true,
        "ThrottlingBurstLimit": 7, "TracingEnabled": true, "Tags": [{ "Key": "a", "Value": "1" }],
        "MethodSettings": [{ "ResourcePath": "/", "HttpMethod": "GET", "CacheTtlInSeconds": 60 }],
        "AccessLogSetting": {
            "DestinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:access", "Format": "$context.requestId",
        },
    });
    let tags = |value: &str| json!([{ "Key": "a", "Value": value }]);
    let made = apply(&template(canary(10.0, json!({ "a": "2", "b": "3" })), description.clone(), tags("1")));
    let mut client = Client::new(&server.address);
    let mut get = |path: &str| client.apigateway("GET", path, &Value::Null).unwrap().json();
    let output = |name: &str| made["outputs"][name].as_str().unwrap().to_owned();
    let (api, second) = (output("Api"), output("Second"));
    let prod = format!("/restapis/{api}/stages/prod");
    assert_eq!(
        get(&prod)["canarySettings"],
        json!({ "deploymentId": second, "percentTraffic": 10.0, "stageVariableOverrides": { "a": "2", "b": "3" }, "useStageCache": false })
    );
    let described = get(&format!("/restapis/{api}/stages/described"));
    assert_eq!(described["description"], "made by its deployment");
    assert_eq!(
        (&described["variables"], &described["tags"]),
        (&json!({ "v": "stage" }), &json!({ "a": "1" }))
    );
    let settings = &described["methodSettings"];
    assert_eq!(
        (&settings["*/*"]["throttlingBurstLimit"], &settings["*/*"]["metricsEnabled"]),
        (&json!(7), &json!(true))
    );
    assert_eq!(settings["~1/GET"]["cacheTtlInSeconds"], 60, "{settings}");
    assert_eq!(described["accessLogSettings"]["format"], "$context.requestId");
    assert_eq!(
        described["canarySettings"],
        json!({ "deploymentId": output("Trial"), "percentTraffic": 5.0, "stageVariableOverrides": { "v": "canary" }, "useStageCache": true })
    );

    let changed = apply(&template(canary(20.0, json!({ "b": "4" })), description.clone(), tags("2")));
    let stage = get(&prod);
    assert_eq!(
        (&stage["canarySettings"]["percentTraffic"], &stage["canarySettings"]["stageVariableOverrides"]),
        (&json!(20.0), &json!({ "b": "4" }))
    );
    // Tags are changed in place; nothing is replaced for them.
    assert_eq!(
        (&stage["tags"], changed["outputs"]["Api"].as_str()),
        (&json!({ "a": "2" }), Some(api.as_str()))
    );
    assert_eq!(get(&format!("/restapis/{api}"))["tags"], json!({ "a": "2" }));
    apply(&template(Value::Null, description, tags("2")));
    assert_eq!(get(&prod).get("canarySettings"), None);
}

#[test]
fn a_template_that_fails_leaves_the_stage_of_its_deployment_as_it_was() {
    let dir = DataDir::new("stack-failed");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("failed.json");
    let mut client = Client::new(&server.address);
    let template = |answer: &str, stage: &str, broken: bool| {
        let api = json!({ "Ref": "Api" });
        let mut resources = json!({
            "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": { "Name": "failing" } },
            "Get": { "Type": "AWS::ApiGateway::Method", "Properties": {
                "RestApiId": api, "ResourceId": { "Fn::GetAtt": "Api.RootResourceId" }, "HttpMethod": "GET",
                "MethodResponses": [{ "StatusCode": 200 }],
                "Integration": {
                    "Type": "MOCK", "RequestTemplates": { "application/json": "{\"statusCode\": 200}" },
                    "IntegrationResponses": [{ "StatusCode": 200, "ResponseTemplates": {
                        "application/json": format!("{answer} $stageVariables.v"),
                    } }],
                },
            } },
            "Deployment": { "Type": "AWS::ApiGateway::Deployment", "DependsOn": "Get", "Properties": {
                "RestApiId": api, "StageName": stage, "StageDescription": {
                    "Description": answer, "Variables": { "v": answer, answer.to_owned(): "1" },
                    "ThrottlingBurstLimit": if broken { 5 } else { 50 }, "Tags": [{ "Key": "is", "Value": answer }],
                },
            } },
        });
        if broken {
            // A key's value needs at least 20 characters.
            resources["Key"] = json!({ "Type": "AWS::ApiGateway::ApiKey", "DependsOn": "Deployment", "Properties": { "Value": "short" } });
        }
        json!({ "Resources": resources, "Outputs": { "Api": { "Value": api } } }).to_string()
    };
    let apply = |template: &str| {
        fs::write(&file, template).unwrap();
        stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"])
    };
    let first = apply(&template("old", "prod", false));
    assert!(first.status.success(), "{}", stderr(&first));
    let first: Value = serde_json::from_slice(&first.stdout).unwrap();
    let api = first["outputs"]["Api"].as_str().unwrap();
    let stages = format!("/restapis/{api}/stages");
    let mut look = || {
        let answer = client.send("GET", &format!("/restapis/{api}/prod/_user_request_/"), &[], b"").unwrap();
        let mut stages = client.apigateway("GET", &stages, &Value::Null).unwrap().json();
        for stage in stages["item"].as_array_mut().unwrap() {
            stage.as_object_mut().unwrap().remove("lastUpdatedDate");
        }
        let deployments =
            client.apigateway("GET", &format!("/restapis/{api}/deployments"), &Value::Null).unwrap();
        (answer.text(), stages, deployments.json()["item"].as_array().unwrap().len())
    };
    let before = look();
    assert_eq!((before.0.as_str(), before.2), ("old old", 1));
    // Once with an existing stage, once with a stage that the template would have created.
    for stage in ["prod", "other"] {
        let failed = apply(&template("new", stage, true));
        assert!(!failed.status.success() && stderr(&failed).contains("Resources/Key"), "{}", stderr(&failed));
        assert_eq!(look(), before, "{stage}");
    }
    let again = apply(&template("old", "prod", false));
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert!(again["changes"].as_array().unwrap().iter().all(|it| it["action"] == "unchanged"), "{again}");
    assert_eq!(look(), before);
}

#[test]
fn documents_of_templates_lie_in_a_directory_of_buckets() {
    let dir = DataDir::new("stack-objects");
    let buckets = dir.path().join("buckets");
    fs::create_dir_all(buckets.join("docs/v1")).unwrap();
    let definition = buckets.join("docs/v1/machine.yaml");
    fs::write(&definition, "StartAt: A\nStates:\n  A: {Type: Wait, Seconds: ${s}, End: true}\n").unwrap();
    let document =
        json!({ "openapi": "3.0.1", "info": { "title": "from a bucket", "version": "1" }, "paths": {} });
    fs::write(buckets.join("docs/api.json"), document.to_string()).unwrap();
    let settings = dir.path().join("stepgate.toml");
    fs::write(&settings, format!("[services.s3]\nroot = {:?}\n", buckets.to_str().unwrap())).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("objects.json");
    let apply = |key: &str| {
        let template = json!({ "Resources": {
            "Role": { "Type": "AWS::IAM::Role", "Properties": { "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Principal": { "Service": "states.amazonaws.com" }, "Action": "sts:AssumeRole" }],
            } } },
            "Machine": { "Type": "AWS::StepFunctions::StateMachine", "Properties": {
                "RoleArn": { "Fn::GetAtt": "Role.Arn" }, "DefinitionSubstitutions": { "s": 5 },
                "DefinitionS3Location": { "Bucket": "docs", "Key": key },
            } },
            "Version": { "Type": "AWS::StepFunctions::StateMachineVersion", "Properties": {
                "StateMachineArn": { "Ref": "Machine" },
                "StateMachineRevisionId": { "Fn::GetAtt": "Machine.StateMachineRevisionId" },
            } },
            "Alias": { "Type": "AWS::StepFunctions::StateMachineAlias", "Properties": {
                "Name": "live", "RoutingConfiguration": [{ "StateMachineVersionArn": { "Ref": "Version" }, "Weight": "100" }],
            } },
            "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": { "BodyS3Location": { "Bucket": "docs", "Key": "api.json" } } },
        }, "Outputs": { "Machine": { "Value": { "Ref": "Machine" } }, "Version": { "Value": { "Ref": "Version" } },
                        "Alias": { "Value": { "Fn::GetAtt": "Alias.Arn" } }, "Api": { "Value": { "Ref": "Api" } } } });
        fs::write(&file, template.to_string()).unwrap();
        stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"])
    };
    let output = |applied: &std::process::Output, name: &str| -> String {
        assert!(applied.status.success(), "{}", stderr(applied));
        let applied: Value = serde_json::from_slice(&applied.stdout).unwrap();
        applied["outputs"][name].as_str().unwrap().to_owned()
    };
    let first = apply("v1/machine.yaml");
    let mut client = Client::new(&server.address);
    let mut alias = |arn: &str| {
        client.states("DescribeStateMachineAlias", &json!({ "stateMachineAliasArn": arn })).unwrap().json()
    };
    let route = |version: &str| json!([{ "stateMachineVersionArn": version, "weight": 100 }]);
    assert!(output(&first, "Version").ends_with(":1"));
    assert_eq!(alias(&output(&first, "Alias"))["routingConfiguration"], route(&output(&first, "Version")));
    let mut client = Client::new(&server.address);
    let api = format!("/restapis/{}", output(&first, "Api"));
    assert_eq!(client.apigateway("GET", &api, &Value::Null).unwrap().json()["name"], "from a bucket");

    // A new text at the same location is a new definition: a version is published, and the alias follows.
    fs::write(
        &definition,
        r#"{"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": ${s}, "End": true}}}"#,
    )
    .unwrap();
    let second = apply("v1/machine.yaml");
    assert!(output(&second, "Version").ends_with(":2"));
    assert_eq!(alias(&output(&second, "Alias"))["routingConfiguration"], route(&output(&second, "Version")));
    let input = json!({ "stateMachineArn": output(&second, "Machine") });
    let described = client.states("DescribeStateMachine", &input).unwrap().json();
    assert!(described["definition"].as_str().unwrap().contains("\"B\""), "{described}");

    for (key, want) in
        [("none.json", "cannot read s3://docs/none.json"), ("../stepgate.toml", "is no name of a file")]
    {
        let failed = apply(key);
        assert!(!failed.status.success() && stderr(&failed).contains(want), "{}", stderr(&failed));
    }
}

#[test]
fn documents_come_from_an_s3_endpoint() {
    let storage = Backend::start(|request| match request.target.split('?').next() {
        Some("/docs/v1/machine.json") => {
            let definition = r#"{"StartAt": "FromS3", "States": {"FromS3": {"Type": "Succeed"}}}"#;
            (200, vec![("content-type", "application/json")], definition.to_owned())
        }
        _ => {
            let error =
                "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";
            (404, vec![("content-type", "application/xml")], error.to_owned())
        }
    });
    let dir = DataDir::new("stack-endpoint");
    let settings = dir.path().join("stepgate.toml");
    fs::write(&settings, format!("[services.s3]\nendpoint = \"{}\"\n", storage.url)).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("objects.json");
    let apply = |key: &str| {
        let template = json!({ "Resources": { "Machine": { "Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "DefinitionS3Location": { "Bucket": "docs", "Key": key },
        } } }, "Outputs": { "Machine": { "Value": { "Ref": "Machine" } } } });
        fs::write(&file, template.to_string()).unwrap();
        stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"])
    };
    let applied = apply("v1/machine.json");
    assert!(applied.status.success(), "{}", stderr(&applied));
    let told: Value = serde_json::from_slice(&applied.stdout).unwrap();
    let input = json!({ "stateMachineArn": told["outputs"]["Machine"] });
    let described = Client::new(&server.address).states("DescribeStateMachine", &input).unwrap().json();
    assert!(described["definition"].as_str().unwrap().contains("FromS3"), "{described}");
    let asked = storage.take();
    assert!(asked.iter().all(|request| request.header("authorization").starts_with("AWS4-HMAC-SHA256 ")));
    assert!(!asked.is_empty());

    let failed = apply("none.json");
    assert!(!failed.status.success());
    assert!(stderr(&failed).contains("cannot read s3://docs/none.json"), "{}", stderr(&failed));
}
