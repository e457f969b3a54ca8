//! Function URLs: by host and by path, with and without signatures, whole and streamed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, Client, sign};
use crate::functions_support;
use crate::server::{DataDir, Server};

const ECHO: &str = r#"
import json
def handler(event, context):
    if event["rawPath"] == "/fail":
        raise ValueError("no")
    if event["rawPath"] == "/plain":
        return {"hello": 1}
    if event["rawPath"] == "/malformed":
        return {"statusCode": "x"}
    if event["rawPath"] == "/large":
        return "x" * int(event["queryStringParameters"]["n"])
    return {"statusCode": 201, "headers": {"x-a": "b", "access-control-allow-origin": "mine"},
        "cookies": ["a=1", "b=2"], "body": json.dumps(event)}
"#;

const STREAM: &str = r#"
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event.rawPath === '/raw') {
    stream.setContentType('text/plain');
    stream.write('one ');
    stream.end('two');
    return;
  }
  if (event.rawPath === '/breaks') {
    stream.setContentType('text/plain');
    stream.write('one ');
    await new Promise((resolve) => setTimeout(resolve, 200));
    throw new Error('no');
  }
  stream = awslambda.HttpResponseStream.from(stream, {statusCode: 202, headers: {'content-type': 'text/x', 'x-a': 'b'}, cookies: ['c=1']});
  const n = Number(event.queryStringParameters?.mib ?? 0);
  for (let i = 0; i < n; i++) {
    if (!stream.write(Buffer.alloc(1 << 20, 'x'))) await new Promise((resolve) => stream.once('drain', resolve));
  }
  stream.end('end');
});
"#;

fn lambda(client: &mut Client, method: &str, path: &str, input: &Value) -> Answer {
    let body = if input.is_null() { String::new() } else { input.to_string() };
    functions_support::lambda(client, method, path, &[], &body)
}

fn make(client: &mut Client, name: &str, runtime: &str, file: &str, source: &str) {
    functions_support::make(client, name, runtime, "index.handler", &[(file, source)]);
}

fn url(client: &mut Client, name: &str, input: &Value) -> Answer {
    lambda(client, "POST", &format!("/2021-10-31/functions/{name}/url"), input)
}

