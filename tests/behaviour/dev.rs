//! `stepgate dev`: projects that are deployed anew with every file that is saved.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::client::Client;
use crate::commands::{stderr, stdout, stepgate};
use crate::functions_support::{Following, value};
use crate::server::{DataDir, Server};

/// Saves a file as a whole, so that no look at the folder sees half of it.
fn save(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let part = folder.with_extension("part");
    fs::write(&part, text).unwrap();
    fs::rename(part, path).unwrap();
}

fn handler(answer: &str) -> String {
    format!("def handler(event, context):\n    return '{answer}'\n")
}

fn next(dev: &Following, event: &str) -> Value {
    dev.until(event, |line| line["event"] == event)
}

/// Ends when the function answers so.
fn until_answer(dev: &Following, client: &mut Client, function: &str, answer: &str) {
    // A save in the middle of a deployment may make two of it.
    while value(client, function, &json!({})) != answer {
        next(dev, "deployed");
    }
}

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters: { Suffix: { Type: String, Default: x } }
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties:
      { FunctionName: !Sub "greet-${Suffix}", Runtime: python3.12, Handler: app.handler, CodeUri: greet/, Timeout: 20 }
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties: { Name: machine, Role: "arn:aws:iam::123456789012:role/r", DefinitionUri: machine.asl.json }
"#;

#[test]
fn a_sam_project_follows_its_files() {
    let dir = DataDir::new("dev-sam");
    let server = Server::start(&dir, &[]);
    let folder = dir.path().join("my shop");
    let machine = |result: &str| {
        json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": true}}}).to_string()
    };
    save(&folder, "template.yaml", TEMPLATE);
    save(&folder, "greet/app.py", &handler("one"));
    save(&folder, "machine.asl.json", &machine("one"));
    save(&folder, "samconfig.toml", "[default.deploy.parameters]\nparameter_overrides = 'Suffix=\"dev\"'\n");
    let dev = Following::command(&["dev", folder.to_str().unwrap()], &server.address);
    let deployed = next(&dev, "deployed");
    assert_eq!(deployed["stack"], "my-shop");
    let mut client = Client::new(&server.address);
    assert_eq!(value(&mut client, "greet-dev", &json!({})), "one");

    save(&folder, "greet/app.py", &handler("two"));
    next(&dev, "deployed");
    until_answer(&dev, &mut client, "greet-dev", "two");
    save(&folder, "machine.asl.json", &machine("two"));
    let changed = dev.until("machine", |line| {
        let changes = line["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        changes.iter().any(|change| change["logicalId"] == "Machine" && change["action"] == "updated")
    });
    assert_eq!(changed["event"], "deployed");

    // What is wrong is told, and what is saved next goes on.
    save(
        &folder,
        "template.yaml",
        &TEMPLATE.replace("AWS::Serverless::StateMachine", "AWS::Serverless::Nope"),
    );
    let failed = next(&dev, "failed");
    assert!(failed["error"].as_str().unwrap().contains("AWS::Serverless::Nope"), "{failed}");
    assert_eq!(value(&mut client, "greet-dev", &json!({})), "two");
    save(&folder, "greet/app.py", &handler("three"));
    save(&folder, "template.yaml", TEMPLATE);
    next(&dev, "deployed");
    until_answer(&dev, &mut client, "greet-dev", "three");
}

/// An app as the CDK makes one: a command that writes an assembly. It reads what its function answers from a file.
const APP: &str = r#"
set -eu
[ -z "${FAIL:-}" ] && [ ! -e fail ] || { echo "TypeError: nothing is a function" >&2; exit 1; }
mkdir -p "$CDK_OUTDIR/asset.code"
cp answer.py "$CDK_OUTDIR/asset.code/app.py"
key=$(cksum answer.py | cut -d' ' -f1)
greeting=$(printf '%s' "$CDK_CONTEXT_JSON" | sed 's/.*"greeting":"\([^"]*\)".*/\1/')
cat > "$CDK_OUTDIR/manifest.json" <<JSON
{"version": "36.0.0", "artifacts": {
  "First.assets": {"type": "cdk:asset-manifest", "properties": {"file": "First.assets.json"}},
  "Second": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
    "properties": {"templateFile": "Second.template.json"}, "dependencies": ["First"]},
  "First": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
    "properties": {"templateFile": "First.template.json", "stackName": "the-first"}, "dependencies": ["First.assets"]}}}
