//! Evaluates policies for a call of a method.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-using-iam-policies-to-invoke-api.html>

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::{REFERER, USER_AGENT};

use super::compile::{CompiledMethod, CompiledStage};
use super::context::Context;
use super::signers::{InternalCaller, Signer};
use crate::apis::{RestApi, resource_policy};
use crate::id::AccountRegion;
use crate::identity::{Owner, generous_reading};
use crate::policy::{Caller, Deciding, Decision, Facts, Policy, Request};

/// The actions for which callers need permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `execute-api:Invoke`: call a method.
    Invoke,
    /// `execute-api:InvalidateCache`: get a fresh response instead of a cached one.
    InvalidateCache,
}

impl Action {
    /// The action's name in policies.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Invoke => "execute-api:Invoke",
            Self::InvalidateCache => "execute-api:InvalidateCache",
        }
    }
}

/// The longest ARN of a call for which policies are evaluated, in bytes.
pub(crate) const METHOD_ARN_BYTES_MAX: usize = 1_600;

/// The ARN of a call: `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{VERB}/{path}`.
///
/// The path is the resource's path, with the request's values for its variables. However a path is written (trailing
/// slashes, encoded letters), a resource has one ARN, so that no spelling bypasses a policy.
pub(crate) fn method_arn(context: &Context, stage: &CompiledStage, method: &CompiledMethod) -> String {
    let (api, name, verb) = (api_arn(&stage.owner, stage.api_id.as_str()), &stage.name, &context.method);
    let mut arn = format!("{api}/{name}/{verb}/");
    let segments = method.resource_path.split('/').filter(|segment| !segment.is_empty());
    for (index, segment) in segments.enumerate() {
        if index != 0 {
            arn.push('/');
        }
        let variable = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        let value = variable.and_then(|name| context.path_parameter(name.trim_end_matches('+')));
        // Writing to a string can't fail.
        let _ = arn.write_str(value.unwrap_or(segment));
    }
    arn
}

/// `arn:aws:execute-api:{region}:{account}:{api}`
pub(crate) fn api_arn(owner: &AccountRegion, api: &str) -> String {
    let (region, account, partition) = (&owner.region, &owner.account, owner.region.partition());
    format!("arn:{partition}:execute-api:{region}:{account}:{api}")
}

/// The decision of `policy` about an action on `method_arn`.
pub(crate) fn decide(policy: &Policy, context: &Context, action: Action, method_arn: &str) -> Decision {
    in_every_writing(method_arn, |resource| {
        policy.decide(&request(context, action, resource, &CallFacts(context)))
    })
}

/// The combined decision of the signer's own policies and the API's.
pub(crate) fn decide_for_signer(
    signer: &Signer,
    context: &Context,
    stage: &CompiledStage,
    action: Action,
    method_arn: &str,
) -> Decision {
    let owner = if signer.caller.account == stage.owner.account { Owner::Same } else { Owner::Other };
    let said = stage.policy.decide(context, action, method_arn);
    in_every_writing(method_arn, |resource| {
        signer.grants.decide(&request(context, action, resource, &CallFacts(context)), said, owner)
    })
}

/// Values in paths stay encoded in ARNs. A backend may decode them, so a call is also denied if a policy denies the
/// decoded path.
fn in_every_writing(method_arn: &str, decide: impl Fn(&str) -> Decision) -> Decision {
    let decision = decide(method_arn);
    if decision == Decision::Allow
        && let Some(read) = generous_arn(method_arn)
        && decide(&read) == Decision::ExplicitDeny
    {
        return Decision::ExplicitDeny;
    }
    decision
}

/// The ARN with its path as a lenient backend reads it; `None` if that is the same.
fn generous_arn(method_arn: &str) -> Option<String> {
    let (before, _) = method_arn.match_indices('/').nth(2)?;
    let (before, path) = method_arn.split_at_checked(before.checked_add(1)?)?;
    generous_reading(path).map(|path| format!("{before}{path}"))
}