/// The id in a URL.
fn id_of(answer: &Answer) -> String {
    let url = answer.json()["FunctionUrl"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    let id = url.strip_prefix("https://").unwrap().strip_suffix(".lambda-url.us-east-1.on.aws/").unwrap();
    assert_eq!(id.len(), 32);
    id.to_owned()
}

fn permit(client: &mut Client, name: &str, id: &str, permission: &Value) {
    let mut input = permission.clone();
    input["StatementId"] = json!(id);
    let added = lambda(client, "POST", &format!("/2015-03-31/functions/{name}/policy"), &input);
    assert_eq!(added.status, 201, "{}", added.text());
}

/// Lets everybody in, with both permissions.
fn open(client: &mut Client, name: &str) {
    let action = "lambda:InvokeFunctionUrl";
    permit(client, name, "url", &json!({"Action": action, "Principal": "*", "FunctionUrlAuthType": "NONE"}));
    let action = "lambda:InvokeFunction";
    permit(client, name, "via", &json!({"Action": action, "Principal": "*", "InvokedViaFunctionUrl": true}));
}

#[test]
fn a_url_is_open_to_everybody_whom_the_policy_lets_in() {
    let dir = DataDir::new("urls");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "python3.12", "index.py", ECHO);
    let created = url(&mut client, "f", &json!({"AuthType": "NONE"}));
    assert_eq!((created.status, &created.json()["InvokeMode"]), (201, &json!("BUFFERED")));
    let id = id_of(&created);
    let path = |path: &str| format!("/_aws/lambda-url/{id}{path}");

    let closed = client.send("GET", &path("/"), &[], b"").unwrap();
    assert_eq!((closed.status, closed.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
    assert!(closed.json()["Message"].as_str().unwrap().starts_with("Forbidden"), "{}", closed.text());
    open(&mut client, "f");
    let target = path("/a/b%20c?x=1&x=2&y=");
    let headers = [("cookie", "k=v; l=w"), ("content-type", "text/plain"), ("x-two", "1"), ("x-two", "2")];
    let answer = client.send("PUT", &target, &headers, b"hello").unwrap();
    assert_eq!((answer.status, answer.header("x-a")), (201, Some("b")), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let cookies: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    let event = answer.json();
    assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/a/b%20c"), &json!("x=1&x=2&y=")));
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": ""}));
    assert_eq!((&event["cookies"], &event["body"]), (&json!(["k=v", "l=w"]), &json!("hello")));
    assert_eq!(event["headers"]["x-two"], "1,2");
    let domain = format!("{id}.lambda-url.us-east-1.on.aws");
    assert_eq!(
        (&event["requestContext"]["domainName"], &event["headers"]["host"]),
        (&json!(domain), &json!(domain))
    );
    assert_eq!(event["requestContext"]["http"]["method"], "PUT");

    // By the URL's own host, everything is the function's.
    let host = [("host", domain.as_str())];
    let own = client.send("GET", "/_stepgate/health", &host, b"").unwrap();
    assert_eq!((own.status, &own.json()["rawPath"]), (201, &json!("/_stepgate/health")));

    let plain = client.send("GET", &path("/plain"), &[], b"").unwrap();
    assert_eq!((plain.status, plain.json()), (200, json!({"hello": 1})));
    for bad in ["/fail", "/malformed"] {
        let answer = client.send("GET", &path(bad), &[], b"").unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (502, "Internal Server Error"), "{bad}");
    }
    let most = 6 * 1024 * 1024 - 2;
    let large = client.send("GET", &path(&format!("/large?n={most}")), &[], b"").unwrap();
    assert_eq!((large.status, large.body.len()), (200, most + 2));
    let larger = client.send("GET", &path(&format!("/large?n={}", most + 200)), &[], b"").unwrap();
    assert_eq!(larger.status, 502);
    // Refused before any of it is read.
    let announced = format!("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: 6291457\r\n\r\n", path("/"));
    let (head, _) = exchange(&server.address, &announced);
    assert!(head.starts_with("HTTP/1.1 413") && head.contains("RequestTooLargeException"), "{head}");
    let unknown = client.send("GET", "/_aws/lambda-url/nope/", &[], b"").unwrap();
    assert_eq!(unknown.status, 404);
}

#[test]
fn urls_are_kept_changed_listed_and_gone_with_what_they_lead_to() {
    let dir = DataDir::new("urls-kept");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "python3.12", "index.py", ECHO);
    let at = "/2021-10-31/functions/f/url";
    let missing = lambda(&mut client, "GET", at, &Value::Null);
    assert_eq!(
        (missing.status, missing.header("x-amzn-errortype")),
        (404, Some("ResourceNotFoundException"))
    );
    let cors = json!({"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60});
    let created = url(&mut client, "f", &json!({"AuthType": "NONE", "Cors": cors}));
    let id = id_of(&created);
    let twice = url(&mut client, "f", &json!({"AuthType": "NONE"}));
    assert_eq!((twice.status, twice.header("x-amzn-errortype")), (409, Some("ResourceConflictException")));
    assert!(twice.text().contains("FunctionUrlConfig exists for this Lambda function"), "{}", twice.text());
    for wrong in
        [json!({"AuthType": "X"}), json!({}), json!({"AuthType": "NONE", "Cors": {"MaxAge": 86_401}})]
    {
        assert_eq!(url(&mut client, "f", &wrong).status, 400, "{wrong}");
    }
    let version = lambda(&mut client, "POST", "/2015-03-31/functions/f/versions", &json!({}));
    assert_eq!(version.status, 201);
    let alias = json!({"Name": "live", "FunctionVersion": "1"});
    assert_eq!(lambda(&mut client, "POST", "/2015-03-31/functions/f/aliases", &alias).status, 201);
    let of_alias =
        lambda(&mut client, "POST", &format!("{at}?Qualifier=live"), &json!({"AuthType": "AWS_IAM"}));
    assert_eq!(of_alias.json()["FunctionArn"], "arn:aws:lambda:us-east-1:123456789012:function:f:live");
    assert_eq!(
        lambda(&mut client, "POST", &format!("{at}?Qualifier=1"), &json!({"AuthType": "NONE"})).status,
        400
    );

    let updated = lambda(&mut client, "PUT", at, &json!({"InvokeMode": "RESPONSE_STREAM"}));
    assert_eq!((updated.status, &updated.json()["Cors"]), (200, &cors));
    assert!(updated.json()["LastModifiedTime"].is_string());
    let listed = lambda(&mut client, "GET", "/2021-10-31/functions/f/urls?MaxItems=1", &Value::Null).json();
    assert_eq!(listed["FunctionUrlConfigs"].as_array().unwrap().len(), 1);
    let marker = listed["NextMarker"].as_str().unwrap();
    let rest =
        lambda(&mut client, "GET", &format!("/2021-10-31/functions/f/urls?Marker={marker}"), &Value::Null);
    assert_eq!(rest.json()["FunctionUrlConfigs"][0]["AuthType"], "AWS_IAM");

    // They outlive the server.
    server.kill();
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let got = lambda(&mut client, "GET", at, &Value::Null);
    assert_eq!(id_of(&got), id);
    let path = format!("/_aws/lambda-url/{id}/");
    let preflight = [("origin", "https://a.example"), ("access-control-request-method", "GET")];
    let asked = client.send("OPTIONS", &path, &preflight, b"").unwrap();
    assert_eq!((asked.status, asked.header("access-control-allow-methods")), (200, Some("GET")));
    open(&mut client, "f");
    let streamed = client.send("GET", &path, &[("origin", "https://a.example")], b"").unwrap();
    assert_eq!(streamed.header("access-control-allow-origin"), Some("https://a.example"));
    // What isn't streamed is passed on as it is.
    assert_eq!((streamed.status, &streamed.json()["statusCode"]), (200, &json!(201)));
    assert_eq!(
        lambda(&mut client, "DELETE", "/2015-03-31/functions/f/aliases/live", &Value::Null).status,
        204
    );
    let of_alias = id_of(&of_alias);
    let gone = client.send("GET", &format!("/_aws/lambda-url/{of_alias}/"), &[], b"").unwrap();
    assert_eq!(gone.status, 404);
    assert_eq!(lambda(&mut client, "DELETE", at, &Value::Null).status, 204);
    assert_eq!(client.send("GET", &path, &[], b"").unwrap().status, 404);
}

#[test]
fn signers_are_known_to_a_url() {
    let dir = DataDir::new("urls-signed");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "python3.12", "index.py", ECHO);
    let id = id_of(&url(&mut client, "f", &json!({"AuthType": "AWS_IAM"})));
    let path = format!("/_aws/lambda-url/{id}/x");
    let unsigned = client.send("GET", &path, &[], b"").unwrap();
    assert_eq!((unsigned.status, unsigned.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
    let answer = lambda(&mut client, "POST", &path, &json!({"a": 1}));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let context = &answer.json()["requestContext"];
    assert_eq!(context["authorizer"]["iam"]["userArn"], "arn:aws:iam::123456789012:root");
    assert_eq!(context["accountId"], "123456789012");
    assert_eq!(answer.json()["headers"].get("authorization"), None, "the signature is nobody else's");
    let body = json!({"a": 1}).to_string();
    let mut signed = sign("lambda", "POST", &path, client.address(), &[], &body);
    let forged = client.send_signed("POST", &path, &signed, r#"{"a": 2}"#).unwrap();
    assert_eq!((forged.status, forged.header("x-amzn-errortype")), (403, Some("InvalidSignatureException")));
    signed = sign("execute-api", "POST", &path, client.address(), &[], &body);
    assert_eq!(client.send_signed("POST", &path, &signed, &body).unwrap().status, 403);
}

#[test]
fn streamed_answers_go_on_as_they_come() {
    let dir = DataDir::new("urls-streamed");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    make(&mut client, "f", "nodejs22.x", "index.js", STREAM);
    let mode = json!({"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"});
    let id = id_of(&url(&mut client, "f", &mode));
    open(&mut client, "f");
    let path = |path: &str| format!("/_aws/lambda-url/{id}{path}");
    let get = |target: &str| {
        let request = format!("GET {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path(target));
        let (head, body) = exchange(&server.address, &request);
        assert!(head.to_ascii_lowercase().contains("transfer-encoding: chunked"), "{head}");
        (head, unchunked(&body))
    };
    let (head, body) = get("/raw");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-type: text/plain"), "{head}");
    assert_eq!(body, b"one two");
    let (head, body) = get("/");
    assert!(head.starts_with("HTTP/1.1 202") && head.contains("x-a: b"), "{head}");
    assert!(head.contains("set-cookie: c=1") && body == b"end", "{head}");
    // More than an answer that isn't streamed may have.
    let (_, body) = get("/?mib=20");
    assert_eq!(body.len(), (20 << 20) + 3);
    // The function fails after it has begun: what is sent breaks off.
    let request = format!("GET {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path("/breaks"));
    let (head, body) = exchange(&server.address, &request);
    assert!(head.starts_with("HTTP/1.1 200") && !body.ends_with(b"0\r\n\r\n"), "{head}");
}

/// Sends a request as it is, and reads until the server closes the connection: the head, and the rest.
fn exchange(address: &str, request: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // A connection that is broken off has said what it said.
    let _ = stream.read_to_end(&mut bytes);
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    (String::from_utf8(bytes[..head].to_vec()).unwrap(), bytes[head + 4..].to_vec())
}

/// The chunks of a body, joined.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}
