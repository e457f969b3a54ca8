//! Templates of the Serverless Application Model: what becomes of them.

use serde_json::{Value, json};

use crate::stack::{Template, check};

/// The template as the transform makes it, and what it is checked for.
fn processed(resources: Value, globals: Value) -> Value {
    let template = json!({
        "Transform": "AWS::Serverless-2016-10-31", "Globals": globals, "Resources": resources,
        "Parameters": {"Table": {"Type": "String", "Default": "t"}},
    });
    let template = Template::parse(&template.to_string()).unwrap_or_else(|error| panic!("{error}"));
    let findings = check(&template).unwrap_or_else(|error| panic!("{error}"));
    assert!(findings.iter().all(|finding| finding.is_warning), "{findings:?}");
    serde_json::from_str(&template.processed()).unwrap()
}

fn refused(resources: Value) -> String {
    let template = json!({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources});
    let checked = Template::parse(&template.to_string()).and_then(|template| check(&template));
    checked.unwrap_err().to_string()
}

/// The logical ids with their types, without the hashes of deployments and versions.
fn ids(processed: &Value) -> Vec<String> {
    let resources = processed["Resources"].as_object().unwrap().iter();
    let mut ids: Vec<String> = resources
        .map(|(id, it)| {
            let kind = it["Type"].as_str().unwrap().rsplit("::").next().unwrap();
            let is_hex = |end: &str| end.len() == 10 && end.bytes().all(|b| b.is_ascii_hexdigit());
            let id = match id.len().checked_sub(10).map(|at| id.split_at(at)) {
                Some((start, end)) if is_hex(end) => format!("{start}#"),
                _ => id.clone(),
            };
            format!("{id} {kind}")
        })
        .collect();
    ids.sort_unstable();
    ids
}

fn function(more: Value) -> Value {
    let mut properties = json!({"Handler": "a.b", "Runtime": "python3.12", "CodeUri": "src/"});
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"Type": "AWS::Serverless::Function", "Properties": properties})
}

fn event(path: &str, method: &str) -> Value {
    json!({"Type": "Api", "Properties": {"Path": path, "Method": method}})
}