JSON
cat > "$CDK_OUTDIR/First.assets.json" <<JSON
{"version": "36.0.0", "files": {
  "$key": {"source": {"path": "asset.code", "packaging": "zip"}, "destinations": {"current": {
    "bucketName": "cdk-hnb659fds-assets-\${AWS::AccountId}-\${AWS::Region}", "objectKey": "$key.zip"}}},
  "t": {"source": {"path": "First.template.json", "packaging": "file"}, "destinations": {"current": {
    "bucketName": "cdk-hnb659fds-assets-\${AWS::AccountId}-\${AWS::Region}", "objectKey": "t.json"}}}}, "dockerImages": {}}
JSON
cat > "$CDK_OUTDIR/First.template.json" <<JSON
{"Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}},
 "Rules": {"CheckBootstrapVersion": {"Assertions": [{"Assert": {"Fn::Not": [{"Fn::Contains": [["1"], {"Ref": "BootstrapVersion"}]}]}}]}},
 "Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "of-cdk", "Runtime": "python3.12",
   "Handler": "app.handler", "Role": "arn:aws:iam::123456789012:role/r", "Timeout": 20,
   "Code": {"S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-\${AWS::AccountId}-\${AWS::Region}"}, "S3Key": "$key.zip"}}}},
 "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["F", "Arn"]}, "Export": {"Name": "arn"}}}}
JSON
cat > "$CDK_OUTDIR/Second.template.json" <<JSON
{"Resources": {"A": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "$greeting", "Type": "String",
  "Value": {"Fn::ImportValue": "arn"}}}}}
JSON
"#;

#[test]
fn a_cdk_project_runs_its_app() {
    let dir = DataDir::new("dev-cdk");
    let server = Server::start(&dir, &[]);
    let folder: PathBuf = dir.path().join("app");
    save(&folder, "cdk.json", r#"{"app": "sh app.sh", "context": {"greeting": "greeting-parameter"}}"#);
    save(&folder, "app.sh", APP);
    save(&folder, "answer.py", &handler("one"));
    let dev = Following::command(&["dev", folder.to_str().unwrap()], &server.address);
    // In the order of what they depend on.
    assert_eq!(next(&dev, "deployed")["stack"], "the-first");
    let second = next(&dev, "deployed");
    assert_eq!(
        (&second["stack"], &second["changes"][0]["physicalId"]),
        (&json!("Second"), &json!("greeting-parameter"))
    );
    let mut client = Client::new(&server.address);
    assert_eq!(value(&mut client, "of-cdk", &json!({})), "one");

    save(&folder, "answer.py", &handler("two"));
    next(&dev, "deployed");
    until_answer(&dev, &mut client, "of-cdk", "two");
    save(&folder, "fail", "");
    let failed = next(&dev, "failed");
    assert!(failed["error"].as_str().unwrap().contains("TypeError: nothing is a function"), "{failed}");
    fs::remove_file(folder.join("fail")).unwrap();
    next(&dev, "deployed");
}

#[test]
fn what_is_missing_is_said() {
    let dir = DataDir::new("dev-missing");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let check = |file: &str, text: &str, says: &[&str]| {
        let folder = dir.path().join(file);
        save(&folder, file, text);
        let ended = stepgate(&["dev", folder.to_str().unwrap(), "--once", "--endpoint", &endpoint]);
        assert_eq!(ended.status.code(), Some(1), "{file}: {}", stdout(&ended));
        for say in says {
            assert!(stderr(&ended).contains(say), "{file}: {}", stderr(&ended));
        }
    };
    check("serverless.yml", "service: s", &["npm install serverless@3"]);
    check(
        "cdk.json",
        r#"{"app": "no-such-tool-of-anybody"}"#,
        &["no-such-tool-of-anybody", "isn't installed"],
    );
    check("cdk.json.old", "{}", &["is no project", "cdk.json", "serverless.yml", "template.yaml"]);
    check("template.yaml", "Resources: { F: { Type: AWS::Nope::Nope } }", &["AWS::Nope::Nope"]);
}
