//! Templates through the whole room, on a store of its own and operations that take everything: what `check` and
//! [`Stacks::apply`] make of one template.

mod life;
mod serverless;
mod styles;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::model::{Request, Verb};
use super::objects::{ObjectFuture, Objects};
use super::operations::{Accounts, Actor, OperationError, OperationFuture, Operations};
use super::{Action, Applied, Error, Finding, Ports, Stacks, Template, UnknownTypes, check, record};
use crate::asl;
use crate::clock::{SeededIds, SystemClock, Timestamp};
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{Options, Store};
use crate::wire;

/// An activity that somebody else has made.
const EXISTING: &str = "arn:aws:states:us-east-1:123456789012:activity:existing";

/// Operations that take what the real ones take of definitions, and everything else; keeps what it was asked.
#[derive(Default)]
pub(super) struct Yes {
    pub(super) calls: Mutex<Vec<(&'static str, Value)>>,
}

impl Operations for Yes {
    fn input(&self, service: &str, operation: &str) -> Option<&'static wire::Structure> {
        let all =
            [&wire::states::SERVICE, &wire::apigateway::SERVICE, &wire::iam::SERVICE, &wire::lambda::SERVICE];
        Some(all.into_iter().find(|known| known.name == service)?.operation(operation)?.input)
    }

    fn call<'a>(&'a self, _: &'static str, operation: &'static str, input: Value) -> OperationFuture<'a> {
        let refuse =
            |code: &str, message: String| OperationError { operation, code: code.to_owned(), message };
        let mut calls = self.calls.lock().unwrap();
        calls.push((operation, input.clone()));
        let n = calls.len();
        let kind = match input["type"].as_str() {
            Some("EXPRESS") => asl::StateMachineType::Express,
            _ => asl::StateMachineType::Standard,
        };
        let definition = input["definition"].as_str().map(|text| asl::compile(text, kind));
        let answer = match (operation, definition) {
            ("DescribeStateMachine" | "DescribeActivity", _) if input["activityArn"] != EXISTING => {
                Err(refuse("StateMachineDoesNotExist", "none".to_owned()))
            }
            ("GetStage", _) => Err(refuse("NotFoundException", "no stage".to_owned())),
            (_, Some(Err(wrong))) => Err(refuse("InvalidDefinition", wrong.to_string())),
            _ if input["name"] == "refused" => Err(refuse("InvalidName", "refused".to_owned())),
            _ => Ok(json!({
                "id": format!("id{n}"), "rootResourceId": format!("root{n}"), "name": input["name"],
                "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m",
                "activityArn": format!("arn:aws:states:us-east-1:123456789012:activity:a{n}"),
                "stateMachineVersionArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m:1",
                "stateMachineAliasArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m:alias",
                "revisionId": format!("revision{n}"), "version": "v1", "domainName": "example.com",
                "Role": {"Arn": "arn:aws:iam::123456789012:role/r", "RoleId": "AROA"},
            })),
        };
        Box::pin(async move { answer })
    }
}

/// The same operations for everybody.
struct Anyone(Arc<Yes>);

impl Accounts for Anyone {
    fn operations(&self, _: &AccountRegion, _: &Actor) -> Arc<dyn Operations> {
        self.0.clone()
    }
}

/// Buckets of two documents.
struct Documents;

