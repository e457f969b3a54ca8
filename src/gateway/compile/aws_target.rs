//! The targets of `AWS` and `AWS_PROXY` integrations, parsed from their ARNs.

use std::fmt;

use super::uri::{AddressError, PlacedValue, TargetTemplate};
use crate::gateway::backends::AwsOperation;
use crate::identity::Query;

/// The operation in an AWS integration's ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetOperation {
    /// An operation by name.
    Action(String),
    /// A path with `{name}`s to be filled in.
    Path(TargetTemplate),
}

/// The target of an AWS integration's ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsTarget {
    pub(crate) service: String,
    pub(crate) region: String,
    pub(crate) operation: TargetOperation,
    /// Parameters after the action or path in the ARN.
    pub(crate) query: Vec<(String, String)>,
}

impl AwsTarget {
    /// Parses `arn:aws:apigateway:{region}:{service}:action/{Action}[&p=v]` or `…:path/{path}[?p=v]`.
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (head, _partition, gateway) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, service, target) = (parts.next()?, parts.next()?, parts.next()?);
        if head != "arn" || gateway != "apigateway" || service.is_empty() {
            return None;
        }
        let (operation, query) = if let Some(action) = target.strip_prefix("action/") {
            let (action, query) = action.split_once(['&', '?']).unwrap_or((action, ""));
            (TargetOperation::Action(action.to_owned()), query)
        } else {
            let path = target.strip_prefix("path/")?;
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let path = format!("/{}", path.trim_start_matches('/'));
            (TargetOperation::Path(TargetTemplate::compile(&path)), query)
        };
        // `{subdomain}.{service}` is a host name; the service is its last label.
        let service = service.rsplit('.').next().unwrap_or(service).to_owned();
        let query = Query::parse(query).pairs().to_vec();
        Some(Self { service, region: region.to_owned(), operation, query })
    }

    /// Whether this is the invocation of a function whose response is streamed.
    pub(crate) fn streams(&self) -> bool {
        matches!(self.unfilled(), AwsOperation::Path(path) if path.ends_with("/response-streaming-invocations"))
    }

    /// The operation without values for its variables.
    pub(crate) fn unfilled(&self) -> AwsOperation {
        match &self.operation {
            TargetOperation::Action(action) => AwsOperation::Action(action.clone()),
            // Without values, it can't fail.
            TargetOperation::Path(path) => AwsOperation::Path(path.fill(|_| None).unwrap_or_default()),
        }
    }

    /// The operation with the integration's path parameters.
    pub(crate) fn fill<'a>(
        &self,
        value: impl Fn(&str) -> Option<PlacedValue<'a>>,
    ) -> Result<AwsOperation, AddressError> {
        Ok(match &self.operation {
            TargetOperation::Action(action) => AwsOperation::Action(action.clone()),
            TargetOperation::Path(path) => AwsOperation::Path(path.fill(value)?),
        })
    }
}

impl fmt::Display for AwsTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, region, operation, query: _ } = self;
        match operation {
            TargetOperation::Action(action) => {
                write!(f, "https://{service}.{region}.amazonaws.com/?Action={action}")
            }
            TargetOperation::Path(path) => {
                // Without values, it can't fail.
                let path = path.fill(|_| None).unwrap_or_default();
                write!(f, "https://{service}.{region}.amazonaws.com{path}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::uri::Writing;
    use super::*;

    #[test]
    fn aws_targets() {
        let target = AwsTarget::parse("arn:aws:apigateway:us-east-1:states:action/StartExecution").unwrap();
        assert_eq!((&*target.service, &*target.region), ("states", "us-east-1"));
        let nothing = |target: &AwsTarget| target.fill(|_| None).unwrap();
        assert_eq!(nothing(&target), AwsOperation::Action("StartExecution".to_owned()));
        let target =
            AwsTarget::parse("arn:aws:apigateway:eu-west-1:sub.sqs:path/123/q?Action=x&b=1").unwrap();
        assert_eq!(nothing(&target), AwsOperation::Path("/123/q".to_owned()));
        assert_eq!((&*target.service, target.query.len()), ("sqs", 2));
        let target = AwsTarget::parse("arn:aws:apigateway:r:sns:action/Publish&TopicArn=t").unwrap();
        assert_eq!(target.query, [("TopicArn".to_owned(), "t".to_owned())]);
        let target = AwsTarget::parse("arn:aws:apigateway:r:s3:path/{bucket}/k").unwrap();
        let filled = |text: &'static str| {
            target.fill(|_| Some(PlacedValue { text, writing: Writing::Plain, is_greedy: false }))
        };
        assert_eq!(filled("b/c"), Ok(AwsOperation::Path("/b%2Fc/k".to_owned())));
        assert_eq!(filled(".."), Err(AddressError::DotSegment("bucket".to_owned())));
        for bad in ["", "arn:aws:s3:::b", "arn:aws:apigateway:r:states", "arn:aws:apigateway:r:states:x/y"] {
            assert_eq!(AwsTarget::parse(bad), None, "{bad}");
        }
    }
}
