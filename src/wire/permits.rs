//! Whether callers' policies, and what a resource is tagged with, allow what a call needs.

use std::borrow::Cow;
use std::pin::Pin;

use bytes::Bytes;
use serde_json::Value;

use super::in_process::Inside;
use super::permission::{self, Decided};
use super::{Api, ApiError, Operation, Permission};
use crate::connect::collect;
use crate::id::{AccountRegion, Region};
use crate::identity::iam::Enforcement;
use crate::identity::{CallFacts, Caller, ConditionValues};

/// The most of a list of tags.
const TAGS_BYTES_MAX: usize = 65_536;

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
            let denied = permission::denied(&grants, &facts, permission, tell.as_deref_mut());
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
    ///
    /// Boxed, because the service is asked the way in that every call takes.
    fn resource_tags<'a>(
        &'a self,
        permission: &'a Permission,
        caller: &'a Caller,
        region: &'a Region,
    ) -> Pin<Box<dyn Future<Output = Vec<ConditionValues>> + Send + 'a>> {
        Box::pin(async move {
            let name = permission.action.split(':').next().unwrap_or_default();
            let service = self.services().named(name);
            let asked = service.and_then(|it| Some((it, (it.special.tags_of)(&permission.resource)?)));
            let Some((service, (operation, input))) = asked else { return Vec::new() };
            // The account's own calls ask for no tags in turn.
            let root = Caller::root(caller.account.clone());
            let body = Bytes::from(input.to_string());
            let inside = Inside::input(operation.to_owned(), body, root, region.clone(), None);
            // What isn't there has none.
            let Ok(response) = self.perform(service, inside).await else { return Vec::new() };
            let (parts, body) = response.into_parts();
            let body = collect(body, TAGS_BYTES_MAX).await.unwrap_or_default();
            let answer = serde_json::from_slice(&body).ok().filter(|_: &Value| parts.status.is_success());
            answer.map(|answer| permission::of_resource(name, &answer)).unwrap_or_default()
        })
    }
}
