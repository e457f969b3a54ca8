//! The principal that makes a request.

use std::borrow::Cow;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::{AccountId, Region};
use crate::policy;
use crate::policy::{Facts, Policy};

/// The principal that made a request, as proven by its signature, or as stated by the room that calls in process.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The account the principal belongs to.
    pub account: AccountId,
    /// The principal's ARN, such as `arn:aws:iam::123456789012:root` or
    /// `arn:aws:sts::123456789012:assumed-role/R/session`.
    pub arn: Arc<str>,
    /// IAM's unique id of the principal: the account for root, `AIDA…` for users, `AROA…:session` for roles.
    pub user_id: Arc<str>,
    /// The access key that signed; `None` for calls in process.
    pub access_key_id: Option<Arc<str>>,
    /// The kind of principal, which determines what it may do.
    pub principal: Principal,
    /// The service that passes the caller's request on in further calls: `cloudformation.amazonaws.com`.
    pub via: Option<&'static str>,
}

/// A kind of principal.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// The account itself, which may do everything in it.
    Account,
    /// A role that this server acts under and doesn't have itself, so that there are no policies to evaluate.
    Service,
    /// Somebody who has assumed a role, and may do what the role's policies allow.
    Session(Arc<RoleSession>),
    /// A user, who may do what its policies and those of its groups allow.
    User(Arc<UserIdentity>),
    /// Somebody for whom a user or the account has got keys.
    Federated(Arc<FederatedUser>),
}

/// Somebody for whom a user or the account has got keys (GetFederationToken).
#[derive(Clone, Debug, PartialEq)]
pub struct FederatedUser {
    /// Who has got the keys; `None` for the account.
    pub user: Option<UserIdentity>,
    /// Session policies, one of which has to allow. Without any, nothing is allowed.
    pub policies: Vec<Arc<Policy>>,
    /// When the session began.
    pub issued: Timestamp,
    /// Its tags.
    pub tags: SessionTags,
}

/// What is said of a session when it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTags {
    /// The principal's tags: those of the role, and those of the session in place of them.
    pub tags: Vec<(String, String)>,
    /// The keys of those that sessions started by this one have as well.
    pub transitive: Vec<String>,
    /// Who is behind it.
    pub source_identity: Option<String>,
}

impl SessionTags {
    /// The value of a condition key in lower case.
    fn value(&self, key: &str) -> Option<&str> {
        match key.strip_prefix("aws:principaltag/") {
            Some(tag) => {
                let (_, value) = self.tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag))?;
                Some(value)
            }
            None if key == "aws:sourceidentity" => self.source_identity.as_deref(),
            None => None,
        }
    }
}

/// A user who calls.
#[derive(Clone, Debug, PartialEq)]
pub struct UserIdentity {
    /// The user's name.
    pub name: Arc<str>,
    /// The user's id. A user that is created later with the same name is a different one.
    pub id: Arc<str>,
    /// The user's tags.
    pub tags: Vec<(String, String)>,
    /// The session, if the keys are temporary ones.
    pub session: Option<UserSession>,
}

/// A session of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserSession {
    /// When it began.
    pub issued: Timestamp,
    /// Session policies, one of which has to allow as well; `None` if there are none.
    pub policies: Option<Vec<Arc<Policy>>>,
}

/// The session of an assumed role.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleSession {
    /// The role's name.
    pub role_name: Arc<str>,
    /// The role's id. A role that is created later with the same name is a different role.
    pub role_id: Arc<str>,
    /// The role's ARN.
    pub role_arn: Arc<str>,
    /// When the role was assumed.
    pub issued: Timestamp,
    /// Session policies, one of which has to allow as well; `None` if there are none.
    pub policies: Option<Vec<Arc<Policy>>>,
    /// The service that acts under the role for its user's resource; `None` for whoever has keys of the session.
    pub service: Option<&'static str>,
    /// The token with which the role was assumed, if it was one of an identity provider.
    pub web: Option<Arc<WebIdentity>>,
    /// What was said of the session when it began.
    pub tags: SessionTags,
}

