//! What a policy decides for one request.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::condition::Condition;
use super::document::{Effect, Policy, Scope, Statement};
use super::pattern::{Case, Pattern};

/// The caller of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// The request was not signed.
    Anonymous,
    /// A user, a role session or an account.
    Aws {
        /// The caller's ARN, such as `arn:aws:sts::123456789012:assumed-role/R/session`.
        arn: &'a str,
        /// The caller's account.
        account: &'a str,
    },
    /// A service of AWS that acts for its user's resource.
    Service {
        /// Its global name: `states.amazonaws.com`.
        name: &'a str,
        /// The region it acts in.
        region: &'a str,
    },
    /// Somebody whom an identity provider vouches for.
    Federated {
        /// The provider, as trust policies name it.
        provider: &'a str,
    },
}

/// The resource of a request about something that can't be named: an allow for any resource is enough, and only a deny of
/// every resource denies.
pub const SOME_RESOURCE: &str = "";

/// The request to decide about.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The caller; policies without principals ignore it.
    pub caller: Caller<'a>,
    /// The action, such as `execute-api:Invoke`.
    pub action: &'a str,
    /// The ARN of the resource.
    pub resource: &'a str,
    /// The values of condition keys and policy variables.
    pub facts: &'a dyn Facts,
}

/// The condition keys of a request.
pub trait Facts: std::fmt::Debug {
    /// The values of a key such as `aws:sourceip`, which is given in lower case; `None` if the request has none.
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>>;
}

/// A request without condition keys.
#[derive(Clone, Copy, Debug)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn values(&self, _: &str) -> Option<Vec<Cow<'_, str>>> {
        None
    }
}

/// The decision of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows the request, and none denies it.
    Allow,
    /// A statement denies the request.
    ExplicitDeny,
    /// No statement applies.
    ImplicitDeny,
}

impl Policy {
    /// Decides about a request.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let mut decision = Decision::ImplicitDeny;
        for statement in &self.statements {
            match statement.effect {
                Effect::Allow if decision == Decision::Allow => {}
                Effect::Allow if statement.applies(request) => decision = Decision::Allow,
                Effect::Deny if statement.applies(request) => return Decision::ExplicitDeny,
                Effect::Allow | Effect::Deny => {}
            }
        }
        decision
    }
}

/// The statement that decides about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// Its policy, if that has a name.
    pub policy: Option<Arc<str>>,
    /// Its `Sid`, or its number among the policy's statements, counted from 1.
    pub statement: String,
}

impl Policy {
    /// Decides about a request, and names the first statement that makes it so.
    pub fn deciding(&self, request: &Request<'_>) -> (Decision, Option<Deciding>) {
        let (decision, indexes) = self.explain(request);
        let first = indexes.first().copied();
        let deciding = first.and_then(|index| {
            let sid = self.statements.get(index)?.sid.as_deref().map(str::to_owned);
            let statement = sid.unwrap_or_else(|| (index + 1).to_string());
            Some(Deciding { policy: self.name.clone(), statement })
        });
        (decision, deciding)
    }

    /// Decides about a request, and says which statements (counted from 0) make it so.
    pub fn explain(&self, request: &Request<'_>) -> (Decision, Vec<usize>) {
        let decision = self.decide(request);
        let effect = match decision {
            Decision::Allow => Effect::Allow,
            Decision::ExplicitDeny => Effect::Deny,
            Decision::ImplicitDeny => return (decision, Vec::new()),
        };
        let is_one = |statement: &Statement| statement.effect == effect && statement.applies(request);
        let indexes = self.statements.iter().enumerate().filter(|(_, statement)| is_one(statement));
        (decision, indexes.map(|(index, _)| index).collect())
    }

    /// The condition keys that its conditions and variables ask for, in lower case.
    pub fn keys(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for statement in &self.statements {
            for scope in [&statement.action, &statement.resource] {
                let (Scope::Of(patterns) | Scope::Except(patterns)) = scope;
                keys.extend(patterns.iter().flat_map(Pattern::keys).map(str::to_owned));
            }
            keys.extend(statement.conditions.iter().flat_map(Condition::keys).map(str::to_owned));
        }
        keys
    }

