//! What instances may do, and what becomes of those that do too much.

use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::json;

use super::*;

async fn python(house: &House, name: &str, body: &str, change: impl FnOnce(&mut Settings)) {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    let code = format!("import os, sys, time, subprocess, signal\ndef handler(event, context):\n{body}");
    house.make_with(name, "python3.11", "app.handler", &[("app.py", &code)], change).await;
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
    let house = House::new();
    for (name, body, text) in [
        ("a", "os._exit(1)", "Runtime exited with error: exit status 1"),
        ("b", "os._exit(0)", "Runtime exited without providing a reason"),
        ("c", "os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("d", "os.abort()", "Runtime exited with error: signal: aborted"),
    ] {
        python(&house, name, body, |_| ()).await;
        let (error, log) = house.error(name, &json!({})).await;
        assert_eq!(error["errorType"], "Runtime.ExitError", "{log}");
        let told = error["errorMessage"].as_str().unwrap();
        assert!(told.starts_with("RequestId: ") && told.ends_with(&format!(" Error: {text}")), "{told}");
        assert!(log.contains("Status: error\tError Type: Runtime.ExitError"), "{log}");
    }
    house.make("init", "python3.11", "app.handler", &[("app.py", "import os; os._exit(3)")]).await;
    let (error, _) = house.error("init", &json!({})).await;
    assert!(error["errorMessage"].as_str().unwrap().ends_with("exit status 3"), "{error}");
}

#[tokio::test]
async fn a_runtime_that_takes_too_long_is_ended() {
    let house = House::new();
    python(&house, "f", "print(os.getpid())\ntime.sleep(600)", |settings| settings.timeout_s = 1).await;
    let (error, log) = house.error("f", &json!({})).await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let told = error["errorMessage"].as_str().unwrap();
    assert!(told.ends_with(" Error: Task timed out after 1.00 seconds"), "{told}");
    assert!(log.contains("Task timed out after 1.00 seconds") && log.contains("Status: timeout"), "{log}");
    let pid = log.lines().find_map(|line| line.parse().ok()).unwrap();
    ends(pid).await;
}

#[tokio::test]
async fn what_an_instance_started_ends_with_it() {
    let house = House::new();
    // One child in its own session, one grandchild whose parent is gone.
    let body = r#"
a = subprocess.Popen(["sleep", "600"], start_new_session=True)
b = subprocess.run(["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
return {"own": os.getpid(), "parent": os.getppid(), "others": [a.pid, int(b.stdout)]}
"#;
    python(&house, "f", body, |_| ()).await;
    let told = house.value("f", &json!({})).await;
    let pid = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
    for other in told["others"].as_array().unwrap() {
        assert!(kill(Pid::from_raw(pid(other)), None).is_ok(), "it goes on while the instance lives");
    }
    house.functions.delete(&house.home, "f", None).await.unwrap();
    for process in told["others"].as_array().unwrap().iter().chain([&told["own"], &told["parent"]]) {
        ends(pid(process)).await;
    }
}

#[tokio::test]
async fn orphans_are_no_zombies() {
    let house = House::new();
    let body = r#"
r = subprocess.run(["sh", "-c", "true & echo $!"], capture_output=True, text=True)
return int(r.stdout)
"#;
    python(&house, "f", body, |_| ()).await;
    let told = house.value("f", &json!({})).await;
    ends(i32::try_from(told.as_i64().unwrap()).unwrap()).await;
}

#[tokio::test]
async fn too_much_memory_ends_an_instance() {
    let house = House::new();
    let body = "x = bytearray(event['mb'] << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\ntime.sleep(event['s'])\nreturn len(x) >> 20";
    python(&house, "f", body, |settings| settings.memory_mb = 128).await;
    assert_eq!(house.value("f", &json!({"mb": 60, "s": 0})).await, 60);
    let (error, log) = house.error("f", &json!({"mb": 300, "s": 15})).await;
    assert!(
        error["errorMessage"].as_str().unwrap().ends_with("Runtime exited with error: signal: killed"),
        "{error}"
    );
    assert!(log.contains("Error Type: Runtime.OutOfMemory"), "{log}");
    // What is asked for at once is refused by the system.
    let (error, _) = house.error("f", &json!({"mb": 4000, "s": 15})).await;
    assert_eq!(error["errorType"], "MemoryError");
}

#[tokio::test]
async fn a_fork_bomb_ends_with_its_instance() {
    let house = House::new();
    let body = "print(os.getpid())\nfor i in range(5000):\n    if os.fork() == 0:\n        time.sleep(600)\ntime.sleep(600)";
    python(&house, "f", body, |settings| {
        settings.memory_mb = 10_000;
        settings.timeout_s = 60;
    })
    .await;
    let (error, log) = house.error("f", &json!({})).await;
    assert_eq!(error["errorType"], "Runtime.ExitError", "{log}");
    let pid: i32 = log.lines().find_map(|line| line.parse().ok()).unwrap();
    ends(pid).await;
    assert!(nix::sys::signal::killpg(Pid::from_raw(pid), None).is_err(), "none of its group is left");
}

#[tokio::test]
async fn an_endless_log_ends_with_its_time_and_is_bounded() {
    let house = House::new();
    python(&house, "f", "while True: print('x' * 1000)", |settings| settings.timeout_s = 1).await;
    let (error, log) = house.error("f", &json!({})).await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    assert!(log.len() <= 4096, "{}", log.len());
    let kept = house.functions.log(&house.home, "f").lines(0, usize::MAX);
    let bytes: usize = kept.iter().map(|line| line.text.len()).sum();
    assert!(bytes <= 1024 * 1024, "{bytes}");
}

#[tokio::test]
async fn standard_input_is_empty_and_files_are_its_own() {
    let house = House::new();
    let body = r#"
import tempfile
path = os.path.join(tempfile.gettempdir(), "x")
before = os.path.exists(path)
open(path, "w").write("x")
return {"stdin": sys.stdin.read(), "before": before, "path": path, "cwd": os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]}
"#;
    for name in ["f", "g"] {
        python(&house, name, body, |_| ()).await;
        let told = house.value(name, &json!({})).await;
        assert_eq!(
            (&told["stdin"], &told["before"], &told["cwd"]),
            (&json!(""), &json!(false), &json!(true))
        );
        assert!(told["path"].as_str().unwrap().starts_with(house.folder.to_str().unwrap()), "{told}");
    }
    // One more than a file may have.
    let body = "f = open(os.environ['TMPDIR'] + '/big', 'wb')\nf.seek(512 << 20)\nf.write(b'x')\nf.flush()";
    python(&house, "big", body, |_| ()).await;
    let (error, _) = house.error("big", &json!({})).await;
    assert_eq!(error["errorType"], "OSError", "{error}");
}

#[tokio::test]
async fn payloads_have_bounds() {
    let house = House::new();
    python(&house, "f", "return 'x' * event if isinstance(event, int) else len(event)", |_| ()).await;
    let most = PAYLOAD_BYTES_MAX - 2;
    assert_eq!(house.value("f", &json!("y".repeat(most))).await, most);
    let more =
        house.functions.invoke(house.called("f"), house.invocation(&json!("y".repeat(most + 1)))).await;
    assert!(matches!(more, Err(Error::EventTooLarge(PAYLOAD_BYTES_MAX))));
    assert_eq!(house.value("f", &json!(most)).await.as_str().unwrap().len(), most);
    let (error, _) = house.error("f", &json!(most + 200)).await;
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    assert_eq!(house.value("f", &json!("y")).await, 1, "the instance is of use afterwards");
    let no_json = Invocation { payload: "{".into(), ..house.invocation(&json!(null)) };
    assert!(matches!(house.functions.invoke(house.called("f"), no_json).await, Err(Error::NotJson(_))));
}

#[tokio::test]
async fn as_many_run_at_one_time_as_may() {
    let house = House::with(|options| options.concurrency = 3);
    python(&house, "f", "time.sleep(event)\nreturn os.getpid()", |_| ()).await;
    python(&house, "g", "return 1", |_| ()).await;
    house.functions.reserve(&house.home, "f", Some(2)).await.unwrap();
    let long = json!(1.5);
    let three = (0..3).map(|_| house.functions.invoke(house.called("f"), house.invocation(&long)));
    let (answered, refused): (Vec<_>, Vec<_>) =
        join_all(three.collect()).await.into_iter().partition(Result::is_ok);
    assert!(matches!(refused[..], [Err(Error::Throttled(Throttle::Function))]), "{refused:?}");
    let mut pids = Vec::new();
    for answer in answered {
        pids.push(value(answer.unwrap()).await);
    }
    assert_ne!(pids[0], pids[1]);
    house.functions.reserve(&house.home, "f", Some(0)).await.unwrap();
    let none = house.functions.invoke(house.called("f"), house.invocation(&long)).await;
    assert!(matches!(none, Err(Error::Throttled(Throttle::Function))));
    assert!(
        house.functions.reserve(&house.home, "f", Some(3)).await.is_err(),
        "one place must stay unreserved"
    );
    house.functions.reserve(&house.home, "f", None).await.unwrap();
    let event = json!(1.5);
    let all = (0..3).map(|_| house.functions.invoke(house.called("f"), house.invocation(&event)));
    let all: Vec<_> = all.collect();
    let other = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        house.functions.invoke(house.called("g"), house.invocation(&json!(1))).await
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

#[tokio::test]
async fn idle_instances_end_and_provisioned_ones_stay() {
    let house = House::with(|options| options.idle = Duration::from_millis(10));
    python(&house, "f", "return [os.getpid(), os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']]", |_| ()).await;
    let told = house.value("f", &json!({})).await;
    assert_eq!(told[1], "on-demand");
    ends(i32::try_from(told[0].as_i64().unwrap()).unwrap()).await;

    house.functions.publish(&house.home, "f", None, None, None).await.unwrap();
    house.functions.provision(&house.home, "f", "1".into(), Some(2)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), async {
        while house.functions.provisioned(&house.home, "f").await.unwrap() != [("1".to_owned(), 2, 2)] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("they are made ready");
    let called = Called { qualifier: Some("1"), ..house.called("f") };
    let answer = house.functions.invoke(called, house.invocation(&json!({}))).await.unwrap();
    assert_eq!(value(answer).await[1], "provisioned-concurrency");
}

#[tokio::test]
async fn a_closed_house_leaves_no_process() {
    let house = House::new();
    python(&house, "f", "return [os.getpid(), os.getppid()]", |_| ()).await;
    let told = house.value("f", &json!({})).await;
    house.functions.close();
    for pid in told.as_array().unwrap() {
        ends(i32::try_from(pid.as_i64().unwrap()).unwrap()).await;
    }
    let closed = house.functions.invoke(house.called("f"), house.invocation(&json!({}))).await;
    assert!(matches!(closed, Err(Error::Closed)));
}