/// What a token of an identity provider says of its bearer, as roles' policies see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebIdentity {
    /// The provider, as trust policies name it: `cognito-identity.amazonaws.com`, or a provider's ARN.
    pub provider: String,
    /// The prefix of its condition keys: the provider, or the host and path of its issuer.
    pub prefix: String,
    /// For whom the token is: an identity pool, or a client.
    pub audience: String,
    /// Who bears it: an identity, or a user.
    pub subject: String,
    /// How the bearer was identified: `authenticated` or `unauthenticated`, and the logins.
    pub methods: Vec<String>,
}

impl WebIdentity {
    /// The values of a condition key, in lower case: `cognito-identity.amazonaws.com:aud` and the like.
    pub fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        if key == "aws:federatedprovider" {
            return Some(vec![self.provider.as_str().into()]);
        }
        let (prefix, name) = key.rsplit_once(':')?;
        if !self.prefix.eq_ignore_ascii_case(prefix) {
            return None;
        }
        match name {
            "aud" => Some(vec![self.audience.as_str().into()]),
            "sub" => Some(vec![self.subject.as_str().into()]),
            "amr" if !self.methods.is_empty() => {
                Some(self.methods.iter().map(|method| method.as_str().into()).collect())
            }
            _ => None,
        }
    }
}

impl Caller {
    /// The account itself.
    pub fn root(account: AccountId) -> Self {
        let arn = format!("arn:aws:iam::{account}:root").into();
        let user_id = account.as_str().into();
        Self { account, arn, user_id, access_key_id: None, principal: Principal::Account, via: None }
    }

    /// A role session under which an integration or a service acts.
    ///
    /// On AWS, `user_id` is `ROLE-ID:SESSION`. Here the role's name takes the place of its id, because the role may be
    /// known only by its ARN.
    pub fn assumed_role(account: AccountId, role_name: &str, session: &str) -> Self {
        let arn = session_arn(&account, role_name, session);
        let user_id = format!("{role_name}:{session}").into();
        Self { account, arn, user_id, access_key_id: None, principal: Principal::Service, via: None }
    }

    /// Nobody: who calls an operation that takes no signature. No policy grants it anything, since no role has its id.
    pub fn anonymous(account: AccountId) -> Self {
        let (role_name, arn): (Arc<str>, Arc<str>) = ("".into(), "anonymous".into());
        let role = RoleSession {
            role_id: role_name.clone(),
            role_arn: role_name.clone(),
            role_name,
            issued: Timestamp::from_millis(0),
            policies: None,
            service: None,
            web: None,
            tags: SessionTags::default(),
        };
        let principal = Principal::Session(Arc::new(role));
        Self { account, user_id: arn.clone(), arn, access_key_id: None, principal, via: None }
    }

    /// Somebody who has assumed a role, with the session name `session`.
    pub fn session(account: AccountId, role: RoleSession, session: &str) -> Self {
        let arn = session_arn(&account, &role.role_name, session);
        let user_id = [&*role.role_id, ":", session].concat().into();
        let principal = Principal::Session(Arc::new(role));
        Self { account, arn, user_id, access_key_id: None, principal, via: None }
    }

    /// A user with this ARN.
    pub fn user(account: AccountId, user: UserIdentity, arn: &str) -> Self {
        let (arn, user_id) = (arn.into(), user.id.clone());
        let principal = Principal::User(Arc::new(user));
        Self { account, arn, user_id, access_key_id: None, principal, via: None }
    }

    /// Somebody for whom keys were got under a name.
    pub fn federated(account: AccountId, federated: FederatedUser, name: &str) -> Self {
        let arn = format!("arn:aws:sts::{account}:federated-user/{name}").into();
        let user_id = format!("{account}:{name}").into();
        let principal = Principal::Federated(Arc::new(federated));
        Self { account, arn, user_id, access_key_id: None, principal, via: None }
    }

    /// The same caller, whose request `service` passes on in further calls.
    #[must_use]
    pub fn passed_on_by(self, service: &'static str) -> Self {
        Self { via: Some(service), ..self }
    }

