//! A RestApi: the settings of an API as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{ApiId, ResourceId};
use super::words::words;
use crate::clock::Timestamp;

words! {
    /// Where the API key of a request comes from.
    pub enum ApiKeySource { Header = "HEADER", Authorizer = "AUTHORIZER" }
}

words! {
    /// How an API is reached.
    pub enum EndpointType { Private = "PRIVATE", Edge = "EDGE", Regional = "REGIONAL" }
}

words! {
    /// Which IP versions an endpoint has.
    pub enum IpAddressType { Ipv4 = "ipv4", Dualstack = "dualstack" }
}

words! {
    /// How strictly an endpoint is accessed.
    pub enum EndpointAccessMode { Basic = "BASIC", Strict = "STRICT" }
}

/// See [EndpointConfiguration](https://docs.aws.amazon.com/apigateway/latest/api/API_EndpointConfiguration.html).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointConfiguration {
    /// How the API is reached; AWS allows one type an API.
    pub kind: EndpointType,
    /// IP versions of the endpoint.
    pub ip_address_type: IpAddressType,
    /// VPC endpoints of a private API.
    pub vpc_endpoint_ids: Vec<String>,
}

/// See [RestApi](https://docs.aws.amazon.com/apigateway/latest/api/API_RestApi.html).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// How strictly the endpoint is accessed; only with the newer TLS policies.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
}
