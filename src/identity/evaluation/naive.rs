//! Evaluates policies as AWS describes it, straight from the documents, with no thought of speed.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::generate::{Case, Who};
use crate::policy::Decision;

/// The values of a key; none if the request doesn't have it.
fn values(case: &Case, key: &str) -> Vec<String> {
    let key = key.to_lowercase();
    case.facts.iter().find(|(name, _)| *name == key).map(|(_, values)| values.clone()).unwrap_or_default()
}

/// An explicit deny anywhere wins. Else every bound has to allow, and the caller's policies or the resource's: both of
/// them if the resource belongs to another account.
pub(super) fn decide(case: &Case) -> Decision {
    let identity = statements(&case.identity);
    let resource = statements(case.resource_policy.as_slice());
    let bounds: Vec<Vec<(Value, bool)>> = case.bounds.iter().map(|layer| statements(layer)).collect();
    let says = |all: &[(Value, bool)], effect: &str| {
        all.iter().any(|(statement, variables)| {
            statement["Effect"] == effect && applies(case, statement, *variables)
        })
    };
    if says(&identity, "Deny") || says(&resource, "Deny") || bounds.iter().any(|bound| says(bound, "Deny")) {
        return Decision::ExplicitDeny;
    }
    let (own, theirs) = (says(&identity, "Allow"), says(&resource, "Allow"));
    let is_granted = if case.is_same_account { own || theirs } else { own && theirs };
    let is_within = bounds.iter().all(|bound| says(bound, "Allow"));
    if is_granted && is_within { Decision::Allow } else { Decision::ImplicitDeny }
}

/// All statements, each with whether its policy has variables.
fn statements(documents: &[Value]) -> Vec<(Value, bool)> {
    let mut all = Vec::new();
    for document in documents {
        let has_variables = document["Version"] == "2012-10-17";
        for statement in list(&document["Statement"]) {
            all.push((statement, has_variables));
        }
    }
    all
}

/// A list, or one thing that stands for a list of it.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned)).collect()
}

fn applies(case: &Case, statement: &Value, variables: bool) -> bool {
    let is_deny = statement["Effect"] == "Deny";
    // What can't be told counts against the request: an allow doesn't apply, a deny does where it names exceptions.
    let covers = |name: &str, not: &str, text: &str, ignores_case: bool, variables: bool| {
        let matches = |pattern: &String| pattern_matches(case, pattern, text, ignores_case, true, variables);
        if let Some(patterns) = statement.get(name) {
            return texts(patterns).iter().any(|pattern| matches(pattern) == Some(true));
        }
        !texts(&statement[not]).iter().any(|pattern| matches(pattern).unwrap_or(!is_deny))
    };
    is_principal(case, statement)
        && covers("Action", "NotAction", &case.action, true, false)
        && covers("Resource", "NotResource", &case.resource, false, variables)
        && conditions(case, &statement["Condition"], is_deny, variables)
}

fn is_principal(case: &Case, statement: &Value) -> bool {
    let is_one = |principal: &Value| match principal {
        Value::String(text) => text == "*",
        others => {
            let any =
                |kind: &str, is: &dyn Fn(&str) -> bool| texts(&others[kind]).iter().any(|name| is(name));
            any("AWS", &|name| is_named(case, name))
                || any("Service", &|name| match case.who {
                    Who::Service(own, region) => {
                        let service = own.split('.').next().unwrap();
                        name == own || name == format!("{service}.{region}.amazonaws.com")
                    }
                    _ => false,
                })
                || any("Federated", &|name| matches!(case.who, Who::Federated(own) if own == name))
        }
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => is_one(principal),
        (None, Some(others)) => !is_one(others),
        (None, None) => true,
    }
}

/// An account names everybody in it, a role's name its sessions, too.
fn is_named(case: &Case, name: &str) -> bool {
    if name == "*" {
        return true;
    }
    let Who::Aws(arn, account) = case.who else { return false };
    let session_of = |role: &str| {
        let parts: Vec<&str> = arn.split('/').collect();
        let role_name = role.rsplit('/').next().unwrap_or_default();
        let role_account = role.split(':').nth(4).unwrap_or_default();
        arn.contains(":assumed-role/")
            && role.contains(":role/")
            && parts.get(1) == Some(&role_name)
            && role_account == account
    };
    name == account || name == format!("arn:aws:iam::{account}:root") || name == arn || session_of(name)
}

/// Whether a pattern matches; `None` if it has a variable that the request has no single value of.
fn pattern_matches(
    case: &Case,
    pattern: &str,
    text: &str,
    ignores_case: bool,
    wildcards: bool,
    variables: bool,
) -> Option<bool> {
    let mut units = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if variables && rest.starts_with("${") {
            let (inside, after) = rest[2..].split_once('}')?;
            rest = after;
            let value = match inside {
                "*" | "?" | "$" => inside.to_owned(),
                named => {
                    let (key, default) = match named.split_once(',') {
                        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
                        None => (named.trim(), None),
                    };
                    match (values(case, key).as_slice(), default) {
                        ([one], _) => one.clone(),
                        (_, Some(default)) => default.to_owned(),
                        (_, None) => return None,
                    }
                }
            };
            units.extend(value.chars().map(|c| (c, false)));
        } else {
            units.push((c, wildcards && (c == '*' || c == '?')));
            rest = &rest[c.len_utf8()..];
        }
    }
    let text: Vec<char> = text.chars().collect();
    Some(glob(&units, &text, ignores_case))
}

