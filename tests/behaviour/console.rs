//! The console: who gets in, what pages say to browsers, and that it may do what its user may and no more.

mod apis;
mod browser;
mod inspector;
mod oidc;
mod plans;
mod playground;
mod workflows;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::Client;
use crate::roles::{allow, encoded, iam};
use crate::server::{DataDir, Server};
use crate::{HELLO_WORLD, create_waiting_machine, states};

use browser::{Browser, FORM, page, read, user};

#[test]
fn one_click_signs_in_on_this_machine_and_nobody_else_gets_in() {
    let dir = DataDir::new("console-in");
    let server = Server::start(&dir, &[]);
    let mut browser = Browser::new(&server);
    let out = browser.get("/state-machines?x=1");
    assert_eq!(out.status, 303);
    let to = out.header("location").unwrap();
    assert_eq!(to, "/_stepgate/console/sign-in?to=%2F_stepgate%2Fconsole%2Fstate-machines%3Fx%3D1");
    assert_eq!(browser.get("/state-machines?part=x").status, 401);
    let page = browser.get(to.strip_prefix("/_stepgate/console").unwrap()).text();
    assert!(
        page.contains("Sign in with the local key") && page.contains("/_stepgate/console/state-machines?x"),
        "{page}"
    );

    let answer = browser.post("/sign-in/local", "to=%2F_stepgate%2Fconsole%2Fstate-machines%3Fx%3D1");
    assert_eq!(answer.header("location"), Some("/_stepgate/console/state-machines?x=1"));
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["Path=/_stepgate/console", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    browser.keep(&answer);
    assert!(browser.get("").text().contains("arn:aws:iam::123456789012:root"));
    assert!(browser.get("/state-machines").text().contains("HelloWorld"));

    let out = browser.act("/sign-out", &[]);
    assert_eq!((out.status, out.header("location")), (303, Some("/_stepgate/console/sign-in")));
    assert_eq!(browser.get("").status, 303, "the cookie is worth nothing any more");
}

#[test]
fn keys_sign_in_and_wrong_ones_do_not() {
    let dir = DataDir::new("console-keys");
    let server = Server::start(&dir, &[]);
    let mut browser = Browser::new(&server);
    for form in [
        "accessKeyId=test&secretAccessKey=other",
        "accessKeyId=nobody&secretAccessKey=test",
        "",
        "accessKeyId=test",
    ] {
        let answer = browser.post("/sign-in", form);
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "{form}");
        assert!(answer.text().contains("There is no such access key, or its secret is another."), "{form}");
    }
    let answer = browser.post(
        "/sign-in",
        "accessKeyId=test&secretAccessKey=test&region=eu-west-1&to=https%3A%2F%2Fevil.example",
    );
    assert_eq!(answer.header("location"), Some("/_stepgate/console"), "it leads nowhere else");
    browser.keep(&answer);
    assert!(browser.get("").text().contains("eu-west-1"));
    assert!(!browser.get("/state-machines").text().contains("HelloWorld"), "that is elsewhere");
    assert_eq!(browser.post("/sign-in", "accessKeyId=test&secretAccessKey=test&region=x%20y").status, 400);
}