    /// The service that makes this call: one that passes a request on, or that acts under a role.
    pub fn calling_service(&self) -> Option<&'static str> {
        self.via.or_else(|| Some(self.acting()?.1))
    }

    /// What was said of the session when it began; nothing of whoever has no session.
    pub fn session_tags(&self) -> SessionTags {
        match &self.principal {
            Principal::Session(session) => session.tags.clone(),
            Principal::Federated(federated) => federated.tags.clone(),
            Principal::Account | Principal::Service | Principal::User(_) => SessionTags::default(),
        }
    }

    /// The role that this server acts under, and the service that does so; `None` for whoever has called by themselves.
    pub fn acting(&self) -> Option<(&RoleSession, &'static str)> {
        match &self.principal {
            Principal::Session(session) => Some((session, session.service?)),
            Principal::Account | Principal::Service | Principal::User(_) | Principal::Federated(_) => None,
        }
    }

    /// Whether the caller's own policies say what it may do.
    pub fn has_policies(&self) -> bool {
        match self.principal {
            Principal::Account | Principal::Service => false,
            Principal::Session(_) | Principal::User(_) | Principal::Federated(_) => true,
        }
    }

    /// The caller as policies identify it.
    pub fn for_policies(&self) -> policy::Caller<'_> {
        policy::Caller::Aws { arn: &self.arn, account: self.account.as_str() }
    }

    /// The token with which the caller assumed a role, if it was one of an identity provider.
    pub fn web_identity(&self) -> Option<&WebIdentity> {
        match &self.principal {
            Principal::Session(session) => session.web.as_deref(),
            Principal::Account | Principal::Service | Principal::User(_) | Principal::Federated(_) => None,
        }
    }

    /// All values of a condition key about the caller, in lower case; `None` if this kind of caller doesn't have the key.
    pub fn condition_values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        match self.condition_value(key) {
            Some(value) => Some(vec![value]),
            None => self.web_identity()?.values(key),
        }
    }

    /// The value of a condition key about the caller, in lower case; `None` if this kind of caller doesn't have the
    /// key.
    pub fn condition_value(&self, key: &str) -> Option<Cow<'_, str>> {
        let about = About::of(&self.principal);
        if key == "aws:sourceidentity" || key.starts_with("aws:principaltag/") {
            let of_user = || {
                let tag = key.strip_prefix("aws:principaltag/")?;
                let (_, value) = about.user?.tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag))?;
                Some(value.as_str())
            };
            return about.tags.and_then(|tags| tags.value(key)).or_else(of_user).map(Cow::from);
        }
        Some(match key {
            "aws:principalaccount" => self.account.as_str().into(),
            // For a session it is the role's ARN.
            "aws:principalarn" => about.role.map_or(&*self.arn, |role| &role.role_arn).into(),
            "aws:principaltype" => match self.principal {
                Principal::Account => "Account".into(),
                Principal::Service | Principal::Session(_) => "AssumedRole".into(),
                Principal::User(_) => "User".into(),
                Principal::Federated(_) => "FederatedUser".into(),
            },
            // There is one such service in a chain of calls at most.
            "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast" => self.via?.into(),
            "aws:viaawsservice" => self.via.map(|_| "true")?.into(),
            "aws:userid" => (&*self.user_id).into(),
            "aws:username" if matches!(self.principal, Principal::User(_)) => (&*about.user?.name).into(),
            "aws:tokenissuetime" => about.issued?.to_iso8601_seconds().into(),
            // MFA devices are not supported.
            "aws:multifactorauthpresent" => about.issued.map(|_| "false")?.into(),
            _ => return None,
        })
    }
}

/// What is known of a caller, whatever kind it is.
struct About<'a> {
    role: Option<&'a RoleSession>,
    user: Option<&'a UserIdentity>,
    tags: Option<&'a SessionTags>,
    /// When its session began.
    issued: Option<Timestamp>,
}

