//! Addresses of integrations: stage variables filled in at once, path parameters with each request.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::gateway::backends::AwsOperation;

/// An HTTP backend's address, with `{name}`s to be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UriTemplate(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Parameter(String),
}

/// What may not stand in a path as it is. Path parameters arrive encoded, so `%` stays.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'?').add(b'#');

impl UriTemplate {
    pub(super) fn compile(uri: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = uri;
        while let Some((before, from)) = rest.split_once('{') {
            let Some((name, after)) = from.split_once('}') else { break };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Parameter(name.trim_end_matches('+').to_owned()));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self(pieces)
    }

    /// The address with the integration's path parameters; names without a value stay as they are written.
    pub(crate) fn fill<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Parameter(name) => match value(name) {
                    Some(value) => out.extend(utf8_percent_encode(value, PATH)),
                    None => {
                        out.push('{');
                        out.push_str(name);
                        out.push('}');
                    }
                },
            }
        }
        out
    }
}

/// Replaces every `${stageVariables.NAME}`; a variable the stage lacks is empty.
pub(crate) fn with_stage_variables(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${stageVariables.") {
        let Some((name, after)) = from.split_once('}') else { break };
        out.push_str(before);
        out.push_str(variables.get(name).map_or("", String::as_str));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What of a service an AWS integration's ARN names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetOperation {
    /// An operation by name.
    Action(String),
    /// A path, with `{name}`s to be filled.
    Path(UriTemplate),
}

/// The target of an AWS integration's ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsTarget {
    pub(crate) service: String,
    pub(crate) region: String,
    pub(crate) operation: TargetOperation,
    /// Parameters that follow the action or path in the ARN.
    pub(crate) query: Vec<(String, String)>,
}

impl AwsTarget {
    /// Reads `arn:aws:apigateway:{region}:{service}:action/{Action}[&p=v]` or `…:path/{path}[?p=v]`.
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
            (TargetOperation::Path(UriTemplate::compile(&path)), query)
        };
        // `{subdomain}.{service}` names a host; the service is the last label.
        let service = service.rsplit('.').next().unwrap_or(service).to_owned();
        let query = crate::gateway::query::Query::parse(query).pairs().to_vec();
        Some(Self { service, region: region.to_owned(), operation, query })
    }

    /// The operation with the integration's path parameters.
    pub(crate) fn fill<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> AwsOperation {
        match &self.operation {
            TargetOperation::Action(action) => AwsOperation::Action(action.clone()),
            TargetOperation::Path(path) => AwsOperation::Path(path.fill(value)),
        }
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
                write!(f, "https://{service}.{region}.amazonaws.com{}", path.fill(|_| None))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_filled_and_unknown_ones_stay() {
        let uri = UriTemplate::compile("http://h/{a}/x/{proxy+}?q={b}");
        let value = |name: &str| match name {
            "a" => Some("1%202 3"),
            "proxy" => Some("p/q"),
            _ => None,
        };
        assert_eq!(uri.fill(value), "http://h/1%202%203/x/p/q?q={b}");
        assert_eq!(UriTemplate::compile("http://h/{open").fill(|_| Some("x")), "http://h/{open");
    }

    #[test]
    fn stage_variables_are_replaced_and_missing_ones_empty() {
        let variables = BTreeMap::from([("host".to_owned(), "h.example".to_owned())]);
        for (text, expect) in [
            ("https://${stageVariables.host}/x", "https://h.example/x"),
            ("https://h/root/${stageVariables.path}", "https://h/root/"),
            ("${stageVariables.open", "${stageVariables.open"),
            ("plain", "plain"),
        ] {
            assert_eq!(with_stage_variables(text, &variables), expect);
        }
    }

    #[test]
    fn aws_targets() {
        let target = AwsTarget::parse("arn:aws:apigateway:us-east-1:states:action/StartExecution").unwrap();
        assert_eq!((&*target.service, &*target.region), ("states", "us-east-1"));
        let nothing = |target: &AwsTarget| target.fill(|_| None);
        assert_eq!(nothing(&target), AwsOperation::Action("StartExecution".to_owned()));
        let target =
            AwsTarget::parse("arn:aws:apigateway:eu-west-1:sub.sqs:path/123/q?Action=x&b=1").unwrap();
        assert_eq!(nothing(&target), AwsOperation::Path("/123/q".to_owned()));
        assert_eq!((&*target.service, target.query.len()), ("sqs", 2));
        let target = AwsTarget::parse("arn:aws:apigateway:r:sns:action/Publish&TopicArn=t").unwrap();
        assert_eq!(target.query, [("TopicArn".to_owned(), "t".to_owned())]);
        let target = AwsTarget::parse("arn:aws:apigateway:r:s3:path/{bucket}/k").unwrap();
        assert_eq!(target.fill(|_| Some("b")), AwsOperation::Path("/b/k".to_owned()));
        for bad in ["", "arn:aws:s3:::b", "arn:aws:apigateway:r:states", "arn:aws:apigateway:r:states:x/y"] {
            assert_eq!(AwsTarget::parse(bad), None, "{bad}");
        }
    }
}