/// What a policy decided about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Whose policy it is.
    pub policy: String,
    /// `allow`, `explicit deny` or `implicit deny`.
    pub decision: &'static str,
    /// The `Sid` of the statement that made it so, or its number, counted from 1.
    pub statement: Option<String>,
}

/// What each policy decided that a request was compared with, for people.
pub(crate) fn decided(context: &Context) -> Vec<Decided> {
    let (Some(stage), Some(method)) = (&context.stage, &context.route) else { return Vec::new() };
    let arn = method_arn(context, stage, method);
    if METHOD_ARN_BYTES_MAX < arn.len() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut tell = |whose: String, decide: &dyn Fn(&Request<'_>) -> (Decision, Option<Deciding>)| {
        let about = |arn: &str| decide(&request(context, Action::Invoke, arn, &CallFacts(context)));
        let (mut decision, mut deciding) = about(&arn);
        if decision == Decision::Allow
            && let Some(read @ (Decision::ExplicitDeny, _)) = generous_arn(&arn).map(|arn| about(&arn))
        {
            (decision, deciding) = read;
        }
        let of = deciding.as_ref().and_then(|it| it.policy.as_deref());
        all.push(Decided {
            policy: of.map_or_else(|| whose.clone(), |name| format!("{whose} ({name})")),
            decision: match decision {
                Decision::Allow => "allow",
                Decision::ExplicitDeny => "explicit deny",
                Decision::ImplicitDeny => "implicit deny",
            },
            statement: deciding.map(|it| it.statement),
        });
    };
    if let ResourcePolicy::Some(policy) = &stage.policy {
        tell("the API's resource policy".to_owned(), &|request| policy.deciding(request));
    }
    if let Some(verdict) = context.authorizer.as_ref().and_then(|facts| facts.verdict.as_ref()) {
        tell(format!("the authorizer's policy for {}", verdict.principal_id), &|request| {
            verdict.policy.deciding(request)
        });
    }
    if let Some(signer) = context.signer.as_ref().filter(|signer| signer.caller.has_policies()) {
        tell(format!("the policies of {}", signer.caller.arn), &|request| {
            (signer.grants.decide(request, None, Owner::Same), signer.grants.deciding(request))
        });
    }
    all
}

fn request<'a>(
    context: &'a Context,
    action: Action,
    resource: &'a str,
    facts: &'a CallFacts<'a>,
) -> Request<'a> {
    let caller = match (&context.signer, context.internal_caller.as_deref()) {
        (Some(signer), _) => signer.caller.for_policies(),
        (None, Some(InternalCaller::Service { name, .. })) => {
            let region = context.stage.as_ref().map_or("", |stage| stage.owner.region.as_str());
            Caller::Service { name, region }
        }
        (None, Some(InternalCaller::Caller(_)) | None) => Caller::Anonymous,
    };
    Request { caller, action: action.name(), resource, facts }
}

/// Whether the caller may ask for a fresh response: the API's policy is always checked, the caller's own policies if
/// the request is signed.
pub(crate) fn may_invalidate_cache(context: &Context) -> bool {
    let (Some(stage), Some(method)) = (&context.stage, &context.route) else { return false };
    let (arn, action) = (method_arn(context, stage, method), Action::InvalidateCache);
    let decision = match &context.signer {
        Some(signer) => decide_for_signer(signer, context, stage, action, &arn),
        None => stage.policy.decide(context, action, &arn).unwrap_or(Decision::ImplicitDeny),
    };
    decision == Decision::Allow
}

/// The resource policy of an API in a stage.
#[derive(Debug)]
pub(crate) enum ResourcePolicy {
    /// None, so it doesn't say who may call.
    None,
    Some(Policy),
    /// One that can't be parsed, so nobody may call.
    Broken,
}

