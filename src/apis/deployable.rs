//! What can't be deployed because the data plane doesn't support it: a table with one row for each feature.
//!
//! When you add a feature to the data plane, delete its row here.

use super::authorizer::Authorizer;
use super::deployment::DeploymentSnapshot;
use super::http_method::HttpMethod;
use super::integration::{CALLERS_OWN, ConnectionType, Integration, IntegrationType};
use super::jwt_configuration::JwtAlgorithm;
use super::method::{AuthorizationType, Method};
use super::reach::Reach;
use super::resource_policy::resource_policy;
use super::rest_api::EndpointType;
use crate::apis::error::BadRequest;
use crate::id::Arn;

/// A method with its integration, as the rows check it.
struct Site<'s> {
    reach: &'s Reach,
    method: &'s Method,
    integration: &'s Integration,
    authorizer: Option<&'s Authorizer>,
}

/// A feature of methods: whether a method uses it, and why that is refused.
struct MethodRow {
    uses: fn(&Site<'_>) -> bool,
    reason: &'static str,
}

/// A feature of a whole API.
struct ApiRow {
    uses: fn(&DeploymentSnapshot) -> bool,
    reason: &'static str,
}

/// Features of methods, each with why it is refused.
const METHOD_ROWS: &[MethodRow] = &[
    MethodRow {
        uses: |site| {
            let trusted = site.authorizer.and_then(|authorizer| authorizer.jwt_configuration.as_ref());
            let uses_es512 = trusted.is_some_and(|it| it.default_algorithms.contains(&JwtAlgorithm::Es512));
            site.method.authorization_type == AuthorizationType::Jwt && uses_es512
        },
        reason: "JWT authorizers with the algorithm ES512 are not supported",
    },
    MethodRow {
        uses: |site| {
            let arns = site.authorizer.iter().flat_map(|authorizer| &authorizer.provider_arns);
            let mut unknown = arns.filter(|arn| !site.reach.has_user_pool(arn));
            site.method.authorization_type == AuthorizationType::CognitoUserPools && unknown.next().is_some()
        },
        reason: "COGNITO_USER_POOLS authorizers are not supported for what is no user pool's ARN",
    },
    MethodRow {
        uses: |site| site.integration.kind == IntegrationType::AwsProxy && !is_reachable(site),
        reason: "integrations of type AWS_PROXY are supported for Lambda functions only",
    },
    MethodRow {
        uses: |site| site.integration.kind == IntegrationType::Aws && !is_reachable(site),
        reason: "integrations of type AWS are supported for the services of this server and for those that have an \
                 endpoint in the settings ([services.NAME] endpoint, or [services] default) only",
    },
    MethodRow {
        uses: |site| {
            site.integration.credentials.as_deref() == Some(CALLERS_OWN)
                && site.method.authorization_type != AuthorizationType::AwsIam
        },
        reason: "integrations with the credentials of the caller (arn:aws:iam::*:user/*) are supported for methods with \
                 AWS_IAM only: nobody else has any",
    },
    MethodRow {
        uses: |site| {
            site.integration.connection_type == ConnectionType::VpcLink && site.reach.vpc_links.is_empty()
        },
        reason: "VPC links are not supported while the settings name no upstreams ([vpc_links])",
    },
];

/// Features of the API as a whole.
const API_ROWS: &[ApiRow] = &[ApiRow {
    uses: |snapshot| {
        let policy = snapshot.api.policy.as_deref().filter(|policy| !policy.is_empty());
        policy.is_some_and(|policy| resource_policy(policy, "").is_err())
    },
    reason: "resource policies that break the grammar of IAM's are not supported",
}];

/// Settings that are accepted, stored and shown but have no effect: ignoring them is always correct, if slower or less
/// observable than on AWS.
pub const WITHOUT_EFFECT: &[&str] = &[
    "cacheDataEncrypted: cached answers are in memory only",
    "tracingEnabled, metricsEnabled: nothing is sent to X-Ray or CloudWatch",
    "endpoint types (except that they say how long a streamed response may pause), VPC endpoints, IP address types, \
     security policies, endpoint access modes: every API is reached through this server's listeners",
    "stageKeys, labels, customerId and generateDistinctId of API keys, productCode of usage plans: usage plans alone say what a \
     key opens, and a key's id is never its value",
    "cloudwatchRoleArn: it has to be set before execution logs are switched on, and is not used",
];

/// Refuses what can't be deployed: an API without methods, methods without an integration, features in the tables.
pub(super) fn check_deployable(snapshot: &DeploymentSnapshot, reach: &Reach) -> Result<(), BadRequest> {
    let methods =
        || snapshot.resources.iter().flat_map(|r| r.methods.iter().map(move |(verb, m)| (r, verb, m)));
    if methods().next().is_none() {
        return Err(BadRequest::NoMethods);
    }
    if methods().any(|(_, _, method)| method.integration.is_none()) {
        return Err(BadRequest::NoIntegration);
    }
    let is_private = snapshot.api.endpoint_configuration.kind == EndpointType::Private;
    if is_private && snapshot.api.policy.is_none() {
        return Err(BadRequest::NoPolicy);
    }
    if let Some(row) = API_ROWS.iter().find(|row| (row.uses)(snapshot)) {
        let place = format!("API {}", snapshot.api.id);
        return Err(BadRequest::NotDeployable { place, reason: row.reason });
    }
    for (resource, verb, method) in methods() {
        let Some(integration) = &method.integration else { continue };
        let authorizer = method.authorizer_id.as_ref().and_then(|id| snapshot.authorizers.get(id));
        let site = Site { reach, method, integration, authorizer };
        if let Some(row) = METHOD_ROWS.iter().find(|row| (row.uses)(&site)) {
            return Err(BadRequest::NotDeployable {
                place: place(*verb, &resource.path),
                reason: row.reason,
            });
        }
    }
    Ok(())
}

/// The features that are refused, for the compatibility page.
pub fn refused_features() -> impl Iterator<Item = &'static str> {
    METHOD_ROWS.iter().map(|row| row.reason).chain(API_ROWS.iter().map(|row| row.reason))
}

