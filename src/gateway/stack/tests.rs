//! Requests through all phases: the status, headers and body of the response.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use crate::apis::Rate;
use crate::apis::{
    AuthorizationType, CanarySettings, Change, ContentHandling, GatewayResponse, HttpMethod, IntegrationType,
    MethodSetting, Model, PassthroughBehavior, RequestValidator, ResponseType,
};
use crate::gateway::Options;
use crate::gateway::fixture::{api, code, fixture, house_of, integration, live, method, mock, strings, with};

const OK: &str = r#"{"statusCode": 200}"#;

#[tokio::test]
async fn a_mock_answers_and_says_who_it_was() {
    let fixture = house_of(with(api("abc"), "/pets", HttpMethod::Get, method(mock(OK, "hello"))));
    let answer = fixture.get("/dev/pets").await;
    assert_eq!((answer.status, &*answer.body), (200, "hello"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-amzn-requestid").unwrap().len(), 36);
    let extended = answer.header("x-amz-apigw-id").unwrap();
    assert!(extended.len() == 16 && extended.ends_with('='), "{extended}");
    assert_eq!(answer.header("x-amzn-trace-id"), None);

    let chosen =
        http::Request::get("/dev/pets").header("x-amzn-RequestId", "mine").body(Bytes::new()).unwrap();
    assert_eq!(fixture.send(chosen).await.header("x-amzn-requestid"), Some("mine"));
}

#[tokio::test]
async fn what_is_not_there_lacks_a_token() {
    let fixture = house_of(with(api("abc"), "/pets", HttpMethod::Get, method(mock(OK, ""))));
    for request in [http::Request::get("/dev/nope"), http::Request::post("/dev/pets")] {
        let answer = fixture.send(request.body(Bytes::new()).unwrap()).await;
        assert_eq!((answer.status, &*answer.body), (403, r#"{"message":"Missing Authentication Token"}"#));
        assert_eq!(answer.header("x-amzn-errortype"), Some("MissingAuthenticationTokenException"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let answer = fixture.get("/prod/pets").await;
    assert_eq!((answer.status, &*answer.body), (403, r#"{"message":"Forbidden"}"#));
    let bearer =
        http::Request::get("/dev/nope").header("authorization", "Bearer x").body(Bytes::new()).unwrap();
    assert_eq!(fixture.send(bearer).await.header("x-amzn-errortype"), Some("IncompleteSignatureException"));
}

#[tokio::test]
async fn method_override_routes() {
    let fixture = house_of(with(api("abc"), "/", HttpMethod::Patch, method(mock(OK, "patched"))));
    let request = http::Request::post("/dev").header("x-http-method-override", "PATCH");
    assert_eq!(fixture.send(request.body(Bytes::new()).unwrap()).await.body, "patched");
}

#[tokio::test]
async fn a_stage_alone_means_the_only_api_that_has_it() {
    let one = || live(with(api("abc"), "/", HttpMethod::Get, method(mock(OK, "one"))));
    let two = || live(with(api("xyz"), "/", HttpMethod::Get, method(mock(OK, "two"))));
    let get = || http::Request::get("/dev/").body(Bytes::new()).unwrap();
    let alone = fixture(Options::default(), [one()]);
    assert_eq!(alone.send_to("localhost:4566", get()).await.body, "one");
    let both = fixture(Options::default(), [one(), two()]);
    let answer = both.send_to("localhost:4566", get()).await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("abc, xyz"), "{}", answer.body);
    let options = Options { default_api: Some("xyz".into()), ..Options::default() };
    assert_eq!(fixture(options, [one(), two()]).send_to("localhost:4566", get()).await.body, "two");
}

#[tokio::test]
async fn passthrough_follows_the_table() {
    use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};
    // (behaviour, has a JSON template, content type, status)
    for (passthrough, has_template, content_type, expect) in [
        (WhenNoMatch, true, "application/json", 200),
        (WhenNoMatch, true, "application/json; charset=utf-8", 200),
        (WhenNoMatch, true, "application/x-www-form-urlencoded", 200),
        (WhenNoMatch, false, "text/plain", 200),
        (WhenNoTemplates, true, "application/json", 200),
        (WhenNoTemplates, true, "text/plain", 415),
        (WhenNoTemplates, false, "text/plain", 200),
        (Never, true, "application/json", 200),
        (Never, true, "text/plain", 415),
        (Never, false, "application/json", 415),
    ] {
        let mut backend = mock(if has_template { OK } else { "" }, "");
        backend.passthrough_behavior = passthrough;
        let fixture = house_of(with(api("abc"), "/", HttpMethod::Post, method(backend)));
        let answer = fixture.post("/dev", content_type, OK).await;
        assert_eq!(answer.status, expect, "{passthrough} {has_template} {content_type}: {}", answer.body);
        if expect == 415 {
            assert_eq!(answer.body, r#"{"message":"Unsupported Media Type"}"#);
            assert_eq!(answer.header("x-amzn-errortype"), Some("BadRequestException"));
        }
    }
}

#[tokio::test]
async fn mocks_without_a_status_and_broken_definitions_are_500() {
    let undeclared = {
        let mut method = method(mock(OK, ""));
        method.responses.clear();
        method
    };
    let no_match = {
        let mut backend = mock(OK, "");
        backend.responses.get_mut(&code(200)).unwrap().selection_pattern = Some("4..".to_owned());
        method(backend)
    };
    let no_integration = {
        let mut method = method(mock(OK, ""));
        method.integration = None;
        method
    };
    let proxied_function = method(integration(IntegrationType::AwsProxy, "arn:aws:apigateway:x"));
    let no_address = method(integration(IntegrationType::HttpProxy, "https://${stageVariables.testHost}"));
    for (name, method) in [
        ("text status", method(mock(r#"{"statusCode": "200"}"#, ""))),
        ("no status", method(mock("{}", ""))),
        ("undeclared", undeclared),
        ("no match", no_match),
        ("no integration", no_integration),
        ("function", proxied_function),
        ("no address", no_address),
    ] {
        let fixture = house_of(with(api("abc"), "/", HttpMethod::Get, method));
        let answer = fixture.get("/dev").await;
        assert_eq!((answer.status, &*answer.body), (500, r#"{"message":"Internal server error"}"#), "{name}");
        assert_eq!(answer.header("x-amzn-errortype"), Some("InternalServerErrorException"), "{name}");
    }
}

#[tokio::test]
async fn responses_are_selected_by_status_in_ascending_order() {
    let mut backend = mock(r#"{"statusCode": 404}"#, "default");
    for (status, pattern) in [(404, "40."), (502, "4.*"), (400, "400")] {
        let response = crate::apis::IntegrationResponse {
            selection_pattern: Some(pattern.to_owned()),
            templates: Some(strings(&[("text/plain", pattern)])),
            ..Default::default()
        };
        backend.responses.insert(code(status), response);
    }
    let fixture = house_of(with(api("abc"), "/", HttpMethod::Get, method(backend)));
    let answer = fixture.get("/dev").await;
    assert_eq!((answer.status, &*answer.body), (404, "40."));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn mapped_response_headers_are_literal_remapped_or_left_out() {
    let mut backend = mock(OK, "");
    backend.responses.get_mut(&code(200)).unwrap().parameters = strings(&[
        ("method.response.header.Access-Control-Allow-Origin", "'*'"),
        ("method.response.header.Server", "'mine'"),
        ("method.response.header.X-Stage", "context.stage"),
        ("method.response.header.X-Missing", "integration.response.header.nope"),
        ("method.response.header.X-Variable", "stageVariables.colour"),
        ("method.response.header.Content-Type", "'text/html'"),
        ("method.response.header.Transfer-Encoding", "'chunked'"),
    ]);
    let mut stage = live(with(api("abc"), "/", HttpMethod::Get, method(backend)));
    stage.stage.variables = strings(&[("colour", "blue")]);
    let answer = fixture(Options::default(), [stage]).get("/dev").await;
    for (name, expect) in [
        ("access-control-allow-origin", Some("*")),
        ("x-amzn-remapped-server", Some("mine")),
        ("server", None),
        ("x-stage", Some("dev")),
        ("x-missing", None),
        ("x-variable", Some("blue")),
        ("content-type", Some("text/html")),
        ("transfer-encoding", None),
    ] {
        assert_eq!(answer.header(name), expect, "{name}");
    }
}

#[tokio::test]
async fn missing_parameters_are_listed_headers_first() {
    let mut method = method(mock(OK, "fine"));
    method.request_validator_id = Some("v1".into());
    method.request_parameters = BTreeMap::from([
        ("method.request.querystring.qs1".to_owned(), true),
        ("method.request.querystring.qs2".to_owned(), false),
        ("method.request.path.issuer".to_owned(), true),
        ("method.request.header.x-header-param".to_owned(), true),
    ]);
    let mut api = with(api("abc"), "/x", HttpMethod::Get, method);
    let validator = RequestValidator {
        id: "v1".into(),
        name: None,
        validate_request_body: false,
        validate_request_parameters: true,
    };
    api.request_validators.insert("v1".into(), validator);
    let fixture = house_of(api);
    let answer = fixture.get("/dev/x?qs1=%20").await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body,
        r#"{"message":"Missing required request parameters: [x-header-param, issuer, qs1]"}"#
    );
    assert_eq!(answer.header("x-amzn-errortype"), Some("BadRequestException"));
}

#[tokio::test]
async fn a_body_that_breaks_its_model_goes_no_further() {
    let mut method = method(mock(OK, "fine"));
    method.request_validator_id = Some("v1".into());
    method.request_models = strings(&[("application/json", "Pet")]);
    let mut api = with(api("abc"), "/x", HttpMethod::Post, method);
    let validator = RequestValidator {
        id: "v1".into(),
        name: None,
        validate_request_body: true,
        validate_request_parameters: false,
    };
    api.request_validators.insert("v1".into(), validator);
    let pet = Model {
        id: "model1".to_owned(),
        name: "Pet".to_owned(),
        description: None,
        schema: Some(r#"{"type": "object", "required": ["name"]}"#.to_owned()),
        content_type: "application/json".to_owned(),
    };
    api.models.insert("Pet".to_owned(), pet);
    let template = r#"{"why": "$context.error.validationErrorString"}"#;
    let post = |body: &'static str| http::Request::post("/dev/x").body(Bytes::from(body)).unwrap();

    let fixture = house_of(api.clone());
    let answer = fixture.send(post(r#"{"name": "Rex"}"#)).await;
    assert_eq!((answer.status, &*answer.body), (200, "fine"));
    for broken in ["{}", "", "nope", "[]"] {
        let answer = fixture.send(post(broken)).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (400, r#"{"message":"Invalid request body"}"#),
            "{broken}"
        );
    }
    let response = GatewayResponse {
        response_templates: strings(&[("application/json", template)]),
        ..GatewayResponse::default()
    };
    api.gateway_responses.insert(ResponseType::BadRequestBody, response);
    let answer = house_of(api).send(post("{}")).await;
    assert_eq!(answer.body, r#"{"why": "[object has missing required properties (["name"])]"}"#);
}

#[tokio::test]
async fn rates_hold_per_method_and_come_back_with_time() {
    let api = with(api("abc"), "/a", HttpMethod::Get, method(mock(OK, "")));
    let api = with(api, "/b", HttpMethod::Get, method(mock(OK, "")));
    let mut stage = live(api);
    let setting = |rate, burst| MethodSetting {
        throttling_rate_limit: rate,
        throttling_burst_limit: burst,
        ..MethodSetting::default()
    };
    stage.stage.method_settings =
        BTreeMap::from([("*/*".to_owned(), setting(1.0, 2)), ("b/GET".to_owned(), setting(0.0, 5))]);
    let fixture = fixture(Options::default(), [stage]);
    assert_eq!(fixture.get("/dev/a").await.status, 200);
    assert_eq!(fixture.get("/dev/a").await.status, 200);
    let answer = fixture.get("/dev/a").await;
    assert_eq!((answer.status, &*answer.body), (429, r#"{"message":"Too Many Requests"}"#));
    assert_eq!(answer.header("x-amzn-errortype"), Some("TooManyRequestsException"));
    assert_eq!(fixture.get("/dev/b").await.status, 429, "rate 0 blocks");
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.get("/dev/a").await.status, 200);
}

#[tokio::test]
async fn the_account_has_a_rate_of_its_own() {
    let options = Options { account_rate: Some(Rate { per_second: 1.0, burst: 1 }), ..Options::default() };
    let fixture = fixture(options, [live(with(api("abc"), "/", HttpMethod::Get, method(mock(OK, ""))))]);
    assert_eq!(fixture.get("/dev").await.status, 200);
    assert_eq!(fixture.get("/dev").await.status, 429);
}

#[tokio::test]
async fn what_can_t_be_checked_is_closed() {
    let open = || method(mock(OK, ""));
    let with_type = |kind| {
        let mut method = open();
        method.authorization_type = kind;
        method
    };
    let with_key = {
        let mut method = open();
        method.api_key_required = true;
        method
    };
    for (method, expect, body) in [
        (with_type(AuthorizationType::AwsIam), 403, r#"{"message":"Missing Authentication Token"}"#),
        (with_type(AuthorizationType::Custom), 500, r#"{"message":null}"#),
        (with_type(AuthorizationType::Jwt), 500, r#"{"message":null}"#),
        (with_key, 403, r#"{"message":"Forbidden"}"#),
    ] {
        let fixture = house_of(with(api("abc"), "/", HttpMethod::Get, method));
        let answer = fixture.get("/dev").await;
        assert_eq!((answer.status, &*answer.body), (expect, body));
    }
    let mut policed = with(api("abc"), "/", HttpMethod::Get, open());
    policed.api.policy = Some("{}".to_owned());
    let answer = house_of(policed).get("/dev").await;
    assert!(answer.body.starts_with(r#"{"Message":"User: anonymous is not authorized"#), "{}", answer.body);
    let mut hidden = with(api("abc"), "/", HttpMethod::Get, open());
    hidden.api.disable_execute_api_endpoint = true;
    assert_eq!(house_of(hidden).get("/dev").await.status, 403);
}

#[tokio::test]
async fn gateway_responses_customise_status_headers_and_body() {
    let mut api = with(api("abc"), "/", HttpMethod::Get, method(mock(OK, "")));
    api.gateway_responses.insert(
        ResponseType::Default4xx,
        GatewayResponse {
            status_code: Some(code(418)),
            response_parameters: strings(&[
                ("gatewayresponse.header.Access-Control-Allow-Origin", "'*'"),
                ("gatewayresponse.header.X-Path", "context.path"),
                ("gatewayresponse.header.X-Query", "method.request.querystring.q"),
                ("gatewayresponse.querystring.ignored", "'x'"),
            ]),
            response_templates: strings(&[
                (
                    "application/json",
                    r#"{"m":$context.error.messageString,"t":"$context.error.responseType","v":"$stageVariables.no","q":"$method.request.querystring.q"} #if(1)"#,
                ),
                ("text/plain", "plain: $context.error.message."),
            ]),
        },
    );
    let fixture = house_of(api);
    let answer = fixture.get("/dev/nope?q=1").await;
    assert_eq!(answer.status, 418);
    assert_eq!(
        answer.body,
        r#"{"m":"Missing Authentication Token","t":"MISSING_AUTHENTICATION_TOKEN","v":"","q":"1"} #if(1)"#
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("x-path"), Some("/dev/nope"));
    assert_eq!(answer.header("x-query"), Some("1"));
    assert_eq!(answer.header("x-amzn-errortype"), Some("MissingAuthenticationTokenException"));
    let plain = http::Request::get("/dev/nope").header("accept", "text/plain").body(Bytes::new()).unwrap();
    let answer = fixture.send(plain).await;
    assert_eq!(answer.body, "plain: Missing Authentication Token.");
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    // Errors before the API is known have no gateway response.
    assert_eq!(fixture.get("/prod/nope").await.status, 403);
}

#[tokio::test]
async fn bodies_of_more_than_ten_megabytes_are_refused() {
    let fixture = house_of(with(api("abc"), "/", HttpMethod::Post, method(mock(OK, ""))));
    let max = 10 * 1024 * 1024;
    assert_eq!(fixture.post("/dev", "application/json", &" ".repeat(max)).await.status, 200);
    let answer = fixture.post("/dev", "application/json", &" ".repeat(max + 1)).await;
    assert_eq!(answer.status, 413);
    let announced =
        http::Request::post("/dev").header("content-length", "99999999").body(Bytes::new()).unwrap();
    assert_eq!(fixture.send(announced).await.status, 413);

    // The API's gateway responses don't apply.
    let mut api = with(api("abc"), "/", HttpMethod::Post, method(mock(OK, "")));
    for kind in [ResponseType::RequestTooLarge, ResponseType::Default4xx] {
        let response = GatewayResponse {
            status_code: Some(code(418)),
            response_parameters: strings(&[("gatewayresponse.header.X-Mine", "'yes'")]),
            response_templates: strings(&[("application/json", "{}")]),
        };
        api.gateway_responses.insert(kind, response);
    }
    let answer = house_of(api).post("/dev", "application/json", &" ".repeat(max + 1)).await;
    assert_eq!((answer.status, &*answer.body), (413, "HTTP content length exceeded 10485760 bytes."));
    assert_eq!((answer.header("content-type"), answer.header("x-mine")), (Some("text/plain"), None));
}

#[tokio::test]
async fn with_every_type_binary_an_empty_body_is_binary_too() {
    for (handling, status) in [(None, 500), (Some(ContentHandling::ConvertToText), 200)] {
        let mut backend = mock(OK, "hello");
        backend.content_handling = handling;
        let mut api = with(api("abc"), "/", HttpMethod::Options, method(backend));
        api.api.binary_media_types = vec!["*/*".to_owned()];
        let fixture = house_of(api);
        let preflight = http::Request::options("/dev").body(Bytes::new()).unwrap();
        let answer = fixture.send(preflight).await;
        assert_eq!(answer.status, status, "{handling:?} {}", answer.body);
    }
}

#[tokio::test]
async fn what_a_request_template_overrides_counts_for_the_response() {
    let template =
        "#set($context.responseOverride.status = 444)#set($context.responseOverride.header.X-A = 'a')";
    for response in ["", "$context.responseOverride.status"] {
        let fixture = house_of(with(
            api("abc"),
            "/",
            HttpMethod::Get,
            method(mock(&format!("{template}{OK}"), response)),
        ));
        let answer = fixture.get("/dev").await;
        assert_eq!((answer.status, answer.header("x-a")), (444, Some("a")), "{response}");
        assert_eq!(answer.body, if response.is_empty() { "" } else { "444" });
    }
    let twice = format!("{template}{template}{OK}");
    let fixture = house_of(with(api("abc"), "/", HttpMethod::Get, method(mock(&twice, ""))));
    assert_eq!(fixture.get("/dev").await.status, 500);
}

#[tokio::test]
async fn a_change_is_served_at_once_and_a_stage_is_compiled_once() {
    let deployed = |text| live(with(api("abc"), "/", HttpMethod::Get, method(mock(OK, text))));
    let fixture = fixture(Options::default(), [deployed("old")]);
    let (a, b) = tokio::join!(fixture.get("/dev"), fixture.get("/dev"));
    assert_eq!((&*a.body, &*b.body), ("old", "old"));
    assert_eq!(fixture.memory.loads.load(Ordering::SeqCst), 1, "single flight");
    fixture.memory.put(deployed("new"));
    assert_eq!(fixture.get("/dev").await.body, "old");
    fixture.notify(Change::Stages("abc".into())).await;
    assert_eq!(fixture.get("/dev").await.body, "new");
    fixture.memory.stages.lock().unwrap().clear();
    fixture.notify(Change::Stages("abc".into())).await;
    assert_eq!(fixture.get("/dev").await.status, 403);
}

#[tokio::test]
async fn whoever_was_told_is_served_what_it_was_told_of() {
    let deployed = |text: &str| live(with(api("abc"), "/", HttpMethod::Get, method(mock(OK, text))));
    for _ in 0..20 {
        // The very first request loads the stage while it changes.
        let fixture = fixture(Options::default(), [deployed("0")]);
        let change = async {
            for version in 1..8 {
                let text = version.to_string();
                fixture.memory.put(deployed(&text));
                fixture.notify(Change::Stages("abc".into())).await;
                assert_eq!(fixture.get("/dev").await.body, text);
            }
        };
        let others = async {
            for _ in 0..20 {
                assert_eq!(fixture.get("/dev").await.status, 200);
            }
        };
        tokio::join!(others, change);
    }
}

#[tokio::test]
async fn stages_in_use_are_compiled_when_they_change_and_others_when_they_are_called() {
    let fixture = house_of(with(api("abc"), "/", HttpMethod::Get, method(mock(OK, "x"))));
    let loads = || fixture.memory.loads.load(Ordering::SeqCst);
    fixture.notify(Change::Stages("abc".into())).await;
    assert_eq!(loads(), 0);
    assert_eq!(fixture.get("/dev").await.status, 200);
    assert_eq!(loads(), 1);
    fixture.notify(Change::Stages("abc".into())).await;
    fixture.notify(Change::Stages("xyz".into())).await;
    assert_eq!(loads(), 2);
    assert_eq!(fixture.get("/dev").await.status, 200);
    assert_eq!(loads(), 2);
    fixture.notify(Change::VpcLinks(crate::gateway::fixture::owner())).await;
    assert_eq!(loads(), 3);
}

#[tokio::test]
async fn the_canary_serves_its_share_with_its_own_variables() {
    let mut backend = mock(OK, "");
    backend.responses.get_mut(&code(200)).unwrap().parameters = strings(&[
        ("method.response.header.x-canary", "context.isCanaryRequest"),
        ("method.response.header.x-own", "stageVariables.own"),
        ("method.response.header.x-kept", "stageVariables.kept"),
    ]);
    let deployment = with(api("abc"), "/", HttpMethod::Get, method(backend));
    let served = |percent| {
        let mut stage = live(deployment.clone());
        stage.stage.variables = strings(&[("own", "stage"), ("kept", "kept")]);
        stage.stage.canary_settings = Some(CanarySettings {
            percent_traffic: percent,
            deployment_id: "d00002".into(),
            stage_variable_overrides: strings(&[("own", "canary")]),
            use_stage_cache: false,
        });
        stage.canary = Some(Arc::new(deployment.clone()));
        fixture(Options::default(), [stage])
    };
    for (percent, is_canary, own) in [(0.0, "false", "stage"), (100.0, "true", "canary")] {
        let answer = served(percent).get("/dev").await;
        assert_eq!(answer.header("x-canary"), Some(is_canary));
        assert_eq!(answer.header("x-own"), Some(own));
        assert_eq!(answer.header("x-kept"), Some("kept"));
    }
    let fixture = served(50.0);
    let mut n_canary = 0;
    for _ in 0..200 {
        n_canary += usize::from(fixture.get("/dev").await.header("x-canary") == Some("true"));
    }
    assert!((60..140).contains(&n_canary), "{n_canary}");
}
