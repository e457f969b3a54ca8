//! Requests with API keys through all phases: who is admitted, at which rates and quotas, and what is stored.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use crate::apis::{
    ApiKeySource, ApiKeyValue, ApiStage, Change, Day, DeploymentSnapshot, GatewayResponse, HttpMethod,
    LiveKey, LiveStage, MethodSetting, QuotaPeriod, QuotaSettings, ResponseType, Subject, ThrottleSettings,
    UsagePlan, block,
};
use crate::apis::{Rate, period};
use crate::clock::{SeededIds, Timestamp, VirtualClock};
use crate::connect::HttpClient;
use crate::gateway::fixture::{
    Answer, Fixture, Memory, api, fixture, live, method, mock, owner, strings, with,
};
use crate::gateway::{Gateway, Options, Ports, RefusedCounts};
use crate::identity::Authenticator;

const OK: &str = r#"{"statusCode": 200}"#;
const GOLD: &str = "gold-key-0123456789";
const HOST: &str = "abc.execute-api.us-east-1.amazonaws.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A Wednesday, 2023-11-15, at noon.
const NOON: Timestamp = Timestamp::from_millis(1_700_049_600_000);

/// `GET /pets` needs a key and answers with the key's owner; `GET /cats` needs a key, `GET /open` none.
fn keyed_api() -> DeploymentSnapshot {
    let keyed = |body: &str| {
        let mut method = method(mock(OK, body));
        method.api_key_required = true;
        method
    };
    let whose = "$context.identity.apiKeyId $context.identity.apiKey";
    let api = with(api("abc"), "/pets", HttpMethod::Get, keyed(whose));
    let api = with(api, "/cats", HttpMethod::Get, keyed("cats"));
    with(api, "/open", HttpMethod::Get, method(mock(OK, "[$!context.identity.apiKeyId]")))
}

fn plan(throttle: Option<(f64, i32)>, quota: Option<QuotaSettings>) -> UsagePlan {
    let settings = |(rate, burst)| ThrottleSettings { rate_limit: Some(rate), burst_limit: Some(burst) };
    UsagePlan {
        id: "p1".into(),
        revision: 0,
        name: "gold".to_owned(),
        description: None,
        api_stages: vec![ApiStage { api_id: "abc".into(), stage: "dev".into(), throttle: BTreeMap::new() }],
        throttle: throttle.map(settings),
        quota,
        product_code: None,
        tags: BTreeMap::new(),
    }
}

fn quota(limit: i32, period: QuotaPeriod, offset: i32) -> Option<QuotaSettings> {
    Some(QuotaSettings { limit, offset, period })
}

fn with_plans(plans: Vec<UsagePlan>) -> LiveStage {
    LiveStage { usage_plans: plans, ..live(keyed_api()) }
}

fn with_key(fixture: Fixture) -> Fixture {
    put_key(&fixture.memory, GOLD, "k1", true, &["p1"]);
    fixture
}

fn put_key(memory: &Memory, value: &str, id: &str, enabled: bool, plans: &[&str]) {
    let plans = plans.iter().map(|plan| (*plan).into()).collect();
    let key = LiveKey { id: id.into(), enabled, plans };
    memory.keys.lock().unwrap().insert(value.to_owned(), key);
}

fn keyed_fixture(throttle: Option<(f64, i32)>, quota: Option<QuotaSettings>) -> Fixture {
    let fixture = with_key(fixture(Options::default(), [with_plans(vec![plan(throttle, quota)])]));
    fixture.clock.advance_to(NOON);
    fixture
}

impl Fixture {
    async fn get_as(&self, path: &str, key: &str) -> Answer {
        let request = http::Request::get(path).header("X-API-Key", key);
        self.send(request.body(Bytes::new()).unwrap()).await
    }

    /// How many of `tries` requests with the key pass.
    async fn passed(&self, tries: usize) -> usize {
        let mut passed = 0;
        for _ in 0..tries {
            passed += usize::from(self.get_as("/dev/pets", GOLD).await.status == 200);
        }
        passed
    }

