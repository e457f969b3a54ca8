//! Templates as the CDK (version 1), the Solutions Constructs, the Serverless Application Model and people write them,
//! as far as they use supported services.

use serde_json::{Value, json};

use super::{World, errors_of};

/// Applies the template twice, and checks that it is also valid.
fn check(what: &str, template: &Value, parameters: &Value) -> Vec<(&'static str, Value)> {
    let world = World::new();
    let errors = errors_of(template);
    assert!(errors.is_empty(), "{what}: {errors:?}");
    if let Err(error) = world.apply("style", template, parameters) {
        panic!("{what}: {error}");
    }
    let calls = world.calls();
    let again = world.apply("style", template, parameters).unwrap();
    assert!(again.changes.iter().all(|change| change.action.as_str() == "unchanged"), "{what}: {again:?}");
    calls
}

/// The input of the first call of an operation.
fn input<'a>(calls: &'a [(&'static str, Value)], operation: &str) -> &'a Value {
    &calls.iter().find(|call| call.0 == operation).unwrap().1
}

#[test]
fn as_the_first_cdk_writes_them() {
    let region_is = |region: &str| json!({"Fn::Equals": [{"Ref": "AWS::Region"}, region]});
    let arn = |rest: &str| {
        json!({"Fn::Join": ["", [
            "arn:", {"Ref": "AWS::Partition"}, ":", rest, {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"},
        ]]})
    };
    let template = json!({
        "Resources": {
            "MachineRoleB840431D": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Action": "sts:AssumeRole", "Effect": "Allow",
                    "Principal": {"Service": {"Fn::Join": ["", ["states.", {"Ref": "AWS::Region"}, ".amazonaws.com"]]}},
                }]}},
                "Metadata": {"aws:cdk:path": "Stack/Machine/Role/Resource"},
            },
            "Machine2E01122F": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": {"Fn::GetAtt": ["MachineRoleB840431D", "Arn"]},
                    "DefinitionString": {"Fn::Join": ["", [
                        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"End\":true,\"Resource\":\"arn:",
                        {"Ref": "AWS::Partition"}, ":states:us-east-1:123456789012:activity:a\",\"Comment\":\"", {"Ref": "AWS::URLSuffix"}, "\"}}}",
                    ]]},
                },
                "DependsOn": ["MachineRoleB840431D"],
                "UpdateReplacePolicy": "Delete", "DeletionPolicy": "Delete",
            },
            "Api": {
                "Type": "AWS::ApiGateway::RestApi",
                "Properties": {
                    "Name": {"Fn::Select": [0, {"Fn::Split": ["||", {"Ref": "AssetParametersS3VersionKey"}]}]},
                    "BodyS3Location": {"Fn::If": ["WithBody",
                        {"Bucket": {"Ref": "AssetParametersS3Bucket"}, "Key": {"Fn::Join": ["", [
                            {"Fn::Select": [0, {"Fn::Split": ["||", {"Ref": "AssetParametersS3VersionKey"}]}]},
                            {"Fn::Select": [1, {"Fn::Split": ["||", {"Ref": "AssetParametersS3VersionKey"}]}]},
                        ]]}},
                        {"Ref": "AWS::NoValue"}]},
                    "EndpointConfiguration": {"Types": ["EDGE"]},
                },
            },
            "ApiDeployment149F1294c38b7": {
                "Type": "AWS::ApiGateway::Deployment",
                "Properties": {"RestApiId": {"Ref": "Api"}, "Description": "Automatically created by the RestApi construct"},
                "DependsOn": ["ApiGET1"],
            },
            "ApiStageprod": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {
                    "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "ApiDeployment149F1294c38b7"}, "StageName": "prod",
                    "MethodSettings": [{"DataTraceEnabled": false, "HttpMethod": "*", "LoggingLevel": "INFO", "ResourcePath": "/*"}],
                    "TracingEnabled": true,
                },
            },
            "ApiGET1": {
                "Type": "AWS::ApiGateway::Method",
                "Properties": {
                    "HttpMethod": "GET", "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "RestApiId": {"Ref": "Api"},
                    "AuthorizationType": "NONE",
                    "Integration": {
                        "IntegrationHttpMethod": "POST", "Type": "AWS",
                        "Uri": {"Fn::Join": ["", [
                            "arn:", {"Ref": "AWS::Partition"}, ":apigateway:", {"Ref": "AWS::Region"},
                            ":states:action/StartExecution",
                        ]]},
                        "Credentials": {"Fn::GetAtt": ["MachineRoleB840431D", "Arn"]},
                        "RequestTemplates": {"application/json": {"Fn::Join": ["", [
                            "{\"stateMachineArn\":\"", {"Ref": "Machine2E01122F"}, "\"}",
                        ]]}},
                    },
                },
            },
            "CDKMetadata": {
                "Type": "AWS::CDK::Metadata", "Properties": {"Modules": "aws-cdk=1.134.0"},
                "Condition": "CDKMetadataAvailable",
            },
        },
        "Parameters": {
            "AssetParametersS3Bucket": {"Type": "String", "Description": "S3 bucket for asset"},
            "AssetParametersS3VersionKey": {"Type": "String"},
            "Body": {"Type": "String", "Default": "no"},
        },
        "Conditions": {
            "WithBody": {"Fn::Equals": [{"Ref": "Body"}, "yes"]},
            "CDKMetadataAvailable": {"Fn::Or": [
                {"Fn::Or": [region_is("af-south-1"), region_is("ap-east-1")]},
                {"Fn::Or": [region_is("us-east-1"), region_is("us-east-2")]},
            ]},
        },
        "Outputs": {"ApiEndpoint4F160690": {"Value": {"Fn::Join": ["", [
            "https://", {"Ref": "Api"}, ".execute-api.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}, "/",
            {"Ref": "ApiStageprod"}, "/",
        ]]}}, "Arn": {"Value": arn("states:")}},
    });
    let parameters = json!({"AssetParametersS3Bucket": "b", "AssetParametersS3VersionKey": "asset/||a.zip"});
    let calls = check("cdk", &template, &parameters);
    assert_eq!(input(&calls, "CreateRestApi")["name"], "asset/");
    let body =
        json!({"AssetParametersS3Bucket": "b", "AssetParametersS3VersionKey": "api||.yaml", "Body": "yes"});
    assert_eq!(input(&check("cdk with a body", &template, &body), "PutRestApi")["body"], "openapi: 3.0.1\n");
}

