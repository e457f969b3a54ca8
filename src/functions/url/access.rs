//! Who may call a URL: <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>.
//!
//! Since October 2025 a call needs two permissions, `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`. AWS lets URLs
//! that are older go on with the first; here none is.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{HeaderName, REFERER, USER_AGENT};

use super::UrlPeer;
use crate::clock::Timestamp;
use crate::functions::control::UrlFound;
use crate::identity::{Caller, Grants, Owner};
use crate::policy::{self, Decision, Facts, Request};

const ACTIONS: [&str; 2] = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];

/// A call of a URL, as policies see it.
#[derive(Clone, Copy)]
pub(super) struct Via<'a> {
    pub(super) found: &'a UrlFound,
    /// Who has signed.
    pub(super) signer: Option<&'a Caller>,
    pub(super) headers: &'a HeaderMap,
    pub(super) peer: UrlPeer,
    pub(super) now: Timestamp,
}

impl Via<'_> {
    /// Whether the function's policy, and the caller's own (`grants`) if there is one, let the call in.
    pub(super) fn is_permitted(&self, grants: Option<&Grants>) -> bool {
        ACTIONS.iter().all(|action| {
            let caller = self.signer.map_or(policy::Caller::Anonymous, Caller::for_policies);
            let request = Request { caller, action, resource: &self.found.arn, facts: self };
            let said = self.found.policy.as_ref().map(|policy| policy.decide(&request));
            let decision = match (self.signer, grants) {
                (Some(signer), Some(grants)) => {
                    let is_own = signer.account == self.found.target.home.account;
                    grants.decide(&request, said, if is_own { Owner::Same } else { Owner::Other })
                }
                // Nobody in particular has no policies: the function's alone decides.
                (_, _) => said.unwrap_or(Decision::ImplicitDeny),
            };
            decision == Decision::Allow
        })
    }

    fn header(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    }
}

impl std::fmt::Debug for Via<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Via")
            .field("arn", &self.found.arn)
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}

impl Facts for Via<'_> {
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        let value = match key {
            "lambda:functionurlauthtype" => self.found.config.auth_type.as_str().into(),
            "lambda:invokedviafunctionurl" => "true".into(),
            "aws:currenttime" => self.now.to_iso8601().into(),
            "aws:epochtime" => self.now.as_seconds().to_string().into(),
            "aws:requestedregion" => self.found.target.home.region.as_str().into(),
            "aws:securetransport" => self.peer.is_secure.to_string().into(),
            "aws:sourceip" => self.peer.ip.to_string().into(),
            "aws:useragent" => self.header(&USER_AGENT)?,
            "aws:referer" => self.header(&REFERER)?,
            _ => return self.signer?.condition_values(key),
        };
        Some(vec![value])
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::functions::control::UrlTarget;
    use crate::functions::model::UrlConfig;
    use crate::id::{AccountId, AccountRegion, Region};
    use crate::policy::{Policy, PolicyKind};

    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

    fn found(auth_type: &str, statements: &Value) -> UrlFound {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        UrlFound {
            target: UrlTarget { home, name: "f".into(), qualifier: None },
            config: UrlConfig {
                id: "abc".into(),
                auth_type: auth_type.into(),
                invoke_mode: "BUFFERED".into(),
                cors: None,
                created: Timestamp::from_millis(0),
                last_modified: Timestamp::from_millis(0),
            },
            arn: ARN.into(),
            policy: Some(Policy::from_value(&document, PolicyKind::Resource).unwrap()),
        }
    }

    fn is_permitted(found: &UrlFound, signer: Option<(&Caller, &Grants)>) -> bool {
        let peer = UrlPeer { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), is_secure: false };
        let (headers, now) = (HeaderMap::new(), Timestamp::from_millis(0));
        let via = Via { found, signer: signer.map(|of| of.0), headers: &headers, peer, now };
        via.is_permitted(signer.map(|of| of.1))
    }

    fn statement(action: &str, principal: &Value, condition: &Value) -> Value {
        json!({"Sid": "s", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": ARN,
            "Condition": condition})
    }

    #[test]
    fn everybody_needs_both_permissions() {
        let (url, function) = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction");
        let none = json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}});
        let via = json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}});
        let everybody = json!("*");
        let first = statement(url, &everybody, &none);
        let second = statement(function, &everybody, &via);
        let check = |statements: Value, expect: bool| {
            assert_eq!(is_permitted(&found("NONE", &statements), None), expect, "{statements}");
        };
        check(json!([first, second]), true);
        check(json!([first]), false);
        check(json!([second]), false);
        let iam =
            statement(url, &everybody, &json!({"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}));
        check(json!([iam, second]), false);
        let not_via =
            statement(function, &everybody, &json!({"Bool": {"lambda:InvokedViaFunctionUrl": "false"}}));
        check(json!([first, not_via]), false);
        let other = json!({"AWS": "arn:aws:iam::210987654321:root"});
        check(json!([statement(url, &other, &none), second]), false);
    }

    #[test]
    fn signers_need_them_from_their_own_policies_or_the_function_s() {
        let account = |id: &str| Caller::root(AccountId::parse(id).unwrap());
        let (own, other) = (account("123456789012"), account("210987654321"));
        let policies = |actions: &Value| {
            let text =
                json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": ARN}}).to_string();
            let policy = Arc::new(Policy::parse(&text, PolicyKind::Identity).unwrap());
            Grants::Policies { identity: vec![policy], bounds: Vec::new() }
        };
        let both = json!(["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]);
        let nobody = found("AWS_IAM", &json!([]));
        assert!(is_permitted(&nobody, Some((&own, &policies(&both)))));
        assert!(!is_permitted(&nobody, Some((&own, &policies(&json!(["lambda:InvokeFunctionUrl"]))))));
        assert!(!is_permitted(&nobody, Some((&other, &Grants::Everything))));
        let them = json!({"AWS": "arn:aws:iam::210987654321:root"});
        let statements = ACTIONS.map(|action| statement(action, &them, &json!({})));
        let them_too = found("AWS_IAM", &json!(statements));
        assert!(is_permitted(&them_too, Some((&other, &Grants::Everything))));
        assert!(!is_permitted(&them_too, None));
    }
}
