//! Why a page can't be shown, as people read it.

use http::StatusCode;

/// Why there is no page, or why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct Failure {
    /// The status of the response.
    pub(super) status: StatusCode,
    /// AWS's code of the error, or one like it.
    pub(super) code: String,
    /// What is wrong.
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// There is no such page.
    pub(super) fn no_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFoundException", "There is no such page.")
    }

    /// The request is not one that a page of the console makes.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationException", message)
    }

    /// Nobody has signed in, or has for too long.
    pub(super) fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "ExpiredSession", "You are signed out. Sign in again to go on.")
    }

    /// The request comes from elsewhere.
    pub(super) fn forged() -> Self {
        let message = "This request did not come from a page of this console. Reload the page and try again.";
        Self::new(StatusCode::FORBIDDEN, "ForgedRequest", message)
    }

    /// No policy lets the caller.
    pub(super) fn not_allowed(arn: &str, action: &str) -> Self {
        let message = format!("User: {arn} is not authorized to perform: {action}");
        Self::new(StatusCode::FORBIDDEN, "AccessDeniedException", message)
    }
}
