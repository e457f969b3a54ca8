//! The playground: steps, expressions, cases.

use serde_json::json;

use super::browser::{Browser, read};
use crate::commands::{stderr, stdout, stepgate};
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
    for (language, expression, steps) in [
        (
            "jsonpath",
            "States.Format('{} {}', $.n[1], States.ArrayLength($.n))",
            &[("$.n[1]", "2"), ("States.ArrayLength($.n)", "2")][..],
        ),
        (
            "jsonata",
            "$sum($states.input.n) + 1",
            &[("$states.input.n", "[1,2]"), ("$sum($states.input.n)", "3")],
        ),
        (
            "jsonata",
            "($a := $states.input.n[0]; $a + 1)",
            &[("$a := $states.input.n[0]", "1"), ("$a + 1", "2")],
        ),
    ] {
        let page = evaluated(language, expression);
        for (part, value) in steps {
            let step = format!("data-variable=\"{part}\" data-value=\"{value}\"");
            assert!(page.replace("&#x27;", "'").contains(&step), "{step}: {page}");
        }
    }
    let wrong = evaluated("jsonata", "1 +\n  )");
    assert!(wrong.contains("--&gt; 2:") && wrong.contains('^'), "{wrong}");
    let missing = evaluated("jsonpath", "$.none");
    assert!(missing.contains("error-box"), "{missing}");
    for (language, expression) in [
        ("jsonpath", "States.Format('{} {}', $$.Execution.Name, $.n[1])"),
        ("jsonata", "$states.context.Execution.Name & ' ' & $states.input.n[1]"),
    ] {
        let fields = [
            ("language", language),
            ("expression", expression),
            ("input", r#"{"n": [1, 2]}"#),
            ("context", r#"{"Execution": {"Name": "nightly"}}"#),
        ];
        let answer = read(&browser.act("/playground/expression", &fields));
        assert!(answer.contains("<code>\"nightly 2\"</code>"), "{answer}");
    }
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
    passes(&dir, "state.test.json", &saved.text());
    // A test of the state alone is no case where `stepgate test` runs what is within.
    let map = json!({"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}});
    let fields = [("definition", map.to_string()), ("mock", "[1]".to_owned()), ("input", "[1]".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let refused = browser.act("/playground/case", &fields);
    assert_eq!(refused.status, 400, "{}", refused.text());
    // The context object is part of a case.
    let state = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true,
        "Parameters": {"QueueUrl": "q", "MessageBody": "m"}, "ResultSelector": {"name.$": "$$.Execution.Name"}})
    .to_string();
    let saved =
        browser.act("/playground/case", &[("definition", &state), ("mock", mock), ("input", "{}")]).text();
    assert!(saved.contains("\"name\": \"tried\""), "{saved}");
    passes(&dir, "context.test.json", &saved);
}

/// A file that the console made passes in `stepgate test`.
fn passes(dir: &DataDir, name: &str, text: &str) {
    let file = dir.path().join(name);
    std::fs::write(&file, text).unwrap();
    let output = stepgate(&["test", file.to_str().unwrap()]);
    let said = stdout(&output);
    assert!(
        output.status.success() && said.contains("1 scenarios, 0 failed"),
        "{said} {}\n{text}",
        stderr(&output)
    );
}

#[test]
fn expressions_that_were_tried_are_cases() {
    let dir = DataDir::new("console-expression-cases");
    let server = Server::start(&dir, &[]);
    let mut browser = Browser::local(&server);
    let mut save = |language: &str, expression: &str, more: &[(&str, &str)]| {
        let fields = [("language", language), ("expression", expression), ("input", r#"{"n": [1, 2]}"#)];
        browser.act("/playground/expression-case", &[&fields, more].concat())
    };
    for (at, (language, expression, more, comes_to)) in [
        ("jsonpath", "$.n[1]", &[][..], "\"output\": 2"),
        ("jsonpath", "States.Format('{} {}', $v.a, $.n[0])", &[("variables", r#"{"v": {"a": "x"}}"#)], "x 1"),
        ("jsonpath", "$$.Execution.Name", &[("context", r#"{"Execution": {"Name": "nightly"}}"#)], "nightly"),
        ("jsonpath", "$$.Execution.StartTime", &[], "2026-01-01T00:00:00"),
        ("jsonpath", "$.none", &[], "\"error\": \"States."),
        ("jsonata", "$sum($states.input.n) + $v", &[("variables", r#"{"v": 3}"#)], "\"output\": 6"),
        ("jsonata", "$states.context.StateMachine.Name & $states.context.State.Name", &[], "TriedState"),
    ]
    .into_iter()
    .enumerate()
    {
        let saved = save(language, expression, more).text();
        assert!(saved.contains(comes_to), "{expression}: {saved}");
        passes(&dir, &format!("{at}.test.json"), &saved);
    }
    for (expression, said) in
        [("$uuid()", "something else each time"), ("$states.context.Execution.Id", "Execution.RedriveCount")]
    {
        let refused = save("jsonata", expression, &[("context", r#"{"Execution": {"RedriveCount": 1}}"#)]);
        assert!(refused.status == 400 && read(&refused).contains(said), "{}", refused.text());
    }
}

#[test]
fn templates_that_were_tried_are_cases() {
    let dir = DataDir::new("console-template-cases");
    let server = Server::start(&dir, &[]);
    let mut browser = Browser::local(&server);
    for (at, (template, body, expected)) in [
        ("{\"id\": $input.path('$.id'), \"q\": \"$input.params('q')\",\r\n \"h\": \"$input.params('X-A')\"}", "{\"id\": 7}", "\"q\": \"x\""),
        ("#set($context.responseOverride.status = 201)$context.stage $stageVariables.v $context.requestTimeEpoch", "", "dev w 1767225600000"),
        ("$input.json('$')", "no JSON", "\"error\""),
    ]
    .into_iter()
    .enumerate()
    {
        let fields = [
            ("template", template),
            ("body", body),
            ("contentType", "application/json"),
            ("headers", "X-A: a\nX-A: b"),
            ("query", "q=x"),
            ("variables", "v=w"),
            ("context", "{\"stage\": \"dev\"}"),
        ];
        let saved = browser.act("/playground/template-case", &fields);
        assert!(saved.header("content-disposition").unwrap().contains("template.test.json"), "{}", saved.text());
        assert!(saved.text().contains(expected), "{}", saved.text());
        passes(&dir, &format!("{at}.test.json"), &saved.text());
    }
    let refused = browser.act("/playground/template-case", &[("template", "#if(1)")]);
    assert_eq!(refused.status, 400, "{}", refused.text());
}
