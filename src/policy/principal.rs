//! Principals: to whom a statement of a resource policy applies.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use serde_json::Value;

use super::decide::Caller;
use super::document::texts;
use super::error::Error;

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principals {
    Of(Vec<Principal>),
    Except(Vec<Principal>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    /// `*`: everyone, including anonymous callers.
    Anyone,
    /// Every caller of an account.
    Account(String),
    /// A user, a role (with its sessions) or a session.
    Arn(String),
    /// A service of AWS, by its global name or by that of a region.
    Service(String),
    /// An identity provider, by its ARN or its own name.
    Federated(String),
    /// A canonical user, who calls nothing here.
    Other,
}

impl Principals {
    pub(super) fn covers(&self, caller: Caller<'_>) -> bool {
        match self {
            Self::Of(list) => list.iter().any(|principal| principal.is(caller)),
            Self::Except(list) => !list.iter().any(|principal| principal.is(caller)),
        }
    }
}

impl Principal {
    fn is(&self, caller: Caller<'_>) -> bool {
        match (self, caller) {
            (Self::Anyone, _) => true,
            (Self::Account(own), Caller::Aws { account, .. }) => own == account,
            (Self::Arn(own), Caller::Aws { arn, .. }) => own == arn || is_session_of(arn, own),
            (Self::Service(own), Caller::Service { name, region }) => is_service(own, name, region),
            (Self::Federated(own), Caller::Federated { provider }) => own == provider,
            (
                Self::Account(_) | Self::Arn(_),
                Caller::Anonymous | Caller::Service { .. } | Caller::Federated { .. },
            )
            | (Self::Service(_), Caller::Anonymous | Caller::Aws { .. } | Caller::Federated { .. })
            | (Self::Federated(_), Caller::Anonymous | Caller::Aws { .. } | Caller::Service { .. })
            | (Self::Other, _) => false,
        }
    }
}

/// Whether `own` is the service `name` (`states.amazonaws.com`), or that service in a region
/// (`states.us-east-1.amazonaws.com`).
fn is_service(own: &str, name: &str, region: &str) -> bool {
    let of_region = || {
        let (service, domain) = name.split_once('.')?;
        let rest = own.strip_prefix(service)?.strip_prefix('.')?.strip_prefix(region)?.strip_prefix('.')?;
        Some(rest == domain && !region.is_empty())
    };
    own == name || of_region().unwrap_or(false)
}

/// Whether `caller` (`arn:…:sts::{account}:assumed-role/{name}/{session}`) is a session of `role`
/// (`arn:…:iam::{account}:role/{path}{name}`).
fn is_session_of(caller: &str, role: &str) -> bool {
    let parts = |arn: &str, service: &str, kind: &str| -> Option<(String, String)> {
        let (_, rest) = arn.split_once(&format!(":{service}::"))?;
        let (account, rest) = rest.split_once(':')?;
        Some((account.to_owned(), rest.strip_prefix(kind)?.to_owned()))
    };
    let Some((account, session)) = parts(caller, "sts", "assumed-role/") else { return false };
    let Some((role_account, path)) = parts(role, "iam", "role/") else { return false };
    let name = path.rsplit('/').next().unwrap_or(&path);
    account == role_account && session.split('/').next() == Some(name)
}

/// Parses `"*"` or `{"AWS": …, "Service": …}`.
pub(super) fn parse(value: &Value) -> Result<Vec<Principal>, Error> {
    const TYPE: Error = Error::Type { element: "Principal", expected: "\"*\" or an object of principals" };
    match value {
        Value::String(text) if text == "*" => Ok(vec![Principal::Anyone]),
        Value::Object(members) => {
            let mut list = Vec::new();
            for (kind, names) in members {
                let names = texts("Principal", names)?;
                match kind.as_str() {
                    "AWS" => list.extend(names.into_iter().map(of_aws)),
                    "Service" => {
                        list.extend(names.into_iter().map(|name| Principal::Service(name.to_owned())))
                    }
                    "Federated" => {
                        list.extend(names.into_iter().map(|name| Principal::Federated(name.to_owned())));
                    }
                    "CanonicalUser" => list.extend(names.iter().map(|_| Principal::Other)),
                    other => return Err(Error::UnknownElement(other.to_owned())),
                }
            }
            Ok(list)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(TYPE),
    }
}

fn of_aws(name: &str) -> Principal {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if name == "*" {
        return Principal::Anyone;
    }
    if is_account(name) {
        return Principal::Account(name.to_owned());
    }
    let root = name.strip_suffix(":root").and_then(|name| name.rsplit_once("::"));
    match root {
        Some((_, account)) if is_account(account) => Principal::Account(account.to_owned()),
        Some(_) | None => Principal::Arn(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn principals_are_accounts_users_roles_and_everybody() {
        let session =
            Caller::Aws { arn: "arn:aws:sts::123456789012:assumed-role/R/s", account: "123456789012" };
        let user = Caller::Aws { arn: "arn:aws:iam::210987654321:user/u", account: "210987654321" };
        let states = Caller::Service { name: "states.amazonaws.com", region: "us-east-1" };
        let web = Caller::Federated { provider: "accounts.example.com" };
        for (principal, caller, expect) in [
            (json!("*"), Caller::Anonymous, true),
            (json!({"AWS": "*"}), Caller::Anonymous, true),
            (json!({"AWS": "123456789012"}), session, true),
            (json!({"AWS": "arn:aws:iam::123456789012:root"}), session, true),
            (json!({"AWS": ["arn:aws:iam::123456789012:root"]}), user, false),
            (json!({"AWS": "123456789012"}), Caller::Anonymous, false),
            (json!({"AWS": "arn:aws:iam::123456789012:role/p/R"}), session, true),
            (json!({"AWS": "arn:aws:iam::123456789012:role/S"}), session, false),
            (json!({"AWS": "arn:aws:iam::210987654321:role/R"}), session, false),
            (json!({"AWS": ["a", "arn:aws:iam::210987654321:user/u"]}), user, true),
            (json!({"AWS": "arn:aws:iam::210987654321:user/*"}), user, false),
            (json!({"Service": "apigateway.amazonaws.com"}), user, false),
            (json!({"Service": ["a.amazonaws.com", "states.amazonaws.com"]}), states, true),
            (json!({"Service": "states.us-east-1.amazonaws.com"}), states, true),
            (json!({"Service": "states.eu-west-1.amazonaws.com"}), states, false),
            (json!({"Service": "states..amazonaws.com"}), states, false),
            (json!({"Service": "lambda.amazonaws.com"}), states, false),
            (json!({"AWS": "states.amazonaws.com"}), states, false),
            (json!({"Federated": "states.amazonaws.com"}), states, false),
            (json!({"Federated": "accounts.example.com"}), web, true),
            (json!({"Federated": "example.com"}), web, false),
            (json!({"Service": "accounts.example.com"}), web, false),
            (json!({"CanonicalUser": "accounts.example.com"}), web, false),
        ] {
            let list = parse(&principal).unwrap();
            assert_eq!(Principals::Of(list.clone()).covers(caller), expect, "{principal} {caller:?}");
            assert_eq!(Principals::Except(list).covers(caller), !expect, "{principal} {caller:?}");
        }
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for bad in [json!("me"), json!(["*"]), json!({"Group": "g"}), json!({"AWS": 1}), json!(null)] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }
}
