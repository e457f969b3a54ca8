//! Requests to cached methods: which are answered without the backend, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::apis::{
    CacheClusterSize, CacheControlStrategy, CanarySettings, Change, DeploymentSnapshot, GatewayResponse,
    HttpMethod, Integration, IntegrationResponse, IntegrationType, LiveStage, MethodSetting,
    RequestValidator, ResponseType,
};
use crate::gateway::Options;
use crate::gateway::cache::CACHED_BYTES_MAX;
use crate::gateway::fixture::{
    Answer, Fixture, api, code, fixture, integration, live, method, strings, with,
};

const STATES: &str = "arn:aws:apigateway:us-east-1:states:action/Any";

/// A backend that counts its calls and answers with what `template` makes of the request.
fn echo(template: &str) -> Integration {
    let mut echo = integration(IntegrationType::Aws, STATES);
    echo.request_templates = strings(&[("application/json", template)]);
    echo.cache_namespace = "ns".to_owned();
    echo
}

fn pets(change: impl FnOnce(&mut Integration)) -> DeploymentSnapshot {
    let mut echo = echo("$input.params('id') $input.params('q') $context.requestId");
    change(&mut echo);
    with(api("abc"), "/pets/{id}", HttpMethod::Get, method(echo))
}

fn setting() -> MethodSetting {
    MethodSetting { caching_enabled: true, ..MethodSetting::default() }
}

/// `dev` with a cache cluster and these settings.
fn cached(deployment: DeploymentSnapshot, settings: &[(&str, MethodSetting)]) -> LiveStage {
    let mut live = live(deployment);
    live.stage.cache_cluster_enabled = true;
    live.stage.cache_cluster_size = Some(CacheClusterSize::Gb0_5);
    live.stage.method_settings =
        settings.iter().map(|(key, setting)| ((*key).to_owned(), setting.clone())).collect();
    live
}

fn cached_house(deployment: DeploymentSnapshot) -> Fixture {
    fixture(Options::default(), [cached(deployment, &[("*/*", setting())])])
}

impl Fixture {
    fn calls(&self) -> usize {
        std::mem::take(&mut *self.backends.calls.lock().unwrap()).len()
    }

    /// How often the backend is called for these paths, one after the other.
    async fn calls_for(&self, paths: &[&str]) -> usize {
        self.calls();
        for path in paths {
            assert_eq!(self.get(path).await.status, 200, "{path}");
        }
        self.calls()
    }

    async fn fresh(&self, path: &str) -> Answer {
        let request = http::Request::get(path).header("cache-control", "no-store, max-age=0");
        self.send(request.body(Bytes::new()).unwrap()).await
    }

    async fn put(&self, live: LiveStage) {
        self.memory.put(live);
        self.notify(Change::Stages("abc".into())).await;
    }
}

#[tokio::test]
async fn an_answer_is_given_again_until_its_time_is_over() {
    let fixture = cached_house(pets(|_| {}));
    let first = fixture.get("/dev/pets/1").await;
    let again = fixture.get("/dev/pets/1").await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(fixture.calls(), 1);
    // Headers of each request stay its own.
    for name in ["x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"] {
        assert_ne!(first.header(name).unwrap(), again.header(name).unwrap(), "{name}");
    }
    assert_eq!(again.header("content-type"), first.header("content-type"));
    fixture.clock.advance(Duration::from_millis(299_999));
    assert_eq!(fixture.calls_for(&["/dev/pets/1"]).await, 0);
    fixture.clock.advance(Duration::from_millis(1));
    assert_eq!(fixture.calls_for(&["/dev/pets/1", "/dev/pets/1"]).await, 1);
}

#[tokio::test]
async fn the_key_is_what_the_integration_says_and_nothing_else() {
    // With no key parameters, all callers of the resource share a response, whatever its path parameters.
    let fixture = cached_house(pets(|_| {}));
    assert_eq!(fixture.calls_for(&["/dev/pets/1", "/dev/pets/2", "/dev/pets/1?q=3"]).await, 1);

    let by = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        cached_house(pets(|integration| {
            let mapped = strings(&[("integration.request.header.x", "method.request.querystring.q")]);
            integration.request_parameters = mapped;
            integration.cache_key_parameters = names;
        }))
    };
    let paths =
        ["/dev/pets/1", "/dev/pets/1?q=2", "/dev/pets/2?q=2", "/dev/pets/2?q=", "/dev/pets/1?q=2&q=3"];
    for (names, calls) in [
        (&["method.request.path.id"][..], 2),
        (&["method.request.querystring.q"], 3),
        (&["integration.request.header.x"], 3),
        (&["method.request.path.id", "method.request.querystring.q"], 5),
        (&["method.request.multivaluequerystring.q"], 4),
        (&["method.request.header.x-none"], 1),
    ] {
        let fixture = by(names);
        assert_eq!(fixture.calls_for(&paths).await, calls, "{names:?}");
        assert_eq!(fixture.calls_for(&paths).await, 0, "{names:?}");
    }
}

