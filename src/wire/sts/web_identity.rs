//! AssumeRoleWithWebIdentity: a role for the bearer of a token, who needs no key to ask for it.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AssumedRoleUser, Credentials, POLICY_ARNS, POLICY_CHARS_MAX, PolicyDescriptor, SESSION_NAME, Sts,
    packed_size, refuse,
};
use crate::clock::Timestamp;
use crate::id::Arn;
use crate::identity::{SessionTags, WebIdentity, WebRole};
use crate::wire::{ApiError, Call, Code, Shape, Structure, optional, required};

const INVALID_IDENTITY_TOKEN: Code = Code::model("InvalidIdentityToken", 400);
const EXPIRED_TOKEN: Code = Code::model("ExpiredTokenException", 400);
const IDP_COMMUNICATION: Code = Code::model("IDPCommunicationError", 400);
/// The longest token.
const TOKEN_CHARS_MAX: i64 = 20_000;

/// Verifies tokens of identity providers.
pub trait Tokens: Send + Sync {
    /// What a token says that is good for roles of `account`.
    fn verify<'a>(&'a self, token: &'a str, account: &'a str, now: Timestamp) -> Verifying<'a>;
}

/// What [`Tokens::verify`] returns.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<Bearer, BadToken>> + Send + 'a>>;

/// Who bears a token that is good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bearer {
    /// As policies see it.
    pub web: WebIdentity,
    /// The token's `iss`.
    pub issuer: String,
    /// What it says of the session.
    pub said: SessionTags,
}

/// Why a token is not good, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It isn't one, nobody known has issued it, or it is for somebody else.
    #[error("{0}")]
    Invalid(String),
    /// It has ended.
    #[error("Token expired: current date/time {now} must be before the expiration date/time {end}")]
    Expired {
        /// The time, in seconds.
        now: i64,
        /// When it ended.
        end: i64,
    },
    /// The issuer's keys can't be got.
    #[error(
        "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"
    )]
    Unreachable,
    /// This server failed.
    #[error("the token can't be verified")]
    Failed,
}

impl From<BadToken> for ApiError {
    fn from(bad: BadToken) -> Self {
        let code = match bad {
            BadToken::Invalid(_) => INVALID_IDENTITY_TOKEN,
            BadToken::Unreachable => IDP_COMMUNICATION,
            BadToken::Expired { .. } => EXPIRED_TOKEN,
            BadToken::Failed => return Self::bare(Code::InternalFailure),
        };
        Self::new(code, bad.to_string())
    }
}

pub(super) static INPUT: Structure = Structure::new(
    "AssumeRoleWithWebIdentityRequest",
    &[
        required("RoleArn", Shape::string(20, 2048)),
        required("RoleSessionName", Shape::pattern(2, 64, &SESSION_NAME)),
        required("WebIdentityToken", Shape::string(4, TOKEN_CHARS_MAX)).secret(),
        optional("ProviderId", Shape::string(4, 2048)),
        POLICY_ARNS,
        optional("Policy", Shape::string(1, POLICY_CHARS_MAX)),
        optional("DurationSeconds", Shape::integer(900, 43_200)),
    ],
);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    role_arn: String,
    role_session_name: String,
    web_identity_token: String,
    provider_id: Option<String>,
    #[serde(default)]
    policy_arns: Vec<PolicyDescriptor>,
    policy: Option<String>,
    duration_seconds: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Output {
    subject_from_web_identity_token: String,
    audience: String,
    assumed_role_user: AssumedRoleUser,
    credentials: Credentials,
    provider: String,
    packed_policy_size: Option<usize>,
    source_identity: Option<String>,
}

pub(super) async fn assume(call: &Call, input: Input) -> Result<Output, ApiError> {
    // It names a provider of OAuth 2.0 without tokens of OpenID Connect.
    refuse(&[("ProviderId", input.provider_id.is_some())])?;
    let sts = call.state::<Sts>();
    let account = Arn::parse(&input.role_arn).map(|arn| arn.account).unwrap_or_default();
    let bearer = sts.tokens.verify(&input.web_identity_token, &account, call.time).await?;
    let packed_policy_size = packed_size(input.policy.as_ref());
    let (subject, audience) = (bearer.web.subject.clone(), bearer.web.audience.clone());
    let role = WebRole {
        role_arn: input.role_arn,
        session_name: input.role_session_name,
        web: bearer.web,
        duration: input.duration_seconds.map(Duration::from_secs),
        policies: input.policy.into_iter().collect(),
        policy_arns: input.policy_arns.into_iter().map(|policy| policy.arn).collect(),
        said: bearer.said,
        request: call.request_conditions.clone(),
    };
    let mut decisions = Vec::new();
    let session = sts.sessions.assume_role_with_web_identity(role, &mut decisions).await;
    call.decided(decisions);
    let session = session?;
    Ok(Output {
        subject_from_web_identity_token: subject,
        audience,
        assumed_role_user: AssumedRoleUser::of(&session),
        provider: bearer.issuer,
        packed_policy_size,
        source_identity: session.caller.session_tags().source_identity,
        credentials: session.into(),
    })
}
