//! `gateway::Backends`: an `AWS` integration calls the table of operations that clients call, in process, or a
//! service elsewhere that the settings name.

use std::sync::{Arc, Weak};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::gateway::{AwsCall, AwsOperation, BackendError, BackendResponse, Backends, BoxFuture, CallAs};
use crate::id::{AccountId, Arn, Region};
use crate::identity::{Caller, Principal};
use crate::tasks::Services;
use crate::wire::{self, ApiError, Code, states};

/// The session under which API Gateway assumes an integration's role.
const SESSION: &str = "BackplaneAssumeRoleSession";

/// Services of this house, without a socket between, and beside them those elsewhere.
pub(super) struct InProcess {
    elsewhere: Arc<Services>,
    // The APIs hold the gateway for its test calls, which holds this.
    api: Weak<wire::Api>,
}

impl InProcess {
    pub(super) fn new(api: Weak<wire::Api>, elsewhere: Arc<Services>) -> Self {
        Self { elsewhere, api }
    }

    async fn answer(&self, call: AwsCall) -> Result<BackendResponse, BackendError> {
        let api = self.api.upgrade().ok_or(BackendError::Unreachable)?;
        let caller = caller(&call)?;
        if call.service != states::SERVICE.name {
            permit_elsewhere(&api, &caller, &call).await?;
            let unknown = unknown_service(&call);
            return self.elsewhere.call(call).await.unwrap_or(Err(unknown));
        }
        let (action, is_named_by_arn) = match &call.operation {
            AwsOperation::Action(action) => (action.as_str(), true),
            // The service's HTTP API is one path: the operation is named as its clients name it.
            AwsOperation::Path(_) => (target(&call), false),
        };
        let Some(region) = Region::parse(&call.region) else { return Err(unknown_service(&call)) };
        // The mapped body is the operation's input as it is, and the operation's output is the answer.
        let result = api.invoke(&states::SERVICE, action, call.body.clone(), caller, region).await;
        let (status, body) = match result {
            Ok(body) => (StatusCode::OK, body),
            // A name that is not in the service's table is the integration's fault, not the caller's.
            Err(ApiError { code: Code::UnknownOperation, .. }) if is_named_by_arn => {
                return Err(unknown_operation(&call));
            }
            // The house itself failed, its disk most likely: no answer of the service that could be mapped.
            Err(ApiError { code: Code::InternalFailure | Code::ServiceUnavailable, .. }) => {
                return Err(BackendError::Unreachable);
            }
            Err(error) => {
                let protocol = states::SERVICE.protocol;
                let status = StatusCode::from_u16(error.status(protocol));
                (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error.json(protocol))
            }
        };
        let json = HeaderValue::from_static("application/x-amz-json-1.0");
        Ok(BackendResponse { status, headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]), body })
    }
}

impl Backends for InProcess {
    fn call(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendResponse, BackendError>> {
        Box::pin(self.answer(call))
    }
}

/// The operation of `X-Amz-Target`, which a call of the path `/` has; no operation's name if there is none.
fn target(call: &AwsCall) -> &str {
    let header = call.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let is_root = call.operation == AwsOperation::Path("/".to_owned());
    header
        .filter(|_| is_root)
        .and_then(|target| target.strip_prefix(states::SERVICE.protocol.target_prefix()?)?.strip_prefix('.'))
        .unwrap_or_default()
}

/// A service elsewhere is called with a key of the settings: whoever calls it in their own name needs the permission
/// that the service would ask for.
async fn permit_elsewhere(api: &wire::Api, caller: &Caller, call: &AwsCall) -> Result<(), BackendError> {
    if !matches!(caller.principal, Principal::Session(_)) {
        return Ok(());
    }
    let refused = |reason: String| BackendError::Credentials { role: caller.arn.to_string(), reason };
    let Some(region) = Region::parse(&call.region) else { return Err(unknown_service(call)) };
    let Some((action, resource)) = permission(call) else {
        return Err(refused(format!("no permission is known for this call of {}", call.service)));
    };
    let permitted = api.permits(caller, &region, action, resource).await;
    permitted.map_err(|error| refused(error.message.unwrap_or_default().into_owned()))
}

/// Action and resource of a call of a service elsewhere, as far as it tells.
fn permission(call: &AwsCall) -> Option<(String, String)> {
    match &call.operation {
        AwsOperation::Action(action) => Some((format!("{}:{action}", call.service), "*".to_owned())),
        AwsOperation::Path(path) if call.service == "lambda" => {
            let function = path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
            Some(("lambda:InvokeFunction".to_owned(), function.to_owned()))
        }
        AwsOperation::Path(_) => None,
    }
}

/// Who calls. Roles of integrations are not asked what they may do; callers in their own name are.
fn caller(call: &AwsCall) -> Result<Caller, BackendError> {
    let role = match &call.call_as {
        CallAs::Api => return Ok(Caller::root(call.owner.account.clone())),
        CallAs::Caller(caller) => return Ok(Caller::clone(caller)),
        CallAs::Role(role) => role,
    };
    let refused = |reason: &str| BackendError::Credentials { role: role.clone(), reason: reason.to_owned() };
    let arn = Arn::parse(role).map_err(|error| refused(&error.to_string()))?;
    let path = arn.resource.strip_prefix("role/").filter(|_| arn.service == "iam");
    let name = path.and_then(|path| path.rsplit('/').next()).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| refused("not a role's ARN"))?;
    let account =
        AccountId::parse(&arn.account).ok_or_else(|| refused("the role's account is not 12 digits"))?;
    Ok(Caller::assumed_role(account, name, SESSION))
}