impl Objects for Documents {
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, _: Option<&'a str>) -> ObjectFuture<'a> {
        let found = match (bucket, key) {
            ("b", "machine.json") => {
                Ok(r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":${s},"End":true}}}"#)
            }
            ("b", "machine.yaml") => Ok("StartAt: A\nStates:\n  A: {Type: Wait, Seconds: ${s}, End: true}\n"),
            ("b", "api.yaml") => Ok("openapi: 3.0.1\n"),
            _ => Err(format!("no s3://{bucket}/{key}")),
        };
        Box::pin(async move { found.map(|text| text.as_bytes().to_vec()) })
    }
}

/// Stacks in a directory that is removed with them.
pub(super) struct World {
    pub(super) stacks: Stacks,
    pub(super) operations: Arc<Yes>,
    store: Store,
    dir: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl Drop for World {
    fn drop(&mut self) {
        self.runtime.block_on(self.store.close());
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn home() -> AccountRegion {
    AccountRegion {
        account: AccountId::parse("123456789012").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
    }
}

impl World {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-stack-{}-{n}", std::process::id()));
        let store = Store::open(&dir, Options::disturbed(), Arc::new(SystemClock::new())).unwrap();
        let operations = Arc::new(Yes::default());
        let ssm = [("/app/x".to_owned(), "stored".to_owned())].into();
        let ports = Ports {
            store: store.clone(),
            accounts: Arc::new(Anyone(operations.clone())),
            objects: Arc::new(Documents),
            ids: Arc::new(SeededIds::new(1)),
            clock: Arc::new(SystemClock::new()),
        };
        let stacks = Stacks::open(ports, home(), ssm).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { stacks, operations, store, dir, runtime }
    }

    pub(super) fn apply(&self, name: &str, template: &Value, parameters: &Value) -> Result<Applied, Error> {
        let template = Template::parse(&template.to_string())?;
        self.runtime.block_on(self.stacks.apply(name, &template, parameters.as_object().unwrap()))
    }

    /// As the settings may say.
    fn skip_unknown_types(&mut self) {
        self.stacks.reach.unknown_types = UnknownTypes::Skip;
    }

    /// The operations called since this was last asked.
    pub(super) fn calls(&self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut *self.operations.calls.lock().unwrap())
    }
}

pub(super) fn errors_of(template: &Value) -> Vec<Finding> {
    let template = Template::parse(&template.to_string()).unwrap();
    match check(&template) {
        Ok(findings) => findings.into_iter().filter(|finding| !finding.is_warning).collect(),
        Err(error) => {
            vec![Finding { location: String::new(), problem: error.to_string(), is_warning: false }]
        }
    }
}

/// Values that templates have, over parameters `P` (a text), `L` (a list), `N` (a number), resources `R` and `Maybe`,
/// a mapping and three conditions.
fn value() -> impl Strategy<Value = Value> {
    let names = ["P", "L", "N", "S", "AWS::Region", "AWS::StackId", "R", "Maybe", "AWS::NoValue"];
    let leaf = prop_oneof![
        4 => "[a-z]{1,4}".prop_map(Value::from),
        1 => (0..4_u8).prop_map(Value::from),
        4 => prop::sample::select(names.to_vec()).prop_map(|name| json!({ "Ref": name })),
        2 => prop::sample::select(vec!["R.Name", "R.Arn", "R.Nope", "Maybe.Arn"])
            .prop_map(|name| json!({ "Fn::GetAtt": name })),
        4 => prop::sample::select(vec!["${P}-x", "${R.Name}", "${L}", "${AWS::StackName}/${!P}", "${N}"])
            .prop_map(|text| json!({ "Fn::Sub": text })),
    ];
    leaf.prop_recursive(2, 8, 2, |inner| {
        let separator = prop::sample::select(vec!["", "a", "-", "/"]);
        let list = prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            Just(json!({ "Ref": "L" })),
            (separator.clone(), inner.clone()).prop_map(|(by, text)| json!({ "Fn::Split": [by, text] })),
            inner.clone(),
        ];
        let index = prop_oneof![3 => (0..3_u8).prop_map(Value::from), 1 => Just(json!({ "Ref": "N" }))];
        let key = prop_oneof![Just(json!("a")), Just(json!("b")), inner.clone()];
        prop_oneof![
            (separator, list.clone()).prop_map(|(by, list)| json!({ "Fn::Join": [by, list] })),
            (index, list).prop_map(|(index, list)| json!({ "Fn::Select": [index, list] })),
            (key.clone(), key).prop_map(|(top, second)| json!({ "Fn::FindInMap": ["M", top, second] })),
            (condition(), inner.clone(), inner.clone()).prop_map(|(c, a, b)| json!({ "Fn::If": [c, a, b] })),
            inner.prop_map(|a| json!({ "Fn::Base64": a })),
        ]
    })
}

fn condition() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["OfP", "OfN", "Always"])
}

