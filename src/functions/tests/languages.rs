//! Handlers in every language, as AWS's runtimes call them.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_python_handler_gets_event_and_context() {
    let fixture = Fixture::new();
    let code = r#"
import os
n = 0
def handler(event, context):
    global n
    n += 1
    print("hello", n)
    return {"event": event, "n": n, "name": context.function_name, "version": context.function_version,
        "memory": context.memory_limit_in_mb, "arn": context.invoked_function_arn, "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(), "key": os.environ["AWS_ACCESS_KEY_ID"],
        "region": os.environ["AWS_REGION"], "own": os.environ["OWN"], "environment": os.environ["AWS_EXECUTION_ENV"]}
"#;
    fixture
        .make_with("f", "python3.12", "app.handler", &[("app.py", code)], |settings| {
            settings.environment = Some(BTreeMap::from([("OWN".to_owned(), "é=1".to_owned())]));
        })
        .await;
    let first = fixture.value("f", &json!({"a": [1, "é"]})).await;
    assert_eq!(first["event"], json!({"a": [1, "é"]}));
    assert_eq!(first["arn"], "arn:aws:lambda:us-east-1:123456789012:function:f");
    assert_eq!(
        (&first["name"], &first["version"], &first["memory"]),
        (&json!("f"), &json!("$LATEST"), &json!("256"))
    );
    assert_eq!(first["key"], "key of arn:aws:iam::123456789012:role/R");
    assert_eq!((&first["region"], &first["own"]), (&json!("us-east-1"), &json!("é=1")));
    assert_eq!(first["environment"], "AWS_Lambda_python3.12");
    let left = first["left"].as_u64().unwrap();
    assert!((10_000..=20_000).contains(&left), "{left}");

    let second = fixture.answer("f", &json!(null)).await;
    let log = second.log_tail.clone();
    let second = value(second).await;
    assert_eq!((&second["n"], &second["event"]), (&json!(2), &json!(null)), "the instance is used again");
    let lines: Vec<&str> = log.lines().collect();
    let id = second["id"].as_str().unwrap();
    assert_eq!(lines[0], format!("START RequestId: {id} Version: $LATEST"));
    assert_eq!(lines[1..3], ["hello 2".to_owned(), format!("END RequestId: {id}")]);
    assert!(lines[3].starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{log}");
    assert!(!lines[3].contains("Max Memory Used: 0 MB") && !lines[3].contains("Init Duration"), "{log}");
}

#[tokio::test]
async fn python_s_errors_are_told_as_aws_tells_them() {
    let fixture = Fixture::new();
    let code = r#"
class CustomException(Exception): pass
def handler(event, context):
    if event == "set":
        return {1}
    raise CustomException("no good")
"#;
    fixture.make("f", "python3.11", "handler.handler", &[("handler.py", code)]).await;
    let (error, log) = fixture.error("f", &json!({})).await;
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("CustomException"), &json!("no good")));
    let stack =
        "  File \"/var/task/handler.py\", line 6, in handler\n    raise CustomException(\"no good\")\n";
    assert_eq!(error["stackTrace"], json!([stack]));
    assert_eq!(error["requestId"].as_str().unwrap().len(), 36);
    assert!(log.contains("[ERROR] CustomException: no good\rTraceback"), "{log}");
    let (error, _) = fixture.error("f", &json!("set")).await;
    assert_eq!(error["errorType"], "Runtime.MarshalError");
    assert_eq!(
        error["errorMessage"],
        "Unable to marshal response: Object of type set is not JSON serializable"
    );

    for (name, handler, code, kind, text) in [
        (
            "a",
            "none.handler",
            "",
            "Runtime.ImportModuleError",
            "Unable to import module 'none': No module named 'none'",
        ),
        ("b", "app.none", "", "Runtime.HandlerNotFound", "Handler 'none' missing on module 'app'"),
        (
            "c",
            "app",
            "",
            "Runtime.MalformedHandlerName",
            "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "d",
            "app.handler",
            "def",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
        ("e", "app.handler", "1 / 0", "ZeroDivisionError", "division by zero"),
    ] {
        fixture.make(name, "python3.11", handler, &[("app.py", code)]).await;
        let (error, log) = fixture.error(name, &json!({})).await;
        assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!(kind), &json!(text)), "{log}");
        // It is told every time.
        assert_eq!(fixture.error(name, &json!({})).await.0["errorType"], kind);
    }
}

