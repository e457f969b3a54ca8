//! Stacks over their whole life, in a land that remembers what was made: updates come to the same as making the stack
//! anew, failures leave things as they were, and work that is interrupted anywhere goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::Documents;
use crate::clock::{SeededIds, SystemClock};
use crate::id::{AccountId, AccountRegion, Region};
use crate::stack::model::{Event, Head, OnFailure};
use crate::stack::operations::{Accounts, Actor, OperationError, OperationFuture, Operations};
use crate::stack::record::{self, Commit, Noted};
use crate::stack::stacks::{Draft, NewChangeSet, NewStack, NewUpdate, Refusal};
use crate::stack::status::Status;
use crate::stack::{Ports, Stacks};
use crate::store::{Options, Store};
use crate::wire;

/// Everything that was made, by ARN.
#[derive(Default)]
struct Land {
    things: Mutex<BTreeMap<String, Value>>,
    n_calls: AtomicUsize,
    /// The call that is carried out and never answers.
    stops_at: AtomicUsize,
    stopped: Notify,
    calls: Mutex<Vec<String>>,
}

impl Operations for Land {
    fn input(&self, service: &str, operation: &str) -> Option<&'static wire::Structure> {
        let all = [&wire::states::SERVICE];
        Some(all.into_iter().find(|known| known.name == service)?.operation(operation)?.input)
    }

    fn call<'a>(&'a self, _: &'static str, operation: &'static str, input: Value) -> OperationFuture<'a> {
        let n = self.n_calls.fetch_add(1, Ordering::Relaxed) + 1;
        let name = input["name"].as_str().map(str::to_owned);
        let about = ["activityArn", "stateMachineArn", "resourceArn"];
        let about = about.iter().find_map(|member| input[*member].as_str()).map(str::to_owned);
        self.calls.lock().unwrap().push(format!("{operation} {}", name.as_ref().or(about.as_ref()).unwrap()));
        let answer = self.answer(operation, &input);
        let stops = n == self.stops_at.load(Ordering::Relaxed);
        Box::pin(async move {
            if stops {
                self.stopped.notify_one();
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}

impl Land {
    fn answer(&self, operation: &'static str, input: &Value) -> Result<Value, OperationError> {
        let refuse =
            |code: &str| OperationError { operation, code: code.to_owned(), message: "no".to_owned() };
        let mut things = self.things.lock().unwrap();
        let arn = |kind: &str| {
            format!("arn:aws:states:us-east-1:123456789012:{kind}:{}", input["name"].as_str().unwrap())
        };
        let text = |member: &str| input[member].as_str().unwrap_or_default().to_owned();
        if input["name"] == "refused" || input["roleArn"] == "refused" {
            return Err(refuse("InvalidName"));
        }
        let tags = |tags: &Value| -> BTreeMap<String, Value> {
            let tags = tags.as_array().into_iter().flatten();
            tags.map(|tag| (tag["key"].as_str().unwrap().to_owned(), tag["value"].clone())).collect()
        };
        match operation {
            "CreateActivity" | "CreateStateMachine" => {
                let kind = if operation == "CreateActivity" { "activity" } else { "stateMachine" };
                let mut thing = input.clone();
                thing["tags"] = json!(tags(&input["tags"]));
                things.insert(arn(kind), thing);
                Ok(json!({ "activityArn": arn(kind), "stateMachineArn": arn(kind) }))
            }
            "DescribeActivity" | "DescribeStateMachine" => {
                let arn = text("activityArn") + &text("stateMachineArn");
                // Made after whatever it is compared with.
                let found = things.get(&arn).map(|_| json!({ "creationDate": 1e12 }));
                found.ok_or_else(|| refuse("ActivityDoesNotExist"))
            }
            "UpdateStateMachine" => {
                let thing = things
                    .get_mut(&text("stateMachineArn"))
                    .ok_or_else(|| refuse("StateMachineDoesNotExist"))?;
                for member in ["definition", "roleArn"] {
                    thing[member] = input[member].clone();
                }
                Ok(json!({ "revisionId": "other" }))
            }
            "DeleteActivity" | "DeleteStateMachine" => {
                let arn = text("activityArn") + &text("stateMachineArn");
                if things.get(&arn).is_some_and(|thing| thing["tags"]["stays"] == "yes") {
                    return Err(refuse("StateMachineDeleting"));
                }
                things.remove(&arn);
                Ok(json!({}))
            }
            "TagResource" | "UntagResource" => {
                let thing = things.get_mut(&text("resourceArn")).ok_or_else(|| refuse("ResourceNotFound"))?;
                for (key, value) in tags(&input["tags"]) {
                    thing["tags"][key] = value;
                }
                for key in input["tagKeys"].as_array().into_iter().flatten() {
                    thing["tags"].as_object_mut().unwrap().shift_remove(key.as_str().unwrap());
                }
                Ok(json!({}))
            }
            other => panic!("{other} is not expected"),
        }
    }

    /// Everything there is, with the random ends of names taken off.
    fn inventory(&self) -> Value {
        let text = serde_json::to_string(&*self.things.lock().unwrap()).unwrap();
        let mut parts = text.split("R-");
        let mut text = parts.next().unwrap().to_owned();
        for part in parts {
            text.push('R');
            let is_end = part.len() >= 12
                && part.bytes().take(12).all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            text.push_str(if is_end { &part[12..] } else { part });
        }
        serde_json::from_str(&text).unwrap()
    }
}

struct Everybody(Arc<Land>);

impl Accounts for Everybody {
    fn operations(&self, _: &AccountRegion, _: &Actor) -> Arc<dyn Operations> {
        self.0.clone()
    }
}

struct World {
    land: Arc<Land>,
    stacks: Stacks,
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

fn stacks(store: &Store, land: &Arc<Land>, seed: u64) -> Stacks {
    let ports = Ports {
        store: store.clone(),
        accounts: Arc::new(Everybody(land.clone())),
        objects: Arc::new(Documents),
        ids: Arc::new(SeededIds::new(seed)),
        clock: Arc::new(SystemClock::new()),
    };
    Stacks::open(ports, home(), BTreeMap::new()).unwrap()
}

fn draft(template: &Value) -> Draft {
    Draft { template: Some(template.to_string()), ..Draft::default() }
}

impl World {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-life-{}-{n}", std::process::id()));
        let store = Store::open(&dir, Options::disturbed(), Arc::new(SystemClock::new())).unwrap();
        let land = Arc::new(Land::default());
        let stacks = stacks(&store, &land, 1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { land, stacks, store, dir, runtime }
    }

    /// A server that starts after one that was killed.
    fn restart(&mut self) {
        self.stacks = stacks(&self.store, &self.land, 2);
    }

    fn create(&self, name: &str, template: &Value, on_failure: OnFailure) -> Result<String, Refusal> {
        let asked = NewStack {
            name: name.to_owned(),
            draft: draft(template),
            on_failure,
            disables_rollback: false,
            is_protected: false,
            policy: None,
            token: None,
        };
        self.runtime.block_on(self.stacks.create(&home(), asked))
    }

    fn update_with(&self, name: &str, template: &Value, policy: Option<Value>) -> Result<String, Refusal> {
        let asked = NewUpdate {
            name: name.to_owned(),
            draft: draft(template),
            policy: policy.map(|policy| policy.to_string()),
            during: None,
            disables_rollback: false,
            token: None,
        };
        self.runtime.block_on(self.stacks.update(&home(), asked))
    }

    fn update(&self, name: &str, template: &Value) -> Result<String, Refusal> {
        self.update_with(name, template, None)
    }

    fn delete(&self, name: &str) -> Result<(), Refusal> {
        self.runtime.block_on(self.stacks.delete(&home(), name, Vec::new(), (None, None), None))
    }

    /// Does everything that is to be done.
    fn work(&self) {
        self.runtime.block_on(self.stacks.work_off()).unwrap();
    }

    /// Begins what is to be done, and stops for good in the middle of the `n`th call from now; false if there are fewer.
    fn work_until(&self, n: usize) -> bool {
        let stops_at = self.land.n_calls.load(Ordering::Relaxed) + n;
        self.land.stops_at.store(stops_at, Ordering::Relaxed);
        let stopped = self.runtime.block_on(async {
            tokio::select! {
                done = self.stacks.work_off() => { done.unwrap(); false }
                () = self.land.stopped.notified() => true,
            }
        });
        self.land.stops_at.store(0, Ordering::Relaxed);
        stopped
    }

    fn head(&self, name: &str) -> Head {
        self.runtime.block_on(record::find(&self.store, &home(), name)).unwrap().unwrap()
    }

    /// What happened, the oldest first: logical id and status.
    fn events(&self, id: &str) -> Vec<(String, &'static str)> {
        let events = self.runtime.block_on(record::events(&self.store, &home(), id, None, 10_000)).unwrap();
        events.iter().rev().map(|(_, event)| (event.logical_id.clone(), event.status.as_str())).collect()
    }
}

fn activity(tags: Value) -> Value {
    json!({"Type": "AWS::StepFunctions::Activity", "Properties": {"Tags": tags}})
}

fn named(name: &str) -> Value {
    json!({"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": name}})
}

/// Templates of up to three activities and two state machines that refer to one another.
fn template() -> impl Strategy<Value = Value> {
    let tag = prop::sample::select(vec![
        json!("x"),
        json!("y"),
        json!({"Ref": "AR"}),
        json!({"Ref": "AWS::Region"}),
    ]);
    let tags = prop::collection::btree_map("[ab]", tag, 0..3);
    let name = prop::sample::select(vec![None, Some("one"), Some("two")]);
    let machine = (prop::option::of(1..3_u8), 0..3_u8, prop::sample::select(vec!["r", "s"]));
    let machines = prop::collection::vec(machine, 2);
    (tags, name, machines, any::<bool>()).prop_map(|(tags, name, machines, retained)| {
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let mut resources = json!({ "AR": {"Type": "AWS::StepFunctions::Activity"} });
        let mut tagged = activity(json!(tags));
        if let Some(name) = name {
            tagged["Properties"]["Name"] = json!(name);
        }
        resources["BR"] = tagged;
        for (i, (seconds, other, role)) in machines.into_iter().enumerate() {
            let Some(seconds) = seconds else { continue };
            let mut machine = json!({"Type": "AWS::StepFunctions::StateMachine", "Properties": {
                "RoleArn": role,
                "Definition": {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": seconds, "End": true}}},
            }});
            if other == 1 {
                machine["Properties"]["Definition"]["Comment"] = json!({"Ref": "BR"});
            }
            if other == 2 {
                machine["Properties"]["StateMachineName"] = json!({"Fn::Sub": format!("m{i}-${{AR.Name}}")});
            }
            if retained {
                machine["DeletionPolicy"] = json!("Delete");
            }
            resources[format!("M{i}R")] = machine;
        }
        json!({ "Resources": resources })
    })
}

#[test]
fn an_update_comes_to_the_same_as_making_the_stack_anew() {
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(template(), template(), 1..12_usize), |(one, other, n)| {
        let (mut updated, made) = (World::new(), World::new());
        updated.create("s", &one, OnFailure::Rollback).unwrap();
        // Wherever the server is killed, the next one goes on.
        updated.work_until(n);
        updated.restart();
        updated.work();
        prop_assert_eq!(updated.head("s").status, Status::CreateComplete);
        match updated.update("s", &other) {
            Ok(_) => {
                updated.work_until(n);
                updated.restart();
                updated.work();
                prop_assert_eq!(updated.head("s").status, Status::UpdateComplete);
            }
            Err(refusal) => {
                prop_assert!(one == other, "{refusal:?}");
            }
        }
        made.create("s", &other, OnFailure::Rollback).unwrap();
        made.work();
        prop_assert_eq!(updated.land.inventory(), made.land.inventory());
        // Nothing is left to change.
        let idle = updated.update("s", &other);
        prop_assert!(
            matches!(idle, Err(Refusal::Invalid(said)) if said == "No updates are to be performed.")
        );
        updated.delete("s").unwrap();
        updated.work_until(n);
        updated.restart();
        updated.work();
        prop_assert_eq!(updated.land.inventory(), json!({}));
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_failed_update_leaves_things_as_they_were() {
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let outcome =
        TestRunner::new(config).run(&(template(), template(), 1..12_usize), |(one, mut other, n)| {
            let mut world = World::new();
            world.create("s", &one, OnFailure::Rollback).unwrap();
            world.work();
            let before = json!(*world.land.things.lock().unwrap());
            let mut last = named("refused");
            let others: Vec<String> = other["Resources"].as_object().unwrap().keys().cloned().collect();
            last["DependsOn"] = json!(others);
            other["Resources"]["Z"] = last;
            world.update("s", &other).unwrap();
            world.work_until(n);
            world.restart();
            world.work();
            prop_assert_eq!(world.head("s").status, Status::UpdateRollbackComplete);
            let after = json!(*world.land.things.lock().unwrap());
            prop_assert_eq!(before, after);
            Ok(())
        });
    outcome.unwrap();
}

/// What a change set says is what happens.
#[test]
fn change_sets_say_what_happens() {
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(template(), template()), |(one, other)| {
        let world = World::new();
        world.create("s", &one, OnFailure::Rollback).unwrap();
        world.work();
        let asked = NewChangeSet {
            stack: "s".to_owned(),
            name: "c".to_owned(),
            is_creation: false,
            description: None,
            draft: draft(&other),
            on_failure: None,
            token: None,
        };
        let set = world.runtime.block_on(world.stacks.create_change_set(&home(), asked)).unwrap();
        if set.status == "FAILED" {
            // To say what holds anyway is no change.
            let said = |template: &Value| {
                let mut said = template.clone();
                for resource in said["Resources"].as_object_mut().unwrap().values_mut() {
                    let members = resource.as_object_mut().unwrap();
                    members.retain(|name, value| name != "DeletionPolicy" || *value != "Delete");
                }
                said
            };
            prop_assert_eq!(said(&one), said(&other));
            return Ok(());
        }
        let said: BTreeMap<String, (String, bool)> = set
            .changes
            .iter()
            .map(|change| {
                let text =
                    |member: &str| change.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
                (text("LogicalResourceId"), (text("Action"), text("Replacement") != "False"))
            })
            .collect();
        let physical = |world: &World| -> BTreeMap<String, String> {
            let made = world.runtime.block_on(record::load(&world.store, &home(), "s")).unwrap().unwrap();
            made.into_iter().map(|made| (made.logical_id, made.attributes.reference)).collect()
        };
        let before = physical(&world);
        world
            .runtime
            .block_on(world.stacks.execute_change_set(&home(), Some("s"), "c", false, None))
            .unwrap();
        world.work();
        prop_assert_eq!(world.head("s").status, Status::UpdateComplete);
        let after = physical(&world);
        for id in before.keys().chain(after.keys()) {
            let said = said.get(id).map(|(action, replaces)| (action.as_str(), *replaces));
            match (before.get(id), after.get(id)) {
                (None, Some(_)) => prop_assert_eq!(said.map(|said| said.0), Some("Add")),
                (Some(_), None) => prop_assert_eq!(said.map(|said| said.0), Some("Remove")),
                (Some(one), Some(other)) if one != other => prop_assert_eq!(said, Some(("Modify", true))),
                _ => prop_assert!(matches!(said, None | Some(("Modify", false))), "{id}: {said:?}"),
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn events_come_in_the_order_of_aws() {
    let world = World::new();
    let id = world.create("s", &json!({"Resources": {"A": named("a")}}), OnFailure::Rollback).unwrap();
    world.work();
    let own = |status| ("s".to_owned(), status);
    let a = |status| ("A".to_owned(), status);
    let mut want = vec![
        own("CREATE_IN_PROGRESS"),
        a("CREATE_IN_PROGRESS"),
        a("CREATE_IN_PROGRESS"),
        a("CREATE_COMPLETE"),
        own("CREATE_COMPLETE"),
    ];
    assert_eq!(world.events(&id), want);
    world.update("s", &json!({"Resources": {"A": named("b")}})).unwrap();
    world.work();
    want.extend([
        own("UPDATE_IN_PROGRESS"),
        a("UPDATE_IN_PROGRESS"),
        a("UPDATE_IN_PROGRESS"),
        a("UPDATE_COMPLETE"),
        own("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        a("DELETE_IN_PROGRESS"),
        a("DELETE_COMPLETE"),
        own("UPDATE_COMPLETE"),
    ]);
    assert_eq!(world.events(&id), want);
    // The thing that was replaced is gone, the resource isn't.
    let shown = world.runtime.block_on(record::shown(&world.store, &home(), &id)).unwrap();
    assert_eq!(
        (shown[0].status, shown[0].physical_id.rsplit(':').next()),
        (Status::UpdateComplete, Some("b"))
    );
    world.delete("s").unwrap();
    world.work();
    want.extend([
        own("DELETE_IN_PROGRESS"),
        a("DELETE_IN_PROGRESS"),
        a("DELETE_COMPLETE"),
        own("DELETE_COMPLETE"),
    ]);
    assert_eq!(world.events(&id), want);
    // A stack of the same name is another one.
    assert_ne!(world.create("s", &json!({"Resources": {"A": named("a")}}), OnFailure::Rollback).unwrap(), id);
}

#[test]
fn a_stack_that_cannot_be_made_is_rolled_back_kept_or_deleted() {
    let mut refused = named("refused");
    refused["DependsOn"] = json!("A");
    let template = json!({"Resources": {"A": named("a"), "B": refused}});
    for (on_failure, status, n_left) in [
        (OnFailure::Rollback, Status::RollbackComplete, 0),
        (OnFailure::Nothing, Status::CreateFailed, 1),
        (OnFailure::Delete, Status::DeleteComplete, 0),
    ] {
        let world = World::new();
        let id = world.create("s", &template, on_failure).unwrap();
        world.work();
        assert_eq!(world.head(&id).status, status);
        assert_eq!(world.land.things.lock().unwrap().len(), n_left);
        if on_failure == OnFailure::Rollback {
            let refusal = world.update("s", &template).unwrap_err();
            let want = format!("Stack:{id} is in ROLLBACK_COMPLETE state and can not be updated.");
            assert!(matches!(refusal, Refusal::Invalid(said) if said == want));
        }
        let events = world.events(&id);
        assert!(events.contains(&("B".to_owned(), "CREATE_FAILED")), "{events:?}");
    }
}

#[test]
fn what_cannot_be_deleted_stops_a_deletion_and_can_be_retained() {
    let world = World::new();
    let mut second = activity(json!([{"Key": "stays", "Value": "yes"}]));
    second["DependsOn"] = json!("A");
    let mut third = named("c");
    third["DependsOn"] = json!("B");
    let template = json!({"Resources": {"A": named("a"), "B": second, "C": third}});
    let id = world.create("s", &template, OnFailure::Rollback).unwrap();
    world.work();
    world.delete("s").unwrap();
    world.work();
    let head = world.head("s");
    assert_eq!(head.status, Status::DeleteFailed);
    assert_eq!(head.reason.as_deref(), Some("The following resource(s) failed to delete: [B]. "));
    let retain = |ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        world.runtime.block_on(world.stacks.delete(&home(), "s", ids, (None, None), None))
    };
    assert!(matches!(retain(&["Nope"]), Err(Refusal::Invalid(_))));
    retain(&["B"]).unwrap();
    world.work();
    assert_eq!(world.head(&id).status, Status::DeleteComplete);
    assert_eq!(world.land.things.lock().unwrap().len(), 1);
}

#[test]
fn two_at_once_are_refused() {
    let world = World::new();
    let template = |name: &str| json!({"Resources": {"A": named(name)}});
    let id = world.create("s", &template("a"), OnFailure::Rollback).unwrap();
    let said = |refusal: Refusal| match refusal {
        Refusal::Invalid(said) | Refusal::Exists(said) => said,
        other => panic!("{other:?}"),
    };
    let busy = format!("Stack:{id} is in CREATE_IN_PROGRESS state and can not be updated.");
    assert_eq!(said(world.update("s", &template("b")).unwrap_err()), busy);
    assert_eq!(
        said(world.create("s", &template("b"), OnFailure::Rollback).unwrap_err()),
        "Stack [s] already exists"
    );
    assert!(
        said(world.delete("s").unwrap_err()).contains("cannot be deleted while in status CREATE_IN_PROGRESS")
    );
    world.work();
    world.update("s", &template("b")).unwrap();
    assert!(said(world.update("s", &template("c")).unwrap_err()).contains("UPDATE_IN_PROGRESS"));
    assert_eq!(said(world.update("t", &template("c")).unwrap_err()), "Stack [t] does not exist");
    world.work();
    assert_eq!(world.head("s").status, Status::UpdateComplete);
}

#[test]
fn a_stack_policy_keeps_resources_as_they_are() {
    let world = World::new();
    let tagged = |value: &str| json!({"Resources": {"A": activity(json!([{"Key": "k", "Value": value}]))}});
    world.create("s", &tagged("1"), OnFailure::Rollback).unwrap();
    world.work();
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/A"},
    ]});
    world.update_with("s", &tagged("2"), Some(policy)).unwrap();
    world.work();
    let head = world.head("s");
    assert_eq!(head.status, Status::UpdateRollbackComplete);
    let events = world.runtime.block_on(record::events(&world.store, &home(), &head.id, None, 100)).unwrap();
    let reasons: Vec<&str> = events.iter().filter_map(|(_, event)| event.reason.as_deref()).collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("Action denied by stack policy: Statement [#2]")),
        "{reasons:?}"
    );
}

#[test]
fn events_are_kept_up_to_a_number() {
    let world = World::new();
    let template = json!({"Resources": {"A": named("a")}});
    let id = world.create("s", &template, OnFailure::Rollback).unwrap();
    world.work();
    let head = world.head("s");
    let event = Event {
        id: "e".to_owned(),
        logical_id: "A".to_owned(),
        physical_id: "a".to_owned(),
        kind: "K".to_owned(),
        time: head.created,
        status: Status::UpdateComplete,
        reason: None,
        properties: None,
        token: None,
    };
    let n_before = world.events(&id).len();
    let note = |n: usize| {
        let events = (0..n).map(|_| Noted { event: event.clone(), is_shown: false }).collect();
        let commit = Commit { head: &head, made: None, progress: None, events, answered: None, end: None };
        world.runtime.block_on(record::commit(&world.store, &home(), commit)).unwrap();
        world.events(&id).len()
    };
    assert_eq!(note(record::EVENTS_MAX - n_before), record::EVENTS_MAX);
    assert_eq!(note(1), record::EVENTS_MAX);
}
