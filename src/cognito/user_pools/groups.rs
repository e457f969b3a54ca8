//! Groups of users, and the roles that they have.

use serde::Deserialize;
use serde_json::{Value, json};

use super::admin::{self, Named};
use super::records::{Group, Pool};
use super::{tables, users};
use crate::cognito::Cognito;
use crate::cognito::error::{Error, GROUP_EXISTS, LIMIT_EXCEEDED, RESOURCE_NOT_FOUND};
use crate::cognito::pooled;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// The most groups of a pool; AWS's quota.
const GROUPS_MAX: usize = 10_000;
/// The most groups of a user; AWS's quota.
pub(super) const GROUPS_OF_USER_MAX: usize = 100;

fn view(pool: &str, name: &str, group: &Group) -> Value {
    let mut view = json!({
        "GroupName": name,
        "UserPoolId": pool,
        "LastModifiedDate": group.modified.as_seconds_f64(),
        "CreationDate": group.created.as_seconds_f64(),
    });
    if let Some(description) = &group.description {
        view["Description"] = json!(description);
    }
    if let Some(role) = &group.role_arn {
        view["RoleArn"] = json!(role);
    }
    if let Some(precedence) = group.precedence {
        view["Precedence"] = precedence.into();
    }
    view
}

fn existing(tx: &Tx<'_>, pool: &str, name: &str) -> Result<Group, Error> {
    tables::group(tx, pool, name)?.ok_or_else(|| Error::new(RESOURCE_NOT_FOUND, "Group not found."))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Given {
    group_name: String,
    user_pool_id: String,
    description: Option<String>,
    role_arn: Option<String>,
    precedence: Option<i64>,
}

pub(super) async fn create(call: &Call, input: Given) -> Result<Value, ApiError> {
    let (home, now) = (call.home.clone(), call.time);
    let made = move |tx: &Tx<'_>| {
        let (pool, name) = (&input.user_pool_id, &input.group_name);
        pooled::own::<Pool>(tx, &home, pool)?;
        if tables::group(tx, pool, name)?.is_some() {
            return Err(Error::new(GROUP_EXISTS, "A group with the name already exists."));
        }
        if GROUPS_MAX <= tables::groups(tx, pool, "", GROUPS_MAX)?.len() {
            return Err(Error::new(LIMIT_EXCEEDED, "Exceeded the number of groups."));
        }
        let group = Group {
            description: input.description.clone(),
            role_arn: input.role_arn.clone(),
            precedence: input.precedence,
            created: now,
            modified: now,
        };
        tables::add_group(tx, pool, name, &group)?;
        Ok::<_, Error>(json!({"Group": view(pool, name, &group)}))
    };
    Ok(call.state::<Cognito>().0.store.write(made).await?)
}