impl ResourcePolicy {
    /// Compiles the policy of an API; `execute-api:/stage/VERB/path` stands for the full ARN.
    pub(crate) fn compile(api: &RestApi, owner: &AccountRegion) -> Self {
        let Some(document) = api.policy.as_deref().filter(|document| !document.is_empty()) else {
            return Self::None;
        };
        match resource_policy(document, &api_arn(owner, api.id.as_str())) {
            Ok(policy) => Self::Some(policy),
            Err(error) => {
                tracing::error!(
                    "API {}: the resource policy can't be read, nobody may call: {error}",
                    api.id
                );
                Self::Broken
            }
        }
    }

    /// The decision about an action of the caller.
    pub(crate) fn decide(&self, context: &Context, action: Action, method_arn: &str) -> Option<Decision> {
        match self {
            Self::None => None,
            Self::Some(policy) => Some(decide(policy, context, action, method_arn)),
            Self::Broken => Some(Decision::ExplicitDeny),
        }
    }
}

/// The message for a caller whom policies refuse. It hides the account number.
pub(crate) fn denial(context: &Context, method_arn: &str, decision: Decision) -> String {
    let user = context.signer.as_ref().map_or("anonymous", |signer| &*signer.caller.arn);
    let action = Action::Invoke.name();
    let mut parts: Vec<&str> = method_arn.splitn(6, ':').collect();
    let masked = match parts.get_mut(4) {
        Some(account) => {
            let masked = format!("********{}", account.get(8..).unwrap_or_default());
            *account = &masked;
            parts.join(":")
        }
        None => method_arn.to_owned(),
    };
    let explicit = if decision == Decision::ExplicitDeny { " with an explicit deny" } else { "" };
    format!("User: {user} is not authorized to perform: {action} on resource: {masked}{explicit}")
}

/// The condition keys of a call. Those about the caller exist only if the request is signed.
#[derive(Debug)]
struct CallFacts<'a>(&'a Context);

