//! Resources that belong to an account and no API, as clients see them.

use serde_json::{Value, json};

use super::World;

#[tokio::test]
async fn the_account_and_tags() {
    let world = World::new().await;
    let arn = "arn:aws:apigateway:us-east-1::/restapis/$api";
    world
        .check(vec![
            (
                "GetAccount",
                json!({}),
                Ok(json!({
                    "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0}, "features": ["UsagePlans"],
                    "apiKeyVersion": "4",
                })),
            ),
            ("TagResource", json!({"resourceArn": arn, "tags": {"a": "1", "b": "2"}}), Ok(json!({}))),
            ("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]}), Ok(json!({}))),
            ("GetTags", json!({"resourceArn": arn}), Ok(json!({"tags": {"b": "2"}}))),
            (
                "FlushStageAuthorizersCache",
                json!({"restApiId": "$api", "stageName": "dev"}),
                Err("NotFoundException: Invalid stage identifier specified"),
            ),
            (
                "TestInvokeAuthorizer",
                json!({"restApiId": "$api", "authorizerId": "nobody"}),
                Err("NotFoundException: Invalid Authorizer identifier specified"),
            ),
        ])
        .await;
}

#[tokio::test]
async fn vpc_links_show_what_aws_shows() {
    let mut world = World::new().await;
    let arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/inner/50dc6c495c0c9188";
    let created = world.call("CreateVpcLink", json!({"name": "inner", "targetArns": [arn]})).await.unwrap();
    world.name("$link", &created["id"]);
    assert_eq!(created["id"].as_str().unwrap().len(), 6);
    let mut link = json!({"id": created["id"], "name": "inner", "targetArns": [arn], "status": "PENDING"});
    assert_eq!(created, link);
    link["id"] = json!("$link");
    link["status"] = json!("AVAILABLE");
    link["statusMessage"] = json!("Your vpc link is ready for use");
    let listed = json!({"item": [link]});
    link["tags"] = json!({});
    let mut renamed = link.clone();
    renamed["name"] = json!("other");
    let on = |path: &str, value: &str| json!({"vpcLinkId": "$link", "patchOperations": [{"op": "replace", "path": path, "value": value}]});
    let create = |name: &str, arns: Value| json!({"name": name, "targetArns": arns});
    let unknown = "NotFoundException: Invalid Vpc Link identifier specified";
    world
        .check(vec![
            ("GetVpcLink", json!({"vpcLinkId": "$link"}), Ok(link)),
            ("GetVpcLinks", json!({}), Ok(listed)),
            ("UpdateVpcLink", on("/name", "other"), Ok(renamed)),
            ("UpdateVpcLink", on("/name", ""), Err("BadRequestException: Name cannot be empty")),
            (
                "UpdateVpcLink",
                on("/targetArns", "x"),
                Err("BadRequestException: Target arns are not allowed to be changed/added."),
            ),
            (
                "CreateVpcLink",
                create("a", json!(["invalid-arn"])),
                Err("BadRequestException: Invalid ARN. ARN is not well formed invalid-arn"),
            ),
            ("CreateVpcLink", create("", json!([])), Err("BadRequestException: Name cannot be empty")),
            (
                "CreateVpcLink",
                create("a", json!([arn, arn])),
                Err("BadRequestException: More than one target arn specified for vpc link."),
            ),
            (
                "TagResource",
                json!({"resourceArn": "arn:aws:apigateway:us-east-1::/vpclinks/$link", "tags": {"a": "b"}}),
                Ok(json!({})),
            ),
            (
                "GetTags",
                json!({"resourceArn": "arn:aws:apigateway:us-east-1::/vpclinks/$link"}),
                Ok(json!({"tags": {"a": "b"}})),
            ),
            ("DeleteVpcLink", json!({"vpcLinkId": "$link"}), Ok(json!({}))),
            ("GetVpcLink", json!({"vpcLinkId": "$link"}), Err(unknown)),
            ("DeleteVpcLink", json!({"vpcLinkId": "$link"}), Err(unknown)),
            ("UpdateVpcLink", on("/name", "x"), Err(unknown)),
        ])
        .await;
}

#[tokio::test]
async fn client_certificates_show_what_aws_shows() {
    let mut world = World::new().await;
    let made = world.call("GenerateClientCertificate", json!({"description": "mine"})).await.unwrap();
    world.name("$certificate", &made["clientCertificateId"]);
    assert!(made["pemEncodedCertificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    let mut shown = json!({
        "clientCertificateId": "$certificate", "description": "mine",
        "pemEncodedCertificate": made["pemEncodedCertificate"],
        "createdDate": 1_700_000_000, "expirationDate": 1_700_000_000 + 365 * 86_400,
    });
    let listed = json!({"item": [shown]});
    shown["tags"] = json!({});
    let mut renamed = shown.clone();
    renamed["description"] = json!("other");
    let on = |path: &str| json!({"clientCertificateId": "$certificate", "patchOperations": [{"op": "replace", "path": path, "value": "other"}]});
    let stage = json!({"restApiId": "$api", "stageName": "dev", "patchOperations": [
        {"op": "replace", "path": "/clientCertificateId", "value": "$certificate"}]});
    let of_root = json!({"restApiId": "$api", "resourceId": "$root", "verb": "GET"});
    let with = |more: Value| {
        let mut input = of_root.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    world.call("PutMethod", with(json!({"authorizationType": "NONE"}))).await.unwrap();
    world.call("PutIntegration", with(json!({"type": "MOCK"}))).await.unwrap();
    world.call("CreateDeployment", json!({"restApiId": "$api", "stageName": "dev"})).await.unwrap();
    let one = json!({"clientCertificateId": "$certificate"});
    let unknown = "NotFoundException: Invalid Client Certificate identifier specified";
    world
        .check(vec![
            ("GetClientCertificate", one.clone(), Ok(shown)),
            ("GetClientCertificates", json!({}), Ok(listed)),
            ("UpdateClientCertificate", on("/description"), Ok(renamed)),
            (
                "UpdateClientCertificate",
                on("/tags"),
                Err("BadRequestException: Invalid patch path  '/tags' specified for op 'replace'. Must be one of: [/description]"),
            ),
        ])
        .await;
    assert_eq!(
        world.call("UpdateStage", stage.clone()).await.unwrap()["clientCertificateId"],
        "$certificate"
    );
    let in_use = "BadRequestException: Cannot delete client certificate '$certificate', is referenced in stage: $api/dev";
    let refusal = world.call("DeleteClientCertificate", one.clone()).await.unwrap_err();
    let names = world.names.iter().fold(refusal, |text, (name, value)| text.replace(value, name));
    assert_eq!(names, in_use);
    world.call("DeleteStage", json!({"restApiId": "$api", "stageName": "dev"})).await.unwrap();
    world
        .check(vec![
            ("DeleteClientCertificate", one.clone(), Ok(json!({}))),
            ("GetClientCertificate", one.clone(), Err(unknown)),
            ("DeleteClientCertificate", one, Err(unknown)),
        ])
        .await;
}

#[tokio::test]
async fn what_domains_are_mapped_to_is_not_deleted() {
    let world = World::new().await;
    let api = json!({"restApiId": "$api"});
    let stage = json!({"restApiId": "$api", "stageName": "dev"});
    world.with_stage("dev").await;
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/15553ce7-6fd9-4c20-b20e-f89c42a2a904";
    for (domain, base_path) in [("a.example.com", "v1"), ("b.example.com", "v1"), ("b.example.com", "v2")] {
        // The second mapping of a domain finds it there.
        let _ = world
            .call("CreateDomainName", json!({"domainName": domain, "certificateArn": certificate}))
            .await;
        let mut mapping = stage.clone();
        mapping["stage"] = mapping["stageName"].take();
        mapping["domainName"] = json!(domain);
        mapping["basePath"] = json!(base_path);
        world.call("CreateBasePathMapping", mapping).await.unwrap();
    }
    let refused = |what: &str, name: &str| {
        format!(
            "BadRequestException: Deleting {what} {name} failed. Please remove all base path mappings related to the \
             {what} in your domains: a.example.com, b.example.com"
        )
    };
    assert_eq!(world.call("DeleteRestApi", api.clone()).await.unwrap_err(), refused("RestApi", "$api"));
    assert_eq!(world.call("DeleteStage", stage).await.unwrap_err(), refused("stage", "dev"));
    for domain in ["a.example.com", "b.example.com"] {
        world.call("DeleteDomainName", json!({"domainName": domain})).await.unwrap();
    }
    world.call("DeleteRestApi", api).await.unwrap();
}
