//! TestInvokeMethod: a method of the working copy goes through the same phases, with a log.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::BodyExt as _;

use super::address::{Target, TargetApi};
use super::compile::{
    CompiledMethod, CompiledStage, Setting, client_identity, compile_for_test, compile_method, library,
    parameters_of,
};
use super::context::Context;
use super::execution_log::{ExecutionLog, JavaMap};
use super::headers::spelling;
use super::peer::Peer;
use super::pipeline::{Admitted, PAYLOAD_BYTES_MAX, respond, tested};
use super::stack::Gateway;
use super::upstream::Links;
use crate::apis::{
    TestAuthorization, TestAuthorizeFuture, TestInvocation, TestInvoke, TestInvokeFuture, TestOutcome,
};
use crate::connect::{Body, collect, full};
use crate::identity::TargetUri;

/// A test call has no client; AWS shows this address, too.
const PEER: Peer = Peer { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), certificate: None, is_secure: false };

const STAGE: &str = "test-invoke-stage";

/// How long a streamed response is awaited. AWS returns what there is by then, or once there is more than a megabyte,
/// and no execution log:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-streaming-troubleshoot.html>.
const STREAM_TIME_MAX: Duration = Duration::from_secs(35);
const STREAM_BYTES_MAX: usize = 1024 * 1024;

impl TestInvoke for Gateway {
    fn test_invoke(&self, invocation: TestInvocation) -> TestInvokeFuture<'_> {
        Box::pin(self.test(invocation))
    }

    fn test_authorize(&self, test: TestAuthorization) -> TestAuthorizeFuture<'_> {
        Box::pin(async move { self.test_authorizer(&test).await })
    }
}

impl Gateway {
    async fn test(&self, invocation: TestInvocation) -> TestOutcome {
        let started = self.inner.clock.monotonic();
        let (admitted, names) = self.admitted(&invocation);
        let is_streamed = admitted.streams();
        let deadline = tokio::time::Instant::now() + STREAM_TIME_MAX;
        let answer = self.inner.answer_admitted(admitted);
        let result = match is_streamed {
            false => answer.await,
            true => match tokio::time::timeout_at(deadline, Box::pin(answer)).await {
                Ok(result) => result,
                Err(_) => return TestOutcome::silent(STREAM_TIME_MAX),
            },
        };
        let finished = respond::finish(result, false);
        let (parts, body) = finished.response.into_parts();
        let mut context = finished.context;
        let status = parts.status.as_u16();
        context.log(format_args!("Method completed with status: {status}"));
        let latency = self.inner.clock.monotonic().saturating_sub(started);
        let body = match is_streamed {
            // A body that breaks off is shown as empty.
            false => collect(body, PAYLOAD_BYTES_MAX).await.unwrap_or_default(),
            true => beginning(body, deadline).await,
        };
        let log = context.log.take().filter(|_| !is_streamed).map(ExecutionLog::into_text);
        TestOutcome {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
            headers: shown(&parts.headers, &names),
            log: log.unwrap_or_default(),
            latency_millis: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// The call after the phases that don't apply to it, and the header names in the API's spelling.
    fn admitted(&self, invocation: &TestInvocation) -> (Admitted, Vec<String>) {
        let TestInvocation { owner, api, resource_id, method: verb, stage_variables, .. } = invocation;
        let stage = Arc::new(CompiledStage {
            client_identity: invocation.client_certificate.as_ref().and_then(client_identity),
            ..compile_for_test(owner, api, stage_variables)
        });
        let resource = api.resources.iter().find(|resource| resource.id == *resource_id);
        let definition = resource.and_then(|resource| Some((resource, resource.methods.get(verb)?)));
        let (method, names, resource_path) = match definition {
            Some((resource, method)) => {
                let links =
                    Links { names: &invocation.vpc_links, upstreams: &self.inner.stages.shared().upstreams };
                let setting = Setting { stage: STAGE, variables: stage_variables, links };
                let compiled = compile_method(api, &library(api), resource, *verb, method, setting);
                let declared = method.responses.values().flat_map(|response| response.parameters.keys());
                let names = declared.filter_map(|key| key.strip_prefix("method.response.header."));
                (compiled, names.map(str::to_owned).collect(), resource.path.as_str())
            }
            // The caller has checked; a missing method fails like one without an integration.
            None => (CompiledMethod::absent(resource_id.clone()), Vec::new(), "/"),
        };
        let given = invocation.path_with_query_string.as_deref().filter(|path| !path.is_empty());
        let path_with_query = given.unwrap_or(resource_path);
        let (path, query) = path_with_query.split_once('?').unwrap_or((path_with_query, ""));
        let verb = Method::from_bytes(invocation.http_method.as_str().as_bytes()).unwrap_or_default();
        let mut context = self.test_context(&invocation.headers, verb, &stage, path, query);
        let method = Arc::new(method);
        context.path_parameters = parameters_of(&method.resource_path, path).unwrap_or_default();
        context.route = Some(method.clone());
        context.stage = Some(stage.clone());
        open_log(&mut context, invocation, path);
        context.hide_signature();
        let body = full(invocation.body.clone().unwrap_or_default());
        (tested(Box::new(context), stage, method, body), names)
    }

    /// The context of a test call.
    pub(super) fn test_context(
        &self,
        given: &[(String, Vec<String>)],
        verb: Method,
        stage: &CompiledStage,
        path: &str,
        query: &str,
    ) -> Context {
        let mut headers = HeaderMap::new();
        for (name, values) in given {
            let Ok(name) = HeaderName::try_from(name) else { continue };
            headers.extend(
                values.iter().filter_map(|value| {
                    Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?))
                }),
            );
        }
        let mut request = http::Request::new(());
        *request.headers_mut() = headers;
        *request.method_mut() = verb;
        let target = Target {
            api: TargetApi::Named(stage.api_id.clone()),
            stage: stage.name.clone(),
            path: path.to_owned(),
            custom_domain: None,
        };
        let (parts, ()) = request.into_parts();
        // The path may be invalid in a URI; it is read from the target instead.
        let uri = TargetUri::of_query(query);
        Context::new(parts, uri, target, PEER, &*self.inner.clock, &*self.inner.ids)
    }
}

