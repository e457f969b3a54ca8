//! What instances may do, and what becomes of those that do too much.

use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::json;

use super::*;

async fn python(fixture: &Fixture, name: &str, body: &str, change: impl FnOnce(&mut Settings)) {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    let code = format!("import os, sys, time, subprocess, signal\ndef handler(event, context):\n{body}");
    fixture.make_with(name, "python3.11", "app.handler", &[("app.py", &code)], change).await;
}

/// Waits until no process of this id is left, zombies included.
async fn ends(pid: i32) {
    tokio::time::timeout(Duration::from_secs(10), async {
        while kill(Pid::from_raw(pid), None).is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the process ends");
}

#[tokio::test]
async fn a_runtime_that_ends_is_told_by_how_it_ended() {
    let fixture = Fixture::new();
    for (name, body, text) in [
        ("a", "os._exit(1)", "Runtime exited with error: exit status 1"),
        ("b", "os._exit(0)", "Runtime exited without providing a reason"),
        ("c", "os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("d", "os.abort()", "Runtime exited with error: signal: aborted"),
    ] {
        python(&fixture, name, body, |_| ()).await;
        let (error, log) = fixture.error(name, &json!({})).await;
        assert_eq!(error["errorType"], "Runtime.ExitError", "{log}");
        let told = error["errorMessage"].as_str().unwrap();
        assert!(told.starts_with("RequestId: ") && told.ends_with(&format!(" Error: {text}")), "{told}");
        assert!(log.contains("Status: error\tError Type: Runtime.ExitError"), "{log}");
    }
    fixture.make("init", "python3.11", "app.handler", &[("app.py", "import os; os._exit(3)")]).await;
    let (error, _) = fixture.error("init", &json!({})).await;
    assert!(error["errorMessage"].as_str().unwrap().ends_with("exit status 3"), "{error}");
}

#[tokio::test]
async fn a_runtime_that_takes_too_long_is_ended() {
    let fixture = Fixture::new();
    python(&fixture, "f", "print(os.getpid())\ntime.sleep(600)", |settings| settings.timeout_s = 1).await;
    let (error, log) = fixture.error("f", &json!({})).await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let told = error["errorMessage"].as_str().unwrap();
    assert!(told.ends_with(" Error: Task timed out after 1.00 seconds"), "{told}");
    assert!(log.contains("Task timed out after 1.00 seconds") && log.contains("Status: timeout"), "{log}");
    let pid = log.lines().find_map(|line| line.parse().ok()).unwrap();
    ends(pid).await;
}

#[tokio::test]
async fn what_an_instance_started_ends_with_it() {
    let fixture = Fixture::new();
    // One child in its own session, one grandchild whose parent is gone.
    let body = r#"
a = subprocess.Popen(["sleep", "600"], start_new_session=True)
b = subprocess.run(["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
return {"own": os.getpid(), "parent": os.getppid(), "others": [a.pid, int(b.stdout)]}
"#;
    python(&fixture, "f", body, |_| ()).await;
    let told = fixture.value("f", &json!({})).await;
    let pid = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
    for other in told["others"].as_array().unwrap() {
        assert!(kill(Pid::from_raw(pid(other)), None).is_ok(), "it goes on while the instance lives");
    }
    fixture.functions.delete(&fixture.home, "f", None).await.unwrap();
    for process in told["others"].as_array().unwrap().iter().chain([&told["own"], &told["parent"]]) {
        ends(pid(process)).await;
    }
}

#[tokio::test]
async fn orphans_are_no_zombies() {
    let fixture = Fixture::new();
    let body = r#"
r = subprocess.run(["sh", "-c", "true & echo $!"], capture_output=True, text=True)
return int(r.stdout)
"#;
    python(&fixture, "f", body, |_| ()).await;
    let told = fixture.value("f", &json!({})).await;
    ends(i32::try_from(told.as_i64().unwrap()).unwrap()).await;
}

#[tokio::test]
async fn too_much_memory_ends_an_instance() {
    let fixture = Fixture::new();
    let body = "x = bytearray(event['mb'] << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\ntime.sleep(event['s'])\nreturn len(x) >> 20";
    python(&fixture, "f", body, |settings| settings.memory_mb = 128).await;
    assert_eq!(fixture.value("f", &json!({"mb": 60, "s": 0})).await, 60);
    let (error, log) = fixture.error("f", &json!({"mb": 300, "s": 15})).await;
    assert!(
        error["errorMessage"].as_str().unwrap().ends_with("Runtime exited with error: signal: killed"),
        "{error}"
    );
    assert!(log.contains("Error Type: Runtime.OutOfMemory"), "{log}");
    // What is asked for at once is refused by the system.
    let (error, _) = fixture.error("f", &json!({"mb": 4000, "s": 15})).await;
    assert_eq!(error["errorType"], "MemoryError");
}

#[tokio::test]
async fn a_fork_bomb_ends_with_its_instance() {
    let fixture = Fixture::new();
    let body = "print(os.getpid())\nfor i in range(5000):\n    if os.fork() == 0:\n        time.sleep(600)\ntime.sleep(600)";
    python(&fixture, "f", body, |settings| {
        settings.memory_mb = 10_000;
        settings.timeout_s = 60;
    })
    .await;
    let (error, log) = fixture.error("f", &json!({})).await;
    assert_eq!(error["errorType"], "Runtime.ExitError", "{log}");
    let pid: i32 = log.lines().find_map(|line| line.parse().ok()).unwrap();
    ends(pid).await;
    assert!(nix::sys::signal::killpg(Pid::from_raw(pid), None).is_err(), "none of its group is left");
}

#[tokio::test]
async fn an_endless_log_ends_with_its_time_and_is_bounded() {
    let fixture = Fixture::new();
    python(&fixture, "f", "while True: print('x' * 1000)", |settings| settings.timeout_s = 1).await;
    let (error, log) = fixture.error("f", &json!({})).await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    assert!(log.len() <= 4096, "{}", log.len());
    let kept = fixture.functions.log(&fixture.home, "f").lines(0, usize::MAX);
    let bytes: usize = kept.iter().map(|line| line.text.len()).sum();
    assert!(bytes <= 1024 * 1024, "{bytes}");
}

#[tokio::test]
async fn standard_input_is_empty_and_files_are_its_own() {
    let fixture = Fixture::new();
    let body = r#"
import tempfile
path = os.path.join(tempfile.gettempdir(), "x")
before = os.path.exists(path)
open(path, "w").write("x")
return {"stdin": sys.stdin.read(), "before": before, "path": path, "cwd": os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]}
"#;
    for name in ["f", "g"] {
        python(&fixture, name, body, |_| ()).await;
        let told = fixture.value(name, &json!({})).await;
        assert_eq!(
            (&told["stdin"], &told["before"], &told["cwd"]),
            (&json!(""), &json!(false), &json!(true))
        );
        assert!(told["path"].as_str().unwrap().starts_with(fixture.folder.to_str().unwrap()), "{told}");
    }
    // One more than a file may have.
    let body = "f = open(os.environ['TMPDIR'] + '/big', 'wb')\nf.seek(512 << 20)\nf.write(b'x')\nf.flush()";
    python(&fixture, "big", body, |_| ()).await;
    let (error, _) = fixture.error("big", &json!({})).await;
    assert_eq!(error["errorType"], "OSError", "{error}");
}

#[tokio::test]
async fn payloads_have_bounds() {
    let fixture = Fixture::new();
    python(&fixture, "f", "return 'x' * event if isinstance(event, int) else len(event)", |_| ()).await;
    let most = PAYLOAD_BYTES_MAX - 2;
    assert_eq!(fixture.value("f", &json!("y".repeat(most))).await, most);
    let more =
        fixture.functions.invoke(fixture.called("f"), fixture.invocation(&json!("y".repeat(most + 1)))).await;
    assert!(matches!(more, Err(Error::EventTooLarge(PAYLOAD_BYTES_MAX))));
    assert_eq!(fixture.value("f", &json!(most)).await.as_str().unwrap().len(), most);
    let (error, _) = fixture.error("f", &json!(most + 200)).await;
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    assert_eq!(fixture.value("f", &json!("y")).await, 1, "the instance is of use afterwards");
    let no_json = Invocation { payload: "{\"a\": \"\"b\"}".into(), ..fixture.invocation(&json!(null)) };
    let refused = fixture.functions.invoke(fixture.called("f"), no_json).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "Could not parse request body into json: Unexpected character ('b' (code 98)): was expecting comma to separate \
         Object entries\n at [Source: (byte[])\"{\"a\": \"\"b\"}\"; line: 1, column: 10]"
    );
}

#[tokio::test]
async fn as_many_run_at_one_time_as_may() {
    let fixture = Fixture::with(|options| options.concurrency = 3);
    python(&fixture, "f", "time.sleep(event)\nreturn os.getpid()", |_| ()).await;
    python(&fixture, "g", "return 1", |_| ()).await;
    fixture.functions.reserve(&fixture.home, "f", Some(2)).await.unwrap();
    let long = json!(1.5);
    let three = (0..3).map(|_| fixture.functions.invoke(fixture.called("f"), fixture.invocation(&long)));
    let (answered, refused): (Vec<_>, Vec<_>) =
        join_all(three.collect()).await.into_iter().partition(Result::is_ok);
    assert!(matches!(refused[..], [Err(Error::Throttled(Throttle::Function))]), "{refused:?}");
    let mut pids = Vec::new();
    for answer in answered {
        pids.push(value(answer.unwrap()).await);
    }
    assert_ne!(pids[0], pids[1]);
    fixture.functions.reserve(&fixture.home, "f", Some(0)).await.unwrap();
    let none = fixture.functions.invoke(fixture.called("f"), fixture.invocation(&long)).await;
    assert!(matches!(none, Err(Error::Throttled(Throttle::Function))));
    assert!(
        fixture.functions.reserve(&fixture.home, "f", Some(3)).await.is_err(),
        "one place must stay unreserved"
    );
    fixture.functions.reserve(&fixture.home, "f", None).await.unwrap();
    let event = json!(1.5);
    let all = (0..3).map(|_| fixture.functions.invoke(fixture.called("f"), fixture.invocation(&event)));
    let all: Vec<_> = all.collect();
    let other = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        fixture.functions.invoke(fixture.called("g"), fixture.invocation(&json!(1))).await
    };
    let (all, other) = tokio::join!(join_all(all), other);
    assert!(all.iter().all(Result::is_ok));
    assert!(matches!(other, Err(Error::Throttled(Throttle::Account))), "{other:?}");
}

async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Waits until this many instances of version 1 are kept ready.
async fn are_ready(fixture: &Fixture, n: u32) {
    tokio::time::timeout(Duration::from_secs(20), async {
        while fixture.functions.provisioned(&fixture.home, "f").await.unwrap() != [("1".to_owned(), n, n)] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("they are made ready");
}

#[tokio::test]
async fn idle_instances_end_and_provisioned_ones_stay() {
    let fixture = Fixture::with(|options| options.idle = Duration::from_millis(10));
    python(&fixture, "f", "return [os.getpid(), os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']]", |_| ()).await;
    let told = fixture.value("f", &json!({})).await;
    assert_eq!(told[1], "on-demand");
    ends(i32::try_from(told[0].as_i64().unwrap()).unwrap()).await;

    fixture.functions.publish(&fixture.home, "f", None, None, None).await.unwrap();
    fixture.functions.provision(&fixture.home, "f", "1".into(), Some(2)).await.unwrap();
    are_ready(&fixture, 2).await;
    let called = Called { qualifier: Some("1"), ..fixture.called("f") };
    let answer = fixture.functions.invoke(called, fixture.invocation(&json!({}))).await.unwrap();
    assert_eq!(value(answer).await[1], "provisioned-concurrency");
}

#[tokio::test]
async fn closing_leaves_no_process() {
    let fixture = Fixture::new();
    python(&fixture, "f", "return [os.getpid(), os.getppid()]", |_| ()).await;
    let told = fixture.value("f", &json!({})).await;
    fixture.functions.close();
    for pid in told.as_array().unwrap() {
        ends(i32::try_from(pid.as_i64().unwrap()).unwrap()).await;
    }
    let closed = fixture.functions.invoke(fixture.called("f"), fixture.invocation(&json!({}))).await;
    assert!(matches!(closed, Err(Error::Closed)));
}

#[tokio::test]
async fn a_node_process_that_ends_is_told_as_such() {
    let fixture = Fixture::new();
    for (name, code, text) in [
        ("a", "exports.handler = async () => process.exit(1);", "Runtime exited with error: exit status 1"),
        ("b", "exports.handler = async () => process.exit(0);", "Runtime exited without providing a reason"),
        (
            "c",
            "exports.handler = async () => process.kill(process.pid, 'SIGKILL');",
            "Runtime exited with error: signal: killed",
        ),
        ("d", "process.exit(4);", "Runtime exited with error: exit status 4"),
    ] {
        fixture.make(name, "nodejs20.x", "index.handler", &[("index.js", code)]).await;
        let (error, log) = fixture.error(name, &json!({})).await;
        assert_eq!(error["errorType"], "Runtime.ExitError", "{name} {log}");
        assert!(error["errorMessage"].as_str().unwrap().ends_with(text), "{name} {error}");
    }
}

/// A runtime that is killed from outside, while it works and while it waits, and the calls after it.
#[tokio::test]
async fn a_killed_interpreter_fails_the_call_it_had_and_no_other() {
    let fixture = Fixture::new();
    let body = "open(event, 'w').write(str(os.getpid())) if event else None\nif event: time.sleep(600)\nreturn os.getpid()";
    python(&fixture, "f", body, |_| ()).await;
    let idle = fixture.value("f", &json!(null)).await;
    kill(Pid::from_raw(i32::try_from(idle.as_i64().unwrap()).unwrap()), nix::sys::signal::SIGKILL).unwrap();
    ends(i32::try_from(idle.as_i64().unwrap()).unwrap()).await;
    assert_ne!(fixture.value("f", &json!(null)).await, idle, "what was idle is missed by nobody");

    let file = fixture.folder.join("at work");
    let event = json!(file.to_str().unwrap());
    let killed = async {
        let pid = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                // Empty until it is written.
                match std::fs::read_to_string(&file).unwrap_or_default().parse() {
                    Ok(pid) => return pid,
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        });
        kill(Pid::from_raw(pid.await.expect("it is called")), nix::sys::signal::SIGKILL).unwrap();
    };
    let ((error, _), ()) = tokio::join!(fixture.error("f", &event), killed);
    assert!(error["errorMessage"].as_str().unwrap().ends_with("signal: killed"), "{error}");
    fixture.value("f", &json!(null)).await;
}

#[tokio::test]
async fn sixty_four_work_at_one_time() {
    const N: usize = 64;
    let fixture = Fixture::with(|options| options.concurrency = 64);
    // Each waits until all of them are there: one that had to wait for another's end would never see that.
    let body = r#"
folder, n = event
open(os.path.join(folder, str(os.getpid())), "w").close()
while len(os.listdir(folder)) < n: time.sleep(0.01)
return os.getpid()
"#;
    python(&fixture, "f", body, |settings| settings.timeout_s = 120).await;
    let folder = fixture.folder.join("there");
    std::fs::create_dir_all(&folder).unwrap();
    let event = json!([folder.to_str().unwrap(), N]);
    let calls = (0..N).map(|_| fixture.functions.invoke(fixture.called("f"), fixture.invocation(&event)));
    let mut pids = std::collections::BTreeSet::new();
    for answer in join_all(calls.collect()).await {
        let answer = answer.unwrap();
        assert_eq!(answer.function_error, None, "{}", answer.log_tail);
        pids.insert(value(answer).await.as_i64());
    }
    assert_eq!(pids.len(), N);
}

#[tokio::test]
async fn an_extension_within_the_runtime_waits_and_ends_quietly() {
    let fixture = Fixture::new();
    let code = r#"
import http.client, json, os, threading
API = os.environ["AWS_LAMBDA_RUNTIME_API"]
def ask(method, path, headers, body=None):
    connection = http.client.HTTPConnection(API)
    connection.request(method, "/2020-01-01/extension/" + path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()
status, headers, told = ask("POST", "register", {"Lambda-Extension-Name": "inner"}, json.dumps({"events": []}))
registered = [status, json.loads(told)["functionName"], bool(headers["Lambda-Extension-Identifier"])]
def wait():
    ask("GET", "event/next", {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]})
threading.Thread(target=wait, daemon=True).start()
def handler(event, context):
    return {"registered": registered, "pid": os.getpid()}
"#;
    fixture.make("f", "python3.12", "app.handler", &[("app.py", code)]).await;
    let told = fixture.value("f", &json!({})).await;
    assert_eq!(told["registered"], json!([200, "f", true]));
    assert_eq!(fixture.value("f", &json!({})).await["pid"], told["pid"], "the instance is used again");
    fixture.functions.delete(&fixture.home, "f", None).await.unwrap();
    ends(i32::try_from(told["pid"].as_i64().unwrap()).unwrap()).await;
}

#[tokio::test]
async fn a_folder_may_be_named_from_where_the_server_runs() {
    let up: PathBuf = std::env::current_dir().unwrap().components().skip(1).map(|_| "..").collect();
    let fixture = Fixture::with(|options| {
        options.folder = up.join(options.folder.strip_prefix("/").unwrap());
    });
    python(&fixture, "f", "return os.environ['LAMBDA_TASK_ROOT'][0]", |_| ()).await;
    assert_eq!(fixture.value("f", &json!({})).await, "/");
}

#[tokio::test]
async fn changes_one_after_the_other_leave_what_was_asked_for_last() {
    let fixture = Fixture::new();
    python(&fixture, "f", "return 1", |_| ()).await;
    fixture.functions.publish(&fixture.home, "f", None, None, None).await.unwrap();
    // Each change ends what there is and has it started again; calls in between know the function as it was.
    for n in [1, 2, 1, 2, 1] {
        let called = Called { qualifier: Some("1"), ..fixture.called("f") };
        let call = fixture.functions.invoke(called, fixture.invocation(&json!({})));
        let change = fixture.functions.provision(&fixture.home, "f", "1".into(), Some(n));
        let (answered, changed) = tokio::join!(call, change);
        assert_eq!(answered.unwrap().function_error, None);
        changed.unwrap();
    }
    fixture.functions.provision(&fixture.home, "f", "1".into(), Some(2)).await.unwrap();
    are_ready(&fixture, 2).await;
}

/// The limit that the very first process has is that of all that it starts, from its first moment on.
#[tokio::test]
async fn a_runtime_has_its_limits_before_its_first_instruction() {
    let fixture = Fixture::new();
    let code = "#!/bin/sh\necho data $(ulimit -d) $(ulimit -Hd) files $(ulimit -n)\nexit 7\n";
    fixture
        .make_with("f", "provided.al2023", "any", &[("bootstrap", code)], |settings| settings.memory_mb = 128)
        .await;
    let (error, log) = fixture.error("f", &json!({})).await;
    assert!(error["errorMessage"].as_str().unwrap().ends_with("exit status 7"), "{error}");
    let most = (128 + 256) << 10;
    assert!(log.contains(&format!("data {most} {most} files 1024\n")), "{log}");
}

#[tokio::test]
async fn a_runtime_that_says_what_is_no_message_gets_no_further_event() {
    let fixture = Fixture::new();
    let code = "
import os
def handler(event, context):
    line = max(int(fd) for fd in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + fd)
        and os.readlink('/proc/self/fd/' + fd).startswith('socket:'))
    if event: os.write(line, b'nonsense')
    return os.getpid()
";
    let settings = |settings: &mut Settings| settings.timeout_s = 3;
    fixture.make_with("f", "python3.11", "app.handler", &[("app.py", code)], settings).await;
    let first = fixture.value("f", &json!(false)).await;
    assert_eq!(fixture.value("f", &json!(false)).await, first);
    assert_eq!(fixture.error("f", &json!(true)).await.0["errorType"], "Runtime.ExitError");
    assert_ne!(fixture.value("f", &json!(false)).await, first, "another instance is started");
}
