//! RestApis: the settings of an API as a whole.

use std::collections::BTreeMap;

use super::ids::{ApiId, ResourceId};
use super::words::words;
use crate::apis::error::{BadRequest, Error};
use crate::clock::Timestamp;

/// The largest `minimumCompressionSize`, in bytes: 10 MiB, the largest payload.
pub(crate) const MINIMUM_COMPRESSION_SIZE_MAX: u32 = 10_485_760;
/// The longest resource policy, in characters.
const POLICY_CHARS_MAX: usize = 8_192;
/// The longest name and description, in characters.
const TEXT_CHARS_MAX: usize = 1_024;

words! {
    /// Where the API key of a request comes from.
    pub enum ApiKeySource { Header = "HEADER", Authorizer = "AUTHORIZER" }
}

words! {
    /// The endpoint types.
    pub enum EndpointType { Private = "PRIVATE", Edge = "EDGE", Regional = "REGIONAL" }
}

impl EndpointType {
    /// The default IP versions of an endpoint.
    pub(crate) const fn default_ip_address_type(self) -> IpAddressType {
        match self {
            Self::Private => IpAddressType::Dualstack,
            Self::Edge | Self::Regional => IpAddressType::Ipv4,
        }
    }
}

words! {
    /// Which IP versions an endpoint has.
    pub enum IpAddressType { Ipv4 = "ipv4", Dualstack = "dualstack" }
}

words! {
    /// The endpoint access modes.
    pub enum EndpointAccessMode { Basic = "BASIC", Strict = "STRICT" }
}

/// AWS's names of TLS policies; those of the newer kind need an access mode.
pub const SECURITY_POLICIES: &[&str] = &[
    "TLS_1_0",
    "TLS_1_2",
    "SecurityPolicy_TLS13_1_3_2025_09",
    "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
    "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_2021_06",
    "SecurityPolicy_TLS13_2025_EDGE",
    "SecurityPolicy_TLS12_PFS_2025_EDGE",
    "SecurityPolicy_TLS12_2018_EDGE",
];

/// Checks the security of an endpoint: the policy has to exist, and only the newer ones allow the access mode STRICT.
pub(super) fn check_security(
    policy: Option<&str>,
    mode: Option<EndpointAccessMode>,
) -> Result<(), BadRequest> {
    if policy.is_some_and(|policy| !SECURITY_POLICIES.contains(&policy)) {
        return Err(BadRequest::SecurityPolicy);
    }
    let is_newer = policy.is_some_and(|policy| policy.starts_with("SecurityPolicy_"));
    if mode.is_some() && !is_newer { Err(BadRequest::AccessModeOfOlderPolicy) } else { Ok(()) }
}

/// See [EndpointConfiguration](https://docs.aws.amazon.com/apigateway/latest/api/API_EndpointConfiguration.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointConfiguration {
    /// How the API is reached; AWS allows one type an API.
    pub kind: EndpointType,
    /// IP versions of the endpoint.
    pub ip_address_type: IpAddressType,
    /// VPC endpoints of a private API.
    pub vpc_endpoint_ids: Vec<String>,
}

/// See [RestApi](https://docs.aws.amazon.com/apigateway/latest/api/API_RestApi.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestApi {
    /// Id, also the first label of its host name.
    pub id: ApiId,
    /// Id of the resource `/`.
    pub root_resource_id: ResourceId,
    /// Display name; not unique.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// When the API was created.
    pub created_date: Timestamp,
    /// The owner's version word.
    pub version: Option<String>,
    /// Media types whose bodies are binary, in the order given; `*/*` may be among them.
    pub binary_media_types: Vec<String>,
    /// Smallest body compressed, in bytes, 0 to 10 MiB; `None` switches compression off.
    pub minimum_compression_size: Option<u32>,
    /// Where API keys come from.
    pub api_key_source: ApiKeySource,
    /// How the API is reached.
    pub endpoint_configuration: EndpointConfiguration,
    /// Resource policy: the JSON text as given.
    pub policy: Option<String>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Whether the default `execute-api` endpoint refuses clients.
    pub disable_execute_api_endpoint: bool,
    /// TLS policy's name.
    pub security_policy: Option<String>,
    /// The endpoint access mode; only with the newer TLS policies.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
}

/// Checks that the members of an API fit together. Single values are checked where they come in.
pub(crate) fn check_rest_api(api: &RestApi) -> Result<(), BadRequest> {
    let endpoint = &api.endpoint_configuration;
    let is_private = endpoint.kind == EndpointType::Private;
    if is_private && endpoint.ip_address_type != IpAddressType::Dualstack {
        return Err(BadRequest::PrivateNeedsDualstack);
    }
    if !is_private && !endpoint.vpc_endpoint_ids.is_empty() {
        return Err(BadRequest::VpcEndpointsNeedPrivate);
    }
    check_length("API name", &api.name)?;
    check_length("API description", api.description.as_deref().unwrap_or_default())?;
    api.policy.as_deref().map_or(Ok(()), check_policy)
}

/// Checks an API's TLS policy and access mode. This is separate, because a patch changes the two one after the other.
pub(crate) fn check_api_security(api: &RestApi) -> Result<(), Error> {
    Ok(check_security(api.security_policy.as_deref(), api.endpoint_access_mode)?)
}

/// A policy has to be a JSON object; the `policy` room interprets its statements.
pub(super) fn check_policy(policy: &str) -> Result<(), BadRequest> {
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(policy).is_ok();
    if !is_object || POLICY_CHARS_MAX < policy.chars().count() {
        return Err(BadRequest::Policy);
    }
    Ok(())
}

/// Refuses texts that are longer than AWS accepts.
pub(crate) fn check_length(what: &'static str, text: &str) -> Result<(), BadRequest> {
    if TEXT_CHARS_MAX < text.chars().count() {
        return Err(BadRequest::TooLong { what, max: TEXT_CHARS_MAX });
    }
    Ok(())
}
