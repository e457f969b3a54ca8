//! The pages of a sign-in with a provider: the way there, and the way back.

use std::sync::Arc;

use http::StatusCode;
use http::header::{HeaderValue, SET_COOKIE};
use serde_json::json;

use super::PREFIX;
use super::asked::{Asked, own_path, redirect};
use super::failure::Failure;
use super::oidc::{CallbackAnswer, Ended, Granted, Oidc, Person, Provider};
use super::room::Console;
use super::session::{LASTS, SignedIn, cookie};
use super::visit::failure_data;
use crate::connect::Response;
use crate::id::Region;
use crate::identity::{Caller, FederatedUser, SessionTags, WebIdentity, WebRole};
use crate::policy::{Policy, PolicyKind};

/// How long the browser keeps what shows that it has begun, in seconds.
const COOKIE_S: u64 = 600;

/// What viewers may, beside AWS's `ReadOnlyAccess`.
const VIEWER: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["stepgate:GetRequests", "states:ValidateStateMachineDefinition"], "Resource": "*"}]}"#;
/// What developers may: everything but people, keys and the server itself. They may hand out the roles that there are.
const DEVELOPER: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "NotAction": ["iam:*", "sts:*", "organizations:*", "account:*", "stepgate:GetServer"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "iam:PassRole", "sts:GetCallerIdentity"], "Resource": "*"}]}"#;
/// What admins may.
const ADMIN: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

impl Console {
    /// Sends the browser to the provider.
    pub(super) async fn begin_sso(&self, asked: &Asked<'_>) -> Result<Response, Failure> {
        let oidc = self.oidc.as_ref().ok_or_else(Failure::no_page)?;
        let to = own_path(asked.uri.query().last("to").unwrap_or_default()).unwrap_or(PREFIX);
        let region = asked.uri.query().last("region").and_then(Region::parse);
        let region = region.unwrap_or_else(|| self.home.region.clone());
        let scheme = if asked.from.is_some_and(|from| from.is_secure) { "https" } else { "http" };
        let origin = format!("{scheme}://{}", asked.uri.authority());
        let begun = oidc.begin(&origin, to, region).await?;
        let mut response = redirect(&begun.address);
        response.headers_mut().extend(sso_cookie(asked, &begun.cookie, COOKIE_S).map(|it| (SET_COOKIE, it)));
        Ok(response)
    }

