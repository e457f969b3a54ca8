//! What executions log, and where.

use std::sync::Mutex;

use super::map_runs::{children, run_of, spread};
use super::*;

const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/M:*";

/// Keeps what it is told; knows one log group.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Logs for Kept {
    fn takes(&self, log_group_arn: &str) -> bool {
        log_group_arn == GROUP
    }

    fn log(&self, record: &LogRecord<'_>) {
        let name = record.execution_arn.split(':').nth(7).unwrap();
        let data = if record.include_execution_data { "+" } else { "" };
        let line = format!(
            "{name}/{} {} {}{data}",
            record.redrive_count,
            record.event.id,
            record.event.kind.type_name()
        );
        self.0.lock().unwrap().push(line);
    }
}

impl Kept {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn logging(level: LogLevel, groups: &[&str]) -> Logging {
    let destinations = groups.iter().map(|&group| group.to_owned()).collect();
    Logging { level, include_execution_data: false, destinations: Some(destinations) }
}

async fn create(
    engine: &Engine,
    name: &str,
    kind: StateMachineType,
    definition: &Value,
    logging: Logging,
) -> Result<String, Error> {
    let create = CreateStateMachine {
        encryption: None,
        home: home(),
        name: name.to_owned(),
        definition: definition.to_string(),
        role_arn: "arn:aws:iam::123456789012:role/r".to_owned(),
        kind,
        logging,
        tracing: false,
        tags: Vec::new(),
        publish: None,
    };
    Ok(engine.state_machines().create(create).await?.arn.to_string())
}

fn failing() -> Value {
    json!({"StartAt": "P", "States": {
        "P": {"Type": "Pass", "Next": "F"}, "F": {"Type": "Fail", "Error": "E", "Cause": "c"}}})
}

#[tokio::test]
async fn the_level_decides_what_is_told() {
    let mut fixture = Fixture::new();
    let logs = Arc::new(Kept::default());
    fixture.logs = logs.clone();
    let (engine, _store) = fixture.open().await;
    for (i, (level, want)) in [
        (
            LogLevel::All,
            &[
                "1 ExecutionStarted",
                "2 PassStateEntered",
                "3 PassStateExited",
                "4 FailStateEntered",
                "5 ExecutionFailed",
            ][..],
        ),
        (LogLevel::Error, &["4 FailStateEntered", "5 ExecutionFailed"]),
        (LogLevel::Fatal, &["5 ExecutionFailed"]),
        (LogLevel::Off, &[]),
    ]
    .into_iter()
    .enumerate()
    {
        for kind in [StateMachineType::Standard, StateMachineType::Express] {
            let name = format!("M{i}{}", kind.as_str());
            let machine = create(&engine, &name, kind, &failing(), logging(level, &[GROUP])).await.unwrap();
            match kind {
                StateMachineType::Standard => {
                    engine.start_execution(start(&machine, "E", "{}")).await.map(|_| ()).unwrap();
                }
                StateMachineType::Express => {
                    engine.start_sync_execution(start(&machine, "E", "{}")).await.map(|_| ()).unwrap();
                }
            }
            let want: Vec<String> = want.iter().map(|event| format!("E/0 {event}")).collect();
            assert_eq!(logs.take(), want, "{name}");
        }
    }
}

#[tokio::test]
async fn an_execution_logs_over_restarts_and_redrives_as_its_revision_says() {
    let mut fixture = Fixture::new();
    let logs = Arc::new(Kept::default());
    fixture.logs = logs.clone();
    let (engine, store) = fixture.open().await;
    let logging = Logging { include_execution_data: true, ..logging(LogLevel::All, &[GROUP]) };
    let machine = create(&engine, "M", StateMachineType::Standard, &wait(5), logging).await.unwrap();
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    let off = UpdateStateMachine {
        encryption: None,
        arn: machine,
        definition: None,
        role_arn: None,
        logging: Some(Logging::default()),
        tracing: None,
        publish: None,
    };
    engine.state_machines().update(off).await.unwrap();
    fixture.close(engine, store).await;

    let (engine, _store) = fixture.open().await;
    engine.stop_execution(&arn, Failure::default()).await.unwrap();
    engine.redrive_execution(&arn, None).await.unwrap();
    fixture.clock.advance(Duration::from_secs(5));
    ended(&engine, &arn).await;
    while logs.0.lock().unwrap().len() < 6 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        logs.take(),
        [
            "E/0 1 ExecutionStarted+",
            "E/0 2 WaitStateEntered+",
            "E/0 3 ExecutionAborted+",
            "E/1 4 ExecutionRedriven+",
            "E/1 5 WaitStateExited+",
            "E/1 6 ExecutionSucceeded+"
        ]
    );
}

