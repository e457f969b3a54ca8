//! `stepgate iam missing`: the policies that roles lack, as a server saw it whose settings only warn.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::arguments::Missing;
use super::output;
use super::remote::{Remote, block_on};
use crate::identity::iam::statement;

/// The server's answer.
#[derive(Debug, Deserialize)]
struct Answer {
    missing: Vec<Lacked>,
}

/// Something that a role lacked.
#[derive(Debug, Deserialize)]
struct Lacked {
    role: String,
    action: String,
    resource: String,
    #[serde(rename = "isTrust")]
    is_trust: bool,
}

pub(super) fn run(arguments: &Missing) -> anyhow::Result<ExitCode> {
    let remote = Remote { endpoint: &arguments.endpoint };
    let request = remote.request(Method::GET, "/_stepgate/iam/missing", "iam", &[], Bytes::new())?;
    let answer = block_on(remote.send(request))?;
    if !answer.status.is_success() {
        match answer.refusal() {
            Some((kind, message)) => bail!("the server refused: {kind}: {message}"),
            None => bail!("{} is no Stepgate server: it answered {}", arguments.endpoint, answer.status),
        }
    }
    let Answer { missing } = serde_json::from_slice(&answer.body)
        .with_context(|| format!("{} is no Stepgate server", arguments.endpoint))?;
    let printed = match &arguments.role {
        None => by_role(&missing),
        Some(wanted) => {
            let is_wanted = |role: &str| role == wanted || role.rsplit('/').next() == Some(wanted);
            let of_role: Vec<Lacked> = missing.into_iter().filter(|it| is_wanted(&it.role)).collect();
            document(of_role.iter().filter(|it| !it.is_trust))
        }
    };
    output::line(&serde_json::to_string_pretty(&printed)?);
    Ok(ExitCode::SUCCESS)
}

/// For each role the policy that it lacks, and what its trust policy lacks.
fn by_role(missing: &[Lacked]) -> Value {
    let roles: BTreeSet<&str> = missing.iter().map(|it| it.role.as_str()).collect();
    let documents = roles.into_iter().map(|role| {
        let of = |is_trust| missing.iter().filter(move |it| it.role == role && it.is_trust == is_trust);
        let mut documents = Map::new();
        for (name, is_trust) in [("policy", false), ("trust", true)] {
            if of(is_trust).next().is_some() {
                documents.insert(name.to_owned(), document(of(is_trust)));
            }
        }
        (role.to_owned(), Value::Object(documents))
    });
    Value::Object(documents.collect())
}

/// One statement for the actions that were missing on the same resources.
fn document<'a>(missing: impl Iterator<Item = &'a Lacked>) -> Value {
    let mut by_action: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for it in missing {
        by_action.entry(&it.action).or_default().insert(&it.resource);
    }
    let statements = by_action.into_iter().map(|(action, resources)| match resources.contains("*") {
        true => statement(action, ["*"].into_iter()),
        false => statement(action, resources.into_iter()),
    });
    json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_becomes_policies() {
        let lacked = |role: &str, action: &str, resource: &str| Lacked {
            role: role.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            is_trust: action == "sts:AssumeRole",
        };
        let missing = [
            lacked("r:role/A", "states:StartExecution", "m:2"),
            lacked("r:role/A", "states:StartExecution", "m:1"),
            lacked("r:role/A", "sts:AssumeRole", "states.amazonaws.com"),
            lacked("r:role/B", "s3:GetObject", "a:b"),
            lacked("r:role/B", "s3:GetObject", "*"),
        ];
        let expect = json!({
            "r:role/A": {
                "policy": {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "states:StartExecution", "Resource": ["m:1", "m:2"]}]},
                "trust": {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "sts:AssumeRole",
                     "Principal": {"Service": ["states.amazonaws.com"]}}]},
            },
            "r:role/B": {"policy": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["*"]}]}},
        });
        assert_eq!(by_role(&missing), expect);
    }
}
