//! A version of a function as it is run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::AccountRegion;

/// What an instance is made of. Two that are not the same allocation never share instances.
#[derive(Debug)]
pub(crate) struct Deployed {
    /// Of two, the one with the greater number was read later.
    pub generation: u64,
    /// Whose it is.
    pub home: AccountRegion,
    /// The function.
    pub name: String,
    /// The two, as what there is of a function is found by.
    pub key: FunctionKey,
    /// `$LATEST` or a number.
    pub version: String,
    /// Such as `python3.12`.
    pub runtime: String,
    /// What is called in the package.
    pub handler: String,
    /// The role's ARN.
    pub role: String,
    /// How long an invocation may take, in seconds.
    pub timeout_s: u32,
    /// What all its processes may take.
    pub memory_mb: u32,
    /// The largest file that it may write, in MB.
    pub ephemeral_mb: u32,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// How its log is written.
    pub logging: Logging,
    /// The package, by its SHA-256.
    pub code_sha256: String,
    /// Layers' packages, the lowest first.
    pub layers: Vec<String>,
    /// How many invocations it may have at one time, all versions together; no own bound if `None`.
    pub reserved: Option<u32>,
}

/// How a log is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Logging {
    /// As JSON objects.
    pub is_json: bool,
    /// The least level of the function's own lines.
    pub application_level: Option<String>,
    /// The name of the log group.
    pub group: String,
}

/// The ARN of a function.
pub fn function_arn(home: &AccountRegion, name: &str) -> String {
    let AccountRegion { account, region } = home;
    format!("arn:{}:lambda:{region}:{account}:function:{name}", region.partition())
}

/// A function: whose it is, and its name.
pub(crate) type FunctionKey = Arc<(AccountRegion, String)>;

/// What runs of a function.
pub(crate) type Running = Arc<Deployed>;