/// What there is of a streamed body at its end, at the deadline, or when there is enough.
async fn beginning(mut body: Body, deadline: tokio::time::Instant) -> Bytes {
    let mut read = BytesMut::new();
    while read.len() <= STREAM_BYTES_MAX
        && let Ok(Some(Ok(frame))) = tokio::time::timeout_at(deadline, body.frame()).await
    {
        read.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
    }
    read.freeze()
}

fn open_log(context: &mut Context, invocation: &TestInvocation, path: &str) {
    let mut log = ExecutionLog::new(&context.request_id, context.received);
    log.line(format_args!("HTTP Method: {}, Resource Path: {path}", invocation.http_method));
    let parameters = context.path_parameters.iter().map(|(name, value)| (name, value));
    log.line(format_args!("Method request path: {}", JavaMap(parameters)));
    log.line(format_args!("Method request query string: {}", JavaMap(context.query().singles())));
    let headers = invocation.headers.iter().filter_map(|(name, values)| Some((name, values.last()?)));
    log.line(format_args!("Method request headers: {}", JavaMap(headers)));
    let body = invocation.body.as_deref().unwrap_or_default();
    log.line(format_args!("Method request body before transformations: {body}"));
    context.log = Some(log);
}

/// The response's headers under the names that the API declares, without the length.
fn shown(headers: &HeaderMap, declared: &[String]) -> Vec<(String, Vec<String>)> {
    let mut shown: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        shown.entry(name.as_str()).or_default().push(value);
    }
    shown.remove("content-length");
    let name = |name: &str| {
        let own = declared.iter().find(|declared| declared.eq_ignore_ascii_case(name));
        own.cloned().unwrap_or_else(|| spelling(name))
    };
    shown.into_iter().map(|(key, values)| (name(key), values)).collect()
}

#[cfg(test)]
mod tests;
