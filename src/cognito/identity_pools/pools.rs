//! Identity pools and their roles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::records::{Pool, RoleMapping, Rule, UserPoolClient};
use super::tables;
use crate::cognito::Cognito;
use crate::cognito::error::{Error, INVALID_PARAMETER, LIMIT_EXCEEDED, unsupported};
use crate::cognito::pooled;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// The most pools of an account in a region; AWS's quota can be raised to this.
const POOLS_MAX: usize = 1_000;
/// The most rules of a mapping; AWS's quota.
const RULES_MAX: usize = 25;

/// The members of a pool, as requests and answers have them.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Given {
    identity_pool_id: Option<String>,
    identity_pool_name: String,
    allow_unauthenticated_identities: bool,
    allow_classic_flow: Option<bool>,
    #[serde(default)]
    supported_login_providers: BTreeMap<String, String>,
    developer_provider_name: Option<String>,
    #[serde(default, rename = "OpenIdConnectProviderARNs")]
    open_id_connect_provider_arns: Vec<String>,
    #[serde(default)]
    cognito_identity_providers: Vec<GivenUserPool>,
    #[serde(default, rename = "SamlProviderARNs")]
    saml_provider_arns: Vec<String>,
    #[serde(default)]
    identity_pool_tags: BTreeMap<String, String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GivenUserPool {
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_side_token_check: Option<bool>,
}

/// Providers whose tokens nobody but they themselves can check.
const OPAQUE: &[&str] = &["graph.facebook.com", "www.amazon.com", "api.twitter.com", "www.digits.com"];

impl Given {
    /// The pool, with the roles it has already.
    fn into_pool(self, before: Option<Pool>) -> Result<Pool, Error> {
        if !self.saml_provider_arns.is_empty() {
            return Err(unsupported("SamlProviderARNs"));
        }
        if let Some(opaque) = self.supported_login_providers.keys().find(|it| OPAQUE.contains(&it.as_str())) {
            return Err(unsupported(&format!("SupportedLoginProviders with {opaque}")));
        }
        let before_name = before.as_ref().and_then(|pool| pool.developer_provider.as_ref());
        if before_name.is_some() && before_name != self.developer_provider_name.as_ref() {
            let text = "You cannot change the developer provider name of an identity pool once it is set.";
            return Err(Error::new(INVALID_PARAMETER, text));
        }
        if let Some(bad) =
            self.open_id_connect_provider_arns.iter().find(|arn| !arn.contains(":oidc-provider/"))
        {
            return Err(Error::new(INVALID_PARAMETER, format!("Invalid OpenIdConnectProviderARN: {bad}")));
        }
        let user_pools = self.cognito_identity_providers.into_iter();
        let (roles, role_mappings) =
            before.map_or_else(Default::default, |pool| (pool.roles, pool.role_mappings));
        Ok(Pool {
            name: self.identity_pool_name,
            allows_guests: self.allow_unauthenticated_identities,
            allows_classic_flow: self.allow_classic_flow,
            login_providers: self.supported_login_providers,
            developer_provider: self.developer_provider_name,
            open_id_arns: self.open_id_connect_provider_arns,
            user_pools: user_pools
                .map(|it| UserPoolClient {
                    provider: it.provider_name,
                    client_id: it.client_id,
                    checks_token: it.server_side_token_check,
                })
                .collect(),
            tags: self.identity_pool_tags,
            roles,
            role_mappings,
        })
    }
}

/// A pool as answers have it: members without a value are left out.
fn view(id: &str, pool: Pool) -> Value {
    let mut view = Map::new();
    let mut put = |name: &str, value: Value| view.insert(name.to_owned(), value);
    put("IdentityPoolId", id.into());
    put("IdentityPoolName", pool.name.into());
    put("AllowUnauthenticatedIdentities", pool.allows_guests.into());
    if let Some(allowed) = pool.allows_classic_flow {
        put("AllowClassicFlow", allowed.into());
    }
    if !pool.login_providers.is_empty() {
        put("SupportedLoginProviders", json!(pool.login_providers));
    }
    if let Some(name) = pool.developer_provider {
        put("DeveloperProviderName", name.into());
    }
    if !pool.open_id_arns.is_empty() {
        put("OpenIdConnectProviderARNs", json!(pool.open_id_arns));
    }
    if !pool.user_pools.is_empty() {
        let given = pool.user_pools.into_iter().map(|it| GivenUserPool {
            provider_name: it.provider,
            client_id: it.client_id,
            server_side_token_check: it.checks_token,
        });
        put("CognitoIdentityProviders", json!(given.collect::<Vec<_>>()));
    }
    put("IdentityPoolTags", json!(pool.tags));
    view.into()
}

pub(super) async fn create(call: &Call, given: Given) -> Result<Value, ApiError> {
    let cognito = call.state::<Cognito>();
    let (home, id) = (call.home.clone(), format!("{}:{}", call.home.region, cognito.0.ids.uuid()));
    let pool = given.into_pool(None)?;
    let made = move |tx: &Tx<'_>| {
        if POOLS_MAX <= tables::n_pools(tx, &home)? {
            return Err(Error::new(LIMIT_EXCEEDED, "Identity pool limit exceeded."));
        }
        pooled::put(tx, &home, &id, &pool)?;
        Ok::<_, Error>(view(&id, pool.clone()))
    };
    Ok(cognito.0.store.write(made).await?)
}