    /// An action that no service has: neither `*` nor a service and a name.
    pub fn odd_action(&self) -> Option<&str> {
        let patterns = self.statements.iter().flat_map(|statement| {
            let (Scope::Of(patterns) | Scope::Except(patterns)) = &statement.action;
            patterns
        });
        patterns.filter_map(Pattern::exact).find(|action| !action.contains(':'))
    }
}

impl Statement {
    fn applies(&self, request: &Request<'_>) -> bool {
        let covers = |scope: &Scope, text: &str, case: Case| scope.covers(text, case, self.effect, request);
        self.principal.as_ref().is_none_or(|principal| principal.covers(request.caller))
            && covers(&self.action, request.action, Case::Insensitive)
            && match request.resource {
                SOME_RESOURCE => self.effect == Effect::Allow || self.resource.is_everything(),
                resource => covers(&self.resource, resource, Case::Sensitive),
            }
            && self.conditions.iter().all(|condition| condition.holds(self.effect, request.facts))
    }
}

impl Scope {
    /// Whether it covers whatever there is, as far as its words tell.
    fn is_everything(&self) -> bool {
        match self {
            Self::Of(patterns) => patterns.iter().any(Pattern::is_everything),
            Self::Except(patterns) => patterns.is_empty(),
        }
    }

