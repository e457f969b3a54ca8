//! Control-plane operations on a real store: what they change, for which owner, and who is notified.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::super::tree::tests::assert_is_tree;
use super::super::*;
use super::*;
use crate::apis::LiveUsage;
use crate::apis::error::{BadRequest, Conflict, Error, NotFound};
use crate::apis::patch::tests::op;
use crate::clock::{SeededIds, Timestamp, VirtualClock};
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{Options, Store};

struct World {
    apis: Apis,
    owner: AccountRegion,
    dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn owner(account: &str, region: &str) -> AccountRegion {
    AccountRegion { account: AccountId::parse(account).unwrap(), region: Region::parse(region).unwrap() }
}

impl World {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-apis-{}-{n}", std::process::id()));
        let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(1_700_000_000_000)));
        let store = Store::open(&dir, Options::disturbed(), clock.clone()).unwrap();
        let apis = Apis::open(store, clock, Arc::new(SeededIds::new(7))).unwrap();
        Self { apis, owner: owner("123456789012", "us-east-1"), dir }
    }

    async fn api(&self) -> RestApi {
        let input = CreateRestApi { name: "test".to_owned(), ..CreateRestApi::default() };
        self.apis.create_rest_api(&self.owner, input).await.unwrap()
    }

    /// `GET /`, answered by a mock.
    async fn mock(&self, api: &RestApi) -> MethodKey {
        let key = MethodKey {
            api_id: api.id.clone(),
            resource_id: api.root_resource_id.clone(),
            http_method: "GET".to_owned(),
        };
        let method = PutMethod { authorization_type: "NONE".to_owned(), ..PutMethod::default() };
        self.apis.put_method(&self.owner, key.clone(), method).await.unwrap();
        let integration = serde_json::from_str(r#"{"type": "MOCK"}"#).unwrap();
        self.apis.put_integration(&self.owner, key.clone(), integration).await.unwrap();
        key
    }

    async fn deploy(&self, api: &RestApi, stage: Option<&str>) -> Result<Deployment, Error> {
        let input = CreateDeployment { stage_name: stage.map(str::to_owned), ..CreateDeployment::default() };
        self.apis.create_deployment(&self.owner, &api.id, input).await
    }

    async fn live(&self, api: &RestApi, stage: &str) -> Option<LiveStage> {
        self.apis.live_stage(&api.id, &stage.into()).await.unwrap()
    }
}

#[tokio::test]
async fn a_new_api_has_a_root_two_models_and_all_defaults() {
    let world = World::new();
    let api = world.api().await;
    let copy = world.apis.working_copy(&world.owner, &api.id).await.unwrap();
    assert_eq!(copy.resources.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["/"]);
    assert_eq!(copy.models.keys().collect::<Vec<_>>(), ["Empty", "Error"]);
    assert_eq!(api.endpoint_configuration.kind, EndpointType::Edge);
    let page = world.apis.gateway_responses(&world.owner, &api.id, PageRequest::default()).await.unwrap();
    assert_eq!(page.items.len(), 21);
    assert!(page.items.iter().all(|response| response.default_response));
}

#[tokio::test]
async fn apis_belong_to_one_account_in_one_region() {
    let world = World::new();
    let api = world.api().await;
    for other in [owner("999999999999", "us-east-1"), owner("123456789012", "eu-west-1")] {
        let found = world.apis.rest_api(&other, &api.id).await;
        assert!(matches!(found, Err(Error::NotFound(NotFound::Api { .. }))), "{found:?}");
        let page = world.apis.rest_apis(&other, PageRequest::default()).await.unwrap();
        assert_eq!(page.items, []);
        let resource = world.apis.resource(&other, &api.id, &api.root_resource_id).await;
        assert!(matches!(resource, Err(Error::NotFound(NotFound::Resource))));
        assert!(world.apis.delete_rest_api(&other, &api.id).await.is_err());
    }
    assert!(world.apis.rest_api(&world.owner, &api.id).await.is_ok());
}