fn template() -> impl Strategy<Value = Value> {
    let defaults = (any::<bool>(), any::<bool>(), any::<bool>());
    let seconds = prop_oneof![
        4 => Just(json!(5)),
        2 => Just(json!({ "Ref": "N" })),
        2 => Just(json!({ "Fn::Select": [1, { "Ref": "L" }] })),
        1 => value(),
    ];
    (defaults, value(), value(), seconds, condition(), value()).prop_map(
        |((p, l, n), name, tag, seconds, condition, output)| {
            let parameter = |kind: &str, has: bool, default: &str| match has {
                true => json!({ "Type": kind, "Default": default }),
                false => json!({ "Type": kind }),
            };
            let activity = json!({ "Type": "AWS::StepFunctions::Activity" });
            json!({
                "Parameters": {
                    "P": parameter("String", p, "b"), "L": parameter("CommaDelimitedList", l, "a"),
                    "N": parameter("Number", n, "7"),
                    "S": { "Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/x" },
                },
                "Mappings": { "M": { "a": { "b": "x", "1": ["y"] }, "c": { "b": "z" } } },
                "Conditions": {
                    "OfP": { "Fn::Equals": [{ "Ref": "P" }, "a"] },
                    "OfN": { "Fn::Or": [{ "Fn::Equals": [{ "Ref": "N" }, 3] }, { "Condition": "OfP" }] },
                    "Always": { "Fn::Equals": ["a", "a"] },
                },
                "Resources": {
                    "R": activity,
                    "Maybe": { "Type": "AWS::StepFunctions::Activity", "Condition": condition },
                    "A": { "Type": "AWS::StepFunctions::Activity", "DependsOn": "Maybe",
                           "Properties": { "Name": name, "Tags": [{ "Key": "k", "Value": tag }] } },
                    "Machine": { "Type": "AWS::StepFunctions::StateMachine", "Properties": {
                        "RoleArn": "arn:aws:iam::123456789012:role/r",
                        "DefinitionSubstitutions": { "s": seconds },
                        "DefinitionString": r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":${s},"End":true}}}"#,
                    } },
                },
                "Outputs": { "O": { "Value": output, "Condition": condition } },
            })
        },
    )
}

/// Values of all parameters.
fn given() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec!["a", "b", "c", "1", ""]);
    let list = prop::sample::select(vec!["", "1", "a,b", "1,2,3", "x,5"]);
    (text, list, 0..5_u8).prop_map(|(p, l, n)| json!({ "P": p, "L": l, "N": n.to_string() }))
}

/// A default is what is deployed while nothing else is given: templates are deployed with values of the others.
#[test]
fn whatever_is_deployed_is_valid() {
    let world = World::new();
    let config = Config { cases: 1000, failure_persistence: None, ..Config::default() };
    let deployed = std::cell::Cell::new(0);
    let outcome = TestRunner::new(config).run(&(template(), given()), |(template, given)| {
        let mut values = Map::new();
        for (name, parameter) in template["Parameters"].as_object().unwrap() {
            if parameter.get("Default").is_none() {
                values.insert(name.clone(), given[name].clone());
            }
        }
        if world.apply("s", &template, &Value::Object(values)).is_ok() {
            deployed.set(deployed.get() + 1);
            let errors = errors_of(&template);
            prop_assert!(errors.is_empty(), "{template} deploys, but: {errors:?}");
        }
        Ok(())
    });
    outcome.unwrap();
    // Templates that are refused show nothing.
    assert!(30 < deployed.get(), "{} of 1000 deploy; about 120 are expected", deployed.get());
}