#[test]
fn as_the_serverless_application_model_makes_them() {
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Function": {"Timeout": 3}},
        "Parameters": {"Public": {"Type": "String", "Default": "false", "AllowedValues": [true, false]}},
        "Conditions": {"IsPublic": {"Fn::Equals": [{"Ref": "Public"}, true]}},
        "Resources": {
            "ServerlessRestApi": {"Type": "AWS::ApiGateway::RestApi", "Properties": {
                "Body": {
                    "swagger": "2.0", "info": {"version": "1.0", "title": {"Ref": "AWS::StackName"}},
                    "paths": {
                        "/a": {"Fn::If": ["IsPublic", {"get": {"responses": {}}}, {"Ref": "AWS::NoValue"}]},
                        "/b": {"post": {"responses": {}, "x-amazon-apigateway-integration": {
                            "type": "aws", "httpMethod": "POST",
                            "uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:states:action/StartExecution"},
                            "credentials": {"Fn::GetAtt": "Role.Arn"},
                        }}},
                    },
                },
                "Parameters": {"endpointConfigurationTypes": "REGIONAL"},
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "BinaryMediaTypes": ["image~1png", "*~1*"],
            }},
            "ServerlessRestApiDeployment47fc2d5f9d": {"Type": "AWS::ApiGateway::Deployment", "Properties": {
                "RestApiId": {"Ref": "ServerlessRestApi"}, "StageName": "Stage",
                "Description": {"Fn::Sub": "RestApi deployment id: ${AWS::StackName}"},
            }},
            "ServerlessRestApiProdStage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
                "RestApiId": {"Ref": "ServerlessRestApi"}, "StageName": "Prod",
                "DeploymentId": {"Ref": "ServerlessRestApiDeployment47fc2d5f9d"}, "TracingEnabled": {"Ref": "Public"},
                "MethodSettings": [{"ResourcePath": "/~1b", "HttpMethod": "POST", "ThrottlingBurstLimit": "5"}],
            }},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "ManagedPolicyArns": [{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"}],
                "MaxSessionDuration": "3600", "Tags": [{"Key": "lambda:createdBy", "Value": "SAM"}],
            }},
            "Only": {"Type": "AWS::StepFunctions::Activity", "Condition": "IsPublic"},
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "DependsOn": ["Role", "Only"], "Properties": {
                "DefinitionString": {"Fn::Join": ["\n", [
                    "{", "  \"StartAt\": \"${definition_substitution_1}\",",
                    "  \"States\": {\"A\": {\"Type\": \"Wait\", \"Seconds\": ${Seconds}, \"End\": true}}", "}",
                ]]},
                "DefinitionSubstitutions": {"definition_substitution_1": "A", "Seconds": 5},
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "StateMachineType": "STANDARD",
                "TracingConfiguration": {"Enabled": "true"},
                "Tags": [{"Key": "stateMachine:createdBy", "Value": "SAM"}, {"Key": "port", "Value": 80}],
            }},
        },
        "Outputs": {
            "Only": {"Value": {"Ref": "Only"}, "Condition": "IsPublic"},
            "Which": {"Value": {"Fn::If": ["IsPublic", {"Ref": "Only"}, {"Ref": "Machine"}]}},
        },
    });
    let calls = check("sam", &template, &json!({}));
    assert_eq!(input(&calls, "CreateStage")["tracingEnabled"], false);
    assert_eq!(input(&calls, "CreateRestApi")["binaryMediaTypes"], json!(["image/png", "*/*"]));
    assert_eq!(input(&calls, "CreateStateMachine")["tracingConfiguration"], json!({"enabled": true}));
    assert_eq!(input(&calls, "CreateStateMachine")["tags"][1], json!({"key": "port", "value": "80"}));
    assert_eq!(input(&calls, "CreateRole")["MaxSessionDuration"], 3600);
    let paths = &input(&calls, "PutRestApi")["body"]["paths"];
    assert!(paths.get("/a").is_none() && paths.get("/b").is_some(), "{paths}");
    assert!(
        check("sam, public", &template, &json!({"Public": "true"})).iter().any(|it| it.0 == "CreateActivity")
    );
}

