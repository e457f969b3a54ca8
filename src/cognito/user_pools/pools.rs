//! User pools: made, shown, changed, deleted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::attributes::{self, STANDARD};
use super::records::Pool;
use super::{arn, tables};
use crate::cognito::Cognito;
use crate::cognito::error::{Error, INVALID_PARAMETER, LIMIT_EXCEEDED, unsupported};
use crate::cognito::keys::{Algorithm, IssuerKeys};
use crate::cognito::pooled;
use crate::cognito::tables::{KeptKeys, add_keys};
use crate::id::AccountRegion;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// The most pools of an account in a region; AWS's quota can be raised to this.
const POOLS_MAX: usize = 10_000;

/// What a client says of a pool, besides its name and tags.
type Members = Map<String, Value>;

/// Members that change nothing here unless they are what they are without them.
const IGNORED: &[&str] = &["PoolName", "UserPoolTags", "UserPoolId", "Schema"];
/// Members that are served in no form.
const UNSERVED: &[&str] = &[
    "LambdaConfig",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "SmsAuthenticationMessage",
    "DeviceConfiguration",
    "UserPoolAddOns",
];

fn list_has(members: &Members, name: &str, wanted: &str) -> bool {
    members.get(name).and_then(Value::as_array).is_some_and(|list| list.iter().any(|it| it == wanted))
}

/// Refuses what this server can't do, before anything is stored.
fn check(members: &Members) -> Result<(), Error> {
    for name in UNSERVED {
        // Tools send empty structures for what isn't used.
        let is_used = members.get(*name).is_some_and(|value| match value {
            Value::Object(inner) => !inner.is_empty(),
            Value::Null => false,
            _ => true,
        });
        if is_used {
            return Err(unsupported(name));
        }
    }
    if members.get("MfaConfiguration").is_some_and(|mfa| mfa != "OFF") {
        return Err(unsupported("MfaConfiguration other than OFF"));
    }
    if list_has(members, "AutoVerifiedAttributes", "phone_number") {
        return Err(Error::new(
            INVALID_PARAMETER,
            "AutoVerifiedAttributes with phone_number is not supported by this server: it sends no SMS.",
        ));
    }
    let first = &members.get("Policies").unwrap_or(&Value::Null)["SignInPolicy"]["AllowedFirstAuthFactors"];
    if first.as_array().is_some_and(|factors| factors.iter().any(|factor| factor != "PASSWORD")) {
        return Err(unsupported("AllowedFirstAuthFactors other than PASSWORD"));
    }
    if list_has(members, "UsernameAttributes", "email")
        || list_has(members, "UsernameAttributes", "phone_number")
    {
        let has_aliases =
            members.get("AliasAttributes").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
        if has_aliases {
            return Err(Error::new(
                INVALID_PARAMETER,
                "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
            ));
        }
    }
    Ok(())
}

/// A pool as answers have it.
pub(super) fn view(home: &AccountRegion, id: &str, pool: Pool, n_users: Option<i64>) -> Value {
    let policy = json!({"PasswordPolicy": {"MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true,
        "RequireNumbers": true, "RequireSymbols": true, "TemporaryPasswordValidityDays": 7}});
    let mut view = json!({
        "Id": id,
        "Name": pool.name,
        "Policies": policy,
        "DeletionProtection": "INACTIVE",
        "LambdaConfig": {},
        "LastModifiedDate": pool.modified.as_seconds_f64(),
        "CreationDate": pool.created.as_seconds_f64(),
        "SchemaAttributes": attributes::schema(&pool),
        "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
        "MfaConfiguration": "OFF",
        "EstimatedNumberOfUsers": n_users.unwrap_or(0),
        "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7},
        "UserPoolTags": pool.tags,
        "Arn": arn(home, id),
        "UserPoolTier": "ESSENTIALS",
    });
    if let Some(members) = view.as_object_mut() {
        members.extend(pool.settings);
        // As AWS fills it in where it isn't said.
        let days = &mut members["AdminCreateUserConfig"];
        if let Some(config) = days.as_object_mut() {
            config.entry("UnusedAccountValidityDays").or_insert_with(|| json!(7));
        }
    }
    view
}

pub(super) async fn create(call: &Call, members: Members) -> Result<Value, ApiError> {
    check(&members)?;
    let cognito = call.state::<Cognito>();
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tags: BTreeMap<String, String> =
        serde_json::from_value(members.get("UserPoolTags").cloned().unwrap_or_else(|| json!({})))
            .unwrap_or_default();
    let schema = members.get("Schema").and_then(Value::as_array).cloned().unwrap_or_default();
    let pool = Pool {
        name: text("PoolName"),
        schema: attributes::given_schema(schema)?,
        tags,
        created: call.time,
        modified: call.time,
        settings: members.into_iter().filter(|(name, _)| !IGNORED.contains(&name.as_str())).collect(),
    };
    let (home, id) = (call.home.clone(), format!("{}_{}", call.home.region, cognito.0.ids.alphanumeric(9)));
    // One for ID tokens, one for access tokens.
    let keys = IssuerKeys::new(cognito.make_keys(2, Algorithm::Rs256).await?)?;
    let kept = KeptKeys::of(keys.iter())?;
    let made = move |tx: &Tx<'_>| {
        if POOLS_MAX <= pooled::page::<Pool>(tx, &home, "", POOLS_MAX)?.len() {
            return Err(Error::new(LIMIT_EXCEEDED, "Exceeded user pool limit."));
        }
        pooled::put(tx, &home, &id, &pool)?;
        add_keys(tx, &id, &kept)?;
        Ok::<_, Error>(json!({"UserPool": view(&home, &id, pool.clone(), None)}))
    };
    Ok(cognito.0.store.write(made).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    user_pool_id: String,
}

