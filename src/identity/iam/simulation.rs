//! Simulation: what policies would decide, and which of their statements.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Entities, Holder, Iam, IamError, aws_managed};
use crate::id::AccountId;
use crate::policy::{Caller, Decision, Facts, Policy, PolicyKind, Request};

/// A policy that is asked, with what it is called.
#[derive(Debug)]
pub struct Asked {
    /// Such as `PolicyInputList.1`, or the policy's name.
    pub id: String,
    /// Its document.
    pub text: String,
    policy: Policy,
}

/// The policies of a simulation.
#[derive(Debug, Default)]
pub struct Simulation {
    /// Of the caller. One has to allow.
    pub identity: Vec<Asked>,
    /// The boundary; `None` if there is none.
    pub boundary: Option<Vec<Asked>>,
    /// Of the resource.
    pub resource: Option<Asked>,
    /// The ARN and the account of the caller, for the resource's policy.
    pub caller: Option<(String, String)>,
    /// The values of condition keys, in lower case.
    pub context: Vec<(String, Vec<String>)>,
}

/// A statement that applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The policy's id.
    pub policy: String,
    /// Where the statement begins and ends: line and column, both from 1.
    pub span: [(usize, usize); 2],
}

/// The result for an action and a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// What is decided.
    pub decision: Decision,
    /// The statements that say so.
    pub matched: Vec<Matched>,
    /// Whether the boundary allows it; `None` if there is none.
    pub is_within_boundary: Option<bool>,
    /// Condition keys that the policies ask for and the context doesn't have.
    pub missing: Vec<String>,
}

#[derive(Debug)]
struct Context<'a>(&'a [(String, Vec<String>)]);

impl Facts for Context<'_> {
    fn values(&self, key: &str) -> Option<Vec<Cow<'_, str>>> {
        let (_, values) = self.0.iter().find(|(name, _)| name == key)?;
        Some(values.iter().map(|value| Cow::Borrowed(value.as_str())).collect())
    }
}

impl Asked {
    /// Reads a document.
    ///
    /// # Errors
    /// [`IamError`] if it is no policy.
    pub fn new(id: String, text: String, kind: PolicyKind) -> Result<Self, IamError> {
        let policy = Policy::parse(&text, kind).map_err(|error| IamError::Malformed(error.to_string()))?;
        Ok(Self { id, text, policy })
    }

    /// The condition keys that it asks for.
    pub fn keys(&self) -> BTreeSet<String> {
        self.policy.keys()
    }
}

impl Simulation {
    /// What would be decided about an action on a resource.
    pub fn decide(&self, action: &str, resource: &str) -> Simulated {
        let context = Context(&self.context);
        let caller = match &self.caller {
            Some((arn, account)) => Caller::Aws { arn, account },
            None => Caller::Anonymous,
        };
        let request = Request { caller, action, resource, facts: &context };
        let identity = layer(&self.identity, &request);
        let boundary = self.boundary.as_ref().map(|boundary| layer(boundary, &request));
        let theirs = self.resource.as_ref().map(|policy| layer(std::slice::from_ref(policy), &request));
        let says =
            |layer: Option<&(Decision, Vec<Matched>)>, decision| layer.is_some_and(|it| it.0 == decision);
        let all = [Some(&identity), boundary.as_ref(), theirs.as_ref()];
        let is_denied = all.iter().any(|layer| says(*layer, Decision::ExplicitDeny));
        let is_granted = says(Some(&identity), Decision::Allow) || says(theirs.as_ref(), Decision::Allow);
        let is_within = boundary.is_none() || says(boundary.as_ref(), Decision::Allow);
        let decision = match (is_denied, is_granted && is_within) {
            (true, _) => Decision::ExplicitDeny,
            (false, true) => Decision::Allow,
            (false, false) => Decision::ImplicitDeny,
        };
        let told =
            all.iter().flatten().filter(|layer| decision != Decision::ImplicitDeny && layer.0 == decision);
        let matched = told.flat_map(|layer| layer.1.iter().cloned()).collect();
        Simulated {
            decision,
            matched,
            is_within_boundary: boundary.as_ref().map(|layer| layer.0 == Decision::Allow),
            missing: self.missing(),
        }
    }

