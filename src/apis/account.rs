//! An account's API Gateway settings in one region.

/// The only feature that accounts have.
pub(crate) const USAGE_PLANS: &str = "UsagePlans";

/// The changeable part of [Account](https://docs.aws.amazon.com/apigateway/latest/api/API_Account.html); its other
/// members are the same for all accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The ARN of the role for writing logs.
    pub cloudwatch_role_arn: Option<String>,
}

impl Account {
    /// Steady rate of all requests of an account, in requests per second.
    pub const THROTTLE_RATE_LIMIT: f64 = 10_000.0;
    /// Burst of all requests of an account.
    pub const THROTTLE_BURST_LIMIT: i32 = 5_000;
    /// Features of every account.
    pub const FEATURES: &'static [&'static str] = &[USAGE_PLANS];
    /// Version of the API keys of every account.
    pub const API_KEY_VERSION: &'static str = "4";
}
