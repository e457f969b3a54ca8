//! Errors about API keys and usage plans, with AWS's messages where these are recorded.

use crate::apis::{ApiId, StageName, UsagePlanId};

/// What is wrong with an API key that is being created, changed or imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Fewer than 20 characters.
    #[error("API Key value should be at least 20 characters")]
    ShortValue,
    /// More than 128 characters.
    #[error("API Key value exceeds maximum size of 128 characters")]
    LongValue,
    /// It can't be sent in a header. AWS's message is not recorded.
    #[error("API Key value must be made of visible ASCII characters")]
    ValueCharacters,
    /// More than 1,024 characters.
    #[error("Invalid API Key name, can be at most 1024 characters.")]
    LongName,
    /// Longer than AWS accepts.
    #[error("Invalid API Key description specified.")]
    Description,
    /// A stage that is not of the form `apiId/stage`. AWS's message is not recorded.
    #[error("Invalid stage key specified: {0}")]
    StageKey(String),
    /// A file without one of the two required columns. AWS's message is not recorded.
    #[error("Invalid API Key file: the header row must name the columns Name and Key")]
    Columns,
    /// A file that is not CSV. AWS's message is not recorded.
    #[error("Invalid API Key file: {0}")]
    File(&'static str),
    /// A key of another type can't be added to a usage plan.
    #[error("Invalid Usage Plan Key type specified. Must be one of [API_KEY]")]
    Type,
}

/// What is wrong with a usage plan that is being created, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// An unknown stage, or text that is not of the form `apiId:stage`.
    #[error("Invalid API Stage specified")]
    ApiStage,
    /// A stage of a new plan without its API or its name. The placeholders are AWS's own.
    #[error("Invalid API Stage {{api: %s, stage: %s}} specified for usageplan %s")]
    NamelessStage,
    /// Throttled methods in a plan that doesn't throttle by itself.
    #[error("Can not define fine grain throttling if usage plan throttle is not defined.")]
    MethodsAlone,
    /// A throttled method that is not of the form `/path/VERB`.
    #[error("Invalid method {{resourcePath: {path},method: {method}}} specified")]
    Method {
        /// The part for the path.
        path: String,
        /// The part for the verb.
        method: String,
    },
    /// More throttled methods than a stage of a plan may have. AWS's message is not recorded.
    #[error("A usage plan can throttle at most {0} methods of a stage")]
    TooManyMethods(usize),
    /// A rate that is negative or not a number. AWS's message is not recorded; this one follows that for quotas.
    #[error("Usage Plan throttle rate limit must be a non-negative numeric")]
    RateLimit,
    /// A burst that is negative or not a number. AWS's message is not recorded; this one follows that for quotas.
    #[error("Usage Plan throttle burst limit must be a non-negative numeric")]
    BurstLimit,
    /// A quota that is negative or not a number.
    #[error("Usage Plan quota limit must be a non-negative numeric")]
    QuotaLimit,
    /// An invalid period.
    #[error("Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]")]
    QuotaPeriod,
    /// An offset with the period DAY.
    #[error("Usage Plan quota offset must be zero in the DAY period")]
    DayOffset,
    /// An offset that is not a day of the week.
    #[error("Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period")]
    WeekOffset,
    /// An offset that is not a day of every month.
    #[error("Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period")]
    MonthOffset,
    /// A plan with stages can't be deleted.
    #[error(
        "Cannot delete Usage Plan {plan} because there are API Stages associated with it, including {api}:{stage}"
    )]
    HasStages {
        /// The plan.
        plan: UsagePlanId,
        /// The API of one of them.
        api: ApiId,
        /// The stage.
        stage: StageName,
    },
    /// An invalid date, or dates in the wrong order. AWS's message is not recorded.
    #[error("Invalid date range specified: dates are written YYYY-MM-DD, the first is not after the last")]
    Dates,
    /// More days than usage is kept. AWS's message is not recorded.
    #[error("Invalid date range specified: at most {0} days can be asked for")]
    TooManyDays(i64),
    /// The remaining requests can't be set without a quota. AWS's message is not recorded.
    #[error("Usage Plan has no quota")]
    NoQuota,
    /// Our own: the value of the tag for throttling by caller doesn't identify callers.
    #[error(
        "Invalid value {0} of the tag stepgate:throttleBy. Must be a context variable about the caller, such as \
         context.identity.sourceIp or context.authorizer.claims.sub"
    )]
    ThrottleBy(String),
    /// The remaining requests are not a number. AWS's message is not recorded.
    #[error("Invalid remaining quota specified, must be a non-negative numeric")]
    Remaining,
}

/// Conflicts between a key and its plans. AWS's messages are not recorded, except the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanConflict {
    /// Another key has the same value.
    #[error("API Key already exists")]
    ApiKey,
    /// The plan already contains the key.
    #[error("Usage Plan Key already exists")]
    Key,
    /// The plan already contains the stage.
    #[error("API Stage {{api: {api}, stage: {stage}}} already exists in the usage plan")]
    Stage {
        /// The API.
        api: ApiId,
        /// The stage.
        stage: StageName,
    },
    /// A key would have two plans for one stage.
    #[error(
        "API Key {key} is already associated with API Stage {{api: {api}, stage: {stage}}} through another usage \
         plan"
    )]
    TwoPlans {
        /// The key's id.
        key: String,
        /// The API.
        api: ApiId,
        /// The stage.
        stage: StageName,
    },
}
