//! `AWS::CloudFormation::Stack`: a stack in a stack.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html>

use super::{ANY, MadeBy, Row};

/// A nested stack.
pub(super) static ROW: Row = Row {
    type_name: "AWS::CloudFormation::Stack",
    properties: &["TemplateURL", "Parameters", "NotificationARNs", "Tags", "TimeoutInMinutes"],
    made_by: MadeBy::Stacks,
    guess: |id| {
        let arn = format!("arn:aws:cloudformation:us-east-1:123456789012:stack/{id}/00000000");
        (arn, vec![(ANY, id.to_owned())])
    },
    ..Row::PLAIN
};
