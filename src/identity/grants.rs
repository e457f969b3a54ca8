//! The permissions that a caller's own policies grant, and how they combine with resource policies.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>

use std::sync::Arc;

use crate::policy::{Deciding, Decision, Policy, Request};

/// Policies of which at least one has to allow, and none may deny.
pub type Layer = Vec<Arc<Policy>>;

/// What a caller's own policies permit.
#[derive(Clone, Debug)]
pub enum Grants {
    /// Everything: the account itself.
    Everything,
    /// What its policies allow, within their bounds.
    Policies {
        /// The policies of the role.
        identity: Layer,
        /// Layers that have to allow as well but grant nothing by themselves: the permissions boundary, and the session
        /// policies.
        bounds: Vec<Layer>,
    },
}

/// The account that owns the requested resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The caller's own account: the caller's policies or the resource's have to allow.
    Same,
    /// Another account: both have to allow.
    Other,
}

impl Grants {
    /// Whether no policy grants anything, since there is none.
    pub fn are_none(&self) -> bool {
        matches!(self, Self::Policies { identity, .. } if identity.is_empty())
    }

    /// Whether a policy asks for the tags of resources.
    pub fn need_resource_tags(&self) -> bool {
        match self {
            Self::Everything => false,
            Self::Policies { identity, bounds } => {
                let mut all = identity.iter().chain(bounds.iter().flatten());
                all.any(|policy| policy.needs_resource_tags())
            }
        }
    }

    /// The statement by which a request is allowed or denied, if it isn't only for lack of one.
    pub fn deciding(&self, request: &Request<'_>) -> Option<Deciding> {
        let Self::Policies { identity, bounds } = self else { return None };
        let by = |layer: &Layer, wanted| {
            layer.iter().find_map(|policy| match policy.deciding(request) {
                (decision, deciding) if decision == wanted => deciding,
                _ => None,
            })
        };
        let denying =
            std::iter::once(identity).chain(bounds).find_map(|layer| by(layer, Decision::ExplicitDeny));
        denying.or_else(|| by(identity, Decision::Allow))
    }

    /// Decides about a request, given the decision of the resource's policy; `None` if it has no policy.
    ///
    /// Bounds also limit what a resource policy allows. AWS makes an exception for resource policies that name the
    /// session itself; this is not implemented.
    pub fn decide(&self, request: &Request<'_>, resource: Option<Decision>, owner: Owner) -> Decision {
        let (identity, is_within_bounds) = match self {
            Self::Everything => (Decision::Allow, true),
            Self::Policies { identity, bounds } => {
                let bounds: Vec<Decision> = bounds.iter().map(|layer| layer_says(layer, request)).collect();
                if bounds.contains(&Decision::ExplicitDeny) {
                    return Decision::ExplicitDeny;
                }
                (layer_says(identity, request), bounds.iter().all(|said| *said == Decision::Allow))
            }
        };
        if identity == Decision::ExplicitDeny || resource == Some(Decision::ExplicitDeny) {
            return Decision::ExplicitDeny;
        }
        let (own, theirs) = (identity == Decision::Allow, resource == Some(Decision::Allow));
        let is_allowed = match owner {
            Owner::Same => own || theirs,
            Owner::Other => own && theirs,
        };
        if is_allowed && is_within_bounds { Decision::Allow } else { Decision::ImplicitDeny }
    }
}

fn layer_says(layer: &Layer, request: &Request<'_>) -> Decision {
    let mut said = Decision::ImplicitDeny;
    for policy in layer {
        match policy.decide(request) {
            Decision::ExplicitDeny => return Decision::ExplicitDeny,
            Decision::Allow => said = Decision::Allow,
            Decision::ImplicitDeny => {}
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Caller, NoFacts, PolicyKind};
    use Decision::{Allow, ExplicitDeny, ImplicitDeny};

    fn layer(statements: &[(&str, &str)]) -> Layer {
        let policy = |(effect, action): &(&str, &str)| {
            let text =
                format!(r#"{{"Statement":{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}}}"#);
            Arc::new(Policy::parse(&text, PolicyKind::Identity).unwrap())
        };
        statements.iter().map(policy).collect()
    }

    fn decide(grants: &Grants, resource: Option<Decision>, owner: Owner) -> Decision {
        let caller = Caller::Anonymous;
        let request = Request { caller, action: "execute-api:Invoke", resource: "r", facts: &NoFacts };
        grants.decide(&request, resource, owner)
    }

    const ALLOW: (&str, &str) = ("Allow", "execute-api:Invoke");
    const DENY: (&str, &str) = ("Deny", "execute-api:*");
    const ELSEWHERE: (&str, &str) = ("Allow", "states:*");

    #[test]
    fn both_tables_are_aws_s() {
        let caller = |statements| Grants::Policies { identity: layer(statements), bounds: Vec::new() };
        // Rows: the decision of the caller's policies. Columns: the decision of the resource policy, in both tables.
        let columns = [Some(Allow), None, Some(ImplicitDeny), Some(ExplicitDeny)];
        for (statements, same, other) in [
            (
                &[ALLOW][..],
                [Allow, Allow, Allow, ExplicitDeny],
                [Allow, ImplicitDeny, ImplicitDeny, ExplicitDeny],
            ),
            (
                &[ELSEWHERE],
                [Allow, ImplicitDeny, ImplicitDeny, ExplicitDeny],
                [ImplicitDeny, ImplicitDeny, ImplicitDeny, ExplicitDeny],
            ),
            (
                &[],
                [Allow, ImplicitDeny, ImplicitDeny, ExplicitDeny],
                [ImplicitDeny, ImplicitDeny, ImplicitDeny, ExplicitDeny],
            ),
            (&[ALLOW, DENY], [ExplicitDeny; 4], [ExplicitDeny; 4]),
        ] {
            let grants = caller(statements);
            assert_eq!(columns.map(|said| decide(&grants, said, Owner::Same)), same, "{statements:?}");
            assert_eq!(columns.map(|said| decide(&grants, said, Owner::Other)), other, "{statements:?}");
        }
        let root = Grants::Everything;
        let own = columns.map(|said| decide(&root, said, Owner::Same));
        assert_eq!(own, [Allow, Allow, Allow, ExplicitDeny]);
        let elsewhere = columns.map(|said| decide(&root, said, Owner::Other));
        assert_eq!(elsewhere, [Allow, ImplicitDeny, ImplicitDeny, ExplicitDeny]);
    }

    #[test]
    fn bounds_grant_nothing_and_take_away() {
        let bounded = |identity: &[_], bounds: &[&[_]]| Grants::Policies {
            identity: layer(identity),
            bounds: bounds.iter().map(|bound| layer(bound)).collect(),
        };
        for (identity, bounds, resource, expect) in [
            (&[ALLOW][..], &[&[ALLOW][..]][..], None, Allow),
            (&[ALLOW], &[&[ALLOW], &[ALLOW, ELSEWHERE]], None, Allow),
            (&[ALLOW], &[&[ALLOW], &[ELSEWHERE]], None, ImplicitDeny),
            (&[ALLOW], &[&[]], None, ImplicitDeny),
            (&[], &[&[ALLOW]], None, ImplicitDeny),
            (&[ALLOW], &[&[ALLOW, DENY]], None, ExplicitDeny),
            (&[], &[&[ALLOW]], Some(Allow), Allow),
            (&[], &[&[ELSEWHERE]], Some(Allow), ImplicitDeny),
        ] {
            let found = decide(&bounded(identity, bounds), resource, Owner::Same);
            assert_eq!(found, expect, "{identity:?} within {bounds:?}, {resource:?}");
        }
    }
}
