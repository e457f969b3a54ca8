//! State machines and their executions in the console.

use serde_json::{Value, json};

use super::browser::{Browser, page, read, user};
use crate::client::Client;
use crate::maps::ended;
use crate::roles::{allow, encoded};
use crate::server::{DataDir, Server};
use crate::states;

const ROLE: &str = "arn:aws:iam::123456789012:role/Any";

fn create(client: &mut Client, name: &str, definition: &Value) -> String {
    let input = json!({"name": name, "roleArn": ROLE, "definition": definition.to_string(), "publish": true});
    states(client, "CreateStateMachine", input)["stateMachineArn"].as_str().unwrap().to_owned()
}

/// Starts an execution, and waits for its end.
fn done(client: &mut Client, arn: &str, name: &str, document: &Value) -> String {
    let input = json!({"stateMachineArn": arn, "name": name, "input": document.to_string()});
    let execution = states(client, "StartExecution", input)["executionArn"].as_str().unwrap().to_owned();
    ended(client, &execution);
    execution
}

fn mapped() -> Value {
    json!({"StartAt": "Each", "States": {
        "Each": {"Type": "Map", "Next": "After", "ItemProcessor": {"StartAt": "Inner", "States": {
            "Inner": {"Type": "Pass", "End": true}}}},
        "After": {"Type": "Succeed"}}})
}

#[test]
fn executions_are_filtered_by_version_alias_and_time() {
    let dir = DataDir::new("console-filters");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create(&mut client, "Filtered", &mapped());
    let version = format!("{machine}:1");
    let routing = json!([{"stateMachineVersionArn": version, "weight": 100}]);
    let alias = states(
        &mut client,
        "CreateStateMachineAlias",
        json!({"name": "live", "routingConfiguration": routing}),
    );
    let alias = alias["stateMachineAliasArn"].as_str().unwrap().to_owned();
    for (arn, name) in [(&machine, "plain-one"), (&version, "by-version"), (&alias, "by-alias")] {
        done(&mut client, arn, name, &json!([]));
    }
    let mut browser = Browser::local(&server);
    let at = page("state-machines", &machine);
    let names = ["plain-one", "by-version", "by-alias"];
    let mut shown = |filter: &str| {
        let page = browser.get(&format!("{at}{filter}"));
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.text();
        names.into_iter().filter(|name| page.contains(&format!(">{name}</a>"))).collect::<Vec<_>>()
    };
    assert_eq!(shown(""), names);
    assert_eq!(shown("&of=1"), ["by-version", "by-alias"], "the alias stood for it");
    assert_eq!(shown("&of=live"), ["by-alias"]);
    assert_eq!(shown("&of=live&status=FAILED"), [""; 0]);
    assert_eq!(shown("&after=2020-01-01T00:00"), names);
    assert_eq!(shown("&after=2020-01-01T00:00&before=2020-01-02T00:00"), [""; 0]);
    assert_eq!(shown("&before=2199-01-01T00:00:30&name=by"), ["by-version", "by-alias"]);
    let page = read(&browser.get(&at));
    assert!(
        page.contains("<option value=\"live\">Alias live") && page.contains("<option value=\"1\">Version 1"),
        "{page}"
    );
    for (filter, status) in [("&of=a%3Ab", 400), ("&after=noon", 400), ("&of=none", 400)] {
        assert_eq!(browser.get(&format!("{at}{filter}")).status, status, "{filter}");
    }
}

#[test]
fn boxes_of_a_graph_are_folded_by_address() {
    let dir = DataDir::new("console-folds");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create(&mut client, "Folded", &mapped());
    let execution = done(&mut client, &machine, "one", &json!([1, 2]));
    let mut browser = Browser::local(&server);
    for at in [page("executions", &execution), format!("{}&tab=definition", page("state-machines", &machine))]
    {
        let open = read(&browser.get(&at));
        assert!(open.contains("data-state=\"Inner\"") && open.contains("aria-label=\"Fold Each\""), "{open}");
        assert!(open.contains("&fold=0\"") && open.contains("&fold=all\""), "{open}");
        let folded = read(&browser.get(&format!("{at}&fold=0")));
        assert!(
            !folded.contains("data-state=\"Inner\"") && folded.contains("data-state=\"Each\""),
            "{folded}"
        );
        assert!(folded.contains("aria-label=\"Unfold Each\"") && folded.contains("Unfold all"), "{folded}");
    }
}

#[test]
fn an_execution_is_shown_as_it_was_after_any_event() {
    let dir = DataDir::new("console-moments");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create(&mut client, "Moments", &mapped());
    let execution = done(&mut client, &machine, "one", &json!([1, 2]));
    let history = states(&mut client, "GetExecutionHistory", json!({"executionArn": execution}));
    let entered =
        history["events"].as_array().unwrap().iter().find(|event| event["type"] == "PassStateEntered");
    let entered = format!("&at={}", entered.unwrap()["id"]);
    let at = page("executions", &execution);
    let mut browser = Browser::local(&server);
    let mut class = |more: &str, state: &str| {
        let page = browser.get(&format!("{at}{more}")).text();
        let end = page.find(&format!("\" data-state=\"{state}\"")).unwrap();
        page[..end].rsplit('"').next().unwrap().trim_start_matches("state").trim().to_owned()
    };
    assert_eq!((class("", "Each"), class("", "After")), ("box succeeded".to_owned(), "succeeded".to_owned()));
    assert_eq!((class("&at=2", "Each"), class("&at=2", "Inner")), ("box running".to_owned(), String::new()));
    assert_eq!(class(&entered, "Inner"), "running");
    assert_eq!(
        class(&format!("{entered}&tab=timeline"), "Inner"),
        "running",
        "the timeline has the graph of the moment"
    );
    assert_eq!(class("&at=999", "After"), "succeeded");
    let timeline = read(&browser.get(&format!("{at}&tab=timeline&at=2")));
    assert!(timeline.contains("After event 2 of") && timeline.contains("MapStateEntered Each"), "{timeline}");
    assert!(
        timeline.contains("class=\"moment\"")
            && timeline.contains(&format!("name=\"arn\" value=\"{}", "arn:aws")),
        "{timeline}"
    );
    let whole = browser.get(&format!("{at}&tab=timeline")).text();
    assert!(whole.contains("type=\"range\"") && !whole.contains("data-graph"), "{whole}");
    assert_eq!(browser.get(&format!("{at}&part=view&at={}", encoded("2"))).status, 200);
}

