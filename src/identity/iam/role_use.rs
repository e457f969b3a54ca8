//! Roles that services of AWS act under for their users: an integration's, a state machine's, a function's.
//!
//! A role of this server is asked for everything: it has to trust the service, and [`Iam::grants`] says what it may do. A
//! role that this server doesn't have can't be asked. Definitions that were recorded on AWS name roles of an account whose
//! IAM nobody copies here, so `[iam] enforcement = "enforced"` lets such a role through with a warning, and `"strict"`
//! refuses it. The same goes for a role that never had a policy, which scripts make to have a name: `"enforced"` lets it
//! through until it gets its first one, and asks it from then on, whatever is taken away again. A server with keys of its own
//! is strict unless its settings say otherwise. A template's role has what its
//! template says, and is asked from the start. A role that was deleted here is refused like one that trusts nobody: whoever
//! deletes a role means to end what it allows.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use super::permissions::{Known, RolePermissions};
use super::{Iam, IamError};
use crate::clock::Timestamp;
use crate::id::{AccountId, AccountRegion};
use crate::identity::{CallFacts, Caller, Grants, Owner, RoleSession, SessionTags};
use crate::policy;
use crate::policy::{Deciding, Decision, Facts, Policy, Request};

/// The action of assuming a role, in policies.
pub(crate) const ASSUME_ROLE: &str = "sts:AssumeRole";
/// The service that carries out what stacks ask for, under their roles or in their callers' name.
pub const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";

/// How strictly the roles of integrations, state machines and functions are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// Roles of this server are asked for everything; others are let through, with a warning.
    #[default]
    Enforced,
    /// Roles have to exist as well.
    Strict,
    /// Everything is let through; what would be refused is logged and kept.
    Warn,
}

/// A service's use of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleUse {
    /// The role's ARN.
    pub role_arn: Arc<str>,
    /// The service: `states.amazonaws.com`.
    pub service: &'static str,
    /// The session's name.
    pub session: String,
    /// The ARN of the resource that the service acts for.
    pub source_arn: Option<Arc<str>>,
    /// The ARN of a second role, which is assumed under the first one: that of a Task's `Credentials`.
    pub task_role: Option<Arc<str>>,
}

/// Why a role can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// It isn't there, or its trust policy doesn't let the service assume it. As on AWS, nobody learns which.
    #[error("{service} may not assume the role {role}: {reason}")]
    NotAssumed {
        /// The role's ARN.
        role: String,
        /// Who wanted to assume it.
        service: &'static str,
        /// The reason, for the server's log.
        reason: &'static str,
    },
    /// The first role may not assume the second.
    #[error("The role {own} is not authorized to assume the task state's role, {role}.")]
    TaskRole {
        /// The first role's ARN.
        own: String,
        /// The second role's ARN.
        role: String,
    },
    /// Roles can't be read.
    #[error(transparent)]
    Iam(#[from] IamError),
}

/// What this server knows of a role's ARN.
enum Found {
    Role(Arc<RolePermissions>),
    /// It was here and was deleted.
    Deleted,
    /// It never was.
    Unknown,
}

/// The condition keys of a service's request to assume a role.
#[derive(Debug)]
struct ServiceFacts<'a> {
    of: &'a RoleUse,
    home: &'a AccountRegion,
    now: Timestamp,
}

impl Facts for ServiceFacts<'_> {
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        let value = match key {
            "aws:currenttime" => self.now.to_iso8601().into(),
            "aws:epochtime" => self.now.as_seconds().to_string().into(),
            "aws:requestedregion" => self.home.region.as_str().into(),
            "aws:sourceaccount" => self.home.account.as_str().into(),
            "aws:sourcearn" => (&**self.of.source_arn.as_ref()?).into(),
            "aws:principalisawsservice" => "true".into(),
            "aws:principalservicename" => self.of.service.into(),
            _ => return None,
        };
        Some(vec![value])
    }
}

impl Iam {
    /// The same roles, asked as `enforcement` says.
    #[must_use]
    pub fn enforcing(self, enforcement: Enforcement) -> Self {
        Self { enforcement, ..self }
    }

    /// How strictly roles are asked.
    pub fn enforcement(&self) -> Enforcement {
        self.enforcement
    }

    /// The caller that a service becomes under a role, for a resource of `home`.
    ///
    /// # Errors
    /// [`RoleError`] says why it can't.
    pub async fn assume(&self, of: &RoleUse, home: &AccountRegion) -> Result<Caller, RoleError> {
        let own = self.assume_first(of, home).await?;
        match &of.task_role {
            Some(task_role) => self.assume_second(&own, of, task_role).await,
            None => Ok(own),
        }
    }

