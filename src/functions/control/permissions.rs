//! Resource policies: who else may call a function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>

use serde_json::{Map, Value, json};

use super::{Functions, existing_version};
use crate::functions::deployed::function_arn;
use crate::functions::error::Error;
use crate::functions::model::{Function, LATEST, Permission, Policy};
use crate::id::AccountRegion;
use crate::store::Tx;

/// The longest policy.
pub(super) const POLICY_BYTES_MAX: usize = 20_480;

impl Functions {
    /// Adds a permission for the function, or for one version or alias; answers its statement.
    pub async fn add_permission(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
        permission: Permission,
        revision_id: Option<String>,
    ) -> Result<Value, Error> {
        let (of, new_revision) = (home.clone(), self.inner.ids.uuid().to_string());
        self.change(home, name, move |tx, function| {
            let qualifier = qualifier.clone().unwrap_or_default();
            if qualifier == LATEST {
                let text = "We currently do not support adding policies for $LATEST.";
                return Err(Error::Invalid(text.to_owned()));
            }
            check_qualifier(tx, &of, function, &qualifier)?;
            let arn = qualified(&of, &function.name, &qualifier);
            let policy = function.policies.entry(qualifier).or_default();
            check_revision(policy, revision_id.as_deref())?;
            if policy.statements.iter().any(|other| other.statement_id == permission.statement_id) {
                return Err(Error::Conflict(format!(
                    "The statement id ({}) provided already exists. Please provide a new statement id, or remove the \
                     existing statement.",
                    permission.statement_id
                )));
            }
            let statement = statement(&permission, &arn);
            policy.statements.push(permission.clone());
            policy.revision_id = new_revision.clone();
            let length = document(policy, &arn).to_string().len();
            if POLICY_BYTES_MAX < length {
                return Err(Error::PolicyLength(length));
            }
            Ok(statement)
        })
        .await
    }

    /// Removes a permission.
    pub async fn remove_permission(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
        statement_id: String,
        revision_id: Option<String>,
    ) -> Result<(), Error> {
        let (of, new_revision) = (home.clone(), self.inner.ids.uuid().to_string());
        self.change(home, name, move |tx, function| {
            let qualifier = qualifier.clone().unwrap_or_default();
            check_qualifier(tx, &of, function, &qualifier)?;
            let missing = || {
                let text = "No policy is associated with the given resource.";
                Error::NotFound(text.to_owned())
            };
            let policy = function.policies.get_mut(&qualifier).ok_or_else(missing)?;
            check_revision(policy, revision_id.as_deref())?;
            let before = policy.statements.len();
            policy.statements.retain(|statement| statement.statement_id != statement_id);
            if policy.statements.len() == before {
                return Err(Error::NotFound(format!(
                    "Statement {statement_id} is not found in resource policy."
                )));
            }
            policy.revision_id = new_revision.clone();
            if policy.statements.is_empty() {
                function.policies.remove(&qualifier);
            }
            Ok(())
        })
        .await
    }

    /// The policy of the function, or of one version or alias, and its revision.
    pub async fn policy(
        &self,
        home: &AccountRegion,
        name: &str,
        qualifier: Option<String>,
    ) -> Result<(Value, String), Error> {
        self.look(home, name, move |tx, home, function| {
            let qualifier = qualifier.unwrap_or_default();
            check_qualifier(tx, home, &function, &qualifier)?;
            let policy = function.policies.get(&qualifier);
            let policy = policy
                .ok_or_else(|| Error::NotFound("The resource you requested does not exist.".to_owned()))?;
            let arn = qualified(home, &function.name, &qualifier);
            Ok((document(policy, &arn), policy.revision_id.clone()))
        })
        .await
    }
}

/// A service that wants to call a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServiceCall<'a> {
    /// Such as `apigateway.amazonaws.com`.
    pub(super) service: &'a str,
    /// The ARN of what calls.
    pub(super) source_arn: &'a str,
    /// Its account.
    pub(super) source_account: &'a str,
}

/// Whether a policy lets a service call the function.
pub(super) fn permits(policy: &Policy, call: &ServiceCall<'_>) -> bool {
    policy.statements.iter().any(|of| {
        let is_action = matches!(of.action.as_str(), "lambda:InvokeFunction" | "lambda:*" | "*");
        let is_principal = of.principal == call.service || of.principal == "*";
        is_action
            && is_principal
            && of.source_arn.as_deref().is_none_or(|pattern| arn_like(pattern, call.source_arn))
            && of.source_account.as_deref().is_none_or(|account| account == call.source_account)
            // What these ask for, no service of this server has.
            && of.event_source_token.is_none()
            && of.principal_org_id.is_none()
            && of.function_url_auth_type.is_none()
            && of.invoked_via_function_url != Some(true)
    })
}

/// `ArnLike`: six parts, each matched for itself with `*` and `?`.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
fn arn_like(pattern: &str, arn: &str) -> bool {
    let mut parts = pattern.splitn(6, ':').zip(arn.splitn(6, ':'));
    pattern.splitn(6, ':').count() == arn.splitn(6, ':').count()
        && parts.all(|(pattern, part)| like(pattern, part))
}

fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Where to go on after the last star that was met.
    let (mut at, mut of, mut back) = (0, 0, None);
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                back = Some((of, at));
                of += 1;
            }
            Some(c) if *c == '?' || *c == text[at] => {
                at += 1;
                of += 1;
            }
            Some(_) | None => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (of, at) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|c| *c == '*')
}

fn check_qualifier(
    tx: &Tx<'_>,
    home: &AccountRegion,
    function: &Function,
    qualifier: &str,
) -> Result<(), Error> {
    match qualifier {
        "" => Ok(()),
        alias if function.aliases.contains_key(alias) => Ok(()),
        version => existing_version(tx, home, &function.name, version).map(|_| ()),
    }
}

fn check_revision(policy: &Policy, wanted: Option<&str>) -> Result<(), Error> {
    match wanted {
        Some(wanted) if wanted != policy.revision_id => Err(Error::Revision),
        Some(_) | None => Ok(()),
    }
}

pub(super) fn qualified(home: &AccountRegion, name: &str, qualifier: &str) -> String {
    let arn = function_arn(home, name);
    if qualifier.is_empty() { arn } else { format!("{arn}:{qualifier}") }
}

pub(super) fn document(policy: &Policy, arn: &str) -> Value {
    let statements: Vec<Value> = policy.statements.iter().map(|of| statement(of, arn)).collect();
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements})
}

/// A permission as a statement of a policy, as AWS shows it.
fn statement(of: &Permission, arn: &str) -> Value {
    let principal = match of.principal.as_str() {
        "*" => json!("*"),
        service if service.contains('.') && !service.starts_with("arn:") => json!({"Service": service}),
        account if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
            json!({"AWS": format!("arn:aws:iam::{account}:root")})
        }
        arn => json!({"AWS": arn}),
    };
    let mut conditions = Map::new();
    let mut add = |operator: &str, key: &str, value: &Option<String>| {
        if let Some(value) = value {
            let of = conditions.entry(operator).or_insert_with(|| json!({}));
            of[key] = json!(value);
        }
    };
    add("StringEquals", "AWS:SourceAccount", &of.source_account);
    add("StringEquals", "lambda:EventSourceToken", &of.event_source_token);
    add("StringEquals", "aws:PrincipalOrgID", &of.principal_org_id);
    add("StringEquals", "lambda:FunctionUrlAuthType", &of.function_url_auth_type);
    let via_url = of.invoked_via_function_url.map(|via| via.to_string());
    add("Bool", "lambda:InvokedViaFunctionUrl", &via_url);
    add("ArnLike", "AWS:SourceArn", &of.source_arn);
    let mut statement = json!({
        "Sid": of.statement_id, "Effect": "Allow", "Principal": principal, "Action": of.action, "Resource": arn
    });
    if !conditions.is_empty() {
        statement["Condition"] = conditions.into();
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets";

    fn policy(change: impl FnOnce(&mut Permission)) -> Policy {
        let mut permission = Permission {
            statement_id: "s".into(),
            action: "lambda:InvokeFunction".into(),
            principal: "apigateway.amazonaws.com".into(),
            ..Permission::default()
        };
        change(&mut permission);
        Policy { statements: vec![permission], revision_id: "r".into() }
    }

    #[test]
    fn a_service_is_let_in_by_what_it_calls_for() {
        let call = ServiceCall {
            service: "apigateway.amazonaws.com",
            source_arn: SOURCE,
            source_account: "123456789012",
        };
        let check = |change: &dyn Fn(&mut Permission), expect: bool| {
            let policy = policy(|of| change(of));
            assert_eq!(permits(&policy, &call), expect, "{policy:?}");
        };
        check(&|_| (), true);
        check(&|of| of.principal = "events.amazonaws.com".into(), false);
        check(&|of| of.action = "lambda:GetFunction".into(), false);
        check(&|of| of.source_account = Some("210987654321".into()), false);
        check(&|of| of.function_url_auth_type = Some("NONE".into()), false);
        for (pattern, expect) in [
            (SOURCE, true),
            ("arn:aws:execute-api:us-east-1:123456789012:abc/*", true),
            ("arn:aws:execute-api:us-east-1:123456789012:abc/*/*/pets", true),
            ("arn:aws:execute-api:*:*:abc/*/GET/pet?", true),
            ("arn:aws:execute-api:us-east-1:123456789012:abc/prod/*", false),
            ("arn:aws:execute-api:us-east-1:123456789012:abd/*", false),
            ("arn:aws:execute-api:us-east-1:123456789012:abc/*/POST/*", false),
            ("arn:*", false),
        ] {
            check(&|of| of.source_arn = Some(pattern.into()), expect);
        }
    }

    #[test]
    fn statements_are_as_aws_shows_them() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let shown = document(&policy(|of| of.source_arn = Some(SOURCE.into())), arn);
        assert_eq!(
            shown["Statement"][0],
            json!({"Sid": "s", "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
                "Action": "lambda:InvokeFunction", "Resource": arn,
                "Condition": {"ArnLike": {"AWS:SourceArn": SOURCE}}})
        );
    }

    #[test]
    fn stars_do_not_blow_up() {
        assert!(!like(&"*a".repeat(500), &"a".repeat(499)));
        assert!(like(&"*a".repeat(500), &"a".repeat(500)));
    }
}