impl<'a> About<'a> {
    fn of(principal: &'a Principal) -> Self {
        match principal {
            Principal::Account | Principal::Service => {
                Self { role: None, user: None, tags: None, issued: None }
            }
            Principal::Session(session) => Self {
                role: Some(session),
                user: None,
                tags: Some(&session.tags),
                issued: Some(session.issued),
            },
            Principal::User(user) => {
                let issued = user.session.as_ref().map(|session| session.issued);
                Self { role: None, user: Some(user), tags: None, issued }
            }
            Principal::Federated(it) => {
                Self { role: None, user: it.user.as_ref(), tags: Some(&it.tags), issued: Some(it.issued) }
            }
        }
    }
}

fn session_arn(account: &AccountId, role_name: &str, session: &str) -> Arc<str> {
    ["arn:aws:sts::", account.as_str(), ":assumed-role/", role_name, "/", session].concat().into()
}

/// The condition keys of a call to an AWS API.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts<'a> {
    /// Who calls.
    pub caller: &'a Caller,
    /// The time of the call.
    pub now: Timestamp,
    /// The region of the call; `None` for global services.
    pub region: Option<&'a Region>,
    /// Keys that the call itself has.
    pub conditions: &'a [ConditionValues],
}

/// A condition key in lower case, with its values.
pub type ConditionValues = (Cow<'static, str>, Vec<String>);

impl Facts for CallFacts<'_> {
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        if let Some((_, values)) = self.conditions.iter().find(|(name, _)| name == key) {
            return Some(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect());
        }
        let value = match key {
            "aws:currenttime" => self.now.to_iso8601().into(),
            "aws:epochtime" => self.now.as_seconds().to_string().into(),
            "aws:requestedregion" => self.region?.as_str().into(),
            _ => return self.caller.condition_values(key),
        };
        Some(vec![value])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_apart_by_conditions() {
        let account = AccountId::parse("123456789012").unwrap();
        let role = RoleSession {
            role_name: "R".into(),
            role_id: "AROAR".into(),
            role_arn: "arn:aws:iam::123456789012:role/p/R".into(),
            issued: Timestamp::from_millis(1_700_000_000_000),
            policies: None,
            service: None,
            web: None,
            tags: SessionTags {
                tags: vec![("Team".to_owned(), "blue".to_owned())],
                source_identity: Some("ann".to_owned()),
                ..SessionTags::default()
            },
        };
        let session = Caller::session(account.clone(), role, "s");
        let root = Caller::root(account.clone());
        let passed_on = Caller::root(account).passed_on_by("cloudformation.amazonaws.com");
        for (key, want) in [
            ("aws:calledvia", "cloudformation.amazonaws.com"),
            ("aws:calledviafirst", "cloudformation.amazonaws.com"),
            ("aws:calledvialast", "cloudformation.amazonaws.com"),
            ("aws:viaawsservice", "true"),
        ] {
            assert_eq!(passed_on.condition_value(key).as_deref(), Some(want), "{key}");
            assert_eq!(root.condition_value(key), None, "{key}");
        }
        assert_eq!(&*session.arn, "arn:aws:sts::123456789012:assumed-role/R/s");
        for (key, of_root, of_session) in [
            (
                "aws:principalarn",
                Some("arn:aws:iam::123456789012:root"),
                Some("arn:aws:iam::123456789012:role/p/R"),
            ),
            ("aws:principaltype", Some("Account"), Some("AssumedRole")),
            ("aws:principalaccount", Some("123456789012"), Some("123456789012")),
            ("aws:userid", Some("123456789012"), Some("AROAR:s")),
            ("aws:tokenissuetime", None, Some("2023-11-14T22:13:20Z")),
            ("aws:multifactorauthpresent", None, Some("false")),
            ("aws:username", None, None),
            ("aws:principaltag/team", None, Some("blue")),
            ("aws:principaltag/other", None, None),
            ("aws:sourceidentity", None, Some("ann")),
        ] {
            assert_eq!(root.condition_value(key).as_deref(), of_root, "{key}");
            assert_eq!(session.condition_value(key).as_deref(), of_session, "{key}");
        }
    }
}
