//! AWS Security Token Service: the table of its operations.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    ApiError, Call, Code, Handler, Limits, Operation, Pattern, Protocol, Registration, Route, Service, Shape,
    Special, Structure, handler, optional, required,
};
use crate::identity::{self, NewSession, SessionError, Sessions};

/// AWS Security Token Service, 2011-06-15.
pub static SERVICE: Service = Service {
    name: "sts",
    protocol: Protocol::Query { xmlns: "https://sts.amazonaws.com/doc/2011-06-15/" },
    body_bytes_max: 1_048_576,
    operations: OPERATIONS,
    // Sessions see to these themselves: a role's own policy says who may assume it.
    permission: |_, _, _| None,
    special: Special::NONE,
};

/// The service on `sessions`.
pub fn service(sessions: Sessions) -> Registration {
    SERVICE.on(sessions)
}

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Action, input, handler }
}

/// Every operation.
static OPERATIONS: &[Operation] = &[
    row("GetCallerIdentity", &NO_INPUT, handler!(get_caller_identity)),
    row("AssumeRole", &ASSUME_ROLE, handler!(assume_role)),
    row("GetSessionToken", &GET_SESSION_TOKEN, handler!(get_session_token)),
];

/// The longest session policy.
const POLICY_CHARS_MAX: i64 = 2_048;

static SESSION_NAME: Pattern = Pattern {
    text: r"[\w+=,.@-]*",
    matches: |text| text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)),
};
static EXTERNAL_ID: Pattern = Pattern {
    text: r"[\w+=,.@:\/-]*",
    matches: |text| text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c)),
};

static NO_INPUT: Structure = Structure::new("GetCallerIdentityRequest", &[]);
static POLICY_DESCRIPTOR: Structure =
    Structure::new("PolicyDescriptorType", &[required("arn", Shape::string(20, 2048))]);
static TAG: Structure = Structure::new(
    "Tag",
    &[required("Key", Shape::string(1, 128)), required("Value", Shape::string(0, 256))],
);
static ASSUME_ROLE: Structure = Structure::new(
    "AssumeRoleRequest",
    &[
        required("RoleArn", Shape::string(20, 2048)),
        required("RoleSessionName", Shape::pattern(2, 64, &SESSION_NAME)),
        optional(
            "PolicyArns",
            Shape::List(&Shape::Structure(&POLICY_DESCRIPTOR), Limits { min: 0, max: 10 }),
        ),
        optional("Policy", Shape::string(1, POLICY_CHARS_MAX)),
        optional("DurationSeconds", Shape::integer(900, 43_200)),
        optional("Tags", Shape::List(&Shape::Structure(&TAG), Limits { min: 0, max: 50 })),
        optional("TransitiveTagKeys", Shape::STRING_LIST),
        optional("ExternalId", Shape::pattern(2, 1224, &EXTERNAL_ID)),
        optional("SerialNumber", Shape::string(9, 256)),
        optional("TokenCode", Shape::string(6, 6)),
        optional("SourceIdentity", Shape::pattern(2, 64, &SESSION_NAME)),
    ],
);
static GET_SESSION_TOKEN: Structure = Structure::new(
    "GetSessionTokenRequest",
    &[
        optional("DurationSeconds", Shape::integer(900, 129_600)),
        optional("SerialNumber", Shape::string(9, 256)),
        optional("TokenCode", Shape::string(6, 6)),
    ],
);

#[derive(Deserialize)]
struct NoInput {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CallerIdentity {
    user_id: String,
    account: String,
    arn: String,
}

async fn get_caller_identity(call: &Call, _: NoInput) -> Result<CallerIdentity, ApiError> {
    let caller = &call.caller;
    Ok(CallerIdentity {
        user_id: caller.user_id.to_string(),
        account: caller.account.to_string(),
        arn: caller.arn.to_string(),
    })
}

#[derive(Deserialize)]
struct PolicyDescriptor {
    arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    #[serde(default)]
    policy_arns: Vec<PolicyDescriptor>,
    policy: Option<String>,
    duration_seconds: Option<u64>,
    #[serde(default)]
    tags: Vec<serde_json::Value>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
    external_id: Option<String>,
    serial_number: Option<String>,
    token_code: Option<String>,
    source_identity: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRole {
    credentials: Credentials,
    assumed_role_user: AssumedRoleUser,
    /// How much of the allowed size its policy takes, in per cent.
    packed_policy_size: Option<usize>,
}

impl From<NewSession> for Credentials {
    fn from(session: NewSession) -> Self {
        Self {
            access_key_id: session.access_key_id,
            secret_access_key: session.secret_access_key,
            session_token: session.session_token,
            expiration: session.expires.to_iso8601_seconds(),
        }
    }
}

async fn assume_role(call: &Call, input: AssumeRole) -> Result<AssumedRole, ApiError> {
    // Members that would restrict the session are refused rather than ignored.
    refuse(&[
        ("Tags", !input.tags.is_empty()),
        ("TransitiveTagKeys", !input.transitive_tag_keys.is_empty()),
        ("SerialNumber", input.serial_number.is_some()),
        ("TokenCode", input.token_code.is_some()),
        ("SourceIdentity", input.source_identity.is_some()),
    ])?;
    let max = usize::try_from(POLICY_CHARS_MAX).unwrap_or(usize::MAX);
    let packed_policy_size = input.policy.as_ref().map(|policy| (policy.len() * 100).div_ceil(max));
    let request = identity::AssumeRole {
        role_arn: input.role_arn,
        session_name: input.role_session_name,
        duration: input.duration_seconds.map(Duration::from_secs),
        policy: input.policy,
        policy_arns: input.policy_arns.into_iter().map(|policy| policy.arn).collect(),
        external_id: input.external_id,
    };
    let session = call.state::<Sessions>().assume_role(&call.caller, request).await?;
    let assumed_role_user = AssumedRoleUser {
        assumed_role_id: session.caller.user_id.to_string(),
        arn: session.caller.arn.to_string(),
    };
    Ok(AssumedRole { credentials: session.into(), assumed_role_user, packed_policy_size })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSessionToken {
    duration_seconds: Option<u64>,
    serial_number: Option<String>,
    token_code: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SessionToken {
    credentials: Credentials,
}

async fn get_session_token(call: &Call, input: GetSessionToken) -> Result<SessionToken, ApiError> {
    refuse(&[("SerialNumber", input.serial_number.is_some()), ("TokenCode", input.token_code.is_some())])?;
    let duration = input.duration_seconds.map(Duration::from_secs);
    let session = call.state::<Sessions>().session_token(&call.caller, duration).await?;
    Ok(SessionToken { credentials: session.into() })
}

/// Refuses the first given member that is not supported.
fn refuse(members: &[(&str, bool)]) -> Result<(), ApiError> {
    match members.iter().find(|(_, is_given)| *is_given) {
        Some((member, _)) => {
            Err(ApiError::new(Code::Validation, format!("{member} is not supported by this server.")))
        }
        None => Ok(()),
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        let code = match error {
            SessionError::NotAuthorized { .. } | SessionError::SessionOfSession => Code::AccessDenied,
            SessionError::RoleArn(_) | SessionError::TooLong | SessionError::ChainedTooLong => {
                Code::Validation
            }
            SessionError::Policy(_) => Code::MalformedPolicyDocument,
            SessionError::TooMany(_) => Code::IamLimitExceeded,
            SessionError::Iam(error) => return error.into(),
            SessionError::Store(_) => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}
