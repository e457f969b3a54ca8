//! The playground: steps, expressions, cases.

use serde_json::json;

use super::browser::{Browser, read};
use crate::server::{DataDir, Server};

#[test]
fn templates_have_steps_and_expressions_values() {
    let dir = DataDir::new("console-playground");
    let server = Server::start(&dir, &[]);
    let mut browser = Browser::local(&server);
    let template = "#set($total = 1)\n$total";
    let steps = read(&browser.act("/playground/template", &[("template", template), ("body", "{}")]));
    assert!(steps.contains("data-variable=\"$total\" data-value=\"1\""), "{steps}");
    assert!(steps.contains("data-line=\"2\""), "{steps}");

    let mut evaluated = |language: &str, expression: &str| {
        let fields = [("language", language), ("expression", expression), ("input", r#"{"n": [1, 2]}"#)];
        read(&browser.act("/playground/expression", &fields))
    };
    assert!(evaluated("jsonpath", "$.n[1]").contains("<code>2</code>"));
    assert!(evaluated("jsonpath", "States.ArrayLength($.n)").contains("<code>2</code>"));
    assert!(evaluated("jsonata", "$sum($states.input.n)").contains("<code>3</code>"));
    let wrong = evaluated("jsonata", "1 +\n  )");
    assert!(wrong.contains("--&gt; 2:") && wrong.contains('^'), "{wrong}");
    let missing = evaluated("jsonpath", "$.none");
    assert!(missing.contains("error-box"), "{missing}");
}

#[test]
fn a_state_that_was_tried_is_a_case() {
    let dir = DataDir::new("console-cases");
    let server = Server::start(&dir, &[]);
    let mut browser = Browser::local(&server);
    let state = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "After",
        "Parameters": {"QueueUrl": "q", "MessageBody": "m"}, "ResultSelector": {"id.$": "$.MessageId"}})
    .to_string();
    let mock = r#"{"MessageId": "id-1", "MD5OfMessageBody": "x"}"#;
    let saved = browser.act("/playground/case", &[("definition", &state), ("mock", mock), ("input", "{}")]);
    assert!(saved.header("content-disposition").unwrap().contains("state.test.json"), "{}", saved.text());
    let file = dir.path().join("state.test.json");
    std::fs::write(&file, saved.text()).unwrap();
    let run =
        std::process::Command::new(env!("CARGO_BIN_EXE_stepgate")).arg("test").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && said.contains("1 scenario"),
        "{said} {}",
        String::from_utf8_lossy(&run.stderr)
    );
}
