//! Jobs of the store that are run again because others were in the way: nobody is told anything else.

use super::map_runs::{run_of, spread};
use super::*;

const WORK: &str = "arn:aws:states:us-east-1:123456789012:activity:Work";

/// What clients are answered in a life with some of everything that is written.
async fn answers(conflicts: Conflicts) -> Vec<String> {
    let mut fixture = Fixture::new();
    let options = crate::store::Options { conflicts: Some(conflicts), ..Default::default() };
    let (engine, _store) = fixture.open_with(options, Options::default(), Arc::new(NoServices)).await;
    let mut told = Vec::new();
    macro_rules! tell {
        ($answer:expr) => {{
            let answer = $answer;
            told.push(format!("{answer:?}"));
        }};
    }
    // The control plane: each name once, each number once.
    let tags =
        || vec![Tag { key: "a".into(), value: "1".into() }, Tag { key: "b".into(), value: "2".into() }];
    for encryption in [Encryption::AwsOwnedKey, Encryption::AwsOwnedKey] {
        let made = engine.activities().create_encrypted(home(), "Work", tags(), encryption).await;
        tell!(made.map(|activity| (activity.arn, activity.created)));
    }
    let machine = create(&engine, "M", &work()).await;
    assert_eq!(create(&engine, "M", &work()).await, machine);
    tell!(engine.tags().add(&machine, tags()).await);
    tell!(engine.tags().add(&machine, tags()[..1].to_vec()).await);
    tell!(engine.tags().remove(&machine, vec!["b".into()]).await);
    tell!(engine.tags().list(&machine).await);
    let publish = || Publish { description: Some("one".into()) };
    let version = engine.state_machines().publish_version(&machine, None, publish()).await.unwrap();
    tell!(engine.state_machines().publish_version(&machine, None, publish()).await);
    let route = || vec![(version.arn.to_string(), 100)];
    for description in ["d", "d", "other"] {
        let alias =
            engine.state_machines().create_alias("PROD".into(), Some(description.into()), route()).await;
        tell!(alias.map(|alias| (alias.arn, alias.description, alias.routing)));
    }
    // Executions: names, tasks, redrives.
    for input in ["{}", "{}", "[]"] {
        tell!(engine.start_execution(start(&machine, "E", input)).await);
    }
    let arn = engine.start_execution(start(&machine, "F", "{}")).await.unwrap().arn;
    for _ in 0..2 {
        let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
        tell!(engine.send_task_failure(&home(), &task.token, Failure::new("E", "c")).await);
        tell!(engine.send_task_failure(&home(), &task.token, Failure::new("E", "c")).await);
    }
    for token in ["once", "once", "twice"] {
        tell!(engine.redrive_execution(&arn, Some(token.into())).await);
    }
    let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
    tell!(engine.send_task_success(&home(), &task.token, "1".into()).await);
    tell!(ended(&engine, &arn).await);
    let page = engine.executions().history(&arn, Some(1000), false, None).await.unwrap();
    told.extend(page.events.iter().map(|event| format!("{event:?}")));
    // Children, in their parents' transactions.
    let spreads = create(&engine, "Spread", &spread(&pass(), &json!({}))).await;
    let parent = engine.start_execution(start(&spreads, "P", "[1, 2, 3]")).await.unwrap().arn;
    tell!(ended(&engine, &parent).await.output);
    let run = run_of(&engine, &parent).await;
    tell!(engine.describe_map_run(&run).await.unwrap().executions);
    let waits = json!({"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": machine.replace(":M", ":Child"), "Name": "child", "Input": [1]}}}});
    create(&engine, "Child", &pass()).await;
    let waits = create(&engine, "Waits", &waits).await;
    for name in ["first", "second"] {
        let parent = engine.start_execution(start(&waits, name, "{}")).await.unwrap().arn;
        let described = ended(&engine, &parent).await;
        let output: Option<Value> = described.output.map(|output| serde_json::from_str(&output).unwrap());
        tell!((described.status, output.map(|output| output["Output"].clone()), described.error));
    }
    // What goes.
    tell!(engine.state_machines().delete_alias(&format!("{machine}:PROD")).await);
    tell!(engine.state_machines().delete(&machine).await);
    gone(&engine, &machine).await;
    tell!(engine.start_execution(start(&machine, "G", "{}")).await);
    told
}

#[tokio::test]
async fn clients_are_answered_the_same_whatever_is_run_again() {
    let undisturbed = answers(Conflicts::new(|_, _| false)).await;
    assert_eq!(undisturbed, answers(Conflicts::new(|place, run| place == Place::Job && run < 4)).await);
    assert_eq!(undisturbed, answers(Conflicts::new(|place, run| place == Place::Commit && run < 4)).await);
    assert_eq!(undisturbed, answers(Conflicts::always_once()).await);
    // Not a life in which everything is refused.
    let refused: Vec<&String> = undisturbed.iter().filter(|told| told.contains("Err(")).collect();
    assert_eq!(refused.len(), 6, "{refused:#?}");
}
