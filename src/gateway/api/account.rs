//! An account's settings for API Gateway in one region.

/// The one feature an account has.
pub(crate) const USAGE_PLANS: &str = "UsagePlans";

/// What can be set of [Account](https://docs.aws.amazon.com/apigateway/latest/api/API_Account.html); its other
/// members are the same for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Role that logs are written under.
    pub cloudwatch_role_arn: Option<String>,
}

impl Account {
    /// Steady rate of all requests of an account, a second.
    pub const THROTTLE_RATE_LIMIT: f64 = 10_000.0;
    /// Requests of an account let through at once.
    pub const THROTTLE_BURST_LIMIT: i32 = 5_000;
    /// Features of every account.
    pub const FEATURES: &'static [&'static str] = &[USAGE_PLANS];
    /// Version of the API keys of every account.
    pub const API_KEY_VERSION: &'static str = "4";
}
