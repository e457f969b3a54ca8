//! Stages: a name under which a deployment is served, with settings that apply at once.

use std::collections::BTreeMap;

use super::account::Account;
use super::ids::{DeploymentId, StageName};
use super::words::words;
use crate::apis::Rate;
use crate::apis::error::{BadRequest, Error, LimitExceeded};
use crate::clock::Timestamp;
use crate::id::{AccountId, Arn};

const VARIABLES_MAX: usize = 100;
const VARIABLE_NAME_CHARS_MAX: usize = 64;
const VARIABLE_VALUE_CHARS_MAX: usize = 512;
const STAGE_NAME_CHARS_MAX: usize = 128;

words! {
    /// Memory of a cache cluster, in gigabytes.
    pub enum CacheClusterSize {
        Gb0_5 = "0.5",
        Gb1_6 = "1.6",
        Gb6_1 = "6.1",
        Gb13_5 = "13.5",
        Gb28_4 = "28.4",
        Gb58_2 = "58.2",
        Gb118 = "118",
        Gb237 = "237",
    }
}

words! {
    /// The state of a cache cluster. Here a cluster is available as soon as it is enabled.
    pub enum CacheClusterStatus { Available = "AVAILABLE", NotAvailable = "NOT_AVAILABLE" }
}

words! {
    /// What is written to execution logs.
    pub enum LoggingLevel { Off = "OFF", Error = "ERROR", Info = "INFO" }
}

words! {
    /// What happens if a client asks to bypass the cache without permission.
    pub enum CacheControlStrategy {
        FailWith403 = "FAIL_WITH_403",
        SucceedWithResponseHeader = "SUCCEED_WITH_RESPONSE_HEADER",
        SucceedWithoutResponseHeader = "SUCCEED_WITHOUT_RESPONSE_HEADER",
    }
}

/// See [MethodSetting](https://docs.aws.amazon.com/apigateway/latest/api/API_MethodSetting.html).
#[derive(Clone, Debug, PartialEq)]
pub struct MethodSetting {
    /// Whether there are metrics for each method.
    pub metrics_enabled: bool,
    /// What is written to execution logs; `None` until it is set.
    pub logging_level: Option<LoggingLevel>,
    /// Whether execution logs contain whole payloads.
    pub data_trace_enabled: bool,
    /// Burst, in requests, or [`MethodSetting::UNTHROTTLED`].
    pub throttling_burst_limit: i32,
    /// Requests per second, or [`MethodSetting::UNTHROTTLED`].
    pub throttling_rate_limit: f64,
    /// Whether responses are cached.
    pub caching_enabled: bool,
    /// How long a response is cached, 0 to 3,600 seconds.
    pub cache_ttl_in_seconds: i32,
    /// Whether cached responses are encrypted.
    pub cache_data_encrypted: bool,
    /// Whether bypassing the cache requires permission.
    pub require_authorization_for_cache_control: bool,
    /// What clients without that permission get.
    pub unauthorized_cache_control_header_strategy: CacheControlStrategy,
}

impl Default for MethodSetting {
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: 5_000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: CacheControlStrategy::SucceedWithResponseHeader,
        }
    }
}

impl MethodSetting {
    /// The limit that means no limit. AWS's documents don't mention it, but Terraform writes it by default, and AWS
    /// shows it as given.
    pub(crate) const UNTHROTTLED: i32 = -1;

    /// The rate for its methods, if any. Without a rate limit there is none; without a burst limit, the account's burst
    /// applies.
    pub fn rate(&self) -> Option<Rate> {
        let burst = match self.throttling_burst_limit {
            Self::UNTHROTTLED => Account::THROTTLE_BURST_LIMIT,
            limit => limit,
        };
        // Other negative limits are refused when they are set.
        (0.0 <= self.throttling_rate_limit).then(|| Rate {
            per_second: self.throttling_rate_limit,
            burst: u32::try_from(burst).unwrap_or(0),
        })
    }
}

/// See [AccessLogSettings](https://docs.aws.amazon.com/apigateway/latest/api/API_AccessLogSettings.html).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessLogSettings {
    /// One line of text with `$context.…` references.
    pub format: Option<String>,
    /// Log group's or delivery stream's ARN.
    pub destination_arn: Option<String>,
}

