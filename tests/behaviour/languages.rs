//! Commands for authors of templates and definitions: `vtl eval`, `vtl lint`, `asl lint`.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::server::DataDir;

/// Runs the binary with `input` on standard input.
fn stepgate(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that doesn't read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn check(arguments: &[&str], input: &str, code: i32, out: &str) -> String {
    let output = stepgate(arguments, input);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), out, "{arguments:?}");
    stderr
}

fn json_of(arguments: &[&str], input: &str, code: i32) -> Value {
    let output = stepgate(arguments, input);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

struct Files(DataDir);

impl Files {
    fn write(&self, name: &str, text: &str) -> String {
        let file = self.0.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

#[test]
fn a_template_is_evaluated_as_the_gateway_would() {
    let files = Files(DataDir::new("vtl-eval"));
    let template = files.write(
        "map.vtl",
        "{\"id\": $input.json('$.id'), \"p\": \"$input.params('id')$input.params('q')$input.params('X-Mine')\",\n \
         \"v\": \"$stageVariables.env\", \"ip\": \"$context.identity.sourceIp\", \"stage\": \"$context.stage\"}",
    );
    let body = files.write("body.json", "{\"id\": 7.0}");
    let context = files.write("context.json", "{\"identity\": {\"sourceIp\": \"192.0.2.1\"}}");
    let arguments = [
        "vtl",
        "eval",
        &template,
        "--input",
        &body,
        "--context",
        &context,
        "--stage-variables",
        "env=dev,x=y",
        "--param",
        "path.id=a",
        "--param",
        "q=b",
        "--param",
        "header.X-Mine=c",
    ];
    let expect = "{\"id\": 7.0, \"p\": \"abc\",\n \
                  \"v\": \"dev\", \"ip\": \"192.0.2.1\", \"stage\": \"test-invoke-stage\"}";
    assert_eq!(check(&arguments, "", 0, expect), "");
    // Either may come through a pipe; the output is unchanged.
    assert_eq!(check(&["vtl", "eval", "-", "--input", &body], "$input.body\n", 0, "{\"id\": 7.0}\n"), "");
    let small = files.write("small.vtl", "[$input.path('$.a')]");
    assert_eq!(check(&["vtl", "eval", &small, "--input", "-"], "{\"a\": \"x\"}", 0, "[x]"), "");
    assert_eq!(check(&["vtl", "eval", &small], "", 0, "[]"), "");
    // A body with a type other than JSON is text.
    let form = files.write("form.vtl", "$input.json('$') $input.path('$').split('&').size()");
    let of_form =
        ["vtl", "eval", &form, "--input", "-", "--content-type", "application/x-www-form-urlencoded"];
    assert_eq!(check(&of_form, "a=1&b=2", 0, "\"a=1&b=2\" 2"), "");
    let refused = check(&["vtl", "eval", &form, "--input", "-"], "a=1&b=2", 1, "");
    assert!(refused.contains("Unrecognized token"), "{refused}");
    assert_eq!(stepgate(&["vtl", "eval", &form, "--content-type", "form"], "").status.code(), Some(2));
}

#[test]
fn a_trace_tells_what_each_directive_did() {
    let template =
        "#set($n = 2)\n#if($n > $input.path('$.a'))#set($context.responseOverride.status = 404)yes#end";
    let files = Files(DataDir::new("vtl-trace"));
    let body = files.write("body.json", "{\"a\": 1}");
    let arguments = ["vtl", "eval", "-", "--input", &body, "--trace"];
    let trace = check(&arguments, template, 0, "yes");
    let lines: Vec<&str> = trace.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "1:1  #set($n = 2)  set: 2",
            "2:5    $n  value: 2",
            "2:10    $input.path('$.a')  value: 1",
            "2:1  #if($n > $input.path('$.a'))  condition: true",
            "2:29   #set($context.responseOverride.status = 404)  set: 404",
            "$context.responseOverride: {\"status\":\"404\"}",
        ]
    );
    let report = json_of(&[&arguments[..], &["--output", "json"]].concat(), template, 0);
    assert_eq!(report["output"], "yes");
    assert_eq!(report["overrides"], json!({"responseOverride": {"status": "404"}}));
    let step =
        json!({"line": 1, "column": 1, "depth": 0, "source": "#set($n = 2)", "action": "set", "value": 2});
    assert_eq!(report["trace"][0], step);
}

#[test]
fn a_template_that_fails_shows_the_place() {
    let told = check(&["vtl", "eval", "-"], "{\n  \"a\": $stageVariables.get(arn:aws:x) }", 1, "");
    assert!(told.contains("is not quoted: found `arn:aws:x`"), "{told}");
    assert!(told.contains(" --> 2:28\n2 |   \"a\": $stageVariables.get(arn:aws:x) }"), "{told}");
    let told = check(&["vtl", "eval", "-"], "ok\n$util.parseJson('{')", 1, "");
    assert!(told.contains(" --> 2:7\n2 | $util.parseJson('{')\n  |       ^"), "{told}");
    let report =
        json_of(&["vtl", "eval", "-", "--trace", "--output", "json"], "$input.body\n$util.parseJson('{')", 1);
    assert_eq!((&report["error"]["line"], &report["error"]["column"]), (&json!(2), &json!(7)), "{report}");
    assert_eq!(report["trace"][0]["value"], "{}");
    for arguments in [
        &["vtl", "eval"][..],
        &["vtl", "eval", "-", "--input", "-"],
        &["vtl", "eval", "-", "--param", "x"],
        &["vtl", "eval", "-", "--stage-variables", "x"],
        &["vtl", "eval", "-", "--output", "yaml"],
    ] {
        assert_eq!(stepgate(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
    let absent = check(&["vtl", "eval", "/nowhere/absent.vtl"], "", 1, "");
    assert!(absent.contains("cannot read /nowhere/absent.vtl"), "{absent}");
    let files = Files(DataDir::new("vtl-context"));
    let context = files.write("context.json", "[]");
    let told = check(&["vtl", "eval", "-", "--context", &context], "", 1, "");
    assert!(told.contains("is no JSON object"), "{told}");
}

#[test]
fn lint_of_templates_finds_errors_and_surprises() {
    let files = Files(DataDir::new("vtl-lint"));
    let good = files.write("good.vtl", "{\"a\": $input.json('$.a')}");
    let bad = files.write("bad.vtl", "{\n \"a\": \"$input.params('q')\", \"b\": $nope }");
    let broken = files.write("broken.vtl", "#if($a)\n");
    assert_eq!(check(&["vtl", "lint", &good], "", 0, "0 errors, 0 warnings\n"), "");
    let as_text = stepgate(&["vtl", "lint", &good, "--content-type", "text/plain"], "");
    assert!(String::from_utf8(as_text.stdout).unwrap().contains("TEXT_HAS_NO_MEMBERS"));
    assert_eq!(stepgate(&["vtl", "lint", &good, &bad], "").status.code(), Some(0));
    assert_eq!(stepgate(&["vtl", "lint", &good, &bad, "--strict"], "").status.code(), Some(1));
    assert_eq!(stepgate(&["vtl", "lint", &good, &broken], "").status.code(), Some(1));
    assert_eq!(stepgate(&["vtl", "lint", &good, "/nowhere/absent.vtl"], "").status.code(), Some(2));
    assert_eq!(stepgate(&["vtl", "lint"], "").status.code(), Some(2));
    assert_eq!(stepgate(&["vtl", "lint", &good, "--allow", "NOPE"], "").status.code(), Some(2));

    let text = String::from_utf8(stepgate(&["vtl", "lint", &bad], "").stdout).unwrap();
    assert!(text.contains("bad.vtl:2:8: warning: UNESCAPED_IN_STRING: "), "{text}");
    assert!(
        text.contains(" --> 2:8\n2 |  \"a\": \"$input.params('q')\", \"b\": $nope }\n  |        ^"),
        "{text}"
    );
    assert!(text.ends_with("0 errors, 2 warnings\n"), "{text}");

    let allow = ["vtl", "lint", &bad, &broken, "--output", "json", "--allow", "UNESCAPED_IN_STRING"];
    let report = json_of(&allow, "", 1);
    assert_eq!((&report["errors"], &report["warnings"]), (&json!(1), &json!(1)));
    let finding = &report["files"][0]["findings"][0];
    assert_eq!(
        (&finding["severity"], &finding["code"], &finding["line"], &finding["column"]),
        (&json!("WARNING"), &json!("UNDEFINED_REFERENCE"), &json!(2), &json!(34))
    );
    assert_eq!(report["files"][1]["findings"][0]["code"], "DOES_NOT_PARSE");
}

#[test]
fn lint_of_definitions_tells_everything_at_once() {
    let good = r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#;
    assert_eq!(check(&["asl", "lint", "-"], good, 0, "0 errors, 0 warnings\n"), "");
    let bad = "{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": { \"Type\": \"Pass\", \"Next\": \"No\", \"Result\": \
               \"$.x\" },\n    \"A2\": { \"Type\": \"Task\", \"End\": true, \"End\": true }\n  }\n}";
    let report = json_of(&["asl", "lint", "-", "--output", "json"], bad, 1);
    let findings = report["files"][0]["findings"].as_array().unwrap();
    let shown: Vec<String> = findings
        .iter()
        .map(|f| format!("{}:{} {} {}", f["line"], f["column"], f["severity"], f["code"]))
        .collect();
    assert_eq!(
        shown,
        [
            "4:28 \"ERROR\" \"MISSING_TRANSITION_TARGET\"",
            "4:42 \"WARNING\" \"PASS_RESULT_IS_STATIC\"",
            "5:5 \"ERROR\" \"SCHEMA_VALIDATION_FAILED\"",
            "5:42 \"WARNING\" \"DUPLICATE_KEY\"",
        ]
    );
    assert_eq!(findings[2]["message"], "These fields are required: [Resource]");
    assert_eq!(findings[2]["location"], "/States/A2");

    let output = stepgate(&["asl", "lint", "-"], "{\"StartAt\": \"A\",}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text,
        "standard input:1:17: error: INVALID_JSON_DESCRIPTION: Unexpected character ('}' (code 125)): was expecting \
         double-quote to start field name\n  --> 1:17\n1 | {\"StartAt\": \"A\",}\n  |                 ^\n1 error, 0 \
         warnings\n"
    );

    // Only a Standard state machine can wait for a callback.
    let callback = r#"{"StartAt":"A","States":{"A":{"Type":"Task","End":true,"Resource":"arn:aws:states:us-east-1:123456789012:activity:a"}}}"#;
    assert_eq!(stepgate(&["asl", "lint", "-"], callback).status.code(), Some(0));
    assert_eq!(stepgate(&["asl", "lint", "-", "--type", "EXPRESS"], callback).status.code(), Some(1));
    assert_eq!(stepgate(&["asl", "lint", "-", "--type", "express"], callback).status.code(), Some(2));
    assert_eq!(stepgate(&["asl", "lint", "/nowhere/absent.json"], "").status.code(), Some(2));
}

#[test]
fn every_command_has_help_with_examples() {
    for command in [&["vtl", "eval"][..], &["vtl", "lint"], &["asl", "lint"]] {
        let output = stepgate(&[command, &["--help"]].concat(), "");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("Examples:\n  "), "{command:?}: {text}");
    }
}