#[tokio::test]
async fn resources_share_a_namespace_that_they_both_name() {
    let deployment = |namespace: &str| {
        let mut other = echo("other");
        other.cache_namespace = namespace.to_owned();
        with(pets(|_| {}), "/other", HttpMethod::Get, method(other))
    };
    assert_eq!(cached_house(deployment("ns")).calls_for(&["/dev/pets/1", "/dev/other"]).await, 1);
    assert_eq!(cached_house(deployment("else")).calls_for(&["/dev/pets/1", "/dev/other"]).await, 2);
}

#[tokio::test]
async fn only_get_is_cached_unless_the_method_says_so_itself() {
    let deployment = || {
        let api = with(api("abc"), "/any", HttpMethod::Any, method(echo("any")));
        with(api, "/post", HttpMethod::Post, method(echo("post")))
    };
    let calls = async |settings: &[(&str, MethodSetting)]| {
        let fixture = fixture(Options::default(), [cached(deployment(), settings)]);
        let mut calls = Vec::new();
        for (verb, path) in [("GET", "/dev/any"), ("PUT", "/dev/any"), ("POST", "/dev/post")] {
            for _ in 0..2 {
                let request = http::Request::builder().method(verb).uri(path).body(Bytes::new()).unwrap();
                assert_eq!(fixture.send(request).await.status, 200);
            }
            calls.push(fixture.calls());
        }
        calls
    };
    let off = MethodSetting::default();
    let none = MethodSetting { cache_ttl_in_seconds: 0, ..setting() };
    assert_eq!(calls(&[]).await, [2, 2, 2]);
    assert_eq!(calls(&[("*/*", setting())]).await, [1, 2, 2]);
    assert_eq!(calls(&[("*/*", setting()), ("~1post/POST", setting())]).await, [1, 2, 1]);
    assert_eq!(calls(&[("any/ANY", setting())]).await, [1, 1, 2]);
    assert_eq!(calls(&[("*/*", setting()), ("any/ANY", off)]).await, [2, 2, 2]);
    assert_eq!(calls(&[("*/*", none)]).await, [2, 2, 2]);

    let mut no_cluster = cached(deployment(), &[("*/*", setting())]);
    no_cluster.stage.cache_cluster_enabled = false;
    let fixture = fixture(Options::default(), [no_cluster]);
    assert_eq!(fixture.calls_for(&["/dev/any", "/dev/any"]).await, 2);
}

#[tokio::test]
async fn what_is_large_or_refused_is_not_kept_and_what_a_backend_refuses_is() {
    // The backend answers with the body that it receives.
    let body = |bytes: usize| Bytes::from(vec![b'x'; bytes]);
    let fixture = cached_house(with(api("abc"), "/", HttpMethod::Get, method(echo("$input.body"))));
    for (bytes, calls) in [(CACHED_BYTES_MAX + 1, 2), (CACHED_BYTES_MAX, 1)] {
        for _ in 0..2 {
            let answer = fixture.send(http::Request::get("/dev").body(body(bytes)).unwrap()).await;
            assert_eq!((answer.status, answer.bytes.len()), (200, bytes));
        }
        assert_eq!(fixture.calls(), calls, "{bytes}");
    }

    // If no mapping matches, the response is the gateway's own.
    let unmapped = || pets(|integration| integration.responses = BTreeMap::new());
    let fixture = cached_house(unmapped());
    for _ in 0..2 {
        assert_eq!(fixture.get("/dev/pets/1").await.status, 500);
    }
    assert_eq!(fixture.calls(), 2);

    let teapot = BTreeMap::from([(code(418), IntegrationResponse::default())]);
    let fixture = cached_house(pets(|integration| integration.responses = teapot));
    for _ in 0..2 {
        assert_eq!(fixture.get("/dev/pets/1").await.status, 418);
    }
    assert_eq!(fixture.calls(), 1);
}

#[tokio::test]
async fn a_hit_is_checked_as_any_request_is() {
    let mut deployment = pets(|_| {});
    let validator = RequestValidator {
        id: "v".into(),
        name: Some("v".to_owned()),
        validate_request_parameters: true,
        validate_request_body: false,
    };
    deployment.request_validators.insert("v".into(), validator);
    let method = deployment.resources[0].methods.get_mut(&HttpMethod::Get).unwrap();
    method.request_validator_id = Some("v".into());
    method.request_parameters.insert("method.request.querystring.q".to_owned(), true);
    let slow = MethodSetting { throttling_burst_limit: 2, throttling_rate_limit: 1.0, ..setting() };
    let fixture = fixture(Options::default(), [cached(deployment, &[("*/*", slow)])]);
    assert_eq!(fixture.get("/dev/pets/1?q=1").await.status, 200);
    assert_eq!(fixture.get("/dev/pets/1").await.status, 400);
    assert_eq!(fixture.get("/dev/pets/1?q=1").await.status, 429);
    assert_eq!(fixture.calls(), 1);
}