    /// Whether a role that is assigned to a resource may be without what that needs: one without any policy gets them later,
    /// as templates make policies after the resource. It is asked when it is used. Under `strict` it has to have them.
    ///
    /// # Errors
    /// If roles can't be read.
    pub async fn awaits_policies(&self, caller: &Caller) -> Result<bool, IamError> {
        let grants = self.grants(caller).await?;
        Ok(self.enforcement == Enforcement::Enforced && grants.are_none())
    }

    async fn assume_first(&self, of: &RoleUse, home: &AccountRegion) -> Result<Caller, RoleError> {
        let refused = |reason| {
            let (role, service) = (of.role_arn.to_string(), of.service);
            RoleError::NotAssumed { role, service, reason }
        };
        let (account, name) = role_of(&of.role_arn).ok_or_else(|| refused("it is not a role's ARN"))?;
        let role = match self.find(&of.role_arn, &account, name).await? {
            Found::Role(role) => role,
            Found::Unknown => return self.unknown(&of.role_arn, of, refused("this server doesn't have it")),
            Found::Deleted => return self.deleted(&of.role_arn, of, refused("it was deleted")).await,
        };
        let now = self.clock.now();
        if !trusts_service(&role, of, home, now) {
            self.let_pass(&role.arn, ASSUME_ROLE, of.service, refused("its trust policy doesn't allow it"))
                .await?;
        }
        if !role.had_policies && self.enforcement == Enforcement::Enforced {
            self.noted.unfinished(&role.arn);
            return Ok(Caller::assumed_role(account, name, &of.session));
        }
        Ok(session(account, &role, of, now))
    }

    /// The first role asks for the second, as anybody does who assumes a role.
    async fn assume_second(&self, own: &Caller, of: &RoleUse, role_arn: &str) -> Result<Caller, RoleError> {
        let refused = || RoleError::TaskRole { own: of.role_arn.to_string(), role: role_arn.to_owned() };
        let (account, name) = role_of(role_arn).ok_or_else(refused)?;
        let role = match self.find(role_arn, &account, name).await? {
            Found::Role(role) => role,
            Found::Unknown => return self.unknown(role_arn, of, refused()),
            Found::Deleted => return self.deleted(role_arn, of, refused()).await,
        };
        let (grants, now) = (self.grants(own).await?, self.clock.now());
        let is_allowed = {
            let facts = CallFacts { caller: own, now, region: None, conditions: &[] };
            role.trust.as_ref().is_some_and(|trust| may_assume(trust, &grants, &role.arn, &account, &facts))
        };
        if !is_allowed {
            self.let_pass(&of.role_arn, ASSUME_ROLE, role_arn, refused()).await?;
        }
        Ok(session(account, &role, of, now))
    }

    /// What becomes of the use of a role that this server never had.
    fn unknown(&self, role_arn: &str, of: &RoleUse, refused: RoleError) -> Result<Caller, RoleError> {
        match self.enforcement {
            Enforcement::Strict => Err(refused),
            Enforcement::Enforced | Enforcement::Warn => {
                self.noted.unknown(role_arn);
                let (account, name) = role_of(role_arn).ok_or(refused)?;
                Ok(Caller::assumed_role(account, name, &of.session))
            }
        }
    }

    /// What becomes of the use of a role that was deleted.
    async fn deleted(&self, role_arn: &str, of: &RoleUse, refused: RoleError) -> Result<Caller, RoleError> {
        self.let_pass(role_arn, ASSUME_ROLE, of.service, refused).await?;
        let gone =
            || RoleError::NotAssumed { role: role_arn.to_owned(), service: of.service, reason: "no ARN" };
        let (account, name) = role_of(role_arn).ok_or_else(gone)?;
        Ok(Caller::assumed_role(account, name, &of.session))
    }

    /// Refuses, unless the settings only warn: then what is missing is kept.
    async fn let_pass(
        &self,
        role_arn: &str,
        action: &str,
        resource: &str,
        refused: RoleError,
    ) -> Result<(), RoleError> {
        match self.enforcement {
            Enforcement::Warn => {
                self.note_missing(role_arn, action, resource).await;
                Ok(())
            }
            Enforcement::Enforced | Enforcement::Strict => Err(refused),
        }
    }

    async fn find(&self, arn: &str, account: &AccountId, name: &str) -> Result<Found, IamError> {
        // IAM has one partition here, but a role may be named in that of any region.
        let path = |arn: &str| arn.find(":role/").and_then(|at| arn.get(at..)).map(str::to_owned);
        Ok(match self.role_permissions(account, name).await? {
            Known::Role(role) if *role.arn == *arn || path(&role.arn) == path(arn) => Found::Role(role),
            // Of another path.
            Known::Role(_) | Known::Never => Found::Unknown,
            Known::Deleted => Found::Deleted,
        })
    }
}