/// See [CanarySettings](https://docs.aws.amazon.com/apigateway/latest/api/API_CanarySettings.html).
#[derive(Clone, Debug, PartialEq)]
pub struct CanarySettings {
    /// Share of requests that the canary serves, 0.0 to 100.0.
    pub percent_traffic: f64,
    /// Deployment that serves them.
    pub deployment_id: DeploymentId,
    /// Variables over the stage's own; may add names.
    pub stage_variable_overrides: BTreeMap<String, String>,
    /// Whether stage and canary share a cache.
    pub use_stage_cache: bool,
}

/// See [Stage](https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html).
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Name.
    pub name: StageName,
    /// Deployment served.
    pub deployment_id: DeploymentId,
    /// Text for people.
    pub description: Option<String>,
    /// When the stage was created.
    pub created_date: Timestamp,
    /// When it was last changed.
    pub last_updated_date: Timestamp,
    /// Certificate shown to backends.
    pub client_certificate_id: Option<String>,
    /// Whether answers can be cached.
    pub cache_cluster_enabled: bool,
    /// Size of the cache.
    pub cache_cluster_size: Option<CacheClusterSize>,
    /// State of the cache.
    pub cache_cluster_status: CacheClusterStatus,
    /// Settings by method path, as the owner wrote it: `*/*`, `pets/GET`, `~1pets/GET`; raw text, see AWS's
    /// [UpdateStage](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateStage.html).
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// The name of the documentation version.
    pub documentation_version: Option<String>,
    /// Access log, if any.
    pub access_log_settings: Option<AccessLogSettings>,
    /// Canary, if any.
    pub canary_settings: Option<CanarySettings>,
    /// Whether requests are traced.
    pub tracing_enabled: bool,
    /// The ARN of the web ACL.
    pub web_acl_arn: Option<String>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

impl Stage {
    /// Switches the cache cluster on or off. Without a size, it gets the smallest.
    pub(crate) fn enable_cache_cluster(&mut self, enabled: bool) {
        self.cache_cluster_enabled = enabled;
        if enabled {
            self.cache_cluster_size.get_or_insert(CacheClusterSize::Gb0_5);
            self.cache_cluster_status = CacheClusterStatus::Available;
        } else {
            self.cache_cluster_status = CacheClusterStatus::NotAvailable;
        }
    }

    /// Whether any method writes execution logs.
    pub(crate) fn logs(&self) -> bool {
        let is_on = |level| matches!(level, LoggingLevel::Error | LoggingLevel::Info);
        self.method_settings.values().any(|setting| setting.logging_level.is_some_and(is_on))
    }

    /// Checks name, variables and canary. The caller checks what the stage refers to.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_stage_name(&self.name)?;
        check_variables(&self.variables)?;
        if let Some(canary) = &self.canary_settings {
            check_percent_traffic(canary.percent_traffic)?;
            check_variables(&canary.stage_variable_overrides)?;
        }
        Ok(())
    }
}

impl CanarySettings {
    /// A canary with `deployment_id` that gets no requests yet.
    pub(crate) fn without_traffic(deployment_id: DeploymentId) -> Self {
        Self {
            percent_traffic: 0.0,
            deployment_id,
            stage_variable_overrides: BTreeMap::new(),
            use_stage_cache: false,
        }
    }
}

impl AccessLogSettings {
    /// Checks the settings.
    pub(crate) fn check(&self) -> Result<(), BadRequest> {
        let has_id = |format: &str| {
            format.contains("$context.requestId") || format.contains("$context.extendedRequestId")
        };
        if let Some(format) = self.format.as_deref() {
            let line = format.strip_suffix('\n').unwrap_or(format);
            if line.strip_suffix('\r').unwrap_or(line).contains(['\n', '\r']) {
                return Err(BadRequest::AccessLogLines(format.to_owned()));
            }
            if !has_id(format) {
                return Err(BadRequest::AccessLogFormat);
            }
        }
        self.destination_arn.as_deref().map_or(Ok(()), check_log_destination)
    }
}

fn check_log_destination(arn: &str) -> Result<(), BadRequest> {
    let arn = Arn::parse(arn).map_err(|_| BadRequest::AccessLogDestination)?;
    match (arn.service.as_str(), arn.resource.split_once([':', '/'])) {
        ("logs", Some(("log-group", name))) if !name.is_empty() && is_account(&arn) => Ok(()),
        ("firehose", Some(("deliverystream", name))) if name.starts_with("amazon-apigateway-") => Ok(()),
        ("firehose", Some(("deliverystream", _))) => Err(BadRequest::AccessLogDeliveryStream),
        _ => Err(BadRequest::AccessLogDestination),
    }
}

