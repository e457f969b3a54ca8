//! The role that an identity gets: the pool's, that of its token, or that of a rule.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html>

use serde_json::{Map, Value};

use super::logins::{AUTHENTICATED, UNAUTHENTICATED, Verified};
use super::records::{Pool, RoleMapping, Rule};
use crate::cognito::error::{Error, NOT_AUTHORIZED, POOL_CONFIGURATION};

/// The role of whoever has these logins; `wanted` is the one they ask for.
pub(super) fn role(pool: &Pool, verified: &Verified, wanted: Option<&str>) -> Result<String, Error> {
    if verified.is_empty() {
        return match wanted {
            None => of_pool(pool, UNAUTHENTICATED),
            Some(_) => Err(Error::new(NOT_AUTHORIZED, "Unauthenticated identities have no other role.")),
        };
    }
    let mapped =
        verified.logins.iter().find_map(|it| Some((pool.role_mappings.get(&it.mapping)?, &it.claims)));
    let Some((mapping, claims)) = mapped else {
        return match wanted {
            None => of_pool(pool, AUTHENTICATED),
            Some(_) => Err(not_yours()),
        };
    };
    let found = match mapping.kind.as_str() {
        "Rules" => of_rules(mapping, claims, wanted),
        _ => of_token(claims, wanted)?,
    };
    match (found, mapping.otherwise.as_deref()) {
        (Some(role), _) => Ok(role),
        (None, _) if wanted.is_some() => Err(not_yours()),
        (None, Some("AuthenticatedRole")) => of_pool(pool, AUTHENTICATED),
        (None, _) => {
            Err(Error::new(NOT_AUTHORIZED, "Request denied: the role of the identity is ambiguous."))
        }
    }
}

fn of_pool(pool: &Pool, kind: &str) -> Result<String, Error> {
    pool.roles.get(kind).cloned().ok_or_else(bad_roles)
}

/// The pool's roles don't do.
pub(super) fn bad_roles() -> Error {
    let text = "Invalid identity pool configuration. Check assigned IAM roles for this pool.";
    Error::new(POOL_CONFIGURATION, text)
}

fn not_yours() -> Error {
    Error::new(NOT_AUTHORIZED, "The custom role is not one of the identity's roles.")
}

/// The token's preferred role, its only one, or the one asked for among them.
fn of_token(claims: &Map<String, Value>, wanted: Option<&str>) -> Result<Option<String>, Error> {
    let all = claims.get("cognito:roles").and_then(Value::as_array);
    let all: Vec<&str> = all.into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(wanted) = wanted {
        return match all.contains(&wanted) {
            true => Ok(Some(wanted.to_owned())),
            false => Err(not_yours()),
        };
    }
    let preferred = claims.get("cognito:preferred_role").and_then(Value::as_str);
    let only = || match all.as_slice() {
        [role] => Some(*role),
        _ => None,
    };
    Ok(preferred.or_else(only).map(str::to_owned))
}

/// The role of the first rule that the claims satisfy, or of any that is asked for.
fn of_rules(mapping: &RoleMapping, claims: &Map<String, Value>, wanted: Option<&str>) -> Option<String> {
    let rules = mapping.rules.iter().flatten();
    let mut satisfied = rules.filter(|rule| is_satisfied(rule, claims));
    let found = match wanted {
        Some(wanted) => satisfied.find(|rule| rule.role_arn == wanted),
        None => satisfied.next(),
    };
    found.map(|rule| rule.role_arn.clone())
}

