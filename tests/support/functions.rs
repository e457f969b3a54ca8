//! Functions of a server: made, called, and watched.

use std::io::{BufRead, BufReader, Cursor, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::ROLE;
use crate::client::{Answer, Client, sign};

/// How long what is waited for may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A package of these files, all of which can be run.
pub(crate) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Calls an operation of Lambda.
pub(crate) fn lambda(
    client: &mut Client,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let signed = sign("lambda", method, path, client.address(), headers, body);
    client.send_signed(method, path, &signed, body).unwrap()
}

/// An operation with an input that must succeed; answers its output.
pub(crate) fn done(client: &mut Client, method: &str, path: &str, input: &Value) -> Value {
    let body = if input.is_null() { String::new() } else { input.to_string() };
    let answer = lambda(client, method, path, &[], &body);
    assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// What CreateFunction takes for a function whose package is `code`.
pub(crate) fn input(name: &str, runtime: &str, handler: &str, code: Value) -> Value {
    json!({"FunctionName": name, "Runtime": runtime, "Handler": handler, "Role": ROLE, "Code": code, "Timeout": 30,
        "MemorySize": 256})
}

/// Makes a function of these files.
pub(crate) fn make(client: &mut Client, name: &str, runtime: &str, handler: &str, files: &[(&str, &str)]) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let code = json!({"ZipFile": STANDARD.encode(zipped(&files))});
    let made = done(client, "POST", "/2015-03-31/functions", &input(name, runtime, handler, code));
    assert_eq!((&made["State"], &made["Version"]), (&json!("Active"), &json!("$LATEST")));
}

/// Calls a function.
pub(crate) fn invoke(client: &mut Client, name: &str, headers: &[(&str, &str)], event: &Value) -> Answer {
    lambda(client, "POST", &format!("/2015-03-31/functions/{name}/invocations"), headers, &event.to_string())
}

/// What a function answers that does not fail.
pub(crate) fn value(client: &mut Client, name: &str, event: &Value) -> Value {
    let answer = invoke(client, name, &[], event);
    let failed = answer.header("x-amz-function-error");
    assert_eq!((answer.status, failed), (200, None), "{}", answer.text());
    answer.json()
}

/// What integrations and authorizers call a function by.
pub(crate) fn uri(name: &str) -> String {
    let function = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations")
}

/// Lets API Gateway call a function.
pub(crate) fn permit(client: &mut Client, name: &str, source: &str) {
    let input = json!({
        "StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
        "SourceArn": format!("arn:aws:execute-api:us-east-1:123456789012:{source}"),
    });
    done(client, "POST", &format!("/2015-03-31/functions/{name}/policy"), &input);
}

/// A command that goes on, and the JSON lines that it prints.
pub(crate) struct Following {
    child: Child,
    lines: Receiver<Value>,
}

impl Following {
    /// Starts a `stepgate fn` command, with `--json`.
    pub(crate) fn start(arguments: &[&str], server: &str) -> Self {
        Self::command(&[&["fn"], arguments].concat(), server)
    }

    /// Starts any command, with `--json`.
    pub(crate) fn command(arguments: &[&str], server: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
        command.args(arguments).args(["--json", "--endpoint", &format!("http://{server}")]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let printed = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in printed.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap_or_default());
            }
        });
        Self { child, lines }
    }

    /// The next line for which `is_it` holds.
    pub(crate) fn until(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if is_it(&line) => return line,
                Ok(_) => {}
                Err(error) => panic!("no line says {what}: {error}"),
            }
        }
    }

    /// The text of the next line of a log that has `text` in it.
    pub(crate) fn until_log(&self, text: &str) -> String {
        let line = self.until(text, |line| line["text"].as_str().is_some_and(|line| line.contains(text)));
        line["text"].as_str().unwrap().to_owned()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