#[test]
fn as_people_write_them() {
    let api = |name: &Value, uri: &Value| json!({"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name, "Description": uri}});
    let template = json!({
        "Description": "Everywhere functions.",
        "Metadata": {"AWS::CloudFormation::Interface": {"ParameterGroups": []}},
        "Parameters": {
            "Env": {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "letters", "NoEcho": true},
            "Zones": {"Type": "List<AWS::EC2::AvailabilityZone::Name>"},
            "Rate": {"Type": "Number", "MinValue": 1, "Default": 10},
        },
        "Mappings": {"Settings": {"dev": {"Rate": 5, "Name": "dev-api"}, "prod": {"Rate": 50, "Name": "api"}},
                     "Accounts": {"123456789012": {"Zones": ["a", "b"]}}},
        "Conditions": {
            "IsProd": {"Fn::Equals": [{"Fn::FindInMap": ["Settings", {"Ref": "Env"}, "Name"]}, "api"]},
            "HasZones": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Zones"}]}, ""]}]},
            "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "HasZones"}]},
        },
        "Rules": {"Known": {"Assertions": [{"Assert": {"Fn::Contains": [["dev", "prod"], {"Ref": "Env"}]}}]}},
        "Resources": {
            "First": api(&json!({"Fn::FindInMap": ["Settings", {"Ref": "Env"}, "Name"]}), &json!({"Fn::Sub": [
                "${suffix}-${zone}-${!Literal}-${AWS::URLSuffix}", {
                    // The end of the stack's id makes names unique.
                    "suffix": {"Fn::Select": [4, {"Fn::Split": ["-", {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}]}]},
                    "zone": {"Fn::Select": ["1", {"Ref": "Zones"}]},
                }]})),
            // The second API calls a stage of the first, so its parts come after the first one's deployment.
            "Second": api(&json!("second"), &json!({"Fn::Sub": "https://${First}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}"})),
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "First"}}},
            "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
                "RestApiId": {"Fn::GetAtt": "First.RestApiId"}, "DeploymentId": {"Fn::GetAtt": "Deployment.DeploymentId"},
                "StageName": "v1", "Variables": {"debug": true, "rate": {"Ref": "Rate"}},
                "Description": {"Fn::Base64": {"Fn::Join": ["", ["a", {"Ref": "Rate"}]]}},
            }},
            "Plan": {"Type": "AWS::ApiGateway::UsagePlan", "Condition": "Both", "Properties": {
                "Throttle": {"RateLimit": {"Fn::FindInMap": ["Settings", {"Ref": "Env"}, "Rate"]}, "BurstLimit": "10"},
                "ApiStages": [{"ApiId": {"Ref": "First"}, "Stage": {"Ref": "Stage"}}],
            }},
            "Key": {"Type": "AWS::ApiGateway::ApiKey", "DependsOn": ["Plan", "Stage"], "Properties": {
                "Enabled": "true", "Value": {"Fn::If": ["IsProd", {"Fn::Sub": "${Plan}-0123456789-0123456789"}, {"Ref": "AWS::NoValue"}]},
                "Tags": [{"Key": "zones", "Value": {"Fn::Join": ["|", {"Fn::FindInMap": ["Accounts", {"Ref": "AWS::AccountId"}, "Zones"]}]}}],
            }},
            "Worker": {"Type": "AWS::StepFunctions::Activity", "DeletionPolicy": "RetainExceptOnCreate", "Properties": {
                "Name": {"Fn::Select": [2, {"Fn::Cidr": ["10.0.0.0/16", 3, 8]}]},
            }},
        },
        "Outputs": {
            "Zone": {"Value": {"Fn::Select": [0, {"Fn::GetAZs": {"Ref": "AWS::Region"}}]}},
            "None": {"Value": {"Fn::Join": [",", {"Ref": "AWS::NotificationARNs"}]}},
            "Plan": {"Condition": "Both", "Description": "only there", "Value": {"Ref": "Plan"},
                     "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-Plan"}}},
        },
    });
    let dev = check("people, dev", &template, &json!({"Env": "dev", "Zones": "x,y"}));
    assert!(dev.iter().all(|call| call.0 != "CreateUsagePlan"));
    assert_eq!(input(&dev, "CreateStage")["variables"], json!({"debug": "true", "rate": "10"}));
    let description = input(&dev, "CreateRestApi")["description"].as_str().unwrap();
    assert!(description.ends_with("-y-${Literal}-amazonaws.com"), "{description}");
    let prod = check("people, prod", &template, &json!({"Env": "prod", "Zones": "x,y", "Rate": "7"}));
    let plan = input(&prod, "CreateUsagePlan");
    assert_eq!(plan["throttle"], json!({"rateLimit": 50, "burstLimit": 10}));
}
