//! The memory of all processes of an instance is bounded and measured: by a control group where the system lets the server
//! have some, by looking at it where it doesn't. The test says which it found.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::functions_support::{done, input, invoke, value, zipped};
use crate::server::{DataDir, Server};

const HANDLER: &str = r#"
import os, resource, subprocess, sys, time
CHILD = """
x = bytearray(%d << 20)
for i in range(0, len(x), 4096): x[i] = 1
print('ready', flush=True)
import time; time.sleep(60)
"""
def handler(event, context):
    if event.get("look"):
        return {"groups": open("/proc/self/cgroup").read(), "data": resource.getrlimit(resource.RLIMIT_DATA)}
    children = [subprocess.Popen([sys.executable, "-S", "-c", CHILD % event["mb"]], stdout=subprocess.PIPE)
                for _ in range(event["n"])]
    for child in children: child.stdout.readline()
    time.sleep(event["s"])
    for child in children:
        child.kill()
        child.wait()
    return len(children)
"#;

/// A group for a server alone, where version 2 of control groups gives memory to groups and this process may make some.
struct Group(PathBuf);

impl Group {
    fn made() -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let given = fs::read_to_string(root.join("cgroup.subtree_control")).ok()?;
        if !given.split_whitespace().any(|controller| controller == "memory") {
            return None;
        }
        let group = root.join(format!("stepgate-test-{}", std::process::id()));
        fs::create_dir(&group).ok()?;
        Some(Self(group))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for group in ["stepgate-functions", "stepgate-server", ""] {
            let _ = fs::remove_dir(self.0.join(group));
        }
    }
}

/// The most memory that an invocation's log says was used, in MB.
fn used_mb(answer: &Answer) -> u32 {
    let log = STANDARD.decode(answer.header("x-amz-log-result").unwrap()).unwrap();
    let log = String::from_utf8(log).unwrap();
    let (_, rest) = log.split_once("Max Memory Used: ").expect(&log);
    rest.split_once(' ').unwrap().0.parse().unwrap()
}

#[test]
#[allow(clippy::print_stdout)] // Which of the two ways was tested depends on the machine.
fn memory_of_all_processes_is_bounded_and_measured() {
    let dir = DataDir::new("lambda-memory");
    let group = Group::made();
    let server = match &group {
        Some(group) => Server::start_in_group(&dir, &group.0),
        None => Server::start(&dir, &[]),
    };
    let mut client = Client::new(&server.address);
    let code = json!({"ZipFile": STANDARD.encode(zipped(&[("app.py", HANDLER.as_bytes())]))});
    done(&mut client, "POST", "/2015-03-31/functions", &input("f", "python3.12", "app.handler", code));
    let told = value(&mut client, "f", &json!({"look": true}));
    let has_group = told["groups"].as_str().unwrap().contains("/stepgate-functions/");
    assert_eq!(has_group, group.is_some(), "{told}");
    println!("control groups bound the memory of instances here: {has_group}");
    // Without a group, a single process is bounded by what it may reserve.
    let data = (256_u64 + 512) << 20;
    assert_eq!(told["data"] == json!([data, data]), !has_group, "{told}");

    let tail = [("x-amz-log-type", "Tail")];
    let answer = invoke(&mut client, "f", &tail, &json!({"n": 2, "mb": 60, "s": 0}));
    assert_eq!((answer.status, answer.json()), (200, json!(2)));
    // A group counts all processes, and without one it is the runtime's own.
    assert_eq!(120 <= used_mb(&answer), has_group, "{}", used_mb(&answer));
    assert!(used_mb(&answer) <= 256);

    let answer = invoke(&mut client, "f", &tail, &json!({"n": 6, "mb": 60, "s": 20}));
    let error: Value = answer.json();
    assert_eq!(error["errorType"], "Runtime.ExitError", "{error}");
    let log = String::from_utf8(STANDARD.decode(answer.header("x-amz-log-result").unwrap()).unwrap());
    assert!(log.unwrap().contains("Error Type: Runtime.OutOfMemory"));
    assert_eq!(value(&mut client, "f", &json!({"n": 1, "mb": 60, "s": 0})), 1, "another instance is started");
    if let Some(Group(group)) = &group {
        let groups = fs::read_dir(group.join("stepgate-functions")).unwrap();
        let n_groups = groups.flatten().filter(|entry| entry.path().is_dir()).count();
        assert_eq!(n_groups, 1, "the group of the instance that has ended is removed");
    }
    assert!(server.terminate().success());
}
