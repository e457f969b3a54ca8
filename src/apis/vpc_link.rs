//! VPC links: names for networks through which integrations reach their backends.

use std::collections::BTreeMap;

use super::ids::VpcLinkId;
use crate::apis::error::BadRequest;
use crate::id::Arn;

/// See [VpcLink](https://docs.aws.amazon.com/apigateway/latest/api/API_VpcLink.html). Its target is the upstream with
/// the same name in the server's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcLink {
    /// Id.
    pub id: VpcLinkId,
    /// Name; not empty.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// The load balancer's ARN, which is stored but not used; at most one.
    pub target_arns: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl VpcLink {
    /// Checks the client's choices, in the recorded order.
    pub(super) fn check(&self) -> Result<(), BadRequest> {
        if self.name.is_empty() {
            return Err(BadRequest::EmptyName);
        }
        if let Some(bad) = self.target_arns.iter().find(|arn| Arn::parse(arn).is_err()) {
            return Err(BadRequest::MalformedArn(bad.clone()));
        }
        // AWS's message for an empty list is not recorded; a link without a target is useless there.
        match self.target_arns.as_slice() {
            [_] => Ok(()),
            [] => Err(BadRequest::NoVpcLinkTarget),
            [_, ..] => Err(BadRequest::VpcLinkTargets),
        }
    }
}

/// The names of an account's links.
pub type VpcLinkNames = BTreeMap<VpcLinkId, String>;