#[test]
fn definitions_are_checked_tried_and_put_in_force() {
    let dir = DataDir::new("console-edit");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create(&mut client, "Edited", &mapped());
    let mut browser = Browser::local(&server);
    let editor = read(&browser.get(&format!("/state-machines/edit?arn={}", encoded(&machine))));
    assert!(editor.contains("No errors") && editor.contains("<option value=\"Inner\">"), "{editor}");

    let wrong = mapped().to_string().replace("\"Next\":\"After\"", "\"Next\":\"Nowhere\"");
    let checked =
        read(&browser.act("/state-machines/check", &[("definition", &wrong), ("type", "STANDARD")]));
    assert!(checked.contains("MISSING_TRANSITION_TARGET") && checked.contains("data-column="), "{checked}");
    assert!(!checked.contains("No errors") && checked.contains("data-state=\"Inner\""), "{checked}");
    let broken = read(&browser.act("/state-machines/check", &[("definition", "{\n\"StartAt\": oops}")]));
    assert!(broken.contains("data-line=\"2\""), "{broken}");
    assert_eq!(browser.act("/state-machines/check", &[]).status, 400);

    let task = json!({"StartAt": "Call", "States": {"Call": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "m"},
        "Catch": [{"ErrorEquals": ["Full"], "Next": "Caught"}]}, "Caught": {"Type": "Pass", "End": true}}})
    .to_string();
    let tried = |browser: &mut Browser, more: &[(&str, &str)]| {
        let fields = [&[("definition", task.as_str()), ("state", "Call")][..], more].concat();
        read(&browser.act("/state-machines/test-state", &fields))
    };
    let mocked = r#"{"MessageId": "id-1", "MD5OfMessageBody": "x"}"#;
    let succeeded = tried(&mut browser, &[("mock", mocked)]);
    assert!(succeeded.contains("Succeeded") && succeeded.contains("id-1"), "{succeeded}");
    let caught = tried(&mut browser, &[("mockError", "Full"), ("mockCause", "no room")]);
    assert!(caught.contains("then Caught") && caught.contains("no room"), "{caught}");

    let refused = browser.act("/state-machines/update", &[("arn", &machine), ("definition", &wrong)]);
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("InvalidDefinition"), "{}", refused.text());
    let fields =
        [("arn", machine.as_str()), ("definition", &task), ("publish", "yes"), ("description", "calls")];
    assert_eq!(browser.act("/state-machines/update", &fields).status, 303);
    let described = states(&mut client, "DescribeStateMachine", json!({"stateMachineArn": machine}));
    assert_eq!(described["definition"], task);
    let versions = states(&mut client, "ListStateMachineVersions", json!({"stateMachineArn": machine}));
    assert_eq!(versions["stateMachineVersions"].as_array().unwrap().len(), 2, "{versions}");

    let mut ann = user(&server, &mut client, &json!([allow("states:Describe*", "*")]));
    let refused = ann.act("/state-machines/update", &fields);
    assert_eq!(refused.status, 403, "{}", refused.text());
}

#[test]
fn executions_are_replayed_under_another_definition() {
    let dir = DataDir::new("console-replay");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let choice = |least: u64| {
        json!({"StartAt": "Enough?", "States": {
            "Enough?": {"Type": "Choice", "Default": "Less", "Choices": [
                {"Variable": "$.n", "NumericGreaterThan": least, "Next": "More"}]},
            "Less": {"Type": "Pass", "End": true}, "More": {"Type": "Pass", "End": true}}})
    };
    let machine = create(&mut client, "Replayed", &choice(5));
    let execution = done(&mut client, &machine, "one", &json!({"n": 7}));
    let mut browser = Browser::local(&server);
    let link = read(&browser.get(&page("executions", &execution)));
    assert!(link.contains("/state-machines/edit?arn="), "{link}");
    let mut replayed = |definition: &str| {
        let fields = [("execution", execution.as_str()), ("definition", definition)];
        let answer = browser.act("/state-machines/replay", &fields);
        (answer.status, read(&answer))
    };
    let (_, same) = replayed(&choice(6).to_string());
    assert!(same.contains("The same") && same.contains("Enough? → More → SUCCEEDED"), "{same}");
    let (_, other) = replayed(&choice(7).to_string());
    assert!(other.contains("Diverges at <a") && other.contains("in Less"), "{other}");
    assert!(other.contains("class=\"state succeeded diverges\" data-state=\"Less\""), "{other}");
    assert!(other.contains("Enough? → Less → SUCCEEDED"), "{other}");
    let (status, wrong) = replayed("{}");
    assert!(status == 400 && wrong.contains("without errors"), "{wrong}");
    let mut ann = user(&server, &mut client, &json!([allow("states:Describe*", "*")]));
    let fields = [("execution", execution.as_str()), ("definition", &choice(7).to_string())];
    assert_eq!(ann.act("/state-machines/replay", &fields).status, 403, "it may not read histories");
}
