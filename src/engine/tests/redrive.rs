//! RedriveExecution: what may be redriven, and that it lasts.

use super::*;

const WORK: &str = "arn:aws:states:us-east-1:123456789012:activity:Work";

async fn failed(engine: &Engine, machine: &str, name: &str) -> String {
    let arn = engine.start_execution(start(machine, name, "{}")).await.unwrap().arn;
    let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
    engine.send_task_failure(&home(), &task.token, Failure::new("E", "c")).await.unwrap();
    arn
}

fn refused(reason: NotRedrivable) -> Result<Timestamp, Error> {
    Err(Error::ExecutionNotRedrivable(reason))
}

#[tokio::test]
async fn a_redriven_execution_goes_on_over_a_restart() {
    let mut fixture = Fixture::new();
    let (engine, store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "M", &work()).await;
    let arn = failed(&engine, &machine, "E").await;
    let described = engine.executions().describe(&arn).await.unwrap();
    assert_eq!((described.redrive_count, described.not_redrivable), (0, None));
    fixture.clock.advance(Duration::from_secs(7));
    let at = engine.redrive_execution(&arn, None).await.unwrap();
    fixture.close(engine, store).await;

    let (engine, _store) = fixture.open().await;
    let described = engine.executions().describe(&arn).await.unwrap();
    assert_eq!((described.status, described.redrive_count), (ExecutionStatus::Running, 1));
    assert_eq!((described.redriven, described.stopped, described.error), (Some(at), None, None));
    let task = engine.get_activity_task(WORK, None).await.unwrap().unwrap();
    engine.send_task_success(&home(), &task.token, "1".into()).await.unwrap();
    let described = ended(&engine, &arn).await;
    assert_eq!((described.status, described.output.as_deref()), (ExecutionStatus::Succeeded, Some("1")));
    assert_eq!(described.not_redrivable, Some(NotRedrivable::Succeeded));
    let page = engine.executions().list(&machine, ExecutionFilter::default()).await.unwrap();
    assert_eq!((page.items[0].redrive_count, page.items[0].redriven), (1, Some(at)));
}

#[tokio::test]
async fn the_same_client_token_is_the_same_redrive() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "M", &work()).await;
    let arn = failed(&engine, &machine, "E").await;
    let token = || Some("once".to_owned());
    let first = engine.redrive_execution(&arn, token()).await.unwrap();
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(engine.redrive_execution(&arn, token()).await, Ok(first));
    assert_eq!(engine.redrive_execution(&arn, None).await, refused(NotRedrivable::Running));
    fixture.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(ended(&engine, &arn).await.status, ExecutionStatus::Failed, "the task has timed out");
    assert!(first < engine.redrive_execution(&arn, token()).await.unwrap());
}

#[tokio::test]
async fn what_can_not_be_redriven_says_why() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    engine.activities().create(home(), "Work", Vec::new()).await.unwrap();
    let machine = create(&engine, "M", &work()).await;
    let arn = failed(&engine, &machine, "E").await;
    let missing = arn.replace(":E", ":Nope");
    let unknown = engine.redrive_execution(&missing, None).await;
    assert_eq!(unknown, Err(Error::ExecutionDoesNotExist(missing)));
    let days = |n: u64| Duration::from_secs(n * 24 * 60 * 60);
    fixture.clock.advance(days(14));
    assert_eq!(engine.executions().describe(&arn).await.unwrap().not_redrivable, None);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(engine.redrive_execution(&arn, None).await, refused(NotRedrivable::PeriodOver));
    let arn = failed(&engine, &machine, "F").await;
    engine.state_machines().delete(&machine).await.unwrap();
    assert_eq!(engine.redrive_execution(&arn, None).await, refused(NotRedrivable::MachineDeleting));
}

#[tokio::test]
async fn a_full_history_can_not_be_redriven() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine = create(
        &engine,
        "M",
        &json!({"StartAt": "C", "States": {
            "C": {"Type": "Choice", "Default": "C",
                "Choices": [{"Variable": "$$.Execution.Name", "StringEquals": "x", "Next": "S"}]},
            "S": {"Type": "Succeed"}}}),
    )
    .await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    assert_eq!(ended(&engine, &arn).await.not_redrivable, Some(NotRedrivable::TooManyEvents));
    assert_eq!(engine.redrive_execution(&arn, None).await, refused(NotRedrivable::TooManyEvents));
}

#[tokio::test]
async fn one_that_fails_again_at_once_is_closed_again() {
    let mut fixture = Fixture::new();
    let (engine, _store) = fixture.open().await;
    let machine =
        create(&engine, "M", &json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}})).await;
    let arn = engine.start_execution(start(&machine, "E", "{}")).await.unwrap().arn;
    for n in 1..=3 {
        engine.redrive_execution(&arn, None).await.unwrap();
        let described = engine.executions().describe(&arn).await.unwrap();
        assert_eq!((described.status, described.redrive_count), (ExecutionStatus::Failed, n));
        assert_eq!(described.error.as_deref(), Some("E"));
    }
}
