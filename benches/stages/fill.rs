//! Imports and deploys the APIs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};
use stepgate::apis::{ApiId, Apis, CreateDeployment, ImportOptions};
use stepgate::clock::{RandomIds, SystemClock};
use stepgate::id::{AccountId, AccountRegion, Region};
use stepgate::store::{self, Store};

/// How many imports are in progress at a time.
const AT_ONCE: usize = 32;
/// The number of APIs in an account; its quota is a little higher. The first account is the one that writes.
pub(crate) const OF_ACCOUNT: usize = 500;
/// The stage that each API is deployed to.
pub(crate) const STAGE: &str = "prod";
/// A path that answers 200 to a POST.
pub(crate) const PATH: &str = "/items0/7";

/// Fills a new data directory; returns the ids of the APIs.
pub(crate) async fn run(dir: &Path, n_apis: usize, n_methods: usize) -> Vec<ApiId> {
    let clock = Arc::new(SystemClock::new());
    let store = Store::open(dir, store::Options::default(), clock.clone()).unwrap();
    let apis = Apis::open(store.clone(), clock, Arc::new(RandomIds)).unwrap();
    let document: Arc<[u8]> = document(n_methods).to_string().into_bytes().into();
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (apis, next, document) = (apis.clone(), next.clone(), document.clone());
            tokio::spawn(async move {
                let mut ids = Vec::new();
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if n_apis <= i {
                        return ids;
                    }
                    ids.push((i, deploy(&apis, i / OF_ACCOUNT, &document).await));
                }
            })
        })
        .collect();
    let mut ids = Vec::new();
    for worker in workers {
        ids.extend(worker.await.unwrap());
    }
    store.close().await;
    ids.sort();
    ids.into_iter().map(|(_, id)| id).collect()
}

async fn deploy(apis: &Apis, account: usize, document: &[u8]) -> ApiId {
    let owner = AccountRegion {
        account: AccountId::parse(&format!("{:012}", 123_456_789_012 + account)).unwrap(),
        region: Region::parse("us-east-1").unwrap(),
    };
    let id = apis.import_rest_api(&owner, document, ImportOptions::default()).await.unwrap().api.id;
    let input = CreateDeployment { stage_name: Some(STAGE.to_owned()), ..CreateDeployment::default() };
    apis.create_deployment(&owner, &id, input).await.unwrap();
    id
}

/// An API of `n_methods` methods, half of them reads and half writes, each with mapping templates.
fn document(n_methods: usize) -> Value {
    let integration = json!({
        "type": "mock",
        "requestTemplates": {"application/json":
            "{\"statusCode\": 200, \"id\": \"$input.params('id')\", \"input\": \"$util.escapeJavaScript($input.json('$'))\"}"},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json":
            "{\"id\": \"$input.params('id')\", \"at\": \"$context.requestTime\"}"}}},
    });
    let operation = json!({
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "done"}},
        "x-amazon-apigateway-integration": integration,
    });
    let paths: Map<String, Value> = (0..n_methods.div_ceil(2))
        .map(|i| (format!("/items{i}/{{id}}"), json!({"get": operation, "post": operation})))
        .collect();
    json!({"openapi": "3.0.1", "info": {"title": "bench", "version": "1"}, "paths": paths})
}
