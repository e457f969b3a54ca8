//! The account as a whole: everybody with their policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::holders::listed;
use super::roles::{encoded, shown_boundary};
use super::{max_items, policies, users};
use crate::identity::iam::{Entities, Tag, Usage, page};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Details {
    #[serde(default)]
    filter: Vec<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

/// Inline policies as they are shown with whom they belong to.
fn inline<'a>(inline: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    let shown = |(name, document): (&String, &String)| json!({"PolicyName": name, "PolicyDocument": encoded(document)});
    inline.into_iter().map(shown).collect()
}

fn attached(arns: &[String]) -> Value {
    arns.iter().map(|arn| json!({"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn})).collect()
}

fn tags(tags: &[Tag]) -> Value {
    tags.iter().map(|tag| json!({"Key": tag.key, "Value": tag.value})).collect()
}

pub(super) async fn get_account_authorization_details(
    call: &Call,
    input: Details,
) -> Result<Value, ApiError> {
    const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];
    let wants = |kind: &str| input.filter.is_empty() || input.filter.iter().any(|it| it == kind);
    let Entities { roles, users, groups, policies } = call.iam().entities(&call.caller.account).await?;
    let mut all: Vec<(usize, Value)> = Vec::new();
    if wants("User") {
        all.extend(users.iter().map(|user| {
            let mut shown = users::shown(user);
            shown["UserPolicyList"] = inline(&user.inline);
            shown["AttachedManagedPolicies"] = attached(&user.attached);
            shown["GroupList"] = user.groups.iter().cloned().collect();
            (0, shown)
        }));
    }
    if wants("Group") {
        all.extend(groups.iter().map(|group| {
            let mut shown = users::shown_group(group);
            shown["GroupPolicyList"] = inline(&group.inline);
            shown["AttachedManagedPolicies"] = attached(&group.attached);
            (1, shown)
        }));
    }
    if wants("Role") {
        all.extend(roles.iter().map(|role| {
            let mut shown = json!({
                "Path": role.path,
                "RoleName": role.name,
                "RoleId": role.role_id,
                "Arn": role.arn,
                "CreateDate": role.create_date.to_iso8601(),
                "AssumeRolePolicyDocument": encoded(&role.assume_role_policy_document),
                "InstanceProfileList": [],
                "RolePolicyList": inline(&role.inline),
                "AttachedManagedPolicies": attached(&role.attached),
                "Tags": tags(&role.tags),
            });
            if let Some(boundary) = &role.permissions_boundary {
                shown["PermissionsBoundary"] = shown_boundary(boundary);
            }
            (2, shown)
        }));
    }
    if wants("LocalManagedPolicy") {
        for policy in &policies {
            let (_, usage): (_, Usage) = call.iam().policy(&call.caller.account, &policy.arn).await?;
            let mut shown = policies::shown(policy, usage);
            let versions =
                policy.versions.iter().map(|version| policies::shown_version(policy, version, true));
            shown["PolicyVersionList"] = versions.collect();
            all.push((3, shown));
        }
    }
    let keyed = all.into_iter().enumerate().map(|(n, it)| (format!("{n:08}"), it)).collect();
    let page = page(keyed, |(key, _)| key, input.marker.as_deref(), max_items(input.max_items));
    let mut output = listed(LISTS[0], Vec::<Value>::new(), page.marker);
    for (index, list) in LISTS.iter().enumerate() {
        let own =
            page.items.iter().filter(|(_, (kind, _))| *kind == index).map(|(_, (_, shown))| shown.clone());
        output[*list] = own.collect();
    }
    Ok(output)
}