    /// The same store behind a new gateway. What the old one had not written is lost.
    fn crash(self) -> Self {
        let ports = Ports {
            stages: self.memory.clone(),
            usage_store: self.memory.usage_store.clone(),
            authenticator: Arc::new(Authenticator::new(self.keys.clone(), self.clock.clone())),
            permissions: self.granted.clone(),
            backends: self.backends.clone(),
            access_logs: self.access_logs.clone(),
            client: HttpClient::new(crate::connect::Options::default()),
            clock: self.clock.clone(),
            ids: Arc::new(SeededIds::new(2)),
            own_pools: None,
        };
        Self { gateway: Gateway::new(ports, Options::default()), ..self }
    }

    async fn restart(self) -> Self {
        self.gateway.flush_usage().await;
        self.crash()
    }

    /// Replaces the plan.
    async fn change_plan(&self, revision: u64, throttle: Option<(f64, i32)>, quota: Option<QuotaSettings>) {
        self.memory.put(with_plans(vec![UsagePlan { revision, ..plan(throttle, quota) }]));
        self.notify(Change::Stages("abc".into())).await;
    }

    async fn forget_key(&self, value: &str) {
        let value = ApiKeyValue::new(value.to_owned());
        self.notify(Change::Key(owner(), value)).await;
    }

    fn used_today(&self) -> Option<u64> {
        let live = self.gateway.watchers()[0].upgrade().unwrap().live_usage(&owner(), &"p1".into());
        live.first().map(|it| it.used)
    }

    fn written_today(&self) -> u64 {
        let day = Day::of(crate::clock::Clock::now(&*self.clock));
        self.memory.usage_store.written(&"k1".into(), day)
    }
}