pub(super) async fn describe(call: &Call, named: Named) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), named.user_pool_id);
    let read = move |tx: &Tx<'_>| {
        let pool = pooled::own::<Pool>(tx, &home, &id)?;
        let n_users = tables::n_users(tx, &id)?;
        Ok::<_, Error>(json!({"UserPool": view(&home, &id, pool, Some(n_users))}))
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

pub(super) async fn update(call: &Call, mut members: Members) -> Result<Value, ApiError> {
    check(&members)?;
    let id = members.remove("UserPoolId").and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default();
    let (home, now) = (call.home.clone(), call.time);
    let changed = move |tx: &Tx<'_>| {
        let before = pooled::own::<Pool>(tx, &home, &id)?;
        // What can't be changed stays; everything else is as it is said now.
        let fixed = ["UsernameAttributes", "AliasAttributes", "UsernameConfiguration"];
        let kept = before.settings.into_iter().filter(|(name, _)| fixed.contains(&name.as_str()));
        let name = members.get("PoolName").and_then(Value::as_str).map(str::to_owned);
        let tags = members.get("UserPoolTags").cloned().and_then(|tags| serde_json::from_value(tags).ok());
        let given = members.clone().into_iter().filter(|(name, _)| !IGNORED.contains(&name.as_str()));
        let pool = Pool {
            name: name.unwrap_or(before.name),
            settings: kept.chain(given).collect(),
            schema: before.schema,
            tags: tags.unwrap_or(before.tags),
            created: before.created,
            modified: now,
        };
        pooled::put(tx, &home, &id, &pool)?;
        Ok::<_, Error>(json!({}))
    };
    Ok(call.state::<Cognito>().0.store.write(changed).await?)
}

pub(super) async fn delete(call: &Call, named: Named) -> Result<(), ApiError> {
    let (cognito, home, id) = (call.state::<Cognito>(), call.home.clone(), named.user_pool_id);
    let gone = id.clone();
    let deleted = move |tx: &Tx<'_>| {
        let pool = pooled::own::<Pool>(tx, &home, &id)?;
        if pool.settings.get("DeletionProtection").is_some_and(|it| it == "ACTIVE") {
            let text = "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.";
            return Err(Error::new(INVALID_PARAMETER, text));
        }
        tables::delete_pool(tx, &id)
    };
    cognito.0.store.write(deleted).await?;
    cognito.forget_keys(&gone);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    max_results: usize,
    next_token: Option<String>,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let (home, max) = (call.home.clone(), input.max_results);
    let after = input.next_token.unwrap_or_default();
    let mut pools =
        call.state::<Cognito>().0.store.read(move |tx| pooled::page::<Pool>(tx, &home, &after, max)).await?;
    let more = max < pools.len();
    pools.truncate(max);
    let next = pools.last().filter(|_| more).map(|(id, _)| id.clone());
    let short = |(id, pool): (String, Pool)| {
        json!({"Id": id, "Name": pool.name, "LambdaConfig": {},
            "LastModifiedDate": pool.modified.as_seconds_f64(), "CreationDate": pool.created.as_seconds_f64()})
    };
    let mut answer = json!({"UserPools": pools.into_iter().map(short).collect::<Vec<_>>()});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddAttributes {
    user_pool_id: String,
    custom_attributes: Vec<Value>,
}

pub(super) async fn add_attributes(call: &Call, input: AddAttributes) -> Result<Value, ApiError> {
    let (home, id, now) = (call.home.clone(), input.user_pool_id, call.time);
    let added = attributes::given_schema(input.custom_attributes)?;
    let is_standard = |it: &Map<String, Value>| {
        it.get("Name").and_then(Value::as_str).is_some_and(|name| STANDARD.contains(&name))
    };
    if added.iter().any(is_standard) {
        return Err(ApiError::new(INVALID_PARAMETER, "Standard attributes can't be added."));
    }
    let changed = move |tx: &Tx<'_>| {
        let mut pool = pooled::own::<Pool>(tx, &home, &id)?;
        for attribute in added.clone() {
            if pool.schema.iter().any(|old| old.get("Name") == attribute.get("Name")) {
                let name = attribute.get("Name").and_then(Value::as_str).unwrap_or_default();
                return Err(Error::new(
                    INVALID_PARAMETER,
                    format!("{name}: Existing attribute already has name."),
                ));
            }
            pool.schema.push(attribute);
        }
        attributes::check_count(&pool.schema)?;
        pooled::put(tx, &home, &id, &Pool { modified: now, ..pool })
    };
    call.state::<Cognito>().0.store.write(changed).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Mfa {
    user_pool_id: String,
    mfa_configuration: Option<String>,
    #[serde(flatten)]
    rest: Members,
}

pub(super) async fn mfa(call: &Call, input: Mfa) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), input.user_pool_id);
    call.state::<Cognito>().0.store.read(move |tx| pooled::own::<Pool>(tx, &home, &id)).await?;
    Ok(json!({"MfaConfiguration": "OFF"}))
}

pub(super) async fn set_mfa(call: &Call, input: Mfa) -> Result<Value, ApiError> {
    if input.mfa_configuration.as_deref().is_some_and(|mfa| mfa != "OFF") {
        return Err(unsupported("MfaConfiguration other than OFF").into());
    }
    if let Some(name) = input.rest.keys().find(|name| name.ends_with("Configuration")) {
        return Err(unsupported(name).into());
    }
    mfa(call, input).await
}
