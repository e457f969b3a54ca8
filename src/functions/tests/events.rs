//! Events, their retries and their destinations.

use serde_json::json;

use super::*;

const FAILURE: &str = "arn:aws:lambda:us-east-1:123456789012:function:failed";
const SUCCESS: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:done";

async fn configure(fixture: &Fixture, retries_max: Option<u32>) {
    let configure = fixture.functions.configure_events(&fixture.home, "f", None, move |_| EventConfig {
        age_max_s: None,
        retries_max,
        on_success: Some(SUCCESS.to_owned()),
        on_failure: Some(FAILURE.to_owned()),
        last_modified: crate::clock::Timestamp::from_millis(0),
    });
    configure.await.unwrap();
}

async fn told(fixture: &Fixture) -> (String, Value) {
    let wait = async {
        loop {
            if let Some(told) = fixture.outside.told.lock().unwrap().pop() {
                return told;
            }
            fixture.outside.change.notified().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("a destination is told")
}

#[tokio::test]
async fn an_event_is_handled_and_tried_again() {
    let fixture = Fixture::new();
    let code = "def handler(event, context):\n    print('attempt', context.aws_request_id)\n    if event['fail']: raise ValueError('no')\n    return {'done': event['n']}\n";
    fixture.make("f", "python3.11", "app.handler", &[("app.py", code)]).await;
    configure(&fixture, None).await;
    fixture
        .functions
        .enqueue(fixture.called("f"), fixture.invocation(&json!({"fail": false, "n": 7})))
        .await
        .unwrap();
    let (to, record) = told(&fixture).await;
    assert_eq!(to, SUCCESS);
    assert_eq!(record["requestContext"]["condition"], "Success");
    assert_eq!(
        (&record["requestPayload"]["n"], &record["responsePayload"]),
        (&json!(7), &json!({"done": 7}))
    );

    for (retries_max, attempts) in [(None, 3), (Some(0), 1)] {
        configure(&fixture, retries_max).await;
        let invocation = fixture.invocation(&json!({"fail": true}));
        let id = invocation.request_id.clone();
        fixture.functions.enqueue(fixture.called("f"), invocation).await.unwrap();
        let (to, record) = told(&fixture).await;
        assert_eq!(to, FAILURE);
        let context = &record["requestContext"];
        assert_eq!(
            (&context["condition"], &context["approximateInvokeCount"]),
            (&json!("RetriesExhausted"), &json!(attempts))
        );
        assert_eq!(context["functionArn"], "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST");
        assert_eq!(record["responseContext"]["functionError"], "Unhandled");
        assert_eq!(record["responsePayload"]["errorType"], "ValueError");
        let lines = fixture.functions.log(&fixture.home, "f").lines(0, usize::MAX);
        let n = lines.iter().filter(|line| line.text == format!("attempt {id}")).count();
        assert_eq!(n, attempts);
    }
}

#[tokio::test]
async fn an_event_waits_for_a_place() {
    let fixture = Fixture::new();
    fixture
        .make("f", "python3.11", "app.handler", &[("app.py", "def handler(event, context): return 1\n")])
        .await;
    configure(&fixture, None).await;
    fixture.functions.reserve(&fixture.home, "f", Some(0)).await.unwrap();
    fixture.functions.enqueue(fixture.called("f"), fixture.invocation(&json!({}))).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), fixture.outside.change.notified()).await;
    assert!(early.is_err(), "nothing is told while there is no place");
    fixture.functions.reserve(&fixture.home, "f", None).await.unwrap();
    assert_eq!(told(&fixture).await.0, SUCCESS);
}

#[tokio::test]
async fn an_event_that_is_too_old_is_not_handled() {
    let fixture = Fixture::new();
    let code = "def handler(event, context):\n    print('attempt')\n";
    fixture.make("f", "python3.11", "app.handler", &[("app.py", code)]).await;
    let configure = fixture.functions.configure_events(&fixture.home, "f", None, |_| EventConfig {
        age_max_s: Some(0),
        retries_max: None,
        on_success: Some(SUCCESS.to_owned()),
        on_failure: Some(FAILURE.to_owned()),
        last_modified: crate::clock::Timestamp::from_millis(0),
    });
    configure.await.unwrap();
    // As old as none may be after the time that it waits for a place.
    fixture.functions.reserve(&fixture.home, "f", Some(0)).await.unwrap();
    fixture.functions.enqueue(fixture.called("f"), fixture.invocation(&json!({}))).await.unwrap();
    let (to, record) = told(&fixture).await;
    assert_eq!((to.as_str(), &record["requestContext"]["condition"]), (FAILURE, &json!("EventAgeExceeded")));
    assert!(fixture.functions.log(&fixture.home, "f").lines(0, 1).is_empty(), "it is not handled");
}

#[tokio::test]
async fn an_event_has_its_own_bound() {
    let fixture = Fixture::new();
    fixture
        .make("f", "python3.11", "app.handler", &[("app.py", "def handler(event, context): return 1\n")])
        .await;
    let large = fixture.invocation(&json!("x".repeat(1 << 20)));
    assert!(matches!(
        fixture.functions.enqueue(fixture.called("f"), large).await,
        Err(Error::EventTooLarge(_))
    ));
    assert!(matches!(
        fixture.functions.enqueue(fixture.called("none"), fixture.invocation(&json!(1))).await,
        Err(Error::NotFound(_))
    ));
}