#[tokio::test]
async fn node_handlers_are_modules_of_either_kind() {
    let fixture = Fixture::new();
    let echo = "async (event, context) => ({ event, id: context.awsRequestId, fn: context.functionName })";
    for (name, file, code) in [
        ("cjs", "index.js", format!("exports.handler = {echo};")),
        ("esm", "index.mjs", format!("export const handler = {echo};")),
        ("callback", "index.cjs", "exports.handler = (event, context, done) => setTimeout(() => done(null, { event, id: context.awsRequestId, fn: context.functionName }), 5);".to_owned()),
        ("deep", "index.js", format!("module.exports = {{ handler: {echo} }};")),
    ] {
        fixture.make(name, "nodejs20.x", "index.handler", &[(file, &code)]).await;
        for event in [json!({"a": "é"}), json!([])] {
            let told = fixture.value(name, &event).await;
            assert_eq!((&told["event"], &told["fn"]), (&event, &json!(name)));
        }
    }
    let files = [
        ("package.json", r#"{"type":"module"}"#),
        ("src/app.js", "export const run = async () => import.meta.url.slice(0, 7);"),
    ];
    fixture.make("typed", "nodejs18.x", "src/app.run", &files).await;
    assert_eq!(fixture.value("typed", &json!({})).await, "file://");
}

#[tokio::test]
async fn node_waits_for_the_event_loop_as_handlers_ask() {
    let fixture = Fixture::new();
    let code = r#"
exports.late = (event, context, done) => { let n = 0; setTimeout(() => { n = 1; }, 20); done(null, { get n() { return n; } }); };
exports.soon = (event, context, done) => { context.callbackWaitsForEmptyEventLoop = false; let n = 0; setTimeout(() => { n = 1; }, 20); done(null, { get n() { return n; } }); };
exports.never = (event, context, done) => {};
exports.lost = async () => new Promise(() => {});
exports.log = async () => { console.log('one\ntwo %d', 2); console.error(new Error('e').message); return undefined; };
"#;
    for (name, expect) in
        [("late", json!({"n": 1})), ("soon", json!({"n": 0})), ("never", json!(null)), ("lost", json!(null))]
    {
        fixture.make(name, "nodejs20.x", &format!("index.{name}"), &[("index.js", code)]).await;
        assert_eq!(fixture.value(name, &json!({})).await, expect, "{name}");
        assert_eq!(fixture.value(name, &json!({})).await, expect, "{name} again");
    }
    fixture.make("log", "nodejs20.x", "index.log", &[("index.js", code)]).await;
    let answer = fixture.answer("log", &json!({})).await;
    assert!(
        answer.log_tail.contains("\tINFO\tone\rtwo 2\n") && answer.log_tail.contains("\tERROR\te\n"),
        "{}",
        answer.log_tail
    );
    assert_eq!(value(answer).await, json!(null));
}

#[tokio::test]
async fn node_s_errors_are_told_as_aws_tells_them() {
    let fixture = Fixture::new();
    let code = "exports.handler = async (event) => { if (event.text) throw 'plain'; throw new RangeError('too far'); };
        exports.number = 1; exports.wild = async () => { setTimeout(() => { throw new TypeError('late'); }, 1); await new Promise((r) => setTimeout(r, 5000)); };";
    fixture.make("f", "nodejs20.x", "index.handler", &[("index.js", code)]).await;
    let (error, _) = fixture.error("f", &json!({})).await;
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("RangeError"), &json!("too far")));
    assert!(error["trace"][1].as_str().unwrap().contains("/var/task/index.js:1:"), "{error}");
    let (error, _) = fixture.error("f", &json!({"text": true})).await;
    assert_eq!(error, json!({"errorType": "string", "errorMessage": "plain", "trace": []}));
    fixture.make("wild", "nodejs20.x", "index.wild", &[("index.js", code)]).await;
    assert_eq!(fixture.error("wild", &json!({})).await.0["errorType"], "TypeError");
    for (name, handler, code, kind) in [
        ("a", "index.handler", "require('nothing')", "Runtime.ImportModuleError"),
        ("b", "index.none", "", "Runtime.HandlerNotFound"),
        ("c", "index.handler", "exports.handler = 1", "Runtime.HandlerNotFound"),
        ("d", "index.handler", "(", "Runtime.UserCodeSyntaxError"),
        ("e", "none.handler", "", "Runtime.ImportModuleError"),
        ("g", "index.handler", "null.x", "TypeError"),
    ] {
        fixture.make(name, "nodejs20.x", handler, &[("index.js", code)]).await;
        let (error, log) = fixture.error(name, &json!({})).await;
        assert_eq!(error["errorType"], kind, "{error} {log}");
    }
}

