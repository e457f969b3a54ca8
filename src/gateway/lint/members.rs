//! The members of API Gateway's objects, and references to members that don't exist.

use super::LintCode;
use super::origin::{step_name, text};
use crate::apis::Variable;
use crate::gateway::mapping::input_object;
use crate::gateway::mapping::payload::Reading;
use crate::vtl::ast::{Offset, Step};
use crate::vtl::is_method;

/// A problem and its position.
pub(super) type Problem = (LintCode, Offset, String);

/// The problem of `$name` with these steps, if any; `is_own` says that the template sets `$name` itself, `reading` how
/// the body is parsed.
pub(super) fn problem(name: &str, is_own: bool, steps: &[Step], reading: Reading) -> Option<Problem> {
    let reflection = steps.iter().find_map(|step| match step {
        Step::Method(method, _, at) if &**method == "getClass" => Some(*at),
        Step::Property(property, at) if !is_own && &**property == "class" && name != "input" => Some(*at),
        _ => None,
    });
    if let Some(at) = reflection {
        let message = "reflection is not available in mapping templates: the call fails".to_owned();
        return Some((LintCode::Reflection, at, message));
    }
    if is_own {
        return unknown_method(steps);
    }
    match name {
        "input" => input(steps, reading),
        "util" => util(steps),
        "context" => context(steps),
        "stageVariables" => stage_variable(steps),
        _ => unknown_method(steps),
    }
}

fn unknown_method(steps: &[Step]) -> Option<Problem> {
    steps.iter().find_map(|step| match step {
        Step::Method(name, _, at) if !is_method(name) => Some((
            LintCode::UnknownMethod,
            *at,
            format!(
                "there is no method `{name}` on strings, numbers, lists and maps: the reference prints itself"
            ),
        )),
        _ => None,
    })
}

fn input(steps: &[Step], reading: Reading) -> Option<Problem> {
    let (first, rest) = steps.split_first()?;
    match first {
        Step::Property(name, _) if &**name == "body" => unknown_method(rest),
        Step::Method(name, arguments, at) => match (&**name, &**arguments) {
            ("json" | "path", [path]) => invalid_path(name, text(path), *at)
                .or_else(|| member_of_text(name, text(path), reading, *at))
                .or_else(|| unknown_method(rest)),
            ("params", [] | [_]) | ("body", []) => unknown_method(rest),
            ("json" | "path" | "params" | "body", arguments) => Some((
                LintCode::UnknownMethod,
                *at,
                format!(
                    "`$input.{name}` does not take {} arguments: the reference prints itself",
                    arguments.len()
                ),
            )),
            (name, _) => Some((
                LintCode::UnknownMethod,
                *at,
                format!(
                    "`$input` has no method `{name}`, only json, path and params: the reference prints itself"
                ),
            )),
        },
        Step::Property(name, at) => Some((
            LintCode::UnknownMember,
            *at,
            format!(
                "`$input` has no member `{name}`, only body, json('$'), path('$') and params(): the reference prints itself"
            ),
        )),
        Step::Index(..) => None,
    }
}

fn invalid_path(method: &str, path: Option<&str>, at: Offset) -> Option<Problem> {
    let error = input_object::compile(path?).err()?;
    Some((LintCode::InvalidPath, at, format!("`$input.{method}`: no JSONPath: {error}")))
}

/// A path into a body that is not JSON.
fn member_of_text(method: &str, path: Option<&str>, reading: Reading, at: Offset) -> Option<Problem> {
    let path = path.filter(|path| reading == Reading::Text && path.trim() != "$")?;
    let message = format!(
        "a body of this content type is a text without members: `$input.{method}('{path}')` finds nothing, \
         `$input.path('$')` is the text"
    );
    Some((LintCode::TextHasNoMembers, at, message))
}

fn util(steps: &[Step]) -> Option<Problem> {
    const FUNCTIONS: &[&str] =
        &["escapeJavaScript", "parseJson", "urlEncode", "urlDecode", "base64Encode", "base64Decode"];
    let (first, rest) = steps.split_first()?;
    match first {
        Step::Method(name, arguments, _) if FUNCTIONS.contains(&&**name) && arguments.len() == 1 => {
            unknown_method(rest)
        }
        Step::Method(name, arguments, at) if FUNCTIONS.contains(&&**name) => Some((
            LintCode::UnknownMethod,
            *at,
            format!(
                "`$util.{name}` takes one argument, not {}: the reference prints itself",
                arguments.len()
            ),
        )),
        Step::Method(name, _, at) => Some((
            LintCode::UnknownMethod,
            *at,
            format!(
                "`$util` has no function `{name}`, only {}: the reference prints itself",
                FUNCTIONS.join(", ")
            ),
        )),
        Step::Property(name, at) => Some((
            LintCode::UnknownMember,
            *at,
            format!("`$util` has functions only, no member `{name}`: the reference prints itself"),
        )),
        Step::Index(..) => None,
    }
}

/// Members that AWS has but [`Variable`] does not.
const MORE_OF_CONTEXT: &[&str] = &[
    "identity.clientCert",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.vpcId",
    "identity.vpceId",
    "wafResponseCode",
    "webaclArn",
    "xrayTraceId",
    "customDomain",
];

fn context(steps: &[Step]) -> Option<Problem> {
    let (first, rest) = steps.split_first()?;
    let (name, at) = (step_name(first)?, place(first));
    let name = match name {
        // Authorizers and the template itself determine the members of these.
        "authorizer" | "requestOverride" | "responseOverride" | "put" | "containsKey" => return None,
        "identity" | "error" | "integration" => match rest.first() {
            Some(step) => format!("{name}.{}", step_name(step)?),
            None => return None,
        },
        name => name.to_owned(),
    };
    if Variable::parse(&name).is_some() || MORE_OF_CONTEXT.contains(&&*name) {
        return None;
    }
    Some((
        LintCode::UnknownMember,
        at,
        format!("`$context` has no member `{name}`: the reference prints nothing"),
    ))
}

fn stage_variable(steps: &[Step]) -> Option<Problem> {
    let first = steps.first()?;
    if let Step::Method(name, ..) = first
        && &**name != "get"
    {
        return unknown_method(steps);
    }
    let (name, at) = (step_name(first)?, place(first));
    let is_legal = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_legal {
        return None;
    }
    let message = format!(
        "no stage variable is named `{name}`, names have letters, digits and `_` only: the reference prints nothing"
    );
    Some((LintCode::StageVariableName, at, message))
}

fn place(step: &Step) -> Offset {
    match step {
        Step::Property(_, at) | Step::Method(_, _, at) | Step::Index(_, at) => *at,
    }
}