impl Facts for CallFacts<'_> {
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        let context = self.0;
        let header = |name| context.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let value = match key {
            "aws:currenttime" => context.received.to_iso8601().into(),
            "aws:epochtime" => context.received.as_seconds().to_string().into(),
            "aws:referer" => header(REFERER)?,
            "aws:securetransport" => if context.peer.is_secure { "true" } else { "false" }.into(),
            "aws:sourceip" => context.peer.ip.to_canonical().to_string().into(),
            "aws:useragent" => header(USER_AGENT)?,
            "aws:sourcearn"
            | "aws:sourceaccount"
            | "aws:principalisawsservice"
            | "aws:principalservicename" => {
                let Some(InternalCaller::Service { name, source_arn, source_account }) =
                    context.internal_caller.as_deref()
                else {
                    return None;
                };
                match key {
                    "aws:sourcearn" => source_arn.into(),
                    "aws:sourceaccount" => source_account.into(),
                    "aws:principalisawsservice" => "true".into(),
                    _ => (*name).into(),
                }
            }
            _ => return context.signer.as_ref()?.caller.condition_values(key),
        };
        Some(vec![value])
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use super::*;
    use crate::apis::ResourceId;
    use crate::clock::{SeededIds, VirtualClock};
    use crate::gateway::address::{Target, TargetApi};
    use crate::gateway::compile::compile_for_test;
    use crate::gateway::fixture::{NOW, api, owner, strings};
    use crate::gateway::peer::Peer;
    use crate::identity::TargetUri;
    use crate::policy::PolicyKind;

    fn context(path: &str, parameters: &[(&str, &str)]) -> Context {
        let request =
            http::Request::get("/dev/x").header("user-agent", "test/1").header("referer", "http://r/");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let target = Target {
            api: TargetApi::Named("abc".into()),
            stage: "dev".into(),
            path: path.to_owned(),
            custom_domain: None,
        };
        let ip = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        let peer = Peer { ip, certificate: None, is_secure: true };
        let mut context = Context::new(parts, uri, target, peer, &VirtualClock::new(NOW), &SeededIds::new(1));
        context.path_parameters =
            parameters.iter().map(|(name, value)| ((*name).into(), (*value).to_owned())).collect();
        context.stage = Some(Arc::new(compile_for_test(&owner(), &api("abc"), &strings(&[]))));
        context
    }

    fn arn(resource_path: &str, parameters: &[(&str, &str)]) -> String {
        let context = context("/unused", parameters);
        let stage = context.stage.clone().unwrap();
        let method = CompiledMethod {
            resource_path: resource_path.into(),
            ..CompiledMethod::absent(ResourceId::from("r"))
        };
        method_arn(&context, &stage, &method)
    }

    #[test]
    fn a_resource_has_one_arn() {
        let prefix = "arn:aws:execute-api:us-east-1:123456789012:abc/test-invoke-stage/GET/";
        for (path, parameters, expect) in [
            ("/", &[][..], ""),
            ("/pets", &[], "pets"),
            ("/pets/{id}/toys", &[("id", "1%202")], "pets/1%202/toys"),
            ("/{proxy+}", &[("proxy", "a/b//c")], "a/b//c"),
            ("/pets/{id}", &[], "pets/{id}"),
        ] {
            assert_eq!(arn(path, parameters), format!("{prefix}{expect}"), "{path}");
        }
    }

    #[test]
    fn what_is_denied_is_denied_in_every_writing() {
        let policy = r#"{"Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"},
            {"Effect":"Deny","Action":"execute-api:Invoke","Resource":"*/GET/admin"}]}"#;
        let policy = Policy::parse(policy, PolicyKind::Identity).unwrap();
        let context = context("/", &[]);
        for (resource, expect) in [
            ("a/dev/GET/pets", Decision::Allow),
            ("a/dev/GET/p%65ts", Decision::Allow),
            ("a/dev/GET/admin", Decision::ExplicitDeny),
            ("a/dev/GET/%61dmin", Decision::ExplicitDeny),
        ] {
            assert_eq!(decide(&policy, &context, Action::Invoke, resource), expect, "{resource}");
        }
    }

    #[test]
    fn resource_policies_may_write_their_own_arn_in_short() {
        let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",
            "Resource":["execute-api:/dev/*","execute-api:/*/GET/open"]},
            {"Effect":"Deny","Principal":{"AWS":"*"},"Action":"*","Resource":"execute-api:/dev/POST/*"}]}"#;
        let policy = resource_policy(policy, "arn:aws:execute-api:r:1:abc").unwrap();
        let context = context("/", &[]);
        for (resource, expect) in [
            ("arn:aws:execute-api:r:1:abc/dev/GET/x", Decision::Allow),
            ("arn:aws:execute-api:r:1:abc/prod/GET/open", Decision::Allow),
            ("arn:aws:execute-api:r:1:abc/dev/POST/x", Decision::ExplicitDeny),
            ("arn:aws:execute-api:r:1:abc/prod/GET/x", Decision::ImplicitDeny),
            ("arn:aws:execute-api:r:1:xyz/dev/GET/x", Decision::ImplicitDeny),
        ] {
            assert_eq!(decide(&policy, &context, Action::Invoke, resource), expect, "{resource}");
        }
        for bad in ["", "{", r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#] {
            assert!(resource_policy(bad, "a").is_err(), "{bad}");
        }
    }

    #[test]
    fn conditions_see_the_request() {
        let context = context("/", &[]);
        for (operator, key, value) in [
            ("IpAddress", "aws:SourceIp", "192.0.2.0/24"),
            ("Bool", "aws:SecureTransport", "true"),
            ("StringLike", "aws:UserAgent", "test/*"),
            ("StringEquals", "aws:Referer", "http://r/"),
            ("DateLessThan", "aws:CurrentTime", "2023-11-15T00:00:00Z"),
            ("NumericEquals", "aws:EpochTime", "1700000000"),
            ("Null", "aws:userid", "true"),
        ] {
            let policy = format!(
                r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"*",
                "Condition":{{"{operator}":{{"{key}":"{value}"}}}}}}}}"#
            );
            let policy = Policy::parse(&policy, PolicyKind::Identity).unwrap();
            assert_eq!(decide(&policy, &context, Action::Invoke, "r"), Decision::Allow, "{key}");
        }
    }
}
