//! The principal behind a request.

use std::borrow::Cow;
use std::sync::Arc;

use crate::id::AccountId;

/// Who made a request, as proven by its signature or vouched for by the room that calls in process.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl Caller {
    /// The account itself.
    pub fn root(account: AccountId) -> Self {
        let arn = format!("arn:aws:iam::{account}:root").into();
        let user_id = account.as_str().into();
        Self { account, arn, user_id, access_key_id: None }
    }

    /// The value of a condition key that tells who calls, in lower case; `None` for what callers of this kind don't have.
    pub fn condition_value(&self, key: &str) -> Option<Cow<'_, str>> {
        Some(match key {
            "aws:principalaccount" => self.account.as_str().into(),
            "aws:principalarn" => (&*self.arn).into(),
            "aws:principaltype" => "Account".into(),
            "aws:userid" => (&*self.user_id).into(),
            _ => return None,
        })
    }

    /// A role as it acts under a session: what an integration or a service does on the role's behalf.
    ///
    /// `user_id` is `ROLE-ID:SESSION` on AWS; here the role's name stands for its id where a role is only
    /// known by ARN.
    pub fn assumed_role(account: AccountId, role_name: &str, session: &str) -> Self {
        let arn = format!("arn:aws:sts::{account}:assumed-role/{role_name}/{session}").into();
        let user_id = format!("{role_name}:{session}").into();
        Self { account, arn, user_id, access_key_id: None }
    }
}