#[test]
fn a_template_that_can_be_told_to_fail_changes_nothing() {
    let world = World::new();
    let activity = json!({"Type": "AWS::StepFunctions::Activity"});
    let name = |name: Value| json!({"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": name}});
    for (resources, outputs) in [
        (json!({"A": activity, "B": name(json!({"Fn::GetAtt": "A.Nope"}))}), json!({})),
        (json!({"A": activity, "B": name(json!({"Fn::Select": [1, ["a"]]}))}), json!({})),
        (json!({"A": activity}), json!({"O": {"Value": {"Fn::GetAtt": ["A", "Nope"]}}})),
        (json!({"A": activity}), json!({"O": {"Value": {"Ref": "B"}}})),
        (json!({"A": activity}), json!({"O": {"Value": 1, "Condition": "Nope"}})),
        (json!({"A": activity}), json!({"O": {"Value": {"Fn::ImportValue": "nope"}}})),
    ] {
        let template = json!({"Resources": resources, "Outputs": outputs});
        assert!(world.apply("s", &template, &json!({})).is_err(), "{template}");
        assert!(world.calls().is_empty(), "{template}");
    }
}

#[test]
fn templates_are_refused_in_the_words_of_cloudformation() {
    let activity =
        |name: Value| json!({"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": name}});
    let of = |name: Value| json!({"Resources": {"A": activity(name)}});
    let depends = {
        let mut template = of(json!("a"));
        template["Resources"]["A"]["DependsOn"] = json!("Z");
        template
    };
    let with = |section: &str, value: Value| {
        let mut template = of(json!("a"));
        template[section] = value;
        template
    };
    let unresolved = |section: &str| {
        format!(
            "Template format error: Unresolved resource dependencies [Z] in the {section} block of the template"
        )
    };
    for (template, want) in [
        (
            json!({"Resources": {}}),
            "Template format error: At least one Resources member must be defined.".to_owned(),
        ),
        (of(json!({"Ref": "Z"})), unresolved("Resources")),
        (depends, unresolved("Resources")),
        (with("Outputs", json!({"O": {"Value": {"Ref": "Z"}}})), unresolved("Outputs")),
        (with("Foo", json!({})), "Invalid template property or properties [Foo]".to_owned()),
        (
            json!({"Resources": {"A-b": activity(json!("a"))}}),
            "Template format error: Resource name A-b is non alphanumeric.".to_owned(),
        ),
        (
            json!({"Resources": {"A": {"Properties": {}}}}),
            "Template format error: [/Resources/A] Every Resources object must contain a Type member."
                .to_owned(),
        ),
        (
            with("Outputs", json!({"O": {"Value": {"Fn::GetAtt": "A.Nope"}}})),
            "Template error: resource A does not support attribute type Nope in Fn::GetAtt".to_owned(),
        ),
        (
            of(json!({"Fn::Select": [5, ["a"]]})),
            "Template error: Fn::Select cannot select nonexistent value at index 5".to_owned(),
        ),
        (with("Mappings", json!({"M": {"a": {"v": "x"}}})), String::new()),
        (
            of(json!({"Fn::FindInMap": ["M", "b", "v"]})),
            "Template error: Unable to get mapping for M::b::v".to_owned(),
        ),
    ] {
        let world = World::new();
        let said = world
            .apply("s", &template, &json!({}))
            .map_or_else(|error| error.as_validation(), |_| String::new());
        assert_eq!(said, want, "{template}");
    }
}

#[test]
fn what_a_failed_template_made_is_taken_back() {
    let world = World::new();
    let template = json!({"Resources": {
        "A": {"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": "a"}},
        "B": {"Type": "AWS::StepFunctions::Activity", "DependsOn": "A", "Properties": {"Name": "refused"}},
    }});
    let error = world.apply("s", &template, &json!({})).unwrap_err();
    assert!(error.to_string().contains("Resources/B: CreateActivity: InvalidName: refused"), "{error}");
    let calls: Vec<&str> = world.calls().iter().map(|call| call.0).collect();
    assert_eq!(
        calls,
        ["DescribeActivity", "CreateActivity", "DescribeActivity", "CreateActivity", "DeleteActivity"]
    );
}

#[test]
fn a_new_stack_does_not_adopt_what_exists() {
    let world = World::new();
    let template = json!({"Resources": {
        "A": {"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": "existing"}},
    }});
    let error = world.apply("s", &template, &json!({})).unwrap_err();
    let wanted = format!(
        "Resource of type 'AWS::StepFunctions::Activity' with identifier '{EXISTING}' already exists."
    );
    assert!(error.to_string().contains(&wanted), "{error}");
    let calls: Vec<&str> = world.calls().iter().map(|call| call.0).collect();
    assert_eq!(calls, ["DescribeActivity"]);
}