    fn covers(&self, text: &str, case: Case, effect: Effect, request: &Request<'_>) -> bool {
        let any = |patterns: &[Pattern], unresolved: bool| {
            patterns.iter().any(|it| it.matches(text, case, request.facts).unwrap_or(unresolved))
        };
        match self {
            // A variable without a value matches nothing.
            Self::Of(patterns) => any(patterns, false),
            // … and in `NotAction` and the like, it excludes everything from an allow and nothing from a deny.
            Self::Except(patterns) => !any(patterns, effect == Effect::Allow),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::document::PolicyKind;
    use super::*;

    /// Keys in lower case with their values.
    #[derive(Debug)]
    pub(in super::super) struct Known<'a>(pub(in super::super) &'a [(&'a str, &'a [&'a str])]);

    impl Facts for Known<'_> {
        fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
            let (_, values) = self.0.iter().find(|(name, _)| *name == key)?;
            Some(values.iter().map(|value| Cow::Borrowed(*value)).collect())
        }
    }

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets/1";

    fn check(statements: &str, expect: Decision) {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
        let policy = Policy::parse(&document, PolicyKind::Identity).unwrap();
        let facts = Known(&[("aws:username", &["1"])]);
        let (caller, action) = (Caller::Anonymous, "execute-api:Invoke");
        let request = Request { caller, action, resource: ARN, facts: &facts };
        assert_eq!(policy.decide(&request), expect, "{statements}");
    }

    #[test]
    fn a_deny_wins_and_silence_denies() {
        use Decision::{Allow, ExplicitDeny, ImplicitDeny};
        let allow = r#"{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}"#;
        let deny = r#"{"Effect":"Deny","Action":"execute-api:*","Resource":["*/GET/pets/1"]}"#;
        let elsewhere = r#"{"Effect":"Deny","Action":"*","Resource":"*/POST/*"}"#;
        check(allow, Allow);
        check(&format!("[{allow},{deny}]"), ExplicitDeny);
        check(&format!("[{deny},{allow}]"), ExplicitDeny);
        check(&format!("[{allow},{elsewhere}]"), Allow);
        check(elsewhere, ImplicitDeny);
        check("[]", ImplicitDeny);
    }

    #[test]
    fn actions_and_resources_are_named_or_left_out() {
        use Decision::{Allow, ExplicitDeny, ImplicitDeny};
        for (effect, rest, expect) in [
            ("Allow", r#""Action":["s3:*","EXECUTE-API:inv*"],"Resource":"*""#, Allow),
            ("Allow", r#""Action":"execute-api:ManageConnections","Resource":"*""#, ImplicitDeny),
            ("Allow", r#""NotAction":"s3:*","Resource":"*""#, Allow),
            ("Allow", r#""NotAction":["s3:*","*:Invoke"],"Resource":"*""#, ImplicitDeny),
            ("Allow", r#""Action":"*","Resource":"arn:aws:execute-api:*""#, Allow),
            ("Allow", r#""Action":"*","Resource":"*/dev/GET/pets/?""#, Allow),
            ("Allow", r#""Action":"*","Resource":"*/dev/get/pets/1""#, ImplicitDeny),
            ("Allow", r#""Action":"*","NotResource":"*/POST/*""#, Allow),
            ("Allow", r#""Action":"*","Resource":"*/pets/${aws:username}""#, Allow),
            ("Allow", r#""Action":"*","Resource":"*/pets/${aws:userid}""#, ImplicitDeny),
            ("Allow", r#""Action":"*","NotResource":"*/pets/${aws:userid}""#, ImplicitDeny),
            ("Deny", r#""Action":"*","NotResource":"*/pets/${aws:userid}""#, ExplicitDeny),
        ] {
            check(&format!(r#"{{"Effect":"{effect}",{rest}}}"#), expect);
        }
    }

    #[test]
    fn a_resource_that_has_no_name_may_be_any() {
        use Decision::{Allow, ExplicitDeny, ImplicitDeny};
        for (statements, expect) in [
            (r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#, Allow),
            (r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::bucket"}"#, Allow),
            (r#"{"Effect":"Allow","Action":"sqs:*","Resource":"*"}"#, ImplicitDeny),
            (
                r#"[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"r"}]"#,
                Allow,
            ),
            (
                r#"[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]"#,
                ExplicitDeny,
            ),
        ] {
            let document = format!(r#"{{"Statement":{statements}}}"#);
            let policy = Policy::parse(&document, PolicyKind::Identity).unwrap();
            let (caller, resource) = (Caller::Anonymous, SOME_RESOURCE);
            let request = Request { caller, action: "s3:GetObject", resource, facts: &NoFacts };
            assert_eq!(policy.decide(&request), expect, "{statements}");
        }
    }

    #[test]
    fn the_deciding_statement_has_a_name_or_a_number() {
        let allow = r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#;
        let write = r#"{"Sid":"Write","Effect":"Allow","Action":"s3:Put*","Resource":"*"}"#;
        let deny = r#"{"Effect":"Deny","Action":"s3:*","Resource":"secret"}"#;
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{allow},{write},{deny}]}}"#);
        let policy = Policy::parse(&document, PolicyKind::Identity).unwrap().named("p");
        for (action, resource, decision, statement) in [
            ("s3:GetObject", "r", Decision::Allow, Some("1")),
            ("s3:PutObject", "r", Decision::Allow, Some("Write")),
            ("s3:PutObject", "secret", Decision::ExplicitDeny, Some("3")),
            ("s3:ListBucket", "r", Decision::ImplicitDeny, None),
        ] {
            let request = Request { caller: Caller::Anonymous, action, resource, facts: &NoFacts };
            let deciding = statement
                .map(|statement| Deciding { policy: Some("p".into()), statement: statement.to_owned() });
            assert_eq!(policy.deciding(&request), (decision, deciding), "{action} {resource}");
        }
    }

    #[test]
    fn policies_about_tags_of_resources_are_known() {
        for (statement, expect) in [
            (r#""Condition":{"StringEquals":{"aws:resourcetag/Team":"a"}}"#, true),
            (r#""Condition":{"StringEquals":{"aws:PrincipalTag/t":"${aws:ResourceTag/t}"}}"#, true),
            (r#""Condition":{"StringEquals":{"aws:RequestTag/Team":"a"}}"#, false),
        ] {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*",{statement}}}}}"#
            );
            let policy = Policy::parse(&document, PolicyKind::Identity).unwrap();
            assert_eq!(policy.needs_resource_tags(), expect, "{statement}");
        }
    }

    #[test]
    fn conditions_must_all_hold() {
        let with = |conditions: &str| {
            format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{conditions}}}"#)
        };
        let (yes, no) = (r#"{"aws:UserName":"1"}"#, r#"{"aws:username":["2","3"]}"#);
        check(&with(&format!(r#"{{"StringEquals":{yes},"Null":{{"aws:userid":true}}}}"#)), Decision::Allow);
        check(&with(&format!(r#"{{"StringEquals":{yes},"StringLike":{no}}}"#)), Decision::ImplicitDeny);
        check(&with("{}"), Decision::Allow);
    }
}
