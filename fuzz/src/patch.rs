//! Patch operations on a stage: applied, or refused with AWS's message.

use std::collections::BTreeMap;

use stepgate::clock::Timestamp;
use stepgate::apis::{CacheClusterStatus, Stage};
use stepgate::apis::patch::{PatchOp, PatchOperation, patch_stage};

pub(crate) fn execute(text: &str) {
    let operation = |line: &str| {
        let mut words = line.splitn(3, '\t');
        let op = PatchOp::parse(words.next()?)?;
        let (path, value) = (words.next().map(str::to_owned), words.next().map(str::to_owned));
        let from = value.clone().filter(|_| op == PatchOp::Copy);
        Some(PatchOperation { op, path, value, from })
    };
    let operations: Vec<PatchOperation> = text.lines().filter_map(operation).collect();
    let mut stage = stage();
    if let Err(error) = patch_stage(&mut stage, &operations) {
        assert!(!error.to_string().is_empty());
    }
}

fn stage() -> Stage {
    Stage {
        name: "s".to_owned().into(),
        deployment_id: "d".to_owned().into(),
        description: None,
        created_date: Timestamp::EPOCH,
        last_updated_date: Timestamp::EPOCH,
        client_certificate_id: None,
        cache_cluster_enabled: false,
        cache_cluster_size: None,
        cache_cluster_status: CacheClusterStatus::NotAvailable,
        method_settings: BTreeMap::new(),
        variables: BTreeMap::from([("v".to_owned(), "x".to_owned())]),
        documentation_version: None,
        access_log_settings: None,
        canary_settings: None,
        tracing_enabled: false,
        web_acl_arn: None,
        tags: BTreeMap::new(),
    }
}

pub(crate) const WORDS: &[&str] = &[
    "add\t",
    "remove\t",
    "replace\t",
    "copy\t",
    "move\t",
    "test\t",
    "\t",
    "\n",
    "/",
    "~0",
    "~1",
    "~",
    "*",
    "/description",
    "/variables/v",
    "/variables",
    "/deploymentId",
    "/cacheClusterEnabled",
    "/cacheClusterSize",
    "/clientCertificateId",
    "/documentationVersion",
    "/tracingEnabled",
    "/accessLogSettings/format",
    "/accessLogSettings/destinationArn",
    "/accessLogSettings",
    "/canarySettings/percentTraffic",
    "/canarySettings/deploymentId",
    "/canarySettings/stageVariableOverrides/v",
    "/canarySettings/stageVariableOverrides",
    "/canarySettings/useStageCache",
    "/canarySettings",
    "/canary/",
    "/*/*/throttling/rateLimit",
    "/*/*/throttling/burstLimit",
    "/*/*/logging/loglevel",
    "/*/*/logging/dataTrace",
    "/*/*/metrics/enabled",
    "/*/*/caching/ttlInSeconds",
    "/~1pets~1{id}/GET/caching/enabled",
    "/*/*/caching/unauthorizedCacheControlHeaderStrategy",
    "true",
    "false",
    "0.5",
    "118",
    "INFO",
    "99999999999",
    "-1",
    "NaN",
    "1e300",
    "arn:aws:logs:us-east-1:123456789012:log-group:g",
    "$context.requestId",
    "é",
];
