//! What an account has, beside APIs and domain names.

use std::collections::{BTreeMap, BTreeSet};

use crate::apis::account::Account;
use crate::apis::api_key::ApiKey;
use crate::apis::client_certificate::ClientCertificate;
use crate::apis::usage_plan::{ApiStage, QuotaSettings, ThrottleSettings, UsagePlan};
use crate::apis::vpc_link::VpcLink;
use crate::store::record;

record! {
    /// Settings of an account.
    pub(super) struct AccountV1 of Account {
        "cloudwatch_role_arn" cloudwatch_role_arn: Option<String>,
    }

    /// An API key.
    pub(super) struct ApiKeyV1 of ApiKey {
        "id" id: String,
        "value" value: String,
        "name" name: Option<String>,
        "description" description: Option<String>,
        "customer_id" customer_id: Option<String>,
        "enabled" enabled: bool,
        "created_date" created_date: i64,
        "last_updated_date" last_updated_date: i64,
        "stage_keys" stage_keys: BTreeSet<String>,
        "tags" tags: BTreeMap<String, String>,
    }

    /// A usage plan.
    pub(super) struct UsagePlanV1 of UsagePlan {
        "id" id: String,
        "revision" revision: u64,
        "name" name: String,
        "description" description: Option<String>,
        "api_stages" api_stages: Vec<ApiStageV1>,
        "throttle" throttle: Option<ThrottleSettingsV1>,
        "quota" quota: Option<QuotaSettingsV1>,
        "product_code" product_code: Option<String>,
        "tags" tags: BTreeMap<String, String>,
    }

    /// A stage of a plan.
    pub(super) struct ApiStageV1 of ApiStage {
        "api_id" api_id: String,
        "stage" stage: String,
        #[serde(default)]
        "throttle" throttle: BTreeMap<String, ThrottleSettingsV1>,
    }

    /// Rate and burst.
    pub(super) struct ThrottleSettingsV1 of ThrottleSettings {
        "rateLimit" rate_limit: Option<f64>,
        "burstLimit" burst_limit: Option<i32>,
    }

    /// A quota.
    pub(super) struct QuotaSettingsV1 of QuotaSettings {
        "limit" limit: i32,
        "offset" offset: i32,
        "period" period: String,
    }

    /// A VPC link.
    pub(super) struct VpcLinkV1 of VpcLink {
        "id" id: String,
        "name" name: String,
        "description" description: Option<String>,
        "target_arns" target_arns: Vec<String>,
        "tags" tags: BTreeMap<String, String>,
    }

    /// A client certificate.
    pub(super) struct ClientCertificateV1 of ClientCertificate {
        "id" id: String,
        "description" description: Option<String>,
        "certificate" certificate: String,
        "private_key" private_key: String,
        "created_date" created_date: i64,
        "expiration_date" expiration_date: i64,
        "tags" tags: BTreeMap<String, String>,
    }
}