#[tokio::test]
async fn a_patch_that_fails_at_its_end_changes_nothing() {
    let world = World::new();
    let api = world.api().await;
    let patches = vec![op("replace /name other"), op("replace /nothing x")];
    assert!(world.apis.update_rest_api(&world.owner, &api.id, patches).await.is_err());
    assert_eq!(world.apis.rest_api(&world.owner, &api.id).await.unwrap(), api);
}

#[tokio::test]
async fn a_deployment_keeps_what_it_froze() {
    let world = World::new();
    let api = world.api().await;
    let key = world.mock(&api).await;
    world.deploy(&api, Some("dev")).await.unwrap();
    world.apis.delete_method(&world.owner, key.clone()).await.unwrap();
    let live = world.live(&api, "dev").await.unwrap();
    assert_eq!(live.owner, world.owner);
    assert!(live.deployment.resources[0].methods.contains_key(&HttpMethod::Get));
    let nothing = world.deploy(&api, Some("dev")).await;
    assert!(matches!(nothing, Err(Error::BadRequest(BadRequest::NoMethods))));
    assert_eq!(world.live(&api, "dev").await.unwrap().stage, live.stage);
}

#[tokio::test]
async fn what_can_not_be_deployed_leaves_no_deployment() {
    let world = World::new();
    let api = world.api().await;
    let key = world.mock(&api).await;
    // The caller's own credentials, where callers have none.
    let patches = vec![op("replace /credentials arn:aws:iam::*:user/*")];
    world.apis.update_integration(&world.owner, key, patches).await.unwrap();
    let refused = world.deploy(&api, Some("dev")).await;
    assert!(matches!(refused, Err(Error::BadRequest(BadRequest::NotDeployable { .. }))), "{refused:?}");
    let page = world.apis.deployments(&world.owner, &api.id, PageRequest::default()).await.unwrap();
    assert_eq!(page.items, []);
    assert!(world.live(&api, "dev").await.is_none());
}

/// A watcher that only records its notifications.
#[derive(Default)]
struct RecordingWatcher(Mutex<Vec<Change>>);

impl RecordingWatcher {
    /// Registered while the value is held.
    fn by(world: &World) -> Arc<Self> {
        let watcher = Arc::new(Self::default());
        let registered: Arc<dyn Watcher> = watcher.clone();
        world.apis.watch(Arc::downgrade(&registered));
        watcher
    }

    /// The notifications since the last call.
    fn take(&self) -> Vec<Change> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Watcher for RecordingWatcher {
    fn notify<'a>(&'a self, change: &'a Change) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async { self.0.lock().unwrap().push(change.clone()) })
    }

    fn live_usage(&self, _: &AccountRegion, _: &UsagePlanId) -> Vec<LiveUsage> {
        Vec::new()
    }
}

#[tokio::test]
async fn who_watches_is_told_of_what_changes_serving_and_of_nothing_else() {
    let world = World::new();
    let api = world.api().await;
    world.mock(&api).await;
    let watcher = RecordingWatcher::by(&world);
    let (names, stages) = (Change::StageNames(api.id.clone()), Change::Stages(api.id.clone()));

    let deployment = world.deploy(&api, None).await.unwrap();
    assert_eq!(watcher.take(), []);
    world.deploy(&api, Some("dev")).await.unwrap();
    assert_eq!(watcher.take(), slice::from_ref(&names));
    world.deploy(&api, Some("dev")).await.unwrap();
    assert_eq!(watcher.take(), slice::from_ref(&stages));
    let patches = vec![op(&format!("replace /deploymentId {}", deployment.id))];
    world.apis.update_stage(&world.owner, &api.id, &"dev".into(), patches).await.unwrap();
    assert_eq!(watcher.take(), [stages]);
    let missing = world.apis.delete_stage(&world.owner, &api.id, &"prod".into()).await;
    assert!(matches!(missing, Err(Error::NotFound(NotFound::Stage))));
    assert_eq!(watcher.take(), []);
    world.apis.delete_rest_api(&world.owner, &api.id).await.unwrap();
    assert_eq!(watcher.take(), [names]);
    assert!(world.live(&api, "dev").await.is_none());
    assert_eq!(world.apis.apis_with_stage(&"dev".into()).await.unwrap(), []);
}

