//! Resources of services that live elsewhere: made through Cloud Control where the endpoint has it, else by the services' own
//! operations; refused with the setting that would help where there is no endpoint.

use std::fs;

use serde_json::{Value, json};

use super::{activity, call, element, elements, refused, status};
use crate::client::Client;
use crate::land::Land;
use crate::server::{DataDir, Server};

fn server(dir: &DataDir, settings: &str) -> Server {
    let path = dir.path().join("stepgate.toml");
    fs::write(&path, format!("{settings}\n[deploy]\ntutorial = false\n")).unwrap();
    Server::start(dir, &["--config", path.to_str().unwrap()])
}

fn create(client: &mut Client, template: &Value) -> String {
    call(client, "CreateStack", &[("StackName", "s"), ("TemplateBody", &template.to_string())]);
    status(client, "s")
}

fn update(client: &mut Client, template: &Value) -> String {
    call(client, "UpdateStack", &[("StackName", "s"), ("TemplateBody", &template.to_string())]);
    status(client, "s")
}

fn outputs(client: &mut Client) -> Vec<String> {
    elements(&call(client, "DescribeStacks", &[("StackName", "s")]), "OutputValue")
}

fn reasons(client: &mut Client) -> String {
    elements(&call(client, "DescribeStackEvents", &[("StackName", "s")]), "ResourceStatusReason").join("\n")
}

#[test]
fn without_an_endpoint_all_missing_types_are_named_with_the_setting_that_would_help() {
    let dir = DataDir::new("elsewhere-nowhere");
    let server = server(&dir, "[services.sqs]\nendpoint = \"http://127.0.0.1:1\"");
    let mut client = Client::new(&server.address);
    let template = json!({"Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table"}, "Pipe": {"Type": "AWS::Pipes::Pipe"},
        "Queue": {"Type": "AWS::SQS::Queue"}, "A": activity("a"),
    }});
    let members = [("StackName", "s"), ("TemplateBody", &template.to_string())];
    let (code, kind, message) = refused(&mut client, "CreateStack", &members);
    assert_eq!((code, kind.as_str()), (400, "ValidationError"));
    assert!(
        message.contains("Table") && message.contains("[services.dynamodb] endpoint, or [services] default"),
        "{message}"
    );
    assert!(message.contains("Pipe") && message.contains("[services.cloudcontrolapi] endpoint"), "{message}");
    assert!(!message.contains("Resources/Queue"), "{message}");
}

#[test]
fn the_commonest_types_are_made_by_their_own_services() {
    let land = Land::new(false);
    let dir = DataDir::new("elsewhere-native");
    let server = server(&dir, &format!("[services]\ndefault = \"{}\"", land.backend.url));
    let mut client = Client::new(&server.address);
    let arn = |id: &str| json!({"Fn::GetAtt": [id, "Arn"]});
    let mut template = json!({
        "Resources": {
            "Dead": {"Type": "AWS::SQS::Queue"},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {
                "QueueName": "orders", "VisibilityTimeout": 5,
                "RedrivePolicy": {"deadLetterTargetArn": arn("Dead"), "maxReceiveCount": 3}}},
            "Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {
                "Queues": [{"Ref": "Queue"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
            "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {
                "TopicArn": {"Ref": "Topic"}, "Protocol": "sqs", "Endpoint": arn("Queue")}},
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
                "TableName": "items", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}},
            "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "clicks", "ShardCount": "1"}},
            "Rule": {"Type": "AWS::Events::Rule", "Properties": {
                "Name": "made", "EventPattern": {"source": ["mine"]},
                "Targets": [{"Id": "queue", "Arn": arn("Queue")}]}},
        },
        "Outputs": {
            "Queue": {"Value": {"Ref": "Queue"}}, "Table": {"Value": arn("Table")}, "Topic": {"Value": {"Ref": "Topic"}},
        },
    });
    assert_eq!(create(&mut client, &template), "CREATE_COMPLETE", "{}", reasons(&mut client));
    assert_eq!(
        outputs(&mut client),
        [
            "http://queues/000000000000/orders",
            "arn:aws:dynamodb:us-east-1:000000000000:table/items",
            "arn:aws:sns:us-east-1:000000000000:news",
        ]
    );
    let queue = land.thing("queue/orders")["attributes"].clone();
    assert_eq!(queue["VisibilityTimeout"], "5");
    assert!(
        queue["RedrivePolicy"].as_str().unwrap().contains("arn:aws:sqs:us-east-1:000000000000:s-Dead-"),
        "{queue}"
    );
    assert!(queue["Policy"].as_str().unwrap().contains("2012-10-17"), "{queue}");
    assert_eq!(land.thing("stream/clicks")["ShardCount"], 1);
    let rule = land.thing("rule/made");
    assert_eq!(rule["EventPattern"], "{\"source\":[\"mine\"]}");
    assert_eq!(rule["targets"]["queue"], "arn:aws:sqs:us-east-1:000000000000:orders");

    let resources = &mut template["Resources"];
    resources["Queue"]["Properties"]["VisibilityTimeout"] = json!(7);
    resources["Table"]["Properties"]["TimeToLiveSpecification"] =
        json!({"AttributeName": "end", "Enabled": "true"});
    resources["Stream"]["Properties"]["ShardCount"] = json!(2);
    resources["Rule"]["Properties"]["Targets"] = json!([{"Id": "dead", "Arn": arn("Dead")}]);
    resources["Topic"]["Properties"]["TopicName"] = json!("olds");
    assert_eq!(update(&mut client, &template), "UPDATE_COMPLETE", "{}", reasons(&mut client));
    assert_eq!(land.thing("queue/orders")["attributes"]["VisibilityTimeout"], "7");
    assert_eq!(land.thing("table/items")["TimeToLiveSpecification"]["Enabled"], true);
    assert_eq!(land.thing("stream/clicks")["ShardCount"], 2);
    let targets = land.thing("rule/made")["targets"].clone();
    assert!(targets.get("queue").is_none() && targets.get("dead").is_some(), "{targets}");
    // A topic of another name is another topic, and what refers to it follows.
    let names = land.names();
    assert!(names.contains(&"topic/arn:aws:sns:us-east-1:000000000000:olds".to_owned()), "{names:?}");
    assert!(!names.contains(&"topic/arn:aws:sns:us-east-1:000000000000:news".to_owned()), "{names:?}");
    assert!(
        names.contains(&"subscription/arn:aws:sns:us-east-1:000000000000:olds:sqs".to_owned()),
        "{names:?}"
    );

    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    wait_gone(&mut client);
    assert_eq!(land.names(), Vec::<String>::new());
}