#[test]
fn other_sites_can_neither_ask_nor_look() {
    let dir = DataDir::new("console-sites");
    let server = Server::start(&dir, &[]);
    let mut browser = Browser::local(&server);
    let start = format!("csrf={}&arn={}", browser.csrf, encoded(HELLO_WORLD));
    let cookie = browser.cookie.clone();
    let mut send = |path: &str, headers: &[(&str, &str)], body: &str| {
        let headers: Vec<_> =
            [FORM, ("cookie", &cookie)].into_iter().chain(headers.iter().copied()).collect();
        browser
            .client
            .send("POST", &format!("/_stepgate/console{path}"), &headers, body.as_bytes())
            .unwrap()
            .status
    };
    let own = format!("http://{}", server.address);
    for (headers, status) in [
        (&[][..], 403),
        (&[("origin", "http://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("origin", &own), ("sec-fetch-site", "cross-site")], 403),
        (&[("origin", &own)], 303),
    ] {
        assert_eq!(send("/executions/start", headers, &start), status, "{headers:?}");
    }
    let own = [("origin", own.as_str())];
    for body in ["", "csrf=", "csrf=x", &start.replace("csrf=", "csrf=x")] {
        assert_eq!(send("/executions/start", &own, body), 403, "{body}");
        assert_eq!(send("/sign-out", &own, body), 403, "{body}");
    }
    assert_eq!(send("/sign-in/local", &[("origin", "http://evil.example")], ""), 403);

    // A name of another site may lead here.
    for (host, status) in
        [("evil.example", 403), ("localhost", 200), ("console.localhost", 200), ("evil.example:4566", 403)]
    {
        let headers = [("host", host)];
        let answer =
            Client::new(&server.address).send("GET", "/_stepgate/console/sign-in", &headers, b"").unwrap();
        assert_eq!(answer.status, status, "{host}");
    }
    // Nothing of it is on the listener for APIs, or at an API's name.
    let headers = [("host", "abc.execute-api.localhost")];
    let answer = Client::new(&server.address).send("GET", "/_stepgate/console", &headers, b"").unwrap();
    assert!(answer.status == 403 || answer.status == 404, "{}", answer.status);
}

#[test]
fn every_answer_tells_browsers_to_run_nothing_else() {
    let dir = DataDir::new("console-headers");
    let server = Server::start(&dir, &[]);
    let mut browser = Browser::local(&server);
    let home = browser.get("").text();
    let asset = home.split('"').find(|part| part.ends_with("/console.js")).unwrap().to_owned();
    let asset = asset.strip_prefix("/_stepgate/console").unwrap();
    for (path, status) in [
        ("", 200),
        ("/sign-in", 200),
        ("/nope", 404),
        ("/executions/view", 404),
        (asset, 200),
        ("/assets/0/console.js", 404),
    ] {
        let answer = browser.get(path);
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(
            !policy.contains("unsafe") && answer.header("x-content-type-options") == Some("nosniff"),
            "{path}"
        );
    }
    assert!(browser.get(asset).header("cache-control").unwrap().contains("immutable"));
    assert_eq!(browser.get("").header("cache-control"), Some("no-store"));
    for tag in ["<script>", "onclick", "style="] {
        assert!(!home.contains(tag), "{tag}");
    }
    assert_eq!(browser.client.send("PUT", "/_stepgate/console", &[], b"").unwrap().status, 405);
}

#[test]
fn executions_are_started_looked_at_and_stopped() {
    let dir = DataDir::new("console-executions");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create_waiting_machine(&mut client, "Waiting");
    let mut browser = Browser::local(&server);
    let refused = browser.act("/executions/start", &[("arn", &machine), ("input", "{oops")]);
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("The input is not JSON"), "{}", refused.text());
    let started = browser
        .act("/executions/start", &[("arn", &machine), ("name", "One"), ("input", "{\"a\": \"<b>\"}")]);
    assert_eq!(started.status, 303, "{}", started.text());
    let execution = machine.replace(":stateMachine:", ":execution:") + ":One";
    let at = page("executions", &execution);
    assert_eq!(
        started.header("location"),
        Some(format!("/_stepgate/console{}", at.replace("%3a", "%3A")).as_str())
    );

    assert!(browser.get(&page("state-machines", &machine)).text().contains("One"));
    let shown = browser.get(&format!("{at}&state=Wait")).text();
    for part in [
        "Running",
        "class=\"state running selected\"",
        "&quot;a&quot;: &quot;&lt;b&gt;&quot;",
        "Skip this wait",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(browser.get(&format!("{at}&tab=events")).text().contains("WaitStateEntered"));
    assert!(
        browser.get(&format!("{at}&tab=events&q=nothing-like-that")).text().contains("No events like that.")
    );
    assert!(browser.get(&format!("{at}&tab=events&event=1")).text().contains("ExecutionStarted"));
    assert!(browser.get(&format!("{at}&tab=timeline")).text().contains("class=\"bar running\""));
    assert!(browser.get(&format!("{at}&tab=definition")).text().contains("3600"));

    assert_eq!(browser.act("/executions/skip-wait", &[("arn", &execution), ("state", "Wait")]).status, 303);
    let described = states(&mut client, "DescribeExecution", json!({ "executionArn": execution }));
    assert_eq!(described["status"], "SUCCEEDED");
    let fork = [("arn", execution.as_str()), ("state", "Wait"), ("name", "Two")];
    assert_eq!(browser.act("/executions/fork", &fork).status, 303);
    let forked = execution.replace(":One", ":Two");
    assert_eq!(
        browser.act("/executions/stop", &[("arn", &forked), ("error", "E"), ("cause", "because")]).status,
        303
    );
    let stopped = browser.get(&page("executions", &forked)).text();
    assert!(
        stopped.contains("Aborted") && stopped.contains("because") && stopped.contains("state aborted"),
        "{stopped}"
    );
    assert_eq!(browser.act("/executions/redrive", &[("arn", &forked)]).status, 303);
    assert!(browser.get(&page("executions", &forked)).text().contains("state running"));

    let missing = browser.get(&page("executions", &execution.replace(":One", ":None")));
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("ExecutionDoesNotExist"), "{}", missing.text());
}

#[test]
fn a_user_s_policies_decide_what_its_pages_show_and_do() {
    let dir = DataDir::new("console-users");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let looks = json!([allow("states:List*", "*"), allow("states:Describe*", "*")]);
    let mut browser = user(&server, &mut client, &looks);
    assert!(browser.get("/state-machines").text().contains("HelloWorld"));
    let refused = browser.act("/executions/start", &[("arn", HELLO_WORLD)]);
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("is not authorized to perform: states:StartExecution"),
        "{}",
        refused.text()
    );
    let started = states(&mut client, "StartExecution", json!({ "stateMachineArn": HELLO_WORLD }));
    let history = browser.get(&page("executions", started["executionArn"].as_str().unwrap()));
    assert_eq!(history.status, 403, "it may not read histories: {}", history.text());

    let off = [("UserName", "Ann"), ("AccessKeyId", browser.key.as_str()), ("Status", "Inactive")];
    iam(&mut client, "UpdateAccessKey", &off);
    assert_eq!(browser.get("").status, 303, "without its key it is signed out");
}

#[test]
fn requests_are_kept_while_the_account_looks_and_answered_as_ever() {
    let dir = DataDir::new("console-requests");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let mut ask = |path: &str| {
        let answer = client.send("GET", path, &[("x-api-key", "hush-hush-hush-hush-hush")], b"").unwrap();
        let names: Vec<String> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
        (answer.status, names, answer.text())
    };
    let mut browser = Browser::local(&server);
    let before = ask("/alpha/nope");
    assert!(browser.get("/requests").text().contains("Nothing is recorded."));
    assert_eq!(browser.act("/requests/switch", &[("to", "on")]).status, 303);
    assert_eq!(ask("/alpha/nope"), before);
    let page = browser.get("/requests").text();
    assert!(page.contains("Recording") && page.contains("/alpha/nope"), "{page}");
    let first = browser.get("/requests?number=1&part=request").text();
    assert!(first.contains("403: stage alpha has no resource and method for GET /alpha/nope."), "{first}");
    assert!(!first.contains("hush-hush"), "{first}");
    assert!(browser.get("/requests?q=nothing-like-that").text().contains("No requests like that."));
    // The oldest go first.
    for _ in 0..499 {
        ask("/alpha/nope");
    }
    assert!(browser.get("/requests?number=1&part=request").text().contains("/alpha/nope"));
    ask("/alpha/nope");
    assert!(browser.get("/requests?number=1&part=request").text().contains("Choose a request"));

    let mut client = Client::new(&server.address);
    let mut ann = user(&server, &mut client, &json!([allow("states:*", "*"), allow("apigateway:*", "*")]));
    assert_eq!(ann.get("/requests").status, 403, "what others send is for who is allowed to see it");
    assert_eq!(ann.act("/requests/switch", &[("to", "off")]).status, 403);
    assert_eq!(ann.get("/live?requests=all").status, 403);
    assert_eq!(ann.get("/operation").status, 403);
    assert!(browser.get("/operation").text().contains("Settings in force"));

    assert_eq!(browser.act("/requests/switch", &[("to", "off")]).status, 303);
    assert!(browser.get("/requests").text().contains("Nothing is recorded."));
    assert_eq!(ask("/alpha/nope"), before);
}

#[test]
fn requests_are_sent_again_compared_and_lead_to_what_they_started() {
    let dir = DataDir::new("console-resend");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machines = states(&mut client, "ListStateMachines", json!({}));
    let machine = machines["stateMachines"][0]["stateMachineArn"].as_str().unwrap().to_owned();
    let body = json!({"input": "{}", "name": "first", "stateMachineArn": machine}).to_string();
    let mut browser = Browser::local(&server);
    assert_eq!(browser.act("/requests/switch", &[("to", "on"), ("bodies", "yes")]).status, 303);
    let headers = [("content-type", "application/json"), ("x-api-key", "hush-hush-hush-hush-hush")];
    let sent = client.send("POST", "/alpha/execution?a=1", &headers, body.as_bytes()).unwrap();
    assert_eq!(sent.status, 200, "{}", sent.text());
    let sent = sent.json();
    let execution = sent["executionArn"].as_str().unwrap();

    // From the request to the execution, and back.
    let detail = read(&browser.get("/requests?number=1&part=request"));
    assert!(detail.contains(&page("executions", execution)), "{detail}");
    assert!(detail.contains("\"name\": \"first\""), "its body was asked for: {detail}");
    let back = read(&browser.get(&page("executions", execution)));
    assert!(back.contains("/requests?number=1\">POST /alpha/execution?a=1"), "{back}");

    // Sent again, changed.
    let again = body.replace("first", "second");
    let fields = [("method", "POST"), ("host", server.address.as_str()), ("target", "/alpha/execution?a=2")];
    let fields = [&fields[..], &[("headers", "content-type: application/json"), ("body", &again)]].concat();
    let answer = read(&browser.act("/requests/resend", &fields));
    assert!(answer.contains(">200<") && answer.contains(":second"), "{answer}");
    assert!(answer.contains("/requests?number=2\">What each layer decided"), "{answer}");
    for (host, target, wanted) in [
        ("localhost", "/", "No deployed API has this address."),
        ("local host", "/alpha/execution", "That is no address"),
        ("localhost", "/alpha/../x", "path"),
    ] {
        let fields = [("method", "GET"), ("host", host), ("target", target)];
        let answer = browser.act("/requests/resend", &fields);
        assert!(answer.status == 400 && answer.text().contains(wanted), "{}", answer.text());
    }

    // Side by side, and to take home.
    let compared = read(&browser.get("/requests/compare?a=1&b=2"));
    assert!(compared.contains("/alpha/execution?a=2") && compared.contains("Target"), "{compared}");
    assert!(!compared.contains("<th scope=\"row\">stage</th>"), "both have the same: {compared}");
    assert_eq!(browser.get("/requests/compare?a=1&b=99").status, 404);
    let archive = browser.get("/requests/har");
    let disposition = archive.header("content-disposition").unwrap();
    assert!(disposition.contains("requests.har"), "{disposition}");
    let archive = archive.json();
    let entries = archive["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["request"]["postData"]["text"], body);
    assert!(!archive.to_string().contains("hush-hush"), "{archive}");
    assert_eq!(browser.get("/requests/har?status=5").status, 404);
    assert!(browser.get("/requests?status=2&stage=alpha").text().contains("/alpha/execution"));
    assert!(browser.get("/requests?stage=beta").text().contains("No requests like that."));

    // Not for others.
    let mut ann = user(&server, &mut client, &json!([allow("states:*", "*")]));
    for path in ["/requests/har", "/requests/compare?a=1&b=2"] {
        assert_eq!(ann.get(path).status, 403, "{path}");
    }
    assert_eq!(ann.act("/requests/resend", &fields).status, 403);
    assert!(!ann.get(&page("executions", execution)).text().contains("/requests?number"));
}

/// The first bytes of a stream, up to what is looked for.
fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let (mut text, mut chunk) = (String::new(), [0; 4096]);
    while !text.contains(wanted) {
        let n = stream.read(&mut chunk).unwrap();
        assert_ne!(n, 0, "it ended: {text}");
        text.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
    text
}

#[test]
#[allow(clippy::disallowed_methods)] // How long it takes is what is tested.
fn pages_hear_of_changes_and_do_not_keep_the_server_from_stopping() {
    let dir = DataDir::new("console-live");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let machine = create_waiting_machine(&mut client, "Waiting");
    let started = states(&mut client, "StartExecution", json!({ "stateMachineArn": machine }));
    let execution = started["executionArn"].as_str().unwrap();
    let browser = Browser::local(&server);
    let open = |query: &str| {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let head = format!(
            "GET /_stepgate/console/live?{query} HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\ncookie: {}\r\n\r\n",
            server.address, browser.cookie
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut stream = open(&format!("execution={}", encoded(execution)));
    let head = read_until(&mut stream, "data: RUNNING-2");
    assert!(head.contains("text/event-stream") && head.contains("event: change"), "{head}");
    states(&mut client, "StopExecution", json!({ "executionArn": execution }));
    let end = read_until(&mut stream, "data: ABORTED-3");
    assert!(end.contains("event: end"), "{end}");

    let mut list = open(&format!("machine={}", encoded(&machine)));
    read_until(&mut list, "event: change");
    let began = Instant::now();
    assert!(server.terminate().success());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