#[tokio::test]
async fn who_watches_is_told_though_the_client_is_gone() {
    let world = World::new();
    let api = world.api().await;
    world.mock(&api).await;
    world.deploy(&api, Some("dev")).await.unwrap();
    let watcher = RecordingWatcher::by(&world);
    {
        let name = "dev".into();
        let delete = std::pin::pin!(world.apis.delete_stage(&world.owner, &api.id, &name));
        // Start it once, then stop waiting for the result.
        tokio::select! {
            biased;
            _ = delete => panic!("no write is done at once"),
            () = std::future::ready(()) => {}
        }
    }
    // Another write comes after it, when its follow-up is already running.
    tokio::task::yield_now().await;
    world.deploy(&api, None).await.unwrap();
    assert!(world.live(&api, "dev").await.is_none());
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        watcher.take(),
        [Change::StageNames(api.id.clone()), Change::Cache(api.id.clone(), "dev".into())]
    );
}

#[tokio::test]
async fn a_deployment_to_a_stage_with_a_canary_goes_to_the_canary() {
    let world = World::new();
    let api = world.api().await;
    world.mock(&api).await;
    let first = world.deploy(&api, Some("dev")).await.unwrap();
    let canary = NewCanary { percent_traffic: Some(10.0), ..NewCanary::default() };
    let input = CreateDeployment {
        stage_name: Some("dev".to_owned()),
        canary_settings: Some(canary.clone()),
        ..CreateDeployment::default()
    };
    let second = world.apis.create_deployment(&world.owner, &api.id, input).await.unwrap();
    let live = world.live(&api, "dev").await.unwrap();
    assert_eq!(live.stage.deployment_id, first.id);
    assert_eq!(live.stage.canary_settings.unwrap().deployment_id, second.id);
    assert!(live.canary.is_some());
    let third = world.deploy(&api, Some("dev")).await.unwrap();
    let stage = world.live(&api, "dev").await.unwrap().stage;
    assert_eq!(
        (stage.deployment_id, stage.canary_settings.unwrap().deployment_id),
        (first.id, third.id.clone())
    );

    let in_use = world.apis.delete_deployment(&world.owner, &api.id, &third.id).await;
    assert!(matches!(in_use, Err(Error::BadRequest(BadRequest::DeploymentInUse))));
    world.apis.delete_deployment(&world.owner, &api.id, &second.id).await.unwrap();

    for (stage_name, message) in [
        (None, "Provided value is null"),
        (Some(""), "Provided value is "),
        (Some("prod"), "Stage prod must already be created before making a canary release deployment"),
    ] {
        let input = CreateDeployment {
            stage_name: stage_name.map(str::to_owned),
            canary_settings: Some(canary.clone()),
            ..CreateDeployment::default()
        };
        let error = world.apis.create_deployment(&world.owner, &api.id, input).await.unwrap_err();
        assert!(error.to_string().ends_with(message), "{error}");
    }
}

#[tokio::test]
async fn what_methods_refer_to_can_not_be_deleted() {
    let world = World::new();
    let api = world.api().await;
    let key = world.mock(&api).await;
    let (owner, id) = (&world.owner, &api.id);
    let validator = world.apis.create_request_validator(owner, id, None, false, true).await.unwrap();
    let patches = vec![
        op("add /requestModels/application~1json Empty"),
        op(&format!("replace /requestValidatorId {}", validator.id)),
    ];
    world.apis.update_method(owner, key.clone(), patches).await.unwrap();
    let error = world.apis.delete_model(owner, id, "Empty").await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot delete model 'Empty', is referenced in method request: //GET");
    let error = world.apis.delete_request_validator(owner, id, &validator.id).await.unwrap_err();
    assert!(matches!(error, Error::Conflict(Conflict::RequestValidatorInUse { .. })));
    world.apis.delete_method(owner, key).await.unwrap();
    world.apis.delete_model(owner, id, "Empty").await.unwrap();
    world.apis.delete_request_validator(owner, id, &validator.id).await.unwrap();
}

