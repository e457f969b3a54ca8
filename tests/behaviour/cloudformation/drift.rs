//! Drift: what somebody changed past the stack.

use serde_json::json;

use super::{activity, call, element, elements, status};
use crate::client::Client;
use crate::server::{DataDir, Server};

#[test]
fn what_was_changed_past_a_stack_is_its_drift() {
    let dir = DataDir::new("drift");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let template = json!({"Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "shop", "Description": "of mine"}},
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Name": "key", "Enabled": "true"}},
        "A": activity("a"), "B": activity("b"),
        "Answer": {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ResponseType": "DEFAULT_4XX"}},
    }})
    .to_string();
    call(&mut client, "CreateStack", &[("StackName", "s"), ("TemplateBody", &template)]);
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let shown = call(&mut client, "DescribeStacks", &[("StackName", "s")]);
    assert_eq!(element(&shown, "StackDriftStatus").as_deref(), Some("NOT_CHECKED"));
    let detect = |client: &mut Client| {
        let begun = call(client, "DetectStackDrift", &[("StackName", "s")]);
        let id = element(&begun, "StackDriftDetectionId").unwrap();
        call(client, "DescribeStackDriftDetectionStatus", &[("StackDriftDetectionId", &id)])
    };
    let told = detect(&mut client);
    assert_eq!(element(&told, "DetectionStatus").as_deref(), Some("DETECTION_COMPLETE"), "{told}");
    assert_eq!(element(&told, "StackDriftStatus").as_deref(), Some("IN_SYNC"), "{told}");

    let api = call(&mut client, "DescribeStackResource", &[("StackName", "s"), ("LogicalResourceId", "Api")]);
    let api = element(&api, "PhysicalResourceId").unwrap();
    let patch = json!({"patchOperations": [{"op": "replace", "path": "/description", "value": "of yours"}]});
    let changed = client.apigateway("PATCH", &format!("/restapis/{api}"), &patch).unwrap();
    assert_eq!(changed.status, 200);
    let arn = "arn:aws:states:us-east-1:123456789012:activity:a";
    client.states("DeleteActivity", &json!({"activityArn": arn})).unwrap();
    let told = detect(&mut client);
    assert_eq!(element(&told, "StackDriftStatus").as_deref(), Some("DRIFTED"), "{told}");
    assert_eq!(element(&told, "DriftedStackResourceCount").as_deref(), Some("2"), "{told}");
    let drifts = call(&mut client, "DescribeStackResourceDrifts", &[("StackName", "s")]);
    let of = |id: &str| {
        let all: Vec<&str> = drifts.split("<StackResourceDriftStatus>").collect();
        let found = drifts
            .split("<member>")
            .find(|it| it.contains(&format!("<LogicalResourceId>{id}</LogicalResourceId>")));
        found.map(str::to_owned).unwrap_or_else(|| format!("{} drifts", all.len() - 1))
    };
    let status_of = |id: &str| element(&of(id), "StackResourceDriftStatus").unwrap_or_default();
    assert_eq!(status_of("A"), "DELETED", "{drifts}");
    assert_eq!(status_of("B"), "IN_SYNC", "{drifts}");
    assert_eq!(status_of("Key"), "IN_SYNC", "{drifts}");
    assert!(drifts.contains("<PropertyPath>/Description</PropertyPath>"), "{drifts}");
    assert_eq!(elements(&drifts, "ActualValue"), ["of yours"]);
    assert_eq!(elements(&drifts, "DifferenceType"), ["NOT_EQUAL"]);
    // Nobody can say of it.
    assert!(!drifts.contains("Answer"), "{drifts}");
    let members = [("StackName", "s"), ("StackResourceDriftStatusFilters.member.1", "NOT_CHECKED")];
    assert!(call(&mut client, "DescribeStackResourceDrifts", &members).contains("Answer"));
    let one =
        call(&mut client, "DetectStackResourceDrift", &[("StackName", "s"), ("LogicalResourceId", "B")]);
    assert_eq!(element(&one, "StackResourceDriftStatus").as_deref(), Some("IN_SYNC"), "{one}");
    let shown = call(&mut client, "DescribeStackResources", &[("StackName", "s")]);
    assert!(elements(&shown, "StackResourceDriftStatus").contains(&"DELETED".to_owned()), "{shown}");

    // What was found is known after a restart.
    let id = element(&told_of(&mut client), "StackDriftDetectionId").unwrap();
    server.kill();
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let told = call(&mut client, "DescribeStackDriftDetectionStatus", &[("StackDriftDetectionId", &id)]);
    assert_eq!(element(&told, "StackDriftStatus").as_deref(), Some("DRIFTED"), "{told}");
    let drifts = call(&mut client, "DescribeStackResourceDrifts", &[("StackName", "s")]);
    assert_eq!(elements(&drifts, "ActualValue"), ["of yours"]);
}

fn told_of(client: &mut Client) -> String {
    call(client, "DetectStackDrift", &[("StackName", "s")])
}