#[test]
fn keys_secrets_buses_and_who_is_told_follow_the_template() {
    let land = Land::new(false);
    let dir = DataDir::new("elsewhere-more");
    let server = server(&dir, &format!("[services]\ndefault = \"{}\"", land.backend.url));
    let mut client = Client::new(&server.address);
    let tags = |value: &str| json!([{"Key": "kept", "Value": value}, {"Key": value, "Value": "x"}]);
    let queue = "arn:aws:sqs:us-east-1:000000000000:q";
    let mut template = json!({
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news", "Subscription": [
                {"Protocol": "sqs", "Endpoint": queue}, {"Protocol": "email", "Endpoint": "a@example.com"}]}},
            "TopicPolicy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {
                "Topics": [{"Ref": "Topic"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {
                "Name": "mine", "Description": "one", "DeadLetterConfig": {"Arn": queue}, "Tags": tags("a")}},
            "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "r", "EventBusName": {"Ref": "Bus"},
                "EventPattern": {"source": ["x"]}, "Tags": tags("a")}},
            "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "pass", "Description": "one",
                "Tags": tags("a"), "GenerateSecretString": {
                    "SecretStringTemplate": "{\"user\":\"u\"}", "GenerateStringKey": "password", "PasswordLength": "5"}}},
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"Description": "one", "EnableKeyRotation": "true",
                "KeyPolicy": {"Version": "2012-10-17", "Statement": []}, "Tags": tags("a")}},
            "Alias": {"Type": "AWS::KMS::Alias", "Properties": {
                "AliasName": "alias/mine", "TargetKeyId": {"Ref": "Key"}}},
        },
        "Outputs": {"Bus": {"Value": {"Fn::GetAtt": ["Bus", "Arn"]}}, "Secret": {"Value": {"Ref": "Secret"}},
            "Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
    });
    assert_eq!(create(&mut client, &template), "CREATE_COMPLETE", "{}", reasons(&mut client));
    assert_eq!(
        outputs(&mut client),
        [
            "arn:aws:events:us-east-1:000000000000:event-bus/mine",
            "arn:aws:secretsmanager:us-east-1:000000000000:secret:pass-abcdef",
            "arn:aws:kms:us-east-1:000000000000:key/key-1",
        ]
    );
    let topic = "topic/arn:aws:sns:us-east-1:000000000000:news";
    assert!(land.thing(topic)["Policy"].as_str().unwrap().contains("2012-10-17"), "{}", land.thing(topic));
    assert_eq!(land.thing("secret/pass")["SecretString"], "{\"user\":\"u\",\"password\":\"xxxxx\"}");
    let key = land.thing("key/key-1");
    assert_eq!((&key["rotates"], &key["Tags"][0]["TagKey"]), (&json!(true), &json!("kept")), "{key}");
    assert_eq!(land.thing("alias/mine"), "key-1");

    let resources = &mut template["Resources"];
    resources["Topic"]["Properties"]["Subscription"] = json!([{"Protocol": "sqs", "Endpoint": queue}]);
    for (id, description) in [("Bus", "two"), ("Secret", "two"), ("Key", "two")] {
        resources[id]["Properties"]["Description"] = json!(description);
    }
    for id in ["Bus", "Rule", "Secret"] {
        resources[id]["Properties"]["Tags"] = tags("b");
    }
    resources["Bus"]["Properties"].as_object_mut().unwrap().shift_remove("DeadLetterConfig");
    resources["Key"]["Properties"]["EnableKeyRotation"] = json!(false);
    assert_eq!(update(&mut client, &template), "UPDATE_COMPLETE", "{}", reasons(&mut client));
    let subscriptions: Vec<String> =
        land.names().into_iter().filter(|name| name.starts_with("subscription/")).collect();
    assert_eq!(subscriptions, ["subscription/arn:aws:sns:us-east-1:000000000000:news:sqs"]);
    let bus = land.thing("bus/mine");
    assert_eq!((&bus["Description"], bus.get("DeadLetterConfig")), (&json!("two"), None), "{bus}");
    for name in ["bus/mine", "rule/r", "secret/pass"] {
        let mut tags: Vec<Value> = land.thing(name)["Tags"].as_array().cloned().unwrap_or_default();
        tags.sort_by_key(|tag| tag["Key"].to_string());
        assert_eq!(
            json!(tags),
            json!([{"Key": "b", "Value": "x"}, {"Key": "kept", "Value": "b"}]),
            "{name}: {}",
            land.thing(name)
        );
    }
    let secret = land.thing("secret/pass");
    assert_eq!((&secret["Description"], secret["SecretString"].as_str().unwrap().len()), (&json!("two"), 31));
    let key = land.thing("key/key-1");
    assert_eq!((&key["Description"], &key["rotates"]), (&json!("two"), &json!(false)), "{key}");

    // The policy that a topic is left with lets its owner publish.
    template["Resources"].as_object_mut().unwrap().shift_remove("TopicPolicy");
    assert_eq!(update(&mut client, &template), "UPDATE_COMPLETE", "{}", reasons(&mut client));
    assert!(
        land.thing(topic)["Policy"].as_str().unwrap().contains("AWS:SourceOwner"),
        "{}",
        land.thing(topic)
    );
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    wait_gone(&mut client);
    let left: Vec<String> =
        land.names().into_iter().filter(|name| !name.starts_with("subscription/")).collect();
    assert_eq!(left, Vec::<String>::new());
}

