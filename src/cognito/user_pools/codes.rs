//! Codes that prove an address: made, handed on, tried.
//!
//! This server sends no mail. A code goes to the log, or to the address of the settings, which may send it.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::attributes;
use super::records::{Code, Pool, User, UserSecrets};
use crate::clock::Timestamp;
use crate::cognito::Cognito;
use crate::cognito::error::{CODE_MISMATCH, EXPIRED_CODE, Error, LIMIT_EXCEEDED};
use crate::cognito::shared::CodesTo;
use crate::connect::{Call, Request, full};

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    SignUp,
    ForgotPassword,
    VerifyEmail,
}

impl Purpose {
    /// Its name in records and messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "SignUp",
            Self::ForgotPassword => "ForgotPassword",
            Self::VerifyEmail => "VerifyUserAttribute",
        }
    }

    const fn validity(self) -> Duration {
        match self {
            Self::SignUp | Self::VerifyEmail => Duration::from_secs(24 * 3_600),
            Self::ForgotPassword => Duration::from_secs(3_600),
        }
    }
}

/// How often a wrong code may be tried.
const WRONG_MAX: u32 = 5;
/// How long the receiver of codes may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A code to be handed on once it is stored.
#[derive(Debug)]
pub(super) struct Sent {
    purpose: Purpose,
    username: String,
    email: String,
    code: String,
}

/// Makes a code for a user's address; `None` if it has none.
pub(super) fn make(
    cognito: &Cognito,
    user: &User,
    secrets: &mut UserSecrets,
    purpose: Purpose,
    now: Timestamp,
) -> Option<Sent> {
    let email = user.attributes.get("email").filter(|email| attributes::is_email(email))?.clone();
    let code = cognito.0.ids.pick_from(b"0123456789", 6);
    let kept = Code { code: code.clone(), expires: now + purpose.validity(), wrong: 0 };
    secrets.codes.insert(purpose.name().to_owned(), kept);
    Some(Sent { purpose, username: user.username.clone(), email, code })
}

/// Uses a code up. What is changed in `secrets` has to be stored also if it is refused, since guesses are counted there.
pub(super) fn try_code(
    secrets: &mut UserSecrets,
    purpose: Purpose,
    given: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let expired = || Error::new(EXPIRED_CODE, "Invalid code provided, please request a code again.");
    let kept = secrets.codes.get_mut(purpose.name()).ok_or_else(expired)?;
    if kept.expires <= now {
        return Err(expired());
    }
    if WRONG_MAX <= kept.wrong {
        let text = "Attempt limit exceeded, please try after some time.";
        return Err(Error::new(LIMIT_EXCEEDED, text));
    }
    let is_it = aws_lc_rs::constant_time::verify_slices_are_equal(kept.code.as_bytes(), given.as_bytes());
    if is_it.is_err() {
        kept.wrong += 1;
        return Err(Error::new(CODE_MISMATCH, "Invalid verification code provided, please try again."));
    }
    secrets.codes.remove(purpose.name());
    Ok(())
}

impl Sent {
    /// What the client is told of where the code went.
    pub(super) fn details(&self) -> Value {
        details(&self.email)
    }

    /// Hands the code on.
    pub(super) async fn hand_on(self, cognito: &Cognito, pool_id: &str, pool: &Pool) {
        let Self { purpose, username, email, code } = self;
        match &cognito.0.codes {
            CodesTo::Log => {
                let purpose = purpose.name();
                tracing::info!(pool = pool_id, username, purpose, "the code for {email} is {code}");
            }
            CodesTo::Webhook { address, client } => {
                let (subject, message) = message(pool, &code);
                let body = json!({
                    "userPoolId": pool_id, "username": username, "purpose": purpose.name(), "email": email,
                    "code": code, "subject": subject, "message": message,
                });
                let mut request = Request::new(full(body.to_string()));
                *request.method_mut() = Method::POST;
                *request.uri_mut() = address.clone();
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                let call = Call { timeout: TIMEOUT, ..Call::default() };
                let problem = match client.send(request, call).await {
                    Ok(response) if response.status().is_success() => return,
                    Ok(response) => format!("status {}", response.status()),
                    Err(error) => error.to_string(),
                };
                tracing::warn!(pool = pool_id, username, "a code could not be handed on: {problem}");
            }
        }
    }
}

/// The subject and text of a message, as the pool has them.
fn message(pool: &Pool, code: &str) -> (String, String) {
    let template = pool.settings.get("VerificationMessageTemplate");
    let of_template = |name: &str| template.and_then(|it| it.get(name)).and_then(Value::as_str);
    let text = |name: &str| pool.settings.get(name).and_then(Value::as_str);
    let subject = of_template("EmailSubject").or_else(|| text("EmailVerificationSubject"));
    let body = of_template("EmailMessage").or_else(|| text("EmailVerificationMessage"));
    let body = body.unwrap_or("Your verification code is {####}");
    (subject.unwrap_or("Your verification code").to_owned(), body.replace("{####}", code))
}

/// Where a code goes, with most of it hidden.
pub(super) fn details(email: &str) -> Value {
    let (name, host) = email.split_once('@').unwrap_or((email, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    json!({
        "Destination": format!("{}***@{}***", first(name), first(host)),
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    })
}
