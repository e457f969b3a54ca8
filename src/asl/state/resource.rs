//! `Resource` of a Task: an activity, a Lambda function, or a service integration.

use super::super::StateMachineType;
use super::super::diagnostics::{Code, Subject};
use super::super::fields::Fields;
use crate::id::{ActivityArn, Arn, Region};

/// Who does a task's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Workers that poll for it.
    Activity(ActivityArn),
    /// A Lambda function by its ARN.
    Lambda(Arn),
    /// A service: `arn:aws:states:::SERVICE:ACTION[.sync|.sync:2|.waitForTaskToken]`. Region and account, which
    /// the ARN leaves empty, may be filled in and mean nothing.
    Integration(Integration),
}

/// A service integration.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// `lambda`, `sqs`, …, or `aws-sdk:sfn`: what history events call the resource type.
    pub service: String,
    /// `invoke`, `sendMessage`, … without the pattern.
    pub action: String,
    /// When the task is done.
    pub pattern: Pattern,
    /// The resource as written.
    pub text: String,
}

/// When a service integration is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// With the service's response.
    RequestResponse,
    /// `.sync`: when the job has ended.
    Sync,
    /// `.sync:2`: the same, with the job's output as JSON rather than text.
    Sync2,
    /// `.waitForTaskToken`: when somebody sends the token back.
    WaitForTaskToken,
}

impl Pattern {
    /// What follows the action in the ARN.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::RequestResponse => "",
            Self::Sync => ".sync",
            Self::Sync2 => ".sync:2",
            Self::WaitForTaskToken => ".waitForTaskToken",
        }
    }
}

use Pattern::{RequestResponse, Sync, Sync2, WaitForTaskToken};

/// What any service offers at least.
const CALL: &[Pattern] = &[RequestResponse];
const CALL_OR_JOB: &[Pattern] = &[RequestResponse, Sync];
const CALL_OR_TOKEN: &[Pattern] = &[RequestResponse, WaitForTaskToken];

/// The optimized integrations: service, actions, patterns. Which of them this server can run is for the engine
/// to say when the task starts.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html>
pub(super) const OPTIMIZED: &[(&str, &[&str], &[Pattern])] = &[
    ("apigateway", &["invoke"], CALL_OR_TOKEN),
    ("athena", &["startQueryExecution"], CALL_OR_JOB),
    ("athena", &["stopQueryExecution", "getQueryExecution", "getQueryResults"], CALL),
    ("batch", &["submitJob"], CALL_OR_JOB),
    ("bedrock", &["invokeModel"], CALL),
    ("bedrock", &["createModelCustomizationJob"], CALL_OR_JOB),
    ("codebuild", &["startBuild", "startBuildBatch", "retryBuildBatch"], CALL_OR_JOB),
    (
        "codebuild",
        &["stopBuild", "batchDeleteBuilds", "batchGetReports", "stopBuildBatch", "deleteBuildBatch"],
        CALL,
    ),
    ("databrew", &["startJobRun"], CALL_OR_JOB),
    ("dynamodb", &["getItem", "putItem", "updateItem", "deleteItem"], CALL),
    ("ecs", &["runTask"], &[RequestResponse, Sync, WaitForTaskToken]),
    (
        "eks",
        &[
            "createCluster",
            "deleteCluster",
            "createFargateProfile",
            "deleteFargateProfile",
            "createNodegroup",
            "deleteNodegroup",
            "runJob",
        ],
        CALL_OR_JOB,
    ),
    ("eks", &["call"], CALL),
    ("elasticmapreduce", &["createCluster", "terminateCluster", "addStep"], CALL_OR_JOB),
    (
        "elasticmapreduce",
        &[
            "cancelStep",
            "setClusterTerminationProtection",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
        ],
        CALL,
    ),
    ("emr-containers", &["createVirtualCluster"], CALL),
    ("emr-containers", &["deleteVirtualCluster", "startJobRun"], CALL_OR_JOB),
    (
        "emr-serverless",
        &[
            "createApplication",
            "startApplication",
            "stopApplication",
            "deleteApplication",
            "startJobRun",
            "cancelJobRun",
        ],
        CALL_OR_JOB,
    ),
    ("events", &["putEvents"], CALL_OR_TOKEN),
    ("glue", &["startJobRun"], CALL_OR_JOB),
    ("http", &["invoke"], CALL),
    ("lambda", &["invoke"], CALL_OR_TOKEN),
    ("mediaconvert", &["createJob"], CALL_OR_JOB),
    (
        "sagemaker",
        &[
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createProcessingJob",
            "createTrainingJob",
            "createTransformJob",
        ],
        CALL_OR_JOB,
    ),
    ("sagemaker", &["createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"], CALL),
    ("sns", &["publish"], CALL_OR_TOKEN),
    ("sqs", &["sendMessage"], CALL_OR_TOKEN),
    ("states", &["startExecution"], &[RequestResponse, Sync, Sync2, WaitForTaskToken]),
];

