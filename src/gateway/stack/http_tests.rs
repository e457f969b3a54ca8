//! Integrations that leave the gateway: HTTP, HTTP_PROXY and AWS services.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::apis::{
    ClientCertificate, ConnectionType, ContentHandling, DeploymentSnapshot, HttpMethod, Integration,
    IntegrationResponse, IntegrationType, TlsConfig,
};
use crate::connect::{Response, boxed, full};
use crate::gateway::fixture::{NOW, api, code, fixture, house_of, integration, live, method, strings, with};
use crate::gateway::{AwsOperation, CallAs};
use crate::gateway::{Options, Upstream};

/// A body without a known length.
struct Chunked {
    left: usize,
}

impl http_body::Body for Chunked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.left.min(64 * 1024);
        self.left -= length;
        Poll::Ready((length != 0).then(|| Ok(Frame::data(Bytes::from(vec![b'a'; length])))))
    }
}

/// Answers with the request, as JSON. The status is the last part of the path if that is a number; `/silent` never
/// answers.
pub(super) async fn echo_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service_fn(echo)));
        }
    });
    address
}

async fn echo(request: http::Request<Incoming>) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    if parts.uri.path() == "/silent" {
        return std::future::pending().await;
    }
    let body = body.collect().await.unwrap().to_bytes();
    let headers: serde_json::Map<String, Value> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let copies: serde_json::Map<String, Value> = parts
        .headers
        .keys()
        .map(|name| (name.to_string(), parts.headers.get_all(name).iter().count().into()))
        .collect();
    // A body of the length in the path, without Content-Length.
    if let Some(length) = parts.uri.path().strip_prefix("/chunked/") {
        return Ok(Response::new(boxed(Chunked { left: length.parse().unwrap() })));
    }
    let seen = json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "headers": headers,
        "copies": copies,
        "body": String::from_utf8_lossy(&body),
    });
    let status = parts.uri.path().rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(200_u16);
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/x-echo")
        .header("server", "echo")
        .header("x-backend", "yes");
    Ok(response.body(full(seen.to_string())).unwrap())
}

fn one(verb: HttpMethod, path: &str, integration: Integration) -> DeploymentSnapshot {
    with(api("abc"), path, verb, method(integration))
}

pub(super) fn seen(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| panic!("no echo: {body}"))
}

#[tokio::test]
async fn http_sends_what_is_mapped_and_nothing_else() {
    let address = echo_server().await;
    let mut backend = integration(IntegrationType::Http, &format!("http://{address}/{{id}}?fixed=1"));
    backend.request_parameters = strings(&[
        ("integration.request.path.id", "method.request.path.petId"),
        ("integration.request.querystring.q", "method.request.multivaluequerystring.q"),
        ("integration.request.header.X-Literal", "'text'"),
        ("integration.request.header.X-Client", "method.request.header.X-Mine"),
        ("integration.request.header.X-Empty", "method.request.querystring.none"),
        ("integration.request.header.X-Ip", "context.identity.sourceIp"),
    ]);
    let fixture = house_of(one(HttpMethod::Post, "/pets/{petId}", backend));
    let request = http::Request::post("/dev/pets/a%20b?q=1&q=2&other=3")
        .header("x-mine", "mine")
        .header("x-other", "other")
        .header("content-type", "text/plain")
        .body(Bytes::from_static(b"hello"))
        .unwrap();
    let answer = fixture.send(request).await;
    assert_eq!(answer.status, 200);
    let seen = seen(&answer.body);
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["target"], "/a%20b?fixed=1&q=1&q=2");
    assert_eq!(seen["body"], "hello");
    let headers = seen["headers"].as_object().unwrap();
    for (name, expect) in [
        ("accept", "application/json"),
        ("user-agent", "AmazonAPIGateway_abc"),
        ("content-type", "text/plain"),
        ("x-literal", "text"),
        ("x-client", "mine"),
        ("x-ip", "192.0.2.7"),
        ("x-amzn-apigateway-api-id", "abc"),
        ("host", &address),
    ] {
        assert_eq!(headers.get(name).and_then(Value::as_str), Some(expect), "{name}");
    }
    assert!(headers["x-amzn-trace-id"].as_str().unwrap().starts_with("Root=1-6553f1"));
    for name in ["x-other", "x-empty", "x-mine"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    // The backend's own headers reach the client only if they are mapped.
    assert_eq!(answer.header("x-backend"), None);
    assert!(answer.header("x-amzn-trace-id").is_some());
}