fn is_satisfied(rule: &Rule, claims: &Map<String, Value>) -> bool {
    let Some(claim) = claims.get(&rule.claim) else { return false };
    let texts: Vec<String> = match claim {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().map(text_of).collect(),
        Value::Null => return false,
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => vec![text_of(claim)],
    };
    let value = rule.value.as_str();
    match rule.match_type.as_str() {
        "Equals" => texts.iter().any(|text| text == value),
        "Contains" => texts.iter().any(|text| text.contains(value)),
        "StartsWith" => texts.iter().any(|text| text.starts_with(value)),
        "NotEqual" => texts.iter().all(|text| text != value),
        _ => false,
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::logins::Login;
    use super::*;

    fn pool(mapping: Option<RoleMapping>) -> Pool {
        Pool {
            name: "p".to_owned(),
            allows_guests: true,
            allows_classic_flow: None,
            login_providers: Default::default(),
            developer_provider: None,
            open_id_arns: Vec::new(),
            user_pools: Vec::new(),
            tags: Default::default(),
            roles: [("authenticated", "AUTH"), ("unauthenticated", "GUEST")]
                .map(|(kind, role)| (kind.to_owned(), role.to_owned()))
                .into(),
            role_mappings: mapping.map(|it| ("p:c".to_owned(), it)).into_iter().collect(),
        }
    }

    fn with(claims: Value) -> Verified {
        let claims = claims.as_object().unwrap().clone();
        let login = Login {
            provider: "p".to_owned(),
            subject: "s".to_owned(),
            bearer: "b".to_owned(),
            mapping: "p:c".to_owned(),
            claims,
        };
        Verified { logins: vec![login], vouched: None }
    }

    fn check(mapping: Option<RoleMapping>, verified: &Verified, wanted: Option<&str>, expect: Option<&str>) {
        let found = role(&pool(mapping.clone()), verified, wanted).ok();
        assert_eq!(found.as_deref(), expect, "{mapping:?} {verified:?} {wanted:?}");
    }

    #[test]
    fn pools_have_a_role_for_each_kind() {
        check(None, &Verified::default(), None, Some("GUEST"));
        check(None, &Verified::default(), Some("AUTH"), None);
        check(None, &with(json!({})), None, Some("AUTH"));
        check(None, &with(json!({"cognito:roles": ["R"]})), Some("R"), None);
        let none = Pool { roles: Default::default(), ..pool(None) };
        assert!(role(&none, &with(json!({})), None).is_err());
    }

    #[test]
    fn tokens_choose_among_their_roles() {
        let mapping = |otherwise: &str| {
            Some(RoleMapping { kind: "Token".to_owned(), otherwise: Some(otherwise.to_owned()), rules: None })
        };
        let two = json!({"cognito:roles": ["R", "S"]});
        let preferred = json!({"cognito:roles": ["R", "S"], "cognito:preferred_role": "S"});
        for (otherwise, claims, wanted, expect) in [
            ("Deny", json!({"cognito:roles": ["R"]}), None, Some("R")),
            ("Deny", preferred.clone(), None, Some("S")),
            ("Deny", preferred.clone(), Some("R"), Some("R")),
            ("Deny", preferred, Some("T"), None),
            ("Deny", two.clone(), None, None),
            ("AuthenticatedRole", two, None, Some("AUTH")),
            ("AuthenticatedRole", json!({}), None, Some("AUTH")),
            ("AuthenticatedRole", json!({}), Some("AUTH"), None),
            ("Deny", json!({}), None, None),
        ] {
            check(mapping(otherwise), &with(claims), wanted, expect);
        }
    }

    #[test]
    fn rules_are_asked_in_their_order() {
        let rule = |claim: &str, match_type: &str, value: &str, role: &str| Rule {
            claim: claim.to_owned(),
            match_type: match_type.to_owned(),
            value: value.to_owned(),
            role_arn: role.to_owned(),
        };
        let mapping = Some(RoleMapping {
            kind: "Rules".to_owned(),
            otherwise: Some("Deny".to_owned()),
            rules: Some(vec![
                rule("custom:level", "Equals", "9", "NINE"),
                rule("email", "Contains", "@example.com", "STAFF"),
                rule("cognito:groups", "StartsWith", "ad", "ADMIN"),
                rule("tier", "NotEqual", "free", "PAID"),
            ]),
        });
        for (claims, expect) in [
            (json!({"custom:level": "9", "email": "a@example.com"}), Some("NINE")),
            (json!({"custom:level": 9}), Some("NINE")),
            (json!({"email": "a@example.com"}), Some("STAFF")),
            (json!({"email": "a@example.org"}), None),
            (json!({"cognito:groups": ["x", "admins"]}), Some("ADMIN")),
            (json!({"tier": "gold"}), Some("PAID")),
            (json!({"tier": "free"}), None),
            (json!({}), None),
        ] {
            check(mapping.clone(), &with(claims), None, expect);
        }
        let both = with(json!({"custom:level": "9", "tier": "gold"}));
        check(mapping.clone(), &both, Some("PAID"), Some("PAID"));
        check(mapping, &both, Some("STAFF"), None);
    }
}