pub(super) async fn update(call: &Call, input: Given) -> Result<Value, ApiError> {
    let (home, now) = (call.home.clone(), call.time);
    let changed = move |tx: &Tx<'_>| {
        let (pool, name) = (&input.user_pool_id, &input.group_name);
        pooled::own::<Pool>(tx, &home, pool)?;
        let before = existing(tx, pool, name)?;
        let group = Group {
            description: input.description.clone().or(before.description),
            role_arn: input.role_arn.clone().or(before.role_arn),
            precedence: input.precedence.or(before.precedence),
            created: before.created,
            modified: now,
        };
        tables::put_group(tx, pool, name, &group)?;
        Ok::<_, Error>(json!({"Group": view(pool, name, &group)}))
    };
    Ok(call.state::<Cognito>().0.store.write(changed).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneGroup {
    group_name: String,
    user_pool_id: String,
}

pub(super) async fn get(call: &Call, input: OneGroup) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let read = move |tx: &Tx<'_>| {
        pooled::own::<Pool>(tx, &home, &input.user_pool_id)?;
        let group = existing(tx, &input.user_pool_id, &input.group_name)?;
        Ok::<_, Error>(json!({"Group": view(&input.user_pool_id, &input.group_name, &group)}))
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

pub(super) async fn delete(call: &Call, input: OneGroup) -> Result<(), ApiError> {
    let home = call.home.clone();
    let deleted = move |tx: &Tx<'_>| {
        pooled::own::<Pool>(tx, &home, &input.user_pool_id)?;
        existing(tx, &input.user_pool_id, &input.group_name)?;
        tables::delete_group(tx, &input.user_pool_id, &input.group_name)
    };
    Ok(call.state::<Cognito>().0.store.write(deleted).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    user_pool_id: String,
    group_name: Option<String>,
    username: Option<String>,
    limit: Option<usize>,
    next_token: Option<String>,
}

impl Page {
    fn max(&self) -> usize {
        self.limit.filter(|max| 0 < *max).unwrap_or(60)
    }
}

/// A page under `name`, and where the next one begins.
fn paged<T>(name: &str, mut found: Vec<(String, T)>, max: usize, view: impl Fn(&str, &T) -> Value) -> Value {
    let more = max < found.len();
    found.truncate(max);
    let shown: Vec<Value> = found.iter().map(|(key, item)| view(key, item)).collect();
    let mut answer = json!({name: shown});
    if let Some((last, _)) = found.last().filter(|_| more) {
        answer["NextToken"] = last.as_str().into();
    }
    answer
}

pub(super) async fn list(call: &Call, input: Page) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let read = move |tx: &Tx<'_>| {
        let (pool, max) = (&input.user_pool_id, input.max());
        pooled::own::<Pool>(tx, &home, pool)?;
        let found = tables::groups(tx, pool, input.next_token.as_deref().unwrap_or_default(), max)?;
        Ok::<_, Error>(paged("Groups", found, max, |name, group| view(pool, name, group)))
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

pub(super) async fn of_user(call: &Call, input: Page) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let read = move |tx: &Tx<'_>| {
        let named = Named {
            user_pool_id: input.user_pool_id.clone(),
            username: input.username.clone().unwrap_or_default(),
        };
        let (_, known) = admin::own(tx, &home, &named)?;
        let (pool, max) = (&input.user_pool_id, input.max());
        let after = input.next_token.as_deref().unwrap_or_default();
        let found = tables::groups_of(tx, pool, &known.key, after, max)?;
        Ok::<_, Error>(paged("Groups", found, max, |name, group| view(pool, name, group)))
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

pub(super) async fn users(call: &Call, input: Page) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let read = move |tx: &Tx<'_>| {
        let (pool, max) = (&input.user_pool_id, input.max());
        pooled::own::<Pool>(tx, &home, pool)?;
        let name = input.group_name.as_deref().unwrap_or_default();
        existing(tx, pool, name)?;
        let after = input.next_token.as_deref().unwrap_or_default();
        let found = tables::users_in(tx, pool, name, after, max)?;
        Ok::<_, Error>(paged("Users", found, max, |_, user| users::view(user, "Attributes")))
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Membership {
    user_pool_id: String,
    username: String,
    group_name: String,
}

pub(super) async fn add(call: &Call, input: Membership) -> Result<(), ApiError> {
    let home = call.home.clone();
    let changed = move |tx: &Tx<'_>| {
        let named = Named { user_pool_id: input.user_pool_id.clone(), username: input.username.clone() };
        let (_, known) = admin::own(tx, &home, &named)?;
        let pool = &named.user_pool_id;
        existing(tx, pool, &input.group_name)?;
        tables::join(tx, pool, &input.group_name, &known.key)?;
        if GROUPS_OF_USER_MAX < tables::groups_of(tx, pool, &known.key, "", GROUPS_OF_USER_MAX)?.len() {
            return Err(Error::new(LIMIT_EXCEEDED, "Exceeded the number of groups of a user."));
        }
        Ok(())
    };
    Ok(call.state::<Cognito>().0.store.write(changed).await?)
}

pub(super) async fn remove(call: &Call, input: Membership) -> Result<(), ApiError> {
    let home = call.home.clone();
    let changed = move |tx: &Tx<'_>| {
        let named = Named { user_pool_id: input.user_pool_id.clone(), username: input.username.clone() };
        let (_, known) = admin::own(tx, &home, &named)?;
        existing(tx, &named.user_pool_id, &input.group_name)?;
        tables::leave(tx, &named.user_pool_id, &input.group_name, &known.key)
    };
    Ok(call.state::<Cognito>().0.store.write(changed).await?)
}