/// Each character of the pattern with whether it is a wildcard.
fn glob(pattern: &[(char, bool)], text: &[char], ignores_case: bool) -> bool {
    let lower = |c: char| if ignores_case { c.to_ascii_lowercase() } else { c };
    match pattern.split_first() {
        None => text.is_empty(),
        Some((('*', true), more)) => (0..=text.len()).any(|n| glob(more, &text[n..], ignores_case)),
        Some(((c, is_wild), more)) => text.split_first().is_some_and(|(first, after)| {
            (*is_wild || lower(*c) == lower(*first)) && glob(more, after, ignores_case)
        }),
    }
}

fn conditions(case: &Case, block: &Value, is_deny: bool, variables: bool) -> bool {
    let Some(operators) = block.as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        let keys = keys.as_object().unwrap();
        keys.iter().all(|(key, operands)| holds(case, operator, key, &texts(operands), is_deny, variables))
    })
}

fn holds(
    case: &Case,
    operator: &str,
    key: &str,
    operands: &[String],
    is_deny: bool,
    variables: bool,
) -> bool {
    let own = values(case, key);
    if operator == "Null" {
        return own.is_empty() == (operands[0] == "true");
    }
    let (set, name) = operator.split_once(':').unwrap_or(("", operator));
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let positive = name.replace("NotEquals", "Equals").replace("NotLike", "Like").replace("NotIp", "Ip");
    let is_negated = positive != name;
    if own.is_empty() {
        return match set {
            "ForAllValues" => true,
            "ForAnyValue" => if_exists,
            _ => if_exists || is_negated,
        };
    }
    // A match with one of the operands is enough; a negated operator asks that there be none.
    let one = |value: &String| {
        let found: Vec<Option<bool>> =
            operands.iter().map(|operand| compare(case, &positive, operand, value, variables)).collect();
        let matches = found.contains(&Some(true));
        let is_unclear = !matches && found.contains(&None);
        match is_negated {
            false => matches,
            true if is_unclear => is_deny,
            true => !matches,
        }
    };
    match set {
        "ForAllValues" => own.iter().all(one),
        "ForAnyValue" => own.iter().any(one),
        // Several values without a set operator: one match is a match, for a negated operator all have to differ.
        _ if is_negated => own.iter().all(one),
        _ => own.iter().any(one),
    }
}

fn compare(case: &Case, operator: &str, operand: &str, value: &str, variables: bool) -> Option<bool> {
    let text =
        |ignores_case, wildcards| pattern_matches(case, operand, value, ignores_case, wildcards, variables);
    let ordered = |name: &str, order: Option<std::cmp::Ordering>| {
        let Some(order) = order else { return false };
        match name {
            "Equals" => order.is_eq(),
            "LessThan" => order.is_lt(),
            "LessThanEquals" => order.is_le(),
            "GreaterThan" => order.is_gt(),
            "GreaterThanEquals" => order.is_ge(),
            other => unreachable!("{other}"),
        }
    };
    if let Some(name) = operator.strip_prefix("Numeric") {
        let (own, other) = (value.parse::<f64>().ok(), operand.parse::<f64>().ok());
        return Some(ordered(name, own.and_then(|own| own.partial_cmp(&other?))));
    }
    if let Some(name) = operator.strip_prefix("Date") {
        let at = |text: &str| match text.parse::<i64>() {
            Ok(seconds) => Timestamp::from_second(seconds).ok(),
            Err(_) => text.parse::<Timestamp>().ok(),
        };
        return Some(ordered(name, at(value).zip(at(operand)).map(|(own, other)| own.cmp(&other))));
    }
    Some(match operator {
        "StringEquals" => return text(false, false),
        "StringEqualsIgnoreCase" => return text(true, false),
        "StringLike" => return text(false, true),
        "Bool" => value.eq_ignore_ascii_case(operand),
        "BinaryEquals" => STANDARD.decode(value).ok().is_some_and(|own| STANDARD.decode(operand) == Ok(own)),
        "IpAddress" => is_in_network(value, operand),
        "ArnEquals" | "ArnLike" => {
            if operand == "*" {
                return Some(true);
            }
            let (patterns, parts): (Vec<_>, Vec<_>) =
                (operand.splitn(6, ':').collect(), value.splitn(6, ':').collect());
            if patterns.len() != 6 || parts.len() != 6 {
                return Some(false);
            }
            for (pattern, part) in patterns.iter().zip(parts) {
                if !pattern_matches(case, pattern, part, false, true, variables)? {
                    return Some(false);
                }
            }
            true
        }
        other => unreachable!("{other}"),
    })
}

fn is_in_network(value: &str, network: &str) -> bool {
    let (base, bits) = network.split_once('/').unwrap_or((network, "128"));
    let bits_of = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.octets().iter().map(|octet| format!("{octet:08b}")).collect::<String>(),
        IpAddr::V6(v6) => v6.octets().iter().map(|octet| format!("{octet:08b}")).collect::<String>(),
    };
    let (Ok(own), Ok(base)) = (value.parse::<IpAddr>(), base.parse::<IpAddr>()) else { return false };
    let (own, base) = (bits_of(own), bits_of(base));
    let n = bits.parse::<usize>().unwrap().min(base.len());
    own.len() == base.len() && own[..n] == base[..n]
}
