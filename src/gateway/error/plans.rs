//! What can be wrong with API keys and usage plans, worded as AWS words it where its words are on record.

use crate::gateway::api::{ApiId, StageName, UsagePlanId};

/// What is wrong with an API key that was to be made, changed or imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Fewer than 20 characters.
    #[error("API Key value should be at least 20 characters")]
    ShortValue,
    /// More than 128 characters.
    #[error("API Key value exceeds maximum size of 128 characters")]
    LongValue,
    /// No client could send it in a header. AWS's words are not on record.
    #[error("API Key value must be made of visible ASCII characters")]
    ValueCharacters,
    /// More than 1,024 characters.
    #[error("Invalid API Key name, can be at most 1024 characters.")]
    LongName,
    /// Longer than AWS takes.
    #[error("Invalid API Key description specified.")]
    Description,
    /// A stage that is not written `apiId/stage`. AWS's words are not on record.
    #[error("Invalid stage key specified: {0}")]
    StageKey(String),
    /// A file without one of the two columns that it must have. AWS's words are not on record.
    #[error("Invalid API Key file: the header row must name the columns Name and Key")]
    Columns,
    /// A file that is no CSV. AWS's words are not on record.
    #[error("Invalid API Key file: {0}")]
    File(&'static str),
    /// A usage plan was to get a key of another type.
    #[error("Invalid Usage Plan Key type specified. Must be one of [API_KEY]")]
    Type,
}

/// What is wrong with a usage plan that was to be made, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// No stage, or a text that is not `apiId:stage`.
    #[error("Invalid API Stage specified")]
    ApiStage,
    /// A throttled method that is not `/path/VERB`.
    #[error("Invalid method {{resourcePath: {path},method: {method}}} specified")]
    Method {
        /// What stands for the path.
        path: String,
        /// What stands for the verb.
        method: String,
    },
    /// More throttled methods than a stage of a plan may have. AWS's words are not on record.
    #[error("A usage plan can throttle at most {0} methods of a stage")]
    TooManyMethods(usize),
    /// A rate below zero, or none. AWS's words are not on record; they follow those of quotas.
    #[error("Usage Plan throttle rate limit must be a non-negative numeric")]
    RateLimit,
    /// A burst below zero, or none. AWS's words are not on record; they follow those of quotas.
    #[error("Usage Plan throttle burst limit must be a non-negative numeric")]
    BurstLimit,
    /// A quota below zero, or none.
    #[error("Usage Plan quota limit must be a non-negative numeric")]
    QuotaLimit,
    /// A period that is none.
    #[error("Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]")]
    QuotaPeriod,
    /// A day within a day.
    #[error("Usage Plan quota offset must be zero in the DAY period")]
    DayOffset,
    /// A day that a week doesn't have.
    #[error("Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period")]
    WeekOffset,
    /// A day that not every month has.
    #[error("Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period")]
    MonthOffset,
    /// A plan that still has stages.
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
    /// No such date, or no order in them. AWS's words are not on record.
    #[error("Invalid date range specified: dates are written YYYY-MM-DD, the first is not after the last")]
    Dates,
    /// More days than usage is kept. AWS's words are not on record.
    #[error("Invalid date range specified: at most {0} days can be asked for")]
    TooManyDays(i64),
    /// What is left of a quota that isn't there was to be changed. AWS's words are not on record.
    #[error("Usage Plan has no quota")]
    NoQuota,
    /// Our own: a tag that tells callers apart by what no request says of its caller.
    #[error(
        "Invalid value {0} of the tag stepgate:throttleBy. Must be a context variable about the caller, such as \
         context.identity.sourceIp or context.authorizer.claims.sub"
    )]
    ThrottleBy(String),
    /// What is left of a quota is no number. AWS's words are not on record.
    #[error("Invalid remaining quota specified, must be a non-negative numeric")]
    Remaining,
}

/// What a key and its plans can contradict. AWS's words are not on record, except for the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanConflict {
    /// Another key has this value.
    #[error("API Key already exists")]
    ApiKey,
    /// The plan has the key.
    #[error("Usage Plan Key already exists")]
    Key,
    /// The plan has the stage.
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