fn wait_gone(client: &mut Client) {
    for _ in 0..600 {
        let text = call(client, "ListStacks", &[]);
        match element(&text, "StackStatus").as_deref() {
            Some("DELETE_COMPLETE") => return,
            Some("DELETE_FAILED") => panic!("{}", reasons(client)),
            _ => std::thread::sleep(std::time::Duration::from_millis(50)),
        }
    }
    panic!("the stack is never gone");
}

#[test]
fn cloud_control_makes_any_type() {
    let land = Land::new(true);
    let dir = DataDir::new("elsewhere-any");
    let server = server(&dir, &format!("[services]\ndefault = \"{}\"", land.backend.url));
    let mut client = Client::new(&server.address);
    let template = |size: u32, fixed: &str| {
        json!({
            "Resources": {
                "Thing": {"Type": "AWS::Any::Thing", "Properties": {"Size": size, "Fixed": fixed}},
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {
                    "Of": {"Ref": "Thing"}, "Zones": {"Fn::GetAtt": ["Thing", "Zones"]}}},
            },
            "Outputs": {
                "Arn": {"Value": {"Fn::GetAtt": ["Thing", "Arn"]}},
                "Zone": {"Value": {"Fn::Select": [1, {"Fn::GetAtt": ["Thing", "Zones"]}]}},
                "Address": {"Value": {"Fn::GetAtt": ["Thing", "Endpoint.Address"]}},
            },
        })
    };
    assert_eq!(create(&mut client, &template(1, "a")), "CREATE_COMPLETE", "{}", reasons(&mut client));
    assert_eq!(outputs(&mut client), ["arn:aws:any:us-east-1:000000000000:thing-1", "b", "here"]);
    let thing = land.thing("AWS::Any::Thing/thing-1");
    assert_eq!(thing["Size"], 1);
    assert!(thing["token"].as_str().unwrap().starts_with("Thing-"), "{thing}");
    let queue = land.thing("AWS::SQS::Queue/thing-2");
    assert_eq!((&queue["Of"], &queue["Zones"]), (&json!("thing-1"), &json!(["a", "b"])));

    assert_eq!(update(&mut client, &template(2, "a")), "UPDATE_COMPLETE", "{}", reasons(&mut client));
    assert_eq!(land.thing("AWS::Any::Thing/thing-1")["Size"], 2);
    // What can't be changed is replaced.
    assert_eq!(update(&mut client, &template(2, "b")), "UPDATE_COMPLETE", "{}", reasons(&mut client));
    assert_eq!(land.names(), ["AWS::Any::Thing/thing-3", "AWS::SQS::Queue/thing-2"]);
    assert_eq!(land.thing("AWS::SQS::Queue/thing-2")["Of"], "thing-3");
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    wait_gone(&mut client);
    assert_eq!(land.names(), Vec::<String>::new());
}