#[tokio::test]
async fn node_streams_answers() {
    let fixture = Fixture::new();
    let code = r#"
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event.http) stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  for (let i = 0; i < event.n; i++) {
    if (!stream.write(Buffer.alloc(event.size, 97))) await new Promise((resolve) => stream.once('drain', resolve));
  }
  if (event.fail) throw new Error('half way');
  stream.end();
});
"#;
    fixture.make("f", "nodejs20.x", "index.handler", &[("index.js", code)]).await;
    let collect = async |event| {
        let Payload::Stream(stream) = fixture.answer("f", &event).await.payload else { panic!("no stream") };
        let content_type = stream.content_type.clone();
        let (bytes, broken) = Payload::Stream(stream).collect(usize::MAX).await;
        (content_type, bytes, broken)
    };
    let (_, bytes, broken) = collect(json!({"n": 20, "size": 1 << 20})).await;
    assert_eq!((bytes.len(), broken), (20 << 20, None));
    let (content_type, bytes, _) = collect(json!({"n": 1, "size": 3, "http": true})).await;
    assert_eq!(content_type, "application/vnd.awslambda.http-integration-response");
    assert_eq!(&bytes[..], b"{\"statusCode\":201}\0\0\0\0\0\0\0\0aaa");
    let (_, bytes, broken) = collect(json!({"n": 4, "size": 2, "fail": true})).await;
    assert_eq!(&bytes[..], b"aaaaaaaa", "all that was written before");
    let Some(Piece::Failed { error_type, details }) = broken else { panic!("no error") };
    assert_eq!(error_type, "Error");
    assert!(details.contains("half way"), "{details}");
    let (error, _) = fixture.error("f", &json!({"fail": true})).await;
    assert_eq!(error["errorMessage"], "half way", "before the first byte it is an error like others");
    // The instance is of use afterwards.
    assert_eq!(collect(json!({"n": 1, "size": 1})).await.1.len(), 1);
}

#[tokio::test]
async fn a_bootstrap_is_run_as_it_is() {
    let fixture = Fixture::new();
    let code = r#"#!/usr/bin/env python3
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    event = api.getresponse()
    body, id = event.read(), event.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{id}/response", b'{"got":' + body + b"}")
    api.getresponse().read()
"#;
    fixture.make("f", "provided.al2023", "any", &[("bootstrap", code)]).await;
    assert_eq!(fixture.value("f", &json!([1])).await, json!({"got": [1]}));
    fixture.make("none", "provided.al2", "any", &[("other", code)]).await;
    let (error, _) = fixture.error("none", &json!({})).await;
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
}