#[tokio::test]
async fn a_clone_is_its_own_api() {
    let world = World::new();
    let source = world.api().await;
    world.mock(&source).await;
    let (owner, root) = (&world.owner, &source.root_resource_id);
    let pets = world.apis.create_resource(owner, &source.id, root, "pets".to_owned()).await.unwrap();
    let input = CreateRestApi {
        name: "clone".to_owned(),
        clone_from: Some(source.id.clone()),
        ..CreateRestApi::default()
    };
    let clone = world.apis.create_rest_api(owner, input.clone()).await.unwrap();
    world.apis.delete_rest_api(owner, &source.id).await.unwrap();
    let copy = world.apis.working_copy(owner, &clone.id).await.unwrap();
    assert_is_tree(&copy.resources);
    assert_eq!(copy.resources[0].id, clone.root_resource_id);
    assert!(copy.resources[0].methods.contains_key(&HttpMethod::Get));
    assert_eq!((copy.resources[1].id.clone(), copy.resources[1].path.as_str()), (pets.id, "/pets"));
    let gone = world.apis.create_rest_api(owner, input).await;
    assert!(matches!(gone, Err(Error::BadRequest(BadRequest::RestApiIdentifier))));
}

/// Answers with the requested verb and the method that was found.
struct Echo;

impl TestInvoke for Echo {
    fn test_invoke(&self, it: TestInvocation) -> TestInvokeFuture<'_> {
        let body = format!("{} by {} with {:?}", it.http_method, it.method, it.headers);
        let outcome =
            TestOutcome { status: 200, body, headers: Vec::new(), log: String::new(), latency_millis: 0 };
        Box::pin(async move { outcome })
    }

    fn test_authorize(&self, _: TestAuthorization) -> TestAuthorizeFuture<'_> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn test_calls_find_the_method_in_the_working_copy() {
    let world = World::new();
    let api = world.api().await;
    let mut key = world.mock(&api).await;
    key.http_method = "ANY".to_owned();
    let method = PutMethod { authorization_type: "NONE".to_owned(), ..PutMethod::default() };
    world.apis.put_method(&world.owner, key.clone(), method).await.unwrap();
    let call = async |http_method: &str, api_id: &ApiId| {
        let key = MethodKey { http_method: http_method.to_owned(), api_id: api_id.clone(), ..key.clone() };
        let input = TestInvokeMethod {
            headers: vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())],
            multi_value_headers: vec![("B".to_owned(), vec!["3".to_owned()])],
            ..TestInvokeMethod::default()
        };
        let outcome = world.apis.test_invoke_method(&world.owner, key, input, &Echo).await;
        outcome.map(|outcome| outcome.body).map_err(|error| error.to_string())
    };
    let headers = r#"[("B", ["3"]), ("a", ["1"])]"#;
    assert_eq!(call("GET", &api.id).await.unwrap(), format!("GET by GET with {headers}"));
    assert_eq!(call("PUT", &api.id).await.unwrap(), format!("PUT by ANY with {headers}"));
    assert_eq!(call("SEE", &api.id).await.unwrap_err(), "Invalid Method identifier specified");
    assert_eq!(call("GET", &"nobody".into()).await.unwrap_err(), "Invalid Resource identifier specified");
}

#[tokio::test]
async fn logging_needs_a_role_first() {
    let world = World::new();
    let api = world.api().await;
    world.mock(&api).await;
    world.deploy(&api, Some("dev")).await.unwrap();
    let update = async || {
        let patches = vec![op("replace /*/*/logging/loglevel INFO")];
        world.apis.update_stage(&world.owner, &api.id, &"dev".into(), patches).await
    };
    assert!(matches!(update().await, Err(Error::BadRequest(BadRequest::LoggingRole))));
    let patches = vec![op("replace /cloudwatchRoleArn arn:aws:iam::123456789012:role/logs")];
    world.apis.update_account(&world.owner, patches).await.unwrap();
    assert!(update().await.is_ok());
}

