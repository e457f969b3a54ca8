//! A request of who has signed in, with all that pages need.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::aws::Aws;
use super::facts::Facts;
use super::failure::Failure;
use super::history::Histories;
use super::render::{Frame, Renderer};
use super::session::SignedIn;
use crate::apis::Apis;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::id::AccountRegion;
use crate::identity::TargetUri;
use crate::identity::iam::Iam;
use crate::wire::CalledFrom;

/// What all requests share.
pub(super) struct Shared {
    pub(super) renderer: Renderer,
    pub(super) histories: Histories,
    pub(super) facts: Arc<dyn Facts>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) gateway: Gateway,
    pub(super) apis: Apis,
    pub(super) iam: Iam,
    /// The server's own account and region.
    pub(super) home: AccountRegion,
}

/// A request.
pub(super) struct Visit<'v> {
    pub(super) shared: &'v Shared,
    pub(super) aws: Aws,
    pub(super) signed: &'v SignedIn,
    pub(super) uri: &'v TargetUri,
    /// Where the request comes from.
    pub(super) from: Option<CalledFrom>,
}

/// What a request is answered with.
pub(super) enum Answer {
    /// A page, or a part of one.
    Html(String),
    /// Something was done; what came of it is there.
    Done(String),
    /// A file to keep.
    File { name: String, media: &'static str, bytes: Bytes },
}

/// A page to be rendered.
pub(super) struct Page<'p> {
    pub(super) title: &'p str,
    pub(super) section: &'static str,
    pub(super) template: &'static str,
    /// Parts that may be asked for alone, with the page's data.
    pub(super) parts: &'static [&'static str],
    pub(super) data: Value,
}

impl Visit<'_> {
    /// A parameter of the query; empty if it isn't there.
    pub(super) fn query(&self, name: &str) -> &str {
        self.uri.query().last(name).unwrap_or_default()
    }

    /// A parameter that has to be there.
    ///
    /// # Errors
    /// If it isn't.
    pub(super) fn required(&self, name: &str) -> Result<&str, Failure> {
        Some(self.query(name)).filter(|text| !text.is_empty()).ok_or_else(Failure::no_page)
    }

    /// A number of the query.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.query(name).parse().ok()
    }

    /// Which part of the page is asked for; empty for the whole.
    pub(super) fn part(&self) -> &str {
        self.query("part")
    }

    /// Whether who has signed in may do what no AWS operation is about; see [`permission`](super::permission).
    pub(super) async fn may(&self, action: &'static str) -> bool {
        let (caller, shared) = (self.aws.caller(), self.shared);
        caller.account == shared.home.account
            && shared.iam.allows(caller, &self.signed.region, action, "*").await.unwrap_or_else(|error| {
                tracing::error!(%error, action, "the policies of a caller could not be read");
                false
            })
    }

    /// The same for what can't go on otherwise.
    ///
    /// # Errors
    /// If no policy allows it.
    pub(super) async fn check(&self, action: &'static str) -> Result<(), Failure> {
        match self.may(action).await {
            true => Ok(()),
            false => Err(Failure::not_allowed(&self.aws.caller().arn, action)),
        }
    }

    /// The page, or the part that is asked for.
    ///
    /// # Errors
    /// If there is no such part.
    pub(super) fn render(&self, page: Page<'_>) -> Result<Answer, Failure> {
        let Page { title, section, template, parts, mut data } = page;
        data["base"] = super::PREFIX.into();
        data["csrf"] = (&*self.signed.csrf).into();
        let part = self.part();
        if !part.is_empty() {
            let part = parts.iter().find(|known| **known == part).ok_or_else(Failure::no_page)?;
            return Ok(Answer::Html(self.shared.renderer.part(part, &data)?));
        }
        let content = self.shared.renderer.part(template, &data)?;
        let frame = Frame {
            title,
            section,
            csrf: &self.signed.csrf,
            who: &self.aws.caller().arn,
            region: self.signed.region.as_str(),
        };
        Ok(Answer::Html(self.shared.renderer.page(&frame, &content)?))
    }

    /// The page that says why there is none.
    pub(super) fn failure(&self, failure: &Failure) -> Result<String, Failure> {
        let content = self.shared.renderer.part("failure", &failure_data(failure))?;
        let frame = Frame {
            title: &failure.code,
            section: "",
            csrf: &self.signed.csrf,
            who: &self.aws.caller().arn,
            region: self.signed.region.as_str(),
        };
        self.shared.renderer.page(&frame, &content)
    }
}

/// A failure for its template, and for scripts.
pub(super) fn failure_data(failure: &Failure) -> Value {
    let title = match failure.status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::UNAUTHORIZED => "Signed out",
        status if status.is_server_error() => "Something is wrong with the server",
        _ => "That did not work",
    };
    serde_json::json!({
        "title": title, "code": failure.code, "message": failure.message, "status": failure.status.as_u16(),
        "base": super::PREFIX,
    })
}