    /// Condition keys that some policy asks for, and the context doesn't have.
    fn missing(&self) -> Vec<String> {
        let policies = self.identity.iter().chain(self.boundary.iter().flatten()).chain(&self.resource);
        let keys: BTreeSet<String> = policies.flat_map(Asked::keys).collect();
        let is_missing = |key: &String| !self.context.iter().any(|(name, _)| name == key);
        keys.into_iter().filter(is_missing).collect()
    }
}

/// What a layer says, and with which statements.
fn layer(policies: &[Asked], request: &Request<'_>) -> (Decision, Vec<Matched>) {
    let mut decision = Decision::ImplicitDeny;
    let mut matched = Vec::new();
    for asked in policies {
        let (said, indexes) = asked.policy.explain(request);
        if said == Decision::ExplicitDeny && decision != Decision::ExplicitDeny {
            matched.clear();
        }
        decision = match (decision, said) {
            (Decision::ExplicitDeny, _) | (_, Decision::ExplicitDeny) => Decision::ExplicitDeny,
            (Decision::Allow, _) | (_, Decision::Allow) => Decision::Allow,
            (Decision::ImplicitDeny, Decision::ImplicitDeny) => Decision::ImplicitDeny,
        };
        if said == decision && said != Decision::ImplicitDeny {
            let spans = spans(&asked.text);
            matched.extend(indexes.into_iter().filter_map(|index| {
                Some(Matched { policy: asked.id.clone(), span: spans.get(index).copied()? })
            }));
        }
    }
    (decision, matched)
}