#[test]
fn a_function_with_an_event_gets_a_role_and_an_api() {
    let made = processed(
        json!({"Hello": function(json!({
            "Events": {"Get": event("/hello/{name}", "get"), "All": event("/{proxy+}", "any")},
            "Policies": ["AmazonS3ReadOnlyAccess", {"DynamoDBReadPolicy": {"TableName": {"Ref": "Table"}}},
                         {"Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]}],
            "Tags": {"team": "a"},
        }))}),
        json!({"Function": {"Timeout": 9, "Tracing": "Active", "Environment": {"Variables": {"A": "1"}}},
               "Api": {"TracingEnabled": true, "Cors": "'*'"}}),
    );
    let want = [
        "Hello Function",
        "HelloAllPermissionProd Permission",
        "HelloGetPermissionProd Permission",
        "HelloRole Role",
        "ServerlessRestApi RestApi",
        "ServerlessRestApiDeployment# Deployment",
        "ServerlessRestApiProdStage Stage",
    ];
    assert_eq!(ids(&made), want);
    let resources = &made["Resources"];
    let hello = &resources["Hello"]["Properties"];
    assert_eq!((&hello["Timeout"], &hello["Code"]), (&json!(9), &json!("src/")));
    assert_eq!(hello["TracingConfig"], json!({"Mode": "Active"}));
    assert_eq!(
        hello["Tags"],
        json!([{"Key": "lambda:createdBy", "Value": "SAM"}, {"Key": "team", "Value": "a"}])
    );
    let role = &resources["HelloRole"]["Properties"];
    let arns: Vec<&str> = role["ManagedPolicyArns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Fn::Sub"].as_str().unwrap())
        .collect();
    assert_eq!(
        arns,
        [
            "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            "arn:${AWS::Partition}:iam::aws:policy/AWSXrayWriteOnlyAccess",
            "arn:${AWS::Partition}:iam::aws:policy/AmazonS3ReadOnlyAccess",
        ]
    );
    let names: Vec<&Value> =
        role["Policies"].as_array().unwrap().iter().map(|it| &it["PolicyName"]).collect();
    assert_eq!(names, ["HelloRolePolicy1", "HelloRolePolicy2"]);
    let paths = &resources["ServerlessRestApi"]["Properties"]["Body"]["paths"];
    let get = &paths["/hello/{name}"]["get"];
    assert_eq!(get["x-amazon-apigateway-integration"]["type"], "aws_proxy");
    assert_eq!(get["parameters"][0]["name"], "name");
    assert!(paths["/{proxy+}"].get("x-amazon-apigateway-any-method").is_some(), "{paths}");
    let options =
        &paths["/hello/{name}"]["options"]["x-amazon-apigateway-integration"]["responses"]["default"];
    assert_eq!(
        options["responseParameters"]["method.response.header.Access-Control-Allow-Methods"],
        "'GET,OPTIONS'"
    );
    assert_eq!(resources["ServerlessRestApiProdStage"]["Properties"]["TracingEnabled"], true);
    let permission = &resources["HelloGetPermissionProd"]["Properties"]["SourceArn"]["Fn::Sub"][0];
    assert!(permission.as_str().unwrap().ends_with("${__ApiId__}/${__Stage__}/GET/hello/*"), "{permission}");
    assert!(made.get("Transform").is_none() && made.get("Globals").is_none(), "{made}");
}

#[test]
fn a_state_machine_is_started_by_its_api() {
    let definition =
        json!({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Arn}", "End": true}}});
    let mut start = event("/orders", "post");
    start["Properties"]["RestApiId"] = json!({"Ref": "Shop"});
    let made = processed(
        json!({
            "Shop": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "live"}},
            "Orders": {"Type": "AWS::Serverless::StateMachine", "Properties": {
                "Definition": definition, "DefinitionSubstitutions": {"Arn": {"Fn::GetAtt": "Work.Arn"}},
                "Type": "EXPRESS", "Events": {"Start": start}, "AutoPublishAlias": "live",
                "Policies": [{"LambdaInvokePolicy": {"FunctionName": {"Ref": "Work"}}}],
            }},
            "Work": function(json!({})),
        }),
        json!({}),
    );
    let want = [
        "Orders StateMachine",
        "OrdersAliaslive StateMachineAlias",
        "OrdersRole Role",
        "OrdersStartRole Role",
        "OrdersVersion# StateMachineVersion",
        "Shop RestApi",
        "ShopDeployment# Deployment",
        "ShopliveStage Stage",
        "Work Function",
        "WorkRole Role",
    ];
    assert_eq!(ids(&made), want);
    let post = &made["Resources"]["Shop"]["Properties"]["Body"]["paths"]["/orders"]["post"]["x-amazon-apigateway-integration"];
    assert_eq!(post["credentials"], json!({"Fn::GetAtt": ["OrdersStartRole", "Arn"]}));
    let template = post["requestTemplates"]["application/json"]["Fn::Sub"].as_str().unwrap();
    assert_eq!(
        template,
        r#"{"input": "$util.escapeJavaScript($input.json('$'))", "stateMachineArn": "${Orders}"}"#
    );
}