    /// Takes the browser back from the provider, and begins a session.
    pub(super) async fn end_sso(&self, asked: &Asked<'_>) -> Result<Response, Failure> {
        let oidc = self.oidc.as_ref().ok_or_else(Failure::no_page)?;
        let begun = match self.finish_sso(oidc, asked).await {
            Ok(begun) => begun,
            Err(failure) => {
                self.audit(asked, "signin:ConsoleLogin", None, Some(&failure));
                let mut data = failure_data(&failure);
                data["again"] = format!("{PREFIX}/sign-in").into();
                let page = self.shared.renderer.bare(&failure.code, "failure", data)?;
                return Ok(super::render::html(failure.status, page));
            }
        };
        let (value, signed, to) = begun;
        self.audit(asked, "signin:ConsoleLogin", Some(&signed), None);
        // The browser comes from another site, and would not send the cookie along with a redirect. With a page of ours in between
        // it does.
        let data = json!({ "next": to });
        let page = self.shared.renderer.bare("Signed in", "signed-in", data)?;
        let mut response = super::render::html(StatusCode::OK, page);
        let cookies = [asked.set_cookie(&value, LASTS.as_secs()), sso_cookie(asked, "", 0)];
        for cookie in cookies.into_iter().flatten() {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    async fn finish_sso(
        &self,
        oidc: &Oidc,
        asked: &Asked<'_>,
    ) -> Result<(String, SignedIn, String), Failure> {
        let query = asked.uri.query();
        let answer = CallbackAnswer {
            state: query.last("state").unwrap_or_default(),
            code: query.last("code"),
            error: query.last("error"),
            issuer: query.last("iss"),
        };
        let cookie = cookie(&asked.parts.headers, &sso_cookie_name(asked)).unwrap_or_default();
        let Ended { person, to, region } = oidc.end(&answer, cookie).await?;
        let began = match &person.granted {
            Granted::Role(arn) => {
                let keys = self.assume(oidc.provider(), &person, arn).await?;
                self.sessions.begin_with(keys, region.clone()).await
            }
            granted => {
                let caller = self.federated(&person, granted).await?;
                self.sessions.begin_as(caller, person.clone(), region.clone()).await
            }
        };
        let (cookie, caller) = began.map_err(|error| {
            Failure::new(
                StatusCode::FORBIDDEN,
                "SignInRefused",
                format!("No session could be begun: {error}."),
            )
        })?;
        Ok((cookie, SignedIn { caller, region, csrf: "".into() }, to))
    }

    /// Somebody with one of the roles that every console has.
    pub(super) async fn federated(&self, person: &Person, granted: &Granted) -> Result<Caller, Failure> {
        let broken = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "the policies of the console's roles");
            Failure::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalFailure",
                "The log says why that did not work.",
            )
        };
        let account = &self.home.account;
        let mut documents = match granted {
            Granted::Admin => vec![ADMIN.to_owned()],
            Granted::Developer => vec![DEVELOPER.to_owned()],
            Granted::Viewer | Granted::Role(_) => vec![VIEWER.to_owned()],
        };
        if *granted == Granted::Viewer {
            let managed = self.shared.iam.managed_documents(account, vec![READ_ONLY.to_owned()]).await;
            documents.extend(managed.map_err(|error| broken(&error))?);
        }
        let policies = documents.iter().map(|it| Policy::parse(it, PolicyKind::Identity).map(Arc::new));
        let policies = policies.collect::<Result<Vec<_>, _>>().map_err(|error| broken(&error))?;
        let tags = SessionTags { source_identity: Some(person.subject.clone()), ..SessionTags::default() };
        let issued = self.shared.clock.now();
        Ok(Caller::federated(
            account.clone(),
            FederatedUser { user: None, policies, issued, tags },
            &person.name,
        ))
    }

    /// The keys of a session of a role that trusts the provider.
    async fn assume(
        &self,
        provider: &Provider,
        person: &Person,
        arn: &str,
    ) -> Result<crate::identity::NewSession, Failure> {
        let host = provider.issuer.split_once("://").map_or(provider.issuer.as_str(), |(_, rest)| rest);
        let host = host.trim_end_matches('/').to_owned();
        let web = WebIdentity {
            provider: format!("arn:aws:iam::{}:oidc-provider/{host}", self.home.account),
            prefix: host,
            audience: provider.client_id.clone(),
            subject: person.subject.clone(),
            methods: Vec::new(),
        };
        let role = WebRole {
            role_arn: arn.to_owned(),
            session_name: person.name.clone(),
            web,
            ..WebRole::default()
        };
        let mut decisions = Vec::new();
        self.sts.assume_role_with_web_identity(role, &mut decisions).await.map_err(|error| {
            let message = format!("The role {arn} does not let you in: {error}.");
            Failure::new(StatusCode::FORBIDDEN, "AccessDenied", message)
        })
    }
}

/// `Lax`, because the browser comes back from another site, with a link; it opens nothing by itself.
fn sso_cookie(asked: &Asked<'_>, value: &str, seconds: u64) -> Option<HeaderValue> {
    let secure = if asked.from.is_some_and(|from| from.is_secure) { "; Secure" } else { "" };
    let (name, path) = (sso_cookie_name(asked), format!("{PREFIX}/sign-in/oidc"));
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}

fn sso_cookie_name(asked: &Asked<'_>) -> String {
    format!("{}-oidc", asked.cookie_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_of_the_console_are_policies() {
        for document in [VIEWER, DEVELOPER, ADMIN] {
            assert!(Policy::parse(document, PolicyKind::Identity).is_ok(), "{document}");
        }
    }
}