fn refused(answer: &Answer, status: u16, message: &str, error_type: &str) {
    let body = format!(r#"{{"message":"{message}"}}"#);
    assert_eq!((answer.status, answer.body.as_str()), (status, body.as_str()));
    assert_eq!(answer.header("x-amzn-errortype"), Some(error_type));
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn a_key_opens_what_its_plan_has_and_nothing_else() {
    let fixture = keyed_fixture(None, None);
    put_key(&fixture.memory, "disabled", "k2", false, &["p1"]);
    put_key(&fixture.memory, "without a plan", "k3", true, &[]);
    put_key(&fixture.memory, "in another plan", "k4", true, &["p2", "p3"]);
    let answer = fixture.get_as("/dev/pets", GOLD).await;
    assert_eq!((answer.status, answer.body), (200, format!("k1 {GOLD}")));
    refused(&fixture.get("/dev/pets").await, 403, "Forbidden", "ForbiddenException");
    for key in ["", "nobody's", "disabled", "without a plan", "in another plan", "k1", &"x".repeat(200)] {
        refused(&fixture.get_as("/dev/pets", key).await, 403, "Forbidden", "ForbiddenException");
    }
}

#[tokio::test]
async fn a_stage_without_plans_is_open_to_no_key() {
    let fixture = with_key(fixture(Options::default(), [with_plans(Vec::new())]));
    let loads = fixture.memory.loads.load(Ordering::SeqCst);
    refused(&fixture.get_as("/dev/pets", GOLD).await, 403, "Forbidden", "ForbiddenException");
    // The stage is loaded once, the key not at all.
    assert_eq!(fixture.memory.loads.load(Ordering::SeqCst), loads + 1);
}

#[tokio::test]
async fn a_method_without_a_key_neither_looks_nor_counts() {
    let fixture = keyed_fixture(Some((0.0, 0)), quota(0, QuotaPeriod::Day, 0));
    assert_eq!(fixture.get_as("/dev/open", GOLD).await.body, "[]");
    assert_eq!(fixture.used_today(), None);
}

#[tokio::test]
async fn keys_from_authorizers_are_not_taken_from_headers() {
    let mut deployment = keyed_api();
    deployment.api.api_key_source = ApiKeySource::Authorizer;
    let stage = LiveStage { usage_plans: vec![plan(None, None)], ..live(deployment) };
    let fixture = with_key(fixture(Options::default(), [stage]));
    refused(&fixture.get_as("/dev/pets", GOLD).await, 403, "Forbidden", "ForbiddenException");
}

#[tokio::test]
async fn keys_are_read_once_and_changes_hold_from_the_next_request_on() {
    let fixture = keyed_fixture(None, None);
    assert_eq!(fixture.passed(3).await, 3);
    let loads = fixture.memory.loads.load(Ordering::SeqCst);
    assert_eq!(fixture.passed(3).await, 3);
    assert_eq!(fixture.memory.loads.load(Ordering::SeqCst), loads);
    for (enabled, plans, expect) in
        [(false, &["p1"][..], 0), (true, &["p1"], 1), (true, &[], 0), (true, &["p1"], 1)]
    {
        put_key(&fixture.memory, GOLD, "k1", enabled, plans);
        fixture.forget_key(GOLD).await;
        assert_eq!(fixture.passed(1).await, expect, "{enabled} {plans:?}");
    }
    // Rotation without downtime: the new key works before the old one is deleted.
    assert_eq!(fixture.get_as("/dev/pets", "new").await.status, 403);
    put_key(&fixture.memory, "new", "k9", true, &["p1"]);
    fixture.forget_key("new").await;
    assert_eq!(fixture.get_as("/dev/pets", "new").await.body, "k9 new");
    assert_eq!(fixture.passed(1).await, 1);
}

#[tokio::test]
async fn too_fast_and_too_often_are_different_answers() {
    let fixture = keyed_fixture(Some((1.0, 2)), None);
    assert_eq!(fixture.passed(5).await, 2);
    let answer = fixture.get_as("/dev/pets", GOLD).await;
    refused(&answer, 429, "Too Many Requests", "TooManyRequestsException");
    let fixture = keyed_fixture(None, quota(2, QuotaPeriod::Day, 0));
    assert_eq!(fixture.passed(5).await, 2);
    let answer = fixture.get_as("/dev/pets", GOLD).await;
    refused(&answer, 429, "Limit Exceeded", "LimitExceededException");

    let mut deployment = keyed_api();
    for (response, text) in [(ResponseType::Throttled, "slower"), (ResponseType::QuotaExceeded, "less")] {
        let response_templates = strings(&[("application/json", text)]);
        let custom = GatewayResponse { response_templates, ..GatewayResponse::default() };
        deployment.gateway_responses.insert(response, custom);
    }
    for (plan, text) in [
        (plan(Some((1.0, 1)), quota(9, QuotaPeriod::Day, 0)), "slower"),
        (plan(Some((9.0, 9)), quota(1, QuotaPeriod::Day, 0)), "less"),
    ] {
        let stage = LiveStage { usage_plans: vec![plan], ..live(deployment.clone()) };
        let fixture = with_key(crate::gateway::fixture::fixture(Options::default(), [stage]));
        assert_eq!(fixture.passed(1).await, 1);
        assert_eq!(fixture.get_as("/dev/pets", GOLD).await.body, text);
    }
}

#[tokio::test]
async fn each_key_has_its_own_bucket_over_all_methods() {
    let fixture = keyed_fixture(Some((1.0, 2)), None);
    put_key(&fixture.memory, "other", "k2", true, &["p1"]);
    assert_eq!(fixture.get_as("/dev/cats", GOLD).await.status, 200);
    assert_eq!(fixture.passed(2).await, 1);
    assert_eq!(fixture.get_as("/dev/cats", GOLD).await.status, 429);
    assert_eq!(fixture.get_as("/dev/cats", "other").await.status, 200);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.passed(2).await, 1);
}

#[tokio::test]
async fn a_plans_method_has_its_own_rate_in_place_of_the_plans() {
    let mut plan = plan(Some((1.0, 1)), None);
    let own = ThrottleSettings { rate_limit: Some(1.0), burst_limit: Some(3) };
    plan.api_stages[0].throttle.insert("/pets/GET".to_owned(), own);
    let fixture = with_key(fixture(Options::default(), [with_plans(vec![plan])]));
    assert_eq!(fixture.passed(5).await, 3);
    assert_eq!(fixture.get_as("/dev/cats", GOLD).await.status, 200);
    assert_eq!(fixture.get_as("/dev/cats", GOLD).await.status, 429);
}

#[tokio::test]
async fn callers_of_one_key_can_have_the_rate_for_themselves() {
    let tags = strings(&[("stepgate:throttleBy", "context.identity.sourceIp")]);
    let plan = UsagePlan { tags, ..plan(Some((1.0, 2)), quota(7, QuotaPeriod::Day, 0)) };
    let fixture = with_key(fixture(Options::default(), [with_plans(vec![plan])]));
    fixture.clock.advance_to(NOON);
    let passed = async |last: u8, tries: usize| {
        let mut passed = 0;
        for _ in 0..tries {
            let request = http::Request::get("/dev/pets").header("x-api-key", GOLD);
            let ip = Ipv4Addr::new(198, 51, 100, last);
            let answer = fixture.send_from(ip, HOST, request.body(Bytes::new()).unwrap()).await;
            passed += usize::from(answer.status == 200);
        }
        passed
    };
    assert_eq!((passed(1, 3).await, passed(2, 3).await, passed(1, 3).await), (2, 2, 0));
    fixture.clock.advance(Duration::from_secs(1));
    // The quota belongs to the key: of three callers within their rates, one is too many.
    assert_eq!((passed(1, 3).await, passed(3, 3).await, passed(4, 1).await), (1, 2, 0));
}

#[tokio::test]
async fn buckets_go_on_after_a_restart_where_they_were() {
    let mut stage = with_plans(vec![plan(Some((0.01, 3)), None)]);
    let slow =
        MethodSetting { throttling_rate_limit: 0.01, throttling_burst_limit: 4, ..MethodSetting::default() };
    stage.stage.method_settings.insert("open/GET".to_owned(), slow);
    let fixture = with_key(fixture(Options::default(), [stage]));
    fixture.clock.advance_to(NOON);
    let opened = async |fixture: &Fixture| {
        let mut opened = 0;
        for _ in 0..3 {
            opened += usize::from(fixture.get("/dev/open").await.status == 200);
        }
        opened
    };
    assert_eq!((fixture.passed(2).await, opened(&fixture).await), (2, 3));
    let fixture = fixture.restart().await;
    assert_eq!((fixture.passed(3).await, opened(&fixture).await), (1, 1));
    fixture.clock.advance(Duration::from_secs(100));
    let fixture = fixture.restart().await;
    assert_eq!((fixture.passed(3).await, opened(&fixture).await), (1, 1));
}

#[tokio::test]
async fn rate_zero_blocks() {
    for throttle in [(0.0, 10), (10.0, 0)] {
        assert_eq!(keyed_fixture(Some(throttle), None).passed(2).await, 0);
    }
    assert_eq!(keyed_fixture(None, quota(0, QuotaPeriod::Day, 0)).passed(2).await, 0);
}

#[tokio::test]
async fn every_level_has_to_agree_and_refusals_cost_the_caller_nothing() {
    let mut stage = with_plans(vec![plan(Some((1.0, 3)), quota(10, QuotaPeriod::Day, 0))]);
    let slow =
        MethodSetting { throttling_rate_limit: 1.0, throttling_burst_limit: 1, ..MethodSetting::default() };
    stage.stage.method_settings.insert("pets/GET".to_owned(), slow);
    let fixture = with_key(fixture(Options::default(), [stage]));
    assert_eq!(fixture.passed(4).await, 1);
    // The method refused three, so the key's bucket and quota were charged only once.
    assert_eq!(fixture.used_today(), Some(1));
    assert_eq!(fixture.get_as("/dev/cats", GOLD).await.status, 200);
    assert_eq!(fixture.get_as("/dev/cats", GOLD).await.status, 200);
    assert_eq!(fixture.get_as("/dev/cats", GOLD).await.status, 429);

    let account_rate = Some(Rate { per_second: 1.0, burst: 2 });
    let options = Options { account_rate, ..Options::default() };
    let fixture = with_key(crate::gateway::fixture::fixture(options, [with_plans(vec![plan(None, None)])]));
    assert_eq!(fixture.passed(3).await, 2);
}

#[tokio::test]
async fn a_spent_quota_takes_nothing_from_others() {
    let account_rate = Some(Rate { per_second: 1.0, burst: 3 });
    let options = Options { account_rate, ..Options::default() };
    let plans = vec![plan(None, quota(1, QuotaPeriod::Day, 0))];
    let fixture = with_key(fixture(options, [with_plans(plans)]));
    put_key(&fixture.memory, "other", "k2", true, &["p1"]);
    assert_eq!(fixture.passed(10).await, 1);
    assert_eq!(fixture.get_as("/dev/pets", "other").await.status, 200);
}

#[tokio::test]
async fn limits_change_while_serving_and_nothing_is_forgotten() {
    let fixture = keyed_fixture(Some((1.0, 4)), quota(100, QuotaPeriod::Day, 0));
    assert_eq!(fixture.passed(3).await, 3);
    fixture.change_plan(1, Some((1.0, 6)), quota(4, QuotaPeriod::Day, 0)).await;
    assert_eq!(fixture.passed(5).await, 1);
    fixture.change_plan(2, None, quota(6, QuotaPeriod::Day, 0)).await;
    assert_eq!(fixture.passed(5).await, 2);
    fixture.change_plan(3, None, None).await;
    assert_eq!(fixture.passed(5).await, 5);
    fixture.change_plan(4, None, quota(12, QuotaPeriod::Month, 0)).await;
    assert_eq!(fixture.passed(5).await, 1);
    fixture.change_plan(5, None, quota(13, QuotaPeriod::Week, 0)).await;
    assert_eq!(fixture.passed(5).await, 1);
    assert_eq!(fixture.used_today(), Some(13));
}

#[tokio::test]
async fn quotas_begin_anew_with_their_period() {
    use QuotaPeriod::{Day as D, Month as M, Week as W};
    // From Wednesday noon: hours to the next period.
    for (period, offset, hours) in
        [(D, 0, 12), (W, 0, 3 * 24 + 12), (W, 3, 6 * 24 + 12), (W, 4, 12), (M, 0, 15 * 24 + 12), (M, 15, 12)]
    {
        let fixture = keyed_fixture(None, quota(3, period, offset));
        assert_eq!(fixture.passed(5).await, 3, "{period} {offset}");
        fixture.clock.advance(Duration::from_secs(hours * 3_600) - Duration::from_millis(1));
        assert_eq!(fixture.passed(5).await, 0, "{period} {offset}");
        fixture.clock.advance(Duration::from_millis(1));
        assert_eq!(fixture.passed(5).await, 3, "{period} {offset}");
    }
}

#[tokio::test]
async fn a_quota_runs_over_the_days_of_its_period() {
    let fixture = keyed_fixture(None, quota(100, QuotaPeriod::Month, 0));
    for _ in 0..4 {
        assert_eq!(fixture.passed(20).await, 20);
        fixture.clock.advance(DAY);
    }
    let fixture = fixture.restart().await;
    assert_eq!(fixture.passed(50).await, 20);
}

#[tokio::test]
async fn a_graceful_restart_loses_nothing_and_a_crash_at_most_a_block() {
    for limit in [10, 100, 1_000] {
        let settings = quota(limit, QuotaPeriod::Day, 0);
        let total = usize::try_from(limit).unwrap();
        let fixture = keyed_fixture(None, settings);
        assert_eq!(fixture.passed(7).await, 7);
        let fixture = fixture.restart().await;
        assert_eq!(fixture.written_today(), 7);
        assert_eq!(fixture.passed(2).await, 2);
        let fixture = fixture.restart().await;
        assert_eq!(fixture.passed(total).await, total - 9);

        let fixture = keyed_fixture(None, settings);
        assert_eq!(fixture.passed(7).await, 7);
        let fixture = fixture.crash();
        let after = fixture.passed(total).await;
        let lost = total - 7 - after;
        assert!(lost <= usize::try_from(block(&settings.unwrap())).unwrap(), "{limit}: {lost}");
    }
}

#[tokio::test]
async fn one_request_in_many_asks_the_usage_store() {
    let fixture = keyed_fixture(None, quota(20_000, QuotaPeriod::Day, 0));
    assert_eq!(fixture.passed(900).await, 900);
    assert!(fixture.memory.usage_store.posts.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn what_can_not_be_recorded_is_not_let_through() {
    let fixture = keyed_fixture(None, quota(10, QuotaPeriod::Day, 0));
    fixture.memory.usage_store.is_broken.store(true, Ordering::SeqCst);
    assert_eq!(fixture.get_as("/dev/pets", GOLD).await.status, 503);
    fixture.memory.usage_store.is_broken.store(false, Ordering::SeqCst);
    assert_eq!(fixture.passed(20).await, 10);
}

#[tokio::test]
async fn what_is_left_can_be_set() {
    let fixture = keyed_fixture(None, quota(10, QuotaPeriod::Day, 0));
    let subject = Subject { owner: owner(), plan: "p1".into(), key: "k1".into() };
    let grant = async |extra| {
        fixture.memory.usage_store.grant(&"k1".into(), Day::of(NOON), extra);
        fixture.notify(Change::Usage(subject.clone())).await;
    };
    assert_eq!(fixture.passed(4).await, 4);
    grant(-6).await;
    assert_eq!(fixture.passed(9).await, 0);
    grant(5).await;
    assert_eq!(fixture.passed(99).await, 11);
    fixture.clock.advance(DAY);
    assert_eq!(fixture.passed(99).await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_connections_on_one_key_share_one_quota() {
    let fixture = Arc::new(keyed_fixture(None, quota(1_000, QuotaPeriod::Day, 0)));
    let upkeep = tokio::spawn(fixture.gateway.maintain_usage());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let fixture = fixture.clone();
        tasks.spawn(async move { fixture.passed(40).await });
    }
    let passed: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(passed, 1_000);
    fixture.gateway.flush_usage().await;
    fixture.clock.advance(Duration::from_secs(2));
    upkeep.await.unwrap();
    assert_eq!(fixture.written_today(), 1_000);
}

#[tokio::test]
async fn callers_are_told_of_their_limits_where_the_settings_allow() {
    let options = Options { rate_limit_headers: true, ..Options::default() };
    let plans = vec![plan(Some((0.5, 1)), quota(2, QuotaPeriod::Day, 0))];
    let fixture = with_key(fixture(options, [with_plans(plans)]));
    fixture.clock.advance_to(NOON);
    let answer = fixture.get_as("/dev/pets", GOLD).await;
    assert_eq!(answer.header("ratelimit-policy"), Some("\"quota\";q=2;w=86400"));
    assert_eq!(answer.header("ratelimit"), Some("\"quota\";r=1;t=43200"));
    let answer = fixture.get_as("/dev/pets", GOLD).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("2")));
    fixture.clock.advance(Duration::from_secs(2));
    assert_eq!(fixture.passed(1).await, 1);
    fixture.clock.advance(Duration::from_secs(2));
    let answer = fixture.get_as("/dev/pets", GOLD).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("43196")));
}

