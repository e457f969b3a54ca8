//! `stepgate fn`: a folder that runs as a function, anew with every file that is saved, called and read.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::{stderr, stdout, stepgate};
use crate::functions_support::{Following, PATIENCE};
use crate::server::{DataDir, Server};

/// A folder with a function in it.
fn folder(dir: &DataDir, name: &str) -> PathBuf {
    let folder = dir.path().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(folder: &Path, answer: &str) {
    let source = format!(
        "import os\ndef handler(event, context):\n    print('called', event)\n    if event.get('fail'):\n        raise ValueError('no')\n    return [{answer}, os.environ.get('WHO')]\n"
    );
    save(folder, "app.py", &source);
}

/// Saves a file as a whole, so that no look at the folder sees half of it.
fn save(folder: &Path, file: &str, text: &str) {
    let part = folder.with_extension("part");
    fs::write(&part, text).unwrap();
    fs::rename(part, folder.join(file)).unwrap();
}

fn invoke(name: &str, payload: &Value, endpoint: &str) -> (bool, Value) {
    let payload = payload.to_string();
    let output = stepgate(&["fn", "invoke", name, "--payload", &payload, "--json", "--endpoint", endpoint]);
    (output.status.success(), serde_json::from_str(&stdout(&output)).unwrap())
}

#[test]
fn a_folder_is_sent_called_and_its_log_read() {
    let dir = DataDir::new("fn-once");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let folder = folder(&dir, "send mail");
    write(&folder, "1");
    let variables = dir.path().join("variables");
    fs::write(&variables, "# who\nWHO='ada'\n").unwrap();
    let (at, file) = (folder.to_str().unwrap(), variables.to_str().unwrap());
    let sent = stepgate(&["fn", "dev", at, "--once", "--env-file", file, "--endpoint", &endpoint]);
    assert!(sent.status.success(), "{}", stderr(&sent));

    let (is_success, told) = invoke("send-mail", &json!({"a": 1}), &endpoint);
    assert!(is_success, "{told}");
    assert_eq!((&told["payload"], &told["executedVersion"]), (&json!([1, "ada"]), &json!("$LATEST")));
    assert!(told["log"].as_str().unwrap().contains("called {'a': 1}"), "{told}");
    let (is_success, told) = invoke("send-mail", &json!({"fail": true}), &endpoint);
    assert!(!is_success);
    assert_eq!(
        (&told["functionError"], &told["payload"]["errorMessage"]),
        (&json!("Unhandled"), &json!("no"))
    );

    let logs = stepgate(&["fn", "logs", "send-mail", "--json", "--endpoint", &endpoint]);
    let lines: Vec<Value> = stdout(&logs).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["text"] == "called {'a': 1}"), "{lines:?}");
    for missing in [["fn", "logs", "nope"], ["fn", "invoke", "nope"]] {
        let output = stepgate(&[missing.as_slice(), &["--endpoint", &endpoint]].concat());
        assert!(
            !output.status.success() && stderr(&output).contains("ResourceNotFoundException"),
            "{}",
            stderr(&output)
        );
    }
    let nothing = stepgate(&["fn", "dev", dir.path().to_str().unwrap(), "--endpoint", &endpoint]);
    assert!(stderr(&nothing).contains("--runtime"), "{}", stderr(&nothing));
}

/// The event of `fn dev` with this name.
fn wait_for(dev: &Following, event: &str) {
    dev.until(event, |line| line["event"] == event);
}

