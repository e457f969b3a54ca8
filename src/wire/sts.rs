//! AWS Security Token Service: the table of its operations.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

mod web_identity;

pub use web_identity::{BadToken, Bearer, Tokens, Verifying};

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ApiError, Call, Code, Handler, Limits, Member, Operation, Pattern, Permission, Protocol, Registration,
    Route, Service, Shape, Special, Structure, handler, optional, required,
};
use crate::id::AccountRegion;
use crate::identity::{self, NewSession, SessionError, Sessions};

/// AWS Security Token Service, 2011-06-15.
pub static SERVICE: Service = Service {
    name: "sts",
    protocol: Protocol::Query { xmlns: "https://sts.amazonaws.com/doc/2011-06-15/" },
    body_bytes_max: 1_048_576,
    operations: OPERATIONS,
    permissions,
    special: Special { asks_policies: true, unsigned: &["AssumeRoleWithWebIdentity"], ..Special::NONE },
};

/// What the service works on.
struct Sts {
    sessions: Sessions,
    tokens: Arc<dyn Tokens>,
}

/// The service on `sessions`, for bearers of `tokens` too.
pub fn service(sessions: Sessions, tokens: Arc<dyn Tokens>) -> Registration {
    SERVICE.on(Sts { sessions, tokens })
}

/// Who may assume a role, its own policy says; who calls may ask who that is.
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    match operation.name {
        "GetFederationToken" => {
            let name = input.get("Name").and_then(Value::as_str).unwrap_or_default();
            vec![Permission::to(
                operation,
                Some(format!("arn:aws:sts::{}:federated-user/{name}", home.account)),
            )]
        }
        "DecodeAuthorizationMessage" => vec![Permission::to(operation, None)],
        _ => Vec::new(),
    }
}

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Action, input, handler }
}

/// Every operation.
static OPERATIONS: &[Operation] = &[
    row("GetCallerIdentity", &NO_INPUT, handler!(get_caller_identity)),
    row("AssumeRole", &ASSUME_ROLE, handler!(assume_role)),
    row("AssumeRoleWithWebIdentity", &web_identity::INPUT, handler!(web_identity::assume)),
    row("GetSessionToken", &GET_SESSION_TOKEN, handler!(get_session_token)),
    row("GetFederationToken", &GET_FEDERATION_TOKEN, handler!(get_federation_token)),
    // Denials here have no encoded part.
    row("DecodeAuthorizationMessage", &DECODE, Handler::Unsupported),
];

const INVALID_PARAMETER: Code = Code::model("InvalidParameterValue", 400);
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
static POLICY_ARN: Shape = Shape::Structure(&POLICY_DESCRIPTOR);
const POLICY_ARNS: Member = optional("PolicyArns", Shape::List(&POLICY_ARN, Limits { min: 0, max: 10 }));
static TAG: Structure = Structure::new(
    "Tag",
    &[required("Key", Shape::string(1, 128)), required("Value", Shape::string(0, 256))],
);
static ASSUME_ROLE: Structure = Structure::new(
    "AssumeRoleRequest",
    &[
        required("RoleArn", Shape::string(20, 2048)),
        required("RoleSessionName", Shape::pattern(2, 64, &SESSION_NAME)),
        POLICY_ARNS,
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
static GET_FEDERATION_TOKEN: Structure = Structure::new(
    "GetFederationTokenRequest",
    &[
        required("Name", Shape::pattern(2, 32, &SESSION_NAME)),
        optional("Policy", Shape::string(1, POLICY_CHARS_MAX)),
        POLICY_ARNS,
        optional("DurationSeconds", Shape::integer(900, 129_600)),
        optional("Tags", Shape::List(&Shape::Structure(&TAG), Limits { min: 0, max: 50 })),
    ],
);
static DECODE: Structure = Structure::new(
    "DecodeAuthorizationMessageRequest",
    &[required("EncodedMessage", Shape::string(1, 10_240))],
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
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

fn pairs(tags: Vec<Tag>) -> Vec<(String, String)> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// How much of the allowed size a policy takes, in per cent.
fn packed_size(policy: Option<&String>) -> Option<usize> {
    let max = usize::try_from(POLICY_CHARS_MAX).unwrap_or(usize::MAX);
    policy.map(|policy| (policy.len() * 100).div_ceil(max))
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
    tags: Vec<Tag>,
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
    source_identity: Option<String>,
}

impl AssumedRoleUser {
    fn of(session: &NewSession) -> Self {
        Self { assumed_role_id: session.caller.user_id.to_string(), arn: session.caller.arn.to_string() }
    }
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
    refuse(&[("SerialNumber", input.serial_number.is_some()), ("TokenCode", input.token_code.is_some())])?;
    let packed_policy_size = packed_size(input.policy.as_ref());
    let request = identity::AssumeRole {
        role_arn: input.role_arn,
        session_name: input.role_session_name,
        duration: input.duration_seconds.map(Duration::from_secs),
        policy: input.policy,
        policy_arns: input.policy_arns.into_iter().map(|policy| policy.arn).collect(),
        external_id: input.external_id,
        tags: pairs(input.tags),
        transitive: input.transitive_tag_keys,
        source_identity: input.source_identity,
        request: call.request_conditions.clone(),
    };
    let mut decisions = Vec::new();
    let session = call.state::<Sts>().sessions.assume_role(&call.caller, request, &mut decisions).await;
    call.decided(decisions);
    let session = session?;
    let assumed_role_user = AssumedRoleUser::of(&session);
    let source_identity = session.caller.session_tags().source_identity;
    Ok(AssumedRole { credentials: session.into(), assumed_role_user, packed_policy_size, source_identity })
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
    let session = call.state::<Sts>().sessions.session_token(&call.caller, duration).await?;
    Ok(SessionToken { credentials: session.into() })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetFederationToken {
    name: String,
    policy: Option<String>,
    #[serde(default)]
    policy_arns: Vec<PolicyDescriptor>,
    duration_seconds: Option<u64>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FederatedUser {
    federated_user_id: String,
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FederationToken {
    credentials: Credentials,
    federated_user: FederatedUser,
    packed_policy_size: Option<usize>,
}

async fn get_federation_token(call: &Call, input: GetFederationToken) -> Result<FederationToken, ApiError> {
    let packed_policy_size = packed_size(input.policy.as_ref());
    let request = identity::FederationToken {
        name: input.name,
        duration: input.duration_seconds.map(Duration::from_secs),
        policy: input.policy,
        policy_arns: input.policy_arns.into_iter().map(|policy| policy.arn).collect(),
        tags: pairs(input.tags),
    };
    let session = call.state::<Sts>().sessions.federation_token(&call.caller, request).await?;
    let federated_user = FederatedUser {
        federated_user_id: session.caller.user_id.to_string(),
        arn: session.caller.arn.to_string(),
    };
    Ok(FederationToken { credentials: session.into(), federated_user, packed_policy_size })
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
            SessionError::NotAuthorized { .. }
            | SessionError::NotForBearer
            | SessionError::SessionOfSession(_)
            | SessionError::TransitiveTag
            | SessionError::SourceIdentity => Code::AccessDenied,
            SessionError::DuplicateTags | SessionError::NoSuchTag => INVALID_PARAMETER,
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
