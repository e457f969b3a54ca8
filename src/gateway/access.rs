//! What policies say about a call of a method.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-using-iam-policies-to-invoke-api.html>

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::{REFERER, USER_AGENT};
use percent_encoding::percent_decode_str;

use super::compile::{CompiledMethod, CompiledStage};
use super::context::Context;
use crate::policy::{Caller, Decision, Facts, Policy, Request};

/// What calling a method is called in policies.
const INVOKE: &str = "execute-api:Invoke";

/// Longest ARN of a call that is decided about, in bytes.
pub(crate) const METHOD_ARN_BYTES_MAX: usize = 1_600;

/// The ARN of a call: `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{VERB}/{path}`.
///
/// The path is the resource's, with the values of the request for its variables: whatever way there is to write a
/// path (slashes at its end, encoded letters), one resource has one ARN, so that no way leads around a policy.
pub(crate) fn method_arn(context: &Context, stage: &CompiledStage, method: &CompiledMethod) -> String {
    let region = stage.owner.region.as_str();
    let partition = match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let (account, api, name, verb) = (&stage.owner.account, &stage.api_id, &stage.name, &context.method);
    let mut arn = format!("arn:{partition}:execute-api:{region}:{account}:{api}/{name}/{verb}/");
    let segments = method.resource_path.split('/').filter(|segment| !segment.is_empty());
    for (index, segment) in segments.enumerate() {
        if index != 0 {
            arn.push('/');
        }
        let variable = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        let value = variable.and_then(|name| context.path_parameter(name.trim_end_matches('+')));
        // Writing to a String can't fail.
        let _ = arn.write_str(value.unwrap_or(segment));
    }
    arn
}

/// What `policy` says about calling `method_arn`.
///
/// Values in paths stay encoded in ARNs. As a backend may well decode them, what a policy denies is denied in its
/// encoded form too.
pub(crate) fn decide(policy: &Policy, context: &Context, caller: Caller<'_>, method_arn: &str) -> Decision {
    let facts = CallFacts(context);
    let of = |resource: &str| policy.decide(&Request { caller, action: INVOKE, resource, facts: &facts });
    let decision = of(method_arn);
    if decision == Decision::Allow && method_arn.contains('%') {
        let decoded = percent_decode_str(method_arn).decode_utf8_lossy();
        if of(&decoded) == Decision::ExplicitDeny {
            return Decision::ExplicitDeny;
        }
    }
    decision
}

/// Condition keys of a call. Those that tell who calls are missing: nothing here proves it.
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
            _ => return None,
        };
        Some(vec![value])
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use super::*;
    use crate::clock::{SeededIds, VirtualClock};
    use crate::gateway::address::{Target, TargetApi};
    use crate::gateway::api::ResourceId;
    use crate::gateway::compile::compile_for_test;
    use crate::gateway::fixture::{NOW, api, owner, strings};
    use crate::gateway::peer::Peer;
    use crate::policy::PolicyKind;

    fn context(path: &str, parameters: &[(&str, &str)]) -> Context {
        let request =
            http::Request::get("/dev/x").header("user-agent", "test/1").header("referer", "http://r/");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let target = Target {
            api: TargetApi::Named("abc".into()),
            stage: "dev".into(),
            path: path.to_owned(),
            custom_domain: None,
        };
        let ip = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        let peer = Peer { ip, certificate: None, is_secure: true };
        let mut context = Context::new(parts, target, peer, &VirtualClock::new(NOW), &SeededIds::new(1));
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
            assert_eq!(decide(&policy, &context, Caller::Anonymous, resource), expect, "{resource}");
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
            assert_eq!(decide(&policy, &context, Caller::Anonymous, "r"), Decision::Allow, "{key}");
        }
    }
}