#[test]
fn a_saved_file_is_in_the_next_call() {
    let dir = DataDir::new("fn-dev");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let folder = folder(&dir, "f");
    write(&folder, "1");
    let variables = dir.path().join("variables");
    fs::write(&variables, "WHO=ada\n").unwrap();
    let arguments = ["dev", folder.to_str().unwrap(), "--env-file", variables.to_str().unwrap()];
    let dev = Following::start(&arguments, &server.address);
    wait_for(&dev, "deployed");
    assert_eq!(invoke("f", &json!({}), &endpoint).1["payload"], json!([1, "ada"]));
    dev.until_log("called {}");
    write(&folder, "22");
    wait_for(&dev, "updated");
    assert_eq!(invoke("f", &json!({}), &endpoint).1["payload"], json!([22, "ada"]));
    // What doesn't run is told by the call, and mended by the next file that is saved.
    save(&folder, "app.py", "def handler(:");
    wait_for(&dev, "updated");
    let (is_success, told) = invoke("f", &json!({}), &endpoint);
    assert!(!is_success && told["payload"]["errorType"] == "Runtime.UserCodeSyntaxError", "{told}");
    write(&folder, "333");
    wait_for(&dev, "updated");
    assert_eq!(invoke("f", &json!({}), &endpoint).1["payload"][0], 333);
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Whether `expected` is said at a port to whoever asks, in as many pieces as it comes.
fn is_said(port: u16, asked: &str, expected: &str) -> bool {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(asked.as_bytes()).unwrap();
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&said).contains(expected) {
        match stream.read(&mut buffer).unwrap() {
            0 => return false,
            n => said.extend_from_slice(&buffer[..n]),
        }
    }
    true
}

#[test]
fn a_debugger_of_node_attaches_to_the_newest_code() {
    let dir = DataDir::new("fn-debug-node");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let folder = folder(&dir, "f");
    let write = |n: u32| {
        let source =
            format!("export const handler = async () => [{n}, process.env.WHO, process.env.NODE_OPTIONS];\n");
        save(&folder, "index.mjs", &source);
    };
    write(1);
    let variables = dir.path().join("variables");
    fs::write(&variables, "WHO=ada\nNODE_OPTIONS=--enable-source-maps\n").unwrap();
    let port = free_port();
    let text = port.to_string();
    let (at, file) = (folder.to_str().unwrap(), variables.to_str().unwrap());
    let dev = Following::start(&["dev", at, "--env-file", file, "--debug-port", &text], &server.address);
    wait_for(&dev, "debugger");
    let version = "GET /json/version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    for n in [1, 22, 333] {
        let payload = invoke("f", &json!({}), &endpoint).1["payload"].clone();
        let options = format!("--enable-source-maps --inspect=127.0.0.1:{port}");
        assert_eq!(payload, json!([n, "ada", options]));
        assert!(is_said(port, version, "node.js/v"), "{n}");
        if n < 333 {
            write(if n == 1 { 22 } else { 333 });
            wait_for(&dev, "updated");
        }
    }
}

/// In the place of debugpy, which machines that only run tests don't have.
const DEBUGPY: &str = r#"
import socket, threading
def listen(address):
    listener = socket.create_server(address)
    def serve():
        while True:
            connection, _ = listener.accept()
            connection.sendall(b"attached")
            connection.close()
    threading.Thread(target=serve, daemon=True).start()
"#;

#[test]
fn a_debugger_of_python_attaches_if_the_package_has_debugpy() {
    let dir = DataDir::new("fn-debug-python");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let folder = folder(&dir, "f");
    write(&folder, "1");
    let port = free_port();
    let text = port.to_string();
    let dev = Following::start(&["dev", folder.to_str().unwrap(), "--debug-port", &text], &server.address);
    wait_for(&dev, "debugger");
    let (_, told) = invoke("f", &json!({}), &endpoint);
    assert_eq!(told["payload"][0], 1, "it runs without");
    save(&folder, "debugpy.py", DEBUGPY);
    wait_for(&dev, "updated");
    assert_eq!(invoke("f", &json!({}), &endpoint).1["payload"][0], 1);
    assert!(is_said(port, "", "attached"));
    write(&folder, "22");
    wait_for(&dev, "updated");
    assert_eq!(invoke("f", &json!({}), &endpoint).1["payload"][0], 22);
    assert!(is_said(port, "", "attached"));
}