#[test]
fn functions_handle_the_messages_of_queues() {
    let land = Land::new(false);
    let dir = DataDir::new("elsewhere-messages");
    let mut server = server(&dir, &format!("[services.sqs]\nendpoint = \"{}\"", land.backend.url));
    let mut client = Client::new(&server.address);
    let record = dir.path().join("handled");
    let source = "import json, os
def handler(event, context):
    failed = [r['messageId'] for r in event['Records'] if r['body'] == 'bad']
    with open(os.environ['RECORD'], 'a') as record:
        record.write(json.dumps([r['body'] for r in event['Records']]) + '\\n')
    if any(r['body'] == 'worst' for r in event['Records']):
        raise ValueError('no')
    return {'batchItemFailures': [{'itemIdentifier': id} for id in failed]}
";
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let policy = json!({"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}});
    let mut template = json!({"Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": trust, "Policies": [policy]}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {
            "Runtime": "python3.12", "Handler": "index.handler", "Timeout": 20, "FunctionName": "handles",
            "Role": {"Fn::GetAtt": "Role.Arn"}, "Code": {"ZipFile": source},
            "Environment": {"Variables": {"RECORD": record.to_str().unwrap()}}}},
        "Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "BatchSize": 2, "FunctionResponseTypes": ["ReportBatchItemFailures"], "ScalingConfig": {"MaximumConcurrency": 2}}},
    }});
    let deploy = |client: &mut Client, operation: &str, template: &Value| {
        let template = template.to_string();
        let members = [
            ("StackName", "s"),
            ("TemplateBody", template.as_str()),
            ("Capabilities.member.1", "CAPABILITY_IAM"),
        ];
        call(client, operation, &members);
        let status = status(client, "s");
        assert!(status.ends_with("E_COMPLETE"), "{status}: {}", reasons(client));
    };
    land.send("orders", &["one", "bad", "three"]);
    deploy(&mut client, "CreateStack", &template);
    // What was handled is gone, and what the function names is not.
    wait_for(|| land.left("orders") == ["bad"], || format!("{:?}", land.left("orders")));
    land.send("orders", &["worst"]);
    let handled = || fs::read_to_string(&record).unwrap_or_default();
    wait_for(|| handled().contains("worst"), handled);
    let shown = |client: &mut Client| {
        let path = "/2015-03-31/event-source-mappings?FunctionName=handles";
        let signed = crate::client::sign("lambda", "GET", path, client.address(), &[], "");
        client.send_signed("GET", path, &signed, "").unwrap().json()
    };
    wait_for(
        || {
            let mut client = Client::new(&server.address);
            shown(&mut client)["EventSourceMappings"][0]["LastProcessingResult"]
                == "PROBLEM: Function call failed"
        },
        || "no problem is told".to_owned(),
    );
    assert_eq!(land.left("orders"), ["bad", "worst"]);
    let mapping = shown(&mut client)["EventSourceMappings"][0].clone();
    assert_eq!((&mapping["BatchSize"], &mapping["State"]), (&json!(2), &json!("Enabled")), "{mapping}");

    // Mappings outlive the server.
    server.kill();
    let server = self::server(&dir, &format!("[services.sqs]\nendpoint = \"{}\"", land.backend.url));
    let mut client = Client::new(&server.address);
    land.send("orders", &["later"]);
    wait_for(|| handled().contains("later") && !land.left("orders").contains(&"later".to_owned()), handled);

    template["Resources"]["Source"]["Properties"]["Enabled"] = json!(false);
    deploy(&mut client, "UpdateStack", &template);
    assert_eq!(shown(&mut client)["EventSourceMappings"][0]["State"], "Disabled");
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    wait_gone(&mut client);
    assert_eq!(shown(&mut client)["EventSourceMappings"], json!([]));
}

fn wait_for(condition: impl Fn() -> bool, problem: impl Fn() -> String) {
    for _ in 0..1200 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{}", problem());
}