#[tokio::test]
async fn a_log_group_has_to_be_there_and_alone() {
    let mut fixture = Fixture::new();
    fixture.logs = Arc::new(Kept::default());
    let (engine, _store) = fixture.open().await;
    let other = GROUP.replace("/M", "/N");
    for (groups, problem) in [
        (&[][..], "Must specify exactly one Log Destination."),
        (&[GROUP, GROUP], "Must specify exactly one Log Destination."),
        (&[other.as_str()], "Log Destination not found."),
        (&["arn:aws:s3:::bucket"], "Provided ARN is not CloudWatch Logs Log Group ARN."),
        (&[GROUP.trim_end_matches(":*")], "Log Group ARN must be provided with '*' qualifier."),
    ] {
        let made =
            create(&engine, "M", StateMachineType::Standard, &pass(), logging(LogLevel::Fatal, groups)).await;
        assert_eq!(made, Err(Error::InvalidLoggingConfiguration(problem)));
    }
}

/// Each child of a Map logs what it does, as its parent's machine says; an Express one has nothing else that tells.
#[tokio::test]
async fn children_of_a_map_log_as_their_parent_does() {
    let mut fixture = Fixture::new();
    let logs = Arc::new(Kept::default());
    fixture.logs = logs.clone();
    let (engine, _store) = fixture.open().await;
    // One child succeeds, the other fails.
    let chooses = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "F"}], "Default": "S"},
        "S": {"Type": "Succeed"}, "F": {"Type": "Fail", "Error": "E"}}});
    let well = [
        "1 ExecutionStarted",
        "2 ChoiceStateEntered",
        "3 ChoiceStateExited",
        "4 SucceedStateEntered",
        "5 SucceedStateExited",
        "6 ExecutionSucceeded",
    ];
    let failing = [
        "1 ExecutionStarted",
        "2 ChoiceStateEntered",
        "3 ChoiceStateExited",
        "4 FailStateEntered",
        "5 ExecutionFailed",
    ];
    for kind in ["EXPRESS", "STANDARD"] {
        for (level, wells, fails) in [
            (LogLevel::All, &well[..], &failing[..]),
            (LogLevel::Error, &[], &failing[3..]),
            (LogLevel::Fatal, &[], &failing[4..]),
            (LogLevel::Off, &[], &[]),
        ] {
            let mut definition = spread(&chooses, &json!({"ToleratedFailureCount": 1}));
            definition["States"]["M"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!(kind);
            let name = format!("M{kind}{level:?}");
            let config = Logging { include_execution_data: true, ..logging(level, &[GROUP]) };
            let made = create(&engine, &name, StateMachineType::Standard, &definition, config).await;
            let parent = format!("E{kind}{level:?}");
            let arn = engine.start_execution(start(&made.unwrap(), &parent, "[1, 2]")).await.unwrap().arn;
            assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Succeeded);
            let run = run_of(&engine, &arn).await;
            let of_parent = format!("{parent}/0 ");
            let mut lines = logs.take();
            // The end of an execution is logged once it is written.
            let is_last =
                |line: &String| line.starts_with(&of_parent) && line.ends_with("ExecutionSucceeded+");
            while level == LogLevel::All && !lines.iter().any(is_last) {
                tokio::task::yield_now().await;
                lines.extend(logs.take());
            }
            for (status, want) in [(ExecutionStatus::Succeeded, wells), (ExecutionStatus::Failed, fails)] {
                let child = children(&engine, &run, Some(status)).await.remove(0);
                let of_child = format!("{}/0 ", child.arn.name);
                let of_child: Vec<&str> =
                    lines.iter().filter_map(|line| line.strip_prefix(&of_child)).collect();
                let want: Vec<String> = want.iter().map(|event| format!("{event}+")).collect();
                assert_eq!(of_child, want, "{name} {status:?}");
            }
            let of_parent = lines.iter().filter(|line| line.starts_with(&of_parent)).count();
            assert_eq!(0 < of_parent, level == LogLevel::All, "{name}: {lines:?}");
        }
    }
}
