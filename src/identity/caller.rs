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
}

/// A kind of principal.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// The account itself, which may do everything in it.
    Account,
    /// A role under which this server acts, as configured by a user. Its policies are not evaluated.
    Service,
    /// Somebody who has assumed a role, and may do what the role's policies allow.
    Session(Arc<RoleSession>),
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
}

impl Caller {
    /// The account itself.
    pub fn root(account: AccountId) -> Self {
        let arn = format!("arn:aws:iam::{account}:root").into();
        let user_id = account.as_str().into();
        Self { account, arn, user_id, access_key_id: None, principal: Principal::Account }
    }

    /// A role session under which an integration or a service acts.
    ///
    /// On AWS, `user_id` is `ROLE-ID:SESSION`. Here the role's name takes the place of its id, because the role may be
    /// known only by its ARN.
    pub fn assumed_role(account: AccountId, role_name: &str, session: &str) -> Self {
        let arn = session_arn(&account, role_name, session);
        let user_id = format!("{role_name}:{session}").into();
        Self { account, arn, user_id, access_key_id: None, principal: Principal::Service }
    }

    /// Somebody who has assumed a role, with the session name `session`.
    pub fn session(account: AccountId, role: RoleSession, session: &str) -> Self {
        let arn = session_arn(&account, &role.role_name, session);
        let user_id = format!("{}:{session}", role.role_id).into();
        let principal = Principal::Session(Arc::new(role));
        Self { account, arn, user_id, access_key_id: None, principal }
    }

    /// The caller as policies identify it.
    pub fn for_policies(&self) -> policy::Caller<'_> {
        policy::Caller::Aws { arn: &self.arn, account: self.account.as_str() }
    }

    /// The value of a condition key about the caller, in lower case; `None` if this kind of caller doesn't have the
    /// key.
    pub fn condition_value(&self, key: &str) -> Option<Cow<'_, str>> {
        let session = match &self.principal {
            Principal::Session(session) => Some(&**session),
            Principal::Account | Principal::Service => None,
        };
        Some(match key {
            "aws:principalaccount" => self.account.as_str().into(),
            // For a session it is the role's ARN.
            "aws:principalarn" => session.map_or(&*self.arn, |session| &session.role_arn).into(),
            "aws:principaltype" => match self.principal {
                Principal::Account => "Account".into(),
                Principal::Service | Principal::Session(_) => "AssumedRole".into(),
            },
            "aws:userid" => (&*self.user_id).into(),
            "aws:tokenissuetime" => session?.issued.to_iso8601_seconds().into(),
            // MFA devices are not supported.
            "aws:multifactorauthpresent" => session.map(|_| "false")?.into(),
            _ => return None,
        })
    }
}

fn session_arn(account: &AccountId, role_name: &str, session: &str) -> Arc<str> {
    format!("arn:aws:sts::{account}:assumed-role/{role_name}/{session}").into()
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
    /// `sts:ExternalId`: the value that the role's owner has given the caller.
    pub external_id: Option<&'a str>,
}

impl Facts for CallFacts<'_> {
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        let value = match key {
            "aws:currenttime" => self.now.to_iso8601().into(),
            "aws:epochtime" => self.now.as_seconds().to_string().into(),
            "aws:requestedregion" => self.region?.as_str().into(),
            "sts:externalid" => self.external_id?.into(),
            _ => self.caller.condition_value(key)?,
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
        };
        let session = Caller::session(account.clone(), role, "s");
        let root = Caller::root(account);
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
        ] {
            assert_eq!(root.condition_value(key).as_deref(), of_root, "{key}");
            assert_eq!(session.condition_value(key).as_deref(), of_session, "{key}");
        }
    }
}