#[tokio::test]
async fn idle_keys_are_forgotten_and_what_they_used_is_not() {
    let fixture = keyed_fixture(Some((1.0, 5)), quota(100, QuotaPeriod::Day, 0));
    let upkeep = tokio::spawn(fixture.gateway.maintain_usage());
    assert_eq!(fixture.passed(3).await, 3);
    let key_meters = fixture.gateway.inner.enforcement.key_meters.clone();
    assert_eq!(key_meters.held(), (1, 1));
    // The upkeep runs once a second, and the clock stands still in between.
    for _ in 0..400 {
        fixture.clock.advance(Duration::from_secs(1));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(key_meters.held(), (0, 0));
    assert_eq!(fixture.written_today(), 3);
    assert_eq!(fixture.passed(2).await, 2);
    assert_eq!(fixture.used_today(), Some(5));
    fixture.gateway.flush_usage().await;
    fixture.clock.advance(Duration::from_secs(2));
    upkeep.await.unwrap();
}

/// Events in the life of a key, in random order.
#[derive(Clone, Debug)]
enum Event {
    Requests(usize),
    Wait(u64),
    Restart,
    Crash,
    Limit(i32),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => (1usize..60).prop_map(Event::Requests),
        2 => (1u64..40).prop_map(Event::Wait),
        1 => Just(Event::Restart),
        1 => Just(Event::Crash),
        1 => (1i32..80).prop_map(Event::Limit),
    ];
    proptest::collection::vec(event, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever happens, no period exceeds its quota. Without crashes, it is used exactly.
    #[test]
    fn quotas_are_never_exceeded(events in events(), kind in 0usize..3) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move {
            let kind = QuotaPeriod::ALL[kind];
            let (mut limit, mut revision) = (50, 0);
            let mut fixture = keyed_fixture(None, quota(limit, kind, 0));
            let clock: Arc<VirtualClock> = fixture.clock.clone();
            let start = || period(&quota(1, kind, 0).unwrap(), Day::of(crate::clock::Clock::now(&*clock))).start;
            // Requests that passed in the current period, and what crashes may have lost of it.
            let (mut period, mut passed, mut lost) = (start(), 0usize, 0usize);
            for event in events {
                if start() != period {
                    (period, passed, lost) = (start(), 0, 0);
                }
                match event {
                    Event::Requests(n) => {
                        let total = usize::try_from(limit).unwrap();
                        let now = fixture.passed(n).await;
                        passed += now;
                        let left = total.saturating_sub(passed - now);
                        assert!(now <= left, "{passed} of {total}");
                        assert!(n.min(left.saturating_sub(lost)) <= now, "{now} of {n}, {left} left, {lost} lost");
                    }
                    Event::Wait(hours) => clock.advance(Duration::from_secs(hours * 3_600)),
                    Event::Restart => fixture = fixture.restart().await,
                    Event::Crash => {
                        lost += usize::try_from(block(&quota(80, kind, 0).unwrap())).unwrap();
                        fixture = fixture.crash();
                    }
                    Event::Limit(next) => {
                        (limit, revision) = (next, revision + 1);
                        fixture.change_plan(revision, None, quota(limit, kind, 0)).await;
                    }
                }
            }
        });
    }
}

#[tokio::test]
async fn meters_tell_levels_what_is_left_and_what_was_refused() {
    let fixture = keyed_fixture(Some((1.0, 2)), quota(3, QuotaPeriod::Day, 0));
    let readings = || fixture.gateway.meter_readings(&owner(), &"p1".into());
    assert_eq!(readings(), []);
    for status in [200, 200, 429] {
        assert_eq!(fixture.get_as("/dev/pets", GOLD).await.status, status);
    }
    let reading = readings().remove(0);
    assert_eq!((reading.key.as_str(), reading.quota.unwrap().1), ("k1", 1));
    assert_eq!((reading.buckets[0].level.round(), reading.buckets[0].rate.burst), (0.0, 2));
    fixture.clock.advance(Duration::from_secs(60));
    for status in [200, 429] {
        assert_eq!(fixture.get_as("/dev/pets", GOLD).await.status, status);
    }
    let reading = readings().remove(0);
    assert_eq!(reading.refused, RefusedCounts { by_rate: 1, by_quota: 1, by_shared: 0 });
    assert_eq!((reading.used.unwrap().1, reading.quota.unwrap().1), (3, 0));
    assert_eq!(fixture.gateway.meter_readings(&owner(), &"p2".into()), []);
}