fn unknown_service(call: &AwsCall) -> BackendError {
    BackendError::UnknownService { service: call.service.clone() }
}

fn unknown_operation(call: &AwsCall) -> BackendError {
    let (AwsOperation::Action(operation) | AwsOperation::Path(operation)) = &call.operation;
    BackendError::UnknownOperation { service: call.service.clone(), operation: operation.clone() }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderName, Method};

    use super::*;
    use crate::clock::SystemClock;
    use crate::connect::{self, HttpClient};
    use crate::id::AccountRegion;

    fn call(role: Option<&str>) -> AwsCall {
        AwsCall {
            owner: AccountRegion {
                account: AccountId::parse("123456789012").unwrap(),
                region: Region::parse("us-east-1").unwrap(),
            },
            api_id: "abcde12345".into(),
            service: "states".to_owned(),
            region: "us-east-1".to_owned(),
            operation: AwsOperation::Action("StartExecution".to_owned()),
            method: Method::POST,
            call_as: role.map_or(CallAs::Api, |role| CallAs::Role(role.to_owned())),
            source_arn: None,
            headers: HeaderMap::new(),
            query: Vec::new(),
            body: Bytes::new(),
        }
    }

    fn nowhere() -> Arc<Services> {
        let client = HttpClient::new(connect::Options::default());
        let home = call(None).owner;
        Services::new(&std::collections::BTreeMap::new(), None, &home, client, Arc::new(SystemClock::new()))
            .unwrap()
            .into()
    }

    #[test]
    fn a_path_names_its_operation_as_clients_do() {
        for (path, header, expect) in [
            ("/", Some("AWSStepFunctions.StartExecution"), "StartExecution"),
            ("/", Some("Other.StartExecution"), ""),
            ("/", None, ""),
            ("/x", Some("AWSStepFunctions.StartExecution"), ""),
        ] {
            let mut call = call(None);
            call.operation = AwsOperation::Path(path.to_owned());
            call.headers
                .extend(header.map(|it| (HeaderName::from_static("x-amz-target"), it.parse().unwrap())));
            assert_eq!(target(&call), expect, "{path} {header:?}");
        }
    }

    #[test]
    fn an_integration_calls_under_its_role() {
        for (role, arn) in [
            (
                "arn:aws:iam::123456789012:role/R",
                "arn:aws:sts::123456789012:assumed-role/R/BackplaneAssumeRoleSession",
            ),
            (
                "arn:aws:iam::210987654321:role/p/R",
                "arn:aws:sts::210987654321:assumed-role/R/BackplaneAssumeRoleSession",
            ),
        ] {
            assert_eq!(&*caller(&call(Some(role))).unwrap().arn, arn);
        }
        let user = Caller::root(AccountId::parse("210987654321").unwrap());
        let as_user = AwsCall { call_as: CallAs::Caller(Box::new(user.clone())), ..call(None) };
        assert_eq!(caller(&as_user).unwrap(), user);
        assert_eq!(&*caller(&call(None)).unwrap().arn, "arn:aws:iam::123456789012:root");
    }

    #[test]
    fn what_is_no_role_is_refused() {
        for role in ["R", "arn:aws:iam::*:user/*", "arn:aws:iam::123456789012:role/", "arn:aws:iam::x:role/R"]
        {
            assert!(matches!(caller(&call(Some(role))), Err(BackendError::Credentials { .. })), "{role}");
        }
    }

    #[tokio::test]
    async fn a_house_that_is_gone_is_unreachable() {
        let gone = InProcess::new(Weak::new(), nowhere());
        assert_eq!(gone.call(call(None)).await.unwrap_err(), BackendError::Unreachable);
    }
}