#[test]
fn an_api_has_authorizers_keys_and_models() {
    let secured = |auth: Value| {
        let mut secured = event("/a", "get");
        secured["Properties"]["RestApiId"] = json!({"Ref": "Api"});
        secured["Properties"]["Auth"] = auth;
        secured
    };
    let mut with_model = secured(json!({"Authorizer": "NONE"}));
    with_model["Properties"]["Path"] = json!("/b");
    with_model["Properties"]["RequestModel"] =
        json!({"Model": "User", "Required": true, "ValidateBody": true});
    with_model["Properties"]["RequestParameters"] = json!(["method.request.header.X", {"method.request.querystring.q": {"Required": true, "Caching": true}}]);
    let made = processed(
        json!({
            "Api": {"Type": "AWS::Serverless::Api", "Properties": {
                "StageName": "v1", "EndpointConfiguration": "REGIONAL",
                "Models": {"User": {"type": "object"}},
                "Auth": {
                    "DefaultAuthorizer": "Pool",
                    "Authorizers": {
                        "Pool": {"UserPoolArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a"},
                        "Guard": {"FunctionArn": {"Fn::GetAtt": "F.Arn"}, "FunctionPayloadType": "REQUEST",
                                  "Identity": {"Headers": ["X-Key"], "ReauthorizeEvery": 0}},
                    },
                    "UsagePlan": {"CreateUsagePlan": "PER_API", "Throttle": {"BurstLimit": 1, "RateLimit": 1}},
                },
            }},
            "F": function(json!({"Events": {
                "Default": secured(json!({"ApiKeyRequired": true})), "Model": with_model,
            }})),
            "G": function(json!({"Events": {"Guarded": {"Type": "Api", "Properties": {
                "Path": "/c", "Method": "get", "RestApiId": {"Ref": "Api"}, "Auth": {"Authorizer": "Guard"}}},
                "Signed": {"Type": "Api", "Properties": {
                "Path": "/d", "Method": "get", "RestApiId": {"Ref": "Api"}, "Auth": {"Authorizer": "AWS_IAM"}}}}})),
        }),
        json!({}),
    );
    let body = &made["Resources"]["Api"]["Properties"]["Body"];
    assert_eq!(body["paths"]["/a"]["get"]["security"], json!([{"Pool": []}, {"api_key": []}]));
    assert_eq!(body["paths"]["/b"]["get"].get("security"), None);
    assert_eq!(body["paths"]["/b"]["get"]["x-amazon-apigateway-request-validator"], "body-only");
    assert_eq!(body["paths"]["/c"]["get"]["security"], json!([{"Guard": []}]));
    assert_eq!(body["paths"]["/d"]["get"]["x-amazon-apigateway-auth"], json!({"type": "AWS_IAM"}));
    let guard = &body["securityDefinitions"]["Guard"]["x-amazon-apigateway-authorizer"];
    assert_eq!(
        (&guard["type"], &guard["identitySource"]),
        (&json!("request"), &json!("method.request.header.X-Key"))
    );
    let ids = ids(&made);
    for id in [
        "ApiUsagePlan UsagePlan",
        "ApiApiKey ApiKey",
        "ApiUsagePlanKey UsagePlanKey",
        "ApiGuardAuthorizerPermission Permission",
    ] {
        assert!(ids.iter().any(|known| known == id), "{id} of {ids:?}");
    }
}