pub(super) async fn update(call: &Call, mut given: Given) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), given.identity_pool_id.take().unwrap_or_default());
    let changed = move |tx: &Tx<'_>| {
        let before = pooled::own::<Pool>(tx, &home, &id)?;
        let kept = before.tags.clone();
        let mut pool = given.clone().into_pool(Some(before))?;
        if pool.tags.is_empty() {
            pool.tags = kept;
        }
        pooled::put(tx, &home, &id, &pool)?;
        Ok::<_, Error>(view(&id, pool))
    };
    Ok(call.state::<Cognito>().0.store.write(changed).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    identity_pool_id: String,
}

pub(super) async fn describe(call: &Call, named: Named) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), named.identity_pool_id);
    let read = move |tx: &Tx<'_>| Ok::<_, Error>(view(&id, pooled::own::<Pool>(tx, &home, &id)?));
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}

pub(super) async fn delete(call: &Call, named: Named) -> Result<(), ApiError> {
    let (home, id) = (call.home.clone(), named.identity_pool_id);
    let deleted = move |tx: &Tx<'_>| {
        pooled::own::<Pool>(tx, &home, &id)?;
        tables::delete_pool(tx, &id)
    };
    Ok(call.state::<Cognito>().0.store.write(deleted).await?)
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
    let read = move |tx: &Tx<'_>| pooled::page::<Pool>(tx, &home, &after, max);
    let mut pools = call.state::<Cognito>().0.store.read(read).await?;
    let more = max < pools.len();
    pools.truncate(max);
    let next = pools.last().filter(|_| more).map(|(id, _)| id.clone());
    let short = |(id, pool): (String, Pool)| json!({"IdentityPoolId": id, "IdentityPoolName": pool.name});
    let mut answer = json!({"IdentityPools": pools.into_iter().map(short).collect::<Vec<_>>()});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetRoles {
    identity_pool_id: String,
    roles: BTreeMap<String, String>,
    #[serde(default)]
    role_mappings: BTreeMap<String, GivenMapping>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GivenMapping {
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ambiguous_role_resolution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules_configuration: Option<GivenRules>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GivenRules {
    rules: Vec<GivenRule>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GivenRule {
    claim: String,
    match_type: String,
    value: String,
    #[serde(rename = "RoleARN")]
    role_arn: String,
}

impl GivenMapping {
    fn into_mapping(self) -> Result<RoleMapping, Error> {
        let rules = self.rules_configuration.map(|it| it.rules);
        let has_rules = rules.as_ref().is_some_and(|rules| !rules.is_empty());
        if RULES_MAX < rules.as_ref().map_or(0, Vec::len) {
            let text = format!("At most {RULES_MAX} rules are allowed per identity provider.");
            return Err(Error::new(LIMIT_EXCEEDED, text));
        }
        if self.r#type == "Rules" && !has_rules {
            return Err(Error::new(
                INVALID_PARAMETER,
                "RulesConfiguration is required for Rules role mapping type.",
            ));
        }
        if self.ambiguous_role_resolution.is_none() {
            return Err(Error::new(
                INVALID_PARAMETER,
                "AmbiguousRoleResolution is required for Token and Rules role mapping types.",
            ));
        }
        let rule = |it: GivenRule| Rule {
            claim: it.claim,
            match_type: it.match_type,
            value: it.value,
            role_arn: it.role_arn,
        };
        Ok(RoleMapping {
            kind: self.r#type,
            otherwise: self.ambiguous_role_resolution,
            rules: rules.map(|rules| rules.into_iter().map(rule).collect()),
        })
    }

    fn of(mapping: RoleMapping) -> Self {
        let rule = |it: Rule| GivenRule {
            claim: it.claim,
            match_type: it.match_type,
            value: it.value,
            role_arn: it.role_arn,
        };
        let rules = mapping.rules.map(|rules| GivenRules { rules: rules.into_iter().map(rule).collect() });
        Self {
            r#type: mapping.kind,
            ambiguous_role_resolution: mapping.otherwise,
            rules_configuration: rules,
        }
    }
}

pub(super) async fn set_roles(call: &Call, input: SetRoles) -> Result<(), ApiError> {
    let (home, id) = (call.home.clone(), input.identity_pool_id);
    let mappings = input.role_mappings.into_iter();
    let mappings = mappings.map(|(provider, it)| Ok((provider, it.into_mapping()?)));
    let (roles, mappings) = (input.roles, mappings.collect::<Result<BTreeMap<_, _>, Error>>()?);
    let changed = move |tx: &Tx<'_>| {
        let mut pool = pooled::own::<Pool>(tx, &home, &id)?;
        (pool.roles, pool.role_mappings) = (roles.clone(), mappings.clone());
        pooled::put(tx, &home, &id, &pool)
    };
    Ok(call.state::<Cognito>().0.store.write(changed).await?)
}

pub(super) async fn roles(call: &Call, named: Named) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), named.identity_pool_id);
    let read = move |tx: &Tx<'_>| {
        let pool = pooled::own::<Pool>(tx, &home, &id)?;
        let mappings = pool.role_mappings.into_iter().map(|(provider, it)| (provider, GivenMapping::of(it)));
        let mappings: BTreeMap<_, _> = mappings.collect();
        let mut answer = json!({"IdentityPoolId": id, "Roles": pool.roles});
        if !mappings.is_empty() {
            answer["RoleMappings"] = json!(mappings);
        }
        Ok::<_, Error>(answer)
    };
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}
