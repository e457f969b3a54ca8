//! Which part of a text is not as in the `Resource` of a Task.

use std::collections::BTreeSet;

use super::resource::{OPTIMIZED, Pattern, is_of_function_name, is_sdk_name, split_pattern};
use crate::closest::closest;

/// What stands between the colons of an ARN.
const PARTS: [&str; 6] =
    ["'arn:'", "the partition", "the service", "the region", "the account", "the resource"];

/// The offset in characters of the first part that is wrong, and what is wrong with it.
pub(crate) fn resource_part(text: &str) -> Option<(usize, Option<String>)> {
    let (at, said) = wrong(text)?;
    Some((text.get(..at)?.chars().count(), Some(said)))
}

/// The same with the offset in bytes.
fn wrong(text: &str) -> Option<(usize, String)> {
    if let Some(at) = text.find("${") {
        return Some((at, "a substitution without a value".to_owned()));
    }
    if !text.starts_with("arn:") {
        return Some((0, "expected 'arn:'".to_owned()));
    }
    let mut parts: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for part in text.splitn(PARTS.len(), ':') {
        parts.push((at, part));
        at += part.len() + 1;
    }
    let [_, (partition_at, partition), (service_at, service), _, _, (resource_at, resource)] = *parts else {
        let missing = PARTS.get(parts.len()).copied().unwrap_or_default();
        return Some((text.len(), format!("expected ':' and {missing}")));
    };
    if partition.is_empty() {
        return Some((partition_at, "expected a partition, such as 'aws'".to_owned()));
    }
    let (at, said) = match service {
        "lambda" => function_part(resource)?,
        "states" => match resource.strip_prefix("activity:") {
            Some(_) => {
                let said = "an activity's ARN has a region, an account and a name: arn:aws:states:REGION:ACCOUNT:activity:NAME";
                (0, said.to_owned())
            }
            None => integration_part(resource)?,
        },
        other => {
            let sdk = format!("other services are called as arn:aws:states:::aws-sdk:{other}:ACTION");
            return Some((service_at, format!("expected 'states' or 'lambda': {sdk}")));
        }
    };
    Some((resource_at + at, said))
}

fn function_part(resource: &str) -> Option<(usize, String)> {
    let prefix = "function:";
    let Some(function) = resource.strip_prefix(prefix) else {
        return Some((0, "expected 'function:' and its name".to_owned()));
    };
    let mut at = prefix.len();
    for (n, part) in function.split(':').enumerate() {
        if 1 < n {
            return Some((
                at - 1,
                "expected the end: a name and a version or alias are all there is".to_owned(),
            ));
        }
        let wrong = part.find(|c| !is_of_function_name(c));
        match wrong {
            _ if part.is_empty() => return Some((at, "expected a name".to_owned())),
            Some(wrong) => {
                return Some((at + wrong, "a function's name has letters, digits, '-' and '_'".to_owned()));
            }
            None => at += part.len() + 1,
        }
    }
    None
}

fn integration_part(resource: &str) -> Option<(usize, String)> {
    if let Some(rest) = resource.strip_prefix("aws-sdk:") {
        return sdk_part(rest).map(|(at, said)| ("aws-sdk:".len() + at, said));
    }
    let (service, rest) = resource.split_once(':').unwrap_or((resource, ""));
    let rows: Vec<_> = OPTIMIZED.iter().filter(|(name, _, _)| *name == service).collect();
    if rows.is_empty() {
        let said = match service {
            "stateMachine" | "execution" => {
                "another state machine is started with arn:aws:states:::states:startExecution".to_owned()
            }
            _ => {
                let names = OPTIMIZED.iter().map(|(name, _, _)| *name);
                format!("there is no integration '{service}'{}", did_you_mean(service, names))
            }
        };
        return Some((0, said));
    }
    let action_at = (service.len() + 1).min(resource.len());
    let (action, suffix) =
        rest.split_once('.').map_or((rest, None), |(action, suffix)| (action, Some(suffix)));
    let of_action: Vec<_> = rows.iter().filter(|(_, actions, _)| actions.contains(&action)).collect();
    if of_action.is_empty() {
        let actions: BTreeSet<&str> = rows.iter().flat_map(|(_, actions, _)| *actions).copied().collect();
        let all: Vec<&str> = actions.iter().copied().collect();
        let meant = did_you_mean(action, actions);
        return Some((action_at, format!("{service} has {}{meant}", all.join(", "))));
    }
    suffix?;
    let patterns = of_action.iter().flat_map(|(_, _, patterns)| *patterns);
    let patterns: Vec<&str> = patterns
        .filter(|pattern| **pattern != Pattern::RequestResponse)
        .map(|pattern| pattern.suffix())
        .collect();
    let ways = match patterns.is_empty() {
        true => "only without a pattern".to_owned(),
        false => format!("without a pattern or with {}", patterns.join(" or ")),
    };
    Some((action_at + action.len(), format!("{service}:{action} can be called {ways}")))
}

fn sdk_part(rest: &str) -> Option<(usize, String)> {
    let (service, action) = rest.split_once(':').unwrap_or((rest, ""));
    if !is_sdk_name(service) || service.chars().any(|c| c.is_ascii_uppercase()) {
        return Some((0, "services of the SDK are written in lower case".to_owned()));
    }
    let action_at = (service.len() + 1).min(rest.len());
    let suffix_at = action.find('.').map_or(rest.len(), |at| action_at + at);
    match split_pattern(action) {
        Some((name, _)) if !is_sdk_name(name) => {
            Some((action_at, "expected an action, which begins with a lower case letter".to_owned()))
        }
        Some(_) | None => Some((
            suffix_at,
            "an action of the SDK can be called without a pattern or with .waitForTaskToken".to_owned(),
        )),
    }
}

fn did_you_mean<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, names).map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}