#[tokio::test]
async fn a_runtime_is_told_all_that_is_known_of_an_invocation() {
    let fixture = Fixture::new();
    let code = r#"
import os
def handler(event, context):
    client, identity = context.client_context, context.identity
    return {"custom": client.custom, "title": client.client.app_title, "env": client.env,
        "identity": [identity.cognito_identity_id, identity.cognito_identity_pool_id],
        "trace": os.environ.get("_X_AMZN_TRACE_ID"), "group": context.log_group_name, "stream": context.log_stream_name}
"#;
    fixture.make("f", "python3.12", "app.handler", &[("app.py", code)]).await;
    let trace = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    let invocation = Invocation {
        trace_id: Some(trace.to_owned()),
        client_context: Some(
            r#"{"custom":{"a":"é"},"client":{"app_title":"t"},"env":{"locale":"de"}}"#.to_owned(),
        ),
        cognito_identity: Some(r#"{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}"#.to_owned()),
        ..fixture.invocation(&json!({}))
    };
    let told = value(fixture.functions.invoke(fixture.called("f"), invocation).await.unwrap()).await;
    assert_eq!((&told["title"], &told["env"]), (&json!("t"), &json!({"locale": "de"})));
    assert_eq!((&told["identity"], &told["trace"]), (&json!(["i", "p"]), &json!(trace)));
    assert_eq!(told["group"], "/aws/lambda/f");
    assert!(told["stream"].as_str().unwrap().contains("/[$LATEST]"), "{told}");
    let code = r#"
exports.handler = async (event, context) => ({ custom: context.clientContext?.custom, identity: context.identity?.cognitoIdentityId,
  trace: process.env._X_AMZN_TRACE_ID, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() });
"#;
    fixture.make("g", "nodejs20.x", "index.handler", &[("index.js", code)]).await;
    let invocation = Invocation {
        trace_id: Some(trace.to_owned()),
        client_context: Some(r#"{"custom":{"a":1}}"#.to_owned()),
        cognito_identity: Some(r#"{"cognitoIdentityId":"i"}"#.to_owned()),
        ..fixture.invocation(&json!({}))
    };
    let told = value(fixture.functions.invoke(fixture.called("g"), invocation).await.unwrap()).await;
    assert_eq!(
        (&told["custom"], &told["identity"], &told["trace"]),
        (&json!({"a": 1}), &json!("i"), &json!(trace))
    );
    assert_eq!(told["arn"], "arn:aws:lambda:us-east-1:123456789012:function:g");
    assert!((10_000..=20_000).contains(&told["left"].as_u64().unwrap()), "{told}");
}

#[tokio::test]
async fn logs_are_json_if_that_is_asked_for_from_the_level_that_is() {
    let fixture = Fixture::new();
    let python = "import logging\ndef handler(event, context):\n    logging.info('quiet')\n    logging.warning('loud %s', 1)\n    raise KeyError('k')\n";
    let node = "exports.handler = async () => { console.info('quiet'); console.warn('loud %d', 1); throw new TypeError('k'); };";
    for (name, runtime, handler, file, code) in [
        ("p", "python3.12", "app.handler", "app.py", python),
        ("n", "nodejs20.x", "index.handler", "index.js", node),
    ] {
        fixture
            .make_with(name, runtime, handler, &[(file, code)], |settings| {
                settings.logging = LoggingConfig {
                    format: "JSON".to_owned(),
                    application_level: Some("WARN".to_owned()),
                    ..LoggingConfig::default()
                };
            })
            .await;
        let (_, log) = fixture.error(name, &json!({})).await;
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let told = |wanted: &str| lines.iter().any(|line| line["message"] == wanted);
        assert!(told("loud 1") && !told("quiet"), "{log}");
        let loud = lines.iter().find(|line| line["message"] == "loud 1").unwrap();
        let report = lines.last().unwrap();
        assert_eq!(
            (&report["type"], &report["record"]["status"]),
            (&json!("platform.report"), &json!("success"))
        );
        assert_eq!(loud["requestId"], report["record"]["requestId"], "{log}");
        assert!(
            lines.iter().any(|line| line["errorType"] == "KeyError" || line["errorType"] == "TypeError"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn layers_have_programs_and_modules_of_node() {
    let fixture = Fixture::new();
    let layer = NewLayer {
        name: "l".into(),
        code: zipped(&[
            ("nodejs/node_modules/shared/index.js", "exports.n = 7;"),
            ("bin/tool", "#!/bin/sh\necho tool\n"),
        ]),
        ..NewLayer::default()
    };
    fixture.functions.publish_layer(&fixture.home, layer).await.unwrap();
    let arn = format!("{}:1", layer_arn(&fixture.home, "l"));
    let layers = fixture.functions.layer_refs(&fixture.home, vec![arn]).await.unwrap();
    let code = "const { execSync } = require('child_process');\nexports.handler = async () => [require('shared').n, String(execSync('tool'))];";
    fixture
        .make_with("f", "nodejs20.x", "index.handler", &[("index.js", code)], |settings| {
            settings.layers = layers
        })
        .await;
    assert_eq!(fixture.value("f", &json!({})).await, json!([7, "tool\n"]));
}

#[tokio::test]
async fn a_layer_s_external_extension_is_refused_by_its_name() {
    let fixture = Fixture::new();
    let layer = NewLayer {
        name: "agent".into(),
        code: zipped(&[("extensions/agent", "#!/bin/sh\n"), ("agent/agent.py", "")]),
        ..NewLayer::default()
    };
    fixture.functions.publish_layer(&fixture.home, layer).await.unwrap();
    let arn = format!("{}:1", layer_arn(&fixture.home, "agent"));
    let layers = fixture.functions.layer_refs(&fixture.home, vec![arn]).await.unwrap();
    fixture.make("f", "python3.12", "app.handler", &[("app.py", "def handler(e, c): return 1\n")]).await;
    let refused = fixture
        .functions
        .update_configuration(&fixture.home, "f", None, move |settings| settings.layers = layers.clone())
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("/opt/extensions/agent"), "{refused}");
    assert_eq!(fixture.value("f", &json!({})).await, 1);
}

/// Whether a program is on this machine's PATH.
fn is_there(program: &str) -> bool {
    std::process::Command::new(program).arg("-version").output().is_ok()
}

/// AWS's own client is a gem, which may not be had here; one of the same place and arguments shows that Ruby gets them.
#[tokio::test]
async fn ruby_runs_what_its_client_is_given() {
    if !is_there("ruby") {
        return;
    }
    let fixture = Fixture::new();
    let client = r#"
require 'net/http'
require 'json'
require 'aws_lambda_ric/events'
file, name = ARGV[0].split('.')
require File.join(ENV['LAMBDA_TASK_ROOT'], file)
http = Net::HTTP.start(*ENV['AWS_LAMBDA_RUNTIME_API'].split(':'))
loop do
  event = http.get(Events::NEXT)
  answer = send(name, event: JSON.parse(event.body), context: nil)
  http.post(Events.answer(event['Lambda-Runtime-Aws-Request-Id']), JSON.generate(answer))
end
"#;
    let events = r#"
module Events
  NEXT = '/2018-06-01/runtime/invocation/next'
  def self.answer(id) = "/2018-06-01/runtime/invocation/#{id}/response"
end
"#;
    let gem = "vendor/bundle/ruby/3.1.0/gems/aws_lambda_ric-3.0.0";
    let (program, lib) = (format!("{gem}/bin/aws_lambda_ric"), format!("{gem}/lib/aws_lambda_ric/events.rb"));
    let files = [
        ("app.rb", "def handler(event:, context:) = { got: event, gems: ENV['GEM_PATH'] }\n"),
        (program.as_str(), client),
        (lib.as_str(), events),
    ];
    fixture.make("f", "ruby3.1", "app.handler", &files).await;
    let told = fixture.value("f", &json!({"a": [1]})).await;
    assert_eq!(told["got"], json!({"a": [1]}));
    assert!(told["gems"].as_str().unwrap().ends_with("/vendor/bundle/ruby/3.1.0"), "{told}");
    assert_eq!(fixture.value("f", &json!({})).await["got"], json!({}));
}

/// The same for Java, whose client is a jar or its classes: here one class of the same name.
#[tokio::test]
async fn java_runs_what_its_client_is_given() {
    if !is_there("javac") || !is_there("java") {
        return;
    }
    let fixture = Fixture::new();
    let client = r#"
package com.amazonaws.services.lambda.runtime.api.client;
import java.net.HttpURLConnection;
import java.net.URL;
public class AWSLambda {
    public static void main(String[] arguments) throws Exception {
        String api = "http://" + System.getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/";
        String[] handler = arguments[0].split("::");
        var method = Class.forName(handler[0]).getMethod(handler[1], String.class);
        while (true) {
            var next = (HttpURLConnection) new URL(api + "next").openConnection();
            String event = new String(next.getInputStream().readAllBytes());
            String id = next.getHeaderField("Lambda-Runtime-Aws-Request-Id");
            var answer = (HttpURLConnection) new URL(api + id + "/response").openConnection();
            answer.setDoOutput(true);
            answer.getOutputStream().write(((String) method.invoke(null, event)).getBytes());
            answer.getInputStream().readAllBytes();
        }
    }
}
"#;
    let handler = r#"
package example;
public class Handler {
    public static String handle(String event) {
        return "{\"got\":" + event + ",\"heap\":" + (Runtime.getRuntime().maxMemory() >> 20) + "}";
    }
}
"#;
    let sources = [("AWSLambda.java", client), ("Handler.java", handler)];
    let folder = fixture.folder.join("java");
    std::fs::create_dir_all(&folder).unwrap();
    let mut compile = std::process::Command::new("javac");
    compile.arg("-d").arg(&folder).current_dir(&folder);
    for (name, text) in sources {
        std::fs::write(folder.join(name), text).unwrap();
        compile.arg(name);
    }
    let compiled = compile.output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for class in ["com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class", "example/Handler.class"]
    {
        zip.start_file(class, SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(folder.join(class)).unwrap()).unwrap();
    }
    let settings = Settings {
        runtime: "java17".to_owned(),
        handler: "example.Handler::handle".to_owned(),
        role: "arn:aws:iam::123456789012:role/R".to_owned(),
        timeout_s: 20,
        memory_mb: 256,
        ..Settings::default()
    };
    let code = zip.finish().unwrap().into_inner();
    let new = NewFunction { name: "f".to_owned(), settings, code, tags: BTreeMap::new(), publish: false };
    fixture.functions.create(&fixture.home, new).await.unwrap();
    let told = fixture.value("f", &json!({"a": [1]})).await;
    assert_eq!(told["got"], json!({"a": [1]}));
    // The heap is what the function's memory leaves for it.
    assert!((150..=204).contains(&told["heap"].as_u64().unwrap()), "{told}");
}