#[test]
fn a_document_that_is_given_is_secured_as_the_api_says() {
    let body = |auth: Value| {
        let to = json!({"type": "mock"});
        let operation = |security: Value| {
            let mut operation = json!({"x-amazon-apigateway-integration": to});
            if !security.is_null() {
                operation["security"] = security;
            }
            operation
        };
        let document = json!({"openapi": "3.0.1", "info": {"title": "a", "version": "1"}, "paths": {"/a": {
            "get": operation(json!(null)), "post": operation(json!([{"api_key": []}])), "put": operation(json!([{"NONE": []}])),
            "patch": operation(json!([{"Other": ["s"]}])), "options": operation(json!(null)), "delete": {"summary": "nothing"},
        }}});
        let made = processed(
            json!({"Api": {"Type": "AWS::Serverless::Api", "Properties": {
                "StageName": "v1", "Auth": auth, "DefinitionBody": document}}}),
            json!({}),
        );
        made["Resources"]["Api"]["Properties"]["Body"]["paths"]["/a"].clone()
    };
    let pool = |id: &str| json!({"UserPoolArn": format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{id}")});
    let authorizers = json!({"People": pool("us-east-1_a"), "Other": pool("us-east-1_b")});
    let secured = body(json!({"DefaultAuthorizer": "People", "Authorizers": authorizers}));
    assert_eq!(secured["get"]["security"], json!([{"People": []}]));
    assert_eq!(secured["post"]["security"], json!([{"api_key": []}, {"People": []}]));
    assert_eq!(secured["put"].get("security"), None);
    assert_eq!(secured["patch"]["security"], json!([{"Other": ["s"]}]));
    assert_eq!(secured["options"]["security"], json!([{"People": []}]));
    assert_eq!(secured["delete"], json!({"summary": "nothing"}));
    let unsecured = json!({"DefaultAuthorizer": "People", "AddDefaultAuthorizerToCorsPreflight": false,
        "Authorizers": authorizers});
    assert_eq!(body(unsecured)["options"].get("security"), None);
    let keyed = body(json!({"ApiKeyRequired": true}));
    assert_eq!(keyed["get"]["security"], json!([{"api_key": []}]));
    assert_eq!(keyed["post"]["security"], json!([{"api_key": []}]));
    let signed = body(json!({"DefaultAuthorizer": "AWS_IAM"}));
    assert_eq!(signed["get"]["x-amazon-apigateway-auth"], json!({"type": "AWS_IAM"}));
}

#[test]
fn layers_and_aliases_are_others_when_they_change() {
    let template = |content: &str| {
        processed(
            json!({
                "Libs": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": content}},
                "F": function(json!({"Layers": [{"Ref": "Libs"}], "AutoPublishAlias": "live", "CodeUri": content,
                                     "FunctionUrlConfig": {"AuthType": "NONE"}})),
            }),
            json!({}),
        )
    };
    let one = template("s3://bucket/one.zip?versionId=7");
    assert_eq!(
        ids(&one),
        [
            "F Function",
            "FAliaslive Alias",
            "FRole Role",
            "FUrl Url",
            "FUrlPublicPermissions Permission",
            "FVersion# Version",
            "Libs# LayerVersion",
        ]
    );
    let code = json!({"S3Bucket": "bucket", "S3Key": "one.zip", "S3ObjectVersion": "7"});
    assert_eq!(one["Resources"]["F"]["Properties"]["Code"], code);
    let layer = one["Resources"]["F"]["Properties"]["Layers"][0]["Ref"].as_str().unwrap().to_owned();
    assert_eq!(one["Resources"][&layer]["DeletionPolicy"], "Retain");
    let other = template("s3://bucket/other.zip");
    assert!(other["Resources"].get(&layer).is_none(), "{other}");
}

#[test]
fn what_is_not_supported_is_named_at_once() {
    let error = refused(json!({
        "F": function(json!({"Events": {"Q": {"Type": "SNS", "Properties": {}}, "S": {"Type": "Schedule"}}, "Nope": 1})),
        "G": function(json!({"Policies": [{"NopePolicy": {}}]})),
    }));
    for want in [
        "Resources/F/Properties/Events/Q: events of the type \"SNS\" are not supported",
        "Resources/F/Properties/Events/S: events of the type \"Schedule\" are not supported",
        "property Nope of AWS::Serverless::Function is not supported",
        "Resources/G/Properties/Policies/0: the policy template NopePolicy is not supported",
    ] {
        assert!(error.contains(want), "{want}: {error}");
    }
    for kind in ["Application", "HttpApi", "GraphQLApi"] {
        let error = refused(json!({"A": {"Type": format!("AWS::Serverless::{kind}")}}));
        assert!(
            error.contains(&format!("resource type AWS::Serverless::{kind} is not supported")),
            "{error}"
        );
    }
}

#[test]
fn connectors_become_policies_and_permissions() {
    let made = processed(
        json!({
            "Hello": function(json!({})),
            "Other": function(json!({})),
            "Files": {"Type": "AWS::S3::Bucket"},
            "Flow": {
                "Type": "AWS::Serverless::StateMachine",
                "Properties": {"Definition": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}},
                "Connectors": {"Calls": {"Properties": {
                    "Destination": [{"Id": "Hello"}, {"Id": "Other"}], "Permissions": ["Write"]}}},
            },
            "Reads": {"Type": "AWS::Serverless::Connector", "Properties": {
                "Source": {"Id": "Hello"}, "Destination": {"Id": "Files"}, "Permissions": ["Read", "Write"]}},
            "Tells": {"Type": "AWS::Serverless::Connector", "Properties": {
                "Source": {"Id": "Files"}, "Destination": {"Id": "Hello"}, "Permissions": ["Write"]}},
        }),
        json!({}),
    );
    let resources = &made["Resources"];
    let calls = &resources["FlowCallsDestination1Policy"]["Properties"];
    assert_eq!(calls["Roles"], json!([{"Ref": "FlowRole"}]));
    assert_eq!(
        calls["PolicyDocument"]["Statement"],
        json!([{"Effect": "Allow", "Action": ["lambda:InvokeAsync", "lambda:InvokeFunction"],
                "Resource": [{"Fn::GetAtt": ["Other", "Arn"]}]}])
    );
    let reads = &resources["ReadsPolicy"];
    assert_eq!(reads["Type"], "AWS::IAM::ManagedPolicy");
    assert_eq!(reads["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap().len(), 2);
    let tells = &resources["TellsWriteLambdaPermission"]["Properties"];
    assert_eq!(tells["SourceArn"], json!({"Fn::GetAtt": ["Files", "Arn"]}));
    assert_eq!(tells["SourceAccount"], json!({"Ref": "AWS::AccountId"}));
    assert!(resources.get("Reads").is_none() && resources["Flow"].get("Connectors").is_none(), "{resources}");
}

#[test]
fn connectors_that_cant_be_made_are_refused_by_name() {
    let connector = |more: Value| {
        let mut properties =
            json!({"Source": {"Id": "A"}, "Destination": {"Id": "B"}, "Permissions": ["Write"]});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        refused(json!({
            "A": function(json!({})), "B": function(json!({})), "C": {"Type": "AWS::StepFunctions::Activity"},
            "Connector": {"Type": "AWS::Serverless::Connector", "Properties": properties},
        }))
    };
    let check = |more: Value, want: &str| {
        let error = connector(more);
        assert!(error.contains("Resources/Connector") && error.contains(want), "{error}");
    };
    check(json!({"Destination": {"Id": "D"}}), "the template has no resource D");
    check(json!({"Destination": {"Arn": "a"}}), "named by the Id");
    check(json!({"Destination": {"Id": "C"}}), "AWS::Lambda::Function to AWS::StepFunctions::Activity");
    check(json!({"Permissions": ["Read"]}), "Permissions Read are none");
    check(json!({"Permissions": []}), "Permissions is missing");
}

#[test]
fn queues_and_simple_tables_are_made_of_what_others_have() {
    let template = json!({
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Hello": function(json!({"Events": {"Orders": {"Type": "SQS", "Properties": {
                "Queue": {"Fn::GetAtt": ["Queue", "Arn"]}, "BatchSize": 5}}}})),
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Items": {"Type": "AWS::Serverless::SimpleTable", "Properties": {"PrimaryKey": {"Name": "n", "Type": "Number"}}},
        },
    });
    let made: Value =
        serde_json::from_str(&Template::parse(&template.to_string()).unwrap().processed()).unwrap();
    let resources = &made["Resources"];
    let want = json!({"BatchSize": 5, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "FunctionName": {"Ref": "Hello"}});
    assert_eq!(
        resources["HelloOrders"],
        json!({"Type": "AWS::Lambda::EventSourceMapping", "Properties": want})
    );
    let policies = resources["HelloRole"]["Properties"]["ManagedPolicyArns"].to_string();
    assert!(policies.contains("AWSLambdaSQSQueueExecutionRole"), "{policies}");
    let table = &resources["Items"];
    assert_eq!(table["Type"], "AWS::DynamoDB::Table");
    assert_eq!(
        table["Properties"]["AttributeDefinitions"],
        json!([{"AttributeName": "n", "AttributeType": "N"}])
    );
    assert_eq!(table["Properties"]["BillingMode"], "PAY_PER_REQUEST");
}