#[test]
fn unknown_types_are_refused_where_they_exist_or_skipped_if_the_settings_say_so() {
    let table = json!({"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "t"}});
    let mut template = json!({
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "Table": table,
            "A": {"Type": "AWS::StepFunctions::Activity", "Properties": {
                "Name": "a", "Tags": [{"Key": "table", "Value": {"Fn::GetAtt": "Table.Arn"}}]}},
        },
    });
    let mut world = World::new();
    let error = world.apply("s", &template, &json!({})).unwrap_err().to_string();
    assert!(
        error.contains("AWS::DynamoDB::Table belongs to a service that this server doesn't have")
            && error.contains("[services.dynamodb] endpoint"),
        "{error}"
    );
    assert!(world.calls().is_empty());

    world.skip_unknown_types();
    let applied = world.apply("s", &template, &json!({})).unwrap();
    assert_eq!(applied.changes.len(), 2);
    assert!(
        applied.warnings[0].contains("Resources/Table: AWS::DynamoDB::Table: Skipped"),
        "{:?}",
        applied.warnings
    );
    let made = world.calls().into_iter().find(|call| call.0 == "CreateActivity").unwrap().1;
    assert!(made["tags"][0]["value"].as_str().unwrap().starts_with("s-Table-"), "{made}");
    // It stays what it is, and goes like everything else.
    let again = world.apply("s", &template, &json!({})).unwrap();
    assert!(again.changes.iter().all(|change| change.action == Action::Unchanged), "{:?}", again.changes);

    // What doesn't exist need not be known.
    template["Resources"]["Table"]["Condition"] = json!("Never");
    template["Resources"]["A"]["Properties"] = json!({"Name": "a"});
    let world = World::new();
    assert_eq!(world.apply("s", &template, &json!({})).unwrap().changes.len(), 1);
}

#[test]
fn one_stack_finds_what_another_exports() {
    let world = World::new();
    let exporting = |name: &str| {
        json!({
            "Resources": {"A": {"Type": "AWS::StepFunctions::Activity"}},
            "Outputs": {"O": {"Value": {"Ref": "A"}, "Export": {"Name": {"Fn::Sub": format!("{name}-arn")}}}},
        })
    };
    let arn = world.apply("one", &exporting("shared"), &json!({})).unwrap().outputs["O"].clone();
    let importing = json!({
        "Resources": {"A": {"Type": "AWS::StepFunctions::Activity"}},
        "Outputs": {"O": {"Value": {"Fn::ImportValue": "shared-arn"}}},
    });
    assert_eq!(world.apply("two", &importing, &json!({})).unwrap().outputs["O"], arn);
    let error = world.apply("three", &exporting("shared"), &json!({})).unwrap_err();
    assert!(error.to_string().contains("shared-arn is already exported by stack one"), "{error}");
    // What another stack uses stays.
    let error = world.apply("one", &exporting("other"), &json!({})).unwrap_err();
    assert!(
        error.to_string().contains("Export shared-arn cannot be deleted as it is in use by two"),
        "{error}"
    );
    // A name that is no longer exported is free.
    world
        .apply("two", &json!({"Resources": {"A": {"Type": "AWS::StepFunctions::Activity"}}}), &json!({}))
        .unwrap();
    world.apply("one", &exporting("other"), &json!({})).unwrap();
    assert!(world.apply("two", &importing, &json!({})).is_err());
    assert!(world.apply("three", &exporting("shared"), &json!({})).is_ok());
}

#[test]
fn documents_come_from_object_stores() {
    let world = World::new();
    let machine = |key: &str, seconds: &Value| {
        json!({"Resources": {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "RoleArn": "arn:aws:iam::123456789012:role/r", "DefinitionSubstitutions": {"s": seconds},
            "DefinitionS3Location": {"Bucket": "b", "Key": key},
        }}}})
    };
    for key in ["machine.json", "machine.yaml"] {
        world.apply(key, &machine(key, &json!("5")), &json!({})).unwrap();
        let (_, input) = world.calls().into_iter().find(|call| call.0.ends_with("StateMachine")).unwrap();
        let definition: Value = serde_json::from_str(input["definition"].as_str().unwrap()).unwrap();
        assert_eq!(definition["States"]["A"]["Seconds"], 5, "{key}");
    }
    assert!(errors_of(&machine("machine.json", &json!("5"))).is_empty());
    let error = world.apply("s", &machine("none", &json!("5")), &json!({})).unwrap_err();
    assert!(
        error.to_string().contains("Resources/M/Properties/DefinitionS3Location: no s3://b/none"),
        "{error}"
    );
    let api = json!({"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi", "Properties": {
        "BodyS3Location": {"Bucket": "b", "Key": "api.yaml"},
    }}}});
    world.calls();
    world.apply("api", &api, &json!({})).unwrap();
    let (_, input) = world.calls().into_iter().find(|call| call.0 == "PutRestApi").unwrap();
    assert_eq!(input["body"], "openapi: 3.0.1\n");
    let mut both = api;
    both["Resources"]["A"]["Properties"]["Body"] = json!({});
    let error = world.apply("api", &both, &json!({})).unwrap_err();
    assert!(error.to_string().contains("Body is given, too"), "{error}");
}