fn place(verb: HttpMethod, path: &str) -> String {
    format!("method {verb} {path}")
}

fn is_reachable(site: &Site<'_>) -> bool {
    // `arn:aws:apigateway:{region}:{subdomain.service or service}:{action or path}/…`
    let uri = site.integration.uri.as_deref().and_then(|uri| Arn::parse(uri).ok());
    uri.is_some_and(|uri| {
        let service = uri.account.rsplit('.').next().unwrap_or_default();
        let is_call = uri.resource.starts_with("action/") || uri.resource.starts_with("path/");
        is_call && site.reach.has_service(service)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::resource::Resource;
    use super::*;
    use crate::apis::fixtures::{test_integration, test_method, test_rest_api};

    fn check(change: impl FnOnce(&mut DeploymentSnapshot, &mut Method)) -> Result<(), String> {
        let mut method = test_method();
        method.integration = Some(test_integration(IntegrationType::Http));
        let mut snapshot = DeploymentSnapshot {
            api: test_rest_api(),
            resources: Vec::new(),
            models: BTreeMap::new(),
            request_validators: BTreeMap::new(),
            authorizers: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
        };
        change(&mut snapshot, &mut method);
        snapshot.resources.push(Resource {
            id: "root000000".into(),
            parent_id: None,
            path_part: None,
            path: "/".to_owned(),
            methods: BTreeMap::from([(HttpMethod::Get, method)]),
        });
        let services = ["sqs", "states"].map(str::to_owned).into();
        let reach = Reach { services, ..Reach::default() };
        check_deployable(&snapshot, &reach).map_err(|error| error.to_string())
    }

    fn aws(uri: &str) -> Result<(), String> {
        check(|_, method| {
            let mut integration = test_integration(IntegrationType::Aws);
            integration.uri = Some(uri.to_owned());
            method.integration = Some(integration);
        })
    }

    #[test]
    fn what_the_data_plane_honours_is_deployed() {
        assert_eq!(check(|_, _| ()), Ok(()));
        assert_eq!(check(|_, method| method.api_key_required = true), Ok(()));
        assert_eq!(check(|_, method| method.authorization_type = AuthorizationType::AwsIam), Ok(()));
        assert_eq!(check(|_, method| method.authorization_type = AuthorizationType::Custom), Ok(()));
        assert_eq!(aws("arn:aws:apigateway:us-east-1:states:action/StartExecution"), Ok(()));
        assert_eq!(aws("arn:aws:apigateway:us-east-1:states:path/"), Ok(()));
        assert_eq!(aws("arn:aws:apigateway:us-east-1:queue.sqs:path/1/q"), Ok(()));
    }

    #[test]
    fn private_apis_say_who_may_call_them() {
        let private = |policy: Option<&str>| {
            check(|snapshot, _| {
                snapshot.api.endpoint_configuration.kind = EndpointType::Private;
                snapshot.api.policy = policy.map(str::to_owned);
            })
        };
        assert_eq!(
            private(None).unwrap_err(),
            "Private REST API doesn't have a resource policy attached to it"
        );
        assert_eq!(private(Some(r#"{"Version": "2012-10-17", "Statement": []}"#)), Ok(()));
    }

    #[test]
    fn what_it_does_not_is_refused_with_the_method_named() {
        let message = check(|_, method| {
            let mut integration = test_integration(IntegrationType::AwsProxy);
            integration.uri = Some("arn:aws:apigateway:us-east-1:firehose:action/PutRecord".to_owned());
            method.integration = Some(integration);
        });
        assert_eq!(
            message.unwrap_err(),
            "This server can't deploy method GET /: integrations of type AWS_PROXY are supported for Lambda functions only"
        );
        let as_caller = |kind| {
            check(|_, method| {
                method.authorization_type = kind;
                let mut integration = test_integration(IntegrationType::Aws);
                integration.uri =
                    Some("arn:aws:apigateway:us-east-1:states:action/ListActivities".to_owned());
                integration.credentials = Some(CALLERS_OWN.to_owned());
                method.integration = Some(integration);
            })
        };
        assert_eq!(as_caller(AuthorizationType::AwsIam), Ok(()));
        assert!(
            as_caller(AuthorizationType::None).unwrap_err().contains("with the credentials of the caller")
        );
        assert!(aws("arn:aws:apigateway:us-east-1:s3:path/b/k").is_err());
        assert!(check(|snapshot, _| snapshot.api.policy = Some("{}".to_owned())).is_err());
        assert_eq!(
            check(|_, method| method.integration = None).unwrap_err(),
            "No integration defined for method"
        );
    }
}