/// Where each statement of a document begins and ends. The document is JSON.
fn spans(text: &str) -> Vec<[(usize, usize); 2]> {
    // Objects whose parent is the member `Statement` of the outermost object, or its list.
    let (mut line, mut column, mut depth) = (1, 0, 0_usize);
    let (mut is_string, mut is_escaped) = (false, false);
    let mut word = String::new();
    let mut last = String::new();
    let mut is_statement = false;
    let mut start = None;
    let mut found = Vec::new();
    for c in text.chars() {
        match c {
            '\n' => (line, column) = (line + 1, 0),
            _ => column += 1,
        }
        if is_string {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => {
                    is_string = false;
                    last = std::mem::take(&mut word);
                }
                _ => word.push(c),
            }
            continue;
        }
        match c {
            '"' => is_string = true,
            ':' if depth == 1 => is_statement = last == "Statement",
            '{' | '[' => {
                // The document, its list of statements, a statement.
                let is_one = c == '{' && is_statement && start.is_none();
                depth += 1;
                if is_one && depth >= 2 {
                    start = Some((depth, (line, column)));
                }
            }
            '}' | ']' => {
                if let Some((_, begin)) = start.filter(|(at, _)| *at == depth) {
                    found.push([begin, (line, column + 1)]);
                    start = None;
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
    found
}

impl Iam {
    /// The policies of a role, user or group for a simulation: those that it has, of its groups, and its boundary.
    ///
    /// # Errors
    /// [`IamError`] if there is no such principal.
    pub async fn simulation_of(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
    ) -> Result<Simulation, IamError> {
        let Entities { roles, users, groups, policies } = self.entities(account).await?;
        let document = |arn: &str| match aws_managed::document(arn) {
            Some(document) => Some(document.to_owned()),
            None => {
                policies.iter().find(|policy| policy.arn == arn).map(|policy| policy.document().to_owned())
            }
        };
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        let mut inline = Vec::new();
        let mut attached = Vec::new();
        let mut boundary = None;
        match kind {
            Holder::Role => {
                let role = roles.iter().find(|role| same(&role.name));
                let role = role.ok_or_else(|| IamError::NoRole(name.to_owned()))?;
                inline.extend(inline_of("role", &role.name, &role.inline));
                attached.extend(role.attached.clone());
                boundary.clone_from(&role.permissions_boundary);
            }
            Holder::User => {
                let user = users.iter().find(|user| same(&user.name));
                let user = user.ok_or_else(|| IamError::NoUser(name.to_owned()))?;
                inline.extend(inline_of("user", &user.name, &user.inline));
                attached.extend(user.attached.clone());
                boundary.clone_from(&user.permissions_boundary);
                for group in groups.iter().filter(|group| user.groups.contains(&group.name)) {
                    inline.extend(inline_of("group", &group.name, &group.inline));
                    attached.extend(group.attached.clone());
                }
            }
            Holder::Group => {
                let group = groups.iter().find(|group| same(&group.name));
                let group = group.ok_or_else(|| IamError::NoGroup(name.to_owned()))?;
                inline.extend(inline_of("group", &group.name, &group.inline));
                attached.extend(group.attached.clone());
            }
        }
        let managed = attached
            .iter()
            .filter_map(|arn| Some((arn.rsplit('/').next().unwrap_or(arn).to_owned(), document(arn)?)));
        let all = inline.into_iter().chain(managed);
        let identity = all.map(|(id, text)| Asked::new(id, text, PolicyKind::Identity));
        let boundary = boundary.map(|arn| {
            let text = document(&arn).unwrap_or_else(|| r#"{"Statement":[]}"#.to_owned());
            Asked::new(arn, text, PolicyKind::Identity).map(|asked| vec![asked])
        });
        Ok(Simulation {
            identity: identity.collect::<Result<_, _>>()?,
            boundary: boundary.transpose()?,
            ..Simulation::default()
        })
    }
}

/// The inline policies of a role, user or group, with what simulations call them.
fn inline_of<'p>(
    kind: &'p str,
    name: &'p str,
    inline: &'p BTreeMap<String, String>,
) -> impl Iterator<Item = (String, String)> + use<'p> {
    inline.iter().map(move |(id, text)| (format!("{kind}_{name}_{id}"), text.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(id: &str, text: &str) -> Asked {
        Asked::new(id.to_owned(), text.to_owned(), PolicyKind::Identity).unwrap()
    }

    #[test]
    fn statements_are_found_where_they_stand() {
        let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Sid\": \"a}\", \"Condition\": {\"a\": {}}},\n  {\"b\": []}]}";
        assert_eq!(spans(text), [[(3, 3), (3, 40)], [(4, 3), (4, 12)]]);
        assert_eq!(spans("{\"Statement\":{\"Effect\":\"Allow\"}}"), [[(1, 14), (1, 32)]]);
        assert!(spans("{\"Id\":{},\"Statement\":[]}").is_empty());
    }

    #[test]
    fn a_simulation_says_which_statements_decide() {
        let allow = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},
            {"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:username":"ann"}}}]}"#;
        let deny = r#"{"Statement":{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}}"#;
        let mut simulation =
            Simulation { identity: vec![asked("one", allow), asked("two", deny)], ..Simulation::default() };
        for (action, decision, policies) in [
            ("s3:GetObject", Decision::Allow, &["one"][..]),
            ("s3:DeleteObject", Decision::ExplicitDeny, &["two"]),
            ("sqs:SendMessage", Decision::ImplicitDeny, &[]),
        ] {
            let found = simulation.decide(action, "*");
            let by: Vec<&str> = found.matched.iter().map(|it| it.policy.as_str()).collect();
            assert_eq!((found.decision, by.as_slice()), (decision, policies), "{action}");
            assert_eq!(found.missing, ["aws:username"]);
            assert_eq!(found.is_within_boundary, None);
        }
        simulation.context.push(("aws:username".to_owned(), vec!["ann".to_owned()]));
        let found = simulation.decide("sqs:SendMessage", "*");
        assert_eq!((found.decision, found.missing.len()), (Decision::Allow, 0));
        simulation.boundary = Some(vec![asked("b", deny)]);
        let found = simulation.decide("sqs:SendMessage", "*");
        assert_eq!((found.decision, found.is_within_boundary), (Decision::ImplicitDeny, Some(false)));
    }
}