impl Resource {
    /// The `Resource` of a Task in a machine of this kind.
    pub(super) fn read(state: &Fields<'_>, kind: StateMachineType) -> Option<Self> {
        let text = state.string("Resource")?;
        let problem = |message: &str| state.field_problem("Resource", message);
        match Self::parse(text) {
            Err(reason) => {
                let at = state.at.field("Resource");
                let code = Code::SchemaValidationFailed;
                state.findings.text(code, &at, Subject::Resource, reason.to_string());
                None
            }
            Ok(resource) => {
                if let (StateMachineType::Express, Some(lacking)) = (kind, resource.standard_only()) {
                    problem(&format!("Express state machine does not support {lacking}"));
                }
                Some(resource)
            }
        }
    }

    fn parse(text: &str) -> Result<Self, ResourceError> {
        let arn = Arn::parse(text).map_err(|_| ResourceError::NotAnArn)?;
        match arn.service.as_str() {
            "lambda" if is_function(&arn.resource) => Ok(Self::Lambda(arn)),
            "states" if arn.resource.starts_with("activity:") => {
                // Definitions may be older than the ARNs of their region's own partition.
                let partition = Region::parse(&arn.region).map(|region| region.partition().to_owned());
                let arn = Arn { partition: partition.unwrap_or_else(|| arn.partition.clone()), ..arn };
                ActivityArn::parse(&arn.to_string()).map(Self::Activity).map_err(|_| ResourceError::NotAnArn)
            }
            "states" => Integration::parse(&arn.resource, text)
                .map(Self::Integration)
                .ok_or_else(|| ResourceError::Unrecognized(text.to_owned())),
            _ => Err(ResourceError::NotAnArn),
        }
    }

    /// What an Express workflow can't have about it, in AWS's words.
    fn standard_only(&self) -> Option<&'static str> {
        match self {
            Self::Activity(_) => Some("Activity ARN"),
            Self::Lambda(_) => None,
            Self::Integration(integration) => match integration.pattern {
                RequestResponse => None,
                Sync | Sync2 => Some("'.sync' service integration"),
                // The space at the end is AWS's.
                WaitForTaskToken => Some("'.waitForTaskToken' service integration "),
            },
        }
    }
}

/// Why a text is no resource of a Task.
#[derive(Debug, thiserror::Error)]
enum ResourceError {
    #[error("Value is not a valid resource ARN")]
    NotAnArn,
    #[error(
        "The resource provided {0} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
    )]
    Unrecognized(String),
}

impl Integration {
    /// From `SERVICE:ACTION…`, or `aws-sdk:SERVICE:ACTION…`; `text` is the whole ARN.
    fn parse(resource: &str, text: &str) -> Option<Self> {
        let (service, rest) = match resource.strip_prefix("aws-sdk:") {
            Some(sdk) => {
                let (service, rest) = sdk.split_once(':')?;
                (&resource[.."aws-sdk:".len() + service.len()], rest)
            }
            None => resource.split_once(':')?,
        };
        let (action, pattern) = split_pattern(rest)?;
        let known = match service.strip_prefix("aws-sdk:") {
            Some(service) => CALL_OR_TOKEN.contains(&pattern) && is_sdk_name(service) && is_sdk_name(action),
            None => OPTIMIZED.iter().any(|(name, actions, patterns)| {
                *name == service && actions.contains(&action) && patterns.contains(&pattern)
            }),
        };
        known.then(|| Self {
            service: service.to_owned(),
            action: action.to_owned(),
            pattern,
            text: text.to_owned(),
        })
    }
}

/// `function:NAME`, perhaps with a version or alias behind it.
fn is_function(resource: &str) -> bool {
    let Some(function) = resource.strip_prefix("function:") else { return false };
    let is_part = |part: &str| !part.is_empty() && part.chars().all(is_of_function_name);
    let (name, qualifier) = function.split_once(':').map_or((function, None), |(name, q)| (name, Some(q)));
    is_part(name) && qualifier.is_none_or(is_part)
}

pub(super) fn is_of_function_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$')
}

pub(super) fn split_pattern(rest: &str) -> Option<(&str, Pattern)> {
    let Some((action, suffix)) = rest.split_once('.') else { return Some((rest, RequestResponse)) };
    match suffix {
        "sync" => Some((action, Sync)),
        "sync:2" => Some((action, Sync2)),
        "waitForTaskToken" => Some((action, WaitForTaskToken)),
        _ => None,
    }
}

/// Services of the SDK are lower case, actions begin so.
pub(super) fn is_sdk_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
}