#[test]
fn versions_follow_revisions_and_aliases_follow_versions() {
    let world = World::new();
    let template = |seconds: u32| {
        json!({"Resources": {
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
                "RoleArn": "arn:aws:iam::123456789012:role/r",
                "Definition": {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": seconds, "End": true}}},
            }},
            "Version": {"Type": "AWS::StepFunctions::StateMachineVersion", "Properties": {
                "StateMachineArn": {"Ref": "Machine"},
                "StateMachineRevisionId": {"Fn::GetAtt": "Machine.StateMachineRevisionId"},
            }},
            "Alias": {"Type": "AWS::StepFunctions::StateMachineAlias", "Properties": {
                "Name": "live", "DeploymentPreference": {
                    "StateMachineVersionArn": {"Ref": "Version"}, "Type": "CANARY", "Percentage": 10, "Interval": 1,
                },
            }},
        }})
    };
    let made = world.apply("s", &template(1), &json!({})).unwrap();
    assert!(made.warnings[0].contains("CANARY: the new version takes over at once"), "{:?}", made.warnings);
    let called: Vec<&str> = world.calls().iter().map(|call| call.0).collect();
    assert_eq!(called, ["CreateStateMachine", "PublishStateMachineVersion", "CreateStateMachineAlias"]);
    world.apply("s", &template(2), &json!({})).unwrap();
    let calls = world.calls();
    assert_eq!(calls[0].0, "UpdateStateMachine");
    assert_eq!((calls[1].0, &calls[1].1["revisionId"]), ("PublishStateMachineVersion", &json!("revision1")));
    // The operations here publish the same version again, which is not deleted for that.
    assert!(calls.iter().all(|call| call.0 != "DeleteStateMachineVersion"), "{calls:?}");
}

#[test]
fn an_answer_that_comes_before_its_request_is_noted_as_sent_is_kept() {
    let world = World::new();
    let (store, home) = (&world.store, &home());
    let request = Request {
        id: "r".to_owned(),
        secret: "s".to_owned(),
        logical_id: "Thing".to_owned(),
        verb: Verb::Update,
        physical_id: Some("one".to_owned()),
        until: Timestamp::from_millis(0),
        is_sent: false,
        answer: None,
    };
    let found = world.runtime.block_on(async {
        record::save_request(store, home, "stack", &request).await.unwrap();
        let kept = world.stacks.answer("r", "s", "told".to_owned()).await.unwrap();
        assert_eq!(kept, record::Answered::Kept);
        record::note_sent(store, home, "r").await.unwrap();
        record::note_sent(store, home, "another").await.unwrap();
        record::request(store, home, "stack", "Thing").await.unwrap().unwrap()
    });
    assert_eq!((found.is_sent, found.answer.as_deref()), (true, Some("told")));
}
