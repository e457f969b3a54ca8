//! Whether callers' policies, and what a resource is tagged with, allow what a call needs.

use std::borrow::Cow;
use std::pin::Pin;

use bytes::Bytes;
use serde_json::Value;

use super::in_process::Inside;
use super::permission::{self, Decided};
use super::{Api, ApiError, Operation, Permission, Service};
use crate::connect::collect;
use crate::id::{AccountRegion, Region};
use crate::identity::iam::Enforcement;
use crate::identity::{CallFacts, Caller, ConditionValues};
use crate::policy::{Policy, PolicyKind};

/// The most of a list of tags, or of a policy.
const ASKED_BYTES_MAX: usize = 65_536;

impl Api {
    /// Whether the caller's own policies allow a call; accounts have none.
    pub(super) async fn permit(
        &self,
        operation: &Operation,
        input: &Value,
        caller: &Caller,
        region: &Region,
    ) -> Result<(), ApiError> {
        if !caller.has_policies() {
            return Ok(());
        }
        let home = AccountRegion { account: caller.account.clone(), region: region.clone() };
        self.permits(caller, region, &permission::needed(operation, input, &home)).await
    }

    /// Whether the caller's own policies allow everything that is `needed`. What a role lacks that a service acts under is
    /// only noted if the settings say so.
    ///
    /// # Errors
    /// [`Code::AccessDenied`] in AWS's words.
    pub(super) async fn permits(
        &self,
        caller: &Caller,
        region: &Region,
        needed: &[Permission],
    ) -> Result<(), ApiError> {
        self.permits_telling(caller, region, needed, None).await
    }

    /// The same; `tell` is told by which statements.
    pub(super) async fn permits_telling(
        &self,
        caller: &Caller,
        region: &Region,
        needed: &[Permission],
        mut tell: Option<&mut Vec<Decided>>,
    ) -> Result<(), ApiError> {
        if !caller.has_policies() {
            if let Some(told) = tell {
                told.extend(needed.iter().map(Decided::by_account));
            }
            return Ok(());
        }
        let grants = self.iam().grants(caller).await?;
        let now = self.clock.now();
        for permission in needed {
            let mut conditions = Cow::Borrowed(&permission.conditions);
            if grants.need_resource_tags() {
                conditions.to_mut().extend(self.resource_tags(permission, caller, region).await);
            }
            let facts = CallFacts { caller, now, region: Some(region), conditions: &conditions };
            let policy = self.resource_policy(permission, caller, region).await;
            let theirs = policy.map(|policy| permission::theirs(&policy, &facts, permission));
            let denied = permission::denied(&grants, &facts, permission, theirs, tell.as_deref_mut());
            let Some(denied) = denied else { continue };
            match caller.acting().filter(|_| self.iam().enforcement() == Enforcement::Warn) {
                Some((role, _)) => {
                    self.iam().note_missing(&role.role_arn, &permission.action, &permission.resource).await;
                }
                None => return Err(denied.into_error(caller)),
            }
        }
        Ok(())
    }

    /// The tags of what a permission is about, as condition keys.
    async fn resource_tags(
        &self,
        permission: &Permission,
        caller: &Caller,
        region: &Region,
    ) -> Vec<ConditionValues> {
        let Some(service) = self.service_asked_for(permission) else { return Vec::new() };
        let Some(asked) = (service.special.tags_of)(&permission.resource) else { return Vec::new() };
        let answer = self.answer_of(service, asked, caller, region).await;
        let answer = answer.and_then(|body| serde_json::from_slice(&body).ok());
        answer.map(|answer: Value| permission::of_resource(service.name, &answer)).unwrap_or_default()
    }

    /// The policy of what a permission is about, if it has one.
    async fn resource_policy(
        &self,
        permission: &Permission,
        caller: &Caller,
        region: &Region,
    ) -> Option<Policy> {
        let service = self.service_asked_for(permission)?;
        // Most services' resources have no policy, and nothing is asked then.
        let asked = (service.special.policy_of)(&permission.resource)?;
        let text = self.answer_of(service, asked, caller, region).await?;
        // It was checked when it was put.
        Policy::parse(std::str::from_utf8(&text).ok()?, PolicyKind::Resource).ok()
    }

    fn service_asked_for(&self, permission: &Permission) -> Option<&'static Service> {
        self.services().named(permission.action.split(':').next().unwrap_or_default())
    }

    /// What a service answers to the account; `None` if nothing is there.
    ///
    /// Boxed, because the service is asked the way in that every call takes.
    fn answer_of<'a>(
        &'a self,
        service: &'static Service,
        (operation, input): (&'static str, Value),
        caller: &'a Caller,
        region: &'a Region,
    ) -> Pin<Box<dyn Future<Output = Option<Bytes>> + Send + 'a>> {
        Box::pin(async move {
            // The account's own calls ask for nothing in turn.
            let root = Caller::root(caller.account.clone());
            let body = Bytes::from(input.to_string());
            let inside = Inside::input(operation.to_owned(), body, root, region.clone(), None);
            let response = self.perform(service, inside).await.ok()?;
            let (parts, body) = response.into_parts();
            let body = collect(body, ASKED_BYTES_MAX).await.unwrap_or_default();
            parts.status.is_success().then_some(body)
        })
    }
}