/// Whether a role's trust policy lets the service assume it.
fn trusts_service(role: &RolePermissions, of: &RoleUse, home: &AccountRegion, now: Timestamp) -> bool {
    let facts = ServiceFacts { of, home, now };
    let caller = policy::Caller::Service { name: of.service, region: home.region.as_str() };
    let request = Request { caller, action: ASSUME_ROLE, resource: &role.arn, facts: &facts };
    role.trust.as_ref().is_some_and(|trust| trust.decide(&request) == Decision::Allow)
}

fn session(account: AccountId, role: &RolePermissions, of: &RoleUse, now: Timestamp) -> Caller {
    let session = RoleSession {
        role_name: role.name.clone(),
        role_id: role.role_id.clone(),
        role_arn: role.arn.clone(),
        issued: now,
        policies: None,
        service: Some(of.service),
        web: None,
        tags: SessionTags { tags: role.tags.clone(), ..SessionTags::default() },
    };
    Caller::session(account, session, &of.session)
}

/// Whether the trust policy of a role lets the caller of `facts` assume it, whose own policies grant `grants`.
///
/// The trust policy has to allow. If it allows only the caller's account as a whole, the caller's own policies have to allow
/// too. They may deny in any case.
pub(crate) fn may_assume(
    trust: &Policy,
    grants: &Grants,
    role_arn: &str,
    account: &AccountId,
    facts: &CallFacts<'_>,
) -> bool {
    is_let_in(ASSUME_ROLE, trust, grants, role_arn, account, facts)
}

/// The same for another action that trust policies are about: `sts:TagSession`.
pub(crate) fn is_let_in(
    action: &str,
    trust: &Policy,
    grants: &Grants,
    role_arn: &str,
    account: &AccountId,
    facts: &CallFacts<'_>,
) -> bool {
    let caller = facts.caller;
    let request = |caller| Request { caller, action, resource: role_arn, facts };
    let said = trust.decide(&request(caller.for_policies()));
    if said != Decision::Allow {
        return false;
    }
    // Without an account, only statements about the caller itself or about everybody apply.
    let alone = policy::Caller::Aws { arn: &caller.arn, account: "" };
    let by_name = trust.decide(&request(alone));
    let (said, owner) = match caller.account == *account {
        true => (by_name, Owner::Same),
        false => (said, Owner::Other),
    };
    grants.decide(&request(caller.for_policies()), Some(said), owner) == Decision::Allow
}

/// The statement of a role's trust policy, or of the caller's own policies, that lets the caller in or keeps them out; `None`
/// if it is for lack of one.
pub(crate) fn let_in_by(
    action: &str,
    trust: &Policy,
    grants: &Grants,
    role_arn: &str,
    facts: &CallFacts<'_>,
    is_let_in: bool,
) -> Option<Deciding> {
    let request = Request { caller: facts.caller.for_policies(), action, resource: role_arn, facts };
    match trust.deciding(&request) {
        (Decision::Allow, by) if is_let_in => by.map(|by| of_trust(by, role_arn)),
        (Decision::ExplicitDeny, by) => by.map(|by| of_trust(by, role_arn)),
        (Decision::Allow | Decision::ImplicitDeny, _) => {
            let is_denied = grants.decide(&request, None, Owner::Same) == Decision::ExplicitDeny;
            grants.deciding(&request).filter(|_| is_denied)
        }
    }
}

/// A statement with the name of its trust policy.
pub(crate) fn of_trust(by: Deciding, role_arn: &str) -> Deciding {
    Deciding { policy: Some(format!("trust policy of {role_arn}").into()), ..by }
}

/// The account and the name in a role's ARN.
pub(crate) fn role_of(arn: &str) -> Option<(AccountId, &str)> {
    let mut parts = arn.splitn(6, ':');
    let is_role =
        parts.next() == Some("arn") && parts.next().is_some_and(|partition| partition.starts_with("aws"));
    let is_iam = parts.next() == Some("iam") && parts.next() == Some("");
    let account = parts.next().and_then(AccountId::parse).filter(|_| is_role && is_iam)?;
    let name = parts.next()?.strip_prefix("role/")?.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some((account, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_accounts_and_names() {
        for (arn, expect) in [
            ("arn:aws:iam::123456789012:role/R", Some("R")),
            ("arn:aws:iam::123456789012:role/a/b/R", Some("R")),
            ("arn:aws-cn:iam::123456789012:role/R", Some("R")),
            ("arn:aws:iam::123456789012:role/", None),
            ("arn:aws:iam::123456789012:role/a/", None),
            ("arn:aws:iam::123456789012:user/R", None),
            ("arn:aws:iam::12345678901:role/R", None),
            ("arn:aws:iam:us-east-1:123456789012:role/R", None),
            ("arn:aws:sts::123456789012:role/R", None),
            ("arn:aws:iam::123456789012", None),
            ("R", None),
            ("", None),
        ] {
            let found = role_of(arn).map(|(account, name)| (account.to_string(), name));
            assert_eq!(found, expect.map(|name| ("123456789012".to_owned(), name)), "{arn}");
        }
    }
}