#[tokio::test]
async fn a_fresh_answer_is_for_those_who_may_ask_for_it() {
    let with = |required: bool, strategy: CacheControlStrategy| {
        let setting = MethodSetting {
            require_authorization_for_cache_control: required,
            unauthorized_cache_control_header_strategy: strategy,
            ..setting()
        };
        let mut deployment = pets(|_| {});
        let denied = GatewayResponse { status_code: Some(code(418)), ..GatewayResponse::default() };
        deployment.gateway_responses.insert(ResponseType::AccessDenied, denied);
        fixture(Options::default(), [cached(deployment, &[("*/*", setting)])])
    };
    let fixture = with(false, CacheControlStrategy::FailWith403);
    let old = fixture.get("/dev/pets/1").await;
    let new = fixture.fresh("/dev/pets/1").await;
    assert_ne!(old.body, new.body);
    assert_eq!(fixture.get("/dev/pets/1").await.body, new.body);
    assert_eq!((fixture.calls(), new.header("warning")), (2, None));

    let ignored = "199 Cache-control headers were ignored because the caller was unauthorized.";
    for (strategy, status, warning) in [
        (CacheControlStrategy::FailWith403, 418, None),
        (CacheControlStrategy::SucceedWithResponseHeader, 200, Some(ignored)),
        (CacheControlStrategy::SucceedWithoutResponseHeader, 200, None),
    ] {
        let fixture = with(true, strategy);
        // The warning is for one request only, and is not cached.
        let first = fixture.fresh("/dev/pets/1").await;
        assert_eq!((first.status, first.header("warning")), (status, warning));
        let old = fixture.get("/dev/pets/1").await;
        assert_eq!((old.status, old.header("warning")), (200, None));
        let answer = fixture.fresh("/dev/pets/1").await;
        assert_eq!((answer.status, answer.header("warning")), (status, warning));
        assert_eq!(fixture.calls(), 1, "{strategy:?}");
    }
}

#[tokio::test]
async fn a_flush_empties_one_stage() {
    let mut prod = cached(pets(|_| {}), &[("*/*", setting())]);
    prod.stage.name = "prod".into();
    let fixture = fixture(Options::default(), [cached(pets(|_| {}), &[("*/*", setting())]), prod]);
    let paths = ["/dev/pets/1", "/prod/pets/1"];
    assert_eq!(fixture.calls_for(&paths).await, 2);
    fixture.notify(Change::Cache("abc".into(), "dev".into())).await;
    assert_eq!(fixture.calls_for(&paths).await, 1);
    assert_eq!(fixture.calls_for(&paths).await, 0);
}

#[tokio::test]
async fn answers_outlive_changes_that_do_not_concern_them() {
    let fixture = cached_house(pets(|_| {}));
    let stage = || cached(pets(|_| {}), &[("*/*", setting())]);
    assert_eq!(fixture.calls_for(&["/dev/pets/1"]).await, 1);
    let mut described = stage();
    described.stage.description = Some("text".to_owned());
    fixture.put(described).await;
    assert_eq!(fixture.calls_for(&["/dev/pets/1"]).await, 0);
    // A shorter time to live applies to responses that are already cached.
    let short = MethodSetting { cache_ttl_in_seconds: 10, ..setting() };
    fixture.clock.advance(Duration::from_secs(11));
    fixture.put(cached(pets(|_| {}), &[("*/*", short)])).await;
    assert_eq!(fixture.calls_for(&["/dev/pets/1"]).await, 1);

    let changes: [fn(&mut LiveStage); 3] = [
        |live| live.stage.deployment_id = "d00002".into(),
        |live| live.stage.variables = strings(&[("backend", "other")]),
        |live| live.stage.cache_cluster_size = Some(CacheClusterSize::Gb1_6),
    ];
    for change in changes {
        let mut changed = stage();
        change(&mut changed);
        fixture.put(changed).await;
        assert_eq!(fixture.calls_for(&["/dev/pets/1", "/dev/pets/1"]).await, 1);
        fixture.put(stage()).await;
        assert_eq!(fixture.calls_for(&["/dev/pets/1"]).await, 1);
    }
}

#[tokio::test]
async fn a_canary_has_answers_of_its_own_unless_it_shares_its_stages() {
    for (shares, calls) in [(false, 2), (true, 1)] {
        let mut live = cached(pets(|_| {}), &[("*/*", setting())]);
        live.stage.canary_settings = Some(CanarySettings {
            percent_traffic: 50.0,
            deployment_id: "d00002".into(),
            stage_variable_overrides: BTreeMap::new(),
            use_stage_cache: shares,
        });
        live.canary = Some(live.deployment.clone());
        let fixture = fixture(Options::default(), [live]);
        // Enough requests for both to serve some: the random numbers come from a seed.
        assert_eq!(fixture.calls_for(&["/dev/pets/1"; 20]).await, calls);
    }
}