/// Account numbers have twelve digits.
fn is_account(arn: &Arn) -> bool {
    AccountId::parse(&arn.account).is_some()
}

/// Refuses shares outside 0 to 100.
pub(crate) fn check_percent_traffic(percent: f64) -> Result<(), BadRequest> {
    if (0.0..=100.0).contains(&percent) { Ok(()) } else { Err(BadRequest::PercentTraffic) }
}

/// AWS's documents allow `-`; its measured error for an invalid name doesn't mention it.
fn check_stage_name(name: &StageName) -> Result<(), BadRequest> {
    let name = name.as_str();
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if name.is_empty() || STAGE_NAME_CHARS_MAX < name.len() || !name.bytes().all(legal) {
        return Err(BadRequest::StageName);
    }
    Ok(())
}

fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), Error> {
    if VARIABLES_MAX < variables.len() {
        return Err(LimitExceeded::StageVariables.into());
    }
    for (name, value) in variables {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || VARIABLE_NAME_CHARS_MAX < name.len() || !name.bytes().all(word) {
            return Err(BadRequest::VariableName(name.clone()).into());
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || b" -._:/?&=,~#".contains(&b);
        if VARIABLE_VALUE_CHARS_MAX < value.len() || !value.bytes().all(legal) {
            return Err(BadRequest::VariableValue(name.clone()).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apis::fixtures::test_stage;

    #[test]
    fn names_and_variables_have_their_alphabets() {
        let check = |name: &str, variable: (&str, &str)| {
            let mut stage = test_stage();
            stage.name = name.into();
            stage.variables.insert(variable.0.to_owned(), variable.1.to_owned());
            stage.check().map_err(|error| error.to_string())
        };
        assert_eq!(check("dev-1_A", ("a_1", "https://h:1/p?a=b&c=d,e_f-g.h i~#")), Ok(()));
        assert!(check("dev 1", ("a", "b")).is_err());
        assert!(check("", ("a", "b")).is_err());
        assert_eq!(
            check("dev", ("a-b", "c")).unwrap_err(),
            "Invalid stage variable name: a-b. Please use names with only word characters."
        );
        assert!(check("dev", ("a", "<script>")).is_err());
        assert!(check("dev", ("a", &"x".repeat(512))).is_ok());
        assert!(check("dev", ("a", &"x".repeat(513))).is_err());
    }

    #[test]
    fn minus_one_is_no_limit() {
        let rate = |rate, burst| {
            MethodSetting {
                throttling_rate_limit: rate,
                throttling_burst_limit: burst,
                ..MethodSetting::default()
            }
            .rate()
        };
        assert_eq!(rate(-1.0, -1), None);
        assert_eq!(rate(-1.0, 5), None);
        assert_eq!(rate(2.0, -1), Some(Rate { per_second: 2.0, burst: 5_000 }));
        assert_eq!(rate(0.0, 0), Some(Rate { per_second: 0.0, burst: 0 }));
    }

    #[test]
    fn access_log_formats_are_one_line_with_an_id() {
        let check = |format: &str| {
            let settings = AccessLogSettings { format: Some(format.to_owned()), destination_arn: None };
            settings.check().map_err(|error| error.to_string())
        };
        assert_eq!(check("$context.requestId $context.status"), Ok(()));
        assert_eq!(check("$context.extendedRequestId\n"), Ok(()));
        assert!(check("$context.status").unwrap_err().starts_with("Access Log format must include either"));
        assert_eq!(
            check("{\n$context.requestId\n}\n").unwrap_err(),
            "Access Log format must be single line, new line character is allowed only at end of the format: \
             '{\n$context.requestId\n}\n'"
        );
    }

    #[test]
    fn access_logs_go_to_log_groups_or_delivery_streams() {
        let check = |arn: &str| {
            let settings = AccessLogSettings { format: None, destination_arn: Some(arn.to_owned()) };
            settings.check().map_err(|error| error.to_string())
        };
        assert_eq!(check("arn:aws:logs:us-east-1:123456789012:log-group:a"), Ok(()));
        let stream = "arn:aws:firehose:us-east-1:123456789012:deliverystream/";
        assert_eq!(check(&format!("{stream}amazon-apigateway-a")), Ok(()));
        assert!(check(&format!("{stream}a")).unwrap_err().starts_with("Kinesis Firehose"));
        assert!(check("arn:aws:logs:us-east-1:1234:log-group:a").is_err());
        assert!(check("arn:aws:s3:::bucket").is_err());
        assert!(check("file").is_err());
    }
}