#[tokio::test]
async fn tags_are_merged_and_limited() {
    let world = World::new();
    let api = world.api().await;
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{}", api.id);
    let tag = async |key: &str, value: &str| {
        let tags = BTreeMap::from([(key.to_owned(), value.to_owned())]);
        world.apis.tag(&world.owner, &arn, tags).await.map_err(|error| error.to_string())
    };
    tag("a", "1").await.unwrap();
    tag("b", "2").await.unwrap();
    tag("a", "3").await.unwrap();
    world.apis.untag(&world.owner, &arn, vec!["b".to_owned(), "c".to_owned()]).await.unwrap();
    let tags = world.apis.tags(&world.owner, &arn).await.unwrap();
    assert_eq!(tags, BTreeMap::from([("a".to_owned(), "3".to_owned())]));
    assert!(tag("aws:x", "1").await.is_err());
    assert!(tag("x", &"v".repeat(257)).await.is_err());
    for wrong in ["arn:aws:apigateway:eu-west-1::/restapis/x", "arn:aws:apigateway:us-east-1::/account", "x"]
    {
        let error = world.apis.tags(&world.owner, wrong).await.unwrap_err();
        assert_eq!(error.to_string(), "Invalid ARN specified in the request");
    }
}

#[tokio::test]
async fn a_cache_is_emptied_when_it_is_flushed_or_becomes_another() {
    let world = World::new();
    let api = world.api().await;
    world.mock(&api).await;
    world.deploy(&api, Some("dev")).await.unwrap();
    let watcher = RecordingWatcher::by(&world);
    let flushed = || watcher.take().contains(&Change::Cache(api.id.clone(), "dev".into()));
    let (owner, stage) = (&world.owner, "dev".into());
    for (patch, is_flushed) in [
        ("replace /cacheClusterEnabled true", true),
        ("replace /description text", false),
        ("replace /cacheClusterSize 1.6", true),
        ("replace /*/*/caching/enabled true", false),
        ("replace /cacheClusterEnabled false", true),
    ] {
        world.apis.update_stage(owner, &api.id, &stage, vec![op(patch)]).await.unwrap();
        assert_eq!(flushed(), is_flushed, "{patch}");
    }
    world.apis.flush_stage_cache(owner, &api.id, &stage).await.unwrap();
    assert!(flushed());
    let missing = world.apis.flush_stage_cache(owner, &api.id, &"nope".into()).await;
    assert!(matches!(missing, Err(Error::NotFound(NotFound::Stage))));
    assert!(!flushed());
    world.apis.delete_stage(owner, &api.id, &stage).await.unwrap();
    assert!(flushed());
}

