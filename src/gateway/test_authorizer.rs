//! TestInvokeAuthorizer: runs an authorizer of the working copy once, with a log. Nothing is cached.

use std::sync::Arc;

use super::access::method_arn;
use super::authorizers::{AuthorizerFacts, AuthorizerSetting, CompiledAuthorizer};
use super::compile::{CompiledMethod, CompiledStage, compile_for_test};
use super::execution_log::ExecutionLog;
use super::refusal::Refusal;
use super::stack::Gateway;
use crate::apis::{ResponseType, TestAuthorization, TestAuthorizationOutcome};

/// The stage name in such calls, as on AWS.
const STAGE: &str = "ESTestInvoke-stage";

impl Gateway {
    pub(super) async fn test_authorizer(&self, test: &TestAuthorization) -> TestAuthorizationOutcome {
        let started = self.inner.clock.monotonic();
        let stage = CompiledStage {
            name: STAGE.into(),
            ..compile_for_test(&test.owner, &test.api, &test.stage_variables)
        };
        let place = format!("API {}, test", test.api.api.id);
        let setting = AuthorizerSetting {
            place: &place,
            variables: &test.stage_variables,
            pools: &self.inner.stages.shared().pools,
            given: &test.additional_context,
        };
        let authorizer = CompiledAuthorizer::compile(&test.authorizer, setting);

        let given = test.path_with_query_string.as_deref().unwrap_or_default();
        let (path, query) = given.split_once('?').unwrap_or((given, ""));
        let path = format!("/{}", path.trim_start_matches('/'));
        let mut context = self.test_context(&test.headers, http::Method::GET, &stage, &path, query);
        let root = test.api.api.root_resource_id.clone();
        let method = CompiledMethod { resource_path: path.as_str().into(), ..CompiledMethod::absent(root) };
        let arn = method_arn(&context, &stage, &method);
        let (method, stage) = (Arc::new(method), Arc::new(stage));
        context.route = Some(method);
        context.stage = Some(stage.clone());
        let mut log = ExecutionLog::of_authorizer(&context.request_id, context.received);
        log.line(format_args!("Starting authorizer: {}", authorizer.id));
        context.log = Some(log);

        let mut facts = AuthorizerFacts::default();
        let result =
            self.inner.guard.authorizer_runner.ask(&authorizer, &stage, &mut context, &arn, &mut facts).await;
        match &result {
            Ok(()) => {
                if let Some(verdict) = &facts.verdict {
                    let principal = &verdict.principal_id;
                    context.log(format_args!("Using valid authorizer policy for principal: {principal}"));
                }
                context.log(format_args!("Successfully completed authorizer execution"));
            }
            Err(Refusal::Unauthorized) => {
                let id = context.request_id.clone();
                context.log(format_args!("Unauthorized request: {id}"));
            }
            Err(refusal) => {
                let told = refusal.message().map(|message| message.into_owned());
                let reason = facts.error.clone().or(told).unwrap_or_default();
                context.log(format_args!("Execution failed due to configuration error: {reason}"));
            }
        }
        let latency = self.inner.clock.monotonic().saturating_sub(started);
        TestAuthorizationOutcome {
            client_status: result.as_ref().err().map_or(0, status),
            log: context.log.take().map(ExecutionLog::into_text).unwrap_or_default(),
            latency_millis: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            principal_id: facts.verdict.as_ref().map(|verdict| verdict.principal_id.clone()),
            policy: facts.verdict.as_ref().map(|verdict| verdict.document.clone()),
            claims: facts.claims.unwrap_or_default(),
        }
    }
}

/// The status that a client would see.
fn status(refusal: &Refusal) -> u16 {
    let default = refusal.response_type().and_then(ResponseType::default_status);
    refusal.own_status().or_else(|| Some(default?.as_u16())).unwrap_or(500)
}