#[tokio::test]
async fn http_answers_are_mapped() {
    let address = echo_server().await;
    let mut backend = integration(IntegrationType::Http, &format!("http://{address}/404"));
    backend.responses.insert(
        code(404),
        IntegrationResponse {
            selection_pattern: Some("4\\d{2}".to_owned()),
            parameters: strings(&[(
                "method.response.header.X-From",
                "integration.response.header.x-backend",
            )]),
            templates: Some(strings(&[("application/json", "gone")])),
            content_handling: None,
        },
    );
    let fixture = house_of(one(HttpMethod::Get, "/", backend));
    let answer = fixture.get("/dev").await;
    assert_eq!((answer.status, &*answer.body), (404, "gone"));
    assert_eq!(answer.header("x-from"), Some("yes"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_backends_error_is_a_200_where_only_that_is_mapped() {
    let address = echo_server().await;
    let plain = integration(IntegrationType::Http, &format!("http://{address}/400"));
    assert_eq!(house_of(one(HttpMethod::Get, "/", plain)).get("/dev").await.status, 200);
    let proxy = integration(IntegrationType::HttpProxy, &format!("http://{address}/400"));
    assert_eq!(house_of(one(HttpMethod::Get, "/", proxy)).get("/dev").await.status, 400);
}

#[tokio::test]
async fn a_proxy_passes_everything_but_what_is_mapped() {
    let address = echo_server().await;
    let mut backend = integration(IntegrationType::HttpProxy, &format!("http://{address}/base/{{proxy}}"));
    backend.http_method = Some(HttpMethod::Any);
    backend.request_parameters = strings(&[("integration.request.path.proxy", "method.request.path.proxy")]);
    let fixture = house_of(one(HttpMethod::Any, "/{proxy+}", backend));
    let request = http::Request::put("/dev/a/b%2Fc//d?x=%20&y=1&x=2")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .header("x-forwarded-for", "203.0.113.1")
        .header("x-forwarded-port", "4431")
        .header("x-forwarded-proto", "http")
        .header("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793")
        .header("authorization", "Bearer t")
        .header("content-encoding", "identity")
        .body(Bytes::from_static(b"body"))
        .unwrap();
    let answer = fixture.send(request).await;
    let seen = seen(&answer.body);
    assert_eq!(seen["method"], "PUT");
    assert_eq!(seen["target"], "/base/a/b%2Fc//d?x=%20&y=1&x=2");
    assert_eq!(seen["body"], "body");
    let headers = seen["headers"].as_object().unwrap();
    for (name, expect) in [
        ("x-twice", "1, 2"),
        ("x-forwarded-for", "203.0.113.1, 192.0.2.7"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
        ("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793"),
        ("authorization", "Bearer t"),
        ("host", &address),
    ] {
        assert_eq!(headers.get(name).and_then(Value::as_str), Some(expect), "{name}");
        // Headers that the gateway generates occur once, whatever the client sent.
        assert_eq!(seen["copies"][name], 1, "{name}");
    }
    for name in ["content-encoding", "user-agent", "accept"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(answer.header("content-type"), Some("application/x-echo"));
    assert_eq!(answer.header("x-backend"), Some("yes"));
    assert_eq!(answer.header("x-amzn-remapped-server"), Some("echo"));
    assert_eq!(answer.header("server"), None);
    assert!(answer.header("x-amzn-requestid").is_some());
    assert!(answer.header("x-amzn-trace-id").is_none());
}

#[tokio::test]
async fn answers_of_more_than_ten_megabytes_are_500_even_if_they_do_not_say_so() {
    let address = echo_server().await;
    let max = 10 * 1024 * 1024;
    for kind in [IntegrationType::Http, IntegrationType::HttpProxy] {
        for (length, status) in [(max, 200), (max + 1, 500)] {
            let backend = integration(kind, &format!("http://{address}/chunked/{length}"));
            let answer = house_of(one(HttpMethod::Get, "/", backend)).get("/dev").await;
            assert_eq!(answer.status, status, "{kind} {length}");
            if status == 500 {
                assert_eq!(answer.body, r#"{"message":"Internal server error"}"#);
            } else {
                assert_eq!(answer.body.len(), max);
            }
        }
    }
}

#[tokio::test]
async fn forms_are_texts_to_templates() {
    let address = echo_server().await;
    let mut backend = integration(IntegrationType::Http, &format!("http://{address}/"));
    let template = r#"{"body": $input.json('$'), "parts": $input.path('$').split('&').size()}"#;
    backend.request_templates =
        strings(&[("application/x-www-form-urlencoded", template), ("application/json", template)]);
    let fixture = house_of(one(HttpMethod::Post, "/", backend));
    let form = "token=a1&text=hi+there";
    let answer = fixture.post("/dev", "application/x-www-form-urlencoded", form).await;
    assert_eq!(seen(&answer.body)["body"], r#"{"body": "token=a1&text=hi+there", "parts": 2}"#);
    let answer = fixture.post("/dev", "application/json", form).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("Could not parse request body into json"), "{}", answer.body);
}

#[tokio::test]
async fn a_proxys_mapped_query_replaces_the_clients() {
    let address = echo_server().await;
    let mut backend = integration(IntegrationType::HttpProxy, &format!("http://{address}/"));
    backend.request_parameters = strings(&[("integration.request.querystring.x", "'mapped'")]);
    let fixture = house_of(one(HttpMethod::Get, "/", backend));
    let answer = fixture.get("/dev/?x=1&y=2&x=3").await;
    assert_eq!(seen(&answer.body)["target"], "/?y=2&x=mapped");
}

#[tokio::test]
async fn stage_variables_make_addresses() {
    let address = echo_server().await;
    let backend =
        integration(IntegrationType::HttpProxy, "http://${stageVariables.host}/${stageVariables.no}x");
    let mut stage = live(one(HttpMethod::Get, "/", backend));
    stage.stage.variables = strings(&[("host", &address)]);
    let answer = fixture(Options::default(), [stage]).get("/dev").await;
    assert_eq!(seen(&answer.body)["target"], "/x");
}

#[tokio::test]
async fn silence_is_504_and_so_is_nobody() {
    let address = echo_server().await;
    let mut silent = integration(IntegrationType::HttpProxy, &format!("http://{address}/silent"));
    silent.timeout_millis = 50;
    let answer = house_of(one(HttpMethod::Get, "/", silent)).get("/dev").await;
    assert_eq!((answer.status, &*answer.body), (504, r#"{"message":"Endpoint request timed out"}"#));

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = integration(IntegrationType::Http, &format!("http://{nobody}/"));
    let answer = house_of(one(HttpMethod::Get, "/", gone)).get("/dev").await;
    let expect = r#"{"message":"Network error communicating with endpoint"}"#;
    assert_eq!((answer.status, &*answer.body), (504, expect));
    assert_eq!(answer.header("x-amzn-errortype"), Some("InternalServerErrorException"));
}

#[tokio::test]
async fn illegal_targets_fail_the_request() {
    for (kind, uri, target, expect) in [
        (IntegrationType::Http, "http://127.0.0.1:9/", "Content-Length", 500),
        (IntegrationType::HttpProxy, "http://127.0.0.1:9/", "X-Amzn-Trace-Id", 500),
        (IntegrationType::Aws, STATES, "Authorization", 500),
        (IntegrationType::Aws, STATES, "X-Mine", 200),
    ] {
        let mut backend = integration(kind, uri);
        let target = format!("integration.request.header.{target}");
        backend.request_parameters = strings(&[(&target, "'x'")]);
        let answer =
            house_of(one(HttpMethod::Post, "/", backend)).post("/dev", "application/json", "{}").await;
        assert_eq!(answer.status, expect, "{target}");
    }
}

const STATES: &str = "arn:aws:apigateway:us-east-1:states:action/StartExecution";

#[tokio::test]
async fn services_of_this_server_are_called_without_a_socket() {
    let mut backend = integration(IntegrationType::Aws, STATES);
    backend.credentials = Some("arn:aws:iam::123456789012:role/gateway".to_owned());
    let fixture = house_of(one(HttpMethod::Post, "/execution", backend));
    // There is no template for the type that curl -d sends, so the body passes.
    let body = r#"{"input":"{}","name":"MyExecution"}"#;
    let answer = fixture.post("/dev/execution", "application/x-www-form-urlencoded", body).await;
    assert_eq!((answer.status, &*answer.body), (200, body));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let calls = fixture.backends.calls.lock().unwrap();
    let call = calls.first().unwrap();
    assert_eq!((&*call.service, &*call.region), ("states", "us-east-1"));
    assert_eq!(call.operation, AwsOperation::Action("StartExecution".to_owned()));
    let CallAs::Role(role) = &call.call_as else { panic!("{:?}", call.call_as) };
    assert_eq!(&*role.role_arn, "arn:aws:iam::123456789012:role/gateway");
    assert_eq!(role.service, "apigateway.amazonaws.com");
    assert_eq!(call.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(call.owner.account.as_str(), "123456789012");
}

#[tokio::test]
async fn services_that_are_not_here_are_configuration_errors() {
    let backend = integration(IntegrationType::Aws, "arn:aws:apigateway:us-east-1:sqs:path/1/q");
    let answer = house_of(one(HttpMethod::Get, "/", backend)).get("/dev").await;
    assert_eq!((answer.status, &*answer.body), (500, r#"{"message":"Internal server error"}"#));
}

#[tokio::test]
async fn binary_bodies_are_converted_as_asked() {
    let mut backend = integration(IntegrationType::Aws, STATES);
    backend.content_handling = Some(ContentHandling::ConvertToText);
    let mut deployment = one(HttpMethod::Post, "/", backend);
    deployment.api.binary_media_types = vec!["image/png".to_owned()];
    let fixture = house_of(deployment);
    assert_eq!(fixture.post("/dev", "image/png", "hi").await.body, "aGk=");
    assert_eq!(fixture.post("/dev", "text/plain", "hi").await.body, "hi");
}

#[tokio::test]
async fn vpc_links_lead_to_their_upstreams() {
    let address = echo_server().await;
    for (connection, kind, status) in [
        ("abc123", IntegrationType::Http, 200),
        ("abc123", IntegrationType::HttpProxy, 200),
        ("inner", IntegrationType::HttpProxy, 200),
        ("${stageVariables.link}", IntegrationType::HttpProxy, 200),
        ("def456", IntegrationType::HttpProxy, 500),
        ("${stageVariables.none}", IntegrationType::HttpProxy, 500),
    ] {
        let mut backend = integration(kind, "https://inner.example/path");
        backend.connection_type = ConnectionType::VpcLink;
        backend.connection_id = Some(connection.to_owned());
        let mut stage = live(one(HttpMethod::Get, "/", backend));
        stage.vpc_links =
            [("abc123".into(), "inner".to_owned()), ("def456".into(), "gone".to_owned())].into();
        stage.stage.variables = strings(&[("link", "abc123")]);
        let upstream = Upstream::parse(&format!("http://{address}")).unwrap();
        let options = Options { vpc_links: [("inner".to_owned(), upstream)].into(), ..Options::default() };
        let answer = fixture(options, [stage]).get("/dev").await;
        assert_eq!(answer.status, status, "{connection} {kind:?}");
        if status == 200 {
            let seen = seen(&answer.body);
            assert_eq!(
                (&seen["target"], &seen["headers"]["host"]),
                (&json!("/path"), &json!("inner.example"))
            );
        }
    }
}

/// Like templates that infrastructure tools generate: a string grows in a loop over the request's parts, with a
/// placeholder for quotes, and is escaped at the end.
const INPUT_FROM_REQUEST: &str = r#"
## A comment of the template's author
#set($text = '')
#set($wanted = ['x-one', 'x-two'])
#set($all = $input.params())
{
    "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:M",
    #set($text = "$text,~~body~~: $input.body")
    #set($text = "$text, ~~header~~:{")
    #set($isFirst = true)
    #foreach($name in $all.header.keySet())
        #if($wanted.isEmpty() || $wanted.contains($name.toLowerCase()))
            #if(!$isFirst)#set($text = "$text,")#end
            #set($text = "$text ~~$name~~: ~~$util.escapeJavaScript($all.header.get($name))~~")
            #set($isFirst = false)
        #end
    #end
    #set($text = "$text }, ~~querystring~~:{")
    #foreach($name in $all.querystring.keySet())
        #set($text = "$text ~~$name~~: ~~$util.escapeJavaScript($all.querystring.get($name))~~")
        #if($foreach.hasNext)
            #set($text = "$text,")
        #end
    #end
    #set($text = "$text }, ~~authorizer~~:{")
    #foreach($name in $context.authorizer.keySet())
        #set($text = "$text ~~$name~~: 1")
    #end
    #set($text = "$text }")
    #set($facts = "{~~stage~~: ~~$context.stage~~}")
    #if($facts && !$facts.empty)
        #set($text = "$text, ~~requestContext~~: $facts")
    #end
    #set($text = "$text}")
    #set($text = $text.replaceAll("~~",'"'))
    #set($end = $text.length() - 1)
    "input": "{$util.escapeJavaScript($text.substring(1,$end)).replaceAll("\\'","'")}"
}
"#;

#[tokio::test]
async fn a_template_makes_an_executions_input_of_the_whole_request() {
    let mut backend = integration(IntegrationType::Aws, STATES);
    backend.request_templates = strings(&[("application/json", INPUT_FROM_REQUEST)]);
    let fixture = house_of(one(HttpMethod::Post, "/", backend));
    let request = http::Request::post("/dev?q=a%22b&r=2")
        .header("content-type", "application/json")
        .header("X-One", "1")
        .header("x-two", "\\")
        .header("x-three", "3");
    let answer = fixture.send(request.body(Bytes::from_static(br#"{"a": "it's"}"#)).unwrap()).await;
    let call: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{}", answer.body));
    assert_eq!(call["stateMachineArn"], "arn:aws:states:us-east-1:123456789012:stateMachine:M");
    let input: Value = serde_json::from_str(call["input"].as_str().unwrap()).unwrap();
    assert_eq!(
        input,
        json!({
            "body": {"a": "it's"},
            "header": {"X-One": "1", "X-Two": "\\"},
            "querystring": {"q": "a\"b", "r": "2"},
            "authorizer": {},
            "requestContext": {"stage": "dev"},
        })
    );
}

/// Answers over TLS, and accepts only clients with `certificate`.
async fn trusting(certificate: CertificateDer<'static>) -> String {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(own.signing_key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service_fn(echo)));
        }
    });
    address
}

#[tokio::test]
async fn a_stage_shows_its_certificate() {
    let made = || rcgen::generate_simple_self_signed(vec!["ApiGateway".to_owned()]).unwrap();
    let (trusted, other) = (made(), made());
    let address = trusting(trusted.cert.der().clone()).await;
    let mut backend = integration(IntegrationType::HttpProxy, &format!("https://{address}/x"));
    backend.tls_config = Some(TlsConfig { insecure_skip_verification: true });
    for (shown, status) in [(Some(&trusted), 200), (Some(&other), 504), (None, 504)] {
        let mut stage = live(one(HttpMethod::Get, "/", backend.clone()));
        stage.client_certificate = shown.map(|shown| ClientCertificate {
            id: "abc123".into(),
            description: None,
            certificate: shown.cert.pem(),
            private_key: shown.signing_key.serialize_pem().into(),
            created_date: NOW,
            expiration_date: NOW,
            tags: Default::default(),
        });
        let answer = fixture(Options::default(), [stage]).get("/dev").await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    // Without `tlsConfig`, the machine would have to trust the backend's certificate.
    backend.tls_config = None;
    assert_eq!(house_of(one(HttpMethod::Get, "/", backend)).get("/dev").await.status, 504);
}