#[tokio::test]
async fn stages_have_limits_and_point_at_what_is_there() {
    let world = World::new();
    let api = world.api().await;
    world.mock(&api).await;
    let deployment = world.deploy(&api, None).await.unwrap();
    let create = async |body: String| {
        let input = serde_json::from_str(&body).unwrap();
        let stage = world.apis.create_stage(&world.owner, &api.id, input).await;
        stage.map(|stage| stage.name.to_string()).map_err(|error| error.to_string())
    };
    for n in 0..10 {
        let body = format!(r#"{{"stageName": "s{n}", "deploymentId": "{}"}}"#, deployment.id);
        assert_eq!(create(body).await.unwrap(), format!("s{n}"));
    }
    for (name, deployment, message) in [
        ("s0", deployment.id.as_str(), "Stage already exists"),
        ("s10", deployment.id.as_str(), "Maximum number of stages for this API has been reached."),
        ("s 1", deployment.id.as_str(), "Stage name only allows a-zA-Z0-9_"),
        ("s10", "nobody", "Deployment id does not exist"),
    ] {
        let body = format!(r#"{{"stageName": "{name}", "deploymentId": "{deployment}"}}"#);
        let error = create(body).await.unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_sequence_of_operations_leaves_a_tree(
        steps in prop::collection::vec((0..4u8, any::<u8>(), any::<u8>(), 0..5usize), 1..25)
    ) {
        const PARTS: [&str; 5] = ["a", "b", "{x}", "{y+}", "no/part"];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let (api, owner) = (world.api().await, &world.owner);
            for (kind, who, whom, part) in steps {
                let before = world.apis.working_copy(owner, &api.id).await.unwrap();
                let pick = |at: u8| before.resources[usize::from(at) % before.resources.len()].id.clone();
                let (id, other, part) = (pick(who), pick(whom), PARTS[part]);
                let done = match kind {
                    0 | 1 => world.apis.create_resource(owner, &api.id, &id, part.to_owned()).await.map(drop),
                    2 => {
                        let patches = vec![
                            op(&format!("replace /pathPart {part}")),
                            op(&format!("replace /parentId {other}")),
                        ];
                        world.apis.update_resource(owner, &api.id, &id, patches).await.map(drop)
                    }
                    _ => world.apis.delete_resource(owner, &api.id, &id).await,
                };
                let after = world.apis.working_copy(owner, &api.id).await.unwrap();
                assert_is_tree(&after.resources);
                assert!(done.is_ok() || after == before, "what is refused changes nothing");
            }
        });
    }
}

#[tokio::test]
async fn links_are_there_before_integrations_and_after_deployments() {
    let mut world = World::new();
    let reach = Reach { vpc_links: ["inner".to_owned()].into(), ..Reach::default() };
    world.apis = world.apis.clone().reaching(reach);
    let api = world.api().await;
    let key = world.mock(&api).await;
    let target = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/inner/5";
    let (owner, arns, none) = (&world.owner, vec![target.to_owned()], BTreeMap::new());
    let link = world.apis.create_vpc_link(owner, "inner".to_owned(), None, arns, none).await.unwrap();
    let through = |id: &str| {
        let text = format!(
            r#"{{"type": "HTTP", "uri": "http://a.b", "httpMethod": "GET", "connectionType": "VPC_LINK", "connectionId": "{id}"}}"#
        );
        world.apis.put_integration(owner, key.clone(), serde_json::from_str(&text).unwrap())
    };
    assert!(matches!(through("nothing").await, Err(Error::NotFound(NotFound::VpcLink))));
    for id in ["${stageVariables.link}", "inner", link.id.as_str()] {
        through(id).await.unwrap();
    }
    world.deploy(&api, Some("dev")).await.unwrap();
    assert_eq!(world.live(&api, "dev").await.unwrap().vpc_links[&link.id], "inner");
    let refusal = world.apis.delete_vpc_link(owner, &link.id).await.unwrap_err().to_string();
    let user = format!(
        "[{}:GET:{}:dev] in format of [RESTApiId:Method:Resource:Stage].",
        api.id, api.root_resource_id
    );
    assert!(refusal.contains(&user), "{refusal}");
    world.apis.delete_stage(owner, &api.id, &"dev".into()).await.unwrap();
    world.apis.delete_vpc_link(owner, &link.id).await.unwrap();
}

#[tokio::test]
async fn a_preview_of_an_import_shows_what_would_change_and_keeps_nothing() {
    let world = World::new();
    let api = world.api().await;
    world.mock(&api).await;
    let document = br#"{"openapi": "3.0.1", "info": {"title": "Other"}, "paths": {"/new": {"get": {
        "x-amazon-apigateway-integration": {"type": "mock"}}}}}"#;
    let was = world.apis.working_copy_document(&world.owner, &api.id).await.unwrap();
    for (mode, wanted, unwanted) in [
        (PutMode::Merge, "+ method GET /new", "- method GET /"),
        (PutMode::Overwrite, "- method GET /", "- method GET /new"),
    ] {
        let options = ImportOptions::default();
        let previewed =
            world.apis.preview_import(&world.owner, &api.id, document, mode, options).await.unwrap();
        assert_eq!(previewed.before, was);
        let changes = difference::differences(&previewed.before, &previewed.after);
        let changes: Vec<String> = changes.iter().flat_map(difference::Difference::report).collect();
        assert!(
            changes.contains(&wanted.to_owned()) && !changes.contains(&unwanted.to_owned()),
            "{changes:?}"
        );
        assert_eq!(world.apis.working_copy_document(&world.owner, &api.id).await.unwrap(), was);
    }
    let options = ImportOptions::default();
    let wrong = world.apis.preview_import(&world.owner, &api.id, b"{", PutMode::Merge, options).await;
    assert!(matches!(wrong, Err(Error::BadRequest(_))), "{wrong:?}");
}
